//! The passphrase: from a file or from the terminal, never from an argument (arguments are visible to every user of the machine).

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use age::secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Fewest characters of a new passphrase.
pub const PASSPHRASE_MIN_CHARS: usize = 12;
/// Most bytes of a passphrase file that are looked at for its first line.
pub const PASSPHRASE_MAX_BYTES: usize = 1024;

/// A passphrase. Wiped when dropped, never printed.
#[derive(Clone, Debug)]
pub struct Passphrase(SecretString);

/// A passphrase that cannot be had or used.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing on the first line.
    #[error("the passphrase is empty")]
    Empty,
    /// Too short for a new secret.
    #[error("the passphrase has fewer than {PASSPHRASE_MIN_CHARS} characters")]
    TooShort,
    /// Longer than any passphrase.
    #[error("the first line has more than {PASSPHRASE_MAX_BYTES} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("the passphrase is not UTF-8 text")]
    NotText,
    /// The two entries differ.
    #[error("the two passphrases differ")]
    Differ,
    /// There is no terminal to ask on.
    #[error("there is no terminal to ask on")]
    NoTerminal,
    /// The file cannot be read.
    #[error("cannot read the passphrase file: {0}")]
    File(io::Error),
}

impl Passphrase {
    /// Takes a passphrase as it is.
    ///
    /// # Errors
    /// [`PassphraseError::Empty`] or [`PassphraseError::TooLong`].
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        match text.len() {
            0 => Err(PassphraseError::Empty),
            1..=PASSPHRASE_MAX_BYTES => Ok(Self(SecretString::from(text.to_owned()))),
            _ => Err(PassphraseError::TooLong),
        }
    }

    /// Sees that it is long enough to seal something new with.
    ///
    /// # Errors
    /// [`PassphraseError::TooShort`].
    pub fn long_enough(self) -> Result<Self, PassphraseError> {
        let long = self.0.expose_secret().chars().count() >= PASSPHRASE_MIN_CHARS;
        if long { Ok(self) } else { Err(PassphraseError::TooShort) }
    }

    /// The first line of a file, without its line end. Also tells whether others may read the file.
    ///
    /// # Errors
    /// [`PassphraseError`] when there is no such file or its first line is no passphrase.
    pub fn from_file(path: &Path) -> Result<(Self, bool), PassphraseError> {
        let mut file = File::open(path).map_err(PassphraseError::File)?;
        let metadata = file.metadata().map_err(PassphraseError::File)?;
        // A pipe or a terminal has a mode as well, but it says nothing about who can read what passes through.
        let readable_by_others = metadata.is_file() && metadata.permissions().mode() & 0o077 != 0;
        // Room for all of it at once: a buffer that grows would leave copies behind.
        let mut bytes = Zeroizing::new(vec![0; PASSPHRASE_MAX_BYTES + 2]);
        let mut len = 0;
        while len < bytes.len() && !bytes[..len].contains(&b'\n') {
            match file.read(&mut bytes[len..]).map_err(PassphraseError::File)? {
                0 => break,
                more => len += more,
            }
        }
        let line = bytes[..len].split(|b| *b == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| PassphraseError::NotText)?;
        Ok((Self::new(text)?, readable_by_others))
    }

    /// Asks on the terminal, without echo; a second time with `again`, when that is given.
    ///
    /// # Errors
    /// [`PassphraseError::NoTerminal`] when there is none; [`PassphraseError::Differ`] when the second entry is another.
    pub fn from_terminal(ask: &str, again: Option<&str>) -> Result<Self, PassphraseError> {
        let prompt = |words: &str| rpassword::prompt_password(words).map(Zeroizing::new).map_err(|_| PassphraseError::NoTerminal);
        let first = prompt(ask)?;
        if let Some(again) = again
            && *prompt(again)? != *first
        {
            return Err(PassphraseError::Differ);
        }
        Self::new(&first)
    }

    /// Its bytes, to derive a key from.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }

    pub(super) fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn only_the_first_line_of_a_file_counts_and_its_end_does_not() {
        for bytes in [&b"open sesame now"[..], b"open sesame now\n", b"open sesame now\r\n", b"open sesame now\nand more\n"] {
            let (passphrase, exposed) = Passphrase::from_file(file(bytes, 0o600).path()).unwrap();
            assert_eq!(passphrase.0.expose_secret(), "open sesame now");
            assert!(!exposed);
        }
        let (spaced, _) = Passphrase::from_file(file(b" kept as it is \n", 0o600).path()).unwrap();
        assert_eq!(spaced.0.expose_secret(), " kept as it is ");
    }

    #[test]
    fn a_file_that_others_can_read_is_told() {
        for (mode, exposed) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            assert_eq!(Passphrase::from_file(file(b"open sesame now", mode).path()).unwrap().1, exposed, "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_passphrase_is_refused() {
        let read = |bytes: &[u8]| Passphrase::from_file(file(bytes, 0o600).path());
        assert!(matches!(read(b""), Err(PassphraseError::Empty)));
        assert!(matches!(read(b"\nsecond line"), Err(PassphraseError::Empty)));
        assert!(matches!(read(&[b'x'; 5000]), Err(PassphraseError::TooLong)));
        assert!(matches!(read(&[b'x'; PASSPHRASE_MAX_BYTES + 1]), Err(PassphraseError::TooLong)));
        assert!(read(&[b'x'; PASSPHRASE_MAX_BYTES]).is_ok());
        assert!(matches!(read(&[0xff, 0xfe]), Err(PassphraseError::NotText)));
        assert!(matches!(Passphrase::from_file(Path::new("/nowhere/at/all")), Err(PassphraseError::File(_))));
    }

    #[test]
    fn a_new_passphrase_has_twelve_characters_whatever_their_bytes() {
        assert!(matches!(Passphrase::new("eleven char").unwrap().long_enough(), Err(PassphraseError::TooShort)));
        assert!(Passphrase::new("twelve chars").unwrap().long_enough().is_ok());
        assert!(matches!(Passphrase::new("公积金公积金").unwrap().long_enough(), Err(PassphraseError::TooShort)));
    }

    #[test]
    fn a_passphrase_is_never_printed() {
        assert!(!format!("{:?}", Passphrase::new("open sesame now").unwrap()).contains("sesame"));
    }
}
