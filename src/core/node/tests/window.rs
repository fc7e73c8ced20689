//! The citizens' door, with nodes behind it: who reaches what, codes that lock, rates that hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use serde_json::json;

use super::counter::{grant_for, issue, query, refusal, wallet};
use super::world::World;
use crate::desk::{Act, Event};
use crate::error::RefusalCode;
use crate::holder::Wallet;
use crate::holder::window::{key_of, last_four, open_access, sign_request, waiting_at};
use crate::names::CertificateNumber;
use crate::node::Input;
use crate::node::window::{KEY_RATE, MISS_RATE};
use crate::shelf::{Deposits, House};
use crate::time::{CLOCK_TOLERANCE_MS, DAY_MS, MINUTE_MS, SECOND_MS};
use crate::window::{AccessPage, Asked, CertificatesFound, Deposited, MAX_DEPOSITS_EACH, MAX_MISSES, Place, Problem, Reply, Revoked};

/// A request at `peer`'s window, signed with the key of `number`.
pub(super) fn signed(world: &mut World, peer: usize, (wallet, number): (&Wallet, &CertificateNumber), asked: (&str, &str, &str)) -> Asked {
    let place = Place { federation: &world.charter.federation().clone(), centre: &world.peers[peer].centre.clone() };
    let (method, target, body) = asked;
    let nonce = world.rng.random();
    let key = key_of(wallet, number).unwrap();
    let authorization = sign_request(key, place, (method, target, body.as_bytes()), world.now, nonce);
    Asked { method: method.to_owned(), target: target.to_owned(), authorization, body: body.as_bytes().to_vec() }
}

pub(super) fn send(world: &mut World, peer: usize, asked: Asked) -> Reply {
    let token = world.rng.random();
    world.feed(peer, Input::Window { token, asked });
    world.peers[peer].window.remove(&token).unwrap()
}

pub(super) fn problem(reply: &Reply) -> RefusalCode {
    assert_eq!(reply.content_type(), "application/problem+json", "{}", reply.body);
    serde_json::from_str::<Problem>(&reply.body).unwrap().code
}

/// Two centres, a certificate of the first for the second, and its holder.
fn issued(seed: u64) -> (World, Wallet, CertificateNumber) {
    let mut world = World::new(seed, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(2 * SECOND_MS);
    (world, holder, number)
}

pub(super) fn leave(world: &mut World, peer: usize, (wallet, number): (&Wallet, &CertificateNumber), grant: &str) -> Reply {
    let four = last_four(wallet, number, world.now).unwrap();
    let body = json!({ "grant": grant, "last_four": four.expose() }).to_string();
    let asked = signed(world, peer, (wallet, number), ("POST", "/v1/grants", &body));
    send(world, peer, asked)
}

fn left(world: &mut World, holder: &mut Wallet, number: &CertificateNumber) -> (String, Deposited) {
    let grant = grant_for(world, holder, number, 1, 1);
    let reply = leave(world, 1, (holder, number), &grant);
    assert_eq!(reply.status, 201, "{}", reply.body);
    (grant, serde_json::from_str(&reply.body).unwrap())
}

pub(super) fn pick_up(world: &mut World, peer: usize, code: &str, four: &str) -> u64 {
    world.act(peer, &Act::PickUp { code: code.to_owned(), last_four: four.to_owned() })
}

/// A code that is not this one.
fn another(code: &str) -> String {
    format!("{:08}", (code.parse::<u32>().unwrap() + 1) % 100_000_000)
}

#[test]
fn a_holder_fetches_leaves_a_grant_is_read_and_sees_who_looked() {
    let (mut world, mut holder, number) = issued(401);
    let asked = signed(&mut world, 0, (&holder, &number), ("GET", "/v1/certificates", ""));
    let found: CertificatesFound = serde_json::from_str(&send(&mut world, 0, asked).body).unwrap();
    assert_eq!(found.certificates.len(), 1);
    assert_eq!(STANDARD.decode(&found.certificates[0]).unwrap().len(), holder.certificate(&number).unwrap().evidence.len());
    let asked = signed(&mut world, 1, (&holder, &number), ("GET", "/v1/certificates", ""));
    let elsewhere: CertificatesFound = serde_json::from_str(&send(&mut world, 1, asked).body).unwrap();
    assert!(elsewhere.certificates.is_empty(), "only the issuer hands a certificate out");

    let (grant, deposited) = left(&mut world, &mut holder, &number);
    let token = pick_up(&mut world, 1, &deposited.code, "9518");
    assert_eq!(refusal(&world, 1, token), RefusalCode::PickupUnknown);
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    let Some(Event::PickedUp { grant: text, expires }) = world.closing(1, token).cloned() else { panic!("{:?}", world.closing(1, token)) };
    assert_eq!((text.as_str(), expires), (grant.as_str(), deposited.expires));
    let row = world.peers[1].shelf.audit_newest(u64::MAX, 1, &Default::default()).unwrap().remove(0);
    assert_eq!((row.action.code(), row.outcome.as_str()), ("grant.pick-up", "done"));
    assert!(row.about.starts_with("******") && !row.about.contains(&deposited.code));
    let token = query(&mut world, 1, &text);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    let token = query(&mut world, 1, &text);
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantUsedUp);
    world.run_for(2 * SECOND_MS);

    for window in [0, 1] {
        let asked = signed(&mut world, window, (&holder, &number), ("GET", "/v1/accesses", ""));
        let page: AccessPage = serde_json::from_str(&send(&mut world, window, asked).body).unwrap();
        assert_eq!((page.certificate, page.next, page.accesses.len()), (number.clone(), None, 2), "window {window}");
        let author = world.peers[1].node.authors[&world.peers[1].centre].clone();
        let opened: Vec<_> = page
            .accesses
            .iter()
            .map(|one| {
                let evidence = STANDARD.decode(one.evidence.as_ref().unwrap()).unwrap();
                open_access(key_of(&holder, &number).unwrap(), &number, &author, (&one.author, one.index), &evidence).unwrap()
            })
            .collect();
        assert_eq!(opened[0].fields.len(), 3);
        assert_eq!((opened[0].business_no.as_str(), opened[1].refused), ("SY-2026-0001", Some(RefusalCode::GrantUsedUp)));
    }
}

