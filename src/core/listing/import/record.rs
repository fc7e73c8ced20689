//! What an import is kept as, and who may list its rows.

use serde::{Deserialize, Serialize};

use super::RowsDigest;
use crate::journal::hash;
use crate::names::{Digest, ListingId};
use crate::operator::OperatorName;
use crate::time::Time;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportState {
    /// Rows are coming in.
    Staging,
    /// All rows are here; waits for a second person.
    Staged,
    /// Approved; its rows are being listed.
    Approved,
    /// Everything is listed.
    Done,
}

impl ImportState {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Staged => "staged",
            Self::Approved => "approved",
            Self::Done => "done",
        }
    }

    /// The state with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Staging, Self::Staged, Self::Approved, Self::Done].into_iter().find(|state| state.code() == code)
    }
}

/// What an import's rows came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Not listed before.
    pub new: u64,
    /// Listed before with other content.
    pub changed: u64,
    /// Listed before just so.
    pub same: u64,
    /// Past both clocks.
    pub over: u64,
    /// Passed the checks of a row, and is not listed for what this peer knows of the listing or its subject: see
    /// [`RowReason::EndedBefore`](super::RowReason::EndedBefore) and those beside it.
    #[serde(default)]
    pub held: u64,
}

impl ImportCounts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.new + self.changed + self.same + self.over + self.held
    }
}

/// One import. A record: it is in no journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// SHA-256 of the file.
    pub file: Digest,
    /// Serial number here, from 1: orders imports and names their staged rows.
    pub serial: u64,
    /// Random: enters the commitment, so that it does not tell the file to who guesses it.
    pub salt: [u8; 16],
    /// Where it stands.
    pub state: ImportState,
    /// Rows so far that passed the checks of a row.
    pub staged: u64,
    /// The last of them.
    pub last_row: u64,
    /// Over them.
    pub digest: RowsDigest,
    /// What they came to; they add up to `staged`.
    pub counts: ImportCounts,
    /// The last row that was dealt with after the approval.
    pub listed_row: u64,
    /// How many were.
    pub listed: u64,
    /// Who staged it, and when they last did something for it.
    pub by: (OperatorName, Time),
    /// Their signed act, as JSON: the one that began it, then the one that finished it.
    pub evidence: String,
    /// Who approved it, and when.
    pub approved: Option<(OperatorName, Time)>,
    /// Their signed act, as JSON.
    pub approval: Option<String>,
}

/// What the statements of an import commit to.
#[must_use]
pub fn authority(salt: &[u8; 16], file: &Digest) -> Digest {
    let mut bytes = b"anju/v1/import-authority".to_vec();
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(&file.0);
    hash::sha256(&bytes)
}

/// A second person approved this file: rows of it may be listed. Only [`ApprovedFile::check`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct ApprovedFile {
    authority: Digest,
}

impl ApprovedFile {
    /// `None` unless two different people stand behind the import and it is approved.
    #[must_use]
    pub fn check(import: &ImportRecord) -> Option<Self> {
        let (approver, _) = import.approved.as_ref()?;
        let approved = matches!(import.state, ImportState::Approved | ImportState::Done) && import.approval.is_some();
        (approved && *approver != import.by.0).then(|| Self { authority: authority(&import.salt, &import.file) })
    }

    /// The commitment.
    #[must_use]
    pub const fn authority(&self) -> Digest {
        self.authority
    }
}

/// What a staged row is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StagedAs {
    /// A listing.
    New,
    /// The same listing with other content; the row of the journal that is replaced.
    Changed(u64),
    /// Nothing: it is listed just so, or listed and held back. Kept to tell which listings are gone from the file.
    Same,
    /// Nothing: past both clocks.
    Over,
}

/// A staged row.
#[derive(Debug, Clone)]
pub struct StagedRow {
    /// Serial of its import.
    pub import: u64,
    /// Row of the file.
    pub row: u64,
    /// The listing.
    pub listing: ListingId,
    /// What it is to become.
    pub becomes: StagedAs,
    /// The body of its statement, ready; empty for [`StagedAs::Same`] and [`StagedAs::Over`].
    pub body: Vec<u8>,
    /// When the statement's payload will have to go.
    pub drop_after: Time,
    /// What stays at home: see [`crate::listing::case::Case`]. Sealed at rest, and not read back with the row.
    pub case: Vec<u8>,
    /// As in [`crate::shelf::CaseRecord`].
    pub content: Digest,
    /// As in [`crate::shelf::CaseRecord`].
    pub decision: Digest,
    /// The same for rows that name one decision number, one conduct and one decision day: see [`CheckedRow::said`](super::CheckedRow::said).
    pub said: Digest,
    /// The subject: [`crate::listing::subject::listing_id`] with an empty decision number.
    pub subject: ListingId,
}
