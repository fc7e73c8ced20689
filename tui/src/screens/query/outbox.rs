//! Questions that were left with the peer because their issuer was dark, and what became of them.

use anju_core::desk::{Act, Event as DeskEvent, LeftLine, LeftView, MAX_OUTBOX_PAGE, OutboxAct};
use anju_core::error::RefusalCode;
use anju_core::names::RequestId;
use anju_core::time::Time;
use ratatui::layout::Rect;

use super::issuer::said_lines;
use super::{Query, Step};
use crate::canvas::Canvas;
use crate::cmd::Cmd;
use crate::dialog::Danger;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Reaction, Tag, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

pub(super) const OUTBOX: Tag = "outbox";
pub(super) const SHOWN: Tag = "left";
pub(super) const DROP: Tag = "drop";
pub(super) const LEAVE: Tag = "leave";

/// The refusal after which a question can be left with the peer.
pub(super) const DARK: &str = RefusalCode::IssuerDark.as_str();

/// Most questions that are held: as many as a peer keeps.
const QUESTIONS_MAX: usize = 5_000;

const COLUMNS: &[Column] = &[
    Column { word: "query.column-left", min: 10, grow: 0 },
    Column { word: "query.certificate", min: 27, grow: 0 },
    Column { word: "query.column-mode", min: 8, grow: 1 },
    Column { word: "query.column-state", min: 24, grow: 2 },
    Column { word: "query.business", min: 0, grow: 1 },
];

struct Entry(LeftLine);

/// What became of it.
fn state(words: Words, line: &LeftLine) -> (Tone, Shown) {
    let (tone, key) = match (&line.over, &line.refused) {
        (None, _) => (Tone::Warn, "outbox.waiting"),
        (Some(_), None) => (Tone::Good, "outbox.answered"),
        (Some(_), Some(_)) => (Tone::Bad, "outbox.refused"),
    };
    let at = Shown::of(line.over.unwrap_or(line.until).legal_day());
    (tone, words.fill(key, &[("at", at.as_str()), ("code", line.refused.as_deref().unwrap_or_default())]))
}

impl Row for Entry {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let line = &self.0;
        vec![
            (Tone::Plain, Shown::of(line.left.legal_day())),
            (Tone::Plain, Shown::of(&line.number)),
            (Tone::Plain, words.code("matter-mode", line.mode.code())),
            state(words, line),
            (Tone::Plain, Shown::new(&line.business_no)),
        ]
    }

    fn key(&self) -> String {
        self.0.request.to_string()
    }
}

/// See the module.
pub(super) struct Outbox {
    load: Load<()>,
    coming: Vec<LeftLine>,
    list: List<Entry>,
    /// One of them, with what was answered.
    shown: Option<Detail>,
    dropping: Option<RequestId>,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { load: Load::default(), coming: Vec::new(), list: List::new(COLUMNS), shown: None, dropping: None }
    }

    /// Asks for them from the newest on.
    pub(super) fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.coming.clear();
        self.shown = None;
        self.load.ask(cx.at);
        vec![Self::page(None)]
    }

    fn page(after: Option<(Time, RequestId)>) -> Action {
        Action::act(OUTBOX, Act::Outbox(Box::new(OutboxAct::List { after, limit: MAX_OUTBOX_PAGE })))
    }

    /// A command; nothing when it was not for this page, which Esc then leaves.
    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd, area: Rect) -> Option<Vec<Action>> {
        let moved = match &mut self.shown {
            Some(detail) => detail.on(cmd, area),
            None => self.list.on(cmd, area),
        };
        if moved {
            return Some(Vec::new());
        }
        match (cmd, self.shown.is_some()) {
            (Cmd::Back, true) => self.shown = None,
            (Cmd::Open, false) => {
                let request = self.list.selected()?.0.request;
                return Some(vec![Action::act(SHOWN, Act::Outbox(Box::new(OutboxAct::Show { request })))]);
            }
            (Cmd::Reload, false) => return Some(self.ask(cx)),
            (Cmd::Own("query.drop"), false) => {
                let line = &self.list.selected()?.0;
                self.dropping = Some(line.request);
                return Some(vec![Action::Confirm(DROP, Box::new(drop_question(cx.words, line)))]);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// What came of an ask of this page.
    pub(super) fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (OUTBOX, Told::Answer(event)) => match *event {
                DeskEvent::Outbox { items, more } => return self.came(items, more),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            (OUTBOX, Told::Trouble(trouble)) => self.load.failed(trouble),
            (SHOWN, Told::Answer(event)) => {
                if let DeskEvent::Left(view) = *event {
                    self.shown = Some(Detail::new(lines(cx.words, &view)));
                }
            }
            (DROP, Told::Confirmed) => {
                let request = self.dropping.take();
                return request.map(|request| Action::act(DROP, Act::Outbox(Box::new(OutboxAct::Drop { request })))).into_iter().collect();
            }
            (DROP, Told::Answer(_)) => {
                let mut actions = self.ask(cx);
                actions.push(Action::Toast(Tone::Good, cx.words.say("query.dropped")));
                return actions;
            }
            (SHOWN | DROP, Told::Trouble(trouble)) => return vec![Action::Trouble(trouble)],
            (DROP, _) => self.dropping = None,
            _ => {}
        }
        Vec::new()
    }

    fn came(&mut self, items: Vec<LeftLine>, more: bool) -> Vec<Action> {
        let before = self.coming.last().map(|line| (line.left, line.request));
        self.coming.extend(items);
        let last = self.coming.last().map(|line| (line.left, line.request));
        // A page that leads nowhere further would never end.
        if more && last != before && self.coming.len() < QUESTIONS_MAX {
            return vec![Self::page(last)];
        }
        self.list.set(std::mem::take(&mut self.coming).into_iter().map(Entry).collect());
        self.load.came(());
        Vec::new()
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        if let Some(detail) = &self.shown {
            return detail.draw(area, canvas);
        }
        let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
        if self.list.rows().is_empty() {
            return empty(cx, "query.outbox-empty", "query.outbox-empty-next", area, canvas);
        }
        self.list.draw(cx.words, cx.now, area, canvas);
    }

    pub(super) fn offers(&self) -> Vec<&'static str> {
        match self.shown {
            Some(_) => vec!["page-down", "back"],
            None => vec!["open", "query.drop", "filter", "reload", "back"],
        }
    }

    pub(super) fn typing(&self) -> bool {
        self.shown.is_none() && self.list.typing()
    }

    pub(super) fn deadline(&self) -> Option<crate::screen::Moment> {
        self.list.deadline()
    }

    pub(super) fn tick(&mut self, cx: &Cx<'_>) {
        self.list.tick(cx.words, cx.now);
    }

    /// What was shown goes.
    pub(super) fn hide(&mut self) {
        self.shown = None;
    }
}