#[test]
fn nobody_reaches_what_is_bound_to_another_key() {
    let (mut world, mut holder, number) = issued(402);
    let mut other = wallet();
    let theirs = issue(&mut world, 0, &mut other, 1);
    world.run_for(2 * SECOND_MS);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let token = query(&mut world, 1, &grant);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    world.run_for(2 * SECOND_MS);

    let asked = signed(&mut world, 0, (&other, &theirs), ("GET", "/v1/accesses", ""));
    let page: AccessPage = serde_json::from_str(&send(&mut world, 0, asked).body).unwrap();
    assert_eq!((page.certificate, page.accesses.len()), (theirs.clone(), 0));
    let asked = signed(&mut world, 0, (&other, &theirs), ("GET", "/v1/certificates", ""));
    let found: CertificatesFound = serde_json::from_str(&send(&mut world, 0, asked).body).unwrap();
    let file = STANDARD.decode(&found.certificates[0]).unwrap();
    let same = |wallet: &Wallet, number| {
        let body = &wallet.certificate(number).unwrap().body;
        file.windows(body.len()).any(|window| window == body)
    };
    assert!(same(&other, &theirs) && !same(&holder, &number));
    let body = json!({ "grant": grant, "last_four": "9519" }).to_string();
    let asked = signed(&mut world, 1, (&other, &theirs), ("POST", "/v1/grants", &body));
    assert_eq!(problem(&send(&mut world, 1, asked)), RefusalCode::HolderMismatch, "a grant that somebody else signed");
    // A key that no certificate is bound to reaches nothing.
    let (centre, now) = (world.peers[0].centre.clone(), world.now);
    crate::holder::card::card(&mut world.rng, now, &mut holder, &centre).unwrap();
    let key = holder.key(&waiting_at(&holder, &centre)[0]).unwrap();
    let place = Place { federation: &world.charter.federation().clone(), centre: &centre };
    let authorization = sign_request(key, place, ("GET", "/v1/certificates", b""), now, [1; 16]);
    let asked = Asked { method: "GET".to_owned(), target: "/v1/certificates".to_owned(), authorization, body: Vec::new() };
    assert_eq!(problem(&send(&mut world, 0, asked)), RefusalCode::HolderUnknown);
}

