//! Listings from a file: rows are checked, staged, approved by a second person over the file's SHA-256, and only then listed.
//!
//! The same checks run where the file is read (for the reject file) and where it is staged (because whoever sends rows may be anybody).
//! What must never be here: a file, an encoding, a column's name.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::catalogue::Catalogue;
use super::finding::{Coded, Finding, MAX_FINDING_TEXT_BYTES, MAX_MEASURES, Refund};
use super::{Day, Document, DocumentType, SubjectKind};
use crate::facts::text::{EMPLOYER_MAX_CHARS, shown};
use crate::journal::hash;
use crate::names::Digest;
use crate::operator::OperatorName;
use crate::time::Time;

/// Most rows that are sent to the peer at once.
pub const MAX_IMPORT_PAGE: usize = 1_000;
/// Longest remark, in characters.
pub const MAX_REMARK_CHARS: usize = 200;

/// One row of a file, columns found and decoded, nothing checked. Personal; wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct ImportRow {
    /// Row of the file, from 1, the header not counted.
    pub row: u64,
    /// Code of the kind of subject.
    pub subject_kind: String,
    /// 姓名或名称
    pub name: String,
    /// Code of the document's type.
    pub document_type: String,
    /// 证件号码
    pub document_no: String,
    /// 失信行为, as code or label.
    pub conduct: String,
    /// 失信等级, as code or label.
    pub level: String,
    /// 认定文书号
    pub decision_no: String,
    /// 认定日期
    pub decision_day: String,
    /// 法律依据
    pub legal_basis: String,
    /// 限制措施, as codes or labels.
    pub measures: Vec<String>,
    /// 限制截止日期
    pub restriction_until: String,
    /// 公示截止日期
    pub publication_until: String,
    /// 备注
    pub remark: String,
}

