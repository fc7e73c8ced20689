//! Projections derived again are the projections there were.

use anju_core::shelf::{Ended, Projection, Shelf};

use super::*;
use crate::store::StoreError;

/// A made-up meaning of a body: what a real one would say is the core's affair.
fn project(author: &CentreCode, index: u64, entry: &Entry) -> Vec<Projection> {
    let Some(body) = entry.body() else { return Vec::new() };
    let ended = |sequence| Projection::CertificateEnded {
        number: number(author.as_str(), sequence),
        ended: Ended { at: Time(i64::try_from(index).unwrap()), reason: "cancelled".to_owned() },
    };
    match body {
        b"issue" => vec![Projection::Certificate(certificate(author.as_str(), index))],
        b"use" => vec![Projection::Access(access(author.as_str(), index))],
        b"revoke" => vec![Projection::GrantRevoked { grant: GrantId([3; 16]), at: Time(1000 - i64::try_from(index).unwrap()) }],
        [b'e', sequence] => vec![ended(u64::from(*sequence))],
        _ => Vec::new(),
    }
}

fn append(store: &mut Store, author: &mut Author, bodies: &[&[u8]]) {
    let write = author.append(bodies);
    let Write::Append { centre, from, rows, .. } = &write else { unreachable!() };
    let meant = (*from..).zip(rows.entries()).flat_map(|(index, entry)| project(centre, index, entry)).map(Write::Project);
    let writes: Vec<Write> = std::iter::once(write.clone()).chain(meant).collect();
    store.write(&writes).unwrap();
}

fn filled(place: &Place) -> Store {
    let mut store = place.open();
    let mut authors = [Author::new("C46010"), Author::new("C46020")];
    for round in 0..30_u8 {
        let end = [b'e', round];
        for author in &mut authors {
            append(&mut store, author, &[b"issue", b"use", b"other", b"revoke", &end, b"issue"]);
        }
    }
    store
}

#[test]
fn projections_derived_again_have_the_same_digests() {
    let place = Place::new();
    let mut store = filled(&place);
    let before = store.projection_digests().unwrap();
    assert_eq!(before.len(), 3);
    assert_eq!(store.rebuild(&mut project).unwrap(), 360);
    assert_eq!(store.projection_digests().unwrap(), before);

    for (table, alter) in [
        ("certificate", "UPDATE certificate SET ended_reason = 'superseded' WHERE number = 'C46010-JCZM-2026-000000'"),
        ("certificate", "DELETE FROM certificate WHERE idx = 0"),
        ("access", "DELETE FROM access WHERE idx = 1"),
        ("grant_revoked", "UPDATE grant_revoked SET at = at + 1"),
    ] {
        assert_ne!(place.raw().execute(alter, []).unwrap(), 0);
        let altered = store.projection_digests().unwrap();
        assert_eq!(altered.iter().filter(|(name, digest)| before[*name] != **digest).map(|(name, _)| *name).collect::<Vec<_>>(), [table]);
        store.rebuild(&mut project).unwrap();
        assert_eq!(store.projection_digests().unwrap(), before, "{alter}");
    }
}

#[test]
fn what_was_derived_from_an_erased_payload_outlives_a_rebuild() {
    let place = Place::new();
    let mut store = filled(&place);
    let before = store.projection_digests().unwrap();
    for index in [0, 1, 6] {
        store.write(&[Write::Erase { centre: centre("C46010"), index }]).unwrap();
    }
    store.rebuild(&mut project).unwrap();
    assert_eq!(store.projection_digests().unwrap(), before);
    assert!(store.certificate(&number("C46010", 0)).unwrap().is_some());
}

#[test]
fn a_rebuild_over_a_damaged_payload_is_refused_and_changes_nothing() {
    let place = Place::new();
    let mut store = filled(&place);
    let before = store.projection_digests().unwrap();
    place.raw().execute("UPDATE entry SET payload = zeroblob(21) WHERE idx = 100 AND centre = 2", []).unwrap();
    assert!(matches!(store.rebuild(&mut project), Err(StoreError::DamagedRow { index: 100, .. })));
    assert_eq!(store.projection_digests().unwrap(), before);
}

#[test]
fn only_applied_rows_are_projected() {
    let place = Place::new();
    let mut store = place.open();
    let Write::Append { centre, from, rows, subtrees, mut state } = Author::new("C46010").append(&[b"issue", b"issue"]) else {
        unreachable!()
    };
    state.applied = 1;
    store.write(&[Write::Append { centre: centre.clone(), from, rows, subtrees, state }]).unwrap();
    store.rebuild(&mut project).unwrap();
    assert_eq!(store.certificate_count(&centre, "").unwrap(), 1);
}
