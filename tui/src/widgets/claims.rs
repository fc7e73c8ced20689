//! The fields of a certificate by group, drawn from the schema of its kind: labels, order, what a value looks like, and which values are
//! numbers of persons. A field that is new in a schema needs nothing here.

use anju_core::certificate::schema::{Group, ValueType};
use anju_core::certificate::{CertificateKind, Field};
use anju_core::desk::ReleasedField;
use serde_json::Value;

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::words::Words;

/// Digits between two commas of an amount.
const DIGIT_GROUP: usize = 3;

/// The fields that were released of one certificate.
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    kind: Option<CertificateKind>,
    fields: &'a [ReleasedField],
    /// Numbers of persons are shown in plain.
    plain: bool,
}

/// The title of a kind of certificate, or its code when this version knows no such kind.
#[must_use]
pub fn kind_title(words: Words, code: &str) -> Shown {
    match (code.parse::<CertificateKind>(), words) {
        (Ok(kind), Words::Chinese) => Shown::new(kind.title_zh()),
        (Ok(kind), Words::English) => Shown::new(kind.title_en()),
        (Err(_), _) => Shown::new(code),
    }
}

/// Labels of fields that are known by name only.
#[must_use]
pub fn labels(words: Words, kind: Option<CertificateKind>, names: &[String]) -> Shown {
    let labels: Vec<Shown> = names.iter().map(|name| label(words, schema(kind, name), name)).collect();
    Shown::join(&labels, words.say("claims.between").as_str())
}

fn schema(kind: Option<CertificateKind>, name: &str) -> Option<&'static Field> {
    kind.and_then(|kind| Field::named(kind, name)).map(|(_, field)| field)
}

fn label(words: Words, field: Option<&Field>, name: &str) -> Shown {
    match (field, words) {
        (Some(field), Words::Chinese) => Shown::new(&field.label_zh),
        (Some(field), Words::English) => Shown::new(&field.label_en),
        (None, _) => Shown::new(name),
    }
}

/// The label of a field of a schema.
#[must_use]
pub fn label_of(words: Words, field: &Field) -> Shown {
    label(words, Some(field), &field.name)
}

const fn group_key(field: Option<&Field>) -> &'static str {
    let Some(field) = field else { return "group.other" };
    match field.group {
        Group::Person => "group.person",
        Group::Account => "group.account",
        Group::Deposit => "group.deposit",
        Group::Loan => "group.loan",
        Group::Office => "group.office",
    }
}

/// `79800.00` as `79,800.00`.
pub(crate) fn money(text: &str) -> String {
    let (sign, amount) = text.strip_prefix('-').map_or(("", text), |amount| ("-", amount));
    let (whole, rest) = amount.split_once('.').map_or((amount, None), |(whole, rest)| (whole, Some(rest)));
    let count = whole.chars().count();
    let mut out = String::from(sign);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (count - i).is_multiple_of(DIGIT_GROUP) {
            out.push(',');
        }
        out.push(c);
    }
    out + &rest.map(|rest| format!(".{rest}")).unwrap_or_default()
}

/// `0.125` as `12.5%`.
fn percent(text: &str) -> Option<String> {
    let (whole, rest) = text.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(rest) || rest.len() < 2 {
        return None;
    }
    let (before, after) = rest.split_at(2);
    let joined = format!("{whole}{before}");
    let before = joined.trim_start_matches('0');
    let after = after.trim_end_matches('0');
    let point = if after.is_empty() { "" } else { "." };
    Some(format!("{}{point}{after}%", if before.is_empty() { "0" } else { before }))
}

