//! Who looked, for a holder who has no window: the counter hands out what is known there, sealed, page by page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::counter::{grant_for, issue, query, refusal, wallet};
use super::world::World;
use crate::audit::AuditAction;
use crate::desk::{Act, Event};
use crate::error::RefusalCode;
use crate::holder::window::{key_of, open_access};
use crate::names::CertificateNumber;
use crate::node::window::MAX_ACCESS_PAGE;
use crate::shelf::House;
use crate::time::SECOND_MS;
use crate::window::AccessPage;

fn page(world: &mut World, peer: usize, number: &CertificateNumber, after: Option<String>) -> AccessPage {
    let token = world.act(peer, &Act::CertificateAccesses { number: number.clone(), after });
    match world.closing(peer, token) {
        Some(Event::AccessFile(page)) => (**page).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_counter_hands_out_every_access_it_knows_of_and_only_the_holder_opens_them() {
    let mut world = World::new(941, 2);
    let (mut holder, mut stranger) = (wallet(), wallet());
    let number = issue(&mut world, 0, &mut holder, 1);
    let other = issue(&mut world, 0, &mut stranger, 1);
    world.run_for(2 * SECOND_MS);
    let uses = MAX_ACCESS_PAGE + 3;
    let grant = grant_for(&mut world, &mut holder, &number, 1, 20);
    for _ in 0..uses {
        query(&mut world, 1, &grant);
    }
    world.run_for(2 * SECOND_MS);
    let author = world.peers[1].node.authors[&world.peers[1].centre].clone();
    for peer in [0, 1] {
        let first = page(&mut world, peer, &number, None);
        let rest = page(&mut world, peer, &number, first.next.clone());
        assert_eq!((first.accesses.len(), rest.accesses.len(), &rest.next), (MAX_ACCESS_PAGE, 3, &None), "peer {peer}");
        let (mut read, mut refused) = (0, 0);
        for one in first.accesses.iter().chain(&rest.accesses) {
            let evidence = STANDARD.decode(one.evidence.as_ref().unwrap()).unwrap();
            let place = (&one.author, one.index);
            let access = open_access(key_of(&holder, &number).unwrap(), &number, &author, place, &evidence).unwrap();
            assert_eq!(access.business_no, "SY-2026-0001");
            read += usize::from(access.refused.is_none());
            refused += usize::from(access.refused == Some(RefusalCode::GrantUsedUp));
            assert!(open_access(key_of(&stranger, &other).unwrap(), &number, &author, place, &evidence).is_err());
        }
        assert_eq!((read, refused), (20, uses - 20));
        let told = world.peers[peer].shelf.audit_newest(u64::MAX, 1, &Default::default()).unwrap().remove(0);
        assert_eq!((told.action, told.about.as_str()), (AuditAction::CertificateAccesses, number.as_str()));
        assert!(page(&mut world, peer, &other, None).accesses.is_empty());
    }
    let token = world.act(0, &Act::CertificateAccesses { number: "C46010-JCZM-2026-000099".parse().unwrap(), after: None });
    assert_eq!(refusal(&world, 0, token), RefusalCode::CertificateUnknown);
    let token = world.act(0, &Act::CertificateAccesses { number, after: Some("nowhere".to_owned()) });
    assert_eq!(refusal(&world, 0, token), RefusalCode::CursorInvalid);
}
