//! `anju matter check`: is this file a matter, and what do its rules say of values? Without a peer, so that it can be tried at a desk.

use std::path::PathBuf;

use anju_core::certificate::FieldValues;
use anju_core::listing::Day;
use anju_core::matter::Matter;
use serde_json::{Map, Value, json};

use super::super::common;
use super::super::failure::{Code, Failure};
use super::super::out::{Ctx, Done};
use super::super::text::clean;
use super::{bad, read, shown, words};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    #[arg(long, value_name = "DATE", requires = "values")]
    on: Option<Day>,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let matter = Matter::from_toml(&read(&args.file)?).map_err(|e| bad(ctx, Code::MatterBad, &args.file, &e))?;
    let text = ctx.fill("matter.sound", &[("code", &matter.code), ("version", &matter.version.to_string())]);
    let Some(path) = &args.values else {
        let text = format!("{text}{}", shown::matter(ctx, &matter));
        return Ok(Done::new(json!({ "matter": matter }), text));
    };
    let values = values(path)?;
    let today = args.on.unwrap_or_else(|| Day::of(common::now()));
    let mut text = text;
    let mut rules = Vec::new();
    for rule in &matter.rules {
        let verdict = rule.evaluate(matter.certificate, &values, today);
        let outcome = shown::outcome(ctx, verdict.outcome);
        let filled = [("title", words(ctx, &rule.title)), ("rule", clean(&rule.name)), ("outcome", outcome)];
        text.push_str(&ctx.fill("matter.verdict", &filled.each_ref().map(|(name, value)| (*name, value.as_str()))));
        text.push_str(&shown::conditions(ctx, &verdict.conditions));
        rules.push(json!({ "rule": rule.name, "outcome": verdict.outcome, "conditions": verdict.conditions }));
    }
    Ok(Done::new(json!({ "code": matter.code, "version": matter.version, "day": today, "rules": rules }), text))
}

/// A JSON object of claim names and values, as a certificate has them.
fn values(path: &std::path::Path) -> Result<FieldValues, Failure> {
    // What the file says is not repeated: it may be somebody's.
    let none = |_| Failure::new(Code::ValuesBad).with("path", common::shown(path));
    let object: Map<String, Value> = serde_json::from_str(&common::read_text(path)?).map_err(none)?;
    Ok(FieldValues::new(object.into_iter().collect()))
}
