//! How much lies in the database, for who looks after it. Read beside the peer, without a key.

use std::path::Path;

use anju_core::desk::Storage;
use rusqlite::Connection;

use super::read::{name, unsigned};
use super::{StoreError, open};

/// Counts what is in the database at `path`; what only the file system tells is left at nothing.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::NotOurs`], [`StoreError::Older`], [`StoreError::Damaged`], and what the engine reports.
pub fn read(path: &Path) -> Result<Storage, StoreError> {
    let conn = open::plain(path)?;
    let count = |table: &str| count(&conn, table);
    let mut journals = conn.prepare("SELECT code, size FROM journal ORDER BY code")?;
    let (mut held, mut rows) = (journals.query(())?, Vec::new());
    while let Some(row) = held.next()? {
        rows.push((name(row, 0)?, unsigned(row, 1)?));
    }
    Ok(Storage {
        rows,
        erased: count("erased")?,
        damaged: count("damaged")?,
        withheld: count("withheld")?,
        audit_rows: count("audit_row")?,
        cases: count("case_file")?,
        schema: u64::try_from(open::SCHEMA_VERSION).unwrap_or(0),
        ..Storage::default()
    })
}

/// Rows of one of our own tables; the name never comes from outside.
fn count(conn: &Connection, table: &str) -> Result<u64, StoreError> {
    let rows: i64 = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}
