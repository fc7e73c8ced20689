//! The main job by hand, with the real program and real peers on loopback: found, issue, receive, grant, and read at the counter of the
//! other centre while the issuer's peer is stopped; and what a counter may rely on: repeats, limits, endings.

use std::time::{Duration, Instant};

use anju_core::certificate::{CertificateKind, Field};
use serde_json::Value;

use crate::cli::{err, out};
use crate::federation::{AUDITOR, Federation, Granting, HAIKOU, Over, REVIEWER, SANYA, TELLER, account, request};

const ACCOUNT: &str = "46010000000100000";
/// Whose it is.
const DOCUMENT: &str = "460199199211165352";
/// How soon after it was made an ending must be heeded at another centre.
const ENDING_TIME: Duration = Duration::from_secs(5);

/// Haikou and Sanya, running and connected, and a citizen's wallet.
fn two() -> Federation {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    federation
}

#[test]
fn a_certificate_is_read_at_the_other_counter_while_its_issuer_is_stopped_and_only_once() {
    let mut federation = two();
    federation.card("card.json", HAIKOU);
    let issue = Federation::issue_line(ACCOUNT, "YDDKJCZM", "card.json", "certificate.txt");
    let issued = federation.room.json(&issue, 0);
    let number = issued["number"].as_str().unwrap();
    assert_eq!(federation.room.json(&issue, 73)["error"]["code"], "output-exists");
    let received = federation.room.json("holder receive --wallet @wallet @certificate.txt --passphrase-file @pass", 0);
    assert_eq!(received["number"], number);
    federation.wait_for_certificate(SANYA, number);
    assert_eq!(federation.stop(HAIKOU).code, Some(0), "a peer stops cleanly on SIGTERM");

    let grant = format!("holder grant --wallet @wallet --certificate {number} --to {SANYA} --matter loan --passphrase-file @pass");
    let room = &federation.room;
    assert!(room.json(&grant, 64)["error"]["details"]["fields"].as_str().is_some_and(|fields| fields.contains("document_no")));
    assert_eq!(room.json(&format!("{grant} --field name"), 64)["error"]["code"], "no-confirmation");
    room.done(&format!("{grant} --field name,ZJHM,连续缴存月数 --yes --out @grant.txt --qr @grant.png"));
    assert!(std::fs::read(room.path("grant.png")).unwrap().starts_with(b"\x89PNG"));

    let shown = room.run(&Federation::line(SANYA, TELLER, "query --grant @grant.txt --business-no SY-1"));
    assert_eq!(shown.status.code(), Some(0), "{}{}", out(&shown), err(&shown));
    assert_eq!(err(&shown).split_whitespace().collect::<Vec<_>>(), ["拉取中", "已获取", "已核验"]);
    for words in ["真实？是", "已授权？是", "现行？", "460***********5352"] {
        assert!(out(&shown).contains(words), "{words}: {}", out(&shown));
    }
    assert!(!out(&shown).contains(DOCUMENT), "the identity number is masked on a screen");
    let again = federation.acts(SANYA, TELLER, "query --grant @grant.txt --business-no SY-2", 77);
    assert_eq!(again["error"]["code"], "grant-used-up");

    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}

/// The fields of an answer that came, as name and value.
fn fields(answer: &Value) -> Vec<(&str, &Value)> {
    let fields = answer["answer"]["fields"].as_array().unwrap();
    fields.iter().map(|field| (field["name"].as_str().unwrap(), &field["value"])).collect()
}

