//! Row 25 of `docs/FAULTS.md`: the auditor asks who looked at somebody, and that is written down as well.

use rand::RngExt;

use super::counter::grant_of;
use super::signed::{ask, cancel, code, house, issuing, log, query};
use super::world::World;
use crate::audit::AuditAction;
use crate::desk::{Act, Applicant, AuditLine, AuditSubject, Event};
use crate::error::RefusalCode;
use crate::names::RequestId;
use crate::time::SECOND_MS;

/// Whose account the world's source knows.
const NUMBER: &str = "460199198409159519";
const NOBODY: &str = "11010519491231002X";
const REASON: &str = "信访件 2026-18";

fn of(document_no: &str, reason: &str) -> Option<AuditSubject> {
    Some(AuditSubject { document_type: "01".to_owned(), document_no: document_no.to_owned(), reason: reason.to_owned() })
}

fn list(subject: Option<AuditSubject>) -> Act {
    Act::AuditList { before: None, limit: 100, operator: None, subject }
}

fn rows(world: &mut World, peer: usize, subject: Option<AuditSubject>) -> Vec<AuditLine> {
    match ask(world, peer, "auditor", &list(subject)) {
        Event::Audit { rows, more: false } => rows,
        other => panic!("{other:?}"),
    }
}

fn lookup(world: &mut World, peer: usize, document_no: &str, business_no: &str) -> Event {
    let applicant =
        Applicant { row: 0, document_type: "01".to_owned(), document_no: document_no.to_owned(), business_no: business_no.to_owned() };
    let act = Act::Lookup { applicant, matter: "cross-region-loan".to_owned(), legal_basis: "regulation".to_owned() };
    ask(world, peer, "teller", &act)
}

fn actions(rows: &[AuditLine]) -> Vec<(&str, &str)> {
    rows.iter().rev().map(|row| (row.action.as_str(), row.outcome.as_str())).collect()
}

#[test]
fn whoever_looked_at_a_person_is_found_by_the_persons_number_and_nobody_elses_rows_are() {
    let (mut world, mut holder, number) = house(421);
    let act = issuing(&mut world, &mut holder);
    let Event::CertificateIssued { number: new, .. } = ask(&mut world, 0, "reviewer", &act) else { panic!("not issued") };
    ask(&mut world, 0, "teller", &Act::CertificateShow { number: new.clone() });
    ask(&mut world, 0, "teller", &Act::AccountShow { account_no: "46010000000100001".to_owned(), kind: "JCZM".to_owned(), unmask: None });
    ask(&mut world, 0, "teller", &Act::Reveal { number: new.clone(), reason: "核对".to_owned() });
    ask(&mut world, 0, "teller", &cancel(&new));
    lookup(&mut world, 0, NUMBER, "HK-1");
    lookup(&mut world, 0, "460199198409159519".replace('4', "\u{ff14}").as_str(), "HK-2");
    lookup(&mut world, 0, NOBODY, "HK-3");
    lookup(&mut world, 0, NUMBER, ""); // Refused, and told.
    let found = rows(&mut world, 0, of(NUMBER, REASON));
    let (issued, looked) = (AuditAction::CertificateIssue.code(), AuditAction::Lookup.code());
    let expected = [
        (issued, "done"), // The house's own certificate.
        (issued, "done"),
        (AuditAction::CertificateShow.code(), "done"),
        (AuditAction::AccountShow.code(), "done"),
        (AuditAction::Reveal.code(), "done"),
        (AuditAction::CertificateCancel.code(), "done"),
        (looked, "not-listed"),
        (looked, "not-listed"),
        (looked, "request-invalid"),
    ];
    assert_eq!(actions(&found), expected);
    assert_eq!(actions(&rows(&mut world, 0, of(NOBODY, REASON))), [(looked, "not-listed")]);

    // A certificate that is read speaks of whom its fields name; without the number among them nobody here knows whose it is.
    for (fields, known) in [(&["name", "document_no", "document_type"][..], 1), (&["document_no"], 2), (&["name", "balance"], 2)] {
        let grant = grant_of(&mut world, &mut holder, (&number, fields), 1, 1);
        let id = RequestId(world.rng.random());
        assert!(matches!(ask(&mut world, 1, "teller", &query(&grant, id)), Event::Answer(_)));
        let found = rows(&mut world, 1, of(NUMBER, REASON));
        assert_eq!(found.iter().filter(|row| row.action == AuditAction::Query.code()).count(), known, "{fields:?}");
    }
}

#[test]
fn asking_the_log_about_a_person_needs_an_auditor_a_number_and_a_reason_and_is_itself_such_a_row() {
    let (mut world, ..) = house(422);
    world.run_for(SECOND_MS);
    for by in ["teller", "reviewer", "system", "security"] {
        assert_eq!(code(&ask(&mut world, 0, by, &list(of(NUMBER, REASON)))), RefusalCode::RoleMissing);
    }
    assert_eq!(code(&ask(&mut world, 0, "auditor", &list(of("460199198409159518", REASON)))), RefusalCode::DocumentInvalid);
    assert_eq!(code(&ask(&mut world, 0, "auditor", &list(of(NUMBER, " ")))), RefusalCode::FieldMissing);
    rows(&mut world, 0, of(NUMBER, REASON));
    let told: Vec<_> = log(&world, 0).into_iter().filter(|row| row.action == AuditAction::AuditRead).collect();
    assert_eq!(told.len(), 7, "refusals are told, too");
    assert_eq!(told.iter().filter(|row| row.subject.is_some()).count(), 6, "all but the one about no document");
    assert_eq!(told[6].about, format!("all 460***********9519 {REASON}"));
    assert!(log(&world, 0).iter().all(|row| !row.about.contains(NUMBER)));
    let found = rows(&mut world, 0, of(NUMBER, REASON));
    assert_eq!(found.iter().filter(|row| row.action == AuditAction::AuditRead.code()).count(), 6, "whoever asks is found by the next");
}
