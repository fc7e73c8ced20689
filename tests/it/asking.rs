//! What only the issuer can answer, asked at a counter by commands: a check, a rule, the codes of what is refused, a request that comes again,
//! an issuer that is dark, a grant that its holder takes back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{err, out};
use crate::federation::{AUDITOR, Federation, HAIKOU, Over, PATIENCE, REVIEWER, SANYA, TELLER, account, request};

const LOAN: &str = include_str!("../../schemas/matters/cross-region-loan.toml");
/// What the loan matter's rule looks at.
const RULE_FIELDS: &str = "account_status,continuous_months,continuous_to,in_arrears,loan_record,loan_count,loan_outstanding";
/// A value that is nobody's.
const WRONG: &str = "没有此人";
/// How long a revocation may take from the counter that took it to every other.
const REVOKED_WITHIN: Duration = Duration::from_secs(5);

/// The loan matter, in force for long, with room for two attempts, and nothing in its rule that a calendar decides.
fn matter() -> String {
    let text = LOAN.replacen("from = 2026-12-01", "from = 2024-01-01", 1).replacen("uses_max = 1", "uses_max = 2", 1);
    text.replacen("op = \"months-ago-at-most\"\nvalue = 2\n", "op = \"months-ago-at-most\"\nvalue = 1200\n", 1)
}

/// One question at Sanya's counter.
struct Counter<'a> {
    federation: &'a Federation,
    number: &'a str,
}

impl Counter<'_> {
    /// A grant to Sanya in the file `out`; its id.
    fn grant(&self, mode: &str, fields: &str, uses: u32, out: &str) -> String {
        let number = self.number;
        let made = format!(
            "holder grant --wallet @wallet --certificate {number} --to {SANYA} --matter cross-region-loan --mode {mode} --field {fields} \
             --uses {uses} --yes --out @{out} --passphrase-file @pass --json"
        );
        // What the holder agrees to is shown beside the answer.
        serde_json::from_str::<Value>(&self.federation.room.done(&made)).unwrap()["id"].as_str().unwrap().to_owned()
    }

    fn line(grant: &str, mode: &str, serial: u8) -> String {
        let query = format!("query --grant @{grant} --business-no SY-9 --request {}", request(serial));
        Federation::line(SANYA, TELLER, &format!("{query} --mode {mode}"))
    }

    fn asks(&self, grant: &str, mode: &str, serial: u8, exit: i32) -> Value {
        self.federation.room.json(&Self::line(grant, mode, serial), exit)
    }

    fn refused(&self, grant: &str, mode: &str, serial: u8) -> String {
        self.asks(grant, mode, serial, 77)["error"]["code"].as_str().unwrap().to_owned()
    }

    /// What the issuer attested to a question that was left for it, as soon as it has.
    fn left(&self, serial: u8) -> Value {
        let start = Instant::now();
        loop {
            let show = Federation::line(SANYA, TELLER, &format!("outbox show {}", request(serial)));
            let output = self.federation.room.run(&format!("{show} --json"));
            if output.status.code() == Some(0) {
                return serde_json::from_str::<Value>(&out(&output)).unwrap()["left"]["attested"].clone();
            }
            assert!(output.status.code() == Some(75) && start.elapsed() < PATIENCE, "{}{}", out(&output), err(&output));
        }
    }

    /// Accesses that the issuer has recorded, refused ones included.
    fn uses(&self) -> usize {
        self.federation.accesses(HAIKOU)
    }
}

#[test]
fn a_check_and_a_rule_are_answered_by_the_issuer_once_for_each_request_and_refused_with_their_codes_and_when_it_is_dark_with_75() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let citizen = account(HAIKOU, |a| a["status"] == "01" && a["loans"] == 0 && a["continuous_months"].as_u64() > Some(11));
    let number = federation.certificate(&citizen, "YDDKJCZM");
    federation.room.write("right.txt", &format!("account_no={citizen}\n# a remark\naccount_status=01\n"));
    federation.room.write("wrong.txt", &format!("account_no={citizen}\nname={WRONG}\n"));

    let counter = Counter { federation: &federation, number: &number };
    counter.grant("evaluate", "account_status,continuous_months,continuous_to,in_arrears,loan_record", 1, "early.txt");
    assert_eq!(counter.refused("early.txt", "evaluate --rule may-apply", 1), "rule-unknown", "nothing is published yet");
    federation.room.write("loan.toml", &matter());
    let published = federation.acts(SANYA, REVIEWER, "matter publish @loan.toml", 0)["published"].clone();
    federation.wait_for_rows(HAIKOU, SANYA, published["index"].as_u64().unwrap() + 1);
    checks(&counter);
    evaluates(&counter, &published["version"]);
    dark(&mut federation, &number);
    revoked(&Counter { federation: &federation, number: &number });
    audited(&federation, &number);
    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}

