//! A question that is left for an issuer that is dark goes to it when it is there, once.

use super::counter::request;
use super::interact::{asking, attested, check, granted, issued, uses};
use super::signed::code;
use super::world::World;
use crate::desk::{Act, Event, LeftView, OutboxAct};
use crate::error::RefusalCode;
use crate::grant::Mode;
use crate::interact::{Finding, Wanted};
use crate::names::RequestId;
use crate::node::interact::PATIENCE_MS;
use crate::shelf::House;
use crate::time::{DAY_MS, HOUR_MS, SECOND_MS};

fn done(world: &mut World, act: OutboxAct) -> Event {
    let token = world.act(1, &Act::Outbox(Box::new(act)));
    world.run_for(SECOND_MS);
    world.closing(1, token).cloned().unwrap()
}

fn leave(world: &mut World, grant: &str, wanted: Wanted, id: RequestId) -> Event {
    let (grant, business_no) = (grant.to_owned(), "SY-2026-0001".to_owned());
    done(world, OutboxAct::Leave { grant, business_no, matter: None, wanted, request: id })
}

fn shown(world: &mut World, id: RequestId) -> LeftView {
    match done(world, OutboxAct::Show { request: id }) {
        Event::Left(left) => *left,
        other => panic!("{other:?}"),
    }
}

fn listed(world: &mut World) -> Vec<(RequestId, bool, Option<String>)> {
    match done(world, OutboxAct::List { after: None, limit: 100 }) {
        Event::Outbox { items, more: false } => items.into_iter().map(|line| (line.request, line.over.is_some(), line.refused)).collect(),
        other => panic!("{other:?}"),
    }
}

fn name_is(text: &str) -> Wanted {
    check(&[("name", text)])
}

#[test]
fn what_is_left_for_an_issuer_that_is_dark_is_asked_when_it_is_back_also_after_a_restart_and_costs_one_use() {
    let (mut world, mut holder, number) = issued(851);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 3);
    world.set_up(0, false);
    let id = request(&mut world);
    let token = world.act(1, &asking(&grant, name_is("史霞玲"), id));
    world.run_for(PATIENCE_MS + 2 * SECOND_MS);
    assert_eq!(code(world.closing(1, token).unwrap()), RefusalCode::IssuerDark);
    let Event::Left(left) = leave(&mut world, &grant, name_is("史霞玲"), id) else { panic!("it was not left") };
    assert!(left.attested.is_none() && left.line.over.is_none() && left.line.number == number);
    assert!(matches!(leave(&mut world, &grant, name_is("史霞玲"), id), Event::Left(again) if again == left), "twice is once");
    assert_eq!(code(&leave(&mut world, &grant, name_is("别人"), id)), RefusalCode::RequestReused);
    world.run_for(3 * HOUR_MS);
    assert_eq!(listed(&mut world), [(id, false, None)]);
    world.set_up(1, false);
    world.set_up(1, true);
    world.set_up(0, true);
    world.run_for(20 * SECOND_MS);
    assert_eq!(listed(&mut world), [(id, true, None)]);
    let answer = shown(&mut world, id).attested.unwrap();
    let Finding::Check { fields } = &answer.attestation.finding else { panic!("{answer:?}") };
    assert!(fields.len() == 1 && fields[0].matches && answer.attestation.use_no == Some(1));
    assert_eq!(uses(&world, &grant), 1);
    // It is answered: nobody is asked again, whatever happens.
    world.set_up(1, false);
    world.set_up(1, true);
    world.run_for(60 * SECOND_MS);
    assert_eq!((uses(&world, &grant), shown(&mut world, id).attested), (1, Some(answer)));
    let told: Vec<_> = world.peers[1].shelf.audit_rows(0, 9).unwrap().into_iter().map(|row| row.outcome).collect();
    assert_eq!(told[..4], ["issuer-dark", "left", "request-reused", "done"], "{told:?}");
    assert!(world.faults(0).is_empty() && world.faults(1).is_empty());
}

