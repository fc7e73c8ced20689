//! `anju blacklist answer`: a reviewer answers the open objection.

use anju_core::desk::{Act, CaseRef};

use super::{Who, case};
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(value_name = "CASE")]
    case: CaseRef,
    #[arg(long, required_unless_present = "withdraw", conflicts_with = "withdraw")]
    uphold: bool,
    #[arg(long)]
    withdraw: bool,
    #[arg(long, value_name = "REASON")]
    reason: String,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let act = Act::Answer { about: args.case.clone(), uphold: args.uphold, reason: args.reason.clone() };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
