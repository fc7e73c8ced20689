//! Certificates are issued from the source's facts, listed, and ended.
//!
//! Issuing takes two inputs, because the source is read away from the loop: the request is checked and the account asked for; when the
//! facts come, eligibility is judged, the certificate signed, and its statement appended. The holder's file is made once the statement
//! is stored, for only then can its place in the journal be proven.

mod look;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::audit::{AGAIN, DONE, Told, document, mark};
use super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditRow, SubjectMark};
use crate::certificate::{
    CertificateBody, CertificateKind, EndReason, EndedBody, HolderKeys, Issuance, fields_of, issue, may_issue, thumbprint,
};
use crate::desk::{CertificateSummary, Event, MAX_PAGE, Stage};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::AccountFacts;
use crate::facts::text::{identifier, masked};
use crate::holder::HolderCard;
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::proof::OnShelf;
use crate::journal::{Evidence, Kind, Statement, hash};
use crate::names::{CentreCode, CertificateNumber, Digest, RequestId};
use crate::operator::ProvenAct;
use crate::seal::SUITE;
use crate::shelf::{CertificateRow, Ended, IssuedRecord, Write};
use crate::time::{DAY_MS, Time};

/// Most certificates being issued at once.
pub const MAX_ISSUING: usize = 64;
/// How long after its validity a certificate's payload is kept, in days: a decision that relied on it may be disputed that long.
pub const KEEP_AFTER_EXPIRY_DAYS: i64 = 30;
/// Longest validity that may be asked for, in days.
pub const MAX_VALID_DAYS: u32 = 366;
/// Longest name of a clerk, in bytes of UTF-8.
pub const MAX_CLERK_BYTES: usize = 60;

/// Most numbers that were given to certificates which did not come to count, and are passed over.
const MAX_NUMBERS_PASSED: u64 = 10_000;

#[derive(Debug, Default)]
pub(super) struct State {
    next_reading: u64,
    /// Waiting for the source.
    reading: BTreeMap<u64, Job>,
    /// Waiting for the source, only to be looked at.
    looking: BTreeMap<u64, look::Looking>,
    /// Waiting for their statement to be stored.
    pub(super) storing: Vec<(u64, CertificateNumber, Time)>,
}

impl State {
    /// For a node that takes another's place: nothing but how far readings were numbered.
    pub(super) fn successor(&self) -> Self {
        Self { next_reading: self.next_reading, ..Self::default() }
    }
}

/// A request to issue.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) token: u64,
    pub(super) act: ProvenAct,
    pub(super) account_no: String,
    pub(super) kind: String,
    pub(super) addressee: Option<CentreCode>,
    pub(super) card: String,
    pub(super) clerk: String,
    pub(super) valid_days: Option<u32>,
    pub(super) request: RequestId,
}

impl Asked {
    /// What was asked, so that a request id that comes again with something else is noticed.
    fn digest(&self) -> Digest {
        let card: String = self.card.split_ascii_whitespace().collect();
        let days = self.valid_days.map(|days| days.to_string()).unwrap_or_default();
        let addressee = self.addressee.as_ref().map(CentreCode::as_str).unwrap_or_default();
        let mut bytes = Vec::new();
        for part in [self.account_no.as_str(), &self.kind, addressee, &card, &self.clerk, &days] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        hash::sha256(&bytes)
    }
}

#[derive(Debug)]
struct Job {
    token: u64,
    act: ProvenAct,
    kind: CertificateKind,
    addressee: Option<CentreCode>,
    holder: HolderKeys,
    clerk: String,
    valid_days: u32,
    account_no: String,
    request: RequestId,
    asked: Digest,
}

