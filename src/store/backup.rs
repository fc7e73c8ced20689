//! A copy of the database while a peer may be writing to it. It needs no key: what is sealed stays sealed.
//!
//! The copy is of one moment: a read transaction is held while it is made, so that what is written meanwhile is not in it and does not
//! make it begin again. For that long the write-ahead log cannot be folded in, and grows.

use std::fs::{File, OpenOptions, TryLockError};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::head_file::sync_folder_of;
use super::{StoreError, open};

/// Only the owner reads it.
const PRIVATE_MODE: u32 = 0o600;
/// Pages copied between two looks at whether the copy is still wanted: 4 MiB.
const STEP_PAGES: i32 = 1024;
/// Rest when the file is held by somebody else, and how often it is taken.
const REST: std::time::Duration = std::time::Duration::from_millis(50);
const RESTS_MAX: u32 = 200;

/// How far a copy is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// So many are copied.
    pub done: u64,
    /// Of so many.
    pub of: u64,
}

/// Copies the database at `from` to `target`, which must not exist; it appears there whole or not at all, readable by its owner only. The
/// copy opens with the same key. `told` says after each step whether to go on.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::NotOurs`] and [`StoreError::Older`] for what is copied; [`StoreError::Exists`],
/// [`StoreError::Full`], [`StoreError::Stopped`], and what files and engine report.
pub fn copy(from: &Path, target: &Path, told: &mut dyn FnMut(Copied) -> ControlFlow<()>) -> Result<(), StoreError> {
    if target.symlink_metadata().is_ok() {
        return Err(StoreError::Exists(target.to_owned()));
    }
    let source = open::plain(from)?;
    let partial = open::beside(target, "partial");
    let _alone = alone(&partial)?;
    let copied = copy_pages(&source, &partial, told).and_then(|()| move_into_place(&partial, target));
    if copied.is_err() {
        // The reason is on its way to the caller; that a leftover could not be removed as well adds nothing.
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

/// The file that the copy is made in, emptied; what an interrupted copy left there is of no use. It is locked while it is worked at.
fn alone(partial: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE_MODE).open(partial);
    let file = file.map_err(StoreError::file("creating the backup"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
        Err(TryLockError::Error(source)) => return Err(StoreError::File { what: "locking the backup", source }),
    }
    file.set_len(0).map_err(StoreError::file("emptying the backup"))?;
    Ok(file)
}

fn copy_pages(source: &Connection, partial: &Path, told: &mut dyn FnMut(Copied) -> ControlFlow<()>) -> Result<(), StoreError> {
    let page_bytes: u32 = source.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // From the first read on, this transaction sees the database as it is now.
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let mut copy = Connection::open(partial)?;
    let backup = Backup::new(source, &mut copy)?;
    let mut rests = 0;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let at = backup.progress();
        let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * u64::from(page_bytes);
        let (of, left) = (bytes(at.pagecount), bytes(at.remaining));
        if told(Copied { done: of - left.min(of), of }).is_break() {
            return Err(StoreError::Stopped);
        }
        match step {
            StepResult::Done => break,
            StepResult::More => rests = 0,
            _ if rests < RESTS_MAX => {
                rests += 1;
                std::thread::sleep(REST);
            }
            _ => return Err(StoreError::InUse),
        }
    }
    drop(backup);
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn move_into_place(partial: &Path, target: &Path) -> Result<(), StoreError> {
    File::open(partial).and_then(|file| file.sync_all()).map_err(StoreError::file("syncing the backup"))?;
    // A link is refused where the name was taken meanwhile; a renamed file would replace what is there. Some disks know no links.
    match std::fs::hard_link(partial, target) {
        Ok(()) => std::fs::remove_file(partial).map_err(StoreError::file("tidying up after the backup"))?,
        Err(_) if target.symlink_metadata().is_ok() => return Err(StoreError::Exists(target.to_owned())),
        Err(_) => std::fs::rename(partial, target).map_err(StoreError::file("naming the backup"))?,
    }
    sync_folder_of(target)
}
