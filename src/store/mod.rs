//! The store: journals, records and projections in one SQLite file.
//!
//! [`Store`] is the one connection that writes; the daemon's thread owns it: `begin`, any number of reads and `apply`, then `commit`
//! (the inputs of one turn share one fsync) or `rollback`. [`Reader`] is a connection that only reads. Both are the core's [`Shelf`].
//!
//! What is relied on, and what is not: SQLite keeps a committed transaction through a crash (write-ahead log, `synchronous=FULL`). It
//! does not notice a flipped bit in a value, so payloads and headers are hashed again whenever they are read, and personal columns are
//! sealed. What must never be here: a rule about who may do what, a socket, a decision that the core could make.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `open` | whose file, which schema, does the key fit; settings; migrations |
//! | `sealed` | the columns that are sealed, and their keys |
//! | `read`, `write` | the two halves of the contract with the core |
//! | `drops` | when payloads have to go |
//! | `lists`, `house`, `matters` | the blacklist, our own people and what they did, matters and catalogues |
//! | `lists`, `house`, `dossiers` | the blacklist, our own people and what they did, cases written together |
//! | [`backup`] | a copy of the database while it is written to |
//! | [`figures`] | how much lies there |
//! | `log` | the write-ahead log made ready, and folded in at idle moments |
//! | [`scrub`] | everything hashed again |
//! | [`rebuild`] | projections derived again, and their digests |
//! | [`head_file`] | the head kept outside the backup set |

pub mod backup;
mod beside;
mod charters;
mod cut;
mod dossiers;
mod drops;
mod error;
pub mod figures;
mod forks;
pub mod head_file;
mod house;
mod lists;
mod log;
mod matters;
mod open;
mod outbox;
mod read;
pub mod rebuild;
pub mod scrub;
mod sealed;
#[cfg(test)]
mod tests;
mod window;
mod witness;
mod write;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use anju_core::names::CentreCode;
use anju_core::seal::Key;
use anju_core::shelf::{Shelf, Write};
use rusqlite::Connection;

pub use error::StoreError;
use sealed::Columns;

/// Journals whose keys are remembered; a federation has fewer.
const KEYS_MAX: usize = 1024;
/// Damaged rows that are remembered between two commits; those beyond it are noticed again by the next read.
const NOTICED_MAX: usize = 1024;

/// Whether opening may make a new database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Make it if it is not there.
    Create,
    /// It must be there.
    Existing,
}

/// What a connection may do. Implemented by [`Writer`] and [`ReadOnly`] only.
pub trait Role: private::Sealed {
    /// Remembers a row whose payload was found damaged while it was read.
    fn notice(&self, centre: &CentreCode, index: u64);
    /// The rows remembered and not yet written down.
    fn noticed(&self) -> Vec<(CentreCode, u64)>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Writer {}
    impl Sealed for super::ReadOnly {}
}

/// The one connection that writes.
pub struct Writer {
    /// Held as long as the store is open; the system lets go of it when the process dies, however it dies.
    lock: File,
    /// A write of the open transaction failed, so it must not be committed.
    failed: bool,
    noticed: RefCell<BTreeSet<(CentreCode, u64)>>,
    /// Keys of journals, which never change: a row that is projected needs its journal's. Forgotten when a transaction comes to nothing.
    keys: RefCell<BTreeMap<CentreCode, i64>>,
}

impl Drop for Writer {
    /// Runs after the connection is closed. Let go of by name: a process that is just being started has a copy of the open file.
    fn drop(&mut self) {
        // It fails only when the lock is gone already.
        let _ = self.lock.unlock();
    }
}

impl Role for Writer {
    fn notice(&self, centre: &CentreCode, index: u64) {
        let mut noticed = self.noticed.borrow_mut();
        if noticed.len() < NOTICED_MAX {
            noticed.insert((centre.clone(), index));
        }
    }

    fn noticed(&self) -> Vec<(CentreCode, u64)> {
        self.noticed.borrow().iter().cloned().collect()
    }
}

/// A connection that only reads. It answers a damaged payload as absent like any other, but leaves it to the writer to note it.
pub struct ReadOnly;

impl Role for ReadOnly {
    fn notice(&self, _: &CentreCode, _: u64) {}

    fn noticed(&self) -> Vec<(CentreCode, u64)> {
        Vec::new()
    }
}

/// An open database. See [`Store`] and [`Reader`].
pub struct Db<R: Role> {
    conn: Connection,
    columns: Columns,
    role: R,
}

/// The store, open for writing; there is at most one in all processes.
pub type Store = Db<Writer>;

/// The store, open for reading beside a [`Store`].
pub type Reader = Db<ReadOnly>;

