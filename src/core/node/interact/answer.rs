//! The issuer's side.

use super::super::message::{Answer, Decline};
use super::super::query::{KEEP_ACCESS_DAYS, LEGAL_BASIS, said_of};
use super::super::{Effect, Env, Node, Stop, fault};
use super::{FORGET_READING_MS, KEEP_ANSWER_MS, MAX_ANSWERING, MAX_ANSWERING_EACH, MAX_REFUSED_PER_MINUTE, STATUS_SOURCE_MS};
use crate::certificate::{CertificateKind, FieldValues, fields_of};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::AccountFacts;
use crate::facts::text::identifier;
use crate::grant::access;
use crate::grant::{Access, Asker, Mode, Presented};
use crate::interact::attestation::matches;
use crate::interact::{Attestation, Compared, Finding, Inquiry, Reply, Wanted};
use crate::journal::{Kind, Statement};
use crate::listing::Day;
use crate::names::{CentreCode, StationKey};
use crate::shelf::{AnsweredRow, CertificateRow, Write};
use crate::time::{DAY_MS, MINUTE_MS, Time};

/// An inquiry that waits for the source.
#[derive(Debug)]
pub(in crate::node) struct Answering {
    /// To be named in the answer; the newest, if the same was asked again meanwhile.
    token: u64,
    asker: CentreCode,
    inquiry: Inquiry,
    presented: Presented,
    account_no: String,
    since: Time,
}

/// What an inquiry came to without the source.
enum Considered {
    /// It was answered before.
    Known(String),
    /// The grant allows it: the account has to be read.
    Read(String),
}

