//! Reading: the core's [`Shelf`] over one connection. Every payload and header that leaves is hashed first.

use anju_core::audit::SubjectMark;
use anju_core::error::{FaultCode, RefusalCode, ShelfError};
use anju_core::grant::Mode;
use anju_core::journal::proof::subtree_from_stored;
use anju_core::journal::{Entry, Frontier};
use anju_core::names::{CentreCode, CertificateNumber, Digest, GrantId, RequestId, StatementId, StationKey, Thumbprint};
use anju_core::seal::Key;
use anju_core::seal::hpke::SealingKey;
use anju_core::shelf::{AccessRow, AnsweredRow, CertificateRow, Ended, Head, IssuedRecord, JournalState, Shelf};
use anju_core::time::Time;
use rusqlite::types::FromSql;
use rusqlite::{Params, Row, Statement, StatementStatus, params};
use zeroize::Zeroizing;

use super::sealed::Column;
use super::{Db, Role, StoreError};

/// A certificate that another history of its issuer ended has ended.
const CERTIFICATE_COLUMNS: &str = "number, issuer, idx, statement, kind, addressee, holder, holder_sealing, issued, expires,
    coalesce(ended_at, (SELECT b.at FROM beside b WHERE b.what = 'certificate' AND b.id = CAST(number AS BLOB) ORDER BY author, idx LIMIT 1)),
    coalesce(ended_reason, (SELECT b.said FROM beside b WHERE b.what = 'certificate' AND b.id = CAST(number AS BLOB)
                            ORDER BY author, idx LIMIT 1))";
pub(super) const ISSUED_COLUMNS: &str = "number, account_no, content_key, request, asked, subject";
/// Larger than any text that continues a prefix: no text of ours has this character.
const AFTER_EVERY_TEXT: char = '\u{10FFFF}';
/// How often a kept statement may be planned again: after a migration, or a table of another connection's.
const REPLANS_MAX: i32 = 8;

impl<R: Role> Db<R> {
    /// The first row, read by `read`.
    pub(super) fn one<T, P: Params>(
        &self,
        sql: &str,
        params: P,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let first = rows.next()?.map(read).transpose();
        drop(rows);
        planned_once(&statement);
        first
    }

