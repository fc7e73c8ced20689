//! What peers say to each other while nothing happens, and what one row costs: messages and bytes, by kind.
//!
//! What is measured is held against a formula of named constants. Larger federations are measured in `large`.

use std::collections::BTreeMap;

use super::world::World;
use crate::charter::MAX_WITNESSES;
use crate::journal::{Kind, Statement};
use crate::node::Settings;
use crate::node::witness::ASK_COSIGNED_EVERY_MS;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// Messages and bytes of one kind.
type Tally = BTreeMap<&'static str, (u64, u64)>;

fn world(seed: u64, size: usize) -> World {
    let mut world = World::new(seed, size);
    for peer in &mut world.peers {
        let Settings { anti_entropy_ms, heartbeat_ms, .. } = Settings::default();
        (peer.node.settings.anti_entropy_ms, peer.node.settings.heartbeat_ms) = (anti_entropy_ms, heartbeat_ms);
    }
    (0..size).for_each(|peer| write(&mut world, peer));
    // Until every cosignature is everywhere.
    world.run_for(20 * MINUTE_MS);
    world
}

fn write(world: &mut World, peer: usize) {
    let now = world.now;
    let entry = Statement::build(&mut world.rng, Kind::AuditRecorded, now, None, &[7; 32]).unwrap();
    world.append(peer, vec![entry]);
}

fn within(world: &mut World, ms: i64) -> Tally {
    world.traffic = Some(BTreeMap::new());
    world.run_for(ms);
    world.traffic.take().unwrap()
}

fn count(tally: &Tally, kind: &str) -> u64 {
    tally.get(kind).map_or(0, |(count, _)| *count)
}

/// Bytes of one message of a kind.
fn each(tally: &Tally, kind: &str) -> u64 {
    tally.get(kind).map_or(0, |(count, bytes)| bytes / count)
}

/// Messages that a peer of a federation of `size` sends in an idle hour, and their bytes; the sizes of single messages as measured.
fn idle(size: u64, tally: &Tally) -> (u64, u64) {
    let settings = Settings::default();
    let rounds = u64::try_from(HOUR_MS / settings.anti_entropy_ms).unwrap();
    let heartbeats = u64::try_from(HOUR_MS / settings.heartbeat_ms).unwrap();
    // Every peer asks for heads and is asked as often; every push is answered.
    let messages = 2 * rounds + 2 * heartbeats * (size - 1);
    let heads = each(tally, "heads") + each(tally, "heads answer");
    let bytes = rounds * heads + heartbeats * (size - 1) * (each(tally, "push") + each(tally, "held"));
    (messages, bytes)
}

#[test]
#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "the figures of docs/PERFORMANCE.md")]
fn an_idle_federation_costs_what_its_constants_say_and_nothing_for_witnesses_and_vectors() {
    for (seed, size) in [(981, 4), (982, 10)] {
        let mut world = world(seed, size);
        let tally = within(&mut world, HOUR_MS);
        assert_eq!(tally.keys().copied().collect::<Vec<_>>(), ["heads", "heads answer", "held", "push"], "and nothing else");
        let of = size as u64;
        let (messages, bytes) = tally.values().fold((0, 0), |sum, (count, bytes)| (sum.0 + count, sum.1 + bytes));
        let (said, measured) = (idle(of, &tally), (messages / of, bytes / of));
        println!("{size} centres, measured: {} messages and {} bytes a peer and hour; {tally:?}", measured.0, measured.1);
        // A heartbeat that falls on the edge of the hour.
        assert!(said.0.abs_diff(measured.0) <= said.0 / 20 && said.1.abs_diff(measured.1) <= said.1 / 20, "{said:?} {measured:?}");
        // Who agrees names no head: a line of 20 bytes for each journal is asked, and next to nothing is answered.
        assert!(each(&tally, "heads") <= 100 + 20 * of && each(&tally, "heads answer") <= 200, "{tally:?}");
    }
}

#[test]
#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "the figures of docs/PERFORMANCE.md")]
fn a_row_is_pushed_to_everybody_and_its_cosignatures_are_asked_for_a_few_times() {
    for (seed, size) in [(983, 4), (984, 10)] {
        let mut world = world(seed, size);
        write(&mut world, 0);
        let tally = within(&mut world, 2 * MINUTE_MS);
        let of = size as u64;
        let (asked, told) = (count(&tally, "cosigned"), count(&tally, "cosigned answer"));
        println!(
            "{size} centres: one row, {asked} questions for cosignatures of {} bytes, answers of {} bytes",
            each(&tally, "cosigned"),
            each(&tally, "cosigned answer")
        );
        assert_eq!(asked, told);
        assert!(asked <= of * 8, "{asked} questions");
        // A peer that asked at the most it may would have asked this often.
        assert!(asked < of * u64::try_from(2 * MINUTE_MS / ASK_COSIGNED_EVERY_MS).unwrap());
        let witnesses = (size - 1).min(MAX_WITNESSES);
        assert_eq!(count(&within(&mut world, 30 * MINUTE_MS), "cosigned"), 0, "all {witnesses} are everywhere within two minutes");
    }
}

#[test]
fn a_heartbeat_comes_at_least_every_ten_minutes() {
    assert!(Settings::default().heartbeat_ms <= 10 * MINUTE_MS);
    let mut world = world(985, 3);
    for _ in 0..12 {
        world.run_for(10 * MINUTE_MS);
        for of in 0..3 {
            let head = crate::shelf::Shelf::journal(&world.peers[(of + 1) % 3].shelf, &world.peers[of].centre).unwrap().head.unwrap();
            assert!(world.now.since(head.heartbeat) <= 10 * MINUTE_MS + SECOND_MS);
        }
    }
}
