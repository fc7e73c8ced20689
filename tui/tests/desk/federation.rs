//! The federation's own affairs on the desk: what its charter says, approving and rejecting what is proposed, a fork and what clears it.

use anju_core::desk::{Act, FederationAct, FederationView, FirstView, ForkView, SaidView};
use anju_core::names::Digest;
use anju_core::operator::Role;
use anju_tui::Words;
use anju_tui::door::Who;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal, somebody};
use anju_tui::screens::SCREENS;

use crate::federation_made::{self as federation, House, fork, proposal, view, voting};
use crate::made;
use crate::pictures::pictures;

const NAME: &str = "5c5c5c5c5c5c";

fn security() -> Who {
    somebody("zhao.liu", "赵六", Role::Security).unwrap()
}

fn auditor() -> Who {
    somebody("qian.qi", "钱七", Role::Auditor).unwrap()
}

fn at(door: &FakeDoor, who: &str, keys: &str) -> Rehearsal {
    let mut desk = Rehearsal::new(door, Words::English, SCREENS, 80, 24);
    desk.log_in(who);
    desk.settle();
    desk.keys(keys);
    door.asked();
    desk
}

#[track_caller]
fn sees(desk: &mut Rehearsal, parts: &[&str]) {
    let screen = desk.screen();
    for part in parts {
        assert!(screen.contains(part), "no {part:?} in\n{screen}");
    }
}

#[track_caller]
fn does_not_see(desk: &mut Rehearsal, part: &str) {
    let screen = desk.screen();
    assert!(!screen.contains(part), "{part:?} in\n{screen}");
}

/// A reviewer has approved first.
fn first() -> FirstView {
    FirstView { operator: made::reviewer().name, approve: true, security: false }
}

fn acts(door: &FakeDoor) -> Vec<FederationAct> {
    let act = |asked| match asked {
        Asked::Act(Act::Federation(act)) => Some(*act),
        Asked::Act(_) | Asked::Request(_) | Asked::Work(_) => None,
    };
    door.asked().into_iter().filter_map(act).collect()
}

#[test]
fn the_charter_says_who_is_in_who_must_agree_and_since_when_keys_and_epoch_stand() {
    let mut desk = at(&House::new(FederationView { forks: vec![fork()], ..view() }).door(made::reviewer()), "li.si", "6 c");
    sees(
        &mut desk,
        &[
            "charter version 3",
            "4 members vote, 3 must approve",
            "3 centres, 2 settle a row: C46010 C46020 C46030",
            "3, since version 3, 2026-11-09",
            "pepper 2",
            "suspended (reads)",
            "observer",
            "has left",
            "FORKED member, w",
            "v3, 12 d ago",
            "v1, 400 d ago",
        ],
    );
    // What came with version 2 has its keys since then.
    let line = desk.screen().lines().find(|line| line.contains("C46050")).unwrap().to_owned();
    assert!(line.contains("v2, 90 d ago"), "{line}");
    desk.keys("j j j enter");
    sees(&mut desk, &["> Charter > C46040", "Term 1 has ended; 412 rows", "since version 3, 2026-11-09", "writes", "/ip4/10.46.4.7"]);
    desk.keys("esc d");
    sees(&mut desk, &["> Versions", "suspend C46050; new keys C46040", "add C46050; remove C46070"]);
    desk.keys("j enter");
    sees(&mut desk, &["> Versions > 2", "Approved by", "C46010 C46030 C46070"]);
}

