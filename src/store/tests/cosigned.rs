//! Cosignatures: the same on disk and in memory, and never an older one in the place of a newer.

use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{CosignatureRow, Cosignatures, Shelf, Write};
use anju_core::sign::PublicKey;
use proptest::prelude::*;

use super::*;

const CENTRES: [&str; 3] = ["C46010", "C46020", "C46030"];

fn row((journal, witness, size, root, key, at): (u8, u8, u8, u8, u8, u8)) -> CosignatureRow {
    CosignatureRow {
        centre: centre(CENTRES[usize::from(journal)]),
        witness: centre(CENTRES[usize::from(witness)]),
        size: u64::from(size),
        root: Digest([root; 32]),
        key: PublicKey([key; 32]),
        at: Time(i64::from(at) * 1000),
        note: vec![size, root, key],
    }
}

fn seen(shelf: &dyn Shelf) -> Vec<String> {
    let all = CENTRES.map(centre);
    let one = all.iter().flat_map(|of| all.iter().map(move |by| format!("{:?}", shelf.cosignature(of, by))));
    all.iter().map(|of| format!("{:?}", shelf.cosignatures(of))).chain(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn cosignatures_are_the_same_on_disk_and_in_memory(steps in prop::collection::vec((0..3_u8, 0..3_u8, 1..4_u8, 0..2_u8, 0..2_u8, 0..3_u8), 1..32)) {
        let place = Place::new();
        let (mut store, mut memory) = (place.open(), MemoryShelf::new());
        for step in steps {
            let write = Write::Cosigned(row(step));
            prop_assert_eq!(store.write(std::slice::from_ref(&write)).is_ok(), memory.apply(&write).is_ok());
            prop_assert_eq!(seen(&store), seen(&memory));
        }
    }
}

fn keeps_the_newest(write: &mut dyn FnMut(&Write) -> bool) {
    let mut takes = |what| write(&Write::Cosigned(row(what)));
    assert!(takes((0, 1, 5, 1, 1, 1)));
    assert!(!takes((0, 1, 4, 1, 1, 2)), "fewer rows");
    assert!(!takes((0, 1, 5, 2, 1, 2)), "another root of as many rows");
    assert!(!takes((0, 1, 5, 1, 1, 1)), "the same again");
    assert!(takes((0, 1, 5, 1, 1, 2)), "the same, later");
    assert!(takes((0, 1, 6, 2, 1, 2)));
    assert!(takes((0, 2, 1, 1, 1, 1)), "another witness");
    assert!(takes((0, 1, 3, 1, 2, 3)), "under a new key it begins anew");
}

#[test]
fn an_older_cosignature_or_one_of_another_root_is_refused_in_memory_and_on_disk() {
    let mut memory = MemoryShelf::new();
    keeps_the_newest(&mut |write| memory.apply(write).is_ok());
    let place = Place::new();
    let mut store = place.open();
    keeps_the_newest(&mut |write| store.write(std::slice::from_ref(write)).is_ok());
    drop(store);
    let again = place.open();
    assert_eq!(again.cosignature(&centre("C46010"), &centre("C46020")).unwrap(), Some(row((0, 1, 3, 1, 2, 3))), "and it is durable");
}
