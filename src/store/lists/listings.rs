//! What journals say of listings: listings, what changed them, objections, hits told to us, how far others have our journal.

use anju_core::listing::objected::OBJECTIONS_PER_DAY;
use anju_core::listing::{Basis, Change, Day, Ground};
use anju_core::names::{CentreCode, ListingId, ListingRef, RequestId, SubjectToken};
use anju_core::shelf::{HitRow, ListProjection, ListingEnd, ListingRow, ObjectionRow, StandingUnder, newest_of_each};
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::super::read::{most, name, planned_once, present, signed, unsigned};
use super::super::sealed::Column;
use super::super::{Db, Role, Store, StoreError};
use super::{index_of, key_of_place, place, places};

const LISTING_COLUMNS: &str = "place, listing, pepper, token, restriction_until, publication_until, basis, at,
                               ended, ended_idx, ended_at, impersonated";
/// The columns of a listing and whose journal it stands in, in the order of the places: the rows of one journal come together, the newest
/// first.
const BY_TOKEN: &str = "SELECT place, listing, pepper, token, restriction_until, publication_until, basis, at,
                        ended, ended_idx, ended_at, impersonated, code
                        FROM listing INDEXED BY listing_by_token CROSS JOIN journal ON centre = place >> 40
                        WHERE token = ?1 ORDER BY place DESC LIMIT ?2";
const OBJECTION_COLUMNS: &str = "author, idx, listing, ground, at, day, about_idx";
pub(in crate::store) const HIT_COLUMNS: &str = "author, idx, listing, listing_idx, request, matter, business_no, at";

impl Store {
    pub(in crate::store) fn list_projection(&self, projection: &ListProjection) -> Result<(), StoreError> {
        match projection {
            ListProjection::Decided(row) => self.decided(std::slice::from_ref(row)),
            ListProjection::DecidedInRow(rows) => self.decided(rows),
            ListProjection::Changed { place, end, answers } => self.changed(place, end, answers.as_ref()),
            ListProjection::Objected(row) => self.objected(row),
            ListProjection::Hit(row) => self.hit(row),
            ListProjection::Acknowledged { author, index, at, applied } => self.acknowledge(author, *index, *at, *applied),
        }
    }

