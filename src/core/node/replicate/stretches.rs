//! Which stretches of a journal to ask for while others are under way, and the frames that came before their predecessor.
//!
//! Serving, carrying, checking and writing overlap only if the next stretch is asked for before the last one is stored. How many rows
//! fit a frame is learned from the first one; a frame that came short leaves a gap, and the next question asks for it. A frame that did not
//! come in time may have been too long for the line: the next ones are shorter, and grow again with what comes.

use std::collections::{BTreeMap, btree_map};

use crate::journal::SoundFrame;
use crate::journal::frame::{FRAME_BUDGET_BYTES, MAX_FRAME_ENTRIES};
use crate::names::StationKey;

/// Most stretches of one journal that are under way or wait for their predecessor: so many frames are in memory at most.
pub const MAX_STRETCHES: usize = 4;
/// Stretches end at multiples of this many rows, where stored subtrees make the proof short work.
const ALIGNED_ROWS: u64 = 256;
/// Part of a frame that is planned to be filled, in eighths: rows differ in length, and a short frame costs a question more.
const FILLED_EIGHTHS: usize = 7;
/// Rows that may be in a frame as long as they get, while no frame has told how many fit: rows of a kilobyte.
const FIT_UNKNOWN: u64 = 1024;
/// A stretch that did not come is asked for in parts: this many of them.
const PARTS_AFTER_FAILURE: u64 = 4;
/// Parts that come are doubled up to this fraction of what did not; beyond it they grow by an eighth.
const CEILING_AFTER_FAILURE: u64 = 2;

/// Rows `from..from + rows` of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Stretch {
    pub(super) from: u64,
    pub(super) rows: u64,
}

/// A frame that came before its predecessor, and who sent it.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) by: StationKey,
    pub(super) frame: SoundFrame,
}

/// One journal that is being pulled.
#[derive(Debug, Default)]
pub(super) struct Pulled {
    early: BTreeMap<u64, Early>,
    /// So many rows fit a frame, as far as is known.
    fit: Option<u64>,
    /// How many rows are hoped to come through in time; as many as fit when absent.
    through: Option<Through>,
}

/// What a line that was too slow for a frame is asked for at once.
#[derive(Debug, Clone, Copy)]
struct Through {
    rows: u64,
    ceiling: u64,
}

impl Through {
    /// After as much has come.
    fn more(self) -> Self {
        if self.rows.saturating_mul(2) <= self.ceiling {
            Self { rows: self.rows * 2, ..self }
        } else {
            let ceiling = self.ceiling.saturating_add(self.ceiling / 8).saturating_add(1);
            Self { rows: self.ceiling, ceiling }
        }
    }
}

impl Pulled {
    /// Learns from a frame how many rows fit one.
    pub(super) fn learn(&mut self, frame: &SoundFrame) {
        let rows = frame.rows();
        // Twelve bytes a row are what stands around header and payload, as the budget of a frame counts.
        let bytes: usize = rows.entries().map(|e| e.header.len() + e.payload.as_ref().map_or(0, Vec::len) + 12).sum();
        if let Some(each) = bytes.checked_div(rows.len()).filter(|each| *each > 0) {
            let fit = (FRAME_BUDGET_BYTES / 8 * FILLED_EIGHTHS / each).clamp(1, MAX_FRAME_ENTRIES);
            self.fit = Some(fit as u64);
        }
        self.through = self.through.map(Through::more).filter(|through| self.fit.is_none_or(|fit| through.rows < fit));
    }

    /// A question for so many rows had no answer.
    pub(super) fn failed(&mut self, rows: u64) {
        let rows = rows.min(self.fit.unwrap_or(FIT_UNKNOWN));
        let parts = Through { rows: (rows / PARTS_AFTER_FAILURE).max(1), ceiling: (rows / CEILING_AFTER_FAILURE).max(1) };
        // Of several that failed together each says the same; a shorter one says more.
        if self.through.is_none_or(|known| parts.rows < known.rows) {
            self.through = Some(parts);
        }
    }

    /// Keeps a frame for later. The caller asked for it, so that there are few.
    pub(super) fn keep(&mut self, early: Early) {
        if let btree_map::Entry::Vacant(place) = self.early.entry(early.frame.from()) {
            place.insert(early);
        }
    }

    /// The frame that continues `size` rows, if it is here; what lies before them is forgotten.
    pub(super) fn next(&mut self, size: u64) -> Option<Early> {
        self.early = self.early.split_off(&size);
        self.early.remove(&size)
    }