impl Node {
    /// [`crate::node::message::Question::Inquire`]: `None` when the answer comes later.
    pub(in crate::node) fn inquired(
        &mut self,
        env: &mut Env<'_>,
        (from, token): (StationKey, u64),
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, ShelfError> {
        let Some(asker) = self.charter.station(&from).map(|(member, _)| member.centre.clone()) else {
            return Ok(Some(Answer::Declined(Decline::NotHeld)));
        };
        self.inquired_by(env, asker, (Some(from), token), bytes, out)
    }

    /// An inquiry of `asker`, brought by itself (then it is to blame for what it is) or by another station of ours.
    pub(in crate::node) fn inquired_by(
        &mut self,
        env: &mut Env<'_>,
        asker: CentreCode,
        (by, token): (Option<StationKey>, u64),
        bytes: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<Option<Answer>, ShelfError> {
        let inquiry = match Inquiry::open(&self.keys.sealing, &asker, &self.centre, bytes) {
            Ok(inquiry) => inquiry,
            Err(problem) => {
                if let Some(by) = by {
                    fault(out, by, problem.code);
                }
                return Ok(Some(Answer::Declined(Decline::NotHeld)));
            }
        };
        let again = |one: &&mut Answering| one.asker == asker && one.inquiry == inquiry;
        if let Some(same) = self.interact.answering.values_mut().find(again) {
            // The question that waited will not be answered: its asker has given it up.
            out.push(Effect::Answer { token: same.token, bytes: Answer::Declined(Decline::Busy).to_bytes() });
            same.token = token;
            return Ok(None);
        }
        let theirs = self.interact.answering.values().filter(|one| one.asker == asker).count();
        let full = self.interact.answering.len() >= MAX_ANSWERING || theirs >= MAX_ANSWERING_EACH;
        if full || self.refusals(&asker, env.now) >= MAX_REFUSED_PER_MINUTE {
            return Ok(Some(Answer::Declined(Decline::Busy)));
        }
        let presented = match Presented::parse(&inquiry.grant) {
            Ok(presented) => presented,
            Err(refusal) => return Ok(Some(self.replied(env, &asker, &inquiry, &Reply::refused(&refusal)))),
        };
        match self.consider(env, &asker, &inquiry, &presented) {
            Ok(Considered::Known(text)) => Ok(Some(self.replied(env, &asker, &inquiry, &Reply::Attested(text)))),
            Ok(Considered::Read(account_no)) => {
                let reading = self.next_reading();
                out.push(Effect::ReadSource { reading, account_no: account_no.clone() });
                let answering = Answering { token, asker, inquiry, presented, account_no, since: env.now };
                self.interact.answering.insert(reading, answering);
                Ok(None)
            }
            Err(Stop::Refused(refusal)) => {
                self.record_refused(env, &asker, &inquiry, &presented, &refusal, out)?;
                Ok(Some(self.replied(env, &asker, &inquiry, &Reply::refused(&refusal))))
            }
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    /// Everything that must hold before the source is asked, and again before it is answered.
    fn consider(&self, env: &Env<'_>, asker: &CentreCode, inquiry: &Inquiry, presented: &Presented) -> Result<Considered, Stop> {
        if let Some(before) = env.shelf.answered(asker, &inquiry.request)? {
            let same = before.asked == inquiry.digest(asker);
            return if same { Ok(Considered::Known(before.text)) } else { Err(RefusalCode::RequestReused.into()) };
        }
        let claims = presented.claims();
        if claims.number.centre() != self.centre {
            return Err(Refusal::about(RefusalCode::NotTheIssuer, claims.number.centre().as_str()).into());
        }
        let row = env.shelf.certificate(&claims.number)?.ok_or(RefusalCode::CertificateUnknown)?;
        // A status goes with a reading of the fields, and with nothing less.
        let mode = inquiry.wanted.mode().unwrap_or(Mode::Details);
        let may = Asker { centre: asker, now: env.now, matter: Some(&inquiry.matter), mode };
        let uses = if inquiry.wanted == Wanted::Status { 0 } else { env.shelf.grant_uses(&self.centre, &presented.id(), None)? };
        presented.authorise(&may, &row, &said_of(env, presented, uses)?)?;
        if let Some(matter) = self.matter_binding(env, asker, &claims.matter)? {
            presented.within(&matter, &row.kind)?;
        }
        self.wanted_is_granted(env, asker, inquiry, presented)?;
        self.may_write()?;
        let record = env.shelf.issued(&claims.number)?.ok_or(RefusalCode::CertificateErased)?;
        Ok(Considered::Read(record.account_no))
    }

    /// Only what the holder granted is compared or enters a verdict.
    fn wanted_is_granted(&self, env: &Env<'_>, asker: &CentreCode, inquiry: &Inquiry, presented: &Presented) -> Result<(), Stop> {
        let granted = |name: &str| presented.claims().fields.iter().any(|field| field == name);
        let missing = |name: &str| Err(Refusal::about(RefusalCode::FieldNotGranted, name).into());
        match &inquiry.wanted {
            Wanted::Status => Ok(()),
            Wanted::Check { values } => values.iter().find(|one| !granted(&one.field)).map_or(Ok(()), |one| missing(&one.field)),
            Wanted::Evaluate { rule } => {
                let unknown = || Refusal::about(RefusalCode::RuleUnknown, rule.clone());
                let matter = self.matter_binding(env, asker, &inquiry.matter)?.ok_or_else(unknown)?;
                let fields = matter.rule(rule).ok_or_else(unknown)?.fields();
                fields.iter().find(|name| !granted(name)).map_or(Ok(()), |name| missing(name))
            }
        }
    }

    /// The source has answered about an account that an inquiry is about. Returns whether it was one.
    pub(in crate::node) fn inquiry_read(
        &mut self,
        env: &mut Env<'_>,
        reading: u64,
        facts: &Result<Box<AccountFacts>, Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<bool, ShelfError> {
        let Some(answering) = self.interact.answering.remove(&reading) else { return Ok(false) };
        let Answering { token, asker, inquiry, presented, .. } = &answering;
        let mut effects = Vec::new();
        let reply = match self.attest(env, &answering, facts, &mut effects) {
            Ok(text) => {
                out.append(&mut effects);
                Reply::Attested(text)
            }
            Err(Stop::Refused(refusal)) => {
                self.record_refused(env, asker, inquiry, presented, &refusal, out)?;
                Reply::refused(&refusal)
            }
            Err(Stop::Shelf(error)) => return Err(error),
        };
        let answer = self.replied(env, asker, inquiry, &reply);
        out.push(Effect::Answer { token: *token, bytes: answer.to_bytes() });
        Ok(true)
    }

    /// What the account says is compared, the use recorded, and the answer kept: all in one transaction, before it leaves.
    fn attest(
        &mut self,
        env: &mut Env<'_>,
        answering: &Answering,
        facts: &Result<Box<AccountFacts>, Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<String, Stop> {
        let Answering { asker, inquiry, presented, account_no, .. } = answering;
        // Another use may have been counted, and the grant taken back, while the source was read.
        match self.consider(env, asker, inquiry, presented)? {
            Considered::Known(text) => return Ok(text),
            Considered::Read(_) => {}
        }
        let row = env.shelf.certificate(&presented.claims().number)?.ok_or(RefusalCode::CertificateUnknown)?;
        let values = match facts {
            Ok(facts) if facts.account_no == identifier(account_no) => Some(self.values_of(&row, facts)?),
            Ok(_) => return Err(RefusalCode::SourceUnavailable.into()),
            Err(_) if inquiry.wanted == Wanted::Status => None,
            Err(refusal) => return Err(refusal.clone().into()),
        };
        let finding = self.find_out(env, answering, &row, values.as_ref())?;
        let issuer = self.own_identity();
        let mut attestation = Attestation::new(&issuer, asker, inquiry, presented, env.now, finding);
        if inquiry.wanted == Wanted::Status {
            return Ok(attestation.sign(&self.keys.signing));
        }
        attestation.use_no = Some(env.shelf.grant_uses(&self.centre, &presented.id(), None)? + 1);
        let text = attestation.sign(&self.keys.signing);
        self.record_inquiry(env, asker, inquiry, presented, None, out)?;
        let (asked, until) = (inquiry.digest(asker), env.now.plus_ms(KEEP_ANSWER_MS));
        let kept = AnsweredRow { asker: asker.clone(), request: inquiry.request, asked, until, text: text.clone() };
        out.push(Effect::Write(Write::Answered(kept)));
        Ok(text)
    }

    fn values_of(&self, row: &CertificateRow, facts: &AccountFacts) -> Result<FieldValues, Refusal> {
        let kind: CertificateKind = row.kind.parse().map_err(|_| Refusal::about(RefusalCode::Unsupported, "certificate kind"))?;
        Ok(fields_of(kind, facts, "", &self.settings.phone))
    }

    fn find_out(&self, env: &Env<'_>, answering: &Answering, row: &CertificateRow, values: Option<&FieldValues>) -> Result<Finding, Stop> {
        let Answering { asker, inquiry, .. } = answering;
        let kind: CertificateKind = row.kind.parse().map_err(|_| Refusal::about(RefusalCode::Unsupported, "certificate kind"))?;
        let Some(values) = values else { return Ok(Finding::Status { changed: None }) };
        Ok(match &inquiry.wanted {
            Wanted::Status => Finding::Status { changed: self.has_changed(env, row, values)? },
            Wanted::Check { values: stated } => {
                let compare = |one: &crate::interact::Stated| Compared {
                    field: one.field.clone(),
                    matches: matches(kind, &one.field, &one.value, values),
                };
                Finding::Check { fields: stated.iter().map(compare).collect() }
            }
            Wanted::Evaluate { rule } => {
                let unknown = || Refusal::about(RefusalCode::RuleUnknown, rule.clone());
                let matter = self.matter_binding(env, asker, &inquiry.matter)?.ok_or_else(unknown)?;
                let held = matter.rule(rule).ok_or_else(unknown)?;
                let outcome = held.evaluate(kind, values, Day::of(env.now)).outcome;
                Finding::Evaluate { rule: rule.clone(), version: matter.version, outcome }
            }
        })
    }

    /// A refused use is a use that was tried: it is recorded like one, as long as it is known whose certificate it was about.
    fn record_refused(
        &mut self,
        env: &mut Env<'_>,
        asker: &CentreCode,
        inquiry: &Inquiry,
        presented: &Presented,
        refusal: &Refusal,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let row = env.shelf.certificate(&presented.claims().number)?;
        // Whoever uses a key that was reported lost is told of as well.
        let former = env.shelf.holder_ended(&presented.holder(), Some(&presented.claims().number))?.is_some();
        let theirs = row.as_ref().is_some_and(|row| row.issuer == self.centre && (former || row.holder == presented.holder()));
        let to_them = presented.claims().aud == *asker;
        let known = env.shelf.access(&self.centre, &inquiry.request)?.is_some();
        if inquiry.wanted == Wanted::Status || !theirs || !to_them || known || self.may_write().is_err() {
            return Ok(());
        }
        *self.interact.refused.entry(asker.clone()).or_default() += 1;
        match self.record_inquiry(env, asker, inquiry, presented, Some(refusal.code), out) {
            Ok(()) | Err(Stop::Refused(_)) => Ok(()),
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    fn refusals(&mut self, asker: &CentreCode, now: Time) -> u32 {
        let minute = now.0.div_euclid(MINUTE_MS);
        if self.interact.minute != minute {
            (self.interact.minute, self.interact.refused) = (minute, std::collections::BTreeMap::new());
        }
        self.interact.refused.get(asker).copied().unwrap_or(0)
    }

    /// Appends the access to the own journal, sealed to this centre and the holder.
    fn record_inquiry(
        &mut self,
        env: &mut Env<'_>,
        asker: &CentreCode,
        inquiry: &Inquiry,
        presented: &Presented,
        refused: Option<RefusalCode>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        let claims = presented.claims();
        let row = env.shelf.certificate(&claims.number)?.ok_or(RefusalCode::CertificateUnknown)?;
        let access = Access {
            author: self.centre.clone(),
            issuer: self.centre.clone(),
            request: inquiry.request,
            asked: inquiry.digest(asker),
            grant: presented.id(),
            number: claims.number.clone(),
            matter: claims.matter.clone(),
            business_no: inquiry.business_no.clone(),
            legal_basis: LEGAL_BASIS.to_owned(),
            fields: if refused.is_none() { self.fields_used(env, asker, inquiry)? } else { Vec::new() },
            refused,
            at: env.now,
            asker: Some(asker.clone()),
            mode: inquiry.wanted.mode().map(|mode| mode.code().to_owned()),
        };
        let own = self.keys.sealing.public();
        let body =
            access::seal(env.rng, &access, &own, Some((&own, &row.holder_sealing))).map_err(|e| ShelfError::Failed(e.to_string()))?;
        let drop_after = Some(env.now.plus_ms(KEEP_ACCESS_DAYS * DAY_MS));
        let entry =
            Statement::build(env.rng, Kind::AccessRecorded, env.now, drop_after, &body).map_err(|e| ShelfError::Failed(e.to_string()))?;
        self.append(env, vec![entry], out)?;
        Ok(())
    }

    fn fields_used(&self, env: &Env<'_>, asker: &CentreCode, inquiry: &Inquiry) -> Result<Vec<String>, Stop> {
        Ok(match &inquiry.wanted {
            Wanted::Status => Vec::new(),
            Wanted::Check { values } => values.iter().map(|one| one.field.clone()).collect(),
            Wanted::Evaluate { rule } => {
                let matter = self.matter_binding(env, asker, &inquiry.matter)?;
                matter.as_ref().and_then(|matter| matter.rule(rule)).map(crate::matter::Rule::fields).unwrap_or_default()
            }
        })
    }

    /// Questions about a status do not wait for a slow source.
    pub(in crate::node) fn answering_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let slow = |one: &Answering| one.inquiry.wanted == Wanted::Status && env.now.since(one.since).abs() >= STATUS_SOURCE_MS;
        let late: Vec<u64> = self.interact.answering.iter().filter(|(_, one)| slow(one)).map(|(reading, _)| *reading).collect();
        for reading in late {
            self.inquiry_read(env, reading, &Err(RefusalCode::SourceUnavailable.into()), out)?;
        }
        // A reading that never ends must not keep its place; whoever asked asks again.
        self.interact.answering.retain(|_, one| env.now.since(one.since).abs() < FORGET_READING_MS);
        Ok(())
    }

    /// The reply, for nobody but who asked.
    fn replied(&self, env: &mut Env<'_>, asker: &CentreCode, inquiry: &Inquiry, reply: &Reply) -> Answer {
        let sealing = self.charter.member(asker).map(|member| &member.sealing);
        let sealed = sealing.and_then(|key| reply.seal(env.rng, (asker, &self.centre), &inquiry.request, key).ok());
        sealed.map_or(Answer::Declined(Decline::NotHeld), |sealed| Answer::Replied(sealed.into()))
    }
}
