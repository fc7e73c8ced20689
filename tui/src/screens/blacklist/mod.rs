//! 失信: the blacklist with its due process. A front with the open cases, and a page for each thing that is done: looking up, proposing,
//! a case with its steps, the proof of an ending, files. Pages lie on each other; Esc takes the uppermost away.
//!
//! What must never be here: a rule of who may do what when. The peer says it, and what it says is shown.

mod case;
mod export;
mod finding;
mod front;
mod import;
mod job;
mod layout;
mod lookup;
mod proof;
mod propose;
mod screening;
mod steps;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use anju_core::desk::CaseView;

use crate::canvas::Canvas;
use crate::cmd::{Cmd, Command};
use crate::dialog::Danger;
use crate::screen::{Action, Cx, Moment, Reaction, Screen, ScreenId, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::words::Words;
use finding::Snapshot;
pub(super) use lookup::{NUMBER_MAX_CHARS, document_types};

const ID: ScreenId = "blacklist";
const LEAVE: Tag = "leave";
/// Most pages on each other.
const PAGES_MAX: usize = 8;
/// Most proposals that are remembered for the next time they are seen.
const SEEN_MAX: usize = 64;

/// What is done here.
pub const COMMANDS: &[Command] = &[
    Command { id: "blacklist.lookup", word: "blacklist.cmd-lookup", keys: &["s"] },
    Command { id: "blacklist.propose", word: "blacklist.cmd-propose", keys: &["n"] },
    Command { id: "blacklist.approve", word: "blacklist.cmd-approve", keys: &["a"] },
    Command { id: "blacklist.return", word: "blacklist.cmd-return", keys: &["t"] },
    Command { id: "blacklist.again", word: "blacklist.cmd-again", keys: &["A"] },
    Command { id: "blacklist.notify", word: "blacklist.cmd-notify", keys: &["c"] },
    Command { id: "blacklist.object", word: "blacklist.cmd-object", keys: &["o"] },
    Command { id: "blacklist.answer", word: "blacklist.cmd-answer", keys: &["u"] },
    Command { id: "blacklist.withdraw", word: "blacklist.cmd-withdraw", keys: &["w"] },
    Command { id: "blacklist.repair", word: "blacklist.cmd-repair", keys: &["m"] },
    Command { id: "blacklist.proof", word: "blacklist.cmd-proof", keys: &["p"] },
    Command { id: "blacklist.import", word: "blacklist.cmd-import", keys: &["i"] },
    Command { id: "blacklist.screen", word: "blacklist.cmd-screen", keys: &["b"] },
    Command { id: "blacklist.export", word: "blacklist.cmd-export", keys: &["x"] },
];

/// What pages tell each other.
#[derive(Default)]
struct Shared {
    /// Proposals as they were when they were last seen here, by case.
    seen: BTreeMap<String, Snapshot>,
    /// The returned case that is to be proposed again.
    again: Option<Box<CaseView>>,
}

type Common = Rc<RefCell<Shared>>;

impl Shared {
    fn see(&mut self, case: String, snapshot: Snapshot) {
        if self.seen.len() >= SEEN_MAX && !self.seen.contains_key(&case) {
            self.seen.pop_first();
        }
        self.seen.insert(case, snapshot);
    }
}

/// A page. What it returns as [`Action::Go`] to this view opens another page on it.
trait Page {
    /// Tells pages apart; the same page is not opened twice.
    fn id(&self) -> &'static str;
    /// Under which tags it asks.
    fn tags(&self) -> &'static [Tag];
    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action>;
    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction;
    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action>;
    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>);
    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str>;
    fn crumb(&self, words: Words) -> Option<Shown>;
    fn deadline(&self) -> Option<Moment> {
        None
    }
    fn tick(&mut self, _cx: &Cx<'_>) -> Vec<Action> {
        Vec::new()
    }
    fn typing(&self) -> bool {
        false
    }
    fn dirty(&self) -> bool {
        false
    }
    /// Whether it is through and goes when another is opened.
    fn is_through(&self) -> bool {
        false
    }
    /// Whether a job of it goes on, so that it is kept when it is left.
    fn is_busy(&self) -> bool {
        false
    }
    fn copy(&self) -> Option<Shown> {
        None
    }
    fn sheet(&self, _cx: &Cx<'_>) -> Option<Sheet> {
        None
    }
    fn hide(&mut self) {}
}

struct Laid {
    page: Box<dyn Page>,
    /// Opened from another view: Esc leads back there.
    alone: bool,
}

/// See the module.
pub struct Blacklist {
    /// Never empty: the front lies below.
    pages: Vec<Laid>,
    /// Pages that were left while a job of theirs goes on.
    parked: Vec<Box<dyn Page>>,
    common: Common,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    let front = Laid { page: Box::new(front::Front::new()), alone: false };
    Box::new(Blacklist { pages: vec![front], parked: Vec::new(), common: Common::default() })
}

/// What was typed would be lost.
fn leave_question(words: Words) -> Danger {
    Danger {
        title: words.say("leave.title"),
        object: words.say("leave.object"),
        effect: vec![words.say("leave.effect")],
        yes: words.say("leave.yes"),
        typed: None,
    }
}

impl Blacklist {
    fn top(&self) -> Option<&dyn Page> {
        self.pages.last().map(|laid| &*laid.page)
    }

