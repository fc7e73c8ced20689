//! Which file of the folder is which, and whether it stayed the same while it was read.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::config::SourceConfig;
use super::error::SourceError;
use super::standard::Known;

/// Most entries of a source folder that are looked at.
const FOLDER_ENTRIES_MAX: usize = 10_000;

/// The three exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// Personal accounts with their holder and employer.
    Accounts,
    /// Transactions of personal accounts.
    Transactions,
    /// Fund loans.
    Loans,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accounts => "accounts",
            Self::Transactions => "transactions",
            Self::Loans => "loans",
        })
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Xlsx,
}

/// One export, and what it was like when it was first looked at.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    pub(super) kind: FileKind,
    table: TableFile,
}

impl std::ops::Deref for SourceFile {
    type Target = TableFile;
    fn deref(&self) -> &TableFile {
        &self.table
    }
}

/// A file with a table, whatever the table is about.
#[derive(Debug, Clone)]
pub(super) struct TableFile {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
}

/// The three exports of a source.
pub(super) struct SourceFiles {
    pub(super) accounts: SourceFile,
    pub(super) transactions: SourceFile,
    pub(super) loans: SourceFile,
}

impl SourceFiles {
    /// Finds the three files.
    ///
    /// # Errors
    /// [`SourceError`] when the folder cannot be listed, or a file is missing, ambiguous or of another form.
    pub(super) fn find(config: &SourceConfig, known: &Known) -> Result<Self, SourceError> {
        let names = list(&config.folder)?;
        let find = |kind, explicit: &Option<PathBuf>| match explicit {
            Some(path) => SourceFile::open(kind, &config.folder.join(path)),
            None => SourceFile::open(kind, &config.folder.join(recognise(kind, &names, known)?)),
        };
        Ok(Self {
            accounts: find(FileKind::Accounts, &config.files.accounts)?,
            transactions: find(FileKind::Transactions, &config.files.transactions)?,
            loans: find(FileKind::Loans, &config.files.loans)?,
        })
    }

    /// Checks that none of them changed since.
    ///
    /// # Errors
    /// [`SourceError::Changed`] for the first that did.
    pub(super) fn check_unchanged(&self) -> Result<(), SourceError> {
        [&self.accounts, &self.transactions, &self.loans].into_iter().try_for_each(|file| file.check_unchanged())
    }
}

impl SourceFile {
    fn open(kind: FileKind, path: &Path) -> Result<Self, SourceError> {
        if fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Err(SourceError::MissingFile { kind });
        }
        Ok(Self { kind, table: TableFile::open(path)? })
    }
}

impl TableFile {
    /// Looks at the file.
    ///
    /// # Errors
    /// [`SourceError`] when it cannot be read, or is not a regular file of a form that is.
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let meta = fs::metadata(path).map_err(|error| SourceError::io(&name, &error))?;
        let form = form_of(&name).filter(|_| meta.is_file()).ok_or_else(|| SourceError::Unsupported { file: name.clone() })?;
        let modified = meta.modified().map_err(|error| SourceError::io(&name, &error))?;
        Ok(Self { path: path.to_owned(), name, form, bytes: meta.len(), modified })
    }

    /// A handle for reading, and only that.
    pub(super) fn reader(&self) -> Result<File, SourceError> {
        File::open(&self.path).map_err(|error| SourceError::io(&self.name, &error))
    }

    /// Checks that it did not change since.
    ///
    /// # Errors
    /// [`SourceError::Changed`] when it did.
    pub(super) fn check_unchanged(&self) -> Result<(), SourceError> {
        let same = fs::metadata(&self.path).ok().filter(|meta| meta.len() == self.bytes && meta.modified().ok() == Some(self.modified));
        same.map(|_| ()).ok_or_else(|| SourceError::Changed { file: self.name.clone() })
    }
}

fn form_of(name: &str) -> Option<Form> {
    match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "csv" => Some(Form::Csv),
        "xlsx" => Some(Form::Xlsx),
        _ => None,
    }
}

fn list(folder: &Path) -> Result<Vec<String>, SourceError> {
    let fail = |error: std::io::Error| SourceError::Folder(error.kind());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)?.take(FOLDER_ENTRIES_MAX) {
        let name = entry.map_err(fail)?.file_name();
        // Hidden files and a spreadsheet's lock files are nobody's export.
        if let Some(name) = name.to_str().filter(|name| !name.starts_with(['.', '~']) && form_of(name).is_some()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The file whose stem is a known name; else the only one whose stem holds a known Chinese name and no other kind's.
fn recognise(kind: FileKind, names: &[String], known: &Known) -> Result<String, SourceError> {
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase();
    let is = |name: &String| known.file_names(kind).contains(&stem(name));
    let holds = |kind: FileKind, name: &str| known.file_names(kind).iter().any(|known| !known.is_ascii() && stem(name).contains(known));
    let exact: Vec<&String> = names.iter().filter(|name| is(name)).collect();
    let others: Vec<FileKind> =
        [FileKind::Accounts, FileKind::Transactions, FileKind::Loans].into_iter().filter(|other| *other != kind).collect();
    let partly = |name: &&String| holds(kind, name) && !name.contains("单位") && !others.iter().any(|other| holds(*other, name));
    let candidates = if exact.is_empty() { names.iter().filter(partly).collect() } else { exact };
    match candidates.as_slice() {
        [] => Err(SourceError::MissingFile { kind }),
        [one] => Ok((*one).clone()),
        several => Err(SourceError::AmbiguousFile { kind, count: several.len() }),
    }
}
