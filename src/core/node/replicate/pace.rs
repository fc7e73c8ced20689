//! Nobody's line holds up another's: how many pulls of one station may be under way, and which journal is next.
//!
//! Without this, journals that only a slow station holds would take all places, be asked for again as soon as they had failed, and leave
//! none to journals behind them in the alphabet. A slow station keeps one place: what only it holds comes, too. With each pull that was quick
//! it gets one more, so that a line carries what it can.

use std::collections::BTreeMap;

use super::MAX_PULLS;
use crate::names::{CentreCode, StationKey};
use crate::time::SECOND_MS;

/// Most pulls that are under way at once with one station, whatever it holds.
pub const MAX_PULLS_FROM_ONE: usize = MAX_PULLS / 2;
/// So many with one whose last pull was slow.
pub const MAX_PULLS_FROM_SLOW: usize = 1;
/// A pull that took longer than this, or never ended, was slow, in milliseconds.
pub const SLOW_AFTER_MS: i64 = 5 * SECOND_MS;

#[derive(Debug, Default)]
pub(super) struct State {
    /// How many places a station has, once it was slow.
    places: BTreeMap<StationKey, usize>,
    /// The journal that was asked for last.
    last: Option<CentreCode>,
}

impl State {
    /// A pull took so long, whether it brought something or not.
    pub(super) fn took(&mut self, station: StationKey, ms: i64) {
        if ms >= SLOW_AFTER_MS {
            self.places.insert(station, MAX_PULLS_FROM_SLOW);
        } else if let Some(places) = self.places.get_mut(&station) {
            *places += 1;
            if *places >= MAX_PULLS_FROM_ONE {
                self.places.remove(&station);
            }
        }
    }

    /// The station is gone; the next line may be another.
    pub(super) fn forget(&mut self, station: &StationKey) {
        self.places.remove(station);
    }

    /// Whether it was slow not long ago.
    pub(super) fn is_slow(&self, station: &StationKey) -> bool {
        self.places.contains_key(station)
    }

    /// Whether one more may be under way with a station.
    pub(super) fn has_room(&self, station: &StationKey, under_way: usize) -> bool {
        under_way < self.places.get(station).copied().unwrap_or(MAX_PULLS_FROM_ONE)
    }

    /// A stretch of this journal was asked for: the others come before it the next time.
    pub(super) fn was_asked_for(&mut self, centre: &CentreCode) {
        self.last = Some(centre.clone());
    }

    /// Journals in the order of their turns.
    pub(super) fn turns<'a>(&self, centres: impl Iterator<Item = &'a CentreCode>) -> Vec<CentreCode> {
        let (behind, before): (Vec<_>, Vec<_>) = centres.cloned().partition(|centre| self.last.as_ref().is_none_or(|last| centre > last));
        behind.into_iter().chain(before).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_slow_keeps_one_place_and_gets_one_more_for_each_time_it_is_quick() {
        let (mut state, station) = (State::default(), StationKey([7; 32]));
        assert!(state.has_room(&station, MAX_PULLS_FROM_ONE - 1) && !state.has_room(&station, MAX_PULLS_FROM_ONE));
        state.took(station, SLOW_AFTER_MS);
        assert!(state.has_room(&station, 0) && !state.has_room(&station, MAX_PULLS_FROM_SLOW));
        for places in MAX_PULLS_FROM_SLOW + 1..=MAX_PULLS_FROM_ONE {
            state.took(station, SLOW_AFTER_MS - 1);
            assert!(state.has_room(&station, places - 1) && !state.has_room(&station, places));
        }
        assert!(!state.is_slow(&station));
    }

    #[test]
    fn every_journal_has_its_turn() {
        let centres: Vec<CentreCode> = ["C00001", "C00002", "C00003"].iter().map(|code| CentreCode::new(code).unwrap()).collect();
        let mut state = State::default();
        let mut first = Vec::new();
        for _ in 0..4 {
            let next = state.turns(centres.iter()).remove(0);
            state.was_asked_for(&next);
            first.push(next);
        }
        assert_eq!(first, [0, 1, 2, 0].map(|at: usize| centres[at].clone()));
    }
}
