//! Listings end, and what was left out is noticed.

use super::world::World;
use crate::error::FaultCode;
use crate::journal::proof::{OnShelf, root_at};
use crate::journal::{Entry, Kind, Statement};
use crate::listing::changed::ObjectionRef;
use crate::listing::{Basis, Change, ChangedBody, Day, DecidedBody, Ground, ObjectedBody};
use crate::names::{Digest, ListingId, ListingRef, SubjectToken};
use crate::node::Input;
use crate::node::message::{Answer, PayloadReport, SoundAnswer};
use crate::seal::SUITE;
use crate::shelf::{ListProjection, ListingRow, Lists, Projection, Shelf};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};

/// Listing `n`, which is found by a token of the same number, until `days` from now.
pub(super) fn decided_body(world: &World, n: u8, days: u32) -> DecidedBody {
    let until = Day::of(world.now).plus_days(days);
    DecidedBody {
        suite: SUITE.to_owned(),
        listing: ListingId([n; 16]),
        pepper: 1,
        token: SubjectToken([n; 16]),
        restriction_until: until,
        publication_until: until,
        basis: Basis::Notified,
        authority: Digest([7; 32]),
        sealed: vec![n; 120],
    }
}

pub(super) fn decided(world: &mut World, n: u8, days: u32) -> Entry {
    let body = decided_body(world, n, days);
    let (now, until) = (world.now, body.drop_after());
    Statement::build(&mut world.rng, Kind::ListingDecided, now, Some(until), &body.to_bytes()).unwrap()
}

pub(super) fn changed(world: &mut World, n: u8, index: u64, change: Change) -> Entry {
    let answers = (change == Change::Upheld).then(|| ObjectionRef { centre: world.peers[1].centre.clone(), index: 0 });
    let successor = (change == Change::Replaced).then_some(index + 1);
    let body = ChangedBody { suite: SUITE.to_owned(), listing: ListingId([n; 16]), index, change, answers, successor, impersonated: false };
    let now = world.now;
    Statement::build(&mut world.rng, Kind::ListingChanged, now, None, &body.to_bytes()).unwrap()
}

fn objected(world: &mut World, of: usize, n: u8, index: u64) -> Entry {
    let centre = world.peers[of].centre.clone();
    let body =
        ObjectedBody { suite: SUITE.to_owned(), centre, index, listing: ListingId([n; 16]), ground: Ground::Impersonated, text: None };
    let now = world.now;
    Statement::build(&mut world.rng, Kind::ListingObjected, now, None, &body.to_bytes()).unwrap()
}

/// A row that means nothing and fills a frame.
pub(super) fn filler(world: &mut World) -> Entry {
    let now = world.now;
    Statement::build(&mut world.rng, Kind::Vector, now, None, &[0; 60_000]).unwrap()
}

pub(super) fn place(world: &World, of: usize, index: u64) -> ListingRef {
    ListingRef { centre: world.peers[of].centre.clone(), index }
}

pub(super) fn listing(world: &World, at: usize, of: usize, index: u64) -> Option<ListingRow> {
    world.peers[at].shelf.listing(&place(world, of, index)).unwrap()
}

fn ending(world: &World, at: usize, of: usize, index: u64) -> Option<Change> {
    listing(world, at, of, index).and_then(|row| row.ended).map(|end| end.change)
}

fn withheld(world: &World, at: usize, of: usize) -> bool {
    world.peers[at].shelf.withheld(&world.peers[of].centre).unwrap()
}

fn payload(world: &World, at: usize, of: usize, index: u64) -> Option<Vec<u8>> {
    world.peers[at].shelf.entries(&world.peers[of].centre, index, 1, usize::MAX).unwrap()[0].payload.clone()
}

/// Every journal held anywhere still leads to the root of its head.
fn assert_every_journal_verifies(world: &World) {
    for peer in &world.peers {
        for of in &world.peers {
            let state = peer.shelf.journal(&of.centre).unwrap();
            let on_shelf = OnShelf { shelf: &peer.shelf, centre: &of.centre };
            let head = state.head.unwrap();
            assert_eq!(root_at(&on_shelf, head.size).unwrap(), head.root, "{} at {}", of.centre, peer.centre);
            peer.shelf.entries(&of.centre, 0, state.size, usize::MAX).unwrap().iter().for_each(|entry| {
                entry.check().unwrap();
            });
        }
    }
}

