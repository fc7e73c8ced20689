//! Facts: what a centre can say about an account, derived from its business system's exports.
//!
//! The rows come in from a source adapter one at a time; the rules that turn them into facts are here, so that every centre derives
//! the same thing. What must never be here: a file format, a column name, a code table that is not the standard's (JGJ/T 320-2014).

pub mod codes;
pub mod dates;
pub mod derive;
pub mod identity;
pub mod money;
pub mod text;

use serde::{Deserialize, Serialize};

pub use codes::RawCodes;
pub use derive::{AccountRecord, ArrearsRule, Deposit, Entry, FactRules, Loan, LoanRecord};

/// First year a [`Month`] may have.
pub const YEAR_MIN: u16 = 1900;
/// Last year a [`Month`] may have.
pub const YEAR_MAX: u16 = 2999;
const MONTHS_A_YEAR: i32 = 12;

/// An amount of money in 分 (1/100 yuan).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(pub i64);

impl std::fmt::Display for Fen {
    /// Yuan with two decimals, as `3312.00`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", abs / 100, abs % 100)
    }
}

/// A calendar month, `YYYYMM` in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    /// 1900 to 2999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
}

impl Month {
    /// The month `month` (1 to 12) of `year`; nothing outside the years [`YEAR_MIN`] to [`YEAR_MAX`].
    #[must_use]
    pub const fn new(year: u16, month: u8) -> Option<Self> {
        if year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 { Some(Self { year, month }) } else { None }
    }

    /// Months since January of year 0: the difference of two is the number of months between them.
    #[must_use]
    pub const fn index(self) -> i32 {
        self.year as i32 * MONTHS_A_YEAR + self.month as i32 - 1
    }

    /// The month with this [`Month::index`], if there is one.
    #[must_use]
    pub fn from_index(index: i32) -> Option<Self> {
        let year = u16::try_from(index.div_euclid(MONTHS_A_YEAR)).ok()?;
        let month = u8::try_from(index.rem_euclid(MONTHS_A_YEAR)).ok()?;
        Self::new(year, month + 1)
    }

    /// The month before; nothing before the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Self::from_index(self.index() - 1)
    }

    /// Whole months from `earlier` to here; negative when `earlier` is later.
    #[must_use]
    pub const fn months_since(self, earlier: Self) -> i32 {
        self.index() - earlier.index()
    }

    /// The month in which `day` lies, if it is within the years a month may have.
    #[must_use]
    pub fn of(day: jiff::civil::Date) -> Option<Self> {
        Self::new(u16::try_from(day.year()).ok()?, u8::try_from(day.month()).ok()?)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = crate::names::Malformed;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let err = crate::names::Malformed { what: "month" };
        if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(err);
        }
        let year: u16 = text[..4].parse().map_err(|_| err.clone())?;
        let month: u8 = text[4..].parse().map_err(|_| err.clone())?;
        Self::new(year, month).ok_or(err)
    }
}

/// State of a personal account (GRZHZT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountStatus {
    /// 01 正常
    #[serde(rename = "01")]
    Normal,
    /// 02 封存
    #[serde(rename = "02")]
    Sealed,
    /// 03 合并销户
    #[serde(rename = "03")]
    ClosedMerged,
    /// 04 外部转出销户
    #[serde(rename = "04")]
    ClosedTransferred,
    /// 05 提取销户
    #[serde(rename = "05")]
    ClosedWithdrawn,
    /// 06 冻结
    #[serde(rename = "06")]
    Frozen,
    /// 99 其他
    #[serde(rename = "99")]
    Other,
}

impl AccountStatus {
    /// Whether the account no longer exists as a deposit account.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        match self {
            Self::ClosedMerged | Self::ClosedTransferred | Self::ClosedWithdrawn => true,
            Self::Normal | Self::Sealed | Self::Frozen | Self::Other => false,
        }
    }
}

/// Everything a certificate may say about one account, as of one export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// GRZH 个人账号.
    pub account_no: String,
    /// XINGMING 姓名.
    pub name: String,
    /// ZJLX 证件类型, the standard's code.
    pub document_type: String,
    /// ZJHM 证件号码, normalised.
    pub document_no: String,
    /// KHRQ 开户日期, to the month.
    pub opened: Month,
    /// GRZHZT 个人账户状态.
    pub status: AccountStatus,
    /// DWMC 单位名称.
    pub employer: String,
    /// GRJCJS 个人缴存基数.
    pub deposit_base: Fen,
    /// DWJCBL 单位缴存比例, in 1/10,000.
    pub employer_ratio: u32,
    /// GRJCBL 个人缴存比例, in 1/10,000.
    pub personal_ratio: u32,
    /// 月缴存额 = DWYJCE + GRYJCE.
    pub monthly_deposit: Fen,
    /// GRZHYE 个人账户余额.
    pub balance: Fen,
    /// JZNY 缴至年月 of the employer account.
    pub paid_until: Month,
    /// Consecutive months, counted back from `paid_until`, each with a 汇缴 entry.
    pub run_to_last_paid: u32,
    /// The same while the account is 正常, else 0.
    pub continuous_months: u32,
    /// First month of the run, if it has any.
    pub continuous_from: Option<Month>,
    /// Last month of the run, if it has any.
    pub continuous_to: Option<Month>,
    /// 欠缴 by the documented rule.
    pub in_arrears: bool,
    /// Number of fund loans, settled ones included.
    pub loan_count: u32,
    /// Number of fund loans that are not settled.
    pub loans_unsettled: u32,
    /// Sum of the contract amounts.
    pub loan_total: Fen,
    /// Sum of the balances.
    pub loan_outstanding: Fen,
}
