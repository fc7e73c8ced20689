//! Files that are either as they were or as they shall be, never half: written beside, synced, then renamed.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// For the owner only: secrets and what holds personal data.
pub const PRIVATE: u32 = 0o600;
/// For everybody to read: cards and charters.
pub const PUBLIC: u32 = 0o644;

fn staged(path: &Path, bytes: &[u8], mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let folder = parent(path);
    // Created with 0600, so that a secret is never readable by others on the way.
    let mut file = tempfile::Builder::new().prefix(".anju-").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(parent(path))?.sync_all()
}

/// Writes a file that must not exist yet.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when it does, and is then untouched; whatever the file system says otherwise.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    staged(path, bytes, mode)?.persist_noclobber(path).map_err(|e| e.error)?;
    sync_folder(path)
}

/// Writes a file, in place of the one that may be there.
///
/// # Errors
/// Whatever the file system says; the old file is then untouched.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    staged(path, bytes, mode)?.persist(path).map_err(|e| e.error)?;
    sync_folder(path)
}

/// Reads a file of at most `max_bytes`.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] when there are more; whatever the file system says otherwise.
pub fn read_capped(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}
