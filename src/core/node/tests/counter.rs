//! The main job: a certificate is issued here, granted by its holder, and read there.

use super::world::{World, facts};
use crate::certificate::{CertificateBody, IssuerIdentity};
use crate::desk::{Act, Currency, Event, Request};
use crate::error::RefusalCode;
use crate::holder::{GrantRequest, Wallet, card, grant, receive};
use crate::journal::Evidence;
use crate::names::{CertificateNumber, RequestId};
use crate::shelf::Shelf;
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;

pub(super) fn wallet() -> Wallet {
    Wallet::default()
}

pub(super) fn request(world: &mut World) -> RequestId {
    RequestId(world.rng.random())
}

/// Issues a cross-region loan certificate at `peer` for `addressee` and hands it to the wallet.
pub(super) fn issue(world: &mut World, peer: usize, wallet: &mut Wallet, addressee: usize) -> CertificateNumber {
    let (centre, now) = (world.peers[peer].centre.clone(), world.now);
    let card = card::card(&mut world.rng, now, wallet, &centre).unwrap();
    let act = Act::CertificateIssue {
        account_no: "46010000000100001".to_owned(),
        kind: "YDDKJCZM".to_owned(),
        addressee: Some(world.peers[addressee].centre.clone()),
        card,
        clerk: "王经办".to_owned(),
        valid_days: None,
        request: request(world),
    };
    let token = world.act(peer, &act);
    let Some(Event::CertificateIssued { number, file, .. }) = world.closing(peer, token).cloned() else {
        panic!("not issued: {:?}", world.closing(peer, token));
    };
    let evidence = STANDARD.decode(file).unwrap();
    let author = world.peers[peer].node.authors[&centre].clone();
    let verified = Evidence::decode(&evidence).unwrap().verify(&author).unwrap();
    let body = verified.entry().body().unwrap().to_vec();
    let issuer = IssuerIdentity { federation: world.charter.federation().clone(), centre, key: author.signing };
    assert_eq!(receive(wallet, now, &body, &evidence, &issuer).unwrap(), number);
    number
}

/// A grant for a few fields of `number`, for `peer`.
pub(super) fn grant_for(world: &mut World, wallet: &mut Wallet, number: &CertificateNumber, peer: usize, uses: u32) -> String {
    grant_of(world, wallet, (number, &["name", "monthly_deposit", "continuous_months"]), peer, uses)
}

/// The same of other fields.
pub(super) fn grant_of(
    world: &mut World,
    wallet: &mut Wallet,
    (number, fields): (&CertificateNumber, &[&str]),
    peer: usize,
    uses: u32,
) -> String {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    let mut request = GrantRequest::new(world.now, number.clone(), fields, world.peers[peer].centre.clone(), "cross-region-loan");
    request.uses = uses;
    let key = world.peers[peer].keys.sealing.public();
    let now = world.now;
    grant(&mut world.rng, now, wallet, &request, &key).unwrap()
}

pub(super) fn query(world: &mut World, peer: usize, grant: &str) -> u64 {
    let request = request(world);
    query_as(world, peer, grant, request)
}

pub(super) fn query_as(world: &mut World, peer: usize, grant: &str, request: RequestId) -> u64 {
    let query = Act::Query { grant: grant.to_owned(), business_no: "SY-2026-0001".to_owned(), matter: None, request };
    world.act(peer, &query)
}

