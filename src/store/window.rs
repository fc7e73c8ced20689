//! Grants that wait at the window.

use anju_core::error::ShelfError;
use anju_core::names::{CentreCode, CertificateNumber, GrantId, Thumbprint};
use anju_core::shelf::check::Misfit;
use anju_core::shelf::{Deposits, WindowWrite};
use anju_core::time::Time;
use anju_core::window::{Deposit, DepositToken};
use rusqlite::{Row, params};

use super::read::{most, name, signed, unsigned};
use super::sealed::Column;
use super::{Db, Role, Store, StoreError};

const DEPOSIT_COLUMNS: &str = "token, holder, grant_id, expires, misses, verifier, sealed";

impl Store {
    pub(super) fn window(&self, write: &WindowWrite) -> Result<(), StoreError> {
        match write {
            WindowWrite::Deposited(deposit) => self.deposited(deposit),
            WindowWrite::Missed { token, misses } => {
                self.run("UPDATE deposit SET misses = ?2 WHERE token = ?1", params![token.0, misses]).map(|_| ())
            }
            WindowWrite::Gone(token) => self.run("DELETE FROM deposit WHERE token = ?1", [token.0]).map(|_| ()),
        }
    }

    fn deposited(&self, deposit: &Deposit) -> Result<(), StoreError> {
        let sealed = self.columns.seal(Column::DepositGrant, &[&deposit.token.0], deposit.text.as_bytes())?;
        let sql = "INSERT INTO deposit (token, holder, grant_id, expires, misses, verifier, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   ON CONFLICT DO NOTHING";
        let Deposit { token, holder, grant, expires, misses, verifier, .. } = deposit;
        let made = self.run(sql, params![token.0, holder.0, grant.0, expires.0, misses, verifier, sealed])?;
        if made == 0 { Err(Misfit::Exists.into()) } else { Ok(()) }
    }
}

impl<R: Role> Db<R> {
    fn deposit_row(&self, row: &Row<'_>) -> Result<Deposit, StoreError> {
        let token = DepositToken(row.get(0)?);
        let text = self.columns.open_text(Column::DepositGrant, &[&token.0], &row.get::<_, Vec<u8>>(6)?)?;
        Ok(Deposit {
            token,
            holder: Thumbprint(row.get(1)?),
            grant: GrantId(row.get(2)?),
            expires: Time(row.get(3)?),
            misses: row.get(4)?,
            verifier: row.get(5)?,
            text,
        })
    }

    /// How many sealed grants do not open; for the scrub.
    pub(super) fn window_that_stays_shut(&self) -> Result<u64, StoreError> {
        self.shut(&format!("SELECT {DEPOSIT_COLUMNS} FROM deposit"), &|row| self.deposit_row(row).map(|_| ()))
    }
}

impl<R: Role> Deposits for Db<R> {
    fn deposit(&self, token: &DepositToken) -> Result<Option<Deposit>, ShelfError> {
        let sql = format!("SELECT {DEPOSIT_COLUMNS} FROM deposit WHERE token = ?1");
        Ok(self.one(&sql, [token.0], |row| self.deposit_row(row))?)
    }

    fn deposit_of(&self, holder: &Thumbprint, grant: &GrantId) -> Result<Option<DepositToken>, ShelfError> {
        let sql = "SELECT token FROM deposit WHERE holder = ?1 AND grant_id = ?2";
        Ok(self.one(sql, params![holder.0, grant.0], |row| Ok(DepositToken(row.get(0)?)))?)
    }

    fn deposits(&self, holder: Option<&Thumbprint>) -> Result<u64, ShelfError> {
        let counted = match holder {
            None => self.one("SELECT count(*) FROM deposit", (), |row| unsigned(row, 0))?,
            Some(holder) => self.one("SELECT count(*) FROM deposit WHERE holder = ?1", [holder.0], |row| unsigned(row, 0))?,
        };
        Ok(counted.unwrap_or_default())
    }

    fn deposits_over(&self, now: Time, limit: usize) -> Result<Vec<DepositToken>, ShelfError> {
        let sql = "SELECT token FROM deposit WHERE expires < ?1 ORDER BY expires LIMIT ?2";
        Ok(self.all(sql, params![now.0, most(limit)], |row| Ok(DepositToken(row.get(0)?)))?)
    }

    fn accesses_to(
        &self,
        certificate: &CertificateNumber,
        after: Option<(&CentreCode, u64)>,
        limit: usize,
    ) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        let (author, index) = after.map_or(("", -1), |(author, index)| (author.as_str(), signed(index).unwrap_or(i64::MAX)));
        let sql = "SELECT author, idx FROM access WHERE certificate = ?1 AND (author, idx) > (?2, ?3) ORDER BY author, idx LIMIT ?4";
        let values = params![certificate.as_str(), author, index, most(limit)];
        Ok(self.all(sql, values, |row| Ok((name(row, 0)?, unsigned(row, 1)?)))?)
    }
}
