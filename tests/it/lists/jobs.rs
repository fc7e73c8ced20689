//! The jobs that run at night, between real peers: imports that are killed, exports that go on, applicants by the hundred, a wait until
//! everything is current.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::{LISTED, listed};
use crate::federation::{CHONGQING, Federation, HAIKOU, Over, REVIEWER, SANYA, TELLER};

const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Enough for several batches.
const ROWS: usize = 9_000;

/// The unified social credit code with this serial number (GB 32100).
fn credit_code(serial: usize) -> String {
    let body = format!("91460199{serial:09}");
    let value = |b: u8| CREDIT_ALPHABET.iter().position(|c| *c == b).unwrap();
    let sum: usize = body.bytes().zip(std::iter::successors(Some(1), |w| Some(w * 3 % 31))).map(|(b, w)| value(b) * w).sum();
    format!("{body}{}", char::from(CREDIT_ALPHABET[(31 - sum % 31) % 31]))
}

fn employers(rows: usize) -> String {
    let mut text = "ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ\n".to_owned();
    for i in 0..rows {
        text.push_str(&format!("单位,第{i}有限公司,{},欠缴,一般,认{i}号,2026-01-09,条例,公示,2028-01-09,2027-01-09,\n", credit_code(i)));
    }
    text
}

/// What an export of everything has of Haikou: decision number → how often.
fn exported(federation: &Federation) -> BTreeMap<String, usize> {
    federation.acts(HAIKOU, TELLER, "blacklist export --format jsonl --out @all.jsonl", 0);
    let lines = std::fs::read_to_string(federation.room.path("all.jsonl")).unwrap();
    let mut out = BTreeMap::new();
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if let Some(no) = row["own"]["finding"]["decision_no"].as_str() {
            *out.entry(no.to_owned()).or_default() += 1;
        }
    }
    std::fs::remove_file(federation.room.path("all.jsonl")).unwrap();
    out
}

#[test]
fn an_import_killed_at_any_moment_and_run_again_lists_every_row_once() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    federation.staff(HAIKOU);
    federation.room.write("list.csv", &employers(ROWS));
    let stage = Federation::line(HAIKOU, TELLER, "blacklist import @list.csv --json");
    for ms in [400, 900] {
        let mut job = federation.room.command(&stage).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(ms));
        job.kill().unwrap();
        job.wait().unwrap();
        federation.kill(HAIKOU);
        federation.start(HAIKOU);
    }
    let staged = federation.acts(HAIKOU, TELLER, "blacklist import @list.csv", 0);
    assert_eq!(staged["import"]["counts"]["new"], ROWS, "{staged}");
    assert_eq!(federation.acts(HAIKOU, TELLER, "blacklist import approve @list.csv", 77)["error"]["code"], "role-missing");
    federation.acts(HAIKOU, REVIEWER, "blacklist import approve @list.csv --no-wait", 0);
    federation.kill(HAIKOU);
    federation.start(HAIKOU);
    std::thread::sleep(Duration::from_millis(100));
    federation.kill(HAIKOU);
    federation.start(HAIKOU);
    let done = federation.acts(HAIKOU, REVIEWER, "blacklist import approve @list.csv", 0);
    assert_eq!((&done["import"]["state"], &done["import"]["listed"]), (&"done".into(), &ROWS.into()), "{done}");
    let once: BTreeMap<String, usize> = (0..ROWS).map(|i| (format!("认{i}号"), 1)).collect();
    assert!(exported(&federation) == once, "every row once");
    let again = federation.acts(HAIKOU, TELLER, "blacklist import @list.csv", 0);
    assert_eq!(again["import"]["state"], "done");

    // A file with one row changed and one gone: one change, one told, nothing ended.
    let next = employers(ROWS - 1).replacen("2028-01-09", "2028-02-09", 1);
    federation.room.write("next.csv", &next);
    let staged = federation.acts(HAIKOU, TELLER, "blacklist import @next.csv", 0);
    assert_eq!((&staged["import"]["counts"]["changed"], &staged["import"]["gone_count"]), (&1.into(), &1.into()), "{staged}");
    federation.acts(HAIKOU, REVIEWER, "blacklist import approve @next.csv", 0);
    assert!(exported(&federation) == once, "what is gone from a file is not ended by it");
    federation.wait_for_rows(SANYA, HAIKOU, ROWS as u64 + 2);
    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}

