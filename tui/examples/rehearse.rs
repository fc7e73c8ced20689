//! The desk on this terminal before a peer that is none: to see how a screen looks and feels while it is written.
//!
//! `cargo run -p anju-tui --example rehearse [-- [en] [panic] [SETTINGS.toml]]`; log in as `li.si` with the passphrase `correct horse`.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code, missing_docs, reason = "a program for developers")]

#[path = "../tests/desk/federation_made.rs"]
mod federation_made;
#[path = "../tests/desk/list_made.rs"]
mod list_made;
#[path = "../tests/desk/loans_made.rs"]
mod loans_made;
#[path = "../tests/desk/made.rs"]
mod made;

use std::sync::Arc;

use anju_core::names::RequestId;
use anju_tui::screens::SCREENS;
use anju_tui::{Options, Settings, Words, run};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words = if args.iter().any(|arg| arg == "en") { Words::English } else { Words::Chinese };
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let text = args.iter().find(|arg| arg.ends_with(".toml")).map(|path| std::fs::read_to_string(path).unwrap()).unwrap_or_default();
    let (settings, complaint) = match Settings::read(&text, SCREENS, no_colour) {
        Ok(settings) => (settings, None),
        Err(wrong) => (Settings::new(SCREENS, no_colour), Some(wrong)),
    };
    let mut next = 0_u128;
    let fresh = Box::new(move || {
        next += 1;
        RequestId(next.to_be_bytes())
    });
    let place = "/srv/anju".to_owned();
    // To see that the terminal is given back also then.
    let breaks = args.iter().any(|arg| arg == "panic");
    let standing = Box::new(move |_| assert!(!breaks, "asked for"));
    let options = Options { words, settings, complaint, place, entries: SCREENS, fresh, standing };
    if let Err(error) = run(Arc::new(made::full()), options) {
        eprintln!("{error}");
    }
}
