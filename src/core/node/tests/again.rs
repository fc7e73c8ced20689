//! Listings go over to a new pepper.

use super::asking::{export, follow, hire, lookup};
use super::imports::bench::employer;
use super::membership::{change, federation};
use super::signed::ask;
use super::world::World;
use crate::desk::{Act, CaseRef, Doubt, Event, OldPepper, Proposal, Request, Status, Verdict, Wish};
use crate::journal::{Kind, Statement};
use crate::listing::case::{Case, CaseState};
use crate::listing::catalogue::Catalogue;
use crate::listing::finding::Place;
use crate::listing::import::RowsDigest;
use crate::listing::status::Standing;
use crate::listing::{Change, ChangedBody, Day, DecidedBody, Document, DocumentType, Finding, SubjectSecret};
use crate::names::{CaseNumber, Digest, ListingRef};
use crate::node::list::AGAIN_EVERY_MS;
use crate::shelf::{ListWrite, ListingRow, Lists, Shelf, Write};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};

/// How many are proposed; as many more are imported.
const PROPOSED: u64 = 8;

fn people(seed: u64, size: usize) -> World {
    let mut world = federation(seed, size);
    (0..size).for_each(|peer| hire(&mut world, peer));
    world
}

fn done(world: &mut World, peer: usize, by: &str, act: &Act) -> CaseNumber {
    match ask(world, peer, by, act) {
        Event::Case(view) => view.line.case,
        other => panic!("{act:?}: {other:?}"),
    }
}

/// Employer `n` is listed at a peer by a waiver, and everywhere a second later.
fn listed(world: &mut World, peer: usize, n: u64) -> CaseNumber {
    let (decision_sha256, mut row) = (Digest([9; 32]), employer(n));
    row.row = 0;
    let proposal = Proposal { row, decision_sha256, legal_basis_version: None, again: None, impersonation_checked: false };
    let case = done(world, peer, "teller", &Act::Propose(Box::new(proposal)));
    done(world, peer, "reviewer", &Act::Review { case: case.clone(), approve: true, reason: "材料齐全".to_owned() });
    let day = Day::of(world.now).to_string();
    done(world, peer, "reviewer", &Act::Notify { case: case.clone(), day, how: "当面".to_owned(), waiver: Some(Digest([8; 32])) });
    world.run_for(SECOND_MS);
    case
}

/// The employers of these numbers are staged in one file and approved.
fn imported(world: &mut World, numbers: std::ops::RangeInclusive<u64>) {
    let (file, rows) = (Digest([4; 32]), numbers.map(employer).collect::<Vec<_>>());
    let check = |row: &crate::listing::import::ImportRow| row.check(&Catalogue::default(), Day::of(world.now)).unwrap();
    let digest = rows.iter().fold(RowsDigest::default(), |digest, row| digest.after(&check(row))).0;
    let count = rows.len() as u64;
    for act in [Act::ImportBegin { file }, Act::ImportRows { file, rows, dry_run: false }, Act::ImportFinish { file, rows: count, digest }]
    {
        assert!(matches!(ask(world, 0, "teller", &act), Event::Import(_)), "{act:?}");
    }
    assert!(matches!(ask(world, 0, "reviewer", &Act::ImportApprove { file, rows: count, digest }), Event::Import(_)));
    world.run_for(2 * SECOND_MS);
}

fn place(world: &World, peer: usize, case: &CaseNumber) -> ListingRef {
    let index = world.peers[peer].shelf.case(case.serial).unwrap().unwrap().index.unwrap();
    ListingRef { centre: case.centre.clone(), index }
}

/// What stands of peer 0's listings, as peer `at` has it.
fn standing(world: &World, at: usize) -> Vec<ListingRow> {
    world.peers[at].shelf.standing_before(&world.peers[0].centre, 0, u64::MAX, Day::of(world.now), 999).unwrap()
}

fn body(world: &World, at: usize, row: &ListingRow) -> DecidedBody {
    let entry = world.peers[at].shelf.entries(&row.place.centre, row.place.index, 1, usize::MAX).unwrap().remove(0);
    DecidedBody::parse(entry.body().unwrap()).unwrap()
}

