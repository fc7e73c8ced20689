//! What the peer answers about the blacklist.

use serde::{Deserialize, Serialize};

use crate::listing::case::{CaseState, Deed, Move};
use crate::listing::import::{ImportCounts, ImportState};
use crate::listing::status::Standing;
use crate::listing::{Finding, SubjectKind};
use crate::names::{CaseNumber, CentreCode, Digest, ListingId, ListingRef, RequestId};
use crate::operator::{OperatorName, Role};
use crate::time::Time;

/// One case of this centre, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseLine {
    /// Its number.
    pub case: CaseNumber,
    /// Its listing, once published.
    pub listing: Option<ListingRef>,
    /// Where it stands.
    pub state: CaseState,
    /// 认定文书号
    pub decision_no: String,
    /// Words of the conduct.
    pub conduct: String,
    /// Who has to do something; nobody when only time has to pass.
    pub waits_for: Option<Role>,
    /// Until when, or when time will have passed.
    pub until: Option<Time>,
}

/// One step of a case, for a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// When.
    pub at: Time,
    /// By whom.
    pub by: Option<OperatorName>,
    /// What.
    pub what: Move,
}

/// One case of this centre. Personal when unmasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseView {
    /// In short.
    pub line: CaseLine,
    /// Kind of subject.
    pub subject_kind: SubjectKind,
    /// Name; masked unless a reason was given.
    pub name: String,
    /// Code of the document's type.
    pub document_type: String,
    /// Number; masked unless a reason was given.
    pub document_no: String,
    /// What was decided.
    pub finding: Finding,
    /// What it said before it was changed: proposed again, or by an imported file. Nothing when it was not, or when that is not known.
    pub before: Option<BeforeView>,
    /// Every step.
    pub steps: Vec<StepView>,
    /// Somebody else used the subject's name.
    pub impersonated: bool,
    /// What who asked may do with it now.
    pub may: Vec<Deed>,
    /// Something would be theirs to do, had they not proposed it: another person has to.
    pub second: bool,
}

/// What a case said before it was changed. Personal when unmasked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeforeView {
    /// Name; masked unless a reason was given; nothing where it is not known.
    pub name: Option<String>,
    /// Whether the name was another one: two masked names may look the same.
    pub name_differs: bool,
    /// What was decided then.
    pub finding: Finding,
}

/// What one centre's list says, or why it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// On the list, and nobody objects.
    Listed,
    /// On the list, and an objection is not answered.
    Disputed,
    /// Not on the list, by a copy that is complete and fresh enough.
    NotListed,
    /// Nothing can be said. Never to be read as clear.
    Unknown,
}

impl Verdict {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Disputed => "disputed",
            Self::NotListed => "not-listed",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a centre's copy does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// Nothing was heard of the centre since this peer started.
    NotHeard,
    /// Silent for longer than this centre accepts.
    Stale,
    /// Rows that the centre has announced are not here yet.
    Behind,
    /// A payload is missing that should be here.
    Withheld,
    /// Two histories were seen.
    Forked,
    /// This version does not understand all of its statements.
    NotApplied,
    /// Listings stand under a pepper that is not held here: nobody can be found by them.
    PepperMissing,
}

/// What one centre's list says of the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CentreAnswer {
    /// Which centre.
    pub centre: CentreCode,
    /// Its name.
    pub name: String,
    /// What its list says.
    pub verdict: Verdict,
    /// Why it does not count, if it does not.
    pub doubt: Option<Doubt>,
    /// The centre's own time of the newest heartbeat held here.
    pub as_of: Option<Time>,
    /// Milliseconds since then.
    pub age_ms: Option<i64>,
}

/// One listing that was found. A reason to look closer; never a refusal by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Which.
    pub listing: ListingRef,
    /// How it stands.
    pub standing: Standing,
    /// Objections that are not answered.
    pub open_objections: u64,
    /// Whether its centre's copy counts.
    pub counts: bool,
    /// `notified` or `imported`.
    pub basis: String,
    /// What was decided.
    pub finding: Finding,
}

