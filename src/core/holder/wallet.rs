//! What a holder's app keeps: keys, certificates and the grants made. Serialised as JSON; whoever writes it to a disk seals it first.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::certificate::{CertificateBody, HolderKeys, IssuerIdentity, thumbprint};
use crate::error::{Refusal, RefusalCode};
use crate::names::{CentreCode, CertificateNumber, Digest, GrantId, Thumbprint};
use crate::seal::SUITE;
use crate::seal::hpke::OpeningKey;
use crate::seal::hybrid::HybridOpeningKey;
use crate::sign::SecretKey;
use crate::time::Time;

/// Most keys in a wallet.
pub const MAX_KEYS: usize = 256;
/// Most certificates in a wallet.
pub const MAX_CERTIFICATES: usize = 256;
/// Most grants a wallet remembers; the oldest that have expired are forgotten first.
pub const MAX_GRANTS: usize = 4096;
/// Most bytes of a charter in a wallet: the largest charter file there may be.
pub const MAX_CHARTER_BYTES: usize = crate::charter::MAX_CHARTER_BYTES;
/// Most bytes of the evidence kept with a certificate.
pub const MAX_EVIDENCE_BYTES: usize = 64 * 1024;
/// Most bytes of a wallet as JSON.
pub const MAX_WALLET_BYTES: usize = 64 * 1024 * 1024;

/// A wallet that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// More bytes or entries than allowed.
    #[error("the wallet is larger than allowed")]
    TooLarge,
    /// Not a wallet.
    #[error("not a wallet")]
    Malformed,
    /// Of another suite.
    #[error("a wallet of another suite")]
    Suite,
}

/// Everything a holder's app keeps.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    suite: String,
    charter: Option<KeptCharter>,
    keys: Vec<HolderKey>,
    certificates: Vec<Held>,
    grants: Vec<GrantMade>,
}

/// A charter as the shell gave it, with its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptCharter {
    /// The charter's bytes.
    #[serde(with = "bytes")]
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
}

/// The keys made for one certificate. Wiped when dropped, never printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderKey {
    #[serde(with = "signing")]
    pub(crate) signing: SecretKey,
    #[serde(with = "opening")]
    pub(super) opening: OpeningKey,
    #[serde(with = "hybrid")]
    pub(super) hybrid: HybridOpeningKey,
    created: Time,
    pub(super) state: KeyState,
}

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyState {
    /// A card with it was given out.
    Offered {
        /// For which centre.
        centre: CentreCode,
    },
    /// A certificate is bound to it.
    Bound {
        /// Which.
        number: CertificateNumber,
    },
}

impl HolderKey {
    /// The public halves.
    #[must_use]
    pub fn public(&self) -> HolderKeys {
        HolderKeys { signing: self.signing.public(), sealing: self.opening.public(), hybrid: self.hybrid.public() }
    }

    /// Thumbprint of the signing key.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        thumbprint(&self.signing.public())
    }

    /// What became of it.
    #[must_use]
    pub const fn state(&self) -> &KeyState {
        &self.state
    }

    /// When it was made.
    #[must_use]
    pub const fn created(&self) -> Time {
        self.created
    }

    /// Opens what was sealed to the holder of this certificate, such as access records.
    #[must_use]
    pub const fn opening(&self) -> &OpeningKey {
        &self.opening
    }

    /// Opens the content key of this certificate.
    #[must_use]
    pub const fn hybrid(&self) -> &HybridOpeningKey {
        &self.hybrid
    }
}

/// A received certificate, checked when it came in and again whenever it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Its number.
    pub number: CertificateNumber,
    /// Who issued it.
    pub issuer: IssuerIdentity,
    /// Its body, still sealed.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
    /// Proof that it stands in its issuer's journal, opaque here.
    #[serde(with = "bytes")]
    pub evidence: Vec<u8>,
    /// When it was received.
    pub received: Time,
}

/// A grant that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantMade {
    /// Its id.
    pub id: GrantId,
    /// The certificate.
    pub number: CertificateNumber,
    /// For whom.
    pub audience: CentreCode,
    /// For what.
    pub matter: String,
    /// The fields, in certificate order.
    pub fields: Vec<String>,
    /// When it was made.
    pub made: Time,
    /// Until when.
    pub expires: Time,
    /// How often.
    pub uses: u32,
    /// When it was taken back, if it was: by signature, whoever has heard of it.
    pub revoked: Option<Time>,
    /// The key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Thumbprint>,
    /// When a window took it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposited: Option<Time>,
    /// Since when a centre says that it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_heard: Option<Time>,
    /// Uses that the holder has read of.
    #[serde(default)]
    pub used: u32,
    /// When the holder read of uses last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_as_of: Option<Time>,
}

impl Default for Wallet {
    fn default() -> Self {
        Self { suite: SUITE.to_owned(), charter: None, keys: Vec::new(), certificates: Vec::new(), grants: Vec::new() }
    }
}

impl Wallet {
    /// Reads a wallet.
    ///
    /// # Errors
    /// [`WalletError`]. Its message never quotes the input.
    pub fn from_json(json: &[u8]) -> Result<Self, WalletError> {
        if json.len() > MAX_WALLET_BYTES {
            return Err(WalletError::TooLarge);
        }
        let wallet: Self = serde_json::from_slice(json).map_err(|_| WalletError::Malformed)?;
        if wallet.suite != SUITE {
            return Err(WalletError::Suite);
        }
        let full = wallet.keys.len() > MAX_KEYS || wallet.certificates.len() > MAX_CERTIFICATES || wallet.grants.len() > MAX_GRANTS;
        if full { Err(WalletError::TooLarge) } else { Ok(wallet) }
    }

