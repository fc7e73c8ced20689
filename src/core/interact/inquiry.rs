//! A question to the issuer of a certificate, and the reply: each sealed to the centre that it is for, whatever carries it.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::certificate::padding;
use crate::certificate::schema::MAX_FIELDS;
use crate::error::{Fault, FaultCode, Refusal, RefusalCode};
use crate::grant::Mode;
use crate::grant::access::MAX_BUSINESS_NO_BYTES;
use crate::grant::claims::{MAX_GRANT_BYTES, MAX_MATTER_BYTES, is_code};
use crate::journal::hash;
use crate::names::{CentreCode, Digest, RequestId};
use crate::seal::hpke::{self, OpeningKey, Sealed, SealingKey};
use crate::seal::{Purpose, Unopened};
use crate::wire;

/// Most bytes of an inquiry.
pub const MAX_INQUIRY_BYTES: usize = 24 * 1024;
/// Longest value that can be stated of a field, in bytes of UTF-8.
pub const MAX_STATED_BYTES: usize = 256;
/// Questions and replies are padded to multiples of so many bytes, so that their length does not tell what was stated.
pub const PADDING_BLOCK_BYTES: usize = 512;
/// Most bytes of either, sealed.
pub const MAX_SEALED_BYTES: usize = MAX_INQUIRY_BYTES + 1024;
/// Longest name of a rule, in bytes.
const MAX_RULE_BYTES: usize = 64;

/// What the asker says a field's value is. Personal.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Stated {
    /// Claim name of the field.
    #[n(0)]
    pub field: String,
    /// The value as it stands on the asker's paper: at most [`MAX_STATED_BYTES`].
    #[n(1)]
    pub value: String,
}

impl std::fmt::Debug for Stated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stated({}, ..)", self.field)
    }
}

impl Drop for Stated {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// What is wanted of the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(tag = "want", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wanted {
    /// Whether the certificate still stands, and whether the account has changed since. Beside a reading of the fields; no use of its own.
    #[n(0)]
    Status,
    /// 信息核对: whether these values are right, field by field. Each attempt is a use.
    #[n(1)]
    Check {
        /// What is stated; at least one, each field once.
        #[n(0)]
        values: Vec<Stated>,
    },
    /// 评估结果: what a rule of the asker's matter comes to.
    #[n(2)]
    Evaluate {
        /// Its name.
        #[n(0)]
        rule: String,
    },
}

impl Wanted {
    /// The mode that a grant must allow; any does for the status.
    #[must_use]
    pub const fn mode(&self) -> Option<Mode> {
        match self {
            Self::Status => None,
            Self::Check { .. } => Some(Mode::Check),
            Self::Evaluate { .. } => Some(Mode::Evaluate),
        }
    }

    /// Checks the form of what is wanted.
    ///
    /// # Errors
    /// `request-invalid`, naming what is not of its form.
    pub fn check(&self) -> Result<(), Refusal> {
        let invalid = |what: &str| Err(Refusal::about(RefusalCode::RequestInvalid, what));
        match self {
            Self::Status => Ok(()),
            Self::Check { values } => {
                let once = values.iter().enumerate().all(|(i, one)| values[..i].iter().all(|other| other.field != one.field));
                let fits = |one: &Stated| is_code(&one.field, 32) && one.value.len() <= MAX_STATED_BYTES;
                if (1..=MAX_FIELDS).contains(&values.len()) && once && values.iter().all(fits) { Ok(()) } else { invalid("values") }
            }
            Self::Evaluate { rule } => {
                if is_code(rule, MAX_RULE_BYTES) {
                    Ok(())
                } else {
                    invalid("rule")
                }
            }
        }
    }
}

/// A question to the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Inquiry {
    /// The asker's id of it: the same again is answered alike and costs no further use.
    #[n(0)]
    pub request: RequestId,
    /// The grant's text.
    #[n(1)]
    pub grant: String,
    /// The asker's business number.
    #[n(2)]
    pub business_no: String,
    /// Code of the matter at hand.
    #[n(3)]
    pub matter: String,
    /// What is wanted.
    #[n(4)]
    pub wanted: Wanted,
}

