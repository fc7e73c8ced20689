//! Stations on real sockets of this machine. Every wait is for an event, with a generous end; nothing waits by the clock alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod exchange;
mod gossip;
mod harness;
mod hostile;
mod membership;
mod raw;
