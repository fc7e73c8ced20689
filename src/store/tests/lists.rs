//! What is promised of lists and people, asked of both shelves, and what only the disk can do wrong.

use anju_core::listing::Change;
use anju_core::listing::case::CaseState;
use anju_core::listing::objected::OBJECTIONS_PER_DAY;
use anju_core::names::{ListingId, StationKey, SubjectToken};
use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{Adopted, CaseRecord, HouseWrite, ListProjection, ListWrite, Lists, Projection, Shelf, Write};
use anju_core::time::DAY_MS;

use super::conformance::Subject;
use super::conformance_lists::{at, audit, case, ending, listing, objection, pending, staged};
use super::*;
use crate::store::{Reader, StoreError};

fn project(projection: ListProjection) -> Write {
    Write::Project(Projection::List(projection))
}

fn decided(code: &str, index: u64, token: u8) -> Write {
    project(ListProjection::Decided(listing(at(code, index), token)))
}

fn changed(code: &str, index: u64, change: Change, by: u64, answers: Option<(&str, u64)>) -> Write {
    let answers = answers.map(|(author, index)| (centre(author), index));
    project(ListProjection::Changed { place: at(code, index), end: ending(change, by), answers })
}

fn on_both(promise: fn(&mut dyn Subject)) {
    promise(&mut MemoryShelf::new());
    promise(&mut Place::new().open());
}

fn done(subject: &mut dyn Subject, writes: Vec<Write>) {
    for write in writes {
        assert!(subject.write(&write), "{write:?}");
    }
}

#[test]
fn the_first_ending_stands_and_one_that_comes_before_its_row_ends_nothing() {
    on_both(|subject| {
        let ended =
            |subject: &dyn Subject, index| subject.shelf().listing(&at("C46010", index)).unwrap().unwrap().ended.map(|end| end.index);
        done(subject, vec![decided("C46010", 3, 1), changed("C46010", 3, Change::Repaired, 3, None)]);
        done(subject, vec![changed("C46010", 3, Change::Repaired, 2, None), changed("C46010", 3, Change::Upheld, 5, Some(("C46020", 1)))]);
        assert_eq!(ended(subject, 3), None);
        done(subject, vec![changed("C46020", 3, Change::Withdrawn, 9, None)]);
        assert_eq!(ended(subject, 3), None, "another centre's row of the same number");
        done(subject, vec![changed("C46010", 3, Change::Withdrawn, 9, None), changed("C46010", 3, Change::Repaired, 12, None)]);
        assert_eq!(ended(subject, 3), Some(9));
        // A payload that was missing comes when the ending is known already.
        done(subject, vec![changed("C46010", 7, Change::Repaired, 13, None), decided("C46010", 7, 1)]);
        assert_eq!(ended(subject, 7), Some(13));
        let events: Vec<(u64, u64)> =
            subject.shelf().list_events(&centre("C46010"), 0, 9).unwrap().into_iter().map(|(row, about)| (row, about.index)).collect();
        assert_eq!(events, [(3, 3), (5, 3), (7, 7), (9, 3), (12, 3), (13, 7)]);
    });
}

#[test]
fn an_objection_is_answered_by_the_statement_that_names_it_whichever_comes_first() {
    on_both(|subject| {
        let about = at("C46010", 2);
        done(subject, vec![decided("C46010", 2, 1), changed("C46010", 2, Change::Upheld, 8, Some(("C46020", 4)))]);
        for (author, index) in [("C46020", 4), ("C46020", 5), ("C50010", 4)] {
            done(subject, vec![project(ListProjection::Objected(objection(author, index, about.clone(), NOW)))]);
        }
        let answered = |subject: &dyn Subject| -> Vec<Option<u64>> {
            subject.shelf().objections(&about, &ListingId([1; 16]), 9).unwrap().iter().map(|row| row.answered).collect()
        };
        assert_eq!(answered(subject), [Some(8), None, None]);
        done(subject, vec![changed("C46010", 2, Change::Withdrawn, 11, Some(("C50010", 4)))]);
        assert_eq!(answered(subject), [Some(8), None, Some(11)]);
    });
}