/// The answer to a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupAnswer {
    /// The row that was asked for, or 0.
    pub row: u64,
    /// The request, as it is recorded.
    pub request: RequestId,
    /// Over all centres: listed or disputed if a centre that counts says so; not listed only if every centre counts and says so.
    pub verdict: Verdict,
    /// What was found.
    pub hits: Vec<Hit>,
    /// Every centre.
    pub centres: Vec<CentreAnswer>,
    /// When.
    pub at: Time,
    /// Lookups this operator may still make today.
    pub quota_left: u64,
}

/// The answer for one of many applicants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenAnswer {
    /// The row that was asked for.
    pub row: u64,
    /// As for a lookup; nothing when the row could not be looked up.
    pub verdict: Option<Verdict>,
    /// Listings found.
    pub listings: Vec<ListingRef>,
    /// Why it could not be looked up: a refusal's code.
    pub problem: Option<String>,
}

/// What one page of a screening came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreenPage {
    /// One for each applicant, in order.
    pub answers: Vec<ScreenAnswer>,
    /// Centres that do not count, the same for the whole page.
    pub doubtful: Vec<CentreAnswer>,
    /// Whether the quota's alarm has gone off today.
    pub alarm: bool,
    /// Lookups that may still be made today.
    pub quota_left: u64,
}

/// One listing in an export: as it stands now, with what this centre may see of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRow {
    /// Which.
    pub listing: ListingRef,
    /// The same through all its statements.
    pub id: ListingId,
    /// How it stands by the restriction's clock.
    pub standing: Standing,
    /// Whether it may be shown in a list today.
    pub publishable: bool,
    /// What its subject is found by; hex.
    pub token: String,
    /// Version of the pepper.
    pub pepper: u64,
    /// Last day on which it counts in a lookup.
    pub restriction_until: String,
    /// Last day on which it may be shown.
    pub publication_until: String,
    /// `notified` or `imported`.
    pub basis: String,
    /// Open objections.
    pub open_objections: u64,
    /// Only for listings of this centre's own that still count: who and what, in plain.
    pub own: Option<OwnRow>,
}

/// What only the listing's own centre exports. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRow {
    /// The case.
    pub case: CaseNumber,
    /// Name.
    pub name: String,
    /// Code of the document's type.
    pub document_type: String,
    /// Its number.
    pub document_no: String,
    /// What was decided.
    pub finding: Finding,
}

impl std::fmt::Debug for OwnRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnRow({}, ..)", self.case)
    }
}

/// One page of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPage {
    /// In the order of centres and rows.
    pub rows: Vec<ExportRow>,
    /// Where the next export goes on.
    pub cursor: String,
    /// Whether there is more now.
    pub more: bool,
}

/// How an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// SHA-256 of the file.
    pub file: Digest,
    /// Where it stands.
    pub state: ImportState,
    /// Rows staged.
    pub staged: u64,
    /// The last row of the file that was staged: go on after it.
    pub last_row: u64,
    /// What the rows came to.
    pub counts: ImportCounts,
    /// Rows that were dealt with after the approval.
    pub listed: u64,
    /// Who staged it.
    pub by: OperatorName,
    /// Who approved it.
    pub approved_by: Option<OperatorName>,
    /// Imported listings of ours that still count and do not stand in this file: reported, never ended by it. At most
    /// [`crate::desk::MAX_PAGE`].
    pub gone: Vec<CaseNumber>,
    /// How many of those there are.
    pub gone_count: u64,
    /// Rows of this page that were rejected by the peer: row, field, reason.
    pub rejected: Vec<(u64, String, String)>,
}

/// How far one centre has acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Which centre.
    pub centre: CentreCode,
    /// Its name.
    pub name: String,
    /// The time of its first vector that covers the ending; `None` while there is none.
    pub since: Option<Time>,
    /// Row of its journal with that vector.
    pub index: Option<u64>,
    /// How far its newest vector has our journal applied.
    pub applied: u64,
    /// Its newest heartbeat.
    pub as_of: Option<Time>,
}

/// Which centres have acknowledged an ending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Which listing.
    pub listing: ListingRef,
    /// How it ended.
    pub standing: Standing,
    /// Row of our journal that ended it.
    pub ended_index: u64,
    /// When.
    pub ended_at: Time,
    /// What stands behind that row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backing: Option<super::Backing>,
    /// Every other member.
    pub centres: Vec<Acknowledgement>,
    /// Whether all have.
    pub complete: bool,
}
