//! Everything that comes from outside, damaged in seeded ways: nothing panics, and what is not refused says exactly what it said before.
//!
//! A quick and repeatable neighbour of `tests/fuzz`, which searches further. What must never be here: an input that is only counted.
#![allow(clippy::unwrap_used, reason = "a test's helpers stop as its tests do")]

use anju_core::audit::AuditBody;
use anju_core::certificate::EndedBody;
use anju_core::charter::{CentreCard, CharterFile};
use anju_core::error::RefusalCode;
use anju_core::grant::{Presented, Revocation, access};
use anju_core::holder::{HolderCard, Wallet, receive};
use anju_core::journal::{Entry, Evidence, Frame, Header};
use anju_core::listing::finding::Place;
use anju_core::listing::hit::HitBody;
use anju_core::listing::{Change, ChangedBody, DecidedBody, Finding, ObjectedBody};
use anju_core::node::announce;
use anju_core::node::message::{Answer, Ask, HeadReport, HeadsReport, PayloadReport, Question, Under};
use anju_core::vector::VectorBody;
use anju_core::wire;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::made::{Made, NOW, ROWS};

const SEED: u64 = 20_261_121;
/// Bytes that mean something in CBOR, JSON, base64 or a note.
const TELLING: &[u8] = b"\x00\x01\x17\x18\x1b\x5b\x5f\x7f\x80\x9b\x9f\xa0\xbf\xf6\xf7\xff\n\"\\{}[]~.=+/A";
/// Most changes to one input.
const CHANGES_MAX: u32 = 4;

/// `good` with one to [`CHANGES_MAX`] changes; never `good` itself.
fn damaged(rng: &mut StdRng, good: &[u8]) -> Vec<u8> {
    loop {
        let mut bytes = good.to_vec();
        for _ in 0..rng.random_range(1..=CHANGES_MAX) {
            change(rng, &mut bytes);
        }
        if bytes != good {
            return bytes;
        }
    }
}

fn change(rng: &mut StdRng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        bytes.push(rng.random());
        return;
    }
    let at = rng.random_range(0..bytes.len());
    let len = rng.random_range(1..=16.min(bytes.len() - at));
    match rng.random_range(0..8) {
        0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
        2 => bytes[at] = TELLING[rng.random_range(0..TELLING.len())],
        3 => bytes.insert(at, TELLING[rng.random_range(0..TELLING.len())]),
        4 => drop(bytes.drain(at..at + len)),
        5 => bytes.truncate(at),
        6 => {
            let piece = bytes[at..at + len].to_vec();
            let to = rng.random_range(0..=bytes.len());
            bytes.splice(to..to, piece);
        }
        _ => bytes[at..at + len].fill(0),
    }
}

/// Feeds `count` damaged copies of `good` to `check`, which says whether it was refused; asserts that some were.
fn feed(what: &str, count: usize, good: &[u8], check: &mut dyn FnMut(&[u8]) -> bool) {
    let mut rng = StdRng::seed_from_u64(SEED ^ good.len() as u64);
    let refused = (0..count).filter(|_| check(&damaged(&mut rng, good))).count();
    println!("{what}: seed {SEED}, {refused} of {count} refused");
    assert!(refused * 10 > count * 9 || what.starts_with("header"), "{what}: hardly anything was refused");
}

/// A text after damage, which may no longer be UTF-8: what a reader of files would make of it.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_damaged_header_is_refused_or_is_another_leaf() {
    let made = Made::new(31, NOW);
    for entry in &made.entries {
        feed("header", 4_000, &entry.header, &mut |bytes| {
            let other = Entry { header: bytes.to_vec(), payload: None };
            assert_ne!(other.leaf(), entry.leaf());
            Header::parse(bytes).is_err()
        });
    }
}

#[test]
fn a_damaged_row_never_passes_for_the_one_it_was() {
    let made = Made::new(32, NOW);
    for entry in &made.entries {
        feed("row", 3_000, &wire::encode(entry), &mut |bytes| match wire::decode::<Entry>(bytes, 128 * 1024) {
            Ok(row) => row.check().is_err() || row.leaf() != entry.leaf(),
            Err(_) => true,
        });
    }
}

#[test]
fn a_damaged_note_frame_or_evidence_is_refused() {
    let made = Made::new(33, NOW);
    let author = made.author();
    feed("note", 12_000, made.journal.head.note(), &mut |bytes| {
        assert!(author.verify(bytes).is_err());
        true
    });
    for (from, to) in [(0, ROWS), (0, 3), (2, 5), (ROWS, ROWS)] {
        let held = made.frontier(from);
        feed("frame", 5_000, &made.frame(from, to).to_bytes(), &mut |bytes| {
            assert!(Frame::decode(bytes).and_then(|frame| frame.check(&held, &author)).is_err());
            true
        });
    }
    feed("evidence", 8_000, &made.evidence(4).to_bytes(), &mut |bytes| {
        assert!(Evidence::decode(bytes).and_then(|evidence| evidence.verify(&author)).is_err());
        true
    });
}