#[test]
fn objections_of_one_author_are_counted_by_legal_day_and_no_further_than_they_matter() {
    on_both(|subject| {
        let evening = Time::end_of_legal_day(NOW.legal_day());
        for index in 0..OBJECTIONS_PER_DAY + 3 {
            done(subject, vec![project(ListProjection::Objected(objection("C46020", index, at("C46010", index), evening)))]);
        }
        done(subject, vec![project(ListProjection::Objected(objection("C46020", 100, at("C46010", 100), evening.plus_ms(1))))]);
        let before = |index| subject.shelf().objections(&at("C46010", index), &ListingId([1; 16]), 999).unwrap().last().unwrap().before_it;
        assert_eq!((before(0), before(5)), (0, 5));
        assert_eq!(before(OBJECTIONS_PER_DAY + 2), OBJECTIONS_PER_DAY);
        assert_eq!(before(100), 0, "the next day has begun");
    });
}

#[test]
fn a_centre_with_many_rows_of_a_token_does_not_push_another_out() {
    on_both(|subject| {
        for index in 0..40 {
            done(subject, vec![decided("C46010", index, 1), changed("C46010", index, Change::Withdrawn, 100 + index, None)]);
        }
        done(subject, vec![decided("C46020", 5, 1), decided("C46020", 6, 2)]);
        let found = subject.shelf().listings_of(&SubjectToken([1; 16]), 4).unwrap();
        let places: Vec<String> = found.iter().map(|row| row.place.to_string()).collect();
        assert_eq!(places, ["C46010-L39", "C46020-L5", "C46010-L38", "C46010-L37"]);
    });
}

#[test]
fn listings_of_a_token_come_in_the_order_of_the_codes_in_whatever_order_the_journals_came() {
    on_both(|subject| {
        for (code, index) in [("C50010", 4), ("C46010", 7), ("C46020", 1), ("C50010", 9), ("C46010", 2)] {
            done(subject, vec![decided(code, index, 1), decided(code, index + 20, 2)]);
        }
        let whole = ["C46010-L7", "C46020-L1", "C50010-L9", "C46010-L2", "C50010-L4"];
        // As many as there are, more, and fewer: the last takes another way.
        for limit in [5, 6, 128, 4, 3, 1, 0] {
            let found = subject.shelf().listings_of(&SubjectToken([1; 16]), limit).unwrap();
            let places: Vec<String> = found.iter().map(|row| row.place.to_string()).collect();
            assert_eq!(places, whole[..limit.min(5)], "{limit}");
        }
        assert_eq!(subject.shelf().listings_of(&SubjectToken([3; 16]), 128).unwrap(), []);
    });
}

#[test]
fn there_is_one_case_of_a_listing_and_serials_have_no_gaps() {
    on_both(|subject| {
        let write = |case: CaseRecord| Write::List(ListWrite::Case(case));
        done(subject, vec![write(case(0, 1)), write(case(2, 2))]);
        assert_eq!(subject.shelf().cases_made().unwrap(), 2);
        assert!(!subject.write(&write(case(0, 1))), "a second case of the listing");
        assert!(!subject.write(&write(case(2, 1))), "another case made one of the same listing");
        assert!(!subject.write(&write(case(4, 3))), "a gap");
        let listed = CaseRecord { state: CaseState::Listed, index: Some(9), ..case(1, 1) };
        done(subject, vec![write(listed.clone())]);
        assert_eq!(subject.shelf().case_of(&listed.listing).unwrap(), Some(listed));
        let open: Vec<u64> = subject.shelf().cases_open(None, 9).unwrap().iter().map(|case| case.serial).collect();
        assert_eq!(open, [2]);
    });
}

