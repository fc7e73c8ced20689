//! Compact JWS (RFC 7515) with one algorithm: EdDSA over Ed25519 (RFC 8037). Nothing else is ever accepted.
//!
//! Every kind of JWS here has a `typ` of its own and a reader that knows all members of its header and payload: what is unknown is
//! refused, so that one kind can never be read as another. Signatures are checked before a payload is looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::sign::{PublicKey, SecretKey, Signature};

/// The only algorithm allowed.
pub const ALGORITHM: &str = "EdDSA";

/// Not a JWS of the expected kind, or its signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three parts of base64url JSON with the expected members.
    #[error("not a JWS of the expected form")]
    Form,
    /// Another algorithm or type than the one expected.
    #[error("another algorithm or type than expected")]
    Kind,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
}

/// An Ed25519 public key as a JWK (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: String,
    /// Always `Ed25519`.
    pub crv: String,
    /// The key, base64url.
    pub x: String,
}

impl Jwk {
    /// The JWK of `key`.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self { kty: "OKP".to_owned(), crv: "Ed25519".to_owned(), x: URL_SAFE_NO_PAD.encode(key.0) }
    }

    /// The key in it.
    ///
    /// # Errors
    /// [`JwsError::Kind`] for another type or curve, [`JwsError::Form`] for anything but 32 bytes.
    pub fn key(&self) -> Result<PublicKey, JwsError> {
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(JwsError::Kind);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.x).map_err(|_| JwsError::Form)?;
        Ok(PublicKey(bytes.try_into().map_err(|_| JwsError::Form)?))
    }
}

/// A protected header. Which of the optional members must be there is for the reader of that kind to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The algorithm.
    pub alg: String,
    /// The media type of the whole.
    pub typ: String,
    /// Which key of the issuer signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The key that signed, where the verifier learns it from the JWS itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwk: Option<Jwk>,
}

impl Header {
    /// A header with no key in it.
    #[must_use]
    pub fn new(typ: &str) -> Self {
        Self { alg: ALGORITHM.to_owned(), typ: typ.to_owned(), kid: None, jwk: None }
    }
}

fn part<T: Serialize>(value: &T) -> String {
    // Our own structs of strings, numbers and lists: writing them into memory does not fail.
    URL_SAFE_NO_PAD.encode(Zeroizing::new(serde_json::to_vec(value).unwrap_or_default()))
}

/// Signs `payload` under `header`.
#[must_use]
pub fn sign<T: Serialize>(header: &Header, payload: &T, key: &SecretKey) -> String {
    let mut out = format!("{}.{}", part(header), part(payload));
    let signature = key.sign_raw(out.as_bytes());
    out.push('.');
    out.push_str(&URL_SAFE_NO_PAD.encode(signature.0));
    out
}

/// A JWS cut into its parts, nothing verified.
pub struct Unverified<'a> {
    /// The protected header, whose algorithm and type were checked.
    pub header: Header,
    payload: &'a str,
    signed: &'a str,
    signature: Signature,
}

/// Cuts `text` and reads its header, which must name [`ALGORITHM`] and `typ`.
///
/// # Errors
/// [`JwsError::Form`] or [`JwsError::Kind`].
pub fn read<'a>(text: &'a str, typ: &str) -> Result<Unverified<'a>, JwsError> {
    let (signed, signature) = text.rsplit_once('.').ok_or(JwsError::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(JwsError::Form)?;
    if payload.contains('.') {
        return Err(JwsError::Form);
    }
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwsError::Form)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| JwsError::Form)?;
    if header.alg != ALGORITHM || header.typ != typ {
        return Err(JwsError::Kind);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwsError::Form)?;
    let signature = Signature(signature.try_into().map_err(|_| JwsError::Form)?);
    Ok(Unverified { header, payload, signed, signature })
}

impl Unverified<'_> {
    /// Checks the signature by `key` and only then reads the payload.
    ///
    /// # Errors
    /// [`JwsError::Signature`], then [`JwsError::Form`] when the payload is not a `T`.
    pub fn verify<T: DeserializeOwned>(&self, key: &PublicKey) -> Result<T, JwsError> {
        key.verify_raw(self.signed.as_bytes(), &self.signature).map_err(|_| JwsError::Signature)?;
        let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| JwsError::Form)?);
        serde_json::from_slice(&payload).map_err(|_| JwsError::Form)
    }
}
