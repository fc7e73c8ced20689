//! Which header means which field.

use std::collections::BTreeMap;

use anju_core::facts::text::{fold, is_padding};
use encoding_rs::{Encoding, GB18030, UTF_8};

use super::super::error::SourceError;
use super::super::files::{Form, TableFile};
use super::super::table::{self, Cell, Row, Taker};

/// Most headers that `--map` may name.
const MAP_MAX: usize = 64;

/// A field of a file: the standard's name, the headers that are known for it, and whether a file must have it.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) headers: &'static [&'static str],
    pub(super) required: bool,
}

const fn required(name: &'static str, headers: &'static [&'static str]) -> Field {
    Field { name, headers, required: true }
}

const fn optional(name: &'static str, headers: &'static [&'static str]) -> Field {
    Field { name, headers, required: false }
}

pub(super) const ZTLX: usize = 0;
pub(super) const MC: usize = 1;
pub(super) const ZJHM: usize = 2;
pub(super) const ZJLX: usize = 3;
pub(super) const XWDM: usize = 4;
pub(super) const DJ: usize = 5;
pub(super) const WSH: usize = 6;
pub(super) const WSRQ: usize = 7;
pub(super) const FLYJ: usize = 8;
pub(super) const XZCS: usize = 9;
pub(super) const XZJZ: usize = 10;
pub(super) const GSJZ: usize = 11;
pub(super) const BZ: usize = 12;

/// The columns of a blacklist export, at the places above.
pub(super) const LISTING: &[Field] = &[
    required("ZTLX", &["主体类型", "主体类别", "对象类型"]),
    required("MC", &["姓名或名称", "姓名", "名称", "主体名称", "单位名称"]),
    required("ZJHM", &["证件号码", "证件号", "身份证号", "身份证号码", "统一社会信用代码"]),
    optional("ZJLX", &["证件类型"]),
    required("XWDM", &["失信行为", "失信行为代码", "行为代码", "失信类型"]),
    required("DJ", &["失信等级", "等级", "失信程度"]),
    required("WSH", &["认定文书号", "文书号", "决定书文号", "认定书编号"]),
    required("WSRQ", &["认定日期", "文书日期", "决定日期"]),
    required("FLYJ", &["法律依据", "认定依据"]),
    required("XZCS", &["限制措施", "惩戒措施"]),
    required("XZJZ", &["限制截止日期", "限制截止", "惩戒截止日期"]),
    required("GSJZ", &["公示截止日期", "公示截止"]),
    optional("BZ", &["备注", "说明"]),
];

pub(super) const APPLICANT_ZJHM: usize = 0;
pub(super) const APPLICANT_ZJLX: usize = 1;
pub(super) const APPLICANT_YWLSH: usize = 2;

/// The columns of a file with applicants, at the places above. Names are not needed and not read.
pub(super) const APPLICANT: &[Field] = &[
    required("ZJHM", &["证件号码", "证件号", "身份证号", "身份证号码", "统一社会信用代码"]),
    optional("ZJLX", &["证件类型"]),
    optional("YWLSH", &["业务流水号", "业务编号", "受理编号"]),
];

/// A mapping that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColumnMapError {
    /// Not `FIELD=HEADER`.
    #[error("not of the form FIELD=HEADER")]
    Form,
    /// The standard has no such field.
    #[error("no such field")]
    Field,
    /// More than a file could need.
    #[error("too many")]
    TooMany,
}

/// A centre's own headers: header to field name. They come before the known ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnMap(BTreeMap<String, String>);

impl ColumnMap {
    /// From `FIELD=HEADER` texts.
    ///
    /// # Errors
    /// [`ColumnMapError`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ColumnMapError> {
        let mut map = Self::default();
        for text in texts {
            let (field, header) = text.split_once('=').ok_or(ColumnMapError::Form)?;
            let field = fold(field).to_uppercase();
            if key(header).is_empty() {
                return Err(ColumnMapError::Form);
            }
            if !LISTING.iter().chain(APPLICANT).any(|known| known.name == field) {
                return Err(ColumnMapError::Field);
            }
            map.0.insert(key(header), field);
            if map.0.len() > MAP_MAX {
                return Err(ColumnMapError::TooMany);
            }
        }
        Ok(map)
    }

    fn field(&self, fields: &[Field], header: &str) -> Option<usize> {
        let header = key(header);
        if let Some(name) = self.0.get(&header) {
            return fields.iter().position(|field| field.name == name);
        }
        // A header that was mapped to a field takes that field's known headers out: they mean something else in this file.
        let known = |field: &Field| key(field.name) == header || field.headers.iter().any(|known| key(known) == header);
        fields.iter().position(|field| known(field) && !self.0.values().any(|name| name == field.name))
    }
}

fn key(header: &str) -> String {
    fold(header).to_uppercase()
}

/// Where the fields stand in the rows of one table.
pub(super) struct Place {
    /// Cells up to the last header.
    pub(super) width: usize,
    at: Vec<Option<usize>>,
    /// The headers as they stand there.
    pub(super) headers: Vec<String>,
}