#[test]
fn what_no_row_of_a_long_file_says_is_not_looked_for_in_each_of_them() {
    // Ten times what a look at an index takes, and a tenth of what these rows take one by one.
    const STEPS: i32 = 1_000;
    let mut store = Place::new().open();
    let own = |n: u64| u8::try_from(n / 250).unwrap();
    let rows = (1..=1_000).map(|row| staged(1, row, own(row))).collect();
    let cases = (1..=1_000).map(|n| {
        let mut case = case(n, own(n));
        case.listing.0[..8].copy_from_slice(&n.to_be_bytes());
        Write::List(ListWrite::Case(case))
    });
    store.write(&cases.chain([Write::List(ListWrite::Stage(rows))]).collect::<Vec<_>>()).unwrap();
    let (nowhere, nothing) = (ListingId([0xee; 16]), Digest([0xee; 32]));
    type Look = fn(&Store, &ListingId, &Digest) -> bool;
    let looks: [(&str, Look); 5] = [
        ("staged listing", |store, listing, _| store.staged_listing(1, listing).unwrap().is_none()),
        ("staged decision", |store, _, decision| store.staged_decision(1, decision).unwrap().is_none()),
        ("case of a listing", |store, listing, _| store.case_of(listing).unwrap().is_none()),
        ("case of a decision", |store, _, decision| store.case_of_decision(decision).unwrap().is_none()),
        ("anything", |store, listing, decision| !store.is_known(Some(1), listing, decision, listing).unwrap()),
    ];
    for (what, look) in looks {
        let stopped = |store: &mut Store, stop: bool| store.conn.progress_handler(STEPS, stop.then_some(|| true)).unwrap();
        stopped(&mut store, true);
        assert!(look(&store, &nowhere, &nothing), "{what}");
        stopped(&mut store, false);
    }
}

#[test]
fn a_staged_row_that_is_dealt_with_keeps_its_listing_and_loses_its_body() {
    on_both(|subject| {
        done(subject, vec![Write::List(ListWrite::Stage((1..=6).map(|row| staged(1, row, 4)).collect()))]);
        done(subject, vec![Write::List(ListWrite::Unstage { import: 1, up_to: 4 })]);
        let rows = subject.shelf().staged(1, 0, 99).unwrap();
        let held: Vec<bool> = rows.iter().map(|(row, _)| !row.body.is_empty()).collect();
        assert_eq!(held, [false, false, false, false, true, true]);
        let cases: Vec<bool> = (1..=6).map(|row| subject.shelf().staged_case(1, row).unwrap().is_some()).collect();
        assert_eq!(cases, held);
        assert!(rows.iter().all(|(row, known)| row.content == Digest([4; 32]) && row.listing == rows[0].0.listing && !known));
        let carried = |serial, listing| CaseRecord { index: Some(1), import: Some(1), ..case(serial, listing) };
        for case in [carried(0, 4), carried(0, 5), carried(0, 6), CaseRecord { index: None, ..carried(0, 7) }, case(0, 8)] {
            done(subject, vec![Write::List(ListWrite::Case(case))]);
        }
        assert_eq!(subject.shelf().import_gone(1, 1).unwrap(), (vec![2], 2));
        assert_eq!(subject.shelf().import_gone(2, 9).unwrap(), (vec![1, 2, 3], 3));
    });
}

#[test]
fn a_case_that_was_adopted_outlives_what_was_staged_and_gives_way_to_a_newer_one() {
    on_both(|subject| {
        let adopt = |import, rows: &[(u64, u64, u64)]| {
            let rows = rows.iter().map(|(serial, row, index)| Adopted { serial: *serial, row: *row, index: *index }).collect();
            Write::List(ListWrite::Adopt { import, rows })
        };
        let stage = |import, rows: &[(u64, u8)]| {
            Write::List(ListWrite::Stage(rows.iter().map(|(row, listing)| staged(import, *row, *listing)).collect()))
        };
        let text = |subject: &dyn Subject, serial| {
            subject.shelf().case(serial).unwrap().map(|case| (case.index, case.import, String::from_utf8(case.case).unwrap()))
        };
        done(subject, vec![stage(1, &[(1, 4), (2, 8), (3, 12)]), stage(2, &[(1, 4), (2, 8)])]);
        assert!(!subject.write(&adopt(1, &[(0, 1, 5), (0, 9, 6)])), "a row that was not staged");
        assert!(!subject.write(&adopt(1, &[(0, 1, 5), (3, 2, 6)])), "a gap");
        assert_eq!(
            (subject.shelf().cases_made().unwrap(), subject.shelf().staged_case(1, 1).unwrap().is_some()),
            (0, true),
            "nothing of it"
        );
        done(subject, vec![adopt(1, &[(0, 1, 5), (0, 2, 6)])]);
        assert!(!subject.write(&adopt(1, &[(0, 1, 7)])), "the same row once more");
        assert!(!subject.write(&adopt(2, &[(0, 2, 7)])), "a second case of the listing");
        assert!(subject.shelf().staged(2, 0, 9).unwrap().iter().all(|(_, known)| *known));
        done(subject, vec![Write::List(ListWrite::Unstage { import: 1, up_to: 3 })]);
        assert_eq!(subject.shelf().staged_case(1, 3).unwrap(), None);
        done(subject, vec![adopt(2, &[(2, 2, 8)]), Write::List(ListWrite::Forget { import: 1 })]);
        assert_eq!(text(subject, 1), Some((Some(5), Some(1), "case 1".to_owned())));
        assert_eq!(text(subject, 2), Some((Some(8), Some(2), "case 2".to_owned())));
        let mut taken = subject.shelf().case(1).unwrap().unwrap();
        taken.case = b"with steps".to_vec();
        done(subject, vec![Write::List(ListWrite::Case(taken)), Write::List(ListWrite::Forget { import: 2 })]);
        assert_eq!(text(subject, 1).unwrap().2, "with steps");
        assert_eq!(text(subject, 2).unwrap().2, "case 2");
    });
}