impl Reader {
    /// Opens the database at `path` for reading.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::NotOurs`], [`StoreError::Newer`], [`StoreError::Older`], [`StoreError::WrongKey`], or that
    /// it cannot be read.
    pub fn open_reader(path: &Path, store_key: &Key) -> Result<Self, StoreError> {
        let (conn, columns) = open::reader(path, store_key)?;
        Ok(Self { conn, columns, role: ReadOnly })
    }
}

impl Store {
    /// Opens the database at `path` for writing and brings its schema up to date. `path` with `.lock` appended is the lock file.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Missing`], [`StoreError::NotOurs`], [`StoreError::Newer`] and [`StoreError::WrongKey`] before
    /// anything is written to the database; later that it cannot be read or written.
    pub fn open(path: &Path, store_key: &Key, mode: Mode) -> Result<Self, StoreError> {
        let (conn, columns, lock) = open::writer(path, store_key, mode)?;
        Ok(Self { conn, columns, role: Writer { lock, failed: false, noticed: RefCell::default(), keys: RefCell::default() } })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// [`StoreError::Transaction`] when one is open, or that the engine failed.
    pub fn begin(&mut self) -> Result<(), StoreError> {
        if !self.conn.is_autocommit() {
            return Err(StoreError::Transaction("a transaction is open already"));
        }
        self.role.failed = false;
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    /// Makes one change inside the open transaction.
    ///
    /// # Errors
    /// [`StoreError::Misfit`] when it does not fit what is held, [`StoreError::Full`] when no room is left, and engine failures. After an
    /// error the transaction can only be rolled back.
    pub fn apply(&mut self, write: &Write) -> Result<(), StoreError> {
        if self.conn.is_autocommit() {
            return Err(StoreError::Transaction("no transaction is open"));
        }
        if self.role.failed {
            return Err(StoreError::Transaction("an earlier write of this transaction failed"));
        }
        self.role.failed = true;
        self.make(write)?;
        self.role.failed = false;
        Ok(())
    }

    /// Makes the transaction last. When this returns `Ok`, its writes survive a crash.
    ///
    /// # Errors
    /// [`StoreError::Transaction`] when none is open or a write of it failed, [`StoreError::Full`], and engine failures. After an error
    /// nothing of the transaction was kept.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.conn.is_autocommit() {
            return Err(StoreError::Transaction("no transaction is open"));
        }
        if self.role.failed {
            self.rollback();
            return Err(StoreError::Transaction("a write of this transaction failed; it was rolled back"));
        }
        let committed = self.write_noticed().and_then(|()| Ok(self.conn.prepare_cached("COMMIT")?.execute([])?));
        match committed {
            Ok(_) => self.role.noticed.borrow_mut().clear(),
            Err(_) => self.rollback(),
        }
        committed.map(|_| ())
    }

    /// Forgets the open transaction, if there is one.
    pub fn rollback(&mut self) {
        self.role.failed = false;
        self.role.keys.borrow_mut().clear();
        if !self.conn.is_autocommit() {
            // It fails only when SQLite has rolled back by itself, and then there is nothing left to do.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    /// Begins, applies `writes` in order, and commits; on an error nothing of them is kept.
    ///
    /// # Errors
    /// As [`Self::begin`], [`Self::apply`] and [`Self::commit`].
    pub fn write(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        self.begin()?;
        let applied = writes.iter().try_for_each(|write| self.apply(write));
        match applied {
            Ok(()) => self.commit(),
            Err(_) => {
                self.rollback();
                applied
            }
        }
    }

    /// Moves the write-ahead log into the database and empties it: after erasures, so that the log does not keep what was erased, and
    /// before the process ends.
    ///
    /// # Errors
    /// [`StoreError::Transaction`] inside a transaction, and engine failures. A reader in the middle of a read delays it; that is no error.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        if !self.conn.is_autocommit() {
            return Err(StoreError::Transaction("a transaction is open"));
        }
        self.conn.pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))?;
        Ok(())
    }

    /// Lets the database grow by so many pages and no more: what a full disk looks like.
    #[cfg(test)]
    pub(crate) fn limit_growth(&self, pages: i64) {
        let held: i64 = self.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.conn.pragma_update_and_check(None, "max_page_count", held + pages, |_| Ok(())).unwrap();
    }
}

impl<R: Role> Db<R> {
    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        self.conn.path().map(PathBuf::from)
    }

    /// Codes of all centres of whose journals something is held, in order.
    ///
    /// # Errors
    /// Engine failures and damaged rows.
    pub fn centres(&self) -> Result<Vec<CentreCode>, StoreError> {
        self.all("SELECT code FROM journal ORDER BY code", (), |row| read::name(row, 0))
    }

    /// This store as the core's shelf.
    #[must_use]
    pub fn as_shelf(&self) -> &dyn Shelf {
        self
    }
}
