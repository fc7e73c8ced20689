//! What only the issuer can answer: it judges, counts and signs; nobody learns a value; the network may do what it wants.

use rand::RngExt;

use super::counter::{issue, query, refusal, request, wallet};
use super::signed::code;
use super::world::{START, Weather, World, facts};
use crate::audit::AuditAction;
use crate::desk::{Act, AttestedAnswer, Event, Live, Request};
use crate::error::{FaultCode, RefusalCode};
use crate::facts::{AccountFacts, Fen};
use crate::grant::{Mode, Presented};
use crate::holder::{self, GrantRequest, Wallet, grant};
use crate::interact::{Attestation, Compared, Finding, Inquiry, Reply, Stated, Wanted};
use crate::listing::Day;
use crate::matter::{Matter, MatterBody, Outcome};
use crate::names::{CertificateNumber, RequestId};
use crate::node::interact::{FORGET_READING_MS, LIVE_PATIENCE_MS, MAX_ANSWERING_EACH, PATIENCE_MS};

use crate::node::message::{Answer, Ask, Question};
use crate::node::{Effect, Input};
use crate::shelf::{House, Shelf};
use crate::time::SECOND_MS;

const MATTER: &str = "cross-region-loan";
const FIELDS: [&str; 6] = ["name", "account_status", "balance", "continuous_months", "continuous_to", "in_arrears"];

/// Time passes here in larger steps than in a peer.
const PATIENT_MS: i64 = 3 * LIVE_PATIENCE_MS;

/// Peer 0 issued to peer 1, where the holder wants a loan; peer 2 only looks on.
pub(super) fn issued(seed: u64) -> (World, Wallet, CertificateNumber) {
    let mut world = World::new(seed, 3);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    (world, holder, number)
}

pub(super) fn granted(world: &mut World, holder: &mut Wallet, number: &CertificateNumber, mode: Mode, uses: u32) -> String {
    let fields = FIELDS.iter().map(|field| (*field).to_owned()).collect();
    let mut wanted = GrantRequest::new(world.now, number.clone(), fields, world.peers[1].centre.clone(), MATTER);
    (wanted.mode, wanted.uses) = (mode, uses);
    let (key, now) = (world.peers[1].keys.sealing.public(), world.now);
    grant(&mut world.rng, now, holder, &wanted, &key).unwrap()
}

pub(super) fn check(values: &[(&str, &str)]) -> Wanted {
    let stated = |(field, value): &(&str, &str)| Stated { field: (*field).to_owned(), value: (*value).to_owned() };
    Wanted::Check { values: values.iter().map(stated).collect() }
}

pub(super) fn evaluate(rule: &str) -> Wanted {
    Wanted::Evaluate { rule: rule.to_owned() }
}

pub(super) fn asking(grant: &str, wanted: Wanted, request: RequestId) -> Act {
    Act::Ask { grant: grant.to_owned(), business_no: "SY-2026-0001".to_owned(), matter: None, wanted, request }
}

/// Asks at peer 1 and waits.
fn ask_as(world: &mut World, grant: &str, wanted: Wanted, id: RequestId) -> Event {
    let token = world.act(1, &asking(grant, wanted, id));
    world.run_for(PATIENCE_MS + 2 * SECOND_MS);
    world.closing(1, token).cloned().unwrap()
}

pub(super) fn ask(world: &mut World, grant: &str, wanted: Wanted) -> Event {
    let id = request(world);
    ask_as(world, grant, wanted, id)
}

pub(super) fn attested(event: Event) -> AttestedAnswer {
    match event {
        Event::Attested(answer) => *answer,
        other => panic!("{other:?}"),
    }
}

/// Publishes the loan matter that ships with the program at a centre, in force since yesterday.
pub(super) fn publish(world: &mut World, peer: usize) -> Matter {
    let text = include_str!("../../../../schemas/matters/cross-region-loan.toml");
    let mut matter = Matter::from_toml(text).unwrap();
    (matter.from, matter.uses_max) = (Day::of(START.plus_ms(-86_400_000)), 9);
    matter.fields.iter_mut().for_each(|field| field.required = false);
    let body = MatterBody::to_bytes(&matter);
    let entry = crate::journal::Statement::build(&mut world.rng, crate::journal::Kind::MatterPublished, world.now, None, &body).unwrap();
    world.append(peer, vec![entry]);
    world.run_for(2 * SECOND_MS);
    matter
}

pub(super) fn uses(world: &World, grant: &str) -> u32 {
    let centre = &world.peers[0].centre;
    world.peers[0].shelf.grant_uses(centre, &Presented::parse(grant).unwrap().id(), None).unwrap()
}

