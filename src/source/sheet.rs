//! Workbooks (XLSX). The archive is measured before anything of it is believed, then the cells of every worksheet are streamed.
//!
//! A workbook is a zip file: a few kilobytes can claim to be terabytes, and the claimed sizes can be lies. So every part is inflated
//! once into nothing, counted, and refused at the caps, before the reader that keeps parts of it in memory sees the file.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};

use calamine::{DataRef, Reader, SheetType, Xlsx, XlsxError};
use jiff::civil::Date;

use super::error::SourceError;
use super::files::TableFile;
use super::report::Reason;
use super::table::{COLUMNS_MAX, Cell, Row, Taker};

/// Most bytes all parts of a workbook together may inflate to.
pub(super) const INFLATED_MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Most bytes a part other than a worksheet may inflate to: these are held in memory whole.
pub(super) const PART_MAX_BYTES: u64 = 128 * 1024 * 1024;
/// Most bytes a part may inflate to for each of its own; worksheets reach 60, bombs 1,000.
pub(super) const RATIO_MAX: u64 = 200;
/// Parts below this many bytes may have any ratio.
pub(super) const RATIO_FREE_BYTES: u64 = 1024 * 1024;
/// Most parts a workbook may have.
pub(super) const PARTS_MAX: usize = 1_000;
/// Most bytes between two tags of a part: bounds what the XML reader holds at once.
pub(super) const XML_RUN_MAX_BYTES: u64 = 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// Excel's own last day number, 9999-12-31.
const DAY_NUMBER_END: f64 = 2_958_466.0;

/// Streams the rows of every worksheet to `taker`.
pub(super) fn scan(file: &TableFile, taker: &mut dyn Taker) -> Result<(), SourceError> {
    measure(file)?;
    let broken = |_: XlsxError| SourceError::Unreadable { file: file.name.clone(), problem: "not a workbook".to_owned() };
    let mut workbook = Xlsx::new(BufReader::new(file.reader()?)).map_err(broken)?;
    let names: Vec<String> =
        workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).map(|sheet| sheet.name.clone()).collect();
    for (number, name) in (1_u32..).zip(names) {
        taker.begin();
        scan_sheet(file, &mut workbook, &name, number, taker)?;
    }
    Ok(())
}

fn scan_sheet<R: Read + std::io::Seek>(
    file: &TableFile,
    workbook: &mut Xlsx<R>,
    name: &str,
    number: u32,
    taker: &mut dyn Taker,
) -> Result<(), SourceError> {
    let broken = |problem: &str| SourceError::Unreadable { file: file.name.clone(), problem: format!("worksheet {number}: {problem}") };
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|_| broken("damaged"))?;
    let mut row = Row::of_sheet(number);
    let mut any = false;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(|_| broken("damaged"))? {
        let (line, column) = (u64::from(cell.pos.0) + 1, cell.pos.1 as usize);
        if any && line < row.line {
            return Err(broken("rows out of order"));
        }
        if !any || line > row.line {
            if any {
                taker.take(&mut row)?;
            }
            row.clear(line);
            any = true;
        }
        place(&mut row, column, if cell.formula.is_some() { Cell::Formula } else { value(&cell.value) });
    }
    if any {
        taker.take(&mut row)?;
    }
    Ok(())
}

/// Puts `cell` at `column`, with empty cells before it where the workbook stored none.
fn place(row: &mut Row, column: usize, cell: Cell<'_>) {
    if column >= COLUMNS_MAX {
        // Formatting alone reaches the last column of some exports.
        if cell != Cell::Text("") {
            row.fail(Reason::RowLong);
        }
        return;
    }
    if column < row.len() {
        return row.fail(Reason::CellRepeated);
    }
    while row.len() < column {
        row.push(Cell::Text(""));
    }
    row.push(cell);
}

fn value<'a>(data: &'a DataRef<'a>) -> Cell<'a> {
    match data {
        DataRef::Empty => Cell::Text(""),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Text(text),
        DataRef::SharedString(text) => Cell::Text(text),
        #[expect(clippy::cast_precision_loss, reason = "the workbook itself stores every number as a double")]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(_) => Cell::Bool,
        DataRef::Error(_) => Cell::Error,
        DataRef::DateTime(stamp) => {
            let in_range = stamp.is_datetime() && (1.0..DAY_NUMBER_END).contains(&stamp.as_f64());
            let (year, month, day, ..) = stamp.to_ymd_hms_milli();
            let parts = (i16::try_from(year).ok(), i8::try_from(month).ok(), i8::try_from(day).ok());
            match parts {
                (Some(year), Some(month), Some(day)) if in_range => Date::new(year, month, day).map_or(Cell::Error, Cell::Day),
                _ => Cell::Error,
            }
        }
    }
}

/// Measures every part of the archive by inflating it into nothing.
fn measure(file: &TableFile) -> Result<(), SourceError> {
    let refuse = |problem| SourceError::Workbook { file: file.name.clone(), problem };
    let mut archive = zip::ZipArchive::new(BufReader::new(file.reader()?)).map_err(|_| refuse("not a zip archive"))?;
    if archive.len() > PARTS_MAX {
        return Err(refuse("too many parts"));
    }
    // The reader would take one of two parts of one name, and which one is nobody's promise.
    if archive.has_duplicate_names() {
        return Err(refuse("two parts of one name"));
    }
    let mut names = BTreeSet::new();
    let mut total = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| refuse("a part that cannot be opened"))?;
        if !names.insert(part.name_raw().to_ascii_lowercase()) {
            return Err(refuse("two parts of one name"));
        }
        let is_sheet = part.name_raw().windows(11).any(|window| window == b"worksheets/");
        let (claimed, packed) = (part.size(), part.compressed_size());
        total += claimed;
        if total > INFLATED_MAX_BYTES || (!is_sheet && claimed > PART_MAX_BYTES) {
            return Err(refuse("it would inflate beyond the cap"));
        }
        if claimed > RATIO_FREE_BYTES && claimed / packed.max(1) > RATIO_MAX {
            return Err(refuse("it would inflate beyond the ratio"));
        }
        inflate(part, claimed).map_err(refuse)?;
    }
    Ok(())
}

/// Inflates one part into nothing; it must have exactly the claimed size and no overlong run between tags.
fn inflate(part: impl Read, claimed: u64) -> Result<(), &'static str> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut limited = part.take(claimed + 1);
    let (mut seen, mut run) = (0_u64, 0_u64);
    loop {
        let read = limited.read(&mut chunk).map_err(|_| "a part that does not inflate")?;
        if read == 0 {
            break;
        }
        seen += read as u64;
        for byte in &chunk[..read] {
            run = if *byte == b'<' { 0 } else { run + 1 };
            if run > XML_RUN_MAX_BYTES {
                return Err("a cell beyond the cap");
            }
        }
    }
    if seen == claimed { Ok(()) } else { Err("a part whose size is not what it claims") }
}
