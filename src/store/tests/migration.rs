//! A database of an older schema is brought up to date and keeps what it has.

use std::collections::BTreeMap;

use anju_core::shelf::{IssuedRecord, Lists, Projection, Shelf};

use super::*;
use crate::store::{Reader, StoreError};

const FIRST: &str = include_str!("../migrations/V1__journals_records_projections.sql");

/// Every table that the fourth migration makes.
const FOURTH: &str = "
    DROP TABLE charter_link; DROP TABLE charter_frozen; DROP TABLE epoch_copy; DROP TABLE vote; DROP TABLE charter_deed; DROP TABLE invite;
    DROP TABLE cosignature; DROP TABLE fork_proof; DROP TABLE fork_report; DROP TABLE void_row;
CREATE TABLE fork (
    centre TEXT NOT NULL PRIMARY KEY,
    one BLOB NOT NULL,
    other BLOB NOT NULL
) STRICT, WITHOUT ROWID;
DROP INDEX objection_by_listing; DROP INDEX change_by_answer;
CREATE INDEX objection_by_about ON objection (about_centre, about_idx, author, idx);
CREATE INDEX change_that_answers ON change (about, answers_author, answers_idx) WHERE answers_author IS NOT NULL;
    DELETE FROM refinery_schema_history WHERE version = 4;";

/// Every table that the fifth migration makes.
const FIFTH: &str = "DROP TABLE beside; DELETE FROM refinery_schema_history WHERE version = 5;";

/// Everything that the third migration makes, and the table that it makes anew as it was.
const THIRD: &str = "
    DROP TABLE matter; DROP TABLE catalogue; DROP TABLE answered; DROP TABLE dossier; DROP TABLE dossier_said;
    DROP TABLE dossier_party; DROP TABLE dossier_set_aside; DROP INDEX certificate_by_addressee; DROP TABLE deposit; DROP TABLE outbox;
    DROP TABLE holder_ended;
    DROP INDEX access_by_certificate;
    ALTER TABLE access DROP COLUMN asker; ALTER TABLE access DROP COLUMN mode; DROP TABLE grant_revoked;
    DELETE FROM refinery_schema_history WHERE version = 3;";

/// Every table that the second migration makes.
const SECOND: &str = "
    DROP TABLE listing; DROP TABLE change; DROP TABLE objection; DROP TABLE hit; DROP TABLE acknowledged; DROP TABLE audit_committed;
    DROP TABLE case_file; DROP TABLE case_text; DROP TABLE import_file; DROP TABLE staged; DROP TABLE staged_body; DROP TABLE pending_hit;
    DROP TABLE impersonated; DROP TABLE used; DROP TABLE withheld; DROP TABLE operator; DROP TABLE audit_row; DROP TABLE audit_log;
    DROP INDEX issued_by_request; ALTER TABLE issued DROP COLUMN request; ALTER TABLE issued DROP COLUMN asked;
    ALTER TABLE issued DROP COLUMN subject;
    DELETE FROM meta WHERE name = 'local_secret'; DELETE FROM refinery_schema_history WHERE version = 2;";

/// What takes a database back to the second schema.
fn without_third() -> String {
    let (_, revoked) = FIRST.split_once("CREATE TABLE grant_revoked").unwrap();
    let (revoked, _) = revoked.split_once(';').unwrap();
    format!("{FIFTH} {FOURTH} {THIRD} CREATE TABLE grant_revoked{revoked};")
}

/// The schema as text, in the order of the names.
fn schema(conn: &rusqlite::Connection) -> Vec<String> {
    let mut statement = conn.prepare("SELECT name || ': ' || sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// What must be kept: the journal, the projections, and what is read of the access, whose row gets columns.
fn held(store: &Store, author: &Author) -> (JournalState, BTreeMap<&'static str, Digest>, Option<AccessRow>) {
    let mut digests = store.projection_digests().unwrap();
    digests.remove("access");
    let access = store.access(&centre("C46020"), &RequestId([2; 16])).unwrap();
    assert!(access.is_some());
    (store.journal(&author.centre).unwrap(), digests, access)
}

#[test]
fn a_database_of_the_first_schema_keeps_its_rows_and_gets_the_rest() {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    let record = IssuedRecord {
        number: number("C46010", 1),
        account_no: "460100001".to_owned(),
        content_key: Key::from_bytes([9; 32]),
        request: None,
        asked: None,
        subject: None,
    };
    store.write(&[author.append(&[b"a", b"b"]), Write::Issued(record), Write::Project(Projection::Access(access("C46020", 2)))]).unwrap();
    let kept = held(&store, &author);
    drop(store);
    place.raw().execute_batch(&without_third()).unwrap();
    place.raw().execute_batch(SECOND).unwrap();

    // What is left is what the first migration alone makes.
    let bare = rusqlite::Connection::open_in_memory().unwrap();
    bare.execute_batch(FIRST).unwrap();
    let first = schema(&bare);
    let left: Vec<String> =
        schema(&place.raw()).into_iter().filter(|line| !line.contains("refinery") && !line.starts_with("sqlite_")).collect();
    assert_eq!(left, first);

    assert!(matches!(Reader::open_reader(&place.path(), &key()), Err(StoreError::Older { found: 1, known: 5 })));
    let mut store = Store::open(&place.path(), &key(), Mode::Existing).unwrap();
    assert_eq!(held(&store, &author), kept);
    let issued = store.issued(&number("C46010", 1)).unwrap().unwrap();
    assert_eq!((issued.account_no.as_str(), issued.request, issued.asked), ("460100001", None, None));
    assert!(store.local_secret().is_ok());
    assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());

    let fresh = Place::new();
    drop(fresh.open());
    assert_eq!(schema(&place.raw()), schema(&fresh.raw()));
}

/// A database is taken back to an older schema by `back`, and brought up to date again.
fn keeps_its_rows(found: i64, back: &str) {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    store.write(&[author.append(&[b"a"]), Write::Project(Projection::Access(access("C46020", 2)))]).unwrap();
    let kept = held(&store, &author);
    drop(store);
    place.raw().execute_batch(back).unwrap();
    let older = Reader::open_reader(&place.path(), &key()).err().unwrap();
    assert!(matches!(older, StoreError::Older { found: at, known: 5 } if at == found), "{older:?}");
    let store = Store::open(&place.path(), &key(), Mode::Existing).unwrap();
    assert_eq!(held(&store, &author), kept);
    drop(store);
    let fresh = Place::new();
    drop(fresh.open());
    assert_eq!(schema(&place.raw()), schema(&fresh.raw()));
}

#[test]
fn a_database_of_the_second_schema_keeps_its_rows_and_gets_the_tables_of_the_third() {
    keeps_its_rows(2, &without_third());
}

#[test]
fn a_database_of_the_third_schema_keeps_its_rows_and_gets_the_tables_of_the_fourth() {
    keeps_its_rows(3, &format!("{FIFTH} {FOURTH}"));
}

#[test]
fn a_database_of_the_fourth_schema_keeps_its_rows_and_gets_the_table_of_the_fifth() {
    keeps_its_rows(4, FIFTH);
}
