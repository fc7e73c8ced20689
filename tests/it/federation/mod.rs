//! A federation of real peers in one test's folder: founded, started, stopped and killed by the test, asked through the program itself
//! or through its desk.
//!
//! Peers run on this machine's loopback, or each on a host of its own. A centre's data folder has its code as its name. Peers log into `CODE.log` beside it, and the tail of that is shown when a wait ends
//! in vain. What must never be here: what a test asserts.

mod counter;
mod people;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anju::desk::client::{self, ClientError};
use anju_core::desk::{Event, Request};
use serde_json::Value;

pub(crate) use counter::{Granting, Holders, account, now, request};
pub(crate) use people::{AUDITOR, Hand, REVIEWER, TELLER};

use crate::cli::Room;
use crate::hosts::{Clock, Hosts};

/// Issues.
pub(crate) const HAIKOU: &str = "C46010";
/// Lends.
pub(crate) const SANYA: &str = "C46020";
/// Looks on.
pub(crate) const CHONGQING: &str = "C50010";
/// How long peers on loopback may take to find each other and copy some rows, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How long a peer may take to stop after SIGTERM.
pub(crate) const STOP_TIME: Duration = Duration::from_secs(5);
/// Where a peer listens on a host of its own.
const HOST_PORT: u16 = 7400;
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Over what peers talk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over {
    Quic,
    Tcp,
}

impl Over {
    pub(crate) fn address(self) -> String {
        let port = free_port();
        match self {
            Self::Quic => format!("/ip4/127.0.0.1/udp/{port}/quic-v1"),
            Self::Tcp => format!("/ip4/127.0.0.1/tcp/{port}"),
        }
    }
}

/// Centres that adopted one charter, and those of their peers that run.
pub(crate) struct Federation {
    pub(crate) room: Room,
    peers: BTreeMap<&'static str, Child>,
    apart: Option<Apart>,
}

/// Hosts, and which centre lives on which: their order is the same.
struct Apart {
    hosts: Hosts,
    centres: Vec<&'static str>,
}

impl Apart {
    fn host_of(&self, code: &str) -> usize {
        self.centres.iter().position(|centre| *centre == code).unwrap()
    }
}

/// How a peer ended after SIGTERM.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) code: Option<i32>,
    pub(crate) took: Duration,
}

impl Federation {
    /// Nothing but a folder.
    pub(crate) fn empty() -> Self {
        Self { room: Room::new(), peers: BTreeMap::new(), apart: None }
    }

