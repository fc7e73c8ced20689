//! The contract between the frame and a screen.
//!
//! The frame owns the loop, the bars, the dialogs, the jobs and the lock; a screen owns what it shows. State changes in
//! [`Screen::open`], [`Screen::on`], [`Screen::told`] and [`Screen::tick`] only; [`Screen::draw`] takes `&self`. A screen reaches the
//! peer only by the [`Action`]s that it returns; what comes of them is [`Told`] to it under the tag that it chose.

use anju_core::desk::{Act, CaseRef, Event as DeskEvent, EvidenceAbout, Request, Stage};
use anju_core::listing::catalogue::Catalogue;
use anju_core::names::{CertificateNumber, RequestId};
use anju_core::operator::Role;
use anju_core::time::Time;
use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::cmd::{Cmd, Command};
use crate::dialog::{Danger, Reason};
use crate::door::{Outcome, Rows, Trouble, Who, Work};
use crate::keys::KeyMap;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::watch::Sign;
use crate::words::Words;

/// Which screen. The id is stable: key files and targets name it.
pub type ScreenId = &'static str;

/// Tells the asks of one screen apart. A later ask under the same tag replaces the earlier one, whose answer is then not told.
pub type Tag = &'static str;

/// A point on the loop's own clock, in milliseconds since the desk started. It never goes back.
pub type Moment = u64;

/// Milliseconds for which something revealed stays visible.
pub const REVEALED_MS: u64 = 30_000;

/// The registering line of a screen.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its id.
    pub id: ScreenId,
    /// Key of its name: short enough for a tab.
    pub word: &'static str,
    /// Its number key.
    pub number: u8,
    /// Who may see it. The peer decides what they may do.
    pub roles: &'static [Role],
    /// What only this screen does. Keys must not be those of the frame (a test sees to it).
    pub commands: &'static [Command],
    /// Makes it.
    pub make: fn() -> Box<dyn Screen>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({})", self.id)
    }
}

/// What a screen is opened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A case or a listing.
    Case(CaseRef),
    /// A certificate.
    Certificate(CertificateNumber),
    /// Something that the screen knows by a name of its own, such as one of its parts.
    Part(&'static str),
    /// A text, such as a grant that was pasted elsewhere.
    Text(String),
}

/// What a screen is given with everything that happens.
#[derive(Debug, Clone, Copy)]
pub struct Cx<'a> {
    /// The words.
    pub words: Words,
    /// Who is logged in.
    pub who: &'a Who,
    /// What their centre may say of a subject.
    pub catalogue: &'a Catalogue,
    /// The machine's clock.
    pub now: Time,
    /// The loop's clock.
    pub at: Moment,
    /// A request id that nobody has used. Each call gets another; it may be used once, and kept to ask the same again.
    pub fresh: RequestId,
    /// Where this screen is drawn.
    pub body: Rect,
    /// Which key is which command.
    pub keys: &'a KeyMap,
    /// Whether plots may be drawn with blocks.
    pub blocks: bool,
}

/// What a screen wants done.
#[derive(Debug)]
pub enum Action {
    /// Ask the peer.
    Ask(Tag, Box<Request>),
    /// Have the peer carry out an act, signed by who is logged in.
    Act(Tag, Box<Act>),
    /// Begin a long job. It goes on when the screen is left and stands in the list of jobs.
    Work(Tag, Work),
    /// Give up what runs under this tag.
    Cancel(Tag),
    /// Open another screen.
    Go(ScreenId, Option<Target>),
    /// Back to where one came from.
    Back,
    /// Ask whether this is really meant: [`Told::Confirmed`] or [`Told::Dismissed`].
    Confirm(Tag, Box<Danger>),
    /// Ask for a reason: [`Told::Reason`] or [`Told::Dismissed`].
    Reason(Tag, Box<Reason>),
    /// Say something in the status line.
    Toast(Tone, Shown),
    /// Show what was not done, and what to do next.
    Trouble(Trouble),
    /// To the clipboard of the operator's terminal (OSC 52).
    Copy(Shown),
}

impl Action {
    /// Asks the peer.
    #[must_use]
    pub fn ask(tag: Tag, request: Request) -> Self {
        Self::Ask(tag, Box::new(request))
    }

    /// Has the peer carry out an act.
    #[must_use]
    pub fn act(tag: Tag, act: Act) -> Self {
        Self::Act(tag, Box::new(act))
    }
}

