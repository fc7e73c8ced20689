//! One thing with its fields, by group: drawn from a list of fields, so that a field of a schema that is new needs no code.

use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::cmd::{Cmd, Move};
use crate::shown::Shown;
use crate::theme::Tone;

/// Columns that labels take at most.
const LABEL_MAX_COLUMNS: usize = 24;

/// A line of a detail view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The head of a group.
    Group(Shown),
    /// A label and its value.
    Field {
        /// The label.
        label: Shown,
        /// The value; long ones wrap.
        value: Shown,
        /// What the value means.
        tone: Tone,
    },
    /// A text across.
    Text(Tone, Shown),
    /// Nothing.
    Blank,
}

impl Line {
    /// A field that means nothing special.
    #[must_use]
    pub const fn field(label: Shown, value: Shown) -> Self {
        Self::Field { label, value, tone: Tone::Plain }
    }
}

/// A view of lines that scrolls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detail {
    lines: Vec<Line>,
    top: usize,
}

impl Detail {
    /// A view of `lines`.
    #[must_use]
    pub const fn new(lines: Vec<Line>) -> Self {
        Self { lines, top: 0 }
    }

    /// Other lines; stays where it was scrolled to.
    pub fn set(&mut self, lines: Vec<Line>) {
        self.lines = lines;
    }

    /// Takes a command; says whether it was one for a view that scrolls. `area` is where it is drawn.
    pub fn on(&mut self, cmd: &Cmd, area: Rect) -> bool {
        let rows = self.rows(area.width).len();
        let (page, last) = (usize::from(area.height), rows.saturating_sub(usize::from(area.height)));
        self.top = match cmd {
            Cmd::Move(Move::Up) => self.top.saturating_sub(1),
            Cmd::Move(Move::Down) => self.top + 1,
            Cmd::Move(Move::PageUp) => self.top.saturating_sub(page),
            Cmd::Move(Move::PageDown) => self.top + page,
            Cmd::Move(Move::Top) => 0,
            Cmd::Move(Move::Bottom) => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// Rows it would take at this width.
    #[must_use]
    pub fn height(&self, columns: u16) -> u16 {
        u16::try_from(self.rows(columns).len()).unwrap_or(u16::MAX)
    }

    /// Draws what is in sight.
    pub fn draw(&self, area: Rect, canvas: &mut Canvas<'_>) {
        let rows = self.rows(area.width);
        let top = self.top.min(rows.len().saturating_sub(usize::from(area.height)));
        let indent = self.label_columns();
        for (y, (label, tone, value)) in (area.top()..area.bottom()).zip(rows.into_iter().skip(top)) {
            let Some(label) = label else {
                canvas.text(area.x, y, area.width, tone, &value);
                continue;
            };
            canvas.text(area.x, y, indent, Tone::Dim, &label);
            canvas.text(area.x + indent + 2, y, area.width.saturating_sub(indent + 2), tone, &value);
        }
    }

    fn label_columns(&self) -> u16 {
        let widest = self.lines.iter().filter_map(|line| if let Line::Field { label, .. } = line { Some(label.width()) } else { None });
        u16::try_from(widest.max().unwrap_or(0).min(LABEL_MAX_COLUMNS)).unwrap_or(0)
    }

    /// Every row as drawn: a label and what stands beside it, or a text across.
    fn rows(&self, columns: u16) -> Vec<(Option<Shown>, Tone, Shown)> {
        let beside = usize::from(columns.saturating_sub(self.label_columns() + 2));
        let mut rows = Vec::new();
        for line in &self.lines {
            match line {
                Line::Group(text) => rows.push((None, Tone::Head, text.clone())),
                Line::Blank => rows.push((None, Tone::Plain, Shown::default())),
                Line::Text(tone, text) => rows.extend(text.wrap(usize::from(columns)).into_iter().map(|part| (None, *tone, part))),
                Line::Field { label, value, tone } => {
                    let parts = value.wrap(beside).into_iter().enumerate();
                    rows.extend(parts.map(|(i, part)| (Some(if i == 0 { label.clone() } else { Shown::default() }), *tone, part)));
                }
            }
        }
        rows
    }
}
