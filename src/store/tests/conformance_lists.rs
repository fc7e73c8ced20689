//! The suite for every shelf, for lists and people: the same writes, and the same answers in memory and on disk.

use anju_core::audit::{AuditAction, AuditLog, AuditRow, SubjectMark};
use anju_core::listing::case::CaseState;
use anju_core::listing::import::{ImportCounts, ImportRecord, ImportState, RowsDigest, StagedAs, StagedRow};
use anju_core::listing::{Basis, Change, Day, Ground};
use anju_core::names::{ListingId, ListingRef, StationKey, SubjectToken};
use anju_core::operator::{Operator, OperatorName, Role, SealedKey};
use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{
    Adopted, AuditCommitment, AuditFilter, CaseRecord, HitRow, HouseWrite, ListProjection, ListWrite, ListingEnd, ListingRow, ObjectionRow,
    PendingHit, Projection, Shelf, Write,
};
use anju_core::sign::PublicKey;
use anju_core::time::DAY_MS;
use proptest::prelude::*;

use super::conformance::{CENTRES, Subject};
use super::*;

/// One step: what, where, and two numbers to choose with.
type Step = (u8, u8, u16, u16);

pub(super) fn at(code: &str, index: u64) -> ListingRef {
    ListingRef { centre: centre(code), index }
}

pub(super) fn day(number: u32) -> Day {
    Day::from_number(number).unwrap()
}

pub(super) fn listing(place: ListingRef, token: u8) -> ListingRow {
    let index = place.index;
    ListingRow {
        place,
        listing: ListingId([token; 16]),
        pepper: 1 + u64::from(token % 2),
        token: SubjectToken([token; 16]),
        restriction_until: day(20_280_229),
        publication_until: day(20_271_231),
        basis: if index.is_multiple_of(2) { Basis::Notified } else { Basis::Imported },
        at: NOW,
        ended: None,
    }
}

pub(super) fn ending(change: Change, index: u64) -> ListingEnd {
    ListingEnd { change, index, at: NOW.plus_ms(i64::try_from(index).unwrap()), impersonated: index.is_multiple_of(3) }
}

pub(super) fn objection(author: &str, index: u64, about: ListingRef, at: Time) -> ObjectionRow {
    let ground = Ground::ALL[usize::try_from(index).unwrap() % Ground::ALL.len()];
    ObjectionRow { author: centre(author), index, about, listing: ListingId([1; 16]), ground, at, before_it: 0, answered: None }
}

pub(super) fn hit(author: &str, index: u64, listing: u8) -> HitRow {
    HitRow {
        author: centre(author),
        index,
        listing: ListingId([listing; 16]),
        listing_index: index / 2,
        request: RequestId([listing; 16]),
        matter: "loan".to_owned(),
        business_no: format!("业务-{index}"),
        at: NOW.plus_ms(i64::try_from(index % 3).unwrap()),
    }
}

pub(super) fn case(serial: u64, listing: u8) -> CaseRecord {
    CaseRecord {
        serial,
        listing: ListingId([listing; 16]),
        state: CaseState::Drafted,
        index: None,
        import: None,
        content: Digest([listing; 32]),
        decision: Digest([listing / 2; 32]),
        waits_until: None,
        case: format!("{{\"of\":{serial}}}").into_bytes(),
    }
}

pub(super) fn import(serial: u64, file: u8, state: ImportState) -> ImportRecord {
    let reviewer = (OperatorName::new("lisi").unwrap(), NOW.plus_ms(5));
    let approved = matches!(state, ImportState::Approved | ImportState::Done);
    ImportRecord {
        file: Digest([file; 32]),
        serial,
        salt: [file; 16],
        state,
        staged: 7,
        last_row: 9,
        digest: RowsDigest::default(),
        counts: ImportCounts { new: 1, changed: 2, same: 3, over: 4, held: 5 },
        listed_row: u64::from(file),
        listed: 6,
        by: (OperatorName::new("zhangsan").unwrap(), NOW),
        evidence: "{\"act\":1}".to_owned(),
        approved: approved.then_some(reviewer),
        approval: approved.then(|| "{\"act\":2}".to_owned()),
    }
}

