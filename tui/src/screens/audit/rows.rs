//! A row of the audit log: in the table, in a file, and with everything it says.

use anju_core::desk::AuditLine;
use anju_core::time::Time;

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::widgets::list::{Column, Row};
use crate::words::Words;

pub(super) const COLUMNS: &[Column] = &[
    Column { word: "audit.column-at", min: 16, grow: 0 },
    Column { word: "audit.column-operator", min: 10, grow: 1 },
    Column { word: "audit.column-action", min: 8, grow: 0 },
    Column { word: "audit.column-about", min: 18, grow: 2 },
    Column { word: "audit.column-outcome", min: 10, grow: 1 },
    Column { word: "audit.column-matter", min: 4, grow: 1 },
    Column { word: "audit.column-business", min: 0, grow: 1 },
    Column { word: "audit.column-basis", min: 0, grow: 1 },
];

pub(super) struct Entry(pub(super) AuditLine);

/// Outcomes of what was carried out, was answered again, or was asked of the source; anything else is a verdict or a refusal.
pub(super) const DONE: [&str; 3] = ["done", "again", "asked"];

/// What came of it, in words.
pub(super) fn outcome(words: Words, code: &str) -> (Tone, Shown) {
    let said = if DONE.contains(&code) { Some(words.code("audit", code)) } else { words.find(&format!("verdict.{code}")) };
    match said {
        Some(verdict) => (Tone::Plain, verdict),
        None => (Tone::Warn, words.code("refusal", &format!("{code}.what"))),
    }
}

pub(super) fn action(words: Words, code: &str) -> Shown {
    words.find(&format!("audit-action.{code}")).unwrap_or_else(|| Shown::new(code))
}

fn who(words: Words, row: &AuditLine) -> Shown {
    row.operator.as_ref().map_or_else(|| words.say("audit.nobody"), Shown::of)
}

fn or_dash(text: Option<&String>) -> Shown {
    text.map_or_else(|| Shown::new("-"), |text| Shown::new(text))
}

impl Row for Entry {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let row = &self.0;
        let at = row.at.legal_text();
        vec![
            (Tone::Plain, Shown::new(at.get(..16).unwrap_or(&at))),
            (Tone::Plain, who(words, row)),
            (Tone::Plain, action(words, &row.action)),
            (Tone::Plain, Shown::new(&row.about)),
            outcome(words, &row.outcome),
            (Tone::Plain, or_dash(row.matter.as_ref())),
            (Tone::Plain, or_dash(row.business_no.as_ref())),
            (Tone::Plain, or_dash(row.legal_basis.as_ref())),
        ]
    }

    fn key(&self) -> String {
        self.0.seq.to_string()
    }

    fn record(&self, words: Words, now: Time) -> Vec<String> {
        let mut cells: Vec<String> = self.cells(words, now).iter().map(|(_, text)| text.to_string()).collect();
        if let Some(at) = cells.first_mut() {
            *at = self.0.at.legal_text();
        }
        cells
    }
}

/// Everything that a row says.
pub(super) fn lines(words: Words, row: &AuditLine) -> Vec<Line> {
    let (tone, outcome) = outcome(words, &row.outcome);
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    vec![
        field("audit.column-seq", Shown::of(row.seq)),
        field("audit.column-at", Shown::new(&row.at.legal_text())),
        field("audit.column-operator", who(words, row)),
        field("audit.column-action", action(words, &row.action)),
        field("audit.column-about", Shown::new(&row.about)),
        Line::Field { label: words.say("audit.column-outcome"), value: outcome, tone },
        field("audit.column-matter", or_dash(row.matter.as_ref())),
        field("audit.column-business", or_dash(row.business_no.as_ref())),
        field("audit.column-basis", or_dash(row.legal_basis.as_ref())),
        field("audit.request", Shown::of(row.request)),
    ]
}
