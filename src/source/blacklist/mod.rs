//! Files that a centre hands in about the blacklist: rows to list, applicants to look up.
//!
//! A file is streamed, never loaded, and read twice: first to find the rows that repeat or contradict an earlier one, then to hand the
//! rows on. Whatever is wrong with a row is said of that row, with the row; whatever is wrong with the file is a [`SourceError`]. What
//! must never be here: a rule about who is listed ([`anju_core::listing::import`] has those), a row that is dropped in silence, a
//! cell's contents in an error.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `columns` | which header means which field |
//! | `cells` | cells to text, or why not |
//! | `listing` | rows of a blacklist export, checked |
//! | `repeats` | rows that repeat or contradict an earlier one, in bounded memory |
//! | `applicants` | people and organisations to look up |
//! | `safe` | tables written so that a spreadsheet takes nothing in them for a formula |

mod applicants;
mod cells;
mod columns;
mod listing;
mod repeats;
mod safe;
#[cfg(test)]
mod tests;

use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use anju_core::listing::import::RowReason;
use anju_core::names::Digest;
use sha2::{Digest as _, Sha256};

pub use applicants::{ApplicantRow, Applicants};
pub use columns::{ColumnMap, ColumnMapError};
pub use listing::{Accepted, BlacklistFile, Read as BlacklistRow, Tally};
pub use safe::SafeCsv;

use super::error::SourceError;
use super::files::TableFile;
use super::report::Reason;

/// Bytes read at a time for a digest.
const HASH_BYTES: usize = 256 * 1024;

/// Why a row was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is no row, or a cell cannot be what it should be.
    Table(Reason),
    /// What it says cannot be listed.
    Row(RowReason),
    /// The file is in one encoding and this row in another.
    OtherEncoding,
}

impl Why {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Table(reason) => reason.as_str(),
            Self::Row(reason) => reason.code(),
            Self::OtherEncoding => "other-encoding",
        }
    }
}

/// A row that was rejected, as it stood in the file. Personal.
#[derive(Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Row of the file, from 1, the header not counted.
    pub row: u64,
    /// Line of the text file or row of the worksheet, from 1, the header included.
    pub line: u64,
    /// Worksheet, from 1; absent for CSV.
    pub sheet: Option<u32>,
    /// The standard's name of the column at fault, if one is.
    pub column: Option<&'static str>,
    /// Why.
    pub why: Why,
    /// The cells; one with the whole line where it could not be taken apart.
    pub cells: Vec<String>,
}

impl std::fmt::Debug for RejectedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RejectedRow({}, {:?}, {})", self.row, self.column, self.why.code())
    }
}

/// Is told how much of a file was read so far, and may break the reading off.
pub type Seen<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// SHA-256 of a file, a piece at a time. `seen` is told how many bytes were read so far.
///
/// # Errors
/// [`SourceError::Unreadable`]; [`SourceError::Stopped`] when `seen` breaks.
pub fn sha256_of(path: &Path, seen: &mut Seen<'_>) -> Result<Digest, SourceError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fail = |error: std::io::Error| SourceError::io(&name, &error);
    let mut reader = BufReader::with_capacity(HASH_BYTES, std::fs::File::open(path).map_err(fail)?);
    let mut hash = Sha256::new();
    let mut piece = vec![0; HASH_BYTES];
    let mut total = 0;
    loop {
        let read = reader.read(&mut piece).map_err(fail)?;
        if read == 0 {
            return Ok(Digest(hash.finalize().into()));
        }
        hash.update(&piece[..read]);
        total += read as u64;
        if seen(total).is_break() {
            return Err(SourceError::Stopped);
        }
    }
}

/// Looks at the file and computes its digest; it must be the same file when it is read.
fn open(path: &Path, seen: &mut Seen<'_>) -> Result<(TableFile, Digest), SourceError> {
    let file = TableFile::open(path)?;
    let digest = sha256_of(path, seen)?;
    file.check_unchanged()?;
    Ok((file, digest))
}
