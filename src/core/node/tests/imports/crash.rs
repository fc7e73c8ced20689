//! `kill -9` in the middle of an import, and run again: the same rows, none doubled. Row 28 of the faults.

use super::bench::{Bench, Crash, employer, employers, file, with};
use crate::desk::Act;
use crate::journal::Kind;
use crate::listing::DecidedBody;
use crate::listing::import::{ImportRow, ImportState};
use crate::names::ListingId;
use crate::shelf::Lists;

const PAGE: usize = 60;

/// What somebody who is patient does with `file`: goes on after the last row, finishes, approves, asks until it is done. Every act
/// that is not answered is asked again.
fn patiently(bench: &mut Bench, file: crate::names::Digest, rows: &[ImportRow]) {
    for _ in 0..200 {
        let Some(Ok(view)) = bench.maybe("chen", &Act::ImportBegin { file }) else { continue };
        let (count, digest) = bench.digest(rows);
        match view.state {
            ImportState::Staging => {
                let page: Vec<_> = rows.iter().filter(|row| row.row > view.last_row).take(PAGE).cloned().collect();
                let act = if page.is_empty() {
                    Act::ImportFinish { file, rows: count, digest }
                } else {
                    Act::ImportRows { file, rows: page, dry_run: false }
                };
                let _ = bench.maybe("chen", &act);
            }
            ImportState::Staged => {
                let _ = bench.maybe("lin", &Act::ImportApprove { file, rows: count, digest });
            }
            ImportState::Approved => bench.tick(),
            ImportState::Done => return,
        }
    }
    panic!("never done");
}

fn decided(bench: &Bench) -> Vec<ListingId> {
    let entries = bench.entries(Kind::ListingDecided);
    let mut listings: Vec<_> = entries.iter().map(|(_, entry)| DecidedBody::parse(entry.body().unwrap()).unwrap().listing).collect();
    listings.sort_by_key(|listing| listing.0);
    listings
}

fn run(rows: &[ImportRow], crash: Option<(u64, Crash)>) -> Bench {
    let mut bench = Bench::new(28);
    bench.crash = crash;
    patiently(&mut bench, file("a"), rows);
    bench
}

#[test]
fn an_import_stopped_at_any_step_and_run_again_lists_the_same_rows_once() {
    let mut rows = employers(1..=300);
    rows[120] = with(employer(7), |row| row.row = 121);
    rows[200].decision_day = "2026-13-01".to_owned();
    let whole = run(&rows, None);
    let (listed, decided_once) = (whole.listed(), decided(&whole));
    assert_eq!((listed.len(), decided_once.len()), (298, 298));
    assert!(whole.steps > 15, "{} steps", whole.steps);
    for at in 0..whole.steps {
        for crash in [Crash::Before, Crash::After] {
            let bench = run(&rows, Some((at, crash)));
            assert!(bench.crashed, "{crash:?} {at}");
            assert_eq!(bench.listed(), listed, "{crash:?} {at}");
            assert_eq!(decided(&bench), decided_once, "{crash:?} {at}");
            let record = bench.world.peers[0].shelf.import(&file("a")).unwrap().unwrap();
            assert_eq!((record.counts.new, record.counts.same, record.listed, record.staged), (298, 1, 299, 299), "{crash:?} {at}");
        }
    }
}

#[test]
fn changed_rows_are_replaced_once_wherever_it_is_stopped() {
    let rows = employers(1..=70);
    let touched: Vec<_> = rows.iter().map(|row| with(row.clone(), |row| row.remark = "改".to_owned())).collect();
    let twice = |crash: Option<(u64, Crash)>| {
        let mut bench = run(&rows, None);
        bench.crash = crash.map(|(at, crash)| (bench.steps + at, crash));
        let before = bench.steps;
        patiently(&mut bench, file("b"), &touched);
        let steps = bench.steps - before;
        (bench, steps)
    };
    let (whole, steps) = twice(None);
    for at in 0..steps {
        for crash in [Crash::Before, Crash::After] {
            let (bench, _) = twice(Some((at, crash)));
            assert_eq!(bench.listed(), whole.listed(), "{crash:?} {at}");
            assert_eq!((bench.entries(Kind::ListingDecided).len(), bench.entries(Kind::ListingChanged).len()), (140, 70), "{crash:?} {at}");
        }
    }
}

#[test]
fn other_inputs_come_between_the_batches() {
    let mut bench = Bench::new(29);
    let rows = employers(1..=200);
    bench.stage("chen", file("a"), &rows, 100).unwrap();
    let approved = bench.approve("lin", file("a"), &rows).unwrap();
    assert_eq!((approved.state, approved.listed, bench.entries(Kind::ListingDecided).len()), (ImportState::Approved, 0, 0));
    let on_the_way = bench.approve("lin", file("a"), &rows).unwrap();
    assert_eq!((on_the_way.state, on_the_way.listed), (ImportState::Approved, 0));
    bench.tick();
    assert_eq!(bench.approve("lin", file("a"), &rows).unwrap().listed, 200);
}
