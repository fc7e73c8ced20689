//! Whether a case may be listed, and what is committed to when it is.

use super::steps::not_allowed;
use super::{Case, CaseState, Move, Origin, Step};
use crate::error::{Refusal, RefusalCode};
use crate::journal::hash;
use crate::listing::import::ApprovedFile;
use crate::listing::{Basis, Day, DecidedBody, Finding};
use crate::names::Digest;
use crate::time::Time;

/// This case may be listed now. Only [`Case::listable`], [`Listable::imported`] and [`Listable::again`] make one, and nothing is published
/// without one.
#[derive(Debug)]
pub struct Listable<'a> {
    case: &'a Case,
    finding: Finding,
    basis: Basis,
    authority: Digest,
}

impl<'a> Listable<'a> {
    /// A row of a file that two people approved; again when the file has it with other content.
    ///
    /// # Errors
    /// `step-not-allowed` when the case was not imported or has ended.
    pub fn imported(file: &ApprovedFile, case: &'a Case) -> Result<Self, Refusal> {
        let state = case.after_last_step();
        let imported = match case.origin {
            Origin::Imported { .. } => true,
            Origin::Proposed => false,
        };
        if !imported || state.has_ended() {
            return Err(not_allowed(state));
        }
        Ok(Self { case, finding: case.finding.clone(), basis: Basis::Imported, authority: file.authority() })
    }

    /// A case that row `index` of the own journal publishes, where `said` is what that row says: the same may be said once more under
    /// another pepper. Its clocks, its basis and the commitment to who decided are those of the row, so that nothing begins anew and
    /// nobody has decided twice.
    ///
    /// # Errors
    /// `step-not-allowed` when the case is not published, has ended, or is another than the row says.
    pub fn again(case: &'a Case, index: u64, said: &DecidedBody, now: Time) -> Result<Self, Refusal> {
        let (state, progress) = (case.state(Day::of(now)), case.progress());
        let (notified, objection_until) = match case.origin {
            Origin::Proposed => progress.notice.map(|notice| (notice.day, notice.objection_until)).unzip(),
            Origin::Imported { .. } => (case.finding.notified, case.finding.objection_until),
        };
        let finding = Finding { notified, objection_until, ..case.finding.clone() };
        let clocks = |a: &Finding| (a.restriction_until, a.publication_until);
        let same = said.listing == case.listing && (said.restriction_until, said.publication_until) == clocks(&finding);
        if !state.is_published() || progress.index != Some(index) || !same {
            return Err(not_allowed(state));
        }
        Ok(Self { case, finding, basis: said.basis, authority: said.authority })
    }

    /// What is published: the finding, with when the subject was told and could object.
    #[must_use]
    pub const fn finding(&self) -> &Finding {
        &self.finding
    }

    /// How the subject came to know.
    #[must_use]
    pub const fn basis(&self) -> Basis {
        self.basis
    }

    /// The commitment to who decided.
    #[must_use]
    pub const fn authority(&self) -> Digest {
        self.authority
    }

    /// The case, listed by row `index` of the own journal.
    ///
    /// # Errors
    /// `too-many-requests` when the case has no room for the step.
    pub fn listed(&self, index: u64, now: Time) -> Result<Case, Refusal> {
        if self.case.published().is_some() {
            return Ok(self.case.published_again(index, now));
        }
        let what = Move::List { index };
        self.case.room(&what)?;
        let mut case = self.case.clone();
        case.steps.push(Step { at: now, by: None, what, signed: None });
        Ok(case)
    }
}

impl Case {
    /// The case, when row `index` of the own journal has taken the place of the row that published it. Of the times that this happened the
    /// newest alone is a step: they may be many, and steps are few. The journal has them all.
    #[must_use]
    pub fn published_again(&self, index: u64, now: Time) -> Self {
        let is_list = |step: &Step| matches!(step.what, Move::List { .. });
        let first = self.steps.iter().position(is_list);
        let kept = self.steps.iter().enumerate().filter(|(at, step)| Some(*at) == first || !is_list(step));
        let mut case = Self { steps: kept.map(|(_, step)| step.clone()).collect(), ..self.clone() };
        case.steps.push(Step { at: now, by: None, what: Move::List { index }, signed: None });
        case
    }

