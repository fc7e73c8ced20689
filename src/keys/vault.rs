//! One age file under a passphrase: read whole, written whole.

use std::io::{self, Read, Write};
use std::path::Path;

use age::{DecryptError, Decryptor, Encryptor, scrypt};
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use crate::config::atomic;

/// scrypt's work factor for what is written here: N = 2^15, which takes 32 MiB and about a tenth of a second.
pub const WORK_FACTOR: u8 = 15;
/// Highest work factor that is accepted when reading: 256 MiB and about a second. A hostile file could ask for hours.
pub const WORK_FACTOR_MAX: u8 = 18;

/// A sealed file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// There is such a file already.
    #[error("the file exists already")]
    Exists,
    /// The passphrase does not open it (or the file was altered: that cannot be told apart).
    #[error("the passphrase does not open the file")]
    WrongPassphrase,
    /// Not an age file under a passphrase, cut short, or something else is inside.
    #[error("the file is damaged or is something else")]
    Damaged,
    /// It asks for more work than any file written here.
    #[error("the file asks for more work than 2^{WORK_FACTOR_MAX}")]
    TooMuchWork,
    /// Larger than any file of its kind.
    #[error("the file is too large")]
    TooLarge,
    /// The file system failed.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for VaultError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::AlreadyExists => Self::Exists,
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Io(error),
        }
    }
}

/// Seals `plaintext` into a file that must not exist.
///
/// # Errors
/// [`VaultError::Exists`] when it does.
pub fn save_new(path: &Path, passphrase: &Passphrase, plaintext: &[u8]) -> Result<(), VaultError> {
    Ok(atomic::write_new(path, &seal(passphrase, plaintext)?, atomic::PRIVATE)?)
}

/// Seals `plaintext` into a file, in place of the one that is there.
///
/// # Errors
/// [`VaultError::Io`]; the old file is then untouched.
pub fn save(path: &Path, passphrase: &Passphrase, plaintext: &[u8]) -> Result<(), VaultError> {
    Ok(atomic::replace(path, &seal(passphrase, plaintext)?, atomic::PRIVATE)?)
}

/// Opens a file of at most `max_bytes`.
///
/// # Errors
/// [`VaultError`]; nothing was changed.
pub fn load(path: &Path, passphrase: &Passphrase, max_bytes: u64) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    open(passphrase, &atomic::read_capped(path, max_bytes)?)
}

fn seal(passphrase: &Passphrase, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut recipient = scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(WORK_FACTOR);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| VaultError::Damaged)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(plaintext)?;
    writer.finish()?;
    Ok(sealed)
}

fn open(passphrase: &Passphrase, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut identity = scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(WORK_FACTOR_MAX);
    let decryptor = Decryptor::new(sealed).map_err(explain)?;
    if !decryptor.is_scrypt() {
        return Err(VaultError::Damaged);
    }
    let mut reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(explain)?;
    // What is inside is never longer than what is outside; a buffer that grows would leave copies behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut plaintext).map_err(|_| VaultError::Damaged)?;
    Ok(plaintext)
}

fn explain(error: DecryptError) -> VaultError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => VaultError::WrongPassphrase,
        DecryptError::ExcessiveWork { .. } => VaultError::TooMuchWork,
        _ => VaultError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase() -> Passphrase {
        Passphrase::new("correct horse battery").unwrap()
    }

    #[test]
    fn what_was_sealed_opens_and_no_altered_byte_or_cut_does() {
        let sealed = seal(&passphrase(), b"a secret").unwrap();
        assert_eq!(*open(&passphrase(), &sealed).unwrap(), b"a secret");
        // The header is text of about 150 bytes: one place in the stanza, one in the MAC, one in the nonce, one in the body.
        let header = sealed.windows(4).position(|w| w == b"--- ").unwrap();
        for at in [5, header + 10, header + 50, sealed.len() - 1] {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(&passphrase(), &altered).is_err(), "byte {at}");
            assert!(open(&passphrase(), &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_file_that_asks_for_hours_of_work_is_refused_at_once() {
        let text = String::from_utf8_lossy(&seal(&passphrase(), b"a secret").unwrap()).into_owned();
        let greedy = text.replacen(&format!(" {WORK_FACTOR}\n"), " 19\n", 1);
        assert_ne!(greedy, text);
        let start = std::time::Instant::now();
        assert!(matches!(open(&passphrase(), greedy.as_bytes()), Err(VaultError::TooMuchWork)));
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }

    #[test]
    fn a_file_that_is_something_else_or_too_large_is_refused() {
        assert!(matches!(open(&passphrase(), b"PK\x03\x04 not age"), Err(VaultError::Damaged)));
        assert!(matches!(open(&passphrase(), b""), Err(VaultError::Damaged)));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0; 101]).unwrap();
        assert!(matches!(load(file.path(), &passphrase(), 100), Err(VaultError::TooLarge)));
        assert!(matches!(load(Path::new("/nowhere/keys.age"), &passphrase(), 100), Err(VaultError::Missing)));
    }
}
