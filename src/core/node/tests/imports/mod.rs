//! A file is imported: what its rows come to, who must stand behind it, and what an interruption leaves.

pub(super) mod bench;
mod crash;
mod people;

use bench::{AFTER_BOTH_CLOCKS, Bench, employer, employers, file, with};

use crate::desk::Act;
use crate::error::RefusalCode;
use crate::journal::Kind;
use crate::listing::case::{Case, CaseState, Move, Origin, Step};
use crate::listing::catalogue::Catalogue;
use crate::listing::import::{ImportCounts, ImportRow, ImportState, authority};
use crate::listing::subject::{content_digest, listing_id};
use crate::listing::{Change, ChangedBody, Day, DecidedBody, Document, DocumentType, Finding, finding::Place};
use crate::shelf::{CaseRecord, ListWrite, Lists, Write};

const fn counts(new: u64, changed: u64, same: u64, over: u64, held: u64) -> ImportCounts {
    ImportCounts { new, changed, same, over, held }
}

fn reasons(rejected: &[(u64, String, String)]) -> Vec<(u64, &str)> {
    rejected.iter().map(|(row, _, reason)| (*row, reason.as_str())).collect()
}

fn document(row: &ImportRow, bench: &Bench) -> Document {
    let today = crate::listing::Day::of(bench.world.now);
    Document::new(DocumentType::from_code(&row.document_type).unwrap(), &row.document_no, today.date()).unwrap()
}

#[test]
fn what_is_listed_says_what_the_row_said_to_who_has_the_subject_and_to_nobody_else() {
    let mut bench = Bench::new(801);
    let mut rows = employers(1..=2);
    rows[1].subject_kind = "person".to_owned();
    (rows[1].document_type, rows[1].document_no) = ("01".to_owned(), "11010519491231002x".to_owned());
    (rows[1].conduct, rows[1].name, rows[1].remark) = ("骗提".to_owned(), "史霞玲".to_owned(), "档案三号柜".to_owned());
    assert_eq!(bench.import(file("a"), &rows).counts, counts(2, 0, 0, 0, 0));

    let peer = &bench.world.peers[0];
    let record = peer.shelf.import(&file("a")).unwrap().unwrap();
    let decided = bench.entries(Kind::ListingDecided);
    assert_eq!(decided.len(), 2);
    for ((index, entry), row) in decided.iter().zip(&rows) {
        let body = DecidedBody::parse(entry.body().unwrap()).unwrap();
        assert_eq!(crate::journal::Header::parse(&entry.header).unwrap().drop_after(), Some(body.drop_after()));
        assert_eq!(body.authority, authority(&record.salt, &record.file));
        let document = document(row, &bench);
        let secret = crate::listing::SubjectSecret::derive(&peer.node.pepper().unwrap(), &document).unwrap();
        assert_eq!(body.token, secret.token());
        let federation = bench.world.charter.federation();
        let place = Place { federation, centre: &peer.centre, listing: &body.listing, pepper: body.pepper };
        let finding = Finding::open(&secret, &place, &body.sealed).unwrap();
        assert_eq!((finding.decision_no.as_str(), finding.conduct.label.as_str()), (row.decision_no.as_str(), row.conduct.as_str()));
        let record = peer.shelf.case_of(&body.listing).unwrap().unwrap();
        assert_eq!((record.index, record.state, record.import), (Some(*index), CaseState::Listed, Some(1)));
        // It stands beside the case in the clear: who guesses a row must not be able to tell that they are right.
        let plain = row.check(&Catalogue::default(), Day::of(bench.world.now)).unwrap().content();
        assert_eq!(record.content, content_digest(&peer.shelf.local_secret().unwrap(), &plain));
        assert_ne!(record.content, plain);
        let case: Case = serde_json::from_slice(&record.case).unwrap();
        assert_eq!((case.subject.name.as_str(), case.remark.as_str()), (row.name.as_str(), row.remark.as_str()));
        assert_eq!(case.origin, Origin::Imported { file: file("a"), row: row.row });
        for plain in [&row.name, &row.document_no, &row.decision_no] {
            let bytes = [entry.header.as_slice(), entry.payload.as_deref().unwrap()].concat();
            assert!(!bytes.windows(plain.len()).any(|window| window == plain.as_bytes()), "{} leaks", row.row);
        }
    }
    let staged = peer.shelf.staged(1, 0, 10).unwrap();
    assert!(staged.iter().all(|(row, _)| row.body.is_empty() && peer.shelf.staged_case(1, row.row).unwrap().is_none()));
}

