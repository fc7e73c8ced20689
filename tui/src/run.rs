//! The loop: one channel, one event at a time, then one drawing. And the terminal, which is given back whatever happens.

use std::io::{self, Write, stdout};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anju_core::names::RequestId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event as Raw, KeyEventKind, MouseButton, MouseEventKind};
use ratatui::crossterm::{cursor, execute, style, terminal};

use crate::app::{App, Now};
use crate::door::Door;
use crate::event::{Effect, Event, Mouse};
use crate::runner::{Runner, THREAD_NAME};
use crate::screen::Entry;
use crate::settings::Settings;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::words::Words;

/// Events that wait for the loop. Whoever tells more waits: keys in the terminal, jobs in their threads.
const CHANNEL_MAX: usize = 256;
/// Events that are handled before the next drawing, so that a burst does not draw each of its steps.
const BURST_MAX: usize = 64;
/// Longest text for the clipboard, in bytes: terminals refuse more.
const CLIPBOARD_MAX_BYTES: usize = 64 * 1024;
/// How long jobs that write files are waited for when one leaves.
const LEAVE_TIME: Duration = Duration::from_secs(3);

/// What the shell hands in.
pub struct Options {
    /// The language.
    pub words: Words,
    /// Looks and habits.
    pub settings: Settings,
    /// Why the settings that were asked for could not be followed, to be told.
    pub complaint: Option<crate::settings::SettingsError>,
    /// Whose desk it is, shown at the gate: the data folder or socket.
    pub place: String,
    /// The views; [`SCREENS`](crate::screens::SCREENS) but for tests.
    pub entries: &'static [Entry],
    /// Fresh request ids.
    pub fresh: Box<dyn FnMut() -> RequestId>,
    /// Called once when the desk stands, with what ends it from outside: a signal that asks the process to end, so that the terminal is
    /// given back also then.
    pub standing: Box<dyn FnOnce(Stop)>,
}

/// Ends a desk from another thread.
#[derive(Debug, Clone)]
pub struct Stop(SyncSender<Event>);

impl Stop {
    /// Ends it; nothing is asked. Waits while the desk is busy.
    pub fn now(&self) {
        // A desk that is gone needs no ending.
        let _ = self.0.send(Event::Gone);
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Options({})", self.place)
    }
}

/// Gives the terminal back when dropped.
#[derive(Debug)]
struct Guard {
    mouse: bool,
}

impl Guard {
    fn take(mouse: bool) -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // A panic of a job is caught and told; the screen goes on.
            if std::thread::current().name() != Some(THREAD_NAME) {
                give_back(true);
                before(info);
            }
        }));
        terminal::enable_raw_mode()?;
        let guard = Self { mouse };
        execute!(stdout(), terminal::EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
        if mouse {
            execute!(stdout(), event::EnableMouseCapture)?;
        }
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(self.mouse);
    }
}

fn give_back(mouse: bool) {
    if mouse {
        let _ = execute!(stdout(), event::DisableMouseCapture);
    }
    let _ = execute!(stdout(), event::DisableBracketedPaste, terminal::LeaveAlternateScreen, style::ResetColor, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// Runs the desk on this process's terminal until the operator leaves. Once in a process, and near its end: the thread that waits for keys
/// stays in the terminal until the process ends.
///
/// # Errors
/// When the terminal cannot be had or fails; it has been given back then.
pub fn run(door: Arc<dyn Door>, mut options: Options) -> io::Result<()> {
    let guard = Guard::take(options.settings.mouse)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let (tell, events) = sync_channel(CHANNEL_MAX);
    read_keys(tell.clone())?;
    let standing = std::mem::replace(&mut options.standing, Box::new(|_| ()));
    standing(Stop(tell.clone()));
    let result = go_on(door, options, &mut terminal, tell, &events);
    drop(guard);
    result
}

/// Keys come from a thread of their own, which sleeps in the terminal until there is one.
fn read_keys(tell: SyncSender<Event>) -> io::Result<()> {
    let read = move || {
        loop {
            let event = match event::read() {
                Ok(raw) => of_terminal(raw),
                Err(_) => Some(Event::Gone),
            };
            let over = matches!(event, Some(Event::Gone));
            if event.is_some_and(|event| tell.send(event).is_err()) || over {
                return;
            }
        }
    };
    std::thread::Builder::new().name("desk-keys".to_owned()).spawn(read).map(|_| ())
}

fn of_terminal(raw: Raw) -> Option<Event> {
    match raw {
        Raw::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key.into())),
        Raw::Paste(text) => Some(Event::Paste(text)),
        Raw::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
        Raw::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Event::Mouse(Mouse::Press(mouse.column, mouse.row))),
            MouseEventKind::ScrollUp => Some(Event::Mouse(Mouse::WheelUp)),
            MouseEventKind::ScrollDown => Some(Event::Mouse(Mouse::WheelDown)),
            _ => None,
        },
        Raw::Key(_) | Raw::FocusGained | Raw::FocusLost => None,
    }
}

