//! `anju keys`: the centre's own keys change.

use anju_core::charter::CentreCard;
use serde_json::json;

use super::common::{self, DataArgs, PassphraseArgs};
use super::failure::Failure;
use super::out::{Ctx, Done};
use crate::config::atomic;
use crate::keys::Secrets;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Next(Next),
}

#[derive(Debug, clap::Args)]
pub(super) struct Next {
    #[arg(long)]
    station: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Next(args) => next(ctx, &args),
    }
}

/// Makes the keys that shall follow the present ones, and their card. The station keeps its key unless it is said: it is how others find this
/// peer, which connects anew when it changes.
fn next(ctx: Ctx, args: &Next) -> Result<Done, Failure> {
    let (folder, config) = args.data.open()?;
    let passphrase = args.passphrase.existing(ctx)?;
    let failed = |e| common::vault_failure(&folder.keys(), e);
    let secrets = Secrets::load(&folder.keys(), &passphrase).map_err(failed)?;
    let next = secrets.next(&mut common::randomness()?, args.station);
    let card = CentreCard::new(config.centre.code.clone(), config.centre.name.clone(), config.peer.listen.clone(), &next.centre);
    let text = card.to_signed_text(&next.centre);
    CentreCard::parse(&text).map_err(common::card_failure)?;
    next.save_new(&folder.next_keys(), &passphrase).map_err(|e| common::vault_failure(&folder.next_keys(), e))?;
    atomic::replace(&folder.next_card(), text.as_bytes(), atomic::PUBLIC).map_err(|e| common::write_failure(&folder.next_card(), &e))?;
    let (path, fingerprint) = (common::shown(&folder.next_card()), card.fingerprint().to_string());
    let json = json!({ "centre": card.centre, "card": path, "fingerprint": card.fingerprint() });
    Ok(Done::new(json, ctx.fill("keys.next", &[("card", &path), ("fingerprint", &fingerprint)])))
}
