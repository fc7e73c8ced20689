//! Killed at any moment: what was acknowledged is there, and no index is ever used twice.
//!
//! The child is this test binary again, told by a variable of the environment to run the one test that appends until it dies.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anju_core::journal::proof::{OnShelf, root_at};
use anju_core::shelf::Shelf;
use rand::{Rng, RngExt};

use super::*;

const CHILD_FOLDER: &str = "ANJU_TEST_CRASH_CHILD";
/// All thousand kills; without it, two hundred.
const FULL_RUN: &str = "ANJU_FULL";
const CENTRE: &str = "C46010";
const REOPEN_MAX: Duration = Duration::from_secs(1);
/// A child that says nothing for so long did not start.
const CHILD_SILENT_MAX: Duration = Duration::from_secs(60);

/// Appends groups of rows and says after each commit how long the journal is and what its root is.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else { return };
    let mut store = Store::open(&PathBuf::from(folder).join("anju.db"), &key(), Mode::Create).unwrap();
    let mut seeds = rand::rng();
    loop {
        // Several inputs in one transaction, as the daemon does it.
        store.begin().unwrap();
        for _ in 0..seeds.random_range(1..4) {
            let state = store.journal(&centre(CENTRE)).unwrap();
            let mut author = Author::resume(CENTRE, &state, seeds.next_u64());
            let bodies: Vec<Vec<u8>> = (0..seeds.random_range(1..20)).map(|_| vec![7; seeds.random_range(1..3000)]).collect();
            store.apply(&author.append(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>())).unwrap();
        }
        store.commit().unwrap();
        let state = store.journal(&centre(CENTRE)).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacknowledged {} {}", state.size, state.head.unwrap().root).unwrap();
        out.flush().unwrap();
    }
}

/// Lets a child append, kills it after `life` beyond its first acknowledgement, and returns what it acknowledged.
fn run_child(place: &Place, life: Duration) -> Vec<(u64, Digest)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::crash::child_that_appends_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(CHILD_FOLDER, place.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (said, heard) = mpsc::channel();
    let listener = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let Some(rest) = line.strip_prefix("acknowledged ") else { continue };
            // A line cut short by the kill was not said to the end: it does not parse, and promises nothing.
            let Some((size, root)) = rest.split_once(' ') else { continue };
            let (Ok(size), Ok(root)) = (size.parse(), root.parse()) else { continue };
            if said.send((size, root)).is_err() {
                return;
            }
        }
    });
    let first = heard.recv_timeout(CHILD_SILENT_MAX);
    std::thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
    listener.join().unwrap();
    let mut acknowledged = vec![first.expect("the child started")];
    acknowledged.extend(heard.try_iter());
    acknowledged
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost_and_no_index_is_used_twice() {
    let kills = if std::env::var_os(FULL_RUN).is_some() { 1000 } else { 200 };
    let seed: u64 = rand::random();
    println!("seed {seed}, {kills} kills");
    let mut rng = StdRng::seed_from_u64(seed);
    let place = Place::new();
    let (mut slowest, mut promises, mut longer) = (Duration::ZERO, 0, 0);
    let mut last: Option<(u64, Digest)> = None;
    for kill in 0..kills {
        let acknowledged = run_child(&place, Duration::from_micros(rng.random_range(0..25_000)));
        let started = Instant::now();
        let store = Store::open(&place.path(), &key(), Mode::Existing).unwrap();
        let state = store.journal(&centre(CENTRE)).unwrap();
        slowest = slowest.max(started.elapsed());
        let owner = centre(CENTRE);
        let journal = OnShelf { shelf: &store, centre: &owner };
        // The root at every acknowledged size is the one acknowledged: every row below is the row it was.
        for (size, root) in last.iter().chain(&acknowledged) {
            assert!(state.size >= *size, "seed {seed}, kill {kill}: {size} rows acknowledged, {} held", state.size);
            assert_eq!(root_at(&journal, *size).unwrap(), *root, "seed {seed}, kill {kill}: other rows below {size}");
            promises += 1;
        }
        longer += u32::from(acknowledged.last().is_some_and(|(size, _)| *size < state.size));
        last = Some((state.size, root_at(&journal, state.size).unwrap()));
    }
    let mut store = place.open();
    let report = store.scrub(NOW, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "seed {seed}: {report:?}");
    println!("{promises} promises kept, {} rows; {longer} kills fell between commit and answer; slowest open {slowest:?}", report.rows);
    assert!(slowest < REOPEN_MAX, "seed {seed}: opening took {slowest:?}");
}
