//! Who may take which step when, which fields it needs, and which clock it starts.
//!
//! | act | role | in state | besides | clock |
//! | --- | --- | --- | --- | --- |
//! | propose | teller | none, returned | the decision document's digest, clocks that still run | |
//! | review | reviewer | drafted | not a proposer; a reason | |
//! | notify | teller | reviewed | the day: not in the future, not before the decision or the approval | objection period, from the day after |
//! | notify with a waiver | reviewer | reviewed | not a proposer; the paper's digest | none: the period has ended |
//! | object | teller, reviewer | notified, objected, listed, disputed, upheld | ground and text | time to answer, from the day after |
//! | answer | reviewer | objected, disputed | not a proposer; a reason | before the listing: what remains of the period |
//! | withdraw | reviewer | every one that is no ending | a reason | |
//! | repair | reviewer | listed, disputed, upheld | not a proposer; who decided it, a reason | |
//!
//! The first three columns are data ([`super::Deed`]): what is offered to an operator is what would not be refused.
//! The step is made of the signed act itself, so that the evidence kept with it can say nothing else.

use super::{Case, CaseState, Deed, KEPT_STEPS, MAX_EVIDENCE_BYTES, MAX_HEARD, MAX_REASON_CHARS, MAX_STEPS, Move, Step};
use crate::desk::Act;
use crate::error::{Refusal, RefusalCode};
use crate::facts::text::shown;
use crate::journal::hash;
use crate::listing::catalogue::{Catalogue, Deadlines};
use crate::listing::objected::MAX_OBJECTION_TEXT_BYTES;
use crate::listing::{Day, Ground};
use crate::names::{CentreCode, Digest};
use crate::operator::{Operator, ProvenAct, Role};
use crate::time::Time;

impl Case {
    /// The case after what `act` asks for.
    ///
    /// # Errors
    /// `role-missing` · `step-not-allowed` with the state's code · `second-person-needed` · `field-missing`, `dates-contradict` or
    /// `not-in-catalogue` with the field · `too-many-requests` when only an ending still fits · `request-invalid` for an act that is no
    /// step, or too long to be kept. Those of [`super::check_proposal`] for a proposal.
    pub fn take(&self, act: &ProvenAct, now: Time, catalogue: &Catalogue) -> Result<Self, Refusal> {
        let state = self.state(Day::of(now));
        let what = match act.act() {
            Act::Propose(_) => return self.propose_again(act, now, catalogue),
            Act::Review { approve, reason, .. } => {
                self.allows(Deed::Review, act.operator(), state)?;
                Move::Review { approve: *approve, reason: field("reason", reason)? }
            }
            Act::Notify { day, how, waiver, .. } => self.notice(act, state, (day, how, waiver), Day::of(now), catalogue)?,
            Act::Object { ground, text, .. } => {
                self.allows(Deed::Object, act.operator(), state)?;
                objection((ground, text), Day::of(now), catalogue)?
            }
            Act::Answer { uphold, reason, .. } => {
                self.allows(Deed::Answer, act.operator(), state)?;
                Move::Answer { uphold: *uphold, reason: field("reason", reason)? }
            }
            Act::Withdraw { reason, impersonated, .. } => {
                self.allows(Deed::Withdraw, act.operator(), state)?;
                Move::Withdraw { reason: field("reason", reason)?, impersonated: *impersonated }
            }
            Act::Repair { decision, reason, .. } => {
                self.allows(Deed::Repair, act.operator(), state)?;
                Move::Repair { decision: field("decision", decision)?, reason: field("reason", reason)? }
            }
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::OperatorPasswd { .. }
            | Act::Queue { .. }
            | Act::CaseShow { .. }
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
            | Act::Dossier(_) => return Err(RefusalCode::RequestInvalid.into()),
        };
        self.clone().with_step(act, what, now)
    }

    /// The case after another centre's objection to its listing, told by row `index` of `author`'s journal. Nothing when it is known, when
    /// enough of them wait already, or when the listing does not count.
    #[must_use]
    pub fn heard(&self, author: &CentreCode, index: u64, said: (Ground, &str), now: Time, catalogue: &Catalogue) -> Option<Self> {
        let today = Day::of(now);
        let progress = self.progress();
        let from_elsewhere = |step: &&Step| step.by.is_none();
        let waiting = progress.open.iter().map(|open| open.step).filter(from_elsewhere).count();
        let statement = Some((author.clone(), index));
        let known = self.steps.iter().any(|step| matches!(&step.what, Move::Object { statement: s, .. } if *s == statement));
        if known || waiting >= MAX_HEARD || !self.state(today).is_published() {
            return None;
        }
        let text = said.1.chars().filter(|c| !crate::facts::text::is_hostile(*c)).take(MAX_OBJECTION_TEXT_BYTES).collect();
        let answer_until = today.plus_days(catalogue.deadlines(today).map_or(0, |deadlines| deadlines.answer_days));
        let what = Move::Object { ground: said.0, text, answer_until, statement };
        self.room(&what).ok()?;
        let mut case = self.clone();
        case.steps.push(Step { at: now, by: None, what, signed: None });
        Some(case)
    }

