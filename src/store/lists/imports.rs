//! Imports: the files, their staged rows, and which published cases are gone from a file.

use std::collections::BTreeSet;

use anju_core::listing::import::{ImportCounts, ImportRecord, ImportState, RowsDigest, StagedAs, StagedRow};
use anju_core::names::{Digest, ListingId};
use anju_core::operator::OperatorName;
use anju_core::shelf::check::{self, Misfit};
use anju_core::time::Time;
use rusqlite::{Params, Row, Statement, params};

use super::super::read::{most, name, planned_once, present, signed, unsigned};
use super::super::sealed::{Column, rng};
use super::super::{Db, Role, Store, StoreError};
use super::{place, places};

const IMPORT_COLUMNS: &str = "serial, file, salt, state, staged, last_row, digest, count_new, count_changed, count_same, count_over,
                              listed_row, by_name, by_at, evidence, approved_name, approved_at, approval, count_held, listed";
/// With the body, if it is still there.
const STAGED_COLUMNS: &str = "s.import, s.row, s.listing, s.becomes, s.replaces, s.drop_after, s.content, b.body,
                              s.decision, s.said, s.subject";
/// Whether there is more to know of a staged row.
const STAGED_KNOWN: &str = "EXISTS (SELECT 1 FROM case_file c WHERE c.listing = s.listing)
                            OR EXISTS (SELECT 1 FROM impersonated i WHERE i.subject = s.subject)";
const STAGED_BODY: &str = "LEFT JOIN staged_body b ON b.place = (s.import << 40) | s.row";

