//! The data folder: where each thing of a centre or of a wallet lies, and who may be in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::atomic;

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
    file: File,
}

impl Drop for FolderLock {
    /// A process that is just being started has a copy of every open file until it runs, and would keep the lock that long: so it is
    /// let go of by name and not only by closing.
    fn drop(&mut self) {
        // It fails only when the lock is gone already.
        let _ = self.file.unlock();
    }
}

impl DataFolder {
    /// The folder at `root`, whatever is in it.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Sees that none of `marks` is in the folder, nor need there be a folder.
    ///
    /// # Errors
    /// [`FolderError::AlreadyInitialised`] when one of the marks exists.
    pub fn vacant(root: &Path, marks: &[&str]) -> Result<Self, FolderError> {
        let folder = Self::at(root);
        let marked = marks.iter().any(|mark| folder.path(mark).symlink_metadata().is_ok());
        if marked { Err(FolderError::AlreadyInitialised) } else { Ok(folder) }
    }

    /// Makes the folder (0700) if it is not there.
    ///
    /// # Errors
    /// As [`DataFolder::vacant`]; [`FolderError::OpenToOthers`] when the folder existed with something in it and others may enter: it
    /// may be shared for a reason, so its mode is not changed behind its owner's back.
    pub fn create(root: &Path, marks: &[&str]) -> Result<Self, FolderError> {
        let folder = Self::vacant(root, marks)?;
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
        match folder.path(mark).metadata() {
            Ok(found) if found.is_file() => Ok(folder),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Err(e.into()),
            Ok(_) | Err(_) => Err(FolderError::NotInitialised),
        }
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

    /// `keys-next.age`: the keys that shall follow the present ones.
    #[must_use]
    pub fn next_keys(&self) -> PathBuf {
        self.path("keys-next.age")
    }

    /// `card-next.json`: the card of the keys that shall follow.
    #[must_use]
    pub fn next_card(&self) -> PathBuf {
        self.path("card-next.json")
    }

    /// Puts the keys that followed, and their card, in the place of the former ones. Without them nothing changes.
    ///
    /// # Errors
    /// What the file system says; the keys are then where they were, or in place.
    pub fn take_next_keys(&self) -> io::Result<()> {
        for (next, place) in [(self.next_card(), self.card()), (self.next_keys(), self.keys())] {
            match fs::rename(&next, &place) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e),
                Ok(()) => {}
            }
        }
        // The names are in the folder, and the folder is what has to reach the disk.
        File::open(&self.root)?.sync_all()
    }

    /// `invitation.json`: what a candidate was given, while no charter names it.
    #[must_use]
    pub fn invitation(&self) -> PathBuf {
        self.path("invitation.json")
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
        self.lock_for("lock")
    }

    /// Keeps every other process away from what `name` stands for, until the lock is dropped or this process ends, however it ends.
    ///
    /// # Errors
    /// [`FolderError::Locked`] when another process is at it.
    pub fn lock_for(&self, name: &str) -> Result<FolderLock, FolderError> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(atomic::PRIVATE).open(self.path(name))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { file }),
            Err(TryLockError::WouldBlock) => Err(FolderError::Locked),
            Err(TryLockError::Error(e)) => Err(e.into()),
        }
    }
}

/// Name of the configuration file: its presence says that a centre was initialised.
pub const CONFIG_FILE: &str = "anju.toml";
/// Name of the file with the centre's secrets.
pub const KEYS_FILE: &str = "keys.age";
