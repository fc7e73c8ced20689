use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anju_core::desk::{Act, Event as DeskEvent};
use anju_tui::door::{Outcome, Work};
use anju_tui::event::{Effect, Event};
use anju_tui::fake::{Asked, FakeDoor, PASSPHRASE, Rehearsal};
use anju_tui::keys::KeyPress;
use anju_tui::screens::SCREENS;
use anju_tui::watch::Watch;
use anju_tui::{Settings, Words};

use crate::made;

fn at_work(door: &FakeDoor) -> Rehearsal {
    let mut desk = Rehearsal::new(door, Words::English, SCREENS, 80, 24);
    desk.log_in("li.si");
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

/// How often a page of cases was asked for; loans are asked for beside them.
fn cases_asked(door: &FakeDoor) -> usize {
    door.asked().iter().filter(|asked| matches!(asked, Asked::Act(Act::Queue { .. }))).count()
}

#[test]
fn who_logs_in_sees_the_work_queue_overdue_first() {
    let door = made::full();
    let mut desk = Rehearsal::new(&door, Words::English, SCREENS, 80, 24);
    sees(&mut desk, "Log in");
    desk.log_in("li.si");
    let screen = desk.screen();
    let place = |case: &str| screen.find(case).unwrap_or_else(|| panic!("no {case} in\n{screen}"));
    assert!(place("C46010-A7 ") < place("C46010-A15"), "the longest overdue first");
    assert!(place("C46010-A15") < place("C46010-A3 "), "overdue before due");
    assert!(place("C46010-A3 ") < place("C46010-A12"), "mine before others'");
    sees(&mut desk, "2 days overdue");
    assert_eq!(cases_asked(&door), 1);
}

#[test]
fn a_wrong_passphrase_says_what_was_not_done_and_asks_nothing() {
    let door = made::full();
    let mut desk = Rehearsal::new(&door, Words::English, SCREENS, 80, 24);
    desk.types("li.si");
    desk.keys("tab");
    desk.types("wrong");
    desk.keys("enter");
    sees(&mut desk, "Next");
    assert!(door.asked().is_empty());
    desk.types(PASSPHRASE);
    desk.keys("enter");
    sees(&mut desk, "C46010-A7");
}

#[test]
fn escape_goes_one_back_and_numbers_go_to_views() {
    let mut desk = at_work(&made::full());
    desk.keys("6");
    sees(&mut desk, "anju > C46010 > Federation");
    desk.keys("j enter");
    sees(&mut desk, "Federation > C46020");
    desk.keys("esc");
    does_not_see(&mut desk, "Federation > C46020");
    desk.keys("esc");
    sees(&mut desk, "anju > C46010 > Work ");
    desk.keys("esc esc");
    sees(&mut desk, "anju > C46010 > Work ");
}

#[test]
fn the_palette_finds_by_pinyin_and_a_case_number_opens_it() {
    let mut desk = at_work(&made::full());
    desk.keys("ctrl-p");
    desk.types("lb");
    desk.keys("enter");
    sees(&mut desk, "> Federation");
    desk.keys(":");
    desk.types("C46010-A7");
    desk.keys("enter");
    // The view for cases is another room's; until it is there, this is said.
    let screen = desk.screen();
    assert!(screen.contains("No view to open: blacklist") || screen.contains("C46010-A7"), "{screen}");
}

#[test]
fn nobody_wakes_the_desk_at_the_gate_and_at_work_only_the_clock_does() {
    let door = made::full();
    let desk = Rehearsal::new(&door, Words::English, SCREENS, 80, 24);
    assert_eq!(desk.deadline(), None);
    for view in SCREENS {
        let mut desk = at_work(&door);
        desk.keys(&view.number.to_string());
        desk.pass(50);
        assert!(desk.deadline().is_some_and(|at| at >= 5_000), "{} wakes at {:?}", view.id, desk.deadline());
    }
}

#[test]
fn a_desk_left_alone_locks_and_forgets_what_it_showed() {
    let door = made::full();
    let mut desk = at_work(&door);
    desk.pass(9 * 60_000);
    sees(&mut desk, "C46010-A7");
    desk.keys("j");
    desk.pass(10 * 60_000 + 1);
    sees(&mut desk, "Locked");
    does_not_see(&mut desk, "C46010-A7");
    door.asked();
    desk.pass(60 * 60_000);
    assert!(door.asked().is_empty(), "a locked desk asks nothing");
    desk.types("wrong");
    desk.keys("enter");
    does_not_see(&mut desk, "C46010-A7");
    desk.types(PASSPHRASE);
    desk.keys("enter");
    sees(&mut desk, "C46010-A7");
}

#[test]
fn interrupt_cancels_the_job_first_and_then_asks_to_leave_with_cancel_as_the_default() {
    let door = made::full();
    let mut desk = at_work(&door);
    desk.hold();
    // Cases and loans are read.
    desk.keys("r ctrl-c");
    sees(&mut desk, "Cancelled");
    desk.keys("ctrl-c");
    sees(&mut desk, "Cancelled");
    assert!(desk.effects.is_empty());
    desk.keys("ctrl-c");
    sees(&mut desk, "Leave the desk?");
    desk.keys("enter");
    assert!(desk.effects.is_empty(), "Enter is Cancel");
    desk.keys("q tab enter");
    assert!(matches!(desk.effects.as_slice(), [Effect::Quit]));
}

#[test]
fn a_spinner_comes_only_after_a_while() {
    let door = made::full();
    let mut desk = at_work(&door);
    desk.hold();
    desk.keys("6");
    desk.pass(100);
    does_not_see(&mut desk, "reading");
    desk.pass(100);
    sees(&mut desk, "reading ...");
}

#[test]
fn an_answer_that_was_given_up_is_not_shown() {
    let door = made::full();
    let mut desk = at_work(&door);
    desk.event(Event::Key(KeyPress::parse("6").unwrap()));
    desk.event(Event::Key(KeyPress::parse("ctrl-c").unwrap()));
    desk.settle();
    sees(&mut desk, "Cancelled, as you asked");
    does_not_see(&mut desk, "C46020");
}

#[test]
fn filtered_rows_go_to_a_file_through_the_door() {
    let written = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&written);
    let door = FakeDoor::with_work(made::reviewer(), made::answer, move |work, _watch| match work {
        Work::WriteRows { out, head, rows } => {
            let rows: Vec<_> = rows.collect();
            let count = rows.len() as u64;
            kept.lock().unwrap().push((out.clone(), head, rows));
            Ok(Outcome::Written { path: out, rows: count })
        }
        other => panic!("{other:?}"),
    });
    let mut desk = at_work(&door);
    desk.keys("/");
    desk.types("overdue");
    desk.pass(10);
    desk.keys("enter e enter");
    sees(&mut desk, "Exported 3 rows");
    let written = written.lock().unwrap();
    let (path, head, rows) = &written[0];
    assert_eq!(path.to_str(), Some("workbench-2026-11-21.csv"));
    assert_eq!(head[0], "Item");
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["C46010-A7", "C46020-D57", "C46010-A15"]);
}

