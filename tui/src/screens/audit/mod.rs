//! 审计: what a centre's own people did, for the auditor. Rows are read page by page, because reading is itself recorded; everything but the
//! operator and whom a row is about is filtered here, over the rows that were read.

mod accesses;
mod filter;
mod patterns;
mod rows;

use anju_core::desk::{Act, AuditLine, AuditState, Event as DeskEvent};
use ratatui::layout::Rect;

use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::{Cmd, Command};
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Form, FormEvent};
use crate::widgets::list::List;
use crate::widgets::state::{Load, empty};
use crate::words::Words;
use accesses::{ACCESSES, Accesses};
use filter::Filter;
use patterns::Pattern;
use rows::Entry;

const ROWS: Tag = "rows";
const CHECK: Tag = "check";
/// Rows asked for at once.
const PAGE: usize = 200;
/// Most rows that are held; older ones are reached with a filter by operator.
pub const ROWS_MAX: usize = 20_000;
/// Rows above the table.
const HEAD_ROWS: u16 = 2;

/// Rows below the patterns: the signs of the one that is selected, and what they are worth.
const FOOT_ROWS: u16 = 3;

/// What is done here.
pub const COMMANDS: &[Command] = &[
    Command { id: "audit.filter", word: "audit.cmd-filter", keys: &["f"] },
    Command { id: "audit.patterns", word: "audit.cmd-patterns", keys: &["p"] },
    Command { id: "audit.older", word: "audit.cmd-older", keys: &["m"] },
    Command { id: "audit.check", word: "audit.cmd-check", keys: &["c"] },
    Command { id: "audit.accesses", word: "audit.cmd-accesses", keys: &["w"] },
];

enum View {
    Rows,
    Row(Detail),
    Patterns,
    Filter(Form),
    Check,
    Accesses(Box<Accesses>),
}

/// See the module.
pub struct Audit {
    view: View,
    load: Load<()>,
    /// Everything that was read, newest first.
    read: Vec<AuditLine>,
    more: bool,
    filter: Filter,
    list: List<Entry>,
    patterns: List<Pattern>,
    check: Load<(Box<AuditState>, Detail)>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Audit {
        view: View::Rows,
        load: Load::default(),
        read: Vec::new(),
        more: false,
        filter: Filter::default(),
        list: List::new(rows::COLUMNS),
        patterns: List::new(patterns::COLUMNS),
        check: Load::default(),
    })
}

impl Audit {
    /// Asks from the newest row on.
    fn anew(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.read.clear();
        self.load.ask(cx.at);
        self.page(None)
    }

    fn page(&self, before: Option<u64>) -> Vec<Action> {
        let (operator, subject) = (self.filter.operator.clone(), self.filter.subject.clone());
        vec![Action::act(ROWS, Act::AuditList { before, limit: PAGE, operator, subject })]
    }

    fn older(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(last) = self.read.last().map(|row| row.seq).filter(|_| self.more && !self.load.is_asked()) else {
            return vec![Action::Toast(Tone::Dim, cx.words.say("audit.no-older"))];
        };
        if self.read.len() >= ROWS_MAX {
            return vec![Action::Toast(Tone::Warn, cx.words.say("audit.too-many"))];
        }
        self.load.ask(cx.at);
        self.page(Some(last))
    }

    fn came(&mut self, rows: Vec<AuditLine>, more: bool) -> Vec<Action> {
        let before = self.read.last().map_or(u64::MAX, |row| row.seq);
        // A page goes on where the last one ended; anything else would never end.
        let rows: Vec<AuditLine> = rows.into_iter().take_while(|row| row.seq < before).collect();
        self.more = more && !rows.is_empty();
        self.read.extend(rows);
        self.read.truncate(ROWS_MAX);
        let last = self.read.last().map(|row| row.seq);
        let further = self.more && self.read.len() < ROWS_MAX && self.read.last().is_some_and(|row| self.filter.reaches_before(row.at));
        self.sift();
        if further {
            return self.page(last);
        }
        self.load.came(());
        Vec::new()
    }

    /// Takes the filter over what was read.
    fn sift(&mut self) {
        let kept: Vec<&AuditLine> = self.read.iter().filter(|row| self.filter.keeps(row)).collect();
        self.patterns.set(patterns::of(&kept));
        self.list.set(kept.into_iter().cloned().map(Entry).collect());
    }

    fn set_filter(&mut self, cx: &Cx<'_>, filter: Filter) -> Vec<Action> {
        let same = filter.asks_as(&self.filter);
        self.filter = filter;
        self.view = View::Rows;
        if !same {
            return self.anew(cx);
        }
        self.sift();
        let short = self.read.last().filter(|row| self.more && self.filter.reaches_before(row.at)).map(|row| row.seq);
        match short {
            Some(last) if !self.load.is_asked() => {
                self.load.ask(cx.at);
                self.page(Some(last))
            }
            Some(_) | None => Vec::new(),
        }
    }

