//! Whatever a peer, a file or a clipboard puts into a text: nothing but text reaches a cell (fault 29).

use anju_core::desk::{Event as DeskEvent, Request};
use anju_core::operator::Role;
use anju_tui::Words;
use anju_tui::door::{Trouble, Who};
use anju_tui::event::Event;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal};
use anju_tui::screens::SCREENS;
use proptest::prelude::*;

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
            status.journals.iter_mut().for_each(|journal| journal.name = text.clone());
            Ok(DeskEvent::Status(Box::new(status)))
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
        desk.keys("ctrl-p");
        desk.event(Event::Paste(text));
        only_text(&mut desk);
        desk.keys("esc 1 /");
        only_text(&mut desk);
    }
}