impl Inquiry {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`, also for texts that are not of their form.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let inquiry: Self = wire::decode(bytes, MAX_INQUIRY_BYTES)?;
        let business_no = !inquiry.business_no.trim().is_empty()
            && inquiry.business_no.len() <= MAX_BUSINESS_NO_BYTES
            && !inquiry.business_no.chars().any(char::is_control);
        let sound = business_no
            && is_code(&inquiry.matter, MAX_MATTER_BYTES)
            && inquiry.grant.len() <= MAX_GRANT_BYTES
            && inquiry.wanted.check().is_ok();
        if sound { Ok(inquiry) } else { Err(Fault::new(FaultCode::Malformed, "inquiry")) }
    }

    /// Seals it from `asker` to `issuer`.
    ///
    /// # Errors
    /// [`Unopened`] when nothing can be sealed to that key.
    pub fn seal(&self, rng: &mut dyn CryptoRng, asker: &CentreCode, issuer: &CentreCode, key: &SealingKey) -> Result<Vec<u8>, Unopened> {
        let plain = Zeroizing::new(self.to_bytes());
        sealed(rng, key, Purpose::Inquiry, &bound(asker, issuer), &plain)
    }

    /// Opens what `asker` sealed to this centre.
    ///
    /// # Errors
    /// [`Fault`]: `unsealed` when it does not open, else as [`Self::decode`].
    pub fn open(key: &OpeningKey, asker: &CentreCode, issuer: &CentreCode, bytes: &[u8]) -> Result<Self, Fault> {
        Self::decode(&opened(key, Purpose::Inquiry, &bound(asker, issuer), bytes)?)
    }

    /// Stands for all of what `asker` asks, to notice an id that comes again with something else. The grant's signature in it keeps anybody
    /// without the grant from guessing what was stated.
    #[must_use]
    pub fn digest(&self, asker: &CentreCode) -> Digest {
        let body = self.to_bytes();
        let mut bytes = Vec::with_capacity(body.len() + 32);
        for part in [asker.as_str().as_bytes(), &body] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let digest = hash::sha256(&bytes);
        bytes.zeroize();
        digest
    }
}

/// What the issuer replies.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// The text of an [`super::Attestation`].
    #[n(0)]
    Attested(#[n(0)] String),
    /// Refused: code and detail.
    #[n(1)]
    Refused(#[n(0)] String, #[n(1)] Option<String>),
}

/// Longest detail of a refusal that is taken over, in bytes.
const MAX_DETAIL_BYTES: usize = 128;

impl Reply {
    /// A refusal.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        Self::Refused(refusal.code.as_str().to_owned(), refusal.detail.clone())
    }

    /// Seals it to `asker`, who asked `issuer` under `request`.
    ///
    /// # Errors
    /// [`Unopened`] when nothing can be sealed to that key.
    pub fn seal(
        &self,
        rng: &mut dyn CryptoRng,
        (asker, issuer): (&CentreCode, &CentreCode),
        request: &RequestId,
        key: &SealingKey,
    ) -> Result<Vec<u8>, Unopened> {
        let plain = Zeroizing::new(self.to_bytes());
        sealed(rng, key, Purpose::InquiryReply, &[bound(asker, issuer), request.0.to_vec()].concat(), &plain)
    }

    /// Opens the reply of `issuer` to what this centre asked under `request`.
    ///
    /// # Errors
    /// [`Fault`]: `unsealed` when it does not open, else as [`Self::decode`].
    pub fn open(key: &OpeningKey, (asker, issuer): (&CentreCode, &CentreCode), request: &RequestId, bytes: &[u8]) -> Result<Self, Fault> {
        Self::decode(&opened(key, Purpose::InquiryReply, &[bound(asker, issuer), request.0.to_vec()].concat(), bytes)?)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let reply: Self = wire::decode(bytes, super::MAX_ATTESTATION_BYTES + 1024)?;
        match &reply {
            Self::Refused(code, detail) => {
                let known = code.parse::<RefusalCode>().is_ok();
                let short = detail.as_ref().is_none_or(|text| text.len() <= MAX_DETAIL_BYTES && !text.chars().any(char::is_control));
                if known && short { Ok(reply) } else { Err(Fault::new(FaultCode::Malformed, "reply")) }
            }
            Self::Attested(_) => Ok(reply),
        }
    }
}

/// Who asks whom: neither a question nor a reply can be taken for one between others.
fn bound(asker: &CentreCode, issuer: &CentreCode) -> Vec<u8> {
    format!("{asker}/{issuer}").into_bytes()
}

fn sealed(rng: &mut dyn CryptoRng, key: &SealingKey, purpose: Purpose, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unopened> {
    hpke::seal(rng, key, purpose, bound, &padding::pad(plain, PADDING_BLOCK_BYTES)).map(|sealed| wire::encode(&sealed))
}

fn opened(key: &OpeningKey, purpose: Purpose, bound: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let unsealed = || Fault::new(FaultCode::Unsealed, "inquiry");
    let sealed: Sealed = wire::decode(bytes, MAX_SEALED_BYTES)?;
    let padded = hpke::open(key, purpose, bound, &sealed).map_err(|_| unsealed())?;
    padding::unpad(&padded, PADDING_BLOCK_BYTES).map(|plain| Zeroizing::new(plain.to_vec())).ok_or_else(unsealed)
}
