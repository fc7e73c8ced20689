//! The desk's state and what events do to it. Pure: time and chance come in with each event, effects go out as data, drawing takes
//! `&self`. What must never be here: what a screen shows, a call of the door.

mod act;
mod alarm;
mod draw;
mod jobs;
mod over;
mod palette;
mod route;

use std::collections::BTreeMap;

use anju_core::desk::EvidenceAbout;
use anju_core::listing::catalogue::Catalogue;
use anju_core::names::RequestId;
use anju_core::time::Time;
use ratatui::layout::Rect;

use crate::cmd::{Cmd, Edit, Move};
use crate::dialog::Dialog;
use crate::door::{Trouble, Who};
use crate::event::{Effect, Event, LoggedIn, Mouse};
use crate::keys::KeyPress;
use crate::screen::{Cx, Entry, Moment, Screen, ScreenId, Sheet, Tag, Target, Told};
use crate::screens::login::{Knock, Login};
use crate::settings::Settings;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::meter;
use crate::words::Words;
use jobs::{JobState, Jobs, Owner};
use over::Over;
pub(crate) use over::leave_question;

/// The smallest terminal that everything fits into.
pub const MIN_COLUMNS: u16 = 80;
/// See [`MIN_COLUMNS`].
pub const MIN_ROWS: u16 = 24;
/// How long a message stays in the status line.
const TOAST_MS: u64 = 6_000;
/// How often the clock in the bar is drawn anew.
const CLOCK_MS: u64 = 60_000;
/// Most views that Esc goes back through.
const PATH_MAX: usize = 32;

/// What is known of the world when something happens.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The loop's clock.
    pub at: Moment,
    /// The machine's clock.
    pub time: Time,
    /// A request id that nobody has used.
    pub fresh: RequestId,
}

/// Who asked what a dialog answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Screen(ScreenId, Tag),
    Quit,
    Leave(Leaving),
    Export,
    Nobody,
}

/// What goes into a file once somebody has said into which.
#[derive(Debug)]
enum Saving {
    Sheet(Sheet),
    Evidence(EvidenceAbout),
}

/// Where one would go and lose what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    Back,
    To(ScreenId),
}

/// The desk.
pub struct App {
    words: Words,
    settings: Settings,
    entries: &'static [Entry],
    /// Whose desk it is, for the gate: the data folder or socket.
    place: Shown,
    size: (u16, u16),
    gate: Login,
    who: Option<Who>,
    catalogue: Catalogue,
    locked: bool,
    screens: BTreeMap<ScreenId, Box<dyn Screen>>,
    path: Vec<ScreenId>,
    jobs: Jobs,
    dialog: Option<(Asker, Dialog)>,
    over: Option<Over>,
    toast: Option<(Tone, Shown, Moment)>,
    saving: Option<Saving>,
    alarm: alarm::Watch,
    touched: Moment,
    drawn: Moment,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({:?})", self.path)
    }
}

impl App {
    /// A desk at whose gate nobody stands yet.
    #[must_use]
    pub fn new(words: Words, settings: Settings, entries: &'static [Entry], place: &str, size: (u16, u16)) -> Self {
        Self {
            words,
            settings,
            entries,
            place: Shown::new(place),
            size,
            gate: Login::new(words),
            who: None,
            catalogue: Catalogue::default(),
            locked: false,
            screens: BTreeMap::new(),
            path: Vec::new(),
            jobs: Jobs::default(),
            dialog: None,
            over: None,
            toast: None,
            saving: None,
            alarm: alarm::Watch::default(),
            touched: 0,
            drawn: 0,
        }
    }

    /// Says something in the status line.
    pub fn toast(&mut self, tone: Tone, text: Shown, at: Moment) {
        self.toast = Some((tone, text, at + TOAST_MS));
    }

