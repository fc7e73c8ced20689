//! Whether a matter or a catalogue is one. The same judgement at publication and at every receiver.
//!
//! A [`Problem`] names the place by a path such as `rule[0].all[1].value`; who reads a file finds line and column for it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::evaluate::scalar;
use super::{
    Clause, Condition, MAX_CODE_BYTES, MAX_CONDITIONS, MAX_DAYS, MAX_DEPTH, MAX_RULES, MAX_VALUE_BYTES, MAX_VALUES, MAX_WORDING_BYTES,
    MODES, Matter, Op, Operand, Wording,
};
use crate::certificate::{Field, ValueType};
use crate::facts::text;
use crate::grant::MAX_USES;
use crate::listing::Day;

/// Largest count or number of months that a condition may compare with.
pub const MAX_NUMBER: u64 = 1_000_000;
/// Largest number of months that a condition may look back: a century.
pub const MAX_MONTHS_AGO: u64 = 1200;

macro_rules! problems {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)?) => {
        /// What is wrong. The codes never change once released; the words for them are elsewhere.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum ProblemCode { $($(#[$doc])* $variant),+ }
        impl ProblemCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

problems! {
    /// Not TOML.
    NotToml = "not-toml",
    /// More bytes than a file may have.
    FileTooLarge = "file-too-large",
    /// A key that means nothing here.
    UnknownKey = "unknown-key",
    /// A key that must be there is not.
    KeyMissing = "key-missing",
    /// A value of another type.
    WrongType = "wrong-type",
    /// Not a code: lower-case letters, digits and hyphens.
    NotACode = "not-a-code",
    /// Not a version: a day and two digits, as one number.
    NotAVersion = "not-a-version",
    /// Not a day.
    NotADay = "not-a-day",
    /// Nothing where something must be.
    Empty = "empty",
    /// Longer than allowed.
    TooLong = "too-long",
    /// More of them than allowed.
    TooMany = "too-many",
    /// Outside what is allowed.
    OutOfRange = "out-of-range",
    /// A character that turns or hides text, or controls a terminal.
    HostileText = "hostile-text",
    /// No such kind of certificate.
    UnknownKind = "unknown-kind",
    /// No such mode.
    UnknownMode = "unknown-mode",
    /// The certificate has no such field.
    UnknownField = "unknown-field",
    /// No such operator.
    UnknownOp = "unknown-op",
    /// The field cannot be compared so.
    OpNotForField = "op-not-for-field",
    /// A value that the field, or the operator, cannot have.
    BadValue = "bad-value",
    /// Stands twice.
    Twice = "twice",
    /// Not in the order that it must have.
    Disordered = "disordered",
    /// A rule asks for a field that the matter is not shown.
    NotAMattersField = "not-a-matters-field",
    /// A rule asks who somebody is.
    Identifying = "identifying",
    /// Neither a group nor a condition, or both.
    NotAClause = "not-a-clause",
    /// Groups in groups in groups.
    TooDeep = "too-deep",
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{at}: {code}{}", allowed.as_deref().map(|a| format!(" ({a})")).unwrap_or_default())]
pub struct Problem {
    /// Where, such as `rule[0].all[1].value`; empty for the whole.
    pub at: String,
    /// What.
    pub code: ProblemCode,
    /// What is allowed there: codes, a form, a limit.
    pub allowed: Option<String>,
}

impl Problem {
    pub(super) fn new(at: impl Into<String>, code: ProblemCode) -> Self {
        Self { at: at.into(), code, allowed: None }
    }

    pub(super) fn allowing(at: impl Into<String>, code: ProblemCode, allowed: impl Into<String>) -> Self {
        Self { at: at.into(), code, allowed: Some(allowed.into()) }
    }
}

impl Matter {
    /// Whether everything in it is as it must be.
    ///
    /// # Errors
    /// The first [`Problem`].
    pub fn check(&self) -> Result<(), Problem> {
        code("code", &self.code)?;
        version("version", self.version)?;
        wording("title", &self.title)?;
        wording("legal_basis", &self.legal_basis)?;
        self.check_modes()?;
        between("uses_max", self.uses_max, MAX_USES)?;
        between("days_max", self.days_max, MAX_DAYS)?;
        self.check_fields()?;
        if self.rules.len() > MAX_RULES {
            return Err(Problem::allowing("rule", ProblemCode::TooMany, MAX_RULES.to_string()));
        }
        let (mut names, mut conditions) = (BTreeSet::new(), 0);
        for (i, rule) in self.rules.iter().enumerate() {
            let at = format!("rule[{i}]");
            code(&format!("{at}.name"), &rule.name)?;
            if !names.insert(rule.name.as_str()) {
                return Err(Problem::new(format!("{at}.name"), ProblemCode::Twice));
            }
            wording(&format!("{at}.title"), &rule.title)?;
            if matches!(rule.when, Clause::Is(_)) {
                return Err(Problem::allowing(at, ProblemCode::NotAClause, "all, any"));
            }
            self.check_clause(&at, &rule.when, 1, &mut conditions)?;
        }
        Ok(())
    }

    fn check_modes(&self) -> Result<(), Problem> {
        let rank = |mode| MODES.iter().position(|m| *m == mode);
        if self.modes.is_empty() {
            return Err(Problem::allowing("modes", ProblemCode::Empty, mode_list()));
        }
        let ordered = self.modes.is_sorted_by(|a, b| rank(*a) < rank(*b));
        if ordered { Ok(()) } else { Err(Problem::allowing("modes", ProblemCode::Disordered, mode_list())) }
    }

    fn check_fields(&self) -> Result<(), Problem> {
        if self.fields.is_empty() {
            return Err(Problem::new("required", ProblemCode::Empty));
        }
        let places: Option<Vec<usize>> =
            self.fields.iter().map(|field| Field::named(self.certificate, &field.name).map(|(place, _)| place)).collect();
        let places = places.ok_or_else(|| Problem::allowing("required", ProblemCode::UnknownField, field_list(self.certificate)))?;
        if places.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(Problem::new("required", ProblemCode::Disordered)) }
    }

    fn check_clause(&self, at: &str, clause: &Clause, depth: usize, conditions: &mut usize) -> Result<(), Problem> {
        let (key, clauses) = match clause {
            Clause::All(clauses) => ("all", clauses),
            Clause::Any(clauses) => ("any", clauses),
            Clause::Is(condition) => {
                *conditions += 1;
                if *conditions > MAX_CONDITIONS {
                    return Err(Problem::allowing(at, ProblemCode::TooMany, MAX_CONDITIONS.to_string()));
                }
                return self.check_condition(at, condition);
            }
        };
        let here = format!("{at}.{key}");
        if depth > MAX_DEPTH {
            return Err(Problem::allowing(here, ProblemCode::TooDeep, MAX_DEPTH.to_string()));
        }
        // An empty "all" would hold of anybody, an empty "any" of nobody.
        if clauses.is_empty() {
            return Err(Problem::new(here, ProblemCode::Empty));
        }
        clauses.iter().enumerate().try_for_each(|(i, clause)| self.check_clause(&format!("{here}[{i}]"), clause, depth + 1, conditions))
    }

    fn check_condition(&self, at: &str, condition: &Condition) -> Result<(), Problem> {
        let in_field = || format!("{at}.field");
        let Some((_, field)) = Field::named(self.certificate, &condition.field) else {
            return Err(Problem::allowing(in_field(), ProblemCode::UnknownField, field_list(self.certificate)));
        };
        if self.field(&condition.field).is_none() {
            let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
            return Err(Problem::allowing(in_field(), ProblemCode::NotAMattersField, names.join(", ")));
        }
        if field.identifying {
            return Err(Problem::new(in_field(), ProblemCode::Identifying));
        }
        if !condition.op.fits(field.value, field.optional) {
            let allowed = Op::fitting(field.value, field.optional);
            return Err(Problem::allowing(format!("{at}.op"), ProblemCode::OpNotForField, allowed));
        }
        check_value(&format!("{at}.value"), field, condition.op, &condition.value)?;
        wording(&format!("{at}.wording"), &condition.wording)
    }
}

fn check_value(at: &str, field: &Field, op: Op, value: &Operand) -> Result<(), Problem> {
    let bad = |form: String| Err(Problem::allowing(at, ProblemCode::BadValue, form));
    match op {
        Op::MonthsAgoAtLeast | Op::MonthsAgoAtMost => match value {
            Operand::Number(months) if *months <= MAX_MONTHS_AGO => Ok(()),
            Operand::Number(_) | Operand::Flag(_) | Operand::Text(_) | Operand::Texts(_) => bad(format!("0 .. {MAX_MONTHS_AGO}")),
        },
        Op::Present => match value {
            Operand::Flag(_) => Ok(()),
            Operand::Number(_) | Operand::Text(_) | Operand::Texts(_) => bad("true, false".to_owned()),
        },
        Op::OneOf => {
            let Operand::Texts(texts) = value else { return bad(format!("[{}]", form(field.value))) };
            if texts.is_empty() {
                return Err(Problem::new(at, ProblemCode::Empty));
            }
            if texts.len() > MAX_VALUES {
                return Err(Problem::allowing(at, ProblemCode::TooMany, MAX_VALUES.to_string()));
            }
            for (i, text) in texts.iter().enumerate() {
                if !fits(field, &text.as_str().into()) {
                    return Err(Problem::allowing(format!("{at}[{i}]"), ProblemCode::BadValue, form(field.value)));
                }
                if texts[..i].contains(text) {
                    return Err(Problem::new(format!("{at}[{i}]"), ProblemCode::Twice));
                }
            }
            Ok(())
        }
        Op::Is | Op::IsNot | Op::AtLeast | Op::AtMost | Op::MoreThan | Op::LessThan => {
            let value = match value {
                Operand::Flag(flag) => (*flag).into(),
                Operand::Number(number) if *number <= MAX_NUMBER => (*number).into(),
                Operand::Text(text) => text.as_str().into(),
                Operand::Number(_) | Operand::Texts(_) => return bad(form(field.value)),
            };
            if fits(field, &value) { Ok(()) } else { bad(form(field.value)) }
        }
    }
}

/// Whether the field could have this value, and it can be compared with.
fn fits(field: &Field, value: &serde_json::Value) -> bool {
    let short = value.as_str().is_none_or(|t| !t.is_empty() && t.len() <= MAX_VALUE_BYTES && !t.chars().any(text::is_hostile));
    short && !value.is_null() && field.accepts(value) && scalar(field.value, value).is_some()
}

/// How a value of this type is written, for whoever wrote another.
pub(super) fn form(value: ValueType) -> String {
    match value {
        ValueType::Money => "\"10000.00\"".to_owned(),
        ValueType::Month => "\"202601\"".to_owned(),
        ValueType::Ratio => "\"0.05\"".to_owned(),
        ValueType::Integer => format!("0 .. {MAX_NUMBER}"),
        ValueType::Bool => "true, false".to_owned(),
        ValueType::Code => "\"01\"".to_owned(),
        ValueType::Text => format!("\"…\" ({MAX_VALUE_BYTES})"),
    }
}

pub(super) fn code(at: &str, code: &str) -> Result<(), Problem> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if code.is_empty() {
        Err(Problem::new(at, ProblemCode::Empty))
    } else if code.len() > MAX_CODE_BYTES {
        Err(Problem::allowing(at, ProblemCode::TooLong, MAX_CODE_BYTES.to_string()))
    } else if !code.bytes().all(plain) {
        Err(Problem::allowing(at, ProblemCode::NotACode, "a-z 0-9 -"))
    } else {
        Ok(())
    }
}

