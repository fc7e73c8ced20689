//! Keys, pastes, sizes and answers in any order: the desk never panics, drawing changes nothing, and nobody is let in without a key.

use anju_tui::Words;
use anju_tui::event::{Event, Mouse};
use anju_tui::fake::Rehearsal;
use anju_tui::keys::KeyPress;
use anju_tui::screens::SCREENS;
use proptest::prelude::*;

use crate::made;

const KEYS: &[&str] = &[
    "enter",
    "esc",
    "tab",
    "backtab",
    "up",
    "down",
    "left",
    "right",
    "pgup",
    "pgdn",
    "g",
    "G",
    "j",
    "k",
    "?",
    "/",
    "!",
    ":",
    "ctrl-p",
    "ctrl-c",
    "ctrl-l",
    "ctrl-s",
    "q",
    "r",
    "e",
    "y",
    "v",
    "f2",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "s",
    "n",
    "i",
    "b",
    "a",
    "o",
    "m",
    "p",
    "w",
    "backspace",
    "space",
    "x",
    "ctrl-u",
    "ctrl-w",
    "home",
    "end",
];

#[derive(Debug, Clone)]
enum Step {
    Key(&'static str),
    Paste(String),
    Size(u16, u16),
    Mouse(u16, u16),
    Pass(u64),
    LogIn,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::sample::select(KEYS).prop_map(Step::Key),
        1 => "(?s).{0,30}".prop_map(Step::Paste),
        1 => (0_u16..200, 0_u16..60).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        1 => (0_u16..200, 0_u16..60).prop_map(|(column, row)| Step::Mouse(column, row)),
        1 => prop::sample::select(vec![1, 200, 61_000, 700_000]).prop_map(Step::Pass),
        1 => Just(Step::LogIn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_pressed_the_desk_stands_and_drawing_changes_nothing(steps in prop::collection::vec(step(), 0..60)) {
        let door = made::full();
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        desk.log_in("li.si");
        for step in steps {
            match step {
                Step::Key(key) => desk.keys(key),
                Step::Paste(text) => desk.event(Event::Paste(text)),
                Step::Size(columns, rows) => desk.resize(columns, rows),
                Step::Mouse(column, row) => desk.event(Event::Mouse(Mouse::Press(column, row))),
                Step::Pass(ms) => desk.pass(ms),
                Step::LogIn => desk.log_in("li.si"),
            }
            desk.settle();
            let (first, deadline) = (desk.screen(), desk.deadline());
            prop_assert_eq!(&first, &desk.screen());
            prop_assert_eq!(deadline, desk.deadline());
        }
    }

    #[test]
    fn nobody_is_let_in_without_the_passphrase(keys in prop::collection::vec(prop::sample::select(KEYS), 0..80)) {
        let door = made::full();
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        for key in keys {
            desk.event(Event::Key(KeyPress::parse(key).unwrap()));
            desk.settle();
        }
        prop_assert!(door.asked().is_empty());
    }
}
