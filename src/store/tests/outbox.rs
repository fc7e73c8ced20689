//! Questions that wait for an issuer: the same on disk and in memory, and nothing of them in the clear.

use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{Outbox, OutboxRow, OutboxWrite, Shelf, Write};
use proptest::prelude::*;

use super::*;

fn left(n: u8, issuer: u8, at: u8) -> OutboxRow {
    OutboxRow {
        request: RequestId([n; 16]),
        issuer: centre(["C46010", "C46020"][usize::from(issuer % 2)]),
        by: "clerk".to_owned().try_into().unwrap(),
        left: Time(i64::from(at)),
        until: Time(i64::from(at) + 10),
        inquiry: format!("question {n} of 慕容").into_bytes(),
        said: None,
    }
}

/// Everything that can be read of the outbox.
fn seen(shelf: &dyn Shelf) -> Vec<String> {
    let mut out = vec![format!("{:?}", shelf.outbox_count())];
    for n in 0..6_u8 {
        out.push(format!("{:?}", shelf.outbox(&RequestId([n; 16]))));
        let (at, kept) = (Time(i64::from(n) * 4), Time(i64::from(n) + 20));
        out.push(format!("{:?} {:?}", shelf.outbox_over(at, kept, 9), shelf.outbox_over(at, kept, 1)));
        out.push(format!("{:?}", shelf.outbox_page(Some((Time(i64::from(n)), RequestId([n; 16]))), 3)));
    }
    for code in ["C46010", "C46020", "C46030"] {
        out.push(format!("{:?}", shelf.outbox_waiting(&centre(code), 2)));
    }
    out.push(format!("{:?}", shelf.outbox_page(None, 9)));
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_outbox_is_the_same_on_disk_and_in_memory(steps in prop::collection::vec((0..4_u8, 0..6_u8, 0..2_u8, 0..8_u8), 1..24)) {
        let place = Place::new();
        let (mut store, mut memory) = (place.open(), MemoryShelf::new());
        for (what, n, issuer, at) in steps {
            let request = RequestId([n; 16]);
            let write = Write::Outbox(match what {
                0 | 1 => OutboxWrite::Left(left(n, issuer, at)),
                2 => OutboxWrite::Said { request, at: Time(i64::from(at) + 20), reply: vec![n, at] },
                _ => OutboxWrite::Gone(request),
            });
            prop_assert_eq!(store.write(std::slice::from_ref(&write)).is_ok(), memory.apply(&write).is_ok());
            prop_assert_eq!(seen(&store), seen(&memory));
        }
    }
}

#[test]
fn whoever_has_the_files_learns_neither_what_was_asked_nor_what_was_said() {
    let place = Place::new();
    let mut store = place.open();
    let row = left(1, 0, 2);
    let reply = "what the issuer said of 慕容".as_bytes().to_vec();
    store.write(&[Write::Outbox(OutboxWrite::Left(row.clone()))]).unwrap();
    store.write(&[Write::Outbox(OutboxWrite::Said { request: row.request, at: Time(3), reply: reply.clone() })]).unwrap();
    drop(store);
    let held = place.open().outbox(&row.request).unwrap().unwrap();
    assert_eq!((held.inquiry, held.said), (row.inquiry, Some((Time(3), reply))));
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let stands = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        assert!(!stands("慕容".as_bytes()) && !stands(b"question 1") && !stands(b"the issuer said"));
    }
    let raw = place.raw();
    raw.execute("UPDATE outbox SET request = ?1", [[7_u8; 16]]).unwrap();
    assert!(place.open().outbox(&RequestId([7; 16])).is_err(), "what is moved to another question does not open there");
}
