//! Our own people ask: who they are is proven, what their role allows is checked, what they did is recorded; then the conversation that
//! knows it does it.

mod account;

pub use account::first_operator;

use super::audit::{Told, document, mark};
use super::{Effect, Env, Node, Stop, interact, issue, membership, prove, query};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{Act, Applicant, Event, OperatorKey};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::text;
use crate::listing::Document;
use crate::operator::{OperatorName, ProvenAct, Role, SignedAct};
use crate::shelf::{HouseWrite, Write};
use crate::time::Time;

impl Node {
    pub(super) fn operators(&self, env: &Env<'_>) -> Result<Event, Stop> {
        let operators = env.shelf.operators()?;
        Ok(Event::Operators { operators: operators.iter().map(Into::into).collect() })
    }

    pub(super) fn operator_key(&self, env: &Env<'_>, name: &OperatorName) -> Result<Event, Stop> {
        let operator = env.shelf.operator(name)?.filter(|operator| operator.disabled.is_none()).ok_or(RefusalCode::OperatorUnknown)?;
        let (centre, federation) = (self.centre.clone(), self.charter.federation().clone());
        let key = OperatorKey { operator: (&operator).into(), sealed: operator.sealed, centre, federation };
        Ok(Event::OperatorKey(Box::new(key)))
    }

    /// Carries out what an operator asks for. `None` when the answer comes later.
    ///
    /// A refusal is told to the audit log under its code, so that whoever tries what they may not is seen; but not when it is not proven
    /// who asked (else anybody could fill the log), nor when the request is in the log already.
    pub(super) fn act(&mut self, env: &mut Env<'_>, token: u64, signed: &SignedAct, out: &mut Vec<Effect>) -> Result<Option<Event>, Stop> {
        let operator = env.shelf.operator(&signed.operator)?.ok_or(RefusalCode::OperatorUnknown)?;
        let act = signed.prove(operator, &self.centre, self.charter.federation(), env.now)?;
        if env.shelf.audit_has(&signed.request)? {
            return Err(RefusalCode::RequestReused.into());
        }
        let outcome = match may(&act) {
            Ok(()) => self.carry_out(env, token, &act, out),
            Err(refusal) => Err(refusal.into()),
        };
        if let Err(Stop::Refused(refusal)) = &outcome {
            self.tell_refused(env, &act, refusal.code, out)?;
        }
        outcome
    }

