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

/// What a peer that is new does with a centre's list: rows and what they mean, page after page.
#[test]
#[ignore = "a measurement"]
fn listings_that_come_in_beside_their_rows() {
    use anju_core::shelf::{ListProjection, Projection};
    const LISTINGS: usize = 200_000;
    const PAGE: usize = 4096;
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    let mut rng = StdRng::seed_from_u64(5);
    let entries: Vec<Entry> = (0..LISTINGS).map(|_| author.entry(&[0x61; 700])).collect();
    let (mut index, mut rows, mut projections) = (0_u64, Duration::ZERO, Duration::ZERO);
    for page in entries.chunks(PAGE) {
        let append = author.append_entries(page.to_vec());
        let listings: Vec<Write> = page
            .iter()
            .map(|_| {
                let mut token = [0; 16];
                rand::Rng::fill_bytes(&mut rng, &mut token);
                let mut row = super::conformance_lists::listing(super::conformance_lists::at("C46010", index), 1);
                row.token = anju_core::names::SubjectToken(token);
                index += 1;
                Write::Project(Projection::List(ListProjection::Decided(row)))
            })
            .collect();
        let started = Instant::now();
        store.begin().unwrap();
        store.apply(&append).unwrap();
        let appended = Instant::now();
        rows += appended - started;
        listings.iter().for_each(|write| store.apply(write).unwrap());
        store.commit().unwrap();
        projections += appended.elapsed();
    }
    println!("rows: {:.0}/s; listings with the commits: {:.0}/s", per_second(LISTINGS, rows), per_second(LISTINGS, projections));
    println!("database: {} bytes", std::fs::metadata(place.path()).unwrap().len());
}
