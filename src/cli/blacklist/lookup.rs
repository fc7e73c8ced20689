//! `anju blacklist lookup`: what all centres' lists say of one subject, and how fresh the copies are.
//!
//! The answer is one of four, and the command ends with 0 whatever it is: a hit is a reason for a person to look closer and never a
//! refusal, and a program reads the verdict, not the exit code.

use anju_core::desk::{Act, Applicant, CentreAnswer, Doubt, Event, Hit, LookupAnswer, Verdict};
use serde_json::json;

use super::{Who, case};
use crate::cli::common;
use crate::cli::document::document_no;
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done, table};
use crate::cli::text::clean;

/// Code of the legal basis when none is stated: the duty that the list itself is kept for.
pub(super) const LEGAL_BASIS: &str = "statutory-duty";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(long, value_name = "CODE", default_value = "01", value_parser = ["01", "02", "03", "04", "99", "USCC"])]
    document_type: String,
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    document_no: String,
    #[arg(long, value_name = "MATTER")]
    matter: String,
    #[arg(long, value_name = "NUMBER")]
    business_no: String,
    #[arg(long, value_name = "CODE", default_value = LEGAL_BASIS)]
    legal_basis: String,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let document_no = document_no(ctx, &args.document_no)?;
    let applicant = Applicant {
        row: 0,
        document_type: args.document_type.clone(),
        document_no: document_no.to_string(),
        business_no: args.business_no.clone(),
    };
    let act = Act::Lookup { applicant, matter: args.matter.clone(), legal_basis: args.legal_basis.clone() };
    let Event::Lookup(answer) = args.who.ask(ctx, &act)? else {
        return Err(common::unexpected());
    };
    Ok(Done::new(json!({ "verdict": answer.verdict, "answer": answer }), text(ctx, &answer)))
}

/// A verdict in words that say what it means for who reads them.
pub(super) fn verdict(ctx: Ctx, verdict: Verdict) -> String {
    ctx.say(&format!("verdict.{}", verdict.code()))
}

fn text(ctx: Ctx, answer: &LookupAnswer) -> String {
    let counting = answer.centres.iter().filter(|centre| centre.doubt.is_none()).count();
    let mut out = ctx.fill(
        &format!("lookup.{}", answer.verdict.code()),
        &[("counting", &counting.to_string()), ("centres", &answer.centres.len().to_string())],
    );
    for hit in &answer.hits {
        out.push_str(&self::hit(ctx, hit));
    }
    let doubtful: Vec<&CentreAnswer> = answer.centres.iter().filter(|centre| centre.doubt.is_some()).collect();
    if !doubtful.is_empty() {
        out.push_str(&ctx.say("lookup.doubtful"));
        out.push_str(&table(&doubtful.into_iter().map(|centre| doubt_row(ctx, centre)).collect::<Vec<_>>()));
    }
    out.push_str(&ctx.say("lookup.as-of"));
    out.push_str(&table(&answer.centres.iter().map(|centre| centre_row(ctx, centre)).collect::<Vec<_>>()));
    let request = answer.request.to_string();
    out.push_str(
        &ctx.fill("lookup.foot", &[("at", &answer.at.legal_text()), ("request", &request), ("left", &answer.quota_left.to_string())]),
    );
    out
}

fn hit(ctx: Ctx, hit: &Hit) -> String {
    let mut out = ctx.fill(
        "lookup.hit",
        &[("listing", &hit.listing.to_string()), ("standing", &case::standing(ctx, hit.standing)), ("centre", hit.listing.centre.as_str())],
    );
    if hit.open_objections > 0 {
        out.push_str(&ctx.fill("lookup.hit-objections", &[("count", &hit.open_objections.to_string())]));
    }
    if !hit.counts {
        out.push_str(&ctx.say("lookup.hit-does-not-count"));
    }
    let mut rows = case::finding(ctx, &hit.finding);
    let basis = ctx.lang.find(&format!("basis.{}", hit.basis)).unwrap_or_else(|| clean(&hit.basis));
    rows.push(vec![format!("  {}", ctx.say("finding.basis")), basis]);
    out.push_str(&table(&rows));
    out
}

const fn doubt_code(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NotHeard => "not-heard",
        Doubt::Stale => "stale",
        Doubt::Behind => "behind",
        Doubt::Withheld => "withheld",
        Doubt::Forked => "forked",
        Doubt::NotApplied => "not-applied",
        Doubt::PepperMissing => "pepper-missing",
    }
}

/// A centre that does not count, why, and as of when it speaks.
pub(super) fn doubt_row(ctx: Ctx, centre: &CentreAnswer) -> Vec<String> {
    let why = centre.doubt.map_or_else(String::new, |doubt| ctx.say(&format!("doubt.{}", doubt_code(doubt))));
    let as_of = centre.as_of.map_or_else(|| ctx.say("age.never"), |at| at.legal_text());
    vec![format!("  {}", centre.centre), clean(&centre.name), why, as_of]
}

fn centre_row(ctx: Ctx, centre: &CentreAnswer) -> Vec<String> {
    let said = verdict(ctx, centre.verdict);
    let as_of = centre.as_of.map_or_else(|| ctx.say("age.never"), |at| at.legal_text());
    vec![format!("  {}", centre.centre), clean(&centre.name), said, as_of, common::age(ctx, centre.age_ms)]
}
