//! Bodies of `holder.bound` and `holder.ended`: a certificate is bound to another key of its holder, or to none until then.
//!
//! The number stays, and with it everything that refers to the certificate. What is sealed is sealed anew, and signed for the new key.
//! From the arrival of either statement on, nothing counts any more that the former key signs for this certificate. Only the issuer, whose
//! number it is, can say so.

use minicbor::{Decode, Encode};

use super::body::{BodyError, CertificateBody, MAX_CERTIFICATE_BODY_BYTES};
use crate::journal::{Header, Kind};
use crate::names::{CertificateNumber, Thumbprint};
use crate::seal::SUITE;
use crate::wire;

/// Most bytes of the body of `holder.bound`: a certificate, and room.
pub const MAX_BOUND_BODY_BYTES: usize = MAX_CERTIFICATE_BODY_BYTES + 256;
/// Most bytes of the body of `holder.ended`.
pub const MAX_HOLDER_ENDED_BODY_BYTES: usize = 256;

/// That a certificate has another holder key from now on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BoundBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The key that it was bound to; ended by this.
    #[n(1)]
    pub former: Thumbprint,
    /// The certificate anew: the same number and fields, another key.
    #[n(2)]
    pub certificate: CertificateBody,
}

/// That nothing counts any more that this key signs for this certificate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HolderEndedBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Which certificate.
    #[n(1)]
    pub number: CertificateNumber,
    /// Which key.
    #[n(2)]
    pub holder: Thumbprint,
}

impl BoundBody {
    /// Reads a body and checks everything that needs no key.
    ///
    /// # Errors
    /// [`BodyError`]; a key that takes its own place is no other key.
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let body: Self = wire::decode(bytes, MAX_BOUND_BODY_BYTES)?;
        if body.suite != SUITE {
            return Err(BodyError::Suite);
        }
        body.certificate.check()?;
        if body.former == body.certificate.head.holder { Err(BodyError::Holder) } else { Ok(body) }
    }

    /// The bytes that [`Self::parse`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }
}

impl HolderEndedBody {
    /// Reads a body.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let body: Self = wire::decode(bytes, MAX_HOLDER_ENDED_BODY_BYTES)?;
        if body.suite == SUITE { Ok(body) } else { Err(BodyError::Suite) }
    }

    /// The bytes that [`Self::parse`] reads.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }
}

/// The certificate that stands in a row: as it was issued, or as it was bound anew.
///
/// # Errors
/// [`BodyError`] when it is not one; a row of another kind is [`BodyError::Fields`].
pub fn certificate_in(header: &Header, body: &[u8]) -> Result<CertificateBody, BodyError> {
    let kind = header.kind();
    if kind == Some(Kind::CertificateIssued) {
        CertificateBody::parse(body)
    } else if kind == Some(Kind::HolderBound) {
        BoundBody::parse(body).map(|bound| bound.certificate)
    } else {
        Err(BodyError::Fields)
    }
}
