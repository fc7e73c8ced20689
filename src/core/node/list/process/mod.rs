//! A case goes its way.
//!
//! Which step may be taken by whom is decided in [`crate::listing::case`]; here the case is found, the step stored and told of, and what it
//! means for everybody appended to the journal. Other centres' objections enter the record of a case when their statements arrive
//! ([`objections`]), so that the queue, which reads records only, shows them; and again before every later step, for a record may come
//! from a backup. What must never be here: a listing without a [`crate::listing::case::Listable`].

mod again;
mod objections;
mod publish;
mod view;

use super::super::audit::{Told, document, mark};
use super::super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditRow, SubjectMark};
use crate::desk::{Act, CaseRef, Event, Proposal};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::journal::{Entry, Kind, Statement, hash};
use crate::listing::case::{Case, CaseState, Listable, Move, Origin, check_proposal};
use crate::listing::changed::ObjectionRef;
use crate::listing::import::ApprovedFile;
use crate::listing::subject::{content_digest, decision_digest, listing_id};
use crate::listing::{Change, ChangedBody, Day, Document};
use crate::names::{CaseNumber, CentreCode, ListingRef};
use crate::operator::ProvenAct;
use crate::seal::SUITE;
use crate::shelf::{CaseRecord, ListWrite, Write};
use crate::time::Time;

pub use again::{AGAIN_AT_ONCE, AGAIN_EVERY_MS, AGAIN_PAGE, AGAIN_PAUSE_MS};
pub(super) use again::{State as Again, Waiting as AgainWaiting};
pub(super) use objections::State;
pub(super) use publish::Waiting;

/// Most objections that one answer answers: each is a statement. What is open beyond them asks for another answer.
pub const MAX_ANSWERED: usize = 128;

/// Most statements that took one another's place that are followed from one that was replaced.
pub const MAX_FOLLOWED: usize = 64;

/// A case and its record.
#[derive(Debug, Clone)]
struct Held {
    record: CaseRecord,
    case: Case,
}

impl Node {
    /// [`crate::desk::Act::Propose`] and every later step, the queue, and one case shown.
    pub(in crate::node) fn case_act(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        let _ = token; // Every answer is known at once.
        let answered = match act.act() {
            Act::Propose(proposal) => self.propose(env, act, proposal, out),
            Act::Review { case, .. } => self.step(env, act, AuditAction::Review, &CaseRef::Case(case.clone()), out),
            Act::Notify { case, .. } => self.step(env, act, AuditAction::Notify, &CaseRef::Case(case.clone()), out),
            Act::Object { about: CaseRef::Listing(place), ground, text } if place.centre != self.centre => {
                self.object_elsewhere(env, act, place, (ground, text), out)
            }
            Act::Object { about, .. } => self.step(env, act, AuditAction::Object, about, out),
            Act::Answer { about, .. } => self.step(env, act, AuditAction::Answer, about, out),
            Act::Withdraw { about, .. } => self.step(env, act, AuditAction::Withdraw, about, out),
            Act::Repair { about, .. } => self.step(env, act, AuditAction::Repair, about, out),
            Act::Queue { after, limit } => self.queue(env, *after, *limit),
            Act::CaseShow { about, unmask } => self.case_show(env, act, about, unmask.as_deref(), out),
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::OperatorPasswd { .. }
            | Act::Proof { .. }
            | Act::Lookup { .. }
            | Act::Screen { .. }
            | Act::Export { .. }
            | Act::ImportBegin { .. }
            | Act::ImportRows { .. }
            | Act::ImportFinish { .. }
            | Act::ImportApprove { .. }
            | Act::AuditList { .. }
            | Act::AccountShow { .. }
            | Act::CertificateIssue { .. }
            | Act::CertificateShow { .. }
            | Act::CertificateCancel { .. }
            | Act::HolderBind { .. }
            | Act::HolderEnd { .. }
            | Act::AgentCheck { .. }
            | Act::CertificateAccesses { .. }
            | Act::Query { .. }
            | Act::Ask { .. }
            | Act::Outbox(_)
            | Act::Federation(_)
            | Act::Journal(_)
            | Act::Reveal { .. }
            | Act::AuditCheck
            | Act::PickUp { .. }
            | Act::Accesses { .. }
            | Act::Backup
            | Act::MatterPublish { .. }
            | Act::CataloguePublish { .. }
            | Act::Dossier(_) => Err(RefusalCode::RequestInvalid.into()),
        };
        answered.map(Some)
    }

