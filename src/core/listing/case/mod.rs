//! The way to a listing and away from it: a case as a list of steps, each made by somebody who may make it.
//!
//! ```text
//! drafted ─review─▶ reviewed ─notify─▶ notified ─(period ends, nothing open)─▶ listed ─▶ disputed ─answer─▶ upheld
//!    ▲  │returned                        │ ▲ object / answer                      │            │
//!    └──┘                                ▼ │                                      ▼            ▼
//!  (propose again)                      objected                          withdrawn · repaired · expired
//! ```
//!
//! Steps before a listing are local and audited; from then on each is a statement. [`steps`](Case::take) says who may take which step
//! when, [`ready`](Case::listable) whether a case may be listed: that is answered by [`Listable`], which only this room makes, for two
//! people, a decision document, a notice, a period that has ended, and nothing open. Where a case stands is never stored: it is what its
//! steps come to, replayed. What must never be here: a step without the signed act that asked for it, but for what the clock does and what
//! other centres say.

mod before;
mod deeds;
mod progress;
mod proposal;
mod ready;
mod steps;
#[cfg(test)]
mod tests;

pub use before::Before;
pub use deeds::Deed;
pub use proposal::check_proposal;
pub use ready::{Listable, authority};
pub use steps::objection_fields;

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::{Day, DocumentType, Ground};
use crate::names::{Digest, ListingId};
use crate::operator::{OperatorName, SignedAct};
use crate::time::Time;

/// Most steps of one case.
pub const MAX_STEPS: usize = 64;
/// Steps kept free for answers, the listing, its being published again and an ending: whoever objects again and again must not keep a case
/// from being ended.
pub const KEPT_STEPS: usize = 5;
/// Longest reason an operator gives, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// Longest act that a step keeps as its evidence, in bytes of JSON.
pub const MAX_EVIDENCE_BYTES: usize = 16 * 1024;
/// Objections of other centres that a case keeps while they wait for one answer; every one of them is answered, also those not kept.
pub const MAX_HEARD: usize = 4;

/// Who it is about, in plain. Personal; sealed at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Name of a person or an organisation.
    pub name: String,
    /// Type of the document.
    pub document_type: DocumentType,
    /// Its normalised number.
    pub document_no: String,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({}, ..)", self.document_type.code())
    }
}

/// Where a case came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Origin {
    /// Proposed here.
    Proposed,
    /// Imported: two people approved the file with this SHA-256.
    Imported {
        /// The file.
        file: Digest,
        /// Row of it.
        row: u64,
    },
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Move {
    /// A teller proposes (again, after a return).
    Propose,
    /// A second person approves, or returns it.
    Review {
        /// Approved.
        approve: bool,
        /// Why.
        reason: String,
    },
    /// The subject was told of reasons, basis and rights.
    Notify {
        /// The day they were told.
        day: Day,
        /// How: a short text.
        how: String,
        /// Last day for objections, by the catalogue of that day.
        objection_until: Day,
        /// SHA-256 of the paper by which the subject gives up the period; only a reviewer may take it.
        waiver: Option<Digest>,
    },
    /// Somebody objects. Before the listing it stops the way to it; afterwards it disputes.
    Object {
        /// Why.
        ground: Ground,
        /// What they say. Personal.
        text: String,
        /// Last day for the answer.
        answer_until: Day,
        /// The statement that carries it, once listed: author and row.
        statement: Option<(crate::names::CentreCode, u64)>,
    },
    /// A reviewer answers the open objection.
    Answer {
        /// The finding stands.
        uphold: bool,
        /// Why.
        reason: String,
    },
    /// The period ended with nothing open; or the approved file's row was listed. Made by nobody: the clock.
    List {
        /// Row of the own journal.
        index: u64,
    },
    /// A reviewer takes it back, before or after the listing.
    Withdraw {
        /// Why.
        reason: String,
        /// The subject's name was used by somebody else.
        impersonated: bool,
    },
    /// A reviewer ends it because the subject has made good.
    Repair {
        /// Who decided the repair, and under which number.
        decision: String,
        /// Why.
        reason: String,
    },
}

/// A step that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub at: Time,
    /// By whom; nobody for what the clock does.
    pub by: Option<OperatorName>,
    /// What.
    pub what: Move,
    /// The operator's signed act: the evidence.
    pub signed: Option<SignedAct>,
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseState {
    /// Proposed, waits for a second person.
    Drafted,
    /// Sent back to who proposed it.
    Returned,
    /// Approved, waits for the notice.
    Reviewed,
    /// Told; waits for the end of the period.
    Notified,
    /// Somebody objected before it was listed; waits for an answer.
    Objected,
    /// Published.
    Listed,
    /// Published, and somebody objects; waits for an answer.
    Disputed,
    /// Published; objections were answered.
    Upheld,
    /// Ended: withdrawn, before or after it was listed.
    Withdrawn,
    /// Ended: repaired.
    Repaired,
    /// Ended by its clocks.
    Expired,
}

impl CaseState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Drafted,
        Self::Returned,
        Self::Reviewed,
        Self::Notified,
        Self::Objected,
        Self::Listed,
        Self::Disputed,
        Self::Upheld,
        Self::Withdrawn,
        Self::Repaired,
        Self::Expired,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Drafted => "drafted",
            Self::Returned => "returned",
            Self::Reviewed => "reviewed",
            Self::Notified => "notified",
            Self::Objected => "objected",
            Self::Listed => "listed",
            Self::Disputed => "disputed",
            Self::Upheld => "upheld",
            Self::Withdrawn => "withdrawn",
            Self::Repaired => "repaired",
            Self::Expired => "expired",
        }
    }

    /// The state with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A case: who, what, and every step. A record: it is in no journal; sealed at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The listing it is about.
    pub listing: ListingId,
    /// Who.
    pub subject: Subject,
    /// What was decided.
    pub finding: Finding,
    /// Where it came from.
    pub origin: Origin,
    /// What was decided before an imported file changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Box<Finding>>,
    /// A remark that stays at home.
    pub remark: String,
    /// Random: enters the commitment of what is published.
    #[serde(with = "hex")]
    pub salt: [u8; 16],
    /// Every step, in order.
    pub steps: Vec<Step>,
}