    /// Every row, read by `read`. For statements whose number of rows is bounded.
    pub(super) fn all<T, P: Params>(
        &self,
        sql: &str,
        params: P,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(read(row)?);
        }
        drop(rows);
        planned_once(&statement);
        Ok(out)
    }

    /// Whether `sql` finds a row.
    pub(super) fn any<P: Params>(&self, sql: &str, params: P) -> Result<bool, StoreError> {
        Ok(self.one(sql, params, |_| Ok(()))?.is_some())
    }

    /// The key of a journal's rows and its size.
    pub(super) fn journal_key(&self, centre: &CentreCode) -> Result<Option<(i64, u64)>, StoreError> {
        let sql = "SELECT centre, size FROM journal WHERE code = ?1";
        self.one(sql, [centre.as_str()], |row| Ok((row.get(0)?, unsigned(row, 1)?)))
    }

    /// Keys and codes of all journals, in the order of the codes.
    pub(super) fn journals(&self) -> Result<Vec<(i64, CentreCode)>, StoreError> {
        self.all("SELECT centre, code FROM journal ORDER BY code", (), |row| Ok((row.get(0)?, name(row, 1)?)))
    }

    pub(super) fn journal_state(&self, centre: &CentreCode) -> Result<JournalState, StoreError> {
        let sql = "SELECT size, peaks, applied, head_size, head_root, head_note, head_heartbeat, head_received
                   FROM journal WHERE code = ?1";
        Ok(self.one(sql, [centre.as_str()], journal_state)?.unwrap_or_default())
    }

    /// Rows as they are for the core: sound headers, sound payloads or none.
    pub(super) fn sound_entries(&self, centre: &CentreCode, from: u64, max_rows: u64, max_bytes: usize) -> Result<Vec<Entry>, StoreError> {
        let Some((key, size)) = self.journal_key(centre)? else { return Ok(Vec::new()) };
        let wanted = size.saturating_sub(from).min(max_rows);
        let sql = "SELECT idx, leaf, header, payload FROM entry WHERE centre = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![key, signed(from.min(size))?, signed(wanted)?])?;
        let (mut out, mut bytes) = (Vec::new(), 0_usize);
        for index in from..from.saturating_add(wanted) {
            let Some(row) = rows.next()? else { return damaged_row(out, centre, index) };
            let stored = StoredRow::read(row)?;
            bytes = bytes.saturating_add(stored.bytes());
            if bytes > max_bytes && !out.is_empty() {
                break;
            }
            if stored.index != index || !stored.header_is_sound() {
                return damaged_row(out, centre, index);
            }
            let (entry, sound) = stored.into_entry();
            if !sound {
                self.role.notice(centre, index);
            }
            out.push(entry);
        }
        Ok(out)
    }

    fn stored_subtree(&self, key: i64, level: u8, index: u64) -> Result<Digest, StoreError> {
        let missing = || StoreError::Engine("no such subtree is held".to_owned());
        let Ok(index) = signed(index) else { return Err(missing()) };
        if level == 0 {
            let sql = "SELECT idx, leaf, header, NULL FROM entry WHERE centre = ?1 AND idx = ?2";
            let row = self.one(sql, [key, index], StoredRow::read)?.ok_or_else(missing)?;
            if !row.header_is_sound() {
                return Err(StoreError::Damaged(format!("the header of row {index}")));
            }
            return Ok(row.leaf);
        }
        let sql = "SELECT digest FROM subtree WHERE centre = ?1 AND level = ?2 AND idx = ?3";
        self.one(sql, [key, i64::from(level), index], |row| Ok(Digest(row.get(0)?)))?.ok_or_else(missing)
    }

    pub(super) fn access_row(&self, row: &Row<'_>) -> Result<AccessRow, StoreError> {
        let author: CentreCode = name(row, 0)?;
        let index = unsigned(row, 1)?;
        let bound_to: [&[u8]; 2] = [author.as_str().as_bytes(), &index.to_be_bytes()];
        let business_no = self.columns.open_text(Column::AccessBusinessNo, &bound_to, &row.get::<_, Vec<u8>>(8)?)?;
        let fields = serde_json::from_str(&row.get::<_, String>(9)?).map_err(|_| StoreError::damaged("access.fields"))?;
        let refused: Option<String> = row.get(10)?;
        Ok(AccessRow {
            index,
            at: Time(row.get(2)?),
            request: RequestId(row.get(3)?),
            asked: Digest(row.get(4)?),
            grant: GrantId(row.get(5)?),
            certificate: name(row, 6)?,
            matter: row.get(7)?,
            business_no,
            fields,
            refused: refused.map(|code| code.parse::<RefusalCode>()).transpose().map_err(|_| StoreError::damaged("access.refused"))?,
            asker: row
                .get::<_, Option<String>>(11)?
                .map_or_else(|| Ok(author.clone()), |code| CentreCode::new(&code))
                .map_err(|_| StoreError::damaged("access.asker"))?,
            mode: row.get::<_, Option<String>>(12)?.unwrap_or_else(|| Mode::Details.code().to_owned()),
            author,
        })
    }

    fn answered_row(&self, row: &Row<'_>) -> Result<AnsweredRow, StoreError> {
        let (asker, request): (CentreCode, [u8; 16]) = (name(row, 0)?, row.get(1)?);
        let text = self.columns.open_text(Column::Answered, &[asker.as_str().as_bytes(), &request], &row.get::<_, Vec<u8>>(4)?)?;
        Ok(AnsweredRow { asker, request: RequestId(request), asked: Digest(row.get(2)?), until: Time(row.get(3)?), text })
    }

    pub(super) fn issued_record(&self, row: &Row<'_>) -> Result<IssuedRecord, StoreError> {
        let number: CertificateNumber = name(row, 0)?;
        let bound_to = [number.as_str().as_bytes()];
        let account_no = self.columns.open_text(Column::IssuedAccountNo, &bound_to, &row.get::<_, Vec<u8>>(1)?)?;
        let content_key = self.open_key(Column::IssuedContentKey, &bound_to, &row.get::<_, Vec<u8>>(2)?)?;
        let request: Option<[u8; 16]> = row.get(3)?;
        let asked: Option<[u8; 32]> = row.get(4)?;
        let subject = row.get::<_, Option<[u8; 16]>>(5)?.map(SubjectMark);
        Ok(IssuedRecord { number, account_no, content_key, request: request.map(RequestId), asked: asked.map(Digest), subject })
    }

    /// Opens a sealed key.
    pub(super) fn open_key(&self, column: Column, row: &[&[u8]], sealed: &[u8]) -> Result<Key, StoreError> {
        let plain = self.columns.open(column, row, sealed)?;
        let bytes: Zeroizing<[u8; 32]> =
            Zeroizing::new(plain.as_slice().try_into().map_err(|_| StoreError::damaged("a sealed key is not one"))?);
        Ok(Key::from_bytes(*bytes))
    }

    fn damaged_rows(&self, limit: usize) -> Result<Vec<(CentreCode, u64)>, StoreError> {
        let sql = "SELECT j.code, d.idx FROM damaged d JOIN journal j USING (centre) ORDER BY j.code, d.idx LIMIT ?1";
        let mut rows = self.all(sql, [most(limit)], |row| Ok((name(row, 0)?, unsigned(row, 1)?)))?;
        rows.extend(self.role.noticed());
        rows.sort();
        rows.dedup();
        rows.truncate(limit);
        Ok(rows)
    }
}

