//! What goes wrong in the house: folders, configuration, charters, ports, passphrases, and peers of another charter.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::refused;
use crate::cli::Room;
use crate::federation::{CHONGQING, Federation, HAIKOU, Holders, Over, SANYA, connected, free_port, journal};

/// How long a peer is watched that should get nothing.
const WATCHED: Duration = Duration::from_secs(4);

/// Every file of a folder with its bytes.
fn tree(room: &Room, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(room.path(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(&path).unwrap_or_default())).collect()
}

fn init(room: &Room, folder: &str, centre: &str, address: &str) -> String {
    let line = format!("init --data @{folder} --centre {centre} --name 中心 --listen {address} --passphrase-file @pass");
    room.done(&line);
    line
}

#[test]
fn a_folder_or_configuration_that_is_not_fit_is_refused_and_left_as_it_was() {
    let room = Room::new();
    let again = init(&room, "a", HAIKOU, "/ip4/127.0.0.1/udp/7401/quic-v1");
    let before = tree(&room, "a");
    refused(&room, &again, 73, "already-initialised");
    for line in ["status --data @a", "certificate list --data @a", "query --data @a --operator zhang --grant @pass --business-no 1"] {
        refused(&room, line, 69, "peer-not-running");
    }
    refused(&room, "status --data @nowhere", 66, "not-initialised");
    refused(&room, "serve --data @a --passphrase-file @pass", 78, "charter-missing");
    assert_eq!(tree(&room, "a"), before);

    let text = fs::read_to_string(room.path("a/anju.toml")).unwrap();
    for (from, to, code) in [
        ("valid_days", "valid_day", "config-unknown-key-near"),
        ("valid_days", "colour_of_the_door", "config-unknown-key"),
        ("valid_days = 90", "valid_days = \"ninety\"", "config-invalid"),
    ] {
        room.write("a/anju.toml", &text.replacen(from, to, 1));
        let error = refused(&room, "serve --data @a --passphrase-file @pass", 78, code);
        assert!(error["details"]["line"].as_str().is_some_and(|line| line.parse::<u32>().is_ok()), "{error}");
    }
}

#[test]
fn a_charter_is_adopted_whole_once_and_by_its_members_only() {
    let federation = Federation::empty();
    let room = &federation.room;
    for (folder, centre) in [("a", HAIKOU), ("b", SANYA), ("c", CHONGQING)] {
        init(room, folder, centre, &format!("/ip4/127.0.0.1/udp/{}/quic-v1", free_port()));
    }
    room.done("federation found --name one --card @a/card.json --card @b/card.json --out @one.json");
    room.done("federation sign --data @a --charter @one.json --passphrase-file @pass");
    let before = tree(room, "a");
    let adopt = |folder: &str, charter: &str| format!("federation adopt --data @{folder} --charter @{charter} --passphrase-file @pass");
    let missing = refused(room, &adopt("a", "one.json"), 77, "charter-unsigned");
    assert_eq!(missing["details"]["centres"], SANYA);
    room.write("wrong", "another passphrase\n");
    let signed = fs::read(room.path("one.json")).unwrap();
    refused(room, "federation sign --data @b --charter @one.json --passphrase-file @wrong", 77, "passphrase-wrong");
    refused(room, "federation sign --data @c --charter @one.json --passphrase-file @pass", 77, "charter-not-a-member");
    assert_eq!(fs::read(room.path("one.json")).unwrap(), signed);
    room.done("federation sign --data @b --charter @one.json --passphrase-file @pass");
    refused(room, &adopt("c", "one.json"), 77, "charter-not-a-member");
    let text = fs::read_to_string(room.path("one.json")).unwrap();
    let signatures = text.find("\"signatures\"").unwrap();
    let signature = signatures + text[signatures..].find("\": \"").unwrap() + 20;
    let mut altered = text.clone();
    altered.replace_range(signature..=signature, if &text[signature..=signature] == "0" { "1" } else { "0" });
    room.write("altered.json", &altered);
    refused(room, &adopt("a", "altered.json"), 77, "charter-signature");
    assert_eq!(tree(room, "a"), before, "nothing was adopted");
    room.done(&adopt("a", "one.json"));

    federation.found("two.json", &["a", "c"], &["c"]);
    let adopted = fs::read(room.path("a/charter.json")).unwrap();
    refused(room, &adopt("a", "two.json"), 73, "charter-other");
    assert_eq!(fs::read(room.path("a/charter.json")).unwrap(), adopted);
}