#[test]
fn a_request_counts_once_at_its_own_window_and_in_time() {
    let (mut world, holder, number) = issued(403);
    let asked = signed(&mut world, 0, (&holder, &number), ("GET", "/v1/certificates", ""));
    assert_eq!(problem(&send(&mut world, 1, asked.clone())), RefusalCode::HolderUnproven, "another centre's window");
    assert_eq!(send(&mut world, 0, asked.clone()).status, 200);
    assert_eq!(problem(&send(&mut world, 0, asked.clone())), RefusalCode::RequestReused);
    // A write that fails makes a new node of the old one; it has not forgotten.
    world.peers[0].node = world.peers[0].node.successor();
    world.feed(0, Input::Started { kept: world.peers[0].kept.clone() });
    assert_eq!(problem(&send(&mut world, 0, asked.clone())), RefusalCode::RequestReused);
    world.now = world.now.plus_ms(CLOCK_TOLERANCE_MS + 1);
    assert_eq!(problem(&send(&mut world, 0, asked)), RefusalCode::RequestStale);
    let mut altered = signed(&mut world, 0, (&holder, &number), ("GET", "/v1/accesses", ""));
    altered.target.push_str("?after=C46010.1");
    assert_eq!(problem(&send(&mut world, 0, altered)), RefusalCode::HolderUnproven);
    for (method, target) in [("GET", "/v1/grants"), ("GET", "/v1/health"), ("POST", "/openapi.json"), ("GET", "/v1/certificates/")] {
        let asked = signed(&mut world, 0, (&holder, &number), (method, target, ""));
        assert_eq!(problem(&send(&mut world, 0, asked)), RefusalCode::RequestInvalid, "{method} {target}");
    }
}

#[test]
fn the_first_request_of_a_process_is_heard_however_long_it_was_under_way() {
    let (mut world, holder, number) = issued(412);
    let asked = signed(&mut world, 0, (&holder, &number), ("GET", "/v1/certificates", ""));
    world.now = world.now.plus_ms(SECOND_MS);
    assert_eq!(send(&mut world, 0, asked).status, 200);
}

#[test]
fn what_a_process_heard_before_it_was_stopped_is_not_heard_again_by_the_next() {
    let (mut world, holder, number) = issued(404);
    let asked = signed(&mut world, 0, (&holder, &number), ("GET", "/v1/certificates", ""));
    assert_eq!(send(&mut world, 0, asked.clone()).status, 200);
    world.set_up(0, false);
    world.now = world.now.plus_ms(1);
    world.set_up(0, true);
    assert_eq!(problem(&send(&mut world, 0, asked)), RefusalCode::RequestStale);
}

#[test]
fn five_wrong_last_fours_lock_a_code_and_nobody_is_told_which_was_wrong() {
    let (mut world, mut holder, number) = issued(405);
    let (grant, deposited) = left(&mut world, &mut holder, &number);
    let unknown = pick_up(&mut world, 1, &another(&deposited.code), "9519");
    let unknown = world.closing(1, unknown).cloned();
    for miss in 0..MAX_MISSES {
        let token = pick_up(&mut world, 1, &deposited.code, "0000");
        assert_eq!(world.closing(1, token).cloned(), unknown, "miss {miss} is answered as a code that is none");
    }
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(world.closing(1, token).cloned(), unknown, "locked");
    assert_eq!(world.peers[1].shelf.deposits(None).unwrap(), 0);
    // The holder leaves it again and gets another code.
    let again: Deposited = serde_json::from_str(&leave(&mut world, 1, (&holder, &number), &grant).body).unwrap();
    assert_ne!(again.code, deposited.code);
    let token = pick_up(&mut world, 1, &again.code, "9519");
    assert!(matches!(world.closing(1, token), Some(Event::PickedUp { .. })));
}

#[test]
fn four_misses_lock_nothing_and_a_hit_does_not_forgive_them() {
    let (mut world, mut holder, number) = issued(406);
    let (_, deposited) = left(&mut world, &mut holder, &number);
    for _ in 1..MAX_MISSES {
        pick_up(&mut world, 1, &deposited.code, "0000");
    }
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert!(matches!(world.closing(1, token), Some(Event::PickedUp { .. })));
    pick_up(&mut world, 1, &deposited.code, "0000");
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::PickupUnknown);
}

#[test]
fn an_operator_who_misses_too_often_waits_whatever_they_type_next() {
    let (mut world, mut holder, number) = issued(407);
    let (_, deposited) = left(&mut world, &mut holder, &number);
    let wrong = another(&deposited.code);
    for _ in 0..MISS_RATE.burst {
        let token = pick_up(&mut world, 1, &wrong, "9519");
        assert_eq!(refusal(&world, 1, token), RefusalCode::PickupUnknown);
    }
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::TooManyRequests);
    world.now = world.now.plus_ms(MINUTE_MS);
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert!(matches!(world.closing(1, token), Some(Event::PickedUp { .. })));
}

#[test]
fn a_holder_key_asks_in_a_burst_and_then_slowly() {
    let (mut world, holder, number) = issued(408);
    let ask = |world: &mut World| {
        let asked = signed(world, 0, (&holder, &number), ("GET", "/v1/accesses", ""));
        send(world, 0, asked)
    };
    assert!((0..KEY_RATE.burst).all(|_| ask(&mut world).status == 200));
    let reply = ask(&mut world);
    assert_eq!((reply.status, problem(&reply)), (429, RefusalCode::TooManyRequests));
    world.now = world.now.plus_ms(KEY_RATE.every_ms);
    assert_eq!(ask(&mut world).status, 200);
    assert_eq!(ask(&mut world).status, 429);
}

