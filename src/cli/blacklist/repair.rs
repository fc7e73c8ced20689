//! `anju blacklist repair`: a reviewer ends a listing of this centre's that was made good.

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
    #[arg(long, value_name = "TEXT")]
    decision: String,
    #[arg(long, value_name = "REASON")]
    reason: String,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let act = Act::Repair { about: args.case.clone(), decision: args.decision.clone(), reason: args.reason.clone() };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
