//! Before a certificate is issued its account is looked at: what the source says, as the certificate would say it, and whether one may
//! be issued. Numbers go out masked unless a reason was given; who looked is written down before the source is asked.
//!
//! Here too it is told that a number of a certificate was revealed on a screen which had it already.

use super::super::audit::{DONE, Told};
use super::{MAX_ISSUING, Node, subject_of};
use crate::audit::{AuditAction, AuditRow};
use crate::certificate::schema::Field;
use crate::certificate::{CertificateKind, fields_of, may_issue};
use crate::desk::{AccountView, Event, ReleasedField, Stage};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::AccountFacts;
use crate::facts::text::{identifier, masked, shown};
use crate::listing::case::MAX_REASON_CHARS;
use crate::names::CertificateNumber;
use crate::node::{Effect, Env, Stop};
use crate::operator::ProvenAct;

/// An account that the source is asked about.
#[derive(Debug)]
pub(super) struct Looking {
    token: u64,
    act: ProvenAct,
    kind: CertificateKind,
    account_no: String,
    plain: bool,
    /// What the rows of the audit log say of it.
    about: String,
}

fn reason(text: &str) -> Result<&str, Refusal> {
    shown(text, MAX_REASON_CHARS).ok_or_else(|| Refusal::about(RefusalCode::FieldMissing, "reason"))
}

impl Node {
    /// [`crate::desk::Act::Reveal`].
    pub(in crate::node) fn reveal(
        &self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        number: &CertificateNumber,
        why: &str,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let about = format!("{number} {}", reason(why)?);
        let subject = env.shelf.issued(number)?.and_then(|record| record.subject);
        self.tell(env, Some(act), vec![Told::new(AuditAction::Reveal, about, DONE).of(subject)], out)?;
        Ok(Event::Done)
    }

    /// [`crate::desk::Act::AccountShow`]; the answer comes when the source has answered.
    pub(in crate::node) fn account_show(
        &mut self,
        env: &mut Env<'_>,
        (token, act): (u64, &ProvenAct),
        account_no: &str,
        (kind, unmask): (&str, Option<&str>),
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        let kind = kind.parse().map_err(|_| Refusal::about(RefusalCode::RequestInvalid, "kind"))?;
        let why = unmask.map(reason).transpose()?;
        if self.issue.looking.len() >= MAX_ISSUING {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let about = format!("{} {}", masked(&identifier(account_no)), why.unwrap_or("masked"));
        self.tell(env, Some(act), vec![Told::new(AuditAction::AccountShow, about.clone(), "asked")], out)?;
        let reading = self.next_reading();
        out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage: Stage::ReadingSource }) });
        out.push(Effect::ReadSource { reading, account_no: account_no.to_owned() });
        let looking = Looking { token, act: act.clone(), kind, account_no: account_no.to_owned(), plain: why.is_some(), about };
        self.issue.looking.insert(reading, looking);
        Ok(())
    }

    /// The source has answered about an account that is looked at: from here on it is known whose it is.
    pub(super) fn looked(
        &mut self,
        env: &mut Env<'_>,
        reading: u64,
        facts: Result<Box<AccountFacts>, Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some(looking) = self.issue.looking.remove(&reading) else { return Ok(()) };
        let token = looking.token;
        let (outcome, subject) = match &facts {
            Ok(facts) => (DONE.to_owned(), subject_of(env, facts)?),
            Err(refusal) => (AuditRow::refused(refusal.code), None),
        };
        let event = match facts {
            Ok(facts) if facts.account_no != identifier(&looking.account_no) => {
                Event::Refused { refusal: RefusalCode::SourceUnavailable.into(), about: None }
            }
            Ok(facts) => Event::Account(Box::new(self.account_view(&looking, &facts))),
            Err(refusal) => Event::Refused { refusal, about: None },
        };
        self.tell(env, Some(&looking.act), vec![Told::new(AuditAction::AccountShow, looking.about, outcome).of(subject)], out)?;
        out.push(Effect::Reply { token, event: Box::new(event) });
        Ok(())
    }

    fn account_view(&self, looking: &Looking, facts: &AccountFacts) -> AccountView {
        let Looking { kind, plain, .. } = *looking;
        let values = fields_of(kind, facts, "", &self.settings.phone);
        let field = |(name, value): (&str, &serde_json::Value)| {
            let hidden = !plain && Field::named(kind, name).is_none_or(|(_, field)| field.hides(value));
            let value = match value.as_str() {
                Some(text) if hidden => masked(text).into(),
                _ => value.clone(),
            };
            ReleasedField { name: name.to_owned(), value }
        };
        AccountView {
            kind: kind.code().to_owned(),
            fields: values.iter().map(field).collect(),
            masked: !plain,
            refusal: may_issue(kind, facts).err(),
        }
    }
}
