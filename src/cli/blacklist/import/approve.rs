//! `anju blacklist import approve`: a second operator reads the same file with their own eyes; then it is listed.

use std::borrow::Borrow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anju_core::desk::{Act, ImportView};
use anju_core::listing::import::ImportState;
use serde_json::json;

use super::super::{Who, catalogue, column_map, table_failure, today};
use super::{ask, counts_text, words};
use crate::cli::acting::Acting;
use crate::cli::common::DataArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::meter::Meter;
use crate::cli::onlooker::{Looking, Onlooker, Phase, Progress};
use crate::cli::out::{Ctx, Done};
use crate::source::blacklist::{BlacklistFile, Tally};

/// How often is asked how far it is; soon at first, for most files are done before the first second is over.
const EVERY: Duration = Duration::from_secs(1);
/// After how long it is asked first; from then on after twice as long each time.
const FIRST: Duration = Duration::from_millis(60);
/// How long is waited while nothing moves.
const STALL: Duration = Duration::from_secs(120);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long = "map", value_name = "MAP")]
    maps: Vec<String>,
    #[arg(long)]
    no_wait: bool,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let approval = Approval { data: &args.who.data, path: &args.file, maps: &args.maps, wait: !args.no_wait };
    let watch = Looking::new(Meter::new(ctx), |progress| words(ctx, progress));
    let approved = approval.run(|| args.who.acting(ctx), &watch)?;
    drop(watch);
    Ok(done(ctx, &approved.view, args.no_wait))
}

/// A staged file to be listed.
pub(in crate::cli) struct Approval<'a> {
    pub(in crate::cli) data: &'a DataArgs,
    pub(in crate::cli) path: &'a Path,
    pub(in crate::cli) maps: &'a [String],
    /// Whether to wait until all is listed, or until nothing moves any more.
    pub(in crate::cli) wait: bool,
}

/// What an approval came to.
pub(in crate::cli) struct Approved {
    pub(in crate::cli) tally: Tally,
    pub(in crate::cli) view: Box<ImportView>,
}

impl Approval<'_> {
    /// Reads the file again, compares it with what was staged, and has it listed. The peer goes on listing when nobody waits any more.
    pub(in crate::cli) fn run<A: Borrow<Acting>>(
        &self,
        acting: impl FnOnce() -> Result<A, Failure>,
        watch: &dyn Onlooker,
    ) -> Result<Approved, Failure> {
        let map = column_map(self.maps)?;
        let (folder, config) = self.data.open()?;
        let catalogue = catalogue(&folder, &config)?;
        let acting = acting()?;
        let acting = acting.borrow();
        let failed = |e| table_failure(self.path, e);
        let mut seen = |done| watch.read(done);
        let file = BlacklistFile::open(self.path, map, &catalogue, today(), folder.root(), &mut seen).map_err(failed)?;
        let tally = file.rows(&mut |_| if watch.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        let tally = tally.map_err(failed)?;
        let act = Act::ImportApprove { file: file.digest(), rows: tally.accepted, digest: tally.digest.0 };
        let mut view = ask(acting, &act)?;
        // What is gone from the file is told once, when it is approved.
        let (gone, gone_count) = (view.gone.clone(), view.gone_count);
        let (mut moved, mut wait) = (Instant::now(), FIRST);
        while view.state != ImportState::Done && self.wait && moved.elapsed() < STALL {
            watch.progress(Progress { phase: Phase::Listing, done: view.listed, of: Some(view.staged), rejected: 0 });
            std::thread::sleep(wait);
            wait = EVERY.min(wait * 2);
            watch.go_on()?;
            let next = ask(acting, &act)?;
            if next.listed != view.listed {
                moved = Instant::now();
            }
            view = next;
        }
        (view.gone, view.gone_count) = (gone, gone_count);
        Ok(Approved { tally, view })
    }
}

fn done(ctx: Ctx, view: &ImportView, no_wait: bool) -> Done {
    let finished = view.state == ImportState::Done;
    let key = match (finished, no_wait) {
        (true, _) => "import.approved",
        (false, true) => "import.approved-goes-on",
        (false, false) => "import.approved-stalled",
    };
    let values = [("file", view.file.to_string()), ("staged", view.staged.to_string()), ("by", view.by.to_string())];
    let mut text = ctx.fill(key, &values.each_ref().map(|(name, value)| (*name, value.as_str())));
    text.push_str(&counts_text(ctx, &view.counts));
    text.push_str(&super::gone_text(ctx, view));
    let exit = if finished || no_wait { Exit::Ok } else { Exit::TryLater };
    Done { json: json!({ "import": view }), text, exit }
}
