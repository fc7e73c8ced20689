//! Exit codes, after sysexits.h (BSD), in one place.
//!
//! | code | meaning here |
//! | --- | --- |
//! | 0 | done |
//! | 2 | done, but some rows of a file were rejected: the reject file has them with their reasons |
//! | 64 | the command line is wrong: unknown option, missing argument, a value of another form |
//! | 65 | data that was handed in is not what it should be: a grant, a card, a certificate file, a damaged key file or database, an export with rejected rows |
//! | 66 | a file that was named cannot be read, or nothing was initialised there |
//! | 69 | the peer is not running, stopped in the middle, or does not support this |
//! | 70 | an error of the program itself |
//! | 73 | an output file or data folder exists already, and was not touched |
//! | 74 | reading or writing failed |
//! | 75 | not now: somebody else is at it, the peer is busy or read-only, or the answer is "unknown"; try again later |
//! | 76 | the other side of a connection did not keep to the protocol |
//! | 77 | refused: a policy said no, a passphrase was wrong, or another user owns it |
//! | 78 | the configuration is wrong, or no charter was adopted |

use anju_core::error::RefusalCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Done, but some rows were rejected.
    SomeRejected = 2,
    /// `EX_USAGE`
    Usage = 64,
    /// `EX_DATAERR`
    Data = 65,
    /// `EX_NOINPUT`
    NoInput = 66,
    /// `EX_UNAVAILABLE`
    Unavailable = 69,
    /// `EX_SOFTWARE`
    Software = 70,
    /// `EX_CANTCREAT`
    CantCreate = 73,
    /// `EX_IOERR`
    Io = 74,
    /// `EX_TEMPFAIL`
    TryLater = 75,
    /// `EX_PROTOCOL`
    Protocol = 76,
    /// `EX_NOPERM`
    Refused = 77,
    /// `EX_CONFIG`
    Config = 78,
}

impl Exit {
    /// How a command ends that was refused for this reason.
    #[must_use]
    #[rustfmt::skip] // One code a line is longer than a function may be.
    pub const fn of_refusal(code: RefusalCode) -> Self {
        use RefusalCode as R;
        match code {
            R::GrantMalformed
            | R::GrantAltered
            | R::CertificateAltered
            | R::CardInvalid
            | R::AccountUnreadable
            | R::DocumentInvalid
            | R::NotInCatalogue
            | R::DatesContradict
            | R::DecisionReused
            | R::ImportDiffers
            | R::MatterInvalid
            | R::CatalogueInvalid => Self::Data,
            R::RequestInvalid | R::RequestReused | R::AddresseeInvalid | R::FieldMissing | R::CursorInvalid => Self::Usage,
            R::ReadOnly
            | R::WriterUnreachable
            | R::WriterSilent
            | R::TooManyRequests
            | R::StoreUnavailable
            | R::ImportRunning
            | R::QuotaExceeded
            | R::RequestStale
            | R::WindowBusy
            | R::EpochUnknown
            | R::IssuerDark => Self::TryLater,
            R::SourceUnavailable => Self::NoInput,
            R::Unsupported | R::WriterOnly => Self::Unavailable,
            R::NoCharter => Self::Config,
            R::WrongCentre | R::GrantExpired | R::GrantNotYetValid | R::GrantUsedUp | R::GrantRevoked | R::WrongMatter
            | R::WrongMode | R::FieldNotInCertificate | R::CeilingExceeded | R::HolderMismatch | R::HolderKeyEnded | R::AgentUnchecked | R::AgentMismatch | R::CertificateUnknown
            | R::NotTheIssuer | R::CertificateEnded | R::CertificateExpired | R::WrongAddressee | R::CertificateErased
            | R::AccountUnknown | R::AccountClosed | R::LoanUnsettled | R::NoLoan | R::CardUsed | R::OperatorUnknown
            | R::OperatorUnproven | R::RoleMissing | R::OneAccountEach | R::OperatorExists | R::SecondPersonNeeded
            | R::CaseUnknown | R::StepNotAllowed | R::CaseExists | R::ImportUnknown | R::HolderUnproven | R::HolderUnknown
            | R::PickupUnknown | R::VersionNotNewer | R::MatterUnknown | R::CatalogueUnknown | R::WrongCertificateKind
            | R::ModeNotAllowed | R::FieldNotInMatter | R::FieldNotGranted | R::RuleUnknown | R::DossierUnknown
            | R::DossierUnreadable | R::NotEntitled | R::NothingNew | R::LeftUnknown
            | R::EpochUnopened | R::CharterFrozen | R::Contained | R::NotAVoter | R::ProposalInvalid | R::ProposalUnknown | R::ProposalOpen
            | R::VoteBound | R::InvitationUnknown | R::StatementUnknown | R::NotProvable => Self::Refused,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
