//! Accounts are made, disabled, given another passphrase.
//!
//! One person, one account: a staff number stands in at most one account that works. Whoever was an administrator comes back in the same
//! role only, so that the three who keep each other in check are never the same person, not even one after the other. That the last
//! security administrator stays follows from one rule: nobody disables their own account, and only security administrators disable any.
//! What must never be here: a passphrase, or a key that would open one.

use super::super::audit::{Told, rows_of};
use super::super::list::lookup::SCREENED;
use super::{Effect, Env, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::{Act, Event};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::facts::text;
use crate::operator::{MAX_DISPLAY_CHARS, MAX_OPERATORS, Operator, OperatorName, ProvenAct, Role, SealedKey, staff_number};
use crate::shelf::{HouseWrite, Write};

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 50;
/// What an act that was carried out leaves in the log.
const DONE: &str = "done";

impl Node {
    /// [`Act::OperatorAdd`], [`Act::OperatorDisable`] and [`Act::OperatorPasswd`].
    pub(super) fn account_act(&mut self, env: &mut Env<'_>, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let (operator, told) = match act.act() {
            Act::OperatorAdd { name, display, staff_no, role, key, sealed } => {
                let (name, display, staff_no) = (name.clone(), display.clone(), staff_no.clone());
                let (role, key, sealed) = (*role, *key, sealed.clone());
                let account = made(env, Operator { name, display, staff_no, role, key, sealed, created: env.now, disabled: None })?;
                let told = added(&account);
                (account, told)
            }
            Act::OperatorDisable { name, reason } => {
                let account = disabled(env, act.operator(), name)?;
                let reason = text::shown(reason, MAX_REASON_CHARS).ok_or_else(|| missing("reason"))?;
                (account, Told::new(AuditAction::OperatorDisable, format!("{name}: {reason}"), DONE))
            }
            Act::OperatorPasswd { sealed } => {
                check_sealed(sealed)?;
                let account = Operator { sealed: sealed.clone(), ..act.operator().clone() };
                let told = Told::new(AuditAction::OperatorPasswd, account.name.as_str(), DONE);
                (account, told)
            }
            Act::Propose(_)
            | Act::Review { .. }
            | Act::Notify { .. }
            | Act::Object { .. }
            | Act::Answer { .. }
            | Act::Withdraw { .. }
            | Act::Repair { .. }
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
            | Act::Reveal { .. }
            | Act::AuditCheck
            | Act::PickUp { .. }
            | Act::Accesses { .. }
            | Act::Backup
            | Act::MatterPublish { .. }
            | Act::CataloguePublish { .. }
            | Act::Dossier(_)
            | Act::Federation(_)
            | Act::Journal(_) => return Err(RefusalCode::Unsupported.into()),
        };
        out.push(Effect::Write(Write::House(HouseWrite::Operator(operator))));
        self.tell(env, Some(act), vec![told], out)?;
        Ok(Event::Done)
    }
}

/// The first account of a centre: a security administrator, whom nobody made. The writes belong into one transaction of a store whose
/// peer is not running.
///
/// # Errors
/// [`ShelfError`] when the store cannot answer; inside, `operator-exists` when there is an account already, `field-missing` when a text is
/// not of its form.
pub fn first_operator(env: &mut Env<'_>, account: Operator) -> Result<Result<Vec<Write>, Refusal>, ShelfError> {
    if !env.shelf.operators()?.is_empty() {
        return Ok(Err(RefusalCode::OperatorExists.into()));
    }
    let account = match made(env, Operator { role: Role::Security, created: env.now, disabled: None, ..account }) {
        Ok(account) => account,
        Err(Stop::Refused(refusal)) => return Ok(Err(refusal)),
        Err(Stop::Shelf(error)) => return Err(error),
    };
    let told = rows_of(env, None, vec![added(&account)])?;
    Ok(Ok(vec![Write::House(HouseWrite::Operator(account)), Write::House(told)]))
}

fn added(account: &Operator) -> Told {
    Told::new(AuditAction::OperatorAdd, format!("{} {}", account.name, account.role.code()), DONE)
}

/// The new account as it is kept, if there may be one.
fn made(env: &Env<'_>, account: Operator) -> Result<Operator, Stop> {
    let display = text::shown(&account.display, MAX_DISPLAY_CHARS).ok_or_else(|| missing("display"))?.to_owned();
    let staff_no = staff_number(&account.staff_no).ok_or_else(|| missing("staff-no"))?;
    check_sealed(&account.sealed)?;
    let others = env.shelf.operators()?;
    if others.len() >= MAX_OPERATORS {
        return Err(Refusal::about(RefusalCode::CeilingExceeded, MAX_OPERATORS.to_string()).into());
    }
    if account.name.as_str() == SCREENED || others.iter().any(|other| other.name == account.name) {
        return Err(RefusalCode::OperatorExists.into());
    }
    let works = |other: &Operator| other.disabled.is_none() || kept_apart(other.role, account.role);
    // Two accounts with one key would be one person with two names.
    let same_person = |other: &&Operator| other.key == account.key || (other.staff_no == staff_no && works(other));
    if let Some(other) = others.iter().find(same_person) {
        return Err(Refusal::about(RefusalCode::OneAccountEach, other.name.as_str()).into());
    }
    Ok(Operator { display, staff_no, ..account })
}

/// Whether who had the role `before` must not get the role `now`.
fn kept_apart(before: Role, now: Role) -> bool {
    matches!(before, Role::System | Role::Security | Role::Auditor) && before != now
}

/// The account as it is when it no longer works.
fn disabled(env: &Env<'_>, by: &Operator, name: &OperatorName) -> Result<Operator, Stop> {
    if by.name == *name {
        return Err(RefusalCode::SecondPersonNeeded.into());
    }
    let account = env.shelf.operator(name)?.ok_or(RefusalCode::OperatorUnknown)?;
    if account.disabled.is_some() {
        return Err(Refusal::about(RefusalCode::StepNotAllowed, "disabled").into());
    }
    Ok(Operator { disabled: Some(env.now), ..account })
}

fn check_sealed(sealed: &SealedKey) -> Result<(), Stop> {
    if sealed.is_well_formed() { Ok(()) } else { Err(missing("sealed").into()) }
}

fn missing(field: &'static str) -> Refusal {
    Refusal::about(RefusalCode::FieldMissing, field)
}
