//! What is refused at the door, and that a refusal leaves the file as it was.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use anju_core::shelf::Shelf;

use super::*;
use crate::store::{Reader, StoreError, backup};

/// Every file of the folder with its bytes, but for the lock, and for a log without content that a reader leaves beside the database.
fn files(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let listed = std::fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap());
    let read = listed.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()));
    read.filter(|(name, bytes)| !(name.ends_with(".lock") || name.ends_with("-shm") || name.ends_with("-wal") && bytes.is_empty()))
        .collect()
}

fn with_one_row(place: &Place) {
    place.open().write(&[Author::new("C46010").append(&[b"a"])]).unwrap();
}

#[test]
fn a_wrong_store_key_is_refused_before_anything_is_written() {
    let place = Place::new();
    with_one_row(&place);
    let before = files(&place);
    let wrong = Key::from_bytes([0x52; 32]);
    assert!(matches!(Store::open(&place.path(), &wrong, Mode::Create), Err(StoreError::WrongKey)));
    assert!(matches!(Reader::open_reader(&place.path(), &wrong), Err(StoreError::WrongKey)));
    assert!(files(&place) == before);
    assert_eq!(place.open().journal(&centre("C46010")).unwrap().size, 1);
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let place = Place::new();
    let mut store = place.open();
    assert!(matches!(Store::open(&place.path(), &key(), Mode::Create), Err(StoreError::InUse)));
    let reader = Reader::open_reader(&place.path(), &key()).unwrap();
    store.write(&[Author::new("C46010").append(&[b"a"])]).unwrap();
    assert_eq!(reader.journal(&centre("C46010")).unwrap().size, 1);
    drop(store);
    assert!(Store::open(&place.path(), &key(), Mode::Existing).is_ok());
}

#[test]
fn another_programs_file_is_refused_and_left_alone() {
    let place = Place::new();
    for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 77; CREATE TABLE x (y)"] {
        let _ = std::fs::remove_file(place.path());
        place.raw().execute_batch(sql).unwrap();
        let before = files(&place);
        assert!(matches!(Store::open(&place.path(), &key(), Mode::Create), Err(StoreError::NotOurs)), "{sql}");
        assert!(matches!(Reader::open_reader(&place.path(), &key()), Err(StoreError::NotOurs)));
        assert!(files(&place) == before);
    }
    std::fs::write(place.path(), "not a database at all, but long enough to look at".repeat(100)).unwrap();
    let before = files(&place);
    assert!(matches!(Store::open(&place.path(), &key(), Mode::Create), Err(StoreError::NotOurs)));
    assert!(files(&place) == before);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    with_one_row(&place);
    place
        .raw()
        .execute("INSERT INTO refinery_schema_history SELECT 99, name, applied_on, checksum FROM refinery_schema_history LIMIT 1", [])
        .unwrap();
    let before = files(&place);
    assert!(matches!(Store::open(&place.path(), &key(), Mode::Create), Err(StoreError::Newer { found: 99, known: 5 })));
    assert!(matches!(Reader::open_reader(&place.path(), &key()), Err(StoreError::Newer { .. })));
    assert!(files(&place) == before);
}

#[test]
fn a_missing_database_is_made_only_when_asked_for() {
    let place = Place::new();
    assert!(matches!(Store::open(&place.path(), &key(), Mode::Existing), Err(StoreError::Missing(_))));
    assert!(matches!(Reader::open_reader(&place.path(), &key()), Err(StoreError::Missing(_))));
    assert!(files(&place).is_empty());
    drop(place.open());
    assert!(Store::open(&place.path(), &key(), Mode::Existing).is_ok());
}

#[test]
fn the_version_known_is_the_newest_migration() {
    let newest = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations")).unwrap().map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name[1..name.find("__").unwrap()].parse::<i64>().unwrap()
    });
    assert_eq!(newest.max(), Some(crate::store::open::SCHEMA_VERSION));
}

#[test]
fn the_database_and_its_log_can_be_read_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let mut store = place.open();
    store.write(&[Author::new("C46010").append(&[b"a"])]).unwrap();
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
    }
}