/// What came of something that a screen wanted, told under its tag.
#[derive(Debug)]
pub enum Told {
    /// A request is under way and has come so far.
    Stage(Stage),
    /// A job tells how far it is.
    Sign(Sign),
    /// The closing event. Never a refusal or a failure: these are [`Told::Trouble`].
    Answer(Box<DeskEvent>),
    /// What a job came to.
    Outcome(Box<Outcome>),
    /// It was not done. `code` is `cancelled` when the operator gave it up.
    Trouble(Trouble),
    /// The dialog was answered with yes.
    Confirmed,
    /// The reason that was given, not empty.
    Reason(String),
    /// The dialog was left.
    Dismissed,
}

/// What a screen made of a command.
#[derive(Debug)]
pub enum Reaction {
    /// It was for the screen, and these follow.
    Do(Vec<Action>),
    /// It was not: the frame does what it does everywhere ([`Cmd::Back`] goes one back).
    Pass,
}

impl Reaction {
    /// It was for the screen, and nothing follows.
    #[must_use]
    pub const fn done() -> Self {
        Self::Do(Vec::new())
    }

    /// One thing follows.
    #[must_use]
    pub fn one(action: Action) -> Self {
        Self::Do(vec![action])
    }

    /// Done if `handled`.
    #[must_use]
    pub const fn of(handled: bool) -> Self {
        if handled { Self::done() } else { Self::Pass }
    }
}

/// Rows of a screen, for a file.
pub struct Sheet {
    /// Column heads.
    pub head: Vec<String>,
    /// The rows that the filter leaves.
    pub rows: Rows,
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sheet({} columns)", self.head.len())
    }
}

/// One view of the desk. See the module.
pub trait Screen {
    /// It is shown, for the first time or again, also after the screen was locked: what was typed stays. Ask here for what it shows.
    fn open(&mut self, cx: &Cx<'_>, target: Option<Target>) -> Vec<Action>;

    /// The operator wants something.
    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction;

    /// Something that it wanted has come to something. Also told while another screen is shown.
    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action>;

    /// Draws it into `cx.body`.
    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>);

    /// Ids of the commands that make sense now, the likeliest first: frame's and own. The bottom bar shows what fits.
    fn offers(&self, cx: &Cx<'_>) -> Vec<&'static str>;

    /// When [`Screen::tick`] wants to be called. Nothing wakes the desk otherwise.
    fn deadline(&self) -> Option<Moment> {
        None
    }

    /// The deadline has come.
    fn tick(&mut self, _cx: &Cx<'_>) -> Vec<Action> {
        Vec::new()
    }

    /// Whether keys are typed into a text: then letters come as [`Cmd::Edit`].
    fn typing(&self) -> bool {
        false
    }

    /// Whether leaving would lose something that was typed.
    fn dirty(&self) -> bool {
        false
    }

    /// Where one is within the screen, after its name.
    fn crumbs(&self, _words: Words) -> Vec<Shown> {
        Vec::new()
    }

    /// What [`Cmd::Copy`] copies.
    fn copy(&self, _cx: &Cx<'_>) -> Option<Shown> {
        None
    }

    /// What [`Cmd::Evidence`] takes evidence of: the number that is copied, if there can be evidence of such.
    fn evidence(&self, cx: &Cx<'_>) -> Option<EvidenceAbout> {
        self.copy(cx).and_then(|number| number.as_str().parse().ok())
    }

    /// What [`Cmd::Export`] writes: the rows that the filter leaves.
    fn sheet(&self, _cx: &Cx<'_>) -> Option<Sheet> {
        None
    }

    /// What was revealed is hidden again: the screen locks, or somebody else logs in.
    fn hide(&mut self) {}
}

/// For how long something revealed stays visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Veil(Option<Moment>);

impl Veil {
    /// Lifted from `at` on, for [`REVEALED_MS`].
    #[must_use]
    pub const fn lifted(at: Moment) -> Self {
        Self(Some(at.saturating_add(REVEALED_MS)))
    }

    /// Whether it is lifted at `at`.
    #[must_use]
    pub fn is_lifted(self, at: Moment) -> bool {
        self.0.is_some_and(|until| at < until)
    }

    /// When it falls: a screen's deadline.
    #[must_use]
    pub const fn falls(self) -> Option<Moment> {
        self.0
    }
}
