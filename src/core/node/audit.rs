//! What our people did is written down, and committed to in our journal every so often.

mod check;

use check::Check;

use super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditBody, AuditLog, AuditRow, MAX_ABOUT_BYTES, SubjectMark};
use crate::desk::{Act, AuditLine, Event, MAX_CODE_BYTES, MAX_PAGE};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::text::{is_hostile, shown};
use crate::journal::frontier::FrontierError;
use crate::journal::{Entry, Frontier, Kind, Statement};
use crate::listing::case::MAX_REASON_CHARS;
use crate::listing::{Document, DocumentType};
use crate::names::RequestId;
use crate::operator::{OperatorName, ProvenAct};
use crate::shelf::{AuditFilter, HouseWrite, Write};
use crate::time::{MINUTE_MS, Time};

/// How long rows wait at most for their commitment, in milliseconds.
pub const COMMIT_EVERY_MS: i64 = MINUTE_MS;
/// So many rows are committed at once, however young they are.
pub const COMMIT_ROWS: u64 = 1_024;

/// The outcome of what was carried out.
pub(super) const DONE: &str = "done";
/// The outcome of what had been carried out before, and was answered again.
pub(super) const AGAIN: &str = "again";

#[derive(Debug, Default)]
pub(super) struct State {
    /// When the oldest row that is not committed was first seen by a tick.
    waiting_since: Option<Time>,
    check: Option<Check>,
}

/// What a row says beside who and when.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) action: AuditAction,
    pub(super) matter: Option<String>,
    pub(super) business_no: Option<String>,
    pub(super) legal_basis: Option<String>,
    pub(super) about: String,
    pub(super) outcome: String,
    pub(super) subject: Option<SubjectMark>,
}

impl Told {
    /// A row about `about` that came to `outcome`.
    pub(super) fn new(action: AuditAction, about: impl Into<String>, outcome: impl Into<String>) -> Self {
        Self { action, matter: None, business_no: None, legal_basis: None, about: about.into(), outcome: outcome.into(), subject: None }
    }

    /// The same of a row about the one whom `subject` stands for.
    pub(super) fn of(mut self, subject: Option<SubjectMark>) -> Self {
        self.subject = subject;
        self
    }
}

impl Node {
    /// Writes rows of the audit log, in the transaction of what they tell of; nobody did what `act` is missing for.
    /// At most once per input: the log as the shelf has it does not know what this input wrote.
    pub(super) fn tell(
        &self,
        env: &mut Env<'_>,
        act: Option<&ProvenAct>,
        told: Vec<Told>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if !told.is_empty() {
            out.push(Effect::Write(Write::House(rows_of(env, act, told)?)));
        }
        Ok(())
    }

    /// [`crate::desk::Act::AuditList`] and [`crate::desk::Act::AuditCheck`]: reading the log is itself told. `None` when the answer
    /// comes later.
    pub(super) fn audit_act(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let Act::AuditList { before, limit, operator, subject } = act.act() else {
            return self.audit_check(env, token, act, out).map(|()| None);
        };
        if *limit == 0 || *limit > MAX_PAGE {
            return Err(RefusalCode::RequestInvalid.into());
        }
        let before = before.unwrap_or(u64::MAX).min(env.shelf.audit_log()?.size);
        let mut about = operator.as_ref().map_or("all", OperatorName::as_str).to_owned();
        let mut mark = None;
        if let Some(subject) = subject {
            let reason = shown(&subject.reason, MAX_REASON_CHARS).ok_or_else(|| Refusal::about(RefusalCode::FieldMissing, "reason"))?;
            let document = document(&subject.document_type, &subject.document_no, env.now).ok_or(RefusalCode::DocumentInvalid)?;
            about = format!("{about} {} {reason}", document.masked());
            mark = Some(SubjectMark::of(&env.shelf.local_secret()?, &document));
        }
        let whose = AuditFilter { operator: operator.clone(), subject: mark };
        // One more than asked for shows whether there are more.
        let mut rows = env.shelf.audit_newest(before, limit + 1, &whose)?;
        let more = rows.len() > *limit;
        rows.truncate(*limit);
        self.tell(env, Some(act), vec![Told::new(AuditAction::AuditRead, about, "done").of(mark)], out)?;
        Ok(Some(Event::Audit { rows: rows.into_iter().map(line).collect(), more }))
    }

