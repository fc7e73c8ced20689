//! Readings of the source: everything checked, every account's facts, or one account's.
//!
//! A whole reading goes over the files once and spills what the facts need by account, then over the partitions, and, when facts are
//! wanted, once more over the accounts: names and numbers go from the accounts file straight to the receiver.

use std::ops::ControlFlow;
use std::time::UNIX_EPOCH;

use anju_core::facts::text::identifier;
use anju_core::facts::{AccountFacts, AccountRecord, AccountStatus, Month, RawCodes};
use anju_core::time::Time;

use super::config::SourceConfig;
use super::error::SourceError;
use super::files::{FileKind, SourceFile, SourceFiles};
use super::gather::{Gathered, gather};
use super::report::{FactsReport, FileReport, Rejection, Report, SpillReport};
use super::rows::{Fields, Refused};
use super::spill::{AccountMark, Hasher, Item, Outcome, Record, Spill};
use super::standard::Known;
use super::table::{Layout, Row, empty_report, scan};

/// Rows between two calls of a progress callback.
pub const PROGRESS_ROWS: u64 = 10_000;
/// Most rows one account may have when it alone is asked for.
const ROWS_OF_ONE_MAX: usize = 100_000;

/// How far a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The file being read.
    pub file: FileKind,
    /// Rows read of it.
    pub rows: u64,
}

/// One account's facts, and the source's own codes where they were mapped.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountReading {
    /// The facts.
    pub facts: AccountFacts,
    /// The raw codes.
    pub raw: RawCodes,
}

/// Reads the whole source and counts: rows, rejections by reason, duplicates, accounts. Bounded memory; nothing is written but temporary
/// files.
///
/// # Errors
/// [`SourceError`] when the source as a whole cannot be read. Bad rows are no error: they are in the [`Report`].
pub fn check(config: &SourceConfig, progress: &mut dyn FnMut(Progress)) -> Result<Report, SourceError> {
    let mut whole = Whole::open(config)?;
    whole.read_all(progress)?;
    whole.settle()?;
    whole.files.check_unchanged()?;
    Ok(whole.report)
}

/// Every account's facts, in the order of the accounts file, to `sink`; accounts whose rows were rejected or contradict each other are
/// left out and counted in the [`Report`].
///
/// What the sink got before an error is not to be kept: the files may have changed while they were read.
///
/// # Errors
/// As [`check`], and [`SourceError::Stopped`] when the sink breaks off.
pub fn facts_all(
    config: &SourceConfig,
    progress: &mut dyn FnMut(Progress),
    sink: &mut dyn FnMut(AccountReading) -> ControlFlow<()>,
) -> Result<Report, SourceError> {
    let mut whole = Whole::open(config)?;
    whole.read_all(progress)?;
    whole.settle()?;
    whole.files.check_unchanged()?;
    whole.emit(sink)?;
    whole.files.check_unchanged()?;
    Ok(whole.report)
}

/// The facts of the account `account_no`, by one pass over the files.
///
/// # Errors
/// [`SourceError::AccountUnknown`], [`SourceError::AccountUnreadable`], [`SourceError::UnattributedLoans`], or as [`check`].
pub fn facts_of(config: &SourceConfig, account_no: &str) -> Result<AccountFacts, SourceError> {
    reading_of(config, account_no).map(|reading| reading.facts)
}

/// As [`facts_of`], with the source's own codes.
///
/// # Errors
/// As [`facts_of`].
pub fn reading_of(config: &SourceConfig, account_no: &str) -> Result<AccountReading, SourceError> {
    let known = Known::of(config)?;
    let files = SourceFiles::find(config, &known)?;
    let wanted = identifier(account_no);
    let hasher = Hasher::new()?;
    let mut records: Vec<Record> = Vec::new();
    let mut account: Option<AccountRecord> = None;
    let mut as_of = AsOf::of(config, &files.accounts);
    let mut unattributed_loans = 0;
    for file in [&files.accounts, &files.transactions, &files.loans] {
        let mut report = empty_report(file.kind);
        let mut index = 0;
        scan(file, &known, &mut report, &mut |layout, row, report| {
            let taken = take(file.kind, &Fields { row, layout, known: &known }, &hasher, index);
            if let Ok(Taken { account: Some(record), .. }) = &taken {
                index += 1;
                as_of.see(record);
            }
            let item = match taken {
                Ok(taken) if taken.account_no == wanted => {
                    account = account.take().or(taken.account);
                    taken.item
                }
                Ok(_) => return Ok(()),
                Err(_) => match layout.account_no(row) {
                    Some(no) if no == wanted => Item::Rejected,
                    Some(_) => return Ok(()),
                    None => {
                        report.unattributed += 1;
                        return Ok(());
                    }
                },
            };
            records.push(Record { account: [0; 16], item });
            if records.len() > ROWS_OF_ONE_MAX { Err(SourceError::TooManyRows) } else { Ok(()) }
        })?;
        if file.kind == FileKind::Loans {
            unattributed_loans = report.unattributed;
        }
    }
    files.check_unchanged()?;
    let rejected = records.iter().any(|record| record.item == Item::Rejected);
    let unknown = if rejected { SourceError::AccountUnreadable } else { SourceError::AccountUnknown };
    let account = account.ok_or(unknown)?;
    if unattributed_loans > config.unattributed_loan_rows_max {
        return Err(SourceError::UnattributedLoans { rows: unattributed_loans });
    }
    let gathered = gather(records.into_iter(), &config.rules, as_of.month());
    match gathered.outcomes.first() {
        Some((_, Outcome::Facts(deposit, loans))) => {
            let raw = account.raw.clone();
            let facts = account.into_facts(deposit, loans).ok_or(SourceError::AccountUnreadable)?;
            Ok(AccountReading { facts, raw })
        }
        Some((_, Outcome::Duplicate | Outcome::Unreadable)) | None => Err(SourceError::AccountUnreadable),
    }
}

