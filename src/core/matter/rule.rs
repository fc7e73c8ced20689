//! A rule: conditions under "all of" and "any of". What it says of values is in [`super::evaluate`].

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use super::{MAX_CONDITIONS, MAX_DEPTH, MAX_VALUES, Wording};
use crate::certificate::ValueType;

/// A named rule of a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Rule {
    /// Its name: lower-case letters, digits and hyphens.
    #[n(0)]
    pub name: String,
    /// What people call it.
    #[n(1)]
    pub title: Wording,
    /// When it is met: a group.
    #[n(2)]
    pub when: Clause,
}

impl Rule {
    /// The fields that it looks at, each once.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        let mut fields = Vec::new();
        self.when.fields(&mut fields);
        fields
    }
}

impl Clause {
    fn fields(&self, out: &mut Vec<String>) {
        match self {
            Self::All(clauses) | Self::Any(clauses) => clauses.iter().for_each(|clause| clause.fields(out)),
            Self::Is(condition) if out.contains(&condition.field) => {}
            Self::Is(condition) => out.push(condition.field.clone()),
        }
    }
}

/// A group of clauses, or one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clause {
    /// Every one of these.
    All(Vec<Clause>),
    /// At least one of these.
    Any(Vec<Clause>),
    /// This holds.
    Is(Condition),
}

/// What one field must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Condition {
    /// Claim name.
    #[n(0)]
    pub field: String,
    /// How it is compared.
    #[n(1)]
    pub op: Op,
    /// With what.
    #[n(2)]
    pub value: Operand,
    /// The condition in words.
    #[n(3)]
    pub wording: Wording,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Equal.
    Is,
    /// Not equal.
    IsNot,
    /// One of those named.
    OneOf,
    /// Not less; of months: not earlier.
    AtLeast,
    /// Not more; of months: not later.
    AtMost,
    /// More; of months: later.
    MoreThan,
    /// Less; of months: earlier.
    LessThan,
    /// The month lies at least so many months before the month of today.
    MonthsAgoAtLeast,
    /// The month lies at most so many months before the month of today, or is still to come.
    MonthsAgoAtMost,
    /// Whether there is such a thing for this account (the field is not `null`).
    Present,
}

impl Op {
    /// Every operator.
    pub const ALL: [Self; 10] = [
        Self::Is,
        Self::IsNot,
        Self::OneOf,
        Self::AtLeast,
        Self::AtMost,
        Self::MoreThan,
        Self::LessThan,
        Self::MonthsAgoAtLeast,
        Self::MonthsAgoAtMost,
        Self::Present,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is-not",
            Self::OneOf => "one-of",
            Self::AtLeast => "at-least",
            Self::AtMost => "at-most",
            Self::MoreThan => "more-than",
            Self::LessThan => "less-than",
            Self::MonthsAgoAtLeast => "months-ago-at-least",
            Self::MonthsAgoAtMost => "months-ago-at-most",
            Self::Present => "present",
        }
    }

    /// The operator with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.code() == code)
    }

    /// Whether a field of this type, that may or may not be `null`, can be compared so.
    #[must_use]
    pub const fn fits(self, value: ValueType, optional: bool) -> bool {
        use ValueType as V;
        match self {
            Self::Is => true,
            Self::IsNot => !matches!(value, V::Bool),
            Self::OneOf => matches!(value, V::Code | V::Text),
            Self::AtLeast | Self::AtMost | Self::MoreThan | Self::LessThan => {
                matches!(value, V::Money | V::Ratio | V::Integer | V::Month)
            }
            Self::MonthsAgoAtLeast | Self::MonthsAgoAtMost => matches!(value, V::Month),
            Self::Present => optional,
        }
    }

    /// The codes of those that fit, for whoever wrote one that does not.
    #[must_use]
    pub fn fitting(value: ValueType, optional: bool) -> String {
        Self::ALL.into_iter().filter(|op| op.fits(value, optional)).map(Self::code).collect::<Vec<_>>().join(", ")
    }
}

impl<C> Encode<C> for Op {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.code())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Op {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_code(d.str()?).ok_or_else(|| minicbor::decode::Error::message("operator"))
    }
}

/// What a field is compared with, written as a certificate writes it: amounts, months, ratios and codes as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Operand {
    /// A yes or no.
    Flag(bool),
    /// A whole number: a count, or months.
    Number(u64),
    /// An amount (`"0.00"`), a month (`"202401"`), a ratio (`"0.05"`), a code or a text.
    Text(String),
    /// Codes or texts.
    Texts(Vec<String>),
}

impl<C> Encode<C> for Operand {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Flag(flag) => e.bool(*flag)?.ok(),
            Self::Number(number) => e.u64(*number)?.ok(),
            Self::Text(text) => e.str(text)?.ok(),
            Self::Texts(texts) => texts.encode(e, ctx),
        }
    }
}

impl<'b, C> Decode<'b, C> for Operand {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        use minicbor::data::Type as T;
        match d.datatype()? {
            T::Bool => d.bool().map(Self::Flag),
            T::U8 | T::U16 | T::U32 | T::U64 => d.u64().map(Self::Number),
            T::String => Ok(Self::Text(d.str()?.to_owned())),
            T::Array => {
                let count = counted(d, MAX_VALUES)?;
                (0..count).map(|_| d.str().map(str::to_owned)).collect::<Result<_, _>>().map(Self::Texts)
            }
            _ => Err(minicbor::decode::Error::message("value")),
        }
    }
}

const TAG_ALL: u8 = 0;
const TAG_ANY: u8 = 1;
const TAG_IS: u8 = 2;

impl<C> Encode<C> for Clause {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(2)?;
        match self {
            Self::All(clauses) => e.u8(TAG_ALL)?.encode_with(clauses, ctx)?.ok(),
            Self::Any(clauses) => e.u8(TAG_ANY)?.encode_with(clauses, ctx)?.ok(),
            Self::Is(condition) => e.u8(TAG_IS)?.encode_with(condition, ctx)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Clause {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        clause(d, ctx, MAX_DEPTH)
    }
}

/// Bytes from outside must not be followed deeper than anybody may write: each step down costs stack.
fn clause<C>(d: &mut Decoder<'_>, ctx: &mut C, depth_left: usize) -> Result<Clause, minicbor::decode::Error> {
    if counted(d, 2)? != 2 {
        return Err(minicbor::decode::Error::message("clause"));
    }
    let tag = d.u8()?;
    if tag == TAG_IS {
        return Condition::decode(d, ctx).map(Clause::Is);
    }
    let below = depth_left.checked_sub(1).ok_or_else(|| minicbor::decode::Error::message("groups too deep"))?;
    let count = counted(d, MAX_CONDITIONS)?;
    let mut clauses = Vec::new();
    for _ in 0..count {
        clauses.push(clause(d, ctx, below)?);
    }
    match tag {
        TAG_ALL => Ok(Clause::All(clauses)),
        TAG_ANY => Ok(Clause::Any(clauses)),
        _ => Err(minicbor::decode::Error::message("clause")),
    }
}

/// The length of an array of at most `max` items.
fn counted(d: &mut Decoder<'_>, max: usize) -> Result<u64, minicbor::decode::Error> {
    d.array()?.filter(|count| *count <= max as u64).ok_or_else(|| minicbor::decode::Error::message("too many"))
}
