//! What several commands share: their arguments, the passphrase, the peer, randomness, files in and out.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anju_core::certificate::{CertificateKind, Field};
use anju_core::charter::CardError;
use anju_core::desk::{Backing, Event, Level, Request, Stage};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::names::RequestId;
use anju_core::operator::{OperatorName, SealedKey};
use anju_core::sign::SecretKey;
use anju_core::time::{DAY_MS, MINUTE_MS, SECOND_MS, Time};
use anju_tui::widgets::plot::bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_core::Rng;

use super::failure::{Code, Failure};
use super::out::Ctx;
use super::peer::Peer;
use crate::config::folder::{CONFIG_FILE, DataFolder, FolderError};
use crate::config::{Config, ConfigError, atomic};
use crate::keys::passphrase::{Passphrase, PassphraseError};
use crate::keys::vault::VaultError;
use crate::source::SourceError;
use crate::words::Lang;

/// How long a request that needs no long reading may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a request that reads the source may take.
pub(super) const LONG_PATIENCE: Duration = Duration::from_secs(300);
/// Largest grant, card or other text that is read from a file or standard input, in bytes.
pub(super) const INPUT_MAX_BYTES: u64 = 48 * 1024;

#[derive(Debug, Clone, clap::Args)]
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
        passphrase(ctx, self.passphrase_file.as_deref(), &ctx.say("prompt.passphrase"), None)
    }

    /// A passphrase for something new: entered twice, and long enough.
    pub(super) fn new_one(&self, ctx: Ctx) -> Result<Passphrase, Failure> {
        new_passphrase(ctx, self.passphrase_file.as_deref(), &ctx.say("prompt.passphrase-new"))
    }
}

/// A passphrase from `file`, or asked for on the terminal with `ask`, a second time with `again`.
pub(super) fn passphrase(ctx: Ctx, file: Option<&Path>, ask: &str, again: Option<&str>) -> Result<Passphrase, Failure> {
    let Some(path) = file else {
        return Passphrase::from_terminal(ask, again).map_err(|e| passphrase_failure(file, e));
    };
    let (passphrase, exposed) = Passphrase::from_file(path).map_err(|e| passphrase_failure(file, e))?;
    if exposed {
        ctx.warn(&ctx.fill("warning.passphrase-file-exposed", &[("path", &shown(path))]));
    }
    Ok(passphrase)
}

/// A passphrase for something new, entered twice on the terminal, and long enough.
pub(super) fn new_passphrase(ctx: Ctx, file: Option<&Path>, ask: &str) -> Result<Passphrase, Failure> {
    let again = ctx.say("prompt.passphrase-again");
    passphrase(ctx, file, ask, Some(&again))?.long_enough().map_err(|e| passphrase_failure(file, e))
}

/// An operator's key under their passphrase.
pub(super) fn seal_key(rng: &mut StdRng, name: &OperatorName, key: &SecretKey, passphrase: &Passphrase) -> Result<SealedKey, Failure> {
    SealedKey::seal(rng, name, key, passphrase.expose()).map_err(|e| Failure::new(Code::Internal).with("detail", e))
}

pub(super) fn passphrase_failure(file: Option<&Path>, error: PassphraseError) -> Failure {
    let failure = Failure::new(match &error {
        PassphraseError::Empty => Code::PassphraseEmpty,
        PassphraseError::TooShort => Code::PassphraseShort,
        PassphraseError::TooLong => Code::PassphraseLong,
        PassphraseError::NotText => Code::PassphraseText,
        PassphraseError::Differ => Code::PassphraseDiffer,
        PassphraseError::NoTerminal => Code::PassphraseNoTerminal,
        PassphraseError::File(_) => Code::PassphraseFile,
    });
    let path = file.map(shown).unwrap_or_default();
    let failure = failure.with("path", path).with("min", crate::keys::passphrase::PASSPHRASE_MIN_CHARS);
    match error {
        PassphraseError::File(e) => failure.with("detail", e),
        _ => failure,
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
        ConfigError::Catalogue { path, detail } => Failure::new(Code::ConfigCatalogue).with("path", shown(&path)).with("detail", detail),
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

/// Asks the running peer of a data folder; see [`Peer::ask`].
pub(super) fn ask(data: &DataArgs, request: &Request, patience: Duration, progress: impl FnMut(Stage)) -> Result<Event, Failure> {
    Peer::of(data)?.ask(request, patience, progress)
}

/// The peer answered something else than what was asked.
pub(super) fn unexpected() -> Failure {
    Failure::new(Code::PeerGarbled)
}

/// The text of a file, or of standard input for `-`. At most [`INPUT_MAX_BYTES`].
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    read_text_of(path, INPUT_MAX_BYTES)
}

/// The text of a file, or of standard input for `-`. At most `max_bytes`.
pub(super) fn read_text_of(path: &Path, max_bytes: u64) -> Result<String, Failure> {
    if path != Path::new("-") {
        return read_file(path, max_bytes);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
    text_of(path, max_bytes, read.map(|_| bytes))
}

/// The text of a file. At most `max_bytes`.
pub(super) fn read_file(path: &Path, max_bytes: u64) -> Result<String, Failure> {
    text_of(path, max_bytes, atomic::read_capped(path, max_bytes))
}

fn text_of(path: &Path, max_bytes: u64, read: std::io::Result<Vec<u8>>) -> Result<String, Failure> {
    let about = |code: Code| Failure::new(code).with("path", shown(path)).with("max", max_bytes);
    let bytes = match read {
        Ok(bytes) if bytes.len() as u64 > max_bytes => return Err(about(Code::InputTooLarge)),
        Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => return Err(about(Code::InputTooLarge)),
        Err(e) => return Err(about(Code::InputUnreadable).with("detail", e)),
        Ok(bytes) => bytes,
    };
    String::from_utf8(bytes).map_err(|_| about(Code::InputUnreadable).with("detail", "UTF-8"))
}

/// Writes an output file that must not exist.
pub(super) fn write_out(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    atomic::write_new(path, bytes, mode).map_err(|e| write_failure(path, &e))
}

pub(super) fn write_failure(path: &Path, error: &std::io::Error) -> Failure {
    let code = if error.kind() == std::io::ErrorKind::AlreadyExists { Code::OutputExists } else { Code::OutputFailed };
    Failure::new(code).with("path", shown(path)).with("detail", error)
}

/// The machine's clock.
pub(super) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis());
    Time(i64::try_from(since).unwrap_or(i64::MAX))
}