    /// A federation of these centres, each with a copy of its sample exports in `exports-CODE`. No peer runs.
    pub(crate) fn of(centres: &[&'static str], over: Over) -> Self {
        let federation = Self::empty();
        for code in centres {
            federation.init(code, code, &over.address());
        }
        federation.found("charter.json", centres, centres);
        federation
    }

    /// A federation whose peers all run and are connected to each other.
    pub(crate) fn running(centres: &[&'static str], over: Over) -> Self {
        let mut federation = Self::of(centres, over);
        federation.start_all(centres);
        federation
    }

    /// The same on hosts, one for each centre. Programs that the test runs go by the hosts' right time.
    pub(crate) fn running_on(hosts: Hosts, centres: &[&'static str]) -> Self {
        assert_eq!(hosts.len(), centres.len());
        let room = Room::with(&hosts.clock().environment());
        let mut federation = Self { room, peers: BTreeMap::new(), apart: Some(Apart { hosts, centres: centres.to_vec() }) };
        for (host, code) in centres.iter().enumerate() {
            let address = federation.hosts().address(host);
            federation.init(code, code, &format!("/ip4/{address}/udp/{HOST_PORT}/quic-v1"));
        }
        federation.found("charter.json", centres, centres);
        federation.start_all(centres);
        federation
    }

    /// The hosts it lives on.
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.apart.as_ref().unwrap().hosts
    }

    pub(crate) fn hosts_mut(&mut self) -> &mut Hosts {
        &mut self.apart.as_mut().unwrap().hosts
    }

    /// The clock of a centre's host, when it has one.
    fn clock_of(&self, code: &str) -> Option<Clock> {
        self.apart.as_ref().map(|apart| apart.hosts.clock_of(apart.host_of(code)).clone())
    }

    fn start_all(&mut self, centres: &[&'static str]) {
        for code in centres {
            self.start(code);
        }
        for code in centres {
            self.wait(code, "connected to every other", |status| connected(status) == centres.len() - 1);
        }
    }

    /// Initialises a data folder for a centre.
    pub(crate) fn init(&self, folder: &str, centre: &str, address: &str) {
        let name = format!("中心{centre}");
        let mut line = format!("init --data @{folder} --centre {centre} --name {name} --listen {address} --passphrase-file @pass");
        if samples(centre).join("accounts.csv").exists() {
            let exports = format!("exports-{folder}");
            copy_exports(centre, &self.room.path(&exports));
            line.push_str(&format!(" --source @{exports}"));
        }
        self.room.done(&line);
    }

    /// Founds a charter of the centres in `folders`, has it signed by all of them, and adopted by those in `adopting`.
    pub(crate) fn found(&self, charter: &str, folders: &[&str], adopting: &[&str]) {
        let cards: String = folders.iter().map(|folder| format!(" --card @{folder}/card.json")).collect();
        self.room.done(&format!("federation found --name test --out @{charter}{cards}"));
        for (step, who) in [("sign", folders), ("adopt", adopting)] {
            for folder in who {
                self.room.done(&format!("federation {step} --data @{folder} --charter @{charter} --passphrase-file @pass"));
            }
        }
    }

    /// Starts a peer and waits until it is ready; where it listens.
    pub(crate) fn start(&mut self, code: &'static str) -> Vec<String> {
        let log = File::options().create(true).append(true).open(self.log(code)).unwrap();
        let serve = format!("serve --data @{code} --passphrase-file @pass --json");
        let mut command = self.room.command(&serve);
        if let Some(apart) = &self.apart {
            command = apart.hosts.command(apart.host_of(code), &command);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let before = self.peers.insert(code, child);
        assert!(before.is_none(), "{code} runs already");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{code}: {e}: {line}{:?}", self.log_tail(code)));
        let listening = ready["listening"].as_array().unwrap_or_else(|| panic!("{code}: {ready}"));
        listening.iter().map(|address| address.as_str().unwrap().to_owned()).collect()
    }

    /// A peer that somebody else started is looked after here from now on.
    pub(crate) fn adopt(&mut self, code: &'static str, child: Child) {
        assert!(self.peers.insert(code, child).is_none(), "{code} runs already");
    }

    /// SIGTERM, and how the peer ended. Panics when it does not end within three times [`STOP_TIME`].
    pub(crate) fn stop(&mut self, code: &'static str) -> Stopped {
        let start = Instant::now();
        let mut child = self.peers.remove(code).unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        while start.elapsed() < STOP_TIME * 3 {
            if let Some(status) = child.try_wait().unwrap() {
                return Stopped { code: status.code(), took: start.elapsed() };
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.peers.insert(code, child);
        panic!("{code} does not stop: {:?}", self.log_tail(code));
    }

    /// Stops every peer that runs; each must end by itself and without an error.
    pub(crate) fn stop_all(&mut self) {
        for code in self.peers.keys().copied().collect::<Vec<_>>() {
            assert_eq!(self.stop(code).code, Some(0), "{code}");
        }
    }

    /// SIGKILL: without a word of warning.
    pub(crate) fn kill(&mut self, code: &'static str) {
        let mut child = self.peers.remove(code).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The most memory that a running peer has had, in KiB.
    pub(crate) fn peak_kib(&self, code: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.peers[code].id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What `anju status` says of a running peer.
    pub(crate) fn status(&self, code: &str) -> Value {
        self.room.json(&format!("status --data @{code}"), 0)["status"].clone()
    }

    /// Waits until a condition holds of a running peer's status, and returns that status.
    pub(crate) fn wait(&self, code: &str, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let status = self.status(code);
            if condition(&status) {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "{code} is not {what}: {status}\n{:?}", self.log_tail(code));
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until `code` holds and has applied at least so many rows of the journal of `of`.
    pub(crate) fn wait_for_rows(&self, code: &str, of: &str, rows: u64) -> Value {
        self.wait(code, &format!("in possession of {rows} rows of {of}"), |status| applied(status, of) >= rows)
    }

    /// Asks a peer's desk.
    pub(crate) fn ask(&self, code: &str, request: &Request) -> Result<Event, ClientError> {
        ask(&self.socket(code), request)
    }

    pub(crate) fn socket(&self, code: &str) -> PathBuf {
        self.room.path(code).join("desk.sock")
    }

    fn log(&self, code: &str) -> PathBuf {
        self.room.path(&format!("{code}.log"))
    }

    fn log_tail(&self, code: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.log(code)).unwrap_or_default();
        log.lines().rev().take(5).map(str::to_owned).collect()
    }

    /// `anju store check` and `rebuild` of a centre whose peer is stopped: everything sound and derived alike.
    pub(crate) fn assert_sound(&self, code: &str) {
        assert_eq!(self.room.json(&format!("store check --data @{code} --passphrase-file @pass"), 0)["sound"], true, "{code}");
        assert_eq!(self.room.json(&format!("store rebuild --data @{code} --passphrase-file @pass"), 0)["equal"], true, "{code}");
    }
}

impl Drop for Federation {
    fn drop(&mut self) {
        for child in self.peers.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Tells a test's threads that it is over, also when it ends with a panic: else their scope would wait for them for ever.
pub(crate) struct TellsThatItIsOver<'a>(pub(crate) &'a AtomicBool);

impl Drop for TellsThatItIsOver<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks the peer behind a socket and returns the closing event.
pub(crate) fn ask(socket: &Path, request: &Request) -> Result<Event, ClientError> {
    for event in client::ask(socket, request, Duration::from_secs(60))? {
        let event = event?;
        if event.closes() {
            return Ok(event);
        }
    }
    Err(ClientError::ClosedEarly)
}

/// How many other stations a status says are connected.
pub(crate) fn connected(status: &Value) -> usize {
    status["stations"].as_array().unwrap().iter().filter(|station| station["connected"] == true).count()
}

/// What a status says of a centre's journal.
pub(crate) fn journal<'a>(status: &'a Value, of: &str) -> &'a Value {
    status["journals"].as_array().unwrap().iter().find(|journal| journal["centre"] == of).unwrap()
}

/// How many rows of a journal a status says are applied.
pub(crate) fn applied(status: &Value, of: &str) -> u64 {
    journal(status, of)["applied"].as_u64().unwrap()
}

/// A port that nobody has, below those that the system gives to others of itself.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + u16::try_from((std::process::id() * 131 + u32::from(turn)) % 20_000).unwrap();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The folder of a centre's sample exports.
pub(crate) fn samples(centre: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(centre)
}

fn copy_exports(centre: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["accounts.csv", "transactions.csv", "loans.csv"] {
        std::fs::copy(samples(centre).join(name), to.join(name)).unwrap();
    }
}