    /// Begins a check; one at a time.
    fn audit_check(&mut self, env: &mut Env<'_>, token: u64, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<(), Stop> {
        if self.audit.check.is_some() {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let (log, journal) = (env.shelf.audit_log()?, env.shelf.journal(&self.centre)?.size);
        self.audit.check = Some(Check::new(token, &log, journal)?);
        self.tell(env, Some(act), vec![Told::new(AuditAction::AuditRead, "check", "done")], out)?;
        Ok(self.audit_check_goes_on(env, out)?)
    }

    /// A commitment, when one is due: the log's size and root, and nothing else of it.
    pub(super) fn audit_due(&mut self, env: &mut Env<'_>, entries: &mut Vec<Entry>) -> Result<(), ShelfError> {
        let log = env.shelf.audit_log()?;
        // A log that is shorter than what was committed was restored from a backup, or shortened. It is committed to as well: earlier
        // commitments keep contradicting it, and what is written from now on is covered.
        let waiting = log.size.abs_diff(log.committed);
        if waiting == 0 {
            self.audit.waiting_since = None;
            return Ok(());
        }
        let since = *self.audit.waiting_since.get_or_insert(env.now);
        let old = env.now.since(since) >= COMMIT_EVERY_MS || env.now < since;
        if !old && waiting < COMMIT_ROWS {
            return Ok(());
        }
        let body = AuditBody::new(log.size, frontier_of(&log)?.root()).to_bytes();
        let entry = Statement::build(env.rng, Kind::AuditRecorded, env.now, None, &body).map_err(|e| ShelfError::Failed(e.to_string()))?;
        entries.push(entry);
        self.audit.waiting_since = None;
        Ok(())
    }
}

/// The document that is meant, if it is one.
pub(super) fn document(kind: &str, number: &str, now: Time) -> Option<Document> {
    Document::new(DocumentType::from_code(kind)?, number, now.legal_day()).ok()
}

/// How a row marks whom it is about; nothing where that is not known.
pub(super) fn mark(env: &Env<'_>, document: Option<&Document>) -> Result<Option<SubjectMark>, ShelfError> {
    document.map(|document| Ok(SubjectMark::of(&env.shelf.local_secret()?, document))).transpose()
}

/// The rows that tell of something, behind those the log has.
pub(super) fn rows_of(env: &mut Env<'_>, act: Option<&ProvenAct>, told: Vec<Told>) -> Result<HouseWrite, ShelfError> {
    let log = env.shelf.audit_log()?;
    let mut frontier = frontier_of(&log)?;
    let mut rows = Vec::with_capacity(told.len());
    for told in told {
        let row = told.into_row(frontier.size(), env, act);
        // Only the journal's tree keeps its inner levels: the log is read in order when it is checked.
        frontier.push(row.leaf(), &mut Vec::new()).map_err(damaged)?;
        rows.push(row);
    }
    let after = AuditLog { size: frontier.size(), peaks: frontier.peaks().to_vec(), committed: log.committed };
    Ok(HouseWrite::Audit { rows, after })
}

impl Told {
    fn into_row(self, seq: u64, env: &mut Env<'_>, act: Option<&ProvenAct>) -> AuditRow {
        let code = |text: String| bounded(&text, MAX_CODE_BYTES);
        AuditRow {
            seq,
            at: env.now,
            operator: act.map(|act| act.operator().name.clone()),
            action: self.action,
            request: act.map_or(RequestId([0; 16]), |act| act.signed().request),
            matter: self.matter.map(code),
            business_no: self.business_no.map(code),
            legal_basis: self.legal_basis.map(code),
            about: bounded(&self.about, MAX_ABOUT_BYTES),
            outcome: code(self.outcome),
            salt: AuditRow::salt(env.rng),
            subject: self.subject,
        }
    }
}

fn line(row: AuditRow) -> AuditLine {
    let AuditRow { seq, at, operator, action, request, matter, business_no, legal_basis, about, outcome, salt: _, subject: _ } = row;
    AuditLine { seq, at, operator, action: action.code().to_owned(), request, matter, business_no, legal_basis, about, outcome }
}

/// `text` without what has no business in a text, cut to `max` bytes: a refused act is told of, too, and may have held anything.
fn bounded(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !is_hostile(*c)) {
        if out.len() + c.len_utf8() > max {
            break;
        }
        out.push(c);
    }
    out
}

fn frontier_of(log: &AuditLog) -> Result<Frontier, ShelfError> {
    Frontier::from_parts(log.size, log.peaks.clone()).map_err(damaged)
}

fn damaged(error: FrontierError) -> ShelfError {
    ShelfError::Damaged(error.to_string())
}
