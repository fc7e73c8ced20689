//! What a rule says of values. Pure: the same values on the same day give the same verdict at every centre.
//!
//! Three answers, not two. A field that is not there makes its condition unknown; a group is unknown only when what is known does not
//! settle it. Unknown is never a no, and never a yes.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Clause, Condition, Op, Operand, Rule, Wording};
use crate::certificate::{CertificateKind, Field, FieldValues, ValueType};
use crate::facts::{Month, money};
use crate::listing::Day;

/// What can be said of a condition or a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Met,
    /// It does not.
    NotMet,
    /// What is known does not tell.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Met, Self::NotMet, Self::Unknown];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not-met",
            Self::Unknown => "unknown",
        }
    }

    /// Both (Kleene's strong conjunction).
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotMet, _) | (_, Self::NotMet) => Self::NotMet,
            (Self::Met, Self::Met) => Self::Met,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Either (Kleene's strong disjunction).
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Met, _) | (_, Self::Met) => Self::Met,
            (Self::NotMet, Self::NotMet) => Self::NotMet,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }
}

/// One condition, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Claim name of the field.
    pub field: String,
    /// What came out.
    pub outcome: Outcome,
    /// The condition in words.
    pub wording: Wording,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Of the rule as a whole.
    pub outcome: Outcome,
    /// Of each condition, in the order in which they are written.
    pub conditions: Vec<Judged>,
}

impl Rule {
    /// Judges `values` of a certificate of `kind` on the legal day `today`. A field that is absent, or not of its form, is unknown; one that
    /// is `null` is known not to exist.
    #[must_use]
    pub fn evaluate(&self, kind: CertificateKind, values: &FieldValues, today: Day) -> Verdict {
        let mut conditions = Vec::new();
        let outcome = self.when.judge(kind, values, today, &mut conditions);
        Verdict { outcome, conditions }
    }
}

impl Clause {
    /// No condition is skipped because another has settled the group: whoever is told no wants to know of everything.
    fn judge(&self, kind: CertificateKind, values: &FieldValues, today: Day, out: &mut Vec<Judged>) -> Outcome {
        match self {
            Self::All(clauses) => clauses.iter().fold(Outcome::Met, |sum, clause| sum.and(clause.judge(kind, values, today, out))),
            Self::Any(clauses) => clauses.iter().fold(Outcome::NotMet, |sum, clause| sum.or(clause.judge(kind, values, today, out))),
            Self::Is(condition) => {
                let outcome = condition.judge(kind, values, today);
                out.push(Judged { field: condition.field.clone(), outcome, wording: condition.wording.clone() });
                outcome
            }
        }
    }
}

impl Condition {
    fn judge(&self, kind: CertificateKind, values: &FieldValues, today: Day) -> Outcome {
        let Some((_, field)) = Field::named(kind, &self.field) else { return Outcome::Unknown };
        let Some(value) = values.get(&self.field).filter(|value| field.accepts(value)) else { return Outcome::Unknown };
        let holds = if value.is_null() { self.of_nothing() } else { self.of_value(field, value, today) };
        match holds {
            Some(true) => Outcome::Met,
            Some(false) => Outcome::NotMet,
            None => Outcome::Unknown,
        }
    }

    /// Of a thing that the account does not have: it is not what was named, and has no size.
    fn of_nothing(&self) -> Option<bool> {
        match (self.op, &self.value) {
            (Op::Present, Operand::Flag(wanted)) => Some(!wanted),
            (Op::Present, _) => None,
            (Op::IsNot, _) => Some(true),
            (
                Op::Is | Op::OneOf | Op::AtLeast | Op::AtMost | Op::MoreThan | Op::LessThan | Op::MonthsAgoAtLeast | Op::MonthsAgoAtMost,
                _,
            ) => Some(false),
        }
    }

    fn of_value(&self, field: &Field, value: &Value, today: Day) -> Option<bool> {
        let held = scalar(field.value, value)?;
        let compared = || Some(held.cmp(&operand(field.value, &self.value)?));
        match self.op {
            Op::Is => Some(compared()? == Ordering::Equal),
            Op::IsNot => Some(compared()? != Ordering::Equal),
            Op::AtLeast => Some(compared()? != Ordering::Less),
            Op::AtMost => Some(compared()? != Ordering::Greater),
            Op::MoreThan => Some(compared()? == Ordering::Greater),
            Op::LessThan => Some(compared()? == Ordering::Less),
            Op::OneOf => match (&self.value, value.as_str()) {
                (Operand::Texts(texts), Some(text)) => Some(texts.iter().any(|t| t == text)),
                _ => None,
            },
            Op::MonthsAgoAtLeast => Some(months_ago(value, today)? >= months(&self.value)?),
            Op::MonthsAgoAtMost => Some(months_ago(value, today)? <= months(&self.value)?),
            Op::Present => match self.value {
                Operand::Flag(wanted) => Some(wanted),
                Operand::Number(_) | Operand::Text(_) | Operand::Texts(_) => None,
            },
        }
    }
}

/// A value that can be compared with another of its type: amounts in 分, ratios in 1/10,000, months counted, never a floating point number.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Number(i128),
    Flag(bool),
    Text(String),
}

/// `value` as something to compare, if it is of this type.
pub(super) fn scalar(kind: ValueType, value: &Value) -> Option<Scalar> {
    let text = || value.as_str();
    match kind {
        ValueType::Money => money::parse_fen(text()?).ok().map(|fen| Scalar::Number(i128::from(fen.0))),
        ValueType::Ratio => money::parse_ratio(text()?).ok().map(|ratio| Scalar::Number(i128::from(ratio))),
        ValueType::Month => Month::try_from(text()?.to_owned()).ok().map(|month| Scalar::Number(i128::from(month.index()))),
        ValueType::Integer => value.as_u64().map(|number| Scalar::Number(i128::from(number))),
        ValueType::Bool => value.as_bool().map(Scalar::Flag),
        ValueType::Code | ValueType::Text => text().map(|text| Scalar::Text(text.to_owned())),
    }
}

fn operand(kind: ValueType, operand: &Operand) -> Option<Scalar> {
    let value = match operand {
        Operand::Flag(flag) => (*flag).into(),
        Operand::Number(number) => (*number).into(),
        Operand::Text(text) => text.as_str().into(),
        Operand::Texts(_) => return None,
    };
    scalar(kind, &value)
}

fn months(operand: &Operand) -> Option<i64> {
    match operand {
        Operand::Number(number) => i64::try_from(*number).ok(),
        Operand::Flag(_) | Operand::Text(_) | Operand::Texts(_) => None,
    }
}

/// Months from the month in `value` to that of `today`; negative when it is still to come.
fn months_ago(value: &Value, today: Day) -> Option<i64> {
    let month = Month::try_from(value.as_str()?.to_owned()).ok()?;
    Month::of(today.date()).map(|now| i64::from(now.months_since(month)))
}
