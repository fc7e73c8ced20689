//! Frames, evidence, announcements, questions and answers, up to the proofs behind their signatures.
#![no_main]

use anju_core::error::FaultCode;
use anju_core::journal::{Checkpoint, Evidence, Frame, Frontier};
use anju_core::names::Digest;
use anju_core::node::announce;
use anju_core::node::message::{Answer, Ask};
use anju_core::seal::{Purpose, aead};
use anju_core::wire;
use anju_fuzz::made::{NOW, ROWS};
use anju_fuzz::{MADE, rng, routed, signed_note};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    match route % 6 {
        0 => frame(rest, false),
        1 => frame(rest, true),
        2 => evidence(rest, false),
        3 => evidence(rest, true),
        4 => announcement(rest),
        _ => message(rest),
    }
});

fn held(size: u64) -> Frontier {
    MADE.frontier(usize::try_from(size).unwrap_or(0).min(ROWS))
}

/// A note that verifies over what the note's first bytes say: a size, a root; without them the root and size the rows lead to.
fn resigned(note: &[u8], size: u64, root: Digest) -> Vec<u8> {
    let (size, root) = match note.split_first_chunk::<8>() {
        Some((raw, rest)) => {
            let root = <[u8; 32]>::try_from(rest.get(..32).unwrap_or_default()).map_or(root, Digest);
            (u64::from_be_bytes(*raw), root)
        }
        None => (size, root),
    };
    signed_note(&Checkpoint { origin: MADE.author().origin, size, root }.text())
}

fn frame(bytes: &[u8], resign: bool) {
    let Ok(mut frame) = Frame::decode(bytes) else { return };
    assert_eq!(frame.to_bytes(), bytes);
    let held = held(frame.from);
    if resign {
        let mut reached = held.clone();
        for entry in &frame.entries {
            reached.push(entry.leaf(), &mut Vec::new()).unwrap();
        }
        frame.note = resigned(&frame.note, reached.size(), reached.root());
    }
    let (from, rows, proof) = (frame.from, frame.entries.len(), frame.proof.clone());
    match frame.check(&held, &MADE.author()) {
        Ok(proven) => {
            assert_eq!((proven.from(), proven.from()), (from, held.size()));
            assert_eq!(proven.frontier().size(), held.size() + rows as u64);
            assert!(proven.head().size() >= proven.frontier().size());
            assert!(proof.is_empty() || proven.head().size() > proven.frontier().size());
            if proven.head().size() == proven.frontier().size() {
                assert_eq!(proven.head().root(), proven.frontier().root());
            }
        }
        Err(fault) => assert_ne!(fault.code, FaultCode::Forked),
    }
}

fn evidence(bytes: &[u8], resign: bool) {
    let Ok(mut evidence) = Evidence::decode(bytes) else { return };
    assert_eq!(evidence.to_bytes(), bytes);
    if resign {
        evidence.note = resigned(&evidence.note, ROWS as u64, MADE.journal.head.root());
    }
    let index = evidence.index;
    if let Ok(verified) = evidence.verify(&MADE.author()) {
        assert!(index < verified.head().size());
    }
}

/// Sealed as a member would, so that what is inside is reached; and as it comes.
fn announcement(bytes: &[u8]) {
    let lender = &MADE.lender;
    let (secrets, founding) = (MADE.secrets(), MADE.charter.founding());
    let station = lender.keys.station_key();
    assert!(announce::open(founding, [&secrets], &station, bytes).is_err());
    let bound: [&[u8]; 3] = [&founding.0, &secrets.number.to_be_bytes(), &station.0];
    let sealed = aead::seal(&mut rng(), &secrets.gossip, Purpose::Gossip, &bound, bytes);
    let mut envelope = Vec::new();
    let mut e = minicbor::Encoder::new(&mut envelope);
    e.map(2).unwrap().u8(0).unwrap().u64(secrets.number).unwrap().u8(1).unwrap().bytes(&sealed).unwrap();
    if let Ok(frame) = announce::open(founding, [&secrets], &station, &envelope) {
        assert_eq!(frame.to_bytes(), bytes);
        let _ = MADE.author().verify(&frame.note).map(|head| head.received_at(NOW));
    }
}

fn message(bytes: &[u8]) {
    if let Ok(ask) = Ask::decode(bytes) {
        assert_eq!(ask.to_bytes(), bytes);
    }
    if let Ok(answer) = Answer::decode(bytes) {
        assert_eq!(wire::encode(&answer), bytes);
        if let Answer::Frame(inner) = answer {
            frame(&inner, false);
        }
    }
}