    /// Opens a page; the uppermost goes if it is through.
    fn lay(&mut self, cx: &Cx<'_>, target: Target, alone: bool) -> Vec<Action> {
        let page: Box<dyn Page> = match target {
            Target::Case(about) => Box::new(case::CasePage::new(about, Rc::clone(&self.common))),
            Target::Part(part) => match self.named(part) {
                Some(page) => page,
                None => return Vec::new(),
            },
            Target::Text(text) => match text.strip_prefix(proof::PREFIX).and_then(|about| about.parse().ok()) {
                Some(about) => Box::new(proof::ProofPage::new(about)),
                None => return Vec::new(),
            },
            Target::Certificate(_) => return Vec::new(),
        };
        if self.pages.len() > 1 && self.top().is_some_and(|top| top.is_through() || (top.id() == page.id() && !top.dirty())) {
            self.pages.pop();
        }
        if self.pages.len() >= PAGES_MAX {
            self.pages.remove(1);
        }
        self.pages.push(Laid { page, alone });
        self.open_top(cx)
    }

    fn named(&mut self, part: &str) -> Option<Box<dyn Page>> {
        if let Some(at) = self.parked.iter().position(|page| page.id() == part) {
            return Some(self.parked.remove(at));
        }
        Some(match part {
            lookup::ID => Box::new(lookup::LookupPage::new()),
            propose::ID => Box::new(propose::ProposePage::new(Rc::clone(&self.common))),
            import::ID => Box::new(import::ImportPage::new()),
            screening::ID => Box::new(screening::ScreeningPage::new()),
            export::ID => Box::new(export::ExportPage::new()),
            _ => return None,
        })
    }

    fn open_top(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let actions = self.pages.last_mut().map(|laid| laid.page.open(cx)).unwrap_or_default();
        self.follow(cx, actions)
    }

    /// Opens the pages that a page wants opened, and passes on the rest.
    fn follow(&mut self, cx: &Cx<'_>, actions: Vec<Action>) -> Vec<Action> {
        let mut out = Vec::new();
        for action in actions {
            match action {
                Action::Go(ID, Some(target)) => out.extend(self.lay(cx, target, false)),
                other => out.push(other),
            }
        }
        out
    }

    /// Takes the uppermost page away; whether it had come from another view.
    fn lift(&mut self) -> bool {
        if self.pages.len() < 2 {
            return true;
        }
        let Some(Laid { page, alone }) = self.pages.pop() else { return true };
        if page.is_busy() {
            self.parked.push(page);
        }
        alone
    }

    fn back(&mut self, cx: &Cx<'_>) -> Reaction {
        if self.pages.len() < 2 {
            return Reaction::Pass;
        }
        if self.top().is_some_and(Page::dirty) {
            return Reaction::one(Action::Confirm(LEAVE, Box::new(leave_question(cx.words))));
        }
        if self.lift() {
            return Reaction::Pass;
        }
        Reaction::Do(self.open_top(cx))
    }

    fn own(&mut self, cx: &Cx<'_>, command: &str) -> Reaction {
        let part = match command {
            "blacklist.lookup" => lookup::ID,
            "blacklist.propose" => propose::ID,
            "blacklist.import" => import::ID,
            "blacklist.screen" => screening::ID,
            "blacklist.export" => export::ID,
            _ => return Reaction::one(Action::Toast(crate::theme::Tone::Dim, cx.words.say("frame.not-here"))),
        };
        if self.pages.iter().any(|laid| laid.page.id() == part) && self.top().is_none_or(|top| top.id() != part) {
            return Reaction::one(Action::Toast(crate::theme::Tone::Warn, cx.words.say("blacklist.open-below")));
        }
        if self.top().is_some_and(|top| top.id() == part) {
            return Reaction::done();
        }
        Reaction::Do(self.lay(cx, Target::Part(part), false))
    }
}

impl Screen for Blacklist {
    fn open(&mut self, cx: &Cx<'_>, target: Option<Target>) -> Vec<Action> {
        match target {
            Some(target) => self.lay(cx, target, true),
            None => self.open_top(cx),
        }
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let Some(top) = self.pages.last_mut() else { return Reaction::Pass };
        if let Reaction::Do(actions) = top.page.on(cx, cmd) {
            return Reaction::Do(self.follow(cx, actions));
        }
        match cmd {
            Cmd::Back => self.back(cx),
            Cmd::Own(command) => self.own(cx, command),
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        if tag == LEAVE {
            if matches!(told, Told::Confirmed) {
                return if self.lift() { vec![Action::Back] } else { self.open_top(cx) };
            }
            return Vec::new();
        }
        let laid = self.pages.iter_mut().rev().map(|laid| &mut laid.page);
        let Some(page) = laid.chain(self.parked.iter_mut()).find(|page| page.tags().contains(&tag)) else { return Vec::new() };
        let actions = page.told(cx, tag, told);
        self.follow(cx, actions)
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        if let Some(top) = self.top() {
            top.draw(cx, canvas);
        }
    }

    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str> {
        self.top().map(|top| top.offers(cx)).unwrap_or_default()
    }

    fn deadline(&self) -> Option<Moment> {
        self.top().and_then(Page::deadline)
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let actions = self.pages.last_mut().map(|laid| laid.page.tick(cx)).unwrap_or_default();
        self.follow(cx, actions)
    }

    fn typing(&self) -> bool {
        self.top().is_some_and(Page::typing)
    }

    fn dirty(&self) -> bool {
        self.pages.iter().any(|laid| laid.page.dirty())
    }

    fn crumbs(&self, words: Words) -> Vec<Shown> {
        self.pages.iter().skip(1).filter_map(|laid| laid.page.crumb(words)).collect()
    }

    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        self.top().and_then(Page::copy)
    }

    fn sheet(&self, cx: &Cx<'_>) -> Option<Sheet> {
        self.top().and_then(|top| top.sheet(cx))
    }

    fn hide(&mut self) {
        self.pages.iter_mut().map(|laid| &mut laid.page).chain(self.parked.iter_mut()).for_each(|page| page.hide());
    }
}
