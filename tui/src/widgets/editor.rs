//! Text that is typed: one line that scrolls, or an area that wraps. The real cursor stands where the next character will, so that input
//! methods open there. What is typed or pasted is bounded and cleaned on its way in, by the same rules as anything from outside.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::canvas::Canvas;
use crate::cmd::{Edit, Move};
use crate::shown::Shown;
use crate::theme::Tone;

/// A text and where the cursor stands in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Editor {
    /// Characters as a reader sees them; a line break is one of them in an area.
    clusters: Vec<String>,
    cursor: usize,
    max_chars: usize,
    several_lines: bool,
}

impl std::fmt::Debug for Editor {
    /// What is typed may be a person's number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Editor(..)")
    }
}

impl Editor {
    /// One line of at most `max_chars`.
    #[must_use]
    pub const fn line(max_chars: usize) -> Self {
        Self { clusters: Vec::new(), cursor: 0, max_chars, several_lines: false }
    }

    /// Several lines, together at most `max_chars`.
    #[must_use]
    pub const fn area(max_chars: usize) -> Self {
        Self { clusters: Vec::new(), cursor: 0, max_chars, several_lines: true }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.clusters.concat()
    }

    /// Whether nothing was typed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// Puts another text in; the cursor goes to its end.
    pub fn set(&mut self, text: &str) {
        self.clusters.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Changes the text.
    pub fn on(&mut self, edit: &Edit) {
        match edit {
            Edit::Insert(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Edit::Paste(text) => self.insert(text),
            Edit::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.clusters.remove(self.cursor);
            }
            Edit::Delete if self.cursor < self.clusters.len() => {
                self.clusters.remove(self.cursor);
            }
            Edit::DeleteWord => self.delete_word(),
            Edit::Clear => {
                self.clusters.clear();
                self.cursor = 0;
            }
            Edit::Cursor(step) => self.step(*step),
            Edit::Backspace | Edit::Delete => {}
        }
    }

    /// A line break, in an area.
    pub fn newline(&mut self) {
        if self.several_lines {
            self.insert("\n");
        }
    }

    fn insert(&mut self, text: &str) {
        let text = if self.several_lines { text } else { text.trim_end_matches(['\n', '\r']) };
        let rest: Vec<String> = self.clusters.split_off(self.cursor);
        let before: String = self.clusters.concat();
        let room = self.max_chars.saturating_sub(before.chars().count() + rest.iter().map(|c| c.chars().count()).sum::<usize>());
        // Cleaned together with what stands before, so that a mark typed after its letter becomes one character with it.
        let joined: String = before.chars().chain(text.chars().filter(|c| *c != '\r').take(room)).collect();
        let lines: Vec<String> = joined.split('\n').map(|line| Shown::bounded(line, self.max_chars).to_string()).collect();
        let joined = lines.join(if self.several_lines { "\n" } else { " " });
        self.clusters = joined.graphemes(true).map(str::to_owned).collect();
        self.cursor = self.clusters.len();
        self.clusters.extend(rest);
    }

    fn delete_word(&mut self) {
        let blank = |cluster: &String| cluster.trim().is_empty();
        while self.cursor > 0 && blank(&self.clusters[self.cursor - 1]) {
            self.on(&Edit::Backspace);
        }
        while self.cursor > 0 && !blank(&self.clusters[self.cursor - 1]) {
            self.on(&Edit::Backspace);
        }
    }

    fn step(&mut self, step: Move) {
        let end = self.clusters.len();
        self.cursor = match step {
            Move::Left => self.cursor.saturating_sub(1),
            Move::Right => (self.cursor + 1).min(end),
            Move::Top | Move::PageUp => 0,
            Move::Bottom | Move::PageDown => end,
            Move::Up => self.clusters[..self.cursor].iter().rposition(|c| c == "\n").unwrap_or(self.cursor),
            Move::Down => self.clusters[self.cursor..].iter().position(|c| c == "\n").map_or(self.cursor, |i| self.cursor + i + 1),
        };
    }

    /// Draws it, and the cursor if it is the field that is typed into.
    pub fn draw(&self, area: Rect, focused: bool, canvas: &mut Canvas<'_>) {
        if area.height == 0 || area.width < 2 {
            return;
        }
        let tone = if focused { Tone::Field } else { Tone::Plain };
        let (lines, at) = self.laid_out(usize::from(area.width) - 1);
        // The line with the cursor is always in sight.
        let first = (at.0 + 1).saturating_sub(usize::from(area.height));
        for (row, line) in (area.top()..area.bottom()).zip(lines.iter().skip(first)) {
            canvas.text(area.x, row, area.width, tone, line);
        }
        if focused {
            let row = area.y + u16::try_from(at.0 - first).unwrap_or(0);
            // A wide letter in a field that is too narrow for it would push the cursor out.
            let column = u16::try_from(at.1).unwrap_or(0).min(area.width - 1);
            canvas.set_cursor(area.x + column, row);
        }
    }

    /// The lines as drawn, and the row and column of the cursor in them. One line scrolls so that the cursor is in it.
    fn laid_out(&self, columns: usize) -> (Vec<Shown>, (usize, usize)) {
        let width = |cluster: &String| cluster.width();
        if !self.several_lines {
            let before: Vec<usize> = self.clusters[..self.cursor].iter().map(width).collect();
            let (mut first, mut used) = (self.cursor, 0);
            while first > 0 && used + before[first - 1] <= columns {
                first -= 1;
                used += before[first];
            }
            let seen: String = self.clusters[first..].iter().take(columns + 1).map(String::as_str).collect();
            return (vec![Shown::new(&seen)], (0, used));
        }
        let (mut lines, mut line, mut used, mut at) = (Vec::new(), String::new(), 0, (0, 0));
        for (i, cluster) in self.clusters.iter().enumerate() {
            let wide = width(cluster);
            if cluster != "\n" && used + wide > columns {
                lines.push(Shown::new(&std::mem::take(&mut line)));
                used = 0;
            }
            if i == self.cursor {
                at = (lines.len(), used);
            }
            if cluster == "\n" {
                lines.push(Shown::new(&std::mem::take(&mut line)));
                used = 0;
            } else {
                line.push_str(cluster);
                used += wide;
            }
        }
        if self.cursor >= self.clusters.len() {
            at = (lines.len(), used);
        }
        lines.push(Shown::new(&line));
        (lines, at)
    }
}

#[cfg(test)]
mod tests;