#[test]
fn a_question_that_the_issuer_had_heard_before_it_went_dark_is_answered_alike_and_counted_once() {
    let (mut world, mut holder, number) = issued(852);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 3);
    let id = request(&mut world);
    let token = world.act(1, &asking(&grant, name_is("史霞玲"), id));
    let before = {
        world.run_for(2 * SECOND_MS);
        attested(world.closing(1, token).cloned().unwrap())
    };
    // The answer never reached the counter, as far as it remembers.
    assert!(matches!(leave(&mut world, &grant, name_is("史霞玲"), id), Event::Left(_)));
    world.run_for(10 * SECOND_MS);
    assert_eq!(shown(&mut world, id).attested.unwrap().text, before.text);
    assert_eq!(uses(&world, &grant), 1);
}

#[test]
fn what_can_be_known_to_be_refused_is_not_left_and_what_the_issuer_refuses_is_said_once() {
    let (mut world, mut holder, number) = issued(853);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 1);
    let elsewhere = granted(&mut world, &mut holder, &number, Mode::Details, 1);
    world.set_up(0, false);
    let ids = [(); 4].map(|()| request(&mut world));
    assert_eq!(code(&leave(&mut world, &elsewhere, name_is("x"), ids[0])), RefusalCode::WrongMode);
    for id in &ids[1..3] {
        assert!(matches!(leave(&mut world, &grant, name_is("x"), *id), Event::Left(_)));
        world.run_for(SECOND_MS);
    }
    assert_eq!(code(&done(&mut world, OutboxAct::Show { request: ids[3] })), RefusalCode::LeftUnknown);
    assert_eq!(code(&done(&mut world, OutboxAct::List { after: None, limit: 101 })), RefusalCode::RequestInvalid);
    world.set_up(0, true);
    world.run_for(20 * SECOND_MS);
    // Both are put to the issuer at once: whichever comes first has the one use.
    let mut said: Vec<_> = listed(&mut world);
    said.sort_by(|a, b| a.2.cmp(&b.2));
    assert_eq!(
        said.iter().map(|(_, over, why)| (*over, why.as_deref())).collect::<Vec<_>>(),
        [(true, None), (true, Some("grant-used-up"))]
    );
    assert!(said.iter().all(|(id, ..)| ids[1..3].contains(id)));
}

#[test]
fn what_is_dropped_or_over_before_the_issuer_is_back_is_never_asked_and_goes_in_the_end() {
    let (mut world, mut holder, number) = issued(854);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 5);
    world.set_up(0, false);
    let ids = [(); 2].map(|()| request(&mut world));
    for id in ids {
        assert!(matches!(leave(&mut world, &grant, name_is("x"), id), Event::Left(_)));
    }
    assert!(matches!(done(&mut world, OutboxAct::Drop { request: ids[0] }), Event::Done));
    let until = shown(&mut world, ids[1]).line.until;
    world.now = until.plus_ms(5 * SECOND_MS);
    world.run_for(10 * SECOND_MS);
    assert_eq!(listed(&mut world), [(ids[1], true, Some("grant-expired".to_owned()))]);
    world.set_up(0, true);
    world.run_for(20 * SECOND_MS);
    assert_eq!(uses(&world, &grant), 0);
    world.now = world.now.plus_ms(32 * DAY_MS);
    world.run_for(10 * SECOND_MS);
    assert_eq!(listed(&mut world), []);
}

#[test]
fn while_the_issuers_source_does_not_answer_a_question_waits_on() {
    let (mut world, mut holder, number) = issued(855);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 5);
    let source = world.source.take();
    let id = request(&mut world);
    assert!(matches!(leave(&mut world, &grant, name_is("史霞玲"), id), Event::Left(_)));
    world.run_for(300 * SECOND_MS);
    assert_eq!(listed(&mut world), [(id, false, None)]);
    world.source = source;
    world.run_for(150 * SECOND_MS);
    assert!(shown(&mut world, id).attested.is_some());
    assert_eq!(uses(&world, &grant), 1);
}

#[test]
fn a_source_that_says_nothing_of_use_lets_a_question_wait_on() {
    let (mut world, mut holder, number) = issued(856);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 5);
    let source = world.source.replace(super::answering::somebody_else);
    let id = request(&mut world);
    assert!(matches!(leave(&mut world, &grant, name_is("史霞玲"), id), Event::Left(_)));
    world.run_for(20 * SECOND_MS);
    assert_eq!(listed(&mut world), [(id, false, None)]);
    world.source = source;
    world.run_for(20 * SECOND_MS);
    assert!(shown(&mut world, id).attested.is_some());
    assert_eq!(uses(&world, &grant), 1);
}
