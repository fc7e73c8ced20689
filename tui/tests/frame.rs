//! The frame from outside: what an operator sees and what the peer is asked, without a terminal.
#![allow(clippy::unwrap_used, missing_docs)]

use anju_core::desk::{Act, Event as DeskEvent};
use anju_core::operator::Role;
use anju_tui::Words;
use anju_tui::fake::{Asked, FakeDoor, Rehearsal, somebody};
use anju_tui::screens::SCREENS;

fn empty_queue() -> FakeDoor {
    FakeDoor::new(somebody("li.si", "李四", Role::Reviewer).unwrap(), |_| Ok(DeskEvent::Cases { cases: Vec::new(), more: false }))
}

#[test]
fn who_logs_in_sees_the_work_queue() {
    let door = empty_queue();
    let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
    assert!(desk.screen().contains("登录"), "{}", desk.screen());
    desk.log_in("li.si");
    assert!(desk.screen().contains("没有待办事项"), "{}", desk.screen());
    assert!(matches!(door.asked().as_slice(), [Asked::Act(Act::Queue { after: None, .. })]));
}
