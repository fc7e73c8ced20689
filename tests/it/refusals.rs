//! Bad input: each gets its stable code, its exit code, and three sentences (what happened, what was not done, what to do next) in
//! Chinese and in English; and nothing is lost by it. Here is what goes wrong at counters; [`house`] has folders, charters and peers.

mod house;

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::cli::{Room, err, out};
use crate::federation::{CHONGQING, Federation, Granting, HAIKOU, Over, SANYA, TELLER, account, now, request};

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Runs a command that must be refused, as JSON and as text, in both languages. Returns the JSON's error.
fn refused(room: &Room, line: &str, exit: i32, code: &str) -> Value {
    let mut last = Value::Null;
    for lang in ["zh", "en"] {
        let output = room.run(&format!("{line} --lang {lang} --json"));
        let answer: Value = serde_json::from_str(&out(&output)).unwrap_or_else(|e| panic!("{line}: {e}: {}{}", out(&output), err(&output)));
        let error = &answer["error"];
        assert_eq!((output.status.code(), error["code"].as_str()), (Some(exit), Some(code)), "{line}: {answer}");
        assert_eq!(error["exit"], exit);
        let parts = ["message", "undone", "next"].map(|part| error[part].as_str().unwrap().to_owned());
        for part in &parts {
            assert!(
                !part.trim().is_empty() && !part.contains("%{") && !part.contains("error.") && !part.contains("refusal."),
                "{line}: {part}"
            );
            assert_eq!(is_chinese(part), lang == "zh", "{line} in {lang}: {part}");
        }
        last = error.clone();
    }
    for (lang, words) in [("zh", ["未做：", "下一步："]), ("en", ["Not done: ", "Next: "])] {
        let output = room.run(&format!("{line} --lang {lang}"));
        assert_eq!((output.status.code(), out(&output).as_str()), (Some(exit), ""), "{line}");
        let told = err(&output);
        assert!(told.contains(&format!("[{code}]")) && words.iter().all(|word| told.contains(word)), "{line} in {lang}: {told}");
    }
    last
}

/// Writes a text of a file with another character in one place.
fn altered(room: &Room, name: &str, at: impl Fn(&str) -> usize, to: &str) {
    let mut text = fs::read_to_string(room.path(name)).unwrap().trim().to_owned();
    let at = at(&text);
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    text.replace_range(at..=at, other);
    room.write(to, &text);
}

#[test]
fn a_grant_that_is_not_for_this_centre_now_and_as_it_was_signed_is_refused() {
    let federation = Federation::running(&[HAIKOU, SANYA, CHONGQING], Over::Quic);
    [HAIKOU, SANYA, CHONGQING].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let room = &federation.room;
    let number = federation.certificate(&account(HAIKOU, |a| a["status"] == "01"), "JCZM");
    federation.grant(Granting::of(&number), "grant.txt");
    federation.wait_for_certificate(CHONGQING, &number);

    let elsewhere = refused(room, &Federation::query_line(CHONGQING, "grant.txt", request(1)), 77, "wrong-centre");
    assert_eq!((elsewhere["kind"].as_str(), elsewhere["details"]["recorded"].as_str()), (Some("refusal"), Some("true")), "{elsewhere}");
    assert_eq!(federation.accesses(CHONGQING), 1, "the refusal is recorded once");

    let matter = Federation::query_line(SANYA, "grant.txt", request(3)) + " --matter rent";
    refused(room, &matter, 77, "wrong-matter");

    // One character of the signature; then claims that allow more than was signed.
    altered(room, "grant.txt", |text| text.rfind('.').unwrap() + 20, "altered.txt");
    refused(room, &Federation::query_line(SANYA, "altered.txt", request(4)), 65, "grant-altered");
    let text = fs::read_to_string(room.path("grant.txt")).unwrap();
    let parts: Vec<&str> = text.trim().split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let greedy = claims.replace("\"uses\":1", "\"uses\":9");
    assert_ne!(greedy, claims);
    room.write("greedy.txt", &[parts[0], &URL_SAFE_NO_PAD.encode(greedy), parts[2]].join("."));
    refused(room, &Federation::query_line(SANYA, "greedy.txt", request(5)), 65, "grant-altered");
    room.write("garbage.txt", "this is not a grant");
    refused(room, &Federation::query_line(SANYA, "garbage.txt", request(6)), 65, "grant-malformed");
    refused(room, &Federation::query_line(SANYA, "missing.txt", request(7)), 66, "input-unreadable");

    let (expired, refused_from) = federation.expired_grant(&number);
    room.write("expired.txt", &expired);
    std::thread::sleep(Duration::from_millis(refused_from.since(now()).max(0).unsigned_abs()));
    refused(room, &Federation::query_line(SANYA, "expired.txt", request(2)), 77, "grant-expired");

    // Nothing of all this cost the use.
    assert_eq!(federation.query("grant.txt", request(8)).status.code(), Some(0));
    refused(room, &Federation::query_line(SANYA, "grant.txt", request(9)), 77, "grant-used-up");
}

