//! Loans and dossiers, key by key: what is asked of the peer, that nothing is sent before it is meant and nothing twice, what the views
//! look like, and that a peer can put nothing but text into them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anju_core::desk::{Act, DossierAct, Event as DeskEvent, Request};
use anju_core::dossier::loan::LoanState;
use anju_core::error::{Refusal, RefusalCode};
use anju_tui::Words;
use anju_tui::door::{Outcome, Trouble, Work};
use anju_tui::event::Event;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal};
use anju_tui::screens::SCREENS;
use proptest::prelude::*;

use crate::hostile::{hostile, only_text};
use crate::loans_made::{self, DOSSIER, OURS, TO_REPLY};
use crate::pictures::pictures;
use crate::{list_made, made};

fn at(door: &FakeDoor, name: &str, keys: &str) -> Rehearsal {
    let mut desk = Rehearsal::new(door, Words::English, SCREENS, 160, 48);
    desk.log_in(name);
    desk.settle();
    desk.keys(keys);
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

/// What was sent that changes something.
fn sent(door: &FakeDoor) -> Vec<DossierAct> {
    let act = |asked| match asked {
        Asked::Act(act) if !loans_made::reads(&act) => Some(act),
        Asked::Act(_) | Asked::Request(_) | Asked::Work(_) => None,
    };
    let dossier = |act| if let Act::Dossier(act) = act { Some(*act) } else { None };
    door.asked().into_iter().filter_map(act).filter_map(dossier).collect()
}

/// Fills the reply in from its first field on; nothing is sent.
fn fill_reply(desk: &mut Rehearsal) {
    desk.keys("tab");
    desk.types("500000.00");
    desk.keys("tab");
    desk.types("360");
    desk.keys("tab");
    desk.types("2026-12-01");
    desk.keys("tab");
    desk.types("2056-11-30");
    desk.keys("tab right tab");
    desk.types("2176");
    desk.keys("tab");
    desk.types("HK-2026-77");
}

#[test]
fn the_queue_has_late_steps_first_then_ours_and_counts_them() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "5");
    let screen = desk.screen();
    let place = |what: &str| screen.find(what).unwrap_or_else(|| panic!("no {what:?} in\n{screen}"));
    assert!(place(OURS) < place("C46010-YDDKJCZM-2025-000031"), "ours before others'");
    assert!(place("C46010-YDDKJCZM-2025-000031") < place(TO_REPLY), "late before what has time");
    assert!(place(TO_REPLY) < place("C46020-YDDKJCZM-2024-000112"));
    for what in ["waiting for us 2 (1 overdue)", "waiting for others 2 (1 overdue)", "overdue", "11 days left"] {
        sees(&mut desk, what);
    }
}

#[test]
fn pages_are_read_to_their_end_and_no_further() {
    let pages = Arc::new(Mutex::new(0));
    let asked = Arc::clone(&pages);
    // A peer whose pages never end, each the same.
    let door = FakeDoor::new(made::reviewer(), move |asked_for| match asked_for {
        Asked::Act(Act::Dossier(act)) if matches!(**act, DossierAct::Queue { .. }) => {
            *asked.lock().unwrap() += 1;
            Ok(DeskEvent::Loans { loans: loans_made::queue(), next: Some("d:C46010-D1".to_owned()) })
        }
        other => made::answer(other),
    });
    let mut desk = Rehearsal::new(&door, Words::English, SCREENS, 160, 48);
    desk.log_in("li.si");
    desk.settle();
    *pages.lock().unwrap() = 0;
    desk.keys("5");
    assert_eq!(*pages.lock().unwrap(), 2, "a page that begins where it began is the last");
}

