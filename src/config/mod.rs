//! The data folder and its `anju.toml`.
//!
//! A key that does not exist is an error with its line and the nearest key that does: a setting that was misspelt must not be
//! silently without effect. What must never be here: a secret (those are in [`crate::keys`]), and a decision about the federation.

pub mod atomic;
pub mod backup;
mod blacklist;
pub mod folder;
mod loan;
mod nearest;
#[cfg(test)]
mod tests;
mod window;

use std::path::{Path, PathBuf};

pub use loan::{DEADLINE_DAYS_MAX, DEADLINES_MAX, Loan, LoanDeadlines};
pub use window::Window;

pub use blacklist::{Blacklist, QUOTA_MAX, STALE_MINUTES_MAX, STALE_MINUTES_MIN};

use anju_core::names::CentreCode;
use serde::{Deserialize, Serialize};

use crate::source::SourceConfig;

/// Largest `anju.toml` that is read, in bytes.
pub const CONFIG_MAX_BYTES: u64 = 256 * 1024;
/// Longest path of a Unix socket, in bytes: `sun_path` has 108 and ends with a zero.
pub const SOCKET_PATH_MAX_BYTES: usize = 107;
/// Longest name of a centre or of a clerk, in characters.
pub const NAME_MAX_CHARS: usize = 64;
/// Longest phone number, in characters.
pub const PHONE_MAX_CHARS: usize = 32;
/// Longest validity of a certificate that may be configured, in days.
pub const VALID_DAYS_MAX: u32 = 366;
/// Most addresses a peer listens on.
pub const LISTEN_MAX: usize = 16;

/// `anju.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this is.
    pub centre: Centre,
    /// The running peer.
    #[serde(default)]
    pub peer: Peer,
    /// The business system's exports, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceConfig>,
    /// What certificates are issued with.
    #[serde(default)]
    pub certificate: Certificate,
    /// The blacklist.
    #[serde(default)]
    pub blacklist: Blacklist,
    /// Cross-region loans.
    #[serde(default)]
    pub loan: Loan,
    /// The local door.
    #[serde(default)]
    pub desk: Desk,
    /// The citizens' door; there is none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What is kept beside the database.
    #[serde(default)]
    pub store: Store,
    /// The log.
    #[serde(default)]
    pub log: Log,
}

/// `[centre]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centre {
    /// Its code, such as `C46010`.
    pub code: CentreCode,
    /// Its name, printed on certificates.
    pub name: String,
    /// Its phone number, printed on certificates.
    #[serde(default)]
    pub phone: String,
}

/// `[peer]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Addresses to listen on, as multiaddresses such as `/ip4/127.0.0.1/udp/7401/quic-v1`.
    #[serde(default)]
    pub listen: Vec<String>,
}

/// `[certificate]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Days of validity where the clerk states none.
    #[serde(default = "Certificate::default_valid_days")]
    pub valid_days: u32,
    /// The clerk's name where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clerk: Option<String>,
}

impl Certificate {
    const fn default_valid_days() -> u32 {
        90
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self { valid_days: Self::default_valid_days(), clerk: None }
    }
}

/// `[desk]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Path of the socket; `desk.sock` in the data folder when absent. At most [`SOCKET_PATH_MAX_BYTES`] long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Where the last head that was let out is kept; `head.json` in the data folder when absent. A backup must leave this file out:
    /// restored together with an old database it would hide that the database is old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_head: Option<PathBuf>,
    /// Where backups go that operators ask for; `backups` in the data folder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups: Option<PathBuf>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// From which level on.
    #[serde(default)]
    pub level: Level,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Only what failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what happened.
    #[default]
    Info,
    /// And why.
    Debug,
    /// And everything.
    Trace,
}

