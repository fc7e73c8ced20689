//! What waits, read page by page, overdue first: the cases for the blacklist's front, and with them the steps of loans that wait for this
//! centre for the work queue.

use std::collections::BTreeMap;

use anju_core::desk::{Act, CaseLine, CaseRef, Event as DeskEvent, LoanLine};
use anju_core::listing::case::CaseState;
use anju_core::names::{CentreCode, CertificateNumber};
use anju_core::time::{DAY_MS, Time};
use ratatui::layout::Rect;

use crate::canvas::{Canvas, Span, inside, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Sheet, Tag, Target, Told};
use crate::screens::loans::rows;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

/// Cases asked for at once.
const PAGE: usize = 200;
/// Most cases that are shown; the queue of a centre has tens.
const CASES_MAX: usize = 10_000;
/// The queue is asked for anew while one looks at it.
const REFRESH_MS: u64 = 60_000;
/// A deadline is near when less is left.
const NEAR_MS: i64 = 3 * DAY_MS;
/// Rows of the counts above the list.
const COUNT_ROWS: u16 = 2;

const COLUMNS: &[Column] = &[
    Column { word: "workbench.column-case", min: 11, grow: 0 },
    Column { word: "workbench.column-state", min: 12, grow: 1 },
    Column { word: "workbench.column-waits", min: 9, grow: 0 },
    Column { word: "workbench.column-due", min: 16, grow: 0 },
    Column { word: "workbench.column-decision", min: 10, grow: 2 },
    Column { word: "workbench.column-conduct", min: 9, grow: 3 },
];

/// The same, and loans: what stands in a column depends on what waits.
const MIXED_COLUMNS: &[Column] = &[
    Column { word: "workbench.column-item", min: 11, grow: 0 },
    Column { word: "workbench.column-state", min: 12, grow: 1 },
    Column { word: "workbench.column-waits", min: 9, grow: 0 },
    Column { word: "workbench.column-due", min: 16, grow: 0 },
    Column { word: "workbench.column-paper", min: 10, grow: 2 },
    Column { word: "workbench.column-subject", min: 9, grow: 3 },
];

/// Something that waits.
pub(super) enum Item {
    /// A case of the blacklist.
    Case(CaseLine),
    /// A step of a cross-region loan that this centre has to take.
    Loan {
        /// Which.
        line: Box<LoanLine>,
        /// This centre.
        own: CentreCode,
    },
}

/// When a case must have been dealt with.
fn case_left(case: &CaseLine, now: Time) -> Option<i64> {
    case.waits_for.and(case.until).map(|until| until.since(now))
}

fn case_cells(line: &CaseLine, words: Words, now: Time) -> Vec<(Tone, Shown)> {
    let waits = line.waits_for.map_or_else(|| words.say("workbench.time"), |role| words.code("role", role.code()));
    let due = match (case_left(line, now), line.until) {
        (Some(left), _) => {
            let tone = if left < 0 {
                Tone::Bad
            } else if left < NEAR_MS {
                Tone::Warn
            } else {
                Tone::Plain
            };
            (tone, words.countdown(left))
        }
        (None, Some(until)) => (Tone::Dim, Shown::of(until.legal_day())),
        (None, None) => (Tone::Dim, Shown::new("-")),
    };
    vec![
        (Tone::Plain, Shown::of(&line.case)),
        (Tone::Plain, words.code("case-state", line.state.code())),
        (Tone::Plain, waits),
        due,
        (Tone::Plain, Shown::new(&line.decision_no)),
        (Tone::Plain, Shown::new(&line.conduct)),
    ]
}

/// The other centre stands where a case has its paper, and the certificate where it has its conduct.
fn loan_cells(line: &LoanLine, own: &CentreCode, words: Words, now: Time) -> Vec<(Tone, Shown)> {
    let task = line.task.as_ref();
    let other = if line.lender == *own { line.keeper.as_ref() } else { Some(&line.lender) };
    let dash = || Shown::new("-");
    vec![
        (Tone::Plain, line.dossier.as_ref().map_or_else(|| words.say("screen.loans"), Shown::of)),
        (Tone::Plain, task.map_or_else(dash, |task| words.code("loan-task", task.task.code()))),
        (Tone::Plain, words.say("workbench.counter")),
        task.map_or_else(|| (Tone::Dim, dash()), |task| rows::due(words, task, now)),
        (Tone::Plain, other.map_or_else(dash, Shown::of)),
        (Tone::Plain, Shown::new(&line.certificate)),
    ]
}

