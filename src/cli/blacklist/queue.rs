//! `anju blacklist queue`: what waits for whom until when.

use anju_core::desk::{Act, CaseLine, Event};
use serde_json::json;

use super::{Who, case};
use crate::cli::common;
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done, table};

/// Cases asked for at once.
const PAGE: usize = 200;
/// Most cases that are shown; the queue of a centre has tens.
const CASES_MAX: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let acting = args.who.acting(ctx)?;
    let mut all: Vec<CaseLine> = Vec::new();
    let mut more = true;
    while more && all.len() < CASES_MAX {
        // Pages follow the serial numbers; the deadlines order what is shown.
        let after = all.iter().map(|line| line.case.serial).max();
        let Event::Cases { cases, more: further } = acting.ask(&Act::Queue { after, limit: PAGE }, common::PATIENCE, |_| {})? else {
            return Err(common::unexpected());
        };
        more = further && !cases.is_empty();
        all.extend(cases);
    }
    all.sort_by_key(|line| (line.until.is_none(), line.until, line.case.serial));
    let mut text = String::new();
    if all.is_empty() {
        text.push_str(&ctx.say("blacklist.queue-empty"));
    } else {
        let mut rows = vec![ctx.say("blacklist.queue-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
        rows.extend(all.iter().map(|line| case::row(ctx, line)));
        text.push_str(&table(&rows));
    }
    Ok(Done::new(json!({ "cases": all, "more": more }), text))
}
