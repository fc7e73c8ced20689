//! What is known of the way to each member: where it leads, how long a ping takes, how much came and went. For people who look after a
//! peer; nothing is decided by it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anju_core::names::StationKey;
use libp2p::swarm::ConnectionId;

/// A new round trip counts for one part of so many, as TCP smooths its own (RFC 6298): one slow ping is not yet a slow way.
const SMOOTHING: u32 = 8;
/// Connections of one member whose addresses are remembered; the swarm allows two.
const CONNECTIONS_MAX: usize = 2;

/// The way to one member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// The other end of the newest connection, or of the last there was. Whoever dialled us is seen at a port that nobody listens on.
    pub address: Option<String>,
    /// Smoothed round trip of the pings; none while not connected.
    pub round_trip: Option<Duration>,
    /// Bytes of questions, answers and announcements that came from them, since the start.
    pub bytes_in: u64,
    /// Bytes of questions and answers that went to them, since the start. Announcements are told to several at once and not counted.
    pub bytes_out: u64,
}

#[derive(Debug, Default)]
struct Known {
    link: Link,
    connections: Vec<(ConnectionId, String)>,
}

/// The ways to all members, shared between the loop that knows and whoever asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(Arc<Mutex<BTreeMap<StationKey, Known>>>);

impl Links {
    fn all(&self) -> MutexGuard<'_, BTreeMap<StationKey, Known>> {
        // Nothing here can be left half changed by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was made.
    pub(crate) fn connected(&self, station: StationKey, id: ConnectionId, address: String) {
        let mut all = self.all();
        let known = all.entry(station).or_default();
        known.link.address = Some(address.clone());
        if known.connections.len() >= CONNECTIONS_MAX {
            known.connections.remove(0);
        }
        known.connections.push((id, address));
    }

    /// A connection was closed; with the last one the address stays as the one that is known.
    pub(crate) fn closed(&self, station: &StationKey, id: ConnectionId, remaining: u32) {
        let mut all = self.all();
        let Some(known) = all.get_mut(station) else { return };
        known.connections.retain(|(connection, _)| *connection != id);
        if let Some((_, address)) = known.connections.last() {
            known.link.address = Some(address.clone());
        }
        if remaining == 0 {
            known.connections.clear();
            known.link.round_trip = None;
        }
    }

    /// A ping came back.
    pub(crate) fn round_trip(&self, station: &StationKey, time: Duration) {
        if let Some(known) = self.all().get_mut(station).filter(|known| !known.connections.is_empty()) {
            let smoothed = known.link.round_trip.map_or(time, |old| (old * (SMOOTHING - 1) + time) / SMOOTHING);
            known.link.round_trip = Some(smoothed);
        }
    }

    /// Bytes came from a member.
    pub(crate) fn came(&self, station: &StationKey, bytes: usize) {
        if let Some(known) = self.all().get_mut(station) {
            known.link.bytes_in = known.link.bytes_in.saturating_add(bytes as u64);
        }
    }

    /// Bytes went to a member.
    pub(crate) fn went(&self, station: &StationKey, bytes: usize) {
        if let Some(known) = self.all().get_mut(station) {
            known.link.bytes_out = known.link.bytes_out.saturating_add(bytes as u64);
        }
    }

    /// Forgets whoever is no member any more.
    pub(crate) fn keep(&self, is_member: impl Fn(&StationKey) -> bool) {
        self.all().retain(|station, _| is_member(station));
    }

    /// Every way that was ever taken since the start.
    pub(crate) fn snapshot(&self) -> BTreeMap<StationKey, Link> {
        self.all().iter().map(|(station, known)| (*station, known.link.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: StationKey = StationKey([1; 32]);
    const MS: Duration = Duration::from_millis(1);

    fn id(n: usize) -> ConnectionId {
        ConnectionId::new_unchecked(n)
    }

    #[test]
    fn the_address_is_that_of_a_connection_that_stands_and_stays_known_when_none_does() {
        let links = Links::default();
        links.connected(A, id(1), "/ip4/127.0.0.1/tcp/1".to_owned());
        links.connected(A, id(2), "/ip4/127.0.0.1/tcp/2".to_owned());
        let address = || links.snapshot()[&A].address.clone().unwrap();
        assert!(address().ends_with("/2"));
        links.closed(&A, id(2), 1);
        assert!(address().ends_with("/1"));
        links.closed(&A, id(1), 0);
        assert!(address().ends_with("/1"));
    }

    #[test]
    fn one_slow_ping_does_not_make_a_slow_way_and_no_connection_has_no_round_trip() {
        let links = Links::default();
        links.round_trip(&A, MS);
        assert!(links.snapshot().is_empty(), "nobody was connected");
        links.connected(A, id(1), String::new());
        links.round_trip(&A, 10 * MS);
        links.round_trip(&A, 90 * MS);
        assert_eq!(links.snapshot()[&A].round_trip, Some(20 * MS));
        links.closed(&A, id(1), 0);
        assert_eq!(links.snapshot()[&A].round_trip, None);
        links.round_trip(&A, MS);
        assert_eq!(links.snapshot()[&A].round_trip, None, "a ping that comes back late");
    }

    #[test]
    fn bytes_are_counted_for_members_and_forgotten_with_them() {
        let links = Links::default();
        links.came(&A, 5);
        links.connected(A, id(1), String::new());
        links.came(&A, 5);
        links.went(&A, 7);
        let link = &links.snapshot()[&A];
        assert_eq!((link.bytes_in, link.bytes_out), (5, 7));
        links.keep(|_| false);
        assert!(links.snapshot().is_empty());
    }
}
