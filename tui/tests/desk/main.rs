//! The desk from outside: what an operator sees, key by key, and what the peer is asked. Without a terminal.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, missing_docs)]

mod alarm;
mod asking;
mod chance;
mod counter;
mod federation;
mod federation_made;
mod frame;
mod handbook;
mod hostile;
mod issuer;
mod list;
mod list_made;
mod list_pictures;
mod loans;
mod loans_made;
mod made;
mod pictures;
