//! What the consumer has not taken yet, in bounded memory however slow it is.
//!
//! Four kinds of news have four ways to stay bounded. Who is connected is a set, told as its difference. Counters are numbers.
//! Announcements and questions are dropped when too much waits. The result of a call is never dropped: its place was reserved when the
//! call was taken on, and if its bytes no longer fit it becomes a failure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anju_core::names::StationKey;
use tokio::sync::OwnedSemaphorePermit;

use crate::message::{CallFailure, PeerEvent, RefusedReason};

/// How many calls may be under way or have a result that was not taken.
pub(crate) const CALLS_MAX: usize = 256;
/// Waiting events beyond which an announcement is dropped: it is only a hint, so it goes first.
const WAITING_FOR_ANNOUNCEMENTS_MAX: usize = 64;
/// Waiting events beyond which a question is dropped.
const WAITING_FOR_ASKS_MAX: usize = 256;
/// Waiting bytes beyond which announcements and questions are dropped.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Waiting bytes beyond which an answer becomes a failure.
const WAITING_ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The place of a call, given back when its result was taken.
pub(crate) type Place = OwnedSemaphorePermit;

/// The waiting events.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<(PeerEvent, Option<Place>)>,
    bytes: usize,
    connected: BTreeSet<StationKey>,
    told: BTreeSet<StationKey>,
    counters: BTreeMap<RefusedReason, u64>,
    changed: BTreeSet<RefusedReason>,
    tell_counters: bool,
}

impl Outbox {
    /// Tells an address; as many as there are listeners, and later ones when there is room.
    pub(crate) fn listening(&mut self, address: String) {
        self.queue.push_back((PeerEvent::Listening(address), None));
    }

    /// Notes who is connected.
    pub(crate) fn connected(&mut self, station: StationKey) {
        self.connected.insert(station);
    }

    /// Notes who is not.
    pub(crate) fn disconnected(&mut self, station: &StationKey) {
        self.connected.remove(station);
    }

    /// Counts something refused.
    pub(crate) fn refused(&mut self, reason: RefusedReason, times: u64) {
        if times > 0 {
            *self.counters.entry(reason).or_default() += times;
            self.changed.insert(reason);
        }
    }

    /// Lets the changed counters be told now. Called at a slow beat, so that counters never crowd out anything else.
    pub(crate) fn tell_counters(&mut self) {
        self.tell_counters = true;
    }

    /// Whether an announcement would be taken.
    pub(crate) fn has_room_for_announcement(&self) -> bool {
        self.queue.len() < WAITING_FOR_ANNOUNCEMENTS_MAX && self.bytes < WAITING_BYTES_MAX
    }

    /// Whether a question would be taken.
    pub(crate) fn has_room_for_ask(&self) -> bool {
        self.queue.len() < WAITING_FOR_ASKS_MAX && self.bytes < WAITING_BYTES_MAX
    }

    /// Takes an announcement, a question or a round trip; the caller asked for room before.
    pub(crate) fn hint(&mut self, event: PeerEvent) {
        self.push(event, None);
    }

    /// Takes the result of a call, with its place.
    pub(crate) fn result(&mut self, event: PeerEvent, place: Place) {
        let event = match event {
            PeerEvent::Answered { from, call, body } if self.bytes + body.len() > WAITING_ANSWER_BYTES_MAX => {
                PeerEvent::CallFailed { call, to: from, reason: CallFailure::Overrun }
            }
            other => other,
        };
        self.push(event, Some(place));
    }

