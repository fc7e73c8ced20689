//! Sealing what must stay closed for years: HPKE base mode (RFC 9180) over X-Wing, which is ML-KEM-768 and X25519 together.
//!
//! Whoever records what is sealed here has to break both, so a computer that breaks X25519 one day does not open it. It costs 1,120
//! bytes a message and some tens of microseconds; what is worthless within a day is sealed by [`super::hpke`] instead.
//! X-Wing is draft-connolly-cfrg-xwing-kem; its place in HPKE (KEM 0x647a, MLKEM768-X25519) is draft-ietf-hpke-pq. Base mode
//! authenticates nobody here either.

use std::fmt;
use std::sync::Arc;

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::XWing;
use ::hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender_with_rng};
use minicbor::bytes::ByteArray;
use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Key, MAX_FORMER_KEYS, Purpose, Unopened};
use crate::names::Malformed;

/// Bytes of a public key: 1,184 of ML-KEM-768, then 32 of X25519.
pub const PUBLIC_BYTES: usize = 1_216;
/// Bytes of an encapsulated key: 1,088 of ML-KEM-768, then 32 of X25519.
pub const ENCAPSULATED_BYTES: usize = 1_120;
/// Bytes that sealing adds: encapsulated key and tag.
pub const OVERHEAD_BYTES: usize = ENCAPSULATED_BYTES + 16;

type Secret = <XWing as Kem>::PrivateKey;
type Public = <XWing as Kem>::PublicKey;
type Encapped = <XWing as Kem>::EncappedKey;

/// A public X-Wing key that things are sealed to. What is malformed never becomes one: FIPS 203, section 7.2, has the sender check
/// that every coefficient is reduced. Clones share the bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HybridKey(Arc<[u8; PUBLIC_BYTES]>);

impl HybridKey {
    /// Takes the bytes of a public key.
    ///
    /// # Errors
    /// [`Malformed`] when they are too few, too many, or no key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let malformed = || Malformed { what: "hybrid key" };
        Public::from_bytes(bytes).map_err(|_| malformed())?;
        <[u8; PUBLIC_BYTES]>::try_from(bytes).map(|bytes| Self(Arc::new(bytes))).map_err(|_| malformed())
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PUBLIC_BYTES] {
        &self.0
    }
}

/// The beginning is enough to tell keys apart on a screen.
impl fmt::Debug for HybridKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridKey({}…)", hex::encode(&self.0[..8]))
    }
}

impl From<HybridKey> for String {
    fn from(key: HybridKey) -> String {
        hex::encode(key.as_bytes())
    }
}

impl TryFrom<String> for HybridKey {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        let mut bytes = [0; PUBLIC_BYTES];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| Malformed { what: "hybrid key" })?;
        Self::from_bytes(&bytes)
    }
}

impl<C> Encode<C> for HybridKey {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for HybridKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        Self::from_bytes(d.bytes()?).map_err(|_| DecodeError::message("not a hybrid key").at(at))
    }
}

/// The secret half of a [`HybridKey`]: the 32-byte seed that both parts are made from. Kept as the seed and not unfolded: opening is
/// rare, and thousands of secret bytes less lie in memory.
///
/// With it are the seeds before it: what was sealed to them is still there and has to be opened.
#[derive(Clone, Debug)]
pub struct HybridOpeningKey {
    seed: Key,
    /// Newest first.
    former: Vec<Key>,
}

impl HybridOpeningKey {
    /// A fresh key pair.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::from_key(Key::random(rng))
    }

    /// Takes the seed.
    #[must_use]
    pub const fn from_key(seed: Key) -> Self {
        Self { seed, former: Vec::new() }
    }

    /// The same with the seeds before it, newest first; no more than [`MAX_FORMER_KEYS`] are kept.
    #[must_use]
    pub fn after(self, former: impl IntoIterator<Item = Key>) -> Self {
        Self { former: former.into_iter().take(MAX_FORMER_KEYS).collect(), ..self }
    }

    /// The seed, for a key file.
    #[must_use]
    pub const fn expose(&self) -> &Key {
        &self.seed
    }

    /// The seeds before it, newest first, for a key file.
    #[must_use]
    pub fn former(&self) -> &[Key] {
        &self.former
    }

    /// The public half. Makes the key pair anew from the seed: ask once and keep it.
    #[must_use]
    pub fn public(&self) -> HybridKey {
        let mut public = [0; PUBLIC_BYTES];
        // `from_bytes` checks only the length, which the type already fixes.
        if let Ok(secret) = Secret::from_bytes(self.seed.expose()) {
            XWing::sk_to_pk(&secret).write_exact(&mut public);
        }
        HybridKey(Arc::new(public))
    }
}

/// An encapsulated key and what was sealed under it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HybridSealed {
    /// The encapsulated key (`enc`), 1,120 bytes; on the heap, so that what holds a sealed thing stays small.
    #[n(0)]
    pub enc: Box<ByteArray<ENCAPSULATED_BYTES>>,
    /// Ciphertext and tag.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub ciphertext: Vec<u8>,
}

/// Seals `plaintext` to `to`, bound to `associated`.
///
/// # Errors
/// [`Unopened`] for what is worthless soon, and when the cipher refuses, which it does beyond 256 GiB.
pub fn seal(
    rng: &mut dyn CryptoRng,
    to: &HybridKey,
    purpose: Purpose,
    associated: &[u8],
    plaintext: &[u8],
) -> Result<HybridSealed, Unopened> {
    if !purpose.is_for_years() {
        return Err(Unopened);
    }
    seal_under(rng, to, purpose.label().as_bytes(), associated, plaintext)
}

/// Opens what [`seal`] made for the public half of `key`.
///
/// # Errors
/// [`Unopened`] for any other key, purpose, associated data, or altered bytes.
pub fn open(key: &HybridOpeningKey, purpose: Purpose, associated: &[u8], sealed: &HybridSealed) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    if !purpose.is_for_years() {
        return Err(Unopened);
    }
    open_under(key, purpose.label().as_bytes(), associated, sealed)
}

fn seal_under(rng: &mut dyn CryptoRng, to: &HybridKey, info: &[u8], associated: &[u8], plaintext: &[u8]) -> Result<HybridSealed, Unopened> {
    let public = Public::from_bytes(to.as_bytes()).map_err(|_| Unopened)?;
    let (encapped, mut context) =
        setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeS::Base, &public, info, &mut &mut *rng)
            .map_err(|_| Unopened)?;
    let ciphertext = context.seal(plaintext, associated).map_err(|_| Unopened)?;
    let mut enc = Box::new(ByteArray::from([0; ENCAPSULATED_BYTES]));
    encapped.write_exact(enc.as_mut_slice());
    Ok(HybridSealed { enc, ciphertext })
}

fn open_under(key: &HybridOpeningKey, info: &[u8], associated: &[u8], sealed: &HybridSealed) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let mut opened = std::iter::once(&key.seed).chain(&key.former).map(|seed| open_with(seed, info, associated, sealed));
    opened.find(Result::is_ok).unwrap_or(Err(Unopened))
}

fn open_with(seed: &Key, info: &[u8], associated: &[u8], sealed: &HybridSealed) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let secret = Secret::from_bytes(seed.expose()).map_err(|_| Unopened)?;
    let enc = Encapped::from_bytes(sealed.enc.as_slice()).map_err(|_| Unopened)?;
    let mut context = setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeR::Base, &secret, &enc, info).map_err(|_| Unopened)?;
    context.open(&sealed.ciphertext, associated).map(Zeroizing::new).map_err(|_| Unopened)
}

#[cfg(test)]
mod tests;
