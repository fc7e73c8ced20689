//! The rules that turn one account, its transactions and its loans into facts.
//!
//! Every rule a centre may set differently is data ([`FactRules`]), dated where law or local practice changes it. What must never be
//! here: an account looked up, a row skipped, or a number that depends on the order in which an export lists its rows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::codes::{DocumentType, EmployerStatus, EntryKind, RawCodes};
use super::{AccountFacts, AccountStatus, Fen, Month};

/// How many months behind the export an employer may be before it counts as arrears, unless the centre says otherwise: the deposit for
/// a month is due with that month's wages, so an export made within a month may rightly lack it.
pub const TOLERANCE_MONTHS_DEFAULT: u32 = 1;
/// How far back an unpaid month still counts as arrears, unless the centre says otherwise.
pub const LOOKBACK_MONTHS_DEFAULT: u32 = 24;

/// What a centre may decide for itself about its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactRules {
    /// Whether a 补缴 (02) for a month counts like a 汇缴 (01) when continuous months are counted. Default: no.
    pub supplementary_repairs: bool,
    /// Whether a loan with balance zero and no settlement date (DKJQRQ) is settled. Default: no, because closing it is an act of its own.
    pub zero_balance_is_settled: bool,
    /// When an account is in arrears (欠缴); the newest rule in force in the export's month applies, none in force means never.
    pub arrears: Vec<ArrearsRule>,
}

impl Default for FactRules {
    fn default() -> Self {
        Self { supplementary_repairs: false, zero_balance_is_settled: false, arrears: vec![ArrearsRule::default()] }
    }
}

/// When an account in normal state (GRZHZT 01) is in arrears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArrearsRule {
    /// First month in which this rule is in force.
    pub from: Month,
    /// Months by which JZNY may lie behind the export's month.
    pub tolerance_months: u32,
    /// Whether a month that was never paid, neither 汇缴 nor 补缴, is arrears although later months were paid.
    pub holes: bool,
    /// Holes older than this many months before the export's month no longer count.
    pub lookback_months: u32,
}

impl Default for ArrearsRule {
    fn default() -> Self {
        let from = Month { year: super::YEAR_MIN, month: 1 };
        Self { from, tolerance_months: TOLERANCE_MONTHS_DEFAULT, holes: true, lookback_months: LOOKBACK_MONTHS_DEFAULT }
    }
}

impl FactRules {
    /// The arrears rule in force in `month`.
    #[must_use]
    pub fn arrears_in(&self, month: Month) -> Option<&ArrearsRule> {
        self.arrears.iter().filter(|rule| rule.from <= month).max_by_key(|rule| rule.from)
    }
}

/// A personal account as the source has it, checked and normalised. No `Debug`: it is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// GRZH 个人账号.
    pub account_no: String,
    /// XINGMING 姓名.
    pub name: String,
    /// ZJLX 证件类型.
    pub document_type: DocumentType,
    /// ZJHM 证件号码, normalised.
    pub document_no: String,
    /// KHRQ 开户日期.
    pub opened: Month,
    /// GRZHZT 个人账户状态.
    pub status: AccountStatus,
    /// DWZHZT 单位账户状态, where the export has it.
    pub employer_status: Option<EmployerStatus>,
    /// DWMC 单位名称.
    pub employer: String,
    /// GRJCJS 个人缴存基数.
    pub deposit_base: Fen,
    /// DWJCBL 单位缴存比例, in 1/10,000.
    pub employer_ratio: u32,
    /// GRJCBL 个人缴存比例, in 1/10,000.
    pub personal_ratio: u32,
    /// DWYJCE 单位月缴存额.
    pub employer_monthly: Fen,
    /// GRYJCE 个人月缴存额.
    pub personal_monthly: Fen,
    /// GRZHYE 个人账户余额.
    pub balance: Fen,
    /// JZNY 缴至年月 of the employer's account.
    pub paid_until: Month,
    /// The source's own codes where they were mapped.
    pub raw: RawCodes,
}

/// One transaction of an account, as far as the facts need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// GJHTQYWLX.
    pub kind: EntryKind,
    /// HBJNY 汇补缴年月, where the kind has one.
    pub month: Option<Month>,
    /// JZRQ 记账日期.
    pub posted: Date,
    /// FSE 发生额.
    pub amount: Fen,
    /// CZBZ 冲账标识.
    pub reversal: bool,
}