pub(super) fn staged(import: u64, row: u64, listing: u8) -> StagedRow {
    let becomes = [StagedAs::New, StagedAs::Changed(row), StagedAs::Same, StagedAs::Over][usize::from(listing % 4)];
    let ready = matches!(becomes, StagedAs::New | StagedAs::Changed(_));
    StagedRow {
        import,
        row,
        listing: ListingId([listing; 16]),
        becomes,
        body: if ready { vec![listing; 40] } else { Vec::new() },
        drop_after: NOW,
        case: if ready { format!("case {row}").into_bytes() } else { Vec::new() },
        content: Digest([listing; 32]),
        decision: Digest([listing ^ 0x36; 32]),
        said: Digest([listing ^ 0xaa; 32]),
        subject: ListingId([listing ^ 0x0f; 16]),
    }
}

pub(super) fn pending(request: u8) -> PendingHit {
    PendingHit {
        serial: 0,
        place: at("C46020", u64::from(request)),
        listing: ListingId([request; 16]),
        request: RequestId([request; 16]),
        matter: "withdrawal".to_owned(),
        business_no: format!("业务-{request}"),
        legal_basis: "consent".to_owned(),
        at: NOW,
    }
}

pub(super) fn operator(name: &str, mark: u8) -> Operator {
    Operator {
        name: OperatorName::new(name).unwrap(),
        display: format!("张三{mark}"),
        staff_no: format!("S{mark:04}"),
        role: Role::ALL[usize::from(mark) % Role::ALL.len()],
        key: PublicKey([mark; 32]),
        sealed: SealedKey { salt: vec![mark; 16], memory_kib: 65_536, passes: 3, sealed: vec![mark; 72] },
        created: NOW,
        disabled: mark.is_multiple_of(2).then_some(NOW),
    }
}

pub(super) fn audit_row(seq: u64, mark: u8) -> AuditRow {
    AuditRow {
        seq,
        at: NOW,
        operator: (!mark.is_multiple_of(3)).then(|| OperatorName::new(if mark.is_multiple_of(2) { "lisi" } else { "wangwu" }).unwrap()),
        action: AuditAction::ALL[usize::from(mark) % AuditAction::ALL.len()],
        request: RequestId([mark; 16]),
        matter: mark.is_multiple_of(2).then(|| "loan".to_owned()),
        business_no: mark.is_multiple_of(2).then(|| format!("业务-{mark}")),
        legal_basis: mark.is_multiple_of(5).then(|| "consent".to_owned()),
        about: format!("46************{mark:02}"),
        outcome: "not-listed".to_owned(),
        salt: [mark; 16],
        subject: (!mark.is_multiple_of(4)).then_some(SubjectMark([mark % 3; 16])),
    }
}

/// Rows that follow `log`, and the log after them.
pub(super) fn audit(log: &AuditLog, marks: &[u8]) -> (Vec<AuditRow>, AuditLog) {
    let mut frontier = Frontier::from_parts(log.size, log.peaks.clone()).unwrap();
    let rows: Vec<AuditRow> = (log.size..).zip(marks).map(|(seq, mark)| audit_row(seq, *mark)).collect();
    for row in &rows {
        frontier.push(row.leaf(), &mut Vec::new()).unwrap();
    }
    let after = AuditLog { size: frontier.size(), peaks: frontier.peaks().to_vec(), committed: log.committed };
    (rows, after)
}

fn project(projection: ListProjection) -> Write {
    Write::Project(Projection::List(projection))
}

fn projection_of(what: u8, code: &str, a: u16, b: u16) -> Write {
    let (small, other) = (u64::from(a % 16), CENTRES[usize::from(b % 2)]);
    match what {
        0 | 1 => project(ListProjection::Decided(listing(at(code, small), u8::try_from(b % 4).unwrap()))),
        2 | 3 => project(ListProjection::Changed {
            place: at(code, small),
            end: ending(Change::ALL[usize::from(a / 16) % 4], u64::from(b % 24)),
            answers: (!b.is_multiple_of(3)).then(|| (centre(other), u64::from(b % 8))),
        }),
        4 => {
            let when = NOW.plus_ms(i64::from(b % 3) * DAY_MS / 2);
            project(ListProjection::Objected(objection(code, small % 8, at(other, u64::from(b / 2) % 8), when)))
        }
        5 => project(ListProjection::Hit(hit(code, small, u8::try_from(b % 4).unwrap()))),
        6 => {
            let (at, applied) = (Time(i64::from(b)), u64::from(b % 10));
            project(ListProjection::Acknowledged { author: centre(code), index: small, at, applied })
        }
        7.. => {
            let (size, root) = (u64::from(b), Digest([1; 32]));
            Write::Project(Projection::AuditCommitted(AuditCommitment { index: small, size, root }))
        }
    }
}

