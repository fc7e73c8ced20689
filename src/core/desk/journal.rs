//! Journals for auditors: what stands in them, what proves it, and evidence to hand out.

use serde::{Deserialize, Serialize};

use super::{Backing, CaseRef};
use crate::names::{CentreCode, CertificateNumber, Digest, DossierRef, Malformed, StatementId, StatementRef};
use crate::time::Time;

/// Most rows of one page of a journal.
pub const MAX_JOURNAL_PAGE: usize = 500;

/// What an operator asks about journals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "journal", rename_all = "kebab-case", deny_unknown_fields)]
pub enum JournalAct {
    /// What proves a statement, or every statement about a matter: parts of an exhibit.
    Evidence {
        /// About what.
        about: EvidenceAbout,
        /// With the contents of statements about listings, dossiers and accesses too, as they stand in the journal.
        contents: bool,
        /// So many statements were handed out already.
        skip: u64,
    },
    /// Headers, kinds and indices; no content.
    Show {
        /// Whose journal; our own when absent.
        centre: Option<CentreCode>,
        /// First row.
        from: u64,
        /// At most so many, and at most [`MAX_JOURNAL_PAGE`].
        limit: usize,
    },
    /// A proof of RFC 6962 under the newest head that is held.
    Prove {
        /// Whose journal; our own when absent.
        centre: Option<CentreCode>,
        /// Of what.
        wanted: Provable,
    },
    /// Hash every row that is held again. What is damaged is asked of other members.
    Scrub {
        /// Only of this journal.
        centre: Option<CentreCode>,
    },
}

/// What can be proven of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Provable {
    /// That a row stands in it.
    Row(u64),
    /// That it only grew: from so many rows to so many.
    Growth(u64, u64),
}

impl std::str::FromStr for Provable {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| Malformed { what: "row, or sizes with two dots between" });
        match text.split_once("..") {
            Some((from, to)) => Ok(Self::Growth(number(from)?, number(to)?)),
            None => number(text).map(Self::Row),
        }
    }
}

/// What evidence is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EvidenceAbout {
    /// One row: `C46010-S57`.
    Statement(StatementRef),
    /// What issued a certificate, and what became of it where that is known: `C46010-YDDKJCZM-2026-000001`.
    Certificate(CertificateNumber),
    /// A listing or a case of ours, with every objection and what became of it: `C46010-L123`, `C46010-A45`.
    Case(CaseRef),
    /// Every statement of a dossier's parties: `C46020-D57`.
    Dossier(DossierRef),
}

impl std::fmt::Display for EvidenceAbout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Statement(statement) => statement.fmt(f),
            Self::Certificate(number) => number.fmt(f),
            Self::Case(case) => case.fmt(f),
            Self::Dossier(dossier) => dossier.fmt(f),
        }
    }
}

impl std::str::FromStr for EvidenceAbout {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        // A certificate's number comes last: its form is wide enough for the others.
        let statement = text.parse().map(Self::Statement);
        let case = statement.or_else(|_: Malformed| text.parse().map(Self::Case));
        let dossier = case.or_else(|_: Malformed| text.parse().map(Self::Dossier));
        dossier.or_else(|_: Malformed| text.parse().map(Self::Certificate))
    }
}

impl TryFrom<String> for EvidenceAbout {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<EvidenceAbout> for String {
    fn from(about: EvidenceAbout) -> String {
        about.to_string()
    }
}

/// Some parts of an exhibit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceParts {
    /// Each the bytes of an [`crate::exhibit::Part`], in base64.
    pub parts: Vec<String>,
    /// Version of the charter that they were made under.
    pub version: u64,
    /// Statements about it.
    pub of: u64,
    /// How many to skip for the rest; nothing when that was all.
    pub next: Option<u64>,
}

/// A page of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPage {
    /// Whose.
    pub centre: CentreCode,
    /// Rows held.
    pub size: u64,
    /// Rows applied.
    pub applied: u64,
    /// Rows under the newest head.
    pub head_size: Option<u64>,
    /// The author's time of that head.
    pub heartbeat: Option<Time>,
    /// In order.
    pub rows: Vec<JournalLine>,
    /// Whether there are more.
    pub more: bool,
}

/// A row, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    /// Which.
    pub index: u64,
    /// Its kind, as written.
    pub kind: String,
    /// The statement's id.
    pub id: StatementId,
    /// The author's time.
    pub at: Time,
    /// From when on the content may be gone.
    pub drop_after: Option<Time>,
    /// The row's Merkle leaf.
    pub leaf: Digest,
    /// Whether the content is here.
    pub content: ContentState,
    /// What stands behind it.
    pub backing: Backing,
}

/// Where a row's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentState {
    /// Here, and what the header names.
    Present,
    /// Erased: its time was over, or it ended.
    Erased,
    /// Missing or damaged; asked for elsewhere.
    Missing,
}

impl ContentState {
    /// Its stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Erased => "erased",
            Self::Missing => "missing",
        }
    }
}

/// A proof under the newest head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalProof {
    /// Whose journal.
    pub centre: CentreCode,
    /// What is proven.
    pub proven: Provable,
    /// Rows under the head; of a growth, the larger size.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// Of a growth: the root over the smaller size.
    pub old_root: Option<Digest>,
    /// Hashes from the lowest up.
    pub proof: Vec<Digest>,
    /// The signed note: a growth has none unless it reaches the head.
    pub note: Option<String>,
    /// Of a row: its header's bytes, in base64. The leaf is SHA-256(0x00 ‖ header).
    pub header: Option<String>,
}

/// What a scrub found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScrubReport {
    /// Journals read.
    pub journals: u64,
    /// Rows hashed.
    pub rows: u64,
    /// Contents hashed.
    pub contents: u64,
    /// What is wrong.
    pub findings: Vec<ScrubFinding>,
    /// Whether there was more.
    pub more: bool,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScrubFinding {
    /// A content that is damaged, or gone although nothing allows it. Asked of other members.
    Content(StatementRef),
    /// A header that is not what was written.
    Header(StatementRef),
    /// Rows that do not lead to the head that is held.
    History(CentreCode),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_evidence_is_about_is_told_by_its_number() {
        let about = |text: &str| text.parse::<EvidenceAbout>().unwrap();
        assert!(matches!(about("C46010-S57"), EvidenceAbout::Statement(StatementRef { index: 57, .. })));
        assert!(matches!(about("C46010-L57"), EvidenceAbout::Case(CaseRef::Listing(_))));
        assert!(matches!(about("C46010-A5"), EvidenceAbout::Case(CaseRef::Case(_))));
        assert!(matches!(about("C46010-D57"), EvidenceAbout::Dossier(_)));
        assert!(matches!(about("C46010-YDDKJCZM-2026-000001"), EvidenceAbout::Certificate(_)));
        for text in ["C46010-S57", "C46010-L57", "C46010-A5", "C46010-D57", "C46010-YDDKJCZM-2026-000001"] {
            assert_eq!(about(text).to_string(), text);
        }
        assert!("57".parse::<EvidenceAbout>().is_err());
        assert_eq!("7".parse(), Ok(Provable::Row(7)));
        assert_eq!("7..12".parse(), Ok(Provable::Growth(7, 12)));
        assert!("7..".parse::<Provable>().is_err() && "-1".parse::<Provable>().is_err());
    }
}
