//! All rows about one account brought together: repeated ones counted once, contradictions found, the facts' rules applied.

use std::collections::BTreeMap;

use anju_core::facts::derive::{Standing, deposit};
use anju_core::facts::{Entry, FactRules, Loan, LoanRecord, Month};

use super::spill::{AccountMark, Id, Item, Outcome, Record};

/// What all rows about one account come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gathered {
    /// For each accepted row of the accounts file: its position and what became of it.
    pub(super) outcomes: Vec<(u64, Outcome)>,
    /// Repeated transactions.
    pub(super) duplicate_entries: u64,
    /// Those of them that differ from the first.
    pub(super) differing_serials: u64,
    /// Repeated loans.
    pub(super) duplicate_loans: u64,
    /// Transactions without an account.
    pub(super) orphan_entries: u64,
    /// Loans without an account.
    pub(super) orphan_loans: u64,
}

/// Brings together `records`, all of one account and in the order of their files.
pub(super) fn gather(records: impl Iterator<Item = Record>, rules: &FactRules, as_of: Option<Month>) -> Gathered {
    let mut gathered = Gathered::default();
    let mut marks: Vec<AccountMark> = Vec::new();
    let mut entries: BTreeMap<Id, Entry> = BTreeMap::new();
    let mut loans: BTreeMap<Id, Loan> = BTreeMap::new();
    let mut readable = true;
    for record in records {
        match record.item {
            Item::Account(mark) => marks.push(mark),
            Item::Entry(serial, entry) => match entries.get(&serial) {
                Some(first) => {
                    gathered.duplicate_entries += 1;
                    gathered.differing_serials += u64::from(*first != entry);
                }
                None => {
                    entries.insert(serial, entry);
                }
            },
            Item::Loan(contract, loan) => match loans.get(&contract) {
                Some(first) => {
                    gathered.duplicate_loans += 1;
                    readable &= *first == loan;
                }
                None => {
                    loans.insert(contract, loan);
                }
            },
            Item::Rejected => readable = false,
        }
    }
    let Some(first) = marks.first().copied() else {
        // With a rejected row the account may well be in the accounts file, and be that row.
        if readable {
            gathered.orphan_entries = entries.len() as u64;
            gathered.orphan_loans = loans.len() as u64;
        }
        return gathered;
    };
    readable &= marks.iter().all(|mark| mark.digest == first.digest);
    let facts = as_of.filter(|_| readable).and_then(|as_of| facts(&first, entries, &loans, rules, as_of));
    let outcome = facts.unwrap_or(Outcome::Unreadable);
    let later = |index| (index, Outcome::Duplicate);
    gathered.outcomes.push((first.index, outcome));
    gathered.outcomes.extend(marks.iter().skip(1).map(|mark| later(mark.index)));
    gathered
}

fn facts(mark: &AccountMark, entries: BTreeMap<Id, Entry>, loans: &BTreeMap<Id, Loan>, rules: &FactRules, as_of: Month) -> Option<Outcome> {
    let standing = Standing { status: mark.status, deferred: mark.deferred, paid_until: mark.paid_until };
    let entries: Vec<Entry> = entries.into_values().collect();
    let record = loans.values().try_fold(LoanRecord::default(), |sum, loan| sum.with(loan, rules))?;
    Some(Outcome::Facts(deposit(&standing, &entries, rules, as_of), record))
}
