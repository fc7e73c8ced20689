//! Tables as CSV, written so that a spreadsheet takes nothing in them for a formula.

use std::borrow::Cow;
use std::io::{self, Write};

/// So many digits a spreadsheet keeps of a number.
const SPREADSHEET_DIGITS: usize = 15;
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// A CSV file for people and spreadsheets: UTF-8 with a byte-order mark, lines ended by CR LF, no cell that begins a formula.
pub struct SafeCsv<W: Write> {
    writer: csv::Writer<W>,
    protect_digits: bool,
}

impl<W: Write> SafeCsv<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// Whatever `out` says.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(BYTE_ORDER_MARK)?;
        let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(out);
        Ok(Self { writer, protect_digits: false })
    }

    /// For a file that people mend and hand in again: long numbers get an apostrophe too, so that no digit is lost. Reading takes it
    /// away.
    #[must_use]
    pub fn protecting_digits(mut self) -> Self {
        self.protect_digits = true;
        self
    }

    /// One row.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> io::Result<()> {
        for cell in cells {
            self.writer.write_field(safe(cell.as_ref(), self.protect_digits).as_bytes())?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn finish(self) -> io::Result<W> {
        self.writer.into_inner().map_err(|error| io::Error::other(error.error().to_string()))
    }
}

/// `cell` with an apostrophe before what a spreadsheet would compute, and without line breaks.
fn safe(cell: &str, protect_digits: bool) -> Cow<'_, str> {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let long = protect_digits && cell.len() > SPREADSHEET_DIGITS && cell.bytes().all(|b| b.is_ascii_digit());
    let mark = long || cell.trim_start_matches(' ').starts_with(begins);
    let broken = cell.contains(['\r', '\n', '\0']);
    if !mark && !broken {
        return Cow::Borrowed(cell);
    }
    let flat = cell.replace(['\r', '\n', '\0'], " ");
    Cow::Owned(if mark { format!("'{flat}") } else { flat })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_no_digit_is_lost() {
        let mut csv = SafeCsv::new(Vec::new()).unwrap().protecting_digits();
        csv.row(["=1+1", "+1", "-1", "@x", "\tx", " =1", "a,\"b", "a\nb", "460199197601171425", "46", "＝1"]).unwrap();
        let text = String::from_utf8(csv.finish().unwrap()).unwrap();
        assert_eq!(text, "\u{FEFF}'=1+1,'+1,'-1,'@x,'\tx,' =1,\"a,\"\"b\",a b,'460199197601171425,46,'＝1\r\n");
    }
}
