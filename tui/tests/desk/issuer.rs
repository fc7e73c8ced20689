//! What only the issuer answers, grants that are picked up by their code, and who looked, key by key.

use anju_core::desk::{Act, Event as DeskEvent, OutboxAct, Request};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::grant::Mode;
use anju_core::interact::{Finding, Wanted};
use anju_core::matter::Outcome;
use anju_core::names::CentreCode;
use anju_tui::Words;
use anju_tui::door::{Outcome as JobOutcome, Trouble, Who, Work};
use anju_tui::event::Event;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal};
use anju_tui::screens::SCREENS;

use crate::list_made;
use crate::made;
use crate::made::papers::{NUMBER, grant_for};
use crate::pictures::pictures;

fn who() -> Who {
    Who { centre: CentreCode::new("C46020").unwrap(), ..made::reviewer() }
}

fn at(door: &FakeDoor, columns: u16, rows: u16) -> Rehearsal {
    let mut desk = Rehearsal::new(door, Words::English, SCREENS, columns, rows);
    desk.log_in("li.si");
    desk.keys("2");
    door.asked();
    desk
}

#[track_caller]
fn sees(desk: &mut Rehearsal, what: &str) {
    let screen = desk.screen();
    assert!(screen.contains(what), "no {what:?} in\n{screen}");
}

#[track_caller]
fn does_not_see(desk: &mut Rehearsal, what: &str) {
    let screen = desk.screen();
    assert!(!screen.contains(what), "{what:?} in\n{screen}");
}

fn paste(desk: &mut Rehearsal, mode: Mode) {
    desk.event(Event::Paste(grant_for(mode)));
    desk.settle();
}

/// States a name and a balance; nothing is sent.
fn state(desk: &mut Rehearsal) {
    desk.types("SY-2026-0001");
    desk.keys("tab tab");
    desk.types("符生");
    desk.keys("tab");
    desk.types("79800.00");
}

#[test]
fn stated_values_go_to_the_issuer_and_come_back_as_match_or_no_match() {
    let door = FakeDoor::new(who(), made::answer);
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    sees(&mut desk, "Balance");
    desk.types("SY-2026-0001");
    desk.keys("ctrl-s");
    sees(&mut desk, "state at least one value");
    assert!(door.asked().is_empty());
    desk.types("符生");
    desk.keys("tab");
    desk.types("79800.00");
    desk.keys("ctrl-s");
    let asked = door.asked();
    let [Asked::Act(Act::Ask { grant, business_no, matter: None, wanted: Wanted::Check { values }, .. })] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!((grant, business_no.as_str()), (&grant_for(Mode::Check), "SY-2026-0001"));
    let stated: Vec<_> = values.iter().map(|one| (one.field.as_str(), one.value.as_str())).collect();
    assert_eq!(stated, [("name", "符生"), ("balance", "79800.00")], "what was left empty is not asked");
    for what in ["[x] asking the issuer", "[+] ", "matches", "[-] ", "DIFFERS", "use 1 of 2", "seen no field"] {
        sees(&mut desk, what);
    }
}

#[test]
fn a_rule_is_chosen_from_our_matter_and_its_verdict_shown_with_its_version() {
    let door = FakeDoor::new(who(), made::answer);
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Evaluate);
    let asked = door.asked();
    assert!(
        matches!(asked.as_slice(), [Asked::Request(Request::Matter { centre: None, code, day: None })] if code == "cross-region-loan"),
        "{asked:?}"
    );
    desk.types("SY-2026-0001");
    desk.keys("ctrl-s");
    let asked = door.asked();
    let rule = match asked.as_slice() {
        [Asked::Act(Act::Ask { wanted: Wanted::Evaluate { rule }, .. })] => rule.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(rule, "may-apply");
    sees(&mut desk, "(may-apply, version 3)");
    sees(&mut desk, "[+]");
    does_not_see(&mut desk, "79800");
}

