//! What only the issuer can answer: whether stated values match, and what a rule comes to. The forms of both, and the attestation that comes
//! back; no field is opened here.

use anju_core::certificate::{CertificateKind, Field as SchemaField};
use anju_core::desk::{AttestedAnswer, MatterView};
use anju_core::grant::Mode;
use anju_core::interact::{Finding, MAX_STATED_BYTES, Stated, Wanted};
use anju_core::matter::Outcome;
use anju_core::names::RequestId;
use anju_core::time::Time;
use serde_json::json;

use super::answer::{Sign, line};
use super::grant::Held;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::label_of;
use crate::widgets::detail::Line;
use crate::widgets::form::{Field, Form, Kind};
use crate::words::Words;

/// Longest name of a rule that is typed, in characters.
const RULE_MAX_CHARS: usize = 64;
/// The item of JGJ/T 320-2014 that is a person's name.
const NAME: &str = "XINGMING";
/// Rows that the form takes at most; what the grant says stays in sight above it.
const FORM_ROWS_MAX: u16 = 11;
/// Characters of a signature's text that are shown.
const END_CHARS: usize = 24;

/// An attestation with what was asked.
pub(super) struct Attested {
    pub(super) answer: Box<AttestedAnswer>,
    pub(super) wanted: Wanted,
    /// What people call the rule, if that is known.
    pub(super) title: Option<Shown>,
    pub(super) business_no: String,
    pub(super) request: RequestId,
    pub(super) elapsed_ms: u64,
}

fn value_fits(text: &str) -> Option<&'static str> {
    (text.len() > MAX_STATED_BYTES).then_some("query.too-long")
}

/// The fields that the grant names and this version knows, with what the schema says of them.
fn known(held: &Held) -> Vec<&'static SchemaField> {
    let Some(kind) = held.kind() else { return Vec::new() };
    held.fields().iter().filter_map(|name| SchemaField::named(kind, name)).map(|(_, field)| field).collect()
}

/// What a query of this mode needs beside business number and matter.
pub(super) fn fields(words: Words, held: &Held, rules: &[(String, Shown)]) -> Vec<Field> {
    match held.mode() {
        Mode::Details => Vec::new(),
        Mode::Check => known(held)
            .into_iter()
            .map(|field| {
                // A name is not hidden: who stands at the counter is compared with it.
                let hidden = field.identifying && field.code.as_deref() != Some(NAME);
                let kind = if hidden { Kind::Identity(MAX_STATED_BYTES) } else { Kind::Text(MAX_STATED_BYTES) };
                Field::optional(field.name.as_str(), label_of(words, field), kind).checked(value_fits)
            })
            .collect(),
        Mode::Evaluate => {
            let kind = if rules.is_empty() { Kind::Text(RULE_MAX_CHARS) } else { Kind::Choice(rules.to_vec()) };
            vec![Field::required("rule", words.say("query.rule-name"), kind)]
        }
    }
}

/// What the form asks of the issuer; nothing for a reading of the fields. The error is the field that lacks a value.
pub(super) fn wanted(held: &Held, form: &Form) -> Result<Option<Wanted>, &'static str> {
    match held.mode() {
        Mode::Details => Ok(None),
        Mode::Evaluate => Ok(Some(Wanted::Evaluate { rule: form.value("rule") })),
        Mode::Check => {
            let fields = known(held);
            let stated = |field: &&'static SchemaField| {
                let value = form.value(&field.name);
                (!value.is_empty()).then(|| Stated { field: field.name.clone(), value })
            };
            let values: Vec<Stated> = fields.iter().filter_map(stated).collect();
            match (values.is_empty(), fields.first()) {
                (true, first) => Err(first.map_or("business", |field| field.name.as_str())),
                (false, _) => Ok(Some(Wanted::Check { values })),
            }
        }
    }
}

/// Rows of the form of this mode.
pub(super) fn rows(held: Option<&Held>) -> u16 {
    let more = held.map_or(0, |held| match held.mode() {
        Mode::Details => 0,
        Mode::Check => known(held).len(),
        Mode::Evaluate => 1,
    });
    u16::try_from(2 * (2 + more) + 1).unwrap_or(FORM_ROWS_MAX).min(FORM_ROWS_MAX)
}

