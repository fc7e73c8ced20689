//! `anju federation approve`, `reject` and `next-round`: what our centre says of a proposal.

use anju_core::desk::{Event, FederationAct};
use serde_json::json;

use super::{Who, named, view};
use crate::cli::common;
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    #[arg(long, value_name = "REASON")]
    reason: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct NextRound {
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    #[command(flatten)]
    who: Who,
}

pub(super) fn run(ctx: Ctx, args: &Args, approve: bool) -> Result<Done, Failure> {
    let proposal = named(&view(&args.who.data)?, &args.proposal)?.proposal;
    let asked = FederationAct::Answer { proposal, approve, reason: args.reason.clone() };
    let Event::Answered { proposal, approve, complete } = args.who.ask(ctx, asked)? else { return Err(common::unexpected()) };
    let key = match (approve, complete) {
        (true, true) => "federation.approved",
        (false, true) => "federation.rejected",
        (true, false) => "federation.approved-first",
        (false, false) => "federation.rejected-first",
    };
    let text = ctx.fill(key, &[("proposal", &super::show::short(&proposal))]);
    Ok(Done::new(json!({ "proposal": proposal, "approve": approve, "complete": complete }), text))
}

pub(super) fn next_round(ctx: Ctx, args: &NextRound) -> Result<Done, Failure> {
    let proposal = named(&view(&args.who.data)?, &args.proposal)?.proposal;
    let Event::RoundOpened { round } = args.who.ask(ctx, FederationAct::NextRound { proposal })? else {
        return Err(common::unexpected());
    };
    Ok(Done::new(json!({ "round": round }), ctx.fill("federation.round-opened", &[("round", &(round + 1).to_string())])))
}
