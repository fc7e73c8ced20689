//! Facts as one line of JSON, with the keys and the money form of the samples' `truth.jsonl`.

use anju_core::facts::{AccountFacts, AccountStatus};
use anju_core::names::CentreCode;
use serde::Serialize;

/// One account's answers, in the order of the keys in `truth.jsonl`. Amounts are yuan with two decimals, as text.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are documented in docs/SOURCE.md")]
pub struct TruthLine {
    pub centre: String,
    pub grzh: String,
    pub zjhm: String,
    pub name: String,
    pub status: AccountStatus,
    pub continuous_months: u32,
    pub run_to_last_paid: u32,
    pub monthly: String,
    pub balance: String,
    pub loans: u32,
    pub outstanding: String,
}

impl TruthLine {
    /// The line for `facts` of an account at `centre`.
    #[must_use]
    pub fn of(facts: &AccountFacts, centre: &CentreCode) -> Self {
        Self {
            centre: centre.to_string(),
            grzh: facts.account_no.clone(),
            zjhm: facts.document_no.clone(),
            name: facts.name.clone(),
            status: facts.status,
            continuous_months: facts.continuous_months,
            run_to_last_paid: facts.run_to_last_paid,
            monthly: facts.monthly_deposit.to_string(),
            balance: facts.balance.to_string(),
            loans: facts.loan_count,
            outstanding: facts.loan_outstanding.to_string(),
        }
    }
}

/// [`TruthLine`] as a JSON value.
#[must_use]
pub fn truth_line(facts: &AccountFacts, centre: &CentreCode) -> serde_json::Value {
    serde_json::to_value(TruthLine::of(facts, centre)).unwrap_or_default()
}
