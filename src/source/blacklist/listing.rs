//! Rows of a blacklist export, found, decoded and checked.

use std::ops::ControlFlow;
use std::path::Path;

use anju_core::facts::codes::normalise;
use anju_core::facts::identity::{credit_code, resident_id};
use anju_core::facts::text::fold;
use anju_core::listing::catalogue::Catalogue;
use anju_core::listing::import::{CheckedRow, ImportRow, RowReason, RowsDigest};
use anju_core::listing::{Day, DocumentType, SubjectKind};
use anju_core::names::Digest;
use encoding_rs::{Encoding, GB18030};

use super::super::config::SourceConfig;
use super::super::error::SourceError;
use super::super::files::TableFile;
use super::super::report::Reason;
use super::super::standard::{CodeTable, Known};
use super::super::table::Row;
use super::columns::{self, BZ, ColumnMap, DJ, FLYJ, GSJZ, LISTING, MC, Place, WSH, WSRQ, XWDM, XZCS, XZJZ, ZJHM, ZJLX, ZTLX};
use super::repeats::{Collector, Repeat, Repeats};
use super::{RejectedRow, Seen, Why, cells};

/// Rows between two calls of the progress receiver.
const PROGRESS_ROWS: u64 = 10_000;
/// Most measures that are taken apart; more than any row may have.
const MEASURES_MAX: usize = 32;
/// What stands between two measures.
const BETWEEN_MEASURES: [char; 5] = [';', '；', '、', '，', ','];

/// One row of the file.
#[derive(Debug)]
pub enum Read {
    /// Right.
    Row(Box<Accepted>),
    /// Word for word an earlier row; nothing is lost by leaving it out.
    Duplicate(u64),
    /// Not right.
    Rejected(RejectedRow),
}

/// A row that is right by itself. Personal.
#[derive(Debug)]
pub struct Accepted {
    /// As it is sent.
    pub import: ImportRow,
    /// As it was checked.
    pub checked: CheckedRow,
    place: RejectedRow,
}

impl Accepted {
    /// The row as a rejected one, for who learns afterwards that it cannot be.
    #[must_use]
    pub fn rejected(self, field: &str, reason: RowReason) -> RejectedRow {
        RejectedRow { column: column_of(field), why: Why::Row(reason), ..self.place }
    }
}

/// What the rows came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows below a header, blank ones not counted.
    pub rows: u64,
    /// Right, without duplicates.
    pub accepted: u64,
    /// Right, and word for word an earlier row.
    pub duplicates: u64,
    /// Not right.
    pub rejected: u64,
    /// Over the accepted rows.
    pub digest: RowsDigest,
}

/// A blacklist export that was looked through once and can be read.
pub struct BlacklistFile<'a> {
    file: TableFile,
    digest: Digest,
    encoding: Option<&'static Encoding>,
    repeats: Repeats,
    right: u64,
    reader: Reader<'a>,
}

/// What a row is read with.
struct Reader<'a> {
    map: ColumnMap,
    known: Known,
    catalogue: &'a Catalogue,
    today: Day,
}

impl<'a> BlacklistFile<'a> {
    /// Computes the file's digest and finds the rows that repeat another; `seen` is told how many bytes, then how many rows were read.
    /// Temporary files without a name lie in `scratch` meanwhile.
    ///
    /// # Errors
    /// [`SourceError`] when the file as a whole cannot be read; [`SourceError::Stopped`] when `seen` breaks.
    pub fn open(
        path: &Path,
        map: ColumnMap,
        catalogue: &'a Catalogue,
        today: Day,
        scratch: &Path,
        seen: &mut Seen<'_>,
    ) -> Result<Self, SourceError> {
        let (file, digest) = super::open(path, seen)?;
        let encoding = columns::encoding(&file, LISTING, &map)?;
        let reader = Reader { map, known: Known::of(&SourceConfig::of_folder(Path::new("")))?, catalogue, today };
        let mut collector = Collector::new(file.bytes, scratch)?;
        let (mut rows, mut right) = (0, 0);
        columns::scan(&file, encoding, LISTING, &reader.map, &mut |place, row, number| {
            rows += 1;
            if rows % PROGRESS_ROWS == 0 && seen(rows).is_break() {
                return Err(SourceError::Stopped);
            }
            match reader.checked(place, row, number) {
                Ok((_, checked)) => {
                    right += 1;
                    collector.add(&checked)
                }
                Err(_) => Ok(()),
            }
        })?;
        file.check_unchanged()?;
        Ok(Self { file, digest, encoding, repeats: collector.finish()?, right, reader })
    }

