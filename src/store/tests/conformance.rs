//! One suite for every shelf: what the contract says, asked of the one in memory and of the one on disk with the same writes.

use anju_core::audit::SubjectMark;
use anju_core::error::{FaultCode, ShelfError};
use anju_core::journal::fork::{Bridge, ForkProof};
use anju_core::listing::Change;
use anju_core::names::{GrantId, ListingId, ListingRef, RequestId, StationKey, Thumbprint};
use anju_core::shelf::memory::MemoryShelf;
use anju_core::shelf::{BesideRow, CertificateRow, Ended, EndedBeside, ForkReport, ForkRow, IssuedRecord, Projection, Shelf, Write};
use anju_core::time::Time;
use proptest::prelude::*;

use super::*;

pub(super) const CENTRES: [&str; 2] = ["C46010", "C46020"];

pub(super) trait Subject {
    fn write(&mut self, write: &Write) -> bool;
    fn shelf(&self) -> &dyn Shelf;
}

impl Subject for MemoryShelf {
    fn write(&mut self, write: &Write) -> bool {
        self.apply(write).is_ok()
    }

    fn shelf(&self) -> &dyn Shelf {
        self
    }
}

impl Subject for Store {
    fn write(&mut self, write: &Write) -> bool {
        Store::write(self, std::slice::from_ref(write)).is_ok()
    }

    fn shelf(&self) -> &dyn Shelf {
        self
    }
}

/// One step: what, where, and two numbers to choose with.
type Step = (u8, u8, u16, u16);

/// The write a step means, given what the authors have written so far. Some do not fit, on purpose.
fn write_of(step: Step, authors: &mut [Author; 2], accepted: &[(usize, u64, Vec<u8>)]) -> (usize, Write) {
    let (what, place, a, b) = step;
    let which = usize::from(place) % 2;
    let code = CENTRES[which];
    let author = &mut authors[which];
    let small = u64::from(a % 8);
    let grant = GrantId([u8::try_from(a % 7).unwrap(); 16]);
    let write = match what % 12 {
        0 | 1 => {
            let bodies: Vec<Vec<u8>> = (0..=(a % 5)).map(|i| vec![u8::try_from(i).unwrap(); usize::from(b % 300)]).collect();
            author.append(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>())
        }
        // A gap, a repetition, a wrong peak: each made by an author whose memory is wrong.
        2 => {
            let mut liar = Author::new(code);
            liar.append(&[b"from the start again"])
        }
        3 => Write::Head { centre: author.centre.clone(), head: Head { size: author.frontier.size() + small, ..author.head() } },
        4 if b % 2 == 0 => Write::Applied { centre: author.centre.clone(), applied: author.frontier.size() + small.saturating_sub(4) },
        4 => Write::Erase { centre: author.centre.clone(), index: small * 2 },
        5 => match accepted.get(usize::from(b) % accepted.len().max(1)) {
            Some((at, index, payload)) if *at == which => {
                Write::Restore { centre: author.centre.clone(), index: *index, payload: payload.clone() }
            }
            Some(_) | None => Write::Restore { centre: author.centre.clone(), index: small, payload: vec![0; 20] },
        },
        6 => Write::Project(Projection::Certificate(certificate(code, small))),
        7 if b % 4 == 1 => {
            let row = CertificateRow { index: u64::from(b % 50), holder: Thumbprint([(b % 8) as u8; 32]), ..certificate(code, small) };
            Write::Project(Projection::HolderBound {
                row: Box::new(row),
                former: Thumbprint([(a % 8) as u8; 32]),
                at: Time(i64::from(b % 9)),
            })
        }
        7 if b % 4 == 2 => {
            let (holder, index, at) = (Thumbprint([(a % 8) as u8; 32]), u64::from(b % 50), Time(i64::from(b % 9)));
            Write::Project(Projection::HolderEnded { number: number(code, small), holder, index, at })
        }
        7 => {
            let ended = Ended { at: Time(i64::from(b)), reason: "cancelled".to_owned() };
            Write::Project(Projection::CertificateEnded { number: number(code, small), ended })
        }
        8 => Write::Project(Projection::Access(access(code, u64::from(a % 40)))),
        9 => Write::Project(Projection::GrantRevoked { grant, holder: Thumbprint([(a % 3) as u8; 32]), at: Time(i64::from(b)) }),
        10 if b % 4 == 1 => Write::Rekeyed { number: number(code, small), content_key: Key::from_bytes([a as u8; 32]) },
        10 => {
            let account_no = format!("46010000{b}");
            Write::Issued(IssuedRecord {
                number: number(code, small),
                account_no,
                content_key: Key::from_bytes([7; 32]),
                request: (!b.is_multiple_of(3)).then(|| RequestId([u8::try_from(b % 5).unwrap(); 16])),
                asked: b.is_multiple_of(2).then_some(Digest([7; 32])),
                subject: b.is_multiple_of(4).then_some(SubjectMark([5; 16])),
            })
        }
        11.. => match a % 2 {
            0 => about_forks(author, b, (small, place)),
            1.. => {
                let code = FaultCode::ALL[usize::from(b) % FaultCode::ALL.len()];
                Write::Fault { station: StationKey([place; 32]), code }
            }
        },
    };
    (which, write)
}

