//! `anju blacklist notify`: the subject was told of reasons, basis and rights; the period for objections begins.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anju_core::desk::Act;
use anju_core::names::CaseNumber;

use super::{Who, case, table_failure};
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done};
use crate::source::blacklist::sha256_of;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(value_name = "CASE")]
    case: CaseNumber,
    #[arg(long, value_name = "DATE")]
    day: String,
    #[arg(long, value_name = "TEXT")]
    how: String,
    #[arg(long, value_name = "FILE")]
    waiver_file: Option<PathBuf>,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let hash = |path: &PathBuf| sha256_of(path, &mut |_| ControlFlow::Continue(())).map_err(|e| table_failure(path, e));
    let waiver = args.waiver_file.as_ref().map(hash).transpose()?;
    let act = Act::Notify { case: args.case.clone(), day: args.day.clone(), how: args.how.clone(), waiver };
    case::done(ctx, args.who.ask(ctx, &act)?)
}
