//! A centre signs two histories of its journal, between real processes: a machine was copied, and both copies were started.

use std::process::Command;

use serde_json::Value;

use crate::federation::{CHONGQING, Federation, Granting, HAIKOU, Over, SANYA, TELLER, connected, journal, request};
use crate::governed::{change, until, view, wait_for_version};

const SHANGHAI: &str = "C31010";
const FOUR: [&str; 4] = [HAIKOU, SANYA, CHONGQING, SHANGHAI];
/// Whoever is honest.
const OTHERS: [&str; 3] = [SANYA, CHONGQING, SHANGHAI];
const ACCOUNT: &str = "46010000000100000";

/// Copies a stopped peer's whole folder, as somebody does who copies its machine: the kept head comes along.
fn copy_machine(federation: &Federation, from: &str, to: &str) {
    let paths = [from, to].map(|name| federation.room.path(name));
    assert!(Command::new("cp").arg("-a").args(&paths).status().unwrap().success());
}

fn history(federation: &Federation, at: &str) -> (u64, Value) {
    let status = federation.status(at);
    let held = journal(&status, HAIKOU);
    (held["size"].as_u64().unwrap(), held["root"].clone())
}

fn forked(federation: &Federation, at: &str) -> bool {
    journal(&federation.status(at), HAIKOU)["forked"] == true
}

/// Haikou issues a certificate. The wallet does not take it: two histories may number two certificates alike.
fn issue(federation: &Federation, name: &str) {
    let (card, file) = (format!("card-{name}.json"), format!("certificate-{name}.txt"));
    federation.card(&card, HAIKOU);
    federation.room.json(&Federation::issue_line(ACCOUNT, "JCZM", &card, &file), 0);
}

/// Haikou issues so many certificates while only these others run, and cancels one perhaps; and each of them gets the rows.
fn issue_before(federation: &mut Federation, others: &[&'static str], count: usize, cancelled: Option<&str>) -> u64 {
    others.iter().for_each(|code| drop(federation.start(code)));
    federation.start(HAIKOU);
    federation.wait(HAIKOU, "connected", |status| connected(status) == others.len());
    for at in 0..count {
        issue(federation, &format!("{}-{at}", others.len()));
    }
    if let Some(number) = cancelled {
        federation.acts(HAIKOU, TELLER, &format!("certificate cancel {number}"), 0);
    }
    let (size, _) = history(federation, HAIKOU);
    others.iter().for_each(|code| drop(federation.wait_for_rows(code, HAIKOU, size)));
    federation.stop_all();
    size
}

#[test]
fn a_machine_that_was_copied_forks_is_contained_and_comes_back_by_a_vote() {
    let mut federation = Federation::running(&FOUR, Over::Quic);
    FOUR.iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    federation.grant(Granting { uses: 9, ..Granting::of(&number) }, "grant.txt");
    let (common, _) = history(&federation, HAIKOU);
    OTHERS.iter().for_each(|code| drop(federation.wait_for_rows(code, HAIKOU, common)));
    federation.stop_all();
    copy_machine(&federation, HAIKOU, "twin");

    let first = issue_before(&mut federation, &[SANYA], 1, None);
    std::fs::rename(federation.room.path(HAIKOU), federation.room.path("original")).unwrap();
    std::fs::rename(federation.room.path("twin"), federation.room.path(HAIKOU)).unwrap();
    let second = issue_before(&mut federation, &[CHONGQING, SHANGHAI], 3, Some(&number));
    assert!(first > common && second > first, "{common} {first} {second}");

    OTHERS.iter().for_each(|code| drop(federation.start(code)));
    for code in OTHERS {
        until(&format!("that {code} knows of the fork"), || forked(&federation, code));
        let fork = view(&federation, code)["forks"][0].clone();
        assert_eq!((&fork["centre"], &fork["term"]), (&HAIKOU.into(), &1.into()), "{fork}");
        let text = federation.room.done(&format!("federation show --data @{code}"));
        assert!(text.contains("警报") && text.contains("rotate-keys"), "{text}");
    }
    // Sanya holds the history in which the certificate stands, and refuses it all the same.
    until("that Sanya has read what the other history ends", || view(&federation, SANYA)["forks"][0]["ended_beside"] == 1);
    let refused = federation.query("grant.txt", request(1));
    let refused: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(refused["error"]["code"], "certificate-ended", "{refused}");
    let blamed = |status: Value| status["faults"].to_string();
    for code in OTHERS {
        let faults = blamed(federation.status(code));
        assert!(!faults.contains("bad-proof"), "an honest server was blamed at {code}: {faults}");
    }

    // Sanya's history counts, by vote; the machine that was started last is the one that goes on, with new keys.
    let card = federation.room.json(&format!("keys next --data @{HAIKOU} --passphrase-file @pass"), 0);
    std::fs::copy(card["card"].as_str().unwrap(), federation.room.path("next-card.json")).unwrap();
    let fingerprint = card["fingerprint"].as_str().unwrap();
    change(&federation, &format!("rotate-keys --card @next-card.json --fingerprint {fingerprint}"), &OTHERS, 2);
    for code in OTHERS {
        until(&format!("that {code} holds the history that counts"), || {
            !forked(&federation, code) && history(&federation, code).0 == first
        });
        assert_eq!(history(&federation, code), history(&federation, SANYA));
    }
    let answered = federation.query("grant.txt", request(2));
    assert_eq!(answered.status.code(), Some(0), "by the vote it never ended: {answered:?}");
    federation.start(HAIKOU);
    wait_for_version(&federation, HAIKOU, 2);
    federation.wait(HAIKOU, "writing again", |status| status["read_only"].is_null() && connected(status) == 3);
    issue(&federation, "after");
    let (size, root) = history(&federation, HAIKOU);
    assert!(size > first);
    for code in OTHERS {
        federation.wait_for_rows(code, HAIKOU, size);
        assert!(!forked(&federation, code));
    }
    assert_eq!(history(&federation, SANYA), (size, root));
    let told = federation.room.json(&format!("federation history --data @{SANYA}"), 0);
    assert_eq!(told["versions"][0]["changes"][0]["change"], "rotate-keys");
    federation.stop_all();
    FOUR.iter().for_each(|code| federation.assert_sound(code));
}