impl Store {
    pub(super) fn write_import(&self, import: &ImportRecord) -> Result<(), StoreError> {
        let (serial, _) = check::serial(self.newest_import()?, import.serial)?;
        let key = signed(serial)?;
        if self.any("SELECT 1 FROM import_file WHERE file = ?1 AND serial <> ?2", params![import.file.0, key])? {
            return Err(Misfit::Exists.into());
        }
        let bound_to = [serial.to_be_bytes()];
        let bound_to: [&[u8]; 1] = [&bound_to[0]];
        let evidence = self.columns.seal(Column::ImportEvidence, &bound_to, import.evidence.as_bytes())?;
        let approval = import.approval.as_ref().map(|act| self.columns.seal(Column::ImportApproval, &bound_to, act.as_bytes()));
        let sql = "INSERT INTO import_file (serial, file, salt, state, staged, last_row, digest, count_new, count_changed, count_same,
                   count_over, listed_row, by_name, by_at, evidence, approved_name, approved_at, approval,
                   count_held, listed)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
                   ON CONFLICT (serial) DO UPDATE SET file = excluded.file, salt = excluded.salt, state = excluded.state,
                   staged = excluded.staged, last_row = excluded.last_row, digest = excluded.digest, count_new = excluded.count_new,
                   count_changed = excluded.count_changed, count_same = excluded.count_same, count_over = excluded.count_over,
                   listed_row = excluded.listed_row, by_name = excluded.by_name, by_at = excluded.by_at, evidence = excluded.evidence,
                   approved_name = excluded.approved_name, approved_at = excluded.approved_at, approval = excluded.approval,
                   count_held = excluded.count_held, listed = excluded.listed";
        self.run(
            sql,
            params![
                key,
                import.file.0,
                import.salt,
                import.state.code(),
                signed(import.staged)?,
                signed(import.last_row)?,
                import.digest.0.0,
                signed(import.counts.new)?,
                signed(import.counts.changed)?,
                signed(import.counts.same)?,
                signed(import.counts.over)?,
                signed(import.listed_row)?,
                import.by.0.as_str(),
                import.by.1.0,
                evidence,
                import.approved.as_ref().map(|(name, _)| name.as_str()),
                import.approved.as_ref().map(|(_, at)| at.0),
                approval.transpose()?,
                signed(import.counts.held)?,
                signed(import.listed)?,
            ],
        )?;
        Ok(())
    }

    /// Rows are new, as a rule; one that comes again takes the place of what was staged before.
    pub(super) fn stage(&self, rows: &[StagedRow]) -> Result<(), StoreError> {
        let (mut newest, mut rng) = (self.newest_text()?, rng()?);
        let sql = "INSERT INTO staged (import, row, listing, becomes, replaces, drop_after, content, decision, said, subject)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (import, row) DO NOTHING";
        let mut insert = self.conn.prepare_cached(sql)?;
        let mut body = self.conn.prepare_cached("INSERT INTO staged_body (place, body, text) VALUES (?1, ?2, ?3)")?;
        let mut text = self.conn.prepare_cached("INSERT INTO case_text (id, sealed) VALUES (?1, ?2)")?;
        for row in rows {
            let at = place(signed(row.import)?, row.row)?;
            if stage_row(&mut insert, row)? == 0 {
                self.drop_staged(at, at)?;
                self.run("DELETE FROM staged WHERE import = ?1 AND row = ?2", [signed(row.import)?, signed(row.row)?])?;
                stage_row(&mut insert, row)?;
            }
            if row.body.is_empty() && row.case.is_empty() {
                continue;
            }
            let held = (!row.case.is_empty()).then(|| newest + 1);
            if let Some(id) = held {
                newest = id;
                text.execute(params![id, self.columns.seal_with(&mut rng, Column::CaseText, &[&row.listing.0], &row.case)])?;
            }
            body.execute(params![at, row.body, held])?;
        }
        [insert, body, text].iter().for_each(|statement| planned_once(statement));
        Ok(())
    }

    /// What goes of staged rows once they are dealt with.
    fn drop_staged(&self, first: i64, last: i64) -> Result<(), StoreError> {
        let texts = "DELETE FROM case_text WHERE id IN (SELECT text FROM staged_body WHERE place BETWEEN ?1 AND ?2 AND text IS NOT NULL)";
        self.run(texts, [first, last])?;
        self.run("DELETE FROM staged_body WHERE place BETWEEN ?1 AND ?2", [first, last]).map(|_| ())
    }

    pub(super) fn forget(&self, import: u64) -> Result<(), StoreError> {
        let Ok(key) = signed(import) else { return Ok(()) };
        let (first, last) = places(key)?;
        self.drop_staged(first, last)?;
        self.run("DELETE FROM staged WHERE import = ?1", [key])?;
        self.run("DELETE FROM import_file WHERE serial = ?1", [key]).map(|_| ())
    }

    /// The rows themselves stay: they say what the file had. A case that was adopted is no staged row's any more.
    pub(super) fn unstage(&self, import: u64, up_to: u64) -> Result<(), StoreError> {
        let Ok((first, last)) = signed(import).and_then(places) else { return Ok(()) };
        let up_to = signed(import).and_then(|key| place(key, up_to)).unwrap_or(last);
        self.drop_staged(first, up_to)
    }
}