#[test]
fn without_our_matter_a_rules_name_is_typed_and_what_is_unknown_is_not_taken_for_met() {
    let door = FakeDoor::new(who(), |asked| match asked {
        Asked::Request(Request::Matter { .. }) => Err(Refusal::new(RefusalCode::MatterUnknown).into()),
        other => match made::answer(other)? {
            DeskEvent::Attested(mut answer) => {
                if let Finding::Evaluate { outcome, .. } = &mut answer.attestation.finding {
                    *outcome = Outcome::Unknown;
                }
                Ok(DeskEvent::Attested(answer))
            }
            event => Ok(event),
        },
    });
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Evaluate);
    desk.types("SY-2026-0001");
    desk.keys("tab tab");
    desk.types("months-12");
    desk.keys("ctrl-s");
    assert!(
        door.asked()
            .iter()
            .any(|asked| matches!(asked, Asked::Act(Act::Ask { wanted: Wanted::Evaluate { rule }, .. }) if rule == "months-12"))
    );
    sees(&mut desk, "[?]");
    sees(&mut desk, "UNKNOWN");
}

#[test]
fn the_same_question_goes_under_the_same_id_and_another_value_is_another_use() {
    let door = FakeDoor::new(who(), |asked| match asked {
        Asked::Act(Act::Ask { .. }) => Err(Trouble::failed("peer-timeout")),
        other => made::answer(other),
    });
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    state(&mut desk);
    desk.keys("ctrl-s ctrl-s");
    desk.keys("backspace ctrl-s");
    let ids: Vec<_> = door
        .asked()
        .iter()
        .filter_map(|asked| if let Asked::Act(Act::Ask { request, .. }) = asked { Some(*request) } else { None })
        .collect();
    let [first, again, other] = ids.as_slice() else { panic!("{ids:?}") };
    assert_eq!(first, again, "it may have been answered, and must not cost a second use");
    assert_ne!(first, other, "another value is another question");
}

#[test]
fn a_question_that_is_on_its_way_is_not_asked_twice() {
    let door = FakeDoor::new(who(), made::answer);
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    state(&mut desk);
    desk.hold();
    desk.keys("ctrl-s enter ctrl-s enter");
    assert_eq!(desk.kept_back(), 1);
}

#[test]
fn an_issuer_that_is_dark_says_so_in_words_and_with_its_code() {
    let door = dark();
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    state(&mut desk);
    desk.keys("ctrl-s");
    sees(&mut desk, "The issuer is not reached");
    sees(&mut desk, "[issuer-dark]");
}

#[test]
fn the_signed_answer_is_written_and_none_of_the_values_with_it() {
    let files = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&files);
    let door = FakeDoor::with_work(who(), made::answer, move |work, _| match work {
        Work::WriteText { out, text } => {
            kept.lock().unwrap().push((out.display().to_string(), text));
            Ok(JobOutcome::Written { path: out, rows: 0 })
        }
        _ => Err(Trouble::failed("not-in-this-test")),
    });
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    state(&mut desk);
    desk.keys("ctrl-s e ctrl-s");
    let files = files.lock().unwrap();
    let [(name, text)] = files.as_slice() else { panic!("{} files", files.len()) };
    assert_eq!(name, &format!("{NUMBER}.json"));
    let evidence: serde_json::Value = serde_json::from_str(text).unwrap();
    assert!(evidence["attested"]["text"].as_str().unwrap().starts_with("eyJ"));
    assert!(evidence["request"].is_string() && evidence["elapsed_ms"].is_u64());
    assert!(!text.contains("79800") && !text.contains("符生"), "{text}");
}

#[test]
fn a_grant_is_picked_up_by_its_code_once_and_then_read() {
    let door = FakeDoor::new(who(), made::answer);
    let mut desk = at(&door, 80, 24);
    desk.keys("tab tab");
    desk.types("1234");
    desk.keys("ctrl-s");
    sees(&mut desk, "eight digits");
    desk.types(" 5678");
    desk.keys("ctrl-s");
    sees(&mut desk, "must be filled in");
    assert!(door.asked().is_empty());
    desk.types("9519");
    desk.keys("backtab");
    does_not_see(&mut desk, "9519");
    desk.keys("ctrl-u");
    desk.types("12345678");
    desk.keys("ctrl-s");
    let asked = door.asked();
    assert!(
        matches!(asked.as_slice(), [Asked::Act(Act::PickUp { code, last_four })] if code == "12345678" && last_four == "9519"),
        "{asked:?}"
    );
    sees(&mut desk, "What the grant says");
    does_not_see(&mut desk, "12345678");
}

