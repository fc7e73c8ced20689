//! What one guess at a subject costs whoever has the pepper.

use std::time::{Duration, Instant};

use anju_core::listing::{Pepper, SubjectSecret};
use anju_core::seal::Key;
use anju_core::seal::stretch::Scratch;
use serde_json::{Value, json};

use crate::people::Kind;

/// Derivations of each kind.
const PERSONS: u64 = 100;
const EMPLOYERS: u64 = 20_000;

/// The middle one of so many derivations, token included, one after the other on one processor.
pub(crate) fn median(kind: Kind) -> Duration {
    let times = times(kind);
    times[times.len() / 2]
}

/// Sorted.
fn times(kind: Kind) -> Vec<Duration> {
    let pepper = Pepper { version: 1, key: Key::from_bytes([7; 32]) };
    let count = if kind == Kind::Person { PERSONS } else { EMPLOYERS };
    // Whoever guesses keeps the memory from one guess to the next.
    let mut scratch = Scratch::default();
    let mut one = |serial: u64| {
        let document = kind.document(serial);
        let start = Instant::now();
        std::hint::black_box(SubjectSecret::derive_in(&mut scratch, &pepper, &document).unwrap().token());
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..count).map(&mut one).collect();
    times.sort_unstable();
    times
}

pub(crate) fn measure() -> Value {
    let of = |kind| {
        let times = times(kind);
        // What is tried in an hour is told by the least: whoever guesses does not share the processor.
        let [least, median] = [times[0], times[times.len() / 2]].map(|time| time.as_secs_f64());
        json!({ "least_us": least * 1e6, "median_us": median * 1e6, "numbers_per_core_hour": (3_600.0 / least).round() })
    };
    json!({ "part": "derive", "person": of(Kind::Person), "employer": of(Kind::Employer) })
}
