//! A centre is dark for two weeks, and comes back to what the others have written meanwhile.
//!
//! The two weeks pass by every host's clock, a day at a time, and by volume: each of the four others writes what comes to a mid-sized centre
//! in a day. They are [`LISTED_A_DAY`] entries of a list, which is what a province's courts and a centre's own decisions bring together,
//! and, where there are exports, [`ISSUED_A_DAY`] certificates. Acknowledgements, heartbeats and commitments to the audit log come on top.

use std::time::{Duration, Instant};

use anju_core::desk::{Act, CaseRef, Event, LookupAnswer, Verdict};
use anju_core::time::DAY_MS;
use serde_json::Value;

use super::{ALL, FIVE, Five, HEALED_WITHIN, LOOK_EVERY, list, stale};
use crate::federation::{Federation, Granting, HAIKOU, Hand, Holders, PATIENCE, REVIEWER, SANYA, TELLER, request};
use crate::hosts::Carried;

const DAYS: u64 = 14;
/// Entries that each centre adds to its list in a day.
const LISTED_A_DAY: u64 = 100;
/// Certificates that Sanya issues in a day.
const ISSUED_A_DAY: usize = 20;
/// The centre that is dark, and the others.
const DARK: usize = 0;
const LIGHT: [usize; 4] = [1, 2, 3, 4];
/// By the machine's own clock it is dark at least so long: peers dial one that is not there ever more seldom, and by then as seldom as
/// they ever do.
const DARK_AT_LEAST: Duration = Duration::from_secs(120);
/// Whose certificate is read meanwhile.
const ACCOUNT: &str = "46010000000100000";

/// A day's work of the four.
fn a_day(five: &Five, holders: &mut Holders) {
    let firsts = LIGHT.map(|_| five.serial.replace(five.serial.get() + LISTED_A_DAY));
    let federation = &five.federation;
    std::thread::scope(|scope| {
        for (at, first) in LIGHT.into_iter().zip(firsts) {
            scope.spawn(move || list(federation, at, first, LISTED_A_DAY));
        }
        let teller = Hand::of(federation, SANYA, TELLER);
        for _ in 0..ISSUED_A_DAY {
            let issued = teller.act(&holders.asks_of(SANYA)).unwrap();
            assert!(matches!(issued, Event::CertificateIssued { .. }), "{issued:?}");
        }
    });
}

/// What a counter of the four says of a subject, and of the centre that is dark.
fn in_the_light(five: &Five, at: usize, serial: u64, expected: Verdict) -> LookupAnswer {
    let answer = five.look_up(at, serial);
    assert_eq!((answer.verdict, stale(&answer.centres)), (expected, vec![HAIKOU]), "{answer:?}");
    let dark = answer.centres.iter().find(|centre| centre.centre.as_str() == HAIKOU).unwrap();
    assert!(dark.age_ms.is_some_and(|age| age >= DAYS as i64 * DAY_MS), "how old its copy is, is said: {dark:?}");
    answer
}

/// At Sanya, two weeks later: what its holder grants of a certificate of the dark centre is read, and said to be old.
fn read(five: &Five, number: &str) {
    five.federation.grant(Granting::of(number), "grant.txt");
    let answer = five.federation.room.json(&Federation::query_line(SANYA, "grant.txt", request(1)), 0);
    let (authentic, current) = (&answer["answer"]["authentic"], &answer["answer"]["current"]);
    assert_eq!(answer["answer"]["fields"][0]["name"], "name", "{answer}");
    assert!(authentic.is_object() && current["stale"] == true && current["live"].is_null(), "{answer}");
    assert!(current["age_ms"].as_i64().is_some_and(|age| age >= DAYS as i64 * DAY_MS), "{answer}");
    let again: Value = five.federation.room.json(&Federation::query_line(SANYA, "grant.txt", request(2)), 77);
    assert_eq!(again["error"]["code"], "grant-used-up", "also while its issuer is dark");
}

