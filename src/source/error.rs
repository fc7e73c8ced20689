//! Why a source cannot answer. No message repeats what a cell holds.

use super::files::FileKind;

/// A failure of the source as a whole, or of one account asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The folder cannot be listed.
    #[error("the source folder cannot be read ({0}): check [source] folder and its permissions")]
    Folder(std::io::ErrorKind),
    /// No file of this kind.
    #[error("no {kind} file in the source folder: add it as .csv or .xlsx, or name it under [source.files]")]
    MissingFile {
        /// Which file.
        kind: FileKind,
    },
    /// Several files could be the one.
    #[error("{count} files could be the {kind} file: keep one, or name it under [source.files]")]
    AmbiguousFile {
        /// Which file.
        kind: FileKind,
        /// How many candidates.
        count: usize,
    },
    /// Not a regular .csv or .xlsx file.
    #[error("{file}: only regular .csv and .xlsx files are read")]
    Unsupported {
        /// The file's name.
        file: String,
    },
    /// The file cannot be read, or its format is broken.
    #[error("{file}: cannot be read: {problem}")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What was wrong, without contents.
        problem: String,
    },
    /// No header row at all.
    #[error("{file}: empty, not even a header row")]
    Empty {
        /// The file's name.
        file: String,
    },
    /// The header row lacks columns.
    #[error("{file}: columns missing: {} (map the centre's own headers under [source.columns])", columns.join(", "))]
    MissingColumns {
        /// The file's name.
        file: String,
        /// The standard's names of what is missing.
        columns: Vec<&'static str>,
    },
    /// Two columns of the header row mean the same field.
    #[error("{file}: two columns are {column}")]
    DuplicateColumn {
        /// The file's name.
        file: String,
        /// The standard's name.
        column: &'static str,
    },
    /// The workbook would inflate beyond the caps, or claims sizes it does not have.
    #[error("{file}: refused before reading: {problem}")]
    Workbook {
        /// The file's name.
        file: String,
        /// Which cap.
        problem: &'static str,
    },
    /// The file changed between the first look and the last.
    #[error("{file}: changed while it was read; nothing was concluded: run again when the export is complete")]
    Changed {
        /// The file's name.
        file: String,
    },
    /// The configuration contradicts the standard.
    #[error("[source] {key}: {problem}")]
    Config {
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No row has this account number.
    #[error("no such account in the source")]
    AccountUnknown,
    /// Rows about this account were rejected or contradict each other.
    #[error("rows about this account were rejected or contradict each other: run a source check and mend the export")]
    AccountUnreadable,
    /// Loan rows were rejected that could be anybody's, so nobody can be said to have no loan.
    #[error("{rows} rejected loan rows have no readable account number: mend the export, or raise [source] unattributed_loan_rows_max")]
    UnattributedLoans {
        /// How many.
        rows: u64,
    },
    /// The temporary files could not be written or read.
    #[error("temporary files failed ({0}): check space and permissions, or set [source] spill_folder")]
    Spill(std::io::ErrorKind),
    /// One account has more rows than an account can have.
    #[error("too many rows for one account: the export is not what it should be")]
    TooManyRows,
    /// The receiver of the facts asked to stop.
    #[error("stopped")]
    Stopped,
}

impl SourceError {
    /// A failed read of `file`.
    pub(super) fn io(file: &str, error: &std::io::Error) -> Self {
        Self::Unreadable { file: file.to_owned(), problem: error.kind().to_string() }
    }
}
