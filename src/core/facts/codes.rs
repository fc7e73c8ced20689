//! The code tables of JGJ/T 320-2014 that the facts need. A centre's own codes are mapped to these at the edge, before they get here;
//! the raw code is kept beside the mapped one in [`RawCodes`] where the two differ.

use serde::{Deserialize, Serialize};

use super::AccountStatus;
use super::text::fold;

/// The codes as the source had them, where they were not the standard's own. Not part of a certificate; kept for the operator who has
/// to explain a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RawCodes {
    /// What stood in ZJLX, if it was not the standard's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_type: Option<String>,
    /// What stood in GRZHZT, if it was not the standard's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What stood in DWZHZT, if it was not the standard's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employer_status: Option<String>,
}

macro_rules! code_table {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant),+ }
        impl $name {
            /// Every code of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The standard's code, two digits.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// The value with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.code() == code)
            }
        }
    };
}

code_table! {
    /// ZJLX 证件类型: what document a person is known by.
    DocumentType {
        /// 身份证, numbers by GB 11643
        ResidentCard = "01",
        /// 军官证
        OfficerCard = "02",
        /// 护照
        Passport = "03",
        /// 外国人永久居留证
        ForeignResidentPermit = "04",
        /// 其他
        Other = "99",
    }
}

code_table! {
    /// DWZHZT 单位账户状态: state of an employer's account.
    EmployerStatus {
        /// 正常
        Normal = "01",
        /// 开户
        Opened = "02",
        /// 缓缴: deposits are deferred with permission
        Deferred = "03",
        /// 销户
        Closed = "04",
        /// 封存
        Sealed = "05",
        /// 其他
        Other = "99",
    }
}

code_table! {
    /// GJHTQYWLX 归集和提取业务类型: what a transaction of a personal account is.
    EntryKind {
        /// 汇缴: the deposit of a month
        Remitted = "01",
        /// 补缴: a deposit made up for later
        Supplementary = "02",
        /// 开户
        Opened = "03",
        /// 启封
        Unsealed = "04",
        /// 封存
        Sealed = "05",
        /// 内部转移
        MovedWithin = "06",
        /// 外部转出
        MovedOut = "07",
        /// 外部转入
        MovedIn = "08",
        /// 年终结息
        Interest = "09",
        /// 基数调整
        BaseChanged = "10",
        /// 部分提取
        WithdrawnInPart = "11",
        /// 销户提取
        WithdrawnAndClosed = "12",
        /// 缓缴
        Deferred = "13",
        /// 冻结
        Frozen = "14",
        /// 解冻
        Unfrozen = "15",
        /// 其他
        Other = "99",
    }
}

impl EntryKind {
    /// Whether an entry of this kind is for a month (HBJNY) and means nothing without one.
    #[must_use]
    pub const fn needs_month(self) -> bool {
        match self {
            Self::Remitted | Self::Supplementary => true,
            Self::Opened
            | Self::Unsealed
            | Self::Sealed
            | Self::MovedWithin
            | Self::MovedOut
            | Self::MovedIn
            | Self::Interest
            | Self::BaseChanged
            | Self::WithdrawnInPart
            | Self::WithdrawnAndClosed
            | Self::Deferred
            | Self::Frozen
            | Self::Unfrozen
            | Self::Other => false,
        }
    }
}

impl AccountStatus {
    /// Every code of GRZHZT.
    pub const ALL: &'static [Self] =
        &[Self::Normal, Self::Sealed, Self::ClosedMerged, Self::ClosedTransferred, Self::ClosedWithdrawn, Self::Frozen, Self::Other];

    /// The standard's code, two digits.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Normal => "01",
            Self::Sealed => "02",
            Self::ClosedMerged => "03",
            Self::ClosedTransferred => "04",
            Self::ClosedWithdrawn => "05",
            Self::Frozen => "06",
            Self::Other => "99",
        }
    }

    /// The value with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.code() == code)
    }
}

/// A code as meant: folded, and with the leading zero that spreadsheets take from `01`.
#[must_use]
pub fn normalise(text: &str) -> String {
    let folded = fold(text);
    if folded.len() == 1 && folded.bytes().all(|b| b.is_ascii_digit()) { format!("0{folded}") } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_its_value() {
        for value in DocumentType::ALL {
            assert_eq!(DocumentType::from_code(value.code()), Some(*value));
        }
        for value in EntryKind::ALL {
            assert_eq!(EntryKind::from_code(value.code()), Some(*value));
        }
        for value in AccountStatus::ALL {
            assert_eq!(AccountStatus::from_code(value.code()), Some(*value));
            assert_eq!(serde_json::to_value(value).unwrap(), value.code());
        }
        assert_eq!((EmployerStatus::from_code("07"), EntryKind::from_code("1"), DocumentType::from_code("")), (None, None, None));
    }

    #[test]
    fn a_lost_leading_zero_comes_back() {
        assert_eq!(
            (normalise(" １ "), normalise("01"), normalise("111"), normalise("正常")),
            ("01".into(), "01".into(), "111".into(), "正常".into())
        );
    }
}
