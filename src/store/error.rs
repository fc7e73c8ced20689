//! What can go wrong between us and the disk. No message carries a value from a row: they end up in logs.

use std::path::PathBuf;

use anju_core::error::ShelfError;
use anju_core::names::CentreCode;
use anju_core::shelf::check::Misfit;
use rusqlite::ErrorCode;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database there.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The file is something else; it was not touched.
    #[error("the file is not a database of anju")]
    NotOurs,
    /// A newer version wrote it; it was not touched.
    #[error("the database has schema {found}, and this version knows up to {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// An older version wrote it, and it was opened for reading only.
    #[error("the database has schema {found}, and reading needs {known}: open it once for writing")]
    Older {
        /// Its schema.
        found: i64,
        /// The schema needed.
        known: i64,
    },
    /// The store key is not the one it was made with; it was not touched.
    #[error("the store key does not open this database")]
    WrongKey,
    /// Another process has it open for writing.
    #[error("another process has this database open for writing")]
    InUse,
    /// The disk is full. Nothing of the transaction was kept; reads go on.
    #[error("no room is left on the disk")]
    Full,
    /// Rows that do not fit what is held. Nothing was written.
    #[error("the write does not fit what is held: {0}")]
    Misfit(#[from] Misfit),
    /// A write outside a transaction, a second `begin`, or a write after a failed one.
    #[error("wrong order of calls: {0}")]
    Transaction(&'static str),
    /// A row is not what was written.
    #[error("the store holds damaged data: {0}")]
    Damaged(String),
    /// A journal row that projections need is damaged.
    #[error("row {index} of {centre} is damaged: fetch it again first")]
    DamagedRow {
        /// Whose journal.
        centre: CentreCode,
        /// Which row.
        index: u64,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// The target of a backup exists.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// Whoever wanted a backup does not want it any more; there is none.
    #[error("the backup was given up")]
    Stopped,
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    File {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// SQLite failed.
    #[error("the database failed: {0}")]
    Engine(String),
}

impl StoreError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    pub(super) fn file(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| if source.kind() == std::io::ErrorKind::StorageFull { Self::Full } else { Self::File { what, source } }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::NotADatabase) => Self::NotOurs,
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged("SQLite finds the file malformed"),
            Some(code) => Self::Engine(format!("{code:?} ({})", error.sqlite_error().map(|e| e.extended_code).unwrap_or_default())),
            None => match error {
                // What a row holds is not what was written there. Its value must not get into the message.
                rusqlite::Error::FromSqlConversionFailure(column, ..)
                | rusqlite::Error::IntegralValueOutOfRange(column, _)
                | rusqlite::Error::Utf8Error(column, _) => Self::Damaged(format!("column {column} of a row")),
                rusqlite::Error::InvalidColumnType(column, name, _) => Self::Damaged(format!("column {column}, {name}, of a row")),
                other => Self::Engine(other.to_string()),
            },
        }
    }
}

impl From<StoreError> for ShelfError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(what) => Self::Damaged(what),
            StoreError::DamagedRow { .. } => Self::Damaged(error.to_string()),
            StoreError::Missing(_)
            | StoreError::NotOurs
            | StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::WrongKey
            | StoreError::InUse
            | StoreError::Full
            | StoreError::Misfit(_)
            | StoreError::Transaction(_)
            | StoreError::NoRandomness
            | StoreError::Exists(_)
            | StoreError::Stopped
            | StoreError::File { .. }
            | StoreError::Engine(_) => Self::Failed(error.to_string()),
        }
    }
}
