//! What automerge is fenced against, and what counts of what was merged.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ROOT};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::names::DossierId;
use crate::time::Time;

const CRASHERS: [&[u8]; 3] = [
    include_bytes!("../../../tests/vectors/automerge/crash-1-3.bin"),
    include_bytes!("../../../tests/vectors/automerge/crash-2-1.bin"),
    include_bytes!("../../../tests/vectors/automerge/crash-2-9.bin"),
];

fn centre(code: &str) -> CentreCode {
    CentreCode::new(code).unwrap()
}

fn lender() -> CentreCode {
    centre("C46020")
}

fn keeper() -> CentreCode {
    centre("C46010")
}

fn texts(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect()
}

const ID: DossierId = DossierId([7; 16]);

fn loan() -> Dossier {
    Dossier::new(&DossierPlace { opener: &lender(), id: &ID }, &[lender(), keeper()])
}

fn actor(of: &CentreCode) -> ActorBytes {
    actor_of(&DossierPlace { opener: &lender(), id: &ID }, of)
}

fn parties() -> Parties {
    let mut parties = Parties::default();
    parties.admit(lender(), PartyRole::Lending);
    parties.admit(keeper(), PartyRole::Depositing);
    parties
}

/// Writes and applies at once, as an author's own peer does.
fn says(dossier: &mut Dossier, author: &CentreCode, fields: &[(&str, &str)], at: i64) -> Vec<u8> {
    let bytes = dossier.write(author, &texts(fields), Time(at)).unwrap();
    assert_eq!(dossier.offer(author, &bytes), Offered::Applied);
    bytes
}

const GRANTED: &[(&str, &str)] = &[
    ("certificate", "C46010-YDDKJCZM-2026-000001"),
    ("reply.decision", "granted"),
    ("reply.amount", "50000000"),
    ("reply.term", "240"),
    ("reply.method", "equal-instalment"),
    ("reply.on", "2026-11-22"),
];

/// The chunk with a checksum that fits it, so that what is behind the checksum is reached.
fn with_checksum(mut chunk: Vec<u8>) -> Vec<u8> {
    if chunk.len() > 8 {
        let hash = Sha256::digest(&chunk[8..]);
        chunk[4..8].copy_from_slice(&hash[..4]);
    }
    chunk
}

#[test]
fn what_was_written_is_read_back_and_counted() {
    let mut dossier = loan();
    says(&mut dossier, &lender(), GRANTED, 1_000);
    says(&mut dossier, &keeper(), &[("mark.number", "C46010-D3"), ("mark.on", "2026-11-23")], 2_000);
    let values = counted(&dossier, DossierKind::Loan, &parties());
    assert_eq!(values["reply.amount"].value, "50000000");
    assert_eq!((values["mark.number"].author.clone(), values["mark.number"].at), (keeper(), Time(2_000)));
    let at = loan::progress(&values, &parties());
    assert_eq!((at.state, at.keeper, at.out_of_order.len()), (loan::LoanState::Marked, Some(keeper()), 0));
    assert_eq!(dossier.write(&lender(), &texts(&[("reply.amount", "50000000")]), Time(3_000)).unwrap_err(), Rejection::NothingNew);
}

#[test]
fn the_same_words_at_the_same_time_are_the_same_bytes() {
    let (mut one, mut other) = (loan(), loan());
    for at in 0..20 {
        let text = format!("第{at}次");
        let fields = [("note.C46020.1", text.as_str()), ("reply.clerk", "王")];
        assert_eq!(says(&mut one, &lender(), &fields[..1], at), says(&mut other, &lender(), &fields[..1], at));
        let field = format!("note.C46010.{}", at + 1);
        assert_eq!(says(&mut one, &keeper(), &[(&field, "x")], at), says(&mut other, &keeper(), &[(&field, "x")], at));
    }
    assert_eq!(one.digest(), other.digest());
}

