//! Projections derived again are the projections there were.

use anju_core::listing::Change;
use anju_core::shelf::{
    AuditCommitment, CertificateRow, DossierProjection, Ended, ListProjection, Lists, MatterProjection, Projection, Shelf,
};

use super::conformance_lists::{at, ending, hit, listing, objection};
use super::dossiers::{opened, said};
use super::matters::{catalogue, matter};
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
        b"revoke" => vec![Projection::GrantRevoked {
            grant: GrantId([3; 16]),
            holder: Thumbprint([4; 32]),
            at: Time(1000 - i64::try_from(index).unwrap()),
        }],
        b"bind" => {
            let row = CertificateRow { holder: Thumbprint([9; 32]), ..certificate(author.as_str(), index) };
            // The certificate of the row before this one.
            let row = CertificateRow { number: number(author.as_str(), index - 1), ..row };
            vec![Projection::HolderBound { row: Box::new(row), former: Thumbprint([8; 32]), at: Time(i64::try_from(index).unwrap()) }]
        }
        b"lost" => vec![Projection::HolderEnded {
            number: number(author.as_str(), 3),
            holder: Thumbprint([7; 32]),
            index,
            at: Time(i64::try_from(index).unwrap()),
        }],
        [b'e', sequence] => vec![ended(u64::from(*sequence))],
        [b'p', mark] => {
            let (code, mark) = (author.as_str(), u64::from(*mark));
            let published =
                [MatterProjection::Matter(matter(code, index, mark)), MatterProjection::Catalogue(catalogue(code, index, mark))];
            published.into_iter().map(Projection::Published).collect()
        }
        b"commit" => vec![Projection::AuditCommitted(AuditCommitment { index, size: index * 2, root: Digest([1; 32]) })],
        b"open" => vec![Projection::Dossier(DossierProjection::Opened(opened(author.as_str(), index)))],
        [b'j', about] => vec![Projection::Dossier(DossierProjection::Said(said(author.as_str(), index, u64::from(*about), true)))],
        [b'c', about] => vec![Projection::Dossier(DossierProjection::Said(said(author.as_str(), index, u64::from(*about), false)))],
        body => list_projection(author.as_str(), index, body).map(Projection::List).into_iter().collect(),
    }
}

fn list_projection(author: &str, index: u64, body: &[u8]) -> Option<ListProjection> {
    let change = |change: Change, about: u8, answers: Option<(CentreCode, u64)>| {
        Some(ListProjection::Changed { place: at(author, u64::from(about)), end: ending(change, index), answers })
    };
    match body {
        b"decide" => Some(ListProjection::Decided(listing(at(author, index), u8::try_from(index % 5).unwrap()))),
        [b'w', about] => change(Change::Withdrawn, *about, None),
        [b'r', about] => change(Change::Repaired, *about, None),
        [b'u', about, objection] => change(Change::Upheld, *about, Some((centre("C46020"), u64::from(*objection)))),
        [b'o', about] => Some(ListProjection::Objected(objection(author, index, at("C46010", u64::from(*about)), NOW))),
        b"hit" => Some(ListProjection::Hit(hit(author, index, u8::try_from(index % 3).unwrap()))),
        [b'v', applied] => {
            let (at, applied) = (Time(i64::try_from(index).unwrap()), u64::from(*applied));
            Some(ListProjection::Acknowledged { author: centre(author), index, at, applied })
        }
        _ => None,
    }
}

fn append(store: &mut Store, author: &mut Author, bodies: &[&[u8]]) {
    let write = author.append(bodies);
    let Write::Append { centre, from, rows, .. } = &write else { unreachable!() };
    let meant = (*from..).zip(rows.entries()).flat_map(|(index, entry)| project(centre, index, entry)).map(Write::Project);
    let writes: Vec<Write> = std::iter::once(write.clone()).chain(meant).collect();
    store.write(&writes).unwrap();
}

