//! Who looks on while long work is done: the meter of a command, the job list of the desk. The work tells how far it is and asks whether
//! it is still wanted; what is shown of that, and where, is not its business.

use std::ops::ControlFlow;

pub(super) use anju_tui::door::{Phase, Progress, Rejected};

use super::failure::{Code, Failure};
use super::meter::Meter;

/// See the module.
pub(super) trait Onlooker {
    /// How far the work is. Cheap: told for every row.
    fn progress(&self, progress: Progress);

    /// A row that was not taken.
    fn rejected(&self, row: Rejected);

    /// Whether nobody wants the work any more.
    fn is_cancelled(&self) -> bool;
}

impl dyn Onlooker + '_ {
    /// [`Code::Interrupted`] when nobody wants the work any more.
    pub(super) fn go_on(&self) -> Result<(), Failure> {
        if self.is_cancelled() { Err(Code::Interrupted.into()) } else { Ok(()) }
    }

    /// For reading a file: tells how much of it was read, and whether to read on.
    pub(super) fn read(&self, done: u64) -> ControlFlow<()> {
        self.progress(Progress { phase: Phase::Reading, done, ..Progress::default() });
        if self.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A command's meter with its words. A command is cancelled by ending it.
pub(super) struct Looking<F> {
    meter: Meter,
    words: F,
}

impl<F: Fn(Progress) -> String> Looking<F> {
    /// `words` say where the work stands.
    pub(super) const fn new(meter: Meter, words: F) -> Self {
        Self { meter, words }
    }
}

impl<F: Fn(Progress) -> String> Onlooker for Looking<F> {
    fn progress(&self, progress: Progress) {
        self.meter.tell(|| (self.words)(progress));
    }

    fn rejected(&self, _row: Rejected) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}
