//! A measurement, not a promise: `cargo test -p anju --lib store::tests::measure -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::*;

const ROWS: usize = 4000;
/// One-row groups wait for the disk each time: fewer of them say as much.
const ROWS_BY_ONE: usize = 400;

/// Rows a second, by the store.
fn ours(group: usize, rows: usize, entries: &[Entry]) -> f64 {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    let writes: Vec<Write> = entries[..rows].chunks(group).map(|chunk| author.append_entries(chunk.to_vec())).collect();
    let started = Instant::now();
    for write in &writes {
        store.write(std::slice::from_ref(write)).unwrap();
    }
    per_second(rows, started.elapsed())
}

/// Rows a second, by bare inserts of the same bytes into one table with the same settings.
fn bare(group: usize, rows: usize, entries: &[Entry]) -> f64 {
    let place = Place::new();
    let conn = place.raw();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE entry (idx INTEGER PRIMARY KEY, header BLOB, payload BLOB)",
    )
    .unwrap();
    let started = Instant::now();
    let mut index = 0_i64;
    for chunk in entries[..rows].chunks(group) {
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut insert = conn.prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3)").unwrap();
        for entry in chunk {
            insert.execute(rusqlite::params![index, entry.header, entry.payload]).unwrap();
            index += 1;
        }
        conn.execute_batch("COMMIT").unwrap();
    }
    per_second(rows, started.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand rows")]
fn per_second(rows: usize, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64()
}

#[test]
#[ignore = "a measurement"]
fn appends_beside_bare_inserts_of_the_same_bytes() {
    let mut author = Author::new("C46010");
    let entries: Vec<Entry> = (0..ROWS).map(|_| author.entry(&[0x61; 1500])).collect();
    for (group, rows) in [(1, ROWS_BY_ONE), (10, ROWS), (1000, ROWS)] {
        let (ours, bare) = (ours(group, rows, &entries), bare(group, rows, &entries));
        println!("groups of {group}: {ours:.0} rows/s, bare {bare:.0} rows/s, ratio {:.2}", ours / bare);
    }
}
