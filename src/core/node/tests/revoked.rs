//! Rows 8 and 9 of `docs/FAULTS.md`: a grant that its holder took back opens nothing any more, wherever that was said.

use rand::RngExt;

use super::counter::{grant_for, issue, query, refusal, wallet};
use super::world::{Weather, World};
use crate::audit::AuditAction;
use crate::certificate::thumbprint;
use crate::desk::{Event, Request};
use crate::error::RefusalCode;
use crate::grant::{Presented, Revocation};
use crate::holder::{self, Wallet};
use crate::journal::{Kind, Statement};
use crate::names::CertificateNumber;
use crate::node::revoke::MAX_REVOCATIONS_PER_MINUTE;
use crate::seal::Key;
use crate::shelf::{House, Shelf};
use crate::sign::SecretKey;
use crate::time::{MINUTE_MS, SECOND_MS};

/// Peer 0 issued to peer 1; peer 2 only looks on.
fn issued(seed: u64) -> (World, Wallet, CertificateNumber) {
    let mut world = World::new(seed, 3);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    (world, holder, number)
}

fn revocation(world: &World, holder: &mut Wallet, grant: &str) -> String {
    holder::revoke(holder, world.now, &Presented::parse(grant).unwrap().id()).unwrap()
}

fn revoke(world: &mut World, peer: usize, text: &str) -> Event {
    let token = world.ask(peer, Request::GrantRevoke { text: text.to_owned() });
    world.closing(peer, token).cloned().unwrap()
}

fn code(event: &Event) -> RefusalCode {
    match event {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_grant_revoked_at_any_centre_is_refused_at_the_counter_from_its_arrival_on() {
    let (mut world, mut holder, number) = issued(701);
    let grants: Vec<_> = (0..2).map(|_| grant_for(&mut world, &mut holder, &number, 1, 5)).collect();
    let token = query(&mut world, 1, &grants[0]);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    let text = revocation(&world, &mut holder, &grants[0]);
    let Event::GrantRevoked { grant, at, .. } = revoke(&mut world, 2, &format!("\n{text}\n")) else { panic!("not taken") };
    assert_eq!(grant, Presented::parse(&grants[0]).unwrap().id());
    world.run_for(5 * SECOND_MS);
    let token = query(&mut world, 1, &grants[0]);
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantRevoked);
    let token = query(&mut world, 1, &grants[1]);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))), "the holder's other grant stands");
    let told = world.peers[2].shelf.audit_rows(0, 9).unwrap();
    assert_eq!((told[0].action, told[0].operator.as_ref(), told[0].about.as_str()), (AuditAction::GrantRevoke, None, number.as_str()));
    // Said again it is answered with when it was, and stands in no journal twice.
    let size = world.size(2, 2);
    assert!(matches!(revoke(&mut world, 2, &text), Event::GrantRevoked { at: again, .. } if again == at));
    assert_eq!(world.size(2, 2), size);
    world.run_for(11 * SECOND_MS);
    world.assert_converged();
}

#[test]
fn nobody_else_takes_a_grant_back_neither_at_a_counter_nor_with_a_statement_of_their_own() {
    let (mut world, mut holder, number) = issued(702);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 5);
    let id = Presented::parse(&grant).unwrap().id();
    let stranger = SecretKey::from_key(Key::from_bytes([5; 32]));
    let forged = Revocation::make(world.now, id, &number, &stranger);
    assert_eq!(code(&revoke(&mut world, 2, &forged)), RefusalCode::HolderMismatch);
    let unknown = "C46010-YDDKJCZM-2026-000099".parse().unwrap();
    let of_none = Revocation::make(world.now, id, &unknown, &stranger);
    assert_eq!(code(&revoke(&mut world, 2, &of_none)), RefusalCode::CertificateUnknown);
    assert_eq!(code(&revoke(&mut world, 2, "e30.e30.e30")), RefusalCode::RequestInvalid);
    assert_eq!(world.peers[2].shelf.audit_rows(0, 9).unwrap().len(), 0);
    // A hostile member puts it into its journal all the same.
    for body in [forged.as_bytes(), of_none.as_bytes(), b"\xff\xfe", b""] {
        let entry = Statement::build(&mut world.rng, Kind::GrantRevoked, world.now, None, body).unwrap();
        world.append(2, vec![entry]);
    }
    world.run_for(5 * SECOND_MS);
    assert!(world.peers[1].shelf.grant_revoked(&id, &thumbprint(&stranger.public())).unwrap().is_some(), "it came here");
    let token = query(&mut world, 1, &grant);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))), "and took nothing back");
}

