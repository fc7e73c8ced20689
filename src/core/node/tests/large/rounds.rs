//! Anti-entropy alone delivers: gossip and what authors push are lost.

use super::Large;
use crate::journal::frame::MAX_FRAME_BYTES;
use crate::node::Settings;
use crate::node::replicate::{MAX_HEADS_ASKED, MAX_HEADS_BYTES, MAX_PULLS, MAX_PUSHED};
use crate::shelf::Shelf;
use crate::time::MINUTE_MS;

/// Rounds of anti-entropy within which 400 centres have what few of them wrote. Whoever asks at random somebody who knows: in nine
/// rounds that is half of them, and four more leave nobody; and then some, for a round begins when a peer's last one was.
const ROUNDS_MAX: i64 = 18;

/// How many centres the largest federation of these tests has: 400, or as many as `ANJU_CENTRES` says.
pub(super) fn centres() -> usize {
    std::env::var("ANJU_CENTRES").ok().and_then(|said| said.parse().ok()).unwrap_or(400)
}

#[test]
#[allow(clippy::print_stdout, clippy::disallowed_macros, reason = "the figures of docs/PERFORMANCE.md")]
fn four_hundred_centres_converge_by_anti_entropy_alone_within_some_rounds_and_some_memory() {
    let size = centres();
    let mut world = Large::new(961, size);
    world.only_anti_entropy = true;
    world.start();
    world.run_for(MINUTE_MS);
    // One in twenty has a few rows to tell, and one of them more than fit a frame.
    for writer in (0..size).step_by(20) {
        let (rows, body) = if writer == 0 { (400, 8_000) } else { (1 + writer % 7, 300) };
        world.write(writer, rows, body);
    }
    world.longest = 0;
    world.most_asked = 0;
    let mut left = Vec::new();
    while left.last() != Some(&0) && (left.len() as i64) < ROUNDS_MAX {
        world.run_for(Settings::default().anti_entropy_ms);
        left.push((0..size).map(|at| world.behind(at)).sum::<usize>());
    }
    println!("{size} centres: journals that are behind somewhere, round by round: {left:?}");
    println!("longest message {} bytes, at most {} questions of one peer under way", world.longest, world.most_asked);
    assert_eq!(left.last(), Some(&0), "within {ROUNDS_MAX} rounds");
    for at in 0..size {
        for of in (0..size).step_by(20) {
            assert_eq!(world.state(at, of).peaks, world.state(of, of).peaks);
        }
        assert!(world.peers[at].shelf.faults().unwrap().is_empty());
    }
    assert!(world.longest <= MAX_FRAME_BYTES.max(MAX_HEADS_BYTES) + 64 * 1024, "{}", world.longest);
    assert!(world.most_asked <= MAX_HEADS_ASKED + MAX_PULLS + MAX_PUSHED, "{}", world.most_asked);
}