/// No lookup over `at`'s copy could say "not listed" of listing `n` of `of`, which stands.
fn assert_never_cleared(world: &World, at: usize, of: usize, index: u64) {
    let state = world.peers[at].shelf.journal(&world.peers[of].centre).unwrap();
    let found = listing(world, at, of, index).is_some_and(|row| row.ended.is_none());
    let says_whole = state.size > index && !withheld(world, at, of);
    assert!(found || !says_whole, "a copy of {} rows without the listing says that nothing is missing", state.size);
}

#[test]
fn a_repaired_listings_payload_is_gone_everywhere_within_a_minute_and_every_journal_still_verifies() {
    let mut world = World::new(201, 4);
    let (one, other) = (decided(&mut world, 1, 300), decided(&mut world, 2, 300));
    world.append(0, vec![one, other]);
    world.run_for(5 * SECOND_MS);
    assert!((0..4).all(|at| listing(&world, at, 0, 0).is_some_and(|row| row.ended.is_none() && row.token == SubjectToken([1; 16]))));
    let repaired = changed(&mut world, 1, 0, Change::Repaired);
    world.append(0, vec![repaired]);
    assert_eq!(payload(&world, 0, 0, 0), None, "its own centre erases with the ending");
    world.run_for(MINUTE_MS);
    for at in 0..4 {
        assert_eq!(ending(&world, at, 0, 0), Some(Change::Repaired), "at {at}");
        assert_eq!(payload(&world, at, 0, 0), None, "at {at}");
        assert!(payload(&world, at, 0, 1).is_some() && ending(&world, at, 0, 1).is_none(), "the other listing stands at {at}");
        assert!(world.faults(at).is_empty());
    }
    world.assert_converged();
    assert_every_journal_verifies(&world);
}

#[test]
fn a_listing_and_its_ending_may_come_in_one_frame() {
    // One seed in eight has a peer that pulls the rows when the first payload is gone already, and so never hears of that listing.
    let mut world = World::new(203, 3);
    let rows = vec![decided(&mut world, 1, 300), decided(&mut world, 1, 400), changed(&mut world, 1, 0, Change::Replaced)];
    world.append(0, rows);
    world.run_for(5 * SECOND_MS);
    for at in 0..3 {
        assert_eq!((ending(&world, at, 0, 0), ending(&world, at, 0, 1)), (Some(Change::Replaced), None), "at {at}");
        assert!(payload(&world, at, 0, 0).is_none() && payload(&world, at, 0, 1).is_some(), "at {at}");
    }
}

#[test]
fn a_peer_that_was_down_at_the_repair_has_it_ended_with_the_first_frame_from_a_third() {
    let mut world = World::new(203, 3);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    world.set_up(2, false);
    let repaired = changed(&mut world, 1, 0, Change::Repaired);
    world.append(0, vec![repaired]);
    world.run_for(DAY_MS / 24);
    world.set_up(0, false);
    world.set_up(2, true);
    assert!(ending(&world, 2, 0, 0).is_none() && payload(&world, 2, 0, 0).is_some(), "nobody has told it yet");
    world.run_for(SECOND_MS);
    assert_eq!(ending(&world, 2, 0, 0), Some(Change::Repaired), "the third has");
    assert_eq!(payload(&world, 2, 0, 0), None);
    assert_every_journal_verifies(&world);
}

#[test]
fn a_joining_peer_that_gets_a_row_before_its_ending_is_never_wrong_in_between_and_blames_nobody() {
    let mut world = World::new(204, 3);
    world.set_up(2, false);
    let (gone, stands) = (decided(&mut world, 1, 300), decided(&mut world, 2, 300));
    world.append(0, vec![gone, stands]);
    for _ in 0..40 {
        let row = filler(&mut world);
        world.append(0, vec![row]);
    }
    let withdrawn = changed(&mut world, 1, 0, Change::Withdrawn);
    world.append(0, vec![withdrawn]);
    world.run_for(20 * SECOND_MS);
    assert_eq!(world.size(1, 0), 43);
    world.set_up(0, false);
    world.set_up(2, true);
    let mut sizes = Vec::new();
    let mut was_withheld = false;
    for _ in 0..2_000 {
        world.run_for(1);
        sizes.push(world.size(2, 0));
        was_withheld |= withheld(&world, 2, 0);
        assert_never_cleared(&world, 2, 0, 1);
        assert!(listing(&world, 2, 0, 0).is_none(), "what has ended is never listed");
        let whole = world.size(2, 0) == 43;
        assert!(whole || sizes.last() == Some(&0) || withheld(&world, 2, 0), "its ending is not here, and the copy says so");
    }
    sizes.dedup();
    assert!(was_withheld && sizes.len() >= 3, "it came in pieces: {sizes:?}");
    assert!(!withheld(&world, 2, 0) && world.peers[2].shelf.erased(&world.peers[0].centre, 0).unwrap());
    world.run_for(5 * MINUTE_MS);
    assert!(world.faults(2).is_empty(), "who served it did what it should");
}

