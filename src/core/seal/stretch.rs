//! Keys from what can be guessed: Argon2id (RFC 9106), version 0x13, for document numbers and passphrases.
//!
//! It is meant to cost. Whoever calls it from the state machine's loop holds everybody up: the core asks for it as an effect.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::Key;

/// What one derivation costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

/// For the number of a document: 19 MiB, two passes, one lane.
pub const SUBJECT_COST: Cost = Cost { memory_kib: 19 * 1024, passes: 2 };
/// For an operator's passphrase: 64 MiB, three passes, one lane.
pub const PASSPHRASE_COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3 };

/// The memory could not be had, or a cost that Argon2 does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key cannot be stretched at this cost")]
pub struct Unstretched;

/// 32 bytes from `secret` and `salt` (at least 8 bytes) at `cost`, one lane.
///
/// # Errors
/// [`Unstretched`].
pub fn argon2id(secret: &[u8], salt: &[u8], cost: Cost) -> Result<Key, Unstretched> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).map_err(|_| Unstretched)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(secret, salt, out.as_mut()).map_err(|_| Unstretched)?;
    Ok(Key::from_bytes(*out))
}
