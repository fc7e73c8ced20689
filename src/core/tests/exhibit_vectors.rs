//! Exhibits hold or fail by the check that they are named for; the committed vectors are what the generator makes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers stop as its tests do")]

#[path = "../examples/exhibit_vectors/generate.rs"]
mod generate;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anju_core::charter::{Chain, Charter};
use anju_core::desk::Level;
use anju_core::exhibit::{Anchor, Broken, Check, Exhibit, Open, Proven, Standing, shows_payload};
use anju_core::journal::Kind;
use generate::{Extended, NOW, Row, Vector};

fn committed() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/exhibit");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

fn judge(vector: &Vector) -> Result<Proven, Broken> {
    Proven::verify(&hex::decode(&vector.bytes).unwrap(), &vector.pins)
}

fn bytes_of(name: &str) -> Vec<u8> {
    hex::decode(&generate::all()[name].bytes).unwrap()
}

#[test]
fn the_committed_exhibits_are_what_the_generator_makes() {
    let made: BTreeMap<String, String> = generate::all().iter().map(|(name, v)| (name.clone(), generate::to_text(v))).collect();
    let committed = committed();
    assert_eq!(committed.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    for (name, text) in &made {
        assert_eq!(&committed[name], text, "{name}: run `cargo run -p anju-core --example exhibit_vectors` and read the difference");
    }
}

#[test]
fn every_exhibit_holds_or_fails_by_the_check_it_is_named_for() {
    let vectors = committed();
    let (mut failed, mut wrong) = (BTreeSet::new(), Vec::new());
    for (name, text) in &vectors {
        let vector: Vector = serde_json::from_str(text).unwrap();
        let judged = judge(&vector);
        let verdict = judged.as_ref().map_or_else(|broken| broken.check.code(), |_| "holds");
        if verdict != vector.expect {
            wrong.push(format!("{name} came to {verdict}: {} ({:?})", vector.what, judged.err()));
        }
        assert!(name.starts_with(&vector.expect), "{name}");
        failed.insert(vector.expect);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let checks: BTreeSet<String> = Check::ALL.iter().map(|check| check.code().to_owned()).chain(["holds".to_owned()]).collect();
    assert_eq!(failed, checks, "every check fails somewhere");
}

#[test]
fn what_holds_says_which_rows_by_whom_how_far_witnessed_and_what_stays_open() {
    let mut seen = BTreeSet::new();
    for (name, vector) in generate::all().into_iter().filter(|(_, vector)| vector.expect == "holds") {
        let proven = judge(&vector).unwrap();
        let open: Vec<String> = proven.open().iter().map(|open| open.code().to_owned()).collect();
        assert_eq!(open, vector.open, "{name}");
        seen.extend(open);
        let rows = proven.parts().iter().flat_map(|part| part.rows()).map(|row| Row {
            statement: row.place().to_string(),
            term: row.term(),
            witnesses: row.backing().witnesses.iter().map(ToString::to_string).collect(),
            settled: row.backing().settled,
        });
        assert_eq!(rows.collect::<Vec<_>>(), vector.rows, "{name}");
        assert_eq!(proven.is_pinned(), !vector.pins.is_empty());
        assert!(proven.parts().iter().all(|part| part.head().is_none_or(|head| head.heartbeat() == NOW)), "{name}");
        let stated = proven.parts().iter().filter_map(|part| match part.anchor() {
            Anchor::Head(..) => None,
            Anchor::Charter(stated) => Some(Extended {
                size: stated.extent().size,
                version: stated.version(),
                approved: stated.approved().iter().map(ToString::to_string).collect(),
            }),
        });
        assert_eq!(stated.collect::<Vec<_>>(), vector.stated, "{name}");
    }
    assert_eq!(seen, Open::ALL.iter().map(|open| open.code().to_owned()).collect(), "everything is open somewhere");
}

#[test]
fn a_term_is_told_with_the_versions_that_began_and_ended_it() {
    let reign = |name: &str| judge(&generate::all()[name]).unwrap().parts()[0].reign();
    let expect = [("holds", 1, None), ("holds_in_the_next_term", 2, None)];
    let ended = [("holds_in_an_ended_term", 1, Some(2)), ("holds_of_a_centre_that_left", 1, Some(2))];
    let stated = [
        ("holds_under_an_extent", 1, Some(2)),
        ("holds_before_a_term_begins", 2, Some(3)),
        ("holds_of_a_suspended_centre", 1, None),
        ("holds_of_a_suspended_centre_that_left", 1, Some(3)),
    ];
    for (name, from, until) in expect.into_iter().chain(ended).chain(stated) {
        assert_eq!((reign(name).from, reign(name).until), (from, until), "{name}");
    }
}

/// Every byte of an exhibit is covered by a check: one bit changed anywhere, and it does not hold.
#[test]
fn every_changed_byte_of_an_exhibit_is_refused_by_a_check_with_a_name() {
    let of_terms = [Check::Chain, Check::Extent];
    let of_witnesses = [Check::Cosignature, Check::Consistency];
    for (name, bits, head, more, less) in [
        ("holds", &[0x01_u8, 0x80][..], true, &of_witnesses, &of_terms),
        ("holds_in_the_next_term", &[0x10], true, &of_terms, &of_witnesses),
        ("holds_under_an_extent", &[0x01, 0x80], false, &of_witnesses, &[Check::Head, Check::Head]),
    ] {
        let good = bytes_of(name);
        Proven::verify(&good, &[]).unwrap();
        let mut checks = BTreeSet::new();
        for at in 0..good.len() {
            for bit in bits {
                let mut other = good.clone();
                other[at] ^= bit;
                match Proven::verify(&other, &[]) {
                    Ok(_) => panic!("{name}: byte {at} of {} does not matter", good.len()),
                    Err(broken) => checks.insert(broken.check),
                };
            }
        }
        let expected = [Check::Form, Check::Founding, Check::Header, Check::Inclusion, Check::Payload];
        assert!(expected.iter().chain(more).all(|check| checks.contains(check)), "{name}: {checks:?}");
        assert!(!less.iter().any(|check| checks.contains(check)), "{name}: {checks:?}");
        assert_eq!(head, checks.contains(&Check::Head), "{name}: {checks:?}");
        assert!(head || of_terms.iter().all(|check| checks.contains(check)), "{name}: {checks:?}");
    }
}

fn charter_of(name: &str) -> Charter {
    judge(&generate::all()[name]).unwrap().charter().clone()
}

/// Nobody's signature is lost who leaves out what they do not have: the head taken out of a file that holds never makes it hold otherwise,
/// except where the charter itself states every row of it.
#[test]
fn a_head_that_is_taken_out_of_an_exhibit_takes_its_proof_with_it() {
    for (name, vector) in generate::all().into_iter().filter(|(_, vector)| vector.expect == "holds") {
        let mut exhibit = Exhibit::decode(&hex::decode(&vector.bytes).unwrap()).unwrap();
        if exhibit.parts[0].note.take().is_none() {
            continue;
        }
        let proven = Proven::verify(&exhibit.to_bytes(), &[]);
        // Its head is over exactly the rows that count, so the charter and the head say the same.
        if name == "holds_of_a_centre_that_left" {
            assert!(proven.unwrap().open().contains(&Open::Signature), "and then it says that the author has signed nothing");
        } else {
            assert!(matches!(proven.unwrap_err().check, Check::Head | Check::Extent), "{name}");
        }
    }
}

#[test]
fn a_row_without_a_head_has_no_author_who_signed_it_and_no_time_until_a_witness_brings_both() {
    let proven = judge(&generate::all()["holds_under_an_extent"]).unwrap();
    let part = &proven.parts()[0];
    assert!(part.head().is_none());
    let levels: Vec<Level> = part.rows().iter().map(|row| row.backing().level).collect();
    assert_eq!(levels, [Level::Witnessed, Level::Chartered]);
    assert!(part.witnesses()[0].cosignature().head().heartbeat() == NOW, "the witness's head is the author's too");
}

#[test]
fn a_newer_charter_takes_away_what_an_older_one_stated_and_no_longer_does() {
    let under = |name: &str, newer: &str| {
        let later = judge(&generate::all()[name]).unwrap().under(&charter_of(newer)).unwrap();
        let part = &later.parts[0];
        (part.standing, part.counts.map(|counts| counts.size), part.left)
    };
    let stated = "holds_of_a_suspended_centre";
    assert_eq!(under(stated, "holds_of_a_suspended_centre_that_left"), (Standing::Counts, Some(5), true));
    assert_eq!(under(stated, "holds_of_a_restored_centre"), (Standing::Open, None, false), "nothing states it any more");
    assert_eq!(under(stated, "holds_of_a_centre_suspended_again"), (Standing::Void, Some(4), false), "its last row counts no more");
    let head = "holds_of_a_restored_centre";
    assert_eq!(under(head, "holds_of_a_centre_suspended_again"), (Standing::Open, Some(4), false));
}

#[test]
fn what_an_exhibit_says_of_a_journal_is_what_the_chain_ends_with() {
    // The same rows under a chain that was cut before the vote: the charter states nothing, and there is no head.
    let vector = &generate::all()["holds_under_an_extent"];
    let mut exhibit = Exhibit::decode(&hex::decode(&vector.bytes).unwrap()).unwrap();
    exhibit.charter = Chain { links: Vec::new(), ..exhibit.charter };
    assert_eq!(Proven::verify(&exhibit.to_bytes(), &[]).unwrap_err().check, Check::Head);
}

#[test]
fn an_exhibit_cut_short_anywhere_or_made_of_noise_is_refused_and_never_a_panic() {
    let good = bytes_of("holds");
    for at in (0..good.len()).step_by(13) {
        assert_eq!(Exhibit::decode(&good[..at]).unwrap_err().check, Check::Form);
    }
    let mut state = 1_u64;
    for _ in 0..2_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise: Vec<u8> = (0..state % 200).map(|at| (state >> (at % 57)) as u8).collect();
        assert!(Proven::verify(&noise, &[]).is_err());
    }
}

#[test]
fn what_is_about_a_listing_a_dossier_or_an_access_stays_out_unless_somebody_asks_for_it() {
    for kind in Kind::ALL {
        let about_people = ["listing.", "dossier.", "access.", "grant.", "epoch.", "holder.bound"];
        let stays_out = about_people.iter().any(|prefix| kind.as_str().starts_with(prefix));
        assert_eq!(shows_payload(Some(*kind)), !stays_out, "{}", kind.as_str());
    }
    assert!(!shows_payload(None), "of a kind that is not known here nobody can say what stands in it");
}
