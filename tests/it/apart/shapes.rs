//! Every way to part five.

use anju_core::desk::Verdict;
use anju_core::time::DAY_MS;

use super::{ALL, FIVE, Five, HEALED_WITHIN, stale};
use crate::federation::PATIENCE;
use crate::hosts::Hosts;

/// How the five are cut off from each other, and what follows from it.
struct Shape {
    name: &'static str,
    cut: fn(&Hosts),
    /// Who still hears whom in the end, if only by others.
    sides: &'static [&'static [usize]],
    /// Whether two of one side are connected.
    connected: fn(usize, usize) -> bool,
}

/// Every way to split five into groups, but for their names; then those where somebody is between.
const SHAPES: [Shape; 10] = [
    whole("all together", |_| ()),
    split("one alone", &[&[0, 1, 2, 3], &[4]], |hosts| hosts.partition(&[&[0, 1, 2, 3], &[4]])),
    split("three and two", &[&[0, 1, 2], &[3, 4]], |hosts| hosts.partition(&[&[0, 1, 2], &[3, 4]])),
    split("three and two alone", &[&[1, 2, 3], &[0], &[4]], |hosts| hosts.partition(&[&[1, 2, 3]])),
    split("two pairs and one alone", &[&[0, 4], &[1, 3], &[2]], |hosts| hosts.partition(&[&[0, 4], &[1, 3]])),
    split("a pair and three alone", &[&[2, 4], &[0], &[1], &[3]], |hosts| hosts.partition(&[&[2, 4]])),
    split("everybody alone", &[&[0], &[1], &[2], &[3], &[4]], |hosts| hosts.partition(&[])),
    between("a chain", |hosts| hosts.only(&[(0, 1), (1, 2), (2, 3), (3, 4)]), |a, b| a.abs_diff(b) == 1),
    between("a star", |hosts| hosts.only(&[(2, 0), (2, 1), (2, 3), (2, 4)]), |a, b| a == 2 || b == 2),
    // What a connection is made of goes both ways, so it ends although one of the two still hears the other.
    between("deaf on one ear", |hosts| hosts.cut_one_way(0, 1), |a, b| a + b != 1),
];

const fn whole(name: &'static str, cut: fn(&Hosts)) -> Shape {
    between(name, cut, |_, _| true)
}

const fn split(name: &'static str, sides: &'static [&'static [usize]], cut: fn(&Hosts)) -> Shape {
    Shape { name, cut, sides, connected: |_, _| true }
}

const fn between(name: &'static str, cut: fn(&Hosts), connected: fn(usize, usize) -> bool) -> Shape {
    Shape { name, cut, sides: &[&ALL], connected }
}

impl Shape {
    fn side_of(&self, host: usize) -> &'static [usize] {
        self.sides.iter().find(|side| side.contains(&host)).unwrap()
    }

    fn hears(&self, a: usize, b: usize) -> bool {
        self.side_of(a).contains(&b) && (self.connected)(a, b)
    }
}

/// Cuts, lets a day pass, writes on every side, looks at what each side knows and does not know.
fn part(five: &Five, shape: &Shape) {
    (shape.cut)(five.hosts());
    let start = std::time::Instant::now();
    five.until_connected(|a, b| shape.hears(a, b));
    println!("    connections as cut after {:.1?}", start.elapsed());
    let before = ALL.map(|at| five.sizes(at));
    five.hosts().time_passes(DAY_MS);
    let listed = ALL.map(|at| five.list(at, 2));
    for side in shape.sides {
        let took = five.until_equal(side, side, PATIENCE);
        println!("    {side:?} equal after {took:.1?}");
    }
    for at in ALL {
        let side = shape.side_of(at);
        let away: Vec<_> = ALL.iter().filter(|other| !side.contains(other)).collect();
        // Copies of those who are away are as they were.
        let now = five.sizes(at);
        for other in &away {
            let code = FIVE[**other].parse().unwrap();
            assert_eq!(now[&code], before[at][&code], "{}: {} has rows of {code}", shape.name, FIVE[at]);
        }
        let codes: Vec<_> = away.iter().map(|other| FIVE[**other]).collect();
        let status = five.status(at);
        let silent: Vec<_> = status.journals.iter().filter(|journal| journal.stale).map(|journal| journal.centre.as_str()).collect();
        assert_eq!(silent, codes, "{}: what {} calls stale", shape.name, FIVE[at]);
        for other in ALL {
            let verdict = if side.contains(&other) { Verdict::Listed } else { Verdict::Unknown };
            answered(five, shape, at, listed[other], verdict, &codes);
        }
        let verdict = if away.is_empty() { Verdict::NotListed } else { Verdict::Unknown };
        answered(five, shape, at, 0, verdict, &codes);
    }
}

/// Asks about a subject until the answer is this one; until then it may be unknown, and never anything else.
fn answered(five: &Five, shape: &Shape, at: usize, serial: u64, verdict: Verdict, away: &[&str]) {
    five.until(&format!("{}: {} says {verdict:?} of {serial}", shape.name, FIVE[at]), PATIENCE, || {
        let answer = five.look_up(at, serial);
        assert!([Verdict::Unknown, verdict].contains(&answer.verdict), "{}: {} of {serial}: {answer:?}", shape.name, FIVE[at]);
        let fits = answer.verdict == verdict && stale(&answer.centres) == away;
        if fits { Ok(()) } else { Err(answer) }
    });
}

#[test]
fn five_hosts_parted_for_a_day_in_every_shape_know_what_they_do_not_know_and_are_whole_again() {
    let Some(five) = Five::new(14) else { return };
    five.until_whole(PATIENCE);
    for shape in &SHAPES {
        let start = std::time::Instant::now();
        part(&five, shape);
        let parted = start.elapsed();
        five.hosts().heal();
        let took = five.until_whole(HEALED_WITHIN);
        println!("{}: parted for {parted:.1?}, whole again {took:.1?} after healing", shape.name);
        five.until_connected(|_, _| true);
        assert_eq!(five.look_up(0, 0).verdict, Verdict::NotListed, "nobody is stale any more");
    }
    five.end();
}