impl std::fmt::Debug for ImportRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImportRow({}, ..)", self.row)
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)?) => {
        /// Why a row was rejected. The codes never change once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RowReason { $($(#[$doc])* #[serde(rename = $code)] $variant),+ }
        impl RowReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

reasons! {
    /// No such kind of subject, or of document.
    Subject = "subject-unknown",
    /// The number of the document is missing or not one.
    Document = "document-invalid",
    /// The name is missing, too long or not text.
    Name = "name-invalid",
    /// The conduct is not in the catalogue, or not for this kind of subject.
    Conduct = "conduct-unknown",
    /// The level is not in the catalogue.
    Level = "level-unknown",
    /// A measure is not in the catalogue, or there is none or too many.
    Measure = "measure-unknown",
    /// The decision number is missing, too long or not text.
    DecisionNo = "decision-no-invalid",
    /// The legal basis is missing, too long or not text.
    LegalBasis = "legal-basis-invalid",
    /// A date is missing or does not exist.
    Date = "date-invalid",
    /// The decision lies in the future.
    DecisionInFuture = "decision-in-future",
    /// A clock ends before the decision, or publication after restriction.
    DatesContradict = "dates-contradict",
    /// The same decision and subject stands in the file before, with other content.
    Contradiction = "contradicts-earlier-row",
    /// The same decision number stands before with another conduct or date.
    DecisionReused = "decision-reused",
    /// The remark is too long or not text.
    Remark = "remark-invalid",
}

/// A row that passed every check.
#[derive(Debug, Clone)]
pub struct CheckedRow {
    /// Row of the file.
    pub row: u64,
    /// The subject's document.
    pub document: Document,
    /// Their name; personal.
    pub name: String,
    /// What was decided.
    pub finding: Finding,
    /// The remark; stays at home.
    pub remark: String,
}

impl CheckedRow {
    /// Whether both clocks have run out before `today`: counted as already ended, and not listed.
    #[must_use]
    pub fn is_over(&self, today: Day) -> bool {
        self.finding.restriction_until < today && self.finding.publication_until < today
    }

    /// Digest over everything of the row but its place: tells whether a row that comes again has changed.
    #[must_use]
    pub fn content(&self) -> Digest {
        let mut bytes = crate::wire::encode(&self.finding);
        for part in [self.document.kind().code(), self.document.expose(), &self.name, &self.remark] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        let digest = hash::sha256(&bytes);
        bytes.zeroize();
        digest
    }
}

impl ImportRow {
    /// Checks everything about the row that the row alone tells. Returns which field is wrong, by the name it has here.
    ///
    /// # Errors
    /// The field and the [`RowReason`].
    pub fn check(&self, catalogue: &Catalogue, today: Day) -> Result<CheckedRow, (&'static str, RowReason)> {
        let subject_kind = SubjectKind::from_code(&self.subject_kind).ok_or(("subject_kind", RowReason::Subject))?;
        let document_type = DocumentType::from_code(&self.document_type).ok_or(("document_type", RowReason::Subject))?;
        let fits = match subject_kind {
            SubjectKind::Person => !document_type.is_public(),
            SubjectKind::Employer => document_type.is_public(),
            SubjectKind::Party => true,
        };
        if !fits {
            return Err(("document_type", RowReason::Subject));
        }
        let document = Document::new(document_type, &self.document_no, today.date()).map_err(|_| ("document_no", RowReason::Document))?;
        let name = shown(&self.name, EMPLOYER_MAX_CHARS).ok_or(("name", RowReason::Name))?.to_owned();
        let finding = self.finding(subject_kind, catalogue, today)?;
        let remark = self.remark.trim();
        let remark = if remark.is_empty() { "" } else { shown(remark, MAX_REMARK_CHARS).ok_or(("remark", RowReason::Remark))? };
        Ok(CheckedRow { row: self.row, document, name, finding, remark: remark.to_owned() })
    }

    fn finding(&self, subject_kind: SubjectKind, catalogue: &Catalogue, today: Day) -> Result<Finding, (&'static str, RowReason)> {
        let coded = |item: &super::catalogue::Item| Coded { code: item.code.clone(), label: item.label.clone() };
        let text = |value: &str| {
            let value = crate::facts::text::trim(value);
            let sound = !value.is_empty() && value.len() <= MAX_FINDING_TEXT_BYTES && !value.chars().any(crate::facts::text::is_hostile);
            sound.then(|| value.to_owned())
        };
        let conduct = catalogue.conduct(self.conduct.trim(), subject_kind).ok_or(("conduct", RowReason::Conduct))?;
        let level = catalogue.level(self.level.trim()).ok_or(("level", RowReason::Level))?;
        if self.measures.is_empty() || self.measures.len() > MAX_MEASURES {
            return Err(("measures", RowReason::Measure));
        }
        let measures: Option<Vec<Coded>> = self.measures.iter().map(|m| catalogue.measure(m.trim()).map(coded)).collect();
        let day = |field: &'static str, value: &str| value.parse::<Day>().map_err(|_| (field, RowReason::Date));
        let decision_day = day("decision_day", &self.decision_day)?;
        let restriction_until = day("restriction_until", &self.restriction_until)?;
        let publication_until = day("publication_until", &self.publication_until)?;
        if decision_day > today {
            return Err(("decision_day", RowReason::DecisionInFuture));
        }
        if restriction_until < decision_day || publication_until < decision_day || publication_until > restriction_until {
            let field = if restriction_until < decision_day { "restriction_until" } else { "publication_until" };
            return Err((field, RowReason::DatesContradict));
        }
        Ok(Finding {
            subject_kind,
            conduct: coded(conduct),
            level: coded(level),
            decision_no: text(&self.decision_no).ok_or(("decision_no", RowReason::DecisionNo))?,
            decision_day,
            decision_sha256: None,
            legal_basis: text(&self.legal_basis).ok_or(("legal_basis", RowReason::LegalBasis))?,
            legal_basis_version: None,
            measures: measures.ok_or(("measures", RowReason::Measure))?,
            notified: None,
            objection_until: None,
            restriction_until,
            publication_until,
            refund: Refund::None,
        })
    }
}

/// Goes over the rows of a file in order, so that who approves the file can tell that what was staged is what the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsDigest(pub Digest);

impl Default for RowsDigest {
    fn default() -> Self {
        Self(hash::sha256(b"anju/v1/import-rows"))
    }
}

impl RowsDigest {
    /// After one more row that passed the checks.
    #[must_use]
    pub fn after(self, row: &CheckedRow) -> Self {
        let mut bytes = self.0.0.to_vec();
        bytes.extend_from_slice(&row.row.to_be_bytes());
        bytes.extend_from_slice(&row.content().0);
        Self(hash::sha256(&bytes))
    }
}

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
    /// Rows staged so far, rejected ones not counted.
    pub staged: u64,
    /// The last row of the file that was staged.
    pub last_row: u64,
    /// Over the staged rows.
    pub digest: RowsDigest,
    /// What they came to.
    pub counts: ImportCounts,
    /// The last staged row that was dealt with after the approval.
    pub listed_row: u64,
    /// Who staged it, and when.
    pub by: (OperatorName, Time),
    /// Their signed act, as JSON.
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
    /// Nothing: it is listed just so. Kept to tell which rows are gone from the file.
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
    pub listing: crate::names::ListingId,
    /// What it is to become.
    pub becomes: StagedAs,
    /// The body of its statement, ready; empty for [`StagedAs::Same`] and [`StagedAs::Over`].
    pub body: Vec<u8>,
    /// When the statement's payload will have to go.
    pub drop_after: Time,
    /// What stays at home: see [`super::case::Case`]. Sealed at rest.
    pub case: Vec<u8>,
    /// Digest of the row's content.
    pub content: Digest,
}
