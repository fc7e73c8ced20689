//! Errors that say whose fault they are.
//!
//! [`Refusal`]: a policy says no; an outcome with a stable code, shown to who asked. [`Fault`]: another peer misbehaved; counted, the
//! evidence kept. [`ShelfError`]: ours; nothing was decided and nothing may be sent.
//! No message here may carry personal data: codes, counts, centre codes and certificate numbers only.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant),+ }
        impl $name {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable code; never changes once released.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
        impl std::str::FromStr for $name {
            type Err = crate::names::Malformed;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|c| c.as_str() == text).ok_or(crate::names::Malformed { what: stringify!($name) })
            }
        }
    };
}

codes! {
    /// Why something was refused.
    RefusalCode {
        /// The grant is not a grant: not of the form, too large, or an algorithm that is not allowed.
        GrantMalformed = "grant-malformed",
        /// The grant's signature does not verify, or its sealed part does not open although this centre is the audience.
        GrantAltered = "grant-altered",
        /// The grant names another centre.
        WrongCentre = "wrong-centre",
        /// The grant's last moment has passed.
        GrantExpired = "grant-expired",
        /// The grant's first moment has not come.
        GrantNotYetValid = "grant-not-yet-valid",
        /// Every use the grant allows has been made.
        GrantUsedUp = "grant-used-up",
        /// The holder took the grant back.
        GrantRevoked = "grant-revoked",
        /// The grant is for another matter.
        WrongMatter = "wrong-matter",
        /// The grant is for another mode.
        WrongMode = "wrong-mode",
        /// The grant names a field that the certificate does not have.
        FieldNotInCertificate = "field-not-in-certificate",
        /// Longer or more often than allowed.
        CeilingExceeded = "ceiling-exceeded",
        /// The grant was signed by another key than the certificate is bound to.
        HolderMismatch = "holder-mismatch",
        /// The key that signed no longer counts for the certificate: it was reported lost, or the certificate has another key.
        HolderKeyEnded = "holder-key-ended",
        /// An agent presents the grant, and no clerk has looked at their document yet.
        AgentUnchecked = "agent-unchecked",
        /// The document is not that of the agent whom the grant names.
        AgentMismatch = "agent-mismatch",
        /// No such certificate in any journal held here.
        CertificateUnknown = "certificate-unknown",
        /// Only the centre that issued a certificate can do this with it.
        NotTheIssuer = "not-the-issuer",
        /// The certificate's bytes are not what its issuer signed.
        CertificateAltered = "certificate-altered",
        /// The certificate was cancelled or superseded.
        CertificateEnded = "certificate-ended",
        /// The certificate's validity has passed.
        CertificateExpired = "certificate-expired",
        /// The certificate is addressed to another lending centre.
        WrongAddressee = "wrong-addressee",
        /// The certificate's content was erased.
        CertificateErased = "certificate-erased",
        /// No such account in the source.
        AccountUnknown = "account-unknown",
        /// The account is closed.
        AccountClosed = "account-closed",
        /// A fund loan is not settled.
        LoanUnsettled = "loan-unsettled",
        /// There was never a fund loan.
        NoLoan = "no-loan",
        /// The source's rows about this account contradict each other or were rejected.
        AccountUnreadable = "account-unreadable",
        /// The enrolment card is not one, was altered, or is too old.
        CardInvalid = "card-invalid",
        /// The enrolment card already has a certificate.
        CardUsed = "card-used",
        /// The addressee is missing, is this centre, or is not a member.
        AddresseeInvalid = "addressee-invalid",
        /// The request is not of the form.
        RequestInvalid = "request-invalid",
        /// A request with this id was made before with another content.
        RequestReused = "request-reused",
        /// The peer may not write now: a backup was restored, or it is not the writer of the term.
        ReadOnly = "read-only",
        /// The writer of this centre cannot be reached.
        WriterUnreachable = "writer-unreachable",
        /// The writer of this centre was asked and has not answered: what became of it is not known.
        WriterSilent = "writer-silent",
        /// This is worked on at the writing station only.
        WriterOnly = "writer-only",
        /// No charter has been adopted yet.
        NoCharter = "no-charter",
        /// The source cannot be read.
        SourceUnavailable = "source-unavailable",
        /// No such operator, or the operator is disabled.
        OperatorUnknown = "operator-unknown",
        /// An operator's signature does not verify, or is for another centre or another time.
        OperatorUnproven = "operator-unproven",
        /// The operator's role does not allow this.
        RoleMissing = "role-missing",
        /// This person has an account already: nobody is two operators.
        OneAccountEach = "one-account-each",
        /// An operator of this name exists.
        OperatorExists = "operator-exists",
        /// A second person must do this: not the one who did the step before.
        SecondPersonNeeded = "second-person-needed",
        /// No such case or listing.
        CaseUnknown = "case-unknown",
        /// The case is not where this step could be taken.
        StepNotAllowed = "step-not-allowed",
        /// A field that this step needs is missing, or says something that cannot be.
        FieldMissing = "field-missing",
        /// Not in this centre's catalogue.
        NotInCatalogue = "not-in-catalogue",
        /// Dates that contradict each other or lie in the past.
        DatesContradict = "dates-contradict",
        /// A case about this decision and this subject exists.
        CaseExists = "case-exists",
        /// The decision number is in use for another decision.
        DecisionReused = "decision-reused",
        /// The number of the document is not one.
        DocumentInvalid = "document-invalid",
        /// More lookups than this operator or this centre may make in a day.
        QuotaExceeded = "quota-exceeded",
        /// Another import is under way.
        ImportRunning = "import-running",
        /// This file was not imported, or not wholly.
        ImportUnknown = "import-unknown",
        /// What was staged is not what the file says.
        ImportDiffers = "import-differs",
        /// The cursor is not one of ours.
        CursorInvalid = "cursor-invalid",
        /// No such dossier here.
        DossierUnknown = "dossier-unknown",
        /// This centre is no party of the dossier, or a row of it is not here.
        DossierUnreadable = "dossier-unreadable",
        /// This centre may not write the field.
        NotEntitled = "not-entitled",
        /// The dossier says it already.
        NothingNew = "nothing-new",
        /// Not in this version.
        Unsupported = "unsupported",
        /// Too many of these for now.
        TooManyRequests = "too-many-requests",
        /// The store could not write; nothing was changed.
        StoreUnavailable = "store-unavailable",
        /// The matter's file is not one; told with line and column.
        MatterInvalid = "matter-invalid",
        /// The catalogue's file is not one; told with line and column.
        CatalogueInvalid = "catalogue-invalid",
        /// A version as new as this one is published already.
        VersionNotNewer = "version-not-newer",
        /// No matter of this code is in force.
        MatterUnknown = "matter-unknown",
        /// The centre has published no catalogue.
        CatalogueUnknown = "catalogue-unknown",
        /// The matter needs another kind of certificate.
        WrongCertificateKind = "wrong-certificate-kind",
        /// The matter does not allow fields to be asked for in this way.
        ModeNotAllowed = "mode-not-allowed",
        /// The grant names a field that the matter is not to be shown.
        FieldNotInMatter = "field-not-in-matter",
        /// The matter cannot be handled without a field that the grant does not name.
        FieldNotGranted = "field-not-granted",
        /// The issuer, who alone can answer this, is not reached.
        IssuerDark = "issuer-dark",
        /// No question was left under this id.
        LeftUnknown = "left-unknown",
        /// The matter in force has no rule of this name.
        RuleUnknown = "rule-unknown",
        /// A request at the window without a holder's signature over exactly it, for this window.
        HolderUnproven = "holder-unproven",
        /// No certificate known here is bound to the key that signed.
        HolderUnknown = "holder-unknown",
        /// The holder's clock is too far from the peer's, or the request is older than the peer's memory.
        RequestStale = "request-stale",
        /// No deposit has this code and these last four characters: never, no longer, or locked after wrong ones.
        PickupUnknown = "pickup-unknown",
        /// The window has no room for more right now.
        WindowBusy = "window-busy",
        /// The secrets of the federation's epoch are not here.
        EpochUnknown = "epoch-unknown",
        /// This centre's copy of the epoch that is proposed is missing, or opens to something else than is proposed.
        EpochUnopened = "epoch-unopened",
        /// Two valid successors of one version of the charter are known: nothing is voted on.
        CharterFrozen = "charter-frozen",
        /// Two histories of this centre's journal are known: nothing new of it would count anywhere.
        Contained = "contained",
        /// This centre does not vote.
        NotAVoter = "not-a-voter",
        /// What is proposed breaks a rule of charters.
        ProposalInvalid = "proposal-invalid",
        /// Nothing of this name is proposed.
        ProposalUnknown = "proposal-unknown",
        /// Something is proposed already.
        ProposalOpen = "proposal-open",
        /// What this centre has said before binds it.
        VoteBound = "vote-bound",
        /// No invitation of this id.
        InvitationUnknown = "invitation-unknown",
        /// No such statement in any journal held here.
        StatementUnknown = "statement-unknown",
        /// What is held here does not prove it.
        NotProvable = "not-provable",
    }
}