/// One fund loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loan {
    /// HTDKJE 合同贷款金额.
    pub amount: Fen,
    /// DKYE 贷款余额.
    pub balance: Fen,
    /// Whether DKJQRQ 结清日期 is given.
    pub has_settlement_date: bool,
}

impl Loan {
    /// Whether the loan is settled under `rules`.
    #[must_use]
    pub const fn is_settled(&self, rules: &FactRules) -> bool {
        self.balance.0 == 0 && (self.has_settlement_date || rules.zero_balance_is_settled)
    }
}

/// Every fund loan of one account, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoanRecord {
    /// Number of loans.
    pub count: u32,
    /// Number of those not settled.
    pub unsettled: u32,
    /// Sum of the contract amounts.
    pub total: Fen,
    /// Sum of the balances.
    pub outstanding: Fen,
}

impl LoanRecord {
    /// Adds `loan`; nothing when a sum no longer fits.
    #[must_use]
    pub fn with(self, loan: &Loan, rules: &FactRules) -> Option<Self> {
        Some(Self {
            count: self.count.checked_add(1)?,
            unsettled: self.unsettled + u32::from(!loan.is_settled(rules)),
            total: Fen(self.total.0.checked_add(loan.amount.0)?),
            outstanding: Fen(self.outstanding.0.checked_add(loan.balance.0)?),
        })
    }
}

/// What the transactions of one account come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deposit {
    /// Consecutive paid months, counted back from JZNY.
    pub run: u32,
    /// 欠缴 by the rule in force.
    pub in_arrears: bool,
    /// Reversals that found no entry of their kind, month and amount to cancel.
    pub unmatched_reversals: u32,
}

/// What the deposit rules need to know of the account itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// GRZHZT.
    pub status: AccountStatus,
    /// Whether the employer's deposits are deferred with permission (DWZHZT 03).
    pub deferred: bool,
    /// JZNY.
    pub paid_until: Month,
}

impl AccountRecord {
    /// What the deposit rules need to know of this account.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { status: self.status, deferred: self.employer_status == Some(EmployerStatus::Deferred), paid_until: self.paid_until }
    }

    /// The facts of this account; nothing when the two monthly amounts together no longer fit.
    #[must_use]
    pub fn into_facts(self, deposit: &Deposit, loans: &LoanRecord) -> Option<AccountFacts> {
        let run_from = Month::from_index(self.paid_until.index() + 1 - i32::try_from(deposit.run).ok()?);
        let has_run = deposit.run > 0;
        Some(AccountFacts {
            monthly_deposit: Fen(self.employer_monthly.0.checked_add(self.personal_monthly.0)?),
            account_no: self.account_no,
            name: self.name,
            document_type: self.document_type.code().to_owned(),
            document_no: self.document_no,
            opened: self.opened,
            status: self.status,
            employer: self.employer,
            deposit_base: self.deposit_base,
            employer_ratio: self.employer_ratio,
            personal_ratio: self.personal_ratio,
            balance: self.balance,
            paid_until: self.paid_until,
            run_to_last_paid: deposit.run,
            continuous_months: if self.status == AccountStatus::Normal { deposit.run } else { 0 },
            continuous_from: run_from.filter(|_| has_run),
            continuous_to: has_run.then_some(self.paid_until),
            in_arrears: deposit.in_arrears,
            loan_count: loans.count,
            loans_unsettled: loans.unsettled,
            loan_total: loans.total,
            loan_outstanding: loans.outstanding,
        })
    }
}

/// What `entries`, each counted once, come to under `rules` in an export of the month `as_of`.
#[must_use]
pub fn deposit(standing: &Standing, entries: &[Entry], rules: &FactRules, as_of: Month) -> Deposit {
    let (remitted, unmatched_remitted) = paid_months(entries, EntryKind::Remitted);
    let (supplementary, unmatched_supplementary) = paid_months(entries, EntryKind::Supplementary);
    let counts = |month: &Month| remitted.contains(month) || (rules.supplementary_repairs && supplementary.contains(month));
    let mut run = 0;
    let mut month = Some(standing.paid_until);
    while let Some(paid) = month.filter(counts) {
        run += 1;
        month = paid.previous();
    }
    let paid = &remitted | &supplementary;
    let in_arrears = in_arrears(standing, entries, &paid, rules, as_of);
    Deposit { run, in_arrears, unmatched_reversals: unmatched_remitted + unmatched_supplementary }
}

/// How often one amount was paid and taken back for one month.
#[derive(Default)]
struct Tally {
    plain: u32,
    reversed_up: u32,
    reversed_down: u32,
}

