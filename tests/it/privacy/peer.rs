//! Two centres and their peers, for the search: a room whose every file is known.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::Room;
use crate::federation::free_port;

/// How long two peers on loopback may take to connect and copy one row, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running peer; told to stop and waited for when dropped.
pub(crate) struct Peer(Child);

impl Peer {
    /// Starts with what `set` changes about the process.
    pub(crate) fn start_with(room: &Room, name: &str, set: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = room.command(&format!("serve --data @{name} --passphrase-file @pass --json"));
        let mut child = set(command.stdout(Stdio::piped())).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
        assert!(ready["listening"].as_array().is_some_and(|a| !a.is_empty()), "{ready}");
        Self(child)
    }

    /// SIGTERM, and the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let kill = std::process::Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        assert!(kill.success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two centres with one charter, the first with the sample exports of Haikou.
pub(crate) fn federation(room: &Room) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/C46010");
    let listen = || format!("--listen /ip4/127.0.0.1/udp/{}/quic-v1 --passphrase-file @pass", free_port());
    room.done(&format!("init --data @a --centre C46010 --name 海口 --source {} {}", samples.display(), listen()));
    room.done(&format!("init --data @b --centre C46020 --name 三亚 {}", listen()));
    room.done("federation found --name hainan --card @a/card.json --card @b/card.json --out @charter.json");
    for step in ["sign", "adopt"] {
        for name in ["a", "b"] {
            room.done(&format!("federation {step} --data @{name} --charter @charter.json --passphrase-file @pass"));
        }
    }
}

pub(crate) fn wait_for_rows(room: &Room, name: &str, centre: &str, rows: u64) {
    let start = Instant::now();
    loop {
        let status = room.json(&format!("status --data @{name}"), 0);
        let journals = status["status"]["journals"].as_array().unwrap().clone();
        if journals.iter().any(|j| j["centre"] == centre && j["applied"].as_u64() >= Some(rows)) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{centre} has not arrived at {name}: {status}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until a peer knows a certificate.
pub(crate) fn wait_for_certificate(room: &Room, name: &str, number: &str) {
    let start = Instant::now();
    while !room.run(&format!("certificate show --data @{name} {number}")).status.success() {
        assert!(start.elapsed() < PATIENCE, "{number} has not arrived at {name}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
