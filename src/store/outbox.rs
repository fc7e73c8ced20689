//! Questions that wait for an issuer.

use anju_core::error::ShelfError;
use anju_core::names::{CentreCode, RequestId};
use anju_core::shelf::check::Misfit;
use anju_core::shelf::{Outbox, OutboxRow, OutboxWrite};
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{most, name, unsigned};
use super::sealed::Column;
use super::{Db, Role, Store, StoreError};

const COLUMNS: &str = "request, issuer, by, left_at, until, inquiry, said_at, reply";

impl Store {
    pub(super) fn write_outbox(&self, write: &OutboxWrite) -> Result<(), StoreError> {
        match write {
            OutboxWrite::Left(row) => self.left(row),
            OutboxWrite::Said { request, at, reply } => {
                let reply = self.columns.seal(Column::OutboxReply, &[&request.0], reply)?;
                let sql = "UPDATE outbox SET said_at = ?2, reply = ?3 WHERE request = ?1 AND said_at IS NULL";
                self.run(sql, params![request.0, at.0, reply]).map(|_| ())
            }
            OutboxWrite::Gone(request) => self.run("DELETE FROM outbox WHERE request = ?1", [request.0]).map(|_| ()),
        }
    }

    fn left(&self, row: &OutboxRow) -> Result<(), StoreError> {
        let OutboxRow { request, issuer, by, left, until, inquiry, said } = row;
        let inquiry = self.columns.seal(Column::OutboxInquiry, &[&request.0], inquiry)?;
        let reply = said.as_ref().map(|(_, reply)| self.columns.seal(Column::OutboxReply, &[&request.0], reply)).transpose()?;
        let sql = "INSERT INTO outbox (request, issuer, by, left_at, until, inquiry, said_at, reply)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
        let at = said.as_ref().map(|(at, _)| at.0);
        let made = self.run(sql, params![request.0, issuer.as_str(), by.as_str(), left.0, until.0, inquiry, at, reply])?;
        if made == 0 { Err(Misfit::Exists.into()) } else { Ok(()) }
    }
}

impl<R: Role> Db<R> {
    fn outbox_row(&self, row: &Row<'_>) -> Result<OutboxRow, StoreError> {
        let request = RequestId(row.get(0)?);
        let inquiry = self.columns.open(Column::OutboxInquiry, &[&request.0], &row.get::<_, Vec<u8>>(5)?)?.to_vec();
        let said = match row.get::<_, Option<Vec<u8>>>(7)? {
            None => None,
            Some(reply) => Some((Time(row.get(6)?), self.columns.open(Column::OutboxReply, &[&request.0], &reply)?.to_vec())),
        };
        Ok(OutboxRow {
            request,
            issuer: name(row, 1)?,
            by: name(row, 2)?,
            left: Time(row.get(3)?),
            until: Time(row.get(4)?),
            inquiry,
            said,
        })
    }

    /// How many sealed questions and replies do not open; for the scrub.
    pub(super) fn outbox_that_stays_shut(&self) -> Result<u64, StoreError> {
        self.shut(&format!("SELECT {COLUMNS} FROM outbox"), &|row| self.outbox_row(row).map(|_| ()))
    }
}

impl<R: Role> Outbox for Db<R> {
    fn outbox(&self, request: &RequestId) -> Result<Option<OutboxRow>, ShelfError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE request = ?1");
        Ok(self.one(&sql, [request.0], |row| self.outbox_row(row))?)
    }

    fn outbox_waiting(&self, issuer: &CentreCode, limit: usize) -> Result<Vec<OutboxRow>, ShelfError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE issuer = ?1 AND said_at IS NULL ORDER BY left_at, request LIMIT ?2");
        Ok(self.all(&sql, params![issuer.as_str(), most(limit)], |row| self.outbox_row(row))?)
    }

    fn outbox_page(&self, after: Option<(Time, RequestId)>, limit: usize) -> Result<Vec<OutboxRow>, ShelfError> {
        let (at, request) = after.map_or((i64::MAX, [0xff; 16]), |(at, request)| (at.0, request.0));
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE (left_at, request) < (?1, ?2) ORDER BY left_at DESC, request DESC LIMIT ?3");
        Ok(self.all(&sql, params![at, request, most(limit)], |row| self.outbox_row(row))?)
    }

    fn outbox_count(&self) -> Result<u64, ShelfError> {
        Ok(self.one("SELECT count(*) FROM outbox", (), |row| unsigned(row, 0))?.unwrap_or_default())
    }

    fn outbox_over(&self, now: Time, kept_from: Time, limit: usize) -> Result<(Vec<RequestId>, Vec<RequestId>), ShelfError> {
        let all = |sql: &str, at: Time| self.all(sql, params![at.0, most(limit)], |row| Ok(RequestId(row.get(0)?)));
        let late = all("SELECT request FROM outbox WHERE said_at IS NULL AND until < ?1 ORDER BY request LIMIT ?2", now)?;
        let old = all("SELECT request FROM outbox WHERE said_at IS NOT NULL AND said_at < ?1 ORDER BY request LIMIT ?2", kept_from)?;
        Ok((late, old))
    }
}