#[test]
fn every_crasher_is_set_aside_once_and_the_dossier_stays_as_it_was() {
    let mut dossier = loan();
    says(&mut dossier, &lender(), GRANTED, 1);
    let before = dossier.digest();
    for crasher in CRASHERS {
        for author in [lender(), keeper(), centre("C46030")] {
            assert!(matches!(dossier.offer(&author, crasher), Offered::Refused(_)));
        }
    }
    // Who is no party is not looked at.
    assert_eq!((dossier.quarantined().count(), dossier.refused()), (6, 9));
    assert_eq!((dossier.digest(), dossier.applied()), (before, 1));
}

#[test]
#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "a failing run must say its seed")]
fn thousands_of_mutated_changes_are_refused_or_change_only_what_they_say() {
    let seed = 20_261_122;
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut dossier = loan();
    says(&mut dossier, &lender(), GRANTED, 1);
    says(&mut dossier, &keeper(), &[("mark.number", "1"), ("mark.on", "2026-11-23")], 2);
    let real = dossier.write(&lender(), &texts(&[("reply.amount", "1"), ("reply.clerk", "李"), ("note.C46020.1", "x")]), Time(3)).unwrap();
    let before = dossier.digest();
    let (mut refused, mut applied) = (0, 0);
    for round in 0..6_000 {
        let mut bytes = if round % 3 == 0 { CRASHERS[round % 3].to_vec() } else { real.clone() };
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[at] ^= 1 << rng.random_range(0..8),
                1 => bytes[at] = u8::try_from(rng.next_u32() & 0xff).unwrap(),
                2 => bytes.insert(at, 0x7f),
                _ => drop(bytes.remove(at)),
            }
        }
        let bytes = if round % 5 == 0 { bytes } else { with_checksum(bytes) };
        let mut copy = dossier.clone();
        match copy.offer(&lender(), &bytes) {
            Offered::Refused(rejection) => {
                assert_eq!(copy.digest(), before, "{rejection}");
                assert_eq!(copy.offer(&lender(), &bytes), Offered::Refused(rejection), "and never looked at again");
                refused += 1;
            }
            Offered::Applied => {
                let said = RawChange::parse(&bytes).unwrap();
                assert_eq!((copy.applied(), said.seq, said.actor), (3, 2, actor(&lender())));
                applied += 1;
            }
            Offered::Waits => assert_eq!((copy.digest(), copy.pending()), (before, 1)),
            Offered::Again => assert_eq!(bytes, real),
        }
    }
    assert!(refused > 3_000 && applied > 0, "{refused} refused, {applied} applied");
}

#[test]
fn a_change_under_anothers_actor_is_refused_before_it_is_applied() {
    let mut dossier = loan();
    let theirs = dossier.write(&keeper(), &texts(&[("mark.number", "1")]), Time(1)).unwrap();
    assert_eq!(dossier.offer(&lender(), &theirs), Offered::Refused(Rejection::OtherActor));
    assert_eq!(dossier.applied(), 0);
    // The owner is not locked out.
    let mut dossier = loan();
    dossier.offer(&lender(), &theirs);
    assert_eq!(dossier.offer(&keeper(), &theirs), Offered::Applied, "nor is the change itself, when its author says it");
    let stranger = centre("C46030");
    assert_eq!(dossier.offer(&stranger, &theirs), Offered::Refused(Rejection::NotAParty));
}