/// A proof that is kept, or a report of one.
fn about_forks(author: &Author, b: u16, (small, place): (u64, u8)) -> Write {
    let accused = author.centre.clone();
    if b.is_multiple_of(5) {
        return beside(accused, b / 5, (small, place));
    }
    if b.is_multiple_of(2) {
        return Write::Fork(fork(&accused, small % 3));
    }
    let (author, proof) = (centre(CENTRES[usize::from(b) % CENTRES.len()]), vec![place; usize::from(b % 3)]);
    Write::Project(Projection::Fork(ForkReport { accused, author, index: small, at: NOW, proof }))
}

/// What another history ends, or that it is forgotten.
fn beside(author: CentreCode, b: u16, (small, place): (u64, u8)) -> Write {
    let (code, holder) = (author.as_str(), Thumbprint([place % 8; 32]));
    let (listing, number) = (ListingId([place % 3; 16]), number(code, small));
    let ended = match b % 7 {
        0 => return Write::ForgetBeside { author },
        1 => EndedBeside::Certificate { number, reason: "superseded".to_owned() },
        2 => EndedBeside::Holder { number, holder },
        3 => EndedBeside::Grant { grant: GrantId([place % 8; 16]), holder: Thumbprint([place % 3; 32]) },
        4 => EndedBeside::Listing { listing, index: small, change: Change::Repaired, shared: place.is_multiple_of(2) },
        5 => EndedBeside::Listing { listing, index: small / 2, change: Change::Withdrawn, shared: true },
        6.. => EndedBeside::Objection { about: ListingRef { centre: centre(CENTRES[0]), index: small }, listing },
    };
    let row = BesideRow { author, index: small, at: Time(i64::from(b % 9)), ended };
    let later = BesideRow { index: small + 1, ..row.clone() };
    Write::Beside(vec![row, later])
}

fn fork(centre: &CentreCode, term: u64) -> ForkRow {
    let bridge = (term > 1).then(|| Bridge { root: Digest([1; 32]), proof: vec![Digest([2; 32])] });
    ForkRow { term, at: NOW, proof: ForkProof::new(centre.clone(), vec![1], vec![2], bridge) }
}

