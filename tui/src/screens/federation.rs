//! 联邦: the centres, how far and how fresh their journals are here, and what was seen of them. Enter shows one.

use anju_core::desk::{Event as DeskEvent, JournalStatus, Request, Status};
use anju_core::time::Time;
use ratatui::layout::Rect;

use crate::canvas::{Canvas, inside};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

const STATUS: Tag = "status";
/// The status is asked for anew while one looks at it.
pub(super) const REFRESH_MS: u64 = 10_000;

const COLUMNS: &[Column] = &[
    Column { word: "federation.column-centre", min: 7, grow: 0 },
    Column { word: "federation.column-name", min: 16, grow: 2 },
    Column { word: "federation.column-state", min: 10, grow: 1 },
    Column { word: "federation.column-heard", min: 10, grow: 0 },
    Column { word: "federation.column-rows", min: 15, grow: 1 },
    Column { word: "federation.column-link", min: 8, grow: 0 },
];

#[derive(Clone)]
struct Centre {
    journal: JournalStatus,
    own: bool,
    /// Stations that are connected, of all.
    stations: (usize, usize),
}

/// What a journal's copy is good for, in a word and its tone.
fn state(words: Words, journal: &JournalStatus) -> (Tone, Shown) {
    if journal.forked {
        (Tone::Bad, words.say("status.forked"))
    } else if journal.stale {
        (Tone::Warn, words.say("status.stale"))
    } else if journal.size < journal.announced || journal.applied < journal.size {
        (Tone::Warn, words.say("status.behind"))
    } else {
        (Tone::Good, words.say("status.fresh"))
    }
}

impl Row for Centre {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let journal = &self.journal;
        let link = match (self.own, self.stations) {
            (true, _) => (Tone::Dim, words.say("federation.here")),
            (false, (0, _)) => (Tone::Warn, words.say("federation.not-connected")),
            (false, (up, all)) => (Tone::Good, words.fill("federation.connected", &[("up", &up.to_string()), ("all", &all.to_string())])),
        };
        vec![
            (Tone::Plain, Shown::of(&journal.centre)),
            (Tone::Plain, Shown::new(&journal.name)),
            state(words, journal),
            (Tone::Plain, words.age(journal.age_ms)),
            (Tone::Plain, Shown::new(&format!("{}/{}", journal.size, journal.announced))),
            link,
        ]
    }

    fn key(&self) -> String {
        self.journal.centre.to_string()
    }
}

/// See the module.
pub struct Federation {
    load: Load<Box<Status>>,
    list: List<Centre>,
    shown: Option<Detail>,
    next: Option<Moment>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Federation { load: Load::default(), list: List::new(COLUMNS), shown: None, next: None })
}

impl Federation {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.load.ask(cx.at);
        self.next = Some(cx.at + REFRESH_MS);
        vec![Action::ask(STATUS, Request::Status)]
    }

    fn came(&mut self, words: Words, status: Box<Status>) {
        let centre = |journal: &JournalStatus| {
            let stations: Vec<bool> = status.stations.iter().filter(|s| s.centre == journal.centre).map(|s| s.connected).collect();
            let up = stations.iter().filter(|connected| **connected).count();
            Centre { own: journal.centre == status.centre, journal: journal.clone(), stations: (up, stations.len()) }
        };
        self.list.set(status.journals.iter().map(centre).collect());
        self.load.came(status);
        if self.shown.is_some() {
            self.show(words);
        }
    }

    /// The selected centre with everything that is known of it.
    fn show(&mut self, words: Words) {
        let (Some(centre), Some(status)) = (self.list.selected(), self.load.get()) else { return };
        let journal = &centre.journal;
        let (tone, state) = state(words, journal);
        let field = |key: &str, value: Shown| Line::field(words.say(key), value);
        let dash = || Shown::new("-");
        let mut lines = vec![
            Line::Group(Shown::new(&format!("{}  {}", journal.centre, journal.name))),
            Line::Field { label: words.say("federation.state"), value: state, tone },
            field("federation.size", Shown::of(journal.size)),
            field("federation.announced", Shown::of(journal.announced)),
            field("federation.applied", Shown::of(journal.applied)),
            field("federation.heartbeat", journal.heartbeat.map_or_else(dash, |at| Shown::new(&at.legal_text()))),
            field("federation.age", words.age(journal.age_ms)),
            field("federation.root", journal.root.map_or_else(dash, Shown::of)),
            Line::Blank,
            Line::Group(words.say("federation.stations")),
        ];
        for station in status.stations.iter().filter(|station| station.centre == journal.centre) {
            let word = if station.connected { "federation.station-up" } else { "federation.station-down" };
            let tone = if station.connected { Tone::Good } else { Tone::Warn };
            lines.push(Line::Text(tone, words.say(word).and(&Shown::new(&format!("  {}", station.station)))));
            for fault in status.faults.iter().filter(|fault| fault.station == station.station) {
                let what = words.code("fault", &format!("{}.what", fault.code));
                let values = [("count", fault.count.to_string()), ("what", what.to_string())];
                lines.push(Line::Text(
                    Tone::Bad,
                    words.fill("federation.fault", &values.each_ref().map(|(name, value)| (*name, value.as_str()))),
                ));
            }
        }
        match &mut self.shown {
            Some(detail) => detail.set(lines),
            None => self.shown = Some(Detail::new(lines)),
        }
    }

    const fn area(body: Rect) -> Rect {
        inside(body, 1, 0)
    }
}

impl Screen for Federation {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let area = Self::area(cx.body);
        if *cmd == Cmd::Reload {
            return Reaction::Do(self.ask(cx));
        }
        if let Some(detail) = &mut self.shown {
            if *cmd == Cmd::Back {
                self.shown = None;
                return Reaction::done();
            }
            return Reaction::of(detail.on(cmd, area));
        }
        if self.list.on(cmd, area) {
            return Reaction::done();
        }
        if *cmd == Cmd::Open {
            self.show(cx.words);
            return Reaction::done();
        }
        Reaction::Pass
    }

    fn told(&mut self, cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Status(status) => self.came(cx.words, status),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let Some((_, area)) = self.load.draw(cx, Self::area(cx.body), canvas) else { return };
        match &self.shown {
            Some(detail) => detail.draw(area, canvas),
            None if self.list.rows().is_empty() => empty(cx, "federation.empty", "federation.empty-next", area, canvas),
            None => self.list.draw(cx.words, cx.now, area, canvas),
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        if self.shown.is_some() {
            return vec!["back", "reload", "copy", "palette"];
        }
        vec!["open", "filter", "reload", "export", "palette"]
    }

    fn crumbs(&self, _words: Words) -> Vec<Shown> {
        self.shown.as_ref().and(self.list.selected()).map(|centre| Shown::of(&centre.journal.centre)).into_iter().collect()
    }

    fn deadline(&self) -> Option<Moment> {
        self.list.deadline().or(self.next)
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        if self.next.is_some_and(|next| next <= cx.at) { self.ask(cx) } else { Vec::new() }
    }

    fn typing(&self) -> bool {
        self.list.typing()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        self.list.selected().and_then(|centre| centre.journal.root).map(Shown::of)
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }
}
