//! Frames and evidence: what a hostile server can send.

use super::{NOW, Writer, digest};
use crate::error::FaultCode;
use crate::journal::frame::{FRAME_BUDGET_BYTES, MAX_FRAME_BYTES, MAX_FRAME_ENTRIES};
use crate::journal::note::{MAX_NOTE_BYTES, Note};
use crate::journal::proof::MAX_PROOF_HASHES;
use crate::journal::statement::MAX_PAYLOAD_BYTES;
use crate::journal::{Author, Entry, Evidence, Frame, Frontier, Kind, Statement, VerifiedHead, evidence};
use crate::names::CentreCode;

/// Rows `from..to` under the head of everything written so far.
fn frame(writer: &Writer, head: &VerifiedHead, from: usize, to: usize) -> Frame {
    let entries = writer.entries[from..to].to_vec();
    Frame::assemble(&writer.stored, writer.author.centre.clone(), from as u64, entries, head.size(), head.note().to_vec()).unwrap()
}

fn frontier_at(writer: &Writer, rows: usize) -> Frontier {
    let (mut frontier, mut completed) = (Frontier::empty(), Vec::new());
    for entry in &writer.entries[..rows] {
        frontier.push(entry.leaf(), &mut completed).unwrap();
    }
    frontier
}

fn refused(frame: Frame, held: &Frontier, author: &Author) -> FaultCode {
    frame.check(held, author).unwrap_err().code
}

#[test]
fn a_journal_is_pulled_in_frames_of_any_cut_and_every_cut_is_proven() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(40).head;
    for cut in 1..=40 {
        let (mut held, mut subtrees) = (Frontier::empty(), 0);
        while held.size() < 40 {
            let from = held.size() as usize;
            let bytes = frame(&writer, &head, from, (from + cut).min(40)).to_bytes();
            let proven = Frame::decode(&bytes).unwrap().check(&held, &writer.author).unwrap();
            assert!(proven.rows().entries().eq(&writer.entries[from..(from + cut).min(40)]));
            assert_eq!((proven.from(), proven.absent()), (from as u64, Vec::new()));
            let parts = proven.into_parts();
            (held, subtrees) = (parts.frontier, subtrees + parts.subtrees.len());
        }
        assert_eq!((held.root(), subtrees), (head.root(), 0));
    }
}

#[test]
fn a_frame_gives_the_subtrees_that_its_rows_complete() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(300).head;
    let proven = frame(&writer, &head, 0, 300).check(&Frontier::empty(), &writer.author).unwrap();
    let [subtree] = proven.subtrees() else { panic!("{:?}", proven.subtrees()) };
    assert_eq!((subtree.level, subtree.index), (8, 0));
    assert_eq!(subtree.digest, crate::journal::proof::root_at(&writer.stored, 256).unwrap());
}

#[test]
fn a_frame_without_rows_carries_a_newer_head_and_still_proves_it() {
    let mut writer = Writer::new("C46010", 1);
    writer.write(5);
    let head = writer.write(4).head;
    let held = frontier_at(&writer, 5);
    let proven = frame(&writer, &head, 5, 5).check(&held, &writer.author).unwrap();
    assert_eq!((proven.frontier(), proven.head().size()), (&held, 9));
}

#[test]
fn a_truncated_frame_is_refused_before_storage() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(3).head;
    let bytes = frame(&writer, &head, 0, 3).to_bytes();
    for len in 0..bytes.len() {
        assert_eq!(Frame::decode(&bytes[..len]).unwrap_err().code, FaultCode::Malformed, "cut at {len}");
    }
}

#[test]
fn a_statement_in_another_centres_name_is_refused_before_storage() {
    let (mut haikou, mut mallory) = (Writer::new("C46010", 1), Writer::new("C50010", 2));
    let head = haikou.write(3).head;
    let theirs = mallory.write(3).head;
    // Mallory's own frame relabelled; Mallory's rows under Haikou's head; Haikou's origin under Mallory's keys.
    let mut relabelled = frame(&mallory, &theirs, 0, 3);
    relabelled.centre = haikou.author.centre.clone();
    assert_eq!(refused(relabelled, &Frontier::empty(), &haikou.author), FaultCode::BadSignature);
    let mut smuggled = frame(&haikou, &head, 0, 3);
    smuggled.entries[1] = mallory.entries[1].clone();
    assert_eq!(refused(smuggled, &Frontier::empty(), &haikou.author), FaultCode::BadProof);
    let mut forger = Writer::new("C46010", 2);
    let forged = forger.write(3).head;
    assert_eq!(refused(frame(&forger, &forged, 0, 3), &Frontier::empty(), &haikou.author), FaultCode::BadSignature);
    assert_eq!(refused(frame(&mallory, &theirs, 0, 3), &Frontier::empty(), &haikou.author), FaultCode::Unasked);
}