#[test]
fn each_of_the_three_kinds_is_issued_received_granted_and_read_with_all_its_fields() {
    let federation = two();
    let settled = account(HAIKOU, |a| a["status"] == "01" && a["loans"] != 0 && a["outstanding"] == "0.00");
    for (kind, account_no) in [("JCZM", ACCOUNT), ("YDDKJCZM", ACCOUNT), ("DKJQZM", settled.as_str())] {
        let number = federation.certificate(account_no, kind);
        assert!(number.starts_with(&format!("{HAIKOU}-{kind}-")), "{number}");
        let all = Field::all(kind.parse::<CertificateKind>().unwrap());
        let names: Vec<&str> = all.iter().map(|field| field.name.as_str()).collect();
        let grant = format!("grant-{kind}.txt");
        federation.grant(Granting { fields: &names.join(","), ..Granting::of(&number) }, &grant);
        let answer = federation.room.json(&Federation::query_line(SANYA, &grant, request(1 + all.len() as u8)), 0);
        let got = fields(&answer);
        assert_eq!(got.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "{kind}");
        assert!(got.contains(&("account_no", &account_no.into())), "{kind}: {got:?}");
        assert_eq!(answer["answer"]["certificate"]["kind"], kind);
        assert_eq!(answer["answer"]["current"]["state"], "standing");
        let show = format!("certificate show {number}");
        let shown = federation.acts(HAIKOU, REVIEWER, &show, 0);
        assert_eq!(shown["account_no"], account_no, "the issuer's people know whose it is");
        let shown = federation.acts(SANYA, TELLER, &show, 0);
        assert!(shown["account_no"].is_null(), "no other centre does");
        let shown = federation.room.json(&format!("{show} --data @{HAIKOU}"), 0);
        assert!(shown["account_no"].is_null() && shown["certificate"]["number"] == number.as_str(), "nor who does not sign: {shown}");
    }
    let listed = federation.room.json(&format!("certificate list --data @{HAIKOU}"), 0);
    assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(3));
}

/// An answer without what differs by the moment it was asked.
fn lasting(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("elapsed_ms");
    for gone in ["as_of", "age_ms", "live"] {
        answer["answer"]["current"].as_object_mut().unwrap().remove(gone);
    }
    for gone in ["checkpoint_size", "checkpoint_root"] {
        answer["answer"]["authentic"].as_object_mut().unwrap().remove(gone);
    }
    answer
}

#[test]
fn a_request_that_comes_again_gets_the_same_answer_and_costs_no_further_use() {
    let mut federation = two();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    federation.grant(Granting { fields: "name,account_no", uses: 2, ..Granting::of(&number) }, "grant.txt");
    let ask = |federation: &Federation, id, exit| federation.room.json(&Federation::query_line(SANYA, "grant.txt", request(id)), exit);
    let first = ask(&federation, 1, 0);
    assert_eq!((first["answer"]["authorised"]["use_no"].as_u64(), first["answer"]["authorised"]["uses"].as_u64()), (Some(1), Some(2)));
    for _ in 0..3 {
        assert_eq!(lasting(ask(&federation, 1, 0)), lasting(first.clone()));
    }
    let second = ask(&federation, 2, 0);
    assert_eq!(second["answer"]["authorised"]["use_no"].as_u64(), Some(2));
    assert_eq!(ask(&federation, 3, 77)["error"]["code"], "grant-used-up");
    assert_eq!(ask(&federation, 3, 77)["error"]["details"]["recorded"], "true", "the refusal was recorded, once");
    assert_eq!(lasting(ask(&federation, 1, 0)), lasting(first.clone()), "the first answer stays the first, whatever came after");
    let other = Federation::query_line(SANYA, "grant.txt", request(1)).replace("NO-1", "NO-2");
    assert_eq!(federation.room.json(&other, 64)["error"]["code"], "request-reused");

    assert_eq!(federation.stop(SANYA).code, Some(0));
    federation.start(SANYA);
    assert_eq!(lasting(ask(&federation, 1, 0)), lasting(first), "and after the peer was started again");
    assert_eq!(federation.accesses(SANYA), 3, "two uses and one refusal, and nothing else, are on record");
    let listed = federation.acts(SANYA, AUDITOR, &format!("audit list --limit 100 --operator-name {TELLER}"), 0);
    let told = |outcome: &str| {
        let rows = listed["rows"].as_array().unwrap().iter().filter(|row| row["outcome"] == outcome);
        rows.inspect(|row| assert_eq!((&row["action"], &row["about"]), (&"certificate.query".into(), &number.as_str().into()), "{row}"))
            .count()
    };
    assert_eq!((told("done"), told("again")), (2, 5), "who read how often stands in the log: {listed}");
    assert_eq!((told("grant-used-up"), told("request-reused")), (2, 1), "{listed}");
}