#[test]
fn a_row_is_new_or_changed_or_the_same_or_over_and_what_is_gone_is_reported_and_stays() {
    let mut bench = Bench::new(802);
    let first = employers(1..=10);
    assert_eq!(bench.import(file("a"), &first).counts, counts(10, 0, 0, 0, 0));
    let before = bench.listed();

    let mut second = employers(1..=6);
    second[1].remark = "已约谈".to_owned();
    second[2].publication_until = "2026-12-31".to_owned();
    second.extend(employers(11..=12));
    (second[7].restriction_until, second[7].publication_until) = ("2026-11-20".to_owned(), "2026-06-30".to_owned());
    let staged = bench.stage("chen", file("b"), &second, 3).unwrap();
    assert_eq!((staged.counts, staged.gone_count), (counts(1, 2, 4, 1, 0), 4));
    assert_eq!(staged.gone.iter().map(|case| case.serial).collect::<Vec<_>>(), [7, 8, 9, 10]);
    assert_eq!(bench.listed(), before, "nothing is listed before it is approved");

    bench.approve("lin", file("b"), &second).unwrap();
    bench.settle();
    let done = bench.approve("lin", file("b"), &second).unwrap();
    assert_eq!((done.state, done.counts, done.listed), (ImportState::Done, counts(1, 2, 4, 1, 0), 8));
    assert_eq!((bench.listed().len(), bench.entries(Kind::ListingDecided).len()), (11, 13));

    let changed = bench.entries(Kind::ListingChanged);
    let bodies: Vec<_> = changed.iter().map(|(_, entry)| ChangedBody::parse(entry.body().unwrap()).unwrap()).collect();
    let cases = bench.cases();
    for (body, serial) in bodies.iter().zip([2_usize, 3]) {
        assert_eq!((body.change, body.listing, body.index), (Change::Replaced, cases[serial - 1].listing, serial as u64 - 1));
        assert_eq!(body.successor, cases[serial - 1].index);
    }
    assert!((6..10).all(|at| cases[at].index == Some(at as u64) && cases[at].state == CaseState::Listed), "gone is not ended");
    let read = |at: usize| serde_json::from_slice::<Case>(&cases[at].case).unwrap();
    let before = read(2).before(&Catalogue::default()).unwrap().finding;
    assert_eq!(before.publication_until.to_string(), first[2].publication_until, "what the file replaced");
    assert_eq!(read(2).finding.publication_until.to_string(), "2026-12-31");
    assert_eq!(read(0).before(&Catalogue::default()), None, "nothing of the row was changed");
    let again = bench.import_again(&second);
    assert_eq!((again.counts, again.state), (counts(1, 2, 4, 1, 0), ImportState::Done));
}

#[test]
fn a_file_imported_twice_does_nothing_and_the_same_rows_in_another_file_list_nothing() {
    let mut bench = Bench::new(803);
    let rows = employers(1..=70);
    bench.import(file("a"), &rows);
    let size = bench.world.size(0, 0);
    assert_eq!(bench.act("wu", &Act::ImportBegin { file: file("a") }).unwrap().state, ImportState::Done);
    assert_eq!(bench.act("chen", &Act::ImportRows { file: file("a"), rows, dry_run: false }), Err(RefusalCode::StepNotAllowed));
    let renumbered: Vec<_> = employers(1..=70).into_iter().map(|row| with(row, |row| row.row += 5)).collect();
    let done = bench.import(file("b"), &renumbered);
    assert_eq!((done.counts, done.gone_count, bench.world.size(0, 0)), (counts(0, 0, 70, 0, 0), 0, size));
}