#[test]
fn only_raw_changes_are_looked_at() {
    let mut doc = Automerge::new().with_actor(ActorId::from(actor(&lender())));
    let long = "很长".repeat(300);
    doc.transact_with::<_, _, automerge::AutomergeError, _>(
        |()| CommitOptions::default().with_time(1),
        |tx| tx.put(ROOT, "reply.reason", long.as_str()),
    )
    .unwrap();
    let mut change = doc.get_last_local_change().unwrap();
    let compressed = change.bytes().into_owned();
    assert_eq!(compressed[8], 2, "automerge compresses what is long");
    let mut dossier = loan();
    assert_eq!(dossier.offer(&lender(), &compressed), Offered::Refused(Rejection::NotAChange));
    for kind in [0, 2, 3, 4, 255] {
        let mut chunk = change.raw_bytes().to_vec();
        chunk[8] = kind;
        assert_eq!(dossier.offer(&lender(), &with_checksum(chunk)), Offered::Refused(Rejection::NotAChange), "{kind}");
    }
    assert_eq!(dossier.offer(&lender(), &doc.save()), Offered::Refused(Rejection::NotAChange));
    let twice = [change.raw_bytes(), change.raw_bytes()].concat();
    assert_eq!(dossier.offer(&lender(), &twice), Offered::Refused(Rejection::Malformed));
    assert_eq!(dossier.offer(&lender(), change.raw_bytes()), Offered::Applied, "the same, raw");
}

#[test]
fn what_automerge_could_say_and_no_dossier_says_is_refused() {
    use automerge::ObjType;
    type Deed = fn(&mut automerge::transaction::Transaction<'_>) -> Result<(), automerge::AutomergeError>;
    let deeds: [Deed; 6] = [
        |tx| tx.put_object(ROOT, "x", ObjType::Map).map(|_| ()),
        |tx| tx.put_object(ROOT, "x", ObjType::Text).map(|_| ()),
        |tx| tx.put(ROOT, "x", 5_i64),
        |tx| tx.put(ROOT, "x", automerge::ScalarValue::counter(1)),
        |tx| tx.put(ROOT, "x", vec![1_u8, 2]),
        |tx| {
            let list = tx.put_object(ROOT, "x", ObjType::List)?;
            tx.insert(&list, 0, "x")
        },
    ];
    for deed in deeds {
        let mut doc = Automerge::new().with_actor(ActorId::from(actor(&lender())));
        doc.transact::<_, _, automerge::AutomergeError>(deed).unwrap();
        let change = doc.get_last_local_change().unwrap();
        let mut dossier = loan();
        assert_eq!(dossier.offer(&lender(), change.raw_bytes()), Offered::Refused(Rejection::Shape));
    }
}

#[test]
fn a_flood_of_orphans_fills_only_its_authors_own_room() {
    let mut source = loan();
    says(&mut source, &lender(), &[("reply.clerk", "never sent")], 1);
    let mut dossier = loan();
    let (mut waiting, mut full) = (0, 0);
    for at in 0..600 {
        let bytes = says(&mut source, &lender(), &[("reply.clerk", &format!("{at}"))], at);
        // Every one follows a change that nobody has: all of them claim to be the first.
        match dossier.offer(&lender(), &orphan(&bytes, at)) {
            Offered::Waits => waiting += 1,
            Offered::Refused(Rejection::PendingFull) => full += 1,
            other => panic!("{other:?}"),
        }
        if source.applied() > 400 {
            source = loan();
            says(&mut source, &lender(), &[("reply.clerk", "never sent")], 1);
        }
    }
    assert_eq!((waiting, full, dossier.pending()), (MAX_PENDING_PER_AUTHOR, 600 - MAX_PENDING_PER_AUTHOR, MAX_PENDING_PER_AUTHOR));
    assert!(dossier.pending() <= MAX_PENDING);
    says(&mut dossier, &keeper(), &[("mark.number", "1")], 2);
}

/// The change as its author's first, after one that nobody has.
fn orphan(bytes: &[u8], salt: i64) -> Vec<u8> {
    let change = RawChange::parse(bytes).unwrap();
    let mut content = vec![1];
    content.extend_from_slice(&Sha256::digest(salt.to_be_bytes()));
    content.push(16);
    content.extend_from_slice(&change.actor);
    content.extend_from_slice(&[1, 1, 0, 0, 0]);
    // One column each: key "k", not inserted, put, an empty text, no predecessor.
    content.extend_from_slice(&[5, 0x15, 3, 0x34, 1, 0x42, 2, 0x56, 2, 0x70, 2]);
    content.extend_from_slice(&[0x7f, 1, b'k', 1, 0x7f, 1, 0x7f, 6, 0x7f, 0]);
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 1];
    chunk.push(u8::try_from(content.len()).unwrap());
    chunk.extend_from_slice(&content);
    with_checksum(chunk)
}

