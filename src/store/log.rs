//! The write-ahead log between commits: made long enough before it is needed, and folded in while nobody waits.
//!
//! A commit that lengthens a file syncs what the file system notes of it as well, one write after the other; a commit that writes over
//! blocks that are there syncs these alone. So the log is written full of zeros once, when the peer starts, and folded into the database at
//! idle moments, after which the next commit begins it anew from its first block. Zeros are no frames: who reads the log (SQLite file
//! format, section 4) stops at the first frame whose checksum does not fit.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{Store, StoreError};

/// Length to which the log is written at the start: some 300 rows said one by one, twice what idle moments let it come to.
const LOG_READY_BYTES: u64 = 8 * 1024 * 1024;
/// Pages in the log from which on an idle moment is used to fold it in: 4 MiB.
const IDLE_FOLD_PAGES: i64 = 1024;
/// Bytes written at once.
const PIECE_BYTES: u64 = 256 * 1024;

impl Store {
    /// Writes the log full of zeros up to a fixed length, unless it is that long already. What is in it stands.
    ///
    /// # Errors
    /// [`StoreError::Transaction`] inside a transaction, and what files and engine report; then nothing is lost but time.
    pub fn ready_log(&mut self) -> Result<(), StoreError> {
        let Some(path) = self.path() else { return Ok(()) };
        let mut log = path.into_os_string();
        log.push("-wal");
        // Alone: nobody may append to the log while zeros are written behind it.
        self.begin()?;
        let readied = lengthen(Path::new(&log));
        self.rollback();
        readied
    }

    /// Folds the log into the database if it is worth it. For when nobody waits; a reader in the middle of a read delays it.
    ///
    /// # Errors
    /// [`StoreError::Transaction`] inside a transaction, and engine failures.
    pub fn fold_while_idle(&mut self) -> Result<(), StoreError> {
        if !self.conn.is_autocommit() {
            return Err(StoreError::Transaction("a transaction is open"));
        }
        let looked = |how: &str| {
            let mut unfolded = 0;
            let read = |row: &rusqlite::Row<'_>| {
                unfolded = row.get::<_, i64>(1)? - row.get::<_, i64>(2)?;
                Ok(())
            };
            self.conn.pragma(None, "wal_checkpoint", how, read).map(|()| unfolded)
        };
        if looked("NOOP")? >= IDLE_FOLD_PAGES {
            looked("PASSIVE")?;
        }
        Ok(())
    }
}

fn lengthen(log: &Path) -> Result<(), StoreError> {
    let file = match OpenOptions::new().write(true).open(log) {
        Ok(file) => file,
        // Nothing was logged yet by a store that is new to this file system.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::file("opening the log")(error)),
    };
    let length = file.metadata().map_err(StoreError::file("looking at the log"))?.len();
    let zeros = vec![0; usize::try_from(PIECE_BYTES).unwrap_or_default()];
    let mut at = length;
    let mut write = || -> std::io::Result<()> {
        while at < LOG_READY_BYTES {
            let piece = usize::try_from((LOG_READY_BYTES - at).min(PIECE_BYTES)).unwrap_or_default();
            file.write_all_at(&zeros[..piece], at)?;
            at += piece as u64;
        }
        file.sync_all()
    };
    if length >= LOG_READY_BYTES {
        return Ok(());
    }
    write().map_err(|error| {
        // The room is given back to whatever needs it more; that this fails as well adds nothing.
        let _ = file.set_len(length);
        StoreError::file("lengthening the log")(error)
    })
}
