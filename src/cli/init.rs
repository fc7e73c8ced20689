//! `anju init`: a centre's keys, configuration, public card and first operator in a new data folder.

use std::path::{Path, PathBuf};

use anju_core::charter::CentreCard;
use anju_core::journal::hash;
use anju_core::names::CentreCode;
use anju_core::shelf::KeptHead;
use serde_json::json;

use super::common::{self, DataArgs, PassphraseArgs};
use super::failure::{Code, Failure};
use super::first::{self, AdminArgs, First};
use super::out::{Ctx, Done};
use super::store::store_failure;
use crate::config::folder::{CONFIG_FILE, DataFolder, KEYS_FILE};
use crate::config::{Centre, Config, atomic};
use crate::keys::Secrets;
use crate::source::SourceConfig;
use crate::store::{Mode, Store, head_file};

const MARKS: [&str; 3] = [CONFIG_FILE, KEYS_FILE, "anju.db"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "CODE")]
    centre: CentreCode,
    #[arg(long, value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "PHONE", default_value = "")]
    phone: String,
    #[arg(long, value_name = "ADDRESS", required = true)]
    listen: Vec<String>,
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[arg(long, conflicts_with_all = ["admin", "admin_display", "admin_staff_no", "admin_passphrase_file"])]
    second: bool,
    #[command(flatten)]
    admin: AdminArgs,
}

pub(super) fn run(ctx: Ctx, args: Args) -> Result<Done, Failure> {
    let root = &args.data.data;
    let failed = |e| common::folder_failure(root, e);
    let folder = DataFolder::vacant(root, &MARKS).map_err(failed)?;
    let mut config = Config::new(Centre { code: args.centre, name: args.name, phone: args.phone }, args.listen);
    config.desk.socket = args.socket;
    config.source = args.source.map(|folder| source_folder(&folder)).transpose()?;
    // Everything that can be refused is refused before anything is made.
    let bad_config = |e| common::config_failure(&folder.config(), e);
    let text = config.to_text().map_err(bad_config)?;
    config.socket(&folder).map_err(bad_config)?;
    if let Some(address) = config.peer.listen.iter().find(|address| !anju_peers::is_dialable(address)) {
        return Err(Failure::new(Code::AddressBad).with("address", address));
    }
    let kept_head = config.kept_head(&folder);
    let passphrase = args.passphrase.new_one(ctx)?;
    // The operators of a second station are its writer's.
    let first = if args.second { None } else { Some(First::prepare(ctx, &args.admin)?) };
    let operator = first.as_ref().map(|first| first.name().clone());
    let secrets = Secrets::random(&mut common::randomness()?);
    let Config { centre, peer, .. } = config;
    let card = CentreCard::new(centre.code.clone(), centre.name, peer.listen, &secrets.centre).to_signed_text(&secrets.centre);
    CentreCard::parse(&card).map_err(common::card_failure)?;

    let folder = DataFolder::create(root, &MARKS).map_err(failed)?;
    let _lock = folder.lock().map_err(failed)?;
    secrets.save_new(&folder.keys(), &passphrase).map_err(|e| common::vault_failure(&folder.keys(), e))?;
    common::write_out(&folder.card(), card.as_bytes(), atomic::PUBLIC)?;
    // Nothing has left this station yet: without this the first start would wait for the others' word on what had.
    let kept = KeptHead { centre: centre.code.clone(), size: 0, root: hash::empty() };
    head_file::write(&kept_head, &kept)
        .map_err(|e| Failure::new(Code::OutputFailed).with("path", common::shown(&kept_head)).with("detail", e))?;
    let mut store = Store::open(&folder.database(), &secrets.store, Mode::Create).map_err(store_failure)?;
    let file = first.map(|first| first.store(&folder, &mut store)).transpose()?.flatten();
    drop(store);
    // The configuration comes last: where it is, initialising was complete.
    common::write_out(&folder.config(), format!("{}\n{text}", ctx.say("init.config-head")).as_bytes(), atomic::PRIVATE)?;

    let (path, card) = (common::shown(root), common::shown(&folder.card()));
    let station = secrets.centre.station_key().to_string();
    let json = json!({ "centre": centre.code, "data": path, "card": card, "station": station,
        "operator": operator, "operator_passphrase": file.as_deref().map(common::shown) });
    let text = ctx.fill("init.done", &[("centre", centre.code.as_str()), ("path", &path), ("card", &card), ("station", &station)]);
    let told = operator.map_or_else(|| ctx.fill("init.second", &[("station", &station)]), |name| first::told(ctx, &name, file.as_ref()));
    Ok(Done::new(json, text + &told))
}

/// The exports' folder as an absolute path: the peer may be started from elsewhere.
fn source_folder(folder: &Path) -> Result<SourceConfig, Failure> {
    let unreadable = |e: std::io::Error| Failure::new(Code::InputUnreadable).with("path", common::shown(folder)).with("detail", e);
    let absolute = folder.canonicalize().map_err(unreadable)?;
    if absolute.is_dir() { Ok(SourceConfig::of_folder(&absolute)) } else { Err(unreadable(std::io::ErrorKind::NotADirectory.into())) }
}
