//! The note that tells of the newest backup: `backup.json` in the data folder. Whoever made one leaves it, a command or the peer.

use std::path::{Path, PathBuf};

use anju_core::desk::Backup;

use super::atomic;
use super::folder::DataFolder;

/// Largest note that is read, in bytes.
const NOTE_MAX_BYTES: u64 = 16 * 1024;

impl DataFolder {
    /// `backup.json`: when the newest backup was made, how large it is and where it was put.
    #[must_use]
    pub fn backup_note(&self) -> PathBuf {
        self.path("backup.json")
    }
}

/// The newest backup that is known of; nothing when none is, or the note cannot be read.
#[must_use]
pub fn last(note: &Path) -> Option<Backup> {
    let bytes = atomic::read_capped(note, NOTE_MAX_BYTES).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Leaves the note.
///
/// # Errors
/// Whatever the file system says; the older note is then still there.
pub fn note(note: &Path, backup: &Backup) -> std::io::Result<()> {
    atomic::replace(note, &serde_json::to_vec(backup)?, atomic::PRIVATE)
}

/// Bytes that are free for this process on the disk of `path`.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use anju_core::time::Time;

    use super::*;

    #[test]
    fn the_note_is_read_as_it_was_left_and_nothing_is_made_up_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = DataFolder::at(folder.path()).backup_note();
        assert_eq!(last(&path), None);
        let backup = Backup { at: Time(7), bytes: 4096, file: "/backup/anju.db".to_owned() };
        note(&path, &backup).unwrap();
        assert_eq!(last(&path), Some(backup));
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(last(&path), None);
        assert!(free_bytes(folder.path()).is_some_and(|free| free > 0));
    }
}