/// Journals that speak of lists as well, some of it false.
fn with_lists(place: &Place) -> Store {
    let mut store = filled(place);
    let mut authors = ["C46010", "C46020"].map(|code| {
        let state = store.journal(&centre(code)).unwrap();
        Author::resume(code, &state, 11)
    });
    for round in 0..12_u8 {
        // Rows 180, 190 and so on are decided; some endings name rows that are none, or come twice.
        let row = 180 + round / 2 * 10;
        let (ends, again, upheld) = ([b'w', row], [b'r', row], [b'u', row, 185]);
        let (objects, vector) = ([b'o', row], [b'v', 40 + round % 5]);
        for author in &mut authors {
            let ends: &[u8] = if round % 3 == 0 { b"other" } else { &ends };
            append(&mut store, author, &[b"decide", &upheld, ends, &again, &again, &objects, b"hit", &vector, b"commit", &[b'w', 255]]);
        }
    }
    for round in 0..12_u8 {
        authors.iter_mut().for_each(|author| append(&mut store, author, &[&[b'p', round * 7], b"issue", b"bind", b"lost"]));
    }
    store
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
    let mut store = with_lists(&place);
    let before = store.projection_digests().unwrap();
    assert_eq!(before.len(), 17);
    assert_eq!(store.rebuild(&mut project).unwrap(), 696);
    assert_eq!(store.projection_digests().unwrap(), before);

    for (table, alter) in [
        ("certificate", "UPDATE certificate SET ended_reason = 'superseded' WHERE number = 'C46010-JCZM-2026-000000'"),
        ("certificate", "DELETE FROM certificate WHERE idx = 0"),
        ("access", "DELETE FROM access WHERE idx = 1"),
        ("grant_revoked", "UPDATE grant_revoked SET at = at + 1"),
        (
            "certificate",
            "UPDATE certificate SET holder = zeroblob(32) WHERE holder = x'0909090909090909090909090909090909090909090909090909090909090909'",
        ),
        ("holder_ended", "UPDATE holder_ended SET at = at + 1"),
        ("holder_ended", "DELETE FROM holder_ended WHERE idx = (SELECT max(idx) FROM holder_ended)"),
        ("listing", "UPDATE listing SET ended = NULL, ended_idx = NULL, ended_at = NULL, impersonated = NULL WHERE ended_idx = 183"),
        ("listing", "DELETE FROM listing WHERE place & 1023 = 190"),
        ("change", "UPDATE change SET impersonated = 1 - impersonated WHERE place & 1023 = 181"),
        ("objection", "UPDATE objection SET ground = 'other' WHERE idx = 185"),
        ("hit", "DELETE FROM hit WHERE idx = 186"),
        ("acknowledged", "UPDATE acknowledged SET applied = applied + 100"),
        ("audit_committed", "DELETE FROM audit_committed WHERE idx = 188"),
        ("matter", "UPDATE matter SET version = version + 1"),
        ("matter", "DELETE FROM matter WHERE centre = 'C46020'"),
        ("catalogue", "UPDATE catalogue SET body = x'00'"),
    ] {
        assert_ne!(place.raw().execute(alter, []).unwrap(), 0);
        let altered = store.projection_digests().unwrap();
        assert_eq!(altered.iter().filter(|(name, digest)| before[*name] != **digest).map(|(name, _)| *name).collect::<Vec<_>>(), [table]);
        store.rebuild(&mut project).unwrap();
        assert_eq!(store.projection_digests().unwrap(), before, "{alter}");
    }
}

/// Derives the rows of a journal again, as a peer does whose journal is applied no further than its first row.
fn derive_again(store: &mut Store, code: &str) {
    let size = store.journal(&centre(code)).unwrap().size;
    let rows = store.entries(&centre(code), 0, size, usize::MAX).unwrap();
    let meant = (0..).zip(&rows).flat_map(|(index, entry)| project(&centre(code), index, entry)).map(Write::Project);
    let writes: Vec<Write> = meant.chain([Write::Applied { centre: centre(code), applied: size }]).collect();
    store.write(&writes).unwrap();
}

/// A journal as it was after its first rows.
fn first_rows(store: &Store, code: &str, size: u64) -> JournalState {
    let on_shelf = anju_core::journal::proof::OnShelf { shelf: store, centre: &centre(code) };
    let frontier = Frontier::of_first(&on_shelf, size).unwrap();
    JournalState { size, peaks: frontier.peaks().to_vec(), head: None, applied: 0 }
}

#[test]
fn a_journal_that_was_cut_means_what_it_would_without_the_rows_that_went_and_goes_on() {
    for size in [0, 1, 100, 183, 192, 255, 256, 300] {
        let place = Place::new();
        let mut store = with_lists(&place);
        let (all, other) = (store.journal(&centre("C46010")).unwrap().size, store.journal(&centre("C46020")).unwrap());
        let state = first_rows(&store, "C46010", size);
        store.write(&[Write::Cut { centre: centre("C46010"), own: true, at: NOW, state: state.clone() }]).unwrap();
        assert_eq!(store.journal(&centre("C46010")).unwrap(), state);
        assert_eq!(store.journal(&centre("C46020")).unwrap(), other, "another journal is as it was");
        let kept: i64 = place.raw().query_row("SELECT count(*) FROM void_row WHERE centre = 'C46010'", (), |row| row.get(0)).unwrap();
        assert_eq!(kept.unsigned_abs(), all - size, "the headers are kept");
        derive_again(&mut store, "C46010");
        // Made-up commitments stand in both journals, and only one of them can be a store's own.
        derive_again(&mut store, "C46020");
        let mut derived = store.projection_digests().unwrap();
        store.rebuild(&mut project).unwrap();
        let mut rebuilt = store.projection_digests().unwrap();
        // That a holder took a grant back is the holder's word, whoever carried it.
        for digests in [&mut derived, &mut rebuilt] {
            digests.remove("grant_revoked").unwrap();
        }
        let differing: Vec<_> = derived.iter().filter(|(table, digest)| rebuilt[*table] != **digest).collect();
        assert!(differing.is_empty(), "{size}: {differing:?}");
        assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
        let mut author = Author::resume("C46010", &store.journal(&centre("C46010")).unwrap(), 12);
        append(&mut store, &mut author, &[b"decide", b"issue"]);
        assert_eq!(store.journal(&centre("C46010")).unwrap().size, size + 2);
        assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
    }
}