type Screen = Terminal<CrosstermBackend<io::Stdout>>;

fn go_on(
    door: Arc<dyn Door>,
    mut options: Options,
    terminal: &mut Screen,
    tell: SyncSender<Event>,
    events: &Receiver<Event>,
) -> io::Result<()> {
    let began = Instant::now();
    let size = terminal.size()?;
    let mut app = App::new(options.words, options.settings, options.entries, &options.place, (size.width, size.height));
    if let Some(wrong) = &options.complaint {
        let what = options.words.code("settings", wrong.code);
        let values = [("line", wrong.line.to_string()), ("what", what.to_string()), ("detail", wrong.detail.clone())];
        let text = options.words.fill("settings.wrong", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        app.toast(Tone::Warn, text, 0);
    }
    let mut runner = Runner::new(Arc::clone(&door), tell);
    let mut now = |door: &dyn Door| Now {
        at: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        time: door.now(),
        fresh: (options.fresh)(),
    };
    loop {
        let moment = now(&*door);
        terminal.draw(|frame| {
            app.draw(moment, frame);
        })?;
        let mut next = wait(events, app.deadline(), moment.at);
        for _ in 0..BURST_MAX {
            let Some(event) = next.take() else { break };
            if turn(&mut app, &mut runner, event, &mut || now(&*door))? {
                runner.leave(events, LEAVE_TIME);
                return Ok(());
            }
            next = events.try_recv().ok();
        }
        // A burst that was longer goes on in the next round; what was taken out of the channel is not lost.
        if let Some(event) = next
            && turn(&mut app, &mut runner, event, &mut || now(&*door))?
        {
            runner.leave(events, LEAVE_TIME);
            return Ok(());
        }
    }
}

/// The next event, or a tick at the deadline. Without a deadline it sleeps until something happens.
fn wait(events: &Receiver<Event>, deadline: Option<u64>, at: u64) -> Option<Event> {
    let Some(deadline) = deadline else { return Some(events.recv().unwrap_or(Event::Gone)) };
    match events.recv_timeout(Duration::from_millis(deadline.saturating_sub(at))) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Timeout) => Some(Event::Tick),
        Err(RecvTimeoutError::Disconnected) => Some(Event::Gone),
    }
}

/// One event and what follows from it. Says whether that was the last.
fn turn(app: &mut App, runner: &mut Runner, event: Event, now: &mut dyn FnMut() -> Now) -> io::Result<bool> {
    let mut events = vec![event];
    while let Some(mut event) = events.pop() {
        events.extend(runner.see(&mut event));
        for effect in app.handle(event, now()) {
            match effect {
                Effect::Run(job, task) => events.extend(runner.run(job, task)),
                Effect::Cancel(job) => {
                    runner.cancel(job);
                }
                Effect::Forget => runner.forget(),
                Effect::Clipboard(text) => clipboard(&text)?,
                Effect::Quit => return Ok(true),
            }
        }
    }
    Ok(false)
}

/// OSC 52: the terminal puts the text into its own clipboard, also over SSH.
fn clipboard(text: &str) -> io::Result<()> {
    let text = Shown::new(text);
    let bytes = &text.as_str().as_bytes()[..text.as_str().len().min(CLIPBOARD_MAX_BYTES)];
    let mut out = stdout();
    write!(out, "\u{1b}]52;c;{}\u{7}", STANDARD.encode(bytes))?;
    out.flush()
}
