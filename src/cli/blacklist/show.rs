//! `anju blacklist show`: one case of this centre's with its steps, or what can be said of another's listing.

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
    unmask: Option<String>,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let act = Act::CaseShow { about: args.case.clone(), unmask: args.unmask.clone() };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