    /// Does the work and tells of it in the same transaction; a refusal is told of as well, and nothing else of the work remains.
    fn told(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        told: Told,
        out: &mut Vec<Effect>,
        work: impl FnOnce(&mut Self, &mut Env<'_>, &mut Vec<Effect>) -> Result<Event, Stop>,
    ) -> Result<Event, Stop> {
        let mut effects = Vec::new();
        let done = work(self, env, &mut effects);
        let outcome = match &done {
            Ok(_) => "done".to_owned(),
            Err(Stop::Refused(refusal)) => AuditRow::refused(refusal.code),
            Err(Stop::Shelf(error)) => return Err(error.clone().into()),
        };
        if done.is_ok() {
            out.append(&mut effects);
        }
        self.tell(env, Some(act), vec![Told { outcome, ..told }], out)?;
        done
    }

    fn propose(&mut self, env: &mut Env<'_>, act: &ProvenAct, proposal: &Proposal, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        // The number that the store will give; one that is refused gets none, and is told of by whom it was about.
        let prepared = self.prepare(env, act, proposal);
        let document = document(&proposal.row.document_type, &proposal.row.document_no, env.now);
        let about = match &prepared {
            Ok(held) => self.case_number(held.record.serial).to_string(),
            Err(_) => document.as_ref().map_or_else(|| "-".to_owned(), Document::masked),
        };
        let told = Told::new(AuditAction::Propose, about, "").of(mark(env, document.as_ref())?);
        self.told(env, act, told, out, |node, env, out| {
            let held = prepared?;
            out.push(Effect::Write(Write::List(ListWrite::Case(held.record.clone()))));
            node.case_event(env, act, &held)
        })
    }

    /// A proposal as it is to be stored.
    fn prepare(&self, env: &mut Env<'_>, act: &ProvenAct, proposal: &Proposal) -> Result<Held, Stop> {
        self.may_write()?;
        let (catalogue, today) = (&self.settings.blacklist.catalogue, Day::of(env.now));
        let checked = check_proposal(proposal, catalogue, today)?;
        let (own, finding) = (env.shelf.local_secret()?, &checked.finding);
        let known = env.shelf.case_of(&listing_id(&own, &finding.decision_no, &checked.document))?;
        let again = match (&proposal.again, known) {
            (None, None) => None,
            (Some(number), Some(record)) if *number == self.case_number(record.serial) => Some(record),
            (None, Some(record)) => {
                return Err(Refusal::about(RefusalCode::CaseExists, self.case_number(record.serial).to_string()).into());
            }
            (Some(_), _) => return Err(Refusal::about(RefusalCode::FieldMissing, "again").into()),
        };
        let decision = decision_digest(&own, &finding.decision_no);
        if let Some(other) = env.shelf.case_of_decision(&decision)?.filter(|other| Some(other.serial) != again.as_ref().map(|r| r.serial)) {
            let said = &read(&other)?.finding;
            if (&said.conduct.code, said.decision_day) != (&finding.conduct.code, finding.decision_day) {
                return Err(Refusal::about(RefusalCode::DecisionReused, self.case_number(other.serial).to_string()).into());
            }
        }
        if env.shelf.impersonated(&listing_id(&own, "", &checked.document))? && !proposal.impersonation_checked {
            return Err(Refusal::about(RefusalCode::StepNotAllowed, "impersonation").into());
        }
        let (case, serial) = match &again {
            Some(record) => (read(record)?.take(act, env.now, catalogue)?, record.serial),
            None => {
                let case = Case::propose(act, &own, AuditRow::salt(env.rng), env.now, catalogue)?;
                (case, env.shelf.cases_made()?.saturating_add(1))
            }
        };
        let record = CaseRecord {
            serial,
            listing: case.listing,
            state: CaseState::Drafted,
            index: None,
            import: None,
            content: content_digest(&own, &checked.content()),
            decision,
            waits_until: None,
            case: Vec::new(),
        };
        Ok(Held { record: updated(&record, &case, None, env.now)?, case })
    }

    /// One step of a case of ours.
    fn step(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        action: AuditAction,
        about: &CaseRef,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let held = self.held(env, about)?;
        let number = self.case_number(held.record.serial).to_string();
        let told = Told::new(action, number, "").of(subject_of(env, &held.case)?);
        self.told(env, act, told, out, |node, env, out| node.step_now(env, act, held, out))
    }

    fn step_now(&mut self, env: &mut Env<'_>, act: &ProvenAct, held: Held, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        self.may_write()?;
        let held = self.with_objections(env, held)?;
        stager_is_another(env, act, &held.case)?;
        let mut case = held.case.take(act, env.now, &self.settings.blacklist.catalogue)?;
        let entries = match held.record.index {
            Some(index) => self.statements_of(env, &case, index)?,
            None => Vec::new(),
        };
        let objects = case.steps.last().is_some_and(|step| matches!(step.what, Move::Object { .. }));
        if !entries.is_empty() {
            let first = self.append(env, entries, out)?;
            if objects {
                case = case.carried_by(&self.centre, first);
                self.objected_once_more(env.now);
            }
        }
        if case.ended_as_impersonated() {
            let subject = listing_id(&env.shelf.local_secret()?, "", &document_of(&case, env.now)?);
            out.push(Effect::Write(Write::List(ListWrite::Impersonated { subject })));
        }
        let held = Held { record: updated(&held.record, &case, held.record.index, env.now)?, case };
        out.push(Effect::Write(Write::List(ListWrite::Case(held.record.clone()))));
        self.case_event(env, act, &held)
    }

    /// What the newest step of a published case says to everybody.
    fn statements_of(&mut self, env: &mut Env<'_>, case: &Case, index: u64) -> Result<Vec<Entry>, Stop> {
        let place = ListingRef { centre: self.centre.clone(), index };
        let Some(step) = case.steps.last() else { return Ok(Vec::new()) };
        let change = match &step.what {
            Move::Object { ground, text, .. } => {
                let over = case.finding.restriction_until.max(case.finding.publication_until);
                return Ok(vec![self.objected_statement(env, &place, &case.listing, (*ground, text), over.end())?]);
            }
            Move::Answer { uphold: true, .. } => Change::Upheld,
            Move::Answer { uphold: false, .. } | Move::Withdraw { .. } => Change::Withdrawn,
            Move::Repair { .. } => Change::Repaired,
            Move::Propose | Move::Review { .. } | Move::Notify { .. } | Move::List { .. } => return Ok(Vec::new()),
        };
        let open = self.open_objections(env, &place, &case.listing, MAX_ANSWERED)?;
        let mut answers: Vec<_> = open.into_iter().map(|o| Some(ObjectionRef { centre: o.author, index: o.index })).collect();
        if change.ends() {
            // One ending; it names the first objection that it concedes to, if there is one.
            answers = vec![answers.into_iter().next().flatten()];
        }
        let impersonated = change.ends() && case.ended_as_impersonated();
        let body =
            |answers| ChangedBody { suite: SUITE.to_owned(), listing: case.listing, index, change, answers, successor: None, impersonated };
        let entries = answers.into_iter().map(|answers| {
            Statement::build(env.rng, Kind::ListingChanged, env.now, None, &body(answers).to_bytes())
                .map_err(|e| ShelfError::Failed(e.to_string()).into())
        });
        entries.collect()
    }

    /// The case that is meant: by its number, or by the listing that it published.
    fn held(&self, env: &Env<'_>, about: &CaseRef) -> Result<Held, Stop> {
        let record = match about {
            CaseRef::Case(number) if number.centre == self.centre => env.shelf.case(number.serial)?,
            CaseRef::Listing(place) if place.centre == self.centre => match env.shelf.listing(place)? {
                Some(row) => env.shelf.case_of(&row.listing)?,
                None => None,
            },
            CaseRef::Case(_) | CaseRef::Listing(_) => None,
        };
        let record = record.ok_or_else(|| Refusal::about(RefusalCode::CaseUnknown, about.to_string()))?;
        Ok(opened(env, &self.centre, record)?)
    }

    fn case_number(&self, serial: u64) -> CaseNumber {
        CaseNumber { centre: self.centre.clone(), serial }
    }
}

/// Who staged the file of an imported case is its proposer.
fn stager_is_another(env: &Env<'_>, act: &ProvenAct, case: &Case) -> Result<(), Stop> {
    let (Origin::Imported { file, .. }, Act::Answer { .. } | Act::Repair { .. }) = (&case.origin, act.act()) else { return Ok(()) };
    let staged = env.shelf.import(file)?.is_some_and(|import| import.by.0 == act.operator().name);
    if staged { Err(RefusalCode::SecondPersonNeeded.into()) } else { Ok(()) }
}

/// A record with its case. An import writes no steps, for a file may have a million rows: that its row was listed is added here, by
/// the approval that listed it, before anybody takes the first step.
fn opened(env: &Env<'_>, own: &CentreCode, record: CaseRecord) -> Result<Held, ShelfError> {
    let record = CaseRecord { index: record.index.map(|index| followed(env, own, index)).transpose()?, ..record };
    let case = read(&record)?;
    let Some(index) = record.index.filter(|index| case.published() != Some(*index)) else { return Ok(Held { record, case }) };
    let row = env.shelf.listing(&ListingRef { centre: own.clone(), index })?;
    let at = row.map_or(env.now, |row| row.at);
    if case.published().is_some() {
        let case = case.published_again(index, at);
        return Ok(Held { record, case });
    }
    let listed = match &case.origin {
        Origin::Proposed => None,
        Origin::Imported { file, .. } => {
            let approved = env.shelf.import(file)?.and_then(|import| ApprovedFile::check(&import));
            approved.and_then(|file| Listable::imported(&file, &case).and_then(|listable| listable.listed(index, at)).ok())
        }
    };
    Ok(Held { record, case: listed.unwrap_or(case) })
}

/// The statement that has taken the place of row `index` of our own journal, or that row: a record from a backup may name one that was
/// replaced since, and what is said of that one would reach nobody's list.
fn followed(env: &Env<'_>, own: &CentreCode, mut index: u64) -> Result<u64, ShelfError> {
    for _ in 0..MAX_FOLLOWED {
        let row = env.shelf.listing(&ListingRef { centre: own.clone(), index })?;
        let Some(end) = row.and_then(|row| row.ended).filter(|end| end.change == Change::Replaced) else { break };
        let entry = env.shelf.entries(own, end.index, 1, 1)?.into_iter().next();
        let said = entry.and_then(|entry| ChangedBody::parse(entry.body()?).ok());
        let Some(next) = said.filter(|said| said.index == index).and_then(|said| said.successor).filter(|next| *next > index) else {
            break;
        };
        index = next;
    }
    Ok(index)
}

fn read(record: &CaseRecord) -> Result<Case, ShelfError> {
    serde_json::from_slice(&record.case).map_err(|_| ShelfError::Damaged(format!("case {}", record.serial)))
}

/// The record of a case after a step; `index` is the row that publishes it, while it counts. What was returned does not claim its decision
/// number until it is proposed again: the number may be what was wrong with it, and the case that claims it has to be found first.
fn updated(record: &CaseRecord, case: &Case, index: Option<u64>, now: Time) -> Result<CaseRecord, ShelfError> {
    let state = case.after_last_step();
    Ok(CaseRecord {
        state,
        index: index.filter(|_| state.is_published()),
        waits_until: case.waits(Day::of(now)).1,
        decision: if state == CaseState::Returned { hash::sha256(&case.listing.0) } else { record.decision },
        case: serde_json::to_vec(case).map_err(|_| ShelfError::Failed("a case".to_owned()))?,
        ..record.clone()
    })
}

fn document_of(case: &Case, now: Time) -> Result<Document, ShelfError> {
    Document::new(case.subject.document_type, &case.subject.document_no, Day::of(now).date())
        .map_err(|_| ShelfError::Damaged("a case's document".to_owned()))
}

/// How a row of the audit log marks whom a case is about.
fn subject_of(env: &Env<'_>, case: &Case) -> Result<Option<SubjectMark>, ShelfError> {
    mark(env, document_of(case, env.now).ok().as_ref())
}
