//! Which rows of the audit log are kept. The operator and whom a row is about are asked of the peer; the rest is looked for in what was read.

use anju_core::audit::AuditAction;
use anju_core::desk::{AuditLine, AuditSubject};
use anju_core::listing::Day;
use anju_core::listing::case::MAX_REASON_CHARS;
use anju_core::operator::OperatorName;
use anju_core::time::Time;

use super::super::blacklist::{NUMBER_MAX_CHARS, document_types};
use super::patterns::Pattern;
use super::rows;
use crate::shown::Shown;
use crate::widgets::form::{Field, Form, Kind};
use crate::words::Words;

/// Longest text of a filter, in characters.
const TEXT_MAX_CHARS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filter {
    pub(super) operator: Option<OperatorName>,
    pub(super) subject: Option<AuditSubject>,
    action: String,
    matter: String,
    business_no: String,
    about: String,
    from: Option<Day>,
    until: Option<Day>,
}

fn is_operator(text: &str) -> Option<&'static str> {
    OperatorName::new(text).is_err().then_some("login.name-bad")
}

impl Filter {
    /// What was typed, or the field that is missing.
    pub(super) fn of(form: &Form) -> Result<Self, &'static str> {
        let value = |id: &str| form.value(id).trim().to_owned();
        let day = |id: &str| value(id).parse().ok();
        let subject = AuditSubject { document_type: value("document_type"), document_no: value("document_no"), reason: value("reason") };
        if !subject.document_no.is_empty() && subject.reason.is_empty() {
            return Err("reason");
        }
        Ok(Self {
            operator: OperatorName::new(&value("operator")).ok(),
            subject: Some(subject).filter(|subject| !subject.document_no.is_empty()),
            action: value("action"),
            matter: value("matter"),
            business_no: value("business_no"),
            about: value("about"),
            from: day("from"),
            until: day("until"),
        })
    }

    pub(super) fn form(&self, words: Words) -> Form {
        let any = std::iter::once((String::new(), words.say("audit.any")));
        let actions = AuditAction::ALL.iter().map(|action| (action.code().to_owned(), rows::action(words, action.code())));
        let text = || Kind::Text(TEXT_MAX_CHARS);
        let mut form = Form::new(vec![
            Field::optional("operator", words.say("audit.column-operator"), text()).checked(is_operator),
            Field::optional("action", words.say("audit.column-action"), Kind::Choice(any.chain(actions).collect())),
            Field::optional("matter", words.say("audit.column-matter"), text()),
            Field::optional("business_no", words.say("audit.column-business"), text()),
            Field::optional("about", words.say("audit.column-about"), text()),
            Field::optional("from", words.say("audit.from"), Kind::Date),
            Field::optional("until", words.say("audit.until"), Kind::Date),
            Field::optional("document_type", words.say("blacklist.document-type"), document_types(words)),
            Field::optional("document_no", words.say("blacklist.document-no"), Kind::Identity(NUMBER_MAX_CHARS)),
            Field::optional("reason", words.say("audit.reason"), Kind::Text(MAX_REASON_CHARS)),
        ]);
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        form.set("operator", self.operator.as_ref().map_or("", OperatorName::as_str));
        form.set("action", &self.action);
        form.set("matter", &self.matter);
        form.set("business_no", &self.business_no);
        form.set("about", &self.about);
        form.set("from", &day(self.from));
        form.set("until", &day(self.until));
        if let Some(subject) = &self.subject {
            form.set("document_type", &subject.document_type);
            form.set("document_no", &subject.document_no);
            form.set("reason", &subject.reason);
        }
        form
    }

    pub(super) fn keeps(&self, row: &AuditLine) -> bool {
        let has = |value: Option<&str>, wanted: &str| wanted.is_empty() || value.is_some_and(|value| value.contains(wanted));
        let day = Day::of(row.at);
        self.operator.as_ref().is_none_or(|name| row.operator.as_ref() == Some(name))
            && (self.action.is_empty() || row.action == self.action)
            && has(row.matter.as_deref(), &self.matter)
            && has(row.business_no.as_deref(), &self.business_no)
            && has(Some(&row.about), &self.about)
            && self.from.is_none_or(|from| from <= day)
            && self.until.is_none_or(|until| day <= until)
    }

    /// Whether rows older than `at` may be wanted without being asked for one by one.
    pub(super) fn reaches_before(&self, at: Time) -> bool {
        self.from.is_some_and(|from| from <= Day::of(at))
    }

    /// Only the operator and day of a pattern.
    pub(super) fn narrowed(&self, pattern: &Pattern) -> Self {
        Self { operator: Some(pattern.operator.clone()), from: Some(pattern.day), until: Some(pattern.day), ..self.clone() }
    }

    /// Whether the same rows are asked of the peer.
    pub(super) fn asks_as(&self, other: &Self) -> bool {
        self.operator == other.operator && self.subject == other.subject
    }

    /// What is kept, in words.
    pub(super) fn said(&self, words: Words) -> Shown {
        let text = |key: &str, value: &str| {
            let label = words.say(key);
            (!value.is_empty()).then(|| Shown::join([&label, &Shown::new(value)], " "))
        };
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        let action = if self.action.is_empty() { Shown::default() } else { rows::action(words, &self.action) };
        let parts = [
            text("audit.column-operator", self.operator.as_ref().map_or("", OperatorName::as_str)),
            text("audit.column-action", action.as_str()),
            text("audit.column-matter", &self.matter),
            text("audit.column-business", &self.business_no),
            text("audit.column-about", &self.about),
            text("audit.from", &day(self.from)),
            text("audit.until", &day(self.until)),
            self.subject
                .as_ref()
                .map(|subject| Shown::join([&words.say("blacklist.document-no"), &Shown::masked(&subject.document_no)], " ")),
        ];
        let parts: Vec<Shown> = parts.into_iter().flatten().collect();
        if parts.is_empty() { Shown::default() } else { Shown::join(&parts, "   ") }
    }
}