fn record_of(what: u8, code: &str, a: u16, b: u16) -> ListWrite {
    let (mark, small) = (u8::try_from(b % 8).unwrap(), u64::from(a % 6));
    match what {
        1 if a.is_multiple_of(3) => {
            let adopted = |i| Adopted { serial: u64::from(b % 4), row: u64::from(a % 20) + i, index: small };
            ListWrite::Adopt { import: small % 3, rows: (0..u64::from(b % 3)).map(adopted).collect() }
        }
        0 | 1 => {
            let index = a.is_multiple_of(2).then_some(small);
            let state = CaseState::ALL[usize::from(b) % CaseState::ALL.len()];
            let waits_until = (!b.is_multiple_of(3)).then(|| NOW.plus_ms(i64::from(b % 7)));
            ListWrite::Case(CaseRecord { state, index, import: (b % 4 < 3).then_some(1), waits_until, ..case(small, mark) })
        }
        2 => {
            let state = [ImportState::Staging, ImportState::Staged, ImportState::Approved, ImportState::Done][usize::from(b / 8) % 4];
            ListWrite::Import(Box::new(import(small % 4, mark, state)))
        }
        3 => ListWrite::Stage(
            (0..u64::from(b % 4)).map(|i| staged(small % 3, u64::from(a % 20) + i, mark + u8::try_from(i).unwrap())).collect(),
        ),
        4 if a.is_multiple_of(3) => ListWrite::Forget { import: small % 3 },
        4 => ListWrite::Unstage { import: small % 3, up_to: if b.is_multiple_of(9) { u64::MAX } else { u64::from(b % 20) } },
        5 => ListWrite::Hit(pending(mark)),
        6 => ListWrite::HitTold { serial: small },
        7 => ListWrite::Impersonated { subject: ListingId([mark; 16]) },
        8 => {
            let operator = a.is_multiple_of(2).then(|| OperatorName::new("lisi").unwrap());
            ListWrite::Used { day: day(20_261_101 + u32::from(a % 20)), operator, used: u64::from(b) }
        }
        9 | 10 => ListWrite::Withheld { centre: centre(code), index: small, by: StationKey([mark; 32]) },
        11.. => ListWrite::Blamed { centre: centre(code), index: small },
    }
}

/// The write that a step means, given what was written so far. Some do not fit, on purpose.
fn write_of(step: Step, shelf: &dyn Shelf, authors: &mut [Author; 2], written: &mut [Vec<Entry>; 2]) -> Write {
    let (what, place, a, b) = step;
    let which = usize::from(place) % 2;
    let (code, mark) = (CENTRES[which], u8::try_from(b % 8).unwrap());
    match what % 24 {
        what @ 0..8 => projection_of(what, code, a, b),
        what @ 8..20 => Write::List(record_of(what - 8, code, a, b)),
        20 => Write::House(HouseWrite::Operator(operator(["lisi", "wangwu", "z.liu-1"][usize::from(a) % 3], mark))),
        21 => {
            let marks: Vec<u8> = (0..=(a % 4)).map(|i| mark + u8::try_from(i).unwrap()).collect();
            let (mut rows, mut after) = audit(&shelf.audit_log().unwrap(), &marks);
            match a % 7 {
                4 => after.size += 1,
                5 => rows[0].outcome.push('x'),
                6 => rows[0].seq += 1,
                0..=3 | 7.. => {}
            }
            Write::House(HouseWrite::Audit { rows, after })
        }
        22 => {
            // Rows some of which come without their payload.
            let mut entries: Vec<Entry> = (0..3).map(|_| authors[which].entry(b"body")).collect();
            written[which].extend(entries.iter().cloned());
            entries.iter_mut().skip(usize::from(a % 3)).for_each(|entry| entry.payload = None);
            authors[which].append_entries(entries)
        }
        23.. => {
            let (centre, index) = (centre(code), u64::from(a % 6));
            let row = usize::try_from(index).unwrap();
            match written[which].get(row).filter(|_| b.is_multiple_of(2)) {
                Some(entry) => Write::Restore { centre, index, payload: entry.payload.clone().unwrap() },
                None => Write::Erase { centre, index },
            }
        }
    }
}

