//! The routes, and what is said in bodies: JSON, without a field that is not named here.

use serde::{Deserialize, Serialize};

use crate::error::{Refusal, RefusalCode};
use crate::grant::claims::MAX_GRANT_BYTES;
use crate::names::{CentreCode, CertificateNumber, GrantId};
use crate::time::Time;

/// Longest path with query, in bytes.
pub const MAX_TARGET_BYTES: usize = 256;
/// Longest body, in bytes: a grant with line breaks, and room.
pub const MAX_BODY_BYTES: usize = 2 * MAX_GRANT_BYTES + 1024;

/// Everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The files of certificates bound to the signing key.
    Certificates,
    /// A grant is left for the centre's clerks.
    Grants,
    /// A grant is taken back.
    Revocations,
    /// Who used a grant over the certificate bound to the signing key.
    Accesses,
    /// Which centre this is. Not signed.
    Health,
    /// What there is. Not signed.
    OpenApi,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 6] = [Self::Certificates, Self::Grants, Self::Revocations, Self::Accesses, Self::Health, Self::OpenApi];

    /// The path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Certificates => "/v1/certificates",
            Self::Grants => "/v1/grants",
            Self::Revocations => "/v1/revocations",
            Self::Accesses => "/v1/accesses",
            Self::Health => "/v1/health",
            Self::OpenApi => "/openapi.json",
        }
    }

    /// The one method.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Certificates | Self::Accesses | Self::Health | Self::OpenApi => "GET",
            Self::Grants | Self::Revocations => "POST",
        }
    }

    /// Whether a holder key must sign.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        match self {
            Self::Certificates | Self::Grants | Self::Revocations | Self::Accesses => true,
            Self::Health | Self::OpenApi => false,
        }
    }

    /// The route that is asked for.
    #[must_use]
    pub fn find(method: &str, path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path && route.method() == method)
    }
}

/// Path and query of a target.
#[must_use]
pub fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// Where a page of accesses begins: the query is empty, or `after=CENTRE.ROW` and nothing else.
///
/// # Errors
/// `cursor-invalid`.
pub fn after(query: &str) -> Result<Option<(CentreCode, u64)>, Refusal> {
    if query.is_empty() {
        return Ok(None);
    }
    let place = query.strip_prefix("after=").and_then(|place| place.split_once('.'));
    let read = place.and_then(|(centre, row)| Some((CentreCode::new(centre).ok()?, row.parse::<u64>().ok()?)));
    read.map(Some).ok_or_else(|| RefusalCode::CursorInvalid.into())
}

/// Answer of [`Route::Certificates`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificatesFound {
    /// Each certificate's file: base64 of its evidence, sealed to its holder.
    pub certificates: Vec<String>,
}

/// Body of [`Route::Grants`]. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositAsked {
    /// The grant.
    pub grant: String,
    /// The last four characters of the number of the document that the holder will show.
    pub last_four: String,
}

impl std::fmt::Debug for DepositAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DepositAsked(..)")
    }
}

impl Drop for DepositAsked {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.last_four);
    }
}

/// Answer of [`Route::Grants`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposited {
    /// Eight digits, for the counter.
    pub code: String,
    /// The grant that waits.
    pub grant: GrantId,
    /// Until when; the grant's own last moment.
    pub expires: Time,
}

impl std::fmt::Debug for Deposited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Deposited({}, ..)", self.grant)
    }
}

/// Body of [`Route::Revocations`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationAsked {
    /// The revocation, signed by the holder key.
    pub revocation: String,
}

/// Answer of [`Route::Revocations`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// The grant that no longer counts.
    pub grant: GrantId,
    /// Since when, by the first centre that was told.
    pub at: Time,
}

/// One use of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEvidence {
    /// The centre that looked.
    pub author: CentreCode,
    /// Row of its journal.
    pub index: u64,
    /// Base64 of the row's evidence: the record, sealed to the holder, and the proof of where it stands. Nothing once its time was over.
    pub evidence: Option<String>,
}

/// Answer of [`Route::Accesses`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessPage {
    /// Of which certificate.
    pub certificate: CertificateNumber,
    /// In the order of author and row.
    pub accesses: Vec<AccessEvidence>,
    /// What `after` is to be for the next page; nothing on the last.
    pub next: Option<String>,
}

/// Answer of [`Route::Health`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Version of the program.
    pub version: String,
    /// Whose window this is.
    pub centre: CentreCode,
}

/// Why not: problem details (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `urn:anju:refusal:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: RefusalCode,
    /// What exactly, without anything of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What goes back. Personal, as its body may be.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// JSON; a [`Problem`] from 400 on.
    pub body: String,
    /// After how many seconds it may be tried again, where that would help.
    pub retry_after_s: Option<u32>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

impl Reply {
    /// An answer.
    #[must_use]
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        Self { status, body: serde_json::to_string(value).unwrap_or_default(), retry_after_s: None }
    }

    /// A refusal, under the status that its code has.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        let status = status_of(refusal.code);
        // A rate says itself how long; nobody is told to come back sooner than in a second, or later than in a minute.
        let said = refusal.detail.as_deref().and_then(|ms| ms.parse::<u32>().ok()).filter(|_| status == STATUS_TOO_MANY);
        let wait = said.map_or(RETRY_AFTER_S, |ms| ms.div_ceil(1_000)).clamp(1, 60);
        let retry_after_s = RETRY_STATUSES.contains(&status).then_some(wait);
        Self { retry_after_s, ..Self::problem(status, refusal) }
    }

    /// A refusal under another status.
    #[must_use]
    pub fn problem(status: u16, refusal: &Refusal) -> Self {
        let kind = format!("urn:anju:refusal:{}", refusal.code);
        Self::json(status, &Problem { kind, status, code: refusal.code, detail: refusal.detail.clone() })
    }

    /// The content type.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        if self.status >= 400 { "application/problem+json" } else { "application/json" }
    }
}

const STATUS_TOO_MANY: u16 = 429;
/// Statuses that are gone after a while.
const RETRY_STATUSES: [u16; 2] = [STATUS_TOO_MANY, 503];
/// How long that while is where nothing else is known, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// Which refusals are something else than [`STATUS_REFUSED`] to HTTP.
const STATUSES: [(u16, &[RefusalCode]); 7] = [
    (400, &[RefusalCode::RequestInvalid, RefusalCode::CursorInvalid, RefusalCode::GrantMalformed]),
    (401, &[RefusalCode::HolderUnproven, RefusalCode::RequestStale, RefusalCode::RequestReused]),
    (403, &[RefusalCode::HolderUnknown, RefusalCode::HolderMismatch]),
    (404, &[RefusalCode::CertificateUnknown]),
    (STATUS_TOO_MANY, &[RefusalCode::TooManyRequests]),
    (501, &[RefusalCode::Unsupported]),
    (503, &[RefusalCode::WindowBusy, RefusalCode::StoreUnavailable, RefusalCode::ReadOnly]),
];
/// A policy says no to what was well asked.
const STATUS_REFUSED: u16 = 422;

/// The HTTP status of a refusal at the window.
fn status_of(code: RefusalCode) -> u16 {
    STATUSES.iter().find(|(_, codes)| codes.contains(&code)).map_or(STATUS_REFUSED, |(status, _)| *status)
}
