//! The `[source]` table of `anju.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anju_core::facts::{FactRules, Month};
use serde::{Deserialize, Serialize};

/// Where a centre's exports are and how they differ from the standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// The folder with the exports. Never written to.
    pub folder: PathBuf,
    /// Files by name, where they are not recognised by themselves.
    #[serde(default)]
    pub files: FileNames,
    /// The centre's own header to the standard's field name: `"职工账号" = "GRZH"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Per code table (`ZJLX`, `GRZHZT`, `DWZHZT`, `GJHTQYWLX`): the centre's own code to the standard's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// The month the export is of. Without it: the latest JZNY of an account in normal state that is not later than the accounts file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Month>,
    /// Where to put the temporary files; the system's own place otherwise. They hold keyed hashes, months and amounts, no names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spill_folder: Option<PathBuf>,
    /// How many rejected loan rows without a readable account number are tolerated before no single account is answered for.
    #[serde(default)]
    pub unattributed_loan_rows_max: u64,
    /// The centre's rules about its facts.
    #[serde(default)]
    pub rules: FactRules,
}

/// Explicit file names, relative to the folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileNames {
    /// The accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<PathBuf>,
    /// The transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<PathBuf>,
    /// The loans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loans: Option<PathBuf>,
}

impl SourceConfig {
    /// Everything by default, for the exports in `folder`.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            files: FileNames::default(),
            columns: BTreeMap::new(),
            codes: BTreeMap::new(),
            as_of: None,
            spill_folder: None,
            unattributed_loan_rows_max: 0,
            rules: FactRules::default(),
        }
    }
}