    /// Whether it may be listed at `now`: proposed and approved by two people whose signed acts are kept, with a decision document, a
    /// notice, and a period that has ended or that the subject gave up before a second person; nothing open, not ended, not listed.
    ///
    /// # Errors
    /// `step-not-allowed` with the state's code, `second-person-needed`, or `field-missing` with what is missing.
    pub fn listable(&self, now: Time) -> Result<Listable<'_>, Refusal> {
        let missing = |what: &str| Refusal::about(RefusalCode::FieldMissing, what);
        let (state, progress) = (self.state(Day::of(now)), self.progress());
        if state != CaseState::Notified || !progress.open.is_empty() || progress.index.is_some() || self.origin != Origin::Proposed {
            return Err(not_allowed(state));
        }
        let proposed = progress.proposed.filter(|step| step.is_signed()).ok_or_else(|| missing("proposal"))?;
        let reviewed = progress.reviewed.filter(|step| step.is_signed()).ok_or_else(|| missing("review"))?;
        let notice = progress.notice.filter(|notice| notice.step.is_signed()).ok_or_else(|| missing("notice"))?;
        let alone = |step: &Step| step.by.as_ref().is_none_or(|name| self.is_proposer(name));
        if proposed.by == reviewed.by || alone(reviewed) || (notice.waived && alone(notice.step)) {
            return Err(RefusalCode::SecondPersonNeeded.into());
        }
        if self.finding.decision_sha256.is_none() {
            return Err(missing("decision_sha256"));
        }
        if now < notice.free_from {
            return Err(not_allowed(state));
        }
        let (notified, objection_until) = (Some(notice.day), Some(notice.objection_until));
        let finding = Finding { notified, objection_until, ..self.finding.clone() };
        Ok(Listable { case: self, finding, basis: Basis::Notified, authority: authority(self) })
    }
}

impl Step {
    /// Whether the act of who made it is kept.
    fn is_signed(&self) -> bool {
        self.signed.as_ref().is_some_and(|signed| Some(&signed.operator) == self.by.as_ref())
    }
}

/// What a published listing says of who decided it: SHA-256 of the label `anju/v1/case-authority`, the case's 16-byte salt, the listing's
/// id, the decision document's digest, and every signed act up to the listing, in order. Of each act: operator, time (8 bytes, big endian),
/// request id, the act's text and the signature; each part length-prefixed with 8 bytes, big endian.
///
/// The record stays at the centre. Whom it is shown to checks it so: hash it and compare with `authority` of the `listing.decided`
/// statement, whose place in the journal evidence proves; verify every signature with the operators' public keys that the centre names
/// (what is signed is described at [`crate::operator::SignedAct`]); read in the acts that one operator proposed this decision document,
/// another approved it, and when the subject was told. The salt keeps a member from guessing acts without being shown them.
#[must_use]
pub fn authority(case: &Case) -> Digest {
    let mut bytes = b"anju/v1/case-authority".to_vec();
    let mut part = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    part(&case.salt);
    part(&case.listing.0);
    part(case.finding.decision_sha256.as_ref().map_or(&[], |digest| &digest.0));
    let before = case.steps.iter().take_while(|step| !matches!(step.what, Move::List { .. }));
    for signed in before.filter_map(|step| step.signed.as_ref()) {
        part(signed.operator.as_str().as_bytes());
        part(&signed.at.0.to_be_bytes());
        part(&signed.request.0);
        part(signed.act.as_bytes());
        part(&signed.signature.0);
    }
    hash::sha256(&bytes)
}
