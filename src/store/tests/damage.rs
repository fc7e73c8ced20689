//! A flipped bit is noticed on use and by the scrub, never served, and healed by the right bytes only.

use anju_core::error::ShelfError;
use anju_core::shelf::Shelf;

use super::*;

/// A store with 300 rows of one journal, and the rows.
fn three_hundred(place: &Place) -> (Store, CentreCode, Vec<Entry>) {
    let mut store = place.open();
    let bodies: Vec<Vec<u8>> = (0..300_u32).map(|i| i.to_be_bytes().repeat(10)).collect();
    let write = Author::new("C46010").append(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>());
    store.write(std::slice::from_ref(&write)).unwrap();
    let Write::Append { centre, rows, .. } = write else { unreachable!() };
    (store, centre, rows.entries().cloned().collect())
}

/// Flips one bit of a column of `entry`, as a failing disk would.
fn flip(place: &Place, column: &str, index: u64) {
    let raw = place.raw();
    let row = i64::try_from(index).unwrap();
    let read = format!("SELECT {column} FROM entry WHERE idx = ?1");
    let mut bytes: Vec<u8> = raw.query_row(&read, [row], |r| r.get(0)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let changed = raw.execute(&format!("UPDATE entry SET {column} = ?1 WHERE idx = ?2"), rusqlite::params![bytes, row]).unwrap();
    assert_eq!(changed, 1);
    let well: String = raw.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(well, "ok", "SQLite itself notices nothing");
}

#[test]
fn a_flipped_bit_in_a_payload_is_noticed_on_use_never_served_and_restored() {
    let place = Place::new();
    let (mut store, centre, entries) = three_hundred(&place);
    flip(&place, "payload", 7);
    let served = store.entries(&centre, 0, 300, usize::MAX).unwrap();
    assert_eq!(served.len(), 300);
    assert_eq!(served[7], Entry { header: entries[7].header.clone(), payload: None });
    assert_eq!(served[6], entries[6]);
    assert_eq!(store.damaged(9).unwrap(), [(centre.clone(), 7)]);

    // The next commit writes it down, so that another process knows it too.
    store.write(&[]).unwrap();
    let reader = crate::store::Reader::open_reader(&place.path(), &key()).unwrap();
    assert_eq!(reader.damaged(9).unwrap(), [(centre.clone(), 7)]);
    assert_eq!(reader.entries(&centre, 7, 1, 1).unwrap()[0].payload, None);

    let restore = |payload: &Option<Vec<u8>>| Write::Restore { centre: centre.clone(), index: 7, payload: payload.clone().unwrap() };
    assert!(store.write(&[restore(&entries[8].payload)]).is_err(), "another row's payload");
    assert_eq!(store.damaged(9).unwrap().len(), 1);
    store.write(&[restore(&entries[7].payload)]).unwrap();
    assert_eq!(store.entries(&centre, 7, 1, 1).unwrap(), entries[7..8]);
    assert!(store.damaged(9).unwrap().is_empty());
}

#[test]
fn a_scrub_finds_flipped_and_missing_payloads_and_forgets_healed_ones() {
    let place = Place::new();
    let (mut store, centre, entries) = three_hundred(&place);
    store.write(&[Write::Erase { centre: centre.clone(), index: 5 }]).unwrap();
    let mut steps = Vec::new();
    let sound = store.scrub(NOW, &mut |progress| steps.push((progress.rows, progress.of))).unwrap();
    assert!(sound.is_sound(), "{sound:?}");
    assert_eq!((sound.journals, sound.rows, sound.payloads), (1, 300, 299));
    assert_eq!(steps, [(300, 300)]);

    flip(&place, "payload", 7);
    flip(&place, "payload", 256);
    place.raw().execute("UPDATE entry SET payload = NULL WHERE idx = 9", []).unwrap();
    let report = store.scrub(NOW, &mut |_| {}).unwrap();
    assert_eq!((report.damaged, report.missing), (2, 1));
    assert!(report.broken.is_empty(), "headers are whole, so the tree is");
    let damaged: Vec<u64> = store.damaged(9).unwrap().into_iter().map(|(_, index)| index).collect();
    assert_eq!(damaged, [7, 9, 256], "and not 5, which was erased on purpose");

    for index in [7_u64, 9, 256] {
        let payload = entries[usize::try_from(index).unwrap()].payload.clone().unwrap();
        store.write(&[Write::Restore { centre: centre.clone(), index, payload }]).unwrap();
    }
    assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
    assert!(store.damaged(9).unwrap().is_empty());
}

#[test]
fn a_payload_whose_time_has_come_is_not_missing() {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    let mut entry = Statement::build(&mut author.rng, Kind::AccessRecorded, NOW, Some(NOW.plus_ms(5)), b"x").unwrap();
    entry.payload = None;
    store.write(&[author.append_entries(vec![entry])]).unwrap();
    assert_eq!(store.scrub(NOW, &mut |_| {}).unwrap().missing, 1);
    assert!(store.scrub(NOW.plus_ms(5), &mut |_| {}).unwrap().is_sound());
    assert!(store.damaged(9).unwrap().is_empty());
}

#[test]
fn a_flipped_bit_in_a_header_stops_reads_and_proofs_loudly() {
    let place = Place::new();
    let (mut store, centre, entries) = three_hundred(&place);
    flip(&place, "header", 7);
    assert_eq!(store.entries(&centre, 0, 300, usize::MAX).unwrap(), entries[..7], "what lies before is still served");
    assert!(matches!(store.entries(&centre, 7, 1, 1), Err(ShelfError::Damaged(_))));
    assert!(matches!(store.subtree(&centre, 2, 1), Err(ShelfError::Damaged(_))));
    let report = store.scrub(NOW, &mut |_| {}).unwrap();
    assert_eq!((report.headers, report.subtrees), (1, 1));
    assert_eq!(report.broken.iter().collect::<Vec<_>>(), [&centre]);
}

#[test]
fn a_scrub_finds_wrong_subtrees_peaks_heads_missing_rows_and_sealed_values() {
    for (alter, is_found) in [
        ("UPDATE subtree SET digest = zeroblob(32)", (1, false, 0)),
        ("DELETE FROM subtree", (1, false, 0)),
        ("INSERT INTO subtree SELECT centre, 16, 0, digest FROM subtree", (1, false, 0)),
        ("UPDATE journal SET peaks = zeroblob(length(peaks))", (0, true, 0)),
        ("UPDATE journal SET peaks = zeroblob(3)", (0, true, 0)),
        ("UPDATE journal SET head_root = zeroblob(32)", (0, true, 0)),
        ("DELETE FROM entry WHERE idx = 299", (0, true, 0)),
        ("UPDATE access SET business_no = zeroblob(60)", (0, false, 1)),
        ("UPDATE access SET idx = idx + 1", (0, false, 1)),
    ] {
        let place = Place::new();
        let (mut store, _, _) = three_hundred(&place);
        store.write(&[Write::Project(anju_core::shelf::Projection::Access(access("C46020", 0)))]).unwrap();
        assert_ne!(place.raw().execute(alter, []).unwrap(), 0);
        let report = store.scrub(NOW, &mut |_| {}).unwrap();
        assert_eq!((report.subtrees, !report.broken.is_empty(), report.sealed), is_found, "{alter}");
        assert!(!report.is_sound());
    }
}

#[test]
fn an_erased_payload_is_overwritten_in_the_file_and_cannot_be_restored() {
    let place = Place::new();
    let mut store = place.open();
    let body = b"bytes that must be gone when they are erased".repeat(40);
    let write = Author::new("C46010").append(&[&body]);
    store.write(std::slice::from_ref(&write)).unwrap();
    store.checkpoint().unwrap();
    let holds = || std::fs::read(place.path()).unwrap().windows(20).any(|w| w == &body[..20]);
    assert!(holds());
    let Write::Append { centre, rows, .. } = write else { unreachable!() };
    store.write(&[Write::Erase { centre: centre.clone(), index: 0 }]).unwrap();
    store.checkpoint().unwrap();
    assert!(!holds());
    assert!(store.erased(&centre, 0).unwrap());
    let payload = rows.rows()[0].entry().payload.clone().unwrap();
    assert!(store.write(&[Write::Restore { centre, index: 0, payload }]).is_err());
}