    /// Tells of a refused act, unless the conversation that refused it has done so.
    fn tell_refused(&self, env: &mut Env<'_>, act: &ProvenAct, code: RefusalCode, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if out.iter().any(|effect| matches!(effect, Effect::Write(Write::House(HouseWrite::Audit { .. })))) {
            return Ok(());
        }
        let Some(told) = told_of(act.act(), &act.operator().name, env.now, AuditRow::refused(code)) else { return Ok(()) };
        let subject = mark(env, subject_of(act.act(), env.now).as_ref())?;
        self.tell(env, Some(act), vec![told.of(subject)], out)
    }

    fn carry_out(&mut self, env: &mut Env<'_>, token: u64, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<Option<Event>, Stop> {
        match act.act() {
            Act::OperatorAdd { .. } | Act::OperatorDisable { .. } | Act::OperatorPasswd { .. } => self.account_act(env, act, out).map(Some),
            Act::AccountShow { account_no, kind, unmask } => {
                self.account_show(env, (token, act), account_no, (kind, unmask.as_deref()), out).map(|()| None)
            }
            Act::Reveal { number, reason } => self.reveal(env, act, number, reason, out).map(Some),
            Act::CertificateIssue { account_no, kind, addressee, card, clerk, valid_days, request } => {
                let (account_no, kind, addressee, card) = (account_no.clone(), kind.clone(), addressee.clone(), card.clone());
                let (act, clerk, valid_days, request) = (act.clone(), clerk.clone(), *valid_days, *request);
                let asked = issue::Asked { token, act, account_no, kind, addressee, card, clerk, valid_days, request };
                self.certificate_issue(env, asked, out).map(|()| None)
            }
            Act::CertificateShow { number } => self.certificate_look(env, act, number, out).map(Some),
            Act::CertificateCancel { number, reason } => self.certificate_cancel(env, act, (number.clone(), reason), out).map(Some),
            Act::HolderBind { number, card } => self.holder_bind(env, (token, act), (number, card), out).map(|()| None),
            Act::HolderEnd { number } => self.holder_end(env, act, number, out).map(Some),
            Act::AgentCheck { grant, last_four } => self.agent_check(env, act, (grant, last_four), out).map(Some),
            Act::CertificateAccesses { number, after } => self.certificate_accesses(env, act, (number, after.as_deref()), out).map(Some),
            Act::Query { grant, business_no, matter, request } => {
                let (grant, business_no, matter) = (grant.clone(), business_no.clone(), matter.clone());
                let asked = query::Asked { token, act: act.clone(), grant, business_no, matter, request: *request };
                self.query(env, asked, out).map(|()| None)
            }
            Act::Ask { grant, business_no, matter, wanted, request } => {
                let (grant, business_no, matter, wanted) = (grant.clone(), business_no.clone(), matter.clone(), wanted.clone());
                let wish = interact::Wish { grant, business_no, matter, wanted, request: *request };
                self.inquire(env, (token, act), wish, out).map(|()| None)
            }
            Act::Outbox(asked) => self.outbox_act(env, act, asked, out).map(Some),
            Act::AuditList { .. } | Act::AuditCheck => self.audit_act(env, token, act, out),
            Act::Backup => self.backup(env, token, act, out).map(|()| None),
            Act::MatterPublish { file } => self.matter_publish(env, act, file, out).map(Some),
            Act::CataloguePublish { file } => self.catalogue_publish(env, act, file, out).map(Some),
            Act::Dossier(asked) => self.dossier_act(env, act, asked, out).map(Some),
            Act::Federation(asked) => self.federation_act(env, act, asked, out).map(Some),
            Act::Journal(asked) => self.journal_act(env, (token, act), asked, out),
            Act::Accesses { number, after, limit } => self.accesses_to_ours(env, act, (number, after.as_deref(), *limit), out).map(Some),
            Act::PickUp { code, last_four } => self.pick_up(env, act, code, last_four, out).map(Some),
            Act::Propose(_)
            | Act::Review { .. }
            | Act::Notify { .. }
            | Act::Object { .. }
            | Act::Answer { .. }
            | Act::Withdraw { .. }
            | Act::Repair { .. }
            | Act::Queue { .. }
            | Act::CaseShow { .. } => self.case_act(env, token, act, out),
            Act::Proof { about } => self.ending_proof(env, about).map(Some),
            Act::Lookup { applicant, .. } => self.lookup(env, token, act, std::slice::from_ref(applicant), out),
            Act::Screen { applicants, .. } => self.lookup(env, token, act, applicants, out),
            Act::Export { cursor, limit } => self.export(env, act, cursor.as_deref(), *limit, out).map(Some),
            Act::ImportBegin { .. } | Act::ImportRows { .. } | Act::ImportFinish { .. } | Act::ImportApprove { .. } => {
                self.import(env, token, act, out)
            }
        }
    }
}

