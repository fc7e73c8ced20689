//! Journals travel between real processes: through kills, through the author's absence, over each transport.

use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anju_core::desk::{Event, Request};
use anju_core::names::CertificateNumber;

use crate::federation::{CHONGQING, Federation, HAIKOU, Hand, Holders, Over, PATIENCE, SANYA, TELLER, TellsThatItIsOver, applied, journal};

/// Certificates that are issued while peers are killed.
const CERTIFICATES: usize = 44;
/// How often a reader is killed meanwhile, and how often the author.
const KILLS: [(&str, usize); 2] = [(SANYA, 3), (HAIKOU, 2)];

/// Rows that a peer may write of its own accord while a test runs: acknowledgements of what it applied, commitments to its audit log.
const OWN_ACCORD_MAX: u64 = 6;

/// Asserts that every one of `codes` comes to hold all of Haikou's journal, and the same, of so many rows.
fn assert_equal_journals(federation: &Federation, codes: &[&str], rows: RangeInclusive<u64>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut held = Vec::new();
        for code in codes {
            let status = federation.wait_for_rows(code, HAIKOU, *rows.start());
            let of = journal(&status, HAIKOU);
            assert_eq!((&of["forked"], status["faults"].as_array().map(Vec::len)), (&false.into(), Some(0)), "{code}: {status}");
            held.push((of["size"].as_u64(), of["announced"].as_u64(), of["root"].as_str().unwrap().to_owned()));
        }
        let (size, announced, _) = &held[0];
        assert!(size.is_some_and(|size| rows.contains(&size)), "{held:?}");
        if size == announced && held.iter().all(|one| *one == held[0]) {
            return;
        }
        assert!(Instant::now() < deadline, "{held:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn assert_held(federation: &Federation, code: &str, numbers: &[CertificateNumber]) {
    for number in numbers {
        let shown = federation.ask(code, &Request::CertificateShow { number: number.clone() }).unwrap();
        let Event::CertificateShow { certificate, .. } = shown else { panic!("{code} does not hold {number}: {shown:?}") };
        assert_eq!(certificate.number, *number);
    }
}

/// Issues `count` certificates at Haikou's desk; their numbers.
fn issue(federation: &Federation, holders: &mut Holders, count: usize) -> Vec<CertificateNumber> {
    (0..count).map(|_| federation.issue(holders)).collect()
}

#[test]
fn peers_killed_while_certificates_are_issued_lose_none_that_was_acknowledged() {
    let mut federation = Federation::running(&[HAIKOU, SANYA, CHONGQING], Over::Quic);
    let (acknowledged, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    federation.staff(HAIKOU);
    let teller = Hand::of(&federation, HAIKOU, TELLER);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut holders = Holders::new(44);
            while !over.load(Ordering::Relaxed) {
                match teller.act(&holders.asks()) {
                    Ok(Event::CertificateIssued { number, .. }) => acknowledged.lock().unwrap().push(number),
                    Ok(Event::Failed { code, .. }) => assert_eq!(code, "stopping"),
                    Ok(other) => panic!("{other:?}"),
                    // The author is dead just now; what was asked of it may or may not have been written.
                    Err(_) => std::thread::sleep(Duration::from_millis(50)),
                }
            }
        });
        let _over = TellsThatItIsOver(&over);
        let reach = |count: usize| {
            let start = Instant::now();
            while acknowledged.lock().unwrap().len() < count {
                assert!(start.elapsed() < PATIENCE, "Haikou issues no more");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        for (code, kills) in KILLS {
            for kill in 1..=kills {
                let before = acknowledged.lock().unwrap().len();
                reach(before + 4);
                println!("kill {kill} of {code} after {} certificates", acknowledged.lock().unwrap().len());
                federation.kill(code);
                std::thread::sleep(Duration::from_millis(100));
                federation.start(code);
            }
        }
        reach(CERTIFICATES);
    });
    let numbers = acknowledged.into_inner().unwrap();
    assert!(numbers.len() >= CERTIFICATES);
    let distinct: std::collections::BTreeSet<_> = numbers.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), numbers.len(), "no number was given twice");
    let rows = applied(&federation.status(HAIKOU), HAIKOU);
    assert!(rows >= numbers.len() as u64, "{rows} rows, {} acknowledged", numbers.len());
    let all = [HAIKOU, SANYA, CHONGQING];
    assert_equal_journals(&federation, &all, rows..=rows + OWN_ACCORD_MAX);
    all.iter().for_each(|code| assert_held(&federation, code, &numbers));
    federation.stop_all();
    all.iter().for_each(|code| federation.assert_sound(code));
}

#[test]
fn a_peer_that_was_down_from_the_start_gets_everything_while_the_author_is_stopped() {
    let mut federation = Federation::of(&[HAIKOU, SANYA, CHONGQING], Over::Quic);
    federation.start(HAIKOU);
    federation.start(SANYA);
    federation.staff(HAIKOU);
    let numbers = issue(&federation, &mut Holders::new(7), 7);
    federation.wait_for_rows(SANYA, HAIKOU, 7);
    assert_eq!(federation.stop(HAIKOU).code, Some(0));
    federation.start(CHONGQING);
    assert_equal_journals(&federation, &[SANYA, CHONGQING], 7..=7 + OWN_ACCORD_MAX);
    assert_held(&federation, CHONGQING, &numbers);
    federation.stop_all();
    federation.assert_sound(CHONGQING);
}

#[test]
fn peers_that_listen_on_tcp_replicate_like_those_on_quic() {
    let mut federation = Federation::of(&[HAIKOU, SANYA], Over::Tcp);
    for code in [HAIKOU, SANYA] {
        let listening = federation.start(code);
        assert!(listening.iter().all(|address| address.contains("/tcp/")), "{listening:?}");
    }
    federation.staff(HAIKOU);
    let numbers = issue(&federation, &mut Holders::new(3), 3);
    assert_equal_journals(&federation, &[HAIKOU, SANYA], 3..=3 + OWN_ACCORD_MAX);
    assert_held(&federation, SANYA, &numbers);
    federation.stop_all();
}
