//! The second part: the charter in force. Its version, who must agree to the next, who witnesses, the epoch; and every member with its
//! role, whether it is held back, and since when its keys stand.

use std::collections::BTreeSet;

use anju_core::desk::{FederationView, MemberView};
use anju_core::names::CentreCode;
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::history::{History, Since};
use super::told::{codes, when};
use crate::canvas::{Canvas, split_top};
use crate::cmd::Cmd;
use crate::screen::{Cx, Moment, Reaction, Sheet};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::list::{Column, List, Row};
use crate::words::Words;

/// Together as wide as the smallest terminal.
const COLUMNS: &[Column] = &[
    Column { word: "federation.column-centre", min: 6, grow: 0 },
    Column { word: "federation.column-name", min: 8, grow: 2 },
    Column { word: "federation.column-role", min: 18, grow: 0 },
    Column { word: "federation.column-term", min: 4, grow: 0 },
    Column { word: "federation.column-keys", min: 16, grow: 0 },
    Column { word: "federation.column-key", min: 16, grow: 0 },
];

struct Member {
    view: MemberView,
    forked: bool,
    since: Since,
}

impl Member {
    /// What it is, the worst first.
    fn role(&self, words: Words) -> (Tone, Shown) {
        let role = words.code("federation-role", &self.view.role);
        let role = if self.view.witness { role.and(&words.say("federation.and-witness")) } else { role };
        if self.forked {
            return (Tone::Bad, Shown::join(&[words.say("status.forked"), role], " "));
        }
        (if self.view.role == "member" { Tone::Plain } else { Tone::Warn }, role)
    }

    /// Since when its keys stand, as far as anything tells; of the first term the journal itself does.
    fn keys(&self, words: Words, now: Time) -> Shown {
        let age = |at: Time| words.age(Some(now.since(at))).to_string();
        match (self.since, self.view.begun) {
            _ if self.view.role == "former" => Shown::new("-"),
            (Since::Version(version, at), _) => {
                words.fill("federation.of-version", &[("version", &version.to_string()), ("age", &age(at))])
            }
            (Since::Founding, Some(at)) if self.view.term == 1 => {
                words.fill("federation.of-version", &[("version", "1"), ("age", &age(at))])
            }
            (Since::Founding, _) => words.say("federation.of-founding"),
            (Since::Unknown, _) => Shown::new("-"),
        }
    }
}

impl Row for Member {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        vec![
            (Tone::Plain, Shown::of(&self.view.centre)),
            (Tone::Plain, Shown::new(&self.view.name)),
            self.role(words),
            (Tone::Plain, Shown::of(self.view.term)),
            (Tone::Plain, self.keys(words, now)),
            (Tone::Plain, Shown::new(&self.view.key)),
        ]
    }

    fn key(&self) -> String {
        // A centre that left and came back is in the table twice.
        format!("{} {}", self.view.centre, self.view.role)
    }
}

pub(super) struct Charter {
    facts: Detail,
    list: List<Member>,
    shown: Option<Detail>,
}

impl Default for Charter {
    fn default() -> Self {
        Self { facts: Detail::default(), list: List::new(COLUMNS), shown: None }
    }
}

impl Charter {
    pub(super) fn came(&mut self, cx: &Cx<'_>, view: &FederationView, history: &History) {
        self.facts.set(facts(cx, view, history));
        let forked: BTreeSet<&CentreCode> = view.forks.iter().map(|fork| &fork.centre).collect();
        let rows = view.members.iter().map(|member| {
            let in_force = member.role != "former";
            Member { forked: in_force && forked.contains(&member.centre), since: history.keys_of(&member.centre), view: member.clone() }
        });
        self.list.set(rows.collect());
        if self.shown.is_some() {
            self.show(cx);
        }
    }

    fn show(&mut self, cx: &Cx<'_>) {
        let Some(member) = self.list.selected() else { return };
        let lines = lines(cx, member);
        match &mut self.shown {
            Some(detail) => detail.set(lines),
            None => self.shown = Some(Detail::new(lines)),
        }
    }

    /// The facts, and the members below them.
    fn areas(&self, area: Rect) -> (Rect, Rect) {
        split_top(area, (self.facts.height(area.width) + 1).min(area.height * 2 / 3))
    }

    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd, area: Rect) -> Reaction {
        if let Some(detail) = &mut self.shown {
            if *cmd == Cmd::Back {
                self.shown = None;
                return Reaction::done();
            }
            return Reaction::of(detail.on(cmd, area));
        }
        if self.list.on(cmd, self.areas(area).1) {
            return Reaction::done();
        }
        if *cmd == Cmd::Open {
            self.show(cx);
            return Reaction::done();
        }
        Reaction::Pass
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        if let Some(detail) = &self.shown {
            return detail.draw(area, canvas);
        }
        let (upper, lower) = self.areas(area);
        self.facts.draw(upper, canvas);
        self.list.draw(cx.words, cx.now, lower, canvas);
    }

    pub(super) fn offers(&self) -> Vec<&'static str> {
        if self.shown.is_some() { vec!["back", "reload"] } else { vec!["open", "next", "filter", "reload", "export"] }
    }

    pub(super) fn crumb(&self) -> Option<Shown> {
        self.shown.as_ref().and(self.list.selected()).map(|member| Shown::of(&member.view.centre))
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    pub(super) fn tick(&mut self, cx: &Cx<'_>) {
        self.list.tick(cx.words, cx.now);
    }

    pub(super) fn typing(&self) -> bool {
        self.list.typing()
    }

    pub(super) fn copy(&self) -> Option<Shown> {
        self.list.selected().map(|member| Shown::new(&member.view.key))
    }

    pub(super) fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}

