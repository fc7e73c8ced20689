//! Loans in tables: what waits for whom until when, and the ledger.

use anju_core::desk::{LEDGER_FIELDS, LEDGER_MOVES, LoanLine, LoanTask};
use anju_core::dossier::MAX_TRANSFERS;
use anju_core::names::CentreCode;
use anju_core::time::{DAY_MS, Time};

use crate::screens::dossiers::shown::{centre, label, state, value};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::list::{Column, Row};
use crate::words::Words;

/// A deadline is near when less is left.
const NEAR_MS: i64 = 3 * DAY_MS;

pub(super) const QUEUE_COLUMNS: &[Column] = &[
    Column { word: "loans.column-task", min: 10, grow: 1 },
    Column { word: "loans.column-by", min: 6, grow: 1 },
    Column { word: "loans.column-until", min: 16, grow: 1 },
    Column { word: "loans.column-certificate", min: 27, grow: 1 },
    Column { word: "loans.column-dossier", min: 11, grow: 1 },
    Column { word: "loans.column-state", min: 0, grow: 3 },
];

pub(super) const LEDGER_COLUMNS: &[Column] = &[
    Column { word: "loans.column-certificate", min: 27, grow: 0 },
    Column { word: "loans.column-lender", min: 6, grow: 0 },
    Column { word: "loans.column-state", min: 12, grow: 2 },
    Column { word: "loans.column-amount", min: 13, grow: 1 },
    Column { word: "loans.column-marked-on", min: 10, grow: 0 },
    Column { word: "loans.column-mark", min: 0, grow: 2 },
    Column { word: "loans.column-to", min: 0, grow: 1 },
];

/// Whose step it is, for the order of a queue: late before in time, ours before others', soon before later.
pub(in crate::screens) fn order(line: &LoanLine, own: &CentreCode) -> (bool, bool, Option<anju_core::listing::Day>, String) {
    let task = line.task.as_ref();
    let late = task.is_some_and(|task| task.late);
    (!late, task.is_none_or(|task| task.by != *own), task.map(|task| task.until), key(line))
}

/// What tells a line apart: a certificate may be the subject of several dossiers.
pub(in crate::screens) fn key(line: &LoanLine) -> String {
    let dossier = line.dossier.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {dossier}", line.certificate)
}

/// How long until the last day is over, or since when it is.
pub(in crate::screens) fn due(words: Words, task: &LoanTask, now: Time) -> (Tone, Shown) {
    let left = task.until.end().since(now);
    let tone = if task.late {
        Tone::Bad
    } else if left < NEAR_MS {
        Tone::Warn
    } else {
        Tone::Plain
    };
    (tone, words.countdown(left))
}

/// Something that has to be done.
pub(super) struct Waiting {
    pub(super) line: LoanLine,
    pub(super) own: CentreCode,
}

impl Row for Waiting {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        let (line, task) = (&self.line, self.line.task.as_ref());
        let ours = task.is_some_and(|task| task.by == self.own);
        let dash = || Shown::new("-");
        vec![
            (if ours { Tone::Plain } else { Tone::Dim }, task.map_or_else(dash, |task| words.code("loan-task", task.task.code()))),
            (if ours { Tone::Key } else { Tone::Dim }, task.map_or_else(dash, |task| centre(words, &task.by, &self.own))),
            task.map_or_else(|| (Tone::Dim, dash()), |task| due(words, task, now)),
            (Tone::Plain, Shown::new(&line.certificate)),
            (Tone::Plain, line.dossier.as_ref().map_or_else(dash, Shown::of)),
            (Tone::Plain, words.code("loan-state", line.state.code())),
        ]
    }

    fn key(&self) -> String {
        key(&self.line)
    }

    fn record(&self, words: Words, now: Time) -> Vec<String> {
        let mut cells: Vec<String> = self.cells(words, now).iter().map(|(_, text)| text.to_string()).collect();
        // In a file the day is read by programs.
        if let (Some(cell), Some(task)) = (cells.get_mut(2), &self.line.task) {
            *cell = task.until.to_string();
        }
        cells
    }
}

/// A loan whose account this centre marked.
pub(super) struct Booked(pub(super) LoanLine);

impl Booked {
    fn field(&self, words: Words, name: &str) -> Shown {
        self.0.fields.get(name).map(|text| value(words, name, text)).unwrap_or_default()
    }
}

impl Row for Booked {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let line = &self.0;
        let plain = |name: &str| (Tone::Plain, self.field(words, name));
        vec![
            (Tone::Plain, Shown::new(&line.certificate)),
            (Tone::Plain, Shown::of(&line.lender)),
            state(words, line.state),
            plain("reply.amount"),
            plain("mark.on"),
            plain("mark.number"),
            plain("reply.to"),
        ]
    }

    fn key(&self) -> String {
        key(&self.0)
    }

    /// The whole row of the ledger, as the command line writes it.
    fn record(&self, words: Words, _now: Time) -> Vec<String> {
        let line = &self.0;
        let fixed = [Shown::new(&line.certificate), Shown::of(&line.lender), words.code("loan-state", line.state.code())];
        let fields = LEDGER_FIELDS.iter().map(|name| self.field(words, name));
        let moves = LEDGER_MOVES.iter().map(|(series, what)| {
            let names = (1..=MAX_TRANSFERS).map(|number| format!("{series}.{number}.{what}"));
            let told: Vec<Shown> = names.filter(|name| line.fields.contains_key(name)).map(|name| self.field(words, &name)).collect();
            Shown::join(&told, "; ")
        });
        fixed.into_iter().chain(fields).chain(moves).map(|text| text.to_string()).collect()
    }
}

/// The heads of [`Booked`]'s record.
pub(super) fn ledger_heads(words: Words) -> Vec<String> {
    let fixed = ["loans.column-certificate", "loans.column-lender", "loans.column-state"].map(|key| words.say(key));
    let moves = LEDGER_MOVES.iter().map(|(series, what)| label(words, &format!("{series}.{what}")));
    fixed.into_iter().chain(LEDGER_FIELDS.iter().map(|name| label(words, name))).chain(moves).map(|text| text.to_string()).collect()
}
