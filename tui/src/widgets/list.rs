//! A table of any number of rows. Only rows in sight are formatted; a filter is taken through the rows in bounded steps, so that no frame
//! waits for it. Columns are measured in terminal columns and never cut inside a character.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::cmd::{Cmd, Edit, Move};
use crate::screen::{Moment, Sheet};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::editor::Editor;
use crate::words::Words;

/// Rows that one step of the filter looks at.
pub const FILTER_STEP_ROWS: usize = 250;
/// Longest filter, in characters.
const FILTER_MAX_CHARS: usize = 100;
/// Most rows of a list.
pub const LIST_MAX_ROWS: usize = 1_000_000;
/// Columns between two columns.
const GAP: u16 = 2;

/// A row of a list.
pub trait Row: Send + Sync + 'static {
    /// Its cells, one for each column. Called for rows in sight, and for the filter.
    fn cells(&self, words: Words, now: anju_core::time::Time) -> Vec<(Tone, Shown)>;

    /// What it is: the selection stays on the same row when rows are asked for again.
    fn key(&self) -> String;

    /// Its cells for a file; the same as on the screen unless a file needs more.
    fn record(&self, words: Words, now: anju_core::time::Time) -> Vec<String> {
        self.cells(words, now).iter().map(|(_, text)| text.to_string()).collect()
    }
}

/// A column: the key of its head, and how wide it wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Key of its head.
    pub word: &'static str,
    /// Columns it needs at least.
    pub min: u16,
    /// Its share of what is left over; 0 keeps it at `min`.
    pub grow: u16,
}

/// What the filter leaves.
#[derive(Debug)]
struct Filter {
    text: Editor,
    needle: String,
    inverse: bool,
    open: bool,
    kept: Vec<u32>,
    scanned: usize,
}

/// A table with its selection and filter.
#[derive(Debug)]
pub struct List<R> {
    columns: &'static [Column],
    rows: Arc<Vec<R>>,
    filter: Option<Filter>,
    selected: usize,
    top: usize,
}

