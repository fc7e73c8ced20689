//! `anju blacklist import`: the rows of a file are checked here, staged at the peer, and listed once a second operator has approved the
//! same file.
//!
//! A job that was stopped is run again: the peer says how far it came. Whatever is not taken stands in the reject file.

pub(in crate::cli) mod approve;
mod stage;

use std::borrow::Borrow;
use std::path::{Path, PathBuf};

use anju_core::desk::{Act, Event, ImportView};
use anju_core::listing::import::{ImportCounts, ImportState};
use anju_core::names::Digest;
use anju_core::operator::OperatorName;
use serde_json::{Value, json};

use super::files::{REJECTS_SHOWN_MAX, Rejects, reason};
use super::{catalogue, column_map, table_failure, today};
use crate::cli::acting::{Acting, OperatorArgs};
use crate::cli::common::{self, DataArgs, folder_failure};
use crate::cli::exit::Exit;
use crate::cli::failure::{Code, Failure};
use crate::cli::meter::Meter;
use crate::cli::onlooker::{Looking, Onlooker, Phase, Progress};
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
    let import = Import { ctx, data: &data, path: &file, maps: &args.maps, rejects: args.rejects.as_deref(), dry_run: args.dry_run };
    let watch = Looking::new(Meter::new(ctx), |progress| words(ctx, progress));
    let imported = import.run(|| acting(ctx, &data, operator.as_ref(), args.dry_run), &watch)?;
    drop(watch);
    Ok(import.done(&imported))
}

/// Where an import stands, on the meter.
fn words(ctx: Ctx, progress: Progress) -> String {
    let (done, of) = (progress.done.to_string(), progress.of.unwrap_or_default().to_string());
    match progress.phase {
        Phase::Reading => ctx.fill("import.looking", &[("done", &done)]),
        Phase::Staging => ctx.fill("import.progress", &[("rows", &done), ("all", &of)]),
        Phase::Listing | Phase::Screening | Phase::Writing | Phase::Copying => {
            ctx.fill("import.listing", &[("listed", &done), ("all", &of)])
        }
    }
}

/// The operator; a dry run also does without one, or without a running peer, and then compares nothing.
fn acting(ctx: Ctx, data: &DataArgs, operator: Option<&OperatorArgs>, dry_run: bool) -> Result<Option<Acting>, Failure> {
    let Some(operator) = operator else { return Ok(None) };
    match Acting::open(ctx, data, operator) {
        Ok(acting) => Ok(Some(acting)),
        Err(failure) if dry_run && failure.is(Code::PeerNotRunning) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A file to be staged.
pub(in crate::cli) struct Import<'a> {
    pub(in crate::cli) ctx: Ctx,
    pub(in crate::cli) data: &'a DataArgs,
    pub(in crate::cli) path: &'a Path,
    pub(in crate::cli) maps: &'a [String],
    pub(in crate::cli) rejects: Option<&'a Path>,
    pub(in crate::cli) dry_run: bool,
}

/// What a run came to.
pub(in crate::cli) struct Imported {
    pub(in crate::cli) file: Digest,
    pub(in crate::cli) tally: Tally,
    counts: Option<ImportCounts>,
    /// How the peer says it stands.
    pub(in crate::cli) view: Option<Box<ImportView>>,
    pub(in crate::cli) rejected: u64,
    first: Vec<(u64, Option<&'static str>, &'static str)>,
    pub(in crate::cli) rejects: Option<PathBuf>,
}

impl Import<'_> {
    /// Checks the rows and stages those that are right, or with `dry_run` only says what they would come to. `acting` is asked for once it
    /// is known that nobody else imports.
    pub(in crate::cli) fn run<A: Borrow<Acting>>(
        &self,
        acting: impl FnOnce() -> Result<Option<A>, Failure>,
        watch: &dyn Onlooker,
    ) -> Result<Imported, Failure> {
        let map = column_map(self.maps)?;
        let (folder, config) = self.data.open()?;
        // Nothing is written by a dry run: it may look on while somebody imports.
        let lock = if self.dry_run { None } else { Some(folder.lock_for(LOCK).map_err(|e| self.lock_failure(e))?) };
        let catalogue = catalogue(&folder, &config)?;
        let acting = acting()?;
        let failed = |e| table_failure(self.path, e);
        let mut seen = |done| watch.read(done);
        let file = BlacklistFile::open(self.path, map, &catalogue, today(), folder.root(), &mut seen).map_err(failed)?;
        let rejects = Rejects::open(self.path, self.rejects)?;
        // Without one row that is right there is nothing to say to the peer.
        let acting = acting.as_ref().map(Borrow::borrow).filter(|_| file.right() > 0);
        let headers = file.headers().map_err(failed)?;
        let mut stager = Stager::new(self.ctx, file.digest(), headers, acting, rejects, watch, self.dry_run)?;
        let tally = stager.take_all(&file).map_err(|e| e.failure(self.path))?;
        let (counts, view, rejects) = stager.finish(&tally)?;
        let (first, rejected) = (rejects.first.clone(), rejects.count);
        let rejects = rejects.finish()?;
        drop(lock);
        Ok(Imported { file: file.digest(), tally, counts, view, rejected, first, rejects })
    }

    fn lock_failure(&self, error: FolderError) -> Failure {
        match error {
            FolderError::Locked => Failure::new(Code::ImportLocked).with("path", common::shown(&self.data.data)),
            other => folder_failure(&self.data.data, other),
        }
    }

    fn done(&self, imported: &Imported) -> Done {
        let (ctx, dry_run) = (self.ctx, self.dry_run);
        let Imported { file, tally, counts, rejected, first, rejects, .. } = imported;
        let view = imported.view.as_ref().filter(|_| !dry_run);
        let mut text = ctx.fill(
            if dry_run { "import.head-dry" } else { "import.head" },
            &[
                ("file", &file.to_string()),
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
        if view.is_some_and(|view| view.state == ImportState::Staged) {
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
        Done { json: json!({ "import": json_of(imported, dry_run) }), text, exit }
    }
}

fn json_of(imported: &Imported, dry_run: bool) -> Value {
    let Imported { file, tally, counts, rejected, rejects, .. } = imported;
    let view = imported.view.as_ref().filter(|_| !dry_run);
    json!({
        "file": file.to_string(),
        "dry_run": dry_run,
        "compared": counts.is_some(),
        "rows": tally.rows,
        "accepted": tally.accepted,
        "duplicates": tally.duplicates,
        "rejected": rejected,
        "rejects": rejects.as_deref().map(common::shown),
        "counts": counts,
        "state": view.map(|view| view.state),
        "gone": view.map(|view| &view.gone),
        "gone_count": view.map(|view| view.gone_count),
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
fn ask(acting: &Acting, act: &Act) -> Result<Box<ImportView>, Failure> {
    view_of(acting.ask(act, common::LONG_PATIENCE, |_| {})?)
}