#[test]
fn the_work_queue_has_the_steps_that_wait_for_us_and_leads_to_them() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "");
    sees(&mut desk, "Loans 2 (1 overdue)");
    sees(&mut desk, OURS);
    does_not_see(&mut desk, "C46010-YDDKJCZM-2025-000031");
    desk.keys("/");
    desk.types(OURS);
    desk.pass(1_000);
    desk.keys("enter enter");
    let asked = door.asked();
    let shown = |asked: &Asked| matches!(asked, Asked::Act(Act::Dossier(act)) if matches!(&**act, DossierAct::Show { dossier } if dossier.to_string() == DOSSIER));
    assert!(asked.iter().any(shown), "{asked:?}");
    sees(&mut desk, "Where the loan stands");
    desk.keys("esc");
    sees(&mut desk, "anju > C46010 > Work");
}

#[test]
fn the_work_queue_has_cases_though_loans_cannot_be_read() {
    let door = FakeDoor::new(made::reviewer(), |asked| match asked {
        Asked::Act(Act::Dossier(_)) => Err(Trouble::failed("peer-timeout")),
        other => made::answer(other),
    });
    let mut desk = at(&door, "li.si", "");
    sees(&mut desk, "C46010-A7");
    sees(&mut desk, "Loans could not be read");
}

#[test]
fn a_certificate_is_replied_to_once_it_is_meant_and_the_terms_go_in_fen() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "5 /");
    desk.types(TO_REPLY);
    desk.pass(1_000);
    desk.keys("enter enter");
    sees(&mut desk, "waits for our reply");
    desk.keys("a");
    desk.keys("ctrl-s");
    sees(&mut desk, "must be filled in");
    desk.keys("backtab backtab backtab backtab backtab backtab backtab backtab backtab");
    fill_reply(&mut desk);
    desk.keys("ctrl-s");
    sees(&mut desk, "granted: 500,000.00 yuan, 360 months, equal principal");
    assert!(sent(&door).is_empty(), "nothing is sent before it is meant");
    desk.keys("enter");
    assert!(sent(&door).is_empty(), "Enter is Cancel");
    desk.keys("ctrl-s tab enter");
    let acts = sent(&door);
    let [DossierAct::Reply(reply)] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!((reply.certificate.as_str(), reply.granted), (TO_REPLY, true));
    assert_eq!((reply.amount_fen, reply.term_months, reply.monthly_fen), (Some(50_000_000), Some(360), Some(217_600)));
    assert_eq!(reply.method.as_deref(), Some("equal-principal"));
    assert_eq!((reply.from.unwrap().to_string().as_str(), reply.to.unwrap().to_string().as_str()), ("2026-12-01", "2056-11-30"));
    assert_eq!((reply.business_no.as_str(), reply.clerk.as_str(), &reply.phone, &reply.reason), ("HK-2026-77", "李四", &None, &None));
    assert_eq!(reply.on.unwrap().to_string(), "2026-11-21");
    sees(&mut desk, "Done: reply");
    sees(&mut desk, "C46010-D77");
}

#[test]
fn a_refusal_says_why_and_nothing_of_terms_that_were_typed_before() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "5 /");
    desk.types(TO_REPLY);
    desk.pass(1_000);
    desk.keys("enter enter a");
    fill_reply(&mut desk);
    desk.keys("tab");
    desk.types("a third home");
    for _ in 0..8 {
        desk.keys("backtab");
    }
    desk.keys("right ctrl-s tab enter");
    let acts = sent(&door);
    let [DossierAct::Reply(reply)] = acts.as_slice() else { panic!("{acts:?}") };
    assert_eq!((reply.granted, reply.reason.as_deref()), (false, Some("a third home")));
    assert_eq!((reply.amount_fen, reply.term_months, reply.monthly_fen, &reply.method), (None, None, None, &None));
    assert_eq!((reply.from, reply.to), (None, None));
}

#[test]
fn an_amount_that_is_none_and_a_grant_without_terms_are_not_asked_about() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "5 /");
    desk.types(TO_REPLY);
    desk.pass(1_000);
    desk.keys("enter enter a tab");
    desk.types("-5");
    desk.keys("tab");
    sees(&mut desk, "an amount such as");
    desk.keys("backtab ctrl-u tab tab tab tab tab tab");
    desk.types("HK-2026-77");
    desk.keys("ctrl-s");
    sees(&mut desk, "must be filled in");
    assert!(sent(&door).is_empty());
}

