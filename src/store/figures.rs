//! How much lies in the database, for who looks after it. Read beside the peer, without a key.

use std::path::Path;

use rusqlite::Connection;

use super::{StoreError, open};

/// Counts of what is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Codes of centres, and how many rows of each journal are held.
    pub rows: Vec<(String, u64)>,
    /// Payloads erased on purpose.
    pub erased: u64,
    /// Payloads found damaged.
    pub damaged: u64,
    /// Payloads that others withheld.
    pub withheld: u64,
    /// Rows of the audit log.
    pub audit_rows: u64,
    /// Cases of the blacklist.
    pub cases: u64,
    /// Version of the schema.
    pub schema: u64,
}

/// Counts what is in the database at `path`.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::NotOurs`], [`StoreError::Older`], and what the engine reports.
pub fn read(path: &Path) -> Result<Figures, StoreError> {
    let conn = open::plain(path)?;
    let count = |table: &str| count(&conn, table);
    let mut journals = conn.prepare("SELECT code, size FROM journal ORDER BY code")?;
    let rows = journals
        .query_map([], |row| Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0))))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Figures {
        rows,
        erased: count("erased")?,
        damaged: count("damaged")?,
        withheld: count("withheld")?,
        audit_rows: count("audit_row")?,
        cases: count("case_file")?,
        schema: u64::try_from(open::SCHEMA_VERSION).unwrap_or(0),
    })
}

/// Rows of one of our own tables; the name never comes from outside.
fn count(conn: &Connection, table: &str) -> Result<u64, StoreError> {
    let rows: i64 = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}