fn status(world: &mut World, peer: usize) -> Status {
    let token = world.ask(peer, Request::Status);
    match world.closing(peer, token) {
        Some(Event::Status(status)) => (**status).clone(),
        other => panic!("{other:?}"),
    }
}

fn subject(n: u64) -> (String, String) {
    let row = employer(n);
    (row.document_type.clone(), row.document_no.clone())
}

fn find(world: &mut World, peer: usize, n: u64) -> (Verdict, Vec<(ListingRef, Standing)>) {
    let (kind, number) = subject(n);
    let answer = lookup(world, peer, (&kind, &number));
    (answer.verdict, answer.hits.into_iter().map(|hit| (hit.listing, hit.standing)).collect())
}

fn derived_under(world: &World, peer: usize) -> Vec<u64> {
    world.peers[peer].node.peppers().iter().map(|pepper| pepper.version).collect()
}

fn renew(world: &mut World, others: &[usize]) {
    change(world, 0, vec![Wish::RotateEpoch { pepper: true }], others);
}

/// What stood under the old pepper stands under the new one at this peer, and nothing else about it is different.
fn assert_gone_over(world: &mut World, at: usize, before: &[ListingRow], said: &[DecidedBody]) {
    let after = standing(world, at);
    assert_eq!(after.len(), before.len(), "at {at}");
    for (row, old) in before.iter().zip(said) {
        let new = after.iter().find(|new| new.listing == row.listing).unwrap();
        let body = body(world, at, new);
        assert_eq!((new.pepper, row.pepper), (2, 1));
        assert!(new.place.index > row.place.index && new.token != row.token && body.sealed != old.sealed);
        assert_eq!((body.restriction_until, body.publication_until), (old.restriction_until, old.publication_until));
        assert_eq!((body.authority, body.basis), (old.authority, old.basis));
        let gone = world.peers[at].shelf.entries(&row.place.centre, row.place.index, 1, usize::MAX).unwrap().remove(0);
        assert!(gone.payload.is_none(), "what stood under the old pepper is erased");
        let ended = world.peers[at].shelf.listing(&row.place).unwrap().unwrap().ended.unwrap();
        assert_eq!(ended.change, Change::Replaced);
    }
    let expected = [(1, Standing::Disputed), (2, Standing::Upheld), (4, Standing::Listed), (PROPOSED + 1, Standing::Listed)];
    for (n, standing) in expected {
        let (_, hits) = find(world, at, n);
        assert!(matches!(&hits[..], [(_, found)] if *found == standing), "employer {n} at {at}: {hits:?}");
    }
    assert_eq!(find(world, at, 3), (Verdict::NotListed, Vec::new()), "what has ended is not revived");
}

