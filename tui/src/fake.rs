//! A peer that is none, and a desk without a terminal: for tests of screens, snapshots and benchmarks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anju_core::desk::{Act, Event as DeskEvent, Request, Stage};
use anju_core::names::{CentreCode, FederationName, Malformed, RequestId};
use anju_core::operator::{OperatorName, Role};
use anju_core::time::Time;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::app::{App, Now};
use crate::door::{Door, Hand, Outcome, Secret, Trouble, Who, Work};
use crate::event::{Effect, Event, Task};
use crate::keys::KeyPress;
use crate::runner::Runner;
use crate::screen::{Entry, Moment};
use crate::settings::Settings;
use crate::watch::Watch;
use crate::words::Words;

/// The passphrase that opens every operator of a [`FakeDoor`].
pub const PASSPHRASE: &str = "correct horse";
/// When everything happens: 2026-11-21 12:00:00 in legal time.
pub const NOW: Time = Time(1_795_233_600_000);
/// Longest that [`Rehearsal::settle`] waits for a job.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was asked of a fake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Without a signature.
    Request(Request),
    /// With one.
    Act(Act),
    /// A long job, by its code.
    Work(&'static str),
}

type Answer = dyn Fn(&Asked) -> Result<DeskEvent, Trouble> + Send + Sync;
type Job = dyn Fn(Work, &Watch) -> Result<Outcome, Trouble> + Send + Sync;

struct Script {
    who: Who,
    answer: Box<Answer>,
    work: Box<Job>,
    asked: Mutex<VecDeque<Asked>>,
}

/// A door whose answers a test writes.
#[derive(Clone)]
pub struct FakeDoor(Arc<Script>);

impl fmt::Debug for FakeDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeDoor(..)")
    }
}

/// An operator of a fake's centre, `C46010`.
///
/// # Errors
/// When the name is none.
pub fn somebody(name: &str, display: &str, role: Role) -> Result<Who, Malformed> {
    Ok(Who {
        name: OperatorName::new(name)?,
        display: display.to_owned(),
        role,
        centre: CentreCode::new("C46010")?,
        federation: FederationName::new("demo")?,
    })
}

impl FakeDoor {
    /// A door for `who`, answering with `answer`.
    pub fn new(who: Who, answer: impl Fn(&Asked) -> Result<DeskEvent, Trouble> + Send + Sync + 'static) -> Self {
        let work = |_: Work, _: &Watch| Err(Trouble::failed("not-in-this-test"));
        Self(Arc::new(Script { who, answer: Box::new(answer), work: Box::new(work), asked: Mutex::default() }))
    }

    /// The same, with `work` for long jobs.
    pub fn with_work(
        who: Who,
        answer: impl Fn(&Asked) -> Result<DeskEvent, Trouble> + Send + Sync + 'static,
        work: impl Fn(Work, &Watch) -> Result<Outcome, Trouble> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Script { who, answer: Box::new(answer), work: Box::new(work), asked: Mutex::default() }))
    }

    /// What was asked since the last time, in order.
    #[allow(clippy::must_use_candidate, reason = "asking also forgets")]
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    fn answer(&self, asked: Asked) -> Result<DeskEvent, Trouble> {
        let answer = (self.0.answer)(&asked);
        self.note(asked);
        answer
    }

    fn note(&self, asked: Asked) {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner).push_back(asked);
    }
}

impl Door for FakeDoor {
    fn now(&self) -> Time {
        NOW
    }

    fn log_in(&self, name: &OperatorName, passphrase: &Secret) -> Result<Arc<dyn Hand>, Trouble> {
        if *name == self.0.who.name && passphrase.expose() == PASSPHRASE.as_bytes() {
            Ok(Arc::new(self.clone()))
        } else {
            Err(Trouble::failed("operator-passphrase-wrong").with("operator", name))
        }
    }

    fn ask(&self, request: &Request, _stage: &mut dyn FnMut(Stage)) -> Result<DeskEvent, Trouble> {
        self.answer(Asked::Request(request.clone()))
    }
}

impl Hand for FakeDoor {
    fn who(&self) -> Who {
        self.0.who.clone()
    }

    fn act(&self, act: &Act, stage: &mut dyn FnMut(Stage)) -> Result<DeskEvent, Trouble> {
        let answer = self.answer(Asked::Act(act.clone()));
        if matches!(act, Act::Query { .. }) {
            stage(Stage::Pulling);
            if answer.is_ok() {
                stage(Stage::Obtained);
                stage(Stage::Verified);
            }
        }
        answer
    }

    fn work(&self, work: Work, watch: &Watch) -> Result<Outcome, Trouble> {
        self.note(Asked::Work(work.code()));
        (self.0.work)(work, watch)
    }
}

/// A desk without a terminal: keys in, text out.
#[derive(Debug)]
pub struct Rehearsal {
    app: App,
    runner: Runner,
    events: Receiver<Event>,
    terminal: Terminal<TestBackend>,
    at: Moment,
    ids: u128,
    running: usize,
    held: bool,
    kept_back: usize,
    /// What the desk wanted of the terminal: copies, and whether it left.
    pub effects: Vec<Effect>,
}

impl Rehearsal {
    /// A desk of `columns` × `rows` in front of `door`, at its gate.
    #[must_use]
    pub fn new(door: &FakeDoor, words: Words, entries: &'static [Entry], columns: u16, rows: u16) -> Self {
        Self::with(door, words, Settings::new(entries, false), entries, columns, rows)
    }

