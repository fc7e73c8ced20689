//! The citizens' door with the real program: over HTTPS on loopback a holder fetches a certificate, leaves a grant, is read at the counter
//! by a code, and sees who looked; and what a stranger gets there.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anju::window::{Client, OPENAPI};
use anju_core::window::{Asked, MAX_BODY_BYTES};
use serde_json::{Value, json};

use crate::cli::{err, out};
use crate::federation::{Federation, HAIKOU, Over, PATIENCE, SANYA, TELLER, free_port};

const ACCOUNT: &str = "46010000000100000";
/// The end of the number of whose account it is.
const LAST_FOUR: &str = "5352";

/// Haikou and Sanya with a window each, running; their windows' ports.
fn two() -> (Federation, [u16; 2]) {
    let mut federation = Federation::of(&[HAIKOU, SANYA], Over::Quic);
    let ports = [HAIKOU, SANYA].map(|code| {
        let (port, path) = (free_port(), federation.room.path(code).join("anju.toml"));
        let config = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{config}\n[window]\nlisten = \"127.0.0.1:{port}\"\n")).unwrap();
        federation.start(code);
        federation.staff(code);
        port
    });
    federation.wallet();
    (federation, ports)
}

/// What a holder types after the command to reach a window.
fn at(code: &str, port: u16) -> String {
    format!("--window https://127.0.0.1:{port} --window-certificate @{code}/window.pem --passphrase-file @pass --wallet @wallet")
}

#[test]
fn a_holder_fetches_leaves_a_grant_is_read_by_its_code_and_sees_who_looked() {
    let (mut federation, [haikou, sanya]) = two();
    federation.card("card.json", HAIKOU);
    let none = federation.room.json(&format!("holder fetch {}", at(HAIKOU, haikou)), 0);
    assert_eq!((&none["received"], &none["waiting"]), (&json!([]), &json!(1)));
    let issued = federation.room.json(&Federation::issue_line(ACCOUNT, "YDDKJCZM", "card.json", "certificate.txt"), 0);
    let number = issued["number"].as_str().unwrap();
    let fetched = federation.room.json(&format!("holder fetch {}", at(HAIKOU, haikou)), 0);
    assert_eq!((&fetched["received"], &fetched["waiting"], &fetched["centre"]), (&json!([number]), &json!(0), &json!(HAIKOU)));
    federation.wait_for_certificate(SANYA, number);

    let grant =
        |rest: &str| format!("holder grant --certificate {number} --to {SANYA} --matter loan --field name,document_no --yes {rest}");
    assert_eq!(federation.room.json(&grant(&at(HAIKOU, haikou)), 64)["error"]["code"], "window-other");
    let strange = at(HAIKOU, sanya);
    assert_eq!(
        federation.room.json(&grant(&strange), 69)["error"]["code"],
        "window-unreachable",
        "another certificate than the trusted one"
    );
    let shown = federation.room.run(&grant(&at(SANYA, sanya)));
    assert!(out(&shown).contains("取件码") && out(&shown).lines().any(|line| spelled(line).is_some()), "{}{}", out(&shown), err(&shown));
    let code = out(&shown).lines().find_map(spelled).unwrap();
    let listed = federation.room.json("holder list --wallet @wallet --passphrase-file @pass", 0);
    assert_eq!(listed["grants"].as_array().map(Vec::len), Some(1), "nothing was signed for the wrong window");

    // What was left survives a restart.
    assert_eq!(federation.stop(SANYA).code, Some(0));
    federation.start(SANYA);
    let query =
        |four: &str, exit| federation.acts(SANYA, TELLER, &format!("query --code {code} --last-four {four} --business-no SY-1"), exit);
    assert_eq!(query("0000", 77)["error"]["code"], "pickup-unknown");
    let answer = query(LAST_FOUR, 0);
    assert_eq!(answer["answer"]["fields"][0]["name"], "name");
    assert_eq!(query(LAST_FOUR, 77)["error"]["code"], "grant-used-up");

    let accesses =
        |code, port| federation.room.json(&format!("holder accesses {}", at(code, port)), 0)["accesses"].as_array().unwrap().clone();
    let start = Instant::now();
    while accesses(HAIKOU, haikou).len() < 2 {
        assert!(start.elapsed() < PATIENCE, "the issuer never heard of the uses");
        std::thread::sleep(Duration::from_millis(200));
    }
    for seen in [accesses(HAIKOU, haikou), accesses(SANYA, sanya)] {
        let line = |line: &Value| ["centre", "business_no", "mode", "refused", "matter"].map(|key| line[key].clone());
        assert_eq!(line(&seen[0]), [json!(SANYA), json!("SY-1"), json!("details"), Value::Null, json!("loan")], "{seen:?}");
        assert_eq!(line(&seen[1]), [json!(SANYA), json!("SY-1"), json!("details"), json!("grant-used-up"), json!("loan")]);
        assert_eq!(seen[0]["fields"], json!(["name", "document_no"]));
    }
    federation.room.done(&format!("holder accesses {} --out @accesses.json", at(HAIKOU, haikou)));
    let again = federation.room.json("holder accesses @accesses.json --wallet @wallet --passphrase-file @pass", 0);
    assert_eq!(again["accesses"], json!(accesses(HAIKOU, haikou)));
    assert_eq!(federation.room.json("holder accesses --wallet @wallet --passphrase-file @pass", 64)["error"]["kind"], "error");

    taken_back(&federation, &grant(&at(SANYA, sanya)), sanya);
    federation.stop_all();
    for centre in [HAIKOU, SANYA] {
        federation.assert_sound(centre);
        let log = fs::read_to_string(federation.room.path(&format!("{centre}.log"))).unwrap();
        assert!([code.as_str(), "Anju-Holder", "last_four"].iter().all(|secret| !log.contains(secret)), "{log}");
    }
}