    /// Writes the wallet: secret keys in the clear, so seal it before it goes anywhere.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// The charter that names the centres' keys, opaque here.
    #[must_use]
    pub const fn charter(&self) -> Option<&KeptCharter> {
        self.charter.as_ref()
    }

    /// Keeps a charter.
    ///
    /// # Errors
    /// `ceiling-exceeded` about `charter` when it is too large.
    pub fn keep_charter(&mut self, charter: KeptCharter) -> Result<(), Refusal> {
        if charter.bytes.len() > MAX_CHARTER_BYTES {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, "charter"));
        }
        self.charter = Some(charter);
        Ok(())
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[HolderKey] {
        &self.keys
    }

    /// The certificates, in the order they came.
    #[must_use]
    pub fn certificates(&self) -> &[Held] {
        &self.certificates
    }

    /// One certificate.
    #[must_use]
    pub fn certificate(&self, number: &CertificateNumber) -> Option<&Held> {
        self.certificates.iter().find(|held| held.number == *number)
    }

    /// The grants made, oldest first.
    #[must_use]
    pub fn grants(&self) -> &[GrantMade] {
        &self.grants
    }

    /// The key with this thumbprint.
    #[must_use]
    pub fn key(&self, holder: &Thumbprint) -> Option<&HolderKey> {
        self.keys.iter().find(|key| key.thumbprint() == *holder)
    }

    pub(super) fn new_key(&mut self, rng: &mut dyn CryptoRng, now: Time, state: KeyState) -> Result<&HolderKey, Refusal> {
        if self.keys.len() >= MAX_KEYS {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, "keys"));
        }
        let (signing, opening, hybrid) = (SecretKey::random(rng), OpeningKey::random(rng), HybridOpeningKey::random(rng));
        let key = HolderKey { signing, opening, hybrid, created: now, state };
        let at = self.keys.len();
        self.keys.push(key);
        Ok(&self.keys[at])
    }

    pub(super) fn keep(&mut self, held: Held, body: &CertificateBody) -> Result<(), Refusal> {
        let others = self.certificates.iter().filter(|one| one.number != held.number).count();
        if others >= MAX_CERTIFICATES {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, "certificates"));
        }
        // Bound anew, it takes its own place; the former key stays, for what was sealed to it.
        self.certificates.retain(|one| one.number != held.number);
        if let Some(key) = self.keys.iter_mut().find(|key| key.thumbprint() == body.head.holder) {
            key.state = KeyState::Bound { number: held.number.clone() };
        }
        self.certificates.push(held);
        Ok(())
    }

    /// Makes room for one more grant.
    pub(super) fn room_for_grant(&mut self, now: Time) -> Result<(), Refusal> {
        if self.grants.len() >= MAX_GRANTS {
            let oldest = self.grants.iter().position(|made| made.expires < now);
            self.grants.remove(oldest.ok_or_else(|| Refusal::about(RefusalCode::CeilingExceeded, "grants"))?);
        }
        Ok(())
    }

    pub(super) fn remember(&mut self, made: GrantMade) {
        self.grants.push(made);
    }

    pub(super) fn grant_mut(&mut self, id: &GrantId) -> Option<&mut GrantMade> {
        self.grants.iter_mut().find(|made| made.id == *id)
    }
}

mod bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(d)?).map_err(|_| D::Error::custom("not base64"))
    }
}

mod secret {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use zeroize::{Zeroize, Zeroizing};

    use crate::seal::Key;

    pub fn serialize<S: Serializer>(key: &Key, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&Zeroizing::new(hex::encode(key.expose())))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Key, D::Error> {
        let text = Zeroizing::new(String::deserialize(d)?);
        let mut bytes = [0; 32];
        let decoded = hex::decode_to_slice(text.as_bytes(), &mut bytes);
        let key = Key::from_bytes(bytes);
        bytes.zeroize();
        decoded.map(|()| key).map_err(|_| D::Error::custom("not a key"))
    }
}

mod signing {
    use serde::{Deserializer, Serializer};

    use crate::sign::SecretKey;

    pub fn serialize<S: Serializer>(key: &SecretKey, s: S) -> Result<S::Ok, S::Error> {
        super::secret::serialize(key.expose(), s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<SecretKey, D::Error> {
        super::secret::deserialize(d).map(SecretKey::from_key)
    }
}

mod opening {
    use serde::{Deserializer, Serializer};

    use crate::seal::hpke::OpeningKey;

    pub fn serialize<S: Serializer>(key: &OpeningKey, s: S) -> Result<S::Ok, S::Error> {
        super::secret::serialize(key.expose(), s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<OpeningKey, D::Error> {
        super::secret::deserialize(d).map(OpeningKey::from_key)
    }
}

mod hybrid {
    use serde::{Deserializer, Serializer};

    use crate::seal::hybrid::HybridOpeningKey;

    pub fn serialize<S: Serializer>(key: &HybridOpeningKey, s: S) -> Result<S::Ok, S::Error> {
        super::secret::serialize(key.expose(), s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<HybridOpeningKey, D::Error> {
        super::secret::deserialize(d).map(HybridOpeningKey::from_key)
    }
}
