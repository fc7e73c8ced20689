//! The blacklist, as conversations.
//!
//! | file | conversation |
//! | --- | --- |
//! | `process` | a case goes its way: proposals, reviews, notices, objections, answers, endings; and over to a new pepper |
//! | `lookup` | a subject is looked up, one or many, and found or not |
//! | `import` | a file is staged, approved, listed |
//! | `export` | what has changed is read out |
//! | `ending` | statements about listings arrive: endings are applied, what was left out is noticed |
//! | `proof` | who has acknowledged an ending |
//!
//! What must never be here: a check that the listing room could make alone, a verdict that reads unknown as clear.

mod ending;
pub mod export;
mod import;
pub mod lookup;
mod process;
mod proof;

pub(super) use ending::payload_ended_by;
pub use import::{ABANDONED_MS, DERIVED_AT_ONCE, IDLE_MS, LIST_BATCH, MAX_OPEN_IMPORTS};
pub use process::{AGAIN_AT_ONCE, AGAIN_EVERY_MS, AGAIN_PAGE, AGAIN_PAUSE_MS};

use std::collections::BTreeMap;

use super::{Effect, Env, Node};
use crate::error::{RefusalCode, ShelfError};
use crate::listing::catalogue::Catalogue;
use crate::listing::{Pepper, SubjectSecret};
use crate::time::MINUTE_MS;

/// Most derivations that are under way at once.
pub const MAX_DERIVING: usize = 64;

/// What a centre says about its blacklist.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it may say of a subject.
    pub catalogue: Catalogue,
    /// A centre that was silent for longer does not count in a lookup, in milliseconds.
    pub stale_after_ms: i64,
    /// Lookups one operator may make in a legal day, applicants of screenings not counted.
    pub lookups_per_operator: u64,
    /// Lookups the centre may make in a legal day, applicants of screenings not counted.
    pub lookups_per_centre: u64,
    /// Applicants that may be screened in a legal day.
    pub screened_per_centre: u64,
    /// The alarm goes off at this share of any of them, in percent.
    pub alarm_percent: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            catalogue: Catalogue::default(),
            stale_after_ms: 4 * 60 * MINUTE_MS,
            lookups_per_operator: 300,
            lookups_per_centre: 5_000,
            screened_per_centre: 50_000,
            alarm_percent: 80,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    next_job: u64,
    jobs: BTreeMap<u64, Job>,
    process: process::State,
    /// Listings that go over to a new pepper.
    again: process::Again,
    hits: lookup::HitState,
    /// Whether an approved import is being listed.
    listing: import::Listing,
}

impl State {
    /// For a node that takes another's place: nothing but how far jobs were numbered.
    pub(super) fn successor(&self) -> Self {
        Self { next_job: self.next_job, ..Self::default() }
    }
}

/// What waits for a derivation.
#[derive(Debug)]
enum Job {
    /// One or many lookups.
    Lookup(lookup::Waiting),
    /// A page of an import.
    Import(import::Waiting),
    /// A case whose period has ended, or that is published again.
    Publish(process::Waiting),
    /// Cases that go over to a new pepper.
    Again(process::AgainWaiting),
}

impl Node {
    /// The pepper that new listings are made with.
    ///
    /// # Errors
    /// `epoch-unknown` while no epoch's secrets are here.
    pub(super) fn pepper(&self) -> Result<Pepper, RefusalCode> {
        self.newest_pepper()
    }

    /// Secrets were derived: whoever waited for them goes on.
    pub(super) fn derived(
        &mut self,
        env: &mut Env<'_>,
        job: u64,
        secrets: Vec<Option<SubjectSecret>>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        match self.list.jobs.remove(&job) {
            Some(Job::Lookup(waiting)) => self.lookup_derived(env, waiting, &secrets, out),
            Some(Job::Import(waiting)) => self.import_derived(env, waiting, &secrets, out),
            Some(Job::Publish(waiting)) => self.publish_derived(env, waiting, &secrets, out),
            Some(Job::Again(waiting)) => self.again_derived(env, waiting, &secrets, out),
            None => Ok(()),
        }
    }
}