impl Item {
    /// Milliseconds until somebody must have done something; nothing when only time has to pass.
    fn left(&self, now: Time) -> Option<i64> {
        match self {
            Self::Case(case) => case_left(case, now),
            Self::Loan { line, .. } => line.task.as_ref().map(|task| task.until.end().since(now)),
        }
    }

    fn is_late(&self, now: Time) -> bool {
        self.left(now).is_some_and(|left| left < 0)
    }
}

impl Row for Item {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        match self {
            Self::Case(line) => case_cells(line, words, now),
            Self::Loan { line, own } => loan_cells(line, own, words, now),
        }
    }

    fn key(&self) -> String {
        match self {
            Self::Case(line) => line.case.to_string(),
            Self::Loan { line, .. } => rows::key(line),
        }
    }
}

/// The queue as far as it was read.
pub(super) struct Queue {
    tag: Tag,
    load: Load<()>,
    coming: Vec<CaseLine>,
    /// What was read last, of both.
    cases: Vec<CaseLine>,
    loans: Vec<LoanLine>,
    list: List<Item>,
    next: Option<Moment>,
}

impl Queue {
    /// One that asks under `tag`.
    pub(super) fn new(tag: Tag) -> Self {
        Self::with(tag, COLUMNS)
    }

    /// One that is given loans, too.
    pub(super) fn mixed(tag: Tag) -> Self {
        Self::with(tag, MIXED_COLUMNS)
    }

    fn with(tag: Tag, columns: &'static [Column]) -> Self {
        let list = List::new(columns);
        Self { tag, load: Load::default(), coming: Vec::new(), cases: Vec::new(), loans: Vec::new(), list, next: None }
    }

    /// Steps of loans that wait for this centre.
    pub(super) fn set_loans(&mut self, cx: &Cx<'_>, loans: Vec<LoanLine>) {
        self.loans = loans;
        // Before the cases are here nothing is shown, and what was selected then would not be the first.
        if self.load.get().is_some() {
            self.order(cx);
        }
    }

    fn order(&mut self, cx: &Cx<'_>) {
        let (role, own) = (cx.who.role, &cx.who.centre);
        let cases = self.cases.iter().cloned().map(Item::Case);
        let loans = self.loans.iter().map(|line| Item::Loan { line: Box::new(line.clone()), own: own.clone() });
        let mut items: Vec<Item> = cases.chain(loans).collect();
        items.sort_by_cached_key(|item| {
            let (mine, left, serial) = match item {
                Item::Case(case) => (case.waits_for == Some(role), case.until.map(|until| until.since(cx.now)), case.case.serial),
                Item::Loan { .. } => (super::COUNTER.contains(&role), item.left(cx.now), 0),
            };
            (!item.is_late(cx.now), !mine, left.is_none(), left, serial, item.key())
        });
        self.list.set(items);
    }

