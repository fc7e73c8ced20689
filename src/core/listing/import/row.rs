//! A row of a file, and what is wrong with it.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::facts::text::{EMPLOYER_MAX_CHARS, shown};
use crate::journal::hash;
use crate::listing::catalogue::{Catalogue, Item};
use crate::listing::finding::{Coded, Finding, MAX_FINDING_TEXT_BYTES, MAX_MEASURES, Refund};
use crate::listing::{Day, Document, DocumentType, SubjectKind};
use crate::names::Digest;

/// Most rows that are sent to the peer at once.
pub const MAX_IMPORT_PAGE: usize = 1_000;
/// Highest number that a row may have.
pub const MAX_IMPORT_ROW: u64 = 1 << 32;
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
    /// The listing was withdrawn, repaired or has expired: a file does not bring it back.
    EndedBefore = "ended-before",
    /// A case about it goes its way here, is disputed, or was listed by that way: people change it, a file does not.
    InProcess = "in-process",
    /// Somebody used this subject's name: a person has to look, a file does not list them.
    Impersonation = "impersonation",
}

/// A row that passed every check that the row alone allows. Personal.
#[derive(Clone)]
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

impl std::fmt::Debug for CheckedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CheckedRow({}, ..)", self.row)
    }
}

impl CheckedRow {
    /// Whether both clocks have run out before `today`: counted as already ended, and not listed.
    #[must_use]
    pub fn is_over(&self, today: Day) -> bool {
        self.finding.restriction_until < today && self.finding.publication_until < today
    }

    /// The same for rows that name one decision number, one conduct and one decision day. `decision` is
    /// [`crate::listing::subject::decision_digest`].
    #[must_use]
    pub fn said(&self, decision: &Digest) -> Digest {
        said(decision, &self.finding)
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

/// See [`CheckedRow::said`].
#[must_use]
pub fn said(decision: &Digest, finding: &Finding) -> Digest {
    let mut bytes = decision.0.to_vec();
    bytes.extend_from_slice(&finding.decision_day.number().to_be_bytes());
    bytes.extend_from_slice(finding.conduct.code.as_bytes());
    hash::sha256(&bytes)
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
        let coded = |item: &Item| Coded { code: item.code.clone(), label: item.label.clone() };
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
        let finding = Finding {
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
        };
        // What is sealed later must not turn out to be of no form then.
        finding.check().map(|()| finding).map_err(|_| ("legal_basis", RowReason::LegalBasis))
    }
}

/// Goes over the rows of a file in order, so that who approves the file can tell that what was staged is what the file says. Every row
/// that passes [`ImportRow::check`] enters, also one that the peer then holds back for what it knows of the listing: who approves has
/// only the file.
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