#[test]
fn a_check_tells_match_or_not_field_by_field_and_no_value_and_each_attempt_is_a_use() {
    let (mut world, mut holder, number) = issued(801);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 2);
    let stated = check(&[("balance", "７９,800.00"), ("name", " 史霞玲 "), ("continuous_months", "22"), ("account_status", "01")]);
    let answer = attested(ask(&mut world, &grant, stated.clone()));
    let found = |field: &str, matches| Compared { field: field.to_owned(), matches };
    let fields = vec![found("balance", true), found("name", true), found("continuous_months", false), found("account_status", true)];
    assert_eq!(answer.attestation.finding, Finding::Check { fields });
    assert_eq!((answer.attestation.use_no, answer.uses, &answer.issuer), (Some(1), 2, &world.peers[0].centre));
    let said = format!("{answer:?}");
    assert!(["79800", "79,800", "史霞玲"].iter().all(|value| !said.contains(value)), "{said}");
    assert!(matches!(ask(&mut world, &grant, check(&[("balance", "1")])), Event::Attested(_)), "a wrong guess is a use as well");
    assert_eq!(code(&ask(&mut world, &grant, stated)), RefusalCode::GrantUsedUp);
    // The issuer has all three on record, the refusal included, and says who looked and how; the holder can read it, too.
    let rows: Vec<_> = (0..world.size(0, 0))
        .filter_map(|index| world.peers[0].shelf.access_at(&world.peers[0].centre, index))
        .map(|row| (row.asker, row.mode, row.refused, row.fields.len()))
        .collect();
    let asker = world.peers[1].centre.clone();
    let row = |refused: Option<RefusalCode>, fields| (asker.clone(), "check".to_owned(), refused, fields);
    assert_eq!(rows, [row(None, 4), row(None, 1), row(Some(RefusalCode::GrantUsedUp), 0)]);
    let told: Vec<_> = world.peers[1].shelf.audit_rows(0, 9).unwrap().into_iter().map(|row| (row.action, row.outcome)).collect();
    let told_as = |outcome: &str| (AuditAction::Check, outcome.to_owned());
    assert_eq!(told, [told_as("done"), told_as("done"), told_as("grant-used-up")]);
    assert!(world.faults(0).is_empty() && world.faults(1).is_empty());
}

#[test]
fn a_rule_of_the_askers_matter_is_judged_over_what_the_account_says_now_and_only_the_verdict_comes_back() {
    let (mut world, mut holder, number) = issued(802);
    let grant = granted(&mut world, &mut holder, &number, Mode::Evaluate, 5);
    assert_eq!(code(&ask(&mut world, &grant, evaluate("may-apply"))), RefusalCode::RuleUnknown, "nothing is published yet");
    let mut matter = publish(&mut world, 1);
    assert_eq!(code(&ask(&mut world, &grant, evaluate("other"))), RefusalCode::RuleUnknown);
    assert_eq!(code(&ask(&mut world, &grant, evaluate("may-apply"))), RefusalCode::FieldNotGranted, "the rule looks at loans, too");
    // A rule over what was granted.
    matter.version += 1;
    matter.rules[0].when = match matter.rules[0].when.clone() {
        crate::matter::Clause::All(clauses) => crate::matter::Clause::All(clauses.into_iter().take(4).collect()),
        other => other,
    };
    let body = MatterBody::to_bytes(&matter);
    let entry = crate::journal::Statement::build(&mut world.rng, crate::journal::Kind::MatterPublished, world.now, None, &body).unwrap();
    world.append(1, vec![entry]);
    world.run_for(2 * SECOND_MS);
    let said = attested(ask(&mut world, &grant, evaluate("may-apply"))).attestation;
    let expected = |outcome| Finding::Evaluate { rule: "may-apply".to_owned(), version: matter.version, outcome };
    assert_eq!(said.finding, expected(Outcome::Met));
    world.source = Some(|account| AccountFacts { in_arrears: true, ..facts(account) });
    assert_eq!(attested(ask(&mut world, &grant, evaluate("may-apply"))).attestation.finding, expected(Outcome::NotMet));
    assert_eq!(uses(&world, &grant), 2, "what was refused is no use");
}

