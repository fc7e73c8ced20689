//! Checkpoints, heartbeats, and what two heads say about each other.

use super::{NOW, Writer};
use crate::error::FaultCode;
use crate::journal::batch::{self, BatchError, heartbeat_time};
use crate::journal::head::{Standing, compare, is_on_our_history};
use crate::journal::note::Note;
use crate::journal::{Checkpoint, Entry, Frontier, MAX_JOURNAL_ROWS, Origin, VerifiedHead, hash, proof};
use crate::names::{CentreCode, FederationName};
use crate::shelf::Head;
use crate::time::{SECOND_MS, Time};

fn held(head: VerifiedHead) -> Head {
    head.received_at(NOW)
}

/// A note with this text, signed as the author signs.
fn note_with(writer: &Writer, text: &str) -> Vec<u8> {
    let mut note = Note::unsigned(text);
    note.sign(writer.author.origin.as_str(), &writer.signing);
    note.cosign(&writer.author.origin.heartbeat_name(), &writer.heartbeat, NOW);
    note.to_bytes()
}

#[test]
fn a_signed_head_verifies_and_says_what_was_signed() {
    let mut writer = Writer::new("C46010", 1);
    let batch = writer.write(3);
    let head = writer.author.verify(batch.head.note()).unwrap();
    assert_eq!((head.size(), head.root()), (3, batch.frontier.root()));
    assert_eq!(head.heartbeat(), NOW);
    assert_eq!(head.origin().as_str(), "anju.test/C46010");
    let text = String::from_utf8(head.note().to_vec()).unwrap();
    assert!(text.starts_with("anju.test/C46010\n3\n"), "{text}");
    assert!(text.contains("\n\n— anju.test/C46010 ") && text.contains("\n— anju.test/C46010/heartbeat "), "{text}");
}

#[test]
fn a_head_of_other_keys_another_centre_or_another_federation_is_refused() {
    let mut writer = Writer::new("C46010", 1);
    let note = writer.write(1).head.note().to_vec();
    let mut cases = Vec::new();
    let stranger = Writer::new("C46010", 2);
    cases.push(stranger.author.clone());
    cases.push(crate::journal::Author { signing: stranger.author.signing, ..writer.author.clone() });
    cases.push(crate::journal::Author { heartbeat: stranger.author.heartbeat, ..writer.author.clone() });
    let other = CentreCode::new("C46020").unwrap();
    for (federation, centre) in [("test", other), ("tes", writer.author.centre.clone())] {
        let origin = Origin::new(&FederationName::new(federation).unwrap(), &centre);
        cases.push(crate::journal::Author { origin, ..writer.author.clone() });
    }
    for case in cases {
        assert_eq!(case.verify(&note).unwrap_err().code, FaultCode::BadSignature);
    }
    writer.author.verify(&note).unwrap();
}

#[test]
fn a_head_without_its_heartbeat_or_without_its_signature_is_refused() {
    let mut writer = Writer::new("C46010", 1);
    let note = writer.write(1).head.note().to_vec();
    let text = String::from_utf8(note).unwrap();
    let (body, lines) = text.split_once("\n\n").unwrap();
    for line in lines.lines() {
        let cut = format!("{body}\n\n{line}\n");
        assert_eq!(writer.author.verify(cut.as_bytes()).unwrap_err().code, FaultCode::BadSignature);
    }
}

#[test]
fn an_added_cosignature_of_somebody_else_changes_nothing() {
    let mut writer = Writer::new("C46010", 1);
    let batch = writer.write(1);
    let mut note = Note::parse(batch.head.note()).unwrap();
    note.cosign("witness.example", &Writer::new("C50010", 9).signing, NOW);
    let head = writer.author.verify(&note.to_bytes()).unwrap();
    assert_eq!((head.size(), head.root()), (batch.head.size(), batch.head.root()));
}

#[test]
fn a_checkpoint_text_of_another_form_is_refused_although_it_is_signed() {
    let writer = Writer::new("C46010", 1);
    let good = Checkpoint { origin: writer.author.origin.clone(), size: 5, root: hash::leaf(b"x") }.text();
    writer.author.verify(&note_with(&writer, &good)).unwrap();
    let root = good.lines().nth(2).unwrap();
    let origin = writer.author.origin.as_str();
    let huge = format!("{origin}\n{}\n{root}\n", MAX_JOURNAL_ROWS + 1);
    let cases = [
        format!("{good}extension\n"),
        format!("{good}\n"),
        format!("{origin}\n5\n"),
        format!("{origin}\n05\n{root}\n"),
        format!("{origin}\n+5\n{root}\n"),
        format!("{origin}\n-5\n{root}\n"),
        format!("{origin}\n5 \n{root}\n"),
        format!("{origin}\n\n{root}\n"),
        format!("{origin}\n18446744073709551616\n{root}\n"),
        format!("{origin}\n5\n{}\n", &root[..40]),
        format!("{origin}\n5\n{}\n", root.trim_end_matches('=')),
        format!("{origin}\n0\n{root}\n"),
        huge,
    ];
    for case in cases {
        assert_eq!(writer.author.verify(&note_with(&writer, &case)).unwrap_err().code, FaultCode::Malformed, "{case:?}");
    }
    let elsewhere = format!("anju.test/C46020\n5\n{root}\n");
    assert_eq!(writer.author.verify(&note_with(&writer, &elsewhere)).unwrap_err().code, FaultCode::NotTheAuthor);
}