    /// Asks for it from its beginning.
    pub(super) fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.coming.clear();
        self.load.ask(cx.at);
        self.next = Some(cx.at + REFRESH_MS);
        vec![Action::act(self.tag, Act::Queue { after: None, limit: PAGE })]
    }

    fn page(&mut self, cx: &Cx<'_>, cases: Vec<CaseLine>, more: bool) -> Vec<Action> {
        let further = more && !cases.is_empty();
        self.coming.extend(cases);
        // Pages follow the serial numbers; the deadlines order what is shown.
        let after = self.coming.iter().map(|line| line.case.serial).max();
        if further && self.coming.len() < CASES_MAX {
            return vec![Action::act(self.tag, Act::Queue { after, limit: PAGE })];
        }
        self.cases = std::mem::take(&mut self.coming);
        self.order(cx);
        self.load.came(());
        Vec::new()
    }

    /// How many cases wait in which state, how many steps of loans wait, and how many of them are overdue.
    fn counts(&self, cx: &Cx<'_>) -> Vec<Vec<Span>> {
        let mut counts: BTreeMap<Option<CaseState>, (u64, u64)> = BTreeMap::new();
        for item in self.list.rows() {
            let state = match item {
                Item::Case(case) => Some(case.state),
                Item::Loan { .. } => None,
            };
            let count = counts.entry(state).or_default();
            count.0 += 1;
            count.1 += u64::from(item.is_late(cx.now));
        }
        let count = |(state, (all, late)): (Option<CaseState>, (u64, u64))| {
            let state = state.map_or_else(|| cx.words.say("screen.loans"), |state| cx.words.code("case-state", state.code()));
            let mut spans = vec![(Tone::Plain, Shown::new(&format!("{state} {all}")))];
            if late > 0 {
                spans.push((Tone::Bad, cx.words.fill("workbench.late", &[("count", &late.to_string())])));
            }
            spans
        };
        counts.into_iter().map(count).collect()
    }

    /// Draws the counts in as many rows as they are given.
    fn draw_counts(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let (mut column, mut row) = (area.x, area.y);
        for spans in self.counts(cx) {
            let wide = u16::try_from(spans.iter().map(|(_, text)| text.width()).sum::<usize>()).unwrap_or(area.width);
            if column > area.x && column + wide > area.right() {
                (column, row) = (area.x, row + 1);
            }
            if row >= area.bottom() {
                return;
            }
            column += canvas.line(column, row, area.right().saturating_sub(column), &spans) + 3;
        }
    }

    /// Takes a command; says whether it was one for the list. `area` is where the queue is drawn.
    pub(super) fn on(&mut self, cmd: &Cmd, area: Rect) -> bool {
        self.list.on(cmd, Self::list_area(area))
    }

    /// What came of asking.
    pub(super) fn told(&mut self, cx: &Cx<'_>, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => match *event {
                DeskEvent::Cases { cases, more } => return self.page(cx, cases, more),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            Told::Trouble(trouble) => self.load.failed(trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    /// Draws counts and list; without a case, what to do: `what` and `next` are keys of words.
    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, (what, next): (&str, &str), canvas: &mut Canvas<'_>) {
        let Some((_, seen)) = self.load.draw(cx, area, canvas) else { return };
        if self.list.rows().is_empty() {
            return empty(cx, what, next, seen, canvas);
        }
        self.draw_counts(cx, inside(split_top(seen, COUNT_ROWS).0, 1, 0), canvas);
        self.list.draw(cx.words, cx.now, Self::list_area(area), canvas);
    }

    pub(super) fn selected(&self) -> Option<&Item> {
        self.list.selected()
    }

    /// What is selected, by the name that people call it.
    pub(super) fn name(&self) -> Option<Shown> {
        self.selected().map(|item| match item {
            Item::Case(line) => Shown::of(&line.case),
            Item::Loan { line, .. } => Shown::new(&line.certificate),
        })
    }

    /// Where what is selected is dealt with.
    pub(super) fn leads_to(&self) -> Option<Action> {
        match self.selected()? {
            Item::Case(line) => Some(Action::Go("blacklist", Some(Target::Case(CaseRef::Case(line.case.clone()))))),
            Item::Loan { line, .. } => match (&line.dossier, CertificateNumber::new(&line.certificate)) {
                (Some(dossier), _) => Some(Action::Go("loans", Some(Target::Text(dossier.to_string())))),
                (None, Ok(number)) => Some(Action::Go("loans", Some(Target::Certificate(number)))),
                (None, Err(_)) => None,
            },
        }
    }

    pub(super) fn typing(&self) -> bool {
        self.list.typing()
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.list.deadline().or(self.next)
    }

    /// The deadline has come.
    pub(super) fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        if self.next.is_some_and(|next| next <= cx.at) { self.ask(cx) } else { Vec::new() }
    }

    pub(super) fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now))
    }

    const fn list_area(body: Rect) -> Rect {
        Rect { x: body.x + 1, y: body.y + COUNT_ROWS, width: body.width.saturating_sub(2), height: body.height.saturating_sub(COUNT_ROWS) }
    }
}
