//! Listings from a file: rows are checked, staged, approved by a second person over the file's SHA-256, and only then listed.
//!
//! `row` is what a row of a file says and what is wrong with it; `record` is what an import is kept as, and who may list it. The same
//! checks run where the file is read (for the reject file) and where it is staged (because whoever sends rows may be anybody).
//! What must never be here: a file, an encoding, a column's name.

mod record;
mod row;
#[cfg(test)]
mod tests;

pub use record::{ApprovedFile, ImportCounts, ImportRecord, ImportState, StagedAs, StagedRow, authority};
pub use row::{CheckedRow, ImportRow, MAX_IMPORT_PAGE, MAX_IMPORT_ROW, MAX_REMARK_CHARS, RowReason, RowsDigest, said};
