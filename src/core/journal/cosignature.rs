//! A witness's word for a head: a C2SP tlog-cosignature (`cosignature/v1`) under the author's own signature.
//!
//! What travels and is kept is a signed note of its own: the checkpoint's text, the author's two lines, and the witness's. So whoever has
//! one cosignature also has what its author signed, and two that contradict each other show the author's fork without a witness having to
//! be believed. Whether the rows held lead to the root that was cosigned is not said here.

use super::note::{Note, SignatureType};
use super::{Author, Origin, VerifiedHead};
use crate::error::{Fault, FaultCode};
use crate::sign::{PublicKey, SecretKey};
use crate::time::Time;

/// A head that its author signed and a witness cosigned; both were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCosignature {
    head: VerifiedHead,
    at: Time,
    key: PublicKey,
}

/// Cosigns a head of the author's present term, in the name of the witness whose journal has this origin. Lines of others are left out.
///
/// # Errors
/// [`Fault`] with `malformed` when the head's note is none.
pub fn cosign(head: &VerifiedHead, author: &Author, witness: &Origin, key: &SecretKey, at: Time) -> Result<Vec<u8>, Fault> {
    let (name, heartbeat) = (author.origin.as_str(), author.origin.heartbeat_name());
    let kept = [(name, SignatureType::Ed25519, &author.signing), (&*heartbeat, SignatureType::CosignatureV1, &author.heartbeat)];
    let mut note = Note::parse(head.note())?.only(&kept);
    note.cosign(&witness.heartbeat_name(), key, at);
    Ok(note.to_bytes())
}

/// Verifies that `note` is a head of `author`'s journal and carries the cosignature of the witness with this key.
///
/// # Errors
/// [`Fault`] with whatever [`Author::verify`] finds, `malformed` for a head over nothing, and `bad-signature` without the cosignature.
pub fn verify(note: &[u8], author: &Author, witness: &Origin, key: &PublicKey) -> Result<VerifiedCosignature, Fault> {
    let head = author.verify(note)?;
    if head.size() == 0 {
        return Err(Fault::new(FaultCode::Malformed, "a cosignature over nothing"));
    }
    let at = Note::parse(note)?.verify_cosignature(&witness.heartbeat_name(), key)?;
    Ok(VerifiedCosignature { head, at, key: *key })
}

impl VerifiedCosignature {
    /// What was cosigned.
    #[must_use]
    pub const fn head(&self) -> &VerifiedHead {
        &self.head
    }

    /// When, by the witness's clock; whole seconds.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// The witness's key.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.key
    }
}