#[test]
fn the_auditor_finds_everything_that_was_done_about_a_person_by_their_number_and_for_a_reason() {
    let federation = two();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    federation.grant(Granting { fields: "name,document_type,document_no", uses: 1, ..Granting::of(&number) }, "grant.txt");
    assert_eq!(federation.query("grant.txt", request(1)).status.code(), Some(0));
    federation.look_up(SANYA, "01", DOCUMENT);
    federation.look_up(SANYA, "01", "11010519491231002X");
    let rows = |code: &str| {
        let listed = federation.acts(code, AUDITOR, &format!("audit list --document-no {DOCUMENT} --reason 信访件18"), 0);
        let rows = listed["rows"].as_array().unwrap().clone();
        assert!(rows.iter().all(|row| !row.to_string().contains(DOCUMENT)), "{listed}");
        rows.into_iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rows(HAIKOU), ["certificate.issue"]);
    assert_eq!(rows(HAIKOU), ["audit.read", "certificate.issue"], "that it was asked for is found as well");
    assert_eq!(rows(SANYA), ["blacklist.lookup", "certificate.query"]);
    let line = |rest: &str| format!("audit list --document-no {rest}");
    assert_eq!(federation.acts(SANYA, AUDITOR, &line("460199199211165353 --reason 信访件18"), 65)["error"]["code"], "document-invalid");
    let without = federation.room.run(&Federation::line(SANYA, AUDITOR, &line(DOCUMENT)));
    assert_eq!(without.status.code(), Some(64), "a number without a reason is no command");
}

#[test]
fn a_certificate_cancelled_by_its_issuer_is_refused_at_the_other_counter_within_five_seconds() {
    let federation = two();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    federation.grant(Granting { uses: 100, ..Granting::of(&number) }, "grant.txt");
    assert_eq!(federation.query("grant.txt", request(1)).status.code(), Some(0));
    let cancelled = federation.acts(HAIKOU, TELLER, &format!("certificate cancel {number}"), 0);
    assert_eq!(cancelled["ended"]["reason"], "cancelled");
    let start = Instant::now();
    for id in 2.. {
        let output = federation.query("grant.txt", request(id));
        let took = start.elapsed();
        assert!(took < ENDING_TIME, "{took:?}: {}", out(&output));
        if output.status.code() == Some(0) {
            continue;
        }
        let answer: Value = serde_json::from_str(&out(&output)).unwrap();
        assert_eq!((output.status.code(), &answer["error"]["code"]), (Some(77), &"certificate-ended".into()), "{answer}");
        println!("refused {took:?} after it was cancelled");
        break;
    }
    let again = federation.acts(HAIKOU, REVIEWER, &format!("certificate cancel {number} --reason superseded"), 0);
    assert_eq!(again["ended"], cancelled["ended"], "a certificate ends once");
    let listed = federation.room.json(&format!("certificate list --data @{HAIKOU}"), 0);
    assert_eq!(listed["certificates"][0]["ended"]["reason"], "cancelled");
}

#[test]
fn eight_processes_at_once_release_the_fields_exactly_as_often_as_was_granted() {
    let federation = two();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    federation.grant(Granting { uses: 2, ..Granting::of(&number) }, "grant.txt");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (1..=8)
            .map(|id| {
                scope.spawn({
                    let federation = &federation;
                    move || federation.query("grant.txt", request(id))
                })
            })
            .collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut uses: Vec<u64> = Vec::new();
    for output in answers {
        let answer: Value = serde_json::from_str(&out(&output)).unwrap_or_else(|e| panic!("{e}: {}{}", out(&output), err(&output)));
        match output.status.code() {
            Some(0) => uses.push(answer["answer"]["authorised"]["use_no"].as_u64().unwrap()),
            Some(77) => assert_eq!(answer["error"]["code"], "grant-used-up"),
            other => panic!("{other:?}: {answer}"),
        }
    }
    uses.sort_unstable();
    assert_eq!(uses, [1, 2]);
    assert_eq!(federation.accesses(SANYA), 8, "every one of the eight is on record");
}
