//! The newest lines of the log, kept in memory for who looks at them from the desk. At most [`LINES_MAX`] lines of [`TEXT_MAX_CHARS`]
//! characters: however much is logged, this does not grow.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anju_core::desk::{LogLine, LogPage, MAX_LOG_PAGE};
use anju_core::facts::text::is_hostile;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::engine::machine_clock;

/// Lines that are kept.
pub const LINES_MAX: usize = MAX_LOG_PAGE;
/// Longest text of a line, in characters. What is longer ends in three dots.
pub const TEXT_MAX_CHARS: usize = 400;

/// See the module. Clones share the lines.
#[derive(Debug, Clone, Default)]
pub struct LogRing(Arc<Mutex<Ring>>);

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    seq: u64,
}

impl LogRing {
    /// Keeps a line.
    fn keep(&self, level: &str, source: &str, text: String) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.seq += 1;
        let seq = ring.seq;
        if ring.lines.len() >= LINES_MAX {
            ring.lines.pop_front();
        }
        let (level, source) = (level.to_ascii_lowercase(), source.to_owned());
        ring.lines.push_back(LogLine { seq, at: machine_clock(), level, source, text });
    }

    /// The newest lines after `after`, oldest first, at most `limit`.
    #[must_use]
    pub fn page(&self, after: Option<u64>, limit: usize) -> LogPage {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever saw lines of an earlier run of this peer begins anew.
        let after = after.filter(|after| *after <= ring.seq);
        let newer = ring.seq - after.unwrap_or_else(|| ring.seq - ring.lines.len() as u64);
        let told = usize::try_from(newer).unwrap_or(usize::MAX).min(limit).min(ring.lines.len());
        let lines = ring.lines.iter().skip(ring.lines.len() - told).cloned().collect();
        LogPage { lines, lost: newer - told as u64 }
    }
}

impl<S: Subscriber> Layer<S> for LogRing {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let meta = event.metadata();
        self.keep(meta.level().as_str(), meta.target(), text.done());
    }
}

/// The message, then the fields as `name=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string does not fail.
        let _ =
            if field.name() == "message" { write!(self.message, "{value:?}") } else { write!(self.fields, " {}={value:?}", field.name()) };
    }
}

impl Text {
    fn done(self) -> String {
        let whole = self.message + &self.fields;
        let mut clean = whole.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).filter(|c| !is_hostile(*c));
        let mut text: String = clean.by_ref().take(TEXT_MAX_CHARS).collect();
        if clean.next().is_some() {
            text.push_str("...");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn only_the_newest_lines_are_kept_and_each_is_told_once() {
        let ring = LogRing::default();
        assert_eq!(ring.page(None, 10), LogPage::default());
        for i in 0..LINES_MAX + 20 {
            ring.keep("INFO", "test", format!("line {i}"));
        }
        let all = ring.page(None, MAX_LOG_PAGE);
        assert_eq!((all.lines.len(), all.lines[0].text.as_str(), all.lost), (LINES_MAX, "line 20", 0));
        let seen = all.lines.last().unwrap().seq;
        assert_eq!(ring.page(Some(seen), MAX_LOG_PAGE), LogPage::default());
        ring.keep("WARN", "test", "one more".to_owned());
        let next = ring.page(Some(seen), MAX_LOG_PAGE);
        assert_eq!((next.lines.len(), next.lines[0].level.as_str(), next.lost), (1, "warn", 0));
        let cut = ring.page(Some(seen - 9), 4);
        assert_eq!((cut.lines.len(), cut.lines[3].text.as_str(), cut.lost), (4, "one more", 6));
        assert_eq!(ring.page(Some(1), MAX_LOG_PAGE).lost, 20, "those are gone");
        assert_eq!(ring.page(Some(u64::MAX), 3).lines.len(), 3, "a peer that was started anew");
    }

    #[test]
    fn a_line_has_its_fields_no_control_character_and_an_end() {
        let ring = LogRing::default();
        let subscriber = tracing_subscriber::registry().with(ring.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(station = "\u{1b}[2Jabc\u{202e}", count = 3, "first\nsecond");
            tracing::info!("{}", "x".repeat(100_000));
        });
        let page = ring.page(None, 10);
        assert_eq!(page.lines[0].text, "first second station=[2Jabc count=3");
        assert!(page.lines[0].source.contains("daemon::log"));
        assert_eq!(page.lines[1].text.chars().count(), TEXT_MAX_CHARS + 3);
    }
}