#[test]
fn a_damaged_announcement_does_not_open() {
    let mut made = Made::new(34, NOW);
    let (frame, station) = (made.frame(0, ROWS), made.issuer.keys.station_key());
    let (secrets, founding) = (made.secrets(), made.charter.founding());
    let bytes = announce::seal(&mut made.rng, founding, &secrets, &station, &frame).unwrap();
    assert!(announce::open(founding, [&secrets], &station, &bytes).is_ok());
    feed("announcement", 20_000, &bytes, &mut |bytes| {
        assert!(announce::open(founding, [&secrets], &station, bytes).is_err());
        true
    });
}

#[test]
fn a_damaged_question_or_answer_has_one_reading_or_none() {
    let made = Made::new(35, NOW);
    let (centre, under) = (made.issuer.code.clone(), Under::of(&made.charter));
    let mut read = 0;
    for question in [
        Question::Pull { centre: centre.clone(), from: 3, rows: Some(256) },
        Question::Payloads { centre: centre.clone(), indexes: vec![1, 2] },
        Question::Push(made.frame(0, 1).to_bytes().into()),
    ] {
        let mut rng = StdRng::seed_from_u64(SEED);
        let good = Ask::under(&made.charter, question).to_bytes();
        for bytes in (0..10_000).map(|_| damaged(&mut rng, &good)) {
            let Ok(ask) = Ask::decode(&bytes) else { continue };
            assert_eq!(ask.to_bytes(), bytes);
            read += 1;
        }
    }
    let note = made.journal.head.note().to_vec();
    let payload = made.entries[3].payload.clone().unwrap();
    for answer in [
        Answer::Heads(HeadsReport::whole(vec![HeadReport { centre, note }], under)),
        Answer::Payloads(vec![PayloadReport { index: 3, payload }]),
    ] {
        let mut rng = StdRng::seed_from_u64(SEED);
        let good = answer.to_bytes();
        for bytes in (0..10_000).map(|_| damaged(&mut rng, &good)) {
            assert!(Answer::decode(&bytes).map_or(true, |answer| answer.to_bytes() == bytes));
        }
    }
    println!("{read} damaged questions are other questions");
}

#[test]
fn a_damaged_grant_or_revocation_is_refused_or_differs_in_white_space_alone() {
    let made = Made::new(36, NOW);
    let (expected, plain) = (made.read(&made.grant, &made.body).unwrap(), made.grant.clone());
    feed("grant", 15_000, made.grant.as_bytes(), &mut |bytes| {
        let text = text(bytes);
        let Ok(released) = made.read(&text, &made.body) else { return true };
        let squeezed: String = text.split_ascii_whitespace().collect();
        assert!(squeezed == plain && released.presentation() == expected.presentation());
        false
    });
    feed("revocation", 8_000, made.revocation().as_bytes(), &mut |bytes| {
        assert!(Revocation::parse(&text(bytes)).is_err());
        true
    });
    assert!(Presented::parse(&plain).is_ok() && Revocation::parse(&made.revocation()).is_ok());
}

/// The wallet as it was before the certificate came.
fn expecting_wallet(made: &Made) -> Vec<u8> {
    let mut json: serde_json::Value = serde_json::from_slice(&made.wallet.to_json()).unwrap();
    json["certificates"] = serde_json::json!([]);
    json["keys"][0]["state"] = serde_json::json!({"offered": {"centre": made.issuer.code.as_str()}});
    serde_json::to_vec(&json).unwrap()
}

#[test]
fn a_damaged_certificate_is_kept_by_no_holder_and_shows_no_centre_another_field() {
    let made = Made::new(37, NOW);
    let (wallet, identity) = (expecting_wallet(&made), made.identity());
    let mut whole = Wallet::from_json(&wallet).unwrap();
    receive(&mut whole, NOW, &made.body, b"", &identity).unwrap();
    let expected = made.read(&made.grant, &made.body).unwrap();
    feed("certificate", 8_000, &made.body, &mut |bytes| {
        let mut wallet = Wallet::from_json(&wallet).unwrap();
        assert!(receive(&mut wallet, NOW, bytes, b"", &identity).is_err());
        assert!(wallet.certificates().is_empty());
        match made.read(&made.grant, bytes) {
            Ok(released) => assert!(released.presentation() == expected.presentation()),
            Err(refusal) => assert_ne!(refusal.code, RefusalCode::GrantUsedUp),
        }
        true
    });
    feed("ending", 10_000, &made.ended().to_bytes(), &mut |bytes| match EndedBody::parse(bytes) {
        Ok(ended) => {
            assert!(ended.to_bytes() == bytes && ended != made.ended());
            true
        }
        Err(_) => true,
    });
}

