//! What the desk needs from outside, as traits that the shell implements: the peer, files, the clock. The desk itself has no socket, no
//! file and no clock.
//!
//! Everything here blocks, and is called from the runner's worker threads only. A shell's implementation is thin: [`Door::ask`] and
//! [`Hand::act`] are what the command line does for one request, [`Hand::work`] is what its long commands do. What must never be here: a
//! word, a key, a screen.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::secret::{SECRET_MAX_BYTES, Secret};
use crate::watch::Watch;
use anju_core::desk::{Act, Event as DeskEvent, EvidenceAbout, ImportView, Request, Stage};
use anju_core::error::Refusal;
use anju_core::listing::catalogue::Catalogue;
use anju_core::names::{CentreCode, Digest, FederationName};
use anju_core::operator::{OperatorName, Role};
use anju_core::time::Time;

/// Most rejected rows that a job tells one by one; the reject file has all.
pub const REJECTS_SHOWN_MAX: usize = 200;

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// What they log in with.
    pub name: OperatorName,
    /// Their name, for people.
    pub display: String,
    /// What they may do.
    pub role: Role,
    /// Their centre.
    pub centre: CentreCode,
    /// Its federation.
    pub federation: FederationName,
}

/// Something that was not done, for words to be found for: `error.CODE.{what,undone,next}` or `refusal.CODE.{what,undone,next}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Whose no it is.
    pub kind: TroubleKind,
    /// Stable code: a refusal's, or one of the shell's own.
    pub code: String,
    /// Values for the gaps of its words. Never personal data.
    pub values: Vec<(String, String)>,
}

/// Whose no it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// A policy of the peer.
    Refused,
    /// Something failed: here, on the way, or at the peer.
    Failed,
}

impl Trouble {
    /// Something failed.
    #[must_use]
    pub fn failed(code: &str) -> Self {
        Self { kind: TroubleKind::Failed, code: code.to_owned(), values: Vec::new() }
    }

    /// A value for its words.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let trouble = Self { kind: TroubleKind::Refused, code: refusal.code.as_str().to_owned(), values: Vec::new() };
        match refusal.detail {
            Some(detail) => trouble.with("refusal_detail", detail),
            None => trouble,
        }
    }
}

/// How far a long job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// How much of it is done: rows, or bytes while hashing.
    pub done: u64,
    /// Of how much, where that is known.
    pub of: Option<u64>,
    /// Rows that were rejected so far.
    pub rejected: u64,
}

/// What a long job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// The file is read and hashed.
    #[default]
    Reading,
    /// Rows go to the peer.
    Staging,
    /// The peer lists what was approved.
    Listing,
    /// Applicants are looked up.
    Screening,
    /// Rows are written to a file.
    Writing,
    /// The peer copies its database; in bytes.
    Copying,
}

impl Phase {
    /// The stable code; its word is `phase.CODE`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Staging => "staging",
            Self::Listing => "listing",
            Self::Screening => "screening",
            Self::Writing => "writing",
            Self::Copying => "copying",
        }
    }
}

/// A row that was not taken. Its cells stay in the reject file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Row of the file, from 1.
    pub row: u64,
    /// The column, if it is one column's fault.
    pub column: Option<String>,
    /// Code of the reason; its words are `reason.CODE` or `refusal.CODE.what`.
    pub code: String,
}

/// Rows for a table file, made while they are written.
pub type Rows = Box<dyn Iterator<Item = Vec<String>> + Send>;

/// A long job.
pub enum Work {
    /// Check the rows of a file and stage them at the peer, or with `dry_run` only say what they would come to.
    Import {
        /// The file.
        file: PathBuf,
        /// Other names of its columns, as `--map` takes them.
        maps: Vec<String>,
        /// Where rejected rows go; beside the file when absent.
        rejects: Option<PathBuf>,
        /// Change nothing.
        dry_run: bool,
    },
    /// List what was staged, after reading the same file with one's own eyes.
    ImportApprove {
        /// The file.
        file: PathBuf,
        /// As above.
        maps: Vec<String>,
    },
    /// Look up everybody in a file.
    Screen {
        /// The file.
        file: PathBuf,
        /// Other names of its columns.
        maps: Vec<String>,
        /// Where the answers go; must not exist.
        out: PathBuf,
        /// Code of the matter.
        matter: String,
        /// Code of the legal basis.
        legal_basis: String,
        /// The business number of rows that have none of their own.
        business_no: Option<String>,
        /// Begin with this row.
        from_row: u64,
    },
    /// What has changed on the lists since a cursor.
    ExportLists {
        /// Where it goes; must not exist.
        out: PathBuf,
        /// Where the last export ended.
        since: Option<String>,
    },
    /// Rows of a screen as CSV that a spreadsheet reads and does not execute (byte-order mark, CRLF, guarded cells).
    WriteRows {
        /// Where they go; must not exist.
        out: PathBuf,
        /// Column heads.
        head: Vec<String>,
        /// The rows.
        rows: Rows,
    },
    /// A text to a file that must not exist, readable by its owner only.
    WriteText {
        /// Where it goes.
        out: PathBuf,
        /// The text.
        text: String,
    },
    /// What proves a statement, certificate, case or dossier, to a file that must not exist. It is verified before it is written.
    Evidence {
        /// About what.
        about: EvidenceAbout,
        /// Where it goes.
        out: PathBuf,
    },
    /// Have the peer back its database up into its own folder for backups. Giving it up here does not stop the peer.
    Backup,
    /// The SHA-256 of a file.
    Hash {
        /// The file.
        file: PathBuf,
    },
    /// The text of a small file: a grant, a card.
    ReadText {
        /// The file.
        file: PathBuf,
        /// Longest that is taken, in bytes.
        max_bytes: u64,
    },
}

