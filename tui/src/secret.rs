//! A passphrase while it is typed and until it was used.

use std::fmt;

use zeroize::Zeroizing;

/// Longest passphrase that can be typed, in bytes; room for it is made at once, so that no copy is left behind when it grows.
pub const SECRET_MAX_BYTES: usize = 256;

/// A passphrase. Wiped when dropped, never printed.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// An empty one with room for [`SECRET_MAX_BYTES`].
    #[must_use]
    pub fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(SECRET_MAX_BYTES)))
    }

    /// Adds `c` if there is room and it can stand in a passphrase.
    pub fn push(&mut self, c: char) {
        if !c.is_control() && self.0.len() + c.len_utf8() <= SECRET_MAX_BYTES {
            self.0.push(c);
        }
    }

    /// Takes the last character away.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Empties it.
    pub fn clear(&mut self) {
        zeroize::Zeroize::zeroize(&mut *self.0);
        self.0 = Zeroizing::new(String::with_capacity(SECRET_MAX_BYTES));
    }

    /// Characters in it.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// The passphrase itself, for the one who derives from it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_never_grows_beyond_its_room_and_is_never_printed() {
        let mut secret = Secret::new();
        let room = secret.0.as_ptr();
        (0..1_000).for_each(|_| secret.push('\u{5b89}'));
        secret.push('\u{1b}');
        assert_eq!(secret.chars(), SECRET_MAX_BYTES / 3);
        assert_eq!(secret.0.as_ptr(), room, "it was moved, and a copy was left behind");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        secret.clear();
        assert!(secret.expose().is_empty());
    }
}