/// What came before a damaged row is still good; the row itself stops whoever comes to it.
fn damaged_row(before: Vec<Entry>, centre: &CentreCode, index: u64) -> Result<Vec<Entry>, StoreError> {
    if before.is_empty() { Err(StoreError::DamagedRow { centre: centre.clone(), index }) } else { Ok(before) }
}

/// One row of `entry`, not yet trusted.
pub(super) struct StoredRow {
    pub(super) index: u64,
    pub(super) leaf: Digest,
    entry: Entry,
}

impl StoredRow {
    /// From the columns idx, leaf, header, payload.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let entry = Entry { header: row.get(2)?, payload: row.get(3)? };
        Ok(Self { index: unsigned(row, 0)?, leaf: Digest(row.get(1)?), entry })
    }

    fn bytes(&self) -> usize {
        self.entry.header.len() + self.entry.payload.as_ref().map_or(0, Vec::len)
    }

    pub(super) fn header_is_sound(&self) -> bool {
        self.entry.leaf() == self.leaf
    }

    pub(super) const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The row with its payload if that is sound, and whether it was: an absent payload is.
    pub(super) fn into_entry(mut self) -> (Entry, bool) {
        let sound = self.entry.check().is_ok();
        if !sound {
            self.entry.payload = None;
        }
        (self.entry, sound)
    }
}

/// A limit as SQLite takes it.
/// A statement that is kept is not planned again each time it runs (the setting in `open` sees to it): planning costs more than running.
pub(super) fn planned_once(statement: &Statement<'_>) {
    debug_assert!(statement.get_status(StatementStatus::RePrepare) <= REPLANS_MAX, "planned again and again: {statement:?}");
}

pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Engine("a number beyond 63 bits".to_owned()))
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| StoreError::damaged("a negative count"))
}

/// A name that was well formed when it was written.
pub(super) fn name<T: TryFrom<String>>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    T::try_from(row.get(column)?).map_err(|_| StoreError::Damaged(format!("the name in column {column} of a row")))
}

/// A column that is there when the columns beside it are.
pub(super) fn present<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get::<_, Option<T>>(column)?.ok_or_else(|| StoreError::Damaged(format!("column {column} of a row is missing")))
}