fn drop_question(words: Words, line: &LeftLine) -> Danger {
    Danger {
        title: words.say("query.cmd-drop"),
        object: Shown::join([&Shown::of(&line.number), &Shown::new(&line.business_no)], "  "),
        effect: vec![words.say("query.drop-effect")],
        yes: words.say("query.cmd-drop"),
        typed: None,
    }
}

/// One question, and what the issuer attested. What was stated does not come back.
fn lines(words: Words, view: &LeftView) -> Vec<Line> {
    let line = &view.line;
    let field = |key: &str, value: Shown| Line::field(words.find(key).unwrap_or_default(), value);
    let (tone, state) = state(words, line);
    let mut lines = vec![
        Line::Group(words.say("query.cmd-outbox")),
        Line::Field { label: words.say("query.column-state"), value: state, tone },
        field("query.column-left", Shown::new(&line.left.legal_text())),
        field("query.left-by", Shown::of(&line.by)),
        field("query.business", Shown::new(&line.business_no)),
        field("query.request", Shown::of(line.request)),
        Line::Blank,
    ];
    match &view.attested {
        Some(answer) => lines.extend(said_lines(words, answer, None, None)),
        None => {
            lines.push(field("query.issuer", Shown::of(&line.issuer)));
            lines.push(field("query.certificate", Shown::of(&line.number)));
            lines.push(field("query.matter", Shown::new(&line.matter)));
        }
    }
    if let Some(code) = &line.refused {
        lines.push(Line::Blank);
        lines.push(Line::Text(Tone::Bad, words.code("refusal", &format!("{code}.what"))));
    }
    lines
}

impl Query {
    /// Opens the page of questions that were left.
    pub(super) fn open_outbox(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.step != Step::Outbox {
            (self.under, self.step) = (self.step, Step::Outbox);
        }
        self.outbox.ask(cx)
    }

    pub(super) fn on_outbox(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match self.outbox.on(cx, cmd, super::draw::whole(cx.body)) {
            Some(actions) => return Reaction::Do(actions),
            None if *cmd == Cmd::Back => self.step = self.under,
            None => return Reaction::Pass,
        }
        Reaction::done()
    }

    /// Whether the question on the screen found its issuer dark, so that it can be left.
    pub(super) fn may_leave(&self) -> bool {
        let dark = self.trouble.as_ref().is_some_and(|trouble| trouble.code == DARK);
        self.step == Step::Ask && dark && !self.leaving && self.asked.as_ref().is_some_and(|asked| asked.wanted.is_some())
    }

    pub(super) fn ask_to_leave(&self, words: Words) -> Reaction {
        let Some(held) = self.held.as_ref().filter(|_| self.may_leave()) else {
            return Reaction::one(Action::Toast(Tone::Dim, words.say("frame.not-here")));
        };
        let danger = Danger {
            title: words.say("query.cmd-leave"),
            object: Shown::of(held.number()),
            effect: vec![words.say("query.leave-effect")],
            yes: words.say("query.cmd-leave"),
            typed: None,
        };
        Reaction::one(Action::Confirm(LEAVE, Box::new(danger)))
    }

    /// It is meant: under the same id, for the issuer may have heard it.
    fn leave(&mut self) -> Vec<Action> {
        let Some(asked) = self.asked.as_ref().filter(|_| self.may_leave()) else { return Vec::new() };
        let Some(wanted) = asked.wanted.clone() else { return Vec::new() };
        let matter = (!asked.matter.is_empty()).then(|| asked.matter.clone());
        let (grant, business_no) = (asked.grant.clone(), asked.business_no.clone());
        let act = OutboxAct::Leave { grant, business_no, matter, wanted, request: asked.request };
        self.leaving = true;
        vec![Action::act(LEAVE, Act::Outbox(Box::new(act)))]
    }

    /// It is left, or not.
    pub(super) fn left(&mut self, cx: &Cx<'_>, told: Told) -> Vec<Action> {
        match told {
            Told::Confirmed => return self.leave(),
            Told::Answer(_) => {
                (self.leaving, self.trouble) = (false, None);
                let mut actions = self.open_outbox(cx);
                actions.push(Action::Toast(Tone::Good, cx.words.say("query.left")));
                return actions;
            }
            Told::Trouble(trouble) => {
                self.leaving = false;
                return vec![Action::Trouble(trouble)];
            }
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }
}