#[test]
fn a_wallet_refuses_what_it_cannot_grant_and_what_was_altered_and_stays_as_it_was() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let room = &federation.room;
    let deposits = federation.certificate(&account(HAIKOU, |a| a["status"] == "01"), "JCZM");
    let addressed = federation.certificate(&account(HAIKOU, |a| a["status"] == "01"), "YDDKJCZM");
    federation.card("card.json", HAIKOU);
    let line = Federation::issue_line(&account(HAIKOU, |a| a["status"] == "01"), "JCZM", "card.json", "certificate.txt");
    room.done(&line);
    let before = fs::read(room.path("wallet/wallet.age")).unwrap();

    let grant = |number: &str, rest: &str| {
        format!("holder grant --wallet @wallet --certificate {number} --matter loan --yes --passphrase-file @pass --out @grant.txt {rest}")
    };
    let lacking = refused(room, &grant(&deposits, &format!("--to {SANYA} --field name,loan_outstanding")), 77, "field-not-in-certificate");
    assert_eq!(lacking["details"]["refusal_detail"], "loan_outstanding", "{lacking}");
    let yesterday = (jiff::Zoned::now() - jiff::SignedDuration::from_hours(48)).date();
    refused(room, &grant(&deposits, &format!("--to {SANYA} --field name --until {yesterday}")), 64, "request-invalid");
    refused(room, &grant(&deposits, &format!("--to {SANYA} --field name --until 2999-01-01")), 77, "ceiling-exceeded");
    refused(room, &grant(&deposits, &format!("--to {SANYA} --field name --uses 101")), 77, "ceiling-exceeded");
    refused(room, &grant(&addressed, &format!("--to {CHONGQING} --field name")), 77, "charter-no-centre");
    refused(room, &grant(&addressed, &format!("--to {HAIKOU} --field name")), 77, "wrong-addressee");
    refused(room, &grant("C46010-JCZM-2026-999999", &format!("--to {SANYA} --field name")), 77, "certificate-unknown");

    let file = fs::read_to_string(room.path("certificate.txt")).unwrap();
    let receive = "holder receive --wallet @wallet @altered.txt --passphrase-file @pass";
    for part in 1..8 {
        altered(room, "certificate.txt", |text| text.len() * part / 8, "altered.txt");
        let output = room.run(&format!("{receive} --json"));
        assert_eq!(output.status.code(), Some(65), "at {part}/8: {}", out(&output));
    }
    refused(room, receive, 65, "evidence-bad");
    room.write("altered.txt", &file[..file.len() / 2]);
    refused(room, receive, 65, "evidence-bad");
    room.write("wrong", "another passphrase\n");
    refused(room, "holder receive --wallet @wallet @certificate.txt --passphrase-file @wrong", 77, "passphrase-wrong");
    assert_eq!(fs::read(room.path("wallet/wallet.age")).unwrap(), before, "what was refused changed nothing");
    assert!(!room.path("grant.txt").exists());
    room.done("holder receive --wallet @wallet @certificate.txt --passphrase-file @pass");
}

