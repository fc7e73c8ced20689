//! A slow line holds up nobody, and nobody holds it up.

use super::Large;
use crate::node::replicate::MAX_PULLS;
use crate::time::{MINUTE_MS, SECOND_MS};

/// What goes through a slow line in a second, in bytes.
const SLOW: u64 = 16 * 1024;

#[test]
fn what_only_a_slow_station_holds_does_not_keep_the_rest_from_coming_and_comes_too() {
    // Of these only the first three are up. What the slow one holds alone comes first by name, and is more than there are places.
    let slow_journals = 3..3 + MAX_PULLS + 4;
    let quick_journals = slow_journals.end..slow_journals.end + 6;
    let mut world = Large::new(951, quick_journals.end);
    let (reader, slow, quick) = (0, 1, 2);
    world.peers[slow].line = Some(SLOW);
    (3..quick_journals.end).for_each(|peer| world.peers[peer].up = false);
    slow_journals.clone().for_each(|of| world.put(of, 20, 2_000, &[slow]));
    quick_journals.clone().for_each(|of| world.put(of, 300, 6_000, &[quick]));
    world.peers[quick].line = Some(64 * SLOW);
    world.start();
    let here = |world: &Large, of: std::ops::Range<usize>, rows: u64| of.filter(|of| world.state(reader, *of).size == rows).count();
    world.run_for(MINUTE_MS);
    assert_eq!(here(&world, quick_journals.clone(), 300), quick_journals.len(), "11 MB over a line of a megabyte a second");
    let some = here(&world, slow_journals.clone(), 20);
    assert!(some > 0, "the slow one has its turn meanwhile");
    world.run_for(3 * MINUTE_MS);
    assert_eq!(here(&world, slow_journals.clone(), 20), slow_journals.len(), "two readers of 800 KB over a line of 16 KB a second");
}

#[test]
fn whoever_is_on_a_slow_line_gets_everything_while_the_others_write_on_and_costs_them_nothing() {
    let size = 6;
    let mut world = Large::new(952, size);
    let slow = 0;
    world.peers[slow].line = Some(SLOW);
    world.start();
    world.run_for(10 * SECOND_MS);
    let mut worst = (0, 0);
    for second in 0..120 {
        // Five kilobytes a second for the slow line, in rows of others.
        (1..size).for_each(|peer| world.write(peer, 1, 500));
        world.run_for(SECOND_MS);
        let lag = |at: usize| (1..size).map(|of| world.state(of, of).size - world.state(at, of).size).max().unwrap();
        if second > 5 {
            worst = (worst.0.max(lag(slow)), (1..size).map(lag).max().unwrap().max(worst.1));
        }
    }
    assert!(worst.1 <= 2, "the others wait for nobody: {worst:?}");
    assert!(worst.0 <= 60, "and the slow one follows: {worst:?}");
    world.run_for(30 * SECOND_MS);
    assert_eq!((0..size).map(|at| world.behind(at)).sum::<usize>(), 0);
}
