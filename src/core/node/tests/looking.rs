//! An account is looked at before a certificate is issued: numbers masked, the look and its reason written down.

use super::asking::*;
use crate::audit::AuditAction;
use crate::desk::{AccountView, Act, Event};
use crate::error::RefusalCode;

const ACCOUNT: &str = "46010000000100001";
const DOCUMENT: &str = "460199198409159519";

fn show(kind: &str, unmask: Option<&str>) -> Act {
    Act::AccountShow { account_no: ACCOUNT.to_owned(), kind: kind.to_owned(), unmask: unmask.map(str::to_owned) }
}

fn value<'a>(view: &'a AccountView, name: &str) -> &'a str {
    view.fields.iter().find(|field| field.name == name).and_then(|field| field.value.as_str()).unwrap()
}

#[test]
fn an_account_is_shown_masked_or_for_a_reason_and_either_is_written_down() {
    let mut world = founded(801);
    let view = |event| match event {
        Event::Account(view) => view,
        other => panic!("{other:?}"),
    };
    let masked = view(ask(&mut world, 0, &show("YDDKJCZM", None)));
    assert!(masked.masked && masked.refusal.is_none());
    assert_eq!((value(&masked, "document_no"), value(&masked, "account_no")), ("460***********9519", "460**********0001"));
    assert_eq!(value(&masked, "name"), "史霞玲", "a name is compared with who stands there");
    let plain = view(ask(&mut world, 0, &show("YDDKJCZM", Some("核对证件"))));
    assert_eq!((value(&plain, "document_no"), value(&plain, "account_no")), (DOCUMENT, ACCOUNT));
    let settled = view(ask(&mut world, 0, &show("DKJQZM", None)));
    assert_eq!(settled.refusal.map(|refusal| refusal.code), Some(RefusalCode::NoLoan));
    refused(&mut world, 0, show("YDDKJCZM", Some(" ")), RefusalCode::FieldMissing);
    refused(&mut world, 0, show("XX", None), RefusalCode::RequestInvalid);
    let rows = audit(&world, 0);
    let told: Vec<_> = rows.iter().map(|row| (row.action, row.about.as_str(), row.outcome.as_str())).collect();
    let row = |about, outcome| (AuditAction::AccountShow, about, outcome);
    assert_eq!(
        told,
        [
            row("460**********0001 masked", "asked"),
            row("460**********0001 masked", "done"),
            row("460**********0001 核对证件", "asked"),
            row("460**********0001 核对证件", "done"),
            row("460**********0001 masked", "asked"),
            row("460**********0001 masked", "done"),
            row("460**********0001", "field-missing"),
            row("460**********0001", "request-invalid"),
        ]
    );
    // Whose account it is, is known from when the source has said so; the look itself was written down before.
    let marked: Vec<_> = rows.iter().map(|row| row.subject.is_some()).collect();
    assert_eq!(marked, [false, true, false, true, false, true, false, false]);
    assert!(rows[1].subject == rows[3].subject && rows[3].subject == rows[5].subject);
}

#[test]
fn revealing_a_number_of_a_certificate_is_written_down_with_its_reason() {
    let mut world = founded(802);
    let reveal = |reason: &str| Act::Reveal { number: "C46020-YDDKJCZM-2026-000001".parse().unwrap(), reason: reason.to_owned() };
    assert!(matches!(ask(&mut world, 0, &reveal("与身份证核对")), Event::Done));
    refused(&mut world, 0, reveal(""), RefusalCode::FieldMissing);
    let rows = audit(&world, 0);
    assert_eq!((rows[0].action, rows[0].about.as_str()), (AuditAction::Reveal, "C46020-YDDKJCZM-2026-000001 与身份证核对"));
    assert_eq!((rows[1].outcome.as_str(), rows.len()), ("field-missing", 2));
}
