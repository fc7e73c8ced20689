//! Who must stand behind an import, and in which order its rows come.

use proptest::prelude::*;

use super::bench::{Bench, employer, employers, file, name, with};
use crate::desk::Act;
use crate::error::RefusalCode;
use crate::journal::Kind;
use crate::listing::DecidedBody;
use crate::listing::import::{ApprovedFile, ImportRow, ImportState, StagedRow};
use crate::names::Digest;
use crate::node::list::{ABANDONED_MS, IDLE_MS, MAX_OPEN_IMPORTS};
use crate::operator::{Role, SignedAct};
use crate::shelf::{ListWrite, Lists, Write};
use crate::time::MINUTE_MS;

#[test]
fn who_staged_a_file_does_not_approve_it_whatever_their_role_is_by_then() {
    let mut bench = Bench::new(820);
    let rows = employers(1..=3);
    bench.stage("chen", file("a"), &rows, 10).unwrap();
    assert_eq!(bench.approve("chen", file("a"), &rows), Err(RefusalCode::RoleMissing));
    bench.operator("chen", Role::Reviewer);
    assert_eq!(bench.approve("chen", file("a"), &rows), Err(RefusalCode::SecondPersonNeeded));
    assert_eq!(bench.approve("wu", file("a"), &rows), Err(RefusalCode::RoleMissing));
    bench.settle();
    assert!(bench.listed().is_empty());
}

#[test]
fn what_was_staged_is_approved_only_as_the_approver_reads_it() {
    let mut bench = Bench::new(821);
    let rows = employers(1..=3);
    assert_eq!(bench.approve("lin", file("a"), &rows), Err(RefusalCode::ImportUnknown));
    bench.act("chen", &Act::ImportBegin { file: file("a") }).unwrap();
    assert_eq!(bench.approve("lin", file("a"), &rows), Err(RefusalCode::ImportUnknown), "not wholly here");
    bench.stage("chen", file("a"), &rows, 10).unwrap();
    let altered: Vec<_> = rows.iter().map(|row| with(row.clone(), |row| row.level = "严重".to_owned())).collect();
    assert_eq!(bench.approve("lin", file("a"), &altered), Err(RefusalCode::ImportDiffers));
    assert_eq!(bench.approve("lin", file("a"), &rows[..2]), Err(RefusalCode::ImportDiffers));
    let (_, digest) = bench.digest(&rows);
    assert_eq!(bench.act("lin", &Act::ImportApprove { file: file("a"), rows: 4, digest }), Err(RefusalCode::ImportDiffers));
    bench.settle();
    assert!(bench.listed().is_empty());
    assert_eq!(bench.approve("lin", file("a"), &rows).unwrap().state, ImportState::Approved);
}

#[test]
fn a_file_that_is_finished_with_other_rows_than_came_is_dropped_and_can_be_staged_anew() {
    let mut bench = Bench::new(822);
    let rows = employers(1..=3);
    bench.act("chen", &Act::ImportBegin { file: file("a") }).unwrap();
    bench.act("chen", &Act::ImportRows { file: file("a"), rows: rows[..2].to_vec(), dry_run: false }).unwrap();
    let (count, digest) = bench.digest(&rows);
    let finish = Act::ImportFinish { file: file("a"), rows: count, digest };
    assert_eq!(bench.act("wu", &finish), Err(RefusalCode::ImportRunning), "not who staged it");
    assert_eq!(bench.act("chen", &finish), Err(RefusalCode::ImportDiffers));
    assert_eq!(bench.world.peers[0].shelf.import(&file("a")).unwrap(), None);
    assert_eq!(bench.stage("chen", file("a"), &rows, 10).unwrap().counts.new, 3);
}

