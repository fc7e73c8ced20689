//! The blacklist: what journals say of listings, and the records of our own cases.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `listings` | projections: listings, changes, objections, hits told to us, acknowledgements |
//! | `cases` | records: cases |
//! | `imports` | records: files, their staged rows, what is gone from them |
//!
//! Here are the small records, and the contract with the core.

mod cases;
mod imports;
mod listings;

pub(super) use listings::HIT_COLUMNS;

use anju_core::error::ShelfError;
use anju_core::listing::Day;
use anju_core::listing::import::{ImportRecord, StagedRow};
use anju_core::names::{CentreCode, Digest, ListingId, ListingRef, RequestId, StationKey, SubjectToken};
use anju_core::operator::OperatorName;
use anju_core::seal::Key;
use anju_core::shelf::{
    CaseRecord, HitRow, ListWrite, ListingRow, Lists, ObjectionRow, PendingHit, StandingUnder, USED_KEPT_DAYS, WithheldRow,
};
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{most, name, signed, unsigned};
use super::sealed::Column;
use super::{Db, Role, Store, StoreError};

/// Bits of a row's index in a place: the bits above are the key of its journal, or the serial of its import.
const INDEX_BITS: u32 = 40;
/// Largest key that fits above them.
const KEY_MAX: i64 = (1 << (63 - INDEX_BITS)) - 1;

/// The integer under which row `index` is kept: rows of one journal lie together, in order.
pub(super) fn place(key: i64, index: u64) -> Result<i64, StoreError> {
    let fits = (0..=KEY_MAX).contains(&key) && index >> INDEX_BITS == 0;
    if !fits {
        return Err(StoreError::Engine("a row beyond what its place can name".to_owned()));
    }
    Ok((key << INDEX_BITS) | signed(index)?)
}

/// First and last place of a journal or import.
pub(super) fn places(key: i64) -> Result<(i64, i64), StoreError> {
    Ok((place(key, 0)?, place(key, (1 << INDEX_BITS) - 1)?))
}

const fn index_of(place: i64) -> u64 {
    place.unsigned_abs() & ((1 << INDEX_BITS) - 1)
}

const fn key_of_place(place: i64) -> i64 {
    place >> INDEX_BITS
}

const PENDING_COLUMNS: &str = "serial, centre, idx, listing, request, matter, business_no, legal_basis, at";

impl Store {
    pub(super) fn list(&self, write: &ListWrite) -> Result<(), StoreError> {
        match write {
            ListWrite::Case(case) => self.write_case(case),
            ListWrite::Import(import) => self.write_import(import),
            ListWrite::Stage(rows) => self.stage(rows),
            ListWrite::Adopt { import, rows } => self.adopt(*import, rows),
            ListWrite::Unstage { import, up_to } => self.unstage(*import, *up_to),
            ListWrite::Forget { import } => self.forget(*import),
            ListWrite::Hit(hit) => self.write_pending(hit),
            ListWrite::HitTold { serial } => match signed(*serial) {
                Ok(serial) => self.run("DELETE FROM pending_hit WHERE serial = ?1", [serial]).map(|_| ()),
                Err(_) => Ok(()),
            },
            ListWrite::Impersonated { subject } => {
                let sql = "INSERT INTO impersonated (subject) VALUES (?1) ON CONFLICT (subject) DO NOTHING";
                self.run(sql, [subject.0]).map(|_| ())
            }
            ListWrite::Used { day, operator, used } => {
                let sql = "INSERT INTO used (day, operator, used) VALUES (?1, ?2, ?3)
                           ON CONFLICT (day, operator) DO UPDATE SET used = excluded.used";
                let operator = operator.as_ref().map(OperatorName::as_str).unwrap_or_default();
                self.run(sql, params![day.number(), operator, signed(*used)?])?;
                self.run("DELETE FROM used WHERE day < ?1", [day.less_days(USED_KEPT_DAYS).number()]).map(|_| ())
            }
            ListWrite::Withheld { centre, index, by } => self.withhold(centre, *index, by),
            ListWrite::Blamed { centre, index } => {
                let Ok(index) = signed(*index) else { return Ok(()) };
                let sql = "UPDATE withheld SET blamed = 1
                           WHERE centre = (SELECT centre FROM journal WHERE code = ?1) AND idx = ?2";
                self.run(sql, params![centre.as_str(), index]).map(|_| ())
            }
        }
    }

