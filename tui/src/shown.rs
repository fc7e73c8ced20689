//! The one type of text that reaches the terminal. Whatever came from outside (a peer, a file, the clipboard, a configuration) is cleaned
//! when a [`Shown`] is made of it, and the canvas draws nothing else: there is no other way to the screen.
//!
//! Cleaned means: no control character (C0, C1, DEL), so no escape sequence; no bidirectional control; nothing invisible that joins,
//! hides or reorders; a bounded number of combining marks; a bounded length; and every remaining cluster one or two columns wide.

use std::fmt;

use anju_core::facts::text::masked;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Longest text in one place, in characters.
pub const SHOWN_MAX_CHARS: usize = 2000;
/// Most lines that [`Shown::lines`] makes of one text.
pub const SHOWN_MAX_LINES: usize = 500;
/// Most characters without a width of their own that stay after one that has.
pub const MARKS_MAX: usize = 4;
/// Widest cluster, in columns.
const CLUSTER_MAX_COLUMNS: usize = 2;
/// How often clusters are looked at again.
const NARROWINGS_MAX: usize = 8;
/// What stands at the end of a text that was cut. An ellipsis is one or two columns wide, depending on the terminal; dots are not.
const CUT: &str = "..";

/// One line of text that a terminal may be given. See the module for what was taken out of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Shown(String);

impl Shown {
    /// Cleans `text`. Line breaks and tabs become spaces.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::bounded(text, SHOWN_MAX_CHARS)
    }

    /// The same with another length, for what is typed and must be kept whole, such as a grant.
    pub(crate) fn bounded(text: &str, max_chars: usize) -> Self {
        // Most of what is shown is plain; it takes the short way.
        if text.len() <= max_chars && text.chars().all(|c| plain_columns(c).is_some()) {
            return Self(text.to_owned());
        }
        let mut kept = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
        let mut marks = MARKS_MAX;
        for c in text.chars().take(max_chars) {
            let c = if matches!(c, '\n' | '\t' | '\r') { ' ' } else { c };
            if c.is_control() || is_invisible(c) {
                continue;
            }
            // A mark with nothing before it would be drawn over a neighbour.
            marks = if c.width().unwrap_or(0) == 0 { marks + 1 } else { 0 };
            if marks <= MARKS_MAX {
                kept.push(c);
            }
        }
        // What is taken out of one cluster may let its neighbours join: until nothing changes, or else without whatever can join.
        for _ in 0..NARROWINGS_MAX {
            let narrowed: String = kept.graphemes(true).map(narrow).collect();
            if narrowed == kept {
                return Self(kept);
            }
            kept = narrowed;
        }
        kept.retain(|c| c.is_ascii());
        Self(kept)
    }

    /// Cleans a text of several lines; at most [`SHOWN_MAX_LINES`].
    #[must_use]
    pub fn lines(text: &str) -> Vec<Self> {
        text.lines().take(SHOWN_MAX_LINES).map(Self::new).collect()
    }

    /// Cleans whatever prints itself.
    #[must_use]
    pub fn of(value: impl fmt::Display) -> Self {
        Self::new(&value.to_string())
    }

    /// An identity, account or business number as it is shown without a reason ([`anju_core::facts::text::masked`]).
    #[must_use]
    pub fn masked(number: &str) -> Self {
        Self::new(&masked(Self::new(number).as_str()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Columns it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        let plain = self.0.chars().try_fold(0, |sum, c| plain_columns(c).map(|columns| sum + columns));
        plain.unwrap_or_else(|| self.clusters().map(|(_, width)| width).sum())
    }

    /// What a reader sees as characters, each with its columns (1 or 2).
    pub fn clusters(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.graphemes(true).map(|cluster| (cluster, cluster.width()))
    }

    /// At most `columns` of it, never half a character; what was cut ends in `..`.
    #[must_use]
    pub fn fit(&self, columns: usize) -> Self {
        if self.width() <= columns {
            return self.clone();
        }
        let cut = &CUT[..CUT.len().min(columns)];
        let (mut out, mut used) = (String::new(), 0);
        for (cluster, width) in self.clusters() {
            if used + width + cut.len() > columns {
                break;
            }
            out.push_str(cluster);
            used += width;
        }
        out.push_str(cut);
        Self::new(&out)
    }

    /// Broken into lines of at most `columns`, between words where there are spaces; at most [`SHOWN_MAX_LINES`].
    #[must_use]
    pub fn wrap(&self, columns: usize) -> Vec<Self> {
        let columns = columns.max(CLUSTER_MAX_COLUMNS);
        let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
        for word in self.0.split_word_bounds() {
            let width = Self(word.to_owned()).width();
            if used + width > columns && used > 0 {
                lines.push(Self::new(line.trim_end()));
                (line, used) = (String::new(), 0);
                if word == " " {
                    continue;
                }
            }
            for cluster in word.graphemes(true) {
                if used + cluster.width() > columns {
                    lines.push(Self::new(&std::mem::take(&mut line)));
                    used = 0;
                }
                line.push_str(cluster);
                used += cluster.width();
            }
        }
        lines.push(Self::new(&line));
        lines.truncate(SHOWN_MAX_LINES);
        lines
    }

    /// This and then `other`.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self::new(&format!("{}{}", self.0, other.0))
    }

    /// These, with `between` between them.
    #[must_use]
    pub fn join<'a>(parts: impl IntoIterator<Item = &'a Self>, between: &str) -> Self {
        let parts: Vec<&str> = parts.into_iter().map(Self::as_str).collect();
        Self::new(&parts.join(between))
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// Columns of a character that never joins another: letters, digits and signs of ASCII, Chinese characters and their punctuation.
const fn plain_columns(c: char) -> Option<usize> {
    match c {
        ' '..='~' => Some(1),
        '\u{3001}'..='\u{3029}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff60}' => Some(2),
        _ => None,
    }
}

/// A cluster of one or two columns as it is; of any other, its first character if that has a width.
fn narrow(cluster: &str) -> &str {
    let first = cluster.chars().next().map_or(0, char::len_utf8);
    let bounded = cluster.chars().count() <= MARKS_MAX + CLUSTER_MAX_COLUMNS;
    if bounded && (1..=CLUSTER_MAX_COLUMNS).contains(&cluster.width()) {
        return cluster;
    }
    let head = &cluster[..first];
    if (1..=CLUSTER_MAX_COLUMNS).contains(&head.width()) { head } else { "" }
}

/// Characters that show nothing and change what is around them: joiners, directional controls, fillers, tags, variation selectors,
/// shorthand and musical controls;
/// and the Hangul letters that join without end.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{1100}'..='\u{11ff}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