    /// How tones are painted.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Something happened. What follows outside is returned, in order.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let mut out = Vec::new();
        self.drawn = now.at;
        match event {
            Event::Key(key) => self.key(key, now, &mut out),
            Event::Mouse(mouse) => self.mouse(mouse, now, &mut out),
            Event::Paste(text) => {
                self.touched = now.at;
                if self.typing() {
                    self.command(&Cmd::Edit(Edit::Paste(text)), now, &mut out);
                }
            }
            Event::Resize(columns, rows) => self.size = (columns, rows),
            Event::Tick => self.tick(now, &mut out),
            Event::Job(id, told) => self.told(id, told, now, &mut out),
            Event::LoggedIn(id, result) => {
                if self.jobs.of(Owner::Gate).is_some_and(|job| job.id == id) {
                    self.jobs.end(id, JobState::Done);
                    self.logged_in(result, now, &mut out);
                }
            }
            Event::Gone => out.push(Effect::Quit),
        }
        out
    }

    /// When the desk must wake although nothing happens; never, while nothing moves and nobody is logged in.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let toast = self.toast.as_ref().map(|(_, _, until)| *until);
        if self.who.is_none() || self.locked {
            let spinner = self.gate.waits_since().map(|since| meter::next_picture(since, self.drawn));
            return [toast, spinner].into_iter().flatten().min();
        }
        let lock = Some(self.touched + self.settings.lock_after_ms);
        let clock = Some(self.drawn + CLOCK_MS);
        let moving = self.jobs.wanted().filter(|job| job.long || self.is_here(job.owner)).map(|job| job.since).min();
        let spinner = moving.map(|since| meter::next_picture(since, self.drawn));
        let screen = self.here().and_then(|screen| screen.deadline());
        [toast, lock, clock, spinner, screen, Some(self.alarm.next())].into_iter().flatten().min()
    }

    fn key(&mut self, key: KeyPress, now: Now, out: &mut Vec<Effect>) {
        self.touched = now.at;
        let own = self.entry().map_or(&[][..], |entry| entry.commands);
        let plain = self.dialog.is_some() || self.over.is_some() || self.at_gate();
        let own = if plain { &[][..] } else { own };
        if let Some(cmd) = self.settings.keys.command(key, own, self.typing()) {
            self.command(&cmd, now, out);
        }
    }

    fn mouse(&mut self, mouse: Mouse, now: Now, out: &mut Vec<Effect>) {
        self.touched = now.at;
        let cmd = match mouse {
            Mouse::Press(column, row) => Cmd::Click { column, row },
            Mouse::WheelUp => Cmd::Move(Move::Up),
            Mouse::WheelDown => Cmd::Move(Move::Down),
        };
        self.command(&cmd, now, out);
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.toast.as_ref().is_some_and(|(_, _, until)| *until <= now.at) {
            self.toast = None;
        }
        if self.at_gate() {
            return;
        }
        if self.touched + self.settings.lock_after_ms <= now.at {
            return self.lock(out);
        }
        if self.alarm.next() <= now.at {
            self.ask_for_alarms(now, out);
        }
        if self.here().and_then(|screen| screen.deadline()).is_some_and(|at| at <= now.at)
            && let Some(id) = self.here_id()
        {
            let actions = self.with_screen(id, now, |screen, cx| screen.tick(cx)).unwrap_or_default();
            self.act(id, actions, now, out);
        }
    }

    fn at_gate(&self) -> bool {
        self.who.is_none() || self.locked
    }

    fn typing(&self) -> bool {
        if self.at_gate() {
            return self.dialog.is_none();
        }
        match (&self.dialog, &self.over) {
            (Some((_, dialog)), _) => dialog.typing(),
            (None, Some(over)) => over.typing(),
            (None, None) => self.here().is_some_and(Screen::typing),
        }
    }

    fn lock(&mut self, out: &mut Vec<Effect>) {
        let Some(who) = &self.who else { return };
        self.locked = true;
        (self.dialog, self.over, self.saving) = (None, None, None);
        self.gate.lock(&who.name, Shown::new(&who.display));
        self.screens.values_mut().for_each(|screen| screen.hide());
        out.push(Effect::Forget);
    }

    fn logged_in(&mut self, result: Result<LoggedIn, Trouble>, now: Now, out: &mut Vec<Effect>) {
        let LoggedIn { who, catalogue, .. } = match result {
            Ok(logged_in) => logged_in,
            Err(trouble) => return self.gate.refused(trouble),
        };
        self.catalogue = catalogue;
        let same = self.who.as_ref() == Some(&who);
        self.locked = false;
        self.touched = now.at;
        self.gate = Login::new(self.words);
        if !same {
            // Nothing of one person's desk stays for the next.
            out.extend(self.jobs.clear().into_iter().map(Effect::Cancel));
            self.screens.clear();
            self.path.clear();
            (self.dialog, self.over, self.saving) = (None, None, None);
            self.who = Some(who);
            self.alarm = alarm::Watch::default();
            let first = self.allowed().next().map(|entry| entry.id);
            if let Some(first) = first {
                self.go(first, None, now, out);
            }
        } else if let Some(id) = self.here_id() {
            let actions = self.with_screen(id, now, |screen, cx| screen.open(cx, None)).unwrap_or_default();
            self.act(id, actions, now, out);
        }
        self.ask_for_alarms(now, out);
    }

    fn at_the_gate(&mut self, cmd: &Cmd, now: Now, out: &mut Vec<Effect>) {
        match self.gate.on(self.words, cmd) {
            Knock::Wait => {}
            Knock::Leave => self.ask_to_quit(),
            Knock::Enter(name, secret) => {
                let title = self.words.say("login.title");
                let id = self.jobs.begin(Owner::Gate, jobs::Weight::Reads, title, false, now.at);
                self.gate.knocked(now.at);
                out.push(Effect::Run(id, crate::event::Task::LogIn(name, secret)));
            }
        }
    }

    /// Views that the role of who is logged in may see.
    fn allowed(&self) -> impl Iterator<Item = &'static Entry> + use<'_> {
        let role = self.who.as_ref().map(|who| who.role);
        self.entries.iter().filter(move |entry| role.is_some_and(|role| entry.roles.contains(&role)))
    }

    fn here_id(&self) -> Option<ScreenId> {
        self.path.last().copied()
    }

    fn here(&self) -> Option<&dyn Screen> {
        self.here_id().and_then(|id| self.screens.get(id)).map(|screen| &**screen)
    }

    fn entry(&self) -> Option<&'static Entry> {
        let here = self.here_id()?;
        self.entries.iter().find(|entry| entry.id == here)
    }

    fn is_here(&self, owner: Owner) -> bool {
        match owner {
            Owner::Screen(id, _) => self.here_id() == Some(id),
            Owner::Export | Owner::Gate => true,
            Owner::Alarm => false,
        }
    }

    /// Lets a screen change itself; it is taken out for that, so that it may look at everything around it.
    fn with_screen<T>(&mut self, id: ScreenId, now: Now, change: impl FnOnce(&mut dyn Screen, &Cx<'_>) -> T) -> Option<T> {
        let (id, mut screen) = self.screens.remove_entry(id)?;
        let changed = self.cx(now).map(|cx| change(&mut *screen, &cx));
        self.screens.insert(id, screen);
        changed
    }

    fn cx(&self, now: Now) -> Option<Cx<'_>> {
        let who = self.who.as_ref()?;
        let Now { at, time, fresh } = now;
        let (keys, blocks) = (&self.settings.keys, self.settings.blocks);
        Some(Cx { words: self.words, who, catalogue: &self.catalogue, now: time, at, fresh, body: self.body(), keys, blocks })
    }

    /// Where the screen is: without two bars above, the alarm while there is one, and two lines below.
    fn body(&self) -> Rect {
        let above = 2 + self.alarm.rows();
        Rect { x: 0, y: above, width: self.size.0, height: self.size.1.saturating_sub(above + 2) }
    }

    /// Opens a view; the way back is kept.
    fn go(&mut self, to: ScreenId, target: Option<Target>, now: Now, out: &mut Vec<Effect>) {
        let Some(entry) = self.allowed().find(|entry| entry.id == to) else {
            let text = self.words.fill("frame.no-view", &[("view", to)]);
            return self.toast(Tone::Warn, text, now.at);
        };
        self.over = None;
        if self.here_id() != Some(entry.id) {
            self.path.push(entry.id);
            if self.path.len() > PATH_MAX {
                self.path.remove(0);
            }
        }
        self.screens.entry(entry.id).or_insert_with(entry.make);
        let actions = self.with_screen(entry.id, now, |screen, cx| screen.open(cx, target)).unwrap_or_default();
        self.act(entry.id, actions, now, out);
    }

    fn leave(&mut self, to: Leaving, now: Now, out: &mut Vec<Effect>) {
        match to {
            Leaving::To(view) => self.go(view, None, now, out),
            Leaving::Back if self.path.len() > 1 => {
                self.path.pop();
                if let Some(id) = self.here_id() {
                    let actions = self.with_screen(id, now, |screen, cx| screen.open(cx, None)).unwrap_or_default();
                    self.act(id, actions, now, out);
                }
            }
            Leaving::Back => {}
        }
    }

    /// Leaves the screen, after asking when something typed would be lost.
    fn try_leave(&mut self, to: Leaving, now: Now, out: &mut Vec<Effect>) {
        if self.here().is_some_and(Screen::dirty) {
            self.dialog = Some((Asker::Leave(to), Dialog::danger(over::leave_question(self.words))));
        } else {
            self.leave(to, now, out);
        }
    }

    fn ask_to_quit(&mut self) {
        let running = self.jobs.wanted().filter(|job| job.long).count();
        self.dialog = Some((Asker::Quit, Dialog::danger(over::quit_question(self.words, running))));
    }

    fn tell(&mut self, owner: Owner, told: Told, now: Now, out: &mut Vec<Effect>) {
        match owner {
            Owner::Screen(id, tag) => {
                let actions = self.with_screen(id, now, |screen, cx| screen.told(cx, tag, told)).unwrap_or_default();
                self.act(id, actions, now, out);
            }
            Owner::Export => match told {
                Told::Outcome(outcome) => {
                    if let crate::door::Outcome::Written { path, rows } = *outcome {
                        let values = [("rows", rows.to_string()), ("path", path.display().to_string())];
                        let text = self.words.fill("frame.exported", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
                        self.toast(Tone::Good, text, now.at);
                    }
                }
                Told::Trouble(trouble) => self.show_trouble(trouble),
                Told::Stage(_) | Told::Sign(_) | Told::Answer(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
            },
            Owner::Alarm => self.told_of_alarms(told),
            Owner::Gate => {
                if let Told::Trouble(trouble) = told {
                    self.gate.refused(trouble);
                }
            }
        }
    }

    fn show_trouble(&mut self, trouble: Trouble) {
        if self.dialog.is_none() && !self.at_gate() {
            self.dialog = Some((Asker::Nobody, Dialog::Trouble(Box::new(trouble))));
        }
    }
}
