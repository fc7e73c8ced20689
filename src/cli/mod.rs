//! The command line. One file per command, and the only room that knows clap.
//!
//! A command reads its arguments, asks the peer or a library, and hands back what it has to say (`out::Done`) or why not
//! (`failure::Failure`); only `out` writes. A new command is one file here, one line in `Command`, and its words in `locales/`.
//! What must never be here: a decision of the core's, and a secret that arrives as an argument.

mod acting;
mod audit;
mod blacklist;
mod catalogue;
mod certificate;
mod common;
mod completions;
mod demo;
pub mod desk;
mod document;
mod dossier;
mod evidence;
mod exit;
mod failure;
mod federation;
mod first;
mod grant;
mod help;
mod holder;
mod holder_grant;
mod holder_window;
mod init;
mod inquiry;
mod journal;
mod keys;
mod loan;
mod matter;
mod meter;
mod onlooker;
mod operator;
mod out;
mod outbox;
mod peer;
mod qr;
mod query;
mod serve;
mod source;
mod status;
mod store;
mod sync;
mod take_over;
#[cfg(test)]
mod tests;
mod text;
mod verify;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use exit::Exit;
use failure::Failure;
use out::{Ctx, Done};

use crate::words::Lang;

#[derive(Debug, Parser)]
#[command(name = "anju", version, disable_help_flag = true, disable_help_subcommand = true, disable_version_flag = true)]
#[command(subcommand_required = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
    #[arg(long, global = true)]
    json: bool,
    #[arg(long, global = true, value_name = "LANG", value_parser = ["zh", "en"])]
    lang: Option<String>,
    #[arg(short, long, global = true, action = clap::ArgAction::Help)]
    help: Option<bool>,
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    #[command(subcommand)]
    Federation(federation::Command),
    Serve(serve::Args),
    Desk(desk::Args),
    Status(status::Args),
    #[command(subcommand)]
    Source(source::Command),
    #[command(subcommand)]
    Holder(holder::Command),
    #[command(subcommand)]
    Keys(keys::Command),
    #[command(subcommand)]
    Certificate(certificate::Command),
    Query(query::Args),
    #[command(subcommand)]
    Outbox(outbox::Command),
    #[command(subcommand)]
    Grant(grant::Command),
    #[command(subcommand)]
    Matter(matter::Command),
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    #[command(subcommand)]
    Blacklist(blacklist::Command),
    #[command(subcommand)]
    Loan(loan::Command),
    #[command(subcommand)]
    Dossier(dossier::Command),
    Sync(sync::Args),
    #[command(subcommand)]
    Operator(operator::Command),
    #[command(subcommand)]
    Audit(audit::Command),
    #[command(subcommand)]
    Journal(journal::Command),
    Evidence(evidence::Args),
    Verify(verify::Args),
    #[command(subcommand)]
    Store(store::Command),
    Demo(demo::Args),
    Completions(completions::Args),
}

/// Runs the command line of this process and says how it ended.
#[must_use]
pub fn main() -> std::process::ExitCode {
    let args: Vec<std::ffi::OsString> = std::env::args_os().collect();
    run(&args).into()
}

/// The language and the reader must be known before clap has looked: its complaints are in a language and for a reader, too.
fn context(args: &[std::ffi::OsString]) -> Ctx {
    let words: Vec<&str> = args.iter().map_while(|a| if a == "--" { None } else { Some(a.to_str().unwrap_or_default()) }).collect();
    let after = |pair: &[&str]| (pair[0] == "--lang").then(|| pair[1].to_owned());
    let joined = words.iter().find_map(|word| word.strip_prefix("--lang=").map(str::to_owned));
    let asked = joined.or_else(|| words.windows(2).find_map(after));
    Ctx { lang: Lang::choose(asked.as_deref(), |name| std::env::var(name).ok()), json: words.contains(&"--json") }
}

fn run(args: &[std::ffi::OsString]) -> Exit {
    let ctx = context(args);
    let line = help::localised(Line::command(), ctx.lang).try_get_matches_from(args).and_then(|m| Line::from_arg_matches(&m));
    match line {
        Ok(line) => {
            let outcome = dispatch(ctx, line.command);
            out::finish(ctx, outcome)
        }
        // Whoever types only `anju` wants to know what there is.
        Err(error) if error.use_stderr() && args.len() < 2 => {
            out::print(&help::localised(Line::command(), ctx.lang).render_help().to_string(), Exit::Usage)
        }
        Err(error) if !error.use_stderr() => out::print(&error.render().to_string(), Exit::Ok),
        Err(error) => out::finish(ctx, Err(help::explain(&error))),
    }
}

fn dispatch(ctx: Ctx, command: Command) -> Result<Done, Failure> {
    match command {
        Command::Init(args) => init::run(ctx, args),
        Command::Serve(args) => serve::run(ctx, &args),
        Command::Desk(args) => desk::run(ctx, args),
        Command::Source(command) => source::run(ctx, command),
        Command::Store(command) => store::run(ctx, command),
        Command::Status(args) => status::run(ctx, &args),
        Command::Federation(command) => federation::run(ctx, command),
        Command::Holder(command) => holder::run(ctx, command),
        Command::Keys(command) => keys::run(ctx, command),
        Command::Certificate(command) => certificate::run(ctx, command),
        Command::Query(args) => query::run(ctx, &args),
        Command::Outbox(command) => outbox::run(ctx, command),
        Command::Grant(command) => grant::run(ctx, command),
        Command::Matter(command) => matter::run(ctx, command),
        Command::Catalogue(command) => catalogue::run(ctx, command),
        Command::Blacklist(command) => blacklist::run(ctx, command),
        Command::Loan(command) => loan::run(ctx, command),
        Command::Dossier(command) => dossier::run(ctx, command),
        Command::Sync(args) => sync::run(ctx, &args),
        Command::Operator(command) => operator::run(ctx, command),
        Command::Audit(command) => audit::run(ctx, command),
        Command::Journal(command) => journal::run(ctx, command),
        Command::Evidence(args) => evidence::run(ctx, &args),
        Command::Verify(args) => verify::run(ctx, &args),
        Command::Demo(args) => demo::run(ctx, args),
        Command::Completions(args) => completions::run(&args, Line::command()),
    }
}
