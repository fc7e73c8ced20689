//! 联邦: the centres and how fresh their journals are here; the charter that binds them, what is proposed to change it, who has signed two
//! histories, and the versions before. What may be said of a proposal comes from the core's own rule; the peer looks again.

mod answer;
mod centre;
mod centres;
mod charter;
mod forks;
mod history;
mod proposals;
mod told;

use anju_core::desk::{Event as DeskEvent, FederationView, Request};
use ratatui::layout::Rect;

use self::centres::Centres;
use self::charter::Charter;
use self::history::History;
use self::proposals::Proposals;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::{Cmd, Command};
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::widgets::detail::Detail;
use crate::widgets::state::{Load, empty};
use crate::widgets::tabs;
use crate::words::Words;

const STATUS: Tag = "status";
const TRENDS: Tag = "trends";
const VIEW: Tag = "view";
const HISTORY: Tag = "history";
/// What is shown is asked for anew while one looks at it.
pub(crate) const REFRESH_MS: u64 = 10_000;
/// Rows above each part: which parts there are.
const HEAD_ROWS: u16 = 2;

/// What is done here.
pub const COMMANDS: &[Command] = &[
    Command { id: "federation.centres", word: "federation.part-centres", keys: &["o"] },
    Command { id: "federation.charter", word: "federation.part-charter", keys: &["c"] },
    Command { id: "federation.proposals", word: "federation.part-proposals", keys: &["p"] },
    Command { id: "federation.forks", word: "federation.part-forks", keys: &["f"] },
    Command { id: "federation.history", word: "federation.part-history", keys: &["d"] },
    Command { id: "federation.approve", word: "federation.cmd-approve", keys: &["a"] },
    Command { id: "federation.reject", word: "federation.cmd-reject", keys: &["x"] },
    Command { id: "federation.next-round", word: "federation.cmd-next-round", keys: &["n"] },
];

/// A part of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Centres,
    Charter,
    Proposals,
    Forks,
    History,
}

impl Part {
    const ALL: [Self; 5] = [Self::Centres, Self::Charter, Self::Proposals, Self::Forks, Self::History];

    const fn word(self) -> &'static str {
        match self {
            Self::Centres => "federation.part-centres",
            Self::Charter => "federation.part-charter",
            Self::Proposals => "federation.part-proposals",
            Self::Forks => "federation.part-forks",
            Self::History => "federation.part-history",
        }
    }

    /// The part of a command.
    fn of(id: &str) -> Option<Self> {
        Some(match id {
            "federation.centres" => Self::Centres,
            "federation.charter" => Self::Charter,
            "federation.proposals" => Self::Proposals,
            "federation.forks" => Self::Forks,
            "federation.history" => Self::History,
            _ => return None,
        })
    }

    /// The part so many places further, around the end.
    fn beside(self, places: usize) -> Self {
        Self::ALL[(self as usize + places) % Self::ALL.len()]
    }
}

/// See the module.
#[derive(Default)]
pub struct Federation {
    part: Part,
    view: Load<Box<FederationView>>,
    centres: Centres,
    charter: Charter,
    proposals: Proposals,
    forks: Detail,
    /// Whether anything stands in the way.
    clear: bool,
    history: History,
    next: Option<Moment>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Federation::default())
}

impl Federation {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.view.ask(cx.at);
        self.next = Some(cx.at + REFRESH_MS);
        let mut asked = vec![Action::ask(VIEW, Request::Federation)];
        if self.part == Part::Centres {
            self.centres.ask(cx.at);
            // The status last: who interrupts wants that given up.
            asked.extend([Action::ask(TRENDS, Request::Trends), Action::ask(STATUS, Request::Status)]);
        }
        asked
    }

    fn turn(&mut self, cx: &Cx<'_>, part: Part) -> Reaction {
        self.part = part;
        Reaction::Do(self.ask(cx))
    }

    fn came(&mut self, cx: &Cx<'_>, event: DeskEvent) -> Vec<Action> {
        let DeskEvent::Federation(view) = event else {
            self.view.failed(Trouble::failed("peer-garbled"));
            return Vec::new();
        };
        let older = self.history.ask(view.version, cx.at);
        self.view.came(view);
        self.lay_out(cx);
        older.map(|request| Action::ask(HISTORY, request)).into_iter().collect()
    }

    /// Every part anew, with what is known now.
    fn lay_out(&mut self, cx: &Cx<'_>) {
        let Some(view) = self.view.get() else { return };
        self.charter.came(cx, view, &self.history);
        self.proposals.came(cx, view);
        let lines = forks::lines(cx, view);
        self.clear = lines.is_empty();
        self.forks.set(lines);
    }

    fn of_history(&mut self, cx: &Cx<'_>, told: Told) -> Vec<Action> {
        match told {
            Told::Answer(event) => {
                let older = self.history.answered(*event);
                self.lay_out(cx);
                older.map(|request| Action::ask(HISTORY, request)).into_iter().collect()
            }
            Told::Trouble(trouble) => {
                self.history.failed(trouble);
                Vec::new()
            }
            Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => Vec::new(),
        }
    }

    fn on_part(&mut self, cx: &Cx<'_>, cmd: &Cmd, area: Rect) -> Reaction {
        match (self.part, self.view.get()) {
            (Part::Centres, _) => self.centres.on(cx, cmd, area),
            (_, None) => Reaction::Pass,
            (Part::Charter, Some(_)) => self.charter.on(cx, cmd, area),
            (Part::Proposals, Some(view)) => self.proposals.on(cx, cmd, area, view),
            (Part::Forks, Some(_)) => Reaction::of(self.forks.on(cmd, area)),
            (Part::History, Some(_)) => self.history.on(cx, cmd, area),
        }
    }

    /// What the parts are called, with how much waits in those where something can.
    fn names(&self, words: Words) -> Vec<Shown> {
        let count = |part: Part| match (part, self.view.get()) {
            (Part::Proposals, Some(view)) => view.proposals.len(),
            (Part::Forks, Some(view)) => view.forks.len() + usize::from(view.frozen.is_some()),
            _ => 0,
        };
        let name = |part: Part| match count(part) {
            0 => words.say(part.word()),
            count => Shown::join(&[words.say(part.word()), Shown::of(count)], " "),
        };
        Part::ALL.into_iter().map(name).collect()
    }

    fn draw_forks(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        if self.clear {
            empty(cx, "federation.no-forks", "federation.no-forks-next", area, canvas);
        } else {
            self.forks.draw(area, canvas);
        }
    }
}