impl<R: Row> List<R> {
    /// An empty table.
    #[must_use]
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, rows: Arc::default(), filter: None, selected: 0, top: 0 }
    }

    /// Other rows; the selection stays where it was if its row is still there. At most [`LIST_MAX_ROWS`] are kept.
    pub fn set(&mut self, mut rows: Vec<R>) {
        rows.truncate(LIST_MAX_ROWS);
        let key = self.selected().map(Row::key);
        self.rows = Arc::new(rows);
        if let Some(filter) = &mut self.filter {
            (filter.kept, filter.scanned) = (Vec::new(), 0);
        }
        let place = key.and_then(|key| self.rows.iter().position(|row| row.key() == key));
        if let Some(place) = place.filter(|_| self.filter.is_none()) {
            self.selected = place;
        }
        self.selected = self.selected.min(self.rows.len().saturating_sub(1));
    }

    /// Every row, whatever the filter says.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Rows that the filter leaves so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filter.as_ref().map_or(self.rows.len(), |filter| filter.kept.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row that keys act on.
    #[must_use]
    pub fn selected(&self) -> Option<&R> {
        self.at(self.selected)
    }

    /// Whether the filter is being typed.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.open)
    }

    /// Whether the filter has rows to look at yet: a screen's deadline is then now.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.filter.as_ref().is_some_and(|filter| filter.scanned < self.rows.len()).then_some(0)
    }

    /// Takes the filter one step of at most [`FILTER_STEP_ROWS`] further.
    pub fn tick(&mut self, words: Words, now: anju_core::time::Time) {
        let Some(filter) = &mut self.filter else { return };
        let end = (filter.scanned + FILTER_STEP_ROWS).min(self.rows.len());
        for (i, row) in self.rows.iter().enumerate().take(end).skip(filter.scanned) {
            let found = filter.needle.is_empty()
                || row.cells(words, now).iter().any(|(_, text)| text.as_str().to_lowercase().contains(&filter.needle));
            if found != (filter.inverse && !filter.needle.is_empty()) {
                filter.kept.push(u32::try_from(i).unwrap_or(u32::MAX));
            }
        }
        filter.scanned = end;
    }

    /// Takes a command; says whether it was one for a list. `area` is where it is drawn.
    pub fn on(&mut self, cmd: &Cmd, area: Rect) -> bool {
        if let Some(handled) = self.filter_on(cmd) {
            return handled;
        }
        let page = Self::page(area);
        let last = self.len().saturating_sub(1);
        match cmd {
            Cmd::Move(Move::Up) => self.selected = self.selected.saturating_sub(1),
            Cmd::Move(Move::Down) => self.selected = (self.selected + 1).min(last),
            Cmd::Move(Move::PageUp) => self.selected = self.selected.saturating_sub(page),
            Cmd::Move(Move::PageDown) => self.selected = (self.selected + page).min(last),
            Cmd::Move(Move::Top) => self.selected = 0,
            Cmd::Move(Move::Bottom) => self.selected = last,
            Cmd::Click { column, row } if area.contains((*column, *row).into()) && *row > area.y => {
                self.selected = (self.top + usize::from(*row - area.y - 1)).min(last);
            }
            Cmd::Filter => self.open_filter(false),
            Cmd::FilterNot => self.open_filter(true),
            _ => return false,
        }
        self.scroll(page);
        true
    }

    /// What the filter leaves, for a file.
    #[must_use]
    pub fn sheet(&self, words: Words, now: anju_core::time::Time) -> Sheet {
        let rows = Arc::clone(&self.rows);
        let kept = self.filter.as_ref().map(|filter| filter.kept.clone());
        let count = kept.as_ref().map_or(rows.len(), Vec::len);
        let head = self.columns.iter().map(|column| words.say(column.word).to_string()).collect();
        let place = move |i: usize| kept.as_ref().map_or(i, |kept| kept[i] as usize);
        Sheet { head, rows: Box::new((0..count).map(move |i| rows[place(i)].record(words, now))) }
    }

    /// Draws heads, the rows in sight, and the filter or the count in the last row.
    pub fn draw(&self, words: Words, now: anju_core::time::Time, area: Rect, canvas: &mut Canvas<'_>) {
        let widths = self.widths(area.width);
        let mut column = area.x;
        for (head, width) in self.columns.iter().zip(&widths) {
            canvas.text(column, area.y, *width, Tone::Head, &words.say(head.word));
            column += width + GAP;
        }
        let page = Self::page(area);
        let top = self.top.min(self.selected).max((self.selected + 1).saturating_sub(page));
        for (line, i) in (top..self.len()).take(page).enumerate() {
            let Some(row) = self.at(i) else { continue };
            let y = area.y + 1 + u16::try_from(line).unwrap_or(u16::MAX);
            let mut column = area.x;
            for ((tone, text), width) in row.cells(words, now).iter().zip(&widths) {
                canvas.text(column, y, *width, *tone, text);
                column += width + GAP;
            }
            if i == self.selected {
                canvas.paint(Rect { y, height: 1, ..area }, Tone::Selected);
            }
        }
        self.draw_foot(words, Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }, canvas);
    }

    fn draw_foot(&self, words: Words, foot: Rect, canvas: &mut Canvas<'_>) {
        let place = if self.is_empty() { 0 } else { self.selected + 1 };
        let (place, kept, all) = (place.to_string(), self.len().to_string(), self.rows.len().to_string());
        let Some(filter) = &self.filter else {
            canvas.right(foot.x, foot.y, foot.width, Tone::Dim, &words.fill("list.count", &[("place", &place), ("all", &all)]));
            return;
        };
        let values = [("place", place.as_str()), ("kept", &kept), ("all", &all)];
        canvas.right(foot.x, foot.y, foot.width, Tone::Dim, &words.fill("list.count-filtered", &values));
        let sign = Shown::new(if filter.inverse { "!" } else { "/" });
        let used = canvas.text(foot.x, foot.y, foot.width, Tone::Key, &sign);
        let field = Rect { x: foot.x + used, width: (foot.width / 2).saturating_sub(used), ..foot };
        filter.text.draw(field, filter.open, canvas);
    }

    /// Rows in sight: without heads and foot.
    fn page(area: Rect) -> usize {
        usize::from(area.height.saturating_sub(2)).max(1)
    }

    fn at(&self, place: usize) -> Option<&R> {
        match &self.filter {
            None => self.rows.get(place),
            Some(filter) => self.rows.get(*filter.kept.get(place)? as usize),
        }
    }

    fn scroll(&mut self, page: usize) {
        self.top = self.top.min(self.selected).max((self.selected + 1).saturating_sub(page));
    }

    fn open_filter(&mut self, inverse: bool) {
        let text = self.filter.take().map_or_else(|| Editor::line(FILTER_MAX_CHARS), |filter| filter.text);
        let needle = text.text().to_lowercase();
        self.filter = Some(Filter { text, needle, inverse, open: true, kept: Vec::new(), scanned: 0 });
        (self.selected, self.top) = (0, 0);
    }

    fn filter_on(&mut self, cmd: &Cmd) -> Option<bool> {
        let filter = self.filter.as_mut()?;
        match cmd {
            // The first Esc takes the filter away, the next goes back.
            Cmd::Back => {
                self.filter = None;
                (self.selected, self.top) = (0, 0);
            }
            Cmd::Open | Cmd::Next if filter.open => filter.open = false,
            Cmd::Edit(Edit::Cursor(Move::Up | Move::Down)) if filter.open => filter.open = false,
            Cmd::Edit(edit) if filter.open => {
                filter.text.on(edit);
                filter.needle = filter.text.text().to_lowercase();
                (filter.kept, filter.scanned) = (Vec::new(), 0);
                (self.selected, self.top) = (0, 0);
            }
            _ => return None,
        }
        Some(true)
    }

    /// Widths of the columns: each its minimum, and what is left over by their shares. Columns that do not fit get nothing.
    fn widths(&self, columns: u16) -> Vec<u16> {
        let gaps = GAP * u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(0);
        let wanted: u16 = self.columns.iter().map(|column| column.min).sum::<u16>() + gaps;
        let spare = columns.saturating_sub(wanted);
        let shares: u16 = self.columns.iter().map(|column| column.grow).sum();
        let mut left = columns;
        let width = |column: &Column| {
            let wide = column.min + (spare * column.grow).checked_div(shares).unwrap_or(0);
            let given = wide.min(left);
            left = left.saturating_sub(given + GAP);
            given
        };
        self.columns.iter().map(width).collect()
    }
}

#[cfg(test)]
mod tests;