    fn write_pending(&self, hit: &PendingHit) -> Result<(), StoreError> {
        let bound_to: [&[u8]; 3] = [&hit.request.0, hit.place.centre.as_str().as_bytes(), &hit.place.index.to_be_bytes()];
        let business_no = self.columns.seal(Column::PendingHitBusinessNo, &bound_to, hit.business_no.as_bytes())?;
        let sql = "INSERT INTO pending_hit (centre, idx, listing, request, matter, business_no, legal_basis, at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.run(
            sql,
            params![
                hit.place.centre.as_str(),
                signed(hit.place.index)?,
                hit.listing.0,
                hit.request.0,
                hit.matter,
                business_no,
                hit.legal_basis,
                hit.at.0,
            ],
        )?;
        Ok(())
    }

    /// A row is withheld only while it is held and may not be without its payload.
    fn withhold(&self, centre: &CentreCode, index: u64, by: &StationKey) -> Result<(), StoreError> {
        let (key, row) = self.row_key(centre, index)?;
        let sql = "INSERT INTO withheld (centre, idx, station, blamed)
                   SELECT centre, idx, ?3, 0 FROM entry WHERE centre = ?1 AND idx = ?2 AND payload IS NULL
                   AND NOT EXISTS (SELECT 1 FROM erased x WHERE x.centre = ?1 AND x.idx = ?2)
                   ON CONFLICT (centre, idx) DO NOTHING";
        self.run(sql, params![key, row, by.0]).map(|_| ())
    }
}

impl<R: Role> Db<R> {
    fn pending_hit(&self, row: &Row<'_>) -> Result<PendingHit, StoreError> {
        let place = ListingRef { centre: name(row, 1)?, index: unsigned(row, 2)? };
        let request = RequestId(row.get(4)?);
        let bound_to: [&[u8]; 3] = [&request.0, place.centre.as_str().as_bytes(), &place.index.to_be_bytes()];
        let business_no = self.columns.open_text(Column::PendingHitBusinessNo, &bound_to, &row.get::<_, Vec<u8>>(6)?)?;
        Ok(PendingHit {
            serial: unsigned(row, 0)?,
            listing: ListingId(row.get(3)?),
            matter: row.get(5)?,
            legal_basis: row.get(7)?,
            at: Time(row.get(8)?),
            place,
            request,
            business_no,
        })
    }

    /// How many sealed values of these tables do not open. Reads every row; for the scrub.
    pub(super) fn lists_that_stay_shut(&self) -> Result<u64, StoreError> {
        let pending = format!("SELECT {PENDING_COLUMNS} FROM pending_hit");
        let of_here = self.shut(&pending, &|row| self.pending_hit(row).map(|_| ()))?;
        Ok(of_here + self.hits_that_stay_shut()? + self.cases_that_stay_shut()? + self.imports_that_stay_shut()?)
    }

    /// How many rows cannot be read.
    pub(super) fn shut(&self, sql: &str, read: &dyn Fn(&Row<'_>) -> Result<(), StoreError>) -> Result<u64, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(())?;
        let mut shut = 0;
        while let Some(row) = rows.next()? {
            shut += u64::from(read(row).is_err());
        }
        Ok(shut)
    }
}

impl<R: Role> Lists for Db<R> {
    fn local_secret(&self) -> Result<Key, ShelfError> {
        let sql = "SELECT value FROM meta WHERE name = 'local_secret'";
        let read = |row: &Row<'_>| self.open_key(Column::LocalSecret, &[], &row.get::<_, Vec<u8>>(0)?);
        Ok(self.one(sql, (), read)?.ok_or_else(|| StoreError::damaged("the local secret is gone"))?)
    }

    fn listings_of(&self, token: &SubjectToken, limit: usize) -> Result<Vec<ListingRow>, ShelfError> {
        Ok(self.listings_with(token, limit)?)
    }

    fn listing(&self, place: &ListingRef) -> Result<Option<ListingRow>, ShelfError> {
        Ok(self.listing_at(place)?)
    }

