//! What the network knows of each station, added to the core's status on its way out, and sampled for the last minutes. Only the newest
//! [`TREND_SAMPLES_MAX`] samples of each member are kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use anju_core::desk::{Status, TREND_SAMPLES_MAX, Trend, Trends};
use anju_core::names::{CentreCode, StationKey};
use anju_peers::Link;

/// Milliseconds between two samples.
pub const SAMPLE_EVERY_MS: u64 = 10_000;
/// The token under which the sampler asks for a status: the door counts its clients from 1.
pub(super) const SAMPLER: u64 = 0;

/// How one centre went.
#[derive(Debug, Default)]
struct Course {
    /// Bytes to and from it since the start, at the last sample.
    total: u64,
    traffic: VecDeque<u64>,
    lag: VecDeque<u64>,
}

/// The samples.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<BTreeMap<CentreCode, Course>>);

/// Adds to a status what only the network knows.
pub(super) fn add_links(status: &mut Status, links: &BTreeMap<StationKey, Link>) {
    for station in &mut status.stations {
        let Some(link) = links.get(&station.station) else { continue };
        station.address.clone_from(&link.address);
        let millis = |micros: u128| u64::try_from((micros + 500) / 1000).unwrap_or(u64::MAX);
        station.round_trip_ms = link.round_trip.filter(|_| station.connected).map(|time| millis(time.as_micros()));
        (station.bytes_in, station.bytes_out) = (link.bytes_in, link.bytes_out);
    }
}

impl Meter {
    /// Takes a sample of a status that has its links.
    pub(super) fn sample(&self, status: &Status) {
        let mut courses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is no member any more is forgotten.
        courses.retain(|centre, _| status.journals.iter().any(|journal| journal.centre == *centre));
        for journal in &status.journals {
            let of_centre = status.stations.iter().filter(|station| station.centre == journal.centre);
            let total = of_centre.fold(0_u64, |sum, s| sum.saturating_add(s.bytes_in).saturating_add(s.bytes_out));
            let course = courses.entry(journal.centre.clone()).or_default();
            // A station that left takes its counts along: what is left is then less than before, and nothing is known of this step.
            keep(&mut course.traffic, total.saturating_sub(course.total));
            keep(&mut course.lag, journal.announced.saturating_sub(journal.size));
            course.total = total;
        }
    }

    /// How every member went.
    pub(super) fn trends(&self) -> Trends {
        let courses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = |samples: &VecDeque<u64>| samples.iter().copied().collect();
        let trend = |(centre, c): (&CentreCode, &Course)| Trend { centre: centre.clone(), traffic: all(&c.traffic), lag: all(&c.lag) };
        Trends { step_ms: SAMPLE_EVERY_MS, centres: courses.iter().map(trend).collect() }
    }
}

fn keep(samples: &mut VecDeque<u64>, sample: u64) {
    if samples.len() >= TREND_SAMPLES_MAX {
        samples.pop_front();
    }
    samples.push_back(sample);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anju_core::desk::{JournalStatus, StationStatus};
    use anju_core::names::{Digest, FederationName};
    use anju_core::time::Time;

    use super::*;

    const STATION: StationKey = StationKey([3; 32]);

    fn status(size: u64, announced: u64, connected: bool) -> Status {
        let centre = CentreCode::new("C46020").unwrap();
        let (root, heartbeat, age_ms) = (None, None, None);
        let (name, applied, stale, forked) = (String::new(), size, false, false);
        let (backing, cosigned_age_ms) = (None, None);
        let journal = JournalStatus {
            centre: centre.clone(),
            name,
            size,
            announced,
            applied,
            root,
            heartbeat,
            age_ms,
            stale,
            forked,
            backing,
            cosigned_age_ms,
        };
        let (address, round_trip_ms, bytes_in, bytes_out) = (None, None, 0, 0);
        let station = StationStatus { station: STATION, centre: centre.clone(), connected, address, round_trip_ms, bytes_in, bytes_out };
        Status {
            version: String::new(),
            centre,
            federation: FederationName::new("test").unwrap(),
            charter: Digest([0; 32]),
            now: Time(0),
            read_only: None,
            frozen: None,
            journals: vec![journal],
            stations: vec![station],
            faults: Vec::new(),
            warnings: Vec::new(),
            old_pepper: Vec::new(),
        }
    }

    fn link(bytes_in: u64, micros: u64) -> BTreeMap<StationKey, Link> {
        let address = Some("/ip4/10.0.0.2/udp/7401/quic-v1".to_owned());
        BTreeMap::from([(STATION, Link { address, round_trip: Some(Duration::from_micros(micros)), bytes_in, bytes_out: 1 })])
    }

    #[test]
    fn a_round_trip_is_told_of_a_station_that_is_connected_only_and_its_address_always() {
        let mut there = status(1, 1, true);
        add_links(&mut there, &link(7, 12_600));
        assert_eq!((there.stations[0].round_trip_ms, there.stations[0].bytes_in), (Some(13), 7));
        let mut gone = status(1, 1, false);
        add_links(&mut gone, &link(7, 12_600));
        assert_eq!(gone.stations[0].round_trip_ms, None);
        assert!(gone.stations[0].address.as_deref().is_some_and(|address| address.contains("10.0.0.2")));
    }

    #[test]
    fn samples_are_differences_and_only_the_newest_are_kept() {
        let meter = Meter::default();
        for step in 0..(TREND_SAMPLES_MAX as u64 + 5) {
            let mut now = status(step, 2 * step, true);
            add_links(&mut now, &link(step * 100, 1));
            meter.sample(&now);
        }
        let trends = meter.trends();
        let trend = &trends.centres[0];
        assert_eq!((trend.traffic.len(), trend.lag.len()), (TREND_SAMPLES_MAX, TREND_SAMPLES_MAX));
        assert!(trend.traffic.iter().all(|bytes| *bytes == 100));
        assert_eq!(trend.lag.last(), Some(&(TREND_SAMPLES_MAX as u64 + 4)));
        meter.sample(&Status { journals: Vec::new(), ..status(0, 0, true) });
        assert!(meter.trends().centres.is_empty());
    }
}
