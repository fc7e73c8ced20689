//! The local door as sockets: [`door`] is the peer's side, [`client`] the side of the command line and the terminal, [`fake`] a peer
//! that plays from a script, for tests.
//!
//! The types that pass through are `anju_core::desk`. What must never be here: an answer. The door carries requests in and events
//! out, and knows neither.

pub mod client;
pub mod door;
pub mod fake;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// Most clients at once.
pub const CLIENTS_MAX: usize = 64;
/// How long a client may take to say what it wants.
pub const FIRST_LINE_TIME: Duration = Duration::from_secs(5);
/// How long a client may take to read one event.
pub const WRITE_TIME: Duration = Duration::from_secs(10);
/// How long a request may be open. Reading a large export is the longest of them.
pub const REQUEST_TIME: Duration = Duration::from_secs(600);
/// Events that may wait for one client; one that reads slower than that is let go.
pub const EVENTS_WAITING_MAX: usize = 64;