#[test]
fn who_signs_many_revocations_fills_no_journal() {
    let (mut world, mut holder, number) = issued(703);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let row = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    let key = holder.key(&row.holder).unwrap().signing.clone();
    let size = world.size(2, 2);
    let mut refused = 0;
    for _ in 0..MAX_REVOCATIONS_PER_MINUTE + 30 {
        let id = crate::names::GrantId(world.rng.random());
        let text = Revocation::make(world.now, id, &number, &key);
        let event = revoke(&mut world, 2, &text);
        refused += u32::from(matches!(&event, Event::Refused { refusal, .. } if refusal.code == RefusalCode::TooManyRequests));
    }
    assert!(refused >= 30 && world.size(2, 2) - size <= u64::from(MAX_REVOCATIONS_PER_MINUTE) + 5, "{refused}");
    world.run_for(MINUTE_MS);
    let text = revocation(&world, &mut holder, &grant);
    assert!(matches!(revoke(&mut world, 2, &text), Event::GrantRevoked { .. }), "later there is room again");
}

/// One race: a grant of so many uses, asked for again and again at the counter while its holder takes it back somewhere else, on a network
/// that loses, delays and doubles. Returns whether some use was granted and whether the revocation was what ended it.
fn race(seed: u64) -> (bool, bool) {
    let (mut world, mut holder, number) = issued(seed);
    world.weather = Weather { delay_ms: (1, 400), ..Weather::FOUL };
    let uses = world.rng.random_range(1..9);
    let grant = grant_for(&mut world, &mut holder, &number, 1, uses);
    let presented = Presented::parse(&grant).unwrap();
    let text = revocation(&world, &mut holder, &grant);
    let (at, place) = (world.rng.random_range(0..8), world.rng.random_range(0..3));
    let mut granted = 0;
    for round in 0..10 {
        if round == at {
            revoke(&mut world, place, &text);
        }
        let arrived = world.peers[1].shelf.grant_revoked(&presented.id(), &presented.holder()).unwrap().is_some();
        let token = query(&mut world, 1, &grant);
        match world.closing(1, token) {
            Some(Event::Answer(answer)) => {
                granted += 1;
                assert!(!arrived, "a use after the revocation had arrived");
                assert_eq!(answer.authorised.use_no, granted);
            }
            Some(Event::Refused { refusal, .. }) => {
                let expected = if arrived { RefusalCode::GrantRevoked } else { RefusalCode::GrantUsedUp };
                assert_eq!(refusal.code, expected);
            }
            other => panic!("{other:?}"),
        }
        let pause = world.rng.random_range(1..600);
        world.run_for(pause);
    }
    assert!(granted <= uses, "{granted} of {uses} uses");
    (granted > 0, granted < uses)
}

#[test]
fn a_revocation_that_races_with_uses_never_lets_one_more_through_and_none_after_its_arrival() {
    let outcomes: Vec<_> = (0..1_000).map(|seed| race(70_000 + seed)).collect();
    let (used, ended) = (outcomes.iter().filter(|race| race.0).count(), outcomes.iter().filter(|race| race.1).count());
    assert!(used > 500 && ended > 200, "the races are races: {used} were used, {ended} were ended by the revocation");
}