#[test]
fn a_code_that_is_unknown_is_refused_in_words_and_costs_one_try() {
    let door = FakeDoor::new(who(), made::answer);
    let mut desk = at(&door, 80, 24);
    desk.keys("tab tab");
    desk.types("87654321");
    desk.keys("tab");
    desk.types("9519");
    desk.keys("ctrl-s");
    let asked = door.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    sees(&mut desk, "[pickup-unknown]");
    sees(&mut desk, "87654321");
    desk.hold();
    desk.keys("ctrl-s ctrl-s enter");
    assert_eq!(desk.kept_back(), 1, "a try that is on its way is not made twice: five misses lock the code");
}

#[test]
fn what_the_issuers_answers_look_like() {
    let door = FakeDoor::new(who(), made::answer);
    let begin = |desk: &mut Rehearsal, mode| {
        desk.log_in("li.si");
        desk.settle();
        desk.keys("2");
        paste(desk, mode);
    };
    pictures("query-code", &door, |desk| {
        desk.log_in("li.si");
        desk.keys("2 tab tab");
        desk.types("1234 5678");
        desk.keys("tab");
        desk.types("9519");
    });
    pictures("query-check", &door, |desk| {
        begin(desk, Mode::Check);
        state(desk);
    });
    pictures("query-checked", &door, |desk| {
        begin(desk, Mode::Check);
        state(desk);
        desk.keys("ctrl-s");
    });
    pictures("query-evaluate", &door, |desk| {
        begin(desk, Mode::Evaluate);
        desk.types("SY-2026-0001");
    });
    pictures("query-evaluated", &door, |desk| {
        begin(desk, Mode::Evaluate);
        desk.types("SY-2026-0001");
        desk.keys("ctrl-s");
    });
    pictures("query-dark", &dark(), |desk| {
        begin(desk, Mode::Check);
        state(desk);
        desk.keys("ctrl-s");
    });
}

#[test]
fn the_auditor_sees_who_looked_at_a_certificate_of_ours() {
    let door = FakeDoor::new(list_made::auditor(), made::answer);
    let mut desk = Rehearsal::new(&door, Words::English, SCREENS, 160, 48);
    desk.log_in("qian.qi");
    desk.settle();
    desk.keys("7 w");
    door.asked();
    desk.types("C46010");
    desk.keys("enter");
    sees(&mut desk, "a certificate such as");
    assert!(door.asked().is_empty());
    desk.keys("ctrl-u");
    desk.types(NUMBER);
    desk.keys("enter");
    let asked = door.asked();
    assert!(matches!(asked.as_slice(), [Asked::Act(Act::Accesses { number, after: None, .. })] if number.as_str() == NUMBER), "{asked:?}");
    for what in ["looked at 3 times", "C46020", "cross-region-loan", "SY-2026-0001", "Name, Balance"] {
        sees(&mut desk, what);
    }
    let screen = desk.screen();
    let place = |what: &str| screen.find(what).unwrap_or_else(|| panic!("no {what:?} in\n{screen}"));
    assert!(place("check") < place("Name, Balance"), "the newest first");
    desk.keys("j enter");
    sees(&mut desk, "Row of journal");
    sees(&mut desk, "Every use of the grant");
    desk.keys("esc esc");
    sees(&mut desk, "anju > C46010 > Audit ");
}

#[test]
fn a_certificate_of_another_centre_is_refused_in_words() {
    let door = FakeDoor::new(list_made::auditor(), |asked| match asked {
        Asked::Act(Act::Accesses { .. }) => Err(Refusal::new(RefusalCode::CertificateUnknown).into()),
        other => made::answer(other),
    });
    pictures("audit-accesses-error", &door, |desk| {
        desk.log_in("qian.qi");
        desk.settle();
        desk.keys("7 w");
        desk.types("C46020-YDDKJCZM-2026-000001");
        desk.keys("enter");
    });
}