    /// SHA-256 of the file.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Rows that are right by themselves, duplicates and contradictions included.
    #[must_use]
    pub const fn right(&self) -> u64 {
        self.right
    }

    /// The headers of the first table, as they stand there.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be read any more.
    pub fn headers(&self) -> Result<Vec<String>, SourceError> {
        let mut headers = Vec::new();
        let scanned = columns::scan(&self.file, self.encoding, LISTING, &self.reader.map, &mut |place, _, _| {
            headers.clone_from(&place.headers);
            Err(SourceError::Stopped)
        });
        match scanned {
            Ok(()) | Err(SourceError::Stopped) => Ok(headers),
            Err(error) => Err(error),
        }
    }

    /// Hands every row to `sink`, in order.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be read, or changed since it was opened; [`SourceError::Stopped`] when the sink breaks.
    pub fn rows(&self, sink: &mut dyn FnMut(Read) -> ControlFlow<()>) -> Result<Tally, SourceError> {
        let mut tally = Tally::default();
        columns::scan(&self.file, self.encoding, LISTING, &self.reader.map, &mut |place, row, number| {
            let read = self.read(place, row, number);
            tally.rows += 1;
            match &read {
                Read::Row(row) => {
                    tally.accepted += 1;
                    tally.digest = tally.digest.after(&row.checked);
                }
                Read::Duplicate(_) => tally.duplicates += 1,
                Read::Rejected(_) => tally.rejected += 1,
            }
            if sink(read).is_break() { Err(SourceError::Stopped) } else { Ok(()) }
        })?;
        self.file.check_unchanged()?;
        Ok(tally)
    }

    fn read(&self, place: &Place, row: &Row, number: u64) -> Read {
        let as_rejected = |column, why| {
            let cells = cells::as_it_stood(row);
            RejectedRow { row: number, line: row.line, sheet: row.sheet, column, why, cells }
        };
        let reject = |column, why| Read::Rejected(as_rejected(column, why));
        match self.reader.checked(place, row, number) {
            Err((column, why)) => reject(column, self.other_encoding(row, why)),
            Ok((import, checked)) => match self.repeats.of(number) {
                None => Read::Row(Box::new(Accepted { import, checked, place: as_rejected(None, Why::Row(RowReason::InProcess)) })),
                Some(Repeat::Same) => Read::Duplicate(number),
                Some(Repeat::Contradiction) => reject(Some("WSH"), Why::Row(RowReason::Contradiction)),
                Some(Repeat::DecisionReused) => reject(Some("WSH"), Why::Row(RowReason::DecisionReused)),
            },
        }
    }

    /// A row of UTF-8 in a file of GB18030 decodes to words that nobody wrote: whoever mends it must be told what it really is.
    fn other_encoding(&self, row: &Row, why: Why) -> Why {
        if self.encoding != Some(GB18030) || !matches!(why, Why::Row(_) | Why::Table(Reason::Undecodable)) {
            return why;
        }
        let raw = cells::as_it_stood(row).join(",");
        let (bytes, _, _) = GB18030.encode(&raw);
        let wide = bytes.iter().filter(|byte| !byte.is_ascii()).count();
        // A few Chinese characters of GB18030 can be UTF-8 by chance; a whole row never is.
        let whole = String::from_utf8_lossy(&bytes).chars().filter(|c| *c == '\u{FFFD}').count() * 8 <= wide;
        if wide >= 12 && whole { Why::OtherEncoding } else { why }
    }
}

