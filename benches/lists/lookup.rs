//! A whole lookup at the counter: signed act, desk, derivation, lists, audit row on the disk, answer.

use std::time::{Duration, Instant};

use anju_core::desk::Verdict;
use serde_json::{Value, json};

use crate::derive;
use crate::filled::{Asking, Filled};
use crate::people::Kind;
use crate::visible::at;

/// Lookups of employers of each outcome; of persons there are as many as are listed.
const LOOKUPS: u64 = 1_000;
/// Tellers who ask at the same time.
const TELLERS: u64 = 4;

fn subject(filled: &Filled, kind: Kind, hit: bool, turn: u64) -> u64 {
    let listed = filled.listed(kind);
    // Spread over the whole list, in no order.
    if hit { turn * 7_919 % listed } else { filled.rows + turn }
}

fn one(asking: &Asking, kind: Kind, hit: bool, serial: u64) -> Duration {
    let start = Instant::now();
    let answer = asking.look_up(kind, serial);
    let took = start.elapsed();
    assert_eq!((answer.verdict, answer.hits.len()), if hit { (Verdict::Listed, 1) } else { (Verdict::NotListed, 0) });
    took
}

fn line(filled: &Filled, kind: Kind, hit: bool) -> Value {
    let (asking, count) = (filled.asking(), LOOKUPS.min(filled.listed(kind)));
    (0..count / 10).for_each(|turn| _ = one(&asking, kind, hit, subject(filled, kind, hit, turn)));
    let mut times: Vec<Duration> = (0..count).map(|turn| one(&asking, kind, hit, subject(filled, kind, hit, turn))).collect();
    json!({ "lookups": count, "p50_ms": at(&mut times, 50), "p99_ms": at(&mut times, 99), "worst_ms": at(&mut times, 100) })
}

/// Lookups of employers a second, half of them hits, by several tellers at once.
fn at_once(filled: &Filled) -> f64 {
    let (each, start) = (LOOKUPS.min(filled.listed(Kind::Employer)), Instant::now());
    std::thread::scope(|scope| {
        for teller in 0..TELLERS {
            scope.spawn(move || {
                let asking = filled.asking();
                for turn in (0..each).map(|turn| turn + teller * each) {
                    let hit = turn % 2 == 0;
                    one(&asking, Kind::Employer, hit, subject(filled, Kind::Employer, hit, turn));
                }
            });
        }
    });
    (TELLERS * each) as f64 / start.elapsed().as_secs_f64()
}

pub(crate) fn measure(filled: &mut Filled) -> Value {
    filled.serving();
    let filled = &*filled;
    let lines = |kind| json!({ "hits": line(filled, kind, true), "misses": line(filled, kind, false) });
    let [person, employer] = [Kind::Person, Kind::Employer].map(|kind| derive::median(kind).as_secs_f64() * 1e3);
    json!({ "part": "lookup", "rows": filled.rows,
            "employers": lines(Kind::Employer), "persons": lines(Kind::Person), "at_once": TELLERS, "lookups_per_s_at_once": at_once(filled),
            "derivation_ms": { "employer": employer, "person": person } })
}