#[test]
fn what_who_looked_looks_like() {
    let door = FakeDoor::new(list_made::auditor(), made::answer);
    let begin = |desk: &mut Rehearsal| {
        desk.log_in("qian.qi");
        desk.settle();
        desk.keys("7 w");
        desk.types(NUMBER);
    };
    pictures("audit-accesses-find", &door, begin);
    pictures("audit-accesses", &door, |desk| {
        begin(desk);
        desk.keys("enter");
    });
    pictures("audit-access", &door, |desk| {
        begin(desk);
        desk.keys("enter enter");
    });
}

/// A peer whose issuer is dark, and that keeps what is left with it.
fn dark() -> FakeDoor {
    FakeDoor::new(who(), |asked| match asked {
        Asked::Act(Act::Ask { .. }) => Err(Refusal::new(RefusalCode::IssuerDark).into()),
        other => made::answer(other),
    })
}

#[test]
fn a_question_to_a_dark_issuer_is_left_with_the_peer_under_the_same_id_once_it_is_meant() {
    let door = dark();
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    state(&mut desk);
    desk.keys("f7");
    sees(&mut desk, "does nothing here");
    desk.keys("ctrl-s");
    sees(&mut desk, "f7 leave it with the peer");
    let asked = door.asked();
    let [Asked::Act(Act::Ask { request, wanted, .. })] = asked.as_slice() else { panic!("{asked:?}") };
    desk.keys("f7 enter");
    assert!(door.asked().is_empty(), "Enter is Cancel");
    desk.keys("f7 tab enter");
    let left = door.asked();
    let Some(Asked::Act(Act::Outbox(act))) = left.first() else { panic!("{left:?}") };
    assert!(
        matches!(&**act, OutboxAct::Leave { request: same, wanted: kept, business_no, matter: None, .. }
            if same == request && kept == wanted && business_no == "SY-2026-0001"),
        "{act:?}"
    );
    sees(&mut desk, "waits, until");
    desk.keys("esc");
    sees(&mut desk, "What the grant says");
}

#[test]
fn asking_a_dark_issuer_again_goes_under_the_same_id() {
    let door = dark();
    let mut desk = at(&door, 80, 24);
    paste(&mut desk, Mode::Check);
    state(&mut desk);
    desk.keys("ctrl-s ctrl-s");
    let ids: Vec<_> = door
        .asked()
        .iter()
        .filter_map(|asked| if let Asked::Act(Act::Ask { request, .. }) = asked { Some(*request) } else { None })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "the issuer may have heard it");
}

#[test]
fn the_outbox_shows_what_was_answered_and_gives_a_question_up_once_it_is_meant() {
    let door = dark();
    let mut desk = at(&door, 80, 24);
    desk.keys("f6");
    sees(&mut desk, "waits, until");
    sees(&mut desk, "answered");
    desk.keys("j enter");
    for what in ["What the issuer attested", "DIFFERS", "Left by"] {
        sees(&mut desk, what);
    }
    desk.keys("esc x enter");
    let drops = |door: &FakeDoor| {
        let is = |asked: &Asked| matches!(asked, Asked::Act(Act::Outbox(act)) if matches!(**act, OutboxAct::Drop { .. }));
        door.asked().iter().filter(|asked| is(asked)).count()
    };
    assert_eq!(drops(&door), 0, "Enter is Cancel");
    desk.keys("x tab enter");
    assert_eq!(drops(&door), 1);
    sees(&mut desk, "not asked any more");
    pictures("query-outbox", &door, |desk| {
        desk.log_in("li.si");
        desk.settle();
        desk.keys("2 f6");
    });
    pictures("query-left", &door, |desk| {
        desk.log_in("li.si");
        desk.settle();
        desk.keys("2 f6 j enter");
    });
}
