//! The operators' terminal as they meet it: the real program on a real terminal before a real peer, key by key.

mod door;
mod driver;
mod figures;
mod governing;
mod sessions;

use driver::{Ended, Screen, has_tmux};

use crate::cli::Room;
use crate::federation::{Federation, HAIKOU, Over, SANYA, TELLER};

/// Columns and rows of a terminal over SSH.
const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (160, 48);

fn well() -> Ended {
    Ended { code: 0, errors: String::new(), kept: Vec::new() }
}

#[test]
fn an_operator_works_while_the_peer_goes_dark_and_goes_on_when_it_is_back() {
    if !has_tmux() {
        return;
    }
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    let screen = Screen::open(&federation.room, "main", &format!("desk --data @{HAIKOU}"), SMALL);
    screen.log_in(TELLER);
    screen.wait("at home", |screen| screen.contains("没有待办事项") && screen.contains("工作台"));
    screen.keys("6");
    let centres = screen.wait("fresh", |screen| screen.matches("最新").count() == 2 && screen.contains("已连 1/1"));
    for code in [HAIKOU, SANYA] {
        assert!(centres.contains(code) && centres.contains(&format!("中心{code}")), "{centres}");
    }

    federation.kill(HAIKOU);
    screen.keys("r");
    let what = "what was known, called old";
    screen.wait(what, |screen| ["节点没有在运行", SANYA, "以下是较早的内容"].iter().all(|text| screen.contains(text)));
    screen.keys("8");
    let what = "what was not done and what next";
    screen.wait(what, |screen| ["节点没有在运行", "未做：", "anju serve"].iter().all(|text| screen.contains(text)));
    screen.keys("1 r");
    screen.wait_for("节点没有在运行");
    federation.start(HAIKOU);
    screen.keys("r");
    screen.wait_for("没有待办事项");
    screen.keys("6 r");
    screen.wait_without("节点没有在运行");
    screen.wait_for("已连 1/1");

    screen.resize(LARGE.0, LARGE.1);
    screen.wait("larger", |screen| screen.lines().count() == usize::from(LARGE.1) && screen.contains("安居"));
    screen.keys("q");
    screen.wait_for("确定退出");
    screen.keys("Tab Enter");
    assert_eq!(screen.ended(), well());
}

#[test]
fn the_gate_says_what_is_wrong_and_a_locked_out_operator_learns_nothing() {
    if !has_tmux() {
        return;
    }
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    let screen = Screen::open(&federation.room, "gate", &format!("desk --data @{HAIKOU}"), SMALL);
    screen.wait_for("口令");
    screen.type_text(TELLER);
    screen.keys("Tab");
    screen.type_text("not the passphrase");
    assert!(!screen.screen().contains("not the"), "what is typed is not shown");
    screen.keys("Enter");
    let wrong = screen.wait_for("未做：");
    assert!(!wrong.contains("工作台"), "{wrong}");
    federation.kill(HAIKOU);
    screen.type_text("anything at all");
    screen.keys("Enter");
    screen.wait_for("节点没有在运行");
    screen.signal("TERM");
    assert_eq!(screen.ended(), well(), "a signal gives the terminal back");
}

#[test]
fn every_signal_that_ends_the_desk_gives_the_terminal_back() {
    if !has_tmux() {
        return;
    }
    let room = Room::new();
    room.init("a", "C46010", 7401);
    room.write("a/desk.toml", "mouse = true\n");
    for name in ["TERM", "INT", "HUP", "QUIT"] {
        let screen = Screen::open(&room, name, "desk --data @a --lang en", SMALL);
        screen.wait_for("Passphrase");
        screen.signal(name);
        assert_eq!(screen.ended(), well(), "{name}");
    }
}

#[test]
fn settings_that_are_wrong_are_told_and_settings_that_are_not_there_keep_the_desk_closed() {
    if !has_tmux() {
        return;
    }
    let room = Room::new();
    room.init("a", "C46010", 7401);
    room.write("a/desk.toml", "theme = \"quiet\"\nlock-after-minutes = 0\n");
    let screen = Screen::open(&room, "wrong", "desk --data @a", SMALL);
    screen.wait_for("设置第 2 行有误");
    drop(screen);
    room.write("good.toml", "theme = \"high-contrast\"\n");
    let screen = Screen::open(&room, "good", "desk --data @a --settings @good.toml", SMALL);
    assert!(!screen.wait_for("口令").contains("设置第"), "a file that is named stands for that of the folder");
    drop(screen);
    let screen = Screen::open(&room, "none", "desk --data @a --settings @none.toml", SMALL);
    let ended = screen.ended();
    assert_eq!((ended.code, ended.kept.len()), (66, 0), "{ended:?}");
    assert!(ended.errors.contains("input-unreadable"), "{ended:?}");
}

#[test]
fn without_a_terminal_the_desk_names_the_commands_instead() {
    let room = Room::new();
    room.init("a", "C46010", 7401);
    let output = room.run("desk --data @a");
    let told = crate::cli::err(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{told}");
    assert!(told.contains("desk-no-terminal") && told.contains("anju query"), "{told}");
    assert_eq!(room.json("desk --data @a", 64)["error"]["code"], "desk-no-terminal");
    assert!(room.done("completions bash").contains("desk"));
}