/// Another grant is taken back at the window where it waits: the code finds nothing any more, and the wallet knows.
fn taken_back(federation: &Federation, grant: &str, sanya: u16) {
    let shown = out(&federation.room.run(grant));
    let code = shown.lines().find_map(spelled).unwrap();
    let states = || {
        let listed = federation.room.json("holder list --wallet @wallet --passphrase-file @pass", 0);
        let of = |made: &Value| (made["id"].as_str().unwrap().to_owned(), made["balance"]["state"].as_str().unwrap_or_default().to_owned());
        listed["grants"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let waits: Vec<_> = states().into_iter().filter(|(_, state)| state == "deposited").collect();
    let [(id, _)] = waits.as_slice() else { panic!("{:?}", states()) };
    federation.room.json(&format!("holder revoke {id} {}", at(SANYA, sanya)), 0);
    let late = format!("query --code {code} --last-four {LAST_FOUR} --business-no SY-2");
    assert_eq!(federation.acts(SANYA, TELLER, &late, 77)["error"]["code"], "pickup-unknown");
    assert!(states().contains(&(id.clone(), "revoked".to_owned())), "{:?}", states());
}

/// The code in a line, if that is what the line says.
fn spelled(line: &str) -> Option<String> {
    let code: String = line.chars().filter(|c| *c != ' ').collect();
    (code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit())).then_some(code)
}

#[test]
fn a_stranger_learns_version_and_centre_and_gets_problems_for_everything_else() {
    let (mut federation, [haikou, _]) = two();
    let client = Client::new(&format!("https://localhost:{haikou}"), Some(&federation.room.path(HAIKOU).join("window.pem"))).unwrap();
    let send = |method: &str, target: &str, authorization: Option<&str>, body: &[u8]| {
        let (status, body) = client.send(method, target, authorization, body).unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, health) = send("GET", "/v1/health", None, b"");
    assert_eq!((status, health), (200, json!({ "version": env!("CARGO_PKG_VERSION"), "centre": HAIKOU })));
    assert_eq!(send("GET", "/openapi.json", None, b"").1, serde_json::from_str::<Value>(OPENAPI).unwrap());
    let big = vec![b'x'; MAX_BODY_BYTES + 1];
    let long = format!("/v1/accesses?after={}", "1".repeat(300));
    let asked = Asked { method: "GET".to_owned(), target: String::new(), authorization: "Basic YTpi".to_owned(), body: Vec::new() };
    for (outcome, expected) in [
        (send("GET", "/v1/certificates", None, b""), (401, "holder-unproven")),
        (send("GET", "/v1/accesses", Some(&asked.authorization), b""), (401, "holder-unproven")),
        (send("POST", "/v1/grants", None, b"{}"), (401, "holder-unproven")),
        (send("POST", "/v1/grants", None, &big), (413, "request-invalid")),
        (send("GET", "/v1/grants", None, b""), (405, "request-invalid")),
        (send("GET", &long, None, b""), (414, "request-invalid")),
        (send("GET", "/v1", None, b""), (404, "request-invalid")),
        (send("GET", "/", None, b""), (404, "request-invalid")),
    ] {
        let (status, problem) = outcome;
        assert_eq!((status, problem["code"].as_str().unwrap()), expected, "{problem}");
        assert_eq!((&problem["status"], &problem["type"]), (&json!(status), &json!(format!("urn:anju:refusal:{}", expected.1))));
        assert!(problem.as_object().unwrap().keys().all(|key| ["type", "status", "code", "detail"].contains(&key.as_str())));
    }
    // Who never begins with TLS is let go, and who speaks HTTP without it gets nothing of ours.
    let mut idle = TcpStream::connect(("127.0.0.1", haikou)).unwrap();
    let mut plain = TcpStream::connect(("127.0.0.1", haikou)).unwrap();
    plain.write_all(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    let _ = plain.read_to_end(&mut heard);
    assert!(!String::from_utf8_lossy(&heard).contains("HTTP/1.1 200"));
    idle.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let gone = idle.read(&mut [0; 8]);
    assert!(!matches!(&gone, Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)), "closed by the window: {gone:?}");
    assert!(federation.stop(HAIKOU).took < Duration::from_secs(5), "an idle client does not keep the peer");
    federation.stop_all();
}
