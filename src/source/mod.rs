//! The read-only adapter to a centre's business system: exports in, checked rows and facts out.
//!
//! A folder holds accounts, transactions and loans as CSV or XLSX. They are streamed, never loaded; a row that is not right is rejected
//! with its reason; what an account comes to is decided by the rules in `anju_core::facts`. What must never be here: a write to the
//! source, a row skipped in silence, cell contents in an error, a report or a file, or a rule about what a month is worth.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `config`, `standard` | what the centre says about its exports, and what is known without being told |
//! | `files` | which file is which, and whether it changed under our hands |
//! | `text`, `sheet`, `table` | bytes to rows: encodings and lines, workbooks, headers |
//! | `rows` | rows to records, or the reason why not |
//! | `spill`, `gather`, `read` | records to accounts in bounded memory |
//! | `report`, `error`, `truth` | what is told of it |
//! | `blacklist/` | other files: rows of a blacklist, applicants to look up |

pub mod blacklist;
mod config;
mod error;
mod files;
mod gather;
mod read;
mod report;
mod rows;
mod sheet;
mod spill;
mod standard;
mod table;
mod text;
mod truth;

#[cfg(test)]
mod tests;

pub use config::{FileNames, SourceConfig};
pub use error::SourceError;
pub use files::FileKind;
pub use read::{AccountReading, Progress, check, facts_all, facts_of, reading_of};
pub use report::{FactsReport, FileReport, Reason, Rejection, Report, SpillReport};
pub use rows::Column;
pub use truth::{TruthLine, truth_line};