/// Since when, in words: by which version, and when that was adopted here.
fn since(cx: &Cx<'_>, since: Since) -> Shown {
    match since {
        Since::Version(version, at) => {
            let at = when(cx.words, at, cx.now);
            cx.words.fill("federation.since-version", &[("version", &version.to_string()), ("at", at.as_str())])
        }
        Since::Founding => cx.words.say("federation.since-founding"),
        Since::Unknown => Shown::new("-"),
    }
}

/// What holds for everybody.
fn facts(cx: &Cx<'_>, view: &FederationView, history: &History) -> Vec<Line> {
    let words = cx.words;
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let number = |n: u64| n.to_string();
    let version = match history.adopted(view.version) {
        Since::Version(_, at) => when(words, at, cx.now),
        Since::Founding | Since::Unknown if view.version == 1 => words.say("federation.of-founding"),
        Since::Founding | Since::Unknown => Shown::new("-"),
    };
    let witnesses: Vec<&CentreCode> = view.members.iter().filter(|member| member.witness).map(|member| &member.centre).collect();
    let vote = [("voters", number(view.voters)), ("quorum", number(view.quorum))];
    let vote = words.fill("federation.vote-value", &vote.each_ref().map(|(name, value)| (*name, value.as_str())));
    let vote = if view.quorum_chosen { vote.and(&words.say("federation.quorum-chosen")) } else { vote };
    let witnessed = [("of", witnesses.len().to_string()), ("settled", number(view.settled)), ("centres", codes(witnesses))];
    let witnessed = words.fill("federation.witness-value", &witnessed.each_ref().map(|(name, value)| (*name, value.as_str())));
    let epoch = since(cx, history.epoch());
    let epoch = [("epoch", number(view.epoch)), ("pepper", number(view.pepper)), ("since", epoch.to_string())];
    let epoch = words.fill("federation.epoch-value", &epoch.each_ref().map(|(name, value)| (*name, value.as_str())));
    let named = words.fill("federation.version-no", &[("version", &number(view.version))]);
    let mut lines = vec![
        field("federation.in-force", Shown::join(&[Shown::new(&view.federation), named, version], "  ")),
        field("federation.digest", Shown::of(view.digest)),
        field("federation.vote", vote),
        field("federation.witnesses", witnessed),
        field("federation.epoch", epoch),
    ];
    if !view.epoch_held {
        lines.push(Line::Text(Tone::Warn, words.say("federation.epoch-missing")));
    }
    if let Some(version) = view.frozen {
        lines.push(Line::Text(Tone::Bad, words.fill("federation.frozen", &[("version", &number(version))])));
    }
    lines
}

/// Everything of one member.
fn lines(cx: &Cx<'_>, member: &Member) -> Vec<Line> {
    let (words, view) = (cx.words, &member.view);
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let (tone, role) = member.role(words);
    let mut lines = vec![
        Line::Group(Shown::new(&format!("{}  {}", view.centre, view.name))),
        Line::Field { label: words.say("federation.column-role"), value: role, tone },
        field("federation.column-term", Shown::of(view.term)),
        field("federation.column-key", Shown::new(&view.key)),
    ];
    if view.role != "former" {
        lines.push(field("federation.column-keys", since(cx, member.since)));
        lines.push(field("federation.begun", view.begun.map_or_else(|| Shown::new("-"), |at| when(words, at, cx.now))));
    }
    for ended in &view.ended {
        let values = [("term", ended.term.to_string()), ("rows", ended.rows.to_string())];
        let text = words.fill("federation.term-ended", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        lines.push(Line::Text(Tone::Plain, text));
    }
    for station in &view.stations {
        let word = if station.connected { "federation.station-up" } else { "federation.station-down" };
        let tone = if station.connected { Tone::Good } else { Tone::Dim };
        let duty = words.say(if station.writer { "federation.station-writes" } else { "federation.station-reads" });
        lines.extend([Line::Blank, Line::Text(Tone::Plain, Shown::of(station.station))]);
        lines.push(Line::Field { label: words.say("federation.station"), value: Shown::join(&[duty, words.say(word)], "  "), tone });
        lines.extend(station.addresses.iter().map(|address| field("federation.address", Shown::new(address))));
    }
    lines
}
