//! Our own people ask: who they are is proven, what their role allows is checked, what they did is recorded; then the conversation that
//! knows it does it.

use super::{Effect, Env, Node, Stop};
use crate::desk::{Act, Event, OperatorKey};
use crate::error::{Refusal, RefusalCode};
use crate::operator::{OperatorName, ProvenAct, Role, SignedAct};

impl Node {
    pub(super) fn operators(&self, env: &Env<'_>) -> Result<Event, Stop> {
        let operators = env.shelf.operators()?;
        Ok(Event::Operators { operators: operators.iter().map(Into::into).collect() })
    }

    pub(super) fn operator_key(&self, env: &Env<'_>, name: &OperatorName) -> Result<Event, Stop> {
        let operator = env.shelf.operator(name)?.ok_or(RefusalCode::OperatorUnknown)?;
        let (centre, federation) = (self.centre.clone(), self.charter.federation().clone());
        let key = OperatorKey { operator: (&operator).into(), sealed: operator.sealed, centre, federation };
        Ok(Event::OperatorKey(Box::new(key)))
    }

    /// Carries out what an operator asks for. `None` when the answer comes later.
    pub(super) fn act(&mut self, env: &mut Env<'_>, token: u64, signed: &SignedAct, out: &mut Vec<Effect>) -> Result<Option<Event>, Stop> {
        let operator = env.shelf.operator(&signed.operator)?.ok_or(RefusalCode::OperatorUnknown)?;
        let act = signed.prove(operator, &self.centre, self.charter.federation(), env.now)?;
        may(&act)?;
        if env.shelf.audit_has(&signed.request)? {
            return Err(RefusalCode::RequestReused.into());
        }
        self.carry_out(env, token, &act, out)
    }

    fn carry_out(&mut self, env: &mut Env<'_>, token: u64, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<Option<Event>, Stop> {
        match act.act() {
            Act::OperatorAdd { .. } | Act::OperatorDisable { .. } | Act::OperatorPasswd { .. } => self.account_act(env, act, out).map(Some),
            Act::AuditList { .. } | Act::AuditCheck => self.audit_act(env, act, out).map(Some),
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

    /// Accounts are made, disabled, given another passphrase.
    fn account_act(&mut self, env: &mut Env<'_>, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let _ = (env, act, out);
        Err(RefusalCode::Unsupported.into())
    }
}

/// Whether the operator's role allows the act. That a second person is needed is asked by the conversation, which knows the first.
fn may(act: &ProvenAct) -> Result<(), Refusal> {
    let roles: &[Role] = match act.act() {
        Act::OperatorAdd { .. } | Act::OperatorDisable { .. } => &[Role::Security],
        Act::OperatorPasswd { .. } | Act::Queue { .. } | Act::Proof { .. } => &Role::ALL,
        Act::Propose(_) | Act::ImportBegin { .. } | Act::ImportRows { .. } | Act::ImportFinish { .. } => &[Role::Teller],
        Act::Review { .. } | Act::Answer { .. } | Act::Withdraw { .. } | Act::Repair { .. } | Act::ImportApprove { .. } => {
            &[Role::Reviewer]
        }
        Act::Notify { waiver, .. } => {
            if waiver.is_some() {
                &[Role::Reviewer]
            } else {
                &[Role::Teller]
            }
        }
        Act::Object { .. } | Act::Lookup { .. } | Act::Screen { .. } | Act::Export { .. } => &[Role::Teller, Role::Reviewer],
        Act::CaseShow { .. } => &[Role::Teller, Role::Reviewer, Role::Auditor],
        Act::AuditList { .. } | Act::AuditCheck => &[Role::Auditor],
    };
    if roles.contains(&act.operator().role) {
        return Ok(());
    }
    let needed: Vec<&str> = roles.iter().map(|role| role.code()).collect();
    Err(Refusal::about(RefusalCode::RoleMissing, needed.join("|")))
}