    /// The same, with other settings.
    #[must_use]
    pub fn with(door: &FakeDoor, words: Words, settings: Settings, entries: &'static [Entry], columns: u16, rows: u16) -> Self {
        let (tell, events) = sync_channel(256);
        let app = App::new(words, settings, entries, "/srv/anju", (columns, rows));
        let runner = Runner::new(Arc::new(door.clone()), tell);
        let Ok(terminal) = Terminal::new(TestBackend::new(columns, rows));
        Self { app, runner, events, terminal, at: 0, ids: 0, running: 0, held: false, kept_back: 0, effects: Vec::new() }
    }

    fn now(&mut self) -> Now {
        self.ids += 1;
        Now { at: self.at, time: NOW.plus_ms(i64::try_from(self.at).unwrap_or(i64::MAX)), fresh: RequestId(self.ids.to_be_bytes()) }
    }

    /// Something happens; nothing is waited for.
    pub fn event(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(mut event) = events.pop() {
            if let Event::LoggedIn(..) = &event {
                self.running = self.running.saturating_sub(1);
            }
            if let Event::Job(_, told) = &event
                && !matches!(told, crate::screen::Told::Stage(_) | crate::screen::Told::Sign(_))
            {
                self.running = self.running.saturating_sub(1);
            }
            events.extend(self.runner.see(&mut event));
            let now = self.now();
            for effect in self.app.handle(event, now) {
                match effect {
                    Effect::Run(_, Task::Ask(_) | Task::Act(_) | Task::Work(_)) if self.held => self.kept_back += 1,
                    Effect::Run(job, task) => {
                        self.running += 1;
                        events.extend(self.runner.run(job, task));
                    }
                    Effect::Cancel(job) => self.running = self.running.saturating_sub(usize::from(self.runner.cancel(job))),
                    Effect::Forget => self.runner.forget(),
                    Effect::Clipboard(_) | Effect::Quit => self.effects.push(effect),
                }
            }
        }
    }

    /// From now on nothing but a log-in is answered: for what a screen shows while it waits.
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// How much was sent since [`Rehearsal::hold`], and is not answered.
    #[must_use]
    pub const fn kept_back(&self) -> usize {
        self.kept_back
    }

    /// Waits until every job has ended.
    pub fn settle(&mut self) {
        while self.running > 0 {
            let Ok(event) = self.events.recv_timeout(PATIENCE) else { return };
            self.event(event);
        }
    }

    /// Presses keys by their names, separated by blanks, and waits for what follows from each.
    pub fn keys(&mut self, names: &str) {
        for key in names.split_whitespace().filter_map(KeyPress::parse) {
            self.event(Event::Key(key));
            self.settle();
        }
    }

    /// Types a text, a key for each character.
    pub fn types(&mut self, text: &str) {
        for c in text.chars() {
            let name = if c == ' ' { "space".to_owned() } else { c.to_string() };
            if let Some(key) = KeyPress::parse(&name) {
                self.event(Event::Key(key));
            }
        }
    }

    /// Logs the fake's operator in.
    pub fn log_in(&mut self, name: &str) {
        self.types(name);
        self.keys("tab");
        self.types(PASSPHRASE);
        self.keys("enter");
    }

    /// Time passes; deadlines on the way are kept.
    pub fn pass(&mut self, ms: u64) {
        let until = self.at + ms;
        // A step that sets its own next deadline to now would never end; tests take as many as a person could watch.
        for _ in 0..10_000 {
            let Some(deadline) = self.app.deadline().filter(|at| *at <= until) else { break };
            self.at = self.at.max(deadline);
            self.event(Event::Tick);
            self.settle();
        }
        self.at = until;
    }

    /// The terminal has another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.backend_mut().resize(columns, rows);
        self.event(Event::Resize(columns, rows));
    }

    /// When the desk would wake by itself.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        self.app.deadline()
    }

    /// Draws.
    pub fn draw(&mut self) {
        let now = self.now();
        let Ok(_) = self.terminal.draw(|frame| {
            self.app.draw(now, frame);
        });
    }

    /// Draws, and returns what is on the terminal: a line per row without blanks at its end. Wide characters stand once.
    pub fn screen(&mut self) -> String {
        // A test backend keeps what stood under the second half of a wide character; a terminal does not.
        let Ok(()) = self.terminal.clear();
        self.draw();
        let buffer = self.terminal.backend().buffer();
        let mut out = String::new();
        for row in buffer.content.chunks(usize::from(buffer.area.width.max(1))) {
            let (mut line, mut skip) = (String::new(), 0);
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                skip = crate::shown::Shown::new(cell.symbol()).width().saturating_sub(1);
                line.push_str(cell.symbol());
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// Draws, and returns what every cell was given.
    #[must_use]
    pub fn cells(&mut self) -> Vec<String> {
        let _ = self.screen();
        self.terminal.backend().buffer().content.iter().map(|cell| cell.symbol().to_owned()).collect()
    }

    /// Where the cursor is, if it is shown.
    pub fn cursor(&mut self) -> Option<(u16, u16)> {
        let now = self.now();
        let mut seen = None;
        let Ok(_) = self.terminal.draw(|frame| seen = self.app.draw(now, frame));
        seen
    }
}
