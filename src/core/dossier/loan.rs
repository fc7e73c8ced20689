//! Where a cross-region loan stands (建金〔2015〕135号), computed from the values that count, and what waits for whom until when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::MAX_TRANSFERS;
use super::{Counted, Parties, PartyRole};
use crate::listing::Day;
use crate::names::CentreCode;
use crate::time::Time;

/// The states, in the order in which they are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoanState {
    /// The certificate is issued, and its addressee has not replied.
    Issued,
    /// 已回执: the loan was granted.
    Granted,
    /// The loan was refused. The last state.
    Refused,
    /// 已标识: the account is marked.
    Marked,
    /// 已重新标识: it moved, and is marked where it is.
    Remarked,
    /// 已结清: the loan is paid off.
    Settled,
    /// 已解除: the mark is lifted. The last state.
    Unmarked,
}

impl LoanState {
    /// Every state.
    pub const ALL: [Self; 7] = [Self::Issued, Self::Granted, Self::Refused, Self::Marked, Self::Remarked, Self::Settled, Self::Unmarked];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Marked => "marked",
            Self::Remarked => "remarked",
            Self::Settled => "settled",
            Self::Unmarked => "unmarked",
        }
    }
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanStep {
    /// To which state.
    pub state: LoanState,
    /// On which day, as its author says.
    pub on: String,
    /// By whom.
    pub by: CentreCode,
    /// When it was written, by its author.
    pub at: Time,
}

/// Where a loan stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanProgress {
    /// Where.
    pub state: LoanState,
    /// How it came there.
    pub steps: Vec<LoanStep>,
    /// Who keeps the account now.
    pub keeper: Option<CentreCode>,
    /// How often the account moved.
    pub transfers: u32,
    /// The account moved and is not marked where it is.
    pub mark_missing: bool,
    /// Why the depositing centre does not mark it.
    pub mark_refused: Option<String>,
    /// Fields that count and say a step that may not be taken from here: nothing follows from them.
    pub out_of_order: Vec<String>,
}

/// The days a centre gives itself and expects of others: dated data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// First day on which these apply, by what they count from.
    pub since: Day,
    /// From the certificate's issue to the reply.
    pub reply_days: u32,
    /// From the reply to the mark, and from the transfer to the new mark.
    pub mark_days: u32,
    /// From the settlement to the lifting.
    pub unmark_days: u32,
}

/// What has to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// The addressee has to reply.
    Reply,
    /// The account has to be marked.
    Mark,
    /// The account has to be marked where it moved to.
    Remark,
    /// The mark has to be lifted.
    Unmark,
}

impl Task {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Mark => "mark",
            Self::Remark => "remark",
            Self::Unmark => "unmark",
        }
    }
}

/// Who has to do what until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What.
    pub task: Task,
    /// Who.
    pub by: CentreCode,
    /// Last day.
    pub until: Day,
}

type Values = BTreeMap<String, Counted>;

/// Where the loan stands.
#[must_use]
pub fn progress(values: &Values, parties: &Parties) -> LoanProgress {
    let mut at = LoanProgress {
        state: LoanState::Issued,
        steps: Vec::new(),
        keeper: parties.sole(PartyRole::Depositing).cloned(),
        transfers: 0,
        mark_missing: false,
        mark_refused: values.get("mark.refused").map(|refused| refused.value.clone()),
        out_of_order: Vec::new(),
    };
    reply(values, &mut at);
    mark(values, &mut at);
    transfers(values, &mut at);
    settlement(values, &mut at);
    at
}

fn step(values: &Values, at: &mut LoanProgress, state: LoanState, on: &str) -> bool {
    let Some(day) = values.get(on) else { return false };
    at.steps.push(LoanStep { state, on: day.value.clone(), by: day.author.clone(), at: day.at });
    at.state = state;
    true
}

/// A reply counts when it is whole: a decision and its day, and for a loan its amount, term and method.
fn reply(values: &Values, at: &mut LoanProgress) {
    let decision = values.get("reply.decision").map(|decision| decision.value.as_str());
    let whole = ["reply.amount", "reply.term", "reply.method"].iter().all(|field| values.contains_key(*field));
    let state = match decision {
        Some("granted") if whole => LoanState::Granted,
        Some("refused") => LoanState::Refused,
        Some(_) | None => return,
    };
    step(values, at, state, "reply.on");
}

fn mark(values: &Values, at: &mut LoanProgress) {
    if !values.contains_key("mark.number") {
        return;
    }
    if at.state == LoanState::Granted {
        step(values, at, LoanState::Marked, "mark.on");
    } else {
        at.out_of_order.push("mark.number".to_owned());
    }
}

fn transfers(values: &Values, at: &mut LoanProgress) {
    for number in 1..=MAX_TRANSFERS {
        let Some(to) = values.get(&format!("transfer.{number}.to")) else { break };
        if at.state < LoanState::Marked {
            at.out_of_order.push(format!("transfer.{number}.to"));
            break;
        }
        at.keeper = CentreCode::new(&to.value).ok();
        at.transfers = number;
        at.mark_missing = !(values.contains_key(&format!("remark.{number}.number"))
            && step(values, at, LoanState::Remarked, &format!("remark.{number}.on")));
    }
}

fn settlement(values: &Values, at: &mut LoanProgress) {
    let marked = at.state >= LoanState::Marked;
    if values.contains_key("settled.on") {
        if at.state == LoanState::Granted || marked {
            step(values, at, LoanState::Settled, "settled.on");
        } else {
            at.out_of_order.push("settled.on".to_owned());
        }
    }
    if values.contains_key("unmark.on") {
        let by_keeper = values.get("unmark.on").is_some_and(|unmark| at.keeper.as_ref() == Some(&unmark.author));
        if at.state == LoanState::Settled && marked && by_keeper {
            step(values, at, LoanState::Unmarked, "unmark.on");
            at.mark_missing = false;
        } else {
            at.out_of_order.push("unmark.on".to_owned());
        }
    }
}

/// What has to be done next, by whom, until when. Nothing when nothing has.
#[must_use]
pub fn due(at: &LoanProgress, values: &Values, deadlines: &[Deadlines]) -> Option<Due> {
    let marked = at.steps.iter().any(|step| step.state == LoanState::Marked);
    let (task, from) = match at.state {
        LoanState::Granted if at.mark_refused.is_none() => (Task::Mark, day_of(values, "reply.on")?),
        LoanState::Marked | LoanState::Remarked if at.mark_missing => {
            (Task::Remark, day_of(values, &format!("transfer.{}.on", at.transfers))?)
        }
        LoanState::Settled if marked => (Task::Unmark, day_of(values, "settled.on")?),
        LoanState::Issued
        | LoanState::Granted
        | LoanState::Refused
        | LoanState::Marked
        | LoanState::Remarked
        | LoanState::Settled
        | LoanState::Unmarked => return None,
    };
    Some(Due { task, by: at.keeper.clone()?, until: until(task, from, deadlines)? })
}

/// The last day for a task that counts from `from`.
#[must_use]
pub fn until(task: Task, from: Day, deadlines: &[Deadlines]) -> Option<Day> {
    let valid = deadlines.iter().filter(|d| d.since <= from).max_by_key(|d| d.since)?;
    Some(from.plus_days(match task {
        Task::Reply => valid.reply_days,
        Task::Mark | Task::Remark => valid.mark_days,
        Task::Unmark => valid.unmark_days,
    }))
}

fn day_of(values: &Values, field: &str) -> Option<Day> {
    values.get(field).and_then(|day| day.value.parse().ok()).and_then(|date| Day::new(date).ok())
}
