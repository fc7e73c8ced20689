//! How the peer is: every journal, every station, every warning.

use super::{Env, Node, STALE_AFTER_MS, Stop};
use crate::desk::{FaultCount, JournalStatus, StationStatus, Status};
use crate::error::ShelfError;
use crate::names::CentreCode;
use crate::shelf::Head;
use crate::time::{CLOCK_TOLERANCE_MS, Time};

/// How fresh a journal is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Freshness {
    /// The author's time of the newest heartbeat.
    pub(super) heartbeat: Option<Time>,
    /// Milliseconds since it.
    pub(super) age_ms: Option<i64>,
    /// Silent for too long, or never heard.
    pub(super) stale: bool,
    /// Rows that the author signed for are not here.
    pub(super) behind: bool,
}

impl Node {
    /// How fresh `centre`'s journal is.
    pub(super) fn freshness(&self, env: &Env<'_>, centre: &CentreCode) -> Result<Freshness, ShelfError> {
        let newest = self.newest_head(env, centre)?;
        let held = env.shelf.journal(centre)?;
        let age_ms = newest.as_ref().map(|head| age(head, env.now));
        Ok(Freshness {
            heartbeat: newest.as_ref().map(|head| head.heartbeat),
            age_ms,
            stale: !self.writes(centre) && age_ms.is_none_or(|age| age > STALE_AFTER_MS),
            behind: newest.is_some_and(|head| head.size > held.size),
        })
    }

    pub(super) fn status(&self, env: &Env<'_>) -> Result<Status, Stop> {
        let mut journals = Vec::new();
        for member in self.charter.members() {
            let state = env.shelf.journal(&member.centre)?;
            let newest = self.newest_head(env, &member.centre)?;
            let fresh = self.freshness(env, &member.centre)?;
            let newest_row = state.size.checked_sub(1);
            let backing = newest_row.map(|index| self.backing(env, &member.centre, index)).transpose()?;
            let cosigned_age_ms = newest_row.map(|index| self.cosigned_age_ms(env, &member.centre, index)).transpose()?.flatten();
            journals.push(JournalStatus {
                centre: member.centre.clone(),
                name: member.name.clone(),
                size: state.size,
                announced: newest.as_ref().map_or(state.size, |head| head.size.max(state.size)),
                applied: state.applied,
                root: newest.map(|head| head.root),
                heartbeat: fresh.heartbeat,
                age_ms: fresh.age_ms,
                stale: fresh.stale,
                forked: self.is_contained(&member.centre),
                backing,
                cosigned_age_ms,
            });
        }
        let faults = env.shelf.faults()?.into_iter().map(|(station, code, count)| FaultCount { station, code, count }).collect();
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            centre: self.centre.clone(),
            federation: self.charter.federation().clone(),
            charter: self.charter.digest(),
            now: env.now,
            read_only: self.read_only(),
            frozen: self.frozen(),
            journals,
            stations: self.stations(),
            faults,
            warnings: self.warnings(env)?,
            old_pepper: self.old_pepper(),
        })
    }

    fn stations(&self) -> Vec<StationStatus> {
        let own = self.keys.station_key();
        let all = self.charter.members().iter().flat_map(|m| m.stations.iter().map(move |s| (m, s)));
        all.filter(|(_, station)| station.key != own)
            .map(|(member, station)| StationStatus {
                station: station.key,
                centre: member.centre.clone(),
                connected: self.replicate.connected.contains(&station.key),
                address: None,
                round_trip_ms: None,
                bytes_in: 0,
                bytes_out: 0,
            })
            .collect()
    }

    fn warnings(&self, env: &Env<'_>) -> Result<Vec<String>, ShelfError> {
        let mut warnings = Vec::new();
        if self.clock_jumped_back {
            warnings.push("clock-jumped-back".to_owned());
        }
        let offsets = &self.replicate.clock_offsets;
        let off = offsets.values().filter(|offset| offset.abs() > CLOCK_TOLERANCE_MS).count();
        if off > 0 && off * 2 > offsets.len() {
            warnings.push("clock-differs-from-most".to_owned());
        } else if off > 0 {
            warnings.push("clock-of-another-centre-differs".to_owned());
        }
        if self.quota_alarm(env)? {
            warnings.push("lookup-quota-alarm".to_owned());
        }
        Ok(warnings)
    }
}

/// Milliseconds since a heartbeat. A heartbeat from the future is not younger than its arrival here.
fn age(head: &Head, now: Time) -> i64 {
    now.since(head.heartbeat.min(head.received)).max(0)
}
