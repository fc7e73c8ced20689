//! `anju blacklist proof`: which centres have acknowledged the ending of a listing, since when, and which have not.

use anju_core::desk::{Acknowledgement, Act, CaseRef, Event};
use serde_json::json;

use super::{Who, case};
use crate::cli::common;
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done, table};
use crate::cli::text::clean;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(value_name = "CASE")]
    case: CaseRef,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let Event::Proof(proof) = args.who.ask(ctx, &Act::Proof { about: args.case.clone() })? else {
        return Err(common::unexpected());
    };
    let mut text = ctx.fill(
        "blacklist.proof-head",
        &[
            ("listing", &proof.listing.to_string()),
            ("standing", &case::standing(ctx, proof.standing)),
            ("at", &proof.ended_at.legal_text()),
            ("index", &proof.ended_index.to_string()),
        ],
    );
    if let Some(backing) = &proof.backing {
        text.push_str(&ctx.fill("blacklist.proof-backing", &[("level", &common::backing(ctx, backing))]));
    }
    let mut rows = vec![ctx.say("blacklist.proof-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(proof.centres.iter().map(|centre| row(ctx, centre)));
    text.push_str(&table(&rows));
    text.push_str(&ctx.say(if proof.complete { "blacklist.proof-complete" } else { "blacklist.proof-incomplete" }));
    Ok(Done::new(json!({ "proof": proof }), text))
}

fn row(ctx: Ctx, centre: &Acknowledgement) -> Vec<String> {
    let since = centre.since.map_or_else(|| ctx.say("blacklist.proof-not-yet"), |at| at.legal_text());
    let place = centre.index.map_or_else(|| "-".to_owned(), |index| index.to_string());
    let as_of = centre.as_of.map_or_else(|| ctx.say("age.never"), |at| at.legal_text());
    vec![centre.centre.to_string(), clean(&centre.name), since, place, centre.applied.to_string(), as_of]
}
