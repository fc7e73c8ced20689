//! The shell around `anju-core`: everything of the command `anju` that touches a file, a socket, a clock or a screen.
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`cli`] | the command line: one file per command, and the only place that knows clap |
//! | [`words`] | every word shown to a user, in Chinese and English |
//! | [`config`] | the data folder and `anju.toml` |
//! | [`keys`] | secrets at rest: passphrase, age files, a centre's keys |
//! | [`wallet`] | the citizen's age file around the core's wallet |
//! | [`desk`] | the local door: a Unix socket between the running peer and its own people |
//! | [`store`] | SQLite behind the core's shelf |
//! | [`source`] | read-only adapters to the exports of a centre's business system |
//! | [`demo`] | the main job as a story between real processes |
//! | [`window`] | the citizens' door: HTTPS for holders' apps, and the client of `anju holder` |
//! | [`daemon`] | the running peer: one loop that carries out what the core says |
//!
//! What must never be here: a decision. Whether something is allowed, true or current is for the core to say.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod desk;
pub mod keys;
pub mod source;
pub mod store;
pub mod wallet;
pub mod window;
pub mod words;

// Tests that are shared with `tests/it` name this crate as those do.
#[cfg(test)]
extern crate self as anju;