    /// Whether there is anything to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.connected == self.told && (self.changed.is_empty() || !self.tell_counters)
    }

    /// The next event to tell: first who is connected, so that nobody is heard before they are known to be there.
    pub(crate) fn pop(&mut self) -> Option<PeerEvent> {
        if let Some(gone) = self.told.difference(&self.connected).next().copied() {
            self.told.remove(&gone);
            return Some(PeerEvent::Disconnected(gone));
        }
        if let Some(come) = self.connected.difference(&self.told).next().copied() {
            self.told.insert(come);
            return Some(PeerEvent::Connected(come));
        }
        if let Some((event, _place)) = self.queue.pop_front() {
            self.bytes -= body_len(&event);
            return Some(event);
        }
        if self.tell_counters {
            if let Some(reason) = self.changed.pop_first() {
                let count = self.counters.get(&reason).copied().unwrap_or_default();
                return Some(PeerEvent::Refused { reason, count });
            }
            self.tell_counters = false;
        }
        None
    }

    fn push(&mut self, event: PeerEvent, place: Option<Place>) {
        self.bytes += body_len(&event);
        self.queue.push_back((event, place));
    }
}

fn body_len(event: &PeerEvent) -> usize {
    match event {
        PeerEvent::Announcement { body, .. } | PeerEvent::Asked { body, .. } | PeerEvent::Answered { body, .. } => body.len(),
        PeerEvent::Listening(_)
        | PeerEvent::Connected(_)
        | PeerEvent::Disconnected(_)
        | PeerEvent::CallFailed { .. }
        | PeerEvent::RoundTrip { .. }
        | PeerEvent::Refused { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    const A: StationKey = StationKey([1; 32]);

    fn announcement() -> PeerEvent {
        PeerEvent::Announcement { from: A, source: 0, body: vec![0; 10] }
    }

    #[test]
    fn announcements_stop_before_questions_do() {
        let mut outbox = Outbox::default();
        while outbox.has_room_for_announcement() {
            outbox.hint(announcement());
        }
        assert_eq!(outbox.queue.len(), WAITING_FOR_ANNOUNCEMENTS_MAX);
        assert!(outbox.has_room_for_ask());
    }

    #[test]
    fn an_answer_that_does_not_fit_becomes_a_failure_and_keeps_its_place_until_taken() {
        let mut outbox = Outbox::default();
        let places = Arc::new(Semaphore::new(2));
        let big = PeerEvent::Answered { from: A, call: 1, body: vec![0; WAITING_ANSWER_BYTES_MAX] };
        outbox.result(big, places.clone().try_acquire_owned().unwrap());
        outbox.result(PeerEvent::Answered { from: A, call: 2, body: vec![0] }, places.clone().try_acquire_owned().unwrap());
        assert_eq!(places.available_permits(), 0);
        assert!(!outbox.has_room_for_ask());
        assert!(matches!(outbox.pop(), Some(PeerEvent::Answered { call: 1, .. })));
        assert_eq!(outbox.pop(), Some(PeerEvent::CallFailed { call: 2, to: A, reason: CallFailure::Overrun }));
        assert_eq!((places.available_permits(), outbox.bytes), (2, 0));
    }

    #[test]
    fn a_station_that_comes_and_goes_while_nobody_listens_is_no_news() {
        let mut outbox = Outbox::default();
        for _ in 0..1000 {
            outbox.connected(A);
            outbox.disconnected(&A);
        }
        assert!(outbox.is_empty());
        outbox.connected(A);
        assert_eq!(outbox.pop(), Some(PeerEvent::Connected(A)));
        outbox.disconnected(&A);
        assert_eq!(outbox.pop(), Some(PeerEvent::Disconnected(A)));
        assert_eq!(outbox.pop(), None);
    }

    #[test]
    fn counters_are_told_as_totals_when_it_is_time() {
        let mut outbox = Outbox::default();
        outbox.refused(RefusedReason::Stranger, 2);
        outbox.refused(RefusedReason::Stranger, 1);
        assert_eq!((outbox.is_empty(), outbox.pop()), (true, None));
        outbox.tell_counters();
        assert_eq!(outbox.pop(), Some(PeerEvent::Refused { reason: RefusedReason::Stranger, count: 3 }));
        assert_eq!(outbox.pop(), None);
    }
}
