//! Sealing: the only room that touches ciphers, key agreement and key derivation.
//!
//! Five things live here: [`hpke`] seals to somebody's public key (RFC 9180, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
//! ChaCha20-Poly1305), [`hybrid`] does so for what must stay closed for years (the same over ML-KEM-768 with X25519), [`aead`] seals
//! under a shared key (XChaCha20-Poly1305), [`derive()`] makes one key from another (HKDF-SHA256), and [`stretch`] makes a key from
//! what can be guessed (Argon2id).
//! Every use names its purpose, so that what was sealed for one can never be opened as another. What must never be here: a rule about
//! who may open what.

pub mod aead;
pub mod hpke;
pub mod hybrid;
pub mod stretch;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Name of the one suite that exists so far; every signed or sealed object names its suite.
/// Ed25519, HPKE with X25519 or X-Wing (which of them follows from the purpose), HKDF-SHA256 and ChaCha20-Poly1305,
/// XChaCha20-Poly1305, SHA-256.
pub const SUITE: &str = "anju-1";

/// Most opening keys before the present one that are kept. Whatever does not open is tried with each of them.
pub const MAX_FORMER_KEYS: usize = 8;

/// A 32-byte secret key. Wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes the bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh random key.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The bytes, for a key file or for sealing to somebody. Never for a log.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What a derived or shared key is for; part of every derivation and of every sealed thing's associated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Announcements between members, under the epoch secret.
    Gossip,
    /// The issuer-signed JWT inside a certificate's payload.
    CertificateJwt,
    /// One disclosure inside a certificate's payload.
    CertificateField,
    /// A certificate's content key, sealed to its holder.
    CertificateContent,
    /// The keys and key binding inside a grant, sealed to its audience.
    GrantKeys,
    /// An access record, sealed to author, issuer and holder.
    Access,
    /// The secrets of a charter's epoch, sealed to a member.
    Epoch,
    /// A personal column of the store.
    StoreColumn,
    /// From a document's number to the secret that stands for its subject.
    Subject,
    /// From that secret to the token a listing is found by.
    SubjectToken,
    /// From that secret to the key of one listing's content.
    SubjectEntry,
    /// A listing's content.
    Finding,
    /// From a centre's own secret to the id of a listing.
    ListingId,
    /// The note to a listing's centre that somebody was found on its list.
    ListingHit,
    /// The ground of an objection, sealed to the centre whose listing it is.
    Objection,
    /// An operator's signing key, under their passphrase.
    OperatorKey,
    /// Whom a row of the audit log is about.
    AuditSubject,
    /// What only the issuer of a certificate is asked.
    Inquiry,
    /// What it replies.
    InquiryReply,
    /// A dossier's key, sealed to one of its parties.
    DossierKey,
    /// What a dossier says, under its key.
    DossierContent,
    /// Which author of a dossier a centre is.
    DossierActor,
    /// From a pick-up code to what its deposit is found by.
    PickupCode,
    /// From the last four characters of a document's number to what stands for them beside a deposit.
    PickupLastFour,
    /// The operators' accounts, sealed by a centre's writer to another of its stations.
    Handover,
    /// What an operator asks at a station that does not write, sealed to the centre.
    Forward,
    /// What the writer answers.
    ForwardReply,
}

