//! What is known about exports without being told: `schemas/jgjt320.toml`, joined with what the centre's configuration adds.

use std::collections::BTreeMap;

use anju_core::facts::AccountStatus;
use anju_core::facts::codes::{DocumentType, EmployerStatus, EntryKind, normalise};
use anju_core::facts::text::fold;
use serde::Deserialize;

use super::config::SourceConfig;
use super::error::SourceError;
use super::files::FileKind;
use super::rows::Column;

const STANDARD: &str = include_str!("../../schemas/jgjt320.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Standard {
    accounts: FileStandard,
    transactions: FileStandard,
    loans: FileStandard,
    columns: BTreeMap<String, Vec<String>>,
    codes: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStandard {
    file_names: Vec<String>,
    required: Vec<String>,
    optional: Vec<String>,
}

/// The code tables of the standard that exports use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CodeTable {
    Zjlx,
    Grzhzt,
    Dwzhzt,
    Gjhtqywlx,
}

impl CodeTable {
    const ALL: [Self; 4] = [Self::Zjlx, Self::Grzhzt, Self::Dwzhzt, Self::Gjhtqywlx];

    const fn name(self) -> &'static str {
        match self {
            Self::Zjlx => "ZJLX",
            Self::Grzhzt => "GRZHZT",
            Self::Dwzhzt => "DWZHZT",
            Self::Gjhtqywlx => "GJHTQYWLX",
        }
    }

    fn has(self, code: &str) -> bool {
        match self {
            Self::Zjlx => DocumentType::from_code(code).is_some(),
            Self::Grzhzt => AccountStatus::from_code(code).is_some(),
            Self::Dwzhzt => EmployerStatus::from_code(code).is_some(),
            Self::Gjhtqywlx => EntryKind::from_code(code).is_some(),
        }
    }
}

/// Columns of one kind of file.
pub(super) struct FileColumns {
    pub(super) required: Vec<Column>,
    pub(super) optional: Vec<Column>,
}

/// Everything a reader needs to know about names and codes.
pub(super) struct Known {
    file_names: BTreeMap<FileKind, Vec<String>>,
    file_columns: BTreeMap<FileKind, FileColumns>,
    headers: BTreeMap<String, Column>,
    codes: BTreeMap<(CodeTable, String), String>,
}

impl Known {
    /// The standard with the centre's own names and codes before it.
    ///
    /// # Errors
    /// [`SourceError::Config`] when the configuration names a field, table or code that the standard does not have.
    pub(super) fn of(config: &SourceConfig) -> Result<Self, SourceError> {
        let broken = |problem| SourceError::Config { key: "schemas/jgjt320.toml".to_owned(), problem };
        let standard: Standard = toml::from_str(STANDARD).map_err(|_| broken("does not parse"))?;
        let mut known =
            Self { file_names: BTreeMap::new(), file_columns: BTreeMap::new(), headers: BTreeMap::new(), codes: BTreeMap::new() };
        for (kind, file) in
            [(FileKind::Accounts, standard.accounts), (FileKind::Transactions, standard.transactions), (FileKind::Loans, standard.loans)]
        {
            let columns = |names: &[String]| -> Option<Vec<Column>> { names.iter().map(|name| Column::named(name)).collect() };
            let required = columns(&file.required).ok_or_else(|| broken("unknown column"))?;
            let optional = columns(&file.optional).ok_or_else(|| broken("unknown column"))?;
            known.file_names.insert(kind, file.file_names);
            known.file_columns.insert(kind, FileColumns { required, optional });
        }
        for column in Column::ALL {
            known.headers.insert(header_key(column.name()), *column);
        }
        for (name, aliases) in &standard.columns {
            let column = Column::named(name).ok_or_else(|| broken("unknown column"))?;
            known.headers.extend(aliases.iter().map(|alias| (header_key(alias), column)));
        }
        known.add_codes(&standard.codes)?;
        known.add_codes(&config.codes)?;
        for (header, name) in &config.columns {
            let column = Column::named(&fold(name).to_uppercase());
            let column = column.ok_or_else(|| SourceError::Config { key: format!("columns.{header}"), problem: "no such field" })?;
            known.headers.insert(header_key(header), column);
        }
        Ok(known)
    }

    fn add_codes(&mut self, codes: &BTreeMap<String, BTreeMap<String, String>>) -> Result<(), SourceError> {
        for (name, entries) in codes {
            let table = CodeTable::ALL.into_iter().find(|table| table.name() == name);
            let table = table.ok_or_else(|| SourceError::Config { key: format!("codes.{name}"), problem: "no such code table" })?;
            for (raw, code) in entries {
                if !table.has(code) {
                    return Err(SourceError::Config { key: format!("codes.{name}"), problem: "maps to a code the table does not have" });
                }
                self.codes.insert((table, fold(raw)), code.clone());
            }
        }
        Ok(())
    }

    /// The names by which files of `kind` are recognised.
    pub(super) fn file_names(&self, kind: FileKind) -> &[String] {
        self.file_names.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The columns of files of `kind`.
    pub(super) fn columns(&self, kind: FileKind) -> Option<&FileColumns> {
        self.file_columns.get(&kind)
    }

    /// The field that a header means.
    pub(super) fn header(&self, header: &str) -> Option<Column> {
        self.headers.get(&header_key(header)).copied()
    }

    /// The standard's code for what a cell says: the centre's own mapping first, then the standard's code, then the known others.
    pub(super) fn code(&self, table: CodeTable, raw: &str) -> Option<String> {
        let folded = fold(raw);
        if let Some(code) = self.codes.get(&(table, folded)) {
            return Some(code.clone());
        }
        let code = normalise(raw);
        if table.has(&code) { Some(code) } else { None }
    }
}

fn header_key(header: &str) -> String {
    fold(header).to_uppercase()
}