#[test]
fn a_second_import_at_the_same_time_is_told_to_try_again() {
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    federation.staff(HAIKOU);
    federation.room.write("list.csv", &employers(40_000));
    federation.room.write("other.csv", &employers(3));
    let stage = Federation::line(HAIKOU, TELLER, "blacklist import @list.csv --json");
    let mut job = federation.room.command(&stage).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let lock = federation.room.path(HAIKOU).join("blacklist-import.lock");
    while !lock.exists() || std::fs::File::open(&lock).unwrap().try_lock().is_ok() {
        assert!(job.try_wait().unwrap().is_none(), "the job ended before it was looked at");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = federation.acts(HAIKOU, TELLER, "blacklist import @other.csv", 75);
    assert!(job.try_wait().unwrap().is_none(), "both were under way: {second}");
    job.kill().unwrap();
    job.wait().unwrap();
    federation.acts(HAIKOU, TELLER, "blacklist import @other.csv", 0);
}

#[test]
fn jobs_wait_until_current_screen_applicants_and_export_what_changed() {
    let mut federation = listed();
    federation.look_up_until(SANYA, LISTED, "listed");
    let current = federation.room.json(&format!("sync --data @{SANYA} --until-current --timeout 60s"), 0);
    assert_eq!(current["sync"]["complete"], true);

    let applicants = "证件类型,证件号码,业务编号\n01,460199197601171425,SY-1\n01,11010519491231002X,SY-2\n01,110105194912310022,SY-3\n";
    federation.room.write("applicants.csv", applicants);
    let line = "blacklist screen @applicants.csv --matter loan --out @screened.csv";
    let screened = federation.acts(SANYA, TELLER, line, 2);
    let table = std::fs::read_to_string(federation.room.path("screened.csv")).unwrap();
    assert_eq!(table.lines().count(), 4, "one row for each row, and a header: {table}");
    assert!(!table.contains(LISTED.1) && table.contains(&format!("{HAIKOU}-L")), "{table} {screened}");

    let export = |federation: &Federation, more: &str, out: &str| {
        let line = format!("blacklist export --format jsonl --out @{out} {more}");
        let done = federation.acts(SANYA, TELLER, &line, 0);
        let lines = std::fs::read_to_string(federation.room.path(out)).unwrap();
        assert!(!lines.contains(LISTED.1) && !lines.contains("向子雪"), "another centre's subjects are tokens");
        (done["export"]["cursor"].as_str().unwrap().to_owned(), lines.lines().count())
    };
    let (cursor, rows) = export(&federation, "", "first.jsonl");
    assert_eq!(rows, 4, "four of five rows are listed; one is past both clocks");
    let (cursor, rows) = export(&federation, &format!("--since {cursor}"), "second.jsonl");
    assert_eq!(rows, 0, "nothing has changed");
    federation.acts(SANYA, TELLER, "blacklist object C46010-L0 --ground other --text 有异议", 0);
    let (_, rows) = export(&federation, &format!("--since {cursor}"), "third.jsonl");
    assert_eq!(rows, 1, "one was objected to");

    // Of whom nobody tells anything new, nothing is current.
    for code in [HAIKOU, CHONGQING] {
        assert_eq!(federation.stop(code).code, Some(0));
    }
    let dark = federation.room.json(&format!("sync --data @{SANYA} --until-current --timeout 2s"), 75);
    let stale: Vec<&str> = dark["sync"]["journals"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|j| j["current"] == false)
        .map(|j| j["centre"].as_str().unwrap())
        .collect();
    assert_eq!(stale, [HAIKOU, CHONGQING]);
}