    fn own(&mut self, cx: &Cx<'_>, command: &str) -> Vec<Action> {
        match command {
            "audit.filter" => self.view = View::Filter(self.filter.form(cx.words)),
            "audit.accesses" => self.view = View::Accesses(Box::new(Accesses::new(cx.words))),
            "audit.patterns" => self.view = View::Patterns,
            "audit.older" => return self.older(cx),
            "audit.check" => {
                self.view = View::Check;
                self.check.ask(cx.at);
                return vec![Action::act(CHECK, Act::AuditCheck)];
            }
            _ => {}
        }
        Vec::new()
    }

    fn open_selected(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        match self.view {
            View::Rows => {
                if let Some(Entry(row)) = self.list.selected() {
                    self.view = View::Row(Detail::new(rows::lines(cx.words, row)));
                }
            }
            View::Patterns => {
                if let Some(filter) = self.patterns.selected().map(|pattern| self.filter.narrowed(pattern)) {
                    return self.set_filter(cx, filter);
                }
            }
            View::Row(_) | View::Filter(_) | View::Check | View::Accesses(_) => {}
        }
        Vec::new()
    }

    /// Commands of the view one is in; nothing when it is none of its own.
    fn on_view(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Option<Vec<Action>> {
        let (whole, table) = (inside(cx.body, 1, 0), Self::table(cx.body));
        let handled = match &mut self.view {
            View::Rows => self.list.on(cmd, table),
            View::Patterns => self.patterns.on(cmd, table),
            View::Row(detail) => detail.on(cmd, whole),
            View::Accesses(accesses) => match accesses.on(cx, cmd) {
                Some(actions) => return Some(actions),
                None => false,
            },
            View::Check => self.check.get_mut().is_some_and(|(_, detail)| detail.on(cmd, whole)),
            View::Filter(form) => match form.on(cx.words, cmd) {
                FormEvent::Submit => match Filter::of(form) {
                    Ok(filter) => return Some(self.set_filter(cx, filter)),
                    Err(field) => {
                        form.refuse(field, cx.words.say("audit.reason-missing"));
                        true
                    }
                },
                FormEvent::Handled => true,
                FormEvent::Pass => false,
            },
        };
        if handled {
            return Some(Vec::new());
        }
        match cmd {
            Cmd::Back if !matches!(self.view, View::Rows) => self.view = View::Rows,
            Cmd::Back if self.filter != Filter::default() => {
                let all = Filter::default();
                return Some(self.set_filter(cx, all));
            }
            Cmd::Open => return Some(self.open_selected(cx)),
            Cmd::Reload => return Some(if matches!(self.view, View::Check) { self.own(cx, "audit.check") } else { self.anew(cx) }),
            Cmd::Own(command) => return Some(self.own(cx, command)),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn table(body: Rect) -> Rect {
        split_top(inside(body, 1, 0), HEAD_ROWS).1
    }

    /// What the rows are: how many, of how many, by which filter.
    fn draw_head(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let (kept, read) = (self.list.rows().len().to_string(), self.read.len().to_string());
        let key = if self.more { "audit.read-more" } else { "audit.read-all" };
        canvas.text(area.x, area.y, area.width, Tone::Dim, &cx.words.fill(key, &[("kept", &kept), ("read", &read)]));
        canvas.text(area.x, area.y + 1, area.width, Tone::Head, &self.filter.said(cx.words));
    }
}

fn check_lines(words: Words, state: &AuditState) -> Vec<Line> {
    let (size, commitments, committed) = (state.size.to_string(), state.commitments.to_string(), state.committed.to_string());
    let before = state.broken_before.map(|row| row.to_string()).unwrap_or_default();
    let values = [("size", size.as_str()), ("commitments", &commitments), ("committed", &committed), ("before", &before)];
    let (tone, key) = if state.broken_before.is_none() { (Tone::Good, "audit.sound") } else { (Tone::Bad, "audit.broken") };
    vec![
        Line::Text(tone, words.fill(key, &values)),
        Line::Blank,
        Line::field(words.say("audit.size"), Shown::of(state.size)),
        Line::field(words.say("audit.commitments"), Shown::of(state.commitments)),
        Line::field(words.say("audit.committed"), Shown::of(state.committed)),
        Line::field(words.say("audit.root"), Shown::of(state.root)),
    ]
}

impl Screen for Audit {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        // Reading is recorded: coming back to the view is no reason to read again.
        if self.load.get().is_some() { Vec::new() } else { self.anew(cx) }
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        self.on_view(cx, cmd).map_or(Reaction::Pass, Reaction::Do)
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (ROWS, Told::Answer(event)) => match *event {
                DeskEvent::Audit { rows, more } => return self.came(rows, more),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            (ROWS, Told::Trouble(trouble)) => self.load.failed(trouble),
            (CHECK, Told::Answer(event)) => match *event {
                DeskEvent::AuditState(state) => {
                    let detail = Detail::new(check_lines(cx.words, &state));
                    self.check.came((state, detail));
                }
                _ => self.check.failed(Trouble::failed("peer-garbled")),
            },
            (ACCESSES, told) => {
                if let View::Accesses(accesses) = &mut self.view {
                    return accesses.told(told);
                }
            }
            (CHECK, Told::Trouble(trouble)) => self.check.failed(trouble),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let area = inside(cx.body, 1, 0);
        let (head, table) = split_top(area, HEAD_ROWS);
        match &self.view {
            View::Check => {
                if let Some(((_, detail), area)) = self.check.draw(cx, area, canvas) {
                    detail.draw(area, canvas);
                }
            }
            View::Row(detail) => detail.draw(area, canvas),
            View::Accesses(accesses) => accesses.draw(cx, canvas),
            View::Filter(form) => {
                canvas.paragraph(head, Tone::Dim, &cx.words.say("audit.filter-hint"));
                form.draw(cx.words, table, canvas);
            }
            View::Rows | View::Patterns => {
                if self.load.draw(cx, area, canvas).is_none() {
                    return;
                }
                self.draw_head(cx, head, canvas);
                if self.list.rows().is_empty() {
                    return empty(cx, "audit.empty", "audit.empty-next", table, canvas);
                }
                if matches!(self.view, View::Rows) {
                    return self.list.draw(cx.words, cx.now, table, canvas);
                }
                let (table, foot) = split_top(table, table.height.saturating_sub(FOOT_ROWS));
                self.patterns.draw(cx.words, cx.now, table, canvas);
                let (sign, foot) = split_top(foot, 1);
                if let Some(pattern) = self.patterns.selected() {
                    canvas.text(sign.x, sign.y, sign.width, Tone::Warn, &pattern.signs(cx.words));
                }
                canvas.paragraph(foot, Tone::Dim, &cx.words.say("audit.patterns-hint"));
            }
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match &self.view {
            View::Rows => {
                vec!["open", "audit.filter", "audit.patterns", "audit.older", "audit.check", "audit.accesses", "export", "filter"]
            }
            View::Patterns => vec!["open", "export", "filter", "back"],
            View::Row(_) => vec!["copy", "back"],
            View::Accesses(accesses) => accesses.offers(),
            View::Filter(_) => vec!["submit", "next", "previous", "back"],
            View::Check => vec!["reload", "copy", "back"],
        }
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        match &self.view {
            View::Rows => Vec::new(),
            View::Accesses(accesses) => Some(words.say("audit.cmd-accesses")).into_iter().chain(accesses.crumb()).collect(),
            View::Patterns => vec![words.say("audit.cmd-patterns")],
            View::Row(_) => self.list.selected().map(|entry| Shown::of(entry.0.seq)).into_iter().collect(),
            View::Filter(_) => vec![words.say("audit.cmd-filter")],
            View::Check => vec![words.say("audit.cmd-check")],
        }
    }

    fn deadline(&self) -> Option<Moment> {
        let accesses = if let View::Accesses(accesses) = &self.view { accesses.deadline() } else { None };
        self.list.deadline().or(self.patterns.deadline()).or(accesses)
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.list.tick(cx.words, cx.now);
        self.patterns.tick(cx.words, cx.now);
        if let View::Accesses(accesses) = &mut self.view {
            accesses.tick(cx);
        }
        Vec::new()
    }

    fn typing(&self) -> bool {
        match &self.view {
            View::Rows => self.list.typing(),
            View::Patterns => self.patterns.typing(),
            View::Filter(_) => true,
            View::Accesses(accesses) => accesses.typing(),
            View::Row(_) | View::Check => false,
        }
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        match &self.view {
            View::Rows | View::Row(_) => self.list.selected().map(|entry| Shown::of(entry.0.request)),
            View::Check => self.check.get().map(|(state, _)| Shown::of(state.root)),
            View::Accesses(accesses) => accesses.copy(),
            View::Patterns | View::Filter(_) => None,
        }
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        match &self.view {
            View::Accesses(accesses) => accesses.sheet(cx),
            View::Patterns => (!self.patterns.is_empty()).then(|| self.patterns.sheet(cx.words, cx.now)),
            View::Rows | View::Row(_) => (!self.list.is_empty()).then(|| self.list.sheet(cx.words, cx.now)),
            View::Filter(_) | View::Check => None,
        }
    }
}