    /// Rows of one journal, in its order.
    fn decided(&self, rows: &[ListingRow]) -> Result<(), StoreError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let key = self.key_of(&first.place.centre)?;
        // A row that comes after its ending, because its payload was missing, has ended all the same. In order none does: an ending is a
        // later row of the same journal.
        let behind = [place(key, first.place.index)?, places(key)?.1];
        let may_have_ended = self.any("SELECT 1 FROM change WHERE place BETWEEN ?1 AND ?2 LIMIT 1", behind)?;
        let sql = "INSERT INTO listing (place, listing, pepper, token, restriction_until, publication_until, basis, at,
                   ended, ended_idx, ended_at, impersonated)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (place) DO NOTHING";
        let mut insert = self.conn.prepare_cached(sql)?;
        for row in rows {
            let at = place(key, row.place.index)?;
            let known = if may_have_ended && row.ended.is_none() { self.ending_of(at)? } else { None };
            let ended = row.ended.as_ref().or(known.as_ref());
            insert.execute(params![
                at,
                row.listing.0,
                signed(row.pepper)?,
                row.token.0,
                row.restriction_until.number(),
                row.publication_until.number(),
                row.basis.code(),
                row.at.0,
                ended.map(|end| end.change.code()),
                ended.map(|end| signed(end.index)).transpose()?,
                ended.map(|end| end.at.0),
                ended.map(|end| end.impersonated),
            ])?;
        }
        planned_once(&insert);
        Ok(())
    }

    /// The first ending that is known of the row at `about`.
    fn ending_of(&self, about: i64) -> Result<Option<ListingEnd>, StoreError> {
        let sql = "SELECT place, change, at, impersonated FROM change WHERE about = ?1 AND change <> 'upheld' ORDER BY place LIMIT 1";
        self.one(sql, [about], |row| {
            Ok(ListingEnd {
                change: change(&row.get::<_, String>(1)?)?,
                index: index_of(row.get(0)?),
                at: Time(row.get(2)?),
                impersonated: row.get(3)?,
            })
        })
    }

    fn changed(&self, about: &ListingRef, end: &ListingEnd, answers: Option<&(CentreCode, u64)>) -> Result<(), StoreError> {
        if end.index <= about.index {
            // A change of a row that comes after it in the journal is none.
            return Ok(());
        }
        let key = self.key_of(&about.centre)?;
        let (at, about) = (place(key, end.index)?, place(key, about.index)?);
        let sql = "INSERT INTO change (place, about, change, at, impersonated, answers_author, answers_idx)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (place) DO NOTHING";
        let answers_index = answers.map(|(_, index)| signed(*index)).transpose()?;
        let answers_author = answers.map(|(author, _)| author.as_str());
        self.run(sql, params![at, about, end.change.code(), end.at.0, end.impersonated, answers_author, answers_index])?;
        if end.change.ends() {
            // The first ending stands, in whatever order they come.
            let sql = "UPDATE listing SET ended = ?2, ended_idx = ?3, ended_at = ?4, impersonated = ?5
                       WHERE place = ?1 AND (ended IS NULL OR ended_idx > ?3)";
            self.run(sql, params![about, end.change.code(), signed(end.index)?, end.at.0, end.impersonated])?;
        }
        Ok(())
    }

    fn objected(&self, row: &ObjectionRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO objection (author, idx, about_centre, about_idx, listing, ground, at, day)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (author, idx) DO NOTHING";
        self.run(
            sql,
            params![
                row.author.as_str(),
                signed(row.index)?,
                row.about.centre.as_str(),
                signed(row.about.index)?,
                row.listing.0,
                row.ground.code(),
                row.at.0,
                Day::of(row.at).number(),
            ],
        )?;
        Ok(())
    }

    fn hit(&self, row: &HitRow) -> Result<(), StoreError> {
        let bound_to: [&[u8]; 2] = [row.author.as_str().as_bytes(), &row.index.to_be_bytes()];
        let business_no = self.columns.seal(Column::HitBusinessNo, &bound_to, row.business_no.as_bytes())?;
        let sql = "INSERT INTO hit (author, idx, listing, listing_idx, request, matter, business_no, at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (author, idx) DO NOTHING";
        self.run(
            sql,
            params![
                row.author.as_str(),
                signed(row.index)?,
                row.listing.0,
                signed(row.listing_index)?,
                row.request.0,
                row.matter,
                business_no,
                row.at.0,
            ],
        )?;
        Ok(())
    }

    /// Only vectors that say more than every one before them are kept, in whatever order they come.
    fn acknowledge(&self, author: &CentreCode, index: u64, at: Time, applied: u64) -> Result<(), StoreError> {
        let (author, index, applied) = (author.as_str(), signed(index)?, signed(applied)?);
        let sql = "SELECT idx, applied FROM acknowledged WHERE author = ?1 AND idx <= ?2 ORDER BY idx DESC LIMIT 1";
        let before: Option<(i64, i64)> = self.one(sql, params![author, index], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if before.is_some_and(|(same, known)| same == index || known >= applied) {
            return Ok(());
        }
        self.run("DELETE FROM acknowledged WHERE author = ?1 AND idx > ?2 AND applied <= ?3", params![author, index, applied])?;
        let sql = "INSERT INTO acknowledged (author, idx, at, applied) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![author, index, at.0, applied]).map(|_| ())
    }
}

impl<R: Role> Db<R> {
    /// Nearly every token stands in no row or in a few: one look finds all of them. Only where there are more than are asked for is each
    /// journal asked by itself, so that no more is read however many rows of one centre carry the token.
    pub(super) fn listings_with(&self, token: &SubjectToken, limit: usize) -> Result<Vec<ListingRow>, StoreError> {
        let mut centres: Vec<(CentreCode, Vec<ListingRow>)> = Vec::new();
        let (mut key, mut found) = (None, 0);
        let mut statement = self.conn.prepare_cached(BY_TOKEN)?;
        let mut rows = statement.query(params![token.0, most(limit.saturating_add(1))])?;
        while let Some(row) = rows.next()? {
            found += 1;
            if found > limit {
                return self.listings_by_journal(token, limit);
            }
            let of = key_of_place(row.get(0)?);
            if key != Some(of) {
                key = Some(of);
                centres.push((name(row, 12)?, Vec::new()));
            }
            if let Some((centre, rows)) = centres.last_mut() {
                rows.push(listing_row(centre, row)?);
            }
        }
        // Journals are keyed as they came to be known.
        centres.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(newest_of_each(centres.into_iter().map(|(_, rows)| rows).collect(), limit))
    }

    fn listings_by_journal(&self, token: &SubjectToken, limit: usize) -> Result<Vec<ListingRow>, StoreError> {
        let sql =
            format!("SELECT {LISTING_COLUMNS} FROM listing WHERE token = ?1 AND place BETWEEN ?2 AND ?3 ORDER BY place DESC LIMIT ?4");
        let mut centres = Vec::new();
        for (key, centre) in self.journals()? {
            let (first, last) = places(key)?;
            let rows = self.all(&sql, params![token.0, first, last, most(limit)], |row| listing_row(&centre, row))?;
            if !rows.is_empty() {
                centres.push(rows);
            }
        }
        Ok(newest_of_each(centres, limit))
    }