#[test]
fn a_certificate_that_may_not_be_issued_is_refused_with_the_reason_and_nothing_is_issued() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let room = &federation.room;
    let good = account(HAIKOU, |a| a["status"] == "01" && a["loans"] == 0);
    let closed = account(HAIKOU, |a| a["status"] == "04" && a["loans"] == 0);
    let owing = account(HAIKOU, |a| a["status"] == "01" && a["outstanding"] != "0.00");
    federation.card("card.json", HAIKOU);
    federation.card("sanya.json", SANYA);
    let text = fs::read_to_string(room.path("card.json")).unwrap();
    room.write("altered.json", &text.replacen("\"created\": ", "\"created\": 1", 1));
    assert_ne!(fs::read_to_string(room.path("altered.json")).unwrap(), text);
    let issue = |account: &str, kind: &str, card: &str| Federation::issue_line(account, kind, card, "certificate.txt");
    for (line, exit, code) in [
        (issue(&closed, "JCZM", "card.json"), 77, "account-closed"),
        (issue(&closed, "YDDKJCZM", "card.json"), 77, "account-closed"),
        (issue(&owing, "YDDKJCZM", "card.json"), 77, "loan-unsettled"),
        (issue(&owing, "DKJQZM", "card.json"), 77, "loan-unsettled"),
        (issue(&good, "DKJQZM", "card.json"), 77, "no-loan"),
        (issue("46010000000999999", "JCZM", "card.json"), 77, "account-unknown"),
        (issue(&good, "JCZM", "sanya.json"), 65, "card-invalid"),
        (issue(&good, "JCZM", "altered.json"), 65, "card-invalid"),
        (issue(&good, "JCZM", "pass"), 65, "card-invalid"),
        (issue(&good, "JCZM", "card.json") + " --addressee C46010", 64, "addressee-invalid"),
        (issue(&good, "JCZM", "card.json") + " --addressee C99999", 64, "addressee-invalid"),
        (issue(&good, "YDDKJCZM", "card.json").replace(" --addressee C46020", ""), 64, "addressee-invalid"),
        (issue(&good, "JCZM", "card.json") + " --valid-days 367", 77, "ceiling-exceeded"),
        (issue(&good, "KIND", "card.json"), 64, "kind-unknown"),
        (issue(&good, "JCZM", "missing.json"), 66, "input-unreadable"),
        (format!("certificate show --data @{HAIKOU} C46010-JCZM-2026-999999"), 77, "certificate-unknown"),
        (Federation::line(HAIKOU, TELLER, "certificate show C46010-JCZM-2026-999999"), 77, "certificate-unknown"),
        (Federation::line(HAIKOU, TELLER, "certificate cancel C46010-JCZM-2026-999999"), 77, "certificate-unknown"),
    ] {
        refused(room, &line, exit, code);
        assert!(!room.path("certificate.txt").exists(), "{line}");
    }
    assert_eq!(federation.issued(HAIKOU), 0, "nothing was issued");
    // The card was good all the time, and is good once.
    let number = room.json(&issue(&good, "JCZM", "card.json"), 0)["number"].as_str().unwrap().to_owned();
    let used = refused(room, &Federation::issue_line(&good, "JCZM", "card.json", "second.txt"), 77, "card-used");
    assert_eq!(used["details"]["refusal_detail"], number.as_str(), "it says for which certificate: {used}");
    // Only the issuer ends its certificates.
    federation.wait_for_certificate(SANYA, &number);
    refused(room, &Federation::line(SANYA, TELLER, &format!("certificate cancel {number}")), 77, "not-the-issuer");
    assert_eq!(federation.issued(HAIKOU), 1);
}

#[test]
fn a_missing_or_corrupt_export_issues_nothing_and_the_same_request_works_once_it_is_mended() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    federation.card("card.json", HAIKOU);
    let room = &federation.room;
    let good = account(HAIKOU, |a| a["status"] == "01" && a["loans"] == 0);
    let line = Federation::issue_line(&good, "YDDKJCZM", "card.json", "certificate.txt");
    let exports = |name: &str| room.path(&format!("exports-{HAIKOU}/{name}"));
    for name in ["accounts.csv", "transactions.csv", "loans.csv"] {
        let sound = fs::read(exports(name)).unwrap();
        fs::remove_file(exports(name)).unwrap();
        refused(room, &line, 66, "source-unavailable");
        refused(room, &format!("source check --data @{HAIKOU}"), 66, "source-unreadable");
        // Half a workbook's worth of noise, a file without a header row, and one whose headers are another table's.
        let noise: Vec<u8> = (0..4096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for corrupt in [noise, Vec::new(), b"a,b,c\n1,2,3\n".to_vec()] {
            fs::write(exports(name), &corrupt).unwrap();
            refused(room, &line, 66, "source-unavailable");
            assert_eq!(fs::read(exports(name)).unwrap(), corrupt, "the source is never written to");
        }
        fs::write(exports(name), sound).unwrap();
    }
    // One broken row is that account's alone.
    let sound = fs::read_to_string(exports("accounts.csv")).unwrap();
    let broken = sound.replacen("460199199211165352", "460199199211165353", 1);
    assert_ne!(broken, sound);
    fs::write(exports("accounts.csv"), broken).unwrap();
    refused(room, &line, 65, "account-unreadable");
    fs::write(exports("accounts.csv"), sound).unwrap();

    assert_eq!(federation.issued(HAIKOU), 0, "nothing was issued");
    assert!(!room.path("certificate.txt").exists());
    room.done(&line);
}
