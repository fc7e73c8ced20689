//! The front: every open case with its state, who must do something, and until when.

use super::Page;
use crate::canvas::Canvas;
use crate::cmd::Cmd;
use crate::screen::{Action, Cx, Moment, Reaction, Sheet, Tag, Told};
use crate::screens::queue::Queue;
use crate::shown::Shown;
use crate::words::Words;

const CASES: Tag = "cases";

pub(super) struct Front(Queue);

impl Front {
    pub(super) fn new() -> Self {
        Self(Queue::new(CASES))
    }
}

impl Page for Front {
    fn id(&self) -> &'static str {
        "front"
    }

    fn tags(&self) -> &'static [Tag] {
        &[CASES]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.0.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.0.on(cmd, cx.body) {
            return Reaction::done();
        }
        match cmd {
            Cmd::Reload => Reaction::Do(self.0.ask(cx)),
            Cmd::Open => Reaction::Do(self.0.leads_to().into_iter().collect()),
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        self.0.told(cx, told)
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        self.0.draw(cx, cx.body, ("blacklist.empty", "blacklist.empty-next"), canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        if self.0.typing() {
            return vec!["open", "back"];
        }
        vec!["open", "blacklist.lookup", "blacklist.propose", "blacklist.import", "blacklist.screen", "blacklist.export", "filter"]
    }

    fn crumb(&self, _words: Words) -> Option<Shown> {
        None
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

    fn copy(&self) -> Option<Shown> {
        self.0.name()
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        self.0.sheet(cx)
    }
}