#[test]
fn a_damaged_access_record_is_noticed_by_a_reader_and_never_reads_otherwise() {
    let mut made = Made::new(38, NOW);
    let record = made.access();
    let sealed = made.sealed_access(&record);
    assert!(access::open(&made.issuer.keys.sealing, access::SLOT_ISSUER, &sealed).unwrap() == record);
    feed("access", 12_000, &sealed, &mut |bytes| {
        // One reader's place may be damaged without harm to the others, but never what they read.
        let readers = [&made.lender.keys.sealing, &made.issuer.keys.sealing, made.wallet.keys()[0].opening()];
        let read: Vec<_> = readers.iter().enumerate().map(|(slot, key)| access::open(key, slot, bytes)).collect();
        assert!(read.iter().flatten().all(|access| *access == record));
        assert!(read.iter().any(Result::is_err));
        true
    });
}

#[test]
fn a_damaged_statement_about_a_listing_has_one_reading_or_none_and_opens_nowhere() {
    let mut made = Made::new(40, NOW);
    let (decided, objected, hit) = (made.decided(), made.objected(), made.hit());
    let (subject, finding, note) = (made.subject(), made.finding(), made.hit_note());
    let (federation, lender) = (made.charter.federation().clone(), made.lender.code.clone());
    let mut others = 0;
    let mut reread = |same: bool| {
        assert!(same, "what was read is not what was written");
        others += 1;
        true
    };
    feed("listing.decided", 12_000, &decided.to_bytes(), &mut |bytes| {
        let Ok(other) = DecidedBody::parse(bytes) else { return true };
        let place = Place { federation: &federation, centre: &made.issuer.code, listing: &other.listing, pepper: 1 };
        match Finding::open(&subject, &place, &other.sealed) {
            // The seal covers the finding and the listing; what stands beside it in clear is covered by the journal.
            Ok(opened) => assert!(opened == finding && other.sealed == decided.sealed && other.listing == decided.listing),
            Err(_) => assert!(other.sealed != decided.sealed || other.listing != decided.listing),
        }
        reread(other.to_bytes() == bytes && other != decided)
    });
    for change in Change::ALL {
        feed("listing.changed", 8_000, &made.changed(change).to_bytes(), &mut |bytes| {
            let Ok(other) = ChangedBody::parse(bytes) else { return true };
            assert!(other.change.ends() || other.answers.is_some());
            reread(other.to_bytes() == bytes)
        });
    }
    feed("listing.objected", 8_000, &objected.to_bytes(), &mut |bytes| {
        let Ok(other) = ObjectedBody::parse(bytes) else { return true };
        reread(other.to_bytes() == bytes && other != objected)
    });
    feed("listing.hit", 8_000, &hit.to_bytes(), &mut |bytes| {
        let Ok(other) = HitBody::parse(bytes) else { return true };
        if let Ok(read) = other.open(&lender, &made.issuer.keys.sealing) {
            assert!(read == note && other.sealed == hit.sealed && other.to == hit.to);
        }
        reread(other.to_bytes() == bytes && other != hit)
    });
    feed("vector", 12_000, &made.vector().to_bytes(), &mut |bytes| match VectorBody::parse(bytes) {
        Ok(other) => reread(other.to_bytes() == bytes),
        Err(_) => true,
    });
    feed("audit.recorded", 8_000, &made.audited().to_bytes(), &mut |bytes| match AuditBody::parse(bytes) {
        Ok(other) => reread(other.to_bytes() == bytes),
        Err(_) => true,
    });
    println!("{others} damaged statements are other statements");
}

#[test]
fn a_damaged_charter_or_card_is_refused_or_says_the_same() {
    let made = Made::new(39, NOW);
    feed("charter", 6_000, made.charter_file.to_text().as_bytes(), &mut |bytes| {
        let Ok(charter) = CharterFile::parse(&text(bytes)).and_then(|file| file.verify()) else { return true };
        assert_eq!(charter.digest(), made.charter.digest());
        false
    });
    let card = made.issuer.card.to_signed_text(&made.issuer.keys);
    feed("centre card", 12_000, card.as_bytes(), &mut |bytes| {
        let Ok(read) = CentreCard::parse(&text(bytes)) else { return true };
        assert_eq!(read, made.issuer.card);
        false
    });
    let good = HolderCard::parse(&made.holder_card, &made.issuer.code, NOW).unwrap();
    feed("holder card", 12_000, made.holder_card.as_bytes(), &mut |bytes| {
        let Ok(read) = HolderCard::parse(&text(bytes), &made.issuer.code, NOW) else { return true };
        assert_eq!(read, good);
        false
    });
}