/// At the dark centre: it works, and calls nobody clear but those on its own list.
fn in_the_dark(five: &Five, own: u64) {
    let others = &FIVE[1..];
    let answer = five.look_up(DARK, own);
    assert_eq!((answer.verdict, stale(&answer.centres)), (Verdict::Listed, others.to_vec()), "{answer:?}");
    let answer = five.look_up(DARK, 0);
    assert_eq!((answer.verdict, stale(&answer.centres)), (Verdict::Unknown, others.to_vec()), "{answer:?}");
    let status = five.status(DARK);
    let silent = status.journals.iter().filter(|journal| journal.stale);
    assert_eq!(silent.map(|journal| journal.centre.as_str()).collect::<Vec<_>>(), others);
}

fn carried_to_the_dark(five: &Five) -> Carried {
    let mut all = Carried::default();
    LIGHT.iter().for_each(|from| all += five.hosts().carried(*from, DARK));
    all
}

#[test]
fn a_centre_that_was_dark_for_two_weeks_has_everything_soon_and_meanwhile_nothing_unknown_was_called_clear() {
    let Some(five) = Five::new(1_414) else { return };
    let mut holders = Holders::new(1_414);
    five.federation.wallet();
    let number = five.federation.certificate(ACCOUNT, "YDDKJCZM");
    let known = five.list(DARK, 1);
    five.until_whole(PATIENCE);
    assert_eq!(five.look_up(1, 0).verdict, Verdict::NotListed);

    five.hosts().partition(&[&LIGHT]);
    five.until_connected(|a, b| a != DARK && b != DARK);
    let (began, rows_before) = (Instant::now(), five.sizes(1).values().sum::<u64>());
    for _ in 0..DAYS {
        five.hosts().time_passes(DAY_MS);
        a_day(&five, &mut holders);
        five.list(DARK, 1);
    }
    five.until_equal(&LIGHT, &LIGHT, PATIENCE);
    let volume = five.sizes(1).values().sum::<u64>() - rows_before;
    println!("two weeks in {:.1?}: {volume} statements of four centres", began.elapsed());
    assert!(volume >= DAYS * (LIGHT.len() as u64 * LISTED_A_DAY + ISSUED_A_DAY as u64), "{volume}");

    let mine = five.list(DARK, 1);
    let found = in_the_light(&five, 2, known, Verdict::Unknown);
    assert!(found.hits.len() == 1 && !found.hits[0].counts, "what was known is shown, as what no longer counts: {found:?}");
    in_the_light(&five, 1, 0, Verdict::Unknown);
    in_the_light(&five, 3, known + 1, Verdict::Listed);
    read(&five, &number);
    in_the_dark(&five, mine);
    // A right of the subject's that the others hear of when they hear of the centre at all.
    let about = CaseRef::Listing(found.hits[0].listing.clone());
    let withdraw = Act::Withdraw { about, reason: "认定有误".to_owned(), impersonated: false };
    let withdrawn = Hand::of(&five.federation, HAIKOU, REVIEWER).act(&withdraw).unwrap();
    assert!(!matches!(withdrawn, Event::Refused { .. } | Event::Failed { .. }), "{withdrawn:?}");

    while began.elapsed() < DARK_AT_LEAST {
        std::thread::sleep(LOOK_EVERY);
    }
    let before = carried_to_the_dark(&five);
    five.hosts().heal();
    let took = five.until_whole(HEALED_WITHIN);
    let after = carried_to_the_dark(&five);
    let (packets, kib) = (after.packets - before.packets, (after.bytes - before.bytes) / 1024);
    println!("whole again {took:.1?} after healing, for which {packets} packets of {kib} KiB came to it");
    for at in ALL {
        assert_eq!(five.look_up(at, mine).verdict, Verdict::Listed);
        assert_eq!(five.look_up(at, known).verdict, Verdict::NotListed, "withdrawn while dark");
        assert_eq!(five.look_up(at, known + 1).verdict, Verdict::Listed);
    }
    five.end();
}
