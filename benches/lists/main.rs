//! What journals cost, measured between real peer processes on loopback; every figure beside the floor of the machine in the same run.
//!
//! `cargo bench --bench lists [-- PART.. [rows=N] [visible=N] [tcp]]` prints JSON objects, one a line; without a part, all of them.
//!
//! | part | what it measures |
//! | --- | --- |
//! | `floor` | the same rows over loopback TCP, hashed, one head verified for 1,000, written as an ordered log with an index beside it |
//! | `cold-sync` | an empty peer gets a whole journal from one other |
//! | `wire` | bytes on the wire for a listing, through a relay that counts datagrams |
//! | `visible` | one new row: from the desk that takes it to another peer's store |
//! | `derive` | what one guess at a subject costs who has the pepper |
//! | `import` | a file becomes listings: the real client, a real peer |
//! | `probe` | from a token to its listings in a filled store, beside the same question put straight to SQLite |
//! | `lookup` | a whole audited lookup at the desk of a peer with a filled store |
//! | `screen` | many applicants from a file, by the real client, at the same peer |
//!
//! What costs on purpose, the derivation of subjects, is in none of the first four; the others say what it takes of them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a program for developers: it prints, and stops where something fails"
)]

mod cold_sync;
mod derive;
mod filled;
mod floor;
mod import;
mod lookup;
mod peers;
mod people;
mod probe;
mod rows;
mod screen;
mod visible;

use filled::Filled;
use people::Kind;
use serde_json::{Value, json};

/// Rows of the journal that is copied and of the file that is imported, unless the command says otherwise.
const ROWS: u64 = 100_000;
/// Listings that are looked into, unless the command says otherwise.
const LISTINGS: u64 = 1_000_000;
/// Of so many rows of an import of employers one is imported of persons.
const PERSONS_ONE_OF: u64 = 500;
/// Rows that are shown one by one.
const SHOWN: usize = 1_000;
const PARTS: [&str; 9] = ["floor", "cold-sync", "wire", "visible", "derive", "import", "probe", "lookup", "screen"];
const KINDS: [Kind; 2] = [Kind::Employer, Kind::Person];

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

/// Filled once, for the three parts that look into it.
fn filled_once(filled: &mut Option<Filled>, rows: u64, over: peers::Over) -> &mut Filled {
    filled.get_or_insert_with(|| Filled::new(rows, over))
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == peers::CHILD) {
        return peers::run(&args[1..]);
    }
    let asked: Vec<&str> = PARTS.into_iter().filter(|part| args.iter().any(|arg| arg == part)).collect();
    let parts = if asked.is_empty() { PARTS.to_vec() } else { asked };
    let rows = number(&args, "rows").unwrap_or(ROWS);
    let (listings, shown) =
        (number(&args, "rows").unwrap_or(LISTINGS), number(&args, "visible").map_or(SHOWN, |n| usize::try_from(n).unwrap()));
    let over = if args.iter().any(|arg| arg == "tcp") { peers::Over::Tcp } else { peers::Over::Quic };
    say(&machine());
    let mut filled = None;
    for part in parts {
        match part {
            "floor" => say(&floor::measure(rows)),
            "cold-sync" => say(&cold_sync::measure(rows, over)),
            "wire" => say(&cold_sync::wire(rows.min(20_000))),
            "visible" => say(&visible::measure(shown, over)),
            "derive" => say(&derive::measure()),
            "import" => [rows, (rows / PERSONS_ONE_OF).max(1)]
                .into_iter()
                .zip(KINDS)
                .for_each(|(rows, kind)| say(&import::measure(kind, rows, over))),
            "probe" => say(&probe::measure(filled_once(&mut filled, listings, over))),
            "lookup" => say(&lookup::measure(filled_once(&mut filled, listings, over))),
            _ => KINDS.into_iter().for_each(|kind| say(&screen::measure(filled_once(&mut filled, listings, over), kind))),
        }
    }
}
