//! The federation governs itself, between real processes.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Stdio};

use serde_json::Value;

use crate::federation::{AUDITOR, CHONGQING, Federation, HAIKOU, Over, PATIENCE, SANYA, connected, journal};

/// Comes in later.
const SHANGHAI: &str = "C31010";
const FOUNDERS: [&str; 3] = [HAIKOU, SANYA, CHONGQING];

/// A line of the program as a centre's security administrator.
pub(crate) fn as_admin(federation: &Federation, code: &str, line: &str, exit: i32) -> Value {
    let who = format!("--data @{code} --operator admin --operator-passphrase-file @{code}/first-operator.passphrase");
    federation.room.json(&format!("{line} {who}"), exit)
}

/// A centre's two people approve.
fn approve(federation: &Federation, code: &str, proposal: &str) {
    let line = format!("federation approve {proposal} --reason 同意");
    assert_eq!(as_admin(federation, code, &line, 0)["complete"], false);
    assert_eq!(federation.acts(code, AUDITOR, &line, 0)["complete"], true);
}

/// Proposes at the first of these centres, and all of them approve. Waits until each has adopted the version.
pub(crate) fn change(federation: &Federation, what: &str, voters: &[&str], version: u64) -> String {
    let proposal = propose_and_approve(federation, what, voters, version);
    for code in voters {
        wait_for_version(federation, code, version);
    }
    proposal
}

pub(crate) fn propose_and_approve(federation: &Federation, what: &str, voters: &[&str], version: u64) -> String {
    let proposed = as_admin(federation, voters[0], &format!("federation propose {what} --reason 例会决定"), 0);
    assert_eq!(proposed["version"], version);
    let proposal = proposed["proposal"].as_str().unwrap().to_owned();
    let second = format!("federation approve {proposal} --reason 同意");
    assert_eq!(federation.acts(voters[0], AUDITOR, &second, 0)["complete"], true);
    for code in &voters[1..] {
        wait_for_proposal(federation, code, &proposal);
        approve(federation, code, &proposal);
    }
    proposal
}

pub(crate) fn view(federation: &Federation, code: &str) -> Value {
    federation.room.json(&format!("federation show --data @{code}"), 0)["federation"].clone()
}

pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what} does not come about");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

pub(crate) fn wait_for_proposal(federation: &Federation, code: &str, proposal: &str) {
    until("the proposal", || view(federation, code)["proposals"].as_array().unwrap().iter().any(|p| p["proposal"] == proposal));
}

pub(crate) fn wait_for_version(federation: &Federation, code: &str, version: u64) {
    until("the version", || view(federation, code)["version"] == version);
}

/// What a candidate's process says next.
fn next_line(out: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
}

