//! A matter or a catalogue from the TOML that a centre writes. Whatever is wrong is told with line and column.
//!
//! The text is walked by hand: what there may be is small, and a reader that knows it can say what is allowed at the place. At the end
//! [`super::check`] judges what was read, as every receiver will, and the walk remembers where each thing stood.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::{Problem, ProblemCode, field_list, form, mode_list};
use super::{Clause, Condition, DataCatalogue, DataItem, MAX_DEPTH, Matter, MatterField, Op, Operand, Rule, Wording};
use crate::certificate::{CertificateKind, Field};
use crate::listing::Day;

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// A place in a file, both counted from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{}:{}: {problem}", position.line, position.column)]
pub struct FileError {
    /// Where.
    pub position: Position,
    /// What.
    pub problem: Problem,
}

impl Matter {
    /// Reads a matter's file.
    ///
    /// # Errors
    /// The first [`FileError`].
    pub fn from_toml(text: &str) -> Result<Self, FileError> {
        Reader::read(text, |reader, root| {
            let matter = reader.matter(root)?;
            matter.check()?;
            fits(super::MatterBody::to_bytes(&matter).len())?;
            Ok(matter)
        })
    }
}

impl DataCatalogue {
    /// Reads a catalogue's file.
    ///
    /// # Errors
    /// The first [`FileError`].
    pub fn from_toml(text: &str) -> Result<Self, FileError> {
        Reader::read(text, |reader, root| {
            let catalogue = reader.catalogue(root)?;
            catalogue.check()?;
            fits(super::CatalogueBody::to_bytes(&catalogue).len())?;
            Ok(catalogue)
        })
    }
}

/// A statement holds less than a file may.
fn fits(bytes: usize) -> Result<(), Problem> {
    let max = super::MAX_MATTER_BODY_BYTES;
    if bytes <= max { Ok(()) } else { Err(Problem::allowing("", ProblemCode::FileTooLarge, max.to_string())) }
}

/// Where everything stood that was read, by its path.
#[derive(Default)]
struct Reader {
    places: BTreeMap<String, Range<usize>>,
}

/// A table, its path, and its place.
struct Table<'a, 'i> {
    table: &'a DeTable<'i>,
    at: String,
}

impl<'a, 'i> Table<'a, 'i> {
    fn path(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    fn find(&self, key: &str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.table.get(key)
    }
}

impl Reader {
    fn read<T>(text: &str, read: impl FnOnce(&mut Self, &Spanned<DeTable<'_>>) -> Result<T, Problem>) -> Result<T, FileError> {
        if text.len() > MAX_FILE_BYTES {
            let problem = Problem::allowing("", ProblemCode::FileTooLarge, MAX_FILE_BYTES.to_string());
            return Err(FileError { position: position(text, 0), problem });
        }
        let root = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            FileError { position: position(text, at), problem: Problem::allowing("", ProblemCode::NotToml, said(error.message())) }
        })?;
        let mut reader = Self::default();
        read(&mut reader, &root).map_err(|problem| FileError { position: position(text, reader.place(&problem.at)), problem })
    }