#[test]
fn listings_go_over_page_by_page_and_a_restart_goes_on_and_nothing_else_about_them_changes() {
    let mut world = people(1201, 4);
    let cases: Vec<_> = (1..=PROPOSED).map(|n| listed(&mut world, 0, n)).collect();
    imported(&mut world, PROPOSED + 1..=2 * PROPOSED);
    // One is disputed by another centre, one was upheld against it, one has ended.
    let object = |about| Act::Object { about: CaseRef::Listing(about), ground: "facts".to_owned(), text: "查无此事".to_owned() };
    for case in &cases[..2] {
        let about = place(&world, 0, case);
        assert!(matches!(ask(&mut world, 2, "teller", &object(about)), Event::Listing(_)));
    }
    world.run_for(2 * SECOND_MS);
    let uphold = Act::Answer { about: CaseRef::Case(cases[1].clone()), uphold: true, reason: "已核实".to_owned() };
    done(&mut world, 0, "reviewer", &uphold);
    let repair = |case: &CaseNumber| {
        let about = CaseRef::Case(case.clone());
        Act::Repair { about, decision: "信用修复〔2026〕1号".to_owned(), reason: "已补缴".to_owned() }
    };
    // Who repairs is not who proposed.
    done(&mut world, 0, "reviewer", &repair(&cases[2]));
    world.run_for(MINUTE_MS);
    let before = standing(&world, 1);
    let said: Vec<_> = before.iter().map(|row| body(&world, 1, row)).collect();
    let (_, cursor) = follow(&mut world, 1, None, 5);
    assert_eq!((before.len() as u64, status(&mut world, 0).old_pepper), (2 * PROPOSED - 1, Vec::new()));

    renew(&mut world, &[1, 2]);
    let left = status(&mut world, 0).old_pepper;
    assert!(matches!(&left[..], [OldPepper { listings, .. }] if (1..2 * PROPOSED - 1).contains(listings)), "some have gone over: {left:?}");
    // Whoever is asked in between finds everybody, once.
    for n in [1, 4, PROPOSED + 1, 2 * PROPOSED] {
        assert_eq!(find(&mut world, 0, n).1.len(), 1, "employer {n}");
    }
    world.set_up(0, false);
    world.run_for(MINUTE_MS);
    world.set_up(0, true);
    world.run_for(MINUTE_MS);

    assert_eq!(status(&mut world, 0).old_pepper, Vec::new());
    (0..4).for_each(|at| assert_gone_over(&mut world, at, &before, &said));
    let record = |case: &CaseNumber| world.peers[0].shelf.case(case.serial).unwrap().unwrap();
    assert_eq!([0, 1, 3].map(|i| record(&cases[i]).state), [CaseState::Disputed, CaseState::Upheld, CaseState::Listed]);

    // Who follows the list hears that each was replaced, and by what.
    let (told, _) = follow(&mut world, 1, Some(&cursor), 7);
    for row in &before {
        let new = standing(&world, 1).into_iter().find(|new| new.listing == row.listing).unwrap().place;
        assert_eq!([&row.place, &new].map(|place| told.iter().filter(|told| *told == place).count() > 0), [true, true]);
    }
    let own = export(&mut world, 0, None, 100).rows.into_iter().filter(|row| row.own.is_some()).count();
    assert_eq!(own, before.len(), "each says whose it is, where it stands and nowhere else");

    // An answer to what was objected before, and an ending, are of the statement that stands.
    let answered = Act::Answer { about: CaseRef::Case(cases[0].clone()), uphold: true, reason: "已核实".to_owned() };
    done(&mut world, 0, "reviewer", &answered);
    done(&mut world, 0, "reviewer", &repair(&cases[3]));
    world.run_for(5 * SECOND_MS);
    for at in 0..4 {
        assert_eq!(find(&mut world, at, 1).1[0].1, Standing::Upheld, "at {at}");
        assert_eq!(find(&mut world, at, 4), (Verdict::NotListed, Vec::new()), "at {at}");
    }
    // In the journal stand as many pairs as listings went over, and none twice.
    let rows = world.peers[0].shelf.entries(&world.peers[0].centre, 0, 9_999, usize::MAX).unwrap();
    let parse = |entry: &crate::journal::Entry| ChangedBody::parse(entry.body()?).ok().filter(|body| body.change == Change::Replaced);
    assert_eq!(rows.iter().filter_map(parse).count(), before.len());
}

#[test]
fn who_was_removed_kept_the_old_pepper_and_finds_nobody_under_the_new_one() {
    let mut world = people(1202, 4);
    let case = listed(&mut world, 0, 1);
    let old = place(&world, 0, &case);
    let leaving = world.peers[3].centre.clone();
    change(&mut world, 0, vec![Wish::Remove { centre: leaving, rows: None }], &[1, 2]);
    world.run_for(MINUTE_MS);
    let kept = world.peers[3].node.secrets.clone().unwrap();
    assert_eq!(kept.peppers().len(), 1);
    let document = Document::new(DocumentType::CreditCode, &subject(1).1, Day::of(world.now).date()).unwrap();
    let secret = SubjectSecret::derive(kept.pepper().unwrap(), &document).unwrap();
    // Whatever of the others' copies came into its hands, nothing in them is found or opened by what it knows.
    let rows = world.peers[1].shelf.listings_of(&secret.token(), 9).unwrap();
    assert!(matches!(&rows[..], [row] if row.place == old && row.ended.is_some()), "{rows:?}");
    let now = standing(&world, 1);
    let [row] = &now[..] else { panic!("{now:?}") };
    let said = body(&world, 1, row);
    for pepper in [1, 2] {
        let place = Place { federation: world.charter.federation(), centre: &row.place.centre, listing: &row.listing, pepper };
        assert!(Finding::open(&secret, &place, &said.sealed).is_err());
    }
    assert_eq!((0..3).map(|peer| find(&mut world, peer, 1).1.len()).sum::<usize>(), 3, "and the others find it");
}

