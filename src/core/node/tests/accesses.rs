//! Who looked at a certificate: its issuer's auditor sees it, and nobody else at the desk.

use super::counter::{grant_for, issue, query, refusal, wallet};
use super::people::{account, ask, last, refused};
use super::world::World;
use crate::audit::AuditAction;
use crate::desk::{AccessLine, Act, Event, MAX_ACCESS_LINES};
use crate::error::RefusalCode;
use crate::names::CertificateNumber;
use crate::operator::Role;
use crate::shelf::{HouseWrite, Write};
use crate::time::SECOND_MS;

fn page(world: &mut World, number: &CertificateNumber, after: Option<String>, limit: usize) -> (Vec<AccessLine>, Option<String>) {
    match ask(world, "wang", &Act::Accesses { number: number.clone(), after, limit }) {
        Event::Accesses { accesses, next } => (accesses, next),
        other => panic!("{other:?}"),
    }
}

/// Two centres, each with a certificate for the other; the second looked twice at the first's, once too often.
fn looked_at() -> (World, CertificateNumber, CertificateNumber) {
    let mut world = World::new(520, 2);
    let mut holder = wallet();
    let ours = issue(&mut world, 0, &mut holder, 1);
    let theirs = issue(&mut world, 1, &mut holder, 0);
    for (name, staff_no, role) in [("wang", "9", Role::Auditor), ("zhao", "10", Role::Teller)] {
        let write = Write::House(HouseWrite::Operator(account(name, staff_no, role)));
        world.peers[0].shelf.apply(&write).unwrap();
    }
    world.run_for(2 * SECOND_MS);
    let grant = grant_for(&mut world, &mut holder, &ours, 1, 1);
    let token = query(&mut world, 1, &grant);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    let token = query(&mut world, 1, &grant);
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantUsedUp);
    world.run_for(2 * SECOND_MS);
    (world, ours, theirs)
}

#[test]
fn the_issuers_auditor_sees_every_use_and_what_was_refused() {
    let (mut world, ours, _) = looked_at();
    let (accesses, next) = page(&mut world, &ours, None, MAX_ACCESS_LINES);
    assert_eq!((accesses.len(), next), (2, None));
    let [used, again] = accesses.as_slice() else { panic!("{accesses:?}") };
    assert_eq!((&used.asker, &used.number), (&world.peers[1].centre, &ours));
    assert_eq!((used.mode.as_str(), used.matter.as_str()), ("details", "cross-region-loan"));
    assert_eq!((used.business_no.as_str(), used.fields.len(), &used.refused), ("SY-2026-0001", 3, &None));
    assert_eq!((again.fields.len(), again.refused.as_deref()), (0, Some(RefusalCode::GrantUsedUp.as_str())));
    assert_eq!(last(&world).0, AuditAction::AuditRead, "reading it is told as well");
}

#[test]
fn accesses_are_read_page_by_page_and_none_twice() {
    let (mut world, ours, _) = looked_at();
    let all = page(&mut world, &ours, None, MAX_ACCESS_LINES).0;
    let (first, next) = page(&mut world, &ours, None, 1);
    let (second, end) = page(&mut world, &ours, next, 1);
    assert_eq!((first, second, end), (all[..1].to_vec(), all[1..].to_vec(), None));
    let ask_for = |after: Option<&str>, limit| Act::Accesses { number: ours.clone(), after: after.map(str::to_owned), limit };
    assert_eq!(refused(&mut world, "wang", &ask_for(Some("nonsense"), 1)), RefusalCode::CursorInvalid);
    assert_eq!(refused(&mut world, "wang", &ask_for(None, 0)), RefusalCode::RequestInvalid);
    assert_eq!(refused(&mut world, "wang", &ask_for(None, MAX_ACCESS_LINES + 1)), RefusalCode::RequestInvalid);
}

#[test]
fn only_an_auditor_sees_accesses_and_only_to_certificates_of_their_centre() {
    let (mut world, ours, theirs) = looked_at();
    let of = |number: &CertificateNumber| Act::Accesses { number: number.clone(), after: None, limit: 1 };
    assert_eq!(refused(&mut world, "zhao", &of(&ours)), RefusalCode::RoleMissing);
    assert_eq!(refused(&mut world, "wang", &of(&theirs)), RefusalCode::CertificateUnknown);
    let never = CertificateNumber::new(&ours.as_str().replace("000001", "000999")).unwrap();
    assert_eq!(refused(&mut world, "wang", &of(&never)), RefusalCode::CertificateUnknown);
}