    fn objections(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<Vec<ObjectionRow>, ShelfError> {
        Ok(self.objections_to(about, listing, limit)?)
    }

    fn standing_under(&self, day: Day) -> Result<Vec<StandingUnder>, ShelfError> {
        Ok(self.standing_by_pepper(day)?)
    }

    fn standing_before(&self, centre: &CentreCode, from: u64, pepper: u64, day: Day, limit: usize) -> Result<Vec<ListingRow>, ShelfError> {
        Ok(self.standing_of(centre, from, pepper, day, limit)?)
    }

    fn list_events(&self, centre: &CentreCode, from: u64, limit: usize) -> Result<Vec<(u64, ListingRef)>, ShelfError> {
        Ok(self.events_of(centre, from, limit)?)
    }

    fn acknowledged(&self, author: &CentreCode, applied: u64) -> Result<Option<(u64, Time)>, ShelfError> {
        // Rows that say more come later: the smallest number that suffices is the first row that does.
        let sql = "SELECT idx, at FROM acknowledged WHERE author = ?1 AND applied >= ?2 ORDER BY applied LIMIT 1";
        let Ok(applied) = signed(applied) else { return Ok(None) };
        Ok(self.one(sql, params![author.as_str(), applied], |row| Ok((unsigned(row, 0)?, Time(row.get(1)?))))?)
    }

    fn acknowledged_most(&self, author: &CentreCode) -> Result<u64, ShelfError> {
        let sql = "SELECT coalesce(max(applied), 0) FROM acknowledged WHERE author = ?1";
        Ok(self.one(sql, [author.as_str()], |row| unsigned(row, 0))?.unwrap_or_default())
    }

    fn cases_made(&self) -> Result<u64, ShelfError> {
        Ok(self.newest_case()?)
    }

    fn case(&self, serial: u64) -> Result<Option<CaseRecord>, ShelfError> {
        let Ok(serial) = signed(serial) else { return Ok(None) };
        Ok(self.one_case("serial = ?1", [serial])?)
    }

    fn case_of(&self, listing: &ListingId) -> Result<Option<CaseRecord>, ShelfError> {
        Ok(self.one_case("listing = ?1", [listing.0])?)
    }

    fn case_of_decision(&self, decision: &Digest) -> Result<Option<CaseRecord>, ShelfError> {
        Ok(self.first_case_of(decision)?)
    }

    fn cases_open(&self, after: Option<u64>, limit: usize) -> Result<Vec<CaseRecord>, ShelfError> {
        let Ok(after) = signed(after.unwrap_or_default()) else { return Ok(Vec::new()) };
        Ok(self.many_cases("waits AND serial > ?1 ORDER BY serial LIMIT ?2", [after, most(limit)])?)
    }

    fn cases_due(&self, now: Time, limit: usize) -> Result<Vec<CaseRecord>, ShelfError> {
        let due = "state = 'notified' AND waits_until IS NOT NULL AND waits_until < ?1 ORDER BY waits_until, serial LIMIT ?2";
        Ok(self.many_cases(due, [now.0, most(limit)])?)
    }

    fn import(&self, file: &Digest) -> Result<Option<ImportRecord>, ShelfError> {
        Ok(self.import_of(file)?)
    }

    fn imports_open(&self, limit: usize) -> Result<Vec<ImportRecord>, ShelfError> {
        Ok(self.open_imports(limit)?)
    }

    fn imports_made(&self) -> Result<u64, ShelfError> {
        Ok(self.newest_import()?)
    }

    fn staged(&self, import: u64, after: u64, limit: usize) -> Result<Vec<(StagedRow, bool)>, ShelfError> {
        Ok(self.staged_after(import, after, limit)?)
    }

    fn staged_case(&self, import: u64, row: u64) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.case_staged(import, row)?)
    }

    fn staged_decision(&self, import: u64, decision: &Digest) -> Result<Option<StagedRow>, ShelfError> {
        Ok(self.staged_under(import, decision)?)
    }

    fn staged_listing(&self, import: u64, listing: &ListingId) -> Result<Option<StagedRow>, ShelfError> {
        Ok(self.staged_for(import, listing)?)
    }

    fn is_known(&self, import: Option<u64>, listing: &ListingId, decision: &Digest, subject: &ListingId) -> Result<bool, ShelfError> {
        Ok(self.known(import, listing, decision, subject)?)
    }

    fn import_gone(&self, import: u64, limit: usize) -> Result<(Vec<u64>, u64), ShelfError> {
        Ok(self.gone_from(import, limit)?)
    }

    fn hits_pending(&self, limit: usize) -> Result<Vec<PendingHit>, ShelfError> {
        let sql = format!("SELECT {PENDING_COLUMNS} FROM pending_hit ORDER BY serial LIMIT ?1");
        Ok(self.all(&sql, [most(limit)], |row| self.pending_hit(row))?)
    }

    fn hits_of(&self, listing: &ListingId, limit: usize) -> Result<Vec<HitRow>, ShelfError> {
        Ok(self.hits_on(listing, limit)?)
    }

    fn impersonated(&self, subject: &ListingId) -> Result<bool, ShelfError> {
        Ok(self.any("SELECT 1 FROM impersonated WHERE subject = ?1", [subject.0])?)
    }

    fn used(&self, day: Day, operator: Option<&OperatorName>) -> Result<u64, ShelfError> {
        let operator = operator.map(OperatorName::as_str).unwrap_or_default();
        let sql = "SELECT used FROM used WHERE day = ?1 AND operator = ?2";
        Ok(self.one(sql, params![day.number(), operator], |row| unsigned(row, 0))?.unwrap_or_default())
    }

    fn withheld(&self, centre: &CentreCode) -> Result<bool, ShelfError> {
        let sql = "SELECT 1 FROM withheld WHERE centre = (SELECT centre FROM journal WHERE code = ?1) LIMIT 1";
        Ok(self.any(sql, [centre.as_str()])?)
    }

    fn withheld_rows(&self, after: Option<(&CentreCode, u64)>, limit: usize) -> Result<Vec<WithheldRow>, ShelfError> {
        let sql = "SELECT j.code, w.idx, w.station, w.blamed FROM withheld w JOIN journal j USING (centre)
                   WHERE (j.code, w.idx) > (?1, ?2) ORDER BY j.code, w.idx LIMIT ?3";
        // No code is empty.
        let (centre, index) = after.map_or(("", 0), |(centre, index)| (centre.as_str(), index));
        let read = |row: &Row<'_>| {
            Ok(WithheldRow { centre: name(row, 0)?, index: unsigned(row, 1)?, by: StationKey(row.get(2)?), blamed: row.get(3)? })
        };
        Ok(self.all(sql, params![centre, signed(index)?, most(limit)], read)?)
    }
}