impl Work {
    /// The stable code; its word is `work.CODE`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Import { dry_run: true, .. } => "import-dry",
            Self::Import { dry_run: false, .. } => "import",
            Self::ImportApprove { .. } => "import-approve",
            Self::Screen { .. } => "screen",
            Self::ExportLists { .. } => "export-lists",
            Self::WriteRows { .. } => "write-rows",
            Self::WriteText { .. } => "write-text",
            Self::Evidence { .. } => "evidence",
            Self::Backup => "backup",
            Self::Hash { .. } => "hash",
            Self::ReadText { .. } => "read-text",
        }
    }
}

impl fmt::Debug for Work {
    /// Texts and rows may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Work({}, ..)", self.code())
    }
}

/// What a long job came to.
#[derive(Clone, PartialEq)]
pub enum Outcome {
    /// An import was staged, looked at or approved.
    Import(Box<ImportReport>),
    /// Everybody was looked up, or as many as the quota allowed.
    Screened(Box<ScreenReport>),
    /// The lists are in the file.
    Exported {
        /// Rows written.
        rows: u64,
        /// Of these, our own.
        own: u64,
        /// Where the next export goes on.
        cursor: String,
    },
    /// Rows or a text are in the file.
    Written {
        /// Which.
        path: PathBuf,
        /// Rows, or 0 for a text.
        rows: u64,
    },
    /// The hash of a file.
    Hash {
        /// SHA-256.
        digest: Digest,
        /// Its length, in bytes.
        bytes: u64,
    },
    /// A small file's text.
    Text(String),
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outcome(..)")
    }
}

/// What an import came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// SHA-256 of the file.
    pub file: Digest,
    /// Rows of the file.
    pub rows: u64,
    /// Rows that passed the checks.
    pub accepted: u64,
    /// Rows that stand twice.
    pub duplicates: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// Where the rejected rows are, if there are any.
    pub rejects: Option<PathBuf>,
    /// How the peer says it stands; nothing after a dry run without a peer.
    pub view: Option<Box<ImportView>>,
}

/// What a screening came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenReport {
    /// Listed, disputed, not listed, unknown.
    pub counts: [u64; 4],
    /// Rows that could not be looked up.
    pub problems: u64,
    /// Lookups that may still be made today.
    pub quota_left: Option<u64>,
    /// The quota's alarm has gone off.
    pub alarm: bool,
    /// The quota ended before this row: go on with it tomorrow.
    pub stopped_before: Option<u64>,
    /// Where the answers are.
    pub out: PathBuf,
}

/// The way to the peer and to this machine. Every call blocks.
pub trait Door: Send + Sync + 'static {
    /// The clock of this machine.
    fn now(&self) -> Time;

    /// Fetches the operator's sealed key and opens it with the passphrase. The passphrase goes nowhere else.
    ///
    /// # Errors
    /// What kept the peer from answering, its refusal, or `operator-passphrase-wrong`.
    fn log_in(&self, name: &OperatorName, passphrase: &Secret) -> Result<Arc<dyn Hand>, Trouble>;

    /// Asks the peer. What comes before the closing event goes to `stage`; a refusal or failure is the error.
    ///
    /// # Errors
    /// See above.
    fn ask(&self, request: &Request, stage: &mut dyn FnMut(Stage)) -> Result<DeskEvent, Trouble>;
}

/// An operator whose key is open. Dropping the last one wipes the key.
pub trait Hand: Send + Sync + 'static {
    /// Whose.
    fn who(&self) -> Who;

    /// What the centre may say of a subject, for the choices of a form; the catalogue that comes with the program unless the shell reads
    /// the centre's own. The peer checks what was chosen.
    fn catalogue(&self) -> Catalogue {
        Catalogue::default()
    }

    /// Signs `act` and has the peer carry it out.
    ///
    /// # Errors
    /// The peer's refusal, or what kept it from answering.
    fn act(&self, act: &Act, stage: &mut dyn FnMut(Stage)) -> Result<DeskEvent, Trouble>;

    /// Carries out a long job. It tells `watch` how far it is and stops soon after `watch` says so, leaving no half-written file.
    ///
    /// # Errors
    /// What ended it; `cancelled` when `watch` did.
    fn work(&self, work: Work, watch: &Watch) -> Result<Outcome, Trouble>;
}
