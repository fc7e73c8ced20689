//! The switch: takes packets from every host's device and hands them to the device of the host they are for, when the line between the two
//! says so.
//!
//! A thread for each device reads, one delivers. What waits is bounded. What must never be here: what a line does to a packet.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::link::Line;

/// Longest packet that a device hands over.
const PACKET_MAX: usize = 65_536;
/// Bytes that may be under way at once; beyond that packets are lost.
const UNDER_WAY_MAX_BYTES: usize = 64 * 1024 * 1024;
/// How long the deliverer sleeps when nothing is under way.
const IDLE: Duration = Duration::from_secs(1);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Parcel {
    due: Duration,
    serial: u64,
    to: usize,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct State {
    /// From host times hosts plus to host.
    lines: Vec<Line>,
    under_way: BinaryHeap<Reverse<Parcel>>,
    under_way_bytes: usize,
    serial: u64,
    over: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    begun: Instant,
    hosts: usize,
}

impl Shared {
    /// A thread that panicked leaves the state as usable as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, from: usize, packet: &[u8]) {
        let Some(to) = destination(packet).filter(|to| *to < self.hosts && *to != from) else { return };
        let (mut state, now) = (self.lock(), self.begun.elapsed());
        let dues = state.lines[from * self.hosts + to].fate(now, packet.len());
        for due in dues.into_iter().flatten() {
            if state.under_way_bytes + packet.len() > UNDER_WAY_MAX_BYTES {
                state.lines[from * self.hosts + to].carried.lost += 1;
                continue;
            }
            state.under_way_bytes += packet.len();
            state.serial += 1;
            let parcel = Parcel { due, serial: state.serial, to, bytes: packet.to_vec() };
            state.under_way.push(Reverse(parcel));
        }
        self.changed.notify_one();
    }

    /// What is due now; sleeps until something is. Nothing when it is over.
    fn due(&self) -> Option<Vec<Parcel>> {
        let mut state = self.lock();
        loop {
            if state.over {
                return None;
            }
            let now = self.begun.elapsed();
            let mut due = Vec::new();
            while state.under_way.peek().is_some_and(|Reverse(first)| first.due <= now) {
                due.extend(state.under_way.pop().map(|Reverse(first)| first));
            }
            state.under_way_bytes -= due.iter().map(|parcel| parcel.bytes.len()).sum::<usize>();
            if !due.is_empty() {
                return Some(due);
            }
            let wait = state.under_way.peek().map_or(IDLE, |Reverse(first)| first.due - now);
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The host an IPv4 packet is for. Everything else (a kernel that looks for routers) is nobody's.
fn destination(packet: &[u8]) -> Option<usize> {
    let to: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    if packet[0] >> 4 != 4 {
        return None;
    }
    host_of(Ipv4Addr::from(to))
}

/// The address of a host: from the range that is kept for documentation (RFC 5737, TEST-NET-1), so that it can be nobody's.
pub(super) fn address_of(host: usize) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, u8::try_from(host + 1).unwrap())
}

fn host_of(address: Ipv4Addr) -> Option<usize> {
    let [192, 0, 2, last] = address.octets() else { return None };
    usize::from(last).checked_sub(1)
}

/// A switch that runs.
#[derive(Debug)]
pub(super) struct Switch {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Switch {
    /// Between the hosts that have these devices, in order.
    pub(super) fn between(devices: Vec<File>, seed: u64) -> Self {
        let hosts = devices.len();
        let lines = (0..hosts * hosts).map(|line| Line::new(seed, line / hosts, line % hosts)).collect();
        let state = State { lines, under_way: BinaryHeap::new(), under_way_bytes: 0, serial: 0, over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), begun: Instant::now(), hosts });
        let devices = Arc::new(devices);
        let mut threads: Vec<_> = (0..hosts)
            .map(|host| {
                let (shared, devices) = (Arc::clone(&shared), Arc::clone(&devices));
                std::thread::spawn(move || {
                    let mut buffer = vec![0; PACKET_MAX];
                    // Reading fails when the device goes, and its host with it.
                    while let Ok(len) = (&devices[host]).read(&mut buffer) {
                        shared.take(host, &buffer[..len]);
                    }
                })
            })
            .collect();
        let deliverer = Arc::clone(&shared);
        threads.push(std::thread::spawn(move || {
            while let Some(parcels) = deliverer.due() {
                for parcel in parcels {
                    // A host that is going takes nothing any more.
                    let _ = (&devices[parcel.to]).write(&parcel.bytes);
                }
            }
        }));
        Self { shared, threads }
    }

    /// Looks at one line, or changes it.
    pub(super) fn line<T>(&self, from: usize, to: usize, look: impl FnOnce(&mut Line) -> T) -> T {
        let hosts = self.shared.hosts;
        assert!(from < hosts && to < hosts && from != to, "no line from {from} to {to}");
        look(&mut self.shared.lock().lines[from * hosts + to])
    }

    /// Ends it. The devices must be gone: a reader waits for ever on one that is there and silent.
    pub(super) fn end(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
