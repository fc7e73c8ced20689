//! `anju desk`: the operators' screen. Here is only what it stands on: the terminal, its settings, signals, and the door to the peer.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `door` | the peer and an operator's open key, as the screen asks for them |
//! | `work` | long jobs, done by the functions that the commands use |
//! | `signals` | what asks the process to end gives the terminal back |
//!
//! What must never be here: anything that is drawn, and a second copy of what a command does.

mod door;
mod signals;
#[cfg(test)]
mod tests;
mod work;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anju_core::names::RequestId;
use anju_tui::screens::SCREENS;
use anju_tui::settings::{SETTINGS_MAX_BYTES, SettingsError};
use anju_tui::{Options, Settings, Words};
use rand_core::Rng;
use serde_json::Value;

pub use door::LocalDoor;

use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::out::{Ctx, Done};
use super::peer::Peer;
use crate::words::Lang;

/// Theme and keys of a centre, in its data folder.
const SETTINGS_FILE: &str = "desk.toml";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, value_name = "DIR", env = "ANJU_DATA", required_unless_present = "socket")]
    data: Option<PathBuf>,
    #[arg(long, value_name = "SOCKET")]
    socket: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

pub(super) fn run(ctx: Ctx, args: Args) -> Result<Done, Failure> {
    if ctx.json || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Code::DeskNoTerminal.into());
    }
    let Args { data, socket, settings } = args;
    let data = data.map(|data| DataArgs { data });
    let (peer, place) = match (&socket, &data) {
        (Some(socket), _) => (Peer::at(socket)?, common::shown(socket)),
        (None, Some(data)) => (Peer::of(data)?, common::shown(&data.data)),
        (None, None) => return Err(Failure::new(Code::UsageMissing).with("argument", "--data <DIR>")),
    };
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let folder = data.as_ref().map(|data| data.data.as_path());
    let (settings, complaint) = read_settings(settings.as_deref(), folder, no_colour)?;
    let mut rng = common::randomness()?;
    let fresh = Box::new(move || {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        RequestId(bytes)
    });
    let words = match ctx.lang {
        Lang::Chinese => Words::Chinese,
        Lang::English => Words::English,
    };
    let standing = Box::new(signals::watch);
    let options = Options { words, settings, complaint, place, entries: SCREENS, fresh, standing };
    let door = Arc::new(LocalDoor::new(peer, data, ctx.lang));
    anju_tui::run(door, options).map_err(|error| Failure::new(Code::DeskTerminal).with("detail", error))?;
    Ok(Done::new(Value::Null, String::new()))
}

/// The settings that were named, else those of the data folder, else the defaults. Settings that cannot be followed are told on the screen,
/// and the desk opens without them; a file that was named and is not there is an error at once.
fn read_settings(named: Option<&Path>, folder: Option<&Path>, no_colour: bool) -> Result<(Settings, Option<SettingsError>), Failure> {
    let defaults = || Settings::new(SCREENS, no_colour);
    let own = folder.map(|folder| folder.join(SETTINGS_FILE)).filter(|path| path.symlink_metadata().is_ok());
    let Some(path) = named.map(Path::to_owned).or(own) else { return Ok((defaults(), None)) };
    let text = common::read_file(&path, SETTINGS_MAX_BYTES as u64)?;
    Ok(match Settings::read(&text, SCREENS, no_colour) {
        Ok(settings) => (settings, None),
        Err(wrong) => (defaults(), Some(wrong)),
    })
}