/// Names and titles of a matter's rules.
pub(super) fn rules(words: Words, view: &MatterView) -> Vec<(String, Shown)> {
    let title = |zh: &str, en: &str| {
        Shown::new(match words {
            Words::Chinese => zh,
            Words::English => en,
        })
    };
    view.matter.rules.iter().map(|rule| (rule.name.clone(), title(&rule.title.zh, &rule.title.en))).collect()
}

/// What the issuer attested, as lines.
pub(super) fn lines(words: Words, got: &Attested) -> Vec<Line> {
    let mut lines = said_lines(words, &got.answer, Some(&got.wanted), got.title.as_ref());
    lines.extend([
        Line::field(words.say("query.business"), Shown::new(&got.business_no)),
        Line::Blank,
        Line::Text(Tone::Dim, words.say("query.attested-hint")),
    ]);
    lines
}

/// The same without what only the asker knows; `wanted` has what was stated, where that is still here, and `title` is the rule's.
pub(super) fn said_lines(words: Words, answer: &AttestedAnswer, wanted: Option<&Wanted>, title: Option<&Shown>) -> Vec<Line> {
    let said = &answer.attestation;
    let field = |key: &str, value: Shown| Line::field(words.find(key).unwrap_or_default(), value);
    let used = said.use_no.map(|no| no.to_string()).unwrap_or_default();
    let uses = words.fill("query.use-of", &[("use", &used), ("uses", &answer.uses.to_string())]);
    let mut lines = vec![Line::Group(words.say("query.attested"))];
    lines.extend(finding(words, &said.finding, said.number.as_str(), (wanted, title)));
    lines.extend([
        Line::Blank,
        field("query.issuer", Shown::of(&answer.issuer)),
        field("query.attested-at", Shown::new(&Time::from_seconds(said.iat).legal_text())),
        field("query.certificate", Shown::of(&said.number)),
        field("query.matter", Shown::new(&said.matter)),
        field("query.uses", uses),
        field("query.signature", short(&answer.text)),
    ]);
    lines
}

fn finding(words: Words, finding: &Finding, number: &str, (wanted, title): (Option<&Wanted>, Option<&Shown>)) -> Vec<Line> {
    match finding {
        Finding::Check { fields } => {
            let kind = number.split('-').nth(1).and_then(|code| code.parse::<CertificateKind>().ok());
            let one = |compared: &anju_core::interact::Compared| {
                let schema = kind.and_then(|kind| SchemaField::named(kind, &compared.field)).map(|(_, field)| field);
                let label = schema.map_or_else(|| Shown::new(&compared.field), |field| label_of(words, field));
                let (sign, key) = if compared.matches { (Sign::Yes, "inquiry.matches") } else { (Sign::No, "inquiry.differs") };
                let mut value = words.find(key).unwrap_or_default();
                if let Some(stated) = stated(wanted, &compared.field, schema.is_none_or(|field| field.identifying)) {
                    value = Shown::join([&value, &words.fill("query.stated", &[("value", stated.as_str())])], "  ");
                }
                line((sign, label, value))
            };
            fields.iter().map(one).collect()
        }
        Finding::Evaluate { rule, version, outcome } => {
            let sign = match outcome {
                Outcome::Met => Sign::Yes,
                Outcome::NotMet => Sign::No,
                Outcome::Unknown => Sign::Unknown,
            };
            let verdict = words.code("inquiry", outcome.code());
            let title = title.map_or_else(|| rule.clone(), ToString::to_string);
            let rule = words.fill("query.rule-said", &[("title", &title), ("rule", rule), ("version", &version.to_string())]);
            vec![line((sign, words.say("query.rule-name"), Shown::join([&verdict, &rule], "  ")))]
        }
        Finding::Status { .. } => Vec::new(),
    }
}

/// What was stated of a field, as it may stand on a screen.
fn stated(wanted: Option<&Wanted>, name: &str, identifying: bool) -> Option<Shown> {
    let Some(Wanted::Check { values }) = wanted else { return None };
    let value = values.iter().find(|one| one.field == name).map(|one| one.value.as_str())?;
    Some(if identifying && value.is_ascii() { Shown::masked(value) } else { Shown::new(value) })
}

fn short(text: &str) -> Shown {
    let head: String = text.chars().take(END_CHARS).collect();
    Shown::new(&format!("{head}.."))
}

/// The attestation as evidence: the same text that the command line gives a program. None of the values stands in it.
pub(super) fn evidence(got: &Attested) -> String {
    let evidence = json!({ "attested": got.answer, "request": got.request, "elapsed_ms": got.elapsed_ms });
    format!("{evidence}\n")
}
