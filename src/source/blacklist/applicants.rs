//! People and organisations to look up, from a file: every row in its place, right or with its reason.

use std::ops::ControlFlow;
use std::path::Path;

use anju_core::desk::Applicant;
use anju_core::listing::{Day, Document, DocumentType};
use anju_core::names::Digest;
use encoding_rs::Encoding;

use super::super::config::SourceConfig;
use super::super::error::SourceError;
use super::super::files::TableFile;
use super::super::report::Reason;
use super::super::standard::Known;
use super::super::table::Row;
use super::columns::{self, APPLICANT, APPLICANT_YWLSH, APPLICANT_ZJHM, APPLICANT_ZJLX, ColumnMap, Place};
use super::listing::{by_shape, document_type};
use super::{RejectedRow, Seen, Why, cells};
use anju_core::listing::import::RowReason;

/// One row of the file: who is to be looked up and how a screen may show them, or why not.
pub type ApplicantRow = Result<(Applicant, String), RejectedRow>;

/// A file with applicants.
pub struct Applicants {
    file: TableFile,
    digest: Digest,
    encoding: Option<&'static Encoding>,
    map: ColumnMap,
    known: Known,
    today: Day,
    business_no: Option<String>,
}

impl Applicants {
    /// Looks at the file and computes its digest. `business_no` is that of rows that have none of their own.
    ///
    /// # Errors
    /// [`SourceError`] when the file as a whole cannot be read; [`SourceError::Stopped`] when `seen` breaks.
    pub fn open(path: &Path, map: ColumnMap, today: Day, business_no: Option<String>, seen: &mut Seen<'_>) -> Result<Self, SourceError> {
        let (file, digest) = super::open(path, seen)?;
        let encoding = columns::encoding(&file, APPLICANT, &map)?;
        Ok(Self { file, digest, encoding, map, known: Known::of(&SourceConfig::of_folder(Path::new("")))?, today, business_no })
    }

    /// SHA-256 of the file.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Hands every row to `sink`, in order, with its number. Returns how many there were.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be read, or changed since it was opened; [`SourceError::Stopped`] when the sink breaks.
    pub fn rows(&self, sink: &mut dyn FnMut(u64, ApplicantRow) -> ControlFlow<()>) -> Result<u64, SourceError> {
        let mut rows = 0;
        columns::scan(&self.file, self.encoding, APPLICANT, &self.map, &mut |place, row, number| {
            rows += 1;
            let read = self.applicant(place, row, number).map_err(|(column, why)| {
                let cells = cells::as_it_stood(row);
                RejectedRow { row: number, line: row.line, sheet: row.sheet, column, why, cells }
            });
            if sink(number, read).is_break() { Err(SourceError::Stopped) } else { Ok(()) }
        })?;
        self.file.check_unchanged()?;
        Ok(rows)
    }

    fn applicant(&self, place: &Place, row: &Row, number: u64) -> Result<(Applicant, String), (Option<&'static str>, Why)> {
        if let Some(reason) = row.problem {
            return Err((None, Why::Table(reason)));
        }
        let wrong = |column, reason| (Some(column), Why::Table(reason));
        let document_no = cells::number(place.cell(row, APPLICANT_ZJHM)).map_err(|reason| wrong("ZJHM", reason))?;
        let stated = cells::code(place.cell(row, APPLICANT_ZJLX)).map_err(|reason| wrong("ZJLX", reason))?;
        let kind = if stated.is_empty() {
            by_shape(&document_no, self.today)
        } else {
            let code = document_type(&self.known, &stated);
            DocumentType::from_code(&code).ok_or((Some("ZJLX"), Why::Row(RowReason::Subject)))?
        };
        let document = Document::new(kind, &document_no, self.today.date()).map_err(|_| (Some("ZJHM"), Why::Row(RowReason::Document)))?;
        let own = cells::number(place.cell(row, APPLICANT_YWLSH)).map_err(|reason| wrong("YWLSH", reason))?;
        let business_no = if own.is_empty() { self.business_no.clone() } else { Some(own) };
        let business_no = business_no.ok_or(wrong("YWLSH", Reason::Missing))?;
        let masked = document.masked();
        Ok((
            Applicant { row: number, document_type: kind.code().to_owned(), document_no: document.expose().to_owned(), business_no },
            masked,
        ))
    }
}
