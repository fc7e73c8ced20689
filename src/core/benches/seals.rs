//! What sealing to somebody costs, with X25519 and with the hybrid, on one processor: a key pair, one seal, one opening, and what a
//! new epoch takes of the member that proposes it: the same secret sealed to 400 hybrid keys.
//!
//! `cargo bench -p anju-core --bench seals` prints a JSON object a line.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::print_stdout,
    reason = "a program for developers: it reads the clock, prints, and stops where something fails"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use anju_core::seal::Purpose;
use anju_core::seal::hpke::{self, OpeningKey};
use anju_core::seal::hybrid::{self, HybridKey, HybridOpeningKey};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// How often each is timed.
const TIMES: usize = 2_000;
/// Members of the federation that gets a new epoch.
const MEMBERS: usize = 400;
/// Two keys, as an epoch's secrets are.
const PLAIN: [u8; 70] = [7; 70];
const BOUND: &[u8] = b"hainan/2/C46010";

/// Prints the median and the worst of many.
fn measure(what: &str, times: usize, mut one: impl FnMut()) {
    let mut all: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            one();
            start.elapsed()
        })
        .collect();
    all.sort_unstable();
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let (median, worst) = (us(all[times / 2]), us(all[times - 1]));
    println!("{{\"what\":\"{what}\",\"median_us\":{median:.1},\"worst_us\":{worst:.1},\"a_second\":{:.0}}}", 1e6 / median);
}

fn main() {
    let mut rng = StdRng::seed_from_u64(1);
    let (curve, both) = (OpeningKey::random(&mut rng), HybridOpeningKey::random(&mut rng));
    let (to_curve, to_both) = (curve.public(), both.public());
    measure("X25519, key pair", TIMES, || {
        black_box(OpeningKey::random(&mut rng).public());
    });
    measure("hybrid, key pair", TIMES, || {
        black_box(HybridOpeningKey::random(&mut rng).public());
    });
    measure("hybrid, a public key is read", TIMES, || {
        black_box(HybridKey::from_bytes(to_both.as_bytes())).unwrap();
    });
    measure("X25519, seal", TIMES, || {
        black_box(hpke::seal(&mut rng, &to_curve, Purpose::GrantKeys, BOUND, &PLAIN)).unwrap();
    });
    measure("hybrid, seal", TIMES, || {
        black_box(hybrid::seal(&mut rng, &to_both, Purpose::Epoch, BOUND, &PLAIN)).unwrap();
    });
    let sealed = hpke::seal(&mut rng, &to_curve, Purpose::GrantKeys, BOUND, &PLAIN).unwrap();
    measure("X25519, open", TIMES, || {
        black_box(hpke::open(&curve, Purpose::GrantKeys, BOUND, &sealed).unwrap());
    });
    let sealed = hybrid::seal(&mut rng, &to_both, Purpose::Epoch, BOUND, &PLAIN).unwrap();
    measure("hybrid, open", TIMES, || {
        black_box(hybrid::open(&both, Purpose::Epoch, BOUND, &sealed).unwrap());
    });
    let members: Vec<HybridKey> = (0..MEMBERS).map(|_| HybridOpeningKey::random(&mut rng).public()).collect();
    measure("hybrid, seal to 400 members", 20, || {
        for member in &members {
            black_box(hybrid::seal(&mut rng, member, Purpose::Epoch, BOUND, &PLAIN)).unwrap();
        }
    });
}