impl<R: Role> Db<R> {
    pub(super) fn newest_import(&self) -> Result<u64, StoreError> {
        let newest = self.one("SELECT max(serial) FROM import_file", (), |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        Ok(newest.flatten().unwrap_or_default().unsigned_abs())
    }

    pub(super) fn import_of(&self, file: &Digest) -> Result<Option<ImportRecord>, StoreError> {
        self.one(&format!("SELECT {IMPORT_COLUMNS} FROM import_file WHERE file = ?1"), [file.0], |row| self.import_row(row))
    }

    pub(super) fn open_imports(&self, limit: usize) -> Result<Vec<ImportRecord>, StoreError> {
        let sql = format!("SELECT {IMPORT_COLUMNS} FROM import_file WHERE state <> 'done' ORDER BY serial LIMIT ?1");
        self.all(&sql, [most(limit)], |row| self.import_row(row))
    }

    fn import_row(&self, row: &Row<'_>) -> Result<ImportRecord, StoreError> {
        let serial = unsigned(row, 0)?;
        let number = serial.to_be_bytes();
        let evidence = self.columns.open_text(Column::ImportEvidence, &[&number], &row.get::<_, Vec<u8>>(14)?)?;
        let approval: Option<Vec<u8>> = row.get(17)?;
        let approval = approval.map(|act| self.columns.open_text(Column::ImportApproval, &[&number], &act)).transpose()?;
        let approved = match row.get::<_, Option<String>>(15)? {
            None => None,
            Some(_) => Some((name::<OperatorName>(row, 15)?, Time(present(row, 16)?))),
        };
        Ok(ImportRecord {
            file: Digest(row.get(1)?),
            serial,
            salt: row.get(2)?,
            state: ImportState::from_code(&row.get::<_, String>(3)?).ok_or_else(|| StoreError::damaged("import_file.state"))?,
            staged: unsigned(row, 4)?,
            last_row: unsigned(row, 5)?,
            digest: RowsDigest(Digest(row.get(6)?)),
            counts: ImportCounts {
                new: unsigned(row, 7)?,
                changed: unsigned(row, 8)?,
                same: unsigned(row, 9)?,
                over: unsigned(row, 10)?,
                held: unsigned(row, 18)?,
            },
            listed_row: unsigned(row, 11)?,
            listed: unsigned(row, 19)?,
            by: (name(row, 12)?, Time(row.get(13)?)),
            evidence,
            approved,
            approval,
        })
    }

    pub(super) fn staged_after(&self, import: u64, after: u64, limit: usize) -> Result<Vec<(StagedRow, bool)>, StoreError> {
        let (Ok(import), Ok(after)) = (signed(import), signed(after)) else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {STAGED_COLUMNS}, {STAGED_KNOWN} FROM staged s {STAGED_BODY}
             WHERE s.import = ?1 AND s.row > ?2 ORDER BY s.row LIMIT ?3"
        );
        self.all(&sql, [import, after, most(limit)], |row| Ok((staged_row(row)?, row.get(11)?)))
    }

    pub(super) fn staged_for(&self, import: u64, listing: &ListingId) -> Result<Option<StagedRow>, StoreError> {
        let Ok(import) = signed(import) else { return Ok(None) };
        self.first_staged("staged_by_listing", "s.listing = ?2", params![import, listing.0])
    }

    pub(super) fn staged_under(&self, import: u64, decision: &Digest) -> Result<Option<StagedRow>, StoreError> {
        let Ok(import) = signed(import) else { return Ok(None) };
        let found = "substr(s.decision, 1, 8) = substr(?2, 1, 8) AND s.decision = ?2";
        self.first_staged("staged_by_decision", found, params![import, decision.0])
    }

    /// The first row in the order of the file. The index is named: left to itself SQLite walks the rows in their order, for only one is
    /// wanted, and goes to the end of the file for each that is new.
    fn first_staged<P: Params>(&self, index: &str, found: &str, params: P) -> Result<Option<StagedRow>, StoreError> {
        let sql = format!(
            "SELECT {STAGED_COLUMNS} FROM staged s INDEXED BY {index} {STAGED_BODY}
             WHERE s.import = ?1 AND {found} ORDER BY s.row LIMIT 1"
        );
        self.one(&sql, params, staged_row)
    }