/// Everything the contract can be asked, as text.
fn look(shelf: &dyn Shelf) -> Vec<String> {
    let mut seen = Vec::new();
    for code in CENTRES {
        let centre = centre(code);
        let size = shelf.journal(&centre).unwrap().size;
        seen.push(format!("{:?}", shelf.journal(&centre)));
        for (from, rows, bytes) in [(0, 1000, 1 << 20), (0, 1000, 400), (size / 2, 3, 1), (size, 5, 1000), (u64::MAX, 5, 1000)] {
            seen.push(format!("{:?}", shelf.entries(&centre, from, rows, bytes)));
        }
        for (level, index) in [(0, 0), (0, size), (1, 0), (2, 1), (8, 0), (9, 0), (255, 0), (3, u64::MAX)] {
            let subtree = shelf.subtree(&centre, level, index);
            seen.push(format!("{:?}", subtree.map_err(|e| matches!(e, ShelfError::Failed(_)))));
        }
        seen.push(format!("{:?}", (0..20).map(|i| shelf.erased(&centre, i).unwrap()).collect::<Vec<_>>()));
        seen.push(format!("{:?} {:?}", shelf.fork_reports(&centre, 2), shelf.cuts(&centre)));
        seen.push(format!("{:?} {:?}", shelf.beside(), [0, 2].map(|from| shelf.listings_ended_beside(&centre, from, 3))));
        for listing in [0, 1, 2].map(|n| ListingId([n; 16])) {
            let about = ListingRef { centre: centre.clone(), index: 4 };
            let disputed = [1, 100].map(|limit| shelf.objections_beside(&about, &listing, limit));
            seen.push(format!("{:?} {disputed:?}", shelf.listing_ended_beside(&centre, &listing)));
        }
        seen.push(format!("{:?} {:?}", shelf.fork(&centre), shelf.certificates(&centre, None, 3)));
        seen.push(format!("{:?}", shelf.certificates(&centre, Some(&number(code, 3)), 100)));
        for prefix in ["", code, &format!("{code}-JCZM-2026-00000"), "C4", "Z"] {
            seen.push(format!("{:?}", shelf.certificate_count(&centre, prefix)));
        }
        for mark in 0..8_u8 {
            let index = u64::from(mark);
            seen.push(format!("{:?}", shelf.certificate(&number(code, index))));
            let holder = Thumbprint([mark; 32]);
            seen.push(format!("{:?} {:?}", shelf.certificate_of_holder(&holder, &centre), shelf.holder_ended(&holder, None)));
            let ended = (0..8).map(|i| shelf.holder_ended(&holder, Some(&number(code, i))));
            seen.push(format!("{:?}", ended.collect::<Vec<_>>()));
            let grant = GrantId([mark; 16]);
            let uses = [None, Some(index), Some(u64::MAX)].map(|before| shelf.grant_uses(&centre, &grant, before));
            for holder in 0..3 {
                seen.push(format!("{uses:?} {:?}", shelf.grant_revoked(&grant, &Thumbprint([holder; 32]))));
            }
            seen.push(format!("{:?}", shelf.access(&centre, &RequestId([mark; 16]))));
            let issued = shelf.issued(&number(code, index)).unwrap();
            seen.push(format!("{:?}", issued.map(|r| (r.number, r.account_no, *r.content_key.expose()))));
            let issued = shelf.issued_by(&RequestId([mark; 16])).unwrap();
            seen.push(format!("{:?}", issued.map(|r| (r.number, r.request, r.asked))));
        }
    }
    seen.push(format!("{:?} {:?}", shelf.damaged(100), shelf.faults()));
    for at in [0, 4_000_000_000_100, i64::MAX] {
        let mut rows = shelf.droppable(Time(at), 100).unwrap();
        rows.sort();
        seen.push(format!("{rows:?}"));
    }
    seen
}

