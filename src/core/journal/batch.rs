//! Authoring: rows are appended to our own journal and the new head is signed. One signature, however many rows.
//!
//! Whether we may write at all (one writer, a kept head that agrees with the store) is decided before anything comes here.

use super::frontier::FrontierError;
use super::{Author, Checkpoint, Entry, Frontier, SoundRows, Subtree, VerifiedHead};
use crate::error::Fault;
use crate::sign::SecretKey;
use crate::time::Time;

/// Why a batch could not be made. Ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A row of ours is not well formed; everybody would refuse it for ever.
    #[error("row {offset} of the batch is not well formed: {fault}")]
    BadEntry {
        /// Which, from 0.
        offset: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A row of ours came without its payload.
    #[error("row {0} of the batch has no payload")]
    NoPayload(usize),
    /// The journal is full.
    #[error(transparent)]
    Frontier(#[from] FrontierError),
    /// The keys are not the author's, so nobody could verify the head.
    #[error("the signed head does not verify under the author's own keys: {0}")]
    WrongKeys(Fault),
}

/// What appending gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The rows, checked.
    pub rows: SoundRows,
    /// The frontier after the rows.
    pub frontier: Frontier,
    /// Subtrees of stored levels that the rows completed.
    pub subtrees: Vec<Subtree>,
    /// The new signed head.
    pub head: VerifiedHead,
}

/// The time of the next heartbeat: now, but never before the last one. A corrected clock must not make us look rolled back.
#[must_use]
pub fn heartbeat_time(now: Time, last: Option<Time>) -> Time {
    last.map_or(now, |last| last.max(now))
}

/// Appends `entries` to the journal behind `frontier` and signs its new head; without entries it is a heartbeat. `at` comes from
/// [`heartbeat_time`].
///
/// # Errors
/// [`BatchError`]; then nothing was signed that may leave.
pub fn append(
    frontier: &Frontier,
    entries: Vec<Entry>,
    author: &Author,
    signing: &SecretKey,
    heartbeat: &SecretKey,
    at: Time,
) -> Result<Batch, BatchError> {
    let rows = SoundRows::check(entries).map_err(|unsound| BatchError::BadEntry { offset: unsound.offset, fault: unsound.fault })?;
    if let Some(offset) = rows.entries().position(|entry| entry.payload.is_none()) {
        return Err(BatchError::NoPayload(offset));
    }
    let (frontier, subtrees) = rows.extend(frontier)?;
    let note = Checkpoint::of(&author.origin, &frontier).sign(signing, heartbeat, at);
    // Verified as others will: a station with the wrong keys must learn it here, not from everybody's faults.
    let head = author.verify(&note).map_err(BatchError::WrongKeys)?;
    Ok(Batch { rows, frontier, subtrees, head })
}
