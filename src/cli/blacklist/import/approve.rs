//! `anju blacklist import approve`: a second operator reads the same file with their own eyes; then it is listed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anju_core::desk::{Act, ImportView};
use anju_core::listing::import::ImportState;
use serde_json::json;

use super::super::{Who, catalogue, column_map, table_failure, today};
use super::{ask, counts_text};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::meter::Meter;
use crate::cli::out::{Ctx, Done};
use crate::source::blacklist::BlacklistFile;

/// How often is asked how far it is.
const EVERY: Duration = Duration::from_secs(1);
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
    let map = column_map(&args.maps)?;
    let (folder, config) = args.who.data.open()?;
    let catalogue = catalogue(&folder, &config)?;
    let acting = args.who.acting(ctx)?;
    let meter = Meter::new(ctx);
    let mut seen = |done: u64| meter.tell(|| ctx.fill("import.looking", &[("done", &done.to_string())]));
    let failed = |e| table_failure(&args.file, e);
    let file = BlacklistFile::open(&args.file, map, &catalogue, today(), folder.root(), &mut seen).map_err(failed)?;
    let tally = file.rows(&mut |_| std::ops::ControlFlow::Continue(())).map_err(failed)?;
    let act = Act::ImportApprove { file: file.digest(), rows: tally.accepted, digest: tally.digest.0 };
    let mut view = ask(&acting, &act)?;
    // What is gone from the file is told once, when it is approved.
    let (gone, gone_count) = (view.gone.clone(), view.gone_count);
    let mut moved = Instant::now();
    while view.state != ImportState::Done && !args.no_wait && moved.elapsed() < STALL {
        meter.tell(|| ctx.fill("import.listing", &[("listed", &view.listed.to_string()), ("all", &view.staged.to_string())]));
        std::thread::sleep(EVERY);
        let next = ask(&acting, &act)?;
        if next.listed != view.listed {
            moved = Instant::now();
        }
        view = next;
    }
    drop(meter);
    view.gone = gone;
    view.gone_count = gone_count;
    Ok(done(ctx, &view, args.no_wait))
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
