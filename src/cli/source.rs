//! `anju source`: what the business system's exports hold, as anju reads them. Never writes to them.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

use anju_core::facts::AccountFacts;
use anju_core::names::CentreCode;
use serde_json::{Value, json};

use super::common::{self, DataArgs};
use super::exit::Exit;
use super::failure::{Code, Failure};
use super::meter::Meter;
use super::out::{Ctx, Done, table};
use super::text::clean;
use crate::source::{self, FileReport, Report, SourceConfig, SourceError};

/// Most rejected rows that are listed for a person; `--json` has all that the report keeps.
const REJECTIONS_SHOWN_MAX: usize = 20;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Check(Check),
    Facts(Facts),
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct Facts {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, value_name = "NUMBER")]
    account: Option<String>,
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Check(args) => check(ctx, &args),
        Command::Facts(args) => facts(ctx, &args),
    }
}

fn configured(data: &DataArgs) -> Result<(SourceConfig, CentreCode), Failure> {
    let (folder, config) = data.open()?;
    let source = config.source_in(&folder).ok_or_else(|| Failure::new(Code::SourceNotConfigured))?;
    Ok((source, config.centre.code))
}

/// Rejected rows are not a failure of the command, but a program must be able to tell: the command ends with 65.
fn check(ctx: Ctx, args: &Check) -> Result<Done, Failure> {
    let (source, _) = configured(&args.data)?;
    let meter = Meter::new(ctx);
    let report = source::check(&source, &mut |at| meter.tell(|| reading(ctx, at))).map_err(source_failure)?;
    drop(meter);
    let rejected: u64 = files(&report).iter().map(|file| file.rejected_total()).sum();
    let exit = if rejected == 0 { Exit::Ok } else { Exit::Data };
    Ok(Done { text: text(ctx, &report), json: json!({ "report": report, "rejected": rejected }), exit })
}

const fn files(report: &Report) -> [&FileReport; 3] {
    [&report.accounts, &report.transactions, &report.loans]
}

fn text(ctx: Ctx, report: &Report) -> String {
    let mut rows = vec![ctx.say("source.columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    for file in files(report) {
        let counts = [file.rows, file.accepted, file.duplicates, file.rejected_total(), file.blank];
        rows.push(std::iter::once(clean(&file.file)).chain(counts.iter().map(u64::to_string)).collect());
    }
    let mut out = table(&rows);
    let as_of = report.as_of.map_or_else(|| "-".to_owned(), |month| month.to_string());
    let facts = &report.facts;
    out.push_str(&ctx.fill(
        "source.facts",
        &[
            ("as_of", &as_of),
            ("accounts", &facts.accounts.to_string()),
            ("unreadable", &facts.unreadable.to_string()),
            ("orphans", &(facts.orphan_transactions + facts.orphan_loans).to_string()),
        ],
    ));
    let all: Vec<_> = files(report).into_iter().flat_map(|file| file.rejections.iter().map(move |r| (file, r))).collect();
    for (file, rejection) in all.iter().take(REJECTIONS_SHOWN_MAX) {
        let reason = rejection.reason.as_str();
        let words = ctx.lang.find(&format!("reason.{reason}")).unwrap_or_else(|| reason.to_owned());
        let (line, column) = (rejection.line.to_string(), rejection.column.unwrap_or("-"));
        out.push_str(
            &ctx.fill("source.rejected", &[("file", &clean(&file.file)), ("line", &line), ("column", column), ("reason", &words)]),
        );
    }
    if all.len() > REJECTIONS_SHOWN_MAX {
        out.push_str(&ctx.say("source.more"));
    }
    out
}

/// One line an account, printed as it is read: with `--json` an object a line, the one command that prints more than one. Should it
/// fail in the middle, the last line is the error and what came before is not to be kept.
fn facts(ctx: Ctx, args: &Facts) -> Result<Done, Failure> {
    let (source, centre) = configured(&args.data)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    if let Some(account) = &args.account {
        let facts = source::facts_of(&source, account).map_err(source_failure)?;
        written = line(ctx, &mut out, &facts, &centre);
    } else {
        let mut sink = |reading: source::AccountReading| {
            written = line(ctx, &mut out, &reading.facts, &centre);
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let meter = Meter::beside_output(ctx);
        match source::facts_all(&source, &mut |at| meter.tell(|| reading(ctx, at)), &mut sink) {
            Ok(_) | Err(SourceError::Stopped) => {}
            Err(error) => {
                let _ = out.flush();
                return Err(source_failure(error));
            }
        }
    }
    match written.and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        Ok(()) | Err(_) => Ok(Done::new(Value::Null, String::new())),
    }
}

fn reading(ctx: Ctx, at: source::Progress) -> String {
    let file = ctx.say(&format!("progress.file-{}", at.file));
    ctx.fill("progress.reading", &[("file", &file), ("rows", &at.rows.to_string())])
}

fn line(ctx: Ctx, out: &mut impl Write, facts: &AccountFacts, centre: &CentreCode) -> io::Result<()> {
    if ctx.json {
        serde_json::to_writer(&mut *out, &source::TruthLine::of(facts, centre))?;
        return writeln!(out);
    }
    let truth = source::truth_line(facts, centre);
    // Names and identity numbers are for programs that asked for them, not for a screen.
    let keys = ["grzh", "status", "continuous_months", "run_to_last_paid", "monthly", "balance", "loans", "outstanding"];
    let cell = |key: &&str| truth.get(*key).map(|v| v.as_str().map_or_else(|| v.to_string(), clean)).unwrap_or_default();
    writeln!(out, "{}", keys.iter().map(cell).collect::<Vec<_>>().join("  "))
}

fn source_failure(error: SourceError) -> Failure {
    match common::refusal_of(&error) {
        Some(refusal) => refusal.into(),
        None => Failure::new(Code::SourceUnreadable).with("detail", error),
    }
}
