//! Questions that an operator leaves for an issuer that is dark, and what became of them.

use serde::{Deserialize, Serialize};

use super::AttestedAnswer;
use crate::grant::Mode;
use crate::interact::Wanted;
use crate::names::{CentreCode, CertificateNumber, RequestId};
use crate::operator::OperatorName;
use crate::time::Time;

/// Most questions of one page.
pub const MAX_OUTBOX_PAGE: usize = 100;

/// What an operator asks of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outbox", rename_all = "kebab-case")]
pub enum OutboxAct {
    /// Put this to the issuer as soon as it is reached.
    Leave {
        /// The grant's text.
        grant: String,
        /// The asking centre's business number.
        business_no: String,
        /// Code of the matter at hand; the grant's own when absent.
        matter: Option<String>,
        /// What is wanted.
        wanted: Wanted,
        /// One use: the same id as when it was asked in vain, for the issuer may have heard it.
        request: RequestId,
    },
    /// Those left last first.
    List {
        /// Behind this one: when it was left, and its id.
        after: Option<(Time, RequestId)>,
        /// At most so many, and at most [`MAX_OUTBOX_PAGE`].
        limit: usize,
    },
    /// One of them, with what the issuer attested.
    Show {
        /// Its id.
        request: RequestId,
    },
    /// Not any longer: it is not asked any more, and what it said is deleted. A use that the issuer has counted stays counted.
    Drop {
        /// Its id.
        request: RequestId,
    },
}

/// A question that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftLine {
    /// Its id.
    pub request: RequestId,
    /// Whom it is for.
    pub issuer: CentreCode,
    /// The certificate.
    pub number: CertificateNumber,
    /// The matter's code.
    pub matter: String,
    /// Our business number.
    pub business_no: String,
    /// `check` or `evaluate`.
    pub mode: Mode,
    /// Who left it.
    pub by: OperatorName,
    /// When.
    pub left: Time,
    /// It is asked until then.
    pub until: Time,
    /// When it was over; nothing while it waits.
    pub over: Option<Time>,
    /// Why it was refused, as a refusal's code; nothing while it waits and when it was answered.
    pub refused: Option<String>,
}

/// One of them, as far as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftView {
    /// What it is.
    pub line: LeftLine,
    /// What the issuer attested; nothing while it waits and when it was refused.
    pub attested: Option<AttestedAnswer>,
}