#[test]
fn rows_come_after_the_last_row_and_in_order_and_a_page_at_a_time() {
    let mut bench = Bench::new(823);
    let send = |rows: Vec<ImportRow>| Act::ImportRows { file: file("a"), rows, dry_run: false };
    assert_eq!(bench.act("chen", &send(employers(1..=1))), Err(RefusalCode::ImportUnknown));
    bench.act("chen", &Act::ImportBegin { file: file("a") }).unwrap();
    assert_eq!(bench.act("chen", &send(employers(5..=8))).unwrap().last_row, 8);
    for bad in [employers(5..=8), employers(8..=9), vec![employer(10), employer(9)], vec![employer(9), employer(9)]] {
        assert_eq!(bench.act("chen", &send(bad)), Err(RefusalCode::ImportDiffers));
    }
    assert_eq!(bench.act("chen", &send(Vec::new())), Err(RefusalCode::RequestInvalid));
    assert_eq!(bench.act("chen", &send(vec![with(employer(9), |row| row.row = u64::MAX)])), Err(RefusalCode::RequestInvalid));
    assert_eq!(bench.act("wu", &send(employers(9..=9))), Err(RefusalCode::ImportRunning));

    let first = bench.put("chen", &send(employers(9..=12)));
    assert_eq!(bench.answer(first), None, "its subjects are being derived");
    let second = bench.put("chen", &send(employers(9..=12)));
    let finish = bench.put("chen", &Act::ImportFinish { file: file("a"), rows: 4, digest: bench.digest(&employers(5..=8)).1 });
    for token in [second, finish] {
        let refused = bench.answer(token);
        assert!(matches!(&refused, Some(crate::desk::Event::Refused { refusal, .. }) if refusal.code == RefusalCode::TooManyRequests));
    }
    bench.settle();
    assert_eq!(bench.act("chen", &Act::ImportBegin { file: file("a") }).unwrap().staged, 8);
}

#[test]
fn another_teller_goes_on_once_the_first_has_been_idle() {
    let mut bench = Bench::new(824);
    let rows = employers(1..=4);
    bench.act("chen", &Act::ImportBegin { file: file("a") }).unwrap();
    bench.act("chen", &Act::ImportRows { file: file("a"), rows: rows[..2].to_vec(), dry_run: false }).unwrap();
    bench.world.now = bench.world.now.plus_ms(IDLE_MS - MINUTE_MS);
    assert_eq!(bench.act("wu", &Act::ImportBegin { file: file("a") }), Err(RefusalCode::ImportRunning));
    bench.world.now = bench.world.now.plus_ms(MINUTE_MS);
    let view = bench.act("wu", &Act::ImportBegin { file: file("a") }).unwrap();
    assert_eq!((view.by, view.last_row), (name("wu"), 2));
    bench.act("wu", &Act::ImportRows { file: file("a"), rows: rows[2..].to_vec(), dry_run: false }).unwrap();
    let (count, digest) = bench.digest(&rows);
    assert_eq!(bench.act("chen", &Act::ImportFinish { file: file("a"), rows: count, digest }), Err(RefusalCode::ImportRunning));
    assert_eq!(bench.act("wu", &Act::ImportFinish { file: file("a"), rows: count, digest }).unwrap().state, ImportState::Staged);
}

#[test]
fn abandoned_imports_make_room_and_staged_ones_do_not_for_a_day() {
    let mut bench = Bench::new(825);
    for n in 0..MAX_OPEN_IMPORTS {
        bench.stage("chen", file(&n.to_string()), &employers(1..=1), 10).unwrap();
    }
    assert_eq!(bench.act("chen", &Act::ImportBegin { file: file("more") }), Err(RefusalCode::TooManyRequests));
    bench.world.now = bench.world.now.plus_ms(ABANDONED_MS);
    assert_eq!(bench.act("chen", &Act::ImportBegin { file: file("more") }).unwrap().state, ImportState::Staging);
    let shelf = &bench.world.peers[0].shelf;
    assert_eq!((shelf.import(&file("0")).unwrap(), shelf.staged(1, 0, 9).unwrap().len()), (None, 0));
    assert!(shelf.import(&file("1")).unwrap().is_some());
    bench.world.now = bench.world.now.plus_ms(-ABANDONED_MS);
    assert_eq!(bench.act("wu", &Act::ImportBegin { file: file("wu") }), Err(RefusalCode::TooManyRequests), "chen's is not wu's to drop");
    bench.act("chen", &Act::ImportBegin { file: file("instead") }).unwrap();
    assert_eq!(bench.world.peers[0].shelf.import(&file("more")).unwrap(), None);
}

