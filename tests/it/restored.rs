//! An old backup of the database is put back, while the head file beside it stays: the peer notices, asks the others, and forks nothing.

use std::time::Instant;

use crate::federation::{CHONGQING, Federation, HAIKOU, Hand, Holders, Over, PATIENCE, SANYA, TELLER, applied, connected, journal};
use anju_core::desk::Event;
use anju_core::error::RefusalCode;

const ALL: [&str; 3] = [HAIKOU, SANYA, CHONGQING];

fn issue(federation: &Federation, holders: &mut Holders) -> Event {
    Hand::of(federation, HAIKOU, TELLER).act(&holders.asks()).unwrap()
}

fn assert_issued(federation: &Federation, holders: &mut Holders) {
    let event = issue(federation, holders);
    assert!(matches!(event, Event::CertificateIssued { .. }), "{event:?}");
}

/// Copies the database of a peer that is stopped. Nothing may lie beside it: the write-ahead log was folded in.
fn copy_database(federation: &Federation, from: &str, to: &str) {
    std::fs::copy(federation.room.path(from), federation.room.path(to)).unwrap();
    assert!(!federation.room.path(&format!("{HAIKOU}/anju.db-wal")).exists(), "a stopped peer leaves no log behind");
}

#[test]
fn a_restored_backup_is_read_only_until_the_others_gave_back_what_it_lacks_and_forks_nothing() {
    let mut federation = Federation::running(&ALL, Over::Quic);
    federation.staff(HAIKOU);
    let mut holders = Holders::new(17);
    assert_issued(&federation, &mut holders);
    assert_issued(&federation, &mut holders);
    assert_eq!(federation.stop(HAIKOU).code, Some(0));
    let database = format!("{HAIKOU}/anju.db");
    copy_database(&federation, &database, "backup.db");

    federation.start(HAIKOU);
    assert_issued(&federation, &mut holders);
    for code in [SANYA, CHONGQING] {
        federation.wait_for_rows(code, HAIKOU, 3);
    }
    let root = journal(&federation.status(SANYA), HAIKOU)["root"].clone();
    federation.stop_all();
    copy_database(&federation, "backup.db", &database);

    federation.start(HAIKOU);
    let status = federation.status(HAIKOU);
    assert_eq!(status["read_only"]["reason"], "restored", "{status}");
    assert_eq!((status["read_only"]["reported"].as_u64(), status["read_only"]["needed"].as_u64()), (Some(0), Some(2)));
    assert_eq!(applied(&status, HAIKOU), 2);
    federation.wallet();
    federation.card("card.json", HAIKOU);
    let account = crate::federation::account(HAIKOU, |a| a["status"] == "01");
    let refused = federation.room.json(&Federation::issue_line(&account, "JCZM", "card.json", "no.txt"), 75);
    assert_eq!(refused["error"]["code"], "read-only");
    assert!(!federation.room.path("no.txt").exists());
    let shown = federation.room.done(&format!("status --data @{HAIKOU}"));
    assert!(shown.contains("只读"), "{shown}");

    // One of the two others is no majority of them.
    federation.start(SANYA);
    federation.wait(HAIKOU, "told by Sanya", |status| status["read_only"]["reported"].as_u64() == Some(1));
    let event = issue(&federation, &mut holders);
    assert!(matches!(&event, Event::Refused { refusal, .. } if refusal.code == RefusalCode::ReadOnly), "{event:?}");

    federation.start(CHONGQING);
    let start = Instant::now();
    let status = federation.wait(HAIKOU, "writing again", |status| status["read_only"].is_null());
    println!("wrote again after {:?}", start.elapsed());
    assert!(start.elapsed() < PATIENCE);
    assert_eq!((applied(&status, HAIKOU), &journal(&status, HAIKOU)["root"]), (3, &root), "the row that the backup lacked is back");
    federation.room.done(&Federation::issue_line(&account, "JCZM", "card.json", "certificate.txt"));
    for code in ALL {
        let status = federation.wait(code, "whole and connected", |status| applied(status, HAIKOU) >= 4 && connected(status) == 2);
        assert_eq!(status["faults"].as_array().map(Vec::len), Some(0), "{code}: {status}");
        assert_eq!(journal(&status, HAIKOU)["forked"], false, "{code}: {status}");
    }
    federation.stop_all();
    ALL.iter().for_each(|code| federation.assert_sound(code));
}
