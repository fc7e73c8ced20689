//! `anju blacklist`: proposing, deciding and ending listings, looking subjects up, and the jobs that run at night. One file a command.
//!
//! Everything here is asked of the running peer as an operator's signed act. A hit is told as a reason for a person to look closer, and
//! an answer that is not known in words that nobody can take for a clear one. What must never be here: a decision about a listing, and
//! a document's number on a screen that did not ask for it with a reason.

mod answer;
mod case;
pub(in crate::cli) mod export;
pub(in crate::cli) mod files;
pub(in crate::cli) mod import;
mod lookup;
mod notify;
mod object;
mod proof;
mod propose;
mod queue;
mod repair;
mod review;
pub(in crate::cli) mod screen;
mod show;
mod withdraw;

use std::path::Path;

use anju_core::desk::{Act, Event};
use anju_core::listing::Day;
use anju_core::listing::catalogue::Catalogue;

use super::acting::{Acting, OperatorArgs};
use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::out::{Ctx, Done};
use crate::config::Config;
use crate::config::folder::DataFolder;
use crate::source::SourceError;
use crate::source::blacklist::{ColumnMap, ColumnMapError};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Propose(Box<propose::Args>),
    Review(review::Args),
    Notify(notify::Args),
    Object(object::Args),
    Answer(answer::Args),
    Withdraw(withdraw::Args),
    Repair(repair::Args),
    Lookup(lookup::Args),
    Queue(queue::Args),
    Show(show::Args),
    Proof(proof::Args),
    Import(import::Args),
    Export(export::Args),
    Screen(screen::Args),
}

pub(super) fn run(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Propose(args) => propose::run(ctx, &args),
        Command::Review(args) => review::run(ctx, &args),
        Command::Notify(args) => notify::run(ctx, &args),
        Command::Object(args) => object::run(ctx, &args),
        Command::Answer(args) => answer::run(ctx, &args),
        Command::Withdraw(args) => withdraw::run(ctx, &args),
        Command::Repair(args) => repair::run(ctx, &args),
        Command::Lookup(args) => lookup::run(ctx, &args),
        Command::Queue(args) => queue::run(ctx, &args),
        Command::Show(args) => show::run(ctx, &args),
        Command::Proof(args) => proof::run(ctx, &args),
        Command::Import(args) => import::run(ctx, args),
        Command::Export(args) => export::run(ctx, &args),
        Command::Screen(args) => screen::run(ctx, &args),
    }
}

/// Whose peer, and who asks.
#[derive(Debug, clap::Args)]
struct Who {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    operator: OperatorArgs,
}

impl Who {
    fn acting(&self, ctx: Ctx) -> Result<Acting, Failure> {
        Acting::open(ctx, &self.data, &self.operator)
    }

    /// Has one act carried out.
    fn ask(&self, ctx: Ctx, act: &Act) -> Result<Event, Failure> {
        self.acting(ctx)?.ask(act, common::PATIENCE, |stage| ctx.note(&common::stage(ctx, stage)))
    }
}

/// The catalogue that the peer of this folder uses.
pub(super) fn catalogue_of(data: &DataArgs) -> Result<Catalogue, Failure> {
    let (folder, config) = data.open()?;
    catalogue(&folder, &config)
}

fn catalogue(folder: &DataFolder, config: &Config) -> Result<Catalogue, Failure> {
    let settings = config.blacklist.settings(folder).map_err(|e| common::config_failure(&folder.config(), e))?;
    Ok(settings.catalogue)
}

/// The legal day by this machine's clock.
fn today() -> Day {
    Day::of(common::now())
}

/// What a file as a whole is not.
pub(in crate::cli) fn table_failure(path: &Path, error: SourceError) -> Failure {
    let code = match &error {
        SourceError::Changed { .. } => Code::TableChanged,
        SourceError::Spill(_) => Code::TableScratch,
        SourceError::Stopped => Code::Interrupted,
        SourceError::Unreadable { .. } if !path.exists() => Code::InputUnreadable,
        SourceError::Folder(_)
        | SourceError::MissingFile { .. }
        | SourceError::AmbiguousFile { .. }
        | SourceError::Unsupported { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Empty { .. }
        | SourceError::MissingColumns { .. }
        | SourceError::DuplicateColumn { .. }
        | SourceError::Workbook { .. }
        | SourceError::Config { .. }
        | SourceError::AccountUnknown
        | SourceError::AccountUnreadable
        | SourceError::UnattributedLoans { .. }
        | SourceError::TooManyRows => Code::TableBad,
    };
    Failure::new(code).with("path", common::shown(path)).with("detail", error)
}

fn column_map(texts: &[String]) -> Result<ColumnMap, Failure> {
    ColumnMap::parse(texts.iter().map(String::as_str)).map_err(|error: ColumnMapError| Failure::new(Code::MapBad).with("detail", error))
}