#[test]
fn a_grant_opens_nothing_in_another_mode_and_no_field_beyond_it_is_compared() {
    let (mut world, mut holder, number) = issued(803);
    let (to_check, to_read) =
        (granted(&mut world, &mut holder, &number, Mode::Check, 3), granted(&mut world, &mut holder, &number, Mode::Details, 3));
    assert!(Presented::parse(&to_check).unwrap().claims().keys.is_empty(), "no key to any field travels with it");
    let token = query(&mut world, 1, &to_check);
    assert_eq!(refusal(&world, 1, token), RefusalCode::WrongMode);
    assert_eq!(code(&ask(&mut world, &to_read, check(&[("name", "x")]))), RefusalCode::WrongMode);
    assert_eq!(code(&ask(&mut world, &to_check, evaluate("may-apply"))), RefusalCode::WrongMode);
    assert_eq!(code(&ask(&mut world, &to_check, check(&[("document_no", "x")]))), RefusalCode::FieldNotGranted);
    let too_many: Vec<_> = (0..40).map(|_| ("name", "x")).collect();
    for bad in [check(&[]), check(&too_many), check(&[("name", "x"), ("name", "y")]), check(&[("na me", "x")]), Wanted::Status] {
        assert_eq!(code(&ask(&mut world, &to_check, bad)), RefusalCode::RequestInvalid);
    }
    assert_eq!(uses(&world, &to_check), 0);
}

#[test]
fn an_issuer_that_is_dark_is_told_as_dark_and_one_that_comes_back_in_time_answers() {
    let (mut world, mut holder, number) = issued(804);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 3);
    world.set_up(0, false);
    let token = world.act(1, &asking(&grant, check(&[("name", "x")]), RequestId([1; 16])));
    assert_eq!(refusal(&world, 1, token), RefusalCode::IssuerDark, "nobody is kept waiting for who is known not to be there");
    world.set_up(0, true);
    world.run_for(2 * SECOND_MS);
    world.part(&[&[1, 2], &[0]]);
    let token = world.act(1, &asking(&grant, check(&[("name", "x")]), RequestId([2; 16])));
    world.run_for(PATIENCE_MS / 2);
    world.heal();
    world.run_for(PATIENCE_MS / 2);
    match world.closing(1, token) {
        Some(Event::Attested(_)) => {}
        Some(Event::Refused { refusal, .. }) => assert_eq!(refusal.code, RefusalCode::IssuerDark),
        other => panic!("{other:?}"),
    }
    assert!(matches!(ask_as(&mut world, &grant, check(&[("name", "x")]), RequestId([2; 16])), Event::Attested(_)));
    assert_eq!(uses(&world, &grant), 1, "asked again under its id it is the same use");
}

#[test]
fn the_same_request_gets_the_same_bytes_also_from_an_issuer_that_was_started_again_and_another_under_its_id_is_refused() {
    let (mut world, mut holder, number) = issued(805);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 3);
    let (id, wanted) = (RequestId([7; 16]), check(&[("name", "史霞玲")]));
    let first = attested(ask_as(&mut world, &grant, wanted.clone(), id));
    world.source = Some(|account| AccountFacts { name: "别人".to_owned(), ..facts(account) });
    world.set_up(0, false);
    world.set_up(0, true);
    world.run_for(5 * SECOND_MS);
    assert_eq!(attested(ask_as(&mut world, &grant, wanted, id)), first);
    assert_eq!(code(&ask_as(&mut world, &grant, check(&[("name", "别人")]), id)), RefusalCode::RequestReused);
    assert_eq!(uses(&world, &grant), 1);
}

