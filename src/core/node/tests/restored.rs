//! A restored backup must not fork the journal.

use super::counter::{issue, wallet};
use super::world::World;
use crate::desk::{Event, ReadOnly, Request};
use crate::shelf::Shelf;
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};

fn read_only(world: &mut World, peer: usize) -> Option<ReadOnly> {
    let token = world.ask(peer, Request::Status);
    match world.closing(peer, token) {
        Some(Event::Status(status)) => status.read_only.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_restored_backup_reads_only_until_the_others_have_given_the_rows_back() {
    let mut world = World::new(41, 3);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    let backup = world.peers[0].shelf.clone();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    let root = world.peers[0].shelf.journal(&world.peers[0].centre).unwrap().peaks;

    world.part(&[&[1, 2]]);
    world.set_up(0, false);
    world.peers[0].shelf = backup;
    world.set_up(0, true);
    world.run_for(20 * SECOND_MS);
    assert!(matches!(read_only(&mut world, 0), Some(ReadOnly::Restored { reported: 0, needed: 2 })));
    world.part(&[&[0, 1]]);
    world.run_for(20 * SECOND_MS);
    assert!(matches!(read_only(&mut world, 0), Some(ReadOnly::Restored { reported: 1, needed: 2 })), "one of two is no majority");
    assert_eq!(world.size(0, 0), 2, "but what it holds is taken already");
    world.heal();
    world.run_for(20 * SECOND_MS);
    assert_eq!(read_only(&mut world, 0), None);
    assert_eq!(world.peers[0].shelf.journal(&world.peers[0].centre).unwrap().peaks, root);
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    world.assert_converged();
    assert!((0..3).all(|i| world.faults(i).is_empty()));
}

#[test]
fn a_backup_that_took_the_kept_head_along_stops_writing_when_a_longer_head_of_its_own_is_shown() {
    let mut world = World::new(42, 3);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    let (backup, kept) = (world.peers[0].shelf.clone(), world.peers[0].kept.clone());
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    world.set_up(0, false);
    world.peers[0].shelf = backup;
    world.peers[0].kept = kept;
    world.set_up(0, true);
    world.run_for(20 * SECOND_MS);
    assert_eq!(world.size(0, 0), 2);
    assert_eq!(read_only(&mut world, 0), None, "every row is back");
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    world.assert_converged();
}

#[test]
fn an_isolated_honest_centre_writes_at_once_after_a_restart() {
    let mut world = World::new(43, 3);
    let mut holder = wallet();
    world.part(&[]);
    issue(&mut world, 0, &mut holder, 1);
    world.set_up(0, false);
    world.set_up(0, true);
    assert_eq!(read_only(&mut world, 0), None);
    issue(&mut world, 0, &mut holder, 1);
    assert_eq!(world.size(0, 0), 2);
}

#[test]
fn a_missing_kept_head_means_read_only() {
    let mut world = World::new(44, 3);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.part(&[]);
    world.set_up(0, false);
    world.peers[0].kept = None;
    world.set_up(0, true);
    assert!(matches!(read_only(&mut world, 0), Some(ReadOnly::Restored { .. })));
    world.heal();
    world.run_for(20 * SECOND_MS);
    assert_eq!(read_only(&mut world, 0), None);
}

#[test]
fn a_centre_whose_clock_was_a_year_ahead_and_was_set_back_is_not_taken_for_dead() {
    let mut world = World::new(45, 2);
    world.peers[0].clock_off_ms = 365 * DAY_MS;
    world.run_for(6 * MINUTE_MS);
    world.peers[0].clock_off_ms = 0;
    for _ in 0..8 {
        world.run_for(5 * MINUTE_MS);
    }
    let token = world.ask(1, Request::Status);
    let Some(Event::Status(status)) = world.closing(1, token) else { panic!() };
    let journal = status.journals.iter().find(|j| j.centre == world.peers[0].centre).unwrap();
    assert!(!journal.stale, "heard {:?} ms ago", journal.age_ms);
    assert!(journal.age_ms.unwrap() <= 6 * MINUTE_MS);
    assert!(world.faults(1).is_empty());
}
