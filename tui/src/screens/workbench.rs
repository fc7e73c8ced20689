//! 工作台: what waits for whom until when, overdue first; Enter opens it where it is dealt with. Cases of the blacklist, and steps of
//! cross-region loans that this centre has to take.

use anju_core::desk::LoanLine;

use super::CASES;
use super::loans::pages::{Pages, STALE_MS, Which};
use super::queue::Queue;
use crate::canvas::Canvas;
use crate::cmd::Cmd;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;

const QUEUE: Tag = "queue";
const LOANS: Tag = "loans";

/// See the module.
pub struct Workbench {
    queue: Queue,
    loans: Pages,
    /// When the loans are asked for by themselves.
    next: Option<Moment>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Workbench { queue: Queue::mixed(QUEUE), loans: Pages::new(LOANS, Which::Queue), next: None })
}

impl Workbench {
    /// Asks for the loans, if the role may see them.
    fn ask_loans(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if !CASES.contains(&cx.who.role) {
            return Vec::new();
        }
        self.next = Some(cx.at + STALE_MS);
        self.loans.ask(cx)
    }

    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let mut actions = self.queue.ask(cx);
        actions.extend(self.ask_loans(cx));
        actions
    }
}

impl Screen for Workbench {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        let mut actions = self.queue.ask(cx);
        // Whoever comes back from a loan finds the queue without it; the frame keeps this view while others are looked at.
        actions.extend(self.ask_loans(cx));
        actions
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.queue.on(cmd, cx.body) {
            return Reaction::done();
        }
        match cmd {
            Cmd::Reload => Reaction::Do(self.ask(cx)),
            Cmd::Open => Reaction::Do(self.queue.leads_to().into_iter().collect()),
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        if tag != LOANS {
            return self.queue.told(cx, told);
        }
        // Whoever gave it up knows that.
        let failed = matches!(&told, Told::Trouble(trouble) if trouble.code != "cancelled");
        let (mut actions, lines) = self.loans.told(told);
        if let Some(lines) = lines {
            // What others have to do stands in the loans' own view.
            let ours = |line: &LoanLine| line.task.as_ref().is_some_and(|task| task.by == cx.who.centre);
            self.queue.set_loans(cx, lines.into_iter().filter(ours).collect());
        }
        if failed {
            actions.push(Action::Toast(Tone::Warn, cx.words.say("workbench.no-loans")));
        }
        actions
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        self.queue.draw(cx, cx.body, ("workbench.empty", "workbench.empty-next"), canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        if self.queue.typing() {
            return vec!["open", "back"];
        }
        vec!["open", "filter", "reload", "export", "copy", "palette"]
    }

    fn deadline(&self) -> Option<Moment> {
        [self.queue.deadline(), self.next].into_iter().flatten().min()
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let mut actions = self.queue.tick(cx);
        if self.next.is_some_and(|next| next <= cx.at) {
            actions.extend(self.ask_loans(cx));
        }
        actions
    }

    fn typing(&self) -> bool {
        self.queue.typing()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        self.queue.name()
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        self.queue.sheet(cx)
    }
}
