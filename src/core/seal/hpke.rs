//! Sealing to a public key: HPKE base mode (RFC 9180), one message per encapsulation.
//!
//! Base mode authenticates nobody. Wherever it matters who sealed, the sealed thing stands inside something signed.

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::X25519HkdfSha256;
use ::hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender_with_rng};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Key, MAX_FORMER_KEYS, Purpose, Unopened};

type Secret = <X25519HkdfSha256 as Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapped = <X25519HkdfSha256 as Kem>::EncappedKey;

/// A public X25519 key that things are sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode)]
#[cbor(transparent)]
#[serde(try_from = "String", into = "String")]
pub struct SealingKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl From<SealingKey> for String {
    fn from(key: SealingKey) -> String {
        hex::encode(key.0)
    }
}

impl TryFrom<String> for SealingKey {
    type Error = crate::names::Malformed;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| crate::names::Malformed { what: "sealing key" })?;
        Ok(Self(bytes))
    }
}

/// The secret half of a [`SealingKey`], and those before it: what was sealed to them is still there and has to be opened.
#[derive(Clone, Debug)]
pub struct OpeningKey {
    key: Key,
    /// Newest first.
    former: Vec<Key>,
}

impl OpeningKey {
    /// A fresh key pair.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::from_key(Key::random(rng))
    }

    /// Takes the raw X25519 secret.
    #[must_use]
    pub const fn from_key(key: Key) -> Self {
        Self { key, former: Vec::new() }
    }

    /// The same with the keys before it, newest first; no more than [`MAX_FORMER_KEYS`] are kept.
    #[must_use]
    pub fn after(self, former: impl IntoIterator<Item = Key>) -> Self {
        Self { former: former.into_iter().take(MAX_FORMER_KEYS).collect(), ..self }
    }

    /// The raw X25519 secret, for a key file.
    #[must_use]
    pub const fn expose(&self) -> &Key {
        &self.key
    }

    /// The raw secrets before it, newest first, for a key file.
    #[must_use]
    pub fn former(&self) -> &[Key] {
        &self.former
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> SealingKey {
        // `from_bytes` checks only the length, which the type already fixes.
        let public = Secret::from_bytes(self.key.expose()).map(|secret| X25519HkdfSha256::sk_to_pk(&secret).to_bytes().into());
        SealingKey(public.unwrap_or_default())
    }
}

/// An encapsulated key and what was sealed under it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sealed {
    /// The encapsulated key (`enc`), 32 bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub enc: [u8; 32],
    /// Ciphertext and tag.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub ciphertext: Vec<u8>,
}

/// Seals `plaintext` to `to`, bound to `associated`.
///
/// # Errors
/// [`Unopened`] when `to` is a low-order point, whose secret everybody knows, and for what must stay closed for years.
pub fn seal(rng: &mut dyn CryptoRng, to: &SealingKey, purpose: Purpose, associated: &[u8], plaintext: &[u8]) -> Result<Sealed, Unopened> {
    if purpose.is_for_years() {
        return Err(Unopened);
    }
    let public = Public::from_bytes(&to.0).map_err(|_| Unopened)?;
    let (enc, mut context) = setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        purpose.label().as_bytes(),
        &mut &mut *rng,
    )
    .map_err(|_| Unopened)?;
    let ciphertext = context.seal(plaintext, associated).map_err(|_| Unopened)?;
    Ok(Sealed { enc: enc.to_bytes().into(), ciphertext })
}

/// Opens what [`seal`] made for the public half of `key`.
///
/// # Errors
/// [`Unopened`] for any other key, purpose, associated data, or altered bytes.
pub fn open(key: &OpeningKey, purpose: Purpose, associated: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    if purpose.is_for_years() {
        return Err(Unopened);
    }
    let mut opened = std::iter::once(&key.key).chain(&key.former).map(|key| open_with(key, purpose, associated, sealed));
    opened.find(Result::is_ok).unwrap_or(Err(Unopened))
}

fn open_with(key: &Key, purpose: Purpose, associated: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let secret = Secret::from_bytes(key.expose()).map_err(|_| Unopened)?;
    let enc = Encapped::from_bytes(&sealed.enc).map_err(|_| Unopened)?;
    let mut context =
        setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(&OpModeR::Base, &secret, &enc, purpose.label().as_bytes())
            .map_err(|_| Unopened)?;
    context.open(&sealed.ciphertext, associated).map(Zeroizing::new).map_err(|_| Unopened)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn only_the_addressee_opens_and_only_for_the_purpose_it_was_sealed_for() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(2);
        let (mine, other) = (OpeningKey::random(&mut rng), OpeningKey::random(&mut rng));
        let sealed = seal(&mut rng, &mine.public(), Purpose::GrantKeys, b"grant", b"keys").unwrap();
        assert_eq!(*open(&mine, Purpose::GrantKeys, b"grant", &sealed).unwrap(), b"keys");
        assert!(open(&other, Purpose::GrantKeys, b"grant", &sealed).is_err());
        assert!(open(&mine, Purpose::Access, b"grant", &sealed).is_err());
        assert!(open(&mine, Purpose::GrantKeys, b"other grant", &sealed).is_err());
    }

    #[test]
    fn nothing_is_sealed_to_the_all_zero_key() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(3);
        assert!(seal(&mut rng, &SealingKey([0; 32]), Purpose::Access, b"", b"x").is_err());
    }
}
