//! How far a long job of a page is, and the rows that it did not take.

use anju_core::time::Time;
use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::door::{Progress, REJECTS_SHOWN_MAX, Rejected};
use crate::screen::{Cx, Moment};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::watch::Sign;
use crate::widgets::list::{Column, List, Row};
use crate::widgets::meter;
use crate::words::Words;

/// Columns of the bar.
const BAR_COLUMNS: usize = 40;

const COLUMNS: &[Column] = &[
    Column { word: "blacklist.column-file-row", min: 8, grow: 0 },
    Column { word: "blacklist.column-column", min: 18, grow: 1 },
    Column { word: "blacklist.column-reason", min: 40, grow: 3 },
];

/// A row that was not taken.
pub(super) struct Reject(Rejected);

impl Row for Reject {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let Rejected { row, column, code } = &self.0;
        let column = column.as_deref().map_or_else(|| Shown::new("-"), Shown::new);
        let reason = words.find(&format!("reason.{code}")).unwrap_or_else(|| words.code("refusal", &format!("{code}.what")));
        vec![(Tone::Plain, Shown::of(row)), (Tone::Plain, column), (Tone::Warn, reason)]
    }

    fn key(&self) -> String {
        self.0.row.to_string()
    }
}

/// A job as far as it told.
pub(super) struct Job {
    pub(super) since: Option<Moment>,
    progress: Option<Progress>,
    coming: Vec<Rejected>,
    pub(super) rejects: List<Reject>,
}

impl Default for Job {
    fn default() -> Self {
        Self { since: None, progress: None, coming: Vec::new(), rejects: List::new(COLUMNS) }
    }
}

impl Job {
    pub(super) fn begin(&mut self, at: Moment) {
        *self = Self { since: Some(at), ..Self::default() };
    }

    pub(super) fn sign(&mut self, sign: Sign) {
        match sign {
            Sign::Progress(progress) => self.progress = Some(progress),
            Sign::Rejected(row) if self.coming.len() < REJECTS_SHOWN_MAX => {
                self.coming.push(row);
                self.rejects.set(self.coming.iter().cloned().map(Reject).collect());
            }
            Sign::Rejected(_) => {}
        }
    }

    pub(super) fn end(&mut self) {
        self.since = None;
    }

    /// Draws how far it is into the first row of `area`.
    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        if self.since.is_none() {
            return;
        }
        let Some(progress) = self.progress else {
            canvas.text(area.x, area.y, area.width, Tone::Dim, &cx.words.say("blacklist.begins"));
            return;
        };
        let bar = progress.of.map(|of| meter::bar(progress.done, of, BAR_COLUMNS).and(&Shown::new(" "))).unwrap_or_default();
        canvas.text(area.x, area.y, area.width, Tone::Plain, &bar.and(&meter::progress(cx.words, progress)));
    }
}