#[test]
fn a_security_administrator_and_a_second_person_approve_and_what_binds_the_centre_is_typed() {
    let house = House::new(voting());
    let door = house.door(security());
    let mut desk = at(&door, "zhao.liu", "6");
    sees(&mut desk, &["Proposals 1"]);
    desk.keys("p");
    sees(&mut desk, &[NAME, "1/3", "waits for you", "new keys C46020"]);
    desk.keys("enter");
    sees(
        &mut desk,
        &[
            "new keys C46020",
            "rows of the journal count (the history held here)",
            "C46020 approves",
            "C46030 rejects",
            "Nothing yet from: C46010 C46040",
        ],
    );
    desk.keys("a");
    desk.types("the keys are a year old");
    desk.keys("ctrl-s");
    sees(&mut desk, &["What you say is noted", "second person"]);
    assert_eq!(acts(&door), [], "nothing is sent before it is confirmed");
    desk.keys("tab enter");
    let said = [FederationAct::Answer { proposal: Digest([0x5c; 32]), approve: true, reason: "the keys are a year old".to_owned() }];
    assert_eq!(acts(&door), said);
    sees(&mut desk, &["Noted that you approve", "you did; a second is missing"]);
    desk.keys("a");
    sees(&mut desk, &["Not yours to do"]);

    let door = house.door(auditor());
    let mut desk = at(&door, "qian.qi", "6 p");
    sees(&mut desk, &["zhao.liu approved; now you"]);
    desk.keys("a");
    desk.types("looked at it");
    desk.keys("ctrl-s");
    sees(&mut desk, &["You are the second person", &format!("Type {NAME} to confirm")]);
    desk.keys("tab enter");
    assert_eq!(acts(&door), [], "without the name of what is approved nothing is sent");
    desk.keys("ctrl-s");
    desk.types(NAME);
    desk.keys("tab enter");
    assert!(matches!(acts(&door).as_slice(), [FederationAct::Answer { approve: true, .. }]));
    sees(&mut desk, &["This centre approves 5c5c5c5c5c5c", "2 approve, 3 must"]);
    does_not_see(&mut desk, "a approve");
}

#[test]
fn a_rejection_takes_two_as_well_and_a_reason_and_whoever_cannot_say_it_is_not_offered_it() {
    let house = House::new(voting());
    let door = house.door(security());
    let mut desk = at(&door, "zhao.liu", "6 p x ctrl-s");
    sees(&mut desk, &["must be filled in"]);
    assert_eq!(acts(&door), []);
    desk.types("not before the end of the month");
    desk.keys("ctrl-s tab enter");
    assert!(matches!(acts(&door).as_slice(), [FederationAct::Answer { approve: false, reason, .. }] if reason.starts_with("not before")));
    // The counter has no say, and who proposed or said it first is not the second.
    let teller = somebody("zhang.san", "张三", Role::Teller).unwrap();
    let door = house.door(teller);
    let mut desk = at(&door, "zhang.san", "6 p");
    sees(&mut desk, &["zhao.liu did; a second missing"]);
    does_not_see(&mut desk, "x reject");
    desk.keys("x");
    sees(&mut desk, &["Not yours to do"]);
    assert_eq!(acts(&door), []);
}

#[test]
fn the_second_of_two_must_be_a_security_administrator_when_the_first_was_none() {
    let house = House::new(voting());
    house.0.lock().unwrap().proposals[0].firsts = vec![first()];
    let mut desk = at(&house.door(auditor()), "qian.qi", "6 p");
    sees(&mut desk, &["li.si did; now a security"]);
    does_not_see(&mut desk, "a approve");
    let mut desk = at(&house.door(security()), "zhao.liu", "6 p");
    sees(&mut desk, &["li.si approved; now you", "a approve"]);
}

#[test]
fn what_may_not_be_approved_says_why_and_is_not_offered() {
    let mut unopened = voting();
    unopened.proposals[0].epoch_opens = Some(false);
    let mut bound = voting();
    bound.proposals[0].barred = Some("another".to_owned());
    let other = "has approved another proposal of this round";
    for (view, why) in [(unopened, "does not open to what is proposed"), (bound, other)] {
        let mut desk = at(&House::new(view).door(security()), "zhao.liu", "6 p");
        sees(&mut desk, &["cannot approve"]);
        desk.keys("enter");
        let screen = desk.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(screen.contains(why), "no {why:?} in {screen}");
        does_not_see(&mut desk, "a approve");
    }
    let frozen = FederationView { frozen: Some(3), ..voting() };
    let mut desk = at(&House::new(frozen).door(security()), "zhao.liu", "6 p");
    sees(&mut desk, &["nobody votes now", "ALARM: charter version 3 has two successors"]);
    does_not_see(&mut desk, "a approve");
    let mut suspended = voting();
    suspended.members[0].role = "suspended".to_owned();
    let mut desk = at(&House::new(suspended).door(security()), "zhao.liu", "6 p");
    sees(&mut desk, &["has no vote"]);
    does_not_see(&mut desk, "a approve");
}