codes! {
    /// How another peer misbehaved.
    FaultCode {
        /// Bytes that are not a message, or not deterministically encoded.
        Malformed = "malformed",
        /// More bytes than the cap.
        Oversized = "oversized",
        /// A checkpoint or cosignature that does not verify.
        BadSignature = "bad-signature",
        /// Entries that do not lead to the checkpoint they came with.
        BadProof = "bad-proof",
        /// A payload whose digest is not the header's.
        BadPayload = "bad-payload",
        /// A payload left out although nothing allows it.
        PayloadMissing = "payload-missing",
        /// A centre's statement announced by somebody else as its author.
        NotTheAuthor = "not-the-author",
        /// A newer heartbeat over an older, shorter journal.
        RolledBack = "rolled-back",
        /// Two checkpoints of one term that do not extend each other.
        Forked = "forked",
        /// A checkpoint beyond what counts of the keys that signed it.
        Void = "void",
        /// An announcement that does not open under the epoch key.
        Unsealed = "unsealed",
        /// Another charter than ours.
        OtherCharter = "other-charter",
        /// An answer to a question that was not asked.
        Unasked = "unasked",
        /// A statement whose kind's rules it breaks.
        BadStatement = "bad-statement",
    }
}

/// A policy says no. An outcome, not a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("refused: {code}{}", detail.as_deref().map(|d| format!(" ({d})")).unwrap_or_default())]
pub struct Refusal {
    /// The stable code.
    pub code: RefusalCode,
    /// What exactly, without personal data: a field's name, a centre code, a point in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal that its code says everything about.
    #[must_use]
    pub const fn new(code: RefusalCode) -> Self {
        Self { code, detail: None }
    }

    /// A refusal with the particular thing it is about.
    #[must_use]
    pub fn about(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()) }
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        Self::new(code)
    }
}

/// Another peer misbehaved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault: {code}: {detail}")]
pub struct Fault {
    /// The stable code.
    pub code: FaultCode,
    /// What was seen, without personal data.
    pub detail: String,
}

impl Fault {
    /// A fault and what was seen.
    #[must_use]
    pub fn new(code: FaultCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<crate::wire::WireError> for Fault {
    fn from(error: crate::wire::WireError) -> Self {
        let code = match error {
            crate::wire::WireError::TooLarge { .. } => FaultCode::Oversized,
            crate::wire::WireError::Shape(_) | crate::wire::WireError::NotDeterministic => FaultCode::Malformed,
        };
        Self::new(code, error.to_string())
    }
}

/// The store could not answer or holds something it must not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShelfError {
    /// The engine failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A row is not what was written: a flipped bit, or somebody's hand.
    #[error("the store holds damaged data: {0}")]
    Damaged(String),
}