    pub(super) fn listing_at(&self, of: &ListingRef) -> Result<Option<ListingRow>, StoreError> {
        let Some(at) = self.place_of(of)? else { return Ok(None) };
        let sql = format!("SELECT {LISTING_COLUMNS} FROM listing WHERE place = ?1");
        self.one(&sql, [at], |row| listing_row(&of.centre, row))
    }

    /// The place of a statement, if its journal is known here.
    fn place_of(&self, of: &ListingRef) -> Result<Option<i64>, StoreError> {
        Ok(self.journal_key(&of.centre)?.and_then(|(key, _)| place(key, of.index).ok()))
    }

    pub(super) fn objections_to(&self, about: &ListingRef, listing: &ListingId, limit: usize) -> Result<Vec<ObjectionRow>, StoreError> {
        // No row has so high an index; every one that there is lies below.
        let index = i64::try_from(about.index).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT {OBJECTION_COLUMNS} FROM objection INDEXED BY objection_by_listing
             WHERE listing = ?1 AND about_centre = ?2 AND about_idx <= ?3 ORDER BY author, idx LIMIT ?4"
        );
        let key = self.journal_key(&about.centre)?.map(|(key, _)| key);
        self.all(&sql, params![listing.0, about.centre.as_str(), index, most(limit)], |row| self.objection_row(&about.centre, key, row))
    }

    /// `key` is that of the journal of the centre it is about, if that is known here.
    fn objection_row(&self, about: &CentreCode, key: Option<i64>, row: &Row<'_>) -> Result<ObjectionRow, StoreError> {
        let author: CentreCode = name(row, 0)?;
        let index: i64 = row.get(1)?;
        let day: i64 = row.get(5)?;
        let sql = "SELECT count(*) FROM (SELECT 1 FROM objection WHERE author = ?1 AND day = ?2 AND idx < ?3 LIMIT ?4)";
        let before_it =
            self.one(sql, params![author.as_str(), day, index, signed(OBJECTIONS_PER_DAY)?], |row| unsigned(row, 0))?.unwrap_or_default();
        let about = ListingRef { centre: about.clone(), index: unsigned(row, 6)? };
        let sql =
            "SELECT place FROM change WHERE answers_author = ?1 AND answers_idx = ?2 AND about BETWEEN ?3 AND ?4 ORDER BY place LIMIT 1";
        let answered = match key {
            Some(key) => {
                let (first, last) = (place(key, about.index)?, places(key)?.1);
                self.one(sql, params![author.as_str(), index, first, last], |row| Ok(index_of(row.get(0)?)))?
            }
            None => None,
        };
        let ground = Ground::from_code(&row.get::<_, String>(3)?).ok_or_else(|| StoreError::damaged("objection.ground"))?;
        let (listing, at) = (ListingId(row.get(2)?), Time(row.get(4)?));
        Ok(ObjectionRow { author, index: unsigned(row, 1)?, about, listing, ground, at, before_it, answered })
    }

    pub(super) fn standing_by_pepper(&self, day: Day) -> Result<Vec<StandingUnder>, StoreError> {
        let sql = "SELECT code, pepper, listings FROM journal JOIN
                   (SELECT place >> 40 AS of, pepper, count(*) AS listings FROM listing
                    WHERE ended IS NULL AND max(restriction_until, publication_until) >= ?1 GROUP BY 1, 2) ON centre = of
                   ORDER BY code, pepper";
        self.all(sql, [day.number()], |row| {
            Ok(StandingUnder { centre: name(row, 0)?, pepper: unsigned(row, 1)?, listings: unsigned(row, 2)? })
        })
    }

    pub(super) fn standing_of(
        &self,
        centre: &CentreCode,
        from: u64,
        pepper: u64,
        day: Day,
        limit: usize,
    ) -> Result<Vec<ListingRow>, StoreError> {
        let Some((key, _)) = self.journal_key(centre)? else { return Ok(Vec::new()) };
        let (Ok(first), Ok(pepper)) = (place(key, from), signed(pepper)) else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {LISTING_COLUMNS} FROM listing WHERE place BETWEEN ?1 AND ?2 AND pepper < ?3 AND ended IS NULL
             AND max(restriction_until, publication_until) >= ?4 ORDER BY place LIMIT ?5"
        );
        self.all(&sql, params![first, places(key)?.1, pepper, day.number(), most(limit)], |row| listing_row(centre, row))
    }

    /// What the rows of one journal say of listings: three tables, each in row order.
    pub(super) fn events_of(&self, centre: &CentreCode, from: u64, limit: usize) -> Result<Vec<(u64, ListingRef)>, StoreError> {
        let mut events = Vec::new();
        let own = |index: u64| ListingRef { centre: centre.clone(), index };
        let range = self.journal_key(centre)?.and_then(|(key, _)| Some((place(key, from).ok()?, places(key).ok()?.1)));
        if let Some((first, last)) = range {
            let sql = "SELECT place, place FROM listing WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
            let changed = "SELECT place, about FROM change WHERE place BETWEEN ?1 AND ?2 ORDER BY place LIMIT ?3";
            for sql in [sql, changed] {
                let read = |row: &Row<'_>| Ok((index_of(row.get(0)?), own(index_of(row.get(1)?))));
                events.extend(self.all(sql, [first, last, most(limit)], read)?);
            }
        }
        if let Ok(from) = signed(from) {
            let sql = "SELECT idx, about_centre, about_idx FROM objection WHERE author = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3";
            let read = |row: &Row<'_>| Ok((unsigned(row, 0)?, ListingRef { centre: name(row, 1)?, index: unsigned(row, 2)? }));
            events.extend(self.all(sql, params![centre.as_str(), from, most(limit)], read)?);
        }
        events.sort();
        events.truncate(limit);
        Ok(events)
    }

    pub(super) fn hits_on(&self, listing: &ListingId, limit: usize) -> Result<Vec<HitRow>, StoreError> {
        let sql = format!("SELECT {HIT_COLUMNS} FROM hit WHERE listing = ?1 ORDER BY at DESC, author, idx LIMIT ?2");
        self.all(&sql, params![listing.0, most(limit)], |row| self.hit_row(row))
    }

    pub(in crate::store) fn hit_row(&self, row: &Row<'_>) -> Result<HitRow, StoreError> {
        let (author, index): (CentreCode, u64) = (name(row, 0)?, unsigned(row, 1)?);
        let bound_to: [&[u8]; 2] = [author.as_str().as_bytes(), &index.to_be_bytes()];
        let business_no = self.columns.open_text(Column::HitBusinessNo, &bound_to, &row.get::<_, Vec<u8>>(6)?)?;
        Ok(HitRow {
            listing: ListingId(row.get(2)?),
            listing_index: unsigned(row, 3)?,
            request: RequestId(row.get(4)?),
            matter: row.get(5)?,
            at: Time(row.get(7)?),
            author,
            index,
            business_no,
        })
    }

    pub(super) fn hits_that_stay_shut(&self) -> Result<u64, StoreError> {
        self.shut(&format!("SELECT {HIT_COLUMNS} FROM hit"), &|row| self.hit_row(row).map(|_| ()))
    }
}