impl Level {
    /// As `anju.toml` and the log's filter spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// An `anju.toml` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key or section that does not exist.
    #[error("line {line}: there is no key `{key}`")]
    UnknownKey {
        /// As it was written.
        key: String,
        /// Line, from 1.
        line: usize,
        /// The key that exists and is spelt most like it.
        nearest: Option<String>,
    },
    /// Not TOML, or a value of another form.
    #[error("line {line}: {detail}")]
    Invalid {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// A value that is well formed and not allowed.
    #[error("{key}: not allowed")]
    NotAllowed {
        /// Section and key.
        key: &'static str,
    },
    /// The blacklist's table cannot be used.
    #[error("the table {path}: {detail}", path = path.display())]
    Catalogue {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The socket's path does not fit into a socket address.
    #[error("the socket's path has {bytes} bytes, at most {SOCKET_PATH_MAX_BYTES} are possible")]
    SocketPathTooLong {
        /// Bytes of the path.
        bytes: usize,
    },
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
}

impl Config {
    /// A configuration with nothing but who this is and where it listens.
    #[must_use]
    pub fn new(centre: Centre, listen: Vec<String>) -> Self {
        let (certificate, blacklist, desk) = (Certificate::default(), Blacklist::default(), Desk::default());
        let (loan, store, log) = (Loan::default(), Store::default(), Log::default());
        Self { centre, peer: Peer { listen }, source: None, certificate, blacklist, loan, desk, window: None, store, log }
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// [`ConfigError`] for anything that is not a key known here with a value allowed there.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| nearest::explain(text, &error))?;
        config.check()?;
        Ok(config)
    }

    /// Reads a configuration from its file.
    ///
    /// # Errors
    /// [`ConfigError`] as for [`Config::parse`], and when the file cannot be read or is larger than [`CONFIG_MAX_BYTES`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes = atomic::read_capped(path, CONFIG_MAX_BYTES)?;
        let text = String::from_utf8(bytes).map_err(|e| std::io::Error::new(std::io::ErrorKind::InvalidData, e.utf8_error()))?;
        Self::parse(&text)
    }

    /// The text to write into `anju.toml`.
    ///
    /// # Errors
    /// [`ConfigError::NotAllowed`] or [`ConfigError::SocketPathTooLong`] when this configuration could not be read back.
    pub fn to_text(&self) -> Result<String, ConfigError> {
        self.check()?;
        toml::to_string(self).map_err(|e| ConfigError::Invalid { line: 0, detail: e.to_string() })
    }

    /// Where the local door is.
    ///
    /// # Errors
    /// [`ConfigError::SocketPathTooLong`] when the path does not fit into a socket address.
    pub fn socket(&self, folder: &folder::DataFolder) -> Result<PathBuf, ConfigError> {
        let path = self.desk.socket.as_ref().map_or_else(|| folder.path("desk.sock"), |path| folder.path(path));
        let bytes = path.as_os_str().len();
        if bytes <= SOCKET_PATH_MAX_BYTES { Ok(path) } else { Err(ConfigError::SocketPathTooLong { bytes }) }
    }

    /// The source, its folder taken from the data folder when it is not absolute.
    #[must_use]
    pub fn source_in(&self, folder: &folder::DataFolder) -> Option<SourceConfig> {
        let mut source = self.source.clone()?;
        source.folder = folder.path(&source.folder);
        Some(source)
    }

    /// Where the head is kept that no backup may hold.
    #[must_use]
    pub fn kept_head(&self, folder: &folder::DataFolder) -> PathBuf {
        self.store.kept_head.as_ref().map_or_else(|| folder.path("head.json"), |path| folder.path(path))
    }

    /// The window that is configured, its files taken from the data folder when they are not absolute.
    #[must_use]
    pub fn window_opening(&self, folder: &folder::DataFolder) -> Option<crate::window::Opening> {
        let window = self.window.as_ref()?;
        let tls =
            window.certificate.as_ref().zip(window.key.as_ref()).map(|(certificate, key)| (folder.path(certificate), folder.path(key)));
        Some(crate::window::Opening {
            listen: window.listen,
            tls,
            made_certificate: folder.path("window.pem"),
            centre: self.centre.code.clone(),
        })
    }

    /// Where backups go that operators ask for.
    #[must_use]
    pub fn backups(&self, folder: &folder::DataFolder) -> PathBuf {
        self.store.backups.as_ref().map_or_else(|| folder.path("backups"), |path| folder.path(path))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let plain = |text: &str, max: usize| text.chars().count() <= max && !text.chars().any(char::is_control);
        let rules = [
            ("centre.name", !self.centre.name.trim().is_empty() && plain(&self.centre.name, NAME_MAX_CHARS)),
            ("centre.phone", plain(&self.centre.phone, PHONE_MAX_CHARS)),
            ("peer.listen", self.peer.listen.len() <= LISTEN_MAX && self.peer.listen.iter().all(|a| a.starts_with('/'))),
            ("certificate.valid_days", (1..=VALID_DAYS_MAX).contains(&self.certificate.valid_days)),
            ("certificate.clerk", self.certificate.clerk.as_ref().is_none_or(|c| !c.trim().is_empty() && plain(c, NAME_MAX_CHARS))),
        ];
        rules
            .iter()
            .chain(&self.blacklist.rules())
            .chain(&self.loan.rules())
            .chain(self.window.iter().flat_map(Window::rules).collect::<Vec<_>>().iter())
            .find(|(_, holds)| !holds)
            .map_or(Ok(()), |(key, _)| Err(ConfigError::NotAllowed { key }))
    }
}