/// Goes to our loan, in a desk that answers.
fn at_loan(door: &FakeDoor) -> Rehearsal {
    let mut desk = at(door, "li.si", "5 f");
    desk.types(DOSSIER);
    desk.keys("enter");
    door.asked();
    desk
}

#[test]
fn every_step_of_a_loan_is_the_act_that_it_says() {
    type Is = fn(&DossierAct) -> bool;
    let loan = |name: &anju_core::desk::DossierName| name.to_string() == DOSSIER;
    let steps: [(&str, Is); 4] = [
        ("m", |act| matches!(act, DossierAct::Mark { clerk, on: Some(on), .. } if clerk == "李四" && on.to_string() == "2026-11-21")),
        ("t", |act| matches!(act, DossierAct::Transfer { to, clerk, on: Some(_), .. } if to.as_str() == "C46030" && clerk == "李四")),
        ("s", |act| matches!(act, DossierAct::Settle { on: Some(_), .. })),
        ("u", |act| matches!(act, DossierAct::Unmark { on: Some(_), .. })),
    ];
    for (key, is) in steps {
        let door = made::full();
        let mut desk = at_loan(&door);
        desk.keys(key);
        if key == "t" {
            sees(&mut desk, "C46020 ");
            desk.keys("right");
        }
        desk.keys("ctrl-s");
        assert!(sent(&door).is_empty(), "{key}: nothing is sent before it is meant");
        desk.keys("tab enter");
        let acts = sent(&door);
        assert!(matches!(acts.as_slice(), [act] if is(act)), "{key}: {acts:?}");
        let named = match &acts[0] {
            DossierAct::Mark { loan, .. }
            | DossierAct::Transfer { loan, .. }
            | DossierAct::Settle { loan, .. }
            | DossierAct::Unmark { loan, .. } => loan,
            other => panic!("{other:?}"),
        };
        assert!(loan(named), "by its dossier, since a certificate may be the subject of several");
    }
    let door = made::full();
    let mut desk = at_loan(&door);
    desk.keys("n");
    desk.types("the contract is here");
    desk.keys("ctrl-s tab enter");
    let acts = sent(&door);
    assert!(matches!(acts.as_slice(), [DossierAct::Note { text, .. }] if text == "the contract is here"), "{acts:?}");
}

#[test]
fn a_step_that_is_on_its_way_is_not_sent_twice() {
    let door = made::full();
    let mut desk = at_loan(&door);
    desk.keys("m ctrl-s tab");
    desk.hold();
    desk.keys("enter");
    for keys in ["enter", "ctrl-s", "m", "enter tab enter", "ctrl-s tab enter"] {
        desk.keys(keys);
    }
    desk.pass(1_000);
    sees(&mut desk, "reading ...");
    assert_eq!(desk.kept_back(), 1, "one act went out and no other");
}

#[test]
fn what_the_peer_refuses_is_said_and_stands_beside_its_field() {
    let door = FakeDoor::new(made::reviewer(), |asked| match asked {
        Asked::Act(Act::Dossier(act)) if matches!(**act, DossierAct::Reply(_)) => {
            Err(Refusal::about(RefusalCode::DatesContradict, "reply.to").into())
        }
        Asked::Act(Act::Dossier(act)) if matches!(**act, DossierAct::Mark { .. }) => {
            Err(Refusal::about(RefusalCode::StepNotAllowed, "marked-for-another").into())
        }
        other => made::answer(other),
    });
    let mut desk = at(&door, "li.si", "5 /");
    desk.types(TO_REPLY);
    desk.pass(1_000);
    desk.keys("enter enter a");
    fill_reply(&mut desk);
    desk.keys("ctrl-s tab enter");
    sees(&mut desk, "[dates-contradict]");
    desk.keys("enter");
    sees(&mut desk, "> To");
    sees(&mut desk, "500000.00");
    let mut desk = at_loan(&door);
    desk.keys("m ctrl-s tab enter");
    sees(&mut desk, "[step-not-allowed]");
}

