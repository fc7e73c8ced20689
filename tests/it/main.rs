//! The tests that need more than one room. This file only lists them; `tidy` notices one that is missing here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test's helpers stop and speak as its tests do"
)]

mod apart;
mod asking;
mod blacklist;
mod cli;
mod counter;
mod demo;
mod desk;
mod evidence;
mod faults;
mod federation;
mod forked;
mod governed;
mod holders;
mod hosts;
mod house;
mod interop;
mod interop_go;
mod lists;
mod loans;
mod made;
mod matters;
mod mutation;
mod observer;
mod people;
mod privacy;
mod protocol_page;
mod refusals;
mod refusals_page;
mod replication;
mod restored;
mod stations;
mod stop;
mod tidy;
mod unentitled;
mod window;
mod wire_contract;