#[test]
fn what_ended_or_is_in_process_or_disputed_is_not_listed_again_by_a_file() {
    let mut bench = Bench::new(804);
    let rows = employers(1..=6);
    bench.import(file("a"), &rows);
    let size = bench.world.size(0, 0);
    let states =
        [CaseState::Repaired, CaseState::Withdrawn, CaseState::Expired, CaseState::Disputed, CaseState::Notified, CaseState::Listed];
    for (case, state) in bench.cases().into_iter().zip(states) {
        let index = case.index.filter(|_| matches!(state, CaseState::Disputed | CaseState::Listed));
        let import = case.import.filter(|_| state != CaseState::Listed);
        bench.set_case(CaseRecord { state, index, import, ..case });
    }
    let same = bench.stage("chen", file("b"), &rows, 10).unwrap();
    let ended = [(1, "ended-before"), (2, "ended-before"), (3, "ended-before"), (5, "in-process")];
    assert_eq!((reasons(&same.rejected), same.counts), (ended.to_vec(), counts(0, 0, 2, 0, 4)));

    let touched: Vec<_> = rows.iter().map(|row| with(row.clone(), |row| row.remark = "改".to_owned())).collect();
    let done = bench.import(file("c"), &touched);
    let all = [&ended[..3], &[(4, "in-process"), (5, "in-process"), (6, "in-process")]].concat();
    assert_eq!((reasons(&done.rejected), done.counts), (all, counts(0, 0, 0, 0, 6)));
    assert_eq!((bench.world.size(0, 0), done.gone_count), (size, 0));
}

#[test]
fn what_was_repaired_or_impersonated_or_ran_out_between_staging_and_approval_is_not_listed() {
    let mut bench = Bench::new(805);
    bench.import(file("a"), &employers(1..=3));
    let mut rows = employers(1..=6);
    rows.iter_mut().for_each(|row| row.remark = "改".to_owned());
    rows[4].restriction_until = "2026-11-21".to_owned();
    rows[4].publication_until = "2026-11-21".to_owned();
    let staged = bench.stage("chen", file("b"), &rows, 10).unwrap();
    assert_eq!(staged.counts, counts(3, 3, 0, 0, 0));

    let repaired = CaseRecord { state: CaseState::Repaired, index: None, ..bench.cases()[0].clone() };
    bench.set_case(repaired);
    let disputed = CaseRecord { state: CaseState::Disputed, ..bench.cases()[1].clone() };
    bench.set_case(disputed);
    let own = bench.world.peers[0].shelf.local_secret().unwrap();
    let subject = listing_id(&own, "", &document(&rows[3], &bench));
    bench.world.peers[0].shelf.apply(&Write::List(ListWrite::Impersonated { subject })).unwrap();
    bench.world.now = bench.world.now.plus_ms(crate::time::DAY_MS);
    bench.tick();

    let (before, today) = (bench.listed().len(), crate::listing::Day::of(bench.world.now));
    let checked: Vec<_> = rows.iter().map(|row| row.check(&crate::listing::catalogue::Catalogue::default(), today).unwrap()).collect();
    let digest = checked.iter().fold(crate::listing::import::RowsDigest::default(), crate::listing::import::RowsDigest::after).0;
    let approve = Act::ImportApprove { file: file("b"), rows: 6, digest };
    bench.act("lin", &approve).unwrap();
    bench.settle();
    let done = bench.act("lin", &approve).unwrap();
    assert_eq!((done.state, done.counts, done.listed), (ImportState::Done, counts(1, 1, 0, 1, 3), 6));
    assert_eq!(bench.listed().len(), before + 1);
    assert_eq!(bench.cases()[0].state, CaseState::Repaired);
    // The same file staged once more: the impersonated subject now waits for a person.
    let rows = employers(4..=4);
    assert_eq!(reasons(&bench.stage("chen", file("c"), &rows, 10).unwrap().rejected), [(4, "impersonation")]);
}