    /// The plans are those of the looks that this one stands for, each by its index.
    pub(super) fn known(
        &self,
        import: Option<u64>,
        listing: &ListingId,
        decision: &Digest,
        subject: &ListingId,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM staged INDEXED BY staged_by_listing WHERE import = ?1 AND listing = ?2)
            OR EXISTS (SELECT 1 FROM staged INDEXED BY staged_by_decision
                       WHERE import = ?1 AND substr(decision, 1, 8) = substr(?3, 1, 8) AND decision = ?3)
            OR EXISTS (SELECT 1 FROM case_file INDEXED BY case_by_listing WHERE listing = ?2)
            OR EXISTS (SELECT 1 FROM case_file INDEXED BY case_by_decision
                       WHERE substr(decision, 1, 8) = substr(?3, 1, 8) AND decision = ?3)
            OR EXISTS (SELECT 1 FROM impersonated WHERE subject = ?4)";
        let import = import.and_then(|import| signed(import).ok());
        let found = self.one(sql, params![import, listing.0, decision.0, subject.0], |row| Ok(row.get(0)?))?;
        Ok(found.unwrap_or_default())
    }

    pub(super) fn case_staged(&self, import: u64, row: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let (Ok(key), Ok(at)) = (signed(import), signed(row)) else { return Ok(None) };
        let Ok(at_place) = place(key, row) else { return Ok(None) };
        let sql = "SELECT s.listing, t.sealed FROM staged s JOIN staged_body b ON b.place = ?3 JOIN case_text t ON t.id = b.text
                   WHERE s.import = ?1 AND s.row = ?2";
        self.one(sql, [key, at, at_place], |row| self.staged_text(row))
    }

    /// From the columns listing and sealed.
    fn staged_text(&self, row: &Row<'_>) -> Result<Vec<u8>, StoreError> {
        let sealed = row.get::<_, Option<Vec<u8>>>(1)?.ok_or_else(|| StoreError::damaged("staged_body.text"))?;
        self.case_text(&ListingId(row.get(0)?), &sealed)
    }

    /// Both indexes are in the order of the listings, so they are walked side by side, page after page, and a case itself is looked at only
    /// when it is not in the file; only the smallest serials are remembered.
    pub(super) fn gone_from(&self, import: u64, limit: usize) -> Result<(Vec<u64>, u64), StoreError> {
        let sql = "SELECT serial FROM case_file INDEXED BY case_by_listing
                   WHERE CASE WHEN EXISTS (SELECT 1 FROM staged s WHERE s.import = ?1 AND s.listing = case_file.listing) THEN 0
                              ELSE idx IS NOT NULL AND import IS NOT NULL END
                   ORDER BY listing";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([signed(import).unwrap_or(i64::MAX)])?;
        let (mut first, mut count) = (BTreeSet::new(), 0);
        while let Some(row) = rows.next()? {
            count += 1;
            first.insert(unsigned(row, 0)?);
            if first.len() > limit {
                first.pop_last();
            }
        }
        Ok((first.into_iter().collect(), count))
    }

    pub(super) fn imports_that_stay_shut(&self) -> Result<u64, StoreError> {
        let files = self.shut(&format!("SELECT {IMPORT_COLUMNS} FROM import_file"), &|row| self.import_row(row).map(|_| ()))?;
        let rows = self.shut(&format!("SELECT {STAGED_COLUMNS} FROM staged s {STAGED_BODY}"), &|row| staged_row(row).map(|_| ()))?;
        let sql = format!(
            "SELECT s.listing, t.sealed FROM staged s {STAGED_BODY} LEFT JOIN case_text t ON t.id = b.text WHERE b.text IS NOT NULL"
        );
        Ok(files + rows + self.shut(&sql, &|row| self.staged_text(row).map(|_| ()))?)
    }
}

/// One row, unless there is one in its place.
fn stage_row(insert: &mut Statement<'_>, row: &StagedRow) -> Result<usize, StoreError> {
    let (becomes, replaces) = match row.becomes {
        StagedAs::New => ("new", None),
        StagedAs::Changed(index) => ("changed", Some(signed(index)?)),
        StagedAs::Same => ("same", None),
        StagedAs::Over => ("over", None),
    };
    let (import, at, drop_after) = (signed(row.import)?, signed(row.row)?, row.drop_after.0);
    let StagedRow { listing, content, decision, said, subject, .. } = row;
    let values = params![import, at, listing.0, becomes, replaces, drop_after, content.0, decision.0, said.0, subject.0];
    Ok(insert.execute(values)?)
}

fn staged_row(row: &Row<'_>) -> Result<StagedRow, StoreError> {
    let becomes = match row.get_ref(3)?.as_str().map_err(|_| StoreError::damaged("staged.becomes"))? {
        "new" => StagedAs::New,
        "changed" => {
            present::<i64>(row, 4)?;
            StagedAs::Changed(unsigned(row, 4)?)
        }
        "same" => StagedAs::Same,
        "over" => StagedAs::Over,
        _ => return Err(StoreError::damaged("staged.becomes")),
    };
    Ok(StagedRow {
        import: unsigned(row, 0)?,
        row: unsigned(row, 1)?,
        listing: ListingId(row.get(2)?),
        becomes,
        body: row.get::<_, Option<Vec<u8>>>(7)?.unwrap_or_default(),
        drop_after: Time(row.get(5)?),
        case: Vec::new(),
        content: Digest(row.get(6)?),
        decision: Digest(row.get(8)?),
        said: Digest(row.get(9)?),
        subject: ListingId(row.get(10)?),
    })
}
