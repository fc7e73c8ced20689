//! One new row: from the desk that takes it to another peer's store, durable at both.
//!
//! The row is the end of a certificate, the smallest thing a desk can be asked to say; a listing's rows go the same way. Like everything an
//! operator asks for it is a signed act, which is proven, and told to the audit log in the transaction of the row.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anju::desk::client;
use anju::store::{Mode, Store};
use anju_core::desk::{Act, Event, Request};
use anju_core::names::{CentreCode, CertificateNumber, RequestId, StatementId, Thumbprint};
use anju_core::operator::{OperatorName, SignedAct};
use anju_core::seal::hpke::SealingKey;
use anju_core::shelf::{CertificateRow, Projection, Write};
use anju_core::time::{DAY_MS, Time};
use serde_json::{Value, json};

use crate::peers::{Federation, Over, Ports, Process, held, now};
use crate::{people, rows};

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks; the timer adds some 50 µs.
const LOOK_EVERY: Duration = Duration::from_micros(20);
/// Between two rows.
const PAUSE: Duration = Duration::from_millis(5);
/// Rows that are not counted: both ends warm up.
const WARM_UP: usize = 20;

fn number(centre: &CentreCode, at: usize) -> CertificateNumber {
    CertificateNumber::new(&format!("{centre}-JCZM-2026-{:06}", at + 1)).unwrap()
}

fn certificate(centre: &CentreCode, at: usize, now: Time) -> Write {
    Write::Project(Projection::Certificate(CertificateRow {
        number: number(centre, at),
        issuer: centre.clone(),
        index: 0,
        statement: StatementId([0; 16]),
        kind: "JCZM".to_owned(),
        addressee: None,
        holder: Thumbprint([0; 32]),
        holder_sealing: SealingKey([0; 32]),
        issued: now,
        expires: now.plus_ms(DAY_MS),
        ended: None,
    }))
}

/// The value that `percent` of the sorted times do not exceed, in milliseconds.
pub(crate) fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).clamp(1, times.len()) - 1].as_secs_f64() * 1e3
}

pub(crate) fn measure(count: usize, over: Over) -> Value {
    let (ports, folder) = (Ports::free(), tempfile::tempdir().unwrap());
    let folders = ["here", "there"].map(|name| folder.path().join(name));
    folders.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let federation = Federation::new(ports, over);
    let centre = federation.centres[0].clone();
    rows::fill(&folders[0], &federation.author(0), &federation.keys[0], 10, now());
    rows::empty(&folders[1], &federation.centres[1]);
    let certificates: Vec<Write> = (0..count + WARM_UP).map(|at| certificate(&centre, at, now())).collect();
    Store::open(&folders[0].join("anju.db"), &rows::store_key(), Mode::Existing).unwrap().write(&certificates).unwrap();
    people::staff(&folders[0], &centre);
    let (teller, key) = (OperatorName::new(people::TELLER).unwrap(), people::key(people::TELLER));
    let [here, there] = [0, 1].map(|peer| Process::start(&folders[peer], peer, ports, over));

    let (reader, seen) = (there.reader(), Arc::new(Mutex::new((0, Instant::now()))));
    let (seen_by_looker, wanted) = (Arc::clone(&seen), Arc::new(AtomicU64::new(0)));
    let (wanted_by_looker, journal) = (Arc::clone(&wanted), centre.clone());
    let looker = std::thread::spawn(move || {
        while wanted_by_looker.load(Ordering::Relaxed) < u64::MAX {
            let size = held(&reader, &journal);
            let mut seen = seen_by_looker.lock().unwrap();
            if size > seen.0 {
                *seen = (size, Instant::now());
            }
            drop(seen);
            std::thread::sleep(LOOK_EVERY);
        }
    });
    let wait_for = |rows: u64| {
        let start = Instant::now();
        loop {
            let (size, when) = *seen.lock().unwrap();
            if size >= rows {
                return when;
            }
            assert!(start.elapsed() < PATIENCE, "row {rows} never came");
            std::thread::sleep(Duration::from_micros(200));
        }
    };
    wait_for(10);
    std::thread::sleep(Duration::from_secs(2));
    let (mut shown, mut answered) = (Vec::new(), Vec::new());
    for i in 0..count + WARM_UP {
        let act = Act::CertificateCancel { number: number(&centre, i), reason: "cancelled".to_owned() };
        let id = RequestId((i as u128).to_be_bytes());
        let signed = SignedAct::sign(&key, &teller, &centre, federation.charter.federation(), now(), id, &act);
        let request = Request::Act(signed);
        let start = Instant::now();
        let event = client::ask(&here.socket(), &request, PATIENCE).unwrap().map(Result::unwrap).last().unwrap();
        let replied = start.elapsed();
        assert!(matches!(event, Event::CertificateCancelled { .. }), "{event:?}");
        let there = wait_for(11 + i as u64) - start;
        if i >= WARM_UP {
            answered.push(replied);
            shown.push(there);
        }
        std::thread::sleep(PAUSE);
    }
    wanted.store(u64::MAX, Ordering::Relaxed);
    looker.join().unwrap();
    json!({ "part": "visible", "over": over.name(), "rows": count, "median_ms": at(&mut shown, 50), "p90_ms": at(&mut shown, 90),
            "p99_ms": at(&mut shown, 99), "worst_ms": at(&mut shown, 100),
            "durable_here_median_ms": at(&mut answered, 50), "durable_here_p99_ms": at(&mut answered, 99) })
}