/// Everything the contract can be asked of lists, as text.
/// Page by page, each after the last row of the one before.
fn withheld_by_pages(shelf: &dyn Shelf) -> String {
    let (mut seen, mut after) = (String::new(), None::<(CentreCode, u64)>);
    while let Some(row) = shelf.withheld_rows(after.as_ref().map(|(centre, index)| (centre, *index)), 1).unwrap().into_iter().next() {
        seen += &format!("{row:?}");
        after = Some((row.centre, row.index));
    }
    seen
}

fn look_at_lists(shelf: &dyn Shelf) -> Vec<String> {
    let mut seen = vec![format!("{:?}", shelf.standing_under(Day::of(NOW)))];
    for code in CENTRES {
        let centre = centre(code);
        for index in (0..16).chain([u64::MAX]) {
            let place = at(code, index);
            let objections = |limit| shelf.objections(&place, &ListingId([1; 16]), limit);
            seen.push(format!("{:?} {:?} {:?}", shelf.listing(&place), objections(3), objections(99)));
            seen.push(format!("{:?}", shelf.acknowledged(&centre, index)));
        }
        for (from, pepper, limit) in [(0, 2, 99), (3, 9, 2), (0, 1, 9), (u64::MAX, 9, 9)] {
            seen.push(format!("{:?}", shelf.standing_before(&centre, from, pepper, Day::of(NOW), limit)));
        }
        for (from, limit) in [(0, 99), (3, 2), (u64::MAX, 9)] {
            seen.push(format!("{:?}", shelf.list_events(&centre, from, limit)));
        }
        seen.push(format!("{:?} {:?}", shelf.acknowledged_most(&centre), shelf.withheld(&centre)));
    }
    for mark in 0..8_u8 {
        let id = ListingId([mark; 16]);
        let token = SubjectToken([mark; 16]);
        seen.push(format!("{:?} {:?}", shelf.listings_of(&token, 99), shelf.listings_of(&token, 3)));
        seen.push(format!("{:?} {:?} {:?}", shelf.hits_of(&id, 99), shelf.hits_of(&id, 2), shelf.impersonated(&id)));
        seen.push(format!("{:?} {:?} {:?}", shelf.case(u64::from(mark)), shelf.case_of(&id), shelf.case_of_decision(&Digest([mark; 32]))));
        seen.push(format!("{:?} {:?}", shelf.import(&Digest([mark; 32])), shelf.staged_listing(u64::from(mark) % 3, &id)));
        for import in [None, Some(u64::from(mark) % 3)] {
            let known = |listing, decision, subject| {
                shelf.is_known(import, &ListingId([listing; 16]), &Digest([decision; 32]), &ListingId([subject; 16])).unwrap()
            };
            seen.push(format!("{} {} {} {}", known(mark, 99, 99), known(99, mark, 99), known(99, mark ^ 0x36, 99), known(99, 99, mark)));
        }
        seen.push(format!("{:?}", shelf.staged_decision(u64::from(mark) % 3, &Digest([mark ^ 0x36; 32]))));
        seen.push(format!("{:?}", shelf.staged(u64::from(mark) % 3, u64::from(mark), 9)));
        let cases = (0..20).map(|row| shelf.staged_case(u64::from(mark) % 3, row).unwrap());
        seen.push(format!("{:?}", cases.collect::<Vec<_>>()));
        seen.push(format!("{:?} {:?}", shelf.import_gone(u64::from(mark), 2), shelf.import_gone(u64::from(mark), 99)));
        let (after, now) = (u64::from(mark), NOW.plus_ms(i64::from(mark)));
        seen.push(format!("{:?} {:?}", shelf.cases_open(Some(after), 2), shelf.cases_due(now, 3)));
    }
    seen.push(format!("{:?} {:?} {:?}", shelf.cases_made(), shelf.cases_open(None, 99), shelf.cases_due(Time(i64::MAX), 99)));
    seen.push(format!("{:?} {:?} {:?}", shelf.imports_made(), shelf.imports_open(99), shelf.imports_open(1)));
    seen.push(format!("{:?} {:?}", shelf.hits_pending(99), shelf.hits_pending(1)));
    seen.push(format!("{:?} {:?} {:?}", shelf.withheld_rows(None, 99), withheld_by_pages(shelf), shelf.damaged(99)));
    seen
}