/// Peer 2 holds the listing; peer 1 has more of it, in which it is repaired early on; peer 2 gets a part of that and is cut off.
fn stopped_in_the_middle(seed: u64) -> World {
    let mut world = World::new(seed, 4);
    world.set_up(3, false);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    world.set_up(2, false);
    let repaired = changed(&mut world, 1, 0, Change::Repaired);
    world.append(0, vec![repaired]);
    for _ in 0..40 {
        let row = filler(&mut world);
        world.append(0, vec![row]);
    }
    world.run_for(20 * SECOND_MS);
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    while world.size(2, 0) == 1 {
        world.run_for(1);
    }
    world.part(&[]);
    assert!(world.size(2, 0) < 42 && ending(&world, 2, 0, 0).is_some());
    world
}

#[test]
fn who_knows_an_ending_only_under_a_head_that_it_cannot_show_yet_does_not_serve_the_row_without_its_payload() {
    let mut world = stopped_in_the_middle(215);
    world.part(&[&[2, 3]]);
    world.set_up(3, true);
    world.run_for(5 * MINUTE_MS);
    assert!(world.faults(3).is_empty(), "an honest peer would look like one that leaves listings out");
    world.heal();
    world.run_for(MINUTE_MS);
    world.assert_converged();
}

#[test]
fn nobody_is_blamed_for_what_is_missing_while_rows_are() {
    let mut world = World::new(216, 3);
    world.set_up(2, false);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    for _ in 0..40 {
        let row = filler(&mut world);
        world.append(0, vec![row]);
    }
    let repaired = changed(&mut world, 1, 0, Change::Repaired);
    world.append(0, vec![repaired]);
    world.run_for(20 * SECOND_MS);
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    while world.size(2, 0) == 0 {
        world.run_for(1);
    }
    world.part(&[]);
    assert!(withheld(&world, 2, 0) && world.size(2, 0) < 42);
    world.run_for(10 * MINUTE_MS);
    assert!(withheld(&world, 2, 0) && world.faults(2).is_empty());
    world.heal();
    world.run_for(MINUTE_MS);
    assert!(!withheld(&world, 2, 0) && world.faults(2).is_empty());
}

#[test]
fn a_server_that_leaves_a_listing_out_is_blamed_once_and_never_makes_it_look_clear() {
    let mut world = World::new(205, 3);
    world.set_up(2, false);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    // Peer 2 comes up alone with peer 1, which leaves the payload out.
    world.leaving_out.insert(1);
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    let mut whole_without = false;
    for second in 0..300 {
        world.run_for(SECOND_MS);
        assert_never_cleared(&world, 2, 0, 0);
        whole_without |= world.size(2, 0) == 1;
        assert!(second > 55 || world.faults(2).is_empty(), "an ending may still be told of");
    }
    assert!(whole_without && withheld(&world, 2, 0), "the row was taken in, and is known to be missing");
    let by = world.station(1);
    assert_eq!(world.peers[2].shelf.faults().unwrap(), [(by, FaultCode::PayloadMissing, 1)], "blamed, and once");
    assert_eq!(world.size(2, 0), 1);
    // It does not pass on what it lacks: others would think that it left it out.
    world.heal();
    for _ in 0..20 {
        world.run_for(SECOND_MS);
        assert_never_cleared(&world, 2, 0, 0);
    }
    assert!(!withheld(&world, 2, 0), "another has given it");
    assert!(listing(&world, 2, 0, 0).is_some_and(|row| row.ended.is_none()));
    world.assert_converged();
}

#[test]
fn a_withheld_row_is_not_served_on_and_its_holder_is_not_blamed() {
    let mut world = World::new(206, 4);
    (2..4).for_each(|peer| world.set_up(peer, false));
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    world.leaving_out.insert(1);
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    world.run_for(20 * SECOND_MS);
    assert!(withheld(&world, 2, 0));
    world.part(&[&[2, 3]]);
    world.set_up(3, true);
    world.run_for(5 * MINUTE_MS);
    assert_eq!(world.size(3, 0), 0, "what is missing there is not served");
    assert!(world.faults(3).is_empty());
}

