//! `anju store`: the database, looked at and derived again while the peer is stopped, and copied at any time.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anju_core::charter::Role;
use anju_core::desk::Backup;
use anju_core::node::membership;
use anju_core::node::project::project;
use anju_tui::widgets::plot::bytes;
use serde_json::json;

use super::common::{self, DataArgs, PassphraseArgs};
use super::exit::Exit;
use super::failure::{Code, Failure};
use super::federation::read_charter;
use super::meter::Meter;
use super::out::{Ctx, Done};
use super::take_over;
use crate::config::folder::{DataFolder, FolderLock};
use crate::config::{Config, backup as note};
use crate::keys::Secrets;
use crate::keys::passphrase::Passphrase;
use crate::store::backup::{self, Copied};
use crate::store::scrub::Progress;
use crate::store::{Mode, Store, StoreError};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Check(Args),
    Rebuild(Args),
    Backup(BackupArgs),
    TakeOver(take_over::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Check(args) => check(ctx, &args),
        Command::Rebuild(args) => rebuild(ctx, &args),
        Command::Backup(args) => back_up(ctx, &args),
        Command::TakeOver(args) => take_over::run(ctx, &args),
    }
}

/// What a command needs that works where the peer works: nobody else may meanwhile.
pub(super) struct Opened {
    pub(super) folder: DataFolder,
    pub(super) config: Config,
    pub(super) secrets: Secrets,
    pub(super) store: Store,
    pub(super) lock: FolderLock,
    pub(super) passphrase: Passphrase,
}

pub(super) fn open(ctx: Ctx, data: &DataArgs, passphrase: &PassphraseArgs, mode: Mode) -> Result<Opened, Failure> {
    let (folder, config) = data.open()?;
    let lock = folder.lock().map_err(|e| common::folder_failure(folder.root(), e))?;
    if mode == Mode::Existing && !folder.database().is_file() {
        return Err(Failure::new(Code::StoreMissing));
    }
    let passphrase = passphrase.existing(ctx)?;
    let secrets = Secrets::load(&folder.keys(), &passphrase).map_err(|e| common::vault_failure(&folder.keys(), e))?;
    let store = Store::open(&folder.database(), &secrets.store, mode).map_err(store_failure)?;
    Ok(Opened { folder, config, secrets, store, lock, passphrase })
}

fn check(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let mut opened = open(ctx, &args.data, &args.passphrase, Mode::Existing)?;
    let meter = Meter::new(ctx);
    let mut told = |at: &Progress| {
        let (centre, rows, of) = (at.centre.as_str(), at.rows.to_string(), at.of.to_string());
        meter.tell(|| ctx.fill("progress.checking", &[("centre", centre), ("rows", &rows), ("of", &of)]));
    };
    let observes = observes(&opened);
    let report = opened.store.scrub_as(common::now(), observes, &mut told).map_err(store_failure)?;
    drop(meter);
    let (key, exit) = if report.is_sound() { ("store.sound", Exit::Ok) } else { ("store.found", Exit::Data) };
    let text = ctx.fill(
        key,
        &[
            ("journals", &report.journals.to_string()),
            ("rows", &report.rows.to_string()),
            ("payloads", &report.payloads.to_string()),
            ("damaged", &report.damaged.to_string()),
            ("missing", &report.missing.to_string()),
            ("headers", &report.headers.to_string()),
            ("subtrees", &report.subtrees.to_string()),
            ("sealed", &report.sealed.to_string()),
            ("broken", &report.broken.len().to_string()),
            ("audit", &u8::from(report.audit_broken).to_string()),
            ("structure", &report.structure.len().to_string()),
        ],
    );
    let json = json!({
        "sound": report.is_sound(), "journals": report.journals, "rows": report.rows, "payloads": report.payloads,
        "damaged": report.damaged, "missing": report.missing, "headers": report.headers, "subtrees": report.subtrees,
        "sealed": report.sealed, "withheld": report.withheld, "audit_broken": report.audit_broken, "broken": report.broken, "structure": report.structure,
    });
    Ok(Done { json, text, exit })
}

