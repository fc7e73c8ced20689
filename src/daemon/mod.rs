//! The running peer: one loop that feeds the core's state machine and carries out what it says.
//!
//! ```text
//!  peers (libp2p) ──┐                              ┌─► store: one transaction a group of inputs
//!  desk (socket) ───┼─► one bounded channel ─► loop ┼─► kept head, synced
//!  ticks, source ───┘                              └─► then peers, then replies
//! ```
//!
//! [`engine`] is the loop: it owns node and store and runs on a thread of its own. [`wiring`] starts and stops everything around it.
//! What must never be here: a decision (that is the core's), a word for a user.

pub mod candidate;
mod derive;
pub mod engine;
mod house;
mod log;
mod meter;
pub mod wiring;

pub use house::House;
pub use log::LogRing;
pub use wiring::{DaemonError, KeyFiles, Running, Serving, start};
