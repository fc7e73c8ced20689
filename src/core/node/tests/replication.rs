use rand::RngExt;

use super::counter::{issue, wallet};
use super::world::{Weather, World};
use crate::desk::Act;
use crate::node::Input;
use crate::time::{MINUTE_MS, SECOND_MS};

fn cancel_all(world: &mut World, peer: usize) {
    let own = world.peers[peer].centre.clone();
    let rows = crate::shelf::Shelf::certificates(&world.peers[peer].shelf, &own, None, 100).unwrap();
    for row in rows {
        world.act(peer, &Act::CertificateCancel { number: row.number, reason: "cancelled".to_owned() });
    }
}

#[test]
fn after_loss_delay_doubling_and_partitions_every_journal_is_everywhere() {
    for seed in 1..=12 {
        let mut world = World::new(seed, 5);
        world.weather = Weather::FOUL;
        let mut holder = wallet();
        for round in 0..6 {
            let shape = world.rng.random_range(0..4);
            match shape {
                0 => world.part(&[&[0, 1], &[2, 3, 4]]),
                1 => world.part(&[&[0], &[1, 2], &[3, 4]]),
                2 => world.part(&[]),
                _ => world.heal(),
            }
            for peer in 0..5 {
                if world.rng.random_range(0..2) == 0 {
                    issue(&mut world, peer, &mut holder, (peer + 1) % 5);
                }
            }
            if round == 4 {
                cancel_all(&mut world, 2);
            }
            world.run_for(20 * SECOND_MS);
        }
        world.heal();
        world.weather = Weather::FAIR;
        world.run_for(MINUTE_MS);
        world.assert_converged();
        assert!((0..5).map(|i| world.size(i, i)).sum::<u64>() > 5, "seed {seed}: something was written");
    }
}

#[test]
fn a_peer_that_was_down_from_the_start_gets_everything_from_another_than_the_author() {
    let mut world = World::new(21, 3);
    world.set_up(2, false);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(5 * SECOND_MS);
    world.set_up(0, false);
    world.set_up(2, true);
    world.run_for(30 * SECOND_MS);
    assert_eq!(world.size(2, 0), 1);
    assert_eq!(world.size(1, 0), 1);
}

#[test]
fn a_long_journal_comes_in_several_frames_and_survives_breaks() {
    let mut world = World::new(22, 3);
    world.set_up(2, false);
    for _ in 0..260 {
        let mut holder = wallet();
        issue(&mut world, 0, &mut holder, 1);
        world.run_for(100);
    }
    world.set_up(2, true);
    let mut seen = Vec::new();
    for round in 0..40 {
        world.weather = Weather { loss_percent: 20, double_percent: 10, delay_ms: (200, 800) };
        world.run_for(2 * SECOND_MS);
        seen.push(world.size(2, 0));
        world.set_up(2, round % 5 != 4);
    }
    world.set_up(2, true);
    world.weather = Weather::FAIR;
    world.run_for(MINUTE_MS);
    world.assert_converged();
    seen.dedup();
    assert!(seen.len() >= 2, "it came in pieces: {seen:?}");
    assert!(seen.windows(2).all(|w| w[0] < w[1]), "what was stored was never lost: {seen:?}");
}

#[test]
fn a_second_run_with_the_same_seed_does_the_same() {
    let run = || {
        let mut world = World::new(23, 4);
        world.weather = Weather::FOUL;
        let mut holder = wallet();
        issue(&mut world, 1, &mut holder, 2);
        world.run_for(MINUTE_MS);
        (0..4).flat_map(|at| (0..4).map(move |of| (at, of))).map(|(at, of)| world.size(at, of)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn rows_of_an_author_who_is_not_connected_are_fetched_from_whoever_is_as_soon_as_gossip_tells_of_them() {
    let mut world = World::new(24, 3);
    // A chain: the first and the last do not hear each other.
    world.part(&[&[0, 1], &[1, 2]]);
    let mut holder = wallet();
    for _ in 0..2 {
        issue(&mut world, 0, &mut holder, 1);
    }
    // Rounds come every five seconds, from the first tick on: the next one is not due while this test waits.
    world.run_for(6 * SECOND_MS);
    let known = (world.size(0, 0), world.size(1, 0));
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS / 2);
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS / 2);
    let told = world.peers[0].sent_announcements.last().unwrap().clone();
    let author = world.station(0);
    world.feed(2, Input::Announcement { from: author, source: 0, bytes: told });
    assert!(world.size(2, 0) < world.size(0, 0), "what was announced does not follow what is held: {known:?}");
    world.run_for(2 * SECOND_MS);
    assert_eq!(world.size(2, 0), world.size(0, 0));
}
