//! A holder's signature over one request: what is signed, how it stands in the header, and how it is checked.
//!
//! Signed are, each after its length in eight bytes, big-endian: method, path with query, SHA-256 of the body, federation, centre, time
//! (milliseconds, eight bytes), nonce (16 bytes). So a request cannot be altered, used at another centre's window, or be taken for anything
//! else that the key signs.

use crate::certificate::thumbprint;
use crate::error::{Refusal, RefusalCode};
use crate::journal::hash::sha256;
use crate::names::{CentreCode, FederationName, Thumbprint};
use crate::sign::{Context, PublicKey, SecretKey, Signature};
use crate::time::{CLOCK_TOLERANCE_MS, Time};

/// Longest value of the `Authorization` header, in bytes.
pub const MAX_AUTHORIZATION_BYTES: usize = 384;
/// What the header begins with: scheme and version.
const SCHEME: &str = "Anju-Holder v1,";

/// A request as it came over HTTP. Personal, as its body is.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method, in capitals.
    pub method: String,
    /// Path and query, exactly as sent.
    pub target: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Asked {
    /// Neither key nor body is printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({}, {} bytes)", self.method, self.body.len())
    }
}

/// Whose window is asked.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The federation.
    pub federation: &'a FederationName,
    /// The centre.
    pub centre: &'a CentreCode,
}

/// A request whose signature verifies and which is of now. Whether it came before is for [`super::Nonces`] to say. Only this module makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    holder: Thumbprint,
    time: Time,
    nonce: [u8; 16],
}

impl Proven {
    /// Thumbprint of the key that signed: the request reaches what is bound to it.
    #[must_use]
    pub const fn holder(&self) -> &Thumbprint {
        &self.holder
    }

    /// When it was signed, by the holder's clock.
    #[must_use]
    pub const fn time(&self) -> Time {
        self.time
    }

    /// Chosen by the holder; the same one never counts twice.
    #[must_use]
    pub const fn nonce(&self) -> &[u8; 16] {
        &self.nonce
    }
}

/// The header's parts.
struct Header {
    key: PublicKey,
    time: Time,
    nonce: [u8; 16],
    signature: Signature,
}

impl Header {
    fn to_text(&self) -> String {
        let Self { key, time, nonce, signature } = self;
        format!("{SCHEME}key={},time={},nonce={},sig={}", hex::encode(key.0), time.0, hex::encode(nonce), hex::encode(signature.0))
    }

    /// Only the one text that [`Self::to_text`] writes is read: order, small letters and digits matter.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_AUTHORIZATION_BYTES {
            return None;
        }
        let mut parts = text.strip_prefix(SCHEME)?.split(',');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
        let (mut key, mut nonce, mut signature) = ([0; 32], [0; 16], [0; 64]);
        hex::decode_to_slice(part("key")?, &mut key).ok()?;
        let time = Time(part("time")?.parse().ok()?);
        hex::decode_to_slice(part("nonce")?, &mut nonce).ok()?;
        hex::decode_to_slice(part("sig")?, &mut signature).ok()?;
        let header = Self { key: PublicKey(key), time, nonce, signature: Signature(signature) };
        (header.to_text() == text).then_some(header)
    }
}

fn message(place: Place<'_>, asked: (&str, &str, &[u8]), time: Time, nonce: &[u8; 16]) -> Vec<u8> {
    let (method, target, body) = asked;
    let (digest, time) = (sha256(body), time.0.to_be_bytes());
    let parts: [&[u8]; 7] = [
        method.as_bytes(),
        target.as_bytes(),
        &digest.0,
        place.federation.as_str().as_bytes(),
        place.centre.as_str().as_bytes(),
        &time,
        nonce,
    ];
    let mut out = Vec::with_capacity(target.len() + 192);
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// The `Authorization` header of a request (method, path with query, body) to the window of `place`, signed with a holder key.
#[must_use]
pub fn authorization(key: &SecretKey, place: Place<'_>, asked: (&str, &str, &[u8]), time: Time, nonce: [u8; 16]) -> String {
    let signature = key.sign(Context::HolderRequest, &message(place, asked, time, &nonce));
    Header { key: key.public(), time, nonce, signature }.to_text()
}

impl Asked {
    /// Checks header, time and signature.
    ///
    /// # Errors
    /// `holder-unproven` when there is no header of the one form, or the signature is not over this request at this window;
    /// `request-stale` when the holder's clock is more than [`CLOCK_TOLERANCE_MS`] off.
    pub fn prove(&self, place: Place<'_>, now: Time) -> Result<Proven, Refusal> {
        let header = Header::parse(&self.authorization).ok_or(RefusalCode::HolderUnproven)?;
        if now.since(header.time).saturating_abs() > CLOCK_TOLERANCE_MS {
            return Err(Refusal::about(RefusalCode::RequestStale, now.0.to_string()));
        }
        let message = message(place, (&self.method, &self.target, &self.body), header.time, &header.nonce);
        header.key.verify(Context::HolderRequest, &message, &header.signature).map_err(|_| RefusalCode::HolderUnproven)?;
        Ok(Proven { holder: thumbprint(&header.key), time: header.time, nonce: header.nonce })
    }
}