fn value(words: Words, field: Option<&Field>, released: &ReleasedField, plain: bool) -> Shown {
    let hidden = !plain && field.is_none_or(|field| field.hides(&released.value));
    let text = match &released.value {
        Value::Bool(true) => return words.say("value-yes"),
        Value::Bool(false) => return words.say("value-no"),
        Value::Null => return Shown::new("-"),
        Value::String(text) => text.as_str(),
        other => return if hidden { Shown::masked(&other.to_string()) } else { Shown::of(other) },
    };
    if hidden {
        return Shown::masked(text);
    }
    match field.map(|field| field.value) {
        Some(ValueType::Money) => Shown::new(&money(text)),
        Some(ValueType::Ratio) => Shown::new(&percent(text).unwrap_or_else(|| text.to_owned())),
        Some(ValueType::Month) if text.len() == 6 && text.is_ascii() => Shown::new(&format!("{}-{}", &text[..4], &text[4..])),
        Some(ValueType::Code) => match words.find(&format!("table.{}.{text}", released.name)) {
            Some(meaning) => Shown::new(text).and(&Shown::new(" ")).and(&meaning),
            None => Shown::new(text),
        },
        Some(ValueType::Month | ValueType::Integer | ValueType::Bool | ValueType::Text) | None => Shown::new(text),
    }
}

impl<'a> Claims<'a> {
    /// Fields of a certificate of the kind with this code; numbers of persons in plain, or masked.
    #[must_use]
    pub fn new(kind: &str, fields: &'a [ReleasedField], plain: bool) -> Self {
        Self { kind: kind.parse().ok(), fields, plain }
    }

    /// Whether there are numbers that are masked unless they are revealed.
    #[must_use]
    pub fn hides_some(&self) -> bool {
        self.fields.iter().any(|released| schema(self.kind, &released.name).is_none_or(|field| field.hides(&released.value)))
    }

    /// The text of the field that is this item of JGJ/T 320-2014, as it came.
    #[must_use]
    pub fn standard(&self, code: &str) -> Option<&'a str> {
        let is = |released: &&ReleasedField| schema(self.kind, &released.name).is_some_and(|field| field.code.as_deref() == Some(code));
        self.fields.iter().find(is).and_then(|released| released.value.as_str())
    }

    /// Group, label and value of each field, in order.
    pub fn cells(&self, words: Words) -> impl Iterator<Item = (&'static str, Shown, Shown)> + use<'a> {
        let Self { kind, fields, plain } = *self;
        fields.iter().map(move |released| {
            let field = schema(kind, &released.name);
            (group_key(field), label(words, field, &released.name), value(words, field, released, plain))
        })
    }

    /// Lines of a detail view, a head before each group.
    #[must_use]
    pub fn lines(&self, words: Words) -> Vec<Line> {
        let (mut lines, mut last) = (Vec::new(), "");
        for (group, label, value) in self.cells(words) {
            if group != last {
                lines.push(Line::Group(words.find(group).unwrap_or_default()));
                last = group;
            }
            lines.push(Line::Field { label, value, tone: Tone::Plain });
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_ratios_read_as_people_write_them() {
        assert_eq!(["0.00", "-1234567.80", "380.00", "x"].map(money), ["0.00", "-1,234,567.80", "380.00", "x"]);
        let said = ["0.12", "0.125", "1.00", "0.05", "0.0001"].map(|text| percent(text).unwrap());
        assert_eq!(said, ["12%", "12.5%", "100%", "5%", "0.01%"]);
        assert_eq!(["12", "0.1", "x.yy", ""].map(percent), [None, None, None, None]);
    }

    #[test]
    fn every_kind_is_shown_from_its_schema_alone_and_hides_numbers_but_no_names() {
        for kind in CertificateKind::ALL {
            let released = |field: &Field| ReleasedField { name: field.name.clone(), value: "460100199001011234".into() };
            let fields: Vec<_> = Field::all(kind).iter().map(released).collect();
            for words in Words::ALL {
                let masked = Claims::new(kind.code(), &fields, false);
                assert_eq!(masked.cells(words).count(), fields.len());
                let hidden = masked.cells(words).filter(|(.., value)| value.as_str() == "460***********1234").count();
                assert_eq!(hidden, Field::all(kind).iter().filter(|field| field.identifying).count());
                assert!(Claims::new(kind.code(), &fields, true).cells(words).all(|(.., value)| !value.as_str().contains('*')));
            }
        }
        let named = [ReleasedField { name: "name".to_owned(), value: "史霞玲".into() }];
        assert!(!Claims::new("JCZM", &named, false).hides_some());
        let unknown = [ReleasedField { name: "new_thing".to_owned(), value: "460100199001011234".into() }];
        assert!(Claims::new("JCZM", &unknown, false).hides_some(), "what is not known may be a number of a person");
    }
}
