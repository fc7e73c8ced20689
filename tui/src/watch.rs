//! How a job in a worker thread tells how far it is, and learns that nobody wants it any more.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::door::{Progress, REJECTS_SHOWN_MAX, Rejected, Trouble};

/// Progress is told at most this often: a person sees no more, and the channel is for keys.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What a job tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// How far it is.
    Progress(Progress),
    /// A row it did not take.
    Rejected(Rejected),
}

/// Handed to a job. Progress is thinned out here, so that a job may tell it for every row.
pub struct Watch {
    cancelled: Arc<AtomicBool>,
    tell: Box<dyn Fn(Sign) + Send>,
    state: std::cell::Cell<(Option<Instant>, usize)>,
}

impl Watch {
    /// A watch that passes what it is told to `tell`.
    #[must_use]
    pub fn new(cancelled: Arc<AtomicBool>, tell: impl Fn(Sign) + Send + 'static) -> Self {
        Self { cancelled, tell: Box::new(tell), state: std::cell::Cell::new((None, 0)) }
    }

    /// Whether the job shall stop: leave no half-written file and return [`Watch::stopped`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The trouble of a job that was cancelled.
    #[must_use]
    pub fn stopped() -> Trouble {
        Trouble::failed("cancelled")
    }

    /// Tells how far the job is. Cheap; may be called for every row.
    pub fn progress(&self, progress: Progress) {
        let (last, rejects) = self.state.get();
        let now = Instant::now();
        if last.is_none_or(|last| now.duration_since(last) >= PROGRESS_EVERY) {
            self.state.set((Some(now), rejects));
            (self.tell)(Sign::Progress(progress));
        }
    }

    /// Tells of a row that was not taken; only the first [`REJECTS_SHOWN_MAX`] are passed on.
    pub fn rejected(&self, row: Rejected) {
        let (last, rejects) = self.state.get();
        self.state.set((last, rejects.saturating_add(1)));
        if rejects < REJECTS_SHOWN_MAX {
            (self.tell)(Sign::Rejected(row));
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch(..)")
    }
}