#[test]
fn evidence_of_what_is_shown_goes_to_a_file_wherever_one_is() {
    let taken = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&taken);
    let door = FakeDoor::with_work(made::reviewer(), made::answer, move |work, _watch| match work {
        Work::Evidence { about, out } => {
            kept.lock().unwrap().push((about.to_string(), out.clone()));
            Ok(Outcome::Written { path: out, rows: 3 })
        }
        other => panic!("{other:?}"),
    });
    let mut desk = at_work(&door);
    // The queue: of the case that is selected. The certificates: of the one that is selected.
    desk.keys("E");
    sees(&mut desk, "Evidence of C46010-A7");
    desk.keys("enter");
    sees(&mut desk, "Exported 3 rows");
    desk.keys("3 E enter");
    // Where there is nothing of which there can be evidence, that is said.
    desk.keys("6 E");
    sees(&mut desk, "nothing here to take evidence of");
    let taken = taken.lock().unwrap();
    let [(case, file), (number, _)] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!((case.as_str(), file.to_str()), ("C46010-A7", Some("C46010-A7.evidence")));
    assert!(number.starts_with("C46010-YDDKJCZM-") || number.starts_with("C46010-JCZM-"), "{number}");
}

#[test]
fn a_job_that_is_cancelled_learns_it_and_a_job_that_panics_is_told() {
    let stopped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stopped);
    let door = FakeDoor::with_work(made::reviewer(), made::answer, move |_, watch: &Watch| {
        while !watch.is_cancelled() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        seen.store(true, Ordering::Relaxed);
        Err(Watch::stopped())
    });
    let mut desk = at_work(&door);
    desk.keys("e");
    desk.event(Event::Key(KeyPress::parse("enter").unwrap()));
    desk.event(Event::Key(KeyPress::parse("ctrl-c").unwrap()));
    desk.settle();
    assert!(stopped.load(Ordering::Relaxed));
    desk.keys("f2");
    sees(&mut desk, "cancelled");

    let door = FakeDoor::with_work(made::reviewer(), made::answer, |_, _| panic!("in a job"));
    let mut desk = at_work(&door);
    desk.keys("e enter");
    sees(&mut desk, "internal");
}