#[test]
fn a_hit_that_was_told_leaves_its_serial_to_nobody() {
    on_both(|subject| {
        done(subject, vec![Write::List(ListWrite::Hit(pending(1))), Write::List(ListWrite::HitTold { serial: 1 })]);
        done(subject, vec![Write::List(ListWrite::Hit(pending(2))), Write::List(ListWrite::HitTold { serial: 1 })]);
        let serials: Vec<u64> = subject.shelf().hits_pending(9).unwrap().iter().map(|hit| hit.serial).collect();
        assert_eq!(serials, [2]);
    });
}

/// A row without its payload, and the payload.
fn without_payload(author: &mut Author) -> (Write, Vec<u8>) {
    let mut entry = author.entry(b"body");
    let payload = entry.payload.take().unwrap();
    (author.append_entries(vec![entry]), payload)
}

#[test]
fn a_withheld_row_is_cleared_by_its_payload_or_by_an_erasure_and_blamed_once() {
    on_both(|subject| {
        let mut author = Author::new("C46010");
        let by = StationKey([7; 32]);
        let withheld = |index| Write::List(ListWrite::Withheld { centre: centre("C46010"), index, by });
        assert!(!subject.write(&withheld(0)), "there is no such row");
        let (first, payload) = without_payload(&mut author);
        let (second, _) = without_payload(&mut author);
        done(subject, vec![first, second, withheld(0), withheld(1)]);
        assert!(subject.shelf().withheld(&author.centre).unwrap() && !subject.shelf().withheld(&centre("C46020")).unwrap());
        done(subject, vec![Write::List(ListWrite::Blamed { centre: author.centre.clone(), index: 1 })]);
        let rows: Vec<(u64, bool)> = subject.shelf().withheld_rows(None, 9).unwrap().iter().map(|row| (row.index, row.blamed)).collect();
        assert_eq!(rows, [(0, false), (1, true)]);
        done(subject, vec![Write::Restore { centre: author.centre.clone(), index: 0, payload }]);
        done(subject, vec![Write::Erase { centre: author.centre.clone(), index: 1 }]);
        assert!(!subject.shelf().withheld(&author.centre).unwrap());
        assert!(subject.shelf().erased(&author.centre, 1).unwrap(), "a payload that never came");
        done(subject, vec![withheld(0), withheld(1)]);
        assert!(subject.shelf().withheld_rows(None, 9).unwrap().is_empty(), "one is here, the other may be missing");
    });
}

#[test]
fn a_scrub_counts_a_withheld_row_and_leaves_it_to_who_asks_for_it() {
    let mut store = Place::new().open();
    let mut author = Author::new("C46010");
    let (first, _) = without_payload(&mut author);
    let (second, _) = without_payload(&mut author);
    let withheld = ListWrite::Withheld { centre: author.centre.clone(), index: 0, by: StationKey([7; 32]) };
    store.write(&[first, second, Write::List(withheld)]).unwrap();
    let report = store.scrub(NOW, &mut |_| {}).unwrap();
    assert_eq!((report.withheld, report.missing), (1, 1));
    assert_eq!(store.damaged(9).unwrap(), [(author.centre.clone(), 1)]);
    store.write(&[Write::Erase { centre: author.centre, index: 1 }]).unwrap();
    assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound(), "a withheld payload is no fault of the store");
}

