//! Rows of a table, whatever the file's form: cells by position, the header matched to fields, the shape of every row checked.

use std::io::BufReader;

use anju_core::facts::text::{identifier, is_account_no, is_padding};
use encoding_rs::Encoding;
use jiff::civil::Date;

use super::error::SourceError;
use super::files::{FileKind, Form, SourceFile, TableFile};
use super::report::{FileReport, Reason};
use super::rows::Column;
use super::sheet;
use super::standard::Known;
use super::text::{self, Lines};

/// Most columns a table may have.
pub(super) const COLUMNS_MAX: usize = 256;
/// Longest cell, in bytes of UTF-8.
pub(super) const CELL_MAX_BYTES: usize = 4 * 1024;

/// What stands in one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    Number(f64),
    Day(Date),
    Bool,
    Formula,
    Error,
}

#[derive(Clone, Copy)]
enum Slot {
    Text(usize, usize),
    Number(f64),
    Day(Date),
    Bool,
    Formula,
    Error,
}

/// One row; its memory is used again for the next.
#[derive(Default)]
pub(super) struct Row {
    pub(super) sheet: Option<u32>,
    pub(super) line: u64,
    /// What is wrong with the row as such.
    pub(super) problem: Option<Reason>,
    text: String,
    raw: String,
    slots: Vec<Slot>,
}

impl Row {
    /// An empty row of worksheet `number`, from 1.
    pub(super) fn of_sheet(number: u32) -> Self {
        Self { sheet: Some(number), ..Self::default() }
    }

    /// Forgets the contents.
    pub(super) fn clear(&mut self, line: u64) {
        self.line = line;
        self.problem = None;
        self.text.clear();
        self.raw.clear();
        self.slots.clear();
    }

    /// Notes what is wrong; the first problem stays.
    pub(super) fn fail(&mut self, reason: Reason) {
        self.problem.get_or_insert(reason);
    }

    /// Notes what is wrong with a line that could not be taken apart; `raw` stays for who shows the row.
    fn fail_whole(&mut self, reason: Reason, raw: &str) {
        self.fail(reason);
        self.raw.push_str(raw);
    }

    /// The line as it stood there, where it could not be taken apart into cells.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// Appends a cell.
    pub(super) fn push(&mut self, cell: Cell<'_>) {
        if self.slots.len() >= COLUMNS_MAX {
            return self.fail(Reason::RowLong);
        }
        let slot = match cell {
            Cell::Text(text) if text.len() > CELL_MAX_BYTES => {
                self.fail(Reason::CellTooLong);
                Slot::Text(0, 0)
            }
            Cell::Text(text) => {
                if text.contains('\u{FFFD}') {
                    self.fail(Reason::Undecodable);
                }
                let start = self.text.len();
                self.text.push_str(text);
                Slot::Text(start, self.text.len())
            }
            Cell::Number(number) => Slot::Number(number),
            Cell::Day(day) => Slot::Day(day),
            Cell::Bool => Slot::Bool,
            Cell::Formula => Slot::Formula,
            Cell::Error => Slot::Error,
        };
        self.slots.push(slot);
    }

    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The cell at `at`; empty text beyond the end.
    pub(super) fn cell(&self, at: usize) -> Cell<'_> {
        match self.slots.get(at) {
            Some(Slot::Text(start, end)) => Cell::Text(self.text.get(*start..*end).unwrap_or_default()),
            Some(Slot::Number(number)) => Cell::Number(*number),
            Some(Slot::Day(day)) => Cell::Day(*day),
            Some(Slot::Bool) => Cell::Bool,
            Some(Slot::Formula) => Cell::Formula,
            Some(Slot::Error) => Cell::Error,
            None => Cell::Text(""),
        }
    }

    /// Whether there is nothing at `at` and after it.
    pub(super) fn is_empty_from(&self, at: usize) -> bool {
        (at..self.len()).all(|at| matches!(self.cell(at), Cell::Text(text) if text.chars().all(is_padding)))
    }
}

/// Where the fields stand in the rows of one table.
pub(super) struct Layout {
    width: usize,
    at: [Option<usize>; Column::ALL.len()],
}

impl Layout {
    /// The cell of `column`; empty text when the table has no such column.
    pub(super) fn cell<'a>(&self, row: &'a Row, column: Column) -> Cell<'a> {
        self.at[column as usize].map_or(Cell::Text(""), |at| row.cell(at))
    }

    /// The account number of a row that may be otherwise damaged.
    pub(super) fn account_no(&self, row: &Row) -> Option<String> {
        match self.cell(row, Column::Grzh) {
            Cell::Text(text) => Some(identifier(text)).filter(|no| is_account_no(no)),
            Cell::Number(_) | Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => None,
        }
    }

    /// Matches a header row to fields; the missing ones when there are any.
    fn of_header(
        row: &Row,
        file: &SourceFile,
        known: &Known,
        report: &mut FileReport,
    ) -> Result<Result<Self, Vec<&'static str>>, SourceError> {
        let mut at = [None; Column::ALL.len()];
        let columns = known.columns(file.kind).ok_or_else(|| SourceError::Empty { file: file.name.clone() })?;
        let mut ignored = 0;
        let mut width = 0;
        for index in 0..row.len() {
            let Cell::Text(header) = row.cell(index) else { continue };
            if !header.chars().all(is_padding) {
                width = index + 1;
            }
            match known.header(header).filter(|column| columns.required.contains(column) || columns.optional.contains(column)) {
                Some(column) if at[column as usize].is_some() => {
                    return Err(SourceError::DuplicateColumn { file: file.name.clone(), column: column.name() });
                }
                Some(column) => at[column as usize] = Some(index),
                None => ignored += 1,
            }
        }
        let missing: Vec<_> =
            columns.required.iter().filter(|column| at[**column as usize].is_none()).map(|column| column.name()).collect();
        if !missing.is_empty() {
            return Ok(Err(missing));
        }
        report.columns_ignored += ignored;
        Ok(Ok(Self { width, at }))
    }
}

