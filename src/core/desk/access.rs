//! Who looked at the certificates of this centre, as its auditor sees it.

use serde::{Deserialize, Serialize};

use crate::grant::Access;
use crate::names::{CentreCode, CertificateNumber, GrantId};
use crate::time::Time;

/// Most accesses of one page: each is opened for it.
pub const MAX_ACCESS_LINES: usize = 100;

/// One use of a grant, refused ones included. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLine {
    /// When.
    pub at: Time,
    /// Which centre looked.
    pub asker: CentreCode,
    /// In whose journal it stands …
    pub author: CentreCode,
    /// … and in which row.
    pub index: u64,
    /// The certificate.
    pub number: CertificateNumber,
    /// Code of the matter.
    pub matter: String,
    /// Code of what was done: `details`, `check` or `evaluate`.
    pub mode: String,
    /// Fields that were released or compared; none when it was refused.
    pub fields: Vec<String>,
    /// The asker's business number.
    pub business_no: String,
    /// Code of the legal basis.
    pub legal_basis: String,
    /// The grant.
    pub grant: GrantId,
    /// Why it was refused, if it was: a refusal's code.
    pub refused: Option<String>,
}

impl std::fmt::Debug for AccessLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessLine({}, {})", self.asker, self.number)
    }
}

impl AccessLine {
    /// The record in this row of its author's journal.
    #[must_use]
    pub fn new(access: Access, index: u64) -> Self {
        Self {
            at: access.at,
            asker: access.asker.unwrap_or_else(|| access.author.clone()),
            author: access.author,
            index,
            number: access.number,
            matter: access.matter,
            mode: access.mode.unwrap_or_else(|| crate::grant::Mode::Details.code().to_owned()),
            fields: access.fields,
            business_no: access.business_no,
            legal_basis: access.legal_basis,
            grant: access.grant,
            refused: access.refused.map(|code| code.as_str().to_owned()),
        }
    }
}
