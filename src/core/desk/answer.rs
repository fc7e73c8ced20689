//! What a counter is answered about a certificate: the fields, and the three questions that a verification answers.

use serde::{Deserialize, Serialize};

use super::{Backing, RuleVerdict};
use crate::interact::Attestation;
use crate::names::{CentreCode, CertificateNumber, Digest, GrantId};
use crate::shelf::{CertificateRow, Ended};
use crate::time::Time;

/// What is known of a certificate without anybody's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSummary {
    /// Its number.
    pub number: CertificateNumber,
    /// Its issuer.
    pub issuer: CentreCode,
    /// Code of its kind.
    pub kind: String,
    /// The only centre that may rely on it.
    pub addressee: Option<CentreCode>,
    /// When it was issued.
    pub issued: Time,
    /// Last moment of its validity.
    pub expires: Time,
    /// Set when it was ended.
    pub ended: Option<Ended>,
    /// Row of the issuer's journal.
    pub index: u64,
}

impl From<CertificateRow> for CertificateSummary {
    fn from(row: CertificateRow) -> Self {
        Self {
            number: row.number,
            issuer: row.issuer,
            kind: row.kind,
            addressee: row.addressee,
            issued: row.issued,
            expires: row.expires,
            ended: row.ended,
            index: row.index,
        }
    }
}

/// The three questions a verification answers, separately. Unknown is never shown as clear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The certificate.
    pub certificate: CertificateSummary,
    /// Is it authentic?
    pub authentic: Authentic,
    /// Is it authorised?
    pub authorised: Authorised,
    /// Is it current?
    pub current: Current,
    /// The released fields, in certificate order.
    pub fields: Vec<ReleasedField>,
    /// The SD-JWT+KB presentation, which other software can verify.
    pub presentation: String,
    /// What the rules of this centre's own matter say of the fields; empty when it has none in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<RuleVerdict>,
}

/// What was checked of a certificate's authenticity. All of it held, or there would be no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentic {
    /// Signed by the centre's key of the charter.
    pub signature: bool,
    /// Bound to the key that signed the grant.
    pub holder_binding: bool,
    /// The statement stands in the issuer's journal, under a checkpoint signed by it.
    pub inclusion: bool,
    /// Size of that checkpoint.
    pub checkpoint_size: u64,
    /// Root of that checkpoint.
    pub checkpoint_root: Digest,
    /// What stands behind the statement beside its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backing: Option<Backing>,
}

/// What the grant allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorised {
    /// Its id.
    pub grant: GrantId,
    /// Code of the matter.
    pub matter: String,
    /// Last moment it may be used.
    pub expires: Time,
    /// This use is number `use_no` …
    pub use_no: u32,
    /// … of so many.
    pub uses: u32,
}

/// How current the answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// What can be said.
    pub state: Currency,
    /// The issuer's own time of the newest heartbeat held here.
    pub as_of: Option<Time>,
    /// Milliseconds since that heartbeat, by this peer's clock.
    pub age_ms: Option<i64>,
    /// Whether the issuer has been silent longer than [`crate::node::STALE_AFTER_MS`].
    pub stale: bool,
    /// Whether rows that the issuer has announced are not here yet.
    pub behind: bool,
    /// What the issuer itself said while it was asked; nothing when it was not reached in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
}

/// The issuer confirms that a certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// When it said so, to the second.
    pub at: Time,
    /// Whether the account says something else now than the certificate; nothing when its source did not tell in time.
    pub changed: Option<bool>,
}

/// What the issuer of a certificate attested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestedAnswer {
    /// The issuer.
    pub issuer: CentreCode,
    /// Uses that the grant allows.
    pub uses: u32,
    /// What it says.
    pub attestation: Attestation,
    /// The same as a JWS that others can verify under the issuer's key.
    pub text: String,
}

/// Whether a certificate still stands, as far as this peer can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Currency {
    /// Not ended, by a complete and fresh copy of the issuer's journal.
    Standing,
    /// Not ended as of the time told, but the issuer has been silent since: ask again or decide knowing that.
    StandingAsOf,
    /// Rows are missing here, or the issuer forked: nothing can be said.
    Unknown,
}

/// One released field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleasedField {
    /// Claim name; the certificate's schema has its labels.
    pub name: String,
    /// Its value.
    pub value: serde_json::Value,
}

/// What a refused query was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedQuery {
    /// The certificate the grant names.
    pub certificate: CertificateNumber,
    /// The grant.
    pub grant: GrantId,
    /// Whether the refusal was recorded for the holder to see.
    pub recorded: bool,
}