impl Place {
    /// The cell of the field at `field`; empty text when the table has no such column.
    pub(super) fn cell<'a>(&self, row: &'a Row, field: usize) -> Cell<'a> {
        self.at.get(field).copied().flatten().map_or(Cell::Text(""), |at| row.cell(at))
    }

    /// Whether the table has the field.
    pub(super) fn has(&self, field: usize) -> bool {
        self.at.get(field).is_some_and(Option::is_some)
    }

    fn of(row: &Row, fields: &[Field], map: &ColumnMap, file: &str) -> Result<Result<Self, Vec<&'static str>>, SourceError> {
        let mut place = Self { width: 0, at: vec![None; fields.len()], headers: Vec::new() };
        for index in 0..row.len() {
            let text = if let Cell::Text(text) = row.cell(index) { text } else { "" };
            place.headers.push(text.to_owned());
            if !text.chars().all(is_padding) {
                place.width = index + 1;
            }
            match map.field(fields, text) {
                Some(field) if place.at[field].is_some() => {
                    return Err(SourceError::DuplicateColumn { file: file.to_owned(), column: fields[field].name });
                }
                Some(field) => place.at[field] = Some(index),
                None => {}
            }
        }
        place.headers.truncate(place.width);
        let missing: Vec<_> =
            fields.iter().zip(&place.at).filter(|(field, at)| field.required && at.is_none()).map(|(field, _)| field.name).collect();
        Ok(if missing.is_empty() { Ok(place) } else { Err(missing) })
    }
}

/// Receives every row below a header that is not blank, with its number in the file.
pub(super) type OnRow<'a> = dyn FnMut(&Place, &Row, u64) -> Result<(), SourceError> + 'a;

/// Finds the header of every table of a file and numbers the rows below.
struct Finder<'a> {
    file: &'a str,
    fields: &'static [Field],
    map: &'a ColumnMap,
    on_row: &'a mut OnRow<'a>,
    place: Option<Place>,
    header_line: u64,
    /// Rows of the tables before this one, and the last row of this one.
    before: u64,
    last: u64,
    headers: u32,
    missing: Option<Vec<&'static str>>,
    skipping: bool,
}

impl Taker for Finder<'_> {
    fn begin(&mut self) {
        self.place = None;
        self.skipping = false;
        self.before = self.last;
    }

    fn take(&mut self, row: &mut Row) -> Result<(), SourceError> {
        if self.skipping || (row.problem.is_none() && row.is_empty_from(0)) {
            return Ok(());
        }
        let Some(place) = &self.place else {
            match Place::of(row, self.fields, self.map, self.file)? {
                Ok(place) => {
                    self.place = Some(place);
                    self.header_line = row.line;
                    self.headers += 1;
                }
                Err(missing) => {
                    self.skipping = true;
                    self.missing.get_or_insert(missing);
                }
            }
            return Ok(());
        };
        use super::super::report::Reason;
        if row.sheet.is_none() && row.len() < place.width {
            row.fail(Reason::RowShort);
        }
        if row.len() > place.width && !row.is_empty_from(place.width) {
            row.fail(Reason::RowLong);
        }
        self.last = self.before + (row.line - self.header_line);
        (self.on_row)(place, row, self.last)
    }
}

/// Which encoding a text file is read in: the one it seems to have, or the other when only then there is a header.
pub(super) fn encoding(file: &TableFile, fields: &'static [Field], map: &ColumnMap) -> Result<Option<&'static Encoding>, SourceError> {
    if file.form == Form::Xlsx {
        return Ok(None);
    }
    let seems = table::encoding(file)?;
    let other = if seems == UTF_8 { GB18030 } else { UTF_8 };
    for encoding in [seems, other] {
        match scan(file, Some(encoding), fields, map, &mut |_, _, _| Err(SourceError::Stopped)) {
            Err(SourceError::MissingColumns { .. }) => {}
            Ok(()) | Err(_) => return Ok(Some(encoding)),
        }
    }
    Ok(Some(seems))
}

/// Streams the rows of `file` to `on_row`.
///
/// # Errors
/// [`SourceError`] when the file cannot be read, is refused, or has no table with the columns.
pub(super) fn scan<'a>(
    file: &'a TableFile,
    encoding: Option<&'static Encoding>,
    fields: &'static [Field],
    map: &'a ColumnMap,
    on_row: &'a mut OnRow<'a>,
) -> Result<(), SourceError> {
    let mut finder = Finder {
        file: &file.name,
        fields,
        map,
        on_row,
        place: None,
        header_line: 0,
        before: 0,
        last: 0,
        headers: 0,
        missing: None,
        skipping: false,
    };
    table::stream(file, encoding, &mut finder)?;
    match (finder.headers, finder.missing) {
        (0, Some(columns)) => Err(SourceError::MissingColumns { file: file.name.clone(), columns }),
        (0, None) => Err(SourceError::Empty { file: file.name.clone() }),
        (_, _) => Ok(()),
    }
}