pub(super) fn refusal(world: &World, peer: usize, token: u64) -> RefusalCode {
    match world.closing(peer, token) {
        Some(Event::Refused { refusal, .. }) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

fn answered(world: &World, peer: usize, token: u64) -> bool {
    matches!(world.closing(peer, token), Some(Event::Answer(_)))
}

#[test]
fn a_certificate_is_read_from_the_own_copy_while_the_issuer_is_dark_for_two_weeks() {
    let mut world = World::new(31, 3);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(2 * SECOND_MS);
    world.set_up(0, false);
    world.now = world.now.plus_ms(14 * DAY_MS);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let token = query(&mut world, 1, &grant);
    let Some(Event::Answer(answer)) = world.closing(1, token) else { panic!("{:?}", world.closing(1, token)) };
    let truth = facts("46010000000100001");
    let values: Vec<_> = answer.fields.iter().map(|f| (f.name.as_str(), f.value.clone())).collect();
    assert_eq!(values[0], ("name", serde_json::json!(truth.name)));
    assert_eq!(values.len(), 3);
    assert_eq!(answer.current.state, Currency::StandingAsOf);
    assert!(answer.current.stale);
    assert!(answer.current.age_ms.unwrap() >= 14 * DAY_MS);
}

#[test]
fn a_grant_is_refused_the_second_time_and_the_same_request_gets_the_same_answer() {
    let mut world = World::new(32, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let id = request(&mut world);
    let first = query_as(&mut world, 1, &grant, id);
    assert!(answered(&world, 1, first));
    let again = query_as(&mut world, 1, &grant, id);
    assert_eq!(world.closing(1, first), world.closing(1, again));
    let second = query(&mut world, 1, &grant);
    assert_eq!(refusal(&world, 1, second), RefusalCode::GrantUsedUp);
    let uses = world.peers[1].shelf.journal(&world.peers[1].centre).unwrap().size;
    assert_eq!(uses, 2, "one release and one refusal are recorded");
    let token = world.act(1, &Act::Query { grant, business_no: "SY-2026-0002".to_owned(), matter: None, request: id });
    assert_eq!(refusal(&world, 1, token), RefusalCode::RequestReused);
}

#[test]
fn a_grant_of_three_uses_is_used_three_times_however_many_ask_at_once_and_whatever_restarts() {
    let mut world = World::new(33, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 3);
    let mut tokens = Vec::new();
    for i in 0..20 {
        tokens.push(query(&mut world, 1, &grant));
        if i % 3 == 0 {
            world.set_up(1, false);
            world.set_up(1, true);
        }
    }
    assert_eq!(tokens.iter().filter(|t| answered(&world, 1, **t)).count(), 3);
    assert_eq!(tokens.iter().filter(|t| !answered(&world, 1, **t) && refusal(&world, 1, **t) == RefusalCode::GrantUsedUp).count(), 17);
}

#[test]
fn queries_that_wait_for_a_certificate_never_use_a_grant_more_often_than_it_allows() {
    let mut world = World::new(34, 2);
    let mut holder = wallet();
    world.part(&[]);
    let number = issue(&mut world, 0, &mut holder, 1);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 2);
    let tokens: Vec<_> = (0..9).map(|_| query(&mut world, 1, &grant)).collect();
    assert!(tokens.iter().all(|t| world.closing(1, *t).is_none()), "nothing is here yet");
    world.heal();
    world.run_for(4 * SECOND_MS);
    assert_eq!(tokens.iter().filter(|t| answered(&world, 1, **t)).count(), 2);
    assert_eq!(tokens.iter().filter(|t| !answered(&world, 1, **t) && refusal(&world, 1, **t) == RefusalCode::GrantUsedUp).count(), 7);
}

#[test]
fn a_grant_is_refused_at_every_centre_but_its_audience() {
    let mut world = World::new(35, 3);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    for other in [0, 2] {
        let token = query(&mut world, other, &grant);
        assert_eq!(refusal(&world, other, token), RefusalCode::WrongCentre);
    }
    let token = query(&mut world, 1, &grant);
    assert!(answered(&world, 1, token), "the refusals elsewhere cost the holder nothing");
}

#[test]
fn an_unknown_certificate_is_waited_for_and_then_refused() {
    let mut world = World::new(36, 3);
    let mut holder = wallet();
    world.part(&[&[1, 2]]);
    let number = issue(&mut world, 0, &mut holder, 1);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 1);
    let token = query(&mut world, 1, &grant);
    world.run_for(10 * SECOND_MS);
    assert_eq!(refusal(&world, 1, token), RefusalCode::CertificateUnknown);
    world.heal();
    world.run_for(10 * SECOND_MS);
    let token = query(&mut world, 1, &grant);
    assert!(answered(&world, 1, token), "the refusal was not a use");
}

#[test]
fn an_ended_certificate_is_refused_as_soon_as_the_ending_arrives() {
    let mut world = World::new(37, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 5);
    world.act(0, &Act::CertificateCancel { number, reason: "cancelled".to_owned() });
    world.run_for(SECOND_MS);
    let token = query(&mut world, 1, &grant);
    assert_eq!(refusal(&world, 1, token), RefusalCode::CertificateEnded);
}

#[test]
fn a_grants_times_are_judged_with_two_minutes_of_tolerance_and_a_wrong_clock_is_warned_about() {
    let mut world = World::new(38, 3);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    world.peers[1].clock_off_ms = -119 * SECOND_MS;
    let grant = grant_for(&mut world, &mut holder, &number, 1, 9);
    let token = query(&mut world, 1, &grant);
    assert!(answered(&world, 1, token));
    world.peers[1].clock_off_ms = -10 * MINUTE_MS;
    let token = query(&mut world, 1, &grant);
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantNotYetValid);
    for peer in [0, 2] {
        let mut other = wallet();
        issue(&mut world, peer, &mut other, 1);
    }
    world.run_for(5 * SECOND_MS);
    world.assert_converged();
    let token = world.ask(1, Request::Status);
    let Some(Event::Status(status)) = world.closing(1, token) else { panic!() };
    assert!(status.warnings.contains(&"clock-differs-from-most".to_owned()), "{:?}", status.warnings);
    assert!(status.warnings.contains(&"clock-jumped-back".to_owned()), "{:?}", status.warnings);
}

#[test]
fn a_card_serves_for_one_certificate() {
    let mut world = World::new(39, 2);
    let mut holder = wallet();
    let (centre, now) = (world.peers[0].centre.clone(), world.now);
    let card = card::card(&mut world.rng, now, &mut holder, &centre).unwrap();
    let mut codes = Vec::new();
    for _ in 0..2 {
        let act = Act::CertificateIssue {
            account_no: "46010000000100001".to_owned(),
            kind: "JCZM".to_owned(),
            addressee: None,
            card: card.clone(),
            clerk: "王经办".to_owned(),
            valid_days: Some(30),
            request: request(&mut world),
        };
        let token = world.act(0, &act);
        codes.push(world.closing(0, token).cloned());
    }
    assert!(matches!(codes[0], Some(Event::CertificateIssued { .. })));
    assert!(matches!(&codes[1], Some(Event::Refused { refusal, .. }) if refusal.code == RefusalCode::CardUsed));
}

#[test]
fn a_payload_is_erased_everywhere_when_its_time_is_over_and_the_journal_still_converges() {
    let mut world = World::new(40, 3);
    world.set_up(2, false);
    let mut holder = wallet();
    issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    world.now = world.now.plus_ms(125 * DAY_MS);
    world.run_for(10 * SECOND_MS);
    world.set_up(2, true);
    world.run_for(20 * SECOND_MS);
    world.assert_converged();
    let centre = world.peers[0].centre.clone();
    for peer in &world.peers {
        let rows = peer.shelf.entries(&centre, 0, 9, usize::MAX).unwrap();
        assert!(rows[0].payload.is_none(), "{}", peer.centre);
        assert!(CertificateBody::parse(&rows[0].header).is_err());
    }
    assert!((0..3).all(|i| world.faults(i).is_empty()));
}