pub(super) fn peaks_from(bytes: &[u8]) -> Result<Vec<Digest>, StoreError> {
    let (chunks, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() { Ok(chunks.iter().copied().map(Digest).collect()) } else { Err(StoreError::damaged("journal.peaks")) }
}

fn journal_state(row: &Row<'_>) -> Result<JournalState, StoreError> {
    let size = unsigned(row, 0)?;
    let peaks = peaks_from(&row.get::<_, Vec<u8>>(1)?)?;
    let frontier = Frontier::from_parts(size, peaks).map_err(|_| StoreError::damaged("journal.peaks"))?;
    let head_size: Option<i64> = row.get(3)?;
    let head = match head_size {
        None => None,
        Some(_) => Some(Head {
            size: unsigned(row, 3)?,
            root: Digest(present(row, 4)?),
            note: present(row, 5)?,
            heartbeat: Time(present(row, 6)?),
            received: Time(present(row, 7)?),
        }),
    };
    Ok(JournalState { size, peaks: frontier.peaks().to_vec(), head, applied: unsigned(row, 2)? })
}

fn certificate_row(row: &Row<'_>) -> Result<CertificateRow, StoreError> {
    let addressee: Option<String> = row.get(5)?;
    let ended = match row.get::<_, Option<i64>>(10)? {
        None => None,
        Some(at) => Some(Ended { at: Time(at), reason: present(row, 11)? }),
    };
    Ok(CertificateRow {
        number: name(row, 0)?,
        issuer: name(row, 1)?,
        index: unsigned(row, 2)?,
        statement: StatementId(row.get(3)?),
        kind: row.get(4)?,
        addressee: addressee.map(CentreCode::try_from).transpose().map_err(|_| StoreError::damaged("certificate.addressee"))?,
        holder: Thumbprint(row.get(6)?),
        holder_sealing: SealingKey(row.get(7)?),
        issued: Time(row.get(8)?),
        expires: Time(row.get(9)?),
        ended,
    })
}

impl<R: Role> Db<R> {
    pub(super) fn certificates_addressed(
        &self,
        addressee: &CentreCode,
        after: Option<&CertificateNumber>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>, StoreError> {
        let sql = format!("SELECT {CERTIFICATE_COLUMNS} FROM certificate WHERE addressee = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
        let after = after.map(CertificateNumber::as_str).unwrap_or_default();
        self.all(&sql, params![addressee.as_str(), after, most(limit)], certificate_row)
    }
}

impl<R: Role> Shelf for Db<R> {
    fn journal(&self, centre: &CentreCode) -> Result<JournalState, ShelfError> {
        Ok(self.journal_state(centre)?)
    }

    fn entries(&self, centre: &CentreCode, from: u64, max_rows: u64, max_bytes: usize) -> Result<Vec<Entry>, ShelfError> {
        Ok(self.sound_entries(centre, from, max_rows, max_bytes)?)
    }

    fn subtree(&self, centre: &CentreCode, level: u8, index: u64) -> Result<Digest, ShelfError> {
        let Some((key, _)) = self.journal_key(centre)? else {
            return Err(ShelfError::Failed("no such subtree is held".to_owned()));
        };
        Ok(subtree_from_stored(level, index, &mut |level, index| self.stored_subtree(key, level, index))?)
    }

    fn certificate(&self, number: &CertificateNumber) -> Result<Option<CertificateRow>, ShelfError> {
        let sql = format!("SELECT {CERTIFICATE_COLUMNS} FROM certificate WHERE number = ?1");
        Ok(self.one(&sql, [number.as_str()], certificate_row)?)
    }

    fn certificate_of_holder(&self, holder: &Thumbprint, first: &CentreCode) -> Result<Option<CertificateRow>, ShelfError> {
        let sql = format!(
            "SELECT {CERTIFICATE_COLUMNS} FROM certificate c WHERE holder = ?1
             AND NOT EXISTS (SELECT 1 FROM holder_ended e WHERE e.holder = c.holder AND e.number = c.number)
             AND NOT EXISTS (SELECT 1 FROM beside b WHERE b.what = 'holder' AND b.key = c.holder AND b.id = CAST(c.number AS BLOB))
             ORDER BY issuer = ?2 DESC, number LIMIT 1"
        );
        Ok(self.one(&sql, params![holder.0, first.as_str()], certificate_row)?)
    }

    fn holder_ended(&self, holder: &Thumbprint, number: Option<&CertificateNumber>) -> Result<Option<Time>, ShelfError> {
        let sql = match number {
            Some(_) => {
                "SELECT min(at) FROM (SELECT at FROM holder_ended WHERE holder = ?1 AND number = ?2
                 UNION ALL SELECT at FROM beside WHERE what = 'holder' AND key = ?1 AND id = CAST(?2 AS BLOB))"
            }
            None => {
                "SELECT min(at) FROM (SELECT at FROM holder_ended WHERE holder = ?1 AND ?2 IS NULL
                 UNION ALL SELECT at FROM beside WHERE what = 'holder' AND key = ?1 AND key <> x'')"
            }
        };
        let at = self.one(sql, params![holder.0, number.map(CertificateNumber::as_str)], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        Ok(at.flatten().map(Time))
    }

    fn certificates(
        &self,
        issuer: &CentreCode,
        after: Option<&CertificateNumber>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>, ShelfError> {
        let sql = format!("SELECT {CERTIFICATE_COLUMNS} FROM certificate WHERE issuer = ?1 AND number > ?2 ORDER BY number LIMIT ?3");
        let after = after.map(CertificateNumber::as_str).unwrap_or_default();
        Ok(self.all(&sql, params![issuer.as_str(), after, most(limit)], certificate_row)?)
    }

    fn certificate_count(&self, issuer: &CentreCode, prefix: &str) -> Result<u64, ShelfError> {
        let sql = "SELECT count(*) FROM certificate WHERE issuer = ?1 AND number >= ?2 AND number < ?3";
        let end = format!("{prefix}{AFTER_EVERY_TEXT}");
        Ok(self.one(sql, params![issuer.as_str(), prefix, end], |row| unsigned(row, 0))?.unwrap_or_default())
    }

    fn grant_uses(&self, author: &CentreCode, grant: &GrantId, before: Option<u64>) -> Result<u32, ShelfError> {
        let sql = "SELECT count(*) FROM access WHERE author = ?1 AND grant_id = ?2 AND refused IS NULL AND idx < ?3";
        let before = before.and_then(|before| signed(before).ok()).unwrap_or(i64::MAX);
        let uses = self.one(sql, params![author.as_str(), grant.0, before], |row| unsigned(row, 0))?.unwrap_or_default();
        Ok(u32::try_from(uses).unwrap_or(u32::MAX))
    }

    fn grant_revoked(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError> {
        let sql = "SELECT min(at) FROM (SELECT at FROM grant_revoked WHERE grant_id = ?1 AND holder = ?2
                   UNION ALL SELECT at FROM beside WHERE what = 'grant' AND key = ?2 AND id = ?1)";
        let at = self.one(sql, params![grant.0, holder.0], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        Ok(at.flatten().map(Time))
    }

    fn access(&self, author: &CentreCode, request: &RequestId) -> Result<Option<AccessRow>, ShelfError> {
        let sql = "SELECT author, idx, at, request, asked, grant_id, certificate, matter, business_no, fields, refused, asker, mode
                   FROM access WHERE author = ?1 AND request = ?2 ORDER BY idx LIMIT 1";
        Ok(self.one(sql, params![author.as_str(), request.0], |row| self.access_row(row))?)
    }

    fn answered(&self, asker: &CentreCode, request: &RequestId) -> Result<Option<AnsweredRow>, ShelfError> {
        let sql = "SELECT asker, request, asked, until, sealed FROM answered WHERE asker = ?1 AND request = ?2";
        Ok(self.one(sql, params![asker.as_str(), request.0], |row| self.answered_row(row))?)
    }

    fn issued_by(&self, request: &RequestId) -> Result<Option<IssuedRecord>, ShelfError> {
        let sql = format!("SELECT {ISSUED_COLUMNS} FROM issued WHERE request = ?1 ORDER BY number LIMIT 1");
        Ok(self.one(&sql, [request.0], |row| self.issued_record(row))?)
    }

    fn issued(&self, number: &CertificateNumber) -> Result<Option<IssuedRecord>, ShelfError> {
        let sql = format!("SELECT {ISSUED_COLUMNS} FROM issued WHERE number = ?1");
        Ok(self.one(&sql, [number.as_str()], |row| self.issued_record(row))?)
    }

    fn erased(&self, centre: &CentreCode, index: u64) -> Result<bool, ShelfError> {
        let sql = "SELECT 1 FROM erased JOIN journal USING (centre) WHERE code = ?1 AND idx = ?2";
        let Ok(index) = signed(index) else { return Ok(false) };
        Ok(self.any(sql, params![centre.as_str(), index])?)
    }

    fn damaged(&self, limit: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        Ok(self.damaged_rows(limit)?)
    }

    fn droppable(&self, now: Time, limit: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        Ok(self.droppable_rows(now, limit)?)
    }

    fn faults(&self) -> Result<Vec<(StationKey, FaultCode, u64)>, ShelfError> {
        let sql = "SELECT station, code, count FROM fault ORDER BY station, code";
        let read = |row: &Row<'_>| {
            let code: String = row.get(1)?;
            let code = code.parse().map_err(|_| StoreError::damaged("fault.code"))?;
            Ok((StationKey(row.get(0)?), code, unsigned(row, 2)?))
        };
        let mut faults = self.all(sql, (), read)?;
        faults.sort();
        Ok(faults)
    }
}
