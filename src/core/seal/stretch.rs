//! Keys from what can be guessed: Argon2id (RFC 9106), version 0x13, for document numbers and passphrases.
//!
//! It is meant to cost. Whoever calls it from the state machine's loop holds everybody up: the core asks for it as an effect.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

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

/// Memory that derivations work in. Who derives often keeps one: to take so much from the system and give it back each time costs time,
/// and what a thread gave back is not always the system's again. Wiped when it goes.
#[derive(Default)]
pub struct Scratch(Vec<Block>);

impl Scratch {
    /// Overwrites what the last derivation left, from which its result could be computed.
    pub fn wipe(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }

    fn blocks(&mut self, count: usize) -> Result<&mut [Block], Unstretched> {
        if let Some(missing) = count.checked_sub(self.0.len()) {
            self.0.try_reserve_exact(missing).map_err(|_| Unstretched)?;
            self.0.resize(count, Block::default());
        }
        self.0.get_mut(..count).ok_or(Unstretched)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scratch({} blocks)", self.0.len())
    }
}

/// 32 bytes from `secret` and `salt` (at least 8 bytes) at `cost`, one lane.
///
/// # Errors
/// [`Unstretched`].
pub fn argon2id(secret: &[u8], salt: &[u8], cost: Cost) -> Result<Key, Unstretched> {
    argon2id_in(&mut Scratch::default(), secret, salt, cost)
}

/// The same in memory that is there already.
///
/// # Errors
/// [`Unstretched`].
pub fn argon2id_in(scratch: &mut Scratch, secret: &[u8], salt: &[u8], cost: Cost) -> Result<Key, Unstretched> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).map_err(|_| Unstretched)?;
    let blocks = scratch.blocks(params.block_count())?;
    let mut out = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(secret, salt, out.as_mut(), blocks).map_err(|_| Unstretched)?;
    Ok(Key::from_bytes(*out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_the_memory_before_changes_nothing_and_a_wipe_leaves_nothing() {
        let (small, large) = (Cost { memory_kib: 64, passes: 2 }, Cost { memory_kib: 128, passes: 1 });
        let mut scratch = Scratch::default();
        for (secret, cost) in [(b"one", large), (b"two", small), (b"one", large), (b"two", small)] {
            let fresh = argon2id(secret, b"some salt", cost).unwrap();
            assert_eq!(argon2id_in(&mut scratch, secret, b"some salt", cost).unwrap().expose(), fresh.expose());
        }
        let left = |scratch: &Scratch| scratch.0.iter().any(|block| block.as_ref().iter().any(|word| *word != 0));
        assert!(left(&scratch));
        scratch.wipe();
        assert!(!left(&scratch));
    }
}
