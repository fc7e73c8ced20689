//! What a peer says in an hour, idle and under load, as federations grow: the figures of `docs/PERFORMANCE.md`.

use super::Large;
use crate::node::replicate::MAX_PUSHED;
use crate::node::{STALE_AFTER_MS, Settings};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// What is measured is this long, and shown for an hour: everybody's heartbeat once or twice.
const MEASURED_MS: i64 = 10 * MINUTE_MS;
const MEASURED_LARGE_MS: i64 = 5 * MINUTE_MS;
/// Under load every centre writes so often. The design's ten years of 10⁸ statements are three an hour for each of 400 centres.
const WRITES_EVERY_MS: i64 = 5 * MINUTE_MS;
/// A row of a listing is about this long.
const BODY_BYTES: usize = 400;

/// Messages and bytes that a peer sends in an hour, and of these bytes those of heads.
#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "the figures of docs/PERFORMANCE.md")]
fn measured(world: &mut Large, name: &str, writes: bool, ms: i64) -> (u64, u64, u64) {
    world.sent.clear();
    let size = world.peers.len();
    // Written one after the other and not all at once.
    for step in 0..ms / SECOND_MS {
        let now = |peer: usize| peer as i64 * WRITES_EVERY_MS / size as i64 / SECOND_MS == step % (WRITES_EVERY_MS / SECOND_MS);
        (0..size).filter(|peer| writes && now(*peer)).for_each(|peer| world.write(peer, 1, BODY_BYTES));
        world.run_for(SECOND_MS);
    }
    let hourly = |count: u64| count * (HOUR_MS / ms) as u64 / size as u64;
    let (mut all, mut heads) = ((0, 0), 0);
    for (kind, sum) in &world.sent {
        all = (all.0 + hourly(sum.messages), all.1 + hourly(sum.bytes));
        heads += if kind.starts_with("heads") { hourly(sum.bytes) } else { 0 };
    }
    println!("{size} centres, {name}: {} messages and {} bytes a peer and hour, {heads} of heads; {:?}", all.0, all.1, world.sent);
    (all.0, all.1, heads)
}

fn settled(seed: u64, size: usize) -> Large {
    let mut world = Large::new(seed, size);
    world.start();
    // Long enough for everybody's first signed times to have gone round.
    world.run_for(7 * MINUTE_MS);
    world
}

#[test]
fn what_a_peer_says_grows_with_the_number_of_centres_and_no_faster() {
    let mut last = None;
    for (seed, size) in [(971, 10), (972, 50), (973, 100)] {
        let mut world = settled(seed, size);
        let idle = measured(&mut world, "idle", false, MEASURED_MS);
        assert!(world.oldest_ms() < STALE_AFTER_MS, "nobody looks silent");
        let load = measured(&mut world, "under load", true, MEASURED_MS);
        // A round and its answer twice an interval, and a push and its answer for each heartbeat and station that is told directly.
        let settings = Settings::default();
        let told = (size - 1).min(MAX_PUSHED) as i64;
        let most = 2 * (HOUR_MS / settings.anti_entropy_ms) + 2 * (HOUR_MS / settings.heartbeat_ms) * told;
        assert!(idle.0 <= most as u64 * 11 / 10, "{idle:?} {most}");
        if let Some((fewer, idle_then, load_then)) = last.replace((size, idle, load)) {
            // Beyond so many, an author tells no more stations directly, and rows are gossiped.
            let loads = (fewer > MAX_PUSHED).then_some((load, load_then));
            for (now, then) in loads.into_iter().chain([(idle, idle_then)]) {
                // A tenth for what is measured in ten minutes and not in an hour.
                assert!(now.1 * fewer as u64 * 10 <= then.1 * size as u64 * 11, "{then:?} at {fewer}, {now:?} at {size}");
            }
        }
    }
}

#[test]
fn four_hundred_idle_centres_hear_of_each_other_in_time_and_say_little() {
    let size = super::rounds::centres();
    let mut world = settled(974, size);
    let (messages, bytes, _) = measured(&mut world, "idle", false, MEASURED_LARGE_MS);
    assert!(world.oldest_ms() < STALE_AFTER_MS, "{} s", world.oldest_ms() / SECOND_MS);
    // Each of a journal's twelve signed times an hour comes once, as a note of 350 bytes at most, and each of 120 rounds names every
    // journal in 20 bytes; a push is 500 bytes, its answer and the rest of a message less than 100.
    let most = (size * (12 * 350 + 120 * 20) + 12 * MAX_PUSHED * 600 + 120 * 1024) as u64;
    assert!(bytes <= most, "{bytes} of {most}");
    assert!(messages <= 1_100, "{messages}");
    // Each of twelve rows an hour of every centre is gossiped, and pushed to some, in a frame of a kilobyte.
    let (_, loaded, _) = measured(&mut world, "under load", true, MEASURED_LARGE_MS);
    assert!(loaded <= most + (12 * 1024 * (size + MAX_PUSHED)) as u64, "{loaded}");
}