/// The month of the export: configured, or the latest paid-up-to month of an account in normal state that is not after the file itself,
/// so that one mistyped month in the future does not put everybody in arrears.
struct AsOf {
    configured: Option<Month>,
    file: Option<Month>,
    seen: Option<Month>,
}

impl AsOf {
    fn of(config: &SourceConfig, accounts: &SourceFile) -> Self {
        let modified = accounts.modified.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok());
        Self { configured: config.as_of, file: modified.and_then(|ms| Month::of(Time(ms).legal_day())), seen: None }
    }

    fn see(&mut self, account: &AccountRecord) {
        if account.status == AccountStatus::Normal && self.file.is_none_or(|file| account.paid_until <= file) {
            self.seen = self.seen.max(Some(account.paid_until));
        }
    }

    fn month(&self) -> Option<Month> {
        self.configured.or(self.seen).or(self.file)
    }
}

/// One accepted row.
struct Taken {
    account_no: String,
    item: Item,
    account: Option<AccountRecord>,
}

fn take(kind: FileKind, fields: &Fields<'_>, hasher: &Hasher, index: u64) -> Result<Taken, Refused> {
    Ok(match kind {
        FileKind::Accounts => {
            let account = fields.account()?;
            let standing = account.standing();
            let mark = AccountMark {
                index,
                digest: hasher.id(b'r', &canonical(&account)),
                status: standing.status,
                deferred: standing.deferred,
                paid_until: standing.paid_until,
            };
            Taken { account_no: account.account_no.clone(), item: Item::Account(mark), account: Some(account) }
        }
        FileKind::Transactions => {
            let row = fields.entry()?;
            Taken { account_no: row.account_no, item: Item::Entry(hasher.id(b's', &row.serial), row.entry), account: None }
        }
        FileKind::Loans => {
            let row = fields.loan()?;
            Taken { account_no: row.account_no, item: Item::Loan(hasher.id(b'c', &row.contract), row.loan), account: None }
        }
    })
}

/// Everything an account's row says, so that two rows are the same exactly when this is. No field can hold the separator: controls are
/// refused.
fn canonical(account: &AccountRecord) -> String {
    let AccountRecord { account_no, name, document_type, document_no, opened, status, employer_status, employer, .. } = account;
    let amounts = [account.deposit_base, account.employer_monthly, account.personal_monthly, account.balance].map(|fen| fen.0);
    let ratios = [account.employer_ratio, account.personal_ratio];
    let states = (document_type.code(), status.code(), employer_status.map(|status| status.code()));
    let until = account.paid_until;
    format!("{account_no}\n{name}\n{document_no}\n{employer}\n{opened}\n{until}\n{states:?}\n{amounts:?}\n{ratios:?}")
}

/// A reading of the whole source.
struct Whole<'a> {
    config: &'a SourceConfig,
    known: Known,
    files: SourceFiles,
    hasher: Hasher,
    spill: Spill,
    as_of: AsOf,
    report: Report,
}

