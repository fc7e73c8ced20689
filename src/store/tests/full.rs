//! A full disk: writes are refused clearly, reads go on, and writing resumes when there is room again.

use anju_core::shelf::Shelf;

use super::*;
use crate::store::StoreError;

fn pages(store: &Store) -> i64 {
    store.conn.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
}

fn limit_pages(store: &Store, pages: i64) {
    store.conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
}

#[test]
fn on_a_full_disk_writes_fail_clearly_reads_go_on_and_writing_resumes() {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    let big = vec![0x61; 3000];
    store.write(&[author.append(&[&big, &big])]).unwrap();
    limit_pages(&store, pages(&store) + 3);
    let refused = loop {
        let held = store.journal(&author.centre).unwrap();
        let write = author.append(&[&big, &big, &big]);
        if let Err(error) = store.write(std::slice::from_ref(&write)) {
            assert!(matches!(error, StoreError::Full), "{error:?}");
            assert_eq!(store.journal(&author.centre).unwrap(), held, "nothing of it was kept");
            break write;
        }
    };
    let size = store.journal(&author.centre).unwrap().size;
    assert_eq!(store.entries(&author.centre, 0, 100, usize::MAX).unwrap().len() as u64, size);
    assert!(matches!(store.write(std::slice::from_ref(&refused)), Err(StoreError::Full)), "still full");

    // In a group of several inputs the whole group is refused.
    store.begin().unwrap();
    let outcome = store.apply(&refused);
    assert!(matches!(outcome, Err(StoreError::Full)));
    assert!(store.commit().is_err());
    store.rollback();

    limit_pages(&store, 1_000_000);
    store.write(&[refused]).unwrap();
    assert_eq!(store.journal(&author.centre).unwrap().size, size + 3);
    assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
}