/// Match or not, field by field, and no value; each attempt is a use, and the same request is the same attempt.
fn checks(counter: &Counter<'_>) {
    counter.grant("check", "account_no,account_status,name", 2, "check.txt");
    let before = counter.uses();
    let first = counter.asks("check.txt", "check --values @right.txt", 11, 0);
    let fields = json!([{ "field": "account_no", "matches": true }, { "field": "account_status", "matches": true }]);
    assert_eq!(first["attested"]["attestation"]["finding"], json!({ "found": "check", "fields": fields }));
    assert_eq!((&first["attested"]["issuer"], &first["attested"]["attestation"]["use_no"]), (&json!(HAIKOU), &json!(1)));
    let again = counter.asks("check.txt", "check --values @right.txt", 11, 0);
    assert_eq!(again["attested"], first["attested"], "the same request gets the same bytes");
    assert_eq!(counter.uses(), before + 1, "and is one use");
    let other = counter.asks("check.txt", "check --values @wrong.txt", 11, 64);
    assert_eq!(other["error"]["code"], "request-reused", "another question under its id is none");
    let second = counter.asks("check.txt", "check --values @wrong.txt", 12, 0);
    let finding = &second["attested"]["attestation"]["finding"]["fields"];
    assert_eq!([&finding[0]["matches"], &finding[1]["matches"]], [&json!(true), &json!(false)]);
    assert!(!second.to_string().contains(WRONG), "what was stated does not come back");
    assert_eq!(counter.refused("check.txt", "check --values @right.txt", 13), "grant-used-up", "the attempts are over");
    let text = counter.federation.room.done(&Counter::line("check.txt", "check --values @wrong.txt", 12));
    assert!(text.contains("一致") && text.contains("不一致") && text.contains("没有看到任何字段"), "{text}");

    counter.grant("check", "account_status", 1, "narrow.txt");
    assert_eq!(counter.refused("narrow.txt", "check --values @right.txt", 14), "field-not-granted");
    assert_eq!(counter.refused("narrow.txt", "details", 15), "wrong-mode");
    assert_eq!(counter.refused("narrow.txt", "evaluate --rule may-apply", 16), "wrong-mode");
    counter.grant("check", "account_status", 3, "wide.txt");
    counter.federation.room.write("one.txt", "account_status=01\n");
    assert_eq!(counter.refused("wide.txt", "check --values @one.txt", 17), "ceiling-exceeded");
}

/// The issuer's auditor sees every one of them, refused ones included, and nobody else does.
fn audited(federation: &Federation, number: &str) {
    let line = format!("audit accesses {number}");
    let seen = federation.acts(HAIKOU, AUDITOR, &line, 0)["accesses"].as_array().unwrap().clone();
    // Readings from the asker's own copy stand in its own journal.
    let (own, askers): (Vec<_>, Vec<_>) = seen.iter().partition(|one| one["author"] == HAIKOU);
    assert_eq!(own.len(), federation.accesses(HAIKOU));
    assert!(!askers.is_empty() && askers.iter().all(|one| one["author"] == SANYA && one["mode"] == "details"), "{askers:?}");
    let first = |mode: &str, refused: Value| seen.iter().find(|one| one["mode"] == mode && one["refused"] == refused).unwrap();
    let check = first("check", Value::Null);
    assert_eq!((&check["asker"], &check["business_no"]), (&json!(SANYA), &json!("SY-9")));
    assert_eq!(check["fields"], json!(["account_no", "account_status"]));
    assert_eq!(first("evaluate", json!("grant-used-up"))["fields"], json!([]));
    assert_eq!(federation.acts(HAIKOU, TELLER, &line, 77)["error"]["code"], "role-missing");
    assert_eq!(federation.acts(SANYA, AUDITOR, &line, 77)["error"]["code"], "certificate-unknown", "Haikou's own, and nobody else's");
}