/// Runs `steps` on `subject`; what was seen after each.
fn run(subject: &mut dyn Subject, steps: &[Step]) -> Vec<(bool, Vec<String>)> {
    let mut authors = CENTRES.map(Author::new);
    let mut accepted: Vec<(usize, u64, Vec<u8>)> = Vec::new();
    let mut seen = Vec::new();
    for step in steps {
        let (which, write) = write_of(*step, &mut authors, &accepted);
        let done = subject.write(&write);
        if let (true, Write::Append { from, rows, .. }) = (done, &write) {
            accepted.extend((*from..).zip(rows.entries()).filter_map(|(i, e)| Some((which, i, e.payload.clone()?))));
        }
        seen.push((done, look(subject.shelf())));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_disk_answer_the_same_after_the_same_writes(steps in proptest::collection::vec(any::<Step>(), 1..40)) {
        let place = Place::new();
        let mut store = place.open();
        let on_disk = run(&mut store, &steps);
        let in_memory = run(&mut MemoryShelf::new(), &steps);
        for (step, (disk, memory)) in on_disk.iter().zip(&in_memory).enumerate() {
            prop_assert_eq!(disk.0, memory.0, "accepted, at step {}: {:?}", step, steps[step]);
            prop_assert_eq!(&disk.1, &memory.1, "seen, at step {}: {:?}", step, steps[step]);
        }
        drop(store);
        let last = on_disk.last().map(|(_, seen)| seen.clone());
        prop_assert_eq!(last.clone(), Some(look(&place.open())), "opened again");
        let reader = crate::store::Reader::open_reader(&place.path(), &key()).unwrap();
        prop_assert_eq!(last, Some(look(&reader)), "by a reader");
    }
}

/// The appends that must be refused, and that nothing of them is kept.
fn refuses_what_does_not_follow(subject: &mut dyn Subject) {
    let mut author = Author::new("C46010");
    assert!(subject.write(&author.append(&[b"a", b"b", b"c"])));
    let held = look(subject.shelf());
    let resumed = || Author::resume("C46010", &author_state(&author), 3);
    let altered = |alter: &dyn Fn(&mut u64, &mut Vec<Entry>, &mut JournalState)| {
        let Write::Append { centre, mut from, rows, subtrees, mut state } = resumed().append(&[b"d", b"e"]) else { unreachable!() };
        let mut entries = rows.entries().cloned().collect();
        alter(&mut from, &mut entries, &mut state);
        // A row that is not sound by itself has no such type: see the journal's own tests.
        Write::Append { centre, from, rows: SoundRows::check(entries).unwrap(), subtrees, state }
    };
    let another = |entry: &Entry| Statement::build(&mut StdRng::seed_from_u64(9), Kind::Vector, NOW, None, entry.body().unwrap()).unwrap();
    for (why, write) in [
        ("a gap", altered(&|from, _, _| *from = 4)),
        ("a repetition", altered(&|from, _, _| *from = 2)),
        ("another row", altered(&|_, entries, _| entries[1] = another(&entries[1]))),
        ("rows in another order", altered(&|_, entries, _| entries.swap(0, 1))),
        ("a row too few", altered(&|_, entries, _| drop(entries.pop()))),
        ("other peaks", altered(&|_, _, state| state.peaks[0].0[0] ^= 1)),
        ("more applied than held", altered(&|_, _, state| state.applied = 6)),
        ("less applied than before", altered(&|_, _, state| state.applied = 2)),
        ("a head beyond the rows", altered(&|_, _, state| state.head.as_mut().unwrap().size = 6)),
        ("a head older than the one held", altered(&|_, _, state| state.head.as_mut().unwrap().size = 2)),
        ("a head with another root", altered(&|_, _, state| state.head.as_mut().unwrap().root.0[0] ^= 1)),
        ("no head any more", altered(&|_, _, state| state.head = None)),
    ] {
        assert!(!subject.write(&write), "{why}");
        assert_eq!(look(subject.shelf()), held, "{why}");
    }
    assert!(subject.write(&altered(&|_, _, _| {})));
}

fn author_state(author: &Author) -> JournalState {
    JournalState { size: author.frontier.size(), peaks: author.frontier.peaks().to_vec(), ..JournalState::default() }
}

#[test]
fn memory_refuses_rows_that_do_not_follow_and_keeps_nothing_of_them() {
    refuses_what_does_not_follow(&mut MemoryShelf::new());
}

#[test]
fn disk_refuses_rows_that_do_not_follow_and_keeps_nothing_of_them() {
    refuses_what_does_not_follow(&mut Place::new().open());
}

/// Two rows come under a head of the first alone, as when a later checkpoint's rows are still arriving.
fn holds_heads_to_the_rows_below_them(subject: &mut dyn Subject) {
    let mut author = Author::new("C46010");
    let one = author.append(&[b"a"]);
    let first = author.head();
    let two = author.append(&[b"b"]);
    let (Write::Append { rows: a, .. }, Write::Append { rows: b, state, centre, .. }) = (one, two) else { unreachable!() };
    let with = |head: Head| {
        let state = JournalState { head: Some(head), ..state.clone() };
        let rows = SoundRows::check(a.entries().chain(b.entries()).cloned().collect()).unwrap();
        Write::Append { centre: centre.clone(), from: 0, rows, subtrees: vec![], state }
    };
    assert!(!subject.write(&with(Head { root: Digest([9; 32]), ..first.clone() })), "a wrong root over fewer rows");
    assert!(subject.write(&with(first.clone())));
    assert!(!subject.write(&Write::Head { centre: centre.clone(), head: Head { root: Digest([9; 32]), ..first.clone() } }));
    assert!(subject.write(&Write::Head { centre, head: Head { heartbeat: NOW.plus_ms(1), ..first } }), "a heartbeat");
}

/// A payload that came late goes like any other.
fn drops_what_came_late(subject: &mut dyn Subject) {
    let mut author = Author::new("C46010");
    let mut entry = Statement::build(&mut author.rng, Kind::AccessRecorded, NOW, Some(NOW), b"late").unwrap();
    let payload = entry.payload.take().unwrap();
    assert!(subject.write(&author.append_entries(vec![entry])));
    assert!(subject.shelf().droppable(NOW, 9).unwrap().is_empty(), "there is nothing to drop");
    let centre = author.centre.clone();
    assert!(subject.write(&Write::Restore { centre: centre.clone(), index: 0, payload }));
    assert!(subject.shelf().droppable(NOW.plus_ms(-1), 9).unwrap().is_empty());
    assert_eq!(subject.shelf().droppable(NOW, 9).unwrap(), [(centre.clone(), 0)]);
    assert!(subject.write(&Write::Erase { centre, index: 0 }));
    assert!(subject.shelf().droppable(NOW, 9).unwrap().is_empty());
}

/// Over several blocks, each payload of another time, in no order; and what is left when some have gone.
fn drops_in_time(subject: &mut dyn Subject) {
    let mut author = Author::new("C46010");
    let at = |index: u64| NOW.plus_ms(i64::try_from(index * 389 % 600).unwrap());
    let entries = (0..600).map(|index| Statement::build(&mut author.rng, Kind::AccessRecorded, NOW, Some(at(index)), b"row").unwrap());
    let entries = entries.collect();
    assert!(subject.write(&author.append_entries(entries)));
    let mut left: std::collections::BTreeSet<u64> = (0..600).collect();
    for until in [0, 1, 2, 299, 300, 598, 599, 600] {
        let now = NOW.plus_ms(until);
        let due: Vec<u64> = left.iter().copied().filter(|index| at(*index) <= now).collect();
        let mut found: Vec<u64> = subject.shelf().droppable(now, 999).unwrap().into_iter().map(|(_, index)| index).collect();
        found.sort_unstable();
        assert_eq!(found, due, "until {until}");
        assert_eq!(subject.shelf().droppable(now, 3).unwrap().len(), due.len().min(3));
        // The earliest ones and others, and those that are left come again.
        for index in due.into_iter().filter(|index| index % 5 != 0) {
            left.remove(&index);
            assert!(subject.write(&Write::Erase { centre: author.centre.clone(), index }));
        }
    }
    assert_eq!(subject.shelf().droppable(Time(i64::MAX), 999).unwrap().len(), 120);
}

#[test]
fn payloads_go_when_their_time_comes_and_are_looked_for_in_memory_and_on_disk_alike() {
    drops_in_time(&mut MemoryShelf::new());
    drops_in_time(&mut Place::new().open());
}

#[test]
fn heads_and_late_payloads_are_held_to_the_same_rules_in_memory_and_on_disk() {
    for rule in [holds_heads_to_the_rows_below_them, drops_what_came_late] {
        rule(&mut MemoryShelf::new());
        rule(&mut Place::new().open());
    }
}

/// Six hundred rows, so that two levels of stored subtrees exist, and every proof from them.
fn proves_what_it_holds(subject: &mut dyn Subject) {
    use anju_core::journal::proof::{OnShelf, consistency, inclusion, root_at, verify_consistency, verify_inclusion};
    let mut author = Author::new("C46010");
    let mut roots = vec![author.frontier.root()];
    for _ in 0..60 {
        let bodies: Vec<Vec<u8>> = (0..10_u8).map(|i| vec![i; 8]).collect();
        let write = author.append(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert!(subject.write(&write));
        roots.push(author.frontier.root());
    }
    let centre = centre("C46010");
    let journal = OnShelf { shelf: subject.shelf(), centre: &centre };
    for (size, root) in (0_u64..).step_by(10).zip(&roots) {
        assert_eq!(root_at(&journal, size).unwrap(), *root);
        let proof = consistency(&journal, size, 600).unwrap();
        verify_consistency(size, root, 600, roots.last().unwrap(), &proof).unwrap();
    }
    for index in [0, 1, 255, 256, 511, 512, 599] {
        let header = &subject.shelf().entries(&centre, index, 1, 1).unwrap()[0].header;
        verify_inclusion(header, index, 600, roots.last().unwrap(), &inclusion(&journal, index, 600).unwrap()).unwrap();
    }
}

#[test]
fn memory_proves_inclusion_and_consistency_from_what_it_holds() {
    proves_what_it_holds(&mut MemoryShelf::new());
}

#[test]
fn disk_proves_inclusion_and_consistency_from_what_it_holds() {
    proves_what_it_holds(&mut Place::new().open());
}

#[test]
fn memory_answers_a_flipped_payload_as_absent_until_it_is_restored() {
    let mut shelf = MemoryShelf::new();
    let write = Author::new("C46010").append(&[b"a", b"b"]);
    shelf.apply(&write).unwrap();
    let Write::Append { centre, rows, .. } = write else { unreachable!() };
    let entries: Vec<Entry> = rows.entries().cloned().collect();
    assert!(shelf.flip_payload_bit(&centre, 1));
    assert_eq!(shelf.entries(&centre, 1, 1, 1).unwrap()[0].payload, None);
    assert_eq!(shelf.damaged(9).unwrap(), [(centre.clone(), 1)]);
    shelf.apply(&Write::Restore { centre: centre.clone(), index: 1, payload: entries[1].payload.clone().unwrap() }).unwrap();
    assert_eq!(shelf.entries(&centre, 1, 1, 1).unwrap(), entries[1..]);
    assert!(shelf.damaged(9).unwrap().is_empty());
}