#[test]
fn what_failed_may_have_been_done_so_the_dossier_is_read_before_it_is_tried_again() {
    let failed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&failed);
    let door = FakeDoor::new(made::reviewer(), move |asked| match asked {
        Asked::Act(Act::Dossier(act)) if matches!(**act, DossierAct::Note { .. }) => {
            seen.store(true, Ordering::Relaxed);
            Err(Trouble::failed("peer-timeout"))
        }
        other => made::answer(other),
    });
    let mut desk = at_loan(&door);
    desk.keys("n");
    desk.types("once");
    desk.keys("ctrl-s tab enter");
    assert!(failed.load(Ordering::Relaxed));
    let shows = door.asked().into_iter().filter(|asked| matches!(asked, Asked::Act(act) if loans_made::reads(act))).count();
    assert_eq!(shows, 1, "what stands there is read");
    desk.keys("enter");
    sees(&mut desk, "once");
}

#[test]
fn an_auditor_reads_and_is_offered_no_step() {
    let door = FakeDoor::new(list_made::auditor(), made::answer);
    let mut desk = at(&door, "qian.qi", "5 enter");
    sees(&mut desk, "Where the loan stands");
    for key in ["m", "a", "s", "n"] {
        desk.keys(key);
        desk.keys("ctrl-s tab enter");
    }
    sees(&mut desk, "only reads");
    desk.keys("9 n ctrl-s w");
    assert!(sent(&door).is_empty());
}

#[test]
fn what_counts_and_what_does_not_are_told_apart_with_who_wrote_them_when() {
    let door = made::full();
    let mut desk = at_loan(&door);
    for what in ["lender C46020, written at 2026-11-12", "depositing centre C46010 (us)", "500,000.00", "replied: granted"] {
        sees(&mut desk, what);
    }
    let screen = desk.screen();
    let wrong = screen.lines().find(|line| line.contains("C46020-BZ-1")).unwrap_or_else(|| panic!("{screen}"));
    assert!(wrong.contains("not entitled, never counted"), "{wrong}");
}

#[test]
fn the_ledger_goes_to_a_file_with_every_column() {
    let rows = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&rows);
    let door = FakeDoor::with_work(made::reviewer(), made::answer, move |work, _| match work {
        Work::WriteRows { out, head, rows } => {
            let mut kept = kept.lock().unwrap();
            kept.push(head);
            kept.extend(rows);
            Ok(Outcome::Written { path: out, rows: 1 })
        }
        _ => Err(Trouble::failed("not-in-this-test")),
    });
    let mut desk = at(&door, "li.si", "5 b");
    sees(&mut desk, "C46010-BZ-812");
    desk.keys("e ctrl-u");
    desk.types("/tmp/ledger.csv");
    desk.keys("enter");
    let rows = rows.lock().unwrap();
    let [head, row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((head.len(), row.len()), (19, 19));
    for value in ["C46010-BZ-812", "500,000.00", "360", "equal instalments", "2,176.00", "DZ-2025-88", "2055-06-19", "C46040"] {
        assert!(row.iter().any(|cell| cell == value), "no {value} in {row:?}");
    }
}

#[test]
fn leaving_a_form_with_something_in_it_asks_first() {
    let door = made::full();
    let mut desk = at_loan(&door);
    desk.keys("n");
    desk.types("half a note");
    desk.keys("esc");
    sees(&mut desk, "not submitted");
    desk.keys("enter");
    sees(&mut desk, "half a note");
    desk.keys("esc tab enter");
    sees(&mut desk, "Where the loan stands");
    desk.keys("n");
    does_not_see(&mut desk, "half a note");
}