#[test]
fn what_another_centre_asks_with_somebody_elses_grant_is_refused_and_leaves_no_row() {
    let (mut world, mut holder, number) = issued(806);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 3);
    let size = world.size(0, 0);
    let (from, charter) = (world.station(2), world.charter.clone());
    let inquiry = Inquiry {
        request: RequestId([3; 16]),
        grant: grant.clone(),
        business_no: "1".to_owned(),
        matter: MATTER.to_owned(),
        wanted: check(&[("name", "史霞玲")]),
    };
    let send = |world: &mut World, bytes: Vec<u8>| {
        let bytes = Ask::under(&charter, Question::Inquire(bytes.into())).to_bytes();
        let effects = world.feed_raw(0, Input::Asked { from, token: 1, bytes });
        let written = effects.iter().any(|effect| matches!(effect, Effect::Write(crate::shelf::Write::Append { .. })));
        let read = effects.iter().any(|effect| matches!(effect, Effect::ReadSource { .. }));
        assert!(!written && !read, "{effects:?}");
    };
    let seal = |world: &mut World, inquiry: &Inquiry, by: usize| {
        let (asker, issuer) = (world.peers[by].centre.clone(), world.peers[0].centre.clone());
        let key = world.peers[0].keys.sealing.public();
        inquiry.seal(&mut world.rng, &asker, &issuer, &key).unwrap()
    };
    let honest = seal(&mut world, &inquiry, 2);
    send(&mut world, honest);
    let as_the_audience = seal(&mut world, &inquiry, 1);
    send(&mut world, as_the_audience);
    send(&mut world, inquiry.to_bytes());
    send(&mut world, vec![0xff; 9]);
    let forged = seal(&mut world, &Inquiry { grant: grant.replace('A', "B"), ..inquiry.clone() }, 2);
    send(&mut world, forged);
    assert_eq!((world.size(0, 0), uses(&world, &grant)), (size, 0));
    // Nor is what a third centre makes up taken for the issuer's word.
    let presented = Presented::parse(&grant).unwrap();
    let issuer = world.peers[0].node.own_identity();
    let asker = world.peers[1].centre.clone();
    let finding = Finding::Check { fields: vec![Compared { field: "name".to_owned(), matches: true }] };
    let said = Attestation::new(&issuer, &asker, &inquiry, &presented, world.now, finding);
    let verify = |text: &str, inquiry: &Inquiry| Attestation::verify(text, &issuer, &asker, inquiry, &presented, START).map_err(|f| f.code);
    assert_eq!(verify(&said.sign(&world.peers[2].keys.signing), &inquiry), Err(FaultCode::BadSignature));
    let signed = said.sign(&world.peers[0].keys.signing);
    assert!(verify(&signed, &inquiry).is_ok());
    let other = Inquiry { request: RequestId([4; 16]), ..inquiry.clone() };
    assert_eq!(verify(&signed, &other), Err(FaultCode::Unasked), "an answer to something else");
    let other = Inquiry { wanted: check(&[("balance", "史霞玲")]), ..inquiry };
    assert_eq!(verify(&signed, &other), Err(FaultCode::Unasked));
}

/// One race: several requests at once under one grant, on a network that loses, delays and doubles, and the holder takes it back.
fn race(seed: u64) -> u32 {
    let (mut world, mut holder, number) = issued(seed);
    world.weather = Weather { delay_ms: (1, 400), loss_percent: 15, ..Weather::FOUL };
    let allowed = world.rng.random_range(1..4);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, allowed);
    let presented = Presented::parse(&grant).unwrap();
    let text = holder::revoke(&mut holder, world.now, &presented.id()).unwrap();
    let at = world.rng.random_range(0..6);
    let mut tokens = Vec::new();
    for round in 0..6 {
        if round == at {
            world.ask(0, Request::GrantRevoke { text: text.clone() });
            assert!(world.peers[0].shelf.grant_revoked(&presented.id(), &presented.holder()).unwrap().is_some());
        }
        let before = uses(&world, &grant);
        let id = request(&mut world);
        tokens.push(world.act(1, &asking(&grant, check(&[("name", "史霞玲")]), id)));
        let pause = world.rng.random_range(1..500);
        world.run_for(pause);
        if round > at {
            assert_eq!(uses(&world, &grant), before, "a use after the revocation had arrived at the issuer");
        }
    }
    world.run_for(PATIENCE_MS + 2 * SECOND_MS);
    let answered = tokens.iter().filter(|token| matches!(world.closing(1, **token), Some(Event::Attested(_)))).count();
    let counted = uses(&world, &grant);
    assert!(counted <= allowed && answered as u64 <= u64::from(counted), "{answered} answers, {counted} of {allowed} uses");
    counted
}

#[test]
fn requests_that_race_for_the_last_use_and_with_a_revocation_never_get_one_too_many() {
    let counted: Vec<u32> = (0..200).map(|seed| race(80_000 + seed)).collect();
    assert!(counted.contains(&0) && counted.iter().any(|uses| *uses >= 2), "the races are races: {counted:?}");
}

/// A world that asks the issuer for its word.
fn live(seed: u64) -> (World, Wallet, CertificateNumber) {
    let (mut world, holder, number) = issued(seed);
    for peer in &mut world.peers {
        peer.node.settings.live_patience_ms = PATIENT_MS;
    }
    (world, holder, number)
}

fn read(world: &mut World, grant: &str) -> Event {
    let token = query(world, 1, grant);
    assert!(world.closing(1, token).is_none() || matches!(world.closing(1, token), Some(Event::Answer(_))));
    world.run_for(PATIENT_MS + SECOND_MS);
    world.closing(1, token).cloned().unwrap()
}

