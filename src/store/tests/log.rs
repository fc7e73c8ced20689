//! The log is made ready and folded in without anything of it being lost.

use anju_core::shelf::Shelf;

use super::*;
use crate::store::Reader;

fn log_length(place: &Place) -> u64 {
    std::fs::metadata(format!("{}-wal", place.path().display())).unwrap().len()
}

#[test]
fn rows_in_the_log_before_and_after_it_was_made_ready_are_there_after_a_crash() {
    let place = Place::new();
    let mut author = Author::new("C46010");
    let mut store = place.open();
    store.write(&[author.append(&[b"before"])]).unwrap();
    store.ready_log().unwrap();
    let ready = log_length(&place);
    assert!(ready >= 8 * 1024 * 1024, "{ready}");
    assert_eq!(store.journal(&author.centre).unwrap().size, 1);
    for _ in 0..20 {
        store.write(&[author.append(&[b"after"])]).unwrap();
    }
    assert_eq!(log_length(&place), ready, "the log is written over, not lengthened");
    // As a crash leaves it: the files as they are, and nobody to fold the log in.
    let crashed = Place::new();
    for suffix in ["", "-wal"] {
        let name = |of: &Place| format!("{}{suffix}", of.path().display());
        std::fs::copy(name(&place), name(&crashed)).unwrap();
    }
    let mut found = crashed.open();
    assert_eq!(found.journal(&author.centre).unwrap().size, 21);
    assert!(found.scrub(NOW, &mut |_| {}).unwrap().is_sound());
}

#[test]
fn a_log_that_was_folded_in_while_idle_begins_anew_and_a_reader_sees_every_row() {
    let place = Place::new();
    let mut author = Author::new("C46010");
    let mut store = place.open();
    store.ready_log().unwrap();
    let ready = log_length(&place);
    let big = vec![0x61; 60_000];
    for _ in 0..200 {
        store.write(&[author.append(&[&big])]).unwrap();
        store.fold_while_idle().unwrap();
    }
    assert_eq!(log_length(&place), ready, "12 MB of rows went through a log of 8");
    let reader = Reader::open_reader(&place.path(), &key()).unwrap();
    assert_eq!(reader.journal(&author.centre).unwrap().size, 200);
    assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
}

#[test]
fn the_log_is_not_touched_inside_a_transaction() {
    let place = Place::new();
    let mut store = place.open();
    store.begin().unwrap();
    assert!(store.ready_log().is_err());
    assert!(store.fold_while_idle().is_err());
    store.commit().unwrap();
}
