//! The cases that wait, read page by page, overdue first: for the work queue and for the blacklist's front.

use std::collections::BTreeMap;

use anju_core::desk::{Act, CaseLine, Event as DeskEvent};
use anju_core::listing::case::CaseState;
use anju_core::time::{DAY_MS, Time};
use ratatui::layout::Rect;

use crate::canvas::{Canvas, Span, inside, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Sheet, Tag, Told};
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

/// A case that waits.
pub(super) struct Item(pub(super) CaseLine);

impl Item {
    /// Milliseconds until somebody must have done something; nothing when only time has to pass.
    fn left(&self, now: Time) -> Option<i64> {
        self.0.waits_for.and(self.0.until).map(|until| until.since(now))
    }
}

impl Row for Item {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        let line = &self.0;
        let waits = line.waits_for.map_or_else(|| words.say("workbench.time"), |role| words.code("role", role.code()));
        let due = match (self.left(now), line.until) {
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

    fn key(&self) -> String {
        self.0.case.to_string()
    }
}

/// The queue as far as it was read.
pub(super) struct Queue {
    tag: Tag,
    load: Load<()>,
    coming: Vec<CaseLine>,
    list: List<Item>,
    next: Option<Moment>,
}

impl Queue {
    /// One that asks under `tag`.
    pub(super) fn new(tag: Tag) -> Self {
        Self { tag, load: Load::default(), coming: Vec::new(), list: List::new(COLUMNS), next: None }
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
        let mut items: Vec<Item> = std::mem::take(&mut self.coming).into_iter().map(Item).collect();
        let role = Some(cx.who.role);
        items.sort_by_key(|item| {
            let late = item.left(cx.now).is_some_and(|left| left < 0);
            (!late, item.0.waits_for != role, item.0.until.is_none(), item.0.until, item.0.case.serial)
        });
        self.list.set(items);
        self.load.came(());
        Vec::new()
    }

    /// How many cases wait in which state, and how many of them are overdue.
    fn counts(&self, cx: &Cx<'_>) -> Vec<Vec<Span>> {
        let mut counts: BTreeMap<CaseState, (u64, u64)> = BTreeMap::new();
        for item in self.list.rows() {
            let count = counts.entry(item.0.state).or_default();
            count.0 += 1;
            count.1 += u64::from(item.left(cx.now).is_some_and(|left| left < 0));
        }
        let count = |(state, (all, late)): (CaseState, (u64, u64))| {
            let state = cx.words.code("case-state", state.code());
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

    pub(super) fn selected(&self) -> Option<&CaseLine> {
        self.list.selected().map(|item| &item.0)
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