impl Node {
    pub(super) fn certificate_issue(&mut self, env: &mut Env<'_>, asked: Asked, out: &mut Vec<Effect>) -> Result<(), Stop> {
        self.may_widen()?;
        let digest = asked.digest();
        if let Some(record) = env.shelf.issued_by(&asked.request)? {
            if record.asked != Some(digest) {
                return Err(RefusalCode::RequestReused.into());
            }
            self.tell(env, Some(&asked.act), vec![told(&asked.account_no, Some(&record.number), AGAIN).of(record.subject)], out)?;
            self.issue.storing.push((asked.token, record.number, env.now));
            out.push(Effect::WhenStored);
            return Ok(());
        }
        // Nothing is written before the source has answered, so the log does not know this one yet.
        if self.issue.reading.values().any(|job| job.act.signed().request == asked.act.signed().request) {
            return Err(RefusalCode::RequestReused.into());
        }
        if self.issue.reading.len() >= MAX_ISSUING {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let (token, job) = (asked.token, self.check_request(env, asked, digest)?);
        let reading = self.next_reading();
        out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage: Stage::ReadingSource }) });
        out.push(Effect::ReadSource { reading, account_no: job.account_no.clone() });
        self.issue.reading.insert(reading, job);
        Ok(())
    }

    /// A number for a reading of the source that no other has.
    pub(super) fn next_reading(&mut self) -> u64 {
        self.issue.next_reading += 1;
        self.issue.next_reading
    }

    fn check_request(&self, env: &Env<'_>, asked: Asked, digest: Digest) -> Result<Job, Stop> {
        let kind: CertificateKind = asked.kind.parse().map_err(|_| Refusal::about(RefusalCode::RequestInvalid, "kind"))?;
        let addressee = self.check_addressee(kind, asked.addressee)?;
        let valid_days = asked.valid_days.unwrap_or(self.settings.valid_days);
        if !(1..=MAX_VALID_DAYS).contains(&valid_days) {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, format!("1..={MAX_VALID_DAYS}")).into());
        }
        let clerk = asked.clerk.trim().to_owned();
        if clerk.is_empty() || clerk.len() > MAX_CLERK_BYTES || clerk.chars().any(char::is_control) {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "clerk").into());
        }
        let card = HolderCard::parse(&asked.card, &self.centre, env.now)?;
        let holder = card.keys;
        self.card_is_unused(env, &holder)?;
        let Asked { token, act, account_no, request, .. } = asked;
        Ok(Job { token, act, kind, addressee, holder, clerk, valid_days, account_no, request, asked: digest })
    }

    pub(super) fn card_is_unused(&self, env: &Env<'_>, holder: &HolderKeys) -> Result<(), Stop> {
        let key = thumbprint(&holder.signing);
        match env.shelf.certificate_of_holder(&key, &self.centre)? {
            Some(row) => Err(Refusal::about(RefusalCode::CardUsed, row.number.as_str()).into()),
            // A key that ended once was lost: it comes back for nothing.
            None if env.shelf.holder_ended(&key, None)?.is_some() => Err(RefusalCode::HolderKeyEnded.into()),
            None => Ok(()),
        }
    }

    fn check_addressee(&self, kind: CertificateKind, addressee: Option<CentreCode>) -> Result<Option<CentreCode>, Refusal> {
        match addressee {
            Some(centre) if centre == self.centre || self.charter.member(&centre).is_none() => {
                Err(Refusal::about(RefusalCode::AddresseeInvalid, centre.as_str()))
            }
            None if kind.needs_addressee() => Err(RefusalCode::AddresseeInvalid.into()),
            addressee => Ok(addressee),
        }
    }

    /// The source has answered.
    pub(super) fn source_answered(
        &mut self,
        env: &mut Env<'_>,
        reading: u64,
        facts: Result<Box<AccountFacts>, Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if self.inquiry_read(env, reading, &facts, out)? {
            return Ok(());
        }
        let Some(job) = self.issue.reading.remove(&reading) else { return self.looked(env, reading, facts, out) };
        let (token, act, account_no) = (job.token, job.act.clone(), job.account_no.clone());
        let subject = facts.as_ref().map_or(Ok(None), |facts| subject_of(env, facts))?;
        let mut effects = Vec::new();
        match facts.map_err(Stop::Refused).and_then(|facts| self.issue_now(env, job, (&facts, subject), &mut effects)) {
            Ok(()) => out.append(&mut effects),
            Err(Stop::Refused(refusal)) => {
                self.tell(env, Some(&act), vec![told(&account_no, None, AuditRow::refused(refusal.code)).of(subject)], out)?;
                out.push(Effect::Reply { token, event: Box::new(Event::Refused { refusal, about: None }) });
            }
            Err(Stop::Shelf(error)) => return Err(error),
        }
        Ok(())
    }

    fn issue_now(
        &mut self,
        env: &mut Env<'_>,
        job: Job,
        (facts, subject): (&AccountFacts, Option<SubjectMark>),
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        // Never one person's facts on another's card, whatever a source answers.
        if facts.account_no != identifier(&job.account_no) {
            return Err(RefusalCode::SourceUnavailable.into());
        }
        may_issue(job.kind, facts)?;
        self.card_is_unused(env, &job.holder)?; // Another request may have used it while the source was read.
        let number = self.next_number(env, job.kind)?;
        let expires = Time::end_of_legal_day(env.now.plus_ms(i64::from(job.valid_days) * DAY_MS).legal_day());
        let issuance = Issuance {
            number: number.clone(),
            kind: job.kind,
            issuer: self.centre.clone(),
            federation: self.charter.federation().clone(),
            addressee: job.addressee,
            holder: job.holder,
            values: fields_of(job.kind, facts, &job.clerk, &self.settings.phone),
            issued: env.now,
            expires,
        };
        let issued = issue(env.rng, &issuance, &self.keys.signing)?;
        let drop_after = expires.plus_ms(KEEP_AFTER_EXPIRY_DAYS * DAY_MS);
        let entry = Statement::build(env.rng, Kind::CertificateIssued, env.now, Some(drop_after), &issued.body)
            .map_err(|e| ShelfError::Failed(e.to_string()))?;
        self.append(env, vec![entry], out)?;
        self.tell(env, Some(&job.act), vec![told(&job.account_no, Some(&number), DONE).of(subject)], out)?;
        let (request, asked) = (Some(job.request), Some(job.asked));
        let record =
            IssuedRecord { number: number.clone(), account_no: job.account_no, content_key: issued.content_key, request, asked, subject };
        out.push(Effect::Write(Write::Issued(record)));
        out.push(Effect::WhenStored);
        self.issue.storing.push((job.token, number, expires));
        Ok(())
    }

    fn next_number(&self, env: &Env<'_>, kind: CertificateKind) -> Result<CertificateNumber, Stop> {
        let prefix = format!("{}-{}-{}-", self.centre, kind.code(), env.now.legal_day().year());
        let count = env.shelf.certificate_count(&self.centre, &prefix)?;
        // A number once given is given no second time: after rows of ours that did not count were let go, records of them are left.
        for sequence in count + 1..=count + MAX_NUMBERS_PASSED {
            let number = CertificateNumber::new(&format!("{prefix}{sequence:06}")).map_err(|e| ShelfError::Failed(e.to_string()))?;
            if env.shelf.issued(&number)?.is_none() && env.shelf.certificate(&number)?.is_none() {
                return Ok(number);
            }
        }
        Err(ShelfError::Failed(format!("no number is free behind {prefix}{count:06}")).into())
    }

    /// Statements were stored: hand out the files that waited for them.
    pub(super) fn certificates_stored(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        for (token, number, _) in std::mem::take(&mut self.issue.storing) {
            let event = match self.own_certificate(env, &number).and_then(|row| Ok((self.holder_file(env, &row)?, row.expires))) {
                Ok((file, expires)) => Event::CertificateIssued { number, expires, file },
                Err(Stop::Refused(refusal)) => Event::Refused { refusal, about: None },
                Err(Stop::Shelf(error)) => return Err(error),
            };
            out.push(Effect::Reply { token, event: Box::new(event) });
        }
        Ok(())
    }

    /// The file a holder receives: the statement, its inclusion proof and the signed head, in base64.
    pub(super) fn holder_file(&self, env: &Env<'_>, row: &CertificateRow) -> Result<String, Stop> {
        let damaged = |what: String| Stop::Shelf(ShelfError::Damaged(what));
        let entry = env.shelf.entries(&self.centre, row.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let entry = entry.filter(|e| e.payload.is_some()).ok_or(RefusalCode::CertificateErased)?;
        let head = env.shelf.journal(&self.centre)?.head.ok_or_else(|| damaged("no head".to_owned()))?;
        let on_shelf = OnShelf { shelf: env.shelf, centre: &self.centre };
        let evidence = Evidence::assemble(&on_shelf, self.centre.clone(), row.index, entry, head.size, head.note)
            .map_err(|e| damaged(e.to_string()))?;
        Ok(STANDARD.encode(evidence.to_bytes()))
    }

    pub(super) fn own_certificate(&self, env: &Env<'_>, number: &CertificateNumber) -> Result<CertificateRow, Stop> {
        let row = known(env, number)?;
        if row.issuer == self.centre { Ok(row) } else { Err(Refusal::about(RefusalCode::NotTheIssuer, row.issuer.as_str()).into()) }
    }

    pub(super) fn certificate_file(&self, env: &Env<'_>, number: &CertificateNumber) -> Result<Event, Stop> {
        let row = self.own_certificate(env, number)?;
        Ok(Event::CertificateFile { number: number.clone(), file: self.holder_file(env, &row)? })
    }

    pub(super) fn certificate_list(&self, env: &Env<'_>, after: Option<&CertificateNumber>, limit: usize) -> Result<Event, Stop> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut rows = env.shelf.certificates(&self.centre, after, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Event::CertificateList { certificates: rows.into_iter().map(CertificateSummary::from).collect(), more })
    }

    pub(super) fn certificate_show(&self, env: &Env<'_>, number: &CertificateNumber) -> Result<Event, Stop> {
        let row = known(env, number)?;
        let backing = Some(self.backing(env, &row.issuer, row.index)?);
        Ok(Event::CertificateShow { certificate: row.into(), account_no: None, backing })
    }

    /// [`crate::desk::Act::CertificateShow`].
    pub(super) fn certificate_look(
        &self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        number: &CertificateNumber,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let row = known(env, number)?;
        let backing = Some(self.backing(env, &row.issuer, row.index)?);
        let certificate = row.into();
        let (account_no, subject) = env.shelf.issued(number)?.map(|record| (record.account_no, record.subject)).unzip();
        let told = Told::new(AuditAction::CertificateShow, number.as_str(), DONE).of(subject.flatten());
        self.tell(env, Some(act), vec![told], out)?;
        Ok(Event::CertificateShow { certificate, account_no, backing })
    }

    pub(super) fn certificate_cancel(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (number, reason): (CertificateNumber, &str),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let reason = EndReason::from_code(reason).ok_or_else(|| Refusal::about(RefusalCode::RequestInvalid, "reason"))?;
        let row = self.own_certificate(env, &number)?;
        let subject = env.shelf.issued(&number)?.and_then(|record| record.subject);
        let told = |outcome| vec![Told::new(AuditAction::CertificateCancel, format!("{number} {}", reason.code()), outcome).of(subject)];
        if let Some(ended) = row.ended {
            self.tell(env, Some(act), told(AGAIN), out)?;
            return Ok(Event::CertificateCancelled { number, ended });
        }
        let body = EndedBody {
            suite: SUITE.to_owned(),
            number: number.clone(),
            index: row.index,
            statement: row.statement,
            reason,
            note: String::new(),
        };
        let entry = Statement::build(env.rng, Kind::CertificateEnded, env.now, None, &body.to_bytes())
            .map_err(|e| ShelfError::Failed(e.to_string()))?;
        self.append(env, vec![entry], out)?;
        self.tell(env, Some(act), told(DONE), out)?;
        Ok(Event::CertificateCancelled { number, ended: Ended { at: env.now, reason: reason.code().to_owned() } })
    }
}

