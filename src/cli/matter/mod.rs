//! `anju matter`: what a centre asks certificates for, as data. `check` needs no peer; the rest asks it, and `publish` is an operator's
//! signed act.

mod check;
mod shown;

use std::path::{Path, PathBuf};

use anju_core::desk::{Act, Event, MAX_MATTER_PAGE, MatterKey, MatterLine, Request};
use anju_core::listing::Day;
use anju_core::matter::{FileError, MAX_FILE_BYTES, Matter, Wording};
use anju_core::names::CentreCode;
use serde_json::json;

pub(super) use shown::rule_verdicts;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::out::{Ctx, Done, table};
use super::text::clean;
use crate::words::Lang;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    List(List),
    Show(Show),
    Publish(Publish),
    Check(check::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "CODE")]
    centre: Option<CentreCode>,
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    data: DataArgs,
    #[arg(value_name = "MATTER")]
    matter: String,
    #[arg(long, value_name = "CODE")]
    centre: Option<CentreCode>,
    #[arg(long, value_name = "DATE")]
    on: Option<Day>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Publish {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::List(args) => list(ctx, &args),
        Command::Show(args) => show(ctx, args),
        Command::Publish(args) => publish(ctx, &args),
        Command::Check(args) => check::run(ctx, &args),
    }
}

fn list(ctx: Ctx, args: &List) -> Result<Done, Failure> {
    let (mut matters, mut more): (Vec<MatterLine>, bool) = (Vec::new(), true);
    while more && matters.len() < args.limit {
        let after = matters.last().map(|line| MatterKey { code: line.code.clone(), from: line.from });
        let limit = (args.limit - matters.len()).min(MAX_MATTER_PAGE);
        let request = Request::Matters { centre: args.centre.clone(), after, limit };
        let Event::Matters { matters: page, more: left } = common::ask(&args.data, &request, common::PATIENCE, |_| {})? else {
            return Err(common::unexpected());
        };
        more = left && !page.is_empty();
        matters.extend(page);
    }
    if matters.is_empty() {
        return Ok(Done::new(json!({ "matters": matters, "more": more }), ctx.say("matter.none")));
    }
    let heads = ["matter.column-code", "matter.column-version", "matter.column-from", "matter.column-state", "matter.column-certificate"];
    let mut rows = vec![heads.into_iter().chain(["matter.column-title"]).map(|key| ctx.say(key)).collect()];
    rows.extend(matters.iter().map(|line| {
        let state = ctx.say(if line.in_force { "matter.in-force" } else { "matter.not-in-force" });
        let title = words(ctx, &line.title);
        vec![clean(&line.code), line.version.to_string(), line.from.to_string(), state, clean(&line.certificate), title]
    }));
    let mut text = table(&rows);
    if more {
        text.push_str(&ctx.say("matter.more"));
    }
    Ok(Done::new(json!({ "matters": matters, "more": more }), text))
}

fn show(ctx: Ctx, args: Show) -> Result<Done, Failure> {
    let request = Request::Matter { centre: args.centre, code: args.matter, day: args.on };
    let Event::Matter(view) = common::ask(&args.data, &request, common::PATIENCE, |_| {})? else {
        return Err(common::unexpected());
    };
    let state = ctx.say(if view.in_force { "matter.in-force" } else { "matter.not-in-force" });
    let values = [("centre", view.centre.as_str()), ("state", &state), ("at", &view.at.legal_text()), ("index", &view.index.to_string())];
    let text = format!("{}{}", shown::matter(ctx, &view.matter), ctx.fill("matter.published-at", &values));
    Ok(Done::new(json!({ "matter": view }), text))
}

fn publish(ctx: Ctx, args: &Publish) -> Result<Done, Failure> {
    let file = read(&args.file)?;
    // Whoever wrote it hears in their own language what is wrong, before a passphrase is asked for; the peer judges it again.
    let matter = Matter::from_toml(&file).map_err(|e| bad(ctx, Code::MatterBad, &args.file, &e))?;
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    let published = acting.ask(&Act::MatterPublish { file }, common::PATIENCE, |_| {})?;
    let Event::Published { version, index, .. } = published else {
        return Err(common::unexpected());
    };
    let values = [("code", matter.code.as_str()), ("version", &version.to_string()), ("from", &matter.from.to_string())];
    let json = json!({ "published": { "code": matter.code, "version": version, "from": matter.from, "index": index } });
    Ok(Done::new(json, ctx.fill("matter.published", &values)))
}

/// A matter's or catalogue's file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    common::read_text_of(path, MAX_FILE_BYTES as u64)
}

/// What is wrong with a file, in words, with its place.
pub(super) fn bad(ctx: Ctx, code: Code, path: &Path, error: &FileError) -> Failure {
    let problem = &error.problem;
    let allowed = problem.allowed.as_deref().map(|allowed| ctx.fill("matter.allowed", &[("allowed", allowed)])).unwrap_or_default();
    let at = if problem.at.is_empty() { String::new() } else { format!("{}: ", problem.at) };
    Failure::new(code)
        .with("path", common::shown(path))
        .with("line", error.position.line)
        .with("column", error.position.column)
        .with("at", at)
        .with("problem", problem.code)
        .with("words", ctx.say(&format!("matter-problem.{}", problem.code)))
        .with("allowed", allowed)
}

/// A text of a matter in the reader's language.
pub(super) fn words(ctx: Ctx, wording: &Wording) -> String {
    clean(match ctx.lang {
        Lang::Chinese => &wording.zh,
        Lang::English => &wording.en,
    })
}