#[test]
fn what_each_kind_of_signature_signs_begins_differently() {
    let origin = Origin::new(&FederationName::new("cosignature").unwrap(), &CentreCode::new("C46010").unwrap());
    let text = Checkpoint { origin, size: 0, root: hash::empty() }.text();
    for start in ["cosignature/v1\n", "anju/v1/", "eyJ"] {
        assert!(!text.starts_with(start) && !start.starts_with("anju."));
    }
}

#[test]
fn heads_are_compared_by_what_is_signed() {
    let mut writer = Writer::new("C46010", 1);
    let early = writer.write(2).head;
    let later = writer.append(Vec::new(), NOW.plus_ms(SECOND_MS)).head;
    let longer = writer.write(1).head;
    assert_eq!(compare(&held(early.clone()), &longer), Standing::Newer);
    assert_eq!(compare(&held(early.clone()), &early), Standing::Same { newer_heartbeat: false });
    assert_eq!(compare(&held(early.clone()), &later), Standing::Same { newer_heartbeat: true });
    assert_eq!(compare(&held(later.clone()), &early), Standing::Same { newer_heartbeat: false });
    assert_eq!(compare(&held(longer), &early), Standing::Older);
}

#[test]
fn a_shorter_journal_under_a_newer_heartbeat_is_rolled_back() {
    let mut writer = Writer::new("C46010", 1);
    let short = writer.write(2).frontier;
    let long = writer.write(3).head;
    let sign = |at: Time| Checkpoint::of(&writer.author.origin, &short).sign(&writer.signing, &writer.heartbeat, at);
    let newer = writer.author.verify(&sign(NOW.plus_ms(SECOND_MS))).unwrap();
    assert_eq!(compare(&held(long.clone()), &newer), Standing::RolledBack);
    let equal = writer.author.verify(&sign(NOW)).unwrap();
    assert_eq!(compare(&held(long), &equal), Standing::Older);
}

#[test]
fn a_clock_that_jumps_back_does_not_make_an_author_look_rolled_back() {
    let mut writer = Writer::new("C46010", 1);
    let first = writer.write(2).head;
    let back = NOW.plus_ms(-600 * SECOND_MS);
    let at = heartbeat_time(back, Some(first.heartbeat()));
    let entry = crate::journal::Statement::build(&mut writer.rng, crate::journal::Kind::Vector, back, None, b"x").unwrap();
    let second = writer.append(vec![entry], at).head;
    assert_eq!(second.heartbeat(), NOW);
    assert_eq!(compare(&held(second), &first), Standing::Older);
    assert_eq!(heartbeat_time(NOW.plus_ms(1), Some(NOW)), NOW.plus_ms(1));
    assert_eq!(heartbeat_time(back, None), back);
}

#[test]
fn two_histories_are_a_fork_at_the_same_size_and_at_a_smaller_one() {
    let (mut one, mut other) = (Writer::new("C46010", 1), Writer::new("C46010", 1));
    one.write(1);
    other.write(1);
    other.write(0);
    let _ = crate::seal::Key::random(&mut other.rng);
    let (here, there) = (one.write(1).head, other.write(1).head);
    assert_ne!(here.root(), there.root());
    assert_eq!(compare(&held(here.clone()), &there), Standing::Forked);
    let longer = one.write(2).head;
    assert_eq!(compare(&held(longer), &there), Standing::Older);
    let our_root = proof::root_at(&one.stored, there.size()).unwrap();
    assert!(!is_on_our_history(&our_root, &there));
    assert!(is_on_our_history(&our_root, &here));
}

#[test]
fn a_batch_with_the_wrong_keys_or_a_bad_row_leaves_nothing() {
    let mut writer = Writer::new("C46010", 1);
    let stranger = Writer::new("C46010", 2);
    let append = |entries: &[Entry], signing: &crate::sign::SecretKey| {
        batch::append(&Frontier::empty(), entries.to_vec(), &writer.author, signing, &writer.heartbeat, NOW)
    };
    assert!(matches!(append(&[], &stranger.signing), Err(BatchError::WrongKeys(_))));
    let good = crate::journal::Statement::build(&mut writer.rng, crate::journal::Kind::Vector, NOW, None, b"x").unwrap();
    let mut bad = good.clone();
    bad.payload.as_mut().unwrap()[0] ^= 1;
    let absent = Entry { payload: None, ..good.clone() };
    let append =
        |entries: &[Entry]| batch::append(&Frontier::empty(), entries.to_vec(), &writer.author, &writer.signing, &writer.heartbeat, NOW);
    assert!(matches!(append(&[good.clone(), bad]), Err(BatchError::BadEntry { offset: 1, .. })));
    assert_eq!(append(&[good, absent]), Err(BatchError::NoPayload(1)));
}
