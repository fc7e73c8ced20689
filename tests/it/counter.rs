//! The main job by hand, with the real program and real peers on loopback: found, issue, receive, grant, and read at the counter of the
//! other centre while the issuer's peer is stopped.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::{Room, err, out};

const ACCOUNT: &str = "46010000000100000";
/// How long two peers on loopback may take to connect and copy one row, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running peer; told to stop and waited for when dropped.
pub(crate) struct Peer(Child);

impl Peer {
    fn start(room: &Room, name: &str) -> Self {
        Self::start_with(room, name, |command| command.stderr(Stdio::null()))
    }

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

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
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

#[test]
fn a_certificate_is_read_at_the_other_counter_while_its_issuer_is_stopped_and_only_once() {
    let room = Room::new();
    federation(&room);
    let (a, b) = (Peer::start(&room, "a"), Peer::start(&room, "b"));
    assert_eq!(room.json("serve --data @a --passphrase-file @pass", 75)["error"]["code"], "folder-locked");
    room.done("holder new --wallet @w --charter @charter.json --passphrase-file @pass");
    room.done("holder card --wallet @w --centre C46010 --out @card.json --passphrase-file @pass");
    let issue = format!("certificate issue --data @a --account {ACCOUNT} --kind YDDKJCZM --addressee C46020 --card @card.json --clerk 王");
    let issued = room.json(&format!("{issue} --out @certificate.txt"), 0);
    let number = issued["number"].as_str().unwrap();
    assert_eq!(room.json(&format!("{issue} --out @certificate.txt"), 73)["error"]["code"], "output-exists");
    let received = room.json("holder receive --wallet @w @certificate.txt --passphrase-file @pass", 0);
    assert_eq!(received["number"], number);
    wait_for_rows(&room, "b", "C46010", 1);
    assert_eq!(a.stop(), Some(0), "a peer stops cleanly on SIGTERM");

    let grant = format!("holder grant --wallet @w --certificate {number} --to C46020 --matter loan --passphrase-file @pass");
    assert!(room.json(&grant, 64)["error"]["details"]["fields"].as_str().is_some_and(|fields| fields.contains("document_no")));
    assert_eq!(room.json(&format!("{grant} --field name"), 64)["error"]["code"], "no-confirmation");
    room.done(&format!("{grant} --field name,ZJHM,连续缴存月数 --yes --out @grant.txt --qr @grant.png"));
    assert!(std::fs::read(room.path("grant.png")).unwrap().starts_with(b"\x89PNG"));

    let shown = room.run("query --data @b --grant @grant.txt --business-no SY-1");
    assert_eq!(shown.status.code(), Some(0), "{}{}", out(&shown), err(&shown));
    assert_eq!(err(&shown).split_whitespace().collect::<Vec<_>>(), ["拉取中", "已获取", "已核验"]);
    for words in ["真实？是", "已授权？是", "现行？", "460***********5352"] {
        assert!(out(&shown).contains(words), "{words}: {}", out(&shown));
    }
    assert!(!out(&shown).contains("460199199211165352"), "the identity number is masked on a screen");
    let again = room.json("query --data @b --grant @grant.txt --business-no SY-2", 77);
    assert_eq!(again["error"]["code"], "grant-used-up");

    assert_eq!(b.stop(), Some(0));
    for name in ["a", "b"] {
        assert_eq!(room.json(&format!("store check --data @{name} --passphrase-file @pass"), 0)["sound"], true);
        assert_eq!(room.json(&format!("store rebuild --data @{name} --passphrase-file @pass"), 0)["equal"], true);
    }
}
