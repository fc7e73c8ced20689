//! Cases of our own.

use anju_core::listing::case::CaseState;
use anju_core::names::{Digest, ListingId};
use anju_core::shelf::CaseRecord;
use anju_core::shelf::check::{self, Misfit};
use anju_core::time::Time;
use rusqlite::{Params, Row, params};
use zeroize::Zeroizing;

use super::super::read::{signed, unsigned};
use super::super::sealed::Column;
use super::super::{Db, Role, Store, StoreError};

const CASE_COLUMNS: &str = "serial, listing, state, idx, import, decision, waits_until, sealed";

impl Store {
    /// There is one case of a listing. It is asked for and not left to a unique index, because that would be one more index in no order.
    pub(super) fn write_case(&self, case: &CaseRecord) -> Result<(), StoreError> {
        let (serial, _) = check::serial(self.newest_case()?, case.serial)?;
        let key = signed(serial)?;
        if self.any("SELECT 1 FROM case_file WHERE listing = ?1 AND serial <> ?2", params![case.listing.0, key])? {
            return Err(Misfit::Exists.into());
        }
        let plain = Zeroizing::new([&case.content.0, case.case.as_slice()].concat());
        let sealed = self.columns.seal(Column::CaseFile, &[&serial.to_be_bytes()], &plain)?;
        let sql = "INSERT INTO case_file (serial, listing, state, waits, idx, import, decision, waits_until, sealed)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                   ON CONFLICT (serial) DO UPDATE SET listing = excluded.listing, state = excluded.state, waits = excluded.waits,
                   idx = excluded.idx, import = excluded.import, decision = excluded.decision, waits_until = excluded.waits_until,
                   sealed = excluded.sealed";
        self.run(
            sql,
            params![
                key,
                case.listing.0,
                case.state.code(),
                check::waits(case.state),
                case.index.map(signed).transpose()?,
                case.import.map(signed).transpose()?,
                case.decision.0,
                case.waits_until.map(|until| until.0),
                sealed,
            ],
        )?;
        Ok(())
    }
}

impl<R: Role> Db<R> {
    pub(super) fn newest_case(&self) -> Result<u64, StoreError> {
        let newest = self.one("SELECT max(serial) FROM case_file", (), |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        Ok(newest.flatten().unwrap_or_default().unsigned_abs())
    }

    /// The case that `found` finds.
    pub(super) fn one_case<P: Params>(&self, found: &str, params: P) -> Result<Option<CaseRecord>, StoreError> {
        self.one(&format!("SELECT {CASE_COLUMNS} FROM case_file WHERE {found}"), params, |row| self.case_row(row))
    }

    /// The first case with this digest. The index is named: left to itself SQLite may walk the cases in order, for only one is wanted.
    pub(super) fn first_case_of(&self, decision: &Digest) -> Result<Option<CaseRecord>, StoreError> {
        let sql = format!("SELECT {CASE_COLUMNS} FROM case_file INDEXED BY case_by_decision WHERE decision = ?1 ORDER BY serial LIMIT 1");
        self.one(&sql, [decision.0], |row| self.case_row(row))
    }

    /// The cases that `found` finds; it has a limit.
    pub(super) fn many_cases<P: Params>(&self, found: &str, params: P) -> Result<Vec<CaseRecord>, StoreError> {
        self.all(&format!("SELECT {CASE_COLUMNS} FROM case_file WHERE {found}"), params, |row| self.case_row(row))
    }

    fn case_row(&self, row: &Row<'_>) -> Result<CaseRecord, StoreError> {
        let serial = unsigned(row, 0)?;
        let plain = self.columns.open(Column::CaseFile, &[&serial.to_be_bytes()], &row.get::<_, Vec<u8>>(7)?)?;
        let (content, case) = plain.split_first_chunk::<32>().ok_or_else(|| StoreError::damaged("case_file.sealed"))?;
        let number = |column: usize| -> Result<Option<u64>, StoreError> {
            row.get::<_, Option<i64>>(column)?.map(|_| unsigned(row, column)).transpose()
        };
        Ok(CaseRecord {
            serial,
            listing: ListingId(row.get(1)?),
            state: CaseState::from_code(&row.get::<_, String>(2)?).ok_or_else(|| StoreError::damaged("case_file.state"))?,
            index: number(3)?,
            import: number(4)?,
            content: Digest(*content),
            decision: Digest(row.get(5)?),
            waits_until: row.get::<_, Option<i64>>(6)?.map(Time),
            case: case.to_vec(),
        })
    }

    pub(super) fn cases_that_stay_shut(&self) -> Result<u64, StoreError> {
        self.shut(&format!("SELECT {CASE_COLUMNS} FROM case_file"), &|row| self.case_row(row).map(|_| ()))
    }
}
