//! 系统: the peer behind this desk, in three parts: in short, what lies there (store, backups, keys), and its log as it is written.

mod log;
mod overview;
mod store;

use anju_core::desk::{Event as DeskEvent, Request};
use ratatui::layout::Rect;

use super::federation::REFRESH_MS;
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::{Cmd, Command};
use crate::door::{Outcome, Trouble, Work};
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::state::Load;
use crate::widgets::tabs;
use crate::words::Words;
use log::Log;

pub(crate) use overview::read_only;

const STATUS: Tag = "status";
const HOUSE: Tag = "house";
const LOG: Tag = "log";
const BACKUP: Tag = "backup";
/// The log is asked for anew while one looks at it.
const LOG_REFRESH_MS: u64 = 2_000;
/// Rows above each part: which parts there are.
const HEAD_ROWS: u16 = 2;

/// What is done here.
pub const COMMANDS: &[Command] = &[
    Command { id: "system.overview", word: "system.cmd-overview", keys: &["o"] },
    Command { id: "system.store", word: "system.cmd-store", keys: &["s"] },
    Command { id: "system.log", word: "system.cmd-log", keys: &["d"] },
    Command { id: "system.backup", word: "system.cmd-backup", keys: &["b"] },
];

/// A part of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Overview,
    Store,
    Log,
}

impl Part {
    const ALL: [Self; 3] = [Self::Overview, Self::Store, Self::Log];

    const fn word(self) -> &'static str {
        match self {
            Self::Overview => "system.part-overview",
            Self::Store => "system.part-store",
            Self::Log => "system.part-log",
        }
    }

    /// The part so many places further, around the end.
    fn beside(self, places: usize) -> Self {
        let at = Self::ALL.iter().position(|part| *part == self).unwrap_or(0);
        Self::ALL[(at + places) % Self::ALL.len()]
    }
}

/// See the module.
#[derive(Default)]
pub struct System {
    part: Part,
    overview: Load<Detail>,
    store: Load<Detail>,
    log: Log,
    next: Option<Moment>,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(System::default())
}

/// Other lines of a detail that stays where it was scrolled to.
fn came(load: &mut Load<Detail>, lines: Vec<Line>) {
    let mut detail = load.get_mut().map(std::mem::take).unwrap_or_default();
    detail.set(lines);
    load.came(detail);
}

impl System {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let (wait, action) = match self.part {
            Part::Overview => {
                self.overview.ask(cx.at);
                (REFRESH_MS, Action::ask(STATUS, Request::Status))
            }
            Part::Store => {
                self.store.ask(cx.at);
                (REFRESH_MS, Action::ask(HOUSE, Request::System))
            }
            Part::Log => (LOG_REFRESH_MS, Action::ask(LOG, self.log.ask(cx.at))),
        };
        self.next = Some(cx.at + wait);
        vec![action]
    }

    fn turn(&mut self, cx: &Cx<'_>, part: Part) -> Reaction {
        self.part = part;
        Reaction::Do(self.ask(cx))
    }

    fn load(&mut self) -> Option<&mut Load<Detail>> {
        match self.part {
            Part::Overview => Some(&mut self.overview),
            Part::Store => Some(&mut self.store),
            Part::Log => None,
        }
    }

    fn failed(&mut self, tag: Tag, trouble: Trouble) {
        match tag {
            STATUS => self.overview.failed(trouble),
            HOUSE => self.store.failed(trouble),
            _ => self.log.failed(trouble),
        }
    }

    fn answered(&mut self, cx: &Cx<'_>, tag: Tag, event: DeskEvent) {
        match event {
            DeskEvent::Status(status) => came(&mut self.overview, overview::lines(cx.words, &status)),
            DeskEvent::System(view) => came(&mut self.store, store::lines(cx.words, &view, cx.now)),
            DeskEvent::Logs(page) => self.log.came(*page, areas(cx.body).1),
            _ => self.failed(tag, Trouble::failed("peer-garbled")),
        }
    }
}

/// Where the parts are named, and where one is.
fn areas(body: Rect) -> (Rect, Rect) {
    split_top(inside(body, 1, 0), HEAD_ROWS)
}

impl Screen for System {
    fn open(&mut self, cx: &Cx<'_>, _target: Option<Target>) -> Vec<Action> {
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let (_, area) = areas(cx.body);
        if self.part == Part::Log && self.log.on(cx.words, cmd, area) {
            return Reaction::done();
        }
        match cmd {
            Cmd::Reload => Reaction::Do(self.ask(cx)),
            Cmd::Next => self.turn(cx, self.part.beside(1)),
            Cmd::Previous => self.turn(cx, self.part.beside(Part::ALL.len() - 1)),
            Cmd::Own("system.overview") => self.turn(cx, Part::Overview),
            Cmd::Own("system.store") => self.turn(cx, Part::Store),
            Cmd::Own("system.log") => self.turn(cx, Part::Log),
            Cmd::Own("system.backup") => Reaction::one(Action::Work(BACKUP, Work::Backup)),
            _ => Reaction::of(self.load().and_then(Load::get_mut).is_some_and(|detail| detail.on(cmd, area))),
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (BACKUP, Told::Outcome(outcome)) => {
                let Outcome::Written { path, .. } = *outcome else { return Vec::new() };
                let path = path.display().to_string();
                let toast = Action::Toast(Tone::Good, cx.words.fill("system.backed-up", &[("file", &path)]));
                return if self.part == Part::Store { std::iter::once(toast).chain(self.ask(cx)).collect() } else { vec![toast] };
            }
            (BACKUP, Told::Trouble(trouble)) => return vec![Action::Trouble(trouble)],
            (_, Told::Answer(event)) => self.answered(cx, tag, *event),
            (_, Told::Trouble(trouble)) => self.failed(tag, trouble),
            (_, Told::Stage(_) | Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed) => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (head, area) = areas(cx.body);
        let names = Part::ALL.map(|part| cx.words.say(part.word()));
        tabs::draw(&names, self.part as usize, head, canvas);
        match self.part {
            Part::Overview => draw_detail(cx, &self.overview, area, canvas),
            Part::Store => draw_detail(cx, &self.store, area, canvas),
            Part::Log => self.log.draw(cx, area, canvas),
        }
    }

    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str> {
        let mut offers = match self.part {
            Part::Overview => vec!["next", "system.store", "system.log", "reload", "jobs"],
            Part::Store => vec!["next", "system.overview", "system.log", "reload", "jobs"],
            Part::Log => self.log.offers(),
        };
        if cx.who.role == anju_core::operator::Role::System && self.part != Part::Log {
            offers.insert(0, "system.backup");
        }
        offers.extend(["palette", "lock", "quit"]);
        offers
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        if self.part == Part::Overview { Vec::new() } else { vec![words.say(self.part.word())] }
    }

    fn deadline(&self) -> Option<Moment> {
        self.log.deadline().filter(|_| self.part == Part::Log).or(self.next)
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.log.tick(cx.words, cx.now);
        if self.next.is_some_and(|next| next <= cx.at) { self.ask(cx) } else { Vec::new() }
    }

    fn typing(&self) -> bool {
        self.part == Part::Log && self.log.typing()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        if self.part == Part::Log { self.log.copy() } else { None }
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        if self.part == Part::Log { self.log.sheet(cx.words, cx.now) } else { None }
    }
}

fn draw_detail(cx: &Cx<'_>, load: &Load<Detail>, area: Rect, canvas: &mut Canvas<'_>) {
    if let Some((detail, area)) = load.draw(cx, area, canvas) {
        detail.draw(area, canvas);
    }
}