/// A day and two digits that are not both zero, as one number: never the same twice by accident, and later is larger.
pub(super) fn version(at: &str, version: u32) -> Result<(), Problem> {
    let dated = Day::from_number(version / 100).is_some() && !version.is_multiple_of(100);
    if dated { Ok(()) } else { Err(Problem::allowing(at, ProblemCode::NotAVersion, "YYYYMMDDNN")) }
}

pub(super) fn wording(at: &str, wording: &Wording) -> Result<(), Problem> {
    text_of(&format!("{at}.zh"), &wording.zh, MAX_WORDING_BYTES)?;
    text_of(&format!("{at}.en"), &wording.en, MAX_WORDING_BYTES)
}

pub(super) fn text_of(at: &str, text: &str, max_bytes: usize) -> Result<(), Problem> {
    if text.trim().is_empty() {
        Err(Problem::new(at, ProblemCode::Empty))
    } else if text.len() > max_bytes {
        Err(Problem::allowing(at, ProblemCode::TooLong, max_bytes.to_string()))
    } else if text.chars().any(text::is_hostile) {
        Err(Problem::new(at, ProblemCode::HostileText))
    } else {
        Ok(())
    }
}

fn between(at: &str, number: u32, max: u32) -> Result<(), Problem> {
    if (1..=max).contains(&number) { Ok(()) } else { Err(Problem::allowing(at, ProblemCode::OutOfRange, format!("1 .. {max}"))) }
}

/// The modes there are, in order.
pub(super) fn mode_list() -> String {
    MODES.map(crate::grant::Mode::code).join(", ")
}

/// The fields of a kind, in order.
pub(super) fn field_list(kind: crate::certificate::CertificateKind) -> String {
    Field::all(kind).iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ")
}
