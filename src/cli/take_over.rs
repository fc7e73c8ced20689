//! `anju store take-over`: a second station gets what the centre's writer had, before the charter names it as the next writer.
//!
//! The keys of a lost writer open what was sealed to the centre; its backup has what stands in no journal: cases, the accounts behind
//! certificates, the audit log. With both, the station goes on as the centre; its own signing key stays its own, for the charter ends the
//! lost one's. The peer must be stopped.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anju_core::charter::Charter;
use anju_core::names::CentreCode;
use anju_core::node::membership;
use anju_core::shelf::{CharterWrite, Charters, LinkRow, Write};
use anju_core::sign::PublicKey;
use anju_tui::widgets::plot::bytes;
use serde_json::json;

use super::common::{self, DataArgs, PassphraseArgs};
use super::failure::{Code, Failure};
use super::federation::read_charter;
use super::meter::Meter;
use super::out::{Ctx, Done};
use super::store::{self, Opened, store_failure};
use crate::config::folder::DataFolder;
use crate::keys::Secrets;
use crate::keys::vault::VaultError;
use crate::store::backup::{self, Copied};
use crate::store::{Mode, Store};

/// Links that are read at once.
const LINKS_PAGE: usize = 64;
/// What the station's own database is called afterwards.
const PUT_ASIDE: &str = "anju.db.second";
/// What the backup is called until it is ready.
const TAKING: &str = "anju.db.taking";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, value_name = "FILE")]
    former: PathBuf,
    #[arg(long, value_name = "FILE")]
    former_passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let Opened { folder, config, secrets, store, lock, passphrase } = store::open(ctx, &args.data, &args.passphrase, Mode::Existing)?;
    let asked = common::passphrase(ctx, args.former_passphrase_file.as_deref(), &ctx.say("prompt.passphrase-former"), None)?;
    let former = Secrets::load(&args.former, &asked).map_err(|e| common::vault_failure(&args.former, e))?;
    let charter = known(&folder, &store)?;
    let centre = &config.centre.code;
    let not_these = |code| Failure::new(code).with("path", common::shown(&args.former)).with("centre", centre);
    if former.centre.signing.public() == secrets.centre.signing.public() {
        return Err(not_these(Code::TakeOverOwnKeys));
    }
    if !has_signed(&charter, centre, former.centre.signing.public()) {
        return Err(not_these(Code::TakeOverOtherKeys));
    }
    if folder.next_keys().symlink_metadata().is_ok() {
        return Err(common::vault_failure(&folder.next_keys(), VaultError::Exists));
    }
    let mut next = secrets.after(&former);
    let links = links(&store)?;
    drop(store);
    if let Some(file) = &args.backup {
        // Everything that can go wrong does before the first file changes its place.
        let taken = folder.path(TAKING);
        remove(&taken)?;
        let meter = Meter::new(ctx);
        let mut told = |at: Copied| {
            meter.tell(|| ctx.fill("stage.copying", &[("done", &bytes(at.done)), ("of", &bytes(at.of))]));
            ControlFlow::Continue(())
        };
        backup::copy(file, &taken, &mut told).map_err(|e| store::backup_failure(file, e))?;
        drop(meter);
        let mut theirs = Store::open(&taken, &former.store, Mode::Existing).map_err(store_failure)?;
        let held = membership::charter(&read_charter(&folder.charter())?, &theirs)
            .map_err(|e| Failure::new(Code::StoreFailed).with("detail", e))?;
        let missing = links.into_iter().filter(|row| row.version > held.version());
        let writes: Vec<Write> = missing.map(|row| Write::Charter(CharterWrite::Link(row))).collect();
        theirs.write(&writes).map_err(store_failure)?;
        theirs.checkpoint().map_err(store_failure)?;
        drop(theirs);
        next.store = former.store.clone();
        next.save_new(&folder.next_keys(), &passphrase).map_err(|e| common::vault_failure(&folder.next_keys(), e))?;
        put_in_place(&folder, &taken)?;
    } else {
        next.save_new(&folder.next_keys(), &passphrase).map_err(|e| common::vault_failure(&folder.next_keys(), e))?;
    }
    folder.take_next_keys().map_err(|e| common::write_failure(&folder.keys(), &e))?;
    drop(lock);
    let named = charter.is_second(centre, &next.centre.station_key());
    let (card, aside) = (common::shown(&folder.card()), common::shown(&folder.path(PUT_ASIDE)));
    let mut text = match args.backup {
        Some(_) => ctx.fill("take-over.with-backup", &[("aside", &aside)]),
        None => ctx.say("take-over.without-backup"),
    };
    if named {
        text += &ctx.fill("take-over.next", &[("card", &card), ("centre", centre.as_str())]);
    }
    Ok(Done::new(json!({ "centre": centre, "card": card, "backup": args.backup.is_some() }), text))
}

fn known(folder: &DataFolder, store: &Store) -> Result<Charter, Failure> {
    let file = read_charter(&folder.charter())?;
    membership::charter(&file, store).map_err(|e| Failure::new(Code::StoreFailed).with("detail", e))
}

/// Whether this key signs for the centre, or did.
fn has_signed(charter: &Charter, centre: &CentreCode, key: PublicKey) -> bool {
    charter.author(centre).is_some_and(|author| author.signing == key || author.ended.iter().any(|term| term.signing == key))
}

fn links(store: &Store) -> Result<Vec<LinkRow>, Failure> {
    let mut links: Vec<LinkRow> = Vec::new();
    loop {
        let after = links.last().map_or(1, |row| row.version);
        let page = store.charter_links(after, LINKS_PAGE).map_err(|e| Failure::new(Code::StoreFailed).with("detail", e))?;
        if page.is_empty() {
            return Ok(links);
        }
        links.extend(page);
    }
}

/// The database that was copied becomes the station's; its own is put aside.
fn put_in_place(folder: &DataFolder, taken: &Path) -> Result<(), Failure> {
    let (own, aside) = (folder.database(), folder.path(PUT_ASIDE));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |e: std::io::Error| Failure::new(Code::OutputFailed).with("path", common::shown(&path)).with("detail", e)
    };
    fs::rename(&own, &aside).map_err(failed(&aside))?;
    // The log of the one must not be taken for the other's.
    for end in ["-wal", "-shm"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
        remove(&beside(&own))?;
    }
    remove(&folder.path(format!("{TAKING}.lock")))?;
    fs::rename(taken, &own).map_err(failed(&own))
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(Code::OutputFailed).with("path", common::shown(path)).with("detail", e))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
