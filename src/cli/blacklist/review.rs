//! `anju blacklist review`: a second person approves a proposal, or returns it.

use anju_core::desk::Act;
use anju_core::names::CaseNumber;

use super::{Who, case};
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(value_name = "CASE")]
    case: CaseNumber,
    #[arg(long, required_unless_present = "return_it", conflicts_with = "return_it")]
    approve: bool,
    #[arg(long = "return")]
    return_it: bool,
    #[arg(long, value_name = "REASON")]
    reason: String,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let act = Act::Review { case: args.case.clone(), approve: args.approve, reason: args.reason.clone() };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
