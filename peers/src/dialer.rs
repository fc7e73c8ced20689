//! Who is dialled when. Pure: it is told what happened and asked what is due, with the time as an argument.
//!
//! Every member that is not connected is dialled again and again, ever more seldom, for ever. Of two stations that lack each other the
//! one with the smaller key dials first and the other only after a grace, so that they do not both dial at the same moment.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use anju_core::names::StationKey;
use libp2p::Multiaddr;

/// Dials under way at once: enough to reach 400 stations within a minute when each takes its 5 s, few enough to be no storm.
pub(crate) const DIALS_MAX: usize = 32;
/// The wait after the first failure, doubled by each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest wait, before chance makes it half as long again. When a network that was parted is whole again, everything is to be
/// everywhere within a minute; this is the larger part of it, and the rest is for rows.
const BACKOFF_MAX: Duration = Duration::from_secs(20);
/// How much longer the station with the greater key waits.
const SECOND_DIALER_GRACE: Duration = Duration::from_millis(1500);
/// Doublings after which the wait no longer grows; keeps the shift in range.
const DOUBLINGS_MAX: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connected,
    Dialling { failures: u32 },
    Waiting { until: Instant, failures: u32 },
}

#[derive(Debug)]
struct Target {
    addresses: Vec<Multiaddr>,
    state: State,
}

/// The schedule.
#[derive(Debug)]
pub(crate) struct Dialer {
    ours: StationKey,
    targets: BTreeMap<StationKey, Target>,
    chance: RandomState,
    waits: u64,
}

impl Dialer {
    /// A schedule for the station `ours`.
    pub(crate) fn new(ours: StationKey) -> Self {
        Self { ours, targets: BTreeMap::new(), chance: RandomState::new(), waits: 0 }
    }

    /// Takes the whole new list of members and their addresses. Who is new, or has other addresses, is due soon.
    pub(crate) fn set_members(&mut self, members: Vec<(StationKey, Vec<Multiaddr>)>, now: Instant) {
        let mut old = std::mem::take(&mut self.targets);
        for (station, addresses) in members {
            let kept = old.remove(&station);
            let state = match kept {
                Some(Target { state, addresses: before }) if before == addresses => state,
                Some(Target { state: state @ (State::Connected | State::Dialling { .. }), .. }) => state,
                Some(Target { state: State::Waiting { .. }, .. }) | None => {
                    State::Waiting { until: now + self.grace(&station), failures: 0 }
                }
            };
            self.targets.insert(station, Target { addresses, state });
        }
    }

    /// The next station to dial now, if any; it counts as being dialled until something is reported.
    pub(crate) fn due(&mut self, now: Instant) -> Option<(StationKey, Vec<Multiaddr>)> {
        let dialling = self.targets.values().filter(|t| matches!(t.state, State::Dialling { .. })).count();
        if dialling >= DIALS_MAX {
            return None;
        }
        // The longest overdue first, so that no member starves behind others.
        let waiting = self.targets.iter_mut().filter_map(|(station, target)| match target.state {
            State::Waiting { until, failures } if until <= now && !target.addresses.is_empty() => Some((until, failures, station, target)),
            State::Waiting { .. } | State::Connected | State::Dialling { .. } => None,
        });
        let (_, failures, station, target) = waiting.min_by_key(|(until, ..)| *until)?;
        target.state = State::Dialling { failures };
        Some((*station, target.addresses.clone()))
    }

    /// A connection with the station stands, whoever dialled.
    pub(crate) fn connected(&mut self, station: &StationKey) {
        if let Some(target) = self.targets.get_mut(station) {
            target.state = State::Connected;
        }
    }

    /// No connection with the station stands any more.
    pub(crate) fn disconnected(&mut self, station: &StationKey, now: Instant) {
        let until = now + self.wait(station, 0);
        if let Some(target) = self.targets.get_mut(station) {
            target.state = State::Waiting { until, failures: 0 };
        }
    }

    /// A dial failed. Means nothing when the station connected to us meanwhile.
    pub(crate) fn failed(&mut self, station: &StationKey, now: Instant) {
        let Some(State::Dialling { failures }) = self.targets.get(station).map(|t| t.state) else { return };
        let until = now + self.wait(station, failures);
        if let Some(target) = self.targets.get_mut(station) {
            target.state = State::Waiting { until, failures: failures.saturating_add(1) };
        }
    }

