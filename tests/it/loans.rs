//! The loop of a cross-region loan between real peers: lender and keeper dark by turns, both writing while cut off, the ledger as a file.

use serde_json::Value;

use crate::federation::{CHONGQING, Federation, HAIKOU, Over, REVIEWER, SANYA, TELLER};

const ACCOUNT: &str = "46010000000100000";

fn state(federation: &Federation, code: &str, loan: &str) -> String {
    let shown = federation.acts(code, TELLER, &format!("loan show {loan}"), 0);
    shown["dossier"]["loan"]["state"].as_str().unwrap_or_default().to_owned()
}

fn becomes(federation: &Federation, code: &str, loan: &str, wanted: &str) {
    let start = std::time::Instant::now();
    while state(federation, code, loan) != wanted {
        assert!(start.elapsed() < crate::federation::PATIENCE, "{loan} at {code} does not become {wanted}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// A dossier without what is each peer's own.
fn fields(federation: &Federation, code: &str, loan: &str) -> Value {
    federation.acts(code, REVIEWER, &format!("dossier show {loan}"), 0)["dossier"].clone()
}

#[test]
fn a_loan_is_replied_to_marked_settled_and_unmarked_while_its_parties_are_dark_by_turns() {
    let centres = [HAIKOU, SANYA, CHONGQING];
    let mut federation = Federation::running(&centres, Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    federation.wait_for_certificate(SANYA, &number);
    let waits = federation.acts(SANYA, TELLER, "loan queue", 0);
    assert_eq!((&waits["loans"][0]["task"]["task"], &waits["loans"][0]["certificate"]), (&"reply".into(), &number.as_str().into()));

    // The keeper is dark when the reply is made; the lender, when the mark is.
    federation.stop(HAIKOU);
    let reply = format!(
        "loan reply {number} --decision granted --amount 500000 --months 240 --method equal-instalment --business-no SY-1 --clerk 王经办"
    );
    let made = federation.acts(SANYA, TELLER, &reply, 0);
    let loan = made["dossier"]["dossier"].as_str().unwrap().to_owned();
    assert_eq!(federation.acts(SANYA, TELLER, &reply, 77)["error"]["code"], "nothing-new");
    let journals = federation.status(SANYA)["journals"].clone();
    let rows = journals.as_array().unwrap().iter().find(|journal| journal["centre"] == SANYA).unwrap()["size"].as_u64().unwrap();
    federation.wait_for_rows(CHONGQING, SANYA, rows);
    federation.stop(SANYA);
    federation.start(HAIKOU);
    becomes_known(&federation, HAIKOU, &loan);
    becomes(&federation, HAIKOU, &loan, "marked");

    // Both write while they are cut off from each other.
    federation.acts(HAIKOU, TELLER, &format!("dossier note {loan} --text 已标识"), 0);
    federation.stop(HAIKOU);
    federation.start(SANYA);
    federation.acts(SANYA, TELLER, &format!("dossier note {loan} --text 已放款"), 0);
    federation.start(HAIKOU);
    becomes(&federation, SANYA, &loan, "marked");
    let settled = federation.acts(SANYA, TELLER, &format!("loan settle {number} --clerk 王经办"), 0);
    assert_eq!(settled["dossier"]["loan"]["state"], "settled");
    becomes(&federation, HAIKOU, &loan, "settled");
    assert_eq!(federation.acts(SANYA, TELLER, &format!("loan unmark {loan} --clerk 王经办"), 77)["error"]["code"], "not-entitled");
    federation.acts(HAIKOU, TELLER, &format!("loan unmark {loan} --clerk 李经办"), 0);
    becomes(&federation, SANYA, &loan, "unmarked");
    assert_eq!(fields(&federation, HAIKOU, &loan), fields(&federation, SANYA, &loan));

    federation.acts(HAIKOU, TELLER, "loan ledger --csv @ledger.csv", 0);
    let ledger = std::fs::read_to_string(federation.room.path("ledger.csv")).unwrap();
    assert!(ledger.contains(&number) && ledger.contains("500000.00") && ledger.contains("C46010-BZ-"), "{ledger}");
    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}

fn becomes_known(federation: &Federation, code: &str, loan: &str) {
    let start = std::time::Instant::now();
    loop {
        let listed = federation.acts(code, TELLER, "dossier list", 0);
        if listed["dossiers"].as_array().is_some_and(|all| all.iter().any(|one| one["dossier"] == loan)) {
            return;
        }
        assert!(start.elapsed() < crate::federation::PATIENCE, "{loan} does not come to {code}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}
