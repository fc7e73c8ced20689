//! `anju blacklist import`: the rows of a file are checked here, staged at the peer, and listed once a second operator has approved the
//! same file.
//!
//! A job that was stopped is run again: the peer says how far it came. Whatever is not taken stands in the reject file.

mod approve;
mod stage;

use std::path::{Path, PathBuf};

use anju_core::desk::{Act, Event, ImportView};
use anju_core::listing::import::{ImportCounts, ImportState};
use anju_core::operator::OperatorName;
use serde_json::{Value, json};

use super::files::{REJECTS_SHOWN_MAX, Rejects, reason};
use super::{catalogue, column_map, table_failure, today};
use crate::cli::acting::{Acting, OperatorArgs};
use crate::cli::common::{self, DataArgs, folder_failure};
use crate::cli::exit::Exit;
use crate::cli::failure::{Code, Failure};
use crate::cli::meter::Meter;
use crate::cli::out::{Ctx, Done};
use crate::config::folder::FolderError;
use crate::source::blacklist::{BlacklistFile, Tally};
use stage::Stager;

/// Who holds it stages a file; it lies in the data folder.
const LOCK: &str = "blacklist-import.lock";

/// `approve` is a word of its own: a file of that name is given as `./approve`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[arg(long, value_name = "DIR", env = "ANJU_DATA")]
    data: Option<PathBuf>,
    #[arg(long, value_name = "OPERATOR", env = "ANJU_OPERATOR")]
    operator: Option<OperatorName>,
    #[arg(long, value_name = "FILE", env = "ANJU_OPERATOR_PASSPHRASE_FILE")]
    operator_passphrase_file: Option<PathBuf>,
    #[arg(long = "map", value_name = "MAP")]
    maps: Vec<String>,
    #[arg(long)]
    dry_run: bool,
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Approve(approve::Args),
}

pub(in crate::cli) fn run(ctx: Ctx, args: Args) -> Result<Done, Failure> {
    if let Some(Command::Approve(args)) = args.command {
        return approve::run(ctx, &args);
    }
    let missing = |argument: &str| Failure::new(Code::UsageMissing).with("argument", argument);
    let file = args.file.ok_or_else(|| missing("<FILE>"))?;
    let data = DataArgs { data: args.data.ok_or_else(|| missing("--data <DIR>"))? };
    let operator = match args.operator {
        Some(operator) => Some(OperatorArgs { operator, operator_passphrase_file: args.operator_passphrase_file }),
        None if args.dry_run => None,
        None => return Err(missing("--operator <OPERATOR>")),
    };
    let job = Job { ctx, data: &data, operator: operator.as_ref(), path: &file, maps: &args.maps, rejects: args.rejects.as_deref() };
    job.run(args.dry_run)
}

struct Job<'a> {
    ctx: Ctx,
    data: &'a DataArgs,
    operator: Option<&'a OperatorArgs>,
    path: &'a Path,
    maps: &'a [String],
    rejects: Option<&'a Path>,
}

/// What a run came to.
struct Outcome {
    tally: Tally,
    counts: Option<ImportCounts>,
    view: Option<Box<ImportView>>,
    rejected: u64,
    dry_run: bool,
}

