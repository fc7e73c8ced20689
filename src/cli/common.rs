//! What several commands share: their arguments, the passphrase, the peer, randomness, files in and out.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anju_core::desk::{Event, Request};
use anju_core::names::RequestId;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_core::Rng;

use super::failure::{Code, Failure};
use super::out::Ctx;
use crate::config::folder::{CONFIG_FILE, DataFolder, FolderError};
use crate::config::{Config, ConfigError, atomic};
use crate::desk::client::{self, ClientError};
use crate::keys::passphrase::{Passphrase, PassphraseError};
use crate::keys::vault::VaultError;

/// How long a request that needs no long reading may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a request that reads the source may take.
pub(super) const LONG_PATIENCE: Duration = Duration::from_secs(300);
/// Largest grant, card or other text that is read from a file or standard input, in bytes.
pub(super) const INPUT_MAX_BYTES: u64 = 48 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct DataArgs {
    #[arg(long, value_name = "DIR", env = "ANJU_DATA")]
    pub(super) data: PathBuf,
}

impl DataArgs {
    pub(super) fn open(&self) -> Result<(DataFolder, Config), Failure> {
        let folder = DataFolder::open(&self.data, CONFIG_FILE).map_err(|e| folder_failure(&self.data, e))?;
        let config = Config::read(&folder.config()).map_err(|e| config_failure(&folder.config(), e))?;
        Ok((folder, config))
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct PassphraseArgs {
    #[arg(long, value_name = "FILE", env = "ANJU_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The passphrase of something that exists.
    pub(super) fn existing(&self, ctx: Ctx) -> Result<Passphrase, Failure> {
        self.get(ctx, None)
    }

    /// A passphrase for something new: entered twice, and long enough.
    pub(super) fn new_one(&self, ctx: Ctx) -> Result<Passphrase, Failure> {
        let again = ctx.say("prompt.passphrase-again");
        self.get(ctx, Some(&again))?.long_enough().map_err(|e| self.failure(e))
    }

    fn get(&self, ctx: Ctx, again: Option<&str>) -> Result<Passphrase, Failure> {
        let Some(file) = &self.passphrase_file else {
            let ask = ctx.say(if again.is_some() { "prompt.passphrase-new" } else { "prompt.passphrase" });
            return Passphrase::from_terminal(&ask, again).map_err(|e| self.failure(e));
        };
        let (passphrase, exposed) = Passphrase::from_file(file).map_err(|e| self.failure(e))?;
        if exposed {
            ctx.warn(&ctx.fill("warning.passphrase-file-exposed", &[("path", &shown(file))]));
        }
        Ok(passphrase)
    }

    fn failure(&self, error: PassphraseError) -> Failure {
        let failure = Failure::new(match &error {
            PassphraseError::Empty => Code::PassphraseEmpty,
            PassphraseError::TooShort => Code::PassphraseShort,
            PassphraseError::TooLong => Code::PassphraseLong,
            PassphraseError::NotText => Code::PassphraseText,
            PassphraseError::Differ => Code::PassphraseDiffer,
            PassphraseError::NoTerminal => Code::PassphraseNoTerminal,
            PassphraseError::File(_) => Code::PassphraseFile,
        });
        let path = self.passphrase_file.as_deref().map(shown).unwrap_or_default();
        let failure = failure.with("path", path).with("min", crate::keys::passphrase::PASSPHRASE_MIN_CHARS);
        match error {
            PassphraseError::File(e) => failure.with("detail", e),
            _ => failure,
        }
    }
}

/// A path as text for a message.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(super) fn folder_failure(root: &Path, error: FolderError) -> Failure {
    let code = match &error {
        FolderError::NotInitialised => Code::NotInitialised,
        FolderError::AlreadyInitialised => Code::AlreadyInitialised,
        FolderError::OpenToOthers => Code::FolderOpen,
        FolderError::Locked => Code::FolderLocked,
        FolderError::Io(_) => Code::OutputFailed,
    };
    Failure::new(code).with("path", shown(root)).with("detail", error)
}

pub(super) fn config_failure(path: &Path, error: ConfigError) -> Failure {
    let about = |code| Failure::new(code).with("path", shown(path));
    match error {
        ConfigError::UnknownKey { key, line, nearest: Some(nearest) } => {
            about(Code::ConfigUnknownKeyNear).with("key", key).with("line", line).with("nearest", nearest)
        }
        ConfigError::UnknownKey { key, line, nearest: None } => about(Code::ConfigUnknownKey).with("key", key).with("line", line),
        ConfigError::Invalid { line, detail } => about(Code::ConfigInvalid).with("line", line).with("detail", detail),
        ConfigError::NotAllowed { key } => about(Code::ConfigNotAllowed).with("key", key),
        ConfigError::SocketPathTooLong { bytes } => about(Code::SocketPath).with("bytes", bytes),
        ConfigError::Io(e) => about(Code::InputUnreadable).with("detail", e),
    }
}

pub(super) fn vault_failure(path: &Path, error: VaultError) -> Failure {
    let code = match &error {
        VaultError::Missing => Code::SecretMissing,
        VaultError::Exists => Code::AlreadyInitialised,
        VaultError::WrongPassphrase => Code::PassphraseWrong,
        VaultError::Damaged | VaultError::TooMuchWork | VaultError::TooLarge => Code::SecretDamaged,
        VaultError::Io(_) => Code::OutputFailed,
    };
    Failure::new(code).with("path", shown(path)).with("detail", error)
}

/// Randomness for keys and ids, seeded by the operating system.
pub(super) fn randomness() -> Result<StdRng, Failure> {
    StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(|_| Code::NoRandomness.into())
}

/// The id given, or a fresh one.
pub(super) fn request_id(given: Option<RequestId>) -> Result<RequestId, Failure> {
    let Some(id) = given else {
        let mut bytes = [0; 16];
        randomness()?.fill_bytes(&mut bytes);
        return Ok(RequestId(bytes));
    };
    Ok(id)
}

/// Asks the running peer; `progress` sees what comes before the closing event, which is returned unless it says no.
pub(super) fn ask(
    data: &DataArgs, request: &Request, patience: Duration, mut progress: impl FnMut(anju_core::desk::Stage),
) -> Result<Event, Failure> {
    let (folder, config) = data.open()?;
    let socket = config.socket(&folder).map_err(|e| config_failure(&folder.config(), e))?;
    let failed = |e| client_failure(&data.data, e);
    for event in client::ask(&socket, request, patience).map_err(failed)? {
        match event.map_err(failed)? {
            Event::Progress { stage } => progress(stage),
            Event::Refused { refusal, about } => {
                let failure = Failure::from(refusal);
                return Err(match about {
                    Some(about) => failure
                        .with("certificate", about.certificate)
                        .with("grant", about.grant)
                        .with("recorded", about.recorded),
                    None => failure,
                });
            }
            Event::Failed { code, detail } => return Err(Failure::new(Code::PeerFailed).with("peer_code", code).with("detail", detail)),
            answer => return Ok(answer),
        }
    }
    Err(client_failure(&data.data, ClientError::ClosedEarly))
}

/// The peer answered something else than what was asked.
pub(super) fn unexpected() -> Failure {
    Failure::new(Code::PeerGarbled)
}

fn client_failure(root: &Path, error: ClientError) -> Failure {
    let code = match &error {
        ClientError::NotRunning => Code::PeerNotRunning,
        ClientError::NotAllowed => Code::PeerOtherUser,
        ClientError::PathTooLong => Code::SocketPath,
        ClientError::TooLong => Code::RequestTooLong,
        ClientError::TimedOut => Code::PeerTimeout,
        ClientError::ClosedEarly => Code::PeerClosed,
        ClientError::Garbled => Code::PeerGarbled,
        ClientError::Io(_) => Code::OutputFailed,
    };
    Failure::new(code).with("path", shown(root)).with("detail", error)
}

/// The text of a file, or of standard input for `-`. At most [`INPUT_MAX_BYTES`].
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    let about = |code: Code| Failure::new(code).with("path", shown(path)).with("max", INPUT_MAX_BYTES);
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(INPUT_MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|e| about(Code::InputUnreadable).with("detail", e))?;
        bytes
    } else {
        match atomic::read_capped(path, INPUT_MAX_BYTES) {
            Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => return Err(about(Code::InputTooLarge)),
            read => read.map_err(|e| about(Code::InputUnreadable).with("detail", e))?,
        }
    };
    if bytes.len() as u64 > INPUT_MAX_BYTES {
        return Err(about(Code::InputTooLarge));
    }
    String::from_utf8(bytes).map_err(|_| about(Code::InputUnreadable).with("detail", "UTF-8"))
}

/// Writes an output file that must not exist.
pub(super) fn write_out(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    atomic::write_new(path, bytes, mode).map_err(|e| {
        let code = if e.kind() == std::io::ErrorKind::AlreadyExists { Code::OutputExists } else { Code::OutputFailed };
        Failure::new(code).with("path", shown(path)).with("detail", e)
    })
}