/// How a row of the audit log marks whose account it is.
fn subject_of(env: &Env<'_>, facts: &AccountFacts) -> Result<Option<SubjectMark>, ShelfError> {
    mark(env, document(&facts.document_type, &facts.document_no, env.now).as_ref())
}

/// What a row says of a request to issue: the certificate, if there is one, and the account, masked.
fn told(account_no: &str, number: Option<&CertificateNumber>, outcome: impl Into<String>) -> Told {
    let account = masked(&identifier(account_no));
    let about = number.map_or_else(|| account.clone(), |number| format!("{number} {account}"));
    Told::new(AuditAction::CertificateIssue, about, outcome)
}

fn known(env: &Env<'_>, number: &CertificateNumber) -> Result<CertificateRow, Stop> {
    Ok(env.shelf.certificate(number)?.ok_or_else(|| Refusal::about(RefusalCode::CertificateUnknown, number.as_str()))?)
}

/// A certificate's statement as it stands in a journal.
pub(super) fn certificate_row(
    author: &CentreCode,
    index: u64,
    statement: crate::names::StatementId,
    body: CertificateBody,
) -> CertificateRow {
    let head = body.head;
    CertificateRow {
        number: head.number,
        issuer: author.clone(),
        index,
        statement,
        kind: head.kind.code().to_owned(),
        addressee: head.addressee,
        holder: head.holder,
        holder_sealing: head.holder_sealing,
        issued: head.issued,
        expires: head.expires,
        ended: None,
    }
}
