//! Matters and catalogues as their centres published them.

use anju_core::error::ShelfError;
use anju_core::listing::Day;
use anju_core::names::CentreCode;
use anju_core::shelf::{CatalogueRow, MatterProjection, MatterRow, Matters};
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{most, name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

const MATTER_COLUMNS: &str = "centre, code, from_day, version, idx, at, body";

impl Store {
    pub(super) fn published(&self, projection: &MatterProjection) -> Result<(), StoreError> {
        match projection {
            MatterProjection::Matter(row) => {
                let sql = "INSERT INTO matter (centre, code, from_day, version, idx, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                           ON CONFLICT (centre, code, from_day) DO UPDATE SET version = excluded.version, idx = excluded.idx,
                           at = excluded.at, body = excluded.body WHERE excluded.version > version";
                let index = signed(row.index)?;
                self.run(sql, params![row.centre.as_str(), row.code, row.from.number(), row.version, index, row.at.0, row.body])
            }
            MatterProjection::Catalogue(row) => {
                let sql = "INSERT INTO catalogue (centre, version, idx, at, body) VALUES (?1, ?2, ?3, ?4, ?5)
                           ON CONFLICT (centre) DO UPDATE SET version = excluded.version, idx = excluded.idx, at = excluded.at,
                           body = excluded.body WHERE excluded.version > version";
                self.run(sql, params![row.centre.as_str(), row.version, signed(row.index)?, row.at.0, row.body])
            }
        }
        .map(|_| ())
    }
}

fn matter_row(row: &Row<'_>) -> Result<MatterRow, StoreError> {
    Ok(MatterRow {
        centre: name(row, 0)?,
        code: row.get(1)?,
        from: Day::from_number(row.get(2)?).ok_or_else(|| StoreError::damaged("matter.from_day"))?,
        version: row.get(3)?,
        index: unsigned(row, 4)?,
        at: Time(row.get(5)?),
        body: row.get(6)?,
    })
}

fn catalogue_row(row: &Row<'_>) -> Result<CatalogueRow, StoreError> {
    Ok(CatalogueRow { centre: name(row, 0)?, version: row.get(1)?, index: unsigned(row, 2)?, at: Time(row.get(3)?), body: row.get(4)? })
}

impl<R: Role> Matters for Db<R> {
    fn matter(&self, centre: &CentreCode, code: &str, day: Day) -> Result<Option<MatterRow>, ShelfError> {
        let sql = format!(
            "SELECT {MATTER_COLUMNS} FROM matter WHERE centre = ?1 AND code = ?2 AND from_day <= ?3 ORDER BY from_day DESC LIMIT 1"
        );
        Ok(self.one(&sql, params![centre.as_str(), code, day.number()], matter_row)?)
    }

    fn matters(&self, centre: &CentreCode, after: Option<(&str, Day)>, limit: usize) -> Result<Vec<MatterRow>, ShelfError> {
        let sql = format!(
            "SELECT {MATTER_COLUMNS} FROM matter WHERE centre = ?1 AND (code, from_day) > (?2, ?3) ORDER BY code, from_day LIMIT ?4"
        );
        let (code, day) = after.map_or(("", 0), |(code, day)| (code, day.number()));
        Ok(self.all(&sql, params![centre.as_str(), code, day, most(limit)], matter_row)?)
    }

    fn matter_in_force(&self, centre: &CentreCode, day: Day) -> Result<bool, ShelfError> {
        let sql = "SELECT 1 FROM matter WHERE centre = ?1 AND from_day <= ?2 LIMIT 1";
        Ok(self.any(sql, params![centre.as_str(), day.number()])?)
    }

    fn matter_version(&self, centre: &CentreCode, code: &str) -> Result<Option<u32>, ShelfError> {
        let sql = "SELECT version FROM matter WHERE centre = ?1 AND code = ?2 ORDER BY version DESC LIMIT 1";
        Ok(self.one(sql, params![centre.as_str(), code], |row| Ok(row.get(0)?))?)
    }

    fn catalogue(&self, centre: &CentreCode) -> Result<Option<CatalogueRow>, ShelfError> {
        let sql = "SELECT centre, version, idx, at, body FROM catalogue WHERE centre = ?1";
        Ok(self.one(sql, [centre.as_str()], catalogue_row)?)
    }
}
