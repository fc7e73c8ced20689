//! What an issuer attests: a compact JWS by its statement key over what was asked and what came of it, and none of the values.

use serde::{Deserialize, Serialize};

use super::inquiry::{Inquiry, Wanted};
use crate::certificate::jws::{self, Header};
use crate::certificate::{CertificateKind, Field, FieldValues, IssuerIdentity, ValueType, centre_identifier};
use crate::error::{Fault, FaultCode};
use crate::facts::money::{parse_fen, parse_ratio};
use crate::facts::text::fold;
use crate::grant::Presented;
use crate::matter::Outcome;
use crate::names::{CentreCode, CertificateNumber};
use crate::seal::SUITE;
use crate::sign::SecretKey;
use crate::time::{CLOCK_TOLERANCE_MS, Time};

/// The `typ` of an attestation.
pub const ATTESTATION_TYPE: &str = "anju-attestation+jwt";
/// Most bytes of an attestation.
pub const MAX_ATTESTATION_BYTES: usize = 8 * 1024;

/// One field that was stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Claim name.
    pub field: String,
    /// Whether the stated value is the account's.
    pub matches: bool,
}

/// What came of an inquiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Finding {
    /// Of the status: the certificate stood, or the inquiry would have been refused.
    Status {
        /// Whether the account says something else now than the certificate; absent when the source did not answer in time.
        changed: Option<bool>,
    },
    /// Of a check, in the order in which it was stated.
    Check {
        /// Each field.
        fields: Vec<Compared>,
    },
    /// Of a rule.
    Evaluate {
        /// Its name.
        rule: String,
        /// Version of the asker's matter that it stands in.
        version: u32,
        /// The verdict.
        outcome: Outcome,
    },
}

/// The claims. All must be there, and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Suite of the signature.
    pub suite: String,
    /// Identifier of the issuer.
    pub iss: String,
    /// Identifier of the centre that asked.
    pub aud: String,
    /// Id of the request, in hex.
    pub request: String,
    /// Id of the grant.
    pub grant: String,
    /// The certificate.
    pub number: CertificateNumber,
    /// Code of the matter.
    pub matter: String,
    /// When it was attested, in seconds of Unix time.
    pub iat: i64,
    /// How often the grant was used, this time included; nothing for a status.
    pub use_no: Option<u32>,
    /// What came of it.
    pub finding: Finding,
}

impl Attestation {
    /// What `issuer` attests to `asker`.
    #[must_use]
    pub fn new(issuer: &IssuerIdentity, asker: &CentreCode, inquiry: &Inquiry, grant: &Presented, now: Time, finding: Finding) -> Self {
        Self {
            suite: SUITE.to_owned(),
            iss: centre_identifier(&issuer.federation, &issuer.centre),
            aud: centre_identifier(&issuer.federation, asker),
            request: inquiry.request.to_string(),
            grant: grant.id().to_string(),
            number: grant.claims().number.clone(),
            matter: inquiry.matter.clone(),
            iat: now.seconds(),
            use_no: None,
            finding,
        }
    }

    /// Signs it. Returns its text.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> String {
        jws::sign(&Header::new(ATTESTATION_TYPE), self, key)
    }

    /// Reads an attestation that answers `inquiry`, asked by `asker` of `issuer` under `grant`.
    ///
    /// # Errors
    /// [`Fault`]: `malformed`, `bad-signature`, or `unasked` when it answers something else.
    pub fn verify(
        text: &str,
        issuer: &IssuerIdentity,
        asker: &CentreCode,
        inquiry: &Inquiry,
        grant: &Presented,
        now: Time,
    ) -> Result<Self, Fault> {
        let malformed = || Fault::new(FaultCode::Malformed, "attestation");
        if text.len() > MAX_ATTESTATION_BYTES {
            return Err(malformed());
        }
        let read = jws::read(text, ATTESTATION_TYPE).map_err(|_| malformed())?;
        if read.header.jwk.is_some() || read.header.kid.is_some() {
            return Err(malformed());
        }
        let said: Self = read.verify(&issuer.key).map_err(|error| match error {
            jws::JwsError::Signature => Fault::new(FaultCode::BadSignature, "attestation"),
            jws::JwsError::Form | jws::JwsError::Kind => malformed(),
        })?;
        let expected = Self::new(issuer, asker, inquiry, grant, now, said.finding.clone());
        let same = Self { iat: said.iat, use_no: said.use_no, ..expected } == said;
        let fresh = Time::from_seconds(said.iat) <= now.plus_ms(CLOCK_TOLERANCE_MS);
        if same && fresh && answers(&said.finding, &inquiry.wanted) { Ok(said) } else { Err(Fault::new(FaultCode::Unasked, "attestation")) }
    }
}

/// Whether a finding is one about what was wanted.
fn answers(finding: &Finding, wanted: &Wanted) -> bool {
    match (finding, wanted) {
        (Finding::Status { .. }, Wanted::Status) => true,
        (Finding::Check { fields }, Wanted::Check { values }) => {
            fields.len() == values.len() && fields.iter().zip(values).all(|(found, stated)| found.field == stated.field)
        }
        (Finding::Evaluate { rule, .. }, Wanted::Evaluate { rule: named }) => rule == named,
        (Finding::Status { .. } | Finding::Check { .. } | Finding::Evaluate { .. }, _) => false,
    }
}

/// Whether what is stated of a field is what the account says: white space and full width do not matter, nor how an amount is written.
#[must_use]
pub fn matches(kind: CertificateKind, name: &str, stated: &str, values: &FieldValues) -> bool {
    let (Some((_, field)), Some(held)) = (Field::named(kind, name), values.get(name)) else { return false };
    let held = match held {
        serde_json::Value::Null => return fold(stated).is_empty(),
        serde_json::Value::String(text) => fold(text),
        other => other.to_string(),
    };
    match field.value {
        ValueType::Money => parse_fen(stated).is_ok_and(|stated| parse_fen(&held) == Ok(stated)),
        ValueType::Ratio => parse_ratio(stated).is_ok_and(|stated| parse_ratio(&held) == Ok(stated)),
        ValueType::Month | ValueType::Integer | ValueType::Bool | ValueType::Code | ValueType::Text => {
            fold(stated).eq_ignore_ascii_case(&held)
        }
    }
}
