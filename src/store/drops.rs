//! When payloads have to go. Of each block of rows the earliest such time is kept: a note for each row, in the order of the times, would
//! be one more index in no order, and rows are looked for by time only when theirs is over.

use std::collections::BTreeMap;

use anju_core::journal::{Header, SoundRows};
use anju_core::names::CentreCode;
use anju_core::time::Time;
use rusqlite::params;

use super::read::{most, name, signed, unsigned};
use super::{Db, Role, Store, StoreError};

/// Rows of a block: as many headers are read when its earliest payload goes.
pub(super) const BLOCK_ROWS: i64 = 256;

/// When the payload of a row with this header has to go, if it has to.
fn drop_after(header: &[u8]) -> Option<Time> {
    Header::parse(header).ok()?.drop_after()
}

impl Store {
    /// Notes when the payloads of new rows have to go.
    pub(super) fn note_drops(&self, key: i64, from: u64, rows: &SoundRows) -> Result<(), StoreError> {
        let mut earliest = BTreeMap::<i64, Time>::new();
        for (row, index) in rows.rows().iter().zip(from..) {
            if let (Some(at), Some(_)) = (row.header().drop_after(), &row.entry().payload) {
                let noted = earliest.entry(signed(index)? / BLOCK_ROWS).or_insert(at);
                *noted = at.min(*noted);
            }
        }
        earliest.into_iter().try_for_each(|(block, at)| self.note(key, block, at))
    }

    /// Notes when the payload of a row has to go, if it has to.
    pub(super) fn note_drop(&self, key: i64, row: i64, header: &[u8]) -> Result<(), StoreError> {
        drop_after(header).map_or(Ok(()), |at| self.note(key, row / BLOCK_ROWS, at))
    }

    fn note(&self, key: i64, block: i64, at: Time) -> Result<(), StoreError> {
        let sql = "INSERT INTO drop_after (centre, block, at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (centre, block) DO UPDATE SET at = excluded.at WHERE excluded.at < at";
        self.run(sql, params![key, block, at.0]).map(|_| ())
    }

    /// The payload of a row has gone: if it was the earliest of its block, another is now.
    pub(super) fn dropped(&self, key: i64, row: i64, header: &[u8]) -> Result<(), StoreError> {
        let (Some(gone), block) = (drop_after(header), row / BLOCK_ROWS) else { return Ok(()) };
        let noted =
            self.one("SELECT at FROM drop_after WHERE centre = ?1 AND block = ?2", [key, block], |row| Ok(row.get::<_, i64>(0)?))?;
        if noted.is_none_or(|noted| gone.0 > noted) {
            return Ok(());
        }
        let mut earliest: Option<Time> = None;
        let sql = "SELECT header FROM entry WHERE centre = ?1 AND idx BETWEEN ?2 AND ?3 AND payload IS NOT NULL";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([key, block * BLOCK_ROWS, block * BLOCK_ROWS + (BLOCK_ROWS - 1)])?;
        while let Some(row) = rows.next()? {
            let Some(at) = drop_after(&row.get::<_, Vec<u8>>(0)?) else { continue };
            earliest = Some(earliest.map_or(at, |noted| noted.min(at)));
            if at <= gone {
                // None is earlier. Rows of one import go together: each looks no further than the next.
                break;
            }
        }
        match earliest {
            Some(at) => self.run("UPDATE drop_after SET at = ?3 WHERE centre = ?1 AND block = ?2", params![key, block, at.0]),
            None => self.run("DELETE FROM drop_after WHERE centre = ?1 AND block = ?2", [key, block]),
        }
        .map(|_| ())
    }
}

impl<R: Role> Db<R> {
    /// Rows whose payload is here though its time is over, block by block.
    pub(super) fn droppable_rows(&self, now: Time, limit: usize) -> Result<Vec<(CentreCode, u64)>, StoreError> {
        let sql =
            "SELECT j.code, d.centre, d.block FROM drop_after d JOIN journal j USING (centre) WHERE d.at <= ?1 ORDER BY d.at LIMIT ?2";
        let blocks: Vec<(CentreCode, i64, i64)> =
            self.all(sql, [now.0, most(limit)], |row| Ok((name(row, 0)?, row.get(1)?, row.get(2)?)))?;
        let sql = "SELECT idx, header FROM entry WHERE centre = ?1 AND idx BETWEEN ?2 AND ?3 AND payload IS NOT NULL ORDER BY idx";
        let mut found = Vec::new();
        for (centre, key, block) in blocks {
            let within = [key, block * BLOCK_ROWS, block * BLOCK_ROWS + (BLOCK_ROWS - 1)];
            let rows = self.all(sql, within, |row| Ok((unsigned(row, 0)?, drop_after(&row.get::<_, Vec<u8>>(1)?))))?;
            let over = rows.into_iter().filter(|(_, at)| at.is_some_and(|at| at <= now));
            found.extend(over.map(|(index, _)| (centre.clone(), index)));
            if found.len() >= limit {
                found.truncate(limit);
                break;
            }
        }
        Ok(found)
    }
}
