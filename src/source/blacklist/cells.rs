//! Cells to text: what a spreadsheet can have spoilt is not taken for what it was.

use anju_core::facts::text::{fold, identifier, trim};

use super::super::report::Reason;
use super::super::table::{Cell, Row};

/// Days that a workbook stores as a plain number: YYYYMMDD of these.
const DAY_NUMBERS: std::ops::RangeInclusive<f64> = 19_000_101.0..=29_991_231.0;
/// Largest code that a workbook stores as a plain number.
const CODE_NUMBER_MAX: f64 = 9_999.0;
/// Most characters of a cell that a rejected row keeps.
const SHOWN_MAX_CHARS: usize = 500;

/// Text as it stands there, trimmed.
pub(super) fn text(cell: Cell<'_>) -> Result<String, Reason> {
    match cell {
        Cell::Text(text) => Ok(trim(text).to_owned()),
        Cell::Number(_) | Cell::Day(_) | Cell::Bool => Err(Reason::CellType),
        Cell::Formula => Err(Reason::Formula),
        Cell::Error => Err(Reason::CellError),
    }
}

/// A number of a document or decision: digits that a number cell would lose.
pub(super) fn number(cell: Cell<'_>) -> Result<String, Reason> {
    match cell {
        Cell::Text(text) => Ok(identifier(text)),
        Cell::Number(_) => Err(Reason::IdentifierAsNumber),
        Cell::Day(_) | Cell::Bool => Err(Reason::CellType),
        Cell::Formula => Err(Reason::Formula),
        Cell::Error => Err(Reason::CellError),
    }
}

/// A number of a decision: as it is written, but for the marks that keep a spreadsheet from touching it.
pub(super) fn number_as_written(cell: Cell<'_>) -> Result<String, Reason> {
    match cell {
        Cell::Text(text) => {
            let text = trim(text);
            let inner = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
            Ok(trim(inner.strip_prefix('\'').unwrap_or(inner)).to_owned())
        }
        Cell::Number(_) | Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => number(cell),
    }
}

/// A code or the words for it; a small whole number is one.
pub(super) fn code(cell: Cell<'_>) -> Result<String, Reason> {
    match cell {
        Cell::Number(number) if whole(number) && (0.0..=CODE_NUMBER_MAX).contains(&number) => Ok(format!("{number:.0}")),
        Cell::Text(_) | Cell::Number(_) | Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => text(cell),
    }
}

/// A day: text, a date cell, or the plain number YYYYMMDD.
pub(super) fn day(cell: Cell<'_>) -> Result<String, Reason> {
    match cell {
        Cell::Text(text) => Ok(fold(text)),
        Cell::Day(day) => Ok(day.to_string()),
        Cell::Number(number) if whole(number) && DAY_NUMBERS.contains(&number) => Ok(format!("{number:.0}")),
        Cell::Number(_) | Cell::Bool => Err(Reason::CellType),
        Cell::Formula => Err(Reason::Formula),
        Cell::Error => Err(Reason::CellError),
    }
}

fn whole(number: f64) -> bool {
    number.fract() == 0.0
}

/// The row as it stood in the file, for who mends it.
pub(super) fn as_it_stood(row: &Row) -> Vec<String> {
    if !row.raw().is_empty() {
        return vec![row.raw().chars().take(SHOWN_MAX_CHARS).collect()];
    }
    let one = |cell: Cell<'_>| match cell {
        Cell::Text(text) => text.chars().take(SHOWN_MAX_CHARS).collect(),
        Cell::Number(number) => number.to_string(),
        Cell::Day(day) => day.to_string(),
        Cell::Bool => "TRUE/FALSE".to_owned(),
        Cell::Formula => "=".to_owned(),
        Cell::Error => "#".to_owned(),
    };
    (0..row.len()).map(|at| one(row.cell(at))).collect()
}
