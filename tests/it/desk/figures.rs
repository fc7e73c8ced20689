//! What the terminal costs. Measured, not tested: the figures are in `docs/FIGURES.md`.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::driver::{Screen, has_tmux};
use crate::cli::Room;
use crate::federation::{Federation, HAIKOU, Over, SANYA, TELLER};

/// How often the desk is started.
const STARTS: usize = 21;
/// How long an idle desk is watched.
const IDLE: Duration = Duration::from_secs(30);

/// From the process being made to the gate being drawn, on a terminal that `script` (util-linux) makes.
fn start(room: &Room) -> Duration {
    let data = room.path("a");
    let line = format!("stty cols 80 rows 24; exec '{}' desk --data '{}'", env!("CARGO_BIN_EXE_anju"), data.display());
    let begin = Instant::now();
    let mut child = Command::new("script")
        .args(["-qfc", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env("LC_ALL", "C.UTF-8")
        .spawn()
        .unwrap();
    let (mut out, mut seen, mut piece) = (child.stdout.take().unwrap(), Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&seen).contains("Esc") {
        let read = out.read(&mut piece).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..read]);
    }
    let took = begin.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}

/// Processor time of a process so far, in clock ticks (a hundredth of a second).
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after = stat.rsplit_once(") ").unwrap().1;
    after.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

#[test]
#[ignore = "measures; the figures are in docs/FIGURES.md"]
fn how_fast_the_desk_opens_and_what_it_takes_while_nobody_types() {
    if !has_tmux() {
        return;
    }
    let room = Room::new();
    room.init("a", "C46010", 7401);
    let mut starts: Vec<Duration> = (0..STARTS).map(|_| start(&room)).collect();
    starts.sort();
    println!("start to first screen: median {:?}, worst {:?} of {STARTS}", starts[STARTS / 2], starts[STARTS - 1]);

    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    let screen = Screen::open(&federation.room, "idle", &format!("desk --data @{HAIKOU}"), (80, 24));
    screen.wait_for("口令");
    let idle = |what: &str| {
        let before = ticks(screen.pid());
        std::thread::sleep(IDLE);
        println!("{what}: {} ticks of 10 ms in {IDLE:?}", ticks(screen.pid()) - before);
    };
    idle("at the gate");
    screen.log_in(TELLER);
    idle("at the work queue");
    screen.keys("6");
    screen.wait_for(SANYA);
    idle("at the federation, asked for anew every 10 s");
    let status = std::fs::read_to_string(format!("/proc/{}/status", screen.pid())).unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default());
}