#[test]
fn audit_rows_that_do_not_follow_are_refused_and_an_altered_one_is_found() {
    on_both(|subject| {
        let (rows, after) = audit(&subject.shelf().audit_log().unwrap(), &[1, 2, 3]);
        assert!(!subject.write(&Write::House(HouseWrite::Audit { rows: rows[1..].to_vec(), after: after.clone() })));
        let forged = vec![rows[0].clone(), rows[2].clone(), rows[1].clone()];
        assert!(!subject.write(&Write::House(HouseWrite::Audit { rows: forged, after: after.clone() })));
        assert_eq!(subject.shelf().audit_log().unwrap().size, 0);
        done(subject, vec![Write::House(HouseWrite::Audit { rows: rows.clone(), after })]);
        let held = subject.shelf().audit_rows(0, 9).unwrap();
        assert!(held == rows && held.iter().zip(&rows).all(|(held, row)| held.leaf() == row.leaf()));
    });
    for alter in [
        "UPDATE audit_row SET outcome = 'done' WHERE seq = 1",
        "UPDATE audit_row SET sealed = (SELECT sealed FROM audit_row WHERE seq = 0) WHERE seq = 1",
        "DELETE FROM audit_row WHERE seq = 2",
        "UPDATE audit_log SET size = 2, peaks = zeroblob(32)",
    ] {
        let place = Place::new();
        let mut store = place.open();
        let (rows, after) = audit(&store.as_shelf().audit_log().unwrap(), &[1, 2, 3]);
        store.write(&[Write::House(HouseWrite::Audit { rows, after })]).unwrap();
        assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
        assert_eq!(place.raw().execute(alter, []).unwrap(), 1);
        let report = store.scrub(NOW, &mut |_| {}).unwrap();
        assert!(report.audit_broken && !report.is_sound(), "{alter}");
    }
}

#[test]
fn the_local_secret_is_made_once_and_is_not_the_next_databases() {
    let (place, other) = (Place::new(), Place::new());
    let secret = *place.open().local_secret().unwrap().expose();
    assert_eq!(*place.open().local_secret().unwrap().expose(), secret);
    assert_eq!(*Reader::open_reader(&place.path(), &key()).unwrap().local_secret().unwrap().expose(), secret);
    assert_ne!(*other.open().local_secret().unwrap().expose(), secret);
}

#[test]
fn a_row_beyond_what_a_place_can_name_is_refused_and_not_taken_for_another() {
    let mut store = Place::new().open();
    store.write(&[decided("C46010", 0, 1), decided("C46020", 0, 2)]).unwrap();
    assert!(matches!(store.write(&[decided("C46010", 1 << 40, 3)]), Err(StoreError::Engine(_))));
    assert_eq!(store.listing(&at("C46010", 1 << 40)).unwrap(), None);
    assert!(store.listing(&at("C46010", u64::MAX)).unwrap().is_none());
}

#[test]
fn a_scrub_notices_sealed_values_of_lists_that_were_moved_to_another_row() {
    let place = Place::new();
    let mut store = place.open();
    let writes = [
        Write::List(ListWrite::Case(case(0, 1))),
        Write::List(ListWrite::Case(case(0, 2))),
        Write::List(ListWrite::Stage(vec![staged(1, 1, 4)])),
        Write::List(ListWrite::Hit(pending(1))),
        Write::House(HouseWrite::Operator(conformance_lists::operator("lisi", 1))),
        project(ListProjection::Hit(conformance_lists::hit("C46020", 1, 1))),
    ];
    store.write(&writes).unwrap();
    assert!(store.scrub(NOW, &mut |_| {}).unwrap().is_sound());
    for alter in [
        "UPDATE case_file SET text = (SELECT text FROM case_file WHERE serial = 1) WHERE serial = 2",
        "UPDATE staged SET listing = zeroblob(16)",
        "UPDATE pending_hit SET idx = idx + 1",
        "UPDATE operator SET name = 'wangwu'",
        "UPDATE hit SET idx = 2",
    ] {
        assert_eq!(place.raw().execute(alter, []).unwrap(), 1);
    }
    assert_eq!(store.scrub(NOW.plus_ms(DAY_MS), &mut |_| {}).unwrap().sealed, 5);
}
