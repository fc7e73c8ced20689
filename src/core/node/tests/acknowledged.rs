//! Vectors, what they prove, and how current a peer is.

use super::listings::{changed, decided, filler};
use super::world::{Weather, World};
use crate::desk::{CaseRef, Event, Proof, Request, SyncView};
use crate::error::RefusalCode;
use crate::journal::{Header, Kind};
use crate::listing::Change;
use crate::listing::status::Standing;
use crate::names::ListingRef;
use crate::node::sync::MAX_SYNC_WAITING;
use crate::node::{Env, Stop};
use crate::shelf::{KeptHead, Shelf};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};

fn vectors(world: &World, of: usize) -> usize {
    let centre = &world.peers[of].centre;
    let rows = world.peers[of].shelf.entries(centre, 0, u64::MAX, usize::MAX).unwrap();
    rows.iter().filter(|entry| Header::parse(&entry.header).unwrap().kind() == Some(Kind::Vector)).count()
}

fn proof_at(world: &mut World, peer: usize, of: usize, index: u64) -> Result<Proof, RefusalCode> {
    let about = CaseRef::Listing(ListingRef { centre: world.peers[of].centre.clone(), index });
    let p = &world.peers[peer];
    match p.node.ending_proof(&Env { now: world.now, rng: &mut world.rng, shelf: &p.shelf }, &about) {
        Ok(Event::Proof(proof)) => Ok(*proof),
        Err(Stop::Refused(refusal)) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

fn synced(world: &World, peer: usize, token: u64) -> Option<SyncView> {
    match world.closing(peer, token) {
        Some(Event::Sync(view)) => Some((**view).clone()),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_listing_makes_one_vector_of_each_other_centre_and_an_hour_of_quiet_none() {
    let mut world = World::new(231, 5);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(MINUTE_MS);
    let count = |world: &World| (0..5).map(|of| (world.size(of, of), vectors(world, of))).collect::<Vec<_>>();
    assert_eq!(count(&world), [(1, 0), (1, 1), (1, 1), (1, 1), (1, 1)]);
    world.run_for(60 * MINUTE_MS);
    assert_eq!(count(&world), [(1, 0), (1, 1), (1, 1), (1, 1), (1, 1)], "vectors do not cause vectors");
    world.assert_converged();
}

#[test]
fn however_many_rows_come_vectors_are_ten_seconds_apart() {
    let mut world = World::new(232, 3);
    for n in 0..120 {
        let row = decided(&mut world, n, 300);
        world.append(0, vec![row]);
        world.run_for(SECOND_MS / 2);
    }
    assert!((5..=7).contains(&vectors(&world, 1)), "{} in a minute", vectors(&world, 1));
    world.run_for(20 * SECOND_MS);
    let centre = world.peers[0].centre.clone();
    for other in 1..3 {
        let applied = crate::shelf::Lists::acknowledged_most(&world.peers[0].shelf, &world.peers[other].centre).unwrap();
        assert_eq!(applied, world.peers[0].shelf.journal(&centre).unwrap().size, "the last one covers everything");
    }
}

#[test]
fn a_peer_that_stopped_before_its_vector_writes_it_after_the_start_and_one_that_had_does_not() {
    let mut world = World::new(233, 3);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(500);
    assert_eq!((world.size(1, 0), vectors(&world, 1)), (1, 0), "applied, and not said yet");
    world.set_up(1, false);
    world.run_for(20 * SECOND_MS);
    assert_eq!(vectors(&world, 2), 1);
    world.set_up(1, true);
    world.set_up(2, false);
    world.set_up(2, true);
    world.run_for(MINUTE_MS);
    assert_eq!((vectors(&world, 1), vectors(&world, 2)), (1, 1));
    for peer in 1..3 {
        world.set_up(peer, false);
        world.set_up(peer, true);
    }
    world.run_for(MINUTE_MS);
    assert_eq!((vectors(&world, 1), vectors(&world, 2)), (1, 1), "others' vectors came since, and ask for none");
}

#[test]
fn the_proof_of_an_ending_is_complete_when_the_dark_peer_is_back_and_not_before() {
    let mut world = World::new(234, 4);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.run_for(20 * SECOND_MS);
    assert_eq!(proof_at(&mut world, 0, 0, 0).unwrap_err(), RefusalCode::StepNotAllowed, "it has not ended");
    world.set_up(3, false);
    let repaired = changed(&mut world, 1, 0, Change::Repaired);
    let ended = world.append(0, vec![repaired]);
    let early = proof_at(&mut world, 0, 0, 0).unwrap();
    assert!(!early.complete && early.centres.iter().all(|centre| centre.since.is_none()), "nobody has said so yet: {early:?}");
    assert!(early.centres.iter().all(|centre| centre.applied == 1), "though they have acknowledged the listing");
    world.run_for(MINUTE_MS);
    let without = proof_at(&mut world, 0, 0, 0).unwrap();
    let said: Vec<bool> = without.centres.iter().map(|centre| centre.since.is_some() && centre.applied == ended + 1).collect();
    assert_eq!((without.complete, said), (false, vec![true, true, false]));
    assert_eq!((without.standing, without.ended_index), (Standing::Repaired, ended));
    world.run_for(60 * MINUTE_MS);
    world.set_up(3, true);
    world.run_for(MINUTE_MS);
    let with = proof_at(&mut world, 0, 0, 0).unwrap();
    assert!(with.complete, "{with:?}");
    let since: Vec<_> = with.centres.iter().map(|centre| centre.since.unwrap()).collect();
    assert!(since[0] < since[2] && since[2] > with.ended_at.plus_ms(60 * MINUTE_MS), "and since when");
    assert_eq!(proof_at(&mut world, 1, 0, 0).unwrap_err(), RefusalCode::NotTheIssuer, "vectors about others are not kept");
    assert_eq!(proof_at(&mut world, 0, 0, 7).unwrap_err(), RefusalCode::CaseUnknown);
}

#[test]
fn a_sync_is_answered_when_everybody_has_told_of_their_newest_head_and_it_is_here() {
    let mut world = World::new(235, 4);
    world.run_for(5 * SECOND_MS);
    world.part(&[&[0, 1, 2]]);
    let rows: Vec<_> = (0..50).map(|n| decided(&mut world, n, 300)).collect();
    world.append(1, rows);
    world.run_for(5 * SECOND_MS);
    world.heal();
    let token = world.ask(3, Request::Sync { timeout_ms: 60_000 });
    assert_eq!(synced(&world, 3, token), None, "nothing heard before the request counts");
    world.run_for(3 * SECOND_MS);
    let view = synced(&world, 3, token).unwrap();
    assert!(view.complete && view.journals.len() == 3, "{view:?}");
    assert_eq!(view.journals.iter().find(|line| line.centre == world.peers[1].centre).unwrap().size, 50);
}

#[test]
fn a_sync_is_not_answered_while_rows_are_still_on_their_way() {
    let mut world = World::new(241, 3);
    world.run_for(5 * SECOND_MS);
    world.part(&[&[0, 1]]);
    for _ in 0..40 {
        let row = filler(&mut world);
        world.append(1, vec![row]);
    }
    world.weather = Weather { delay_ms: (600, 700), ..Weather::FAIR };
    world.heal();
    let token = world.ask(2, Request::Sync { timeout_ms: 60_000 });
    while synced(&world, 2, token).is_none() {
        world.run_for(100);
    }
    let view = synced(&world, 2, token).unwrap();
    assert!(view.complete && view.journals.iter().all(|line| line.size == line.announced), "{view:?}");
    assert_eq!(world.size(2, 1), 40);
}

#[test]
fn a_sync_says_at_its_end_which_centre_is_silent_though_others_tell_of_it() {
    let mut world = World::new(236, 4);
    world.run_for(5 * SECOND_MS);
    world.set_up(2, false);
    world.run_for(60 * MINUTE_MS);
    let token = world.ask(0, Request::Sync { timeout_ms: 30_000 });
    world.run_for(29 * SECOND_MS);
    assert_eq!(synced(&world, 0, token), None);
    world.run_for(2 * SECOND_MS);
    let view = synced(&world, 0, token).unwrap();
    let silent: Vec<_> = view.journals.iter().filter(|line| !line.current).map(|line| line.centre.clone()).collect();
    assert_eq!((view.complete, silent), (false, vec![world.peers[2].centre.clone()]));
}

#[test]
fn a_sync_of_a_peer_that_is_alone_says_that_nothing_is_current() {
    let mut world = World::new(237, 3);
    world.run_for(5 * SECOND_MS);
    world.part(&[]);
    let token = world.ask(0, Request::Sync { timeout_ms: 10_000 });
    world.run_for(11 * SECOND_MS);
    let view = synced(&world, 0, token).unwrap();
    assert!(!view.complete && view.journals.iter().all(|line| !line.current && line.as_of.is_some()), "{view:?}");
}

#[test]
fn a_centre_that_is_not_connected_is_current_when_others_have_told_of_it_freshly() {
    let mut world = World::new(238, 3);
    world.run_for(5 * SECOND_MS);
    world.part(&[&[0, 1]]);
    let token = world.ask(0, Request::Sync { timeout_ms: 60_000 });
    world.run_for(2 * SECOND_MS);
    assert!(synced(&world, 0, token).unwrap().complete, "its heartbeat is young and everybody says that there is nothing newer");
}

#[test]
fn only_so_many_wait_at_once() {
    let mut world = World::new(239, 3);
    world.part(&[]);
    let waiting: Vec<u64> = (0..MAX_SYNC_WAITING).map(|_| world.ask(0, Request::Sync { timeout_ms: 5_000 })).collect();
    let one_more = world.ask(0, Request::Sync { timeout_ms: 5_000 });
    assert_eq!(super::counter::refusal(&world, 0, one_more), RefusalCode::TooManyRequests);
    world.run_for(6 * SECOND_MS);
    assert!(waiting.iter().all(|token| synced(&world, 0, *token).is_some()));
    let again = world.ask(0, Request::Sync { timeout_ms: 0 });
    world.run_for(SECOND_MS);
    assert!(synced(&world, 0, again).is_some());
}

#[test]
fn a_store_from_a_backup_writes_no_vector_before_it_may_write() {
    let mut world = World::new(240, 3);
    world.run_for(5 * SECOND_MS);
    world.set_up(1, false);
    let centre = world.peers[1].centre.clone();
    world.peers[1].kept = Some(KeptHead { centre, size: 9, root: crate::journal::hash::empty() });
    world.part(&[&[0, 1]]);
    let row = decided(&mut world, 1, 300);
    world.append(0, vec![row]);
    world.set_up(1, true);
    world.run_for(MINUTE_MS);
    assert_eq!((world.size(1, 0), vectors(&world, 1)), (1, 0));
    world.heal();
    world.run_for(MINUTE_MS);
    assert_eq!(vectors(&world, 1), 1);
    assert!(world.now.since(super::world::START) < DAY_MS);
}
