//! Writing: each [`Write`] of the core as statements of the open transaction, after a second look at what it says.

use anju_core::error::FaultCode;
use anju_core::journal::{Entry, SoundRows, Subtree};
use anju_core::names::{CentreCode, CertificateNumber, Digest, StationKey, Thumbprint};
use anju_core::seal::Key;
use anju_core::shelf::check::{self, Misfit};
use anju_core::shelf::{AccessRow, AnsweredRow, CertificateRow, Ended, Head, IssuedRecord, JournalState, Projection, Write};
use anju_core::time::Time;
use rusqlite::{Params, params};

use super::read::{planned_once, signed};
use super::sealed::Column;
use super::{KEYS_MAX, Store, StoreError};

impl Store {
    pub(super) fn make(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Append { centre, from, rows, subtrees, state } => self.append(centre, *from, rows, subtrees, state),
            Write::Head { centre, head } => self.head(centre, head),
            Write::Cut { centre, own, at, state } => self.cut((centre, *own), *at, state),
            Write::Applied { centre, applied } => self.applied(centre, *applied),
            Write::Erase { centre, index } => self.erase(centre, *index),
            Write::Restore { centre, index, payload } => self.restore(centre, *index, payload),
            Write::Project(projection) => self.project(projection),
            Write::Issued(record) => self.issue(record),
            Write::Rekeyed { number, content_key } => self.rekey(number, content_key),
            Write::Answered(row) => self.keep_answer(row),
            Write::ForgetAnswered { before } => self.run("DELETE FROM answered WHERE until < ?1", [before.0]).map(|_| ()),
            Write::Fork(row) => self.fork(row),
            Write::Beside(rows) => self.beside_kept(rows),
            Write::ForgetBeside { author } => self.run("DELETE FROM beside WHERE author = ?1", [author.as_str()]).map(|_| ()),
            Write::List(write) => self.list(write),
            Write::House(write) => self.house(write),
            Write::Dossier(write) => self.dossier_write(write),
            Write::Window(write) => self.window(write),
            Write::Outbox(write) => self.write_outbox(write),
            Write::Charter(write) => self.write_charter(write),
            Write::Cosigned(row) => self.cosigned(row),
            Write::Fault { station, code } => self.fault(*station, *code),
        }
    }

    pub(super) fn run<P: Params>(&self, sql: &str, params: P) -> Result<usize, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let changed = statement.execute(params)?;
        planned_once(&statement);
        Ok(changed)
    }

    /// The key of a journal's rows; a journal not seen before gets an empty one.
    pub(super) fn key_of(&self, centre: &CentreCode) -> Result<i64, StoreError> {
        if let Some(key) = self.role.keys.borrow().get(centre) {
            return Ok(*key);
        }
        let key = if let Some((key, _)) = self.journal_key(centre)? {
            key
        } else {
            self.run("INSERT INTO journal (code, size, peaks, applied) VALUES (?1, 0, x'', 0)", [centre.as_str()])?;
            self.conn.last_insert_rowid()
        };
        let mut keys = self.role.keys.borrow_mut();
        if keys.len() < KEYS_MAX {
            keys.insert(centre.clone(), key);
        }
        Ok(key)
    }

    fn append(
        &self,
        centre: &CentreCode,
        from: u64,
        rows: &SoundRows,
        subtrees: &[Subtree],
        after: &JournalState,
    ) -> Result<(), StoreError> {
        check::append(&self.journal_state(centre)?, from, rows, subtrees, after)?;
        let key = self.key_of(centre)?;
        // `leaf` first and `payload` last: a read of headers alone then never touches the overflow pages of a payload.
        let mut insert = self.conn.prepare_cached("INSERT INTO entry (centre, idx, leaf, header, payload) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (row, index) in rows.rows().iter().zip(from..) {
            let entry = row.entry();
            insert.execute(params![key, signed(index)?, row.leaf().0, entry.header, entry.payload])?;
        }
        self.note_drops(key, from, rows)?;
        for subtree in subtrees {
            let sql = "INSERT INTO subtree (centre, level, idx, digest) VALUES (?1, ?2, ?3, ?4)";
            self.run(sql, params![key, subtree.level, signed(subtree.index)?, subtree.digest.0])?;
        }
        // Size and head change in one statement: the table itself refuses a head beyond its rows.
        let head = after.head.as_ref();
        let sql = "UPDATE journal SET size = ?2, peaks = ?3, applied = ?4, head_size = ?5, head_root = ?6, head_note = ?7,
                   head_heartbeat = ?8, head_received = ?9 WHERE centre = ?1";
        self.run(
            sql,
            params![
                key,
                signed(after.size)?,
                peaks_bytes(&after.peaks),
                signed(after.applied)?,
                head.map(|h| signed(h.size)).transpose()?,
                head.map(|h| h.root.0),
                head.map(|h| &h.note),
                head.map(|h| h.heartbeat.0),
                head.map(|h| h.received.0),
            ],
        )?;
        Ok(())
    }

    fn head(&self, centre: &CentreCode, head: &Head) -> Result<(), StoreError> {
        check::head(&self.journal_state(centre)?, head)?;
        let key = self.key_of(centre)?;
        let sql = "UPDATE journal SET head_size = ?2, head_root = ?3, head_note = ?4, head_heartbeat = ?5, head_received = ?6
                   WHERE centre = ?1";
        self.run(sql, params![key, signed(head.size)?, head.root.0, head.note, head.heartbeat.0, head.received.0])?;
        Ok(())
    }

    fn applied(&self, centre: &CentreCode, applied: u64) -> Result<(), StoreError> {
        let held = self.journal_state(centre)?;
        check::applied(&held, held.size, applied)?;
        let key = self.key_of(centre)?;
        self.run("UPDATE journal SET applied = ?2 WHERE centre = ?1", params![key, signed(applied)?]).map(|_| ())
    }

    /// The key of a row that is held.
    pub(super) fn row_key(&self, centre: &CentreCode, index: u64) -> Result<(i64, i64), StoreError> {
        match self.journal_key(centre)? {
            Some((key, size)) if index < size => Ok((key, signed(index)?)),
            Some(_) | None => Err(Misfit::NoRow(index).into()),
        }
    }

    fn erase(&self, centre: &CentreCode, index: u64) -> Result<(), StoreError> {
        let (key, row) = self.row_key(centre, index)?;
        let header =
            self.one("SELECT header FROM entry WHERE centre = ?1 AND idx = ?2", [key, row], |found| Ok(found.get::<_, Vec<u8>>(0)?))?;
        self.run("UPDATE entry SET payload = NULL WHERE centre = ?1 AND idx = ?2", [key, row])?;
        self.dropped(key, row, &header.unwrap_or_default())?;
        self.run("INSERT INTO erased (centre, idx) VALUES (?1, ?2) ON CONFLICT (centre, idx) DO NOTHING", [key, row])?;
        self.sound_again(centre, index, key, row)
    }

    fn restore(&self, centre: &CentreCode, index: u64, payload: &[u8]) -> Result<(), StoreError> {
        let (key, row) = self.row_key(centre, index)?;
        if self.one("SELECT 1 FROM erased WHERE centre = ?1 AND idx = ?2", [key, row], |_| Ok(()))?.is_some() {
            return Err(Misfit::Erased(index).into());
        }
        let sql = "SELECT header, leaf FROM entry WHERE centre = ?1 AND idx = ?2";
        let damaged = || StoreError::DamagedRow { centre: centre.clone(), index };
        let (header, leaf): (Vec<u8>, [u8; 32]) =
            self.one(sql, [key, row], |found| Ok((found.get(0)?, found.get(1)?)))?.ok_or_else(damaged)?;
        let entry = Entry { header, payload: Some(payload.to_vec()) };
        if entry.leaf() != Digest(leaf) {
            return Err(damaged());
        }
        entry.check().map_err(|fault| Misfit::BadRow { index, code: fault.code })?;
        self.run("UPDATE entry SET payload = ?3 WHERE centre = ?1 AND idx = ?2", params![key, row, payload])?;
        // A row that came without its payload has no note yet.
        self.note_drop(key, row, &entry.header)?;
        self.sound_again(centre, index, key, row)
    }

    fn sound_again(&self, centre: &CentreCode, index: u64, key: i64, row: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM damaged WHERE centre = ?1 AND idx = ?2", [key, row])?;
        self.run("DELETE FROM withheld WHERE centre = ?1 AND idx = ?2", [key, row])?;
        self.role.noticed.borrow_mut().remove(&(centre.clone(), index));
        Ok(())
    }

    /// What reads have noticed since the last commit.
    pub(super) fn write_noticed(&self) -> Result<(), StoreError> {
        for (centre, index) in self.role.noticed.borrow().iter() {
            let sql = "INSERT INTO damaged (centre, idx) SELECT centre, ?2 FROM journal WHERE code = ?1
                       ON CONFLICT (centre, idx) DO NOTHING";
            self.run(sql, params![centre.as_str(), signed(*index)?])?;
        }
        Ok(())
    }

    pub(super) fn project(&self, projection: &Projection) -> Result<(), StoreError> {
        match projection {
            Projection::Certificate(row) => self.certificate_issued(row),
            Projection::CertificateEnded { number, ended: Ended { at, reason } } => {
                let sql = "UPDATE certificate SET ended_at = ?2, ended_reason = ?3 WHERE number = ?1 AND ended_at IS NULL";
                self.run(sql, params![number.as_str(), at.0, reason]).map(|_| ())
            }
            Projection::HolderBound { row, former, at } => self.holder_bound(row, former, *at),
            Projection::HolderEnded { number, holder, index, at } => self.holder_ended(number, holder, (*index, *at)),
            Projection::Access(row) => self.accessed(row),
            Projection::List(projection) => self.list_projection(projection),
            Projection::AuditCommitted(commitment) => self.audit_committed(commitment),
            Projection::Published(projection) => self.published(projection),
            Projection::Vote(row) => self.voted(row),
            Projection::Fork(row) => self.fork_reported(row),
            Projection::Dossier(projection) => self.dossier_projection(projection),
            Projection::GrantRevoked { grant, holder, at } => {
                // Any centre may say it: the earliest time is the same in whatever order the journals arrive.
                let sql = "INSERT INTO grant_revoked (grant_id, holder, at) VALUES (?1, ?2, ?3)
                           ON CONFLICT (grant_id, holder) DO UPDATE SET at = min(at, excluded.at)";
                self.run(sql, params![grant.0, holder.0, at.0]).map(|_| ())
            }
        }
    }

    fn certificate_issued(&self, row: &CertificateRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO certificate (number, issuer, idx, statement, kind, addressee, holder, holder_sealing, issued, expires,
                   ended_at, ended_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (number) DO NOTHING";
        self.run(
            sql,
            params![
                row.number.as_str(),
                row.issuer.as_str(),
                signed(row.index)?,
                row.statement.0,
                row.kind,
                row.addressee.as_ref().map(CentreCode::as_str),
                row.holder.0,
                row.holder_sealing.0,
                row.issued.0,
                row.expires.0,
                row.ended.as_ref().map(|ended| ended.at.0),
                row.ended.as_ref().map(|ended| &ended.reason),
            ],
        )?;
        Ok(())
    }

    /// Of the rows that bind a certificate the last counts, in whatever order they are applied.
    fn holder_bound(&self, row: &CertificateRow, former: &Thumbprint, at: Time) -> Result<(), StoreError> {
        self.holder_ended(&row.number, former, (row.index, at))?;
        let sql =
            "UPDATE certificate SET issuer = ?2, idx = ?3, statement = ?4, kind = ?5, addressee = ?6, holder = ?7, holder_sealing = ?8,
                   issued = ?9, expires = ?10 WHERE number = ?1 AND idx < ?3";
        let changed = self.run(
            sql,
            params![
                row.number.as_str(),
                row.issuer.as_str(),
                signed(row.index)?,
                row.statement.0,
                row.kind,
                row.addressee.as_ref().map(CentreCode::as_str),
                row.holder.0,
                row.holder_sealing.0,
                row.issued.0,
                row.expires.0,
            ],
        )?;
        if changed == 0 { self.certificate_issued(row) } else { Ok(()) }
    }

    fn holder_ended(&self, number: &CertificateNumber, holder: &Thumbprint, (index, at): (u64, Time)) -> Result<(), StoreError> {
        let sql = "INSERT INTO holder_ended (holder, number, issuer, idx, at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (holder, number) DO UPDATE SET idx = excluded.idx, at = excluded.at WHERE (excluded.idx, excluded.at) < (idx, at)";
        self.run(sql, params![holder.0, number.as_str(), number.centre().as_str(), signed(index)?, at.0]).map(|_| ())
    }

    fn accessed(&self, row: &AccessRow) -> Result<(), StoreError> {
        let bound_to: [&[u8]; 2] = [row.author.as_str().as_bytes(), &row.index.to_be_bytes()];
        let business_no = self.columns.seal(Column::AccessBusinessNo, &bound_to, row.business_no.as_bytes())?;
        let fields = serde_json::to_string(&row.fields).map_err(|_| StoreError::damaged("access.fields"))?;
        let sql = "INSERT INTO access (author, idx, at, request, asked, grant_id, certificate, matter, business_no, fields, refused,
                   asker, mode) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (author, idx) DO NOTHING";
        self.run(
            sql,
            params![
                row.author.as_str(),
                signed(row.index)?,
                row.at.0,
                row.request.0,
                row.asked.0,
                row.grant.0,
                row.certificate.as_str(),
                row.matter,
                business_no,
                fields,
                row.refused.map(|code| code.as_str()),
                row.asker.as_str(),
                row.mode,
            ],
        )?;
        Ok(())
    }

    fn keep_answer(&self, row: &AnsweredRow) -> Result<(), StoreError> {
        let asker = row.asker.as_str();
        let sealed = self.columns.seal(Column::Answered, &[asker.as_bytes(), &row.request.0], row.text.as_bytes())?;
        let sql = "INSERT INTO answered (asker, request, asked, until, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (asker, request) DO NOTHING";
        let kept = self.run(sql, params![asker, row.request.0, row.asked.0, row.until.0, sealed])?;
        if kept == 0 { Err(Misfit::Exists.into()) } else { Ok(()) }
    }

    fn issue(&self, record: &IssuedRecord) -> Result<(), StoreError> {
        let number = record.number.as_str();
        let bound_to = [number.as_bytes()];
        let account_no = self.columns.seal(Column::IssuedAccountNo, &bound_to, record.account_no.as_bytes())?;
        let content_key = self.columns.seal(Column::IssuedContentKey, &bound_to, record.content_key.expose())?;
        let sql = "INSERT INTO issued (number, account_no, content_key, request, asked, subject) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (number) DO NOTHING";
        let (request, asked) = (record.request.map(|request| request.0), record.asked.map(|asked| asked.0));
        let subject = record.subject.map(|subject| subject.0);
        // A second record would make the first certificate's content unreadable for good.
        if self.run(sql, params![number, account_no, content_key, request, asked, subject])? == 0 {
            Err(Misfit::Exists.into())
        } else {
            Ok(())
        }
    }

    fn rekey(&self, number: &CertificateNumber, content_key: &Key) -> Result<(), StoreError> {
        let sealed = self.columns.seal(Column::IssuedContentKey, &[number.as_str().as_bytes()], content_key.expose())?;
        let changed = self.run("UPDATE issued SET content_key = ?2 WHERE number = ?1", params![number.as_str(), sealed])?;
        if changed == 0 { Err(Misfit::Unknown.into()) } else { Ok(()) }
    }

    fn fault(&self, station: StationKey, code: FaultCode) -> Result<(), StoreError> {
        let sql = "INSERT INTO fault (station, code, count) VALUES (?1, ?2, 1)
                   ON CONFLICT (station, code) DO UPDATE SET count = count + 1";
        self.run(sql, params![station.0, code.as_str()]).map(|_| ())
    }
}

pub(super) fn peaks_bytes(peaks: &[Digest]) -> Vec<u8> {
    peaks.iter().flat_map(|peak| peak.0).collect()
}