#[test]
fn a_staged_row_that_somebody_altered_is_not_listed() {
    let mut bench = Bench::new(826);
    let rows = employers(1..=3);
    bench.stage("chen", file("a"), &rows, 10).unwrap();
    let shelf = &bench.world.peers[0].shelf;
    let with_case = |(row, _): (StagedRow, bool)| StagedRow { case: shelf.staged_case(1, row.row).unwrap().unwrap(), ..row };
    let mut staged: Vec<StagedRow> = shelf.staged(1, 0, 10).unwrap().into_iter().map(with_case).collect();
    let mut body = DecidedBody::parse(&staged[0].body).unwrap();
    body.authority = Digest([1; 32]);
    staged[0].body = body.to_bytes();
    staged[1].body.pop();
    bench.world.peers[0].shelf.apply(&Write::List(ListWrite::Stage(staged))).unwrap();
    bench.approve("lin", file("a"), &rows).unwrap();
    bench.settle();
    let done = bench.approve("lin", file("a"), &rows).unwrap();
    assert_eq!((done.state, done.counts.new, done.counts.held, bench.listed().len()), (ImportState::Done, 1, 2, 1));
}

#[test]
fn every_act_that_did_something_or_was_refused_is_recorded_and_none_names_a_subject() {
    let mut bench = Bench::new(827);
    let rows = employers(1..=2);
    bench.stage("chen", file("a"), &rows, 10).unwrap();
    bench.operator("chen", Role::Reviewer);
    let _ = bench.approve("chen", file("a"), &rows);
    bench.approve("lin", file("a"), &rows).unwrap();
    bench.settle();
    let shelf = &bench.world.peers[0].shelf;
    let log = crate::shelf::House::audit_rows(shelf, 0, 100).unwrap();
    let told: Vec<_> = log.iter().map(|row| (row.operator.as_ref().map_or("", |by| by.as_str()), row.outcome.as_str())).collect();
    let expected =
        [("chen", "begun"), ("chen", "staged"), ("chen", "finished"), ("chen", "second-person-needed"), ("lin", "approved"), ("", "done")];
    assert_eq!(told, expected);
    assert!(log.iter().all(|row| row.about == file("a").to_string()));
}

/// What somebody may try with two files.
#[derive(Debug, Clone)]
enum Try {
    Begin(u8, u8),
    /// The whole of a file of so many rows, staged and finished.
    Stage(u8, u8, u64),
    Rows(u8, u8, u64, u64),
    Finish(u8, u8, u64),
    Approve(u8, u8, u64),
    Role(u8, bool),
    Restart,
    Tick,
}

fn tries() -> impl Strategy<Value = Try> {
    let (who, which, rows) = (0_u8..3, 0_u8..2, 1_u64..4);
    prop_oneof![
        (who.clone(), which.clone()).prop_map(|(who, which)| Try::Begin(who, which)),
        (who.clone(), which.clone(), rows.clone()).prop_map(|(who, which, rows)| Try::Stage(who, which, rows)),
        (who.clone(), which.clone(), rows.clone(), rows.clone()).prop_map(|(who, which, from, count)| Try::Rows(who, which, from, count)),
        (who.clone(), which.clone(), rows.clone()).prop_map(|(who, which, rows)| Try::Finish(who, which, rows)),
        (who.clone(), which, rows).prop_map(|(who, which, rows)| Try::Approve(who, which, rows)),
        (who, any::<bool>()).prop_map(|(who, teller)| Try::Role(who, teller)),
        Just(Try::Restart),
        Just(Try::Tick),
    ]
}

