use std::collections::BTreeSet;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::screens::SCREENS;

#[test]
fn every_default_key_is_one_and_means_one_thing_in_its_view() {
    let frame: Vec<&str> = FRAME_COMMANDS.iter().flat_map(|command| command.keys).copied().collect();
    assert_eq!(frame.iter().collect::<BTreeSet<_>>().len(), frame.len(), "{frame:?}");
    for entry in SCREENS {
        let mut seen: BTreeSet<&str> = frame.iter().copied().collect();
        for command in entry.commands {
            assert!(command.id.starts_with(entry.id), "{} is not named for {}", command.id, entry.id);
            for key in command.keys {
                assert!(KeyPress::parse(key).is_some(), "{key}");
                assert!(seen.insert(key), "{}: {key} means something else there", command.id);
            }
        }
    }
    assert!(frame.iter().all(|key| KeyPress::parse(key).is_some()));
    assert!(FRAME_COMMANDS.iter().all(|command| frame_command(command.id).is_some()));
}

#[test]
fn every_view_has_a_number_and_a_name_of_its_own() {
    let numbers: BTreeSet<u8> = SCREENS.iter().map(|entry| entry.number).collect();
    let ids: BTreeSet<&str> = SCREENS.iter().map(|entry| entry.id).collect();
    assert_eq!((numbers.len(), ids.len()), (SCREENS.len(), SCREENS.len()));
    assert!(numbers.iter().all(|number| (1..=9).contains(number)));
}

#[test]
fn letters_are_text_while_one_types_and_commands_otherwise() {
    let keys = KeyMap::new(SCREENS);
    let j = KeyPress::from(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE));
    assert_eq!(keys.command(j, &[], false), Some(Cmd::Move(Move::Down)));
    assert_eq!(keys.command(j, &[], true), Some(Cmd::Edit(Edit::Insert('j'))));
    let esc = KeyPress::parse("esc").unwrap();
    assert_eq!(keys.command(esc, &[], true), Some(Cmd::Back));
    let three = KeyPress::parse("3").unwrap();
    assert_eq!(keys.command(three, &[], false), Some(Cmd::View(3)));
    assert_eq!(keys.command(three, &[], true), Some(Cmd::Edit(Edit::Insert('3'))));
    let palette = KeyPress::parse("ctrl-p").unwrap();
    assert_eq!(keys.command(palette, &[], true), Some(Cmd::Palette));
}

#[test]
fn a_capital_is_the_same_key_however_the_terminal_reports_it() {
    let plain = KeyPress::from(KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE));
    let shifted = KeyPress::from(KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT));
    assert_eq!(plain, shifted);
    assert_eq!(KeyPress::parse("G"), Some(plain));
    let back = KeyPress::from(KeyEvent::new(KeyCode::Tab, KeyModifiers::SHIFT));
    assert_eq!(KeyPress::parse("backtab"), Some(back));
}

#[test]
fn what_a_key_is_called_is_read_as_that_key() {
    for name in ["a", "G", "/", "ctrl-p", "alt-x", "f5", "enter", "pgup", "space", "-", "ctrl--"] {
        assert_eq!(KeyPress::parse(name).unwrap().name().as_str(), name);
    }
    for name in ["", "ctrl-", "hyper-a", "f13", "ab", "\u{1b}"] {
        assert_eq!(KeyPress::parse(name), None, "{name:?}");
    }
}
