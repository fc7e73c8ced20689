//! Announcements: the newest head of the sender's own journal and, if they fit, its newest rows, sealed under the epoch key.
//!
//! A shared key authenticates nobody: who announced is what the signature of the gossip message says, and what a head says is what
//! its author's signature says. Gossip is a hint; `replicate` delivers.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;

use crate::charter::EpochSecrets;
use crate::error::{Fault, FaultCode};
use crate::journal::Frame;
use crate::names::{Digest, StationKey};
use crate::seal::{Purpose, aead};
use crate::wire;

/// Largest sealed announcement, in bytes.
pub const MAX_ANNOUNCEMENT_BYTES: usize = 32 * 1024;
/// Bytes of rows that fit an announcement beside everything else in it.
pub const ANNOUNCED_ROWS_BYTES: usize = 24 * 1024;
/// Most rows in an announcement.
pub const ANNOUNCED_ROWS: u64 = 256;

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
struct Envelope {
    /// Number of the epoch whose key sealed it.
    #[n(0)]
    epoch: u64,
    /// Nonce ‖ ciphertext ‖ tag.
    #[cbor(n(1), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

/// Seals a frame as an announcement by `sender`; `None` when it does not fit. `founding` is the digest of the founding charter.
#[must_use]
pub fn seal(rng: &mut dyn CryptoRng, founding: Digest, secrets: &EpochSecrets, sender: &StationKey, frame: &Frame) -> Option<Vec<u8>> {
    let number = secrets.number.to_be_bytes();
    let sealed = aead::seal(rng, &secrets.gossip, Purpose::Gossip, &[&founding.0, &number, &sender.0], &frame.to_bytes());
    let bytes = wire::encode(&Envelope { epoch: secrets.number, sealed });
    (bytes.len() <= MAX_ANNOUNCEMENT_BYTES).then_some(bytes)
}

/// Opens an announcement that `sender` signed, under whichever of these epochs it names.
///
/// # Errors
/// [`Fault`] with `oversized`, `malformed`, or `unsealed` when it does not open for one of these epochs, this federation and this sender.
pub fn open<'a>(
    founding: Digest,
    epochs: impl IntoIterator<Item = &'a EpochSecrets>,
    sender: &StationKey,
    bytes: &[u8],
) -> Result<Frame, Fault> {
    let envelope: Envelope = wire::decode(bytes, MAX_ANNOUNCEMENT_BYTES)?;
    let Some(secrets) = epochs.into_iter().find(|secrets| secrets.number == envelope.epoch) else {
        return Err(Fault::new(FaultCode::Unsealed, format!("epoch {}", envelope.epoch)));
    };
    let number = envelope.epoch.to_be_bytes();
    let plain = aead::open(&secrets.gossip, Purpose::Gossip, &[&founding.0, &number, &sender.0], &envelope.sealed)
        .map_err(|_| Fault::new(FaultCode::Unsealed, "does not open"))?;
    Frame::decode(&plain)
}
