//! A centre has several stations, and one of them writes.
//!
//! The others hold every journal, answer lookups from their copy, and take to the writer what must be written: what operators ask for at
//! them, and what other centres ask of the issuer ([`forward`]). From the writer they have what the charter seals to its keys alone: the
//! epoch's secrets, and the operators' accounts ([`handover`]). When the writer is lost, the charter names one of them as the next, with
//! keys of its own, in the next term; until then nothing is written. What must never be here: a row of the centre's journal.

mod forward;
mod handover;

pub use forward::{MAX_FORWARDED, MAX_RELAYED};
pub use handover::HANDOVER_EVERY_MS;

use super::Node;
use crate::names::{CentreCode, StationKey};

/// The conversation's state: both sides of it, since who writes changes.
#[derive(Debug, Default)]
pub(super) struct State {
    forward: forward::State,
    handover: handover::State,
}

impl State {
    /// For a node that takes another's place: late answers must not be taken for answers to something else.
    pub(super) fn successor(&self) -> Self {
        Self { forward: self.forward.successor(), handover: handover::State::default() }
    }
}

impl Node {
    /// Whether this station is one of its centre's that do not write.
    pub(super) fn is_second(&self) -> bool {
        self.charter.is_second(&self.centre, &self.keys.station_key())
    }

    /// Whether this station is where that journal is written.
    pub(super) fn writes(&self, centre: &CentreCode) -> bool {
        *centre == self.centre && !self.is_second()
    }

    /// The writer of this centre, if it is another station and connected.
    fn writer_at_hand(&self) -> Option<StationKey> {
        let writer = self.charter.member(&self.centre)?.writer()?.key;
        (self.is_second() && self.is_connected(&writer)).then_some(writer)
    }

    /// Whether `station` is a station of this centre that may ask its writer, and this is the writer.
    fn is_our_second(&self, station: &StationKey) -> bool {
        self.charter.is_second(&self.centre, station) && !self.is_second()
    }
}