#[test]
fn rows_left_out_added_swapped_or_repeated_are_refused() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(6).head;
    let extra = Statement::build(&mut writer.rng, Kind::Vector, NOW, None, b"extra").unwrap();
    let bend = |bend: &dyn Fn(&mut Vec<Entry>)| {
        let mut bent = frame(&writer, &head, 2, 5);
        bend(&mut bent.entries);
        refused(bent, &frontier_at(&writer, 2), &writer.author)
    };
    assert_eq!(bend(&|e| drop(e.remove(1))), FaultCode::BadProof);
    assert_eq!(bend(&|e| e.push(extra.clone())), FaultCode::BadProof);
    assert_eq!(bend(&|e| e.swap(0, 1)), FaultCode::BadProof);
    assert_eq!(bend(&|e| e[2] = e[1].clone()), FaultCode::BadProof);
    assert_eq!(bend(&|e| e.extend([extra.clone(), extra.clone(), extra.clone()])), FaultCode::BadProof);
    assert_eq!(bend(&|e| e[0].header = b"not a header".to_vec()), FaultCode::Malformed);
    assert_eq!(bend(&|e| e[0].payload = e[1].payload.clone()), FaultCode::BadPayload);
}

#[test]
fn a_frame_for_another_stretch_than_asked_is_refused() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(6).head;
    for held in [0, 1, 3, 6] {
        assert_eq!(refused(frame(&writer, &head, 2, 5), &frontier_at(&writer, held), &writer.author), FaultCode::Unasked);
    }
    let mut moved = frame(&writer, &head, 2, 5);
    moved.from = 3;
    assert_eq!(refused(moved, &frontier_at(&writer, 3), &writer.author), FaultCode::BadProof);
}

#[test]
fn a_rolled_back_or_forked_head_does_not_extend_what_is_held() {
    let (mut writer, mut fork) = (Writer::new("C46010", 1), Writer::new("C46010", 1));
    let short = writer.write(4).head;
    writer.write(4);
    let held = frontier_at(&writer, 8);
    let rolled_back =
        Frame { centre: writer.author.centre.clone(), from: 8, entries: Vec::new(), proof: Vec::new(), note: short.note().to_vec() };
    assert_eq!(refused(rolled_back, &held, &writer.author), FaultCode::BadProof);
    fork.write(3);
    let _ = crate::seal::Key::random(&mut fork.rng);
    fork.write(5);
    let same_size = fork.write(0).head;
    assert_eq!(refused(frame(&fork, &same_size, 8, 8), &held, &writer.author), FaultCode::BadProof);
    let longer = fork.write(5).head;
    assert_eq!(refused(frame(&fork, &longer, 8, 11), &held, &writer.author), FaultCode::BadProof);
}

#[test]
fn every_changed_byte_of_a_frame_is_refused() {
    let mut writer = Writer::new("C46010", 1);
    writer.write(2);
    let head = writer.write(4).head;
    let held = frontier_at(&writer, 2);
    let bytes = frame(&writer, &head, 2, 4).to_bytes();
    Frame::decode(&bytes).unwrap().check(&held, &writer.author).unwrap();
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff, 0x20] {
            let mut mutated = bytes.clone();
            mutated[at] ^= change;
            let verdict = Frame::decode(&mutated).and_then(|frame| frame.check(&held, &writer.author));
            assert!(verdict.is_err(), "byte {at} changed by {change:#x} was accepted");
        }
    }
}

#[test]
fn an_absent_payload_is_allowed_by_form_and_listed_for_the_node_to_judge() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(5).head;
    let mut erased = frame(&writer, &head, 0, 5);
    erased.entries[1].payload = None;
    erased.entries[4].payload = None;
    let bytes = erased.to_bytes();
    let proven = Frame::decode(&bytes).unwrap().check(&Frontier::empty(), &writer.author).unwrap();
    assert_eq!(proven.absent(), [1, 4]);
    assert_eq!(proven.head().root(), head.root());
}