/// What a row says of `act`: nothing personal but what a lookup is told with anyway. Nothing for acts that touch no personal data.
fn told_of(act: &Act, own: &OperatorName, now: Time, outcome: String) -> Option<Told> {
    let masked = subject_of(act, now).map(|document| document.masked()).unwrap_or_default();
    let (action, about) = match act {
        Act::OperatorAdd { name, .. } => (AuditAction::OperatorAdd, name.to_string()),
        Act::OperatorDisable { name, .. } => (AuditAction::OperatorDisable, name.to_string()),
        Act::OperatorPasswd { .. } => (AuditAction::OperatorPasswd, own.to_string()),
        Act::Propose(proposal) => (AuditAction::Propose, proposal.row.decision_no.clone()),
        Act::Review { case, .. } => (AuditAction::Review, case.to_string()),
        Act::Notify { case, .. } => (AuditAction::Notify, case.to_string()),
        Act::Object { about, .. } => (AuditAction::Object, about.to_string()),
        Act::Answer { about, .. } => (AuditAction::Answer, about.to_string()),
        Act::Withdraw { about, .. } => (AuditAction::Withdraw, about.to_string()),
        Act::Repair { about, .. } => (AuditAction::Repair, about.to_string()),
        Act::CaseShow { about, .. } => (AuditAction::Show, about.to_string()),
        Act::Lookup { .. } => (AuditAction::Lookup, masked),
        Act::Screen { applicants, .. } => (AuditAction::Screen, applicants.len().to_string()),
        Act::Export { .. } => (AuditAction::Export, String::new()),
        Act::ImportBegin { file } | Act::ImportRows { file, .. } | Act::ImportFinish { file, .. } => {
            (AuditAction::Import, file.to_string())
        }
        Act::ImportApprove { file, .. } => (AuditAction::ImportApprove, file.to_string()),
        Act::AccountShow { account_no, .. } => (AuditAction::AccountShow, text::masked(&text::identifier(account_no))),
        Act::Reveal { number, .. } => (AuditAction::Reveal, number.to_string()),
        Act::CertificateIssue { account_no, .. } => (AuditAction::CertificateIssue, text::masked(&text::identifier(account_no))),
        Act::CertificateShow { number } => (AuditAction::CertificateShow, number.to_string()),
        Act::CertificateCancel { number, .. } => (AuditAction::CertificateCancel, number.to_string()),
        Act::HolderBind { number, .. } => (AuditAction::HolderBind, number.to_string()),
        Act::HolderEnd { number } => (AuditAction::HolderEnd, number.to_string()),
        Act::AgentCheck { grant, .. } => (AuditAction::AgentCheck, query::certificate_of(grant)),
        Act::CertificateAccesses { number, .. } => (AuditAction::CertificateAccesses, number.to_string()),
        Act::Query { grant, .. } => (AuditAction::Query, query::certificate_of(grant)),
        Act::Ask { grant, wanted, .. } => (interact::action(wanted), query::certificate_of(grant)),
        Act::AuditList { .. } => (AuditAction::AuditRead, masked),
        Act::AuditCheck => (AuditAction::AuditRead, String::new()),
        Act::Backup => (AuditAction::Backup, String::new()),
        Act::MatterPublish { .. } => (AuditAction::MatterPublish, String::new()),
        Act::CataloguePublish { .. } => (AuditAction::CataloguePublish, String::new()),
        Act::Dossier(asked) => super::dossier::about(asked),
        Act::Federation(asked) => membership::about(asked),
        Act::Journal(asked) => prove::about(asked),
        Act::Outbox(asked) => interact::about(asked)?,
        Act::Accesses { number, .. } => (AuditAction::AuditRead, number.to_string()),
        Act::PickUp { code, .. } => (AuditAction::PickUp, super::window::masked_code(code)),
        Act::Queue { .. } | Act::Proof { .. } => return None,
    };
    let mut told = Told::new(action, about, outcome);
    if let Act::Lookup { matter, legal_basis, .. } | Act::Screen { matter, legal_basis, .. } = act {
        (told.matter, told.legal_basis) = (Some(matter.clone()), Some(legal_basis.clone()));
    }
    if let Act::Lookup { applicant: Applicant { business_no, .. }, .. } | Act::Query { business_no, .. } | Act::Ask { business_no, .. } =
        act
    {
        told.business_no = Some(business_no.clone());
    }
    if let Act::Query { matter, .. } | Act::Ask { matter, .. } = act {
        (told.matter, told.legal_basis) = (matter.clone(), Some(query::LEGAL_BASIS.to_owned()));
    }
    Some(told)
}

