//! Rows to records: every field read strictly, or the reason and the field why not.

use anju_core::facts::codes::{DocumentType, EmployerStatus, EntryKind};
use anju_core::facts::dates::{parse_date, parse_month};
use anju_core::facts::identity::{IdentityError, credit_code, other_document, resident_id};
use anju_core::facts::money::{parse_fen, parse_ratio};
use anju_core::facts::text::{self, EMPLOYER_MAX_CHARS, NAME_MAX_CHARS, identifier, is_account_no, is_padding, is_serial, parse_bool};
use anju_core::facts::{AccountRecord, AccountStatus, Entry, Fen, Loan, Month, RawCodes};
use jiff::civil::Date;

use super::report::Reason;
use super::standard::{CodeTable, Known};
use super::table::{Cell, Layout, Row};

/// Longest raw code that is kept beside its mapping, in characters.
const RAW_CODE_MAX_CHARS: usize = 40;
/// Largest amount taken from a workbook's floating-point number, in yuan: beyond it a 分 is no longer told apart.
const NUMBER_MAX_YUAN: f64 = 10_000_000_000_000.0;
/// How far a workbook's number of 分 may be from a whole one.
const FEN_TOLERANCE: f64 = 1e-3;
const RATIO_TOLERANCE: f64 = 1e-6;

macro_rules! columns {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A field of JGJ/T 320-2014 that is read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the names are the standard's own; schemas/jgjt320.toml has their meanings")]
        pub enum Column { $($variant),+ }
        impl Column {
            /// Every field.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The standard's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// The field of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|column| column.name() == name)
            }
        }
    };
}
columns! {
    Grzh = "GRZH", Xingming = "XINGMING", Zjlx = "ZJLX", Zjhm = "ZJHM", Khrq = "KHRQ", Dwmc = "DWMC", Dwjcbl = "DWJCBL",
    Grjcbl = "GRJCBL", Grjcjs = "GRJCJS", Dwyjce = "DWYJCE", Gryjce = "GRYJCE", Grzhye = "GRZHYE", Grzhzt = "GRZHZT", Jzny = "JZNY",
    Dwzhzt = "DWZHZT", Zzjgdm = "ZZJGDM", Jzrq = "JZRQ", Gjhtqywlx = "GJHTQYWLX", Fse = "FSE", Hbjny = "HBJNY", Ywlsh = "YWLSH",
    Czbz = "CZBZ", Jkhtbh = "JKHTBH", Htdkje = "HTDKJE", Dkye = "DKYE", Dkjqrq = "DKJQRQ", Dkffrq = "DKFFRQ",
}

/// Why a row was rejected, and the field at fault.
pub(super) type Refused = (Reason, Option<Column>);

/// A transaction with what identifies it.
pub(super) struct EntryRow {
    pub(super) account_no: String,
    pub(super) serial: String,
    pub(super) entry: Entry,
}

/// A loan with what identifies it.
pub(super) struct LoanRow {
    pub(super) account_no: String,
    pub(super) contract: String,
    pub(super) loan: Loan,
}

/// The fields of one row.
pub(super) struct Fields<'a> {
    pub(super) row: &'a Row,
    pub(super) layout: &'a Layout,
    pub(super) known: &'a Known,
}

