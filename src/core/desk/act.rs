//! What an operator may ask for: the inside of a [`crate::operator::SignedAct`].

use serde::{Deserialize, Serialize};

use crate::interact::Wanted;
use crate::listing::import::ImportRow;
use crate::names::{CaseNumber, CentreCode, CertificateNumber, Digest, ListingRef, Malformed, RequestId};
use crate::operator::{OperatorName, Role, SealedKey};
use crate::sign::PublicKey;

/// Most applicants in one [`Act::Screen`].
pub const MAX_SCREEN_PAGE: usize = 256;
/// Longest code of a matter or legal basis, in bytes.
pub const MAX_CODE_BYTES: usize = 64;

/// A case of ours or a published listing of anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CaseRef {
    /// `C46010-A45`
    Case(CaseNumber),
    /// `C46010-L123`
    Listing(ListingRef),
}

impl std::fmt::Display for CaseRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Case(number) => number.fmt(f),
            Self::Listing(listing) => listing.fmt(f),
        }
    }
}

impl std::str::FromStr for CaseRef {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse().map(Self::Listing).or_else(|_| text.parse().map(Self::Case)).map_err(|_: Malformed| Malformed { what: "case" })
    }
}

impl TryFrom<String> for CaseRef {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<CaseRef> for String {
    fn from(case: CaseRef) -> String {
        case.to_string()
    }
}

/// What a teller proposes. Codes and labels are the catalogue's. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The same fields as a row of a file has.
    pub row: ImportRow,
    /// SHA-256 of the decision document.
    pub decision_sha256: Digest,
    /// Which version of the legal basis.
    pub legal_basis_version: Option<String>,
    /// The case that was returned and is proposed again.
    pub again: Option<CaseNumber>,
    /// A listing of this subject was withdrawn because of impersonation, and the proposer has looked at that.
    pub impersonation_checked: bool,
}

impl std::fmt::Debug for Proposal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proposal(..)")
    }
}

/// Who is looked up. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// The row of the caller's file, or 0.
    pub row: u64,
    /// Code of the document's type.
    pub document_type: String,
    /// The document's number.
    pub document_no: String,
    /// The asking centre's business number.
    pub business_no: String,
}

/// About whom rows of the audit log are wanted, and why. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSubject {
    /// Code of the document's type.
    pub document_type: String,
    /// The document's number.
    pub document_no: String,
    /// Why; stands in the audit log, too.
    pub reason: String,
}

impl std::fmt::Debug for AuditSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditSubject({}, ..)", self.document_type)
    }
}

impl std::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Applicant({}, ..)", self.row)
    }
}

