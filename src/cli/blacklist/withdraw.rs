//! `anju blacklist withdraw`: a reviewer takes a case or listing of this centre's back.

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
    #[arg(long, value_name = "REASON")]
    reason: String,
    #[arg(long)]
    impersonated: bool,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let act = Act::Withdraw { about: args.case.clone(), reason: args.reason.clone(), impersonated: args.impersonated };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
