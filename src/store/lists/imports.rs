//! Imports: the files, their staged rows, and which published cases are gone from a file.

use std::collections::BTreeSet;

use anju_core::listing::import::{ImportCounts, ImportRecord, ImportState, RowsDigest, StagedAs, StagedRow};
use anju_core::names::{Digest, ListingId};
use anju_core::operator::OperatorName;
use anju_core::shelf::check::{self, Misfit};
use anju_core::time::Time;
use rusqlite::{Params, Row, params};

use super::super::read::{most, name, present, signed, unsigned};
use super::super::sealed::Column;
use super::super::{Db, Role, Store, StoreError};
use super::{place, places};

const IMPORT_COLUMNS: &str = "serial, file, salt, state, staged, last_row, digest, count_new, count_changed, count_same, count_over,
                              listed_row, by_name, by_at, evidence, approved_name, approved_at, approval, count_held, listed";
/// With the body, if it is still there.
const STAGED_COLUMNS: &str = "s.import, s.row, s.listing, s.becomes, s.replaces, s.drop_after, s.content, b.body, b.sealed,
                              s.decision, s.said, s.subject";
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

    pub(super) fn stage(&self, row: &StagedRow) -> Result<(), StoreError> {
        let bound_to: [&[u8]; 2] = [&row.import.to_be_bytes(), &row.row.to_be_bytes()];
        let key = signed(row.import)?;
        let at = place(key, row.row)?;
        let (becomes, replaces) = match row.becomes {
            StagedAs::New => ("new", None),
            StagedAs::Changed(index) => ("changed", Some(signed(index)?)),
            StagedAs::Same => ("same", None),
            StagedAs::Over => ("over", None),
        };
        let content = self.columns.seal(Column::StagedContent, &bound_to, &row.content.0)?;
        let sql = "INSERT INTO staged (import, row, listing, becomes, replaces, drop_after, content, decision, said, subject)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (import, row) DO UPDATE SET listing = excluded.listing, becomes = excluded.becomes,
                   replaces = excluded.replaces, drop_after = excluded.drop_after, content = excluded.content, decision = excluded.decision,
                   said = excluded.said, subject = excluded.subject";
        let keyed = [row.decision.0, row.said.0];
        let values =
            params![key, signed(row.row)?, row.listing.0, becomes, replaces, row.drop_after.0, content, keyed[0], keyed[1], row.subject.0];
        self.run(sql, values)?;
        if row.body.is_empty() && row.case.is_empty() {
            return self.run("DELETE FROM staged_body WHERE place = ?1", [at]).map(|_| ());
        }
        let case = self.columns.seal(Column::StagedCase, &bound_to, &row.case)?;
        let sql = "INSERT INTO staged_body (place, body, sealed) VALUES (?1, ?2, ?3)
                   ON CONFLICT (place) DO UPDATE SET body = excluded.body, sealed = excluded.sealed";
        self.run(sql, params![at, row.body, case]).map(|_| ())
    }

    pub(super) fn forget(&self, import: u64) -> Result<(), StoreError> {
        let Ok(key) = signed(import) else { return Ok(()) };
        let (first, last) = places(key)?;
        self.run("DELETE FROM staged_body WHERE place BETWEEN ?1 AND ?2", [first, last])?;
        self.run("DELETE FROM staged WHERE import = ?1", [key])?;
        self.run("DELETE FROM import_file WHERE serial = ?1", [key]).map(|_| ())
    }

    /// The rows themselves stay: they say what the file had.
    pub(super) fn unstage(&self, import: u64, up_to: u64) -> Result<(), StoreError> {
        let Ok((first, last)) = signed(import).and_then(places) else { return Ok(()) };
        let up_to = signed(import).and_then(|key| place(key, up_to)).unwrap_or(last);
        self.run("DELETE FROM staged_body WHERE place BETWEEN ?1 AND ?2", [first, up_to]).map(|_| ())
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

    pub(super) fn staged_after(&self, import: u64, after: u64, limit: usize) -> Result<Vec<StagedRow>, StoreError> {
        let (Ok(import), Ok(after)) = (signed(import), signed(after)) else { return Ok(Vec::new()) };
        let sql = format!("SELECT {STAGED_COLUMNS} FROM staged s {STAGED_BODY} WHERE s.import = ?1 AND s.row > ?2 ORDER BY s.row LIMIT ?3");
        self.all(&sql, [import, after, most(limit)], |row| self.staged_row(row))
    }

    pub(super) fn staged_for(&self, import: u64, listing: &ListingId) -> Result<Option<StagedRow>, StoreError> {
        let Ok(import) = signed(import) else { return Ok(None) };
        self.first_staged("staged_by_listing", "listing", params![import, listing.0])
    }

    pub(super) fn staged_under(&self, import: u64, decision: &Digest) -> Result<Option<StagedRow>, StoreError> {
        let Ok(import) = signed(import) else { return Ok(None) };
        self.first_staged("staged_by_decision", "decision", params![import, decision.0])
    }

    /// The first row in the order of the file. The index is named: left to itself SQLite walks the rows in their order, for only one is
    /// wanted, and goes to the end of the file for each that is new.
    fn first_staged<P: Params>(&self, index: &str, column: &str, found: P) -> Result<Option<StagedRow>, StoreError> {
        let sql = format!(
            "SELECT {STAGED_COLUMNS} FROM staged s INDEXED BY {index} {STAGED_BODY}
             WHERE s.import = ?1 AND s.{column} = ?2 ORDER BY s.row LIMIT 1"
        );
        self.one(&sql, found, |row| self.staged_row(row))
    }

    fn staged_row(&self, row: &Row<'_>) -> Result<StagedRow, StoreError> {
        let (import, index) = (unsigned(row, 0)?, unsigned(row, 1)?);
        let bound_to: [&[u8]; 2] = [&import.to_be_bytes(), &index.to_be_bytes()];
        let content = self.columns.open(Column::StagedContent, &bound_to, &row.get::<_, Vec<u8>>(6)?)?;
        let case: Option<Vec<u8>> = row.get(8)?;
        let case = case.map(|case| self.columns.open(Column::StagedCase, &bound_to, &case)).transpose()?;
        let becomes = match row.get::<_, String>(3)?.as_str() {
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
            import,
            row: index,
            listing: ListingId(row.get(2)?),
            becomes,
            body: row.get::<_, Option<Vec<u8>>>(7)?.unwrap_or_default(),
            drop_after: Time(row.get(5)?),
            case: case.map(|case| case.to_vec()).unwrap_or_default(),
            content: Digest(content.as_slice().try_into().map_err(|_| StoreError::damaged("staged.content"))?),
            decision: Digest(row.get(9)?),
            said: Digest(row.get(10)?),
            subject: ListingId(row.get(11)?),
        })
    }

    /// Both indexes are in the order of the listings, so they are walked side by side, page after page; only the smallest serials are
    /// remembered.
    pub(super) fn gone_from(&self, import: u64, limit: usize) -> Result<(Vec<u64>, u64), StoreError> {
        let sql = "SELECT serial FROM case_file INDEXED BY case_by_listing
                   WHERE carried AND NOT EXISTS (SELECT 1 FROM staged s WHERE s.import = ?1 AND s.listing = case_file.listing)
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
        Ok(files + self.shut(&format!("SELECT {STAGED_COLUMNS} FROM staged s {STAGED_BODY}"), &|row| self.staged_row(row).map(|_| ()))?)
    }
}
