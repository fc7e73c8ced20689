//! What an operator asks of dossiers and loans, and what the peer answers.

use serde::{Deserialize, Serialize};

use crate::dossier::loan::{LoanProgress, LoanState, Task};
use crate::dossier::{DossierKind, FieldView, PartyRole};
use crate::listing::Day;
use crate::names::{CentreCode, CertificateNumber, DossierRef, Malformed};
use crate::time::Time;

/// Most rows of one page of dossiers or loans: each is opened and read for it.
pub const MAX_DOSSIER_PAGE: usize = 100;

/// A dossier by its own number, or a loan by its certificate's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DossierName {
    /// `C46020-D57`
    Dossier(DossierRef),
    /// `C46010-YDDKJCZM-2026-000001`
    Certificate(CertificateNumber),
}

impl std::fmt::Display for DossierName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dossier(dossier) => dossier.fmt(f),
            Self::Certificate(number) => number.fmt(f),
        }
    }
}

impl std::str::FromStr for DossierName {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(Self::Dossier).or_else(|_: Malformed| text.parse().map(Self::Certificate))
    }
}

impl TryFrom<String> for DossierName {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<DossierName> for String {
    fn from(name: DossierName) -> String {
        name.to_string()
    }
}

/// A lender's reply to a certificate. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoanReply {
    /// To which.
    pub certificate: CertificateNumber,
    /// Granted, or refused.
    pub granted: bool,
    /// How much, in fen; with a grant.
    pub amount_fen: Option<u64>,
    /// For how many months; with a grant.
    pub term_months: Option<u32>,
    /// First day of the loan.
    pub from: Option<Day>,
    /// Its last day.
    pub to: Option<Day>,
    /// Code of the repayment's method; with a grant.
    pub method: Option<String>,
    /// Monthly payment, in fen.
    pub monthly_fen: Option<u64>,
    /// The lender's business number.
    pub business_no: String,
    /// Who replies.
    pub clerk: String,
    /// Where they are reached.
    pub phone: Option<String>,
    /// Why, above all of a refusal.
    pub reason: Option<String>,
    /// The day; today when absent.
    pub on: Option<Day>,
}

impl std::fmt::Debug for LoanReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoanReply({}, ..)", self.certificate)
    }
}

/// What an operator asks their peer to do with dossiers. Tellers and reviewers; an auditor may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DossierAct {
    /// Open one with another centre. A loan's is opened by the reply.
    Open {
        /// What it is for.
        kind: DossierKind,
        /// With whom.
        with: CentreCode,
        /// The listing, for a contested one.
        about: Option<String>,
        /// What notes are about; for a dossier of notes.
        title: Option<String>,
        /// The first note.
        text: Option<String>,
    },
    /// Write a field.
    Write {
        /// Where.
        dossier: DossierName,
        /// Which.
        field: String,
        /// What.
        value: String,
    },
    /// Add a note of this centre's.
    Note {
        /// Where.
        dossier: DossierName,
        /// What.
        text: String,
    },
    /// Read one.
    Show {
        /// Which.
        dossier: DossierName,
    },
    /// Dossiers of this centre.
    List {
        /// Only of this kind.
        kind: Option<DossierKind>,
        /// Only after this one.
        after: Option<DossierRef>,
        /// At most so many, and at most [`MAX_DOSSIER_PAGE`].
        limit: usize,
    },
    /// Reply to a certificate that is addressed to this centre.
    Reply(Box<LoanReply>),
    /// Mark the account of a loan, or mark it again after it moved here.
    Mark {
        /// Which.
        loan: DossierName,
        /// Who marks.
        clerk: String,
        /// The day; today when absent.
        on: Option<Day>,
    },
    /// The account moves to another centre: tell it and the lender.
    Transfer {
        /// Which.
        loan: DossierName,
        /// Where to.
        to: CentreCode,
        /// Who says so.
        clerk: String,
        /// The day; today when absent.
        on: Option<Day>,
    },
    /// The loan is paid off.
    Settle {
        /// Which.
        loan: DossierName,
        /// Who says so.
        clerk: String,
        /// The day; today when absent.
        on: Option<Day>,
    },
    /// Lift the mark.
    Unmark {
        /// Which.
        loan: DossierName,
        /// Who lifts it.
        clerk: String,
        /// The day; today when absent.
        on: Option<Day>,
    },
    /// What has to be done, by this centre or by others that it waits for.
    Queue {
        /// Where the last page ended.
        after: Option<String>,
        /// At most so many are looked at, and at most [`MAX_DOSSIER_PAGE`].
        limit: usize,
    },
    /// 异地贷款明细台账: loans whose account this centre marked.
    Ledger {
        /// Where the last page ended.
        after: Option<String>,
        /// At most so many are looked at, and at most [`MAX_DOSSIER_PAGE`].
        limit: usize,
    },
}

/// A party of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyLine {
    /// Which centre.
    pub centre: CentreCode,
    /// What it is there.
    pub role: PartyRole,
}

/// A dossier as it is read. Personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierView {
    /// Its number.
    pub dossier: DossierRef,
    /// What it is for.
    pub kind: DossierKind,
    /// What it is about: a certificate or a listing.
    pub about: Option<String>,
    /// When it was opened, by who opened it.
    pub opened: Time,
    /// Who writes in it.
    pub parties: Vec<PartyLine>,
    /// Everything that stands in it, by field, what counts first.
    pub fields: Vec<FieldView>,
    /// Changes that are in it.
    pub applied: u64,
    /// Changes that wait for others.
    pub pending: u64,
    /// Changes that were refused, and are not looked at again.
    pub set_aside: u64,
    /// Rows of centres that are no party, or that do not open.
    pub ignored: u64,
    /// Where the loan stands, if it is one.
    pub loan: Option<LoanProgress>,
}

/// One dossier of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DossierLine {
    /// Its number.
    pub dossier: DossierRef,
    /// What it is for.
    pub kind: DossierKind,
    /// With whom its opener opened it.
    pub with: CentreCode,
    /// What it is about.
    pub about: Option<String>,
    /// When it was opened.
    pub opened: Time,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanTask {
    /// What.
    pub task: Task,
    /// By whom.
    pub by: CentreCode,
    /// Last day.
    pub until: Day,
    /// The day has passed.
    pub late: bool,
}

/// One loan of the queue or the ledger. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanLine {
    /// Its dossier, once there is one.
    pub dossier: Option<DossierRef>,
    /// The certificate.
    pub certificate: String,
    /// Who lends.
    pub lender: CentreCode,
    /// Who keeps the account.
    pub keeper: Option<CentreCode>,
    /// Where it stands.
    pub state: LoanState,
    /// What has to be done next.
    pub task: Option<LoanTask>,
    /// The fields of the ledger that count, by name: [`LEDGER_FIELDS`], and [`LEDGER_MOVES`] of every transfer (`transfer.1.to`).
    pub fields: std::collections::BTreeMap<String, String>,
}

impl std::fmt::Debug for LoanLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoanLine({}, {})", self.certificate, self.state.code())
    }
}

/// Fields of a loan that stand in the ledger, in its order.
pub const LEDGER_FIELDS: [&str; 12] = [
    "mark.number",
    "mark.on",
    "reply.amount",
    "reply.term",
    "reply.from",
    "reply.to",
    "reply.method",
    "reply.monthly",
    "reply.business_no",
    "reply.on",
    "settled.on",
    "unmark.on",
];

/// What stands in the ledger of each transfer of the account, in its order.
pub const LEDGER_MOVES: [(&str, &str); 4] = [("transfer", "to"), ("transfer", "on"), ("remark", "number"), ("remark", "on")];
