//! Exhibits hold or fail by the check that they are named for; the committed vectors are what the generator makes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers stop as its tests do")]

#[path = "../examples/exhibit_vectors/generate.rs"]
mod generate;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anju_core::exhibit::{Broken, Check, Exhibit, Open, Proven, shows_payload};
use anju_core::journal::Kind;
use generate::{NOW, Row, Vector};

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
        assert!(proven.parts().iter().all(|part| part.head().heartbeat() == NOW), "{name}");
    }
    assert_eq!(seen, Open::ALL.iter().map(|open| open.code().to_owned()).collect(), "everything is open somewhere");
}

#[test]
fn a_term_is_told_with_the_versions_that_began_and_ended_it() {
    let reign = |name: &str| judge(&generate::all()[name]).unwrap().parts()[0].reign();
    let expect = [("holds", 1, None), ("holds_in_the_next_term", 2, None)];
    let ended = [("holds_in_an_ended_term", 1, Some(2)), ("holds_of_a_centre_that_left", 1, Some(2))];
    for (name, from, until) in expect.into_iter().chain(ended) {
        assert_eq!((reign(name).from, reign(name).until), (from, until), "{name}");
    }
}

/// Every byte of an exhibit is covered by a check: one bit changed anywhere, and it does not hold.
#[test]
fn every_changed_byte_of_an_exhibit_is_refused_by_a_check_with_a_name() {
    for (name, bits) in [("holds", &[0x01_u8, 0x80][..]), ("holds_in_the_next_term", &[0x10])] {
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
        let expected = [Check::Form, Check::Founding, Check::Head, Check::Header, Check::Inclusion, Check::Payload];
        assert!(expected.iter().all(|check| checks.contains(check)), "{name}: {checks:?}");
        assert_eq!(name == "holds", checks.contains(&Check::Cosignature) && checks.contains(&Check::Consistency), "{checks:?}");
        assert_eq!(name != "holds", checks.contains(&Check::Chain) && checks.contains(&Check::Extent), "{checks:?}");
    }
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