/// Receives every row below a header that is not blank. A row with a `problem` must be rejected.
pub(super) type OnRow<'a> = dyn FnMut(&Layout, &Row, &mut FileReport) -> Result<(), SourceError> + 'a;

/// Takes the rows of a file as they come.
pub(super) trait Taker {
    /// A new table (worksheet) begins.
    fn begin(&mut self);
    /// Takes the next row.
    ///
    /// # Errors
    /// Ends the reading.
    fn take(&mut self, row: &mut Row) -> Result<(), SourceError>;
}

/// Tells the tables of a file apart and checks the shape of their rows.
pub(super) struct Shaper<'a> {
    file: &'a SourceFile,
    known: &'a Known,
    report: &'a mut FileReport,
    on_row: &'a mut OnRow<'a>,
    layout: Option<Layout>,
    missing: Option<Vec<&'static str>>,
    headers: u32,
    skipping: bool,
}

impl Taker for Shaper<'_> {
    fn begin(&mut self) {
        self.layout = None;
        self.skipping = false;
    }

    /// Fails when the header names a field twice, or the receiver fails.
    fn take(&mut self, row: &mut Row) -> Result<(), SourceError> {
        if self.skipping {
            return Ok(());
        }
        if row.problem.is_none() && row.is_empty_from(0) {
            self.report.blank += u64::from(self.layout.is_some());
            return Ok(());
        }
        let Some(layout) = &self.layout else {
            match Layout::of_header(row, self.file, self.known, self.report)? {
                Ok(layout) => {
                    self.layout = Some(layout);
                    self.headers += 1;
                }
                Err(missing) => {
                    self.report.sheets_skipped += 1;
                    self.skipping = true;
                    self.missing.get_or_insert(missing);
                }
            }
            return Ok(());
        };
        // A workbook does not store empty cells at the end of a row; a text file does.
        if row.sheet.is_none() && row.len() < layout.width {
            row.fail(Reason::RowShort);
        }
        if row.len() > layout.width && !row.is_empty_from(layout.width) {
            row.fail(Reason::RowLong);
        }
        self.report.rows += 1;
        (self.on_row)(layout, row, self.report)
    }
}

/// Streams the rows of `file` to `on_row`.
///
/// # Errors
/// [`SourceError`] when the file cannot be read, is refused, or has no table with the expected columns.
pub(super) fn scan<'a>(
    file: &'a SourceFile,
    known: &'a Known,
    report: &'a mut FileReport,
    on_row: &'a mut OnRow<'a>,
) -> Result<(), SourceError> {
    report.file.clone_from(&file.name);
    let mut shaper = Shaper { file, known, report, on_row, layout: None, missing: None, headers: 0, skipping: false };
    stream(file, None, &mut shaper)?;
    match (shaper.headers, shaper.missing) {
        (0, Some(columns)) => Err(SourceError::MissingColumns { file: file.name.clone(), columns }),
        (0, None) => Err(SourceError::Empty { file: file.name.clone() }),
        (_, _) => Ok(()),
    }
}

/// Streams every row of `file` to `taker`; a text file is read in `encoding`, or in the one that it seems to have.
pub(super) fn stream(file: &TableFile, encoding: Option<&'static Encoding>, taker: &mut dyn Taker) -> Result<(), SourceError> {
    match file.form {
        Form::Csv => scan_csv(file, encoding, taker),
        Form::Xlsx => sheet::scan(file, taker),
    }
}

/// The encoding that a text file seems to have.
pub(super) fn encoding(file: &TableFile) -> Result<&'static Encoding, SourceError> {
    text::detect(file.reader()?).map_err(|error| SourceError::io(&file.name, &error))
}

fn scan_csv(file: &TableFile, encoding: Option<&'static Encoding>, taker: &mut dyn Taker) -> Result<(), SourceError> {
    let fail = |error: std::io::Error| SourceError::io(&file.name, &error);
    let encoding = match encoding {
        Some(encoding) => encoding,
        None => self::encoding(file)?,
    };
    let lines = Lines::new(BufReader::new(file.reader()?), encoding);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(lines);
    let mut record = csv::StringRecord::new();
    let mut row = Row::default();
    let mut line = 0;
    while reader.read_record(&mut record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => fail(error),
        _ => SourceError::Unreadable { file: file.name.clone(), problem: "not CSV".to_owned() },
    })? {
        line += 1;
        row.clear(line);
        match record.get(0).filter(|first| record.len() == 1 && first.starts_with(text::MARKER)) {
            Some(text::MARK_BLANK) => {}
            Some(first) => match (first.strip_prefix(text::MARK_QUOTE), first.strip_prefix(text::MARK_BREAK)) {
                (Some(raw), _) => row.fail_whole(Reason::QuoteOpen, raw),
                (_, Some(raw)) => row.fail_whole(Reason::LineBreak, raw),
                (None, None) => row.fail(Reason::LineTooLong),
            },
            None => record.iter().for_each(|cell| row.push(Cell::Text(cell))),
        }
        taker.take(&mut row)?;
    }
    Ok(())
}

/// A report for a file of `kind` that has not been read.
pub(super) fn empty_report(kind: FileKind) -> FileReport {
    FileReport { file: kind.to_string(), ..FileReport::default() }
}
