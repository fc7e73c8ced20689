//! A subject is looked up: one at the counter, or a page of applicants.
//!
//! | file | what is decided there |
//! | --- | --- |
//! | this one | what may be asked; what is derived, recorded, answered |
//! | `quota` | how many may be asked for in a day |
//! | `judge` | what the lists held here say of a subject |
//! | `doubt` | whose copy is good enough to say anything |
//! | `hits` | whose listing was hit is told |
//!
//! A lookup takes two inputs, because the subject's secret is derived away from the loop. It is recorded in the transaction that
//! answers it; refusals are recorded too. It counts when it is asked, so that a crash in between gives nothing back.
//!
//! Hit and miss are alike in what they cost: the same derivations, the same reads of the index, and for who is on no list one row that
//! exists is read, hashed and vainly opened in the place of the listing. They are not alike in this: who is found more than once costs
//! one reading more for each further listing; an opening that fails stops at its tag; the code of the outcome in the audit row has
//! three to ten letters (the commitment to it in the journal has one size); and a hit is told to its centre, so that members see a note
//! of one size go from centre to centre within [`hits::TELL_EVERY_MS`] or later. The answer itself differs, to who may see it.
//!
//! What must never be here: an answer made of what was not derived, a number of a document in anything but [`Document`].

mod doubt;
mod hits;
mod judge;
mod quota;

pub use hits::{KEEP_HIT_DAYS, MAX_TOLD, TELL_EVERY_MS, TELL_ROWS};
pub use judge::{MAX_LISTINGS, MAX_OBJECTIONS};

pub(super) use hits::State as HitState;
pub(in crate::node) use quota::SCREENED;

use jiff::civil::Date;

use super::super::audit::Told;
use super::super::{Effect, Env, Node, Stop};
use super::{Job, MAX_DERIVING};
use crate::audit::{AuditAction, AuditRow, SubjectMark};
use crate::desk::{
    Act, Applicant, CentreAnswer, Event, LookupAnswer, MAX_CODE_BYTES, MAX_SCREEN_PAGE, ScreenAnswer, ScreenPage, Stage, Verdict,
};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::text::is_hostile;
use crate::grant::access::MAX_BUSINESS_NO_BYTES;
use crate::listing::{Document, DocumentType, Pepper, SubjectSecret};
use crate::operator::ProvenAct;
use crate::seal::Key;
use crate::shelf::{ListWrite, PendingHit, Write};
use judge::{CentreCopy, Examined};

/// What the audit log calls a document whose number is not one.
const NO_DOCUMENT: &str = "?";

/// What waits for its derivations.
pub(super) struct Waiting {
    token: u64,
    act: ProvenAct,
    purpose: Purpose,
    rows: Vec<Row>,
    /// Versions of the peppers that each document is derived under, in order.
    peppers: Vec<u64>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({} of {})", self.rows.len(), self.token)
    }
}

/// What it is asked for.
#[derive(Debug, Clone)]
struct Purpose {
    action: AuditAction,
    matter: String,
    legal_basis: String,
}

/// One who is looked up.
struct Row {
    row: u64,
    business_no: String,
    masked: String,
    subject: Option<SubjectMark>,
    /// Why they cannot be looked up.
    problem: Option<Refusal>,
}

/// What came of a row.
type Outcome = Result<(Examined, Vec<CentreAnswer>, Verdict), Refusal>;

impl Purpose {
    fn of(act: &ProvenAct) -> Option<Self> {
        let (Act::Lookup { matter, legal_basis, .. } | Act::Screen { matter, legal_basis, .. }) = act.act() else { return None };
        let action = if matches!(act.act(), Act::Lookup { .. }) { AuditAction::Lookup } else { AuditAction::Screen };
        Some(Self { action, matter: matter.clone(), legal_basis: legal_basis.clone() })
    }

    fn is_screening(&self) -> bool {
        self.action == AuditAction::Screen
    }

    fn check(&self, applicants: usize) -> Result<(), Refusal> {
        let checks = [
            (is_code(&self.matter), "matter"),
            (is_code(&self.legal_basis), "legal-basis"),
            ((1..=MAX_SCREEN_PAGE).contains(&applicants), "applicants"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, field)| Err(Refusal::about(RefusalCode::RequestInvalid, field)))
    }

    /// A row of the audit log; nothing that is not of its form enters it.
    fn told(&self, row: &Row, outcome: String) -> Told {
        let kept = |text: &String, holds: bool| holds.then(|| text.clone());
        Told {
            matter: kept(&self.matter, is_code(&self.matter)),
            business_no: kept(&row.business_no, is_business_no(&row.business_no)),
            legal_basis: kept(&self.legal_basis, is_code(&self.legal_basis)),
            ..Told::new(self.action, row.masked.clone(), outcome).of(row.subject)
        }
    }
}

