//! What each view looks like, as text in `tui/tests/snapshots`: both languages, the smallest terminal and a large one, and each state a
//! view can be in. `UPDATE_PICTURES=1 cargo test -p anju-tui --test desk` writes them anew; look at what changed before it is kept.

use std::path::Path;

use anju_tui::Words;
use anju_tui::fake::{FakeDoor, Rehearsal};
use anju_tui::screens::SCREENS;

use crate::made;

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 48)];

fn compare(name: &str, seen: &str, differ: &mut Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        std::fs::write(&path, seen).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != seen {
        differ.push(format!("{name} differs:\n{seen}"));
    }
}

/// Takes the picture of a view in every language and size. `reach` goes there from the gate.
pub fn pictures(name: &str, door: &FakeDoor, reach: impl Fn(&mut Rehearsal)) {
    let mut differ = Vec::new();
    for (words, lang) in [(Words::Chinese, "zh"), (Words::English, "en")] {
        for (columns, rows) in SIZES {
            let mut desk = Rehearsal::new(door, words, SCREENS, columns, rows);
            reach(&mut desk);
            compare(&format!("{name}-{lang}-{columns}x{rows}"), &desk.screen(), &mut differ);
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

fn views(state: &str, door: &FakeDoor, hold: bool) {
    for (name, key) in [("workbench", "1"), ("federation", "6"), ("system", "8"), ("system-store", "8 s"), ("system-log", "8 d")] {
        pictures(&format!("{name}-{state}"), door, |desk| {
            if hold {
                desk.hold();
            }
            desk.log_in("li.si");
            desk.keys(key);
            desk.pass(1_000);
        });
    }
}

#[test]
fn views_with_everything() {
    views("full", &made::full(), false);
}

#[test]
fn views_with_nothing() {
    views("empty", &made::empty(), false);
}

#[test]
fn views_that_wait() {
    views("loading", &made::full(), true);
}

#[test]
fn views_that_failed() {
    views("error", &made::broken(), false);
}

#[test]
fn the_gate() {
    pictures("login", &made::full(), |_| {});
    pictures("login-wrong", &made::full(), |desk| {
        desk.types("li.si");
        desk.keys("tab");
        desk.types("wrong");
        desk.keys("enter");
    });
    pictures("login-locked", &made::full(), |desk| {
        desk.log_in("li.si");
        desk.keys("ctrl-l");
    });
}

#[test]
fn what_lies_over_a_view() {
    for (name, keys) in [("help", "?"), ("palette", "ctrl-p"), ("line", ":"), ("jobs", "f2"), ("quit", "q"), ("export", "e")] {
        pictures(&format!("over-{name}"), &made::full(), |desk| {
            desk.log_in("li.si");
            desk.keys(keys);
        });
    }
    pictures("system-log-line", &made::full(), |desk| {
        desk.log_in("li.si");
        desk.keys("8 d g enter");
    });
    pictures("system-log-filter", &made::full(), |desk| {
        desk.log_in("li.si");
        desk.keys("8 d /");
        desk.types("error");
        desk.pass(1_000);
    });
    pictures("federation-trend", &made::full(), |desk| {
        desk.log_in("li.si");
        desk.keys("6 j");
    });
    pictures("federation-centre", &made::full(), |desk| {
        desk.log_in("li.si");
        desk.keys("6 j j enter");
    });
}