    /// Where the thing at `path` stood, or else the nearest thing around it.
    fn place(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(span) = self.places.get(path) {
                return span.start;
            }
            match path.rfind(['.', '[']) {
                Some(cut) => path = &path[..cut],
                None => return 0,
            }
        }
    }

    fn note(&mut self, path: &str, span: Range<usize>) {
        self.places.insert(path.to_owned(), span);
    }

    /// A table whose keys are all known.
    fn table<'a, 'i>(&mut self, table: &'a DeTable<'i>, at: &str, keys: &[&str]) -> Result<Table<'a, 'i>, Problem> {
        let table = Table { table, at: at.to_owned() };
        for (key, value) in table.table {
            let name = key.get_ref().as_ref();
            let path = table.path(name);
            if !keys.contains(&name) {
                // The name is not repeated: it may be anything.
                let path = table.path("?");
                self.note(&path, key.span());
                return Err(Problem::allowing(path, ProblemCode::UnknownKey, keys.join(", ")));
            }
            self.note(&path, value.span());
        }
        Ok(table)
    }

    fn need<'a, 'i>(&self, table: &Table<'a, 'i>, key: &str) -> Result<&'a DeValue<'i>, Problem> {
        table.find(key).map(Spanned::get_ref).ok_or_else(|| Problem::allowing(table.at.clone(), ProblemCode::KeyMissing, key))
    }

    fn text<'a>(&self, table: &Table<'a, '_>, key: &str) -> Result<&'a str, Problem> {
        self.need(table, key)?.as_str().ok_or_else(|| wrong_type(&table.path(key), "\"…\""))
    }

    fn number(&self, table: &Table<'_, '_>, key: &str) -> Result<u32, Problem> {
        let wrong = || wrong_type(&table.path(key), "0, 1, 2 …");
        integer(self.need(table, key)?).and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)
    }

    fn day(&self, table: &Table<'_, '_>, key: &str) -> Result<Day, Problem> {
        let not = || Problem::allowing(table.path(key), ProblemCode::NotADay, "\"2026-12-01\"");
        // With quotation marks or without: TOML has days of its own.
        match self.need(table, key)? {
            DeValue::Datetime(day) if day.time.is_none() => day.to_string().parse().map_err(|_| not()),
            value => value.as_str().and_then(|text| text.parse().ok()).ok_or_else(not),
        }
    }

    fn kind(&self, table: &Table<'_, '_>, key: &str) -> Result<CertificateKind, Problem> {
        let kinds = || CertificateKind::ALL.map(CertificateKind::code).join(", ");
        self.text(table, key)?.parse().map_err(|_| Problem::allowing(table.path(key), ProblemCode::UnknownKind, kinds()))
    }

    fn wording(&mut self, table: &Table<'_, '_>, key: &str) -> Result<Wording, Problem> {
        let at = table.path(key);
        let inner = self.need(table, key)?.as_table().ok_or_else(|| wrong_type(&at, "{ zh = \"…\", en = \"…\" }"))?;
        let inner = self.table(inner, &at, &["zh", "en"])?;
        Ok(Wording { zh: self.text(&inner, "zh")?.to_owned(), en: self.text(&inner, "en")?.to_owned() })
    }

    /// The texts of an array, each with its path; none when there is no such key.
    fn texts<'a>(&mut self, table: &Table<'a, '_>, key: &str) -> Result<Vec<(String, &'a str)>, Problem> {
        let at = table.path(key);
        let Some(value) = table.find(key) else { return Ok(Vec::new()) };
        let wrong = |at: &str| wrong_type(at, "[\"…\", \"…\"]");
        let mut texts = Vec::new();
        for (i, value) in value.get_ref().as_array().ok_or_else(|| wrong(&at))?.iter().enumerate() {
            let here = format!("{at}[{i}]");
            self.note(&here, value.span());
            texts.push((here.clone(), value.get_ref().as_str().ok_or_else(|| wrong(&here))?));
        }
        Ok(texts)
    }

    /// The tables of an array of tables; none when there is no such key.
    fn tables<'a, 'i>(&mut self, table: &Table<'a, 'i>, key: &str) -> Result<Vec<(String, &'a DeTable<'i>)>, Problem> {
        let at = table.path(key);
        let Some(value) = table.find(key) else { return Ok(Vec::new()) };
        let mut tables = Vec::new();
        for (i, value) in value.get_ref().as_array().ok_or_else(|| wrong_type(&at, "[ { … } ]"))?.iter().enumerate() {
            let here = format!("{at}[{i}]");
            self.note(&here, value.span());
            tables.push((here.clone(), value.get_ref().as_table().ok_or_else(|| wrong_type(&here, "{ … }"))?));
        }
        Ok(tables)
    }

    /// Places of fields of `kind` in certificate order, each with where it is named.
    fn fields(&mut self, table: &Table<'_, '_>, key: &str, kind: CertificateKind) -> Result<Vec<(usize, String)>, Problem> {
        let mut fields: Vec<(usize, String)> = Vec::new();
        for (at, name) in self.texts(table, key)? {
            let Some((place, _)) = Field::named(kind, name) else {
                return Err(Problem::allowing(at, ProblemCode::UnknownField, field_list(kind)));
            };
            if fields.iter().any(|(before, _)| *before == place) {
                return Err(Problem::new(at, ProblemCode::Twice));
            }
            fields.push((place, at));
        }
        fields.sort_unstable();
        Ok(fields)
    }

    fn matter(&mut self, root: &Spanned<DeTable<'_>>) -> Result<Matter, Problem> {
        const KEYS: [&str; 12] = [
            "code",
            "version",
            "from",
            "certificate",
            "title",
            "legal_basis",
            "modes",
            "uses_max",
            "days_max",
            "required",
            "optional",
            "rule",
        ];
        let table = self.table(root.get_ref(), "", &KEYS)?;
        let certificate = self.kind(&table, "certificate")?;
        let mut matter = Matter {
            code: self.text(&table, "code")?.to_owned(),
            version: self.number(&table, "version")?,
            from: self.day(&table, "from")?,
            certificate,
            title: self.wording(&table, "title")?,
            legal_basis: self.wording(&table, "legal_basis")?,
            modes: self.modes(&table)?,
            uses_max: self.number(&table, "uses_max")?,
            days_max: self.number(&table, "days_max")?,
            fields: self.matter_fields(&table, certificate)?,
            rules: Vec::new(),
        };
        for (at, rule) in self.tables(&table, "rule")? {
            let rule = self.rule(&at, rule, certificate)?;
            matter.rules.push(rule);
        }
        Ok(matter)
    }

    fn modes(&mut self, table: &Table<'_, '_>) -> Result<Vec<crate::grant::Mode>, Problem> {
        let mut modes = Vec::new();
        for (at, code) in self.texts(table, "modes")? {
            let Some(mode) = super::mode(code) else { return Err(Problem::allowing(at, ProblemCode::UnknownMode, mode_list())) };
            if modes.contains(&mode) {
                return Err(Problem::new(at, ProblemCode::Twice));
            }
            modes.push(mode);
        }
        modes.sort_unstable_by_key(|mode| super::MODES.iter().position(|m| m == mode));
        Ok(modes)
    }

    fn matter_fields(&mut self, table: &Table<'_, '_>, kind: CertificateKind) -> Result<Vec<MatterField>, Problem> {
        let required = self.fields(table, "required", kind)?;
        let optional = self.fields(table, "optional", kind)?;
        if let Some((_, at)) = optional.iter().find(|(place, _)| required.iter().any(|(other, _)| other == place)) {
            return Err(Problem::new(at.clone(), ProblemCode::Twice));
        }
        let mut all: Vec<(usize, bool)> = required.into_iter().map(|(place, _)| (place, true)).collect();
        all.extend(optional.into_iter().map(|(place, _)| (place, false)));
        all.sort_unstable();
        let known = Field::all(kind);
        Ok(all.into_iter().filter_map(|(place, required)| Some(MatterField { name: known.get(place)?.name.clone(), required })).collect())
    }

    fn rule(&mut self, at: &str, table: &DeTable<'_>, kind: CertificateKind) -> Result<Rule, Problem> {
        let table = self.table(table, at, &["name", "title", "all", "any"])?;
        let when = self.group(&table, kind, MAX_DEPTH)?;
        Ok(Rule { name: self.text(&table, "name")?.to_owned(), title: self.wording(&table, "title")?, when })
    }

    fn group(&mut self, table: &Table<'_, '_>, kind: CertificateKind, depth_left: usize) -> Result<Clause, Problem> {
        let key = match (table.find("all").is_some(), table.find("any").is_some()) {
            (true, false) => "all",
            (false, true) => "any",
            (true, true) | (false, false) => return Err(Problem::allowing(table.at.clone(), ProblemCode::NotAClause, "all | any")),
        };
        let too_deep = || Problem::allowing(table.path(key), ProblemCode::TooDeep, MAX_DEPTH.to_string());
        let below = depth_left.checked_sub(1).ok_or_else(too_deep)?;
        let mut clauses = Vec::new();
        for (at, inner) in self.tables(table, key)? {
            clauses.push(self.clause(&at, inner, kind, below)?);
        }
        Ok(if key == "all" { Clause::All(clauses) } else { Clause::Any(clauses) })
    }

    fn clause(&mut self, at: &str, table: &DeTable<'_>, kind: CertificateKind, depth_left: usize) -> Result<Clause, Problem> {
        let table = self.table(table, at, &["all", "any", "field", "op", "value", "wording"])?;
        let condition = ["field", "op", "value", "wording"].into_iter().any(|key| table.find(key).is_some());
        let group = table.find("all").is_some() || table.find("any").is_some();
        match (condition, group) {
            (true, false) => self.condition(&table, kind).map(Clause::Is),
            (false, true) => self.group(&table, kind, depth_left),
            (true, true) | (false, false) => Err(Problem::allowing(at, ProblemCode::NotAClause, "all | any | field, op, value, wording")),
        }
    }

    fn condition(&mut self, table: &Table<'_, '_>, kind: CertificateKind) -> Result<Condition, Problem> {
        let name = self.text(table, "field")?;
        let Some((_, field)) = Field::named(kind, name) else {
            return Err(Problem::allowing(table.path("field"), ProblemCode::UnknownField, field_list(kind)));
        };
        let ops = || Op::fitting(field.value, field.optional);
        let op = self.text(table, "op")?;
        let op = Op::from_code(op).ok_or_else(|| Problem::allowing(table.path("op"), ProblemCode::UnknownOp, ops()))?;
        let value = self.operand(table, field)?;
        Ok(Condition { field: field.name.clone(), op, value, wording: self.wording(table, "wording")? })
    }

    fn operand(&mut self, table: &Table<'_, '_>, field: &Field) -> Result<Operand, Problem> {
        let at = table.path("value");
        let wrong = || Problem::allowing(at.clone(), ProblemCode::BadValue, form(field.value));
        match self.need(table, "value")? {
            DeValue::String(text) => Ok(Operand::Text(text.to_string())),
            DeValue::Boolean(flag) => Ok(Operand::Flag(*flag)),
            value @ DeValue::Integer(_) => integer(value).map(Operand::Number).ok_or_else(wrong),
            DeValue::Array(_) => Ok(Operand::Texts(self.texts(table, "value")?.into_iter().map(|(_, text)| text.to_owned()).collect())),
            // A floating point number is no amount: 0.1 is not a tenth there.
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => Err(wrong()),
        }
    }

    fn catalogue(&mut self, root: &Spanned<DeTable<'_>>) -> Result<DataCatalogue, Problem> {
        let table = self.table(root.get_ref(), "", &["version", "item"])?;
        let mut catalogue = DataCatalogue { version: self.number(&table, "version")?, items: Vec::new() };
        for (at, item) in self.tables(&table, "item")? {
            let table = self.table(item, &at, &["code", "title", "certificate", "fields", "since", "unit", "phone"])?;
            let certificate = self.kind(&table, "certificate")?;
            let known = Field::all(certificate);
            let places = self.fields(&table, "fields", certificate)?;
            let item = DataItem {
                code: self.text(&table, "code")?.to_owned(),
                title: self.wording(&table, "title")?,
                certificate,
                fields: places.into_iter().filter_map(|(place, _)| Some(known.get(place)?.name.clone())).collect(),
                since: self.day(&table, "since")?,
                unit: self.wording(&table, "unit")?,
                phone: self.text(&table, "phone")?.to_owned(),
            };
            catalogue.items.push(item);
        }
        Ok(catalogue)
    }
}

fn wrong_type(at: &str, form: &str) -> Problem {
    Problem::allowing(at, ProblemCode::WrongType, form)
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// What the TOML reader said, on one line.
fn said(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !crate::facts::text::is_hostile(*c)).take(200).collect()
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
    Position { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}