#[test]
fn a_decision_number_says_one_thing_and_a_listing_stands_in_a_file_once() {
    let mut bench = Bench::new(806);
    bench.import(file("a"), &employers(1..=1));
    let like = |n: u64, other: u64| with(employer(n), |row| row.decision_no = employer(other).decision_no.clone());
    let rows = vec![
        with(like(2, 1), |row| row.decision_day = "2026-03-02".to_owned()),
        with(like(3, 1), |row| row.conduct = "少缴".to_owned()),
        like(4, 4),
        with(like(5, 4), |row| row.conduct = "未办理缴存登记".to_owned()),
        like(6, 4),
        with(like(6, 4), |row| row.row = 7),
        with(like(6, 4), |row| {
            row.row = 8;
            row.remark = "改".to_owned();
        }),
        with(like(9, 9), |row| row.decision_day = "2026-02-30".to_owned()),
    ];
    let expected = [(2, "decision-reused"), (5, "decision-reused"), (8, "contradicts-earlier-row"), (9, "date-invalid")];
    for (label, page) in [("together", 20), ("apart", 1)] {
        let staged = bench.stage("chen", file(label), &rows, page).unwrap();
        assert_eq!((reasons(&staged.rejected), staged.counts), (expected.to_vec(), counts(3, 0, 1, 0, 3)), "{label}");
        assert_eq!(staged.staged, staged.counts.total());
    }
    let dry = bench.act("wu", &Act::ImportRows { file: file("dry"), rows, dry_run: true }).unwrap();
    assert_eq!((reasons(&dry.rejected), dry.counts), (expected.to_vec(), counts(3, 0, 1, 0, 3)));
    assert_eq!(bench.world.peers[0].shelf.import(&file("dry")).unwrap(), None, "a dry run leaves nothing");
}

#[test]
fn an_upheld_listing_that_a_file_changes_keeps_its_steps() {
    let mut bench = Bench::new(807);
    bench.import(file("a"), &employers(1..=2));
    let mut record = bench.cases()[0].clone();
    let mut case: Case = serde_json::from_slice(&record.case).unwrap();
    let what = Move::Answer { uphold: true, reason: "查无此事".to_owned() };
    case.steps.push(Step { at: bench.world.now, by: Some(bench::name("lin")), what, signed: None });
    record.case = serde_json::to_vec(&case).unwrap();
    record.state = CaseState::Upheld;
    bench.set_case(record);
    let rows: Vec<_> = employers(1..=2).into_iter().map(|row| with(row, |row| row.remark = "改".to_owned())).collect();
    assert_eq!(bench.import(file("b"), &rows).counts, counts(0, 2, 0, 0, 0));
    let cases: Vec<Case> = bench.cases().iter().map(|record| serde_json::from_slice(&record.case).unwrap()).collect();
    assert_eq!((cases[0].steps.len(), cases[0].remark.as_str(), cases[1].steps.len()), (1, "改", 0));
}

#[test]
fn a_listing_whose_clocks_ran_out_is_over_and_a_file_with_later_clocks_does_not_revive_it() {
    let mut bench = Bench::new(808);
    let rows = employers(1..=2);
    bench.import(file("a"), &rows);
    bench.world.now = AFTER_BOTH_CLOCKS;
    bench.tick();
    let mut longer = rows.clone();
    longer[0].restriction_until = "2031-01-01".to_owned();
    let done = bench.import(file("b"), &longer);
    assert_eq!((reasons(&done.rejected), done.counts), (vec![(1, "ended-before")], counts(0, 0, 0, 1, 1)));
    assert_eq!(bench.entries(Kind::ListingDecided).len(), 2);
}

#[test]
fn a_listing_that_counts_although_its_row_is_over_is_reported_as_gone() {
    let mut bench = Bench::new(809);
    let mut rows = employers(1..=2);
    bench.import(file("a"), &rows);
    (rows[0].restriction_until, rows[0].publication_until) = ("2026-11-01".to_owned(), "2026-11-01".to_owned());
    let done = bench.import(file("b"), &rows);
    assert_eq!((done.counts, done.gone_count, done.gone[0].serial), (counts(0, 0, 1, 1, 0), 1, 1));
}

#[test]
fn a_file_of_nothing_is_done_at_once() {
    let mut bench = Bench::new(810);
    assert_eq!(bench.import(file("a"), &[]).counts, ImportCounts::default());
}

impl Bench {
    /// The same file, asked for again by its approver.
    fn import_again(&mut self, rows: &[ImportRow]) -> crate::desk::ImportView {
        self.settle();
        self.approve("lin", file("b"), rows).unwrap()
    }
}
