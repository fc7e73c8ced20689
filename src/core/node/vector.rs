//! How far we have applied every journal is declared, so that others can show that an ending has arrived here.
//!
//! A vector answers rows of other centres that deserve it. It never answers a vector: two centres would go on for ever. After a start
//! nobody remembers whether the last rows were answered, so the newest vector of our own is read again, as far back as is cheap; where
//! that does not tell, one vector too many is written.

use std::collections::BTreeMap;

use super::{Env, Node};
use crate::error::ShelfError;
use crate::journal::{Entry, Header, Kind, Statement};
use crate::names::CentreCode;
use crate::time::{DAY_MS, SECOND_MS, Time};
use crate::vector::VectorBody;

/// How long a vector waits after the first row that asks for one, so that one vector acknowledges many rows, in milliseconds.
pub const VECTOR_AFTER_MS: i64 = SECOND_MS;
/// Vectors are at least so far apart, in milliseconds.
pub const VECTOR_EVERY_MS: i64 = 10 * SECOND_MS;
/// How long a vector's payload is kept, in milliseconds: three years, in which somebody may ask since when an ending was known here.
pub const VECTOR_KEPT_MS: i64 = 3 * 366 * DAY_MS;
/// Most rows, own and others', that are looked through after a start.
pub const MAX_ROWS_READ_AT_START: u64 = 2_048;
/// Rows that are read at once then, and their bytes.
const PAGE_ROWS: u64 = 128;
const PAGE_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct State {
    wanted_since: Option<Time>,
    last: Option<Time>,
    /// Whether it is known that nothing from before the start waits for a vector.
    start_looked_at: bool,
}

impl State {
    /// For a node that takes another's place: when the last one was written, so that writes that fail make no storm.
    pub(super) fn successor(&self) -> Self {
        Self { last: self.last, ..Self::default() }
    }
}

/// Whether rows of this kind are acknowledged.
const fn deserves(kind: Kind) -> bool {
    match kind {
        Kind::ListingDecided
        | Kind::ListingChanged
        | Kind::ListingObjected
        | Kind::CertificateEnded
        | Kind::HolderBound
        | Kind::HolderEnded
        | Kind::GrantRevoked => true,
        Kind::CertificateIssued
        | Kind::AccessRecorded
        | Kind::ListingHit
        | Kind::DossierOpened
        | Kind::DossierJoined
        | Kind::DossierChanged
        | Kind::CataloguePublished
        | Kind::MatterPublished
        | Kind::CharterProposed
        | Kind::CharterApproved
        | Kind::CharterRejected
        | Kind::CharterPromised
        | Kind::EpochSealed
        | Kind::Vector
        | Kind::ForkReported
        | Kind::AuditRecorded => false,
    }
}

impl Node {
    /// A row of `author`'s was applied.
    pub(super) fn deserves_a_vector(&mut self, author: &CentreCode, header: &Header, now: Time) {
        if *author != self.centre && header.kind().is_some_and(deserves) {
            self.vector.wanted_since.get_or_insert(now);
        }
    }

    /// A vector, when one is due.
    pub(super) fn vector_due(&mut self, env: &mut Env<'_>, entries: &mut Vec<Entry>) -> Result<(), ShelfError> {
        if !self.vector.start_looked_at {
            self.vector.start_looked_at = true;
            if self.vector.wanted_since.is_none() && self.rows_wait_for_a_vector(env)? {
                self.vector.wanted_since = Some(env.now);
            }
        }
        let passed = |since: Time, ms: i64| env.now.since(since).abs() >= ms;
        let Some(since) = self.vector.wanted_since else { return Ok(()) };
        if !passed(since, VECTOR_AFTER_MS) || self.vector.last.is_some_and(|last| !passed(last, VECTOR_EVERY_MS)) {
            return Ok(());
        }
        let body = VectorBody::new(self.applied_everywhere(env)?).to_bytes();
        let kept_until = env.now.plus_ms(VECTOR_KEPT_MS);
        let entry =
            Statement::build(env.rng, Kind::Vector, env.now, Some(kept_until), &body).map_err(|e| ShelfError::Failed(e.to_string()))?;
        entries.push(entry);
        self.vector.wanted_since = None;
        self.vector.last = Some(env.now);
        Ok(())
    }

    fn applied_everywhere(&self, env: &Env<'_>) -> Result<BTreeMap<CentreCode, u64>, ShelfError> {
        let mut applied = BTreeMap::new();
        for centre in self.authors.keys() {
            let rows = env.shelf.journal(centre)?.applied;
            if rows > 0 {
                applied.insert(centre.clone(), rows);
            }
        }
        Ok(applied)
    }

    /// Whether others' rows that deserve a vector may have been applied since our newest one. When it would cost too much to know: yes.
    fn rows_wait_for_a_vector(&self, env: &Env<'_>) -> Result<bool, ShelfError> {
        let mut budget = MAX_ROWS_READ_AT_START;
        let declared = self.newest_own_vector(env, &mut budget)?;
        for (centre, applied) in self.applied_everywhere(env)?.into_iter().filter(|(centre, _)| *centre != self.centre) {
            let mut from = declared.as_ref().and_then(|vector| vector.get(&centre)).copied().unwrap_or_default();
            while from < applied {
                if budget == 0 {
                    return Ok(true);
                }
                let page = env.shelf.entries(&centre, from, PAGE_ROWS.min(applied - from).min(budget), PAGE_BYTES)?;
                let kinds = page.iter().filter_map(|entry| Header::parse(&entry.header).ok()?.kind());
                if page.is_empty() || kinds.into_iter().any(deserves) {
                    return Ok(true);
                }
                from += page.len() as u64;
                budget = budget.saturating_sub(page.len() as u64);
            }
        }
        Ok(false)
    }

    /// What our newest vector says, if it is among the newest rows of our own. Without one nothing is declared.
    fn newest_own_vector(&self, env: &Env<'_>, budget: &mut u64) -> Result<Option<BTreeMap<CentreCode, u64>>, ShelfError> {
        let mut end = env.shelf.journal(&self.centre)?.size;
        while end > 0 && *budget > 0 {
            let start = end.saturating_sub(PAGE_ROWS.min(*budget));
            // Without a limit of bytes the page ends where the one before began: rows of our own, and few of them.
            let page = env.shelf.entries(&self.centre, start, end - start, usize::MAX)?;
            *budget = budget.saturating_sub(page.len() as u64);
            for entry in page.iter().rev().filter(|entry| is_vector(entry)) {
                if let Some(vector) = entry.body().and_then(|body| VectorBody::parse(body).ok()) {
                    return Ok(Some(vector.applied));
                }
            }
            end = start;
        }
        Ok(None)
    }
}

fn is_vector(entry: &Entry) -> bool {
    Header::parse(&entry.header).ok().and_then(|header| header.kind()) == Some(Kind::Vector)
}