#[test]
fn a_deposit_dies_with_its_grant_and_one_key_leaves_only_a_few() {
    let (mut world, mut holder, number) = issued(409);
    let (_, deposited) = left(&mut world, &mut holder, &number);
    for _ in 1..MAX_DEPOSITS_EACH {
        left(&mut world, &mut holder, &number);
    }
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    assert_eq!(problem(&leave(&mut world, 1, (&holder, &number), &grant)), RefusalCode::CeilingExceeded);
    world.now = world.now.plus_ms(DAY_MS);
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::PickupUnknown, "before the tick, too");
    assert_eq!(world.peers[1].shelf.deposits(None).unwrap(), MAX_DEPOSITS_EACH);
    world.run_for(SECOND_MS);
    assert_eq!(world.peers[1].shelf.deposits(None).unwrap(), 0);
    assert_eq!(problem(&leave(&mut world, 1, (&holder, &number), &grant)), RefusalCode::GrantExpired);
}

#[test]
fn a_grant_is_left_at_its_audience_only_and_left_again_it_has_one_code() {
    let (mut world, mut holder, number) = issued(410);
    let (grant, first) = left(&mut world, &mut holder, &number);
    assert_eq!(problem(&leave(&mut world, 0, (&holder, &number), &grant)), RefusalCode::WrongCentre);
    let second: Deposited = serde_json::from_str(&leave(&mut world, 1, (&holder, &number), &grant).body).unwrap();
    assert_eq!(world.peers[1].shelf.deposits(None).unwrap(), 1);
    let token = pick_up(&mut world, 1, &first.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::PickupUnknown, "the former code is none any longer");
    let token = pick_up(&mut world, 1, &second.code, "9519");
    assert!(matches!(world.closing(1, token), Some(Event::PickedUp { .. })));
    let cut = &grant[..grant.len() - 1];
    for (body, code) in [
        (json!({ "grant": cut, "last_four": "9519" }), RefusalCode::GrantMalformed),
        (json!({ "grant": grant, "last_four": "951" }), RefusalCode::RequestInvalid),
        (json!({ "grant": grant }), RefusalCode::RequestInvalid),
        (json!({ "grant": grant, "last_four": "9519", "more": 1 }), RefusalCode::RequestInvalid),
    ] {
        let asked = signed(&mut world, 1, (&holder, &number), ("POST", "/v1/grants", &body.to_string()));
        assert_eq!(problem(&send(&mut world, 1, asked)), code, "{body}");
    }
}

#[test]
fn a_grant_that_is_taken_back_at_a_window_waits_nowhere_and_counts_nowhere() {
    let (mut world, mut holder, number) = issued(411);
    let (grant, deposited) = left(&mut world, &mut holder, &number);
    let (_, elsewhere) = left(&mut world, &mut holder, &number);
    let now = world.now;
    let text = crate::holder::revoke(&mut holder, now, &deposited.grant).unwrap();
    let body = json!({ "revocation": text }).to_string();
    let mut other = wallet();
    let theirs = issue(&mut world, 0, &mut other, 1);
    world.run_for(2 * SECOND_MS);
    let asked = signed(&mut world, 1, (&other, &theirs), ("POST", "/v1/revocations", &body));
    assert_eq!(problem(&send(&mut world, 1, asked)), RefusalCode::HolderMismatch);
    // Told to the issuer's window; the grant waits at the audience's.
    let asked = signed(&mut world, 0, (&holder, &number), ("POST", "/v1/revocations", &body));
    let reply = send(&mut world, 0, asked);
    assert_eq!((reply.status, serde_json::from_str::<Revoked>(&reply.body).unwrap().grant), (200, deposited.grant));
    world.run_for(5 * SECOND_MS);
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantRevoked);
    let token = query(&mut world, 1, &grant);
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantRevoked);
    assert_eq!(world.peers[1].shelf.deposits(None).unwrap(), 1, "only the other grant waits");
    let token = pick_up(&mut world, 1, &elsewhere.code, "9519");
    assert!(matches!(world.closing(1, token), Some(Event::PickedUp { .. })));
    let text = crate::holder::revoke(&mut holder, now, &elsewhere.grant).unwrap();
    let body = json!({ "revocation": text }).to_string();
    let asked = signed(&mut world, 1, (&holder, &number), ("POST", "/v1/revocations", &body));
    assert_eq!(send(&mut world, 1, asked).status, 200);
    assert_eq!(world.peers[1].shelf.deposits(None).unwrap(), 0);
}
