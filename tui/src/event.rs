//! What happens to the desk, on one channel.

use std::sync::Arc;

use crate::door::{Hand, Secret, Who, Work};
use crate::keys::KeyPress;
use crate::screen::Told;
use anju_core::desk::{Act, Request};
use anju_core::listing::catalogue::Catalogue;
use anju_core::operator::OperatorName;

/// A job of the runner: one question to the peer or one piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyPress),
    /// The mouse did something.
    Mouse(Mouse),
    /// The terminal pasted a text.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// A deadline has come.
    Tick,
    /// A job tells something; [`Told`] closes it unless it is a stage or a sign.
    Job(JobId, Told),
    /// A log-in came to something.
    LoggedIn(JobId, Result<LoggedIn, crate::door::Trouble>),
    /// The terminal is gone: nobody can see or type any more.
    Gone,
}

/// What a log-in brings. The runner takes the hand out before the desk sees the rest.
pub struct LoggedIn {
    /// Who.
    pub who: Who,
    /// Their centre's catalogue.
    pub catalogue: Catalogue,
    pub(crate) hand: Option<Arc<dyn Hand>>,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoggedIn({})", self.who.name)
    }
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// Pressed at a column and row.
    Press(u16, u16),
    /// Turned up.
    WheelUp,
    /// Turned down.
    WheelDown,
}

/// What the runner is to do for a job.
#[derive(Debug)]
pub enum Task {
    /// Open an operator's key.
    LogIn(OperatorName, Secret),
    /// Ask the peer.
    Ask(Box<Request>),
    /// Sign and have carried out.
    Act(Box<Act>),
    /// A long job.
    Work(Work),
}

/// What the desk wants of the world outside, in order.
#[derive(Debug)]
pub enum Effect {
    /// Begin a job.
    Run(JobId, Task),
    /// Give a job up.
    Cancel(JobId),
    /// Wipe the open key: locked or logged out.
    Forget,
    /// Put a text into the clipboard of the operator's terminal.
    Clipboard(String),
    /// Leave.
    Quit,
}
