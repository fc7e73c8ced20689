//! The last head this station let out, in a small file outside the backup set: a restored backup is then noticed before it can fork
//! its journal.
//!
//! The file has two slots, each in a block of its own, written by turns in place and synced: keeping a head costs one sync and no room, and
//! whatever happens to a write, the slot written before it stands. A slot is a line of JSON with a serial number and a digest over both; the
//! sound slot with the higher serial counts. (Should a crash tear the newer one, nothing that tells of its head has left, and the store,
//! which is committed first, has its rows.) A file that is not there, or not of two slots, is made whole: written beside, synced, renamed,
//! and the folder synced.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anju_core::journal::hash;
use anju_core::names::Digest;
use anju_core::shelf::KeptHead;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::open::beside;

/// Bytes of a slot: a block of its own, so that writing one never touches the other.
const SLOT_BYTES: usize = 4096;
/// Largest line in a slot, in bytes; a real one has about 300. A disk writes so much at once or not at all.
const LINE_MAX_BYTES: usize = 512;
const FILE_BYTES: usize = 2 * SLOT_BYTES;
const PRIVATE_MODE: u32 = 0o600;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    serial: u64,
    head: KeptHead,
    /// Over serial and head.
    check: Digest,
}

impl Slot {
    fn new(serial: u64, head: KeptHead) -> Self {
        let check = Self::check(serial, &head);
        Self { serial, head, check }
    }

    fn check(serial: u64, head: &KeptHead) -> Digest {
        let parts = [&serial.to_be_bytes()[..], &head.size.to_be_bytes(), &head.root.0, head.centre.as_str().as_bytes()];
        hash::sha256(&parts.concat())
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let line = bytes.split(|byte| *byte == b'\n').next()?;
        let slot: Self = serde_json::from_slice(line).ok()?;
        (slot.check == Self::check(slot.serial, &slot.head)).then_some(slot)
    }

    /// The slot as bytes: a line, and spaces up to its end.
    fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = serde_json::to_vec(self).map_err(|_| StoreError::damaged("a head that is not JSON"))?;
        bytes.push(b'\n');
        if bytes.len() > LINE_MAX_BYTES {
            return Err(StoreError::damaged("a head that is too long"));
        }
        bytes.resize(LINE_MAX_BYTES, b' ');
        Ok(bytes)
    }

    /// Where it stands in the file.
    const fn offset(&self) -> u64 {
        (self.serial % 2) * SLOT_BYTES as u64
    }
}

/// Reads the kept head; `None` when there is no file.
///
/// # Errors
/// [`StoreError::Damaged`] when the file has no head, [`StoreError::File`] when it cannot be read.
pub fn read(path: &Path) -> Result<Option<KeptHead>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file("opening the head file")(error)),
    };
    let bytes = content(&file)?;
    if let Some(slot) = newest(&bytes) {
        return Ok(Some(slot.head));
    }
    // Before there were slots the file was one head.
    serde_json::from_slice(&bytes).map(Some).map_err(|_| StoreError::damaged("the head file is not a head"))
}

fn content(file: &File) -> Result<Vec<u8>, StoreError> {
    // Reserved, so that it is one reading and not ten that grow.
    let mut bytes = Vec::with_capacity(FILE_BYTES + 1);
    file.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(StoreError::file("reading the head file"))?;
    if bytes.len() > FILE_BYTES {
        return Err(StoreError::damaged("the head file is too large"));
    }
    Ok(bytes)
}

/// The sound slot with the highest serial of a file of two slots.
fn newest(bytes: &[u8]) -> Option<Slot> {
    let (one, other) = (bytes.len() == FILE_BYTES).then(|| bytes.split_at(SLOT_BYTES))?;
    [one, other].into_iter().filter_map(Slot::parse).max_by_key(|slot| slot.serial)
}

/// The same, read from the lines alone; `None` also for a file that is shorter. What is longer is no head file of ours.
fn newest_line(file: &File) -> Result<Option<Slot>, StoreError> {
    let length = file.metadata().map_err(StoreError::file("reading the head file"))?.len();
    if length > FILE_BYTES as u64 {
        return Err(StoreError::damaged("the head file is too large"));
    }
    if length < FILE_BYTES as u64 {
        return Ok(None);
    }
    let mut slots = Vec::with_capacity(2);
    for at in [0, SLOT_BYTES as u64] {
        let mut line = [0; LINE_MAX_BYTES];
        file.read_exact_at(&mut line, at).map_err(StoreError::file("reading the head file"))?;
        slots.extend(Slot::parse(&line));
    }
    Ok(slots.into_iter().max_by_key(|slot| slot.serial))
}