/// Where the parts are named, and where one is.
fn areas(body: Rect) -> (Rect, Rect) {
    split_top(inside(body, 1, 0), HEAD_ROWS)
}

impl Screen for Federation {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let (_, area) = areas(cx.body);
        if let Reaction::Do(actions) = self.on_part(cx, cmd, area) {
            return Reaction::Do(actions);
        }
        match cmd {
            Cmd::Reload => {
                self.history.again();
                Reaction::Do(self.ask(cx))
            }
            Cmd::Next if !self.dirty() => self.turn(cx, self.part.beside(1)),
            Cmd::Previous if !self.dirty() => self.turn(cx, self.part.beside(Part::ALL.len() - 1)),
            Cmd::Own(id) => match Part::of(id) {
                Some(part) => self.turn(cx, part),
                // A proposal is answered where it is shown.
                None => self.turn(cx, Part::Proposals),
            },
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        if proposals::TAGS.contains(&tag) {
            let (mut actions, changed) = self.proposals.told(cx, tag, told);
            if changed {
                actions.extend(self.ask(cx));
            }
            return actions;
        }
        match (tag, told) {
            (HISTORY, told) => return self.of_history(cx, told),
            (TRENDS, Told::Answer(event)) => {
                if let DeskEvent::Trends(trends) = *event {
                    self.centres.trends(*trends);
                }
            }
            (TRENDS, Told::Trouble(_)) => self.centres.trends(anju_core::desk::Trends::default()),
            (VIEW, Told::Answer(event)) => return self.came(cx, *event),
            (VIEW, Told::Trouble(trouble)) => self.view.failed(trouble),
            (_, Told::Answer(event)) => self.centres.answered(cx.words, *event),
            (_, Told::Trouble(trouble)) => self.centres.failed(trouble),
            (_, Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed) => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (head, area) = areas(cx.body);
        tabs::draw(&self.names(cx.words), self.part as usize, head, canvas);
        if self.part == Part::Centres {
            return self.centres.draw(cx, area, canvas);
        }
        let Some((_, area)) = self.view.draw(cx, area, canvas) else { return };
        match self.part {
            Part::Centres => {}
            Part::Charter => self.charter.draw(cx, area, canvas),
            Part::Proposals => self.proposals.draw(cx, area, canvas),
            Part::Forks => self.draw_forks(cx, area, canvas),
            Part::History => self.history.draw(cx, area, canvas),
        }
    }

    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str> {
        let mut offers = match (self.part, self.view.get()) {
            (Part::Centres, _) => self.centres.offers(),
            (_, None) => vec!["next", "reload"],
            (Part::Charter, Some(_)) => self.charter.offers(),
            (Part::Proposals, Some(view)) => self.proposals.offers(cx, view),
            (Part::Forks, Some(_)) => vec!["page-down", "next", "federation.proposals", "reload"],
            (Part::History, Some(_)) => self.history.offers(),
        };
        offers.push("palette");
        offers
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        let within = match self.part {
            Part::Centres => self.centres.crumb(),
            Part::Charter => self.charter.crumb(),
            Part::Proposals => self.proposals.crumb(),
            Part::Forks => None,
            Part::History => self.history.crumb(),
        };
        let part = (self.part != Part::Centres).then(|| words.say(self.part.word()));
        part.into_iter().chain(within).collect()
    }

    fn deadline(&self) -> Option<Moment> {
        let list = match self.part {
            Part::Centres => self.centres.deadline(),
            Part::Charter => self.charter.deadline(),
            Part::Proposals => self.proposals.deadline(),
            Part::Forks => None,
            Part::History => self.history.deadline(),
        };
        list.or(self.next)
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        match self.part {
            Part::Centres => self.centres.tick(cx),
            Part::Charter => self.charter.tick(cx),
            Part::Proposals => self.proposals.tick(cx),
            Part::Forks => {}
            Part::History => self.history.tick(cx),
        }
        if self.next.is_some_and(|next| next <= cx.at) { self.ask(cx) } else { Vec::new() }
    }

    fn typing(&self) -> bool {
        match self.part {
            Part::Centres => self.centres.typing(),
            Part::Charter => self.charter.typing(),
            Part::Proposals => self.proposals.typing(),
            Part::Forks => false,
            Part::History => self.history.typing(),
        }
    }

    fn dirty(&self) -> bool {
        self.proposals.dirty()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        match self.part {
            Part::Centres => self.centres.copy(),
            Part::Charter => self.charter.copy(),
            Part::Proposals => self.proposals.copy(),
            Part::Forks => None,
            Part::History => self.history.copy(),
        }
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        match self.part {
            Part::Centres => self.centres.sheet(cx),
            Part::Charter => self.charter.sheet(cx),
            Part::Proposals => self.proposals.sheet(cx),
            Part::Forks => None,
            Part::History => self.history.sheet(cx),
        }
    }
}
