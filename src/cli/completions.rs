//! `anju completions`: completion scripts for shells.

use clap_complete::Shell;
use serde_json::json;

use super::failure::{Code, Failure};
use super::out::Done;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

pub(super) fn run(args: &Args, mut command: clap::Command) -> Result<Done, Failure> {
    let shell: Shell = args.shell.parse().map_err(|_| Failure::new(Code::Internal))?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "anju", &mut script);
    let script = String::from_utf8(script).map_err(|_| Failure::new(Code::Internal))?;
    Ok(Done::new(json!({ "shell": args.shell, "script": script }), script))
}
