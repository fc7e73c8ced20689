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
/// A stretch that did not come is asked for in parts: this many of them.
const PARTS_AFTER_FAILURE: u64 = 4;

/// Rows `from..from + rows` of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
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
    /// So many rows came through, or are hoped to; as many as fit when absent.
    through: Option<u64>,
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
        self.through = self.through.map(|rows| rows.saturating_mul(2)).filter(|rows| self.fit.is_some_and(|fit| *rows < fit));
    }

    /// A question for so many rows had no answer.
    pub(super) fn failed(&mut self, rows: u64) {
        // Of several that failed together each says the same; a shorter one says more.
        let parts = (rows.min(self.fit.unwrap_or(rows)) / PARTS_AFTER_FAILURE).max(1);
        self.through = Some(self.through.map_or(parts, |known| known.min(parts)));
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
        if covered.len() >= MAX_STRETCHES || (self.fit.is_none() && !covered.is_empty()) {
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
        let end = from.saturating_add(self.through.unwrap_or(fit).min(fit)).min(until);
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
        assert_eq!(rows(&pulled), 1024, "two that failed together are one piece of news");
        for shorter in [256, 64, 16, 4, 1, 1] {
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
