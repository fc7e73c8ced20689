//! One row of the audit log.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use super::SubjectMark;
use crate::error::RefusalCode;
use crate::journal::hash;
use crate::names::{Digest, RequestId};
use crate::operator::OperatorName;
use crate::time::Time;
use crate::wire;

/// Longest text of what a row is about, in bytes of UTF-8.
pub const MAX_ABOUT_BYTES: usize = 200;

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)?) => {
        /// What was done. The codes never change once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum AuditAction { $($(#[$doc])* $variant),+ }
        impl AuditAction {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// The action with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.code() == code)
            }
        }
    };
}

actions! {
    /// An account was made.
    OperatorAdd = "operator.add",
    /// An account was disabled.
    OperatorDisable = "operator.disable",
    /// An operator changed their passphrase.
    OperatorPasswd = "operator.passwd",
    /// A case was proposed.
    Propose = "blacklist.propose",
    /// A proposal was approved or returned.
    Review = "blacklist.review",
    /// The subject was told.
    Notify = "blacklist.notify",
    /// The subject, or another centre, objected.
    Object = "blacklist.object",
    /// An objection was answered.
    Answer = "blacklist.answer",
    /// A listing or case was withdrawn.
    Withdraw = "blacklist.withdraw",
    /// A listing was repaired.
    Repair = "blacklist.repair",
    /// A listing took effect because its objection period ended; by nobody.
    List = "blacklist.list",
    /// A case was looked at, with the subject's number in it.
    Show = "blacklist.show",
    /// One subject was looked up.
    Lookup = "blacklist.lookup",
    /// One of many applicants was looked up.
    Screen = "blacklist.screen",
    /// The list was exported.
    Export = "blacklist.export",
    /// A file was staged.
    Import = "blacklist.import",
    /// A staged file was approved.
    ImportApprove = "blacklist.import-approve",
    /// An account of the source was looked at.
    AccountShow = "account.show",
    /// Numbers of a certificate were revealed on a screen.
    Reveal = "certificate.reveal",
    /// A grant was used: a certificate was read and verified.
    Query = "certificate.query",
    /// A next version of the charter was proposed.
    CharterPropose = "charter.propose",
    /// A proposal was approved, first by one, then by another.
    CharterApprove = "charter.approve",
    /// A proposal was rejected, first by one, then by another.
    CharterReject = "charter.reject",
    /// The next round of a vote was opened.
    CharterRound = "charter.round",
    /// A candidate was invited, or no longer is.
    FederationInvite = "federation.invite",
    /// Values were put to the issuer of a certificate.
    Check = "certificate.check",
    /// A rule was put to the issuer of a certificate.
    Evaluate = "certificate.evaluate",
    /// A certificate was issued.
    CertificateIssue = "certificate.issue",
    /// A certificate was ended.
    CertificateCancel = "certificate.cancel",
    /// A certificate was looked at, with the account that it speaks of.
    CertificateShow = "certificate.show",
    /// The document of an agent who presents a grant was looked at.
    AgentCheck = "grant.agent-check",
    /// Who used a certificate was handed out, sealed to its holder.
    CertificateAccesses = "certificate.accesses",
    /// A certificate was bound to another key of its holder.
    HolderBind = "holder.bind",
    /// A holder's key was reported lost.
    HolderEnd = "holder.end",
    /// A holder took a grant back at this centre; by nobody.
    GrantRevoke = "grant.revoke",
    /// The audit log was read.
    AuditRead = "audit.read",
    /// A dossier was opened.
    DossierOpen = "dossier.open",
    /// Something was written into a dossier.
    DossierWrite = "dossier.write",
    /// A dossier was looked at, or the list of them.
    DossierShow = "dossier.show",
    /// A lender replied to a certificate.
    LoanReply = "loan.reply",
    /// An account was marked, or marked again; by nobody when the peer did it because the reply had come.
    LoanMark = "loan.mark",
    /// The account of a loan moved to another centre.
    LoanTransfer = "loan.transfer",
    /// A loan was settled.
    LoanSettle = "loan.settle",
    /// A mark was lifted.
    LoanUnmark = "loan.unmark",
    /// What waits for whom, or the ledger of loans, was read.
    LoanList = "loan.list",
    /// A backup was begun, and again: what came of it.
    Backup = "store.backup",
    /// A matter was published.
    MatterPublish = "matter.publish",
    /// The catalogue was published.
    CataloguePublish = "catalogue.publish",
    /// Evidence was handed out.
    Evidence = "evidence.export",
    /// A journal was looked into, or a proof of it taken.
    JournalRead = "journal.read",
    /// A grant that waited at the window was asked for by its code.
    PickUp = "grant.pick-up",
}

/// One row. Personal: `business_no` and `about` are sealed at rest.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuditRow {
    /// Its place in the log, from 0.
    #[n(0)]
    pub seq: u64,
    /// When.
    #[n(1)]
    pub at: Time,
    /// Who; nobody when the peer did it by itself.
    #[n(2)]
    #[cbor(with = "optional_name")]
    pub operator: Option<OperatorName>,
    /// What.
    #[n(3)]
    #[cbor(with = "action")]
    pub action: AuditAction,
    /// The request that asked for it.
    #[n(4)]
    pub request: RequestId,
    /// Code of the matter, for lookups and queries.
    #[n(5)]
    pub matter: Option<String>,
    /// The business number, for lookups and queries.
    #[n(6)]
    pub business_no: Option<String>,
    /// Code of the legal basis.
    #[n(7)]
    pub legal_basis: Option<String>,
    /// What it was about: a number of a case, listing or certificate, an operator's name, a digest of a file; for lookups the document and
    /// for what is issued the account, masked.
    #[n(8)]
    pub about: String,
    /// What came of it: a stable code such as `done`, `again` (what had been done before was answered again), `listed`, `not-listed`, or a
    /// refusal's.
    #[n(9)]
    pub outcome: String,
    /// Random, so that the leaf of an erased row cannot be guessed.
    #[n(10)]
    #[cbor(with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// Whom it was about, where that is known.
    #[n(11)]
    pub subject: Option<SubjectMark>,
}

impl std::fmt::Debug for AuditRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditRow({}, {})", self.seq, self.action.code())
    }
}

impl AuditRow {
    /// The leaf of the audit log: the hash of the row's deterministic encoding.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        hash::leaf(&wire::encode(self))
    }

    /// Fresh salt.
    pub fn salt(rng: &mut dyn CryptoRng) -> [u8; 16] {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        salt
    }

    /// The outcome of a refusal.
    #[must_use]
    pub fn refused(code: RefusalCode) -> String {
        code.as_str().to_owned()
    }
}

mod action {
    use minicbor::decode::Error;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use super::AuditAction;

    pub fn encode<C, W: Write>(action: &AuditAction, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.str(action.code())?;
        Ok(())
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<AuditAction, Error> {
        AuditAction::from_code(d.str()?).ok_or_else(|| Error::message("audit action"))
    }
}

mod optional_name {
    use minicbor::decode::Error;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use crate::operator::OperatorName;

    pub fn encode<C, W: Write>(name: &Option<OperatorName>, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        match name {
            Some(name) => e.str(name.as_str())?,
            None => e.null()?,
        };
        Ok(())
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Option<OperatorName>, Error> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        OperatorName::new(d.str()?).map(Some).map_err(|_| Error::message("operator name"))
    }
}