fn change(code: &str) -> Result<Change, StoreError> {
    Change::from_code(code).ok_or_else(|| StoreError::damaged("the change of a listing"))
}

fn day(row: &Row<'_>, column: usize) -> Result<Day, StoreError> {
    Day::from_number(row.get(column)?).ok_or_else(|| StoreError::damaged("a day of a listing"))
}

fn basis(code: &str) -> Result<Basis, StoreError> {
    [Basis::Notified, Basis::Imported].into_iter().find(|basis| basis.code() == code).ok_or_else(|| StoreError::damaged("listing.basis"))
}

/// A code where it lies.
fn text<'row>(row: &'row Row<'_>, column: usize) -> Result<Option<&'row str>, StoreError> {
    row.get_ref(column)?.as_str_or_null().map_err(|_| StoreError::damaged("a code of a listing"))
}

fn listing_row(centre: &CentreCode, row: &Row<'_>) -> Result<ListingRow, StoreError> {
    let ended = match text(row, 8)? {
        None => None,
        Some(code) => Some(ListingEnd {
            change: change(code)?,
            index: unsigned(row, 9)?,
            at: Time(present(row, 10)?),
            impersonated: present(row, 11)?,
        }),
    };
    Ok(ListingRow {
        place: ListingRef { centre: centre.clone(), index: index_of(row.get(0)?) },
        listing: ListingId(row.get(1)?),
        pepper: unsigned(row, 2)?,
        token: SubjectToken(row.get(3)?),
        restriction_until: day(row, 4)?,
        publication_until: day(row, 5)?,
        basis: basis(text(row, 6)?.unwrap_or_default())?,
        at: Time(row.get(7)?),
        ended,
    })
}