#[test]
fn a_centre_comes_in_by_invitation_and_vote_and_goes_by_vote() {
    let mut federation = Federation::running(&FOUNDERS, Over::Quic);
    FOUNDERS.iter().for_each(|code| federation.staff(code));
    federation.init(SHANGHAI, SHANGHAI, &Over::Quic.address());
    let fingerprint = as_admin(&federation, HAIKOU, &format!("federation invite --card @{SHANGHAI}/card.json --out @invitation"), 0);
    let fingerprint = fingerprint["fingerprint"].as_str().unwrap().to_owned();
    refused_invitations(&federation, &fingerprint);

    let joined = federation.room.json(&format!("federation join @invitation --data @{SHANGHAI}"), 0);
    assert_eq!((&joined["version"], &joined["inviter"]), (&1.into(), &HAIKOU.into()));
    let serve = format!("serve --data @{SHANGHAI} --passphrase-file @pass --json");
    let mut child = federation.room.command(&serve).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(next_line(&mut out)["candidate"], SHANGHAI);

    let add = format!("add --card @{SHANGHAI}/card.json --fingerprint {fingerprint}");
    change(&federation, &add, &FOUNDERS, 2);
    let begun = next_line(&mut out);
    assert_eq!(begun["ready"], SHANGHAI, "it begins by itself when the charter names it: {begun}");
    federation.adopt(SHANGHAI, child);
    federation.staff(SHANGHAI);
    for code in [HAIKOU, SANYA, CHONGQING, SHANGHAI] {
        federation.wait(code, "connected to all of four", |status| connected(status) == 3);
    }
    let size = journal(&federation.status(HAIKOU), HAIKOU)["size"].as_u64().unwrap();
    federation.wait_for_rows(SHANGHAI, HAIKOU, size);
    assert_eq!(view(&federation, SHANGHAI)["epoch_held"], true);
    // It has a vote now: three of four are a quorum, and it is one of them.
    change(&federation, "rotate-epoch --pepper", &[SHANGHAI, HAIKOU, SANYA], 3);
    wait_for_version(&federation, CHONGQING, 3);
    let epochs: Vec<Value> = [HAIKOU, SANYA, CHONGQING, SHANGHAI].map(|code| view(&federation, code)).to_vec();
    assert!(epochs.iter().all(|view| (&view["epoch"], &view["pepper"], &view["epoch_held"]) == (&3.into(), &2.into(), &true.into())));
    // A restart finds the version and the epoch.
    assert_eq!(federation.stop(SANYA).code, Some(0));
    federation.start(SANYA);
    assert_eq!((&view(&federation, SANYA)["version"], &view(&federation, SANYA)["epoch_held"]), (&3.into(), &true.into()));

    change(&federation, &format!("remove {SHANGHAI}"), &FOUNDERS, 4);
    federation.wait(SHANGHAI, "left alone", |status| connected(status) == 0);
    let members = federation.room.json(&format!("federation members --data @{HAIKOU}"), 0);
    let left = members["members"].as_array().unwrap().iter().find(|member| member["centre"] == SHANGHAI).unwrap();
    assert_eq!(left["role"], "former");
    let history = federation.room.json(&format!("federation history --data @{HAIKOU}"), 0);
    let changes: Vec<&Value> = history["versions"].as_array().unwrap().iter().map(|version| &version["changes"][0]["change"]).collect();
    assert_eq!(changes, ["remove", "rotate-epoch", "add"]);
    // Whoever has the exported charter follows the whole of it alone.
    federation.room.done(&format!("federation export --data @{HAIKOU} --out @charter-4.json"));
    let shown = federation.room.json("federation show --charter @charter-4.json", 0);
    assert_eq!((&shown["version"], &shown["complete"]), (&4.into(), &true.into()));
    federation.stop_all();
    for code in FOUNDERS {
        federation.assert_sound(code);
    }
}

fn refused_invitations(federation: &Federation, fingerprint: &str) {
    let code = |answer: &Value| answer["error"]["code"].clone();
    let other = fingerprint.replace(['a', 'b', 'c'], "0");
    let line = format!("federation invite --card @{SHANGHAI}/card.json --fingerprint {other} --out @again");
    assert_eq!(code(&as_admin(federation, HAIKOU, &line, 77)), "card-fingerprint");
    let text = std::fs::read_to_string(federation.room.path("invitation")).unwrap();
    std::fs::write(federation.room.path("altered"), text.replacen(HAIKOU, SANYA, 1)).unwrap();
    assert_eq!(code(&federation.room.json(&format!("federation join @altered --data @{SHANGHAI}"), 77)), "invitation-signature");
    // An invitation is for one card: another centre can do nothing with it.
    federation.init("other", "C11010", &Over::Quic.address());
    assert_eq!(code(&federation.room.json("federation join @invitation --data @other", 77)), "invitation-other-card");
    std::fs::write(federation.room.path("no-invitation"), "{}").unwrap();
    assert_eq!(code(&federation.room.json(&format!("federation join @no-invitation --data @{SHANGHAI}"), 65)), "invitation-shape");
    assert_eq!(code(&as_admin(federation, HAIKOU, "federation propose set-quorum 4 --reason 试", 77)), "proposal-invalid");
    assert_eq!(code(&as_admin(federation, HAIKOU, "federation approve 00000000 --reason 试", 64)), "proposal-name");
}
