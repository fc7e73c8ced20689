//! The peer itself as its administrator looks at it: who may, what is recorded, and that nothing is made up.

use super::people::{add, ask, done, house, last, log, refused, send, signed};
use super::world::World;
use crate::audit::AuditAction;
use crate::desk::{Act, Backup, Event, Evidence, KeyRole, MAX_LOG_PAGE, Request, SystemView};
use crate::error::RefusalCode;
use crate::node::{HouseAsk, Input};
use crate::operator::Role;
use crate::time::Time;

fn with_administrator(seed: u64) -> World {
    let mut world = house(seed);
    done(&mut world, "admin", &add("sys", "7", Role::System));
    world
}

fn begin(world: &mut World) -> (u64, String) {
    let act = signed(world, "sys", &Act::Backup);
    let token = world.ask(0, Request::Act(act));
    assert!(world.closing(0, token).is_none(), "it is answered when it is made");
    match world.peers[0].house.pop() {
        Some((asked, HouseAsk::Backup { name })) if asked == token => (token, name),
        other => panic!("{other:?}"),
    }
}

fn made(name: &str) -> Backup {
    Backup { at: Time(1), bytes: 4096, file: name.to_owned() }
}

fn view(world: &mut World) -> SystemView {
    world.ask(0, Request::System);
    match world.peers[0].house.pop() {
        Some((_, HouseAsk::System(view))) => *view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_system_administrator_has_a_backup_made_and_both_its_beginning_and_its_end_are_told() {
    let mut world = with_administrator(1);
    for role in Role::ALL.into_iter().filter(|role| *role != Role::System) {
        done(&mut world, "admin", &add(role.code(), role.code(), role));
        assert_eq!(refused(&mut world, role.code(), &Act::Backup), RefusalCode::RoleMissing);
        let by = Some(role.code().to_owned());
        assert_eq!(last(&world), (AuditAction::Backup, by, String::new(), "role-missing".to_owned()));
    }
    assert!(world.peers[0].house.is_empty());
    let (token, name) = begin(&mut world);
    assert!(name.starts_with("anju-C46010-2") && name.ends_with(".db") && !name.contains(['/', '\\', ' ']), "{name}");
    let by = Some("sys".to_owned());
    assert_eq!(last(&world), (AuditAction::Backup, by.clone(), name.clone(), "begun".to_owned()));
    world.feed(0, Input::BackedUp { outcome: Ok(made(&name)) });
    assert_eq!(world.closing(0, token), Some(&Event::Backup(Box::new(made(&name)))));
    assert_eq!(last(&world), (AuditAction::Backup, by, name, "done".to_owned()));
}

#[test]
fn one_backup_is_made_at_a_time_and_a_failed_one_is_told_as_failed() {
    let mut world = with_administrator(2);
    let (token, _) = begin(&mut world);
    assert!(view(&mut world).backing_up);
    assert_eq!(refused(&mut world, "sys", &Act::Backup), RefusalCode::TooManyRequests);
    let outcome = Err(("store-full".to_owned(), "no room".to_owned()));
    world.feed(0, Input::BackedUp { outcome });
    assert!(matches!(world.closing(0, token), Some(Event::Failed { code, .. }) if code == "store-full"));
    assert_eq!(last(&world).3, "store-full");
    assert!(!view(&mut world).backing_up);
    let rows = log(&world).len();
    world.feed(0, Input::BackedUp { outcome: Ok(made("x")) });
    assert_eq!(log(&world).len(), rows, "nobody asked for that one");
    begin(&mut world);
}

#[test]
fn the_same_signed_act_makes_one_backup() {
    let mut world = with_administrator(3);
    let act = signed(&mut world, "sys", &Act::Backup);
    world.ask(0, Request::Act(act.clone()));
    world.feed(0, Input::BackedUp { outcome: Ok(made("x")) });
    let again = send(&mut world, act);
    assert!(matches!(again, Event::Refused { refusal, .. } if refusal.code == RefusalCode::RequestReused));
}

#[test]
fn of_a_key_nothing_is_said_that_nothing_tells() {
    let mut world = with_administrator(4);
    let ages = view(&mut world).keys;
    let of = |key| ages.iter().find(|age| age.key == key).unwrap();
    for key in [KeyRole::Station, KeyRole::Heartbeat, KeyRole::Sealing, KeyRole::Pepper] {
        assert_eq!((of(key).since, of(key).by), (None, None), "{key:?}");
    }
    assert_eq!(of(KeyRole::Pepper).name, "1");
    let accounts: Vec<_> = ages.iter().filter(|age| age.key == KeyRole::Operator).collect();
    assert!(accounts.len() == 2 && accounts.iter().all(|age| age.since.is_some() && age.by == Some(Evidence::Account)));
    done(&mut world, "admin", &Act::OperatorDisable { name: "sys".parse().unwrap(), reason: "left".to_owned() });
    world.run_for(crate::node::audit::COMMIT_EVERY_MS + 5_000);
    let ages = view(&mut world).keys;
    assert!(!ages.iter().any(|age| age.name == "sys"), "an account that is disabled signs nothing");
    let signing = ages.iter().find(|age| age.key == KeyRole::Signing).unwrap();
    assert!(signing.since.is_some_and(|since| since <= world.now), "the journal has begun");
    assert_eq!(signing.by, Some(Evidence::Journal));
}

#[test]
fn no_more_of_the_log_is_asked_for_than_an_answer_holds() {
    let mut world = with_administrator(5);
    for limit in [0, MAX_LOG_PAGE + 1] {
        let token = world.ask(0, Request::Logs { after: None, limit });
        assert!(matches!(world.closing(0, token), Some(Event::Refused { refusal, .. }) if refusal.code == RefusalCode::RequestInvalid));
    }
    let token = world.ask(0, Request::Logs { after: Some(7), limit: MAX_LOG_PAGE });
    assert_eq!(world.peers[0].house.last(), Some(&(token, HouseAsk::Logs { after: Some(7), limit: MAX_LOG_PAGE })));
    assert!(matches!(ask(&mut world, "sys", &Act::Queue { after: None, limit: 1 }), Event::Cases { .. }));
}
