//! Headers and payloads.

use minicbor::Encoder;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::NOW;
use crate::error::FaultCode;
use crate::journal::statement::{BuildError, MAX_HEADER_BYTES, MAX_KIND_BYTES, MAX_PAYLOAD_BYTES, SALT_BYTES, absence_allowed};
use crate::journal::{Entry, Header, Kind, Statement, hash};
use crate::time::Time;

fn built(body: &[u8]) -> Entry {
    Statement::build(&mut StdRng::seed_from_u64(11), Kind::CertificateIssued, NOW, Some(NOW.plus_ms(5)), body).unwrap()
}

/// A header written by hand: the usual fields, with what the test wants different.
fn by_hand(fields: u64, version: u64, kind: &str, at: u64, rest: &dyn Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = Encoder::new(&mut out);
    e.map(fields).unwrap().u8(0).unwrap().u64(version).unwrap().u8(1).unwrap().str(kind).unwrap();
    e.u8(2).unwrap().bytes(&[7; 16]).unwrap().u8(3).unwrap().u64(at).unwrap().u8(5).unwrap().bytes(&[9; 32]).unwrap();
    rest(&mut e);
    out
}

fn code(bytes: &[u8]) -> FaultCode {
    Header::parse(bytes).unwrap_err().code
}

#[test]
fn a_built_statement_checks_and_gives_its_body_back() {
    let entry = built(b"the body");
    let header = entry.check().unwrap();
    assert_eq!(header.kind(), Some(Kind::CertificateIssued));
    assert_eq!((header.at(), header.drop_after()), (NOW, Some(NOW.plus_ms(5))));
    assert_eq!(entry.body(), Some(b"the body".as_slice()));
    assert_eq!(entry.leaf(), hash::leaf(&entry.header));
    assert_eq!(header.payload_digest(), hash::sha256(entry.payload.as_ref().unwrap()));
    let erased = Entry { payload: None, ..entry };
    erased.check().unwrap();
    assert_eq!(erased.body(), None);
}

#[test]
fn equal_bodies_have_different_digests_because_of_the_salt() {
    let mut rng = StdRng::seed_from_u64(12);
    let mut build = || Statement::build(&mut rng, Kind::Vector, NOW, None, b"yes").unwrap().check().unwrap();
    let (one, other) = (build(), build());
    assert_ne!(one.payload_digest(), other.payload_digest());
    assert_ne!(one.id(), other.id());
}

#[test]
fn a_body_at_the_cap_fits_and_one_beyond_does_not() {
    let room = MAX_PAYLOAD_BYTES - SALT_BYTES;
    built(&vec![1; room]).check().unwrap();
    let mut rng = StdRng::seed_from_u64(13);
    let large = Statement::build(&mut rng, Kind::Vector, NOW, None, &vec![1; room + 1]);
    assert_eq!(large, Err(BuildError::BodyTooLarge(room + 1)));
    assert_eq!(Statement::build(&mut rng, Kind::Vector, Time(-1), None, b""), Err(BuildError::BeforeEpoch));
    assert_eq!(Statement::build(&mut rng, Kind::Vector, NOW, Some(Time(-1)), b""), Err(BuildError::BeforeEpoch));
}

#[test]
fn every_flipped_bit_of_a_payload_is_noticed() {
    let entry = built(b"abc");
    for at in 0..entry.payload.as_ref().unwrap().len() * 8 {
        let mut flipped = entry.clone();
        flipped.payload.as_mut().unwrap()[at / 8] ^= 1 << (at % 8);
        assert_eq!(flipped.check().unwrap_err().code, FaultCode::BadPayload, "bit {at}");
    }
}

#[test]
fn a_payload_that_is_too_short_or_too_long_is_refused_even_with_the_right_digest() {
    for (len, expected) in [(SALT_BYTES - 1, FaultCode::BadPayload), (MAX_PAYLOAD_BYTES + 1, FaultCode::Oversized)] {
        let payload = vec![3; len];
        let mut header = Vec::new();
        let mut e = Encoder::new(&mut header);
        e.map(5).unwrap().u8(0).unwrap().u8(1).unwrap().u8(1).unwrap().str("vector").unwrap().u8(2).unwrap().bytes(&[7; 16]).unwrap();
        e.u8(3).unwrap().u8(1).unwrap().u8(5).unwrap().bytes(&hash::sha256(&payload).0).unwrap();
        assert_eq!(Entry { header, payload: Some(payload) }.check().unwrap_err().code, expected);
    }
}

#[test]
fn an_unknown_kind_is_read_and_not_interpreted() {
    let header = Header::parse(&by_hand(5, 1, "weather.observed", 1, &|_| {})).unwrap();
    assert_eq!((header.kind(), header.kind_text()), (None, "weather.observed"));
}

