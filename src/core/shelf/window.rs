//! What the core reads and writes of the window: grants that wait there. Records: in no journal.

use super::ShelfError;
use crate::names::{CentreCode, CertificateNumber, GrantId, Thumbprint};
use crate::time::Time;
use crate::window::{Deposit, DepositToken};

/// A change of the records about deposits.
#[derive(Debug, Clone)]
pub enum WindowWrite {
    /// A grant was left.
    Deposited(Deposit),
    /// Its code came with wrong characters so often.
    Missed {
        /// Which.
        token: DepositToken,
        /// How often by now.
        misses: u32,
    },
    /// It is not kept any longer.
    Gone(DepositToken),
}

/// Reads for the window.
pub trait Deposits {
    /// The deposit that is found by this token.
    fn deposit(&self, token: &DepositToken) -> Result<Option<Deposit>, ShelfError>;
    /// What the deposit of this grant by this holder is found by.
    fn deposit_of(&self, holder: &Thumbprint, grant: &GrantId) -> Result<Option<DepositToken>, ShelfError>;
    /// How many deposits there are, of one holder or of all.
    fn deposits(&self, holder: Option<&Thumbprint>) -> Result<u64, ShelfError>;
    /// Deposits that ended before `now`, at most `limit`.
    fn deposits_over(&self, now: Time, limit: usize) -> Result<Vec<DepositToken>, ShelfError>;
    /// Where the accesses to a certificate stand that this centre may read, in the order of author and row, after that place, at most
    /// `limit`.
    fn accesses_to(
        &self,
        certificate: &CertificateNumber,
        after: Option<(&CentreCode, u64)>,
        limit: usize,
    ) -> Result<Vec<(CentreCode, u64)>, ShelfError>;
}
