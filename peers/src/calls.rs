//! What is in flight: our calls that wait for an answer, and the questions of others that wait for ours.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use anju_core::names::StationKey;
use libp2p::request_response::{OutboundFailure, OutboundRequestId, ResponseChannel};

use crate::{message::CallFailure, outbox::Place};

/// Questions that may wait for our answer, all members together.
const ASKED_MAX: usize = 1024;
/// Questions of one member that may wait for our answer, so that no member uses up what is there for all.
const ASKED_PER_STATION_MAX: usize = 32;

/// Our calls under way with one station. Half of what a connection carries, so that two stations that ask each other as fast as they may
/// both get their answers.
const OURS_PER_STATION_MAX: usize = 16;

/// One of our calls.
#[derive(Debug)]
pub(crate) struct OurCall {
    /// The caller's number.
    pub(crate) call: u64,
    /// Who was asked.
    pub(crate) to: StationKey,
    /// Where its result will wait.
    pub(crate) place: Place,
}

/// A question that waits for our answer.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Whose.
    pub(crate) from: StationKey,
    /// Where the answer goes.
    pub(crate) channel: ResponseChannel<Vec<u8>>,
}

/// Everything in flight.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    ours: HashMap<OutboundRequestId, OurCall>,
    asked: BTreeMap<u64, Asked>,
    per_station: BTreeMap<StationKey, usize>,
    next_token: u64,
}

impl Calls {
    /// Whether one more call to this station may be sent.
    pub(crate) fn has_room_for(&self, to: &StationKey) -> bool {
        self.ours.values().filter(|call| call.to == *to).count() < OURS_PER_STATION_MAX
    }

    /// Notes a call that was sent. How many there can be is bounded by the places.
    pub(crate) fn sent(&mut self, id: OutboundRequestId, call: OurCall) {
        self.ours.insert(id, call);
    }

    /// Takes out a call that has ended.
    pub(crate) fn ended(&mut self, id: OutboundRequestId) -> Option<OurCall> {
        self.ours.remove(&id)
    }

    /// Keeps the channel of a question and gives it a token; none, and the channel is dropped, when too many wait.
    pub(crate) fn asked(&mut self, from: StationKey, channel: ResponseChannel<Vec<u8>>) -> Option<u64> {
        let of_station = self.per_station.get(&from).copied().unwrap_or_default();
        if self.asked.len() >= ASKED_MAX || of_station >= ASKED_PER_STATION_MAX {
            return None;
        }
        let token = self.next_token;
        self.next_token += 1;
        self.per_station.insert(from, of_station + 1);
        self.asked.insert(token, Asked { from, channel });
        Some(token)
    }

    /// Takes out a question; none when it was answered, dropped, or too late.
    pub(crate) fn answer(&mut self, token: u64) -> Option<Asked> {
        let asked = self.asked.remove(&token)?;
        if let Some(waiting) = self.per_station.get_mut(&asked.from) {
            *waiting -= 1;
            if *waiting == 0 {
                self.per_station.remove(&asked.from);
            }
        }
        Some(asked)
    }

    /// Lets go of the questions whose stream has timed out or closed, answered or not.
    pub(crate) fn sweep(&mut self) {
        let dead: Vec<u64> = self.asked.iter().filter(|(_, asked)| !asked.channel.is_open()).map(|(token, _)| *token).collect();
        for token in dead {
            self.answer(token);
        }
    }
}

/// What a failed call failed of.
pub(crate) fn failure(error: &OutboundFailure) -> CallFailure {
    match error {
        OutboundFailure::DialFailure => CallFailure::Unreachable,
        OutboundFailure::Timeout => CallFailure::Timeout,
        OutboundFailure::ConnectionClosed => CallFailure::Closed,
        OutboundFailure::UnsupportedProtocols => CallFailure::Refused,
        OutboundFailure::Io(e) => match e.kind() {
            io::ErrorKind::InvalidData => CallFailure::TooLarge,
            // The stream was closed without a frame: the other side dropped the question.
            io::ErrorKind::UnexpectedEof => CallFailure::Refused,
            // All streams of the connection are taken: the library has no name for it.
            io::ErrorKind::Other => CallFailure::Overrun,
            _ => CallFailure::Closed,
        },
    }
}