impl Purpose {
    /// Every purpose there is.
    pub const ALL: &'static [Self] = &[
        Self::Gossip,
        Self::CertificateJwt,
        Self::CertificateField,
        Self::CertificateContent,
        Self::GrantKeys,
        Self::Access,
        Self::Epoch,
        Self::StoreColumn,
        Self::Subject,
        Self::SubjectToken,
        Self::SubjectEntry,
        Self::Finding,
        Self::ListingId,
        Self::ListingHit,
        Self::Objection,
        Self::OperatorKey,
        Self::AuditSubject,
        Self::Inquiry,
        Self::InquiryReply,
        Self::DossierKey,
        Self::DossierContent,
        Self::DossierActor,
        Self::PickupCode,
        Self::PickupLastFour,
        Self::Handover,
        Self::Forward,
        Self::ForwardReply,
    ];

    /// Whether what is sealed to somebody's key for this must stay closed for years. Then [`hybrid`] seals it and [`hpke`] refuses, else
    /// the other way round: the purpose names the suite, and nobody can be talked into the weaker one.
    #[must_use]
    pub const fn is_for_years(self) -> bool {
        match self {
            Self::Epoch | Self::CertificateContent | Self::DossierKey | Self::Objection | Self::Handover => true,
            Self::Gossip
            | Self::CertificateJwt
            | Self::CertificateField
            | Self::GrantKeys
            | Self::Access
            | Self::StoreColumn
            | Self::Subject
            | Self::SubjectToken
            | Self::SubjectEntry
            | Self::Finding
            | Self::ListingId
            | Self::ListingHit
            | Self::OperatorKey
            | Self::AuditSubject
            | Self::Inquiry
            | Self::InquiryReply
            | Self::DossierContent
            | Self::DossierActor
            | Self::PickupCode
            | Self::PickupLastFour
            | Self::Forward
            | Self::ForwardReply => false,
        }
    }

    /// The label that enters derivations; never changes once released.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gossip => "anju/v1/gossip",
            Self::CertificateJwt => "anju/v1/certificate-jwt",
            Self::CertificateField => "anju/v1/certificate-field",
            Self::CertificateContent => "anju/v1/certificate-content",
            Self::GrantKeys => "anju/v1/grant-keys",
            Self::Access => "anju/v1/access",
            Self::Epoch => "anju/v1/epoch",
            Self::StoreColumn => "anju/v1/store-column",
            Self::Subject => "anju/v1/subject",
            Self::SubjectToken => "anju/v1/subject-token",
            Self::SubjectEntry => "anju/v1/subject-entry",
            Self::Finding => "anju/v1/finding",
            Self::ListingId => "anju/v1/listing-id",
            Self::ListingHit => "anju/v1/listing-hit",
            Self::Objection => "anju/v1/objection",
            Self::OperatorKey => "anju/v1/operator-key",
            Self::AuditSubject => "anju/v1/audit-subject",
            Self::Inquiry => "anju/v1/inquiry",
            Self::InquiryReply => "anju/v1/inquiry-reply",
            Self::DossierKey => "anju/v1/dossier-key",
            Self::DossierContent => "anju/v1/dossier-content",
            Self::DossierActor => "anju/v1/dossier-actor",
            Self::PickupCode => "anju/v1/pickup-code",
            Self::PickupLastFour => "anju/v1/pickup-last-four",
            Self::Handover => "anju/v1/handover",
            Self::Forward => "anju/v1/forward",
            Self::ForwardReply => "anju/v1/forward-reply",
        }
    }
}

/// Something sealed did not open: wrong key, wrong purpose, wrong associated data, or altered bytes. Which of them is not knowable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open")]
pub struct Unopened;

/// Derives a key for `purpose` from `key`, bound to every part of `context` (HKDF-SHA256, no salt; each part is length-prefixed).
#[must_use]
pub fn derive(key: &Key, purpose: Purpose, context: &[&[u8]]) -> Key {
    let mut info = purpose.label().as_bytes().to_vec();
    for part in context {
        info.extend_from_slice(&(part.len() as u64).to_be_bytes());
        info.extend_from_slice(part);
    }
    let mut out = [0; 32];
    // 32 bytes is one block of SHA-256: `expand` only fails beyond 255 blocks.
    let expanded = Hkdf::<Sha256>::new(None, key.expose()).expand(&info, &mut out);
    debug_assert!(expanded.is_ok());
    let derived = Key(out);
    out.zeroize();
    derived
}

/// HMAC-SHA256 of the parts under `key`, for `purpose` (RFC 2104); the label and each part are length-prefixed.
#[must_use]
pub fn hmac(key: &Key, purpose: Purpose, parts: &[&[u8]]) -> Key {
    use ::hmac::{Hmac, KeyInit, Mac};
    // A key shorter than the block is filled up with zeros: RFC 2104, section 2.
    let mut block = ::hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..32].copy_from_slice(key.expose());
    let mut mac = Hmac::<Sha256>::new(&block);
    block.as_mut_slice().zeroize();
    for part in std::iter::once(purpose.label().as_bytes()).chain(parts.iter().copied()) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(&mac.finalize().into_bytes());
    let key = Key(out);
    out.zeroize();
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_key_depends_on_purpose_and_on_where_the_context_is_cut() {
        let key = Key::from_bytes([7; 32]);
        let a = derive(&key, Purpose::CertificateField, &[b"ab", b"c"]);
        let b = derive(&key, Purpose::CertificateField, &[b"a", b"bc"]);
        let c = derive(&key, Purpose::CertificateJwt, &[b"ab", b"c"]);
        assert_ne!(a.expose(), b.expose());
        assert_ne!(a.expose(), c.expose());
        assert_eq!(a.expose(), derive(&key, Purpose::CertificateField, &[b"ab", b"c"]).expose());
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", Key::from_bytes([9; 32])), "Key(..)");
    }
}