#[test]
fn evidence_and_answers_are_written_into_a_contested_listing_by_who_may() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "9");
    desk.keys("/");
    desk.types("C46020-D60");
    desk.pass(1_000);
    desk.keys("enter enter w");
    sees(&mut desk, "evidence");
    desk.keys("tab");
    desk.types("the bank says otherwise");
    desk.keys("ctrl-s");
    assert!(sent(&door).is_empty());
    desk.keys("tab enter");
    let acts = sent(&door);
    assert!(
        matches!(acts.as_slice(), [DossierAct::Write { dossier, field, value }]
            if dossier.to_string() == "C46020-D60" && field == "evidence.C46010.1" && value == "the bank says otherwise"),
        "{acts:?}"
    );
    desk.keys("w right right");
    sees(&mut desk, "answer");
    desk.keys("tab");
    desk.types("upheld");
    desk.keys("ctrl-s tab enter");
    let acts = sent(&door);
    assert!(matches!(acts.as_slice(), [DossierAct::Write { field, .. }] if field == "answer.text"), "{acts:?}");
}

#[test]
fn a_dossier_of_notes_is_opened_with_another_centre() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "9 n tab right tab");
    desk.types("a seal");
    desk.keys("tab tab");
    desk.types("is this seal yours?");
    desk.keys("ctrl-s tab enter");
    let acts = sent(&door);
    assert!(
        matches!(acts.as_slice(), [DossierAct::Open { with, about: None, title: Some(title), text: Some(text), .. }]
            if with.as_str() == "C46030" && title == "a seal" && text == "is this seal yours?"),
        "{acts:?}"
    );
    desk.keys("esc n right tab tab tab tab");
    desk.types("about what?");
    desk.keys("ctrl-s");
    sees(&mut desk, "must be filled in");
    assert!(sent(&door).is_empty(), "a contested listing is about a listing");
}

#[test]
fn a_loan_in_the_list_of_dossiers_opens_where_loans_are() {
    let door = made::full();
    let mut desk = at(&door, "li.si", "9");
    desk.keys("/");
    desk.types(DOSSIER);
    desk.pass(1_000);
    desk.keys("enter enter");
    sees(&mut desk, "anju > C46010 > Loans > C46020-D57");
    desk.keys("esc");
    sees(&mut desk, "anju > C46010 > Dossiers");
}

#[test]
fn in_a_terminal_that_is_too_small_nothing_is_drawn_and_nothing_is_lost() {
    let door = made::full();
    let mut desk = at_loan(&door);
    desk.keys("n");
    desk.types("kept");
    desk.resize(60, 15);
    sees(&mut desk, "too small");
    desk.resize(80, 24);
    sees(&mut desk, "kept");
}

fn reach(name: &str, door: &FakeDoor, keys: &str, typed: &[(&str, &str)]) {
    pictures(name, door, |desk: &mut Rehearsal| {
        desk.log_in("li.si");
        desk.settle();
        desk.keys(keys);
        for (text, keys) in typed {
            desk.types(text);
            desk.pass(1_000);
            desk.keys(keys);
        }
        desk.pass(1_000);
    });
}

#[test]
fn what_loans_and_dossiers_look_like() {
    let door = made::full();
    for (view, key) in [("loans", "5"), ("dossiers", "9")] {
        reach(&format!("{view}-full"), &door, key, &[]);
        reach(&format!("{view}-empty"), &made::empty(), key, &[]);
        reach(&format!("{view}-error"), &made::broken(), key, &[]);
        pictures(&format!("{view}-loading"), &door, |desk| {
            desk.hold();
            desk.log_in("li.si");
            desk.settle();
            desk.keys(key);
            desk.pass(1_000);
        });
    }
    reach("loans-ledger", &door, "5 b", &[]);
    reach("loans-loan", &door, "5 f", &[(DOSSIER, "enter")]);
    reach("loans-to-reply", &door, "5 /", &[(TO_REPLY, "enter enter")]);
    let typed = [("500000", "tab"), ("360", "tab"), ("2026-12-01", "tab"), ("2056-11-30", "tab tab tab"), ("HK-2026-77", "")];
    let mut filled = vec![(TO_REPLY, "enter enter a tab")];
    filled.extend(typed);
    reach("loans-reply", &door, "5 /", &filled);
    filled.push(("", "ctrl-s"));
    reach("loans-confirm", &door, "5 /", &filled);
    reach("loans-transfer", &door, "5 f", &[(DOSSIER, "enter t")]);
    reach("dossiers-contested", &door, "9 /", &[("D60", "enter enter")]);
    reach("dossiers-write", &door, "9 /", &[("D60", "enter enter w tab"), ("三亚中心所附流水与本中心账户不符", "")]);
    reach("dossiers-open", &door, "9 n", &[]);
}