#[test]
fn an_unknown_critical_field_is_refused_and_an_ignorable_one_is_kept_in_the_leaf() {
    for key in 6..32 {
        let bytes = by_hand(6, 1, "vector", 1, &|e| {
            e.u64(key).unwrap().u8(1).unwrap();
        });
        assert_eq!(code(&bytes), FaultCode::Malformed, "key {key}");
    }
    let plain = by_hand(5, 1, "vector", 1, &|_| {});
    let more = by_hand(9, 1, "vector", 1, &|e| {
        e.u8(32).unwrap().i64(-5).unwrap().u8(33).unwrap().str("x").unwrap();
        e.u64(u64::MAX - 1).unwrap().bytes(b"y").unwrap().u64(u64::MAX).unwrap().bool(true).unwrap();
    });
    Header::parse(&more).unwrap();
    assert_ne!(hash::leaf(&plain), hash::leaf(&more));
}

#[test]
fn a_header_that_is_not_the_one_encoding_of_what_it_says_is_refused() {
    let duplicate = by_hand(6, 1, "vector", 1, &|e| {
        e.u8(5).unwrap().bytes(&[9; 32]).unwrap();
    });
    let unordered = by_hand(7, 1, "vector", 1, &|e| {
        e.u8(33).unwrap().u8(1).unwrap().u8(32).unwrap().u8(1).unwrap();
    });
    let nested = by_hand(6, 1, "vector", 1, &|e| {
        e.u8(32).unwrap().array(0).unwrap();
    });
    let float = by_hand(6, 1, "vector", 1, &|e| {
        e.u8(32).unwrap().f64(1.0).unwrap();
    });
    let mut trailing = by_hand(5, 1, "vector", 1, &|_| {});
    trailing.push(0);
    let mut long_key = by_hand(5, 1, "vector", 1, &|_| {});
    long_key.splice(1..2, [0x18, 0x00]);
    for bytes in [duplicate, unordered, nested, float, trailing, long_key, by_hand(4, 1, "vector", 1, &|_| {})] {
        assert_eq!(code(&bytes), FaultCode::Malformed, "{}", hex::encode(&bytes));
    }
}

#[test]
fn fields_of_another_form_are_refused() {
    let long = "k".repeat(MAX_KIND_BYTES + 1);
    for kind in ["", "Vector", "vec tor", "vec\ntor", "向量", &long] {
        assert_eq!(code(&by_hand(5, 1, kind, 1, &|_| {})), FaultCode::Malformed, "{kind:?}");
    }
    Header::parse(&by_hand(5, 1, &long[1..], 1, &|_| {})).unwrap();
    assert_eq!(code(&by_hand(5, 0, "vector", 1, &|_| {})), FaultCode::Malformed);
    assert_eq!(code(&by_hand(5, 2, "vector", 1, &|_| {})), FaultCode::Malformed);
    assert_eq!(code(&by_hand(5, 1, "vector", i64::MAX as u64 + 1, &|_| {})), FaultCode::Malformed);
    Header::parse(&by_hand(5, 1, "vector", i64::MAX as u64, &|_| {})).unwrap();
}

#[test]
fn a_header_at_the_cap_is_read_and_one_beyond_is_oversized() {
    let filled = |len: usize| {
        by_hand(6, 1, "vector", 1, &|e| {
            e.u8(32).unwrap().bytes(&vec![0; len]).unwrap();
        })
    };
    let fits = (0..MAX_HEADER_BYTES).map(filled).find(|bytes| bytes.len() == MAX_HEADER_BYTES).unwrap();
    Header::parse(&fits).unwrap();
    let beyond = (0..MAX_HEADER_BYTES).map(filled).find(|bytes| bytes.len() == MAX_HEADER_BYTES + 1).unwrap();
    assert_eq!(code(&beyond), FaultCode::Oversized);
}

#[test]
fn a_payload_may_be_absent_only_after_its_drop_after_or_an_ending() {
    let header = built(b"x").check().unwrap();
    assert!(!absence_allowed(&header, NOW.plus_ms(4), false));
    assert!(absence_allowed(&header, NOW.plus_ms(5), false));
    assert!(absence_allowed(&header, NOW, true));
    let forever = Header::parse(&by_hand(5, 1, "vector", 1, &|_| {})).unwrap();
    assert!(!absence_allowed(&forever, Time(i64::MAX), false));
}

proptest! {
    #[test]
    fn random_bytes_are_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Header::parse(&bytes);
        let _ = crate::journal::Frame::decode(&bytes);
        let _ = crate::journal::Evidence::decode(&bytes);
        let _ = crate::journal::note::Note::parse(&bytes);
    }

    #[test]
    fn a_mutated_header_is_refused_or_says_something_else(at in any::<proptest::sample::Index>(), to in any::<u8>()) {
        let bytes = built(b"x").header;
        let mut mutated = bytes.clone();
        let at = at.index(bytes.len());
        mutated[at] = to;
        if let Ok(header) = Header::parse(&mutated) {
            prop_assert_eq!(mutated == bytes, header == Header::parse(&bytes).unwrap());
        }
    }
}
