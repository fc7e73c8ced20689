//! `anju blacklist object`: somebody objects, to a case of this centre's or to anybody's listing.

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
    #[arg(long, value_name = "CODE")]
    ground: String,
    #[arg(long, value_name = "TEXT")]
    text: String,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let act = Act::Object { about: args.case.clone(), ground: args.ground.clone(), text: args.text.clone() };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