#[test]
fn a_port_in_use_a_wrong_passphrase_and_a_second_peer_on_one_folder_are_refused() {
    let mut federation = Federation::empty();
    let (udp, tcp) = (free_port(), free_port());
    let (quic_taken, tcp_taken) = (UdpSocket::bind(("127.0.0.1", udp)).unwrap(), TcpListener::bind(("127.0.0.1", tcp)).unwrap());
    federation.init(HAIKOU, HAIKOU, &format!("/ip4/127.0.0.1/udp/{udp}/quic-v1"));
    federation.init(SANYA, SANYA, &format!("/ip4/127.0.0.1/tcp/{tcp}"));
    federation.found("charter.json", &[HAIKOU, SANYA], &[HAIKOU, SANYA]);
    let serve = |code: &str, pass: &str| format!("serve --data @{code} --passphrase-file @{pass}");
    for (code, port) in [(HAIKOU, udp), (SANYA, tcp)] {
        let error = refused(&federation.room, &serve(code, "pass"), 69, "port-in-use");
        assert!(error["details"]["detail"].as_str().is_some_and(|detail| detail.contains(&port.to_string())), "{error}");
        assert!(!federation.socket(code).exists());
    }
    drop((quic_taken, tcp_taken));
    federation.room.write("wrong", "another passphrase\n");
    refused(&federation.room, &serve(HAIKOU, "wrong"), 77, "passphrase-wrong");

    federation.start(HAIKOU);
    federation.staff(HAIKOU);
    federation.issue(&mut Holders::new(1));
    refused(&federation.room, &serve(HAIKOU, "pass"), 75, "folder-locked");
    for command in ["check", "rebuild"] {
        refused(&federation.room, &format!("store {command} --data @{HAIKOU} --passphrase-file @pass"), 75, "folder-locked");
    }
    assert_eq!(federation.issued(HAIKOU), 1, "the first goes on");
    // And the folder of the one that could not start is as good as before.
    federation.start(SANYA);
    federation.wait_for_rows(SANYA, HAIKOU, 1);
    federation.stop_all();
}

/// Watches for a while that a peer gets nothing of what Haikou says.
fn assert_gets_nothing(federation: &Federation, code: &str) -> Value {
    let start = Instant::now();
    loop {
        let status = federation.status(code);
        let of = journal(&status, HAIKOU);
        assert_eq!((of["size"].as_u64(), of["announced"].as_u64(), &of["heartbeat"]), (Some(0), Some(0), &Value::Null), "{of}");
        if start.elapsed() > WATCHED {
            return status;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_peer_with_another_charter_gets_nothing_and_its_federation_is_told_why() {
    let mut federation = Federation::empty();
    let all = [HAIKOU, SANYA, CHONGQING];
    for code in all {
        federation.init(code, code, &format!("/ip4/127.0.0.1/udp/{}/quic-v1", free_port()));
    }
    // The same three stations found two federations; Chongqing adopts the other one.
    federation.found("charter.json", &all, &[HAIKOU, SANYA]);
    federation.found("other.json", &all, &[CHONGQING]);
    all.into_iter().for_each(|code| drop(federation.start(code)));
    federation.staff(HAIKOU);
    federation.issue(&mut Holders::new(2));
    federation.wait_for_rows(SANYA, HAIKOU, 1);
    let status = assert_gets_nothing(&federation, CHONGQING);
    assert_eq!(journal(&status, SANYA)["size"], 0);
    for code in [HAIKOU, SANYA] {
        let status = federation.status(code);
        assert_eq!((&journal(&status, CHONGQING)["size"], &journal(&status, CHONGQING)["heartbeat"]), (&0.into(), &Value::Null));
        let faults = status["faults"].as_array().unwrap();
        assert!(faults.iter().all(|fault| fault["code"] == "other-charter"), "nothing else is held against it: {status}");
    }
    println!("connected: {}; faults: {}", connected(&status), status["faults"]);
}

#[test]
fn a_station_that_no_charter_names_gets_no_connection_and_nothing_is_copied() {
    let mut federation = Federation::of(&[HAIKOU, SANYA], Over::Quic);
    federation.init(CHONGQING, CHONGQING, &format!("/ip4/127.0.0.1/udp/{}/quic-v1", free_port()));
    // Chongqing's charter names Haikou and where it listens; Haikou's own does not name Chongqing.
    federation.found("other.json", &[HAIKOU, CHONGQING], &[CHONGQING]);
    for code in [HAIKOU, SANYA, CHONGQING] {
        federation.start(code);
    }
    federation.staff(HAIKOU);
    federation.issue(&mut Holders::new(3));
    federation.wait_for_rows(SANYA, HAIKOU, 1);
    let status = assert_gets_nothing(&federation, CHONGQING);
    assert_eq!(connected(&status), 0, "{status}");
    let status = federation.status(HAIKOU);
    assert_eq!((connected(&status), status["faults"].as_array().map(Vec::len)), (1, Some(0)), "{status}");
    assert!(!status.to_string().contains(CHONGQING), "{status}");
}