/// What stands behind a row.
pub(super) fn backing(ctx: Ctx, backing: &Backing) -> String {
    let (n, of, needed) = (backing.witnesses.len().to_string(), backing.of.to_string(), backing.needed.to_string());
    let key = if backing.of == 0 && backing.level == Level::Signed { "level.signed-alone" } else { level_key(backing.level) };
    let level = ctx.fill(key, &[("n", &n), ("of", &of)]);
    match (backing.of, backing.settled) {
        (0, _) => level,
        (_, true) => ctx.fill("level.settled", &[("level", &level)]),
        (_, false) => ctx.fill("level.unsettled", &[("level", &level), ("needed", &needed)]),
    }
}

const fn level_key(level: Level) -> &'static str {
    match level {
        Level::OwnCopy => "level.own-copy",
        Level::Chartered => "level.chartered",
        Level::Signed => "level.signed",
        Level::Witnessed => "level.witnessed",
    }
}

/// How long ago, in the largest unit that says something.
pub(super) fn age(ctx: Ctx, age_ms: Option<i64>) -> String {
    let Some(ms) = age_ms else {
        return ctx.say("age.never");
    };
    let (key, count) = match ms.max(0) {
        ms if ms < MINUTE_MS => ("age.seconds", ms / SECOND_MS),
        ms if ms < 60 * MINUTE_MS => ("age.minutes", ms / MINUTE_MS),
        ms if ms < 2 * DAY_MS => ("age.hours", ms / (60 * MINUTE_MS)),
        ms => ("age.days", ms / DAY_MS),
    };
    ctx.fill(key, &[("count", &count.to_string())])
}

/// Where a long request stands.
pub(super) fn stage(ctx: Ctx, stage: Stage) -> String {
    if let Stage::Copying { done, of } = stage {
        return ctx.fill("stage.copying", &[("done", &bytes(done)), ("of", &bytes(of))]);
    }
    if let Stage::Hashing { done, of } = stage {
        return ctx.fill("stage.hashing", &[("done", &done.to_string()), ("of", &of.to_string())]);
    }
    ctx.say(match stage {
        Stage::ReadingSource => "stage.reading-source",
        Stage::Pulling => "stage.pulling",
        Stage::Obtained => "stage.obtained",
        Stage::Verified => "stage.verified",
        Stage::AskingIssuer => "stage.asking-issuer",
        Stage::Deriving => "stage.deriving",
        Stage::Copying { .. } => "stage.copying",
        Stage::Hashing { .. } => "stage.hashing",
    })
}

/// The kind that a code or a Chinese title names.
pub(super) fn kind(text: &str) -> Result<CertificateKind, Failure> {
    let found = CertificateKind::ALL.into_iter().find(|k| k.code().eq_ignore_ascii_case(text) || k.title_zh() == text);
    let codes = CertificateKind::ALL.map(CertificateKind::code).join(", ");
    found.ok_or_else(|| Failure::new(Code::KindUnknown).with("kind", text).with("kinds", codes))
}

/// A kind's title in the user's language, or its code when it is not known here.
pub(super) fn kind_title(ctx: Ctx, code: &str) -> String {
    match CertificateKind::ALL.into_iter().find(|k| k.code() == code) {
        Some(kind) if ctx.lang == Lang::Chinese => kind.title_zh().to_owned(),
        Some(kind) => kind.title_en().to_owned(),
        None => super::text::clean(code),
    }
}

/// A field's label in the user's language.
pub(super) fn label(ctx: Ctx, field: &Field) -> String {
    if ctx.lang == Lang::Chinese { field.label_zh.clone() } else { field.label_en.clone() }
}

pub(super) fn card_failure(error: CardError) -> Failure {
    let code = match &error {
        CardError::Shape(_) => Code::CardShape,
        CardError::Bad { .. } => Code::CardBad,
        CardError::Signature(_) => Code::CardSignature,
    };
    Failure::new(code).with("detail", error)
}

/// What a failed reading of one account means for who asked for it; `None` when it is the source as a whole that failed.
pub(super) const fn refusal_of(error: &SourceError) -> Option<Refusal> {
    match error {
        SourceError::AccountUnknown => Some(Refusal::new(RefusalCode::AccountUnknown)),
        SourceError::AccountUnreadable | SourceError::TooManyRows => Some(Refusal::new(RefusalCode::AccountUnreadable)),
        SourceError::Folder(_)
        | SourceError::MissingFile { .. }
        | SourceError::AmbiguousFile { .. }
        | SourceError::Unsupported { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Empty { .. }
        | SourceError::MissingColumns { .. }
        | SourceError::DuplicateColumn { .. }
        | SourceError::Workbook { .. }
        | SourceError::Changed { .. }
        | SourceError::Config { .. }
        | SourceError::UnattributedLoans { .. }
        | SourceError::Spill(_)
        | SourceError::Stopped => None,
    }
}
