//! Cases of our own.

use anju_core::listing::case::CaseState;
use anju_core::names::{Digest, ListingId};
use anju_core::shelf::check::{self, Misfit};
use anju_core::shelf::{Adopted, CaseRecord};
use anju_core::time::Time;
use rusqlite::{ErrorCode, Params, Row, params};

use super::super::read::{planned_once, signed, unsigned};
use super::super::sealed::Column;
use super::super::{Db, Role, Store, StoreError};
use super::place;

const CASE_COLUMNS: &str = "serial, listing, state, idx, import, content, decision, waits_until, sealed";
/// A case with what stays at home of it.
const CASE_TEXT: &str = "LEFT JOIN case_text ON id = text";

impl Store {
    /// There is one case of a listing; the index says so too.
    pub(super) fn write_case(&self, case: &CaseRecord) -> Result<(), StoreError> {
        let (serial, is_new) = check::serial(self.newest_case()?, case.serial)?;
        let key = signed(serial)?;
        if self.any("SELECT 1 FROM case_file WHERE listing = ?1 AND serial <> ?2", params![case.listing.0, key])? {
            return Err(Misfit::Exists.into());
        }
        let sealed = self.columns.seal(Column::CaseText, &[&case.listing.0], &case.case)?;
        let held = if is_new { None } else { self.one("SELECT text FROM case_file WHERE serial = ?1", [key], |row| Ok(row.get(0)?))? };
        let text = match held {
            Some(text) => text,
            None => self.newest_text()? + 1,
        };
        let sql = "INSERT INTO case_text (id, sealed) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed";
        self.run(sql, params![text, sealed])?;
        let sql = "INSERT INTO case_file (serial, listing, state, waits, idx, import, content, decision, waits_until, text)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (serial) DO UPDATE SET listing = excluded.listing, state = excluded.state, waits = excluded.waits,
                   idx = excluded.idx, import = excluded.import, content = excluded.content, decision = excluded.decision,
                   waits_until = excluded.waits_until";
        self.run(
            sql,
            params![
                key,
                case.listing.0,
                case.state.code(),
                check::waits(case.state),
                case.index.map(signed).transpose()?,
                case.import.map(signed).transpose()?,
                case.content.0,
                case.decision.0,
                case.waits_until.map(|until| until.0),
                text,
            ],
        )?;
        Ok(())
    }

    /// Cases of staged rows: what was staged of them is not written again, only whose it is.
    pub(super) fn adopt(&self, import: u64, rows: &[Adopted]) -> Result<(), StoreError> {
        let (mut newest, key) = (self.newest_case()?, signed(import)?);
        let (state, waits) = (CaseState::Listed.code(), check::waits(CaseState::Listed));
        let sql = "INSERT INTO case_file (serial, listing, state, waits, idx, import, content, decision, text)
                   SELECT ?3, s.listing, ?4, ?5, ?6, s.import, s.content, s.decision, b.text
                   FROM staged s JOIN staged_body b ON b.place = ?7
                   WHERE s.import = ?1 AND s.row = ?2 AND b.text IS NOT NULL";
        let mut insert = self.conn.prepare_cached(sql)?;
        let mut taken = self.conn.prepare_cached("DELETE FROM staged_body WHERE place = ?1")?;
        for row in rows {
            let (serial, is_new) = check::serial(newest, row.serial)?;
            newest = newest.max(serial);
            if !is_new {
                self.forget_case(serial)?;
            }
            let at = place(key, row.row)?;
            let values = params![key, signed(row.row)?, signed(serial)?, state, waits, signed(row.index)?, at];
            match insert.execute(values) {
                Ok(1) => {}
                Ok(_) => return Err(Misfit::NoRow(row.row).into()),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => return Err(Misfit::Exists.into()),
                Err(error) => return Err(error.into()),
            }
            taken.execute([at])?;
        }
        [insert, taken].iter().for_each(|statement| planned_once(statement));
        Ok(())
    }

    /// Makes room for another version of a case.
    fn forget_case(&self, serial: u64) -> Result<(), StoreError> {
        let serial = signed(serial)?;
        self.run("DELETE FROM case_text WHERE id = (SELECT text FROM case_file WHERE serial = ?1)", [serial])?;
        self.run("DELETE FROM case_file WHERE serial = ?1", [serial]).map(|_| ())
    }
}

impl<R: Role> Db<R> {
    pub(super) fn newest_case(&self) -> Result<u64, StoreError> {
        let newest = self.one("SELECT max(serial) FROM case_file", (), |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        Ok(newest.flatten().unwrap_or_default().unsigned_abs())
    }

    pub(super) fn newest_text(&self) -> Result<i64, StoreError> {
        let newest = self.one("SELECT max(id) FROM case_text", (), |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        Ok(newest.flatten().unwrap_or_default())
    }

    /// The case that `found` finds.
    pub(super) fn one_case<P: Params>(&self, found: &str, params: P) -> Result<Option<CaseRecord>, StoreError> {
        self.one(&format!("SELECT {CASE_COLUMNS} FROM case_file {CASE_TEXT} WHERE {found}"), params, |row| self.case_row(row))
    }

    /// The first case with this digest. The index is named: left to itself SQLite may walk the cases in order, for only one is wanted.
    pub(super) fn first_case_of(&self, decision: &Digest) -> Result<Option<CaseRecord>, StoreError> {
        let sql = format!(
            "SELECT {CASE_COLUMNS} FROM case_file INDEXED BY case_by_decision {CASE_TEXT}
             WHERE substr(decision, 1, 8) = substr(?1, 1, 8) AND decision = ?1 ORDER BY serial LIMIT 1"
        );
        self.one(&sql, [decision.0], |row| self.case_row(row))
    }

    /// The cases that `found` finds; it has a limit.
    pub(super) fn many_cases<P: Params>(&self, found: &str, params: P) -> Result<Vec<CaseRecord>, StoreError> {
        self.all(&format!("SELECT {CASE_COLUMNS} FROM case_file {CASE_TEXT} WHERE {found}"), params, |row| self.case_row(row))
    }

    fn case_row(&self, row: &Row<'_>) -> Result<CaseRecord, StoreError> {
        let listing = ListingId(row.get(1)?);
        let sealed = row.get::<_, Option<Vec<u8>>>(8)?.ok_or_else(|| StoreError::damaged("case_file.text"))?;
        let number = |column: usize| -> Result<Option<u64>, StoreError> {
            row.get::<_, Option<i64>>(column)?.map(|_| unsigned(row, column)).transpose()
        };
        Ok(CaseRecord {
            serial: unsigned(row, 0)?,
            listing,
            state: CaseState::from_code(&row.get::<_, String>(2)?).ok_or_else(|| StoreError::damaged("case_file.state"))?,
            index: number(3)?,
            import: number(4)?,
            content: Digest(row.get(5)?),
            decision: Digest(row.get(6)?),
            waits_until: row.get::<_, Option<i64>>(7)?.map(Time),
            case: self.case_text(&listing, &sealed)?,
        })
    }

    /// What stays at home of the case of a listing.
    pub(super) fn case_text(&self, listing: &ListingId, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.columns.open(Column::CaseText, &[&listing.0], sealed)?.to_vec())
    }

    pub(super) fn cases_that_stay_shut(&self) -> Result<u64, StoreError> {
        self.shut(&format!("SELECT {CASE_COLUMNS} FROM case_file {CASE_TEXT}"), &|row| self.case_row(row).map(|_| ()))
    }
}
