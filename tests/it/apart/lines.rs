//! Lines that lose, double, disorder and tarry; a host whose clock is wrong.

use anju_core::desk::Verdict;
use anju_core::time::{MINUTE_MS, SECOND_MS};

use super::{ALL, FIVE, Five, HEALED_WITHIN, list};
use crate::federation::PATIENCE;
use crate::hosts::Link;
use std::time::Duration;

/// A bad day between provinces: packets take 40 to 100 ms and overtake each other, one of twenty is lost, one of twenty comes twice.
const BAD: Link = Link {
    delay: Duration::from_millis(40),
    jitter: Duration::from_millis(60),
    loss_permille: 50,
    doubled_permille: 50,
    bytes_per_s: None,
};
/// A line of half a megabit: the longest frame takes longer than a question may.
const SLOW: Link = Link {
    delay: Duration::from_millis(40),
    jitter: Duration::from_millis(5),
    loss_permille: 10,
    doubled_permille: 10,
    bytes_per_s: Some(64 * 1024),
};
/// Who has such lines, and the others.
const SLOW_HOST: usize = 4;
const OTHERS: [usize; 4] = [0, 1, 2, 3];
/// Rows that each centre writes while the lines are bad.
const ROWS: u64 = 200;
/// Rows that the first writes while the slow host hears nobody: more than fit one frame.
const ROWS_BEHIND: u64 = 1_500;
/// More memory than this, in KiB, no peer takes for it: debug builds, and what Argon2id and the store keep included.
const PEAK_KIB_MAX: u64 = 400 * 1024;

#[test]
fn five_hosts_between_which_packets_are_lost_doubled_late_and_out_of_order_come_to_equal_copies_in_bounded_memory() {
    let Some(five) = Five::new(15) else { return };
    five.hosts().every_link(BAD);
    for other in OTHERS {
        five.hosts().link(SLOW_HOST, other, SLOW);
        five.hosts().link(other, SLOW_HOST, SLOW);
    }
    let firsts = ALL.map(|_| five.serial.replace(five.serial.get() + ROWS));
    std::thread::scope(|scope| {
        for (at, first) in ALL.into_iter().zip(firsts) {
            let federation = &five.federation;
            scope.spawn(move || list(federation, at, first, ROWS));
        }
    });
    let took = five.until_whole(PATIENCE);
    println!("{} rows by five over bad lines are everywhere {took:.1?} after the last was written", ROWS * 5);
    for (at, first) in ALL.into_iter().zip(firsts) {
        assert_eq!(five.look_up((at + 1) % FIVE.len(), first).verdict, Verdict::Listed);
    }

    OTHERS.iter().for_each(|other| five.hosts().cut(SLOW_HOST, *other));
    five.until_connected(|a, b| a != SLOW_HOST && b != SLOW_HOST);
    let behind = five.list(0, ROWS_BEHIND);
    five.hosts().heal();
    let took = five.until_whole(PATIENCE * 2);
    println!("{ROWS_BEHIND} rows are at the slow host {took:.1?} after it is heard again");
    assert_eq!(five.look_up(SLOW_HOST, behind + ROWS_BEHIND - 1).verdict, Verdict::Listed);

    let carried = five.hosts().carried_by_all();
    assert!(carried.lost > 100 && carried.doubled > 100 && carried.overtook > 100, "{carried:?}");
    for code in FIVE {
        let peak = five.federation.peak_kib(code);
        println!("{code} took {} MiB", peak / 1024);
        assert!(peak < PEAK_KIB_MAX, "{code} took {peak} KiB");
    }
    five.end();
}

#[test]
fn a_host_whose_clock_is_ten_minutes_ahead_and_then_jumps_back_is_warned_about_and_copied_like_any_other() {
    let Some(mut five) = Five::new(13) else { return };
    let wrong = 4;
    let warned = |five: &Five, at: usize, code: &str| five.status(at).warnings.iter().any(|warning| warning == code);
    let until_warned = |five: &Five, at: usize, code: &str| {
        five.until(&format!("{} warned of {code}", FIVE[at]), PATIENCE, || {
            warned(five, at, code).then_some(()).ok_or_else(|| five.status(at).warnings)
        });
    };
    five.federation.hosts_mut().skew(wrong, 10 * MINUTE_MS);
    let listed = ALL.map(|at| five.list(at, 1));
    for at in ALL {
        until_warned(&five, at, if at == wrong { "clock-differs-from-most" } else { "clock-of-another-centre-differs" });
    }
    five.until_whole(HEALED_WITHIN);
    // Nobody's heartbeat is called old because of it: ten minutes are less than what a centre may be silent.
    assert!(ALL.iter().all(|at| five.status(*at).journals.iter().all(|journal| !journal.stale)));
    five.federation.hosts_mut().skew(wrong, -30 * SECOND_MS);
    until_warned(&five, wrong, "clock-jumped-back");
    let later = ALL.map(|at| five.list(at, 1));
    five.until_whole(HEALED_WITHIN);
    for serial in listed.into_iter().chain(later) {
        assert_eq!(five.look_up(0, serial).verdict, Verdict::Listed, "in the order of their rows, whatever the clock said");
    }
    five.end();
}