    /// The same case, whose newest objection is carried by row `index` of the own journal.
    #[must_use]
    pub fn carried_by(mut self, own: &CentreCode, index: u64) -> Self {
        if let Some(Step { what: Move::Object { statement, .. }, .. }) = self.steps.last_mut() {
            *statement = Some((own.clone(), index));
        }
        self
    }

    pub(super) fn with_step(mut self, act: &ProvenAct, what: Move, now: Time) -> Result<Self, Refusal> {
        let signed = act.signed();
        if signed.act.len() > MAX_EVIDENCE_BYTES {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "act"));
        }
        self.room(&what)?;
        self.steps.push(Step { at: now, by: Some(signed.operator.clone()), what, signed: Some(signed.clone()) });
        Ok(self)
    }

    /// Whether the case has room for one more step of this kind.
    pub(super) fn room(&self, what: &Move) -> Result<(), Refusal> {
        let kept = match what {
            Move::Propose | Move::Review { .. } | Move::Notify { .. } | Move::Object { .. } => KEPT_STEPS,
            Move::Answer { uphold: true, .. } => 3,
            Move::List { .. } => 2,
            Move::Answer { uphold: false, .. } | Move::Withdraw { .. } | Move::Repair { .. } => 0,
        };
        if self.steps.len() + kept < MAX_STEPS { Ok(()) } else { Err(RefusalCode::TooManyRequests.into()) }
    }

    fn notice(
        &self,
        act: &ProvenAct,
        state: CaseState,
        (day, how, waiver): (&str, &str, &Option<Digest>),
        today: Day,
        catalogue: &Catalogue,
    ) -> Result<Move, Refusal> {
        let deed = if waiver.is_some() { Deed::Waive } else { Deed::Notify };
        self.allows(deed, act.operator(), state)?;
        if waiver.is_some_and(|paper| [Digest([0; 32]), hash::sha256(b"")].contains(&paper)) {
            return Err(Refusal::about(RefusalCode::FieldMissing, "waiver"));
        }
        let day: Day = day.parse().map_err(|_| Refusal::about(RefusalCode::FieldMissing, "day"))?;
        // A notice dated back would end the period before it began, and one person would have done what a waiver takes two for.
        let approved = self.progress().reviewed.map_or(today, |review| Day::of(review.at));
        if day > today || day < self.finding.decision_day.max(approved) {
            return Err(Refusal::about(RefusalCode::DatesContradict, "day"));
        }
        let objection_until = day.plus_days(deadlines(catalogue, day)?.objection_days);
        Ok(Move::Notify { day, how: field("how", how)?, objection_until, waiver: *waiver })
    }
}

fn objection((ground, text): (&str, &str), today: Day, catalogue: &Catalogue) -> Result<Move, Refusal> {
    let (ground, text) = objection_fields(ground, text)?;
    let answer_until = today.plus_days(deadlines(catalogue, today)?.answer_days);
    Ok(Move::Object { ground, text, answer_until, statement: None })
}

/// What an objection must say, to whomever's listing.
///
/// # Errors
/// `field-missing` with `ground` or `text`.
pub fn objection_fields(ground: &str, text: &str) -> Result<(Ground, String), Refusal> {
    let ground = Ground::from_code(ground).ok_or_else(|| Refusal::about(RefusalCode::FieldMissing, "ground"))?;
    let text = field("text", text)?;
    if text.len() > MAX_OBJECTION_TEXT_BYTES { Err(Refusal::about(RefusalCode::FieldMissing, "text")) } else { Ok((ground, text)) }
}

/// Only somebody with one of these roles.
pub(super) fn role(who: &Operator, roles: &[Role]) -> Result<(), Refusal> {
    if roles.contains(&who.role) {
        return Ok(());
    }
    let needed: Vec<&str> = roles.iter().map(|role| role.code()).collect();
    Err(Refusal::about(RefusalCode::RoleMissing, needed.join("|")))
}

/// Only in one of these states.
pub(super) fn allowed(state: CaseState, states: &[CaseState]) -> Result<(), Refusal> {
    if states.contains(&state) { Ok(()) } else { Err(not_allowed(state)) }
}

pub(super) fn not_allowed(state: CaseState) -> Refusal {
    Refusal::about(RefusalCode::StepNotAllowed, state.code())
}

fn deadlines(catalogue: &Catalogue, day: Day) -> Result<&Deadlines, Refusal> {
    catalogue.deadlines(day).ok_or_else(|| Refusal::about(RefusalCode::NotInCatalogue, "deadlines"))
}

/// A text that somebody gave: on one line, not empty, not too long.
fn field(name: &'static str, text: &str) -> Result<String, Refusal> {
    let line: String = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    shown(&line, MAX_REASON_CHARS).map(str::to_owned).ok_or_else(|| Refusal::about(RefusalCode::FieldMissing, name))
}