#[test]
fn what_waits_is_applied_when_what_it_follows_comes() {
    let mut source = loan();
    let first = says(&mut source, &lender(), GRANTED, 1);
    let second = says(&mut source, &keeper(), &[("mark.number", "1")], 2);
    let third = says(&mut source, &keeper(), &[("mark.on", "2026-11-23")], 3);
    let mut dossier = loan();
    assert_eq!(dossier.offer(&keeper(), &second), Offered::Waits);
    assert_eq!(dossier.offer(&keeper(), &third), Offered::Waits);
    assert_eq!((dossier.applied(), dossier.pending()), (0, 2));
    assert_eq!(dossier.offer(&lender(), &first), Offered::Applied);
    assert_eq!((dossier.applied(), dossier.pending(), dossier.digest()), (3, 0, source.digest()));
    assert_eq!(dossier.offer(&keeper(), &second), Offered::Again);
}

#[test]
fn of_two_changes_with_one_number_every_peer_takes_the_first_of_the_journal() {
    let mut source = loan();
    let base = says(&mut source, &keeper(), &[("mark.clerk", "a")], 1);
    // Two first changes of the lender's: one that follows the keeper's, and one that follows nothing.
    let late = source.write(&lender(), &texts(&[("reply.clerk", "one")]), Time(2)).unwrap();
    let early = loan().write(&lender(), &texts(&[("reply.clerk", "two")]), Time(2)).unwrap();
    let (mut quick, mut slow) = (loan(), loan());
    quick.offer(&keeper(), &base);
    for dossier in [&mut quick, &mut slow] {
        dossier.offer(&lender(), &late);
        dossier.offer(&lender(), &early);
    }
    slow.offer(&keeper(), &base);
    assert_eq!((quick.digest(), quick.applied()), (slow.digest(), 2));
    assert_eq!(counted(&slow, DossierKind::Loan, &parties())["reply.clerk"].value, "one");
}

#[test]
fn a_value_of_who_may_not_write_it_is_shown_and_never_counted() {
    let mut dossier = loan();
    says(&mut dossier, &lender(), GRANTED, 1);
    says(&mut dossier, &keeper(), &[("reply.amount", "99"), ("settled.on", "2026-11-24")], 2);
    let values = counted(&dossier, DossierKind::Loan, &parties());
    assert_eq!(values["reply.amount"].value, "50000000", "nor does it take the place of what counts");
    assert!(!values.contains_key("settled.on"));
    let shown: Vec<_> = view(&dossier, DossierKind::Loan, &parties()).into_iter().filter(|f| f.author == keeper()).collect();
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|f| f.standing == Standing::NotEntitled && !f.value.is_empty()));
    assert_eq!(loan::progress(&values, &parties()).state, loan::LoanState::Granted);
    // And whoever may write it can still do so, whatever was written over it.
    says(&mut dossier, &lender(), &[("reply.amount", "40000000")], 3);
    assert_eq!(counted(&dossier, DossierKind::Loan, &parties())["reply.amount"].value, "40000000");
    says(&mut dossier, &lender(), &[("reply.amount", "4e7"), ("no.such.field", "x")], 4);
    assert_eq!(counted(&dossier, DossierKind::Loan, &parties())["reply.amount"].value, "40000000");
    let malformed = view(&dossier, DossierKind::Loan, &parties()).into_iter().filter(|f| f.standing == Standing::Malformed).count();
    assert_eq!(malformed, 2);
}

