//! The kinds of certificate there are. A new kind is one row here and one file in `schemas/certificates/`.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use crate::names::Malformed;

/// What a certificate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CertificateKind {
    /// 缴存证明: that somebody deposits.
    #[serde(rename = "JCZM")]
    Deposit,
    /// 异地贷款职工住房公积金缴存使用证明: what a lender in another city needs to know (建金〔2015〕135号).
    #[serde(rename = "YDDKJCZM")]
    CrossRegionLoan,
    /// 贷款结清证明: that every fund loan is settled.
    #[serde(rename = "DKJQZM")]
    LoanSettled,
}

impl CertificateKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Deposit, Self::CrossRegionLoan, Self::LoanSettled];

    /// The stable code; stands in certificate numbers and on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Deposit => "JCZM",
            Self::CrossRegionLoan => "YDDKJCZM",
            Self::LoanSettled => "DKJQZM",
        }
    }

    /// The `vct` of its SD-JWT VC. The number at the end grows when the fields change, and never otherwise.
    #[must_use]
    pub const fn vct(self) -> &'static str {
        match self {
            Self::Deposit => "urn:anju:certificate:jczm:1",
            Self::CrossRegionLoan => "urn:anju:certificate:yddkjczm:1",
            Self::LoanSettled => "urn:anju:certificate:dkjqzm:1",
        }
    }

    /// The official title.
    #[must_use]
    pub const fn title_zh(self) -> &'static str {
        match self {
            Self::Deposit => "住房公积金缴存证明",
            Self::CrossRegionLoan => "异地贷款职工住房公积金缴存使用证明",
            Self::LoanSettled => "住房公积金贷款结清证明",
        }
    }

    /// The title in English.
    #[must_use]
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::Deposit => "Housing provident fund deposit certificate",
            Self::CrossRegionLoan => "Deposit and use certificate for a cross-region housing provident fund loan",
            Self::LoanSettled => "Housing provident fund loan settlement certificate",
        }
    }

    /// Whether it must name the one centre that may rely on it, so that it cannot be used at two lenders.
    #[must_use]
    pub const fn needs_addressee(self) -> bool {
        match self {
            Self::CrossRegionLoan => true,
            Self::Deposit | Self::LoanSettled => false,
        }
    }
}

impl fmt::Display for CertificateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for CertificateKind {
    type Err = Malformed;
    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(Malformed { what: "certificate kind" })
    }
}

impl<C> Encode<C> for CertificateKind {
    fn encode<W: minicbor::encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.code())?;
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for CertificateKind {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.str()?.parse().map_err(|_| minicbor::decode::Error::message("certificate kind"))
    }
}