/// A head that has only to be put into its place.
#[must_use]
pub struct Prepared<'a> {
    path: &'a Path,
    place: Place,
}

enum Place {
    /// A slot of the file that is there.
    Slot(File, Slot),
    /// The whole file, which lies synced beside it.
    Beside(PathBuf),
}

/// Does of keeping a head everything that can run out of room or be forbidden.
///
/// # Errors
/// [`StoreError::Full`] or [`StoreError::File`]; the kept head stands.
pub fn prepare<'a>(path: &'a Path, head: &KeptHead) -> Result<Prepared<'a>, StoreError> {
    let place = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => match newest_line(&file)? {
            Some(last) => Place::Slot(file, Slot::new(last.serial.saturating_add(1), head.clone())),
            None => Place::Beside(whole_beside(path, head)?),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Place::Beside(whole_beside(path, head)?),
        Err(error) => return Err(StoreError::file("opening the head file")(error)),
    };
    Ok(Prepared { path, place })
}

/// Writes and syncs a file with both slots beside the one that is to be replaced.
fn whole_beside(path: &Path, head: &KeptHead) -> Result<PathBuf, StoreError> {
    let mut bytes = vec![b' '; FILE_BYTES];
    bytes[..LINE_MAX_BYTES].copy_from_slice(&Slot::new(0, head.clone()).to_bytes()?);
    let partial = beside(path, "partial");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE_MODE)
        .open(&partial)
        .map_err(StoreError::file("creating the head file"))?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(StoreError::file("writing the head file"))?;
    Ok(partial)
}

impl Prepared<'_> {
    /// Keeps the head. When this returns `Ok`, the new head survives a crash; when it fails, the old one stands or the new one does.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::File`].
    pub fn put_in_place(self) -> Result<(), StoreError> {
        match self.place {
            Place::Slot(file, slot) => {
                let bytes = slot.to_bytes()?;
                let written = file.write_all_at(&bytes, slot.offset()).and_then(|()| file.sync_data());
                written.map_err(StoreError::file("writing the head file"))
            }
            Place::Beside(partial) => {
                std::fs::rename(&partial, self.path).map_err(StoreError::file("replacing the head file"))?;
                sync_folder_of(self.path)
            }
        }
    }
}

/// Prepares a head and puts it in place.
///
/// # Errors
/// As [`prepare`] and [`Prepared::put_in_place`].
pub fn write(path: &Path, head: &KeptHead) -> Result<(), StoreError> {
    prepare(path, head)?.put_in_place()
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

    fn bytes(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_head_whose_writing_was_torn_anywhere_leaves_the_one_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.json");
        for size in 1..4 {
            write(&path, &head(size)).unwrap();
        }
        let before = bytes(&path);
        write(&path, &head(4)).unwrap();
        let after = bytes(&path);
        let changed: Vec<usize> = (0..FILE_BYTES).filter(|at| before[*at] != after[*at]).collect();
        assert!(changed.iter().all(|at| at / SLOT_BYTES == changed[0] / SLOT_BYTES), "one slot alone is written");
        for torn in changed[0]..=changed[changed.len() - 1] {
            let mixed = [&after[..torn], &before[torn..]].concat();
            std::fs::write(&path, &mixed).unwrap();
            let kept = read(&path).unwrap().unwrap();
            assert!(kept == head(3) || (mixed == after && kept == head(4)), "torn at {torn}: {kept:?}");
            write(&path, &head(5)).unwrap();
            assert_eq!(read(&path).unwrap(), Some(head(5)), "and the next one is kept");
        }
    }

    #[test]
    fn a_head_file_of_the_older_form_is_read_and_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.json");
        std::fs::write(&path, serde_json::to_vec(&head(9)).unwrap()).unwrap();
        assert_eq!(read(&path).unwrap(), Some(head(9)));
        write(&path, &head(10)).unwrap();
        assert_eq!((read(&path).unwrap(), bytes(&path).len()), (Some(head(10)), FILE_BYTES));
    }

    #[test]
    fn a_corrupt_or_oversized_head_file_is_an_error_and_not_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("head.json");
        write(&path, &head(1)).unwrap();
        let good = bytes(&path);
        let oversized = [good.clone(), vec![b' '; 5000]].concat();
        let mut flipped = good.clone();
        flipped[20] ^= 1;
        for bad in [Vec::new(), good[..good.len() - 1].to_vec(), b"{}".to_vec(), oversized, flipped] {
            std::fs::write(&path, &bad).unwrap();
            assert!(matches!(read(&path), Err(StoreError::Damaged(_))), "{} bytes", bad.len());
        }
    }
}