impl Row {
    /// Reads what was asked, and the document if it is one.
    fn read(applicant: &Applicant, own: &Key, latest_birth: Date) -> (Self, Option<Document>) {
        let document = DocumentType::from_code(&applicant.document_type)
            .ok_or(RefusalCode::DocumentInvalid)
            .and_then(|kind| Document::new(kind, &applicant.document_no, latest_birth));
        let masked = document.as_ref().map_or_else(|_| NO_DOCUMENT.to_owned(), Document::masked);
        let subject = document.as_ref().ok().map(|document| SubjectMark::of(own, document));
        let problem = if is_business_no(&applicant.business_no) {
            document.as_ref().err().map(|code| Refusal::new(*code))
        } else {
            Some(Refusal::about(RefusalCode::RequestInvalid, "business-no"))
        };
        let document = document.ok().filter(|_| problem.is_none());
        (Self { row: applicant.row, business_no: applicant.business_no.clone(), masked, subject, problem }, document)
    }
}

impl Node {
    /// Every version of the federation's pepper that listings stand under, and the newest, newest first.
    pub(in crate::node) fn peppers(&self) -> Vec<Pepper> {
        let all = self.secrets.iter().flat_map(|secrets| secrets.peppers().iter().rev());
        all.filter(|pepper| self.derives_under(pepper.version)).cloned().collect()
    }

