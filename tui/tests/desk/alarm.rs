//! The alarm over every view: a fork, two charters, or a peer that does not write although it should.

use std::sync::{Arc, Mutex};

use anju_core::desk::{Event as DeskEvent, ReadOnly, Request, Status};
use anju_core::operator::Role;
use anju_tui::Words;
use anju_tui::door::{Trouble, Who};
use anju_tui::fake::{Asked, FakeDoor, Rehearsal, somebody};
use anju_tui::screens::SCREENS;

use crate::made;
use crate::pictures::pictures;

/// A peer whose status a test writes; nothing while it is dark.
fn door(who: Who, status: Arc<Mutex<Option<Status>>>) -> FakeDoor {
    FakeDoor::new(who, move |asked| match asked {
        Asked::Request(Request::Status) => {
            let status = status.lock().unwrap().clone();
            status.map(|status| DeskEvent::Status(Box::new(status))).ok_or_else(|| Trouble::failed("peer-not-running"))
        }
        asked => made::answer(asked),
    })
}

fn altered(alter: impl FnOnce(&mut Status)) -> Arc<Mutex<Option<Status>>> {
    let mut status = made::status();
    alter(&mut status);
    Arc::new(Mutex::new(Some(status)))
}

fn forked() -> Arc<Mutex<Option<Status>>> {
    altered(|status| status.journals[2].forked = true)
}

fn desk(door: &FakeDoor, name: &str, words: Words) -> Rehearsal {
    let mut desk = Rehearsal::new(door, words, SCREENS, 80, 24);
    desk.log_in(name);
    desk.settle();
    desk
}

/// The row of the alarm, below the two bars.
fn line(desk: &mut Rehearsal) -> String {
    desk.screen().lines().nth(2).unwrap().to_owned()
}

#[test]
fn a_fork_stands_over_every_view_in_both_languages_and_whoever_is_logged_in() {
    for (words, says) in [(Words::Chinese, "警报：C46030 日志分叉"), (Words::English, "ALARM: C46030 forked")] {
        for (name, role) in [("li.si", Role::Reviewer), ("qian.qi", Role::Auditor), ("zhao.liu", Role::Security), ("sun.ba", Role::System)]
        {
            let mut desk = desk(&door(somebody(name, name, role).unwrap(), forked()), name, words);
            for view in SCREENS.iter().filter(|view| view.roles.contains(&role)) {
                desk.keys(&view.number.to_string());
                let seen = line(&mut desk);
                assert!(seen.contains(says) && seen.contains('6'), "{} for {role:?}: {seen}", view.id);
            }
            desk.keys("?");
            assert!(line(&mut desk).contains(says), "under the help, too");
        }
    }
}

#[test]
fn the_alarm_comes_and_goes_by_itself_and_a_peer_that_is_dark_has_not_taken_it_back() {
    let status = altered(|_| {});
    let mut desk = desk(&door(made::reviewer(), Arc::clone(&status)), "li.si", Words::English);
    let first = desk.screen();
    assert!(!first.contains("ALARM"), "{first}");
    status.lock().unwrap().as_mut().unwrap().journals[2].forked = true;
    desk.pass(31_000);
    assert!(line(&mut desk).contains("ALARM: C46030 forked"), "{}", desk.screen());
    let dark = status.lock().unwrap().take();
    desk.pass(31_000);
    assert!(line(&mut desk).contains("ALARM: C46030 forked"), "{}", desk.screen());
    *status.lock().unwrap() = dark;
    status.lock().unwrap().as_mut().unwrap().journals[2].forked = false;
    desk.pass(31_000);
    let after = desk.screen();
    assert!(!after.contains("ALARM") && first.lines().nth(2) == after.lines().nth(2), "the row belongs to the view again: {after}");
}

#[test]
fn each_alarm_says_what_it_is_the_worst_first_and_a_station_that_only_reads_by_the_charter_is_none() {
    let says = |alter: &dyn Fn(&mut Status)| line(&mut desk(&door(made::reviewer(), altered(alter)), "li.si", Words::English));
    assert!(says(&|status| status.journals[0].forked = true).contains("ALARM: this centre has forked"));
    assert!(says(&|status| status.frozen = Some(3)).contains("ALARM: charter version 3 has two successors"));
    assert!(says(&|status| status.read_only = Some(ReadOnly::Suspended)).contains("ALARM: read-only: the charter has suspended"));
    assert!(says(&|status| status.read_only = Some(ReadOnly::Restored { reported: 1, needed: 3 })).contains("ALARM: read-only"));
    for fine in [ReadOnly::NotTheWriter, ReadOnly::Observer] {
        let seen = says(&|status| status.read_only = Some(fine.clone()));
        assert!(!seen.contains("ALARM"), "{seen}");
    }
    let all = |status: &mut Status| {
        status.journals.iter_mut().for_each(|journal| journal.forked = true);
        status.read_only = Some(ReadOnly::Removed);
    };
    let seen = says(&all);
    let place = |text: &str| seen.find(text).unwrap_or_else(|| panic!("no {text:?} in {seen}"));
    assert!(place("this centre has forked") < place("C46020"), "{seen}");
    assert!(seen.len() <= 80 && seen.contains("6 tells more"), "what does not fit is cut, and where to look stays: {seen}");
}

#[test]
fn what_is_asked_for_the_alarm_is_nobodys_job() {
    let mut desk = desk(&made::full(), "li.si", Words::English);
    desk.hold();
    desk.pass(31_000);
    assert!(desk.kept_back() > 0, "the status was asked for");
    desk.keys("f2");
    let jobs = desk.screen();
    assert!(jobs.contains("No job is running"), "{jobs}");
    desk.keys("esc ctrl-c");
    let asked = desk.screen();
    assert!(asked.contains("Leave the desk?"), "there is nothing to cancel: {asked}");
}

#[test]
fn what_the_alarm_looks_like() {
    pictures("alarm-workbench", &door(made::reviewer(), forked()), |desk| {
        desk.log_in("li.si");
        desk.settle();
    });
    let reach = altered(|status| {
        status.journals[2].forked = true;
        status.frozen = Some(3);
    });
    pictures("alarm-blacklist", &door(made::reviewer(), reach), |desk| {
        desk.log_in("li.si");
        desk.settle();
        desk.keys("4");
    });
}