impl Fields<'_> {
    /// The row as an account.
    pub(super) fn account(&self) -> Result<AccountRecord, Refused> {
        self.whole()?;
        let account_no = self.identifier(Column::Grzh, is_account_no)?;
        let opened = self.date(Column::Khrq)?.ok_or(missing(Column::Khrq))?;
        let (document, raw_document) = self.code(Column::Zjlx, CodeTable::Zjlx)?.ok_or(missing(Column::Zjlx))?;
        let document_type = DocumentType::from_code(&document).ok_or((Reason::CodeUnknown, Some(Column::Zjlx)))?;
        let (status, raw_status) = self.code(Column::Grzhzt, CodeTable::Grzhzt)?.ok_or(missing(Column::Grzhzt))?;
        let employer_status = self.code(Column::Dwzhzt, CodeTable::Dwzhzt)?;
        self.check_credit_code()?;
        Ok(AccountRecord {
            account_no,
            name: self.shown(Column::Xingming, NAME_MAX_CHARS)?,
            document_type,
            document_no: self.document_no(document_type, opened)?,
            opened: Month::of(opened).ok_or((Reason::Date, Some(Column::Khrq)))?,
            status: AccountStatus::from_code(&status).ok_or((Reason::CodeUnknown, Some(Column::Grzhzt)))?,
            employer_status: employer_status.as_ref().and_then(|(code, _)| EmployerStatus::from_code(code)),
            employer: self.shown(Column::Dwmc, EMPLOYER_MAX_CHARS)?,
            deposit_base: self.amount_not_negative(Column::Grjcjs)?,
            employer_ratio: self.ratio(Column::Dwjcbl)?,
            personal_ratio: self.ratio(Column::Grjcbl)?,
            employer_monthly: self.amount_not_negative(Column::Dwyjce)?,
            personal_monthly: self.amount_not_negative(Column::Gryjce)?,
            balance: self.amount_not_negative(Column::Grzhye)?,
            paid_until: self.month(Column::Jzny)?.ok_or(missing(Column::Jzny))?,
            raw: RawCodes { document_type: raw_document, status: raw_status, employer_status: employer_status.and_then(|(_, raw)| raw) },
        })
    }

    /// The row as a transaction.
    pub(super) fn entry(&self) -> Result<EntryRow, Refused> {
        self.whole()?;
        let (code, _) = self.code(Column::Gjhtqywlx, CodeTable::Gjhtqywlx)?.ok_or(missing(Column::Gjhtqywlx))?;
        let kind = EntryKind::from_code(&code).ok_or((Reason::CodeUnknown, Some(Column::Gjhtqywlx)))?;
        let month = self.month(Column::Hbjny)?;
        if kind.needs_month() && month.is_none() {
            return Err(missing(Column::Hbjny));
        }
        let entry = Entry {
            kind,
            month,
            posted: self.date(Column::Jzrq)?.ok_or(missing(Column::Jzrq))?,
            amount: self.amount(Column::Fse)?,
            reversal: self.yes(Column::Czbz)?,
        };
        let serial = self.identifier(Column::Ywlsh, is_serial)?;
        Ok(EntryRow { account_no: self.identifier(Column::Grzh, is_account_no)?, serial, entry })
    }

    /// The row as a loan.
    pub(super) fn loan(&self) -> Result<LoanRow, Refused> {
        self.whole()?;
        self.date(Column::Dkffrq)?;
        let loan = Loan {
            amount: self.amount_not_negative(Column::Htdkje)?,
            balance: self.amount_not_negative(Column::Dkye)?,
            has_settlement_date: self.date(Column::Dkjqrq)?.is_some(),
        };
        if loan.has_settlement_date && loan.balance != Fen(0) {
            return Err((Reason::LoanContradiction, Some(Column::Dkjqrq)));
        }
        let contract = self.identifier(Column::Jkhtbh, is_serial)?;
        Ok(LoanRow { account_no: self.identifier(Column::Grzh, is_account_no)?, contract, loan })
    }

    fn whole(&self) -> Result<(), Refused> {
        self.row.problem.map_or(Ok(()), |reason| Err((reason, None)))
    }

    /// The cell as text, a number or a day; what can never be a value is refused here.
    fn cell(&self, column: Column) -> Result<Cell<'_>, Refused> {
        match self.layout.cell(self.row, column) {
            Cell::Formula => Err((Reason::Formula, Some(column))),
            Cell::Error => Err((Reason::CellError, Some(column))),
            Cell::Bool => Err((Reason::CellType, Some(column))),
            cell @ (Cell::Text(_) | Cell::Number(_) | Cell::Day(_)) => Ok(cell),
        }
    }

    fn identifier_text(&self, column: Column) -> Result<String, Refused> {
        match self.cell(column)? {
            Cell::Text(text) => Ok(identifier(text)).and_then(|id| if id.is_empty() { Err(missing(column)) } else { Ok(id) }),
            Cell::Number(_) | Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::IdentifierAsNumber, Some(column))),
        }
    }

    fn identifier(&self, column: Column, is_well_formed: fn(&str) -> bool) -> Result<String, Refused> {
        let id = self.identifier_text(column)?;
        if is_well_formed(&id) { Ok(id) } else { Err((Reason::Identifier, Some(column))) }
    }

    fn document_no(&self, kind: DocumentType, opened: Date) -> Result<String, Refused> {
        let number = self.identifier_text(Column::Zjhm)?;
        let checked = match kind {
            DocumentType::ResidentCard => resident_id(&number, opened),
            DocumentType::OfficerCard | DocumentType::Passport | DocumentType::ForeignResidentPermit | DocumentType::Other => {
                other_document(&number)
            }
        };
        checked.map_err(|error| {
            let reason = match error {
                IdentityError::Length => Reason::IdentityLength,
                IdentityError::Character => Reason::IdentityCharacter,
                IdentityError::BirthDate => Reason::IdentityDate,
                IdentityError::Check => Reason::IdentityCheck,
            };
            (reason, Some(Column::Zjhm))
        })
    }

    fn check_credit_code(&self) -> Result<(), Refused> {
        match self.cell(Column::Zzjgdm)? {
            Cell::Text(text) if text.chars().all(is_padding) => Ok(()),
            Cell::Text(text) => credit_code(text).map(|_| ()).map_err(|_| (Reason::CreditCode, Some(Column::Zzjgdm))),
            Cell::Number(_) | Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => {
                Err((Reason::IdentifierAsNumber, Some(Column::Zzjgdm)))
            }
        }
    }

    fn shown(&self, column: Column, max_chars: usize) -> Result<String, Refused> {
        match self.cell(column)? {
            Cell::Text(text) if text::trim(text).is_empty() => Err(missing(column)),
            Cell::Text(text) => text::shown(text, max_chars).map(str::to_owned).ok_or((Reason::Name, Some(column))),
            Cell::Number(_) | Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::CellType, Some(column))),
        }
    }

    /// The standard's code, and the raw one where it differs.
    fn code(&self, column: Column, table: CodeTable) -> Result<Option<(String, Option<String>)>, Refused> {
        let raw = match self.cell(column)? {
            Cell::Text(text) => text::fold(text),
            Cell::Number(number) => whole_number(number).ok_or((Reason::CodeUnknown, Some(column)))?,
            Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => return Err((Reason::CellType, Some(column))),
        };
        if raw.is_empty() {
            return Ok(None);
        }
        let code = self.known.code(table, &raw).ok_or((Reason::CodeUnknown, Some(column)))?;
        let differs = raw != code;
        Ok(Some((code, text::shown(&raw, RAW_CODE_MAX_CHARS).filter(|_| differs).map(str::to_owned))))
    }

    fn amount(&self, column: Column) -> Result<Fen, Refused> {
        let wrong = (Reason::Amount, Some(column));
        match self.cell(column)? {
            Cell::Text(text) if text.chars().all(is_padding) => Err(missing(column)),
            Cell::Text(text) => parse_fen(text).map_err(|_| wrong),
            Cell::Number(number) => fen_of_number(number).ok_or(wrong),
            Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::CellType, Some(column))),
        }
    }

    fn amount_not_negative(&self, column: Column) -> Result<Fen, Refused> {
        let amount = self.amount(column)?;
        if amount >= Fen(0) { Ok(amount) } else { Err((Reason::AmountNegative, Some(column))) }
    }

    fn ratio(&self, column: Column) -> Result<u32, Refused> {
        let wrong = (Reason::Ratio, Some(column));
        match self.cell(column)? {
            Cell::Text(text) if text.chars().all(is_padding) => Err(missing(column)),
            Cell::Text(text) => parse_ratio(text).map_err(|_| wrong),
            Cell::Number(number) => ratio_of_number(number).ok_or(wrong),
            Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::CellType, Some(column))),
        }
    }

    fn date(&self, column: Column) -> Result<Option<Date>, Refused> {
        let wrong = (Reason::Date, Some(column));
        match self.cell(column)? {
            Cell::Text(text) if text.chars().all(is_padding) => Ok(None),
            Cell::Text(text) => parse_date(text).map(Some).ok_or(wrong),
            Cell::Number(number) => whole_number(number).and_then(|text| parse_date(&text)).map(Some).ok_or(wrong),
            Cell::Day(day) => Ok(Some(day)),
            Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::CellType, Some(column))),
        }
    }

    fn month(&self, column: Column) -> Result<Option<Month>, Refused> {
        let wrong = (Reason::Month, Some(column));
        match self.cell(column)? {
            Cell::Text(text) if text.chars().all(is_padding) => Ok(None),
            Cell::Text(text) => parse_month(text).map(Some).ok_or(wrong),
            Cell::Number(number) => whole_number(number).and_then(|text| parse_month(&text)).map(Some).ok_or(wrong),
            Cell::Day(day) => Month::of(day).map(Some).ok_or(wrong),
            Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::CellType, Some(column))),
        }
    }

    fn yes(&self, column: Column) -> Result<bool, Refused> {
        let wrong = (Reason::YesNo, Some(column));
        match self.cell(column)? {
            Cell::Text(text) if text.chars().all(is_padding) => Ok(false),
            Cell::Text(text) => parse_bool(text).ok_or(wrong),
            Cell::Number(number) => whole_number(number).and_then(|text| parse_bool(&text)).ok_or(wrong),
            Cell::Day(_) | Cell::Bool | Cell::Formula | Cell::Error => Err((Reason::CellType, Some(column))),
        }
    }
}

const fn missing(column: Column) -> Refused {
    (Reason::Missing, Some(column))
}

/// A workbook's number as the digits of a code, date or month.
fn whole_number(number: f64) -> Option<String> {
    let fits = (0.0..1e9).contains(&number) && number.fract() == 0.0;
    fits.then(|| format!("{number:.0}"))
}

/// A workbook's number as 分: it must be a whole number of them but for what binary fractions cannot say.
fn fen_of_number(yuan: f64) -> Option<Fen> {
    let fen = yuan * 100.0;
    let whole = yuan.abs() <= NUMBER_MAX_YUAN && (fen - fen.round()).abs() < FEN_TOLERANCE;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10^15")]
    whole.then(|| Fen(fen.round() as i64))
}

fn ratio_of_number(ratio: f64) -> Option<u32> {
    let scaled = ratio * 10_000.0;
    let whole = (0.0..=1.0).contains(&ratio) && (scaled - scaled.round()).abs() < RATIO_TOLERANCE;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 10,000")]
    whole.then(|| scaled.round() as u32)
}