/// Whether the centre is an observer by the newest charter that is known here: then it does not hold what others say. A charter that cannot
/// be read is no reason to look at nothing.
fn observes(opened: &Opened) -> bool {
    let file = read_charter(&opened.folder.charter()).ok();
    let charter = file.and_then(|file| membership::charter(&file, &opened.store).ok());
    charter.is_some_and(|charter| charter.member(&opened.config.centre.code).is_some_and(|member| member.role == Role::Observer))
}

/// Copies the database, whether a peer runs or not, and without a passphrase: what is sealed stays sealed.
fn back_up(ctx: Ctx, args: &BackupArgs) -> Result<Done, Failure> {
    let (folder, _) = args.data.open()?;
    let meter = Meter::new(ctx);
    let mut told = |at: Copied| {
        meter.tell(|| ctx.fill("stage.copying", &[("done", &bytes(at.done)), ("of", &bytes(at.of))]));
        ControlFlow::Continue(())
    };
    backup::copy(&folder.database(), &args.file, &mut told).map_err(|e| backup_failure(&args.file, e))?;
    drop(meter);
    let size = args.file.metadata()?.len();
    // As whoever restores it looks for it, wherever they stand then.
    let file = args.file.canonicalize().unwrap_or_else(|_| args.file.clone());
    let made = Backup { at: common::now(), bytes: size, file: common::shown(&file) };
    if let Err(error) = note::note(&folder.backup_note(), &made) {
        ctx.warn(&ctx.fill("store.not-noted", &[("detail", &error.to_string())]));
    }
    let values = [("file", made.file.as_str()), ("size", &bytes(made.bytes)), ("at", &made.at.legal_text())];
    let text = ctx.fill("store.backed-up", &values);
    Ok(Done::new(json!({ "backup": made }), text))
}

pub(super) fn backup_failure(target: &Path, error: StoreError) -> Failure {
    match error {
        StoreError::Exists(_) => Failure::new(Code::OutputExists).with("path", common::shown(target)),
        StoreError::File { .. } => Failure::new(Code::OutputFailed).with("path", common::shown(target)).with("detail", error),
        error => store_failure(error),
    }
}

fn rebuild(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let mut opened = open(ctx, &args.data, &args.passphrase, Mode::Existing)?;
    let before = opened.store.projection_digests().map_err(store_failure)?;
    let (own, keys) = (&opened.config.centre.code, &opened.secrets.centre);
    let rows = opened.store.rebuild(&mut |author, index, entry| project(own, keys, author, index, entry)).map_err(store_failure)?;
    let after = opened.store.projection_digests().map_err(store_failure)?;
    if before != after {
        let differ: Vec<&str> =
            after.iter().filter(|(table, digest)| before.get(*table) != Some(digest)).map(|(table, _)| *table).collect();
        return Err(Failure::new(Code::StoreDiffers).with("tables", differ.join(", ")));
    }
    let text = ctx.fill("store.rebuilt", &[("rows", &rows.to_string())]);
    Ok(Done::new(json!({ "rows": rows, "equal": true, "digests": after }), text))
}

pub(super) fn store_failure(error: StoreError) -> Failure {
    let code = match &error {
        StoreError::Missing(_) => Code::StoreMissing,
        StoreError::NotOurs | StoreError::Newer { .. } | StoreError::Older { .. } => Code::StoreOther,
        StoreError::WrongKey => Code::StoreWrongKey,
        StoreError::InUse => Code::StoreInUse,
        StoreError::Full => Code::StoreFull,
        StoreError::Damaged(_) | StoreError::DamagedRow { .. } => Code::StoreDamaged,
        StoreError::NoRandomness => Code::NoRandomness,
        StoreError::Stopped => Code::Interrupted,
        StoreError::Misfit(_) | StoreError::Transaction(_) | StoreError::Exists(_) | StoreError::File { .. } | StoreError::Engine(_) => {
            Code::StoreFailed
        }
    };
    Failure::new(code).with("detail", error)
}
