//! Dossiers, as conversations: cases that several centres write together.
//!
//! | file | conversation |
//! | --- | --- |
//! | `read` | a dossier is put together from the journals of its parties |
//! | `write` | one is opened, a field is written, a note is added |
//! | `loan` | a loan goes its way: reply, mark, transfer, settlement, lifting |
//! | `arrive` | a reply arrives for a certificate of ours, and the account is marked |
//! | `list` | which there are, what waits for whom, the ledger |
//!
//! Nothing of what a dossier says is kept: whoever asks for it gets it put together anew from the rows that are here, in an order that is
//! the same everywhere, so that two peers which hold the same rows read the same. What must never be here: a value that is believed
//! without asking who wrote it.

mod arrive;
mod list;
mod loan;
mod read;
mod write;

pub use arrive::{MAX_ARRIVED_AT_ONCE, MAX_TO_LOOK_AT};
pub use read::{MAX_JOINS_READ, MAX_ROWS_READ};

use super::audit::{DONE, Told};
use super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditRow};
use crate::desk::{DossierAct, Event};
use crate::dossier::loan::Deadlines;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::listing::Day;
use crate::operator::{ProvenAct, Role};
use crate::shelf::Write;

/// What a centre says about its loans.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The days it gives itself and expects of others; those with the newest `since` that has come apply.
    pub deadlines: Vec<Deadlines>,
}

impl Settings {
    /// What applies where a centre says nothing: from the day of 建金〔2015〕135号 on, a month for a reply and a week for the rest.
    #[must_use]
    pub fn customary() -> Self {
        let since = Day::from_number(20_150_915);
        let one = |since| Deadlines { since, reply_days: 30, mark_days: 7, unmark_days: 7 };
        Self { deadlines: since.map(one).into_iter().collect() }
    }
}

/// What is not kept anywhere else: which dossiers have to be looked at because something came.
#[derive(Debug, Default)]
pub(super) struct State {
    arrived: arrive::State,
}

/// Who may do which of it.
pub(super) const fn roles(act: &DossierAct) -> &'static [Role] {
    match act {
        DossierAct::Show { .. } | DossierAct::List { .. } | DossierAct::Queue { .. } | DossierAct::Ledger { .. } => {
            &[Role::Teller, Role::Reviewer, Role::Auditor]
        }
        DossierAct::Open { .. }
        | DossierAct::Write { .. }
        | DossierAct::Note { .. }
        | DossierAct::Reply(_)
        | DossierAct::Mark { .. }
        | DossierAct::Transfer { .. }
        | DossierAct::Settle { .. }
        | DossierAct::Unmark { .. } => &[Role::Teller, Role::Reviewer],
    }
}

/// What a row of the audit log says of it: which dossier or certificate, and nothing that stands in one.
pub(super) fn about(act: &DossierAct) -> (AuditAction, String) {
    match act {
        DossierAct::Open { kind, with, .. } => (AuditAction::DossierOpen, format!("{} {with}", kind.code())),
        DossierAct::Write { dossier, field, .. } => (AuditAction::DossierWrite, format!("{dossier} {field}")),
        DossierAct::Note { dossier, .. } => (AuditAction::DossierWrite, format!("{dossier} note")),
        DossierAct::Show { dossier } => (AuditAction::DossierShow, dossier.to_string()),
        DossierAct::List { .. } => (AuditAction::DossierShow, "list".to_owned()),
        DossierAct::Reply(reply) => (AuditAction::LoanReply, reply.certificate.to_string()),
        DossierAct::Mark { loan, .. } => (AuditAction::LoanMark, loan.to_string()),
        DossierAct::Transfer { loan, to, .. } => (AuditAction::LoanTransfer, format!("{loan} {to}")),
        DossierAct::Settle { loan, .. } => (AuditAction::LoanSettle, loan.to_string()),
        DossierAct::Unmark { loan, .. } => (AuditAction::LoanUnmark, loan.to_string()),
        DossierAct::Queue { .. } => (AuditAction::LoanList, "queue".to_owned()),
        DossierAct::Ledger { .. } => (AuditAction::LoanList, "ledger".to_owned()),
    }
}

impl Node {
    /// [`crate::desk::Act::Dossier`]: done, and told of in the same transaction; of what is refused only that remains, and which changes
    /// the engine panicked over.
    pub(super) fn dossier_act(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        asked: &DossierAct,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let mut effects = Vec::new();
        let done = self.dossier_do(env, asked, &mut effects);
        let outcome = match &done {
            Ok(_) => DONE.to_owned(),
            Err(Stop::Refused(refusal)) => {
                effects.retain(|effect| matches!(effect, Effect::Write(Write::Dossier(_))));
                AuditRow::refused(refusal.code)
            }
            Err(Stop::Shelf(error)) => return Err(error.clone().into()),
        };
        out.append(&mut effects);
        let (action, about) = about(asked);
        self.tell(env, Some(act), vec![Told::new(action, about, outcome)], out)?;
        done
    }

    fn dossier_do(&mut self, env: &mut Env<'_>, asked: &DossierAct, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        match asked {
            DossierAct::Open { kind, with, about, title, text } => {
                self.dossier_open(env, *kind, with, (about.as_deref(), title.as_deref(), text.as_deref()), out)
            }
            DossierAct::Write { dossier, field, value } => self.dossier_field(env, dossier, field, value, out),
            DossierAct::Note { dossier, text } => self.dossier_note(env, dossier, text, out),
            DossierAct::Show { dossier } => self.dossier_show(env, dossier, out),
            DossierAct::List { kind, after, limit } => self.dossier_list(env, *kind, after.as_ref(), *limit),
            DossierAct::Reply(reply) => self.loan_reply(env, reply, out),
            DossierAct::Mark { loan, clerk, on } => self.loan_mark(env, loan, clerk, *on, out),
            DossierAct::Transfer { loan, to, clerk, on } => self.loan_transfer(env, loan, to, (clerk, *on), out),
            DossierAct::Settle { loan, clerk, on } => self.loan_settle(env, loan, clerk, *on, out),
            DossierAct::Unmark { loan, clerk, on } => self.loan_unmark(env, loan, clerk, *on, out),
            DossierAct::Queue { after, limit } => self.loan_queue(env, after.as_deref(), *limit, out),
            DossierAct::Ledger { after, limit } => self.loan_ledger(env, after.as_deref(), *limit, out),
        }
    }
}

fn unknown(name: &impl ToString) -> Stop {
    Refusal::about(RefusalCode::DossierUnknown, name.to_string()).into()
}

fn failed(error: impl ToString) -> Stop {
    ShelfError::Failed(error.to_string()).into()
}
