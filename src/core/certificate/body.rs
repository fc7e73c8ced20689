//! The body of a `certificate.issued` statement: deterministic CBOR with integer keys.
//!
//! What everybody in the federation sees is the [`Head`]; the rest is sealed. The content key opens everything and is sealed to the holder;
//! one key for the JWT and one for each field are derived from it, so that a holder can hand out exactly some of them. The sealed JWT and
//! the content key are bound to the head, so that no byte of it can be changed without the reader noticing.

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::kind::CertificateKind;
use super::padding;
use super::schema::{Field, MAX_FIELDS, ValueType};
use crate::error::{Fault, FaultCode, Refusal, RefusalCode};
use crate::names::{CentreCode, CertificateNumber, Thumbprint};
use crate::seal::hpke::SealingKey;
use crate::seal::hybrid::{self, HybridOpeningKey, HybridSealed};
use crate::seal::{self, Key, Purpose, SUITE, aead};
use crate::time::Time;
use crate::wire::{self, WireError};

/// Most bytes of a certificate body.
pub const MAX_CERTIFICATE_BODY_BYTES: usize = 32 * 1024;
/// The JWT and every disclosure is padded to a multiple of this many bytes before it is sealed. Any number, month, ratio or code fits one
/// block, so that the length does not tell a large balance from a small one.
pub const PADDING_BLOCK_BYTES: usize = 128;
/// Disclosures of written text are padded to a multiple of this many bytes: one block holds about fifty Chinese characters.
pub const TEXT_PADDING_BLOCK_BYTES: usize = 256;

/// The part everybody in the federation may read. Nothing in it is personal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// The suite of everything in this body.
    #[n(0)]
    pub suite: String,
    /// Number, beginning with the issuer's code.
    #[n(1)]
    pub number: CertificateNumber,
    /// Kind.
    #[n(2)]
    pub kind: CertificateKind,
    /// The only centre that may rely on it, if there is one.
    #[n(3)]
    pub addressee: Option<CentreCode>,
    /// RFC 7638 thumbprint of the holder's signing key.
    #[n(4)]
    pub holder: Thumbprint,
    /// The holder's key that accesses are sealed to.
    #[n(5)]
    pub holder_sealing: SealingKey,
    /// When it was issued.
    #[n(6)]
    pub issued: Time,
    /// Last moment of its validity.
    #[n(7)]
    pub expires: Time,
}

/// One sealed disclosure.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SealedField {
    /// Claim name.
    #[n(0)]
    pub name: String,
    /// The padded disclosure, sealed under the field's own key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// A certificate as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CertificateBody {
    /// What everybody sees.
    #[n(0)]
    pub head: Head,
    /// The padded issuer-signed JWT, sealed under its own key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub jwt: Vec<u8>,
    /// The disclosures, in certificate order.
    #[n(2)]
    pub fields: Vec<SealedField>,
    /// The content key, sealed to the holder's hybrid key: it opens the certificate for as long as anybody keeps a copy.
    #[n(3)]
    pub content_key: HybridSealed,
}

/// Bytes that are not the body of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not CBOR of this shape.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Another suite than ours.
    #[error("another suite")]
    Suite,
    /// An addressee is missing, or is the issuer itself.
    #[error("the addressee is missing or is the issuer")]
    Addressee,
    /// It ends before it begins.
    #[error("the validity ends before it begins")]
    Validity,
    /// Fields that the kind does not have, or not in certificate order.
    #[error("the fields are not those of the kind in their order")]
    Fields,
    /// A key that takes its own place.
    #[error("the holder's key takes its own place")]
    Holder,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Suite => Self::about(RefusalCode::Unsupported, "suite"),
            BodyError::Wire(_) | BodyError::Addressee | BodyError::Validity | BodyError::Fields | BodyError::Holder => {
                Self::new(RefusalCode::CertificateAltered)
            }
        }
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::new(FaultCode::BadStatement, error.to_string())
    }
}