/// Everything the contract can be asked of people, as text.
fn look_at_people(shelf: &dyn Shelf) -> Vec<String> {
    let mut seen = Vec::new();
    let whole = |rows: Vec<AuditRow>| rows.iter().map(|row| hex::encode(anju_core::wire::encode(row))).collect::<Vec<_>>();
    for name in [None, Some("lisi"), Some("wangwu"), Some("nobody")] {
        let name = name.map(|name| OperatorName::new(name).unwrap());
        for number in [20_261_121, 20_261_122] {
            seen.push(format!("{:?}", shelf.used(day(number), name.as_ref())));
        }
        for (before, limit) in [(u64::MAX, 99), (5, 2), (0, 9)] {
            for subject in [None, Some(SubjectMark([1; 16])), Some(SubjectMark([9; 16]))] {
                let whose = AuditFilter { operator: name.clone(), subject };
                let found = shelf.audit_newest(before, limit, &whose).unwrap();
                assert!(found.iter().all(|row| whose.keeps(row) && row.seq < before));
                seen.push(format!("{:?}", whole(found)));
            }
        }
        seen.push(format!("{:?}", name.map(|name| shelf.operator(&name))));
    }
    for mark in 0..8_u8 {
        seen.push(format!("{:?}", shelf.audit_has(&RequestId([mark; 16]))));
        seen.push(format!("{:?}", shelf.audit_commitments(Some(u64::from(mark)), 2)));
    }
    for (from, limit) in [(0, 999), (3, 2), (u64::MAX, 9)] {
        seen.push(format!("{:?}", whole(shelf.audit_rows(from, limit).unwrap())));
    }
    seen.push(format!("{:?} {:?}", shelf.audit_log(), shelf.audit_commitments(None, 99)));
    seen.push(format!("{:?} {:?}", shelf.audit_commitments(Some(u64::MAX), 99), shelf.operators()));
    seen
}

fn look(shelf: &dyn Shelf) -> Vec<String> {
    [look_at_lists(shelf), look_at_people(shelf)].concat()
}

fn run(subject: &mut dyn Subject, steps: &[Step]) -> Vec<(bool, Vec<String>)> {
    let (mut authors, mut written) = (CENTRES.map(Author::new), [Vec::new(), Vec::new()]);
    let mut seen = Vec::new();
    for step in steps {
        let write = write_of(*step, subject.shelf(), &mut authors, &mut written);
        let done = subject.write(&write);
        seen.push((done, look(subject.shelf())));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_disk_know_the_same_of_lists_and_people(steps in proptest::collection::vec(any::<Step>(), 1..60)) {
        let place = Place::new();
        let mut store = place.open();
        let on_disk = run(&mut store, &steps);
        let in_memory = run(&mut MemoryShelf::new(), &steps);
        for (step, (disk, memory)) in on_disk.iter().zip(&in_memory).enumerate() {
            prop_assert_eq!(disk.0, memory.0, "accepted, at step {}: {:?}", step, steps[step]);
            for (disk, memory) in disk.1.iter().zip(&memory.1) {
                prop_assert_eq!(disk, memory, "seen, at step {}: {:?}", step, steps[step]);
            }
        }
        drop(store);
        let last = on_disk.last().map(|(_, seen)| seen.clone());
        prop_assert_eq!(last.clone(), Some(look(&place.open())), "opened again");
        let reader = crate::store::Reader::open_reader(&place.path(), &key()).unwrap();
        prop_assert_eq!(last, Some(look(&reader)), "by a reader");
    }
}
