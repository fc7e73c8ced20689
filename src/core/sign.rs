//! Signatures: Ed25519 (RFC 8032), verified strictly, each under a context of its own.
//!
//! A signature made for one purpose must never verify as another, so what is signed is always `label ‖ 0x00 ‖ message`. Two formats
//! are exceptions because others define what is signed: JWS (the protected header names the `typ`) and C2SP signed notes (the text
//! begins with the origin). Those two use [`SecretKey::sign_raw`] and [`PublicKey::verify_raw`].

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::names::Malformed;
use crate::seal::Key;

/// What a signature outside JWS and signed notes is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A centre's public card, by the centre's key.
    Card,
    /// A centre's public card, by the station's key.
    CardStation,
    /// A charter, by a founder.
    Charter,
    /// A later version of a charter, by a member that approves it.
    CharterApproval,
    /// An invitation of a candidate, by the member that invites.
    Invitation,
    /// A holder's enrolment card.
    HolderCard,
    /// What an operator asks their peer to do.
    OperatorAct,
    /// What a holder asks at a centre's window.
    HolderRequest,
}

impl Context {
    const fn label(self) -> &'static str {
        match self {
            Self::Card => "anju/v1/card",
            Self::CardStation => "anju/v1/card-station",
            Self::Charter => "anju/v1/charter",
            Self::CharterApproval => "anju/v1/charter-approval",
            Self::Invitation => "anju/v1/invitation",
            Self::HolderCard => "anju/v1/holder-card",
            Self::OperatorAct => "anju/v1/operator-act",
            Self::HolderRequest => "anju/v1/holder-request",
        }
    }

    fn message(self, message: &[u8]) -> Vec<u8> {
        let mut out = self.label().as_bytes().to_vec();
        out.push(0);
        out.extend_from_slice(message);
        out
    }
}

/// A signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// An Ed25519 signature, 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 64]);

/// An Ed25519 public key, as 32 bytes; whether they are a point of the curve shows at verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Encode, Decode)]
#[cbor(transparent)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        hex::encode(key.0)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| Malformed { what: "public key" })?;
        Ok(Self(bytes))
    }
}

impl PublicKey {
    /// Verifies a signature made with [`SecretKey::sign`] under the same context.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise, and for keys that are not a point or are of low order.
    pub fn verify(&self, context: Context, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        self.verify_raw(&context.message(message), signature)
    }

    /// Verifies a signature over exactly `message`: for JWS and signed notes only.
    ///
    /// # Errors
    /// [`BadSignature`] otherwise.
    pub fn verify_raw(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).map_err(|_| BadSignature)
    }
}

/// An Ed25519 secret key (the 32-byte seed). Wiped when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey {
    seed: Key,
    /// With the public half beside it, which costs as much to find as a signature to make.
    pair: SigningKey,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// A fresh key.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        Self::from_key(Key::random(rng))
    }

    /// Takes a seed.
    #[must_use]
    pub fn from_key(seed: Key) -> Self {
        let pair = SigningKey::from_bytes(seed.expose());
        Self { seed, pair }
    }

    /// The seed, for a key file.
    #[must_use]
    pub const fn expose(&self) -> &Key {
        &self.seed
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.pair.verifying_key().to_bytes())
    }

    /// Signs `message` under `context`.
    #[must_use]
    pub fn sign(&self, context: Context, message: &[u8]) -> Signature {
        self.sign_raw(&context.message(message))
    }

    /// Signs exactly `message`: for JWS and signed notes only.
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> Signature {
        Signature(self.pair.sign(message).to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Context; 8] = [
        Context::Card,
        Context::CardStation,
        Context::Charter,
        Context::CharterApproval,
        Context::Invitation,
        Context::HolderCard,
        Context::OperatorAct,
        Context::HolderRequest,
    ];

    #[test]
    fn a_signature_made_for_one_purpose_verifies_for_no_other_whatever_is_signed() {
        let key = SecretKey::from_key(Key::from_bytes([1; 32]));
        for made in ALL {
            let signature = key.sign(made, b"message");
            for shown in ALL {
                let verified = key.public().verify(shown, b"message", &signature).is_ok();
                assert_eq!(verified, shown == made, "{made:?} shown as {shown:?}");
                // Nor with a message that makes up for the other label.
                let longer = [&made.label().as_bytes()[shown.label().len().min(made.label().len())..], b"\0message"].concat();
                assert!(shown == made || key.public().verify(shown, &longer, &signature).is_err(), "{made:?} shown as {shown:?}");
            }
            // What stands in a JWS or a signed note is signed without a label, and begins otherwise.
            assert!(key.public().verify_raw(b"message", &signature).is_err());
            for raw in [&b"anju.hainan/C46010\n"[..], b"cosignature/v1\n", b"eyJ"] {
                let signature = key.sign_raw(raw);
                assert!(key.public().verify(made, raw, &signature).is_err(), "a raw one shown as {made:?}");
            }
        }
    }

    #[test]
    fn a_signature_of_one_kind_is_not_one_of_another() {
        let key = SecretKey::from_key(Key::from_bytes([1; 32]));
        let signature = key.sign(Context::Card, b"x");
        assert!(key.public().verify(Context::Card, b"x", &signature).is_ok());
        assert!(key.public().verify(Context::Charter, b"x", &signature).is_err());
        assert!(key.public().verify_raw(b"x", &signature).is_err());
        assert!(PublicKey([0; 32]).verify(Context::Card, b"x", &signature).is_err());
    }
}
