//! From a token to its listings, in this process, beside the same question put straight to SQLite.

use std::time::{Duration, Instant};

use anju::store::Reader;
use anju_core::names::SubjectToken;
use anju_core::node::list::lookup::MAX_LISTINGS;
use anju_core::shelf::Lists;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::{Connection, OpenFlags, params};
use serde_json::{Value, json};

use crate::filled::Filled;
use crate::people::Kind;
use crate::rows;
use crate::visible::at;

/// Probes of each kind that are counted; a tenth as many before them warm the page cache.
const PROBES: usize = 100_000;
/// Probes in a row, then the floor's, and so on: what else the machine does falls on both.
const TURN: usize = 5_000;

fn tokens(filled: &Filled, hits: bool) -> Vec<SubjectToken> {
    let (mut rng, listed) = (StdRng::seed_from_u64(u64::from(hits)), filled.listed(Kind::Employer));
    let token = |rng: &mut StdRng| match hits {
        true => Kind::Employer.secret(&filled.pepper, rng.random_range(0..listed)).token(),
        false => SubjectToken(rng.random()),
    };
    (0..PROBES + PROBES / 10).map(|_| token(&mut rng)).collect()
}

/// The floor: the columns that an answer needs, by one prepared statement over the same index.
fn straight(db: &Connection, token: &SubjectToken) -> usize {
    let sql = "SELECT place, listing, pepper, token, restriction_until, publication_until, basis, at, ended FROM listing WHERE token = ?1";
    let mut statement = db.prepare_cached(sql).unwrap();
    let mut rows = statement.query(params![token.0]).unwrap();
    let mut found = 0;
    while let Some(row) = rows.next().unwrap() {
        let (place, listing): (i64, [u8; 16]) = (row.get(0).unwrap(), row.get(1).unwrap());
        std::hint::black_box((place, listing));
        found += 1;
    }
    found
}

fn timed(tokens: &[SubjectToken], hits: bool, times: &mut Vec<Duration>, probe: impl Fn(&SubjectToken) -> usize) {
    for token in tokens {
        let start = Instant::now();
        let found = probe(token);
        times.push(start.elapsed());
        assert_eq!(found, usize::from(hits));
    }
}

fn line(times: &mut [Duration]) -> Value {
    let all: f64 = times.iter().map(Duration::as_secs_f64).sum();
    json!({ "probes_per_s": times.len() as f64 / all, "p50_us": at(times, 50) * 1e3, "p99_us": at(times, 99) * 1e3 })
}

pub(crate) fn measure(filled: &Filled) -> Value {
    let path = filled.folder().join("anju.db");
    let reader = Reader::open_reader(&path, &rows::store_key()).unwrap();
    let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    db.pragma_update(None, "cache_size", -16 * 1024).unwrap();
    let mut said = json!({ "part": "probe", "rows": filled.rows, "fill_s": filled.fill_s, "probes": PROBES });
    for hits in [true, false] {
        let tokens = tokens(filled, hits);
        let (warm, counted) = tokens.split_at(PROBES / 10);
        let ours = |token: &SubjectToken| reader.listings_of(token, MAX_LISTINGS).unwrap().len();
        let floors = |token: &SubjectToken| straight(&db, token);
        let (mut store, mut floor) = (Vec::with_capacity(PROBES), Vec::with_capacity(PROBES));
        timed(warm, hits, &mut Vec::new(), ours);
        timed(warm, hits, &mut Vec::new(), floors);
        for turn in counted.chunks(TURN) {
            timed(turn, hits, &mut store, ours);
            timed(turn, hits, &mut floor, floors);
        }
        said[if hits { "hits" } else { "misses" }] = json!({ "store": line(&mut store), "floor": line(&mut floor) });
    }
    said
}
