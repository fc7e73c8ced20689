//! How far long work is, on standard error, for as long as a person looks at it. It leaves no trace when the work is done.

use std::cell::OnceCell;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::ProgressBar;

use super::out::Ctx;

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(150);

/// One line that is written over, from the first word on; nothing at all when a program reads or standard error is no terminal.
pub(super) struct Meter {
    looked_at: bool,
    bar: OnceCell<ProgressBar>,
}

impl Meter {
    pub(super) fn new(ctx: Ctx) -> Self {
        Self { looked_at: !ctx.json && io::stderr().is_terminal(), bar: OnceCell::new() }
    }

    /// A meter for a command that prints its results meanwhile: only when they go elsewhere.
    pub(super) fn beside_output(ctx: Ctx) -> Self {
        if io::stdout().is_terminal() { Self { looked_at: false, bar: OnceCell::new() } } else { Self::new(ctx) }
    }

    /// Says where the work stands.
    pub(super) fn tell(&self, text: impl FnOnce() -> String) {
        if !self.looked_at {
            return;
        }
        let begin = || {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(TURN);
            bar
        };
        self.bar.get_or_init(begin).set_message(text());
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