    /// How many frames wait.
    pub(super) fn waiting(&self) -> usize {
        self.early.len()
    }

    /// The next stretch to ask for, when `size` rows of `of` are held and `under_way` were asked for; `None` when enough is under way.
    pub(super) fn plan(&self, size: u64, of: u64, under_way: &[Stretch]) -> Option<Stretch> {
        let here = self.early.iter().map(|(from, early)| Stretch { from: *from, rows: early.frame.rows().len() as u64 });
        let mut covered: Vec<Stretch> = under_way.iter().copied().chain(here).collect();
        // On a line that is slow, several at once would only make each of them come later. What waits is not on its way.
        let alone = self.through.is_some() && !under_way.is_empty() || self.fit.is_none() && !covered.is_empty();
        if alone || covered.len() >= MAX_STRETCHES {
            return None;
        }
        covered.sort_unstable_by_key(|stretch| stretch.from);
        let mut from = size;
        let mut until = of;
        for stretch in covered {
            if stretch.from > from {
                until = stretch.from.min(of);
                break;
            }
            from = from.max(stretch.from.saturating_add(stretch.rows));
        }
        let fit = self.fit.unwrap_or(MAX_FRAME_ENTRIES as u64);
        let end = from.saturating_add(self.through.map_or(fit, |through| through.rows.min(fit))).min(until);
        let aligned = end - end % ALIGNED_ROWS;
        let end = if end < until && aligned > from { aligned } else { end };
        (from < end).then(|| Stretch { from, rows: end - from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(fit: Option<u64>, size: u64, of: u64, under_way: &[(u64, u64)]) -> Option<(u64, u64)> {
        let pulled = Pulled { fit, ..Pulled::default() };
        let under_way: Vec<_> = under_way.iter().map(|(from, rows)| Stretch { from: *from, rows: *rows }).collect();
        pulled.plan(size, of, &under_way).map(|stretch| (stretch.from, stretch.rows))
    }

    #[test]
    fn the_first_stretch_is_asked_for_alone_and_the_next_ones_follow_each_other() {
        assert_eq!(planned(None, 0, 10_000, &[]), Some((0, 4096)));
        assert_eq!(planned(None, 0, 10_000, &[(0, 4096)]), None, "how much fits is not known yet");
        assert_eq!(planned(Some(1800), 0, 10_000, &[]), Some((0, 1792)));
        assert_eq!(planned(Some(1800), 0, 10_000, &[(0, 1792)]), Some((1792, 1792)));
        assert_eq!(planned(Some(1800), 1792, 10_000, &[(1792, 1792), (3584, 1792)]), Some((5376, 1792)));
        assert_eq!(planned(Some(1800), 0, 4_000, &[(0, 1792), (1792, 1792)]), Some((3584, 416)), "the last one is as long as it is");
        assert_eq!(planned(Some(1800), 0, 3_584, &[(0, 1792), (1792, 1792)]), None);
        assert_eq!(planned(Some(3), 5, 100, &[]), Some((5, 3)), "rows so long that few fit");
    }

    #[test]
    fn a_gap_is_asked_for_before_anything_behind_it() {
        assert_eq!(planned(Some(1800), 1000, 10_000, &[(1792, 1792)]), Some((1000, 792)));
        assert_eq!(planned(Some(1800), 1000, 10_000, &[(3584, 1792), (1000, 792)]), Some((1792, 1792)));
    }

    #[test]
    fn a_stretch_that_did_not_come_is_asked_for_in_shorter_ones_until_they_come() {
        let mut pulled = Pulled::default();
        let rows = |pulled: &Pulled| pulled.plan(0, 10_000, &[]).unwrap().rows;
        pulled.failed(4096);
        pulled.failed(4096);
        assert_eq!(rows(&pulled), 256, "two that failed together are one piece of news");
        let after = |pulled: &mut Pulled| {
            pulled.through = pulled.through.map(Through::more);
            rows(pulled)
        };
        assert_eq!([0; 3].map(|_: u8| after(&mut pulled)), [512; 3], "doubled, and then carefully more");
        for shorter in [128, 32, 8, 2, 1, 1] {
            pulled.failed(rows(&pulled));
            assert_eq!(rows(&pulled), shorter);
        }
    }

    #[test]
    fn no_more_than_so_many_are_under_way() {
        let four: Vec<_> = (0..4).map(|i| (i * 256, 256)).collect();
        assert_eq!(planned(Some(256), 0, 10_000, &four), None);
        assert_eq!(planned(Some(256), 0, 10_000, &four[..3]), Some((768, 256)));
    }
}
