//! A supervisor observes a federation of real peers: it sees who says how much and who decides what, and nothing that anybody says.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::federation::{AUDITOR, CHONGQING, Federation, HAIKOU, Over, SANYA, TELLER, connected, journal};
use crate::governed::{as_admin, change, view};

/// Watches.
const SUPERVISOR: &str = "C31010";
const FOUNDERS: [&str; 3] = [HAIKOU, SANYA, CHONGQING];
const ACCOUNT: &str = "46010000000100000";

#[test]
fn an_observer_sees_health_and_charter_and_no_content_and_can_neither_look_up_nor_write_nor_vote() {
    let mut federation = Federation::running(&FOUNDERS, Over::Quic);
    FOUNDERS.iter().for_each(|code| federation.staff(code));
    federation.wallet();
    federation.certificate(ACCOUNT, "JCZM");
    federation.init(SUPERVISOR, SUPERVISOR, &Over::Quic.address());
    let invited = as_admin(&federation, HAIKOU, &format!("federation invite --card @{SUPERVISOR}/card.json --out @invitation"), 0);
    let fingerprint = invited["fingerprint"].as_str().unwrap();
    federation.room.json(&format!("federation join @invitation --data @{SUPERVISOR}"), 0);
    let serve = format!("serve --data @{SUPERVISOR} --passphrase-file @pass --json");
    let mut child = federation.room.command(&serve).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    change(&federation, &format!("add --card @{SUPERVISOR}/card.json --fingerprint {fingerprint} --observer"), &FOUNDERS, 2);
    assert!(said.any(|line| line.unwrap().contains("\"ready\"")), "it begins when the charter names it");
    federation.adopt(SUPERVISOR, child);
    federation.staff(SUPERVISOR);

    // Health: every journal, how far and how fresh, and what stands behind it.
    let rows = journal(&federation.status(HAIKOU), HAIKOU)["size"].as_u64().unwrap();
    let status = federation.wait(SUPERVISOR, "as far as the members", |status| {
        connected(status) == 3 && journal(status, HAIKOU)["size"].as_u64() >= Some(rows)
    });
    assert_eq!(status["read_only"]["reason"], "observer");
    assert!(journal(&status, HAIKOU)["age_ms"].is_u64() && journal(&status, HAIKOU)["stale"] == false, "{status}");
    // The charter and its votes; not the members' secrets.
    let seen = view(&federation, SUPERVISOR);
    assert_eq!((&seen["version"], &seen["epoch_held"]), (&2.into(), &false.into()));
    // No content, of which a member has all.
    assert_eq!(federation.contents_held(SANYA, HAIKOU), (1, 1));
    assert_eq!(federation.contents_held(SUPERVISOR, HAIKOU), (1, 0));
    let code = |answer: serde_json::Value| answer["error"]["code"].clone();
    let lookup = "blacklist lookup --document-type 01 --document-no 11010519491231002X --matter loan --business-no NO-1";
    assert_eq!(code(federation.acts(SUPERVISOR, TELLER, lookup, 75)), "epoch-unknown");
    federation.card("card-observer.json", HAIKOU);
    let issue = format!("certificate issue --account {ACCOUNT} --kind JCZM --card @card-observer.json --clerk 王 --out @none.txt");
    assert_eq!(code(federation.acts(SUPERVISOR, TELLER, &issue, 75)), "read-only");
    let propose = "federation propose rotate-epoch --reason 试";
    assert_eq!(code(as_admin(&federation, SUPERVISOR, propose, 77)), "not-a-voter");
    // Three members still are all who vote.
    change(&federation, "rotate-epoch", &FOUNDERS, 3);
    let seen = federation.wait(SUPERVISOR, "under the next version", |_| view(&federation, SUPERVISOR)["version"] == 3);
    assert_eq!(seen["faults"].as_array().map(Vec::len), Some(0), "{seen}");
    // Nothing is missing of what it is to hold.
    let scrubbed = federation.acts(SUPERVISOR, AUDITOR, "journal scrub", 0);
    assert_eq!(scrubbed["sound"], true, "{scrubbed}");
    federation.stop_all();
    federation.assert_sound(SUPERVISOR);
}
