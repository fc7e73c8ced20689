//! What one guess at a subject costs whoever has the pepper.

use std::time::{Duration, Instant};

use anju_core::listing::{Pepper, SubjectSecret};
use anju_core::seal::Key;
use serde_json::{Value, json};

use crate::people::Kind;

/// Derivations of each kind.
const PERSONS: u64 = 100;
const EMPLOYERS: u64 = 20_000;

/// The middle one of so many derivations, token included, one after the other on one processor.
pub(crate) fn median(kind: Kind) -> Duration {
    let pepper = Pepper { version: 1, key: Key::from_bytes([7; 32]) };
    let count = if kind == Kind::Person { PERSONS } else { EMPLOYERS };
    let one = |serial: u64| {
        let document = kind.document(serial);
        let start = Instant::now();
        std::hint::black_box(SubjectSecret::derive(&pepper, &document).unwrap().token());
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..count).map(one).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

pub(crate) fn measure() -> Value {
    let [person, employer] = [Kind::Person, Kind::Employer].map(|kind| median(kind).as_secs_f64());
    let tried = |s: f64| (3_600.0 / s).round();
    json!({ "part": "derive", "person_median_ms": person * 1e3, "person_numbers_per_core_hour": tried(person),
            "employer_median_us": employer * 1e6, "employer_numbers_per_core_hour": tried(employer) })
}