impl Job<'_> {
    fn run(&self, dry_run: bool) -> Result<Done, Failure> {
        let ctx = self.ctx;
        let map = column_map(self.maps)?;
        let (folder, config) = self.data.open()?;
        // Nothing is written by a dry run: it may look on while somebody imports.
        let lock = if dry_run { None } else { Some(folder.lock_for(LOCK).map_err(|e| self.lock_failure(e))?) };
        let catalogue = catalogue(&folder, &config)?;
        let acting = self.acting(dry_run)?;
        let meter = Meter::new(ctx);
        let mut seen = |done: u64| meter.tell(|| ctx.fill("import.looking", &[("done", &done.to_string())]));
        let failed = |e| table_failure(self.path, e);
        let file = BlacklistFile::open(self.path, map, &catalogue, today(), folder.root(), &mut seen).map_err(failed)?;
        let rejects = Rejects::open(self.path, self.rejects)?;
        // Without one row that is right there is nothing to say to the peer.
        let acting = acting.filter(|_| file.right() > 0);
        let mut stager = Stager::new(ctx, file.digest(), file.headers().map_err(failed)?, acting, rejects, dry_run)?;
        let tally = stager.take_all(&file, &meter).map_err(|e| e.failure(self.path))?;
        drop(meter);
        let (counts, view, rejects) = stager.finish(&tally)?;
        let (first, rejected) = (rejects.first.clone(), rejects.count);
        let rejects_path = rejects.finish()?;
        drop(lock);
        let outcome = Outcome { tally, counts, view, rejected, dry_run };
        Ok(self.done(&outcome, &first, rejects_path.as_deref(), &file.digest().to_string()))
    }

    fn lock_failure(&self, error: FolderError) -> Failure {
        match error {
            FolderError::Locked => Failure::new(Code::ImportLocked).with("path", common::shown(&self.data.data)),
            other => folder_failure(&self.data.data, other),
        }
    }

    /// The operator; a dry run also does without one, or without a running peer, and then compares nothing.
    fn acting(&self, dry_run: bool) -> Result<Option<Acting<'_>>, Failure> {
        let Some(operator) = self.operator else { return Ok(None) };
        match Acting::open(self.ctx, self.data, operator) {
            Ok(acting) => Ok(Some(acting)),
            Err(failure) if dry_run && failure.is(Code::PeerNotRunning) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn done(&self, outcome: &Outcome, first: &[(u64, Option<&'static str>, &'static str)], rejects: Option<&Path>, file: &str) -> Done {
        let ctx = self.ctx;
        let Outcome { tally, counts, view, rejected, dry_run } = outcome;
        let mut text = ctx.fill(
            if *dry_run { "import.head-dry" } else { "import.head" },
            &[
                ("file", file),
                ("rows", &tally.rows.to_string()),
                ("accepted", &tally.accepted.to_string()),
                ("duplicates", &tally.duplicates.to_string()),
                ("rejected", &rejected.to_string()),
            ],
        );
        match counts {
            Some(counts) => text.push_str(&counts_text(ctx, counts)),
            None if tally.accepted > 0 => text.push_str(&ctx.say("import.not-compared")),
            None => {}
        }
        if let Some(view) = view {
            text.push_str(&gone_text(ctx, view));
        }
        for (row, column, code) in first {
            let values = [("row", row.to_string()), ("column", column.unwrap_or("-").to_owned()), ("reason", reason(ctx, code))];
            text.push_str(&ctx.fill("import.rejected", &values.each_ref().map(|(name, value)| (*name, value.as_str()))));
        }
        if *rejected > REJECTS_SHOWN_MAX as u64 {
            text.push_str(&ctx.say("import.more"));
        }
        if let Some(path) = rejects {
            text.push_str(&ctx.fill("import.rejects", &[("path", &crate::cli::text::clean(&common::shown(path)))]));
        }
        if !dry_run && view.as_ref().is_some_and(|view| view.state == ImportState::Staged) {
            text.push_str(&ctx.fill("import.next", &[("path", &crate::cli::text::clean(&common::shown(self.path)))]));
        }
        if tally.rows > 0 && tally.accepted == 0 {
            text.push_str(&ctx.say("import.nothing"));
        }
        let exit = match (tally.rows, tally.accepted, rejected) {
            (1.., 0, _) => Exit::Data,
            (_, _, 1..) => Exit::SomeRejected,
            (_, _, 0) => Exit::Ok,
        };
        Done { json: json!({ "import": json_of(outcome, rejects, file) }), text, exit }
    }
}

fn json_of(outcome: &Outcome, rejects: Option<&Path>, file: &str) -> Value {
    let Outcome { tally, counts, view, rejected, dry_run } = outcome;
    json!({
        "file": file,
        "dry_run": dry_run,
        "compared": counts.is_some(),
        "rows": tally.rows,
        "accepted": tally.accepted,
        "duplicates": tally.duplicates,
        "rejected": rejected,
        "rejects": rejects.map(common::shown),
        "counts": counts,
        "state": view.as_ref().map(|view| view.state),
        "gone": view.as_ref().map(|view| &view.gone),
        "gone_count": view.as_ref().map(|view| view.gone_count),
    })
}

/// What the rows came to.
fn counts_text(ctx: Ctx, counts: &ImportCounts) -> String {
    ctx.fill(
        "import.counts",
        &[
            ("new", &counts.new.to_string()),
            ("changed", &counts.changed.to_string()),
            ("same", &counts.same.to_string()),
            ("over", &counts.over.to_string()),
            ("held", &counts.held.to_string()),
        ],
    )
}

/// Listings of this centre that are not in the file any more: told, never ended.
fn gone_text(ctx: Ctx, view: &ImportView) -> String {
    if view.gone_count == 0 {
        return String::new();
    }
    let cases: Vec<String> = view.gone.iter().take(REJECTS_SHOWN_MAX).map(ToString::to_string).collect();
    let dots = if view.gone_count > cases.len() as u64 { " …" } else { "" };
    ctx.fill("import.gone", &[("count", &view.gone_count.to_string()), ("cases", &format!("{}{dots}", cases.join(" ")))])
}

/// How the peer says an import stands.
fn view_of(event: Event) -> Result<Box<ImportView>, Failure> {
    if let Event::Import(view) = event { Ok(view) } else { Err(common::unexpected()) }
}

/// Asks for what may take long: subjects are derived, rows are looked up.
fn ask(acting: &Acting<'_>, act: &Act) -> Result<Box<ImportView>, Failure> {
    view_of(acting.ask(act, common::LONG_PATIENCE, |_| {})?)
}
