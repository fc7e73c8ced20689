//! The loop of a cross-region loan between real peers, by commands alone: from the certificate over the reply, the mark, the transfer and the
//! settlement to the lifting; with its parties dark by turns; and with both writing while they are cut off from each other.

use std::time::{Duration, Instant};

use anju_core::desk::{Act, DossierAct, Event};
use serde_json::{Value, json};

use crate::federation::{
    AUDITOR, CHONGQING, Federation, Granting, HAIKOU, Hand, Over, PATIENCE, REVIEWER, SANYA, TELLER, journal, request,
};

const ACCOUNT: &str = "46010000000100000";
/// What the lender says of the loan.
const GRANTED: &str = "--decision granted --amount 500000 --months 240 --from 2026-12-01 --to 2046-11-30 --method equal-instalment \
                       --monthly 2734.56 --business-no SY-1 --clerk 王经办";

/// Peers of these centres with their people, and a certificate of Haikou's that Sanya knows; its number.
fn begun(centres: &[&'static str]) -> (Federation, String) {
    let federation = Federation::running(centres, Over::Quic);
    centres.iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    (federation, number)
}

fn done(federation: &Federation, code: &str, line: &str) -> Value {
    federation.acts(code, TELLER, line, 0)
}

fn refused(federation: &Federation, code: &str, line: &str) -> String {
    federation.acts(code, TELLER, line, 77)["error"]["code"].as_str().unwrap().to_owned()
}

/// The refusal, or where the loan stands. By the library: a program that is started for each look is slow.
fn state(federation: &Federation, code: &str, loan: &str) -> String {
    let show = DossierAct::Show { dossier: loan.parse().unwrap() };
    match Hand::of(federation, code, TELLER).act(&Act::Dossier(Box::new(show))).unwrap() {
        Event::Dossier(view) => view.loan.unwrap().state.code().to_owned(),
        Event::Refused { refusal, .. } => refusal.code.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn becomes(federation: &Federation, code: &str, loan: &str, wanted: &str) {
    let start = Instant::now();
    loop {
        let got = state(federation, code, loan);
        if got == wanted {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{loan} at {code} is {got}, not {wanted}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What a program is told of a dossier at a centre, byte for byte.
fn told(federation: &Federation, code: &str, dossier: &str) -> String {
    federation.room.done(&format!("{} --json", Federation::line(code, REVIEWER, &format!("dossier show {dossier}"))))
}

/// Waits until these centres are told the same of a dossier, to the byte, and returns it.
fn same(federation: &Federation, codes: &[&str], dossier: &str) -> Value {
    let start = Instant::now();
    loop {
        let all: Vec<String> = codes.iter().map(|code| told(federation, code, dossier)).collect();
        if all.windows(2).all(|pair| pair[0] == pair[1]) {
            let shown: Value = serde_json::from_str(&all[0]).unwrap();
            return shown["dossier"].clone();
        }
        assert!(start.elapsed() < PATIENCE, "{dossier}: {all:#?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The value of a field that counts.
fn counted<'a>(dossier: &'a Value, field: &str) -> Option<&'a str> {
    let fields = dossier["fields"].as_array().unwrap();
    fields.iter().find(|one| one["field"] == field && one["standing"] == "counted")?["value"].as_str()
}

/// What the queue of a centre says has to be done: task, by whom, and about which certificate.
fn queue(federation: &Federation, code: &str) -> Vec<[Value; 3]> {
    let loans = done(federation, code, "loan queue")["loans"].as_array().unwrap().clone();
    loans.iter().map(|loan| [loan["task"]["task"].clone(), loan["task"]["by"].clone(), loan["certificate"].clone()]).collect()
}

fn ledger(federation: &Federation, code: &str) -> Vec<Value> {
    done(federation, code, "loan ledger")["loans"].as_array().unwrap().clone()
}

#[test]
fn a_loan_goes_by_commands_from_the_certificate_over_mark_and_transfer_to_the_lifting_and_stands_in_both_ledgers() {
    let centres = [HAIKOU, SANYA, CHONGQING];
    let (mut federation, number) = begun(&centres);
    federation.grant(Granting::of(&number), "grant.txt");
    let read = federation.room.json(&Federation::query_line(SANYA, "grant.txt", request(1)), 0);
    assert_eq!(read["answer"]["fields"][0]["name"], "name");
    assert_eq!(queue(&federation, SANYA), [[json!("reply"), json!(SANYA), json!(number)]]);
    assert_eq!(refused(&federation, CHONGQING, &format!("loan reply {number} {GRANTED}")), "wrong-addressee", "no second lender");

    // The reply travels, the mark is made by the depositing centre's peer itself, and travels back.
    let made = done(&federation, SANYA, &format!("loan reply {number} {GRANTED}"))["dossier"].clone();
    let loan = made["dossier"].as_str().unwrap().to_owned();
    assert_eq!(made["loan"]["state"], "granted");
    becomes(&federation, SANYA, &loan, "marked");
    assert_eq!(refused(&federation, SANYA, &format!("loan reply {number} {GRANTED}")), "step-not-allowed", "a mark holds the reply");
    let [entry] = &ledger(&federation, HAIKOU)[..] else { panic!("not one entry") };
    let mark = entry["fields"]["mark.number"].as_str().unwrap().to_owned();
    assert!(mark.starts_with("C46010-BZ-"), "{entry}");
    assert_eq!([&entry["certificate"], &entry["lender"], &entry["state"]], [&json!(number), &json!(SANYA), &json!("marked")]);
    assert_eq!((&entry["fields"]["reply.amount"], &entry["fields"]["reply.monthly"]), (&json!("50000000"), &json!("273456")));
    assert_eq!((ledger(&federation, SANYA).len(), queue(&federation, HAIKOU).len()), (0, 0));
    let log = federation.acts(HAIKOU, AUDITOR, "audit list --limit 50", 0);
    let row = log["rows"].as_array().unwrap().iter().find(|row| row["action"] == "loan.mark").unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&row["operator"], &row["outcome"], &row["about"]), (&Value::Null, &json!("done"), &json!(format!("{loan} {number}"))));
    assert_csv(&federation, HAIKOU, &[&number, SANYA, "已标识", &mark, "500000.00", "2734.56", "等额本息"]);

    transferred(&federation, &loan, &number);

    done(&federation, SANYA, &format!("loan settle {loan} --clerk 王经办"));
    becomes(&federation, CHONGQING, &loan, "settled");
    assert_eq!(queue(&federation, CHONGQING), [[json!("unmark"), json!(CHONGQING), json!(number)]]);
    assert_eq!(refused(&federation, HAIKOU, &format!("loan unmark {loan} --clerk 李经办")), "not-entitled");
    done(&federation, CHONGQING, &format!("loan unmark {loan} --clerk 赵经办"));
    let view = same(&federation, &centres, &loan);
    let states: Vec<&str> = view["loan"]["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["granted", "marked", "remarked", "settled", "unmarked"]);
    assert_eq!([&view["pending"], &view["set_aside"], &view["ignored"]], [&json!(0); 3]);
    for code in centres {
        assert_eq!(queue(&federation, code).len(), 0, "{code}");
    }
    let lifted = |code: &str| ledger(&federation, code).iter().map(|entry| entry["state"].clone()).collect::<Vec<_>>();
    assert_eq!((lifted(HAIKOU), lifted(CHONGQING)), (vec![json!("unmarked")], vec![json!("unmarked")]));
    federation.stop_all();
    centres.iter().for_each(|code| federation.assert_sound(code));
}

/// The account moves from Haikou to Chongqing while the loan is repaid.
fn transferred(federation: &Federation, loan: &str, number: &str) {
    assert_eq!(refused(federation, CHONGQING, &format!("loan show {loan}")), "dossier-unreadable", "not yet a party");
    assert_eq!(refused(federation, SANYA, &format!("loan transfer {loan} --to {CHONGQING} --clerk 王经办")), "not-entitled");
    done(federation, HAIKOU, &format!("loan transfer {loan} --to {CHONGQING} --clerk 李经办"));
    // The old centre's word reaches the new one and the lender.
    becomes(federation, CHONGQING, loan, "marked");
    let start = Instant::now();
    while queue(federation, SANYA) != [[json!("remark"), json!(CHONGQING), json!(number)]] {
        assert!(start.elapsed() < PATIENCE, "the lender never hears of the transfer");
    }
    assert_eq!(queue(federation, CHONGQING), [[json!("remark"), json!(CHONGQING), json!(number)]]);
    assert_eq!(refused(federation, HAIKOU, &format!("loan mark {loan} --clerk 李经办")), "not-entitled");
    let marked = done(federation, CHONGQING, &format!("loan mark {loan} --clerk 赵经办"));
    let again = counted(&marked["dossier"], "remark.1.number").unwrap().to_owned();
    assert!(again.starts_with("C50010-BZ-"), "{marked}");
    becomes(federation, SANYA, loan, "remarked");
    let [entry] = &ledger(federation, CHONGQING)[..] else { panic!("not one entry at the new centre") };
    assert_eq!((&entry["keeper"], &entry["fields"]["remark.1.number"]), (&json!(CHONGQING), &json!(again)));
    assert_csv(federation, CHONGQING, &[number, SANYA, "已重新标识", &again, "500000.00"]);
}

/// The ledger as a file has one row, and in it everything that is told.
fn assert_csv(federation: &Federation, code: &str, told: &[&str]) {
    let file = format!("ledger-{code}.csv");
    let written = done(federation, code, &format!("loan ledger --csv @{file}"));
    let text = std::fs::read_to_string(federation.room.path(&file)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((&written["rows"], lines.len()), (&json!(1), 2), "{text}");
    for one in told {
        assert!(lines[1].contains(one), "{one} is not in {text}");
    }
}

#[test]
fn a_loan_is_replied_to_while_its_keeper_is_dark_marked_while_its_lender_is_and_written_by_both_while_cut_off() {
    let (mut federation, number) = begun(&[HAIKOU, SANYA, CHONGQING]);
    let notes = done(&federation, SANYA, &format!("dossier open --kind note --with {HAIKOU} --title 协查 --text 请协查"));
    let notes = notes["dossier"]["dossier"].as_str().unwrap().to_owned();

    // The keeper is dark when the reply is made; the lender, when the mark is.
    federation.stop(HAIKOU);
    let reply = format!("loan reply {number} {GRANTED}");
    let loan = done(&federation, SANYA, &reply)["dossier"]["dossier"].as_str().unwrap().to_owned();
    assert_eq!(refused(&federation, SANYA, &reply), "nothing-new");
    let rows = journal(&federation.status(SANYA), SANYA)["size"].as_u64().unwrap();
    federation.wait_for_rows(CHONGQING, SANYA, rows);
    assert_eq!(queue(&federation, SANYA), [[json!("mark"), json!(HAIKOU), json!(number)]]);
    federation.stop(SANYA);
    federation.start(HAIKOU);
    becomes(&federation, HAIKOU, &loan, "marked");
    let rows = journal(&federation.status(HAIKOU), HAIKOU)["size"].as_u64().unwrap();
    federation.wait_for_rows(CHONGQING, HAIKOU, rows);
    federation.stop(HAIKOU);
    federation.start(SANYA);
    becomes(&federation, SANYA, &loan, "marked");
    assert_eq!(queue(&federation, SANYA).len(), 0);

    let view = cut_off(&mut federation, &loan, &notes);
    assert_eq!(view["loan"]["state"], "settled");
    assert_eq!(refused(&federation, SANYA, &format!("loan unmark {loan} --clerk 王经办")), "not-entitled");
    done(&federation, HAIKOU, &format!("loan unmark {number} --clerk 李经办"));
    becomes(&federation, SANYA, &loan, "unmarked");
    federation.stop_all();
    [HAIKOU, SANYA, CHONGQING].iter().for_each(|code| federation.assert_sound(code));
}

/// Sanya's peer runs alone, then Haikou's: each writes what the other cannot know of, in the loan and, the same field, in the notes. Then
/// both run, and are told the same. Returns the loan.
fn cut_off(federation: &mut Federation, loan: &str, notes: &str) -> Value {
    federation.stop(CHONGQING);
    done(federation, SANYA, &format!("dossier note {loan} --text 已放款"));
    done(federation, SANYA, &format!("loan settle {loan} --clerk 王经办"));
    done(federation, SANYA, &format!("dossier write {notes} --field title --value 三亚来函"));
    federation.stop(SANYA);
    federation.start(HAIKOU);
    for line in [
        format!("dossier note {loan} --text 已标识"),
        format!("dossier write {loan} --field mark.clerk --value 李经办"),
        format!("dossier write {notes} --field title --value 海口复函"),
    ] {
        done(federation, HAIKOU, &line);
    }
    assert_eq!(state(federation, HAIKOU, loan), "marked", "nothing of what Sanya wrote is here");
    assert!(!told(federation, HAIKOU, notes).contains("三亚来函"));
    federation.start(SANYA);
    becomes(federation, HAIKOU, loan, "settled");
    let view = same(federation, &[HAIKOU, SANYA], loan);
    let written = [format!("note.{SANYA}.1"), format!("note.{HAIKOU}.1"), "mark.clerk".to_owned(), "settled.clerk".to_owned()];
    let values = written.map(|field| counted(&view, &field).map(str::to_owned));
    assert_eq!(values.map(Option::unwrap), ["已放款", "已标识", "李经办", "王经办"]);
    let both = same(federation, &[HAIKOU, SANYA], notes);
    let titles = both["fields"].as_array().unwrap().iter().filter(|one| one["field"] == "title");
    let mut titles: Vec<_> = titles.map(|one| (one["standing"].as_str().unwrap(), one["value"].as_str().unwrap())).collect();
    assert_eq!((titles[0].0, titles[1].0, titles.len()), ("counted", "beside", 2), "one decides, the same everywhere: {titles:?}");
    titles.sort_by_key(|(_, title)| *title);
    assert_eq!((titles[0].1, titles[1].1), ("三亚来函", "海口复函"));
    for dossier in [&view, &both] {
        assert_eq!([&dossier["pending"], &dossier["set_aside"], &dossier["ignored"]], [&json!(0); 3]);
    }
    view
}
