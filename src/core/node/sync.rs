//! Somebody waits until every journal here is as new as its author's newest checkpoint.
//!
//! How new that is, only others can say: a member's own station, or, when it is not connected, everybody who is. What was heard before
//! the waiting began does not count.

use std::collections::{BTreeMap, BTreeSet};

use super::replicate::HURRY_EVERY_MS;
use super::{Effect, Env, Node, STALE_AFTER_MS, Stop};
use crate::charter::Member;
use crate::desk::{Event, SyncLine, SyncView};
use crate::error::{RefusalCode, ShelfError};
use crate::names::{CentreCode, StationKey};
use crate::time::{SECOND_MS, Time};

/// Most that wait at once.
pub const MAX_SYNC_WAITING: usize = 64;
/// Longest wait, in milliseconds.
pub const MAX_SYNC_MS: u64 = 24 * 3_600_000;
/// How long it is waited for everybody who is connected to tell of journals whose author is not, in milliseconds.
pub const EVERYBODY_WITHIN_MS: i64 = 5 * SECOND_MS;

#[derive(Debug, Default)]
pub(super) struct State {
    /// By token.
    waiting: BTreeMap<u64, Waiting>,
    last_hurry: Option<Time>,
}

#[derive(Debug)]
struct Waiting {
    since: Time,
    patience_ms: i64,
    /// Stations that have told of their heads since then.
    told: BTreeSet<StationKey>,
    /// Journals of which anybody has told a head since then.
    told_of: BTreeSet<CentreCode>,
}

impl Node {
    /// [`crate::desk::Request::Sync`].
    pub(super) fn sync(&mut self, env: &mut Env<'_>, token: u64, timeout_ms: u64, out: &mut Vec<Effect>) -> Result<(), Stop> {
        if self.sync.waiting.len() >= MAX_SYNC_WAITING {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let patience_ms = i64::try_from(timeout_ms.min(MAX_SYNC_MS)).unwrap_or(i64::MAX);
        let waiting = Waiting { since: env.now, patience_ms, told: BTreeSet::new(), told_of: BTreeSet::new() };
        self.sync.waiting.insert(token, waiting);
        self.sync.last_hurry = Some(env.now);
        self.hurry(env, out)?;
        Ok(())
    }

    /// `from` has told of a verified head of `centre`.
    pub(super) fn told_of(&mut self, from: StationKey, centre: &CentreCode) {
        if self.sync.waiting.is_empty() {
            return;
        }
        let by_author = self.charter.station(&from).is_some_and(|(member, _)| member.centre == *centre);
        for waiting in self.sync.waiting.values_mut() {
            waiting.told_of.insert(centre.clone());
            if by_author {
                waiting.told.insert(from);
            }
        }
    }

    /// `from` has told of every head that it holds.
    pub(super) fn told_everything(&mut self, from: StationKey) {
        for waiting in self.sync.waiting.values_mut() {
            waiting.told.insert(from);
        }
    }

    /// Answers those for whom everything is current, and those whose time is over.
    pub(super) fn sync_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.sync.waiting.is_empty() {
            return Ok(());
        }
        if self.sync.last_hurry.is_none_or(|last| env.now.since(last).abs() >= HURRY_EVERY_MS) {
            self.sync.last_hurry = Some(env.now);
            self.hurry(env, out)?;
        }
        let mut answered = Vec::new();
        for (token, waiting) in &self.sync.waiting {
            let view = self.how_current(env, waiting)?;
            if view.complete || env.now.since(waiting.since).abs() >= waiting.patience_ms {
                answered.push(*token);
                out.push(Effect::Reply { token: *token, event: Box::new(Event::Sync(Box::new(view))) });
            }
        }
        self.sync.waiting.retain(|token, _| !answered.contains(token));
        Ok(())
    }

    fn how_current(&self, env: &Env<'_>, waiting: &Waiting) -> Result<SyncView, ShelfError> {
        let mut journals = Vec::new();
        for member in self.charter.members().iter().filter(|member| !self.writes(&member.centre)) {
            let size = env.shelf.journal(&member.centre)?.size;
            let fresh = self.freshness(env, &member.centre)?;
            let newest = self.newest_head(env, &member.centre)?;
            let young = fresh.age_ms.is_some_and(|age| age <= STALE_AFTER_MS);
            journals.push(SyncLine {
                centre: member.centre.clone(),
                name: member.name.clone(),
                size,
                announced: newest.map_or(size, |head| head.size.max(size)),
                as_of: fresh.heartbeat,
                age_ms: fresh.age_ms,
                current: young && !fresh.behind && self.has_been_told(env.now, member, waiting),
            });
        }
        let complete = journals.iter().all(|line| line.current);
        Ok(SyncView { journals, complete })
    }

    /// Whether what is known of a member's newest head is from after the waiting began: from its own station, or from everybody.
    fn has_been_told(&self, now: Time, member: &Member, waiting: &Waiting) -> bool {
        let by_author = member.stations.iter().any(|station| waiting.told.contains(&station.key));
        let everybody = self.replicate.connected.iter().all(|station| waiting.told.contains(station));
        let in_time = now.since(waiting.since).abs() < EVERYBODY_WITHIN_MS;
        waiting.told_of.contains(&member.centre) && (by_author || everybody || !in_time)
    }
}
