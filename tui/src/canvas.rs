//! What screens draw on. It takes [`Shown`] and tones and nothing else, so that no other text can reach a cell; it never leaves half of a
//! wide character behind, also where one thing is drawn over another.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::shown::Shown;
use crate::theme::{Theme, Tone};

/// A part of a line: what it means, and its text.
pub type Span = (Tone, Shown);

/// The drawing of one frame.
#[derive(Debug)]
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    cursor: Option<(u16, u16)>,
}

impl<'a> Canvas<'a> {
    pub(crate) const fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme, cursor: None }
    }

    /// Where the terminal's cursor goes: into the field that is typed into, so that input methods open there.
    pub const fn set_cursor(&mut self, column: u16, row: u16) {
        self.cursor = Some((column, row));
    }

    pub(crate) const fn cursor(&self) -> Option<(u16, u16)> {
        self.cursor
    }

    /// No cursor: what is drawn on top takes no text.
    pub const fn hide_cursor(&mut self) {
        self.cursor = None;
    }

    /// Writes at most `columns` of `text`, cut between characters, and returns how many columns it took.
    pub fn text(&mut self, column: u16, row: u16, columns: u16, tone: Tone, text: &Shown) -> u16 {
        let area = self.buffer.area;
        if row < area.top() || row >= area.bottom() || column < area.left() || column >= area.right() {
            return 0;
        }
        let end = column.saturating_add(columns).min(area.right());
        let style = self.theme.style(tone);
        let cut;
        let text = if text.width() > usize::from(end - column) {
            cut = text.fit(usize::from(end - column));
            &cut
        } else {
            text
        };
        self.mend(column, row);
        let mut at = column;
        for (cluster, width) in text.clusters() {
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            if width == 0 || width > end - at {
                break;
            }
            self.buffer[(at, row)].reset();
            self.buffer[(at, row)].set_symbol(cluster).set_style(style);
            for half in at + 1..at + width {
                self.buffer[(half, row)].reset();
                self.buffer[(half, row)].set_style(style);
            }
            at += width;
        }
        at - column
    }

    /// Writes parts one after the other into one row.
    pub fn line(&mut self, column: u16, row: u16, columns: u16, spans: &[Span]) -> u16 {
        let mut used = 0;
        for (tone, text) in spans {
            used += self.text(column + used, row, columns.saturating_sub(used), *tone, text);
        }
        used
    }

    /// Writes `text` so that it ends at the right edge of `columns`.
    pub fn right(&mut self, column: u16, row: u16, columns: u16, tone: Tone, text: &Shown) {
        let cut = text.fit(usize::from(columns));
        let width = u16::try_from(cut.width()).unwrap_or(columns);
        self.text(column + columns.saturating_sub(width), row, width, tone, &cut);
    }

    /// Writes lines from the top of `area`, as many as fit, and returns how many rows that were.
    pub fn lines(&mut self, area: Rect, tone: Tone, lines: &[Shown]) -> u16 {
        let mut row = area.top();
        for line in lines.iter().take(usize::from(area.height)) {
            self.text(area.left(), row, area.width, tone, line);
            row += 1;
        }
        row - area.top()
    }

    /// Writes a text broken to the width of `area`, and returns how many rows it took.
    pub fn paragraph(&mut self, area: Rect, tone: Tone, text: &Shown) -> u16 {
        self.lines(area, tone, &text.wrap(usize::from(area.width)))
    }

    /// Blanks `area`.
    pub fn fill(&mut self, area: Rect, tone: Tone) {
        let area = area.intersection(self.buffer.area);
        let style = self.theme.style(tone);
        for row in area.top()..area.bottom() {
            self.mend(area.left(), row);
            for column in area.left()..area.right() {
                self.buffer[(column, row)].reset();
                self.buffer[(column, row)].set_style(style);
            }
        }
    }

    /// Paints what is there in another tone.
    pub fn paint(&mut self, area: Rect, tone: Tone) {
        let style = self.theme.style(tone);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// A rule across `columns`. Of hyphens: lines are one or two columns wide, depending on the terminal.
    pub fn rule(&mut self, column: u16, row: u16, columns: u16) {
        let text = Shown::new(&"-".repeat(usize::from(columns)));
        self.text(column, row, columns, Tone::Dim, &text);
    }

    /// A wide character that begins left of `column` and reaches into it is taken away.
    fn mend(&mut self, column: u16, row: u16) {
        if column > self.buffer.area.left() {
            let left = &mut self.buffer[(column - 1, row)];
            if Shown::new(left.symbol()).width() > 1 {
                left.set_symbol(" ");
            }
        }
    }
}

/// A smaller area in the middle of `within`.
#[must_use]
pub fn centred(within: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(within.width), rows.min(within.height));
    Rect { x: within.x + (within.width - width) / 2, y: within.y + (within.height - height) / 2, width, height }
}

/// `area` without a margin of `columns` at both sides and `rows` above and below.
#[must_use]
pub const fn inside(area: Rect, columns: u16, rows: u16) -> Rect {
    Rect {
        x: area.x.saturating_add(columns),
        y: area.y.saturating_add(rows),
        width: area.width.saturating_sub(columns.saturating_mul(2)),
        height: area.height.saturating_sub(rows.saturating_mul(2)),
    }
}

/// The upper `rows` of `area`, and the rest.
#[must_use]
pub fn split_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draw: impl Fn(&mut Canvas<'_>)) -> Buffer {
        let (mut buffer, theme) = (Buffer::empty(Rect { x: 0, y: 0, width: 12, height: 2 }), Theme::default());
        draw(&mut Canvas::new(&mut buffer, &theme));
        buffer
    }

    #[test]
    fn what_is_drawn_over_a_wide_character_leaves_no_half_of_it() {
        let name = Shown::new("三亚市住房");
        let over_text = drawn(|canvas| {
            canvas.text(0, 0, 12, Tone::Plain, &name);
            canvas.text(3, 0, 4, Tone::Plain, &Shown::new("ab"));
        });
        // The character that began at column 2 is gone as a whole; the one at column 4 was overwritten from its first column.
        let symbols: Vec<&str> = (0..8).map(|x| over_text[(x, 0)].symbol()).collect();
        assert_eq!(symbols, ["三", " ", " ", "a", "b", " ", "住", " "]);
        let over_fill = drawn(|canvas| {
            canvas.text(0, 0, 12, Tone::Plain, &name);
            canvas.fill(Rect { x: 5, y: 0, width: 3, height: 1 }, Tone::Dialog);
        });
        assert_eq!(over_fill[(4, 0)].symbol(), " ");
        assert_eq!(over_fill[(8, 0)].symbol(), "房");
    }

    #[test]
    fn nothing_is_drawn_outside_and_nothing_in_half() {
        let buffer = drawn(|canvas| {
            assert_eq!(canvas.text(10, 0, 12, Tone::Plain, &Shown::new("三亚")), 2);
            assert_eq!(canvas.text(11, 1, 12, Tone::Plain, &Shown::new("三")), 1, "no room for it: a dot tells that something is there");
            assert_eq!(canvas.text(12, 0, 4, Tone::Plain, &Shown::new("x")), 0);
            assert_eq!(canvas.text(0, 9, 4, Tone::Plain, &Shown::new("x")), 0);
            canvas.fill(Rect { x: 50, y: 50, width: 50, height: 50 }, Tone::Bar);
            canvas.right(0, 1, 3, Tone::Plain, &Shown::new("三亚市"));
        });
        assert_eq!(buffer[(10, 0)].symbol(), ".");
        assert_eq!(buffer[(11, 1)].symbol(), ".");
    }
}