#[test]
fn a_hundred_listings_left_out_are_all_fetched_from_somebody_else() {
    let mut world = World::new(207, 3);
    world.set_up(2, false);
    let rows: Vec<Entry> = (0..100).map(|n| decided(&mut world, n, 300)).collect();
    world.append(0, rows);
    world.run_for(5 * SECOND_MS);
    world.leaving_out.insert(1);
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    world.run_for(3 * SECOND_MS);
    assert_eq!(world.peers[2].shelf.withheld_rows(None, 1_000).unwrap().len(), 100);
    world.heal();
    world.run_for(40 * SECOND_MS);
    assert!(!withheld(&world, 2, 0), "{} are missing", world.peers[2].shelf.withheld_rows(None, 1_000).unwrap().len());
    assert!((0..100).all(|index| listing(&world, 2, 0, index).is_some()));
}

#[test]
fn an_ending_that_comes_while_the_payload_is_asked_for_stays() {
    let mut world = World::new(208, 3);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    let (centre, saved) = (world.peers[0].centre.clone(), payload(&world, 0, 0, 0).unwrap());
    world.peers[1].shelf.flip_payload_bit(&centre, 0);
    assert_eq!(payload(&world, 1, 0, 0), None, "noticed");
    let asked = (0..40).flat_map(|_| {
        world.now = world.now.plus_ms(SECOND_MS);
        world.feed_raw(1, Input::Tick)
    });
    let calls: Vec<_> =
        asked.filter_map(|e| if let crate::node::Effect::Call { to, call, .. } = e { Some((to, call)) } else { None }).collect();
    let repaired = changed(&mut world, 1, 0, Change::Repaired);
    world.append(0, vec![repaired]);
    world.run_for(SECOND_MS);
    assert_eq!(ending(&world, 1, 0, 0), Some(Change::Repaired));
    let bytes = Answer::Payloads(vec![PayloadReport { index: 0, payload: saved }]).to_bytes();
    assert!(!calls.is_empty());
    for (from, call) in calls {
        world.feed(1, Input::Answered { from, call, answer: SoundAnswer::read(&bytes) });
    }
    assert!(payload(&world, 1, 0, 0).is_none() && world.peers[1].shelf.erased(&centre, 0).unwrap());
    assert_eq!(ending(&world, 1, 0, 0), Some(Change::Repaired));
}

#[test]
fn a_withheld_row_whose_clocks_have_run_out_is_missed_no_longer() {
    let mut world = World::new(209, 3);
    world.set_up(2, false);
    let row = decided(&mut world, 1, 1);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    world.leaving_out.insert(1);
    world.part(&[&[1, 2]]);
    world.set_up(2, true);
    world.run_for(20 * SECOND_MS);
    assert!(withheld(&world, 2, 0));
    world.now = world.now.plus_ms(3 * DAY_MS);
    world.run_for(20 * SECOND_MS);
    assert!(!withheld(&world, 2, 0));
}

#[test]
fn an_ending_in_another_centres_journal_ends_nothing_nor_does_one_of_another_listing_erase() {
    let mut world = World::new(210, 3);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    let row = decided(&mut world, 9, 300);
    let own = world.append(1, vec![row]);
    for index in [0, own] {
        let foreign = changed(&mut world, 1, index, Change::Repaired);
        world.append(1, vec![foreign]);
    }
    world.run_for(20 * SECOND_MS);
    for at in 0..3 {
        assert!(listing(&world, at, 0, 0).is_some_and(|row| row.ended.is_none()), "at {at}");
        assert!(payload(&world, at, 0, 0).is_some(), "at {at}");
        assert!(payload(&world, at, 1, own).is_some(), "nor the author's own of that number: it is another listing");
    }
}

#[test]
fn an_ending_takes_no_payload_but_a_listings() {
    let mut world = World::new(211, 2);
    let (vector, objection) = (filler(&mut world), objected(&mut world, 1, 1, 0));
    world.append(0, vec![vector, objection]);
    world.run_for(SECOND_MS);
    let centre = world.peers[0].centre.clone();
    world.peers[1].shelf.flip_payload_bit(&centre, 0);
    for (index, change) in [(0, Change::Withdrawn), (1, Change::Repaired), (5, Change::Withdrawn)] {
        let row = changed(&mut world, 1, index, change);
        world.append(0, vec![row]);
    }
    world.run_for(20 * SECOND_MS);
    assert!((0..2).all(|at| (0..5).all(|index| payload(&world, at, 0, index).is_some())), "the damaged one was fetched again");
}