#[test]
fn a_frame_beyond_a_cap_is_oversized() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(1).head;
    let good = frame(&writer, &head, 0, 1);
    let hollow = Entry { header: Vec::new(), payload: None };
    let many = Frame { entries: vec![hollow; MAX_FRAME_ENTRIES + 1], ..good.clone() };
    assert!(many.to_bytes().len() < MAX_FRAME_BYTES);
    assert_eq!(Frame::decode(&many.to_bytes()).unwrap_err().code, FaultCode::Oversized);
    // Asked before the rows are read: the announced number alone is enough.
    assert_eq!(Frame::decode(&many.to_bytes()[..40]).unwrap_err().code, FaultCode::Oversized);
    assert_eq!(refused(many, &Frontier::empty(), &writer.author), FaultCode::Oversized);
    let proof = Frame { proof: vec![digest(0); MAX_PROOF_HASHES + 1], ..good.clone() };
    assert_eq!(Frame::decode(&proof.to_bytes()).unwrap_err().code, FaultCode::Oversized);
    let note = Frame { note: vec![b'x'; MAX_NOTE_BYTES + 1], ..good.clone() };
    assert_eq!(Frame::decode(&note.to_bytes()).unwrap_err().code, FaultCode::Oversized);
    let large = Frame { note: vec![b'x'; MAX_FRAME_BYTES], ..good };
    assert_eq!(Frame::decode(&large.to_bytes()).unwrap_err().code, FaultCode::Oversized);
}

#[test]
fn whatever_fits_the_budget_fits_a_frame() {
    let mut writer = Writer::new("C46010", 1);
    let mut head = Note::parse(writer.write(1).head.note()).unwrap();
    while head.to_bytes().len() + 160 < MAX_NOTE_BYTES && head.signatures().len() < 16 {
        head.cosign("a.witness.with.a.rather.long.name", &writer.signing, NOW);
    }
    let largest = |entries: Vec<Entry>| Frame {
        centre: CentreCode::new("C13010KF").unwrap(),
        from: u64::MAX,
        entries,
        proof: vec![digest(0); MAX_PROOF_HASHES],
        note: vec![b'x'; MAX_NOTE_BYTES],
    };
    let few = Entry { header: vec![0; 256], payload: Some(vec![0; MAX_PAYLOAD_BYTES]) };
    let full = FRAME_BUDGET_BYTES / (256 + MAX_PAYLOAD_BYTES);
    assert!(full > 10 && largest(vec![few; full]).to_bytes().len() <= MAX_FRAME_BYTES);
    let each = FRAME_BUDGET_BYTES / MAX_FRAME_ENTRIES;
    let many = Entry { header: vec![0; each / 2], payload: Some(vec![0; each - each / 2]) };
    assert!(largest(vec![many; MAX_FRAME_ENTRIES]).to_bytes().len() <= MAX_FRAME_BYTES);
}

#[test]
fn evidence_proves_a_row_alone_and_nothing_else() {
    let mut writer = Writer::new("C46010", 1);
    let head = writer.write(11).head;
    let assemble = |index: usize| {
        let entry = writer.entries[index].clone();
        let (centre, note) = (writer.author.centre.clone(), head.note().to_vec());
        Evidence::assemble(&writer.stored, centre, index as u64, entry, head.size(), note).unwrap()
    };
    for index in 0..11 {
        let verified = Evidence::decode(&assemble(index).to_bytes()).unwrap().verify(&writer.author).unwrap();
        assert_eq!((verified.index(), verified.entry()), (index as u64, &writer.entries[index]));
        assert_eq!((verified.head().size(), verified.header().kind()), (11, Some(Kind::Vector)));
    }
    let bend = |bend: &dyn Fn(&mut Evidence)| {
        let mut bent = assemble(4);
        bend(&mut bent);
        bent.verify(&writer.author).unwrap_err().code
    };
    assert_eq!(bend(&|e| e.index = 5), FaultCode::BadProof);
    assert_eq!(bend(&|e| e.index = u64::MAX), FaultCode::BadProof);
    assert_eq!(bend(&|e| e.entry = writer.entries[5].clone()), FaultCode::BadProof);
    assert_eq!(bend(&|e| e.version = 2), FaultCode::Malformed);
    assert_eq!(bend(&|e| e.centre = CentreCode::new("C46020").unwrap()), FaultCode::Unasked);
    assert_eq!(bend(&|e| e.entry.payload.as_mut().unwrap()[20] ^= 1), FaultCode::BadPayload);
    let bytes = assemble(4).to_bytes();
    for at in 0..bytes.len() {
        let mut mutated = bytes.clone();
        mutated[at] ^= 0x01;
        let verdict = Evidence::decode(&mutated).and_then(|evidence| evidence.verify(&writer.author));
        assert!(verdict.is_err(), "byte {at} was accepted");
    }
    let large = vec![0; evidence::MAX_EVIDENCE_BYTES + 1];
    assert_eq!(Evidence::decode(&large).unwrap_err().code, FaultCode::Oversized);
}
