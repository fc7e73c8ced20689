//! What journals cost, measured between real peer processes on loopback; every figure beside the floor of the machine in the same run.
//!
//! `cargo bench --bench lists [-- PART.. [rows=N] [visible=N] [tcp]]` prints one JSON object a line; without a part, all of them.
//!
//! | part | what it measures |
//! | --- | --- |
//! | `floor` | the same rows over loopback TCP, hashed, one head verified for 1,000, written as an ordered log with an index beside it |
//! | `cold-sync` | an empty peer gets a whole journal from one other |
//! | `wire` | bytes on the wire for a listing, through a relay that counts datagrams |
//! | `visible` | one new row: from the desk that takes it to another peer's store |
//!
//! What costs on purpose, the derivation of subjects, is in none of them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a program for developers: it prints, and stops where something fails"
)]

mod cold_sync;
mod floor;
mod peers;
mod rows;
mod visible;

use serde_json::{Value, json};

/// Rows of the journal that is copied, unless the command says otherwise.
const ROWS: u64 = 100_000;
/// Rows that are shown one by one.
const SHOWN: usize = 1_000;
const PARTS: [&str; 4] = ["floor", "cold-sync", "wire", "visible"];

fn say(line: &Value) {
    println!("{line}");
}

fn number(args: &[String], key: &str) -> Option<u64> {
    args.iter().find_map(|arg| arg.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
}

fn machine() -> Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    json!({ "part": "machine", "cpu": model.trim_start_matches([' ', '\t', ':']), "cores": cores, "load": load.trim(),
            "debug": cfg!(debug_assertions) })
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == peers::CHILD) {
        return peers::run(&args[1..]);
    }
    let asked: Vec<&str> = PARTS.into_iter().filter(|part| args.iter().any(|arg| arg == part)).collect();
    let parts = if asked.is_empty() { PARTS.to_vec() } else { asked };
    let (rows, shown) = (number(&args, "rows").unwrap_or(ROWS), number(&args, "visible").map_or(SHOWN, |n| usize::try_from(n).unwrap()));
    let over = if args.iter().any(|arg| arg == "tcp") { peers::Over::Tcp } else { peers::Over::Quic };
    say(&machine());
    for part in parts {
        say(&match part {
            "floor" => floor::measure(rows),
            "cold-sync" => cold_sync::measure(rows, over),
            "wire" => cold_sync::wire(rows.min(20_000)),
            _ => visible::measure(shown, over),
        });
    }
}
