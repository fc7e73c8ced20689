//! `anju grant`: what a counter does for a holder with a grant, without reading anything by it.

use std::path::PathBuf;

use anju_core::desk::{Event, Request};
use serde_json::json;

use super::common::{self, DataArgs};
use super::failure::Failure;
use super::out::{Ctx, Done};
use super::peer::Peer;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Revoke(args) => revoke(ctx, &args),
    }
}

/// The holder signed it: no operator is asked for.
fn revoke(ctx: Ctx, args: &Revoke) -> Result<Done, Failure> {
    let text = common::read_text(&args.file)?;
    let peer = Peer::of(&args.data)?;
    let event = peer.ask(&Request::GrantRevoke { text }, common::PATIENCE, |_| {})?;
    let Event::GrantRevoked { grant, number, at } = event else {
        return Err(common::unexpected());
    };
    let text = ctx.fill("grant.revoked", &[("grant", &grant.to_string()), ("number", number.as_str()), ("at", &at.legal_text())]);
    Ok(Done::new(json!({ "grant": grant, "number": number, "at": at }), text))
}