#[test]
#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "a failing run must say its seed")]
fn who_writes_while_cut_off_merges_to_the_same_in_any_order_of_arrival() {
    for seed in 0..24 {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let authors = [lender(), keeper(), centre("C46030")];
        let fresh = || {
            let mut dossier = loan();
            dossier.admit(&authors[2]);
            dossier
        };
        // Each writes into a copy of their own, and now and then hears what the others have said.
        let mut copies = [fresh(), fresh(), fresh()];
        let mut journals: [Vec<Vec<u8>>; 3] = Default::default();
        for at in 0..30 {
            let who = rng.random_range(0..3);
            let field = ["reply.amount", "mark.number", "title", "note.C46010.1"][rng.random_range(0..4)];
            let said = copies[who].write(&authors[who], &texts(&[(field, &rng.random_range(0..9).to_string())]), Time(at));
            let Ok(bytes) = said else { continue };
            copies[who].offer(&authors[who], &bytes);
            journals[who].push(bytes);
            let from = rng.random_range(0..3);
            if rng.random_range(0..3) == 0 {
                for bytes in &journals[from] {
                    copies[who].offer(&authors[from], bytes);
                }
            }
        }
        let mut seen = Vec::new();
        for _ in 0..6 {
            let mut order: Vec<usize> = journals.iter().enumerate().flat_map(|(who, rows)| rows.iter().map(move |_| who)).collect();
            order.shuffle(&mut rng);
            let (mut dossier, mut next) = (fresh(), [0_usize; 3]);
            for who in order {
                assert!(!matches!(dossier.offer(&authors[who], &journals[who][next[who]]), Offered::Refused(_)));
                next[who] += 1;
            }
            let values = view(&dossier, DossierKind::Loan, &parties());
            seen.push((dossier.digest(), dossier.applied(), dossier.pending(), values));
        }
        let all: usize = journals.iter().map(Vec::len).sum();
        assert!(seen.iter().all(|copy| *copy == seen[0] && copy.1 == all && copy.2 == 0));
    }
}

#[test]
fn a_transfer_hands_on_who_may_mark() {
    let (mut dossier, mut parties, new) = (loan(), parties(), centre("C46030"));
    says(&mut dossier, &lender(), GRANTED, 1);
    says(&mut dossier, &keeper(), &[("mark.number", "1"), ("mark.on", "2026-11-23")], 2);
    dossier.admit(&new);
    parties.admit(new.clone(), PartyRole::NewDepositing);
    says(&mut dossier, &new, &[("remark.1.number", "7"), ("remark.1.on", "2027-01-04")], 3);
    let values = counted(&dossier, DossierKind::Loan, &parties);
    assert!(!values.contains_key("remark.1.number"), "before the old centre has said so");
    says(&mut dossier, &keeper(), &[("transfer.1.to", "C46030"), ("transfer.1.on", "2027-01-02")], 4);
    let values = counted(&dossier, DossierKind::Loan, &parties);
    let at = loan::progress(&values, &parties);
    assert_eq!((at.state, at.keeper, at.mark_missing), (loan::LoanState::Remarked, Some(new.clone()), false));
    says(&mut dossier, &keeper(), &[("unmark.on", "2027-05-01")], 5);
    says(&mut dossier, &lender(), &[("settled.on", "2027-05-02")], 6);
    let values = counted(&dossier, DossierKind::Loan, &parties);
    let at = loan::progress(&values, &parties);
    assert_eq!((at.state, at.out_of_order), (loan::LoanState::Settled, vec!["unmark.on".to_owned()]), "it is not theirs any longer");
    let deadlines = [loan::Deadlines {
        since: "2015-09-15".parse().map(crate::listing::Day::new).unwrap().unwrap(),
        reply_days: 30,
        mark_days: 5,
        unmark_days: 5,
    }];
    let due = loan::due(&loan::progress(&values, &parties), &values, &deadlines).unwrap();
    assert_eq!((due.task, due.by, due.until.to_string()), (loan::Task::Unmark, new, "2027-05-07".to_owned()));
}
