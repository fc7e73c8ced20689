//! `anju demo`: the main job as a story between real processes on loopback.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};

use super::common;
use super::exit::Exit;
use super::failure::{Code, Failure};
use super::out::{Ctx, Done};
use crate::demo::{self, Ending, Options, Report, Step};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    stay: bool,
    #[arg(long = "break", value_name = "STEP", value_parser = steps())]
    broken: Option<Step>,
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Only a step's name; a complaint then lists them all.
fn steps() -> impl TypedValueParser<Value = Step> {
    PossibleValuesParser::new(Step::ALL.iter().map(|step| step.as_str())).try_map(|name| name.parse::<Step>())
}

pub(super) fn run(ctx: Ctx, args: Args) -> Result<Done, Failure> {
    let options = Options { broken: args.broken, stay: args.stay, folder: args.folder };
    let mut steps: Vec<Value> = Vec::new();
    ctx.tell(&ctx.say("demo.head"));
    if Step::played(options.broken).len() < Step::ALL.len() {
        ctx.tell(&ctx.say("demo.skipped"));
    }
    let ending = demo::run(&options, |report| {
        ctx.tell(&told(ctx, report));
        steps.push(as_json(report));
    });
    let ending = ending.map_err(|e| Failure::new(Code::DemoStage).with("detail", e))?;
    let left: Vec<Value> = ending.left_up.iter().map(|(name, path)| json!({ "name": name, "path": common::shown(path) })).collect();
    let json = json!({ "demo": { "ok": ending.ok, "ms": ending.ms, "steps": steps, "left_up": left, "processes": ending.processes } });
    Ok(Done { json, text: foot(ctx, &ending), exit: if ending.ok { Exit::Ok } else { Exit::Software } })
}

/// One step: what was done, how long it took, what was typed, what travelled and who can see what.
fn told(ctx: Ctx, report: &Report) -> String {
    let name = report.step.as_str();
    let number = Step::ALL.iter().position(|step| *step == report.step).unwrap_or_default() + 1;
    let values: Vec<(&str, &str)> = report.values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let mark = ctx.say(if report.problem.is_none() { "demo.ok" } else { "demo.failed" });
    let head = [
        ("number", format!("{number:>2}")),
        ("title", ctx.fill(&format!("demo.{name}.title"), &values)),
        ("ms", report.ms.to_string()),
        ("name", name.to_owned()),
        ("mark", mark),
    ];
    let head: Vec<(&str, &str)> = head.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let mut out = ctx.fill("demo.step", &head);
    for command in &report.commands {
        out.push_str("\n       $ ");
        out.push_str(&super::text::clean(command));
    }
    let words = match &report.problem {
        Some(problem) => ctx.fill("demo.problem", &[("problem", &super::text::clean(problem))]),
        None => ctx.fill(&format!("demo.{name}.told"), &values),
    };
    for line in words.lines().filter(|line| !line.trim().is_empty()) {
        out.push_str("\n     ");
        out.push_str(line);
    }
    out.push('\n');
    out
}

fn as_json(report: &Report) -> Value {
    let values: serde_json::Map<String, Value> = report.values.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
    json!({
        "step": report.step.as_str(), "ok": report.problem.is_none(), "ms": report.ms, "commands": report.commands,
        "values": values, "problem": report.problem,
    })
}

fn foot(ctx: Ctx, ending: &Ending) -> String {
    let seconds = format!("{:.1}", f64::from(u32::try_from(ending.ms).unwrap_or(u32::MAX)) / 1000.0);
    if !ending.ok {
        return ctx.fill("demo.end-failed", &[("seconds", &seconds)]);
    }
    let mut out = ctx.fill("demo.end", &[("seconds", &seconds)]);
    if !ending.left_up.is_empty() {
        out.push_str(&ctx.say("demo.left-up"));
        for (name, path) in &ending.left_up {
            out.push_str(&format!("  {name:<10}  {}\n", common::shown(path)));
        }
        let pids = ending.processes.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        let path = |name: &str| ending.left_up.iter().find(|(n, _)| n == name).map(|(_, p)| common::shown(p)).unwrap_or_default();
        out.push_str(&ctx.fill(
            "demo.talk",
            &[
                ("pids", &pids),
                ("sanya", &path("C46020")),
                ("wallet", &path("wallet")),
                ("passphrase", &path("passphrase")),
                ("teller", &path("teller")),
            ],
        ));
    }
    out
}