#[test]
fn a_failed_write_poisons_its_transaction() {
    let mut store = Place::new().open();
    let mut author = Author::new("C46010");
    let good = author.append(&[b"a"]);
    let gap =
        Author::resume("C46010", &JournalState { size: 8, peaks: vec![Digest([0; 32])], ..JournalState::default() }, 1).append(&[b"b"]);
    assert!(matches!(store.apply(&good), Err(StoreError::Transaction(_))), "outside a transaction");
    store.begin().unwrap();
    assert!(matches!(store.begin(), Err(StoreError::Transaction(_))));
    store.apply(&good).unwrap();
    assert!(matches!(store.apply(&gap), Err(StoreError::Misfit(_))));
    assert!(matches!(store.apply(&author.append(&[b"c"])), Err(StoreError::Transaction(_))));
    assert!(matches!(store.commit(), Err(StoreError::Transaction(_))));
    assert_eq!(store.journal(&centre("C46010")).unwrap(), JournalState::default(), "not even the good one is kept");
    store.write(&[good]).unwrap();
}

#[test]
fn a_backup_opens_with_the_same_key_and_answers_the_same() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[Author::new("C46010").append(&[b"a", b"b"])]).unwrap();
    let target = place.folder.path().join("backup.db");
    let mut told = Vec::new();
    let mut tell = |at: backup::Copied| {
        told.push(at);
        ControlFlow::Continue(())
    };
    backup::copy(&store.path().unwrap(), &target, &mut tell).unwrap();
    assert!(matches!(backup::copy(&store.path().unwrap(), &target, &mut tell), Err(StoreError::Exists(_))));
    assert!(told.last().is_some_and(|at| at.done == at.of && at.of == std::fs::metadata(&target).unwrap().len()), "{told:?}");
    store.write(&[Write::Erase { centre: centre("C46010"), index: 0 }]).unwrap();
    let mut copy = Store::open(&target, &key(), Mode::Existing).unwrap();
    assert_eq!(copy.journal(&centre("C46010")).unwrap(), store.journal(&centre("C46010")).unwrap());
    assert!(copy.entries(&centre("C46010"), 0, 1, 1).unwrap()[0].payload.is_some());
    assert!(copy.scrub(NOW, &mut |_| {}).unwrap().is_sound());
}

#[test]
fn a_backup_is_of_one_moment_although_it_is_written_to_meanwhile_and_one_that_is_given_up_leaves_nothing() {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    for _ in 0..200 {
        store.write(&[author.append(&[&[7_u8; 60_000][..]])]).unwrap();
    }
    let target = place.folder.path().join("backup.db");
    let mut steps = 0;
    let mut write_meanwhile = |_: backup::Copied| {
        steps += 1;
        store.write(&[author.append(&[b"meanwhile"])]).unwrap();
        ControlFlow::Continue(())
    };
    backup::copy(&place.path(), &target, &mut write_meanwhile).unwrap();
    assert!((2..20).contains(&steps), "it did not begin again: {steps}");
    let copy = Reader::open_reader(&target, &key()).unwrap();
    assert_eq!(copy.journal(&centre("C46010")).unwrap().size, 200);
    assert_eq!(store.journal(&centre("C46010")).unwrap().size, 200 + steps);
    let given_up = place.folder.path().join("given-up.db");
    let stopped = backup::copy(&place.path(), &given_up, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    let left: Vec<String> = files(&place).into_keys().filter(|name| name.contains("given-up") || name.contains("partial")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn figures_are_read_beside_the_writer_and_without_a_key() {
    let place = Place::new();
    let mut store = place.open();
    store.write(&[Author::new("C46010").append(&[b"a", b"b"])]).unwrap();
    store.write(&[Write::Erase { centre: centre("C46010"), index: 1 }]).unwrap();
    let figures = crate::store::figures::read(&place.path()).unwrap();
    assert_eq!(figures.rows, [(centre("C46010"), 2)]);
    assert_eq!((figures.erased, figures.damaged, figures.schema), (1, 0, 5));
}
