//! What holders and counters do besides the plain way, with the real program: another key, several certificates at once, an agent, and who
//! looked where there is no window.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{err, out};
use crate::federation::{Federation, HAIKOU, Over, PATIENCE, SANYA, TELLER, request};

const ACCOUNTS: [&str; 2] = ["46010000000100000", "46010000000100003"];
const WALLET: &str = "--wallet @wallet --passphrase-file @pass";

fn two() -> Federation {
    let mut federation = Federation::of(&[HAIKOU, SANYA], Over::Quic);
    for code in [HAIKOU, SANYA] {
        federation.start(code);
        federation.staff(code);
    }
    federation.wallet();
    federation
}

fn grant(federation: &Federation, rest: &str, file: &str) -> Value {
    let line = format!("holder grant {rest} --to {SANYA} --matter cross-region-loan --field name --yes --out @{file} {WALLET}");
    federation.room.json(&line, 0)
}

fn query(federation: &Federation, rest: &str, exit: i32) -> Value {
    federation.acts(SANYA, TELLER, &format!("query {rest} --business-no SY-1"), exit)
}

/// Asks the same again, which costs no further use, until the statement has arrived that ends what is asked for.
fn query_until(federation: &Federation, (grant, id): (&str, u8), code: &str) {
    let (start, id) = (Instant::now(), request(id));
    loop {
        let line = Federation::line(SANYA, TELLER, &format!("query --grant @{grant} --business-no SY-1 --request {id} --json"));
        let answer: Value = serde_json::from_str(&out(&federation.room.run(&line))).unwrap();
        if answer["error"]["code"] == code {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn two_certificates_are_granted_at_once_both_must_hold_and_what_is_left_is_listed() {
    let federation = two();
    let numbers = ACCOUNTS.map(|account| federation.certificate(account, "JCZM"));
    let both: String = numbers.iter().map(|number| format!("--certificate {number} ")).collect();
    let made = grant(&federation, &format!("{both}--uses 2"), "both.txt");
    assert_eq!(made["grants"].as_array().map(Vec::len), Some(2));
    let answer = query(&federation, "--grant @both.txt", 0);
    let read: Vec<&str> = (0..2).map(|i| answer["parts"][i]["answer"]["certificate"]["number"].as_str().unwrap()).collect();
    assert_eq!((&answer["all"], read), (&json!(true), numbers.iter().map(String::as_str).collect()));
    // One that does not hold: the other is shown, and the whole is none.
    let alone = grant(&federation, &format!("--certificate {} --uses 1", numbers[1]), "alone.txt");
    federation.acts(HAIKOU, TELLER, &format!("certificate cancel {}", numbers[1]), 0);
    query_until(&federation, ("alone.txt", 7), "certificate-ended");
    let answer = query(&federation, "--grant @both.txt", 77);
    assert_eq!((&answer["all"], &answer["parts"][1]["error"]["code"]), (&json!(false), &json!("certificate-ended")));
    assert_eq!(answer["parts"][0]["answer"]["authorised"]["use_no"], 2);
    assert_eq!(alone["grants"], Value::Null);
    // Without a window the counter hands out who looked, and then the wallet knows what is left.
    let listed = || federation.room.json(&format!("holder list {WALLET}"), 0)["grants"].clone();
    assert_eq!((&listed()[0]["balance"]["uses_left"], &listed()[0]["balance"]["state"]), (&json!(2), &json!("standing")));
    federation.acts(SANYA, TELLER, &format!("certificate accesses {} --out @looked.json", numbers[0]), 0);
    let seen = federation.room.json(&format!("holder accesses @looked.json {WALLET}"), 0);
    assert_eq!(seen["accesses"].as_array().map(Vec::len), Some(2));
    assert_eq!((&seen["accesses"][0]["business_no"], &seen["accesses"][0]["centre"]), (&json!("SY-1"), &json!(SANYA)));
    assert_eq!((&listed()[0]["balance"]["uses_left"], &listed()[0]["balance"]["state"]), (&json!(0), &json!("used-up")));
    let shown = federation.room.run(&format!("holder list {WALLET}"));
    assert!(out(&shown).contains("次数用完") && out(&shown).contains("未核"), "{}{}", out(&shown), err(&shown));
}

#[test]
fn a_lost_wallet_is_replaced_at_the_counter_and_grants_of_the_former_key_are_refused_in_words() {
    let federation = two();
    let number = federation.certificate(ACCOUNTS[0], "JCZM");
    grant(&federation, &format!("--certificate {number} --limits count --uses 9"), "former.txt");
    query(&federation, "--grant @former.txt", 0);
    // The wallet is gone; another is made, and the holder comes with a card of it.
    std::fs::rename(federation.room.path("wallet"), federation.room.path("lost")).unwrap();
    federation.wallet();
    federation.card("new.json", HAIKOU);
    let rebind = format!("certificate rebind {number} --card @new.json --out @rebound.cert");
    assert_eq!(federation.acts(HAIKOU, TELLER, &rebind, 0)["number"], number.as_str());
    let received = federation.room.json(&format!("holder receive @rebound.cert {WALLET}"), 0);
    assert_eq!(received["number"], number.as_str());
    query_until(&federation, ("former.txt", 7), "holder-key-ended");
    let line = Federation::line(SANYA, TELLER, "query --grant @former.txt --business-no SY-1");
    let refused = federation.room.run(&line);
    assert!(err(&refused).contains("已挂失或更换"), "{}", err(&refused));
    grant(&federation, &format!("--certificate {number} --limits time --until {}", tomorrow()), "present.txt");
    let answer = query(&federation, "--grant @present.txt", 0);
    assert_eq!(answer["answer"]["authorised"]["uses"], 100);
    // The file of the former key's wallet is of no use: the certificate is bound to another.
    let line = "holder receive @rebound.cert --wallet @lost --passphrase-file @pass";
    assert_eq!(federation.room.json(line, 77)["error"]["code"], "holder-mismatch");
    // Reported lost, the present key ends as well.
    federation.acts(HAIKOU, TELLER, &format!("certificate lost {number}"), 0);
    query_until(&federation, ("present.txt", 8), "holder-key-ended");
}

fn tomorrow() -> String {
    crate::federation::now().plus_ms(anju_core::time::DAY_MS).legal_day().to_string()
}

#[test]
fn an_agents_grant_is_read_only_with_the_end_of_the_agents_own_document() {
    let federation = two();
    let number = federation.certificate(ACCOUNTS[0], "JCZM");
    grant(&federation, &format!("--certificate {number} --agent 王五 --agent-document 46019919840915951X"), "grant.txt");
    let line = Federation::line(SANYA, TELLER, "query --grant @grant.txt --business-no SY-1");
    let refused = federation.room.run(&line);
    assert!(
        err(&refused).contains("王五") && err(&refused).contains("951X") && err(&refused).contains("agent-unchecked"),
        "{}",
        err(&refused)
    );
    assert_eq!(query(&federation, "--grant @grant.txt --agent-last-four 9519", 77)["error"]["code"], "agent-mismatch");
    assert_eq!(query(&federation, "--grant @grant.txt --agent-last-four 951x", 0)["answer"]["authorised"]["use_no"], 1);
}