#[test]
fn after_days_of_partition_both_sides_agree_on_what_is_listed_disputed_and_ended_within_a_minute() {
    for seed in 220..224 {
        let mut world = World::new(seed, 5);
        let rows: Vec<Entry> = (0..4).map(|n| decided(&mut world, n, 300)).collect();
        world.append(0, rows);
        world.run_for(20 * SECOND_MS);
        world.part(&[&[0, 1], &[2, 3], &[4]]);
        let (withdrawn, repaired) = (changed(&mut world, 1, 1, Change::Withdrawn), changed(&mut world, 2, 2, Change::Repaired));
        world.append(0, vec![withdrawn]);
        let objection = objected(&mut world, 0, 3, 3);
        world.append(2, vec![objection]);
        world.run_for(MINUTE_MS);
        world.now = world.now.plus_ms(6 * DAY_MS);
        world.append(0, vec![repaired]);
        world.run_for(MINUTE_MS);
        assert!(ending(&world, 4, 0, 1).is_none(), "seed {seed}: it was alone");
        world.heal();
        world.run_for(MINUTE_MS);
        for at in 0..5 {
            let ends: Vec<_> = (0..4).map(|index| ending(&world, at, 0, index)).collect();
            assert_eq!(ends, [None, Some(Change::Withdrawn), Some(Change::Repaired), None], "seed {seed} at {at}");
            let objections = world.peers[at].shelf.objections(&place(&world, 0, 3), &ListingId([3; 16]), 9).unwrap();
            assert_eq!(objections.len(), 1, "seed {seed} at {at}");
            assert!(world.faults(at).is_empty(), "seed {seed} at {at}");
        }
        assert_every_journal_verifies(&world);
    }
}

fn projected(world: &World, author: usize, index: u64, entry: &Entry) -> Vec<Projection> {
    let own = &world.peers[0];
    crate::node::project::project(&own.centre, &own.keys, &world.peers[author].centre, index, entry)
}

#[test]
fn a_listing_whose_header_lets_it_go_at_another_time_means_nothing() {
    let mut world = World::new(212, 2);
    let body = decided_body(&world, 1, 300);
    let (now, until) = (world.now, body.drop_after());
    for (drop_after, counts) in [(Some(until), true), (Some(until.plus_ms(-1)), false), (Some(until.plus_ms(DAY_MS)), false), (None, false)]
    {
        let entry = Statement::build(&mut world.rng, Kind::ListingDecided, now, drop_after, &body.to_bytes()).unwrap();
        assert_eq!(projected(&world, 1, 0, &entry).len(), usize::from(counts), "{drop_after:?}");
    }
}

#[test]
fn a_change_of_a_row_that_comes_later_or_by_an_earlier_one_means_nothing() {
    let mut world = World::new(213, 2);
    let row = changed(&mut world, 1, 4, Change::Withdrawn);
    assert_eq!(projected(&world, 1, 5, &row).len(), 1);
    assert!(projected(&world, 1, 4, &row).is_empty() && projected(&world, 1, 3, &row).is_empty());
    let change = Change::Replaced;
    for (successor, counts) in [(5, true), (4, false), (3, false), (u64::MAX, false)] {
        let body = ChangedBody {
            suite: SUITE.to_owned(),
            listing: ListingId([1; 16]),
            index: 4,
            change,
            answers: None,
            successor: Some(successor),
            impersonated: false,
        };
        let now = world.now;
        let row = Statement::build(&mut world.rng, Kind::ListingChanged, now, None, &body.to_bytes()).unwrap();
        assert_eq!(projected(&world, 1, 9, &row).len(), usize::from(counts), "{successor}");
    }
}

#[test]
fn numbers_that_no_journal_has_mean_nothing() {
    let mut world = World::new(214, 2);
    let beyond = crate::journal::MAX_JOURNAL_ROWS + 1;
    let objection = objected(&mut world, 1, 1, beyond);
    assert!(projected(&world, 1, 0, &objection).is_empty());
    let now = world.now;
    for (applied, counts) in [(beyond - 1, true), (beyond, false), (u64::MAX, false)] {
        let body = crate::vector::VectorBody::new([(world.peers[0].centre.clone(), applied)].into());
        let row = Statement::build(&mut world.rng, Kind::Vector, now, None, &body.to_bytes()).unwrap();
        let said = projected(&world, 1, 0, &row);
        assert_eq!(said.len(), usize::from(counts), "{applied}");
        assert!(said.iter().all(|p| matches!(p, Projection::List(ListProjection::Acknowledged { .. }))));
        assert!(projected(&world, 0, 0, &row).is_empty(), "what we say of ourselves acknowledges nothing");
    }
}