/// A peer that says `text` wherever it may say a text about loans and dossiers.
fn evil(text: &str, asked: &Asked) -> Result<DeskEvent, Trouble> {
    let mut event = made::answer(asked)?;
    match &mut event {
        DeskEvent::Loans { loans, .. } => loans.iter_mut().for_each(|line| {
            line.certificate = text.to_owned();
            line.fields.values_mut().for_each(|value| *value = text.to_owned());
        }),
        DeskEvent::Dossiers { dossiers, .. } => dossiers.iter_mut().for_each(|line| line.about = Some(text.to_owned())),
        DeskEvent::Dossier(view) => {
            view.about = Some(text.to_owned());
            for (i, field) in view.fields.iter_mut().enumerate() {
                field.value = text.to_owned();
                if i % 2 == 0 {
                    field.field = text.to_owned();
                }
            }
            if let Some(loan) = &mut view.loan {
                loan.steps.iter_mut().for_each(|step| step.on = text.to_owned());
                (loan.mark_refused, loan.out_of_order) = (Some(text.to_owned()), vec![text.to_owned()]);
            }
        }
        DeskEvent::Status(status) => status.journals.iter_mut().for_each(|journal| journal.name = text.to_owned()),
        _ => {}
    }
    Ok(event)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nothing_but_text_reaches_a_cell_of_loans_and_dossiers(text in hostile()) {
        let said = text.clone();
        let door = FakeDoor::new(made::reviewer(), move |asked| evil(&said, asked));
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        desk.log_in("li.si");
        desk.settle();
        for keys in ["1", "5", "G", "enter", "G", "t", "ctrl-s", "enter", "esc", "esc", "b", "enter", "m", "ctrl-s", "esc", "esc", "esc", "5 f"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        desk.event(Event::Paste(text.clone()));
        desk.keys("ctrl-s");
        only_text(&mut desk);
        for keys in ["esc 9", "j enter", "G", "w", "esc", "esc", "n", "tab"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        desk.event(Event::Paste(text));
        desk.keys("ctrl-s");
        only_text(&mut desk);
    }
}

#[test]
fn the_bar_below_offers_the_steps_that_make_sense() {
    let offers = |state: LoanState| {
        let door = FakeDoor::new(made::reviewer(), move |asked| match asked {
            Asked::Act(Act::Dossier(act)) if matches!(**act, DossierAct::Show { .. }) => {
                Ok(DeskEvent::Dossier(Box::new(loans_made::loan(state))))
            }
            Asked::Request(Request::Status) => Ok(DeskEvent::Status(Box::new(made::status()))),
            other => made::answer(other),
        });
        let screen = at_loan(&door).screen();
        screen.lines().last().unwrap_or_default().to_owned()
    };
    // C46010 keeps the account of this loan.
    for (state, step, not) in [
        (LoanState::Granted, "m mark", "a reply"),
        (LoanState::Marked, "t account moves", "m mark"),
        (LoanState::Settled, "u lift the mark", "t account moves"),
        (LoanState::Unmarked, "n write a note", "u lift"),
    ] {
        let bar = offers(state);
        assert!(bar.contains(step) && !bar.contains(not), "{state:?}: {bar}");
    }
}
