//! Every shape with one thing wrong is outside the contract: a key left out, a key too many, a value of another type.

use std::collections::BTreeSet;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use super::{check, examples};

/// Rules of a map in which a key may be left out, and rules where another key is allowed.
const OPTIONAL_KEYS: &[(&str, u64)] = &[
    ("header", 4),
    ("charter", 7),
    ("charter-link", 3),
    ("charter-promised", 3),
    ("fork-proof", 4),
    ("charter-proposed", 5),
    ("charter-proposed", 6),
    ("entry", 1),
    ("exhibit-part", 1),
    ("certificate-head", 3),
    ("access", 10),
    ("finding", 5),
    ("finding", 7),
    ("finding", 9),
    ("finding", 10),
    ("listing-changed", 4),
    ("listing-changed", 5),
    ("listing-objected", 5),
    ("dossier-head", 0),
];
/// Shapes that are alike although what they mean is not: where they stand tells them apart.
const ALIKE: &[(&str, &str)] = &[("hpke-sealed", "entry")];
/// What must be in the contract and here: a shape nobody checks is no contract.
const RULES: &[&str] = &[
    "access",
    "access-sealed",
    "announcement",
    "answer",
    "ask",
    "audit-recorded",
    "centre-card",
    "catalogue-published",
    "certificate",
    "certificate-ended",
    "certificate-head",
    "charter",
    "charter-approved",
    "charter-chain",
    "charter-link",
    "charter-promised",
    "charter-proposed",
    "charter-rejected",
    "dossier-changed",
    "dossier-head",
    "dossier-joined",
    "dossier-opened",
    "entry",
    "epoch-sealed",
    "epoch-secrets",
    "evidence",
    "exhibit",
    "exhibit-part",
    "finding",
    "fork-proof",
    "frame",
    "grant-bound",
    "grant-keys",
    "header",
    "hit-note",
    "holder-bound",
    "holder-card",
    "holder-ended",
    "hpke-sealed",
    "hybrid-sealed",
    "inquiry",
    "inquiry-reply",
    "listing-changed",
    "listing-decided",
    "listing-hit",
    "listing-objected",
    "matter",
    "matter-published",
    "vector",
];

/// A map's keys with the bytes of their values.
pub(super) fn pairs(bytes: &[u8]) -> Option<Vec<(u64, Vec<u8>)>> {
    let mut d = Decoder::new(bytes);
    (d.datatype().ok()? == Type::Map).then_some(())?;
    let len = d.map().ok()??;
    let mut out = Vec::new();
    for _ in 0..len {
        let key = d.u64().ok()?;
        let start = d.position();
        d.skip().ok()?;
        out.push((key, bytes[start..d.position()].to_vec()));
    }
    Some(out)
}

pub(super) fn map(pairs: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out).map(pairs.len() as u64).unwrap();
    for (key, value) in pairs {
        Encoder::new(&mut out).u64(*key).unwrap();
        out.extend_from_slice(value);
    }
    out
}

/// A value of no type that any rule has: a float.
fn foreign() -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out).f64(1.5).unwrap();
    out
}

#[test]
fn a_key_left_out_added_or_of_another_type_is_outside_the_contract() {
    let mut altered = 0;
    for (rule, bytes) in examples() {
        let Some(pairs) = pairs(&bytes) else { continue };
        for (at, (key, value)) in pairs.iter().enumerate() {
            let mut without = pairs.clone();
            without.remove(at);
            let optional = OPTIONAL_KEYS.contains(&(rule, *key));
            assert_eq!(check(rule, &map(&without)).is_ok(), optional, "{rule} without {key}");
            for wrong in [foreign(), if value[0] >> 5 == 3 { vec![0x40] } else { vec![0x60] }] {
                let mut changed = pairs.clone();
                changed[at].1 = wrong;
                assert!(check(rule, &map(&changed)).is_err(), "{rule} with another type at {key}");
            }
            altered += 3;
        }
        for key in [15, 31, 32, 1000] {
            let mut more = pairs.clone();
            more.push((key, vec![0x01]));
            let ignorable = rule == "header" && key >= 32;
            assert_eq!(check(rule, &map(&more)).is_ok(), ignorable, "{rule} with the key {key}");
            altered += 1;
        }
    }
    println!("{altered} altered shapes");
}

#[test]
fn every_shape_of_the_contract_has_an_example() {
    let seen: BTreeSet<&str> = examples().into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(seen, RULES.iter().copied().collect());
}

#[test]
fn a_shape_under_another_name_is_refused() {
    let (examples, mut alike) = (examples(), BTreeSet::new());
    for (rule, bytes) in &examples {
        for other in RULES.iter().filter(|other| *other != rule) {
            alike.extend(check(other, bytes).is_ok().then_some((*rule, *other)));
        }
    }
    assert_eq!(alike, ALIKE.iter().copied().collect());
}

#[test]
fn values_beyond_their_bounds_are_outside_the_contract() {
    let change = |rule: &str, key: u64, value: &[u8]| {
        let (_, bytes) = examples().into_iter().find(|(name, _)| *name == rule).unwrap();
        let mut pairs = pairs(&bytes).unwrap();
        pairs.iter_mut().filter(|(k, _)| *k == key).for_each(|(_, old)| *old = value.to_vec());
        check(rule, &map(&pairs))
    };
    let text = |text: &str| [&[0x78, u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
    let bytes = |len: usize| [&[0x59, (len >> 8) as u8, len as u8][..], &vec![0; len]].concat();
    assert!(change("frame", 0, &text("C46010")).is_ok());
    for bad in ["46010", "C46010-", "C4601O", "c46010", "C46010KFX", " C46010"] {
        assert!(change("frame", 0, &text(bad)).is_err(), "{bad}");
    }
    for (rule, key, len) in [("frame", 4, 4097), ("entry", 0, 257), ("hpke-sealed", 0, 31), ("ask", 0, 33), ("certificate-head", 4, 31)] {
        assert!(change(rule, key, &bytes(len)).is_err(), "{rule} {key} of {len} bytes");
    }
    for (rule, key, bad) in [
        ("header", 1, "Vector"),
        ("certificate-ended", 4, "forgotten"),
        ("certificate-head", 0, "anju-2"),
        ("certificate-head", 1, "C46010"),
        ("certificate-head", 2, "XXZM"),
        ("grant-bound", 5, "all"),
        ("grant-bound", 10, "AA"),
        ("access", 6, "a b"),
        ("charter", 2, "a/b"),
        ("hit-note", 3, "a b"),
        ("listing-hit", 1, "46010"),
        ("finding", 3, ""),
    ] {
        assert!(change(rule, key, &text(bad)).is_err(), "{rule} {key} {bad}");
    }
    for (rule, key, beyond) in [
        ("listing-changed", 3, 4_u8),
        ("listing-objected", 4, 5),
        ("listing-decided", 6, 2),
        ("listing-decided", 4, 20),
        ("finding", 0, 3),
        ("finding", 13, 3),
    ] {
        assert!(change(rule, key, &[beyond]).is_err(), "{rule} {key} {beyond}");
    }
    assert!(change("grant-bound", 9, &[0x18, 101]).is_err() && change("grant-bound", 9, &[0x00]).is_err());
}