#[test]
fn a_statement_and_what_took_its_place_are_one_hit_while_both_stand() {
    let mut world = people(1203, 3);
    let case = listed(&mut world, 0, 1);
    let old = place(&world, 0, &case);
    let row = world.peers[0].shelf.listing(&old).unwrap().unwrap();
    let said = body(&world, 0, &row);
    let entry = Statement::build(&mut world.rng, Kind::ListingDecided, world.now, Some(said.drop_after()), &said.to_bytes()).unwrap();
    let newer = ListingRef { index: world.append(0, vec![entry]), ..old.clone() };
    world.run_for(2 * SECOND_MS);
    for peer in 0..3 {
        assert_eq!(find(&mut world, peer, 1), (Verdict::Listed, vec![(newer.clone(), Standing::Listed)]), "at {peer}");
    }
}

#[test]
fn an_old_pepper_is_derived_under_while_a_listing_stands_under_it_and_again_when_one_arrives() {
    let mut world = people(1204, 4);
    listed(&mut world, 0, 1);
    // Peer 3 lists somebody whom nobody has heard of yet, and is dark.
    world.part(&[&[0, 1, 2]]);
    let dark = listed(&mut world, 3, 2);
    renew(&mut world, &[1, 2]);
    assert_eq!(derived_under(&world, 1), [2, 1], "what stood under it when the new one came");
    world.run_for(AGAIN_EVERY_MS + MINUTE_MS);
    for peer in 0..3 {
        assert_eq!((derived_under(&world, peer), find(&mut world, peer, 1).1.len()), (vec![2], 1), "at {peer}");
    }
    assert_eq!(status(&mut world, 1).old_pepper, Vec::new());
    // It is heard again, and its row comes before it has said it again under the new pepper, for it has no new pepper yet.
    let (centre, size) = (world.peers[3].centre.clone(), world.size(3, 3));
    let head = world.peers[3].shelf.journal(&centre).unwrap();
    world.heal();
    let mut seen = false;
    for _ in 0..60 {
        world.run_for(SECOND_MS / 2);
        if world.size(1, 3) >= size && derived_under(&world, 1) == [2, 1] {
            seen = true;
            assert_eq!(find(&mut world, 1, 2).1.len(), 1, "it is found as soon as it is here");
        }
    }
    assert!(seen && head.size == size);
    world.run_for(AGAIN_EVERY_MS + MINUTE_MS);
    let place = place(&world, 3, &dark);
    assert_eq!(find(&mut world, 1, 2).1, vec![(place, Standing::Listed)]);
    assert_eq!((0..4).map(|peer| derived_under(&world, peer)).collect::<Vec<_>>(), vec![vec![2]; 4]);
}

#[test]
fn a_case_from_a_backup_goes_on_with_the_statement_that_stands() {
    let mut world = people(1205, 3);
    let case = listed(&mut world, 0, 1);
    let backup = world.peers[0].shelf.case(case.serial).unwrap().unwrap();
    renew(&mut world, &[1, 2]);
    world.run_for(MINUTE_MS);
    assert_ne!(place(&world, 0, &case).index, backup.index.unwrap());
    world.peers[0].shelf.apply(&Write::List(ListWrite::Case(backup))).unwrap();
    let withdraw = Act::Withdraw { about: CaseRef::Case(case), reason: "认定有误".to_owned(), impersonated: false };
    done(&mut world, 0, "reviewer", &withdraw);
    world.run_for(5 * SECOND_MS);
    for peer in 0..3 {
        assert_eq!(find(&mut world, peer, 1), (Verdict::NotListed, Vec::new()), "at {peer}");
    }
}

