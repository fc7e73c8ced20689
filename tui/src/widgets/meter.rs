//! Something goes on: a sign that turns after a while, and a bar.

use crate::door::{Phase, Progress};
use crate::screen::Moment;
use crate::shown::Shown;
use crate::words::Words;

/// What is answered sooner shows no spinner: it would only flicker.
pub const SPINNER_AFTER_MS: u64 = 150;
/// Milliseconds between two pictures of the spinner.
pub const SPINNER_STEP_MS: u64 = 120;
const PICTURES: [&str; 4] = ["|", "/", "-", "\\"];
const MIB: u64 = 1 << 20;

/// The spinner of something that began at `since`, if it has taken long enough to be told.
#[must_use]
pub fn spinner(since: Moment, at: Moment) -> Option<Shown> {
    let past = at.saturating_sub(since);
    let picture = usize::try_from(past / SPINNER_STEP_MS).unwrap_or(0) % PICTURES.len();
    (past >= SPINNER_AFTER_MS).then(|| Shown::new(PICTURES[picture]))
}

/// When the spinner of something that began at `since` has its next picture.
#[must_use]
pub const fn next_picture(since: Moment, at: Moment) -> Moment {
    if at < since + SPINNER_AFTER_MS {
        return since + SPINNER_AFTER_MS;
    }
    since + ((at - since) / SPINNER_STEP_MS + 1) * SPINNER_STEP_MS
}

/// A bar of `columns`: `[####......]`.
#[must_use]
pub fn bar(done: u64, of: u64, columns: usize) -> Shown {
    let inner = columns.saturating_sub(2);
    let share = u128::from(done.min(of)) * inner as u128 / u128::from(of.max(1));
    let full = usize::try_from(share).unwrap_or(inner);
    Shown::new(&format!("[{}{}]", "#".repeat(full), ".".repeat(inner - full)))
}

/// How far a job is, in words.
#[must_use]
pub fn progress(words: Words, progress: Progress) -> Shown {
    let phase = words.code("phase", progress.phase.code());
    let unit = if matches!(progress.phase, Phase::Reading | Phase::Copying) && progress.of.is_none_or(|of| of > MIB) { MIB } else { 1 };
    let done = (progress.done / unit).to_string();
    let mut text = match progress.of {
        Some(of) => words.fill("progress.of", &[("phase", phase.as_str()), ("done", &done), ("of", &(of / unit).to_string())]),
        None => words.fill("progress.done", &[("phase", phase.as_str()), ("done", &done)]),
    };
    if progress.rejected > 0 {
        text = text.and(&words.fill("progress.rejected", &[("count", &progress.rejected.to_string())]));
    }
    text
}