impl CertificateBody {
    /// Reads a body and checks everything that needs no key.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let body: Self = wire::decode(bytes, MAX_CERTIFICATE_BODY_BYTES)?;
        body.check()?;
        Ok(body)
    }

    /// The bytes that [`Self::parse`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    pub(super) fn check(&self) -> Result<(), BodyError> {
        let head = &self.head;
        if head.suite != SUITE {
            return Err(BodyError::Suite);
        }
        let own = head.addressee.as_ref().is_some_and(|addressee| *addressee == head.number.centre());
        if own || (head.kind.needs_addressee() && head.addressee.is_none()) {
            return Err(BodyError::Addressee);
        }
        if head.expires <= head.issued {
            return Err(BodyError::Validity);
        }
        let mut last = None;
        for field in &self.fields {
            let place = Field::named(head.kind, &field.name).map(|(place, _)| place).ok_or(BodyError::Fields)?;
            if last.is_some_and(|last| last >= place) {
                return Err(BodyError::Fields);
            }
            last = Some(place);
        }
        if self.fields.is_empty() || self.fields.len() > MAX_FIELDS { Err(BodyError::Fields) } else { Ok(()) }
    }

    /// Opens the content key with the holder's key.
    ///
    /// # Errors
    /// `certificate-altered` when it does not open or is not a key.
    pub fn open_content_key(&self, holder: &HybridOpeningKey) -> Result<Key, Refusal> {
        let plain = hybrid::open(holder, Purpose::CertificateContent, &self.head.bound(), &self.content_key);
        let key = plain.ok().and_then(|plain| <[u8; 32]>::try_from(plain.as_slice()).ok());
        key.map(Key::from_bytes).ok_or_else(|| RefusalCode::CertificateAltered.into())
    }

    pub(super) fn open_jwt(&self, key: &Key) -> Option<Zeroizing<String>> {
        let padded = aead::open(key, Purpose::CertificateJwt, &[&self.head.bound()], &self.jwt).ok()?;
        text(&padded, PADDING_BLOCK_BYTES)
    }

    pub(super) fn open_field(&self, name: &str, key: &Key) -> Option<Zeroizing<String>> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        let bound = [self.head.number.as_str().as_bytes(), name.as_bytes()];
        let block = padding_block(self.head.kind, name);
        text(&aead::open(key, Purpose::CertificateField, &bound, &field.sealed).ok()?, block)
    }
}

/// What a disclosure of this field is padded to.
#[must_use]
pub fn padding_block(kind: CertificateKind, field: &str) -> usize {
    match Field::named(kind, field).map(|(_, field)| field.value) {
        Some(ValueType::Text) => TEXT_PADDING_BLOCK_BYTES,
        Some(ValueType::Money | ValueType::Month | ValueType::Ratio | ValueType::Integer | ValueType::Bool | ValueType::Code) | None => {
            PADDING_BLOCK_BYTES
        }
    }
}

fn text(padded: &[u8], block: usize) -> Option<Zeroizing<String>> {
    let plain = padding::unpad(padded, block)?;
    std::str::from_utf8(plain).ok().map(|text| Zeroizing::new(text.to_owned()))
}

impl Head {
    /// What the sealed JWT and the sealed content key are bound to: the head's own bytes.
    #[must_use]
    pub fn bound(&self) -> Vec<u8> {
        wire::encode(self)
    }
}

/// The key of the sealed JWT.
#[must_use]
pub fn jwt_key(content_key: &Key, number: &CertificateNumber) -> Key {
    seal::derive(content_key, Purpose::CertificateJwt, &[number.as_str().as_bytes()])
}

/// The key of one sealed field.
#[must_use]
pub fn field_key(content_key: &Key, number: &CertificateNumber, field: &str) -> Key {
    seal::derive(content_key, Purpose::CertificateField, &[number.as_str().as_bytes(), field.as_bytes()])
}