fn word(event: Event) -> Option<Live> {
    match event {
        Event::Answer(answer) => answer.current.live,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reading_says_whether_the_issuer_confirms_it_and_does_not_wait_for_one_that_is_dark_or_slow() {
    let (mut world, mut holder, number) = live(807);
    let grant = granted(&mut world, &mut holder, &number, Mode::Details, 9);
    assert_eq!(word(read(&mut world, &grant)).map(|live| live.changed), Some(Some(false)));
    world.source = Some(|account| AccountFacts { balance: Fen(1), ..facts(account) });
    assert_eq!(word(read(&mut world, &grant)).map(|live| live.changed), Some(Some(true)));
    world.source = None;
    assert_eq!(word(read(&mut world, &grant)).map(|live| live.changed), Some(None), "it stands, and the source is slow");
    world.set_up(0, false);
    let token = query(&mut world, 1, &grant);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(answer)) if answer.current.live.is_none()), "at once, from the copy");
    assert_eq!(uses(&world, &grant), 0, "the issuer counts no reading");
    let counted = world.peers[1].shelf.grant_uses(&world.peers[1].centre, &Presented::parse(&grant).unwrap().id(), None).unwrap();
    assert_eq!(counted, 4);
}

#[test]
fn what_the_issuer_knows_to_be_over_is_not_read_although_the_statement_of_it_has_not_arrived() {
    let (mut world, mut holder, number) = live(808);
    let grants: Vec<_> = (0..2).map(|_| granted(&mut world, &mut holder, &number, Mode::Details, 9)).collect();
    // The issuer's own rows stay where they are: only its answers come through.
    world.weather = Weather { loss_percent: 0, double_percent: 0, delay_ms: (1, 5) };
    let presented = Presented::parse(&grants[0]).unwrap();
    let text = holder::revoke(&mut holder, world.now, &presented.id()).unwrap();
    let effects = world.feed_raw(0, Input::Desk { token: 99, request: Request::GrantRevoke { text } });
    let writes = effects.into_iter().filter_map(|effect| if let Effect::Write(write) = effect { Some(write) } else { None });
    writes.for_each(|write| world.peers[0].shelf.apply(&write).unwrap());
    let token = query(&mut world, 1, &grants[0]);
    world.run_for(50);
    assert_eq!(refusal(&world, 1, token), RefusalCode::GrantRevoked);
    assert!(matches!(read(&mut world, &grants[1]), Event::Answer(_)), "the other grant stands");
}

#[test]
fn a_member_that_asks_without_end_takes_its_own_places_and_readings_that_never_end_give_theirs_back() {
    let (mut world, mut holder, number) = issued(809);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 50);
    world.source = None;
    let ask_once = |world: &mut World| {
        let id = request(world);
        world.act(1, &asking(&grant, check(&[("name", "史霞玲")]), id));
        world.run_for(20);
    };
    (0..MAX_ANSWERING_EACH + 5).for_each(|_| ask_once(&mut world));
    assert_eq!(world.peers[0].node.answering(), MAX_ANSWERING_EACH);
    world.run_for(FORGET_READING_MS + SECOND_MS);
    assert_eq!(world.peers[0].node.answering(), 0);
    world.source = Some(facts);
    assert!(matches!(ask(&mut world, &grant, check(&[("name", "史霞玲")])), Event::Attested(_)), "there is room again");
}

#[test]
fn a_grant_to_check_tells_nothing_of_the_account_without_a_use() {
    let (mut world, mut holder, number) = issued(810);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 1);
    let (asker, issuer) = (world.peers[1].centre.clone(), world.peers[0].centre.clone());
    let wanted = Wanted::Status;
    let inquiry = Inquiry { request: RequestId([3; 16]), grant, business_no: "-".to_owned(), matter: MATTER.to_owned(), wanted };
    let key = world.peers[0].keys.sealing.public();
    let sealed = inquiry.seal(&mut world.rng, &asker, &issuer, &key).unwrap();
    let bytes = Ask::under(&world.charter, Question::Inquire(sealed.into())).to_bytes();
    let from = world.station(1);
    let effects = world.feed_raw(0, Input::Asked { from, token: 1, bytes });
    let Some(Effect::Answer { bytes, .. }) = effects.into_iter().next() else { panic!("the account was read") };
    let Ok(Answer::Replied(reply)) = Answer::decode(&bytes) else { panic!("no reply") };
    let reply = Reply::open(&world.peers[1].keys.sealing, (&asker, &issuer), &inquiry.request, &reply).unwrap();
    assert!(matches!(reply, Reply::Refused(code, _) if code == "wrong-mode"));
}
