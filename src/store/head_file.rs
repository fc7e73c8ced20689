//! The last head this station let out, in a small file outside the backup set: a restored backup is then noticed before it can fork
//! its journal. The file is replaced whole: written beside, synced, renamed, and the folder synced.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anju_core::shelf::KeptHead;

use super::StoreError;
use super::open::beside;

/// Largest head file that is read, in bytes; a real one has about 150.
const HEAD_FILE_MAX_BYTES: u64 = 4096;
const PRIVATE_MODE: u32 = 0o600;

/// Reads the kept head; `None` when there is no file.
///
/// # Errors
/// [`StoreError::Damaged`] when the file is too large or not a head, [`StoreError::File`] when it cannot be read.
pub fn read(path: &Path) -> Result<Option<KeptHead>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file("opening the head file")(error)),
    };
    let mut text = Vec::new();
    file.take(HEAD_FILE_MAX_BYTES + 1).read_to_end(&mut text).map_err(StoreError::file("reading the head file"))?;
    if text.len() as u64 > HEAD_FILE_MAX_BYTES {
        return Err(StoreError::damaged("the head file is too large"));
    }
    serde_json::from_slice(&text).map(Some).map_err(|_| StoreError::damaged("the head file is not a head"))
}

/// A head that lies synced beside the kept one and has only to take its place.
#[must_use]
pub struct Prepared<'a> {
    path: &'a Path,
    partial: PathBuf,
}

/// Writes and syncs a head beside the kept one: of keeping it, everything that can run out of room or be forbidden.
///
/// # Errors
/// [`StoreError::Full`] or [`StoreError::File`]; the kept head stands.
pub fn prepare<'a>(path: &'a Path, head: &KeptHead) -> Result<Prepared<'a>, StoreError> {
    if path.is_dir() {
        return Err(StoreError::file("replacing the head file")(ErrorKind::IsADirectory.into()));
    }
    let text = serde_json::to_vec(head).map_err(|_| StoreError::damaged("a head that is not JSON"))?;
    let partial = beside(path, "partial");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE_MODE)
        .open(&partial)
        .map_err(StoreError::file("creating the head file"))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(StoreError::file("writing the head file"))?;
    Ok(Prepared { path, partial })
}

impl Prepared<'_> {
    /// Replaces the kept head. When this returns `Ok`, the new head survives a crash; when it fails, the old one stands.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::File`].
    pub fn put_in_place(self) -> Result<(), StoreError> {
        std::fs::rename(&self.partial, self.path).map_err(StoreError::file("replacing the head file"))?;
        sync_folder_of(self.path)
    }
}

/// Prepares a head and puts it in place.
///
/// # Errors
/// As [`prepare`] and [`Prepared::put_in_place`].
pub fn write(path: &Path, head: &KeptHead) -> Result<(), StoreError> {
    prepare(path, head)?.put_in_place()
}

/// Makes a file that only its owner can read; refuses one that exists.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(path).map_err(StoreError::file("creating"))?;
    Ok(())
}

/// A rename lasts once its folder is synced.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::file("syncing the folder"))
}

#[cfg(test)]
mod tests {
    use anju_core::names::{CentreCode, Digest};

    use super::*;

    fn head(size: u64) -> KeptHead {
        KeptHead { centre: CentreCode::new("C46010").unwrap(), size, root: Digest([7; 32]) }
    }

    #[test]
    fn a_head_is_replaced_whole_and_a_missing_file_is_no_head() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.json");
        assert_eq!(read(&path).unwrap(), None);
        for size in 1..4 {
            write(&path, &head(size)).unwrap();
            assert_eq!(read(&path).unwrap(), Some(head(size)));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_corrupt_or_oversized_head_file_is_an_error_and_not_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.json");
        write(&path, &head(1)).unwrap();
        let good = std::fs::read(&path).unwrap();
        let oversized = [good.clone(), vec![b' '; 5000]].concat();
        for bad in [Vec::new(), good[..good.len() - 1].to_vec(), b"{}".to_vec(), oversized] {
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(read(&path), Err(StoreError::Damaged(_))), "{} bytes", bad.len());
        }
    }
}