    /// [`Act::Lookup`] and [`Act::Screen`]. The answer comes when the secrets are derived.
    ///
    /// `request-invalid` names the field; `too-many-requests` when too much is being derived; `quota-exceeded` when no more may be asked
    /// for today. In a screening a row that cannot be looked up has its own problem, and the others are answered.
    pub(in crate::node) fn lookup(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        applicants: &[Applicant],
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let purpose = Purpose::of(act).ok_or(RefusalCode::RequestInvalid)?;
        let (own, today) = (env.shelf.local_secret()?, env.now.legal_day());
        // No more are read than may be asked for: what is beyond that is refused as a whole.
        let read = applicants.iter().take(MAX_SCREEN_PAGE).map(|applicant| Row::read(applicant, &own, today));
        let (mut rows, mut documents): (Vec<_>, Vec<_>) = read.unzip();
        if let Err(stop) = self.admit(env, act, &purpose, applicants.len(), &mut rows, out) {
            if let Stop::Refused(refusal) = &stop {
                let told = rows.iter().map(|row| purpose.told(row, AuditRow::refused(refusal.code))).collect();
                self.tell(env, Some(act), told, out)?;
            }
            return Err(stop);
        }
        for (row, document) in rows.iter().zip(&mut documents) {
            if row.problem.is_some() {
                *document = None;
            }
        }
        let peppers = self.peppers();
        let under_each = |document: Document| peppers.iter().map(move |pepper| (pepper.clone(), document.clone()));
        let work: Vec<_> = documents.into_iter().flatten().flat_map(under_each).collect();
        let waiting = Waiting { token, act: act.clone(), purpose, rows, peppers: peppers.iter().map(|pepper| pepper.version).collect() };
        if work.is_empty() {
            self.lookup_derived(env, waiting, &[], out)?;
            return Ok(None);
        }
        self.list.next_job += 1;
        let job = self.list.next_job;
        self.list.jobs.insert(job, Job::Lookup(waiting));
        out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage: Stage::Deriving }) });
        out.push(Effect::Derive { job, work });
        Ok(None)
    }

    /// Everything that is asked before anything is derived. Rows that are beyond the quota get that as their problem.
    fn admit(
        &self,
        env: &Env<'_>,
        act: &ProvenAct,
        purpose: &Purpose,
        applicants: usize,
        rows: &mut [Row],
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        purpose.check(applicants)?;
        self.pepper()?;
        if let [Row { problem: Some(problem), .. }] = rows
            && !purpose.is_screening()
        {
            return Err(problem.clone().into());
        }
        // Nothing is written before the answer, so the log does not know this one yet.
        let request = act.signed().request;
        if self.list.jobs.values().any(|job| matches!(job, Job::Lookup(waiting) if waiting.act.signed().request == request)) {
            return Err(RefusalCode::RequestReused.into());
        }
        if self.list.jobs.len() >= MAX_DERIVING {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let asked = rows.iter().filter(|row| row.problem.is_none()).count() as u64;
        let granted = self.take_quota(env, &act.operator().name, purpose.is_screening(), asked, out)?;
        if asked > 0 && granted == 0 {
            return Err(RefusalCode::QuotaExceeded.into());
        }
        let beyond = rows.iter_mut().filter(|row| row.problem.is_none()).skip(usize::try_from(granted).unwrap_or(usize::MAX));
        beyond.for_each(|row| row.problem = Some(RefusalCode::QuotaExceeded.into()));
        Ok(())
    }

    /// The secrets are here: the lists are read, the rows recorded, the centres of the listings told, the asker answered.
    pub(super) fn lookup_derived(
        &mut self,
        env: &mut Env<'_>,
        waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Waiting { token, act, purpose, rows, peppers } = waiting;
        let copies = self.copies(env)?;
        let mut derived = secrets.chunks(peppers.len().max(1));
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in &rows {
            let outcome = match &row.problem {
                Some(problem) => Err(problem.clone()),
                None => self.outcome(env, &peppers, derived.next().unwrap_or_default(), &copies)?,
            };
            outcomes.push(outcome);
        }
        let code = |outcome: &Outcome| match outcome {
            Ok((_, _, verdict)) => verdict.code().to_owned(),
            Err(refusal) => AuditRow::refused(refusal.code),
        };
        let told = rows.iter().zip(&outcomes).map(|(row, outcome)| purpose.told(row, code(outcome))).collect();
        self.tell(env, Some(&act), told, out)?;
        for (row, outcome) in rows.iter().zip(&outcomes) {
            let hits = outcome.iter().flat_map(|(examined, ..)| &examined.found);
            for (hit, listing) in hits.filter(|(hit, _)| hit.listing.centre != self.centre) {
                self.list.hits.waits();
                out.push(Effect::Write(Write::List(ListWrite::Hit(PendingHit {
                    serial: 0,
                    place: hit.listing.clone(),
                    listing: *listing,
                    request: act.signed().request,
                    matter: purpose.matter.clone(),
                    business_no: row.business_no.clone(),
                    legal_basis: purpose.legal_basis.clone(),
                    at: env.now,
                }))));
            }
        }
        let event = if purpose.is_screening() {
            self.screened(env, &act, &rows, outcomes, &copies)?
        } else {
            self.looked_up(env, &act, &rows, outcomes)?
        };
        out.push(Effect::Reply { token, event: Box::new(event) });
        Ok(())
    }

    /// What the lists say of one subject. A secret that could not be derived makes no answer: the memory for it was not to be had, and
    /// whoever asks later may be luckier (`too-many-requests`).
    fn outcome(
        &self,
        env: &Env<'_>,
        peppers: &[u64],
        secrets: &[Option<SubjectSecret>],
        copies: &[CentreCopy],
    ) -> Result<Outcome, ShelfError> {
        let secrets: Vec<_> = peppers.iter().copied().zip(secrets.iter().flatten()).collect();
        // Nor does one under a pepper that a listing has come to stand under since it was asked.
        if secrets.len() != peppers.len() || self.peppers().iter().any(|pepper| !peppers.contains(&pepper.version)) {
            return Ok(Err(RefusalCode::TooManyRequests.into()));
        }
        let examined = self.examine(env, &secrets, copies)?;
        let centres = judge::by_centre(copies, &examined);
        let verdict = judge::overall(centres.iter().map(|centre| centre.verdict));
        Ok(Ok((examined, centres, verdict)))
    }

    fn looked_up(&self, env: &Env<'_>, act: &ProvenAct, rows: &[Row], outcomes: Vec<Outcome>) -> Result<Event, ShelfError> {
        let quota_left = self.quota_left(env, &act.operator().name, false)?;
        let answered = rows.first().map(|row| row.row).zip(outcomes.into_iter().next());
        Ok(match answered {
            Some((row, Ok((examined, centres, verdict)))) => {
                let hits = examined.found.into_iter().map(|(hit, _)| hit).collect();
                let request = act.signed().request;
                Event::Lookup(Box::new(LookupAnswer { row, request, verdict, hits, centres, at: env.now, quota_left }))
            }
            Some((_, Err(refusal))) => Event::Refused { refusal, about: None },
            None => Event::Refused { refusal: RefusalCode::RequestInvalid.into(), about: None },
        })
    }

    /// A centre whose listing could not be read in one row does not count there; it stands among the doubtful once for the page.
    fn screened(
        &self,
        env: &Env<'_>,
        act: &ProvenAct,
        rows: &[Row],
        outcomes: Vec<Outcome>,
        copies: &[CentreCopy],
    ) -> Result<Event, ShelfError> {
        let mut doubtful: Vec<CentreAnswer> = copies.iter().filter(|copy| copy.answer.doubt.is_some()).map(|c| c.answer.clone()).collect();
        let mut answers = Vec::with_capacity(rows.len());
        for (row, outcome) in rows.iter().zip(outcomes) {
            answers.push(match outcome {
                Ok((examined, centres, verdict)) => {
                    let new = |centre: &CentreAnswer| centre.doubt.is_some() && doubtful.iter().all(|d| d.centre != centre.centre);
                    let new: Vec<_> = centres.into_iter().filter(new).collect();
                    doubtful.extend(new);
                    let listings = examined.found.into_iter().map(|(hit, _)| hit.listing).collect();
                    ScreenAnswer { row: row.row, verdict: Some(verdict), listings, problem: None }
                }
                Err(refusal) => {
                    ScreenAnswer { row: row.row, verdict: None, listings: Vec::new(), problem: Some(AuditRow::refused(refusal.code)) }
                }
            });
        }
        doubtful.sort_by(|a, b| a.centre.cmp(&b.centre));
        let quota_left = self.quota_left(env, &act.operator().name, true)?;
        let page = ScreenPage { answers, doubtful, alarm: self.quota_alarm(env)?, quota_left };
        Ok(Event::Screen(Box::new(page)))
    }
}

fn is_code(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_CODE_BYTES && !text.chars().any(is_hostile)
}

fn is_business_no(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_BUSINESS_NO_BYTES && !text.chars().any(is_hostile)
}
