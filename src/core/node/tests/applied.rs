//! What an older version kept without knowing it gets its meaning from a newer one.

use super::counter::{issue, wallet};
use super::listings::{decided, listing};
use super::world::World;
use crate::journal::{Entry, Frontier, SoundRows, Statement};
use crate::names::CentreCode;
use crate::shelf::memory::MemoryShelf;
use crate::shelf::{JournalState, Shelf, Write};
use crate::time::SECOND_MS;

/// What peer 1 would hold of `centre`'s journal had its version not known row `applied`, nor any row behind it.
fn hold(older: &mut MemoryShelf, newer: &MemoryShelf, centre: &CentreCode, applied: u64) {
    let held = newer.journal(centre).unwrap();
    let entries: Vec<Entry> = newer.entries(centre, 0, held.size, usize::MAX).unwrap();
    let rows = SoundRows::check(entries).unwrap();
    let (mut frontier, mut subtrees) = (Frontier::empty(), Vec::new());
    rows.rows().iter().for_each(|row| frontier.push(row.leaf(), &mut subtrees).unwrap());
    let state = JournalState { applied, ..held };
    older.apply(&Write::Append { centre: centre.clone(), from: 0, rows, subtrees, state }).unwrap();
}

fn applied(world: &World) -> u64 {
    world.peers[1].shelf.journal(&world.peers[0].centre).unwrap().applied
}

/// Peer 1 with an older version's store, of which the first row alone was applied; `rows` more listings than one page of them.
fn upgraded(seed: u64, listings: u8, rounds: u64) -> (World, crate::names::CertificateNumber) {
    let mut world = World::new(seed, 3);
    let older = world.peers[1].shelf.clone();
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    for _ in 0..rounds {
        let rows = (1..=listings).map(|n| decided(&mut world, n, 90)).collect();
        world.append(0, rows);
    }
    let number = issue(&mut world, 0, &mut holder, 2);
    let now = world.now;
    let unknown = Statement::of_a_later_version(&mut world.rng, now, &[0]);
    let last = decided(&mut world, 99, 90);
    world.append(0, vec![unknown, last]);
    world.run_for(5 * SECOND_MS);
    let mut held = older;
    let newer = world.peers[1].shelf.clone();
    hold(&mut held, &newer, &world.peers[0].centre.clone(), 1);
    world.set_up(1, false);
    world.peers[1].shelf = held;
    world.set_up(1, true);
    (world, number)
}

#[test]
fn rows_behind_one_that_an_older_version_did_not_know_are_applied_by_the_newer_until_the_next_that_it_does_not() {
    let (mut world, number) = upgraded(71, 5, 1);
    assert!(listing(&world, 1, 0, 1).is_none() && world.peers[1].shelf.certificate(&number).unwrap().is_none());
    world.run_for(2 * SECOND_MS);
    assert!((1..=5).all(|index| listing(&world, 1, 0, index).is_some()));
    assert!(world.peers[1].shelf.certificate(&number).unwrap().is_some());
    assert_eq!(applied(&world), 7, "what a later version says is not interpreted");
    let size = world.size(1, 0);
    let row = decided(&mut world, 9, 90);
    world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    assert_eq!((applied(&world), world.size(1, 0)), (7, size + 1));
    assert!(listing(&world, 1, 0, size).is_some(), "what comes behind it and is known means what it says");
}

#[test]
fn a_long_journal_is_gone_on_with_in_steps_and_a_stop_in_between_loses_nothing() {
    let (mut world, number) = upgraded(72, 200, 4);
    world.run_for(SECOND_MS);
    let middle = applied(&world);
    assert!((257..801).contains(&middle), "{middle}");
    world.set_up(1, false);
    world.set_up(1, true);
    world.run_for(5 * SECOND_MS);
    assert_eq!(applied(&world), 802);
    assert!((1..=800).all(|index| listing(&world, 1, 0, index).is_some()));
    assert!(world.peers[1].shelf.certificate(&number).unwrap().is_some());
}