#[test]
fn a_terminal_that_is_too_small_says_so_plainly() {
    let mut desk = at_work(&made::full());
    desk.resize(79, 24);
    sees(&mut desk, "too small");
    desk.resize(80, 24);
    sees(&mut desk, "C46010-A7");
}

#[test]
fn the_cursor_is_in_the_field_that_is_typed_into() {
    let door = made::full();
    let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
    let (x, y) = desk.cursor().unwrap();
    desk.types("li");
    assert_eq!(desk.cursor(), Some((x + 2, y)));
    desk.keys("tab");
    assert_eq!(desk.cursor().map(|(_, row)| row), Some(y + 2));
    desk.keys("backtab");
    desk.keys("ctrl-u");
    desk.log_in("li.si");
    assert_eq!(desk.cursor(), None);
    desk.keys("/");
    assert_eq!(desk.cursor(), Some((2, 21)));
}

#[test]
fn what_is_copied_goes_to_the_clipboard() {
    let mut desk = at_work(&made::full());
    desk.keys("y");
    assert!(matches!(desk.effects.as_slice(), [Effect::Clipboard(text)] if text == "C46010-A7"), "{:?}", desk.effects);
}

#[test]
fn another_operator_finds_nothing_of_the_one_before() {
    let door = made::full();
    let mut desk = at_work(&door);
    desk.keys("6 ctrl-l");
    sees(&mut desk, "Locked");
    // The fake knows one operator only: any other name is refused, and the desk stays shut.
    desk.keys("backtab ctrl-u");
    desk.log_in("wang.wu");
    does_not_see(&mut desk, "C46020");
}

#[test]
fn keys_from_the_settings_are_the_keys_of_the_bar_and_the_help() {
    let settings = Settings::read("[keys]\nreload = [\"f9\"]\n", SCREENS, false).unwrap();
    let door = made::full();
    let mut desk = Rehearsal::with(&door, Words::English, settings, SCREENS, 80, 24);
    desk.log_in("li.si");
    door.asked();
    sees(&mut desk, "f9 reload");
    desk.keys("r");
    assert!(door.asked().is_empty());
    desk.keys("f9");
    assert_eq!(cases_asked(&door), 1);
}

#[test]
fn a_queue_of_several_pages_is_asked_for_to_its_end() {
    let door = FakeDoor::new(made::reviewer(), |asked| {
        let Asked::Act(Act::Queue { after, .. }) = asked else { return made::empty_of(asked) };
        let first = after.map_or(1, |after| after + 1);
        let cases = (first..first + 200).map(|n| made::line(n, made::queue()[0].state, None, None)).collect();
        Ok(DeskEvent::Cases { cases, more: first < 400 })
    });
    let mut desk = Rehearsal::new(&door, Words::English, SCREENS, 80, 24);
    desk.log_in("li.si");
    sees(&mut desk, "1/600");
    assert_eq!(cases_asked(&door), 3);
}
