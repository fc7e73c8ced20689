//! What is told of a reading: counts and places, never contents.

use std::collections::BTreeMap;

use anju_core::facts::Month;
use serde::Serialize;

use super::files::FileKind;

/// Rejections a report keeps one by one, per file; all of them are counted.
pub const REJECTIONS_KEPT_MAX: usize = 1_000;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)?) => {
        /// Why a row was rejected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $code)] $variant),+ }
        impl Reason {
            /// The stable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

reasons! {
    /// Fewer cells than the header.
    RowShort = "row-short",
    /// More cells than the header, or than any table has.
    RowLong = "row-long",
    /// More bytes than a line may have.
    LineTooLong = "line-too-long",
    /// A quotation mark that is not closed on its line.
    QuoteOpen = "quote-open",
    /// A carriage return inside the line.
    LineBreak = "line-break",
    /// Bytes that are no text in the file's encoding.
    Undecodable = "undecodable",
    /// More bytes than a cell may have.
    CellTooLong = "cell-too-long",
    /// A cell that holds a formula: its value is whatever was last computed somewhere.
    Formula = "formula",
    /// A cell that holds a spreadsheet's error value.
    CellError = "cell-error",
    /// The same cell twice.
    CellRepeated = "cell-repeated",
    /// An identifier stored as a number: its digits may be lost.
    IdentifierAsNumber = "identifier-as-number",
    /// A cell of a type that cannot be this field.
    CellType = "cell-type",
    /// A field that must not be empty is.
    Missing = "missing",
    /// Not an account, serial or contract number.
    Identifier = "identifier",
    /// Not a name: too long, or with control characters.
    Name = "name",
    /// A code that is in no table.
    CodeUnknown = "code-unknown",
    /// A document number of the wrong length.
    IdentityLength = "identity-length",
    /// A document number with a character that may not stand there.
    IdentityCharacter = "identity-character",
    /// An identity number with an impossible date of birth.
    IdentityDate = "identity-date",
    /// An identity number with the wrong check character.
    IdentityCheck = "identity-check",
    /// Not a unified social credit code.
    CreditCode = "credit-code",
    /// Not an amount.
    Amount = "amount",
    /// A negative amount where there is none.
    AmountNegative = "amount-negative",
    /// Not a ratio.
    Ratio = "ratio",
    /// Not a day of the calendar.
    Date = "date",
    /// Not a month.
    Month = "month",
    /// Neither yes nor no.
    YesNo = "yes-no",
    /// A loan with a settlement date and a balance.
    LoanContradiction = "loan-contradiction",
}

/// One rejected row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Which file.
    pub file: FileKind,
    /// Worksheet, from 1; absent for CSV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<u32>,
    /// Line or row, from 1, the header included.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// The standard's name of the field, if one was at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<&'static str>,
}

/// Counts for one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FileReport {
    /// The file's name.
    pub file: String,
    /// Rows below the header, blank ones not counted.
    pub rows: u64,
    /// Rows that were right, duplicates included.
    pub accepted: u64,
    /// Rows that were right but had been there before (same serial number, contract or account).
    pub duplicates: u64,
    /// Rejected rows by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// Rejected rows that could be anybody's, because their account number could not be read either.
    pub unattributed: u64,
    /// Rows without any contents.
    pub blank: u64,
    /// Columns that mean nothing here.
    pub columns_ignored: u64,
    /// Worksheets without the expected columns.
    pub sheets_skipped: u64,
    /// The first `REJECTIONS_KEPT_MAX` rejections.
    pub rejections: Vec<Rejection>,
}

impl FileReport {
    /// Number of rejected rows.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    pub(super) fn reject(&mut self, rejection: Rejection, attributed: bool) {
        *self.rejected.entry(rejection.reason).or_default() += 1;
        self.unattributed += u64::from(!attributed);
        if self.rejections.len() < REJECTIONS_KEPT_MAX {
            self.rejections.push(rejection);
        }
    }
}

/// Counts about accounts as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FactsReport {
    /// Accounts with facts.
    pub accounts: u64,
    /// Accounts with a row of their own but without facts, because other rows about them were rejected or contradict each other.
    pub unreadable: u64,
    /// Transactions of accounts that the accounts file does not have.
    pub orphan_transactions: u64,
    /// Loans of accounts that the accounts file does not have.
    pub orphan_loans: u64,
    /// Repeated serial numbers whose rows differ; the first row counted.
    pub differing_serials: u64,
    /// Reversals that found no entry to cancel.
    pub unmatched_reversals: u64,
}

/// How the rows were spread over temporary files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SpillReport {
    /// Number of partitions.
    pub partitions: u64,
    /// Bytes of the largest: what was in memory at once.
    pub largest_bytes: u64,
    /// Bytes of all.
    pub total_bytes: u64,
}

/// What a reading of the whole source came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The month the facts are as of.
    pub as_of: Option<Month>,
    /// The accounts file.
    pub accounts: FileReport,
    /// The transactions file.
    pub transactions: FileReport,
    /// The loans file.
    pub loans: FileReport,
    /// The accounts.
    pub facts: FactsReport,
    /// The temporary files.
    pub spill: SpillReport,
}
