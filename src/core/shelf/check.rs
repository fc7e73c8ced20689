//! What every implementation of a shelf checks before it writes. The core has proven them already; this second look keeps a
//! mistake in the core from becoming a journal that contradicts its own head. That each row is sound by itself is in its type
//! ([`SoundRows`]) and is not hashed again; that the rows lead from the peaks held to the peaks, subtrees and head that are to be written
//! is computed again, at one hash a row.

use super::{CosignatureRow, Head, JournalState};
use crate::audit::{AuditLog, AuditRow};
use crate::error::{FaultCode, ShelfError};
use crate::journal::{Frontier, SoundRows, Subtree};
use crate::listing::case::CaseState;

/// Rows or a head that do not fit what is held. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The rows do not begin where the journal ends.
    #[error("rows from {from} do not follow the {held} rows held")]
    NotNext {
        /// Rows held.
        held: u64,
        /// Index of the first new one.
        from: u64,
    },
    /// A row is not of its form, or its payload is not its header's.
    #[error("row {index} is not sound: {code}")]
    BadRow {
        /// Which.
        index: u64,
        /// What is wrong with it.
        code: FaultCode,
    },
    /// The state to be written is not the state after these rows.
    #[error("the state does not follow from the rows: {0}")]
    BadState(&'static str),
    /// There is no such row.
    #[error("there is no row {0}")]
    NoRow(u64),
    /// The payload was erased on purpose and stays so.
    #[error("the payload of row {0} was erased")]
    Erased(u64),
    /// A record of this name exists and may not be replaced.
    #[error("the record exists already")]
    Exists,
    /// There is no record of this name.
    #[error("there is no such record")]
    Unknown,
}

impl From<Misfit> for ShelfError {
    fn from(misfit: Misfit) -> Self {
        Self::Failed(misfit.to_string())
    }
}

/// Checks an append.
///
/// # Errors
/// [`Misfit`] when the rows are not the next ones, or `subtrees` and `after` are not what they lead to.
pub fn append(held: &JournalState, from: u64, rows: &SoundRows, subtrees: &[Subtree], after: &JournalState) -> Result<(), Misfit> {
    if from != held.size {
        return Err(Misfit::NotNext { held: held.size, from });
    }
    let mut frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(|_| Misfit::BadState("the peaks held"))?;
    let mut completed = Vec::new();
    for row in rows.rows() {
        stands(after.head.as_ref(), &frontier)?;
        frontier.push(row.leaf(), &mut completed).map_err(|_| Misfit::BadState("the journal is full"))?;
    }
    if after.size != frontier.size() {
        return Err(Misfit::BadState("size"));
    }
    if after.peaks != frontier.peaks() {
        return Err(Misfit::BadState("peaks"));
    }
    if subtrees != completed {
        return Err(Misfit::BadState("subtrees"));
    }
    applied(held, after.size, after.applied)?;
    match &after.head {
        Some(new) => head(&JournalState { head: held.head.clone(), ..after.clone() }, new)?,
        None if held.head.is_some() => return Err(Misfit::BadState("the head is lost")),
        None => {}
    }
    Ok(())
}

/// Checks a cut: fewer rows than before, none of them applied, and no head beyond them.
///
/// # Errors
/// [`Misfit::BadState`].
pub fn cut(held: &JournalState, after: &JournalState) -> Result<(), Misfit> {
    if after.size >= held.size {
        return Err(Misfit::BadState("a cut that leaves every row"));
    }
    if after.applied != 0 {
        return Err(Misfit::BadState("applied"));
    }
    let frontier = Frontier::from_parts(after.size, after.peaks.clone()).map_err(|_| Misfit::BadState("peaks"))?;
    if after.head.as_ref().is_some_and(|head| head.size > after.size) {
        return Err(Misfit::BadState("a head beyond the rows"));
    }
    stands(after.head.as_ref(), &frontier)
}

