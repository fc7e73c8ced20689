//! Grants that wait at the window, in memory.

use std::collections::BTreeMap;

use super::super::check::Misfit;
use super::super::{Deposits, WindowWrite};
use super::MemoryShelf;
use crate::error::ShelfError;
use crate::names::{CentreCode, CertificateNumber, GrantId, Thumbprint};
use crate::time::Time;
use crate::window::{Deposit, DepositToken};

#[derive(Debug, Clone, Default)]
pub(super) struct Tables(BTreeMap<DepositToken, Deposit>);

impl Tables {
    pub(super) fn write(&mut self, write: &WindowWrite) -> Result<(), Misfit> {
        match write {
            WindowWrite::Deposited(deposit) => {
                let same = |held: &Deposit| (held.holder, held.grant) == (deposit.holder, deposit.grant);
                if self.0.contains_key(&deposit.token) || self.0.values().any(same) {
                    return Err(Misfit::Exists);
                }
                self.0.insert(deposit.token, deposit.clone());
            }
            WindowWrite::Missed { token, misses } => {
                if let Some(deposit) = self.0.get_mut(token) {
                    deposit.misses = *misses;
                }
            }
            WindowWrite::Gone(token) => {
                self.0.remove(token);
            }
        }
        Ok(())
    }
}

impl Deposits for MemoryShelf {
    fn deposit(&self, token: &DepositToken) -> Result<Option<Deposit>, ShelfError> {
        Ok(self.window.0.get(token).cloned())
    }

    fn deposit_of(&self, holder: &Thumbprint, grant: &GrantId) -> Result<Option<DepositToken>, ShelfError> {
        Ok(self.window.0.values().find(|held| held.holder == *holder && held.grant == *grant).map(|held| held.token))
    }

    fn deposits(&self, holder: Option<&Thumbprint>) -> Result<u64, ShelfError> {
        Ok(self.window.0.values().filter(|held| holder.is_none_or(|holder| held.holder == *holder)).count() as u64)
    }

    fn deposits_over(&self, now: Time, limit: usize) -> Result<Vec<DepositToken>, ShelfError> {
        Ok(self.window.0.values().filter(|held| held.expires < now).take(limit).map(|held| held.token).collect())
    }

    fn accesses_to(
        &self,
        certificate: &CertificateNumber,
        after: Option<(&CentreCode, u64)>,
        limit: usize,
    ) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        let rows = self.accesses.values().filter(|row| row.certificate == *certificate);
        let rows = rows.filter(|row| after.is_none_or(|after| (&row.author, row.index) > after));
        Ok(rows.take(limit).map(|row| (row.author.clone(), row.index)).collect())
    }
}