impl Reader<'_> {
    fn checked(&self, place: &Place, row: &Row, number: u64) -> Result<(ImportRow, CheckedRow), (Option<&'static str>, Why)> {
        if let Some(reason) = row.problem {
            return Err((None, Why::Table(reason)));
        }
        let import = self.import(place, row, number).map_err(|(field, reason)| (Some(LISTING[field].name), Why::Table(reason)))?;
        match import.check(self.catalogue, self.today) {
            Ok(checked) => Ok((import, checked)),
            Err((field, reason)) => Err((column_of(field), Why::Row(reason))),
        }
    }

    fn import(&self, place: &Place, row: &Row, number: u64) -> Result<ImportRow, (usize, Reason)> {
        let at = |read: fn(super::super::table::Cell<'_>) -> Result<String, Reason>, field: usize| {
            read(place.cell(row, field)).map_err(|reason| (field, reason))
        };
        let subject_kind = subject_kind(&at(cells::text, ZTLX)?);
        let document_no = at(cells::number, ZJHM)?;
        let stated = if place.has(ZJLX) { at(cells::code, ZJLX)? } else { String::new() };
        let document_type = match stated.as_str() {
            "" => inferred(&subject_kind, &document_no, self.today).to_owned(),
            stated => document_type(&self.known, stated),
        };
        let measures = at(cells::text, XZCS)?;
        let measures = measures.split(BETWEEN_MEASURES).map(str::trim).filter(|m| !m.is_empty()).take(MEASURES_MAX);
        Ok(ImportRow {
            row: number,
            subject_kind,
            name: at(cells::text, MC)?,
            document_type,
            document_no,
            conduct: at(cells::code, XWDM)?,
            level: at(cells::code, DJ)?,
            decision_no: at(cells::number_as_written, WSH)?,
            decision_day: at(cells::day, WSRQ)?,
            legal_basis: at(cells::text, FLYJ)?,
            measures: measures.map(str::to_owned).collect(),
            restriction_until: at(cells::day, XZJZ)?,
            publication_until: at(cells::day, GSJZ)?,
            remark: at(cells::text, BZ)?,
        })
    }
}

/// The code of the kind of subject that a cell names; the cell itself when it names none.
fn subject_kind(text: &str) -> String {
    let kind = match fold(text).to_lowercase().as_str() {
        "个人" | "自然人" | "职工" | "person" => SubjectKind::Person,
        "单位" | "缴存单位" | "企业" | "法人" | "employer" => SubjectKind::Employer,
        "相关方" | "第三方" | "关联方" | "中介机构" | "开发企业" | "party" => SubjectKind::Party,
        _ => return text.to_owned(),
    };
    kind.code().to_owned()
}

/// The code of the document's type that a cell names; the cell itself when it names none.
pub(super) fn document_type(known: &Known, text: &str) -> String {
    match fold(text).to_uppercase().as_str() {
        "USCC" | "统一社会信用代码" | "统一社会信用代码证" | "营业执照" => {
            return DocumentType::CreditCode.code().to_owned();
        }
        _ => {}
    }
    known.code(CodeTable::Zjlx, text).unwrap_or_else(|| normalise(text))
}

/// The type of a document when no column says: people by their identity number, employers by their credit code, others by the shape.
fn inferred(subject_kind: &str, number: &str, today: Day) -> &'static str {
    match SubjectKind::from_code(subject_kind) {
        Some(SubjectKind::Employer) => DocumentType::CreditCode.code(),
        Some(SubjectKind::Person) | None => DocumentType::ResidentCard.code(),
        Some(SubjectKind::Party) => by_shape(number, today).code(),
    }
}

/// What a number is by its shape: an identity number if it is one, else a credit code if it is one, else what it looks most like.
pub(super) fn by_shape(number: &str, today: Day) -> DocumentType {
    let letters = number.chars().rev().skip(1).any(|c| fold(&c.to_string()).chars().any(|c| c.is_ascii_alphabetic()));
    if resident_id(number, today.date()).is_err() && (credit_code(number).is_ok() || letters) {
        DocumentType::CreditCode
    } else {
        DocumentType::ResidentCard
    }
}

/// The standard's name of a field of [`ImportRow`].
pub(super) fn column_of(field: &str) -> Option<&'static str> {
    Some(match field {
        "subject_kind" => "ZTLX",
        "name" => "MC",
        "document_no" => "ZJHM",
        "document_type" => "ZJLX",
        "conduct" => "XWDM",
        "level" => "DJ",
        "decision_no" => "WSH",
        "decision_day" => "WSRQ",
        "legal_basis" => "FLYJ",
        "measures" => "XZCS",
        "restriction_until" => "XZJZ",
        "publication_until" => "GSJZ",
        "remark" => "BZ",
        _ => return None,
    })
}
