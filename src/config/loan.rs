//! `[[loan.deadlines]]`: within how many days a centre wants the steps of a cross-region loan done.

use std::collections::BTreeSet;

use anju_core::dossier::loan::Deadlines;
use anju_core::listing::Day;
use anju_core::node::dossier::Settings;
use serde::{Deserialize, Serialize};

/// Most entries.
pub const DEADLINES_MAX: usize = 32;
/// Most days of one.
pub const DEADLINE_DAYS_MAX: u32 = 366;

/// `[loan]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Loan {
    /// The newest whose day has come applies; the customary ones when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<LoanDeadlines>,
}

/// `[[loan.deadlines]]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoanDeadlines {
    /// First day, such as `"2027-01-01"`.
    pub since: Day,
    /// From the certificate's issue to the reply, in days.
    pub reply_days: u32,
    /// From the reply to the mark, and from a transfer to the new mark, in days.
    pub mark_days: u32,
    /// From the settlement to the lifting, in days.
    pub unmark_days: u32,
}

impl Loan {
    /// The key and whether its values are allowed.
    pub(super) fn rules(&self) -> [(&'static str, bool); 1] {
        let days = |days: u32| (1..=DEADLINE_DAYS_MAX).contains(&days);
        let each = self.deadlines.iter().all(|one| days(one.reply_days) && days(one.mark_days) && days(one.unmark_days));
        let since: BTreeSet<Day> = self.deadlines.iter().map(|one| one.since).collect();
        [("loan.deadlines", each && since.len() == self.deadlines.len() && since.len() <= DEADLINES_MAX)]
    }

    /// What the core works with.
    #[must_use]
    pub fn settings(&self) -> Settings {
        if self.deadlines.is_empty() {
            return Settings::customary();
        }
        let one = |one: &LoanDeadlines| Deadlines {
            since: one.since,
            reply_days: one.reply_days,
            mark_days: one.mark_days,
            unmark_days: one.unmark_days,
        };
        Settings { deadlines: self.deadlines.iter().map(one).collect() }
    }
}