#[test]
fn a_split_vote_goes_to_the_next_round_when_the_security_administrator_says_so() {
    let house = House::new(voting());
    let door = house.door(security());
    let mut desk = at(&door, "zhao.liu", "6 p enter");
    // One of four is against it: the other three are a quorum.
    does_not_see(&mut desk, "next round");
    let against = SaidView { centre: federation::centre("C46040"), approved: false, reason: Some("no".to_owned()) };
    house.0.lock().unwrap().proposals[0].said.push(against);
    desk.keys("r");
    sees(&mut desk, &["n next round"]);
    door.asked();
    desk.keys("n");
    sees(&mut desk, &["approves nothing more in this round"]);
    desk.keys("esc");
    assert_eq!(acts(&door), []);
    desk.keys("n tab enter");
    assert_eq!(acts(&door), [FederationAct::NextRound { proposal: proposal().proposal }]);
    let mut desk = at(&house.door(auditor()), "qian.qi", "6 p enter");
    does_not_see(&mut desk, "next round");
}

#[test]
fn what_is_not_proposed_any_more_takes_its_form_with_it() {
    let house = House::new(voting());
    let door = house.door(security());
    let mut desk = at(&door, "zhao.liu", "6 p enter a");
    desk.types("half a rea");
    *house.0.lock().unwrap() = view();
    desk.pass(11_000);
    sees(&mut desk, &["Nothing is proposed"]);
    desk.keys("ctrl-s enter");
    assert_eq!(acts(&door), []);
}

#[test]
fn a_fork_says_who_since_when_what_it_means_and_which_command_clears_it() {
    let forked = House::new(FederationView { forks: vec![fork()], ..view() });
    let mut desk = Rehearsal::new(&forked.door(made::reviewer()), Words::English, SCREENS, 120, 40);
    desk.log_in("li.si");
    desk.settle();
    desk.keys("6 f");
    sees(
        &mut desk,
        &[
            "ALARM: C46030 forked",
            "Forks 1",
            "C46030  儋州市住房公积金管理局  term 1",
            "2 h ago",
            "C46020 C46040",
            "17 rows, root 171717171717 (held here)",
            "19 rows, root 191919191919",
            "says Unknown for it",
            "anju keys next",
            "anju federation propose rotate-keys --card FILE --fingerprint HEX --reason ...",
            "Two people of each centre",
        ],
    );
    let own = ForkView { centre: federation::centre("C46010"), ours: None, reported_by: vec![], ..fork() };
    let mut desk = at(&House::new(FederationView { forks: vec![own], ..view() }).door(made::reviewer()), "li.si", "6 f");
    sees(&mut desk, &["ALARM: this centre has forked", "This is our own centre!", "found here", "too short to tell"]);
    let mut desk = at(&House::new(view()).door(made::reviewer()), "li.si", "6 f");
    sees(&mut desk, &["No centre has forked"]);
}

fn reach(name: &str, view: FederationView, keys: &str) {
    pictures(name, &House::new(view).door(security()), |desk| {
        desk.log_in("zhao.liu");
        desk.settle();
        desk.keys(keys);
        desk.pass(1_000);
    });
}

#[test]
fn what_the_federations_own_affairs_look_like() {
    let forked = || FederationView { forks: vec![fork()], ..voting() };
    reach("federation-charter", voting(), "6 c");
    reach("federation-member", voting(), "6 c j j j enter");
    reach("federation-proposals", voting(), "6 p");
    reach("federation-proposals-none", view(), "6 p");
    reach("federation-proposal", voting(), "6 p enter");
    reach("federation-fork", forked(), "6 f");
    reach("federation-forks-none", view(), "6 f");
    reach("federation-versions", view(), "6 d");
    reach("federation-version", view(), "6 d enter");
    let typed = |desk: &mut Rehearsal| {
        desk.log_in("zhao.liu");
        desk.settle();
        desk.keys("6 p enter a");
        desk.types("已电话核对名片指纹");
    };
    pictures("federation-approve", &House::new(voting()).door(security()), typed);
    let second = House::new(voting());
    second.0.lock().unwrap().proposals[0].firsts = vec![first()];
    pictures("federation-second", &second.door(security()), |desk| {
        typed(desk);
        desk.keys("ctrl-s");
    });
    let broken = made::broken();
    pictures("federation-charter-error", &broken, |desk| {
        desk.log_in("li.si");
        desk.keys("6 c");
    });
}