    fn grace(&self, station: &StationKey) -> Duration {
        if self.ours < *station { Duration::ZERO } else { SECOND_DIALER_GRACE }
    }

    /// Half to one and a half times the doubled wait: stations that lost each other together do not come back together.
    fn wait(&mut self, station: &StationKey, failures: u32) -> Duration {
        let full = BACKOFF_FIRST.saturating_mul(1 << failures.min(DOUBLINGS_MAX)).min(BACKOFF_MAX);
        self.waits = self.waits.wrapping_add(1);
        let permille = u32::try_from(500 + self.chance.hash_one((self.waits, station.0)) % 1001).unwrap_or(1000);
        full * permille / 1000 + self.grace(station)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station(n: u8) -> StationKey {
        StationKey([n; 32])
    }

    fn addresses() -> Vec<Multiaddr> {
        vec!["/ip4/127.0.0.1/tcp/1".parse().unwrap()]
    }

    #[test]
    fn a_member_that_cannot_be_reached_is_dialled_ever_more_seldom_but_for_ever() {
        let mut dialer = Dialer::new(station(1));
        let mut now = Instant::now();
        dialer.set_members(vec![(station(2), addresses())], now);
        let mut waited = Vec::new();
        for _ in 0..50 {
            let before = now;
            while dialer.due(now).is_none() {
                now += Duration::from_millis(50);
            }
            waited.push(now - before);
            assert_eq!(dialer.due(now), None, "dialled twice at once");
            dialer.failed(&station(2), now);
        }
        assert!(waited[0] < Duration::from_secs(1) && waited[1] < Duration::from_secs(1));
        assert!(waited[20..].iter().all(|w| *w >= BACKOFF_MAX / 2));
        assert!(waited.iter().all(|w| *w <= BACKOFF_MAX * 3 / 2 + Duration::from_millis(50)));
    }

    #[test]
    fn a_member_that_was_away_for_long_is_dialled_within_half_a_minute_and_some() {
        let mut dialer = Dialer::new(station(2));
        let mut now = Instant::now();
        dialer.set_members(vec![(station(1), addresses())], now);
        for _ in 0..100 {
            let begin = now;
            while dialer.due(now).is_none() {
                now += Duration::from_millis(50);
            }
            assert!(now - begin < Duration::from_secs(35), "{:?}", now - begin);
            dialer.failed(&station(1), now);
        }
    }

    #[test]
    fn of_two_stations_the_one_with_the_greater_key_waits() {
        let now = Instant::now();
        let (mut smaller, mut greater) = (Dialer::new(station(1)), Dialer::new(station(2)));
        smaller.set_members(vec![(station(2), addresses())], now);
        greater.set_members(vec![(station(1), addresses())], now);
        assert!(smaller.due(now).is_some());
        assert!(greater.due(now).is_none());
        assert!(greater.due(now + SECOND_DIALER_GRACE).is_some());
    }

    #[test]
    fn never_more_than_so_many_dials_at_once() {
        let mut dialer = Dialer::new(station(0));
        let now = Instant::now();
        dialer.set_members((1..=200).map(|n| (station(n), addresses())).collect(), now);
        let mut dialled = 0;
        while dialer.due(now).is_some() {
            dialled += 1;
        }
        assert_eq!(dialled, DIALS_MAX);
        dialer.connected(&station(1));
        assert!(dialer.due(now).is_some());
        assert!(dialer.due(now).is_none());
    }

    #[test]
    fn a_connection_that_came_from_the_other_side_ends_the_dialling() {
        let mut dialer = Dialer::new(station(1));
        let now = Instant::now();
        dialer.set_members(vec![(station(2), addresses())], now);
        assert!(dialer.due(now).is_some());
        dialer.connected(&station(2));
        dialer.failed(&station(2), now);
        assert!(dialer.due(now + BACKOFF_MAX * 2).is_none());
        dialer.disconnected(&station(2), now);
        assert!(dialer.due(now + BACKOFF_MAX * 2).is_some());
    }
}
