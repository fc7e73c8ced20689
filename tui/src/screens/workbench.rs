//! 工作台: what waits for whom until when, overdue first; Enter opens it where it is dealt with.

use anju_core::desk::CaseRef;

use super::queue::Queue;
use crate::canvas::Canvas;
use crate::cmd::Cmd;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;

const QUEUE: Tag = "queue";

/// See the module.
pub struct Workbench(Queue);

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Workbench(Queue::new(QUEUE)))
}

impl Screen for Workbench {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        self.0.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.0.on(cmd, cx.body) {
            return Reaction::done();
        }
        match cmd {
            Cmd::Reload => Reaction::Do(self.0.ask(cx)),
            Cmd::Open => match self.0.selected() {
                Some(line) => Reaction::one(Action::Go("blacklist", Some(Target::Case(CaseRef::Case(line.case.clone()))))),
                None => Reaction::done(),
            },
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        self.0.told(cx, told)
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        self.0.draw(cx, cx.body, ("workbench.empty", "workbench.empty-next"), canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        if self.0.typing() {
            return vec!["open", "back"];
        }
        vec!["open", "filter", "reload", "export", "copy", "palette"]
    }

    fn deadline(&self) -> Option<Moment> {
        self.0.deadline()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.0.tick(cx)
    }

    fn typing(&self) -> bool {
        self.0.typing()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        self.0.selected().map(|line| Shown::of(&line.case))
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        self.0.sheet(cx)
    }
}
