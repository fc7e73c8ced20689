//! The federation's own affairs.

use anju_core::charter::vote::Place;
use anju_core::error::ShelfError;
use anju_core::journal::Kind;
use anju_core::names::{Digest, RequestId, StationKey};
use anju_core::shelf::check::Misfit;
use anju_core::shelf::{CharterWrite, Charters, DeedRow, InviteRow, LinkRow, VoteRecord};
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{most, name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

const LINK_COLUMNS: &str = "version, digest, at, link";

impl Store {
    pub(super) fn write_charter(&self, write: &CharterWrite) -> Result<(), StoreError> {
        match write {
            CharterWrite::Link(row) => self.link(row),
            CharterWrite::Copy { epoch, copy } => {
                let sql = "INSERT INTO epoch_copy (epoch, copy) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                self.run(sql, params![signed(*epoch)?, copy]).map(|_| ())
            }
            CharterWrite::Frozen(row) => {
                let sql = "INSERT INTO charter_frozen (only, version, digest, at, link) VALUES (1, ?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
                self.run(sql, params![signed(row.version)?, row.digest.0, row.at.0, row.link]).map(|_| ())
            }
            CharterWrite::Deed(DeedRow { version, digest, approve, reason, by, at }) => {
                let sql = "INSERT OR REPLACE INTO charter_deed (version, digest, approve, reason, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                self.run(sql, params![signed(*version)?, digest.0, approve, reason, by.as_str(), at.0]).map(|_| ())
            }
            CharterWrite::DeedDone { version, digest } => {
                self.run("DELETE FROM charter_deed WHERE version = ?1 AND digest = ?2", params![signed(*version)?, digest.0]).map(|_| ())
            }
            CharterWrite::Invited(InviteRow { id, centre, station, addresses, by, until }) => {
                let addresses = serde_json::to_string(addresses).map_err(|_| StoreError::damaged("invite.addresses"))?;
                let sql = "INSERT INTO invite (id, centre, station, addresses, by, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                           ON CONFLICT DO NOTHING";
                let made = self.run(sql, params![id.0, centre.as_str(), station.0, addresses, by.as_str(), until.0])?;
                if made == 0 { Err(Misfit::Exists.into()) } else { Ok(()) }
            }
            CharterWrite::InviteOver(id) => self.run("DELETE FROM invite WHERE id = ?1", [id.0]).map(|_| ()),
        }
    }

    fn link(&self, row: &LinkRow) -> Result<(), StoreError> {
        let held = self.one("SELECT coalesce(max(version), 1) FROM charter_link", (), |row| unsigned(row, 0))?.unwrap_or(1);
        if row.version != held + 1 {
            return Err(Misfit::NotNext { held, from: row.version }.into());
        }
        let sql = "INSERT INTO charter_link (version, digest, at, link) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![signed(row.version)?, row.digest.0, row.at.0, row.link]).map(|_| ())
    }

    pub(super) fn voted(&self, row: &VoteRecord) -> Result<(), StoreError> {
        let sql = "INSERT INTO vote (version, author, idx, at, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let index = signed(row.place.index)?;
        self.run(sql, params![signed(row.version)?, row.place.centre.as_str(), index, row.at.0, row.kind.as_str(), row.body]).map(|_| ())
    }
}

fn link_row(row: &Row<'_>) -> Result<LinkRow, StoreError> {
    Ok(LinkRow { version: unsigned(row, 0)?, digest: Digest(row.get(1)?), at: Time(row.get(2)?), link: row.get(3)? })
}

fn vote_row(row: &Row<'_>) -> Result<VoteRecord, StoreError> {
    Ok(VoteRecord {
        version: unsigned(row, 0)?,
        place: Place { centre: name(row, 1)?, index: unsigned(row, 2)? },
        at: Time(row.get(3)?),
        kind: Kind::parse(&row.get::<_, String>(4)?).ok_or_else(|| StoreError::damaged("vote.kind"))?,
        body: row.get(5)?,
    })
}

fn deed_row(row: &Row<'_>) -> Result<DeedRow, StoreError> {
    Ok(DeedRow {
        version: unsigned(row, 0)?,
        digest: Digest(row.get(1)?),
        approve: row.get(2)?,
        reason: row.get(3)?,
        by: name(row, 4)?,
        at: Time(row.get(5)?),
    })
}

fn invite_row(row: &Row<'_>) -> Result<InviteRow, StoreError> {
    Ok(InviteRow {
        id: RequestId(row.get(0)?),
        centre: name(row, 1)?,
        station: StationKey(row.get(2)?),
        addresses: serde_json::from_str(&row.get::<_, String>(3)?).map_err(|_| StoreError::damaged("invite.addresses"))?,
        by: name(row, 4)?,
        until: Time(row.get(5)?),
    })
}

impl<R: Role> Charters for Db<R> {
    fn charter_links(&self, after: u64, limit: usize) -> Result<Vec<LinkRow>, ShelfError> {
        let sql = format!("SELECT {LINK_COLUMNS} FROM charter_link WHERE version > ?1 ORDER BY version LIMIT ?2");
        Ok(self.all(&sql, params![signed(after)?, most(limit)], link_row)?)
    }

    fn votes(&self, version: u64, limit: usize) -> Result<Vec<VoteRecord>, ShelfError> {
        let sql = "SELECT version, author, idx, at, kind, body FROM (
                       SELECT *, row_number() OVER (PARTITION BY author ORDER BY idx) AS number FROM vote WHERE version = ?1)
                   WHERE number <= ?2 ORDER BY author, idx";
        Ok(self.all(sql, params![signed(version)?, most(limit)], vote_row)?)
    }

    fn epoch_copy(&self, epoch: u64) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.one("SELECT copy FROM epoch_copy WHERE epoch = ?1", [signed(epoch)?], |row| Ok(row.get(0)?))?)
    }

    fn charter_frozen(&self) -> Result<Option<LinkRow>, ShelfError> {
        Ok(self.one(&format!("SELECT {LINK_COLUMNS} FROM charter_frozen"), (), link_row)?)
    }

    fn deeds(&self, version: u64) -> Result<Vec<DeedRow>, ShelfError> {
        let sql = "SELECT version, digest, approve, reason, by, at FROM charter_deed WHERE version = ?1 ORDER BY digest";
        Ok(self.all(sql, [signed(version)?], deed_row)?)
    }

    fn invites(&self) -> Result<Vec<InviteRow>, ShelfError> {
        Ok(self.all("SELECT id, centre, station, addresses, by, until FROM invite ORDER BY centre, id", (), invite_row)?)
    }
}