#[test]
fn a_listing_that_a_row_ended_which_went_stands_again_and_its_payload_is_asked_for() {
    let place = Place::new();
    let mut store = place.open();
    let mut author = Author::new("C46010");
    append(&mut store, &mut author, &[b"decide", b"decide", &[b'w', 0], &[b'w', 1]]);
    for index in [0, 1] {
        store.write(&[Write::Erase { centre: centre("C46010"), index }]).unwrap();
    }
    let state = first_rows(&store, "C46010", 3);
    store.write(&[Write::Cut { centre: centre("C46010"), own: false, at: NOW, state }]).unwrap();
    let ended = |index| store.listing(&at("C46010", index)).unwrap().unwrap().ended.map(|ended| ended.index);
    assert_eq!((ended(0), ended(1)), (Some(2), None));
    assert_eq!(store.damaged(9).unwrap(), [(centre("C46010"), 1)]);
    assert!(store.erased(&centre("C46010"), 0).unwrap());
}

#[test]
fn what_was_derived_from_an_erased_payload_outlives_a_rebuild() {
    let place = Place::new();
    let mut store = with_lists(&place);
    let before = store.projection_digests().unwrap();
    // Among them listings whose endings are still there, endings whose listings are, and the first of two endings.
    for index in [0, 1, 6, 180, 190, 192, 200, 202, 203, 185, 186, 187] {
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
fn rows_behind_one_that_is_not_interpreted_are_derived_again_too() {
    let place = Place::new();
    let mut store = place.open();
    let Write::Append { centre, from, rows, subtrees, mut state } = Author::new("C46010").append(&[b"issue", b"issue"]) else {
        unreachable!()
    };
    state.applied = 1;
    store.write(&[Write::Append { centre: centre.clone(), from, rows, subtrees, state }]).unwrap();
    store.rebuild(&mut project).unwrap();
    assert_eq!(store.certificate_count(&centre, "").unwrap(), 2);
}

/// What a newer version does with the rows behind one that the older did not know: see the core's `node::apply`.
#[test]
fn what_is_projected_once_more_in_the_same_order_stays_as_it_was() {
    let place = Place::new();
    let mut store = with_lists(&place);
    let before = store.projection_digests().unwrap();
    for from in [0, 57, 180, 239] {
        for code in ["C46010", "C46020"].map(centre) {
            let entries = store.entries(&code, from, u64::MAX, usize::MAX).unwrap();
            let again: Vec<Write> =
                (from..).zip(&entries).flat_map(|(index, entry)| project(&code, index, entry)).map(Write::Project).collect();
            assert!(again.len() > 40, "{from}");
            store.write(&again).unwrap();
        }
        assert_eq!(store.projection_digests().unwrap(), before, "{from}");
    }
}

#[test]
fn dossiers_derived_again_are_the_dossiers_there_were() {
    let place = Place::new();
    let mut store = place.open();
    let mut authors = [Author::new("C46010"), Author::new("C46020")];
    for round in 0..9_u8 {
        for author in &mut authors {
            append(&mut store, author, &[b"open", &[b'c', round * 3], &[b'j', round * 3], b"other"]);
        }
    }
    let before = store.projection_digests().unwrap();
    for alter in [
        "DELETE FROM dossier WHERE idx = 4",
        "UPDATE dossier SET about = NULL WHERE idx = 0",
        "DELETE FROM dossier_said WHERE row = 5",
        "UPDATE dossier_said SET joins = 'C99999' WHERE row = 2",
        "DELETE FROM dossier_party WHERE centre = 'C46030'",
    ] {
        assert_ne!(place.raw().execute(alter, []).unwrap(), 0, "{alter}");
        assert_ne!(store.projection_digests().unwrap(), before, "{alter}");
        store.rebuild(&mut project).unwrap();
        assert_eq!(store.projection_digests().unwrap(), before, "{alter}");
    }
    for index in [0, 1, 2, 4, 9, 10] {
        store.write(&[Write::Erase { centre: centre("C46010"), index }]).unwrap();
    }
    store.rebuild(&mut project).unwrap();
    assert_eq!(store.projection_digests().unwrap(), before, "what was derived from an erased payload stays");
}