/// Whom an act is about, where it says so itself; nothing for what is no document.
fn subject_of(act: &Act, now: Time) -> Option<Document> {
    match act {
        Act::Lookup { applicant, .. } => document(&applicant.document_type, &applicant.document_no, now),
        Act::Propose(proposal) => document(&proposal.row.document_type, &proposal.row.document_no, now),
        Act::AuditList { subject: Some(subject), .. } => document(&subject.document_type, &subject.document_no, now),
        Act::AuditList { subject: None, .. }
        | Act::OperatorAdd { .. }
        | Act::OperatorDisable { .. }
        | Act::OperatorPasswd { .. }
        | Act::Review { .. }
        | Act::Notify { .. }
        | Act::Object { .. }
        | Act::Answer { .. }
        | Act::Withdraw { .. }
        | Act::Repair { .. }
        | Act::CaseShow { .. }
        | Act::Queue { .. }
        | Act::Proof { .. }
        | Act::Screen { .. }
        | Act::Export { .. }
        | Act::ImportBegin { .. }
        | Act::ImportRows { .. }
        | Act::ImportFinish { .. }
        | Act::ImportApprove { .. }
        | Act::AccountShow { .. }
        | Act::Reveal { .. }
        | Act::CertificateIssue { .. }
        | Act::CertificateShow { .. }
        | Act::CertificateCancel { .. }
        | Act::HolderBind { .. }
        | Act::HolderEnd { .. }
        | Act::AgentCheck { .. }
        | Act::CertificateAccesses { .. }
        | Act::Query { .. }
        | Act::Ask { .. }
        | Act::AuditCheck
        | Act::MatterPublish { .. }
        | Act::CataloguePublish { .. }
        | Act::Dossier(_)
        | Act::Federation(_)
        | Act::Journal(_)
        | Act::Outbox(_)
        | Act::PickUp { .. }
        | Act::Accesses { .. }
        | Act::Backup => None,
    }
}

/// Whether the operator's role allows the act. That a second person is needed is asked by the conversation, which knows the first.
fn may(act: &ProvenAct) -> Result<(), Refusal> {
    let roles: &[Role] = match act.act() {
        Act::OperatorAdd { .. } | Act::OperatorDisable { .. } => &[Role::Security],
        Act::OperatorPasswd { .. } | Act::Queue { .. } | Act::Proof { .. } => &Role::ALL,
        Act::Propose(_) | Act::ImportBegin { .. } | Act::ImportRows { .. } | Act::ImportFinish { .. } => &[Role::Teller],
        Act::Review { .. }
        | Act::Answer { .. }
        | Act::Withdraw { .. }
        | Act::Repair { .. }
        | Act::ImportApprove { .. }
        | Act::MatterPublish { .. }
        | Act::CataloguePublish { .. } => &[Role::Reviewer],
        Act::Notify { waiver, .. } => {
            if waiver.is_some() {
                &[Role::Reviewer]
            } else {
                &[Role::Teller]
            }
        }
        Act::Object { .. }
        | Act::Lookup { .. }
        | Act::Screen { .. }
        | Act::Export { .. }
        | Act::AccountShow { .. }
        | Act::Reveal { .. }
        | Act::CertificateIssue { .. }
        | Act::CertificateShow { .. }
        | Act::CertificateCancel { .. }
        | Act::HolderBind { .. }
        | Act::HolderEnd { .. }
        | Act::AgentCheck { .. }
        | Act::CertificateAccesses { .. }
        | Act::Query { .. }
        | Act::PickUp { .. }
        | Act::Ask { .. } => &[Role::Teller, Role::Reviewer],
        Act::CaseShow { .. } => &[Role::Teller, Role::Reviewer, Role::Auditor],
        Act::AuditList { .. } | Act::AuditCheck | Act::Accesses { .. } => &[Role::Auditor],
        Act::Backup => &[Role::System],
        Act::Dossier(asked) => super::dossier::roles(asked),
        Act::Federation(asked) => membership::roles(asked),
        Act::Journal(asked) => prove::roles(asked),
        Act::Outbox(asked) => interact::roles(asked),
    };
    if roles.contains(&act.operator().role) {
        return Ok(());
    }
    let needed: Vec<&str> = roles.iter().map(|role| role.code()).collect();
    Err(Refusal::about(RefusalCode::RoleMissing, needed.join("|")))
}
