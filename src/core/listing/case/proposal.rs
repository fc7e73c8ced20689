//! What a teller proposes, checked: the same checks as a row of a file, and what only a decision of today must have.

use super::{Case, Deed, Move, Origin, Subject, steps};
use crate::desk::{Act, Proposal};
use crate::error::{Refusal, RefusalCode};
use crate::facts::text::{is_hostile, trim};
use crate::journal::hash;
use crate::listing::Day;
use crate::listing::catalogue::Catalogue;
use crate::listing::finding::MAX_FINDING_TEXT_BYTES;
use crate::listing::import::{CheckedRow, RowReason};
use crate::listing::subject::listing_id;
use crate::names::Digest;
use crate::operator::{ProvenAct, Role};
use crate::seal::Key;
use crate::time::Time;

/// Checks a proposal by itself: the row, the decision document, clocks that still run, a catalogue that says how long is waited.
///
/// # Errors
/// `dates-contradict`, `field-missing`, `not-in-catalogue` or `document-invalid`, each with the field it is about.
pub fn check_proposal(proposal: &Proposal, catalogue: &Catalogue, today: Day) -> Result<CheckedRow, Refusal> {
    let mut checked = proposal.row.check(catalogue, today).map_err(|(field, reason)| Refusal::about(code_of(reason), field))?;
    for (field, until) in
        [("restriction_until", checked.finding.restriction_until), ("publication_until", checked.finding.publication_until)]
    {
        if until <= today {
            return Err(Refusal::about(RefusalCode::DatesContradict, field));
        }
    }
    let missing = |field: &str| Refusal::about(RefusalCode::FieldMissing, field);
    let no_document = [Digest([0; 32]), hash::sha256(b"")].contains(&proposal.decision_sha256);
    if no_document {
        return Err(missing("decision_sha256"));
    }
    let version = proposal.legal_basis_version.as_deref().map(trim).filter(|version| !version.is_empty());
    if version.is_some_and(|version| version.len() > MAX_FINDING_TEXT_BYTES || version.chars().any(is_hostile)) {
        return Err(missing("legal_basis_version"));
    }
    if catalogue.deadlines(today).is_none() {
        return Err(Refusal::about(RefusalCode::NotInCatalogue, "deadlines"));
    }
    checked.finding.decision_sha256 = Some(proposal.decision_sha256);
    checked.finding.legal_basis_version = version.map(str::to_owned);
    checked.finding.check().map_err(|_| missing("finding"))?;
    Ok(checked)
}

fn code_of(reason: RowReason) -> RefusalCode {
    if reason == RowReason::Document {
        RefusalCode::DocumentInvalid
    } else if [RowReason::Conduct, RowReason::Level, RowReason::Measure].contains(&reason) {
        RefusalCode::NotInCatalogue
    } else if [RowReason::DatesContradict, RowReason::DecisionInFuture].contains(&reason) {
        RefusalCode::DatesContradict
    } else {
        RefusalCode::FieldMissing
    }
}

impl Case {
    /// A new case from [`Act::Propose`]. `own` is the centre's own secret, `salt` is random. That there is no other case about the same
    /// decision and subject is asked by who has the cases.
    ///
    /// # Errors
    /// Those of [`check_proposal`], `role-missing`, `request-invalid` for another act or one too long to be kept.
    pub fn propose(act: &ProvenAct, own: &Key, salt: [u8; 16], now: Time, catalogue: &Catalogue) -> Result<Self, Refusal> {
        let checked = checked(act, now, catalogue)?;
        let case = Self {
            listing: listing_id(own, &checked.finding.decision_no, &checked.document),
            subject: subject_of(&checked),
            finding: checked.finding,
            origin: Origin::Proposed,
            replaced: None,
            remark: checked.remark,
            salt,
            steps: Vec::new(),
        };
        case.with_step(act, Move::Propose, now)
    }

    /// A returned case is proposed again: everything may have changed but which decision it is and about whom.
    pub(super) fn propose_again(&self, act: &ProvenAct, now: Time, catalogue: &Catalogue) -> Result<Self, Refusal> {
        self.allows(Deed::Propose, act.operator(), self.state(Day::of(now)))?;
        let checked = checked(act, now, catalogue)?;
        let same = checked.finding.decision_no == self.finding.decision_no
            && checked.document.kind() == self.subject.document_type
            && checked.document.expose() == self.subject.document_no;
        if !same {
            return Err(Refusal::about(RefusalCode::FieldMissing, "again"));
        }
        let case = Self { subject: subject_of(&checked), finding: checked.finding, remark: checked.remark, ..self.clone() };
        case.with_step(act, Move::Propose, now)
    }
}

fn checked(act: &ProvenAct, now: Time, catalogue: &Catalogue) -> Result<CheckedRow, Refusal> {
    let Act::Propose(proposal) = act.act() else { return Err(RefusalCode::RequestInvalid.into()) };
    steps::role(act.operator(), &[Role::Teller])?;
    check_proposal(proposal, catalogue, Day::of(now))
}

fn subject_of(checked: &CheckedRow) -> Subject {
    Subject { name: checked.name.clone(), document_type: checked.document.kind(), document_no: checked.document.expose().to_owned() }
}