/// The months that remain paid by entries of `kind` after reversals, and the number of reversals that cancelled nothing.
///
/// An entry marked 冲账, or one with a negative amount, never pays a month. Marked entries of opposite sign cancel each other (the entry
/// and its counter-entry, both marked); each one left cancels one unmarked entry of the same month and amount.
fn paid_months(entries: &[Entry], kind: EntryKind) -> (BTreeSet<Month>, u32) {
    let mut tallies: BTreeMap<(Month, u64), Tally> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == kind && entry.amount.0 != 0) {
        let Some(month) = entry.month else { continue };
        let tally = tallies.entry((month, entry.amount.0.unsigned_abs())).or_default();
        match (entry.reversal, entry.amount.0 < 0) {
            (false, false) => tally.plain += 1,
            (true, false) => tally.reversed_up += 1,
            (true | false, true) => tally.reversed_down += 1,
        }
    }
    let mut months = BTreeSet::new();
    let mut unmatched = 0;
    for ((month, _), tally) in tallies {
        let left = tally.reversed_up.abs_diff(tally.reversed_down);
        if tally.plain > left {
            months.insert(month);
        }
        unmatched += left.saturating_sub(tally.plain);
    }
    (months, unmatched)
}

fn in_arrears(standing: &Standing, entries: &[Entry], paid: &BTreeSet<Month>, rules: &FactRules, as_of: Month) -> bool {
    let Some(rule) = rules.arrears_in(as_of) else { return false };
    if standing.status != AccountStatus::Normal || standing.deferred {
        return false;
    }
    let behind = i64::from(as_of.months_since(standing.paid_until));
    if behind > i64::from(rule.tolerance_months) {
        return true;
    }
    rule.holes && has_hole(standing, entries, paid, rule, as_of)
}

/// Whether a month between the first deposit (or the look-back) and JZNY was neither paid nor excused.
fn has_hole(standing: &Standing, entries: &[Entry], paid: &BTreeSet<Month>, rule: &ArrearsRule, as_of: Month) -> bool {
    let Some(first) = paid.first() else { return false };
    let lookback = i32::try_from(rule.lookback_months).unwrap_or(i32::MAX);
    let start = first.index().max(as_of.index().saturating_sub(lookback));
    let excused = excused_months(entries, standing.paid_until);
    (start..=standing.paid_until.index()).filter_map(Month::from_index).any(|month| !paid.contains(&month) && !excused.contains(&month))
}

/// Months in which no deposit was due: while the account was sealed (from the month of 封存 to the one before 启封), and months deferred
/// with permission (缓缴).
fn excused_months(entries: &[Entry], until: Month) -> BTreeSet<Month> {
    let mut turns: Vec<(Date, bool)> = Vec::new();
    let mut excused = BTreeSet::new();
    for entry in entries.iter().filter(|entry| !entry.reversal) {
        match entry.kind {
            EntryKind::Sealed => turns.push((entry.posted, true)),
            EntryKind::Unsealed => turns.push((entry.posted, false)),
            EntryKind::Deferred => excused.extend(entry.month.or_else(|| Month::of(entry.posted))),
            EntryKind::Remitted
            | EntryKind::Supplementary
            | EntryKind::Opened
            | EntryKind::MovedWithin
            | EntryKind::MovedOut
            | EntryKind::MovedIn
            | EntryKind::Interest
            | EntryKind::BaseChanged
            | EntryKind::WithdrawnInPart
            | EntryKind::WithdrawnAndClosed
            | EntryKind::Frozen
            | EntryKind::Unfrozen
            | EntryKind::Other => {}
        }
    }
    // On one day a seal is taken before an unseal, whatever the export's order.
    turns.sort_by_key(|(posted, sealed)| (*posted, !*sealed));
    let mut sealed_since = None;
    for (posted, sealed) in turns {
        let Some(month) = Month::of(posted) else { continue };
        match (sealed, sealed_since) {
            (true, None) => sealed_since = Some(month),
            (false, Some(since)) => {
                excused.extend(months_between(since, month.index() - 1));
                sealed_since = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    if let Some(since) = sealed_since {
        excused.extend(months_between(since, until.index()));
    }
    excused
}

fn months_between(first: Month, last_index: i32) -> impl Iterator<Item = Month> {
    (first.index()..=last_index).filter_map(Month::from_index)
}

#[cfg(test)]
mod tests;