impl<'a> Whole<'a> {
    fn open(config: &'a SourceConfig) -> Result<Self, SourceError> {
        let known = Known::of(config)?;
        let files = SourceFiles::find(config, &known)?;
        let bytes = files.accounts.bytes.saturating_add(files.transactions.bytes).saturating_add(files.loans.bytes);
        let report = Report {
            as_of: None,
            accounts: empty_report(FileKind::Accounts),
            transactions: empty_report(FileKind::Transactions),
            loans: empty_report(FileKind::Loans),
            facts: FactsReport::default(),
            spill: SpillReport::default(),
        };
        let spill = Spill::open(bytes, config.spill_folder.as_deref())?;
        let as_of = AsOf::of(config, &files.accounts);
        Ok(Self { config, known, files, hasher: Hasher::new()?, spill, as_of, report })
    }

    /// Goes over the three files and spills what the facts need.
    fn read_all(&mut self, progress: &mut dyn FnMut(Progress)) -> Result<(), SourceError> {
        let Self { known, files, hasher, spill, as_of, report, .. } = self;
        for (file, report) in
            [(&files.accounts, &mut report.accounts), (&files.transactions, &mut report.transactions), (&files.loans, &mut report.loans)]
        {
            let mut index = 0;
            scan(file, known, report, &mut |layout, row, report| {
                if report.rows.is_multiple_of(PROGRESS_ROWS) {
                    progress(Progress { file: file.kind, rows: report.rows });
                }
                match take(file.kind, &Fields { row, layout, known }, hasher, index) {
                    Ok(taken) => {
                        report.accepted += 1;
                        if let Some(account) = &taken.account {
                            index += 1;
                            as_of.see(account);
                        }
                        spill.write(&Record { account: hasher.id(b'a', &taken.account_no), item: taken.item })
                    }
                    Err(refused) => reject(file.kind, refused, layout, row, hasher, spill, report),
                }
            })?;
            progress(Progress { file: file.kind, rows: report.rows });
        }
        Ok(())
    }

    /// Goes over the partitions: every account's rows together, its outcome written at its row's position.
    fn settle(&mut self) -> Result<(), SourceError> {
        let as_of = self.as_of.month();
        self.report.as_of = as_of;
        self.report.spill = self.spill.report();
        let mut outcomes = self.spill.outcomes()?;
        for number in 0..self.spill.len() {
            let records = self.spill.load(number)?;
            for rows in records.chunk_by(|a, b| a[1..17] == b[1..17]) {
                let gathered = gather(rows.iter().filter_map(|bytes| Record::decode(bytes)), &self.config.rules, as_of);
                for (index, outcome) in &gathered.outcomes {
                    outcomes.put(*index, outcome)?;
                }
                count(&mut self.report, &gathered);
            }
        }
        outcomes.finish()
    }

    /// Goes over the accounts again and hands each to `sink` with its outcome.
    fn emit(&self, sink: &mut dyn FnMut(AccountReading) -> ControlFlow<()>) -> Result<(), SourceError> {
        let mut outcomes = self.spill.read_outcomes()?;
        let mut again = empty_report(FileKind::Accounts);
        scan(&self.files.accounts, &self.known, &mut again, &mut |layout, row, _| {
            let Ok(account) = (Fields { row, layout, known: &self.known }).account() else { return Ok(()) };
            let Outcome::Facts(deposit, loans) = outcomes.next()? else { return Ok(()) };
            let raw = account.raw.clone();
            let facts = account.into_facts(&deposit, &loans).ok_or(SourceError::AccountUnreadable)?;
            if sink(AccountReading { facts, raw }).is_break() { Err(SourceError::Stopped) } else { Ok(()) }
        })
    }
}

fn reject(
    kind: FileKind,
    (reason, column): Refused,
    layout: &Layout,
    row: &Row,
    hasher: &Hasher,
    spill: &mut Spill,
    report: &mut FileReport,
) -> Result<(), SourceError> {
    let account_no = layout.account_no(row);
    let column = column.map(super::rows::Column::name);
    report.reject(Rejection { file: kind, sheet: row.sheet, line: row.line, reason, column }, account_no.is_some());
    account_no.map_or(Ok(()), |no| spill.write(&Record { account: hasher.id(b'a', &no), item: Item::Rejected }))
}

fn count(report: &mut Report, gathered: &Gathered) {
    report.transactions.duplicates += gathered.duplicate_entries;
    report.loans.duplicates += gathered.duplicate_loans;
    let facts = &mut report.facts;
    facts.differing_serials += gathered.differing_serials;
    facts.orphan_transactions += gathered.orphan_entries;
    facts.orphan_loans += gathered.orphan_loans;
    for (_, outcome) in &gathered.outcomes {
        match outcome {
            Outcome::Facts(deposit, _) => {
                facts.accounts += 1;
                facts.unmatched_reversals += u64::from(deposit.unmatched_reversals);
            }
            Outcome::Duplicate => report.accounts.duplicates += 1,
            Outcome::Unreadable => facts.unreadable += 1,
        }
    }
}
