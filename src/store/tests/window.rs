//! Grants that wait at the window: the same on disk and in memory, there after a restart, and nothing in the clear.

use anju_core::names::{GrantId, Thumbprint};
use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{Deposits, Lists, Projection, Shelf, WindowWrite, Write};
use anju_core::time::Time;
use anju_core::window::{Deposit, DepositToken, LastFour, PickupCode, deposit};
use proptest::prelude::*;

use super::*;

fn deposit_of(token: u8, holder: u8, grant: u8, expires: i64) -> Deposit {
    let (token, holder, grant) = (DepositToken([token; 16]), Thumbprint([holder; 32]), GrantId([grant; 16]));
    Deposit { token, holder, grant, expires: Time(expires), misses: 0, verifier: [9; 32], text: format!("grant {grant}") }
}

/// Everything that can be read of deposits.
fn seen(shelf: &dyn Shelf) -> Vec<String> {
    let mut out = Vec::new();
    for n in 0..5 {
        let deposit = shelf.deposit(&DepositToken([n; 16])).unwrap();
        out.push(format!("{:?}", deposit.map(|d| (d.token, d.holder, d.grant, d.expires, d.misses, d.verifier, d.text))));
        out.push(format!("{:?}", shelf.deposits(Some(&Thumbprint([n; 32])))));
        out.extend((0..5).map(|grant| format!("{:?}", shelf.deposit_of(&Thumbprint([n; 32]), &GrantId([grant; 16])))));
        let mut over = shelf.deposits_over(Time(i64::from(n)), 9).unwrap();
        over.sort();
        out.push(format!("{over:?} {}", shelf.deposits_over(Time(i64::from(n)), 1).unwrap().len()));
    }
    out.push(format!("{:?}", shelf.deposits(None)));
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn deposits_are_the_same_on_disk_and_in_memory(steps in prop::collection::vec((0..4_u8, 0..5_u8, 0..5_u8, 0..5_u8), 1..24)) {
        let place = Place::new();
        let (mut store, mut memory) = (place.open(), MemoryShelf::new());
        for (what, token, holder, grant) in steps {
            let write = Write::Window(match what {
                0 | 1 => WindowWrite::Deposited(deposit_of(token, holder, grant, i64::from(grant))),
                2 => WindowWrite::Missed { token: DepositToken([token; 16]), misses: u32::from(grant) },
                _ => WindowWrite::Gone(DepositToken([token; 16])),
            });
            prop_assert_eq!(store.write(std::slice::from_ref(&write)).is_ok(), memory.apply(&write).is_ok());
            prop_assert_eq!(seen(&store), seen(&memory));
        }
    }
}

#[test]
fn accesses_to_a_certificate_are_paged_in_the_order_of_author_and_row() {
    let place = Place::new();
    let (mut store, mut memory) = (place.open(), MemoryShelf::new());
    for (author, index) in [("C46020", 7), ("C46010", 300), ("C46010", 9), ("C46020", 8), ("C50010", 0)] {
        let row = AccessRow { certificate: number("C46010", u64::from(author == "C50010")), ..access(author, index) };
        let write = Write::Project(Projection::Access(row));
        store.write(std::slice::from_ref(&write)).unwrap();
        memory.apply(&write).unwrap();
    }
    let shelves: [&dyn Shelf; 2] = [&store, &memory];
    for shelf in shelves {
        let page = |after: Option<(&str, u64)>, limit| {
            let after = after.map(|(code, index)| (centre(code), index));
            let rows = shelf.accesses_to(&number("C46010", 0), after.as_ref().map(|(code, index)| (code, *index)), limit).unwrap();
            rows.into_iter().map(|(code, index)| (code.to_string(), index)).collect::<Vec<_>>()
        };
        let all = [("C46010", 9), ("C46010", 300), ("C46020", 7), ("C46020", 8)].map(|(code, index)| (code.to_owned(), index));
        assert_eq!(page(None, 9), all);
        assert_eq!(page(None, 2), all[..2]);
        assert_eq!(page(Some(("C46010", 300)), 9), all[2..]);
        assert_eq!(page(Some(("C46020", 8)), 9), []);
    }
}

#[test]
fn a_deposit_is_there_after_a_restart_and_whoever_has_the_files_learns_nothing_of_it() {
    let place = Place::new();
    let mut store = place.open();
    let (code, four) = (PickupCode::parse("70418529").unwrap(), LastFour::parse("519X").unwrap());
    let own = store.local_secret().unwrap();
    let token = code.token(&own);
    let text = "eyJhbGciOiJFZERTQSJ9.a-grant-that-waits.here".to_owned();
    let kept = Deposit { token, verifier: deposit::verifier(&own, &token, &four), text: text.clone(), ..deposit_of(1, 2, 3, 4) };
    store.write(&[Write::Window(WindowWrite::Deposited(kept.clone()))]).unwrap();
    drop(store);
    let store = place.open();
    let found = store.deposit(&code.token(&store.local_secret().unwrap())).unwrap().unwrap();
    assert!(found == kept && found.fits(&own, &four) && !found.fits(&own, &LastFour::parse("5190").unwrap()));
    drop(store);
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let stands = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
        assert!(!stands(code.expose()) && !stands("519X") && !stands(&text) && !stands("a-grant-that-waits"));
    }
    // A grant that is moved to another code's row does not open there.
    let raw = place.raw();
    raw.execute("UPDATE deposit SET token = ?1", [[7_u8; 16]]).unwrap();
    assert!(place.open().deposit(&DepositToken([7; 16])).is_err());
}
