//! Somebody presents a grant in its holder's place: nothing is read by it before a clerk has looked at their document.

use super::counter::{issue, query, refusal, wallet};
use super::interact::{ask, check};
use super::world::World;
use crate::audit::AuditAction;
use crate::desk::{Act, Event};
use crate::error::RefusalCode;
use crate::grant::{Agent, Mode, Presented};
use crate::holder::{GrantRequest, Wallet, grant};
use crate::names::CertificateNumber;
use crate::shelf::House;
use crate::time::SECOND_MS;

fn agent() -> Agent {
    Agent::new("王五", "01", "46019919840915951x").unwrap()
}

fn granted(world: &mut World, holder: &mut Wallet, number: &CertificateNumber, mode: Mode, agent: Option<Agent>) -> String {
    let fields = vec!["name".to_owned(), "balance".to_owned()];
    let mut wanted = GrantRequest::new(world.now, number.clone(), fields, world.peers[1].centre.clone(), "cross-region-loan");
    (wanted.mode, wanted.uses, wanted.agent) = (mode, 5, agent);
    let (key, now) = (world.peers[1].keys.sealing.public(), world.now);
    grant(&mut world.rng, now, holder, &wanted, &key).unwrap()
}

fn look(world: &mut World, peer: usize, grant: &str, last_four: &str) -> Event {
    let token = world.act(peer, &Act::AgentCheck { grant: grant.to_owned(), last_four: last_four.to_owned() });
    world.closing(peer, token).cloned().unwrap()
}

fn code(event: &Event) -> RefusalCode {
    match event {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agents_grant_is_used_only_after_a_clerk_looked_at_the_document_that_it_names_and_that_is_recorded() {
    let mut world = World::new(951, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(2 * SECOND_MS);
    let details = granted(&mut world, &mut holder, &number, Mode::Details, Some(agent()));
    let checks = granted(&mut world, &mut holder, &number, Mode::Check, Some(agent()));
    let size = world.size(1, 1);
    let token = query(&mut world, 1, &details);
    assert_eq!(refusal(&world, 1, token), RefusalCode::AgentUnchecked);
    assert_eq!(code(&ask(&mut world, &checks, check(&[("name", "史霞玲")]))), RefusalCode::AgentUnchecked);
    assert_eq!(code(&look(&mut world, 1, &details, "9519")), RefusalCode::AgentMismatch, "the holder's own document is another");
    let token = query(&mut world, 1, &details);
    assert_eq!(refusal(&world, 1, token), RefusalCode::AgentUnchecked);
    assert_eq!(code(&look(&mut world, 0, &details, "951X")), RefusalCode::WrongCentre);
    assert_eq!(look(&mut world, 1, &details, " 951x "), Event::Done);
    let told = world.peers[1].shelf.audit_newest(u64::MAX, 1, &Default::default()).unwrap().remove(0);
    assert_eq!((told.action, told.outcome.as_str()), (AuditAction::AgentCheck, "done"));
    assert_eq!(told.about, format!("{number} 王五 01 **951X"));
    assert!(world.size(1, 1) <= size + 1, "no use was counted: at most a commitment of the log was appended");
    let token = query(&mut world, 1, &details);
    let Some(Event::Answer(answer)) = world.closing(1, token) else { panic!("{:?}", world.closing(1, token)) };
    assert_eq!(answer.authorised.use_no, 1, "what was refused before was no use");
    // The look is at one grant; another asks for its own.
    assert_eq!(code(&ask(&mut world, &checks, check(&[("name", "史霞玲")]))), RefusalCode::AgentUnchecked);
    assert_eq!(look(&mut world, 1, &checks, "951X"), Event::Done);
    assert!(matches!(ask(&mut world, &checks, check(&[("name", "史霞玲")])), Event::Attested(_)));
    // A grant of the holder's own has no agent to look at, and none is needed.
    let own = granted(&mut world, &mut holder, &number, Mode::Details, None);
    assert_eq!(code(&look(&mut world, 1, &own, "951X")), RefusalCode::RequestInvalid);
    let token = query(&mut world, 1, &own);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
}

#[test]
fn the_agent_is_bound_to_the_grant_and_is_of_its_form() {
    let mut world = World::new(952, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    let text = granted(&mut world, &mut holder, &number, Mode::Details, Some(agent()));
    let presented = Presented::parse(&text).unwrap();
    assert_eq!(presented.claims().agent.as_ref(), Some(&agent()));
    let without = crate::grant::Claims { agent: None, ..presented.claims().clone() };
    assert_ne!(without.bound(), presented.claims().bound(), "the sealed keys do not open beside another agent");
    assert!(!format!("{:?}", presented.claims()).contains("王五"));
    for (name, kind, number) in
        [("", "01", "1234"), ("王", "01", "123"), ("王", "0 1", "1234"), ("王\n五", "01", "1234"), ("王", "01", "12-4")]
    {
        assert_eq!(Agent::new(name, kind, number), None, "{name:?} {kind} {number}");
    }
    let long = Agent { name: "王".repeat(21), ..agent() };
    let fields = vec!["name".to_owned()];
    let mut wanted = GrantRequest::new(world.now, number, fields, world.peers[1].centre.clone(), "cross-region-loan");
    wanted.agent = Some(long);
    let key = world.peers[1].keys.sealing.public();
    let now = world.now;
    assert_eq!(grant(&mut world.rng, now, &mut holder, &wanted, &key).unwrap_err().code, RefusalCode::RequestInvalid);
}