/// Only the verdict comes back, by the rule and version that Sanya published.
fn evaluates(counter: &Counter<'_>, version: &Value) {
    counter.grant("evaluate", RULE_FIELDS, 2, "rule.txt");
    assert_eq!(counter.refused("rule.txt", "evaluate --rule another", 21), "rule-unknown");
    assert_eq!(counter.refused("rule.txt", "check --values @one.txt", 22), "wrong-mode");
    assert_eq!(counter.refused("early.txt", "evaluate --rule may-apply", 23), "field-not-granted", "the rule looks at loans, too");
    let said = counter.asks("rule.txt", "evaluate --rule may-apply", 24, 0)["attested"].clone();
    let finding = json!({ "found": "evaluate", "rule": "may-apply", "version": version, "outcome": "met" });
    assert_eq!((&said["attestation"]["finding"], &said["attestation"]["use_no"]), (&finding, &json!(1)));
    let text = counter.federation.room.done(&Counter::line("rule.txt", "evaluate --rule may-apply", 24));
    assert!(text.contains("may-apply") && text.contains("符合") && text.contains("第 1 次，共 2 次"), "{text}");
}

/// The issuer is dark: the clerk is told so, with what to do, and the code that asks to try again; which then is the same one use.
fn dark(federation: &mut Federation, number: &str) {
    let before = federation.accesses(HAIKOU);
    Counter { federation, number }.grant("evaluate", RULE_FIELDS, 1, "left.txt");
    assert_eq!(federation.stop(HAIKOU).code, Some(0));
    federation.wait(SANYA, "alone", |status| crate::federation::connected(status) == 0);
    let counter = Counter { federation, number };
    let rule = "evaluate --rule may-apply";
    let told = counter.asks("rule.txt", rule, 31, 75);
    assert_eq!((&told["error"]["kind"], &told["error"]["code"]), (&json!("refusal"), &json!("issuer-dark")), "{told}");
    let output = federation.room.run(&Counter::line("rule.txt", rule, 31));
    let words = err(&output);
    assert_eq!(output.status.code(), Some(75));
    assert!(
        ["联系不上出具中心", HAIKOU, "下一步：", "不会多计次数", &request(31).to_string()].iter().all(|one| words.contains(one)),
        "{words}"
    );
    let left = counter.asks("left.txt", &format!("{rule} --leave"), 33, 75)["left"].clone();
    assert_eq!((&left["line"]["issuer"], &left["line"]["over"], &left["attested"]), (&json!(HAIKOU), &Value::Null, &Value::Null));

    federation.start(HAIKOU);
    federation.wait(SANYA, "connected again", |status| crate::federation::connected(status) == 1);
    let counter = Counter { federation, number };
    let said = counter.asks("rule.txt", rule, 31, 0)["attested"].clone();
    assert_eq!(said["attestation"]["use_no"], 2);
    assert_eq!(counter.asks("rule.txt", rule, 31, 0)["attested"], said);
    let earlier = counter.asks("rule.txt", rule, 24, 0)["attested"].clone();
    assert_eq!(earlier["attestation"]["use_no"], 1, "what was answered before the stop is answered alike after it");
    assert_eq!(counter.refused("rule.txt", rule, 32), "grant-used-up");
    let answered = counter.left(33);
    assert_eq!(answered["attestation"]["finding"]["outcome"], "met", "{answered}");
    assert_eq!(counter.asks("left.txt", rule, 33, 0)["attested"], answered);
    assert_eq!(counter.uses(), before + 3, "two uses, and one that was refused");
}

/// A holder takes grants back at the issuer's counter: no later use, in whatever mode.
fn revoked(counter: &Counter<'_>) {
    let fields = "name,document_no,account_status,continuous_months";
    for (mode, ask, serial) in [("details", "details", 41), ("check", "check --values @one.txt", 45)] {
        let file = format!("revoked-{mode}.txt");
        let id = counter.grant(mode, fields, 2, &file);
        counter.asks(&file, ask, serial, 0);
        let federation = counter.federation;
        federation.room.json(&format!("holder revoke {id} --wallet @wallet --out @{mode}.revocation --passphrase-file @pass"), 0);
        federation.room.json(&format!("grant revoke @{mode}.revocation --data @{HAIKOU}"), 0);
        let taken = Instant::now();
        assert_eq!(counter.refused(&file, ask, serial + 1), "grant-revoked");
        assert!(taken.elapsed() < REVOKED_WITHIN, "{:?}", taken.elapsed());
    }
    // What was attested stays attested; fields are kept nowhere, and are opened for nobody any more.
    counter.asks("revoked-check.txt", "check --values @one.txt", 45, 0);
    assert_eq!(counter.refused("revoked-details.txt", "details", 41), "grant-revoked");
}
