//! What the peer answers about itself: its log, its store, its backups, the age of its keys. Nothing here is personal.

use serde::{Deserialize, Serialize};

use crate::names::CentreCode;
use crate::time::Time;

/// Most log lines in one answer.
pub const MAX_LOG_PAGE: usize = 500;

/// One line of the running peer's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number since the start, from 1.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The room that wrote it.
    pub source: String,
    /// What it says, with its fields; without control characters, cut where it is long.
    pub text: String,
}

/// The newest lines of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogPage {
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// Lines after the one that was named which the peer no longer has, or which did not fit into the answer.
    pub lost: u64,
}

/// What a date rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The oldest statement of the own journal, which the key signed: it is not younger.
    Journal,
    /// The account it belongs to was made then.
    Account,
    /// The date of the file it is kept in; a copy of the file may be younger than the key.
    File,
}

impl Evidence {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Account => "account",
            Self::File => "file",
        }
    }
}

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// The station's key, by which others know this machine.
    Station,
    /// Signs checkpoints and certificates.
    Signing,
    /// Signs heartbeats.
    Heartbeat,
    /// Opens what is sealed to the centre.
    Sealing,
    /// The shared secret that subject tokens are made with.
    Pepper,
    /// An operator's.
    Operator,
}

impl KeyRole {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Signing => "signing",
            Self::Heartbeat => "heartbeat",
            Self::Sealing => "sealing",
            Self::Pepper => "pepper",
            Self::Operator => "operator",
        }
    }
}

/// Since when a key has been in use, as far as anything tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAge {
    /// Which.
    pub key: KeyRole,
    /// Whose, for operators; otherwise its version or term.
    pub name: String,
    /// Since when; nothing where nothing tells.
    pub since: Option<Time>,
    /// What that rests on.
    pub by: Option<Evidence>,
}

/// What lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Storage {
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Bytes of the write-ahead log beside it.
    pub log_bytes: u64,
    /// Bytes that are free for this peer on the disk, where the system tells.
    pub free_bytes: Option<u64>,
    /// Rows of every journal that is held.
    pub rows: Vec<(CentreCode, u64)>,
    /// Payloads that were erased because their time was over or an ending said so.
    pub erased: u64,
    /// Payloads that are damaged and will be fetched again.
    pub damaged: u64,
    /// Payloads that others did not hand over although they should.
    pub withheld: u64,
    /// Rows of the audit log.
    pub audit_rows: u64,
    /// Cases of the blacklist, whatever their state.
    pub cases: u64,
    /// Version of the database's schema.
    pub schema: u64,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// When it was finished.
    pub at: Time,
    /// How large, in bytes.
    pub bytes: u64,
    /// Where it was put.
    pub file: String,
}

/// The peer as its administrator looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemView {
    /// Version of the program.
    pub version: String,
    /// What peers speak with each other.
    pub protocol: String,
    /// Version of the charter.
    pub charter_version: u64,
    /// What lies on the disk; nothing when it could not be read.
    pub storage: Option<Storage>,
    /// The newest backup that is known of.
    pub backup: Option<Backup>,
    /// Whether one is being made for an operator.
    pub backing_up: bool,
    /// Where backups for operators go.
    pub backups: String,
    /// The keys; at most [`super::MAX_PAGE`] of operators.
    pub keys: Vec<KeyAge>,
}

/// Most samples of a [`Trend`]: ten minutes at one every ten seconds.
pub const TREND_SAMPLES_MAX: usize = 60;

/// How traffic and lag went lately.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trends {
    /// Milliseconds between two samples.
    pub step_ms: u64,
    /// Every member.
    pub centres: Vec<Trend>,
}

/// How traffic with one centre and the lag behind it went, oldest sample first; at most [`TREND_SAMPLES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// Which centre.
    pub centre: CentreCode,
    /// Bytes to and from all its stations in each step.
    pub traffic: Vec<u64>,
    /// Rows that its newest known checkpoint has and this peer had not, at the end of each step.
    pub lag: Vec<u64>,
}