/// What an operator asks their peer to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// Make an account. Security administrator.
    OperatorAdd {
        /// What they log in with.
        name: OperatorName,
        /// Their name, for people.
        display: String,
        /// The employer's number of the person.
        staff_no: String,
        /// What they may do.
        role: Role,
        /// What their acts are signed with.
        key: PublicKey,
        /// The secret half under their passphrase.
        sealed: SealedKey,
    },
    /// Disable an account for good. Security administrator, never their own.
    OperatorDisable {
        /// Whose.
        name: OperatorName,
        /// Why.
        reason: String,
    },
    /// One's own key under another passphrase. Anybody.
    OperatorPasswd {
        /// The same key, sealed anew.
        sealed: SealedKey,
    },
    /// Propose a case. Teller.
    Propose(Box<Proposal>),
    /// Approve or return a proposal. Reviewer, not the proposer.
    Review {
        /// Which.
        case: CaseNumber,
        /// Approve, or return.
        approve: bool,
        /// Why.
        reason: String,
    },
    /// The subject was told. Teller; with a waiver a reviewer.
    Notify {
        /// Which.
        case: CaseNumber,
        /// The day they were told.
        day: String,
        /// How.
        how: String,
        /// SHA-256 of the paper by which the subject gives up the period.
        waiver: Option<Digest>,
    },
    /// Somebody objects: to a case of ours, or to anybody's listing. Teller or reviewer.
    Object {
        /// To which.
        about: CaseRef,
        /// Code of the ground.
        ground: String,
        /// What they say.
        text: String,
    },
    /// Answer the open objection. Reviewer, not the proposer.
    Answer {
        /// Which.
        about: CaseRef,
        /// The finding stands; otherwise it is withdrawn.
        uphold: bool,
        /// Why.
        reason: String,
    },
    /// Take a case or listing of ours back. Reviewer.
    Withdraw {
        /// Which.
        about: CaseRef,
        /// Why.
        reason: String,
        /// The subject's name was used by somebody else.
        impersonated: bool,
    },
    /// End a listing of ours that was made good. Reviewer, not the proposer.
    Repair {
        /// Which.
        about: CaseRef,
        /// Who decided the repair, and under which number.
        decision: String,
        /// Why.
        reason: String,
    },
    /// What waits for whom until when. Any operator.
    Queue {
        /// Only cases after this serial.
        after: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// One case of ours, or what can be said of a listing. Teller, reviewer, auditor.
    CaseShow {
        /// Which.
        about: CaseRef,
        /// With the subject's number and name in plain; the reason is recorded.
        unmask: Option<String>,
    },
    /// Which centres have acknowledged the ending of a listing of ours. Any operator.
    Proof {
        /// Which.
        about: CaseRef,
    },
    /// Is this subject on anybody's list? Teller or reviewer.
    Lookup {
        /// Who.
        applicant: Applicant,
        /// Code of the matter.
        matter: String,
        /// Code of the legal basis.
        legal_basis: String,
    },
    /// Are these? Teller or reviewer.
    Screen {
        /// Who; at most [`MAX_SCREEN_PAGE`].
        applicants: Vec<Applicant>,
        /// Code of the matter.
        matter: String,
        /// Code of the legal basis.
        legal_basis: String,
    },
    /// What has changed on the lists since the cursor. Teller or reviewer.
    Export {
        /// Where the last export ended; everything when absent.
        cursor: Option<String>,
        /// At most so many rows.
        limit: usize,
    },
    /// Begin, or go on with, staging a file. Teller.
    ImportBegin {
        /// SHA-256 of the file.
        file: Digest,
    },
    /// Rows of the file, in order. Who began it.
    ImportRows {
        /// SHA-256 of the file.
        file: Digest,
        /// At most [`crate::listing::import::MAX_IMPORT_PAGE`].
        rows: Vec<ImportRow>,
        /// Only say what they would come to.
        dry_run: bool,
    },
    /// That was all. Who began it.
    ImportFinish {
        /// SHA-256 of the file.
        file: Digest,
        /// Rows that passed the checks.
        rows: u64,
        /// [`crate::listing::import::RowsDigest`] over them.
        digest: Digest,
    },
    /// List what was staged. Reviewer, not who staged it.
    ImportApprove {
        /// SHA-256 of the file.
        file: Digest,
        /// Rows that pass the checks, by the approver's own reading of the file.
        rows: u64,
        /// Digest over them, likewise.
        digest: Digest,
    },
    /// What the source says of an account, as a certificate would say it. Teller or reviewer.
    AccountShow {
        /// GRZH 个人账号.
        account_no: String,
        /// Code of the certificate's kind.
        kind: String,
        /// With the numbers in plain; the reason is recorded.
        unmask: Option<String>,
    },
    /// Numbers of a certificate that was read are revealed on a screen which has them: only to be recorded. Teller or reviewer.
    Reveal {
        /// Of which certificate.
        number: CertificateNumber,
        /// Why.
        reason: String,
    },
    /// Issue a certificate for an account to the holder of an enrolment card. Teller or reviewer.
    CertificateIssue {
        /// GRZH 个人账号.
        account_no: String,
        /// Code of the certificate's kind.
        kind: String,
        /// The only centre that may rely on it; required for the cross-region kind.
        addressee: Option<CentreCode>,
        /// The enrolment card, as its file's text.
        card: String,
        /// The clerk's name, printed on the certificate.
        clerk: String,
        /// Days of validity; the centre's default when absent.
        valid_days: Option<u32>,
        /// Issued once: whoever asks for the same again under this id, signed anew, gets the same certificate.
        request: RequestId,
    },
    /// One certificate, with the account that it speaks of if it is ours. Teller or reviewer.
    CertificateShow {
        /// Its number.
        number: CertificateNumber,
    },
    /// End a certificate. Teller or reviewer.
    CertificateCancel {
        /// Its number.
        number: CertificateNumber,
        /// `cancelled` or `superseded`.
        reason: String,
    },
    /// Read and verify what a grant allows. Teller or reviewer.
    Query {
        /// The grant's text.
        grant: String,
        /// The asking centre's business number.
        business_no: String,
        /// Code of the matter at hand; the grant's own when absent.
        matter: Option<String>,
        /// One use: whoever asks for the same again under this id, signed anew, gets the same answer and costs no further use.
        request: RequestId,
    },
    /// Put values or a rule to the issuer of a certificate, as a grant allows. Teller or reviewer.
    Ask {
        /// The grant's text.
        grant: String,
        /// The asking centre's business number.
        business_no: String,
        /// Code of the matter at hand; the grant's own when absent.
        matter: Option<String>,
        /// What is wanted.
        wanted: Wanted,
        /// One use, as for a reading.
        request: RequestId,
    },
    /// Rows of the audit log. Auditor.
    AuditList {
        /// Only rows before this one; the newest when absent.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
        /// Only this operator's.
        operator: Option<OperatorName>,
        /// Only what was about this person or employer.
        subject: Option<AuditSubject>,
    },
    /// Whether the audit log is what the journal says. Auditor.
    AuditCheck,
    /// Make a backup of the database into the peer's folder for backups. System administrator.
    Backup,
    /// Publish a matter of ours. Reviewer: it decides what tellers may be shown, so it is neither theirs to say nor a machine's matter.
    MatterPublish {
        /// The matter's file, as it was written: what is signed is what was read.
        file: String,
    },
    /// Publish our catalogue. Reviewer.
    CataloguePublish {
        /// The catalogue's file, as it was written.
        file: String,
    },
    /// Questions left for an issuer that is dark. Teller or reviewer.
    Outbox(Box<super::OutboxAct>),
    /// The federation's own affairs. Security administrator; the second of two people may have another role, but none of a counter's.
    Federation(Box<super::FederationAct>),
    /// Dossiers and loans. Teller or reviewer; an auditor may read.
    Dossier(Box<super::DossierAct>),
    /// Journals, their proofs, and evidence to hand out. Auditor; of a certificate, a case or a dossier a teller or reviewer too.
    Journal(Box<super::JournalAct>),
    /// Take a grant that waits at our window, by its code. Teller or reviewer.
    PickUp {
        /// Eight digits.
        code: String,
        /// The last four characters of the number of the holder's document.
        last_four: String,
    },
    /// Who looked at a certificate of ours, refused uses included. Auditor.
    Accesses {
        /// Its number.
        number: CertificateNumber,
        /// Where the last page ended.
        after: Option<String>,
        /// At most so many, and at most [`super::MAX_ACCESS_LINES`].
        limit: usize,
    },
    /// Bind a certificate of ours to another key of its holder, who stands at the counter: nothing counts any more that the former key
    /// signed for it. Answered like an issue; the same card again gets the same certificate. Teller or reviewer.
    HolderBind {
        /// Its number.
        number: CertificateNumber,
        /// The enrolment card of the new key, as its file's text.
        card: String,
    },
    /// The holder's key of a certificate of ours was lost: nothing counts any more that it signed for it. Teller or reviewer.
    HolderEnd {
        /// Its number.
        number: CertificateNumber,
    },
    /// Who used a certificate, as far as it is known here, sealed to its holder: for one who has no window. Teller or reviewer.
    CertificateAccesses {
        /// Its number.
        number: CertificateNumber,
        /// Where the page before ended.
        after: Option<String>,
    },
    /// The document of the agent whom a grant names was looked at: from now on the grant can be used here. Teller or reviewer.
    AgentCheck {
        /// The grant's text.
        grant: String,
        /// The last four characters of the number, as they stand on the document.
        last_four: String,
    },
}