const WHO: [&str; 3] = ["chen", "wu", "lin"];

fn attempt(bench: &mut Bench, step: Try) {
    let of = |which: u8| file(&which.to_string());
    let sum = |bench: &Bench, rows: u64| bench.digest(&employers(1..=rows));
    match step {
        Try::Begin(who, which) => drop(bench.maybe(WHO[usize::from(who)], &Act::ImportBegin { file: of(which) })),
        Try::Stage(who, which, rows) => {
            let file = of(which);
            let (count, digest) = sum(bench, rows);
            for act in [
                Act::ImportBegin { file },
                Act::ImportRows { file, rows: employers(1..=rows), dry_run: false },
                Act::ImportFinish { file, rows: count, digest },
            ] {
                let _ = bench.maybe(WHO[usize::from(who)], &act);
            }
        }
        Try::Rows(who, which, from, count) => {
            let rows = employers(from..=from + count - 1);
            let _ = bench.maybe(WHO[usize::from(who)], &Act::ImportRows { file: of(which), rows, dry_run: false });
        }
        Try::Finish(who, which, rows) => {
            let (rows, digest) = sum(bench, rows);
            let _ = bench.maybe(WHO[usize::from(who)], &Act::ImportFinish { file: of(which), rows, digest });
        }
        Try::Approve(who, which, rows) => {
            let (rows, digest) = sum(bench, rows);
            let _ = bench.maybe(WHO[usize::from(who)], &Act::ImportApprove { file: of(which), rows, digest });
        }
        Try::Role(who, teller) => {
            bench.operator(WHO[usize::from(who)], if teller { Role::Teller } else { Role::Reviewer });
        }
        Try::Restart => bench.restart(),
        Try::Tick => bench.tick(),
    }
}

/// Every listing stands under a file that two people signed for: the one that these were all its rows, the other that they be listed.
fn assert_two_people_stand_behind_every_listing(bench: &Bench) {
    let shelf = &bench.world.peers[0].shelf;
    let signed = |text: &str| -> SignedAct { serde_json::from_str(text).unwrap() };
    for (_, entry) in bench.entries(Kind::ListingDecided) {
        let body = DecidedBody::parse(entry.body().unwrap()).unwrap();
        let mut imports = [file("0"), file("1")].into_iter().filter_map(|file| shelf.import(&file).unwrap());
        let import = imports.find(|import| ApprovedFile::check(import).is_some_and(|it| it.authority() == body.authority)).unwrap();
        let (staged, approved) = (signed(&import.evidence), signed(import.approval.as_deref().unwrap()));
        assert_ne!(staged.operator, approved.operator);
        let (rows, digest) = (import.staged, import.digest.0);
        let (finish, approve): (Act, Act) = (serde_json::from_str(&staged.act).unwrap(), serde_json::from_str(&approved.act).unwrap());
        assert_eq!(finish, Act::ImportFinish { file: import.file, rows, digest });
        assert_eq!(approve, Act::ImportApprove { file: import.file, rows, digest });
        assert!(shelf.staged_listing(import.serial, &body.listing).unwrap().is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_acts_lists_anything_without_two_people_and_an_approved_file(
        steps in proptest::collection::vec(tries(), 1..60),
        honest in any::<bool>(),
    ) {
        let mut bench = Bench::new(828);
        for step in steps {
            attempt(&mut bench, step);
            assert_two_people_stand_behind_every_listing(&bench);
        }
        // Half of the runs end with an honest import, so that there is something to look at.
        if honest && bench.world.peers[0].shelf.import(&file("0")).unwrap().is_none() {
            bench.operator("chen", Role::Teller);
            bench.operator("lin", Role::Reviewer);
            bench.import(file("0"), &employers(1..=3));
            assert_two_people_stand_behind_every_listing(&bench);
            assert!(!bench.listed().is_empty());
        }
    }
}
