//! The peer's log as it is written: the newest lines last. At most [`ROWS_MAX`] are held here.

use anju_core::desk::{LogLine, LogPage, MAX_LOG_PAGE, Request};
use anju_core::time::Time;
use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::cmd::{Cmd, Move};
use crate::door::Trouble;
use crate::screen::{Cx, Moment, Sheet};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::{Load, empty};
use crate::words::Words;

/// Lines that are held; older ones go.
pub const ROWS_MAX: usize = 2_000;

const COLUMNS: &[Column] = &[
    Column { word: "system.column-at", min: 8, grow: 0 },
    Column { word: "system.column-level", min: 6, grow: 0 },
    Column { word: "system.column-text", min: 60, grow: 1 },
    Column { word: "system.column-source", min: 24, grow: 0 },
];

#[derive(Debug, Clone)]
struct Entry(LogLine);

impl Row for Entry {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let line = &self.0;
        let tone = match line.level.as_str() {
            "error" => Tone::Bad,
            "warn" => Tone::Warn,
            _ => Tone::Dim,
        };
        // The day stands with the details: what is looked at here is of today.
        let time = line.at.legal_text();
        let time = time.split_once(' ').map_or("", |(_, time)| time);
        vec![
            (Tone::Dim, Shown::new(time)),
            (tone, words.code("system.level", &line.level)),
            (Tone::Plain, Shown::new(&line.text)),
            (Tone::Dim, Shown::new(&line.source)),
        ]
    }

    fn key(&self) -> String {
        self.0.seq.to_string()
    }

    fn record(&self, _words: Words, _now: Time) -> Vec<String> {
        let LogLine { at, level, text, source, .. } = &self.0;
        vec![at.legal_text(), level.clone(), text.clone(), source.clone()]
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Log {
    load: Load<()>,
    list: List<Entry>,
    last: Option<u64>,
    shown: Option<Detail>,
}

impl Default for Log {
    fn default() -> Self {
        Self { load: Load::default(), list: List::new(COLUMNS), last: None, shown: None }
    }
}

impl Log {
    /// What to ask for: what came after the newest line here.
    pub(super) fn ask(&mut self, at: Moment) -> Request {
        self.load.ask(at);
        Request::Logs { after: self.last, limit: MAX_LOG_PAGE }
    }

    /// New lines. Who looks at the newest one goes on looking at the newest one.
    pub(super) fn came(&mut self, page: LogPage, area: Rect) {
        self.load.came(());
        let Some(newest) = page.lines.last().map(|line| line.seq) else { return };
        let follows = self.list.rows().last().map(Row::key) == self.list.selected().map(Row::key);
        // A peer that was started anew counts from 1 again.
        let anew = self.last.is_some_and(|last| page.lines.first().is_some_and(|line| line.seq <= last));
        let mut rows: Vec<Entry> = if anew { Vec::new() } else { self.list.rows().to_vec() };
        rows.extend(page.lines.into_iter().map(Entry));
        rows.drain(..rows.len().saturating_sub(ROWS_MAX));
        self.last = Some(newest);
        self.list.set(rows);
        if follows {
            self.list.on(&Cmd::Move(Move::Bottom), area);
        }
    }

    pub(super) fn failed(&mut self, trouble: Trouble) {
        self.load.failed(trouble);
    }

    pub(super) fn on(&mut self, words: Words, cmd: &Cmd, area: Rect) -> bool {
        if let Some(detail) = &mut self.shown {
            if *cmd == Cmd::Back {
                self.shown = None;
                return true;
            }
            return detail.on(cmd, area);
        }
        if self.list.on(cmd, area) {
            return true;
        }
        let opened = *cmd == Cmd::Open;
        if opened {
            self.shown = self.list.selected().map(|entry| Detail::new(lines(words, &entry.0)));
        }
        opened
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let Some((_, area)) = self.load.draw(cx, area, canvas) else { return };
        match &self.shown {
            Some(detail) => detail.draw(area, canvas),
            None if self.list.rows().is_empty() => empty(cx, "system.log-empty", "system.log-empty-next", area, canvas),
            None => self.list.draw(cx.words, cx.now, area, canvas),
        }
    }

    pub(super) fn offers(&self) -> Vec<&'static str> {
        if self.shown.is_some() { vec!["back", "copy"] } else { vec!["open", "filter", "filter-not", "next", "export"] }
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        self.list.deadline()
    }

    pub(super) fn tick(&mut self, words: Words, now: Time) {
        self.list.tick(words, now);
    }

    pub(super) fn typing(&self) -> bool {
        self.list.typing()
    }

    pub(super) fn copy(&self) -> Option<Shown> {
        self.list.selected().map(|entry| Shown::new(&entry.0.text))
    }

    pub(super) fn sheet(&self, words: Words, now: Time) -> Option<Sheet> {
        (!self.list.is_empty()).then(|| self.list.sheet(words, now))
    }
}

fn lines(words: Words, line: &LogLine) -> Vec<Line> {
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    vec![
        field("system.column-at", Shown::new(&line.at.legal_text())),
        field("system.column-level", words.code("system.level", &line.level)),
        field("system.column-source", Shown::new(&line.source)),
        field("system.column-text", Shown::new(&line.text)),
    ]
}
