//! The data folder: where each thing of a centre or of a wallet lies, and who may be in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anju_core::shelf::KeptHead;

use super::atomic;

/// Largest kept head that is read, in bytes; a real one has about 150.
const KEPT_HEAD_MAX_BYTES: u64 = 4096;
const FOLDER_MODE: u32 = 0o700;

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no such folder, or nothing was initialised in it.
    #[error("not initialised")]
    NotInitialised,
    /// Something was initialised in it before.
    #[error("already initialised")]
    AlreadyInitialised,
    /// Others may enter it.
    #[error("others may enter the folder")]
    OpenToOthers,
    /// Another process works in it.
    #[error("another process works in the folder")]
    Locked,
    /// The file system failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A folder with the files of one centre (or of one wallet).
#[derive(Debug, Clone)]
pub struct DataFolder {
    root: PathBuf,
}

/// While it lives, no other process works in the folder.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl DataFolder {
    /// The folder at `root`, whatever is in it.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the folder (0700) if it is not there, and sees that none of `marks` is in it.
    ///
    /// # Errors
    /// [`FolderError::AlreadyInitialised`] when one of the marks exists; [`FolderError::OpenToOthers`] when the folder existed and
    /// others may enter it: it may be shared for a reason, so its mode is not changed behind its owner's back.
    pub fn create(root: &Path, marks: &[&str]) -> Result<Self, FolderError> {
        let folder = Self::at(root);
        if marks.iter().any(|mark| folder.path(mark).symlink_metadata().is_ok()) {
            return Err(FolderError::AlreadyInitialised);
        }
        if root.is_dir() {
            if fs::metadata(root)?.permissions().mode() & 0o077 != 0 {
                if fs::read_dir(root)?.next().is_some() {
                    return Err(FolderError::OpenToOthers);
                }
                fs::set_permissions(root, fs::Permissions::from_mode(FOLDER_MODE))?;
            }
        } else {
            DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(root)?;
        }
        Ok(folder)
    }

    /// The folder at `root`, in which `mark` must exist.
    ///
    /// # Errors
    /// [`FolderError::NotInitialised`] when it does not.
    pub fn open(root: &Path, mark: &str) -> Result<Self, FolderError> {
        let folder = Self::at(root);
        if folder.path(mark).is_file() { Ok(folder) } else { Err(FolderError::NotInitialised) }
    }

    /// A path in the folder; an absolute `name` stays what it is.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `anju.toml`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path(CONFIG_FILE)
    }

    /// `keys.age`.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path(KEYS_FILE)
    }

    /// `anju.db`.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path("anju.db")
    }

    /// `charter.json`, after it was adopted.
    #[must_use]
    pub fn charter(&self) -> PathBuf {
        self.path("charter.json")
    }

    /// `card.json`: the centre's public card.
    #[must_use]
    pub fn card(&self) -> PathBuf {
        self.path("card.json")
    }

    /// Keeps every other process out until the lock is dropped or this process ends, however it ends.
    ///
    /// # Errors
    /// [`FolderError::Locked`] when another process is in.
    pub fn lock(&self) -> Result<FolderLock, FolderError> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(atomic::PRIVATE).open(self.path("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(FolderError::Locked),
            Err(TryLockError::Error(e)) => Err(e.into()),
        }
    }
}

/// Name of the configuration file: its presence says that a centre was initialised.
pub const CONFIG_FILE: &str = "anju.toml";
/// Name of the file with the centre's secrets.
pub const KEYS_FILE: &str = "keys.age";

/// Reads the head that was kept outside the store; `None` when none was kept.
///
/// # Errors
/// Whatever the file system says, and [`io::ErrorKind::InvalidData`] when the file is not a kept head.
pub fn read_kept_head(path: &Path) -> io::Result<Option<KeptHead>> {
    match atomic::read_capped(path, KEPT_HEAD_MAX_BYTES) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Keeps a head outside the store. When this returns, it is on the disk.
///
/// # Errors
/// Whatever the file system says; the head kept before is then untouched.
pub fn write_kept_head(path: &Path, head: &KeptHead) -> io::Result<()> {
    atomic::replace(path, &serde_json::to_vec(head)?, atomic::PRIVATE)
}
