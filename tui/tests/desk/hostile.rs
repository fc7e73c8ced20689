//! Whatever a peer, a file or a clipboard puts into a text: nothing but text reaches a cell (fault 29).

use anju_core::desk::{Act, Event as DeskEvent, Request};
use anju_core::listing::case::{CaseState, Move};
use anju_core::operator::Role;
use anju_tui::Words;
use anju_tui::door::{Outcome, Rejected, Trouble, Who, Work};
use anju_tui::event::Event;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal};
use anju_tui::screens::SCREENS;
use anju_tui::watch::Watch;
use proptest::prelude::*;

use crate::list_made;
use crate::made;

const PARTS: &[&str] = &[
    "\u{1b}[2J",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "\u{9b}31m",
    "\u{9d}0;t\u{9c}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{e0041}",
    "\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "\u{1100}\u{1161}",
    "\u{fdfd}",
    "\r\n",
    "\u{0}",
    "海口",
    "a",
    "😀",
    "%{place}",
];

pub fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop::sample::select(PARTS), 0..40).prop_map(|parts| parts.concat());
    prop_oneof![parts, "(?s).{0,80}", Just("\u{301}".repeat(5_000))]
}

/// A peer that says `text` wherever it may say a text.
fn peer(text: String) -> FakeDoor {
    let who = Who { display: text.clone(), ..made::reviewer() };
    FakeDoor::new(who, move |asked| match asked {
        Asked::Request(Request::Status) => {
            let mut status = made::status();
            status.version = text.clone();
            status.warnings = vec![text.clone()];
            status.stations.iter_mut().for_each(|station| station.address = Some(text.clone()));
            status.journals.iter_mut().for_each(|journal| journal.name = text.clone());
            Ok(DeskEvent::Status(Box::new(status)))
        }
        Asked::Request(Request::Logs { .. }) => {
            let mut page = made::log();
            page.lines.iter_mut().for_each(|line| (line.text, line.level, line.source) = (text.clone(), text.clone(), text.clone()));
            Ok(DeskEvent::Logs(Box::new(page)))
        }
        Asked::Request(Request::System) => {
            let mut view = made::system();
            (view.version, view.protocol, view.backups) = (text.clone(), text.clone(), text.clone());
            view.keys.iter_mut().for_each(|key| key.name = text.clone());
            if let Some(backup) = &mut view.backup {
                backup.file = text.clone();
            }
            Ok(DeskEvent::System(Box::new(view)))
        }
        Asked::Act(_) => {
            let mut cases = made::queue();
            for case in &mut cases {
                (case.decision_no, case.conduct) = (text.clone(), text.clone());
                case.waits_for = Some(Role::Reviewer);
            }
            Ok(DeskEvent::Cases { cases, more: false })
        }
        Asked::Request(_) | Asked::Work(_) => Err(Trouble::failed(&text).with("detail", &text)),
    })
}

/// A peer that says `text` wherever it may say a text about the blacklist and the audit log.
fn list_peer(text: String, who: Who) -> FakeDoor {
    let of_job = text.clone();
    let work = move |work: Work, watch: &Watch| {
        watch.rejected(Rejected { row: 1, column: Some(of_job.clone()), code: of_job.clone() });
        let mut outcome = list_made::work(work, watch)?;
        if let Outcome::Import(report) = &mut outcome {
            report.rejects = Some(of_job.clone().into());
        }
        Ok(outcome)
    };
    let said = move |asked: &Asked| {
        let text = || text.clone();
        let Asked::Act(act) = asked else { return made::answer(asked) };
        Ok(match if matches!(act, Act::Accesses { .. }) { made::answer(asked)? } else { list_made::answer(act)? } {
            DeskEvent::Case(_) => {
                let mut view = list_made::case(CaseState::Drafted);
                (view.name, view.document_no, view.document_type) = (text(), text(), text());
                (view.finding.conduct.label, view.finding.legal_basis) = (text(), text());
                view.finding.decision_no = text();
                view.line.decision_no = text();
                view.steps[0].what = Move::Review { approve: false, reason: text() };
                DeskEvent::Case(Box::new(view))
            }
            DeskEvent::Listing(mut row) => {
                (row.basis, row.restriction_until, row.token) = (text(), text(), text());
                DeskEvent::Listing(row)
            }
            DeskEvent::Lookup(mut answer) => {
                answer.centres.iter_mut().for_each(|centre| centre.name = text());
                answer.hits.iter_mut().for_each(|hit| (hit.basis, hit.finding.legal_basis) = (text(), text()));
                DeskEvent::Lookup(answer)
            }
            DeskEvent::Proof(mut proof) => {
                proof.centres.iter_mut().for_each(|centre| centre.name = text());
                DeskEvent::Proof(proof)
            }
            DeskEvent::Accesses { mut accesses, next } => {
                for line in &mut accesses {
                    (line.matter, line.mode, line.business_no) = (text(), text(), text());
                    (line.fields, line.refused) = (vec![text()], Some(text()));
                }
                DeskEvent::Accesses { accesses, next }
            }
            DeskEvent::Audit { mut rows, more } => {
                for row in &mut rows {
                    (row.about, row.outcome, row.action) = (text(), text(), text());
                    (row.matter, row.business_no, row.legal_basis) = (Some(text()), Some(text()), Some(text()));
                }
                DeskEvent::Audit { rows, more }
            }
            other => other,
        })
    };
    FakeDoor::with_work(who, said, work)
}

pub fn only_text(desk: &mut Rehearsal) {
    let columns = 80;
    for cell in desk.cells() {
        let wrong = |c: char| {
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        assert!(!cell.chars().any(wrong), "{cell:?}");
        assert!(cell.chars().count() <= 6, "{cell:?} has too much in one cell");
    }
    for line in desk.screen().lines() {
        assert!(anju_tui::shown::Shown::new(line).width() <= columns, "{line:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_but_text_reaches_a_cell_of_any_view(text in hostile()) {
        let door = peer(text.clone());
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        desk.log_in("li.si");
        only_text(&mut desk);
        for view in SCREENS {
            for keys in [view.number.to_string().as_str(), "enter", "esc", "ctrl-u", "esc"] {
                desk.keys(keys);
                only_text(&mut desk);
            }
        }
        for keys in ["8", "s", "d", "enter", "esc", "esc"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        desk.keys("ctrl-p");
        desk.event(Event::Paste(text));
        only_text(&mut desk);
        desk.keys("esc 1 /");
        only_text(&mut desk);
    }
}

proptest! {
    // A case is some forty views.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nothing_but_text_reaches_a_cell_of_the_blacklist_and_the_audit(text in hostile()) {
        let door = list_peer(text.clone(), made::reviewer());
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        desk.log_in("li.si");
        desk.settle();
        for keys in ["4", "enter", "G", "v", "esc", "p", "esc", "esc", "s"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        for keys in ["tab", "tab", "tab", "ctrl-s", "enter", "esc", "esc", "esc", "n", "tab"] {
            desk.event(Event::Paste(text.clone()));
            desk.types("x");
            desk.keys(keys);
            only_text(&mut desk);
        }
        desk.keys("esc tab enter i");
        desk.event(Event::Paste(text.clone()));
        desk.keys("tab right ctrl-s");
        only_text(&mut desk);
        let door = list_peer(text, list_made::auditor());
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        desk.log_in("qian.qi");
        desk.settle();
        for keys in ["7", "enter", "esc", "p", "esc", "f", "esc", "c", "esc w"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        desk.types(crate::made::papers::NUMBER);
        for keys in ["enter", "enter"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
    }
}
