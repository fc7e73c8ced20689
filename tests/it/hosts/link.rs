//! One line of the switch: what becomes of a packet on its way from one host to another, decided by the line's own seeded chance.
//!
//! Pure: the time is an argument. What must never be here: a device, a thread.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Longest time a packet waits for its turn on a slow line; whoever comes later is lost, as in a router whose queue is full.
const QUEUE_MAX: Duration = Duration::from_secs(1);
/// Chances are out of so many.
const PERMILLE: u32 = 1000;

/// How a line is, in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Link {
    /// How long every packet takes.
    pub(crate) delay: Duration,
    /// How much longer it may take; each draws its own, so packets overtake each other.
    pub(crate) jitter: Duration,
    /// How many of a thousand packets are lost.
    pub(crate) loss_permille: u32,
    /// How many of a thousand arrive twice, each at its own time.
    pub(crate) doubled_permille: u32,
    /// How many bytes fit through in a second; as many as come when absent.
    pub(crate) bytes_per_s: Option<u64>,
}

/// What a line has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Carried {
    /// Packets that were passed on, doubles not counted.
    pub(crate) packets: u64,
    /// Their bytes, IP headers included.
    pub(crate) bytes: u64,
    /// Packets that found the line cut.
    pub(crate) cut: u64,
    /// Packets lost by chance, or because the queue was full.
    pub(crate) lost: u64,
    /// Packets that arrived twice.
    pub(crate) doubled: u64,
    /// Packets due earlier than one that was sent before them.
    pub(crate) overtook: u64,
}

impl std::ops::AddAssign for Carried {
    fn add_assign(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.cut += other.cut;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.overtook += other.overtook;
    }
}

/// A line with its chance and its account.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) link: Link,
    pub(super) cut: bool,
    pub(super) carried: Carried,
    chance: StdRng,
    free_at: Duration,
    latest_due: Duration,
}

impl Line {
    /// The line from one host to another. Each has a chance of its own, so that what one line carries does not change another's.
    pub(super) fn new(seed: u64, from: usize, to: usize) -> Self {
        let of_its_own = seed ^ ((from as u64 + 1) << 48) ^ ((to as u64 + 1) << 32);
        let chance = StdRng::seed_from_u64(of_its_own);
        let (link, carried) = (Link::default(), Carried::default());
        Self { link, cut: false, carried, chance, free_at: Duration::ZERO, latest_due: Duration::ZERO }
    }

    /// When a packet that comes at `now` arrives, and when its double does. Four draws a packet whatever becomes of it: the fate of the
    /// hundredth packet does not depend on what happened to the first.
    pub(super) fn fate(&mut self, now: Duration, bytes: usize) -> [Option<Duration>; 2] {
        let [loss, double] = [0; 2].map(|_: u32| self.chance.random_range(0..PERMILLE));
        let late = [0; 2].map(|_: u32| self.link.jitter.mul_f64(self.chance.random_range(0.0..1.0)));
        if self.cut {
            self.carried.cut += 1;
            return [None; 2];
        }
        let turn = self.free_at.max(now);
        if loss < self.link.loss_permille || turn - now > QUEUE_MAX {
            self.carried.lost += 1;
            return [None; 2];
        }
        let through = self.link.bytes_per_s.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(bytes as f64 / rate as f64));
        self.free_at = turn + through;
        let due = self.free_at + self.link.delay + late[0];
        self.carried.packets += 1;
        self.carried.bytes += bytes as u64;
        self.carried.overtook += u64::from(due < self.latest_due);
        self.latest_due = self.latest_due.max(due);
        let doubled = double < self.link.doubled_permille;
        self.carried.doubled += u64::from(doubled);
        [Some(due), doubled.then(|| self.free_at + self.link.delay + late[1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const BAD: Link = Link {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(30),
        loss_permille: 100,
        doubled_permille: 100,
        bytes_per_s: None,
    };

    fn fates(seed: u64, link: Link) -> Vec<[Option<Duration>; 2]> {
        let mut line = Line::new(seed, 0, 1);
        line.link = link;
        (0..1000).map(|n| line.fate(MS * n, 100)).collect()
    }

    #[test]
    fn the_same_seed_gives_every_packet_the_same_fate_and_another_seed_does_not() {
        assert_eq!(fates(7, BAD), fates(7, BAD));
        assert_ne!(fates(7, BAD), fates(8, BAD));
    }

    #[test]
    fn a_bad_line_loses_doubles_and_disorders_as_much_as_it_was_told() {
        let mut line = Line::new(1, 0, 1);
        line.link = BAD;
        let all: Vec<_> = (0..10_000).map(|n| line.fate(MS * n, 100)).collect();
        let Carried { packets, bytes, cut, lost, doubled, overtook } = line.carried;
        assert_eq!((packets + lost, bytes, cut), (10_000, packets * 100, 0));
        assert!((800..1200).contains(&lost) && (700..1100).contains(&doubled) && overtook > 1000, "{:?}", line.carried);
        assert!(all.iter().zip(0..).all(|([due, _], n)| due.is_none_or(|due| (20 * MS..=50 * MS).contains(&(due - MS * n)))));
    }

    #[test]
    fn a_cut_line_carries_nothing_and_a_slow_one_no_more_than_its_rate() {
        let mut line = Line::new(1, 0, 1);
        line.cut = true;
        assert_eq!((line.fate(MS, 100), line.carried.cut), ([None; 2], 1));
        line.cut = false;
        line.link.bytes_per_s = Some(10_000);
        let dues: Vec<_> = (0..500).filter_map(|_| line.fate(MS, 100)[0]).collect();
        assert_eq!(dues.len(), 101, "a second of waiting, and no longer");
        assert_eq!(dues[100], 1011 * MS);
        assert_eq!(line.carried.lost, 399);
    }
}