/// Checks that of `size` rows at least as many are applied as before, and no more than there are.
///
/// # Errors
/// [`Misfit::BadState`].
pub const fn applied(held: &JournalState, size: u64, applied: u64) -> Result<(), Misfit> {
    if applied < held.applied || applied > size { Err(Misfit::BadState("applied")) } else { Ok(()) }
}

/// Checks that `new` stands over rows that are all held, and is not older than the head held.
///
/// # Errors
/// [`Misfit::BadState`].
pub fn head(held: &JournalState, new: &Head) -> Result<(), Misfit> {
    if new.size > held.size {
        return Err(Misfit::BadState("a head beyond the rows"));
    }
    if held.head.as_ref().is_some_and(|old| new.size < old.size) {
        return Err(Misfit::BadState("an older head"));
    }
    if held.head.as_ref().is_some_and(|old| new.size == old.size && new.root != old.root) {
        return Err(Misfit::BadState("another root"));
    }
    let frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(|_| Misfit::BadState("the peaks held"))?;
    stands(Some(new), &frontier)
}

/// Checks that a cosignature is newer than the one held of the same witness and journal. Under another key of the witness it may be over
/// fewer rows: what the old key signed no longer counts.
///
/// # Errors
/// [`Misfit::BadState`].
pub fn cosigned(held: Option<&CosignatureRow>, new: &CosignatureRow) -> Result<(), Misfit> {
    let Some(held) = held.filter(|held| held.key == new.key) else { return Ok(()) };
    if new.size < held.size || (new.size == held.size && new.at <= held.at) {
        return Err(Misfit::BadState("an older cosignature"));
    }
    if new.size == held.size && new.root != held.root {
        return Err(Misfit::BadState("another root was cosigned"));
    }
    Ok(())
}

/// Checks rows of the audit log: that they are the next ones and lead to `after`. How far the log is committed to is not checked: it
/// is what the journal says ([`super::AuditCommitment`]), not what a write says.
///
/// # Errors
/// [`Misfit`].
pub fn audit(held: &AuditLog, rows: &[AuditRow], after: &AuditLog) -> Result<(), Misfit> {
    let mut frontier = Frontier::from_parts(held.size, held.peaks.clone()).map_err(|_| Misfit::BadState("the peaks held"))?;
    for row in rows {
        if row.seq != frontier.size() {
            return Err(Misfit::NotNext { held: frontier.size(), from: row.seq });
        }
        frontier.push(row.leaf(), &mut Vec::new()).map_err(|_| Misfit::BadState("the log is full"))?;
    }
    if after.size != frontier.size() {
        return Err(Misfit::BadState("size"));
    }
    if after.peaks != frontier.peaks() {
        return Err(Misfit::BadState("peaks"));
    }
    Ok(())
}

/// The serial under which a record is written: `serial`, or the next one when it is 0; and whether that is a new one.
///
/// # Errors
/// [`Misfit::NoRow`] beyond the next one.
pub fn serial(made: u64, serial: u64) -> Result<(u64, bool), Misfit> {
    let next = made.saturating_add(1);
    match serial {
        0 => Ok((next, true)),
        serial if serial > next => Err(Misfit::NoRow(serial)),
        serial => Ok((serial, serial == next)),
    }
}

/// Whether a case in this state waits for somebody or for a day.
#[must_use]
pub const fn waits(state: CaseState) -> bool {
    match state {
        CaseState::Drafted
        | CaseState::Returned
        | CaseState::Reviewed
        | CaseState::Notified
        | CaseState::Objected
        | CaseState::Disputed => true,
        CaseState::Listed | CaseState::Upheld | CaseState::Withdrawn | CaseState::Repaired | CaseState::Expired => false,
    }
}

/// A head of exactly these rows must have their root. (A head of fewer rows was compared when its last row came, or is by the scrub.)
fn stands(head: Option<&Head>, frontier: &Frontier) -> Result<(), Misfit> {
    match head {
        Some(head) if head.size == frontier.size() && head.root != frontier.root() => Err(Misfit::BadState("another root")),
        Some(_) | None => Ok(()),
    }
}