#[test]
fn what_a_clock_has_ended_and_what_no_case_stands_behind_is_not_said_again_and_a_suspended_centre_says_nothing() {
    let mut world = people(1206, 4);
    let case = listed(&mut world, 0, 1);
    // A row that no case knows, as after a backup without records.
    let row = world.peers[0].shelf.listing(&place(&world, 0, &case)).unwrap().unwrap();
    let stray = DecidedBody { listing: crate::names::ListingId([7; 16]), ..body(&world, 0, &row) };
    let entry = Statement::build(&mut world.rng, Kind::ListingDecided, world.now, Some(stray.drop_after()), &stray.to_bytes()).unwrap();
    world.append(0, vec![entry]);
    listed(&mut world, 3, 2);
    let suspended = world.peers[3].centre.clone();
    change(&mut world, 0, vec![Wish::Suspend { centre: suspended.clone(), rows: None }, Wish::RotateEpoch { pepper: true }], &[1, 2]);
    world.run_for(MINUTE_MS);
    let peppers: Vec<_> = standing(&world, 1).into_iter().map(|row| row.pepper).collect();
    assert_eq!(peppers, [1, 2], "the stray row stays as it is, the other has gone over");
    world.run_for(AGAIN_EVERY_MS);
    let left = status(&mut world, 1).old_pepper;
    assert_eq!(left.iter().map(|left| (left.centre.clone(), left.listings)).collect::<Vec<_>>(), [(row.place.centre, 1), (suspended, 1)]);
    // Both clocks run out: there is nothing to say again, and nothing to derive under.
    world.now = world.now.plus_ms(800 * DAY_MS);
    world.run_for(2 * MINUTE_MS);
    assert_eq!((status(&mut world, 1).old_pepper, derived_under(&world, 1)), (Vec::new(), vec![2]));
}

#[test]
fn a_case_keeps_its_first_and_its_newest_listing_and_its_state() {
    let mut world = people(1207, 3);
    let case = listed(&mut world, 0, 1);
    for _ in 0..3 {
        renew(&mut world, &[1, 2]);
        world.run_for(10 * SECOND_MS);
    }
    let record = world.peers[0].shelf.case(case.serial).unwrap().unwrap();
    let kept: Case = serde_json::from_slice(&record.case).unwrap();
    assert_eq!((kept.steps.len(), kept.published()), (5, record.index));
    assert_eq!(standing(&world, 2).iter().map(|row| (row.pepper, row.place.index)).collect::<Vec<_>>(), [(4, record.index.unwrap())]);
}

#[test]
fn a_listing_under_a_pepper_that_is_not_held_makes_its_centre_unknown_and_nobody_clear() {
    let mut world = people(1_998, 4);
    let case = listed(&mut world, 0, 1);
    let listing = place(&world, 0, &case);
    let number = employer(1);
    let number = (number.document_type.as_str(), number.document_no.as_str());
    assert_eq!(lookup(&mut world, 1, number).verdict, Verdict::Listed);
    // So often was the pepper renewed that this peer does not hold the listing's any more.
    let mut secrets = world.peers[1].node.secrets.clone().unwrap();
    let epoch = secrets.number;
    while secrets.peppers().iter().any(|pepper| pepper.version == 1) {
        secrets = secrets.next(&mut world.rng, true);
    }
    secrets.number = epoch;
    world.peers[1].node.secrets = Some(secrets);
    world.run_for(2 * SECOND_MS);
    let answer = lookup(&mut world, 1, number);
    assert!(answer.hits.is_empty());
    assert_eq!(answer.verdict, Verdict::Unknown, "{answer:?}");
    let centre = answer.centres.iter().find(|answer| answer.centre == listing.centre).unwrap();
    assert_eq!(centre.doubt, Some(Doubt::PepperMissing));
}
