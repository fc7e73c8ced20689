//! Our own people and what they did: accounts, the audit log, the commitments to it.

use anju_core::audit::{AuditAction, AuditLog, AuditRow, SubjectMark};
use anju_core::error::ShelfError;
use anju_core::journal::Frontier;
use anju_core::names::{Digest, RequestId};
use anju_core::operator::{Operator, OperatorName, Role as OperatorRole, SealedKey};
use anju_core::shelf::{AuditCommitment, AuditFilter, House, HouseWrite, check};
use anju_core::sign::PublicKey;
use anju_core::time::Time;
use rusqlite::{Row, params};
use zeroize::Zeroizing;

use super::read::{most, name, peaks_from, signed, unsigned};
use super::sealed::Column;
use super::write::peaks_bytes;
use super::{Db, Role, Store, StoreError};

const OPERATOR_COLUMNS: &str = "name, display, staff_no, role, key, salt, memory_kib, passes, sealed_key, created, disabled";
const AUDIT_COLUMNS: &str = "seq, at, operator, action, request, matter, business_no, legal_basis, sealed, outcome, subject";

impl Store {
    pub(super) fn house(&self, write: &HouseWrite) -> Result<(), StoreError> {
        match write {
            HouseWrite::Operator(operator) => self.write_operator(operator),
            HouseWrite::Audit { rows, after } => {
                check::audit(&self.log()?, rows, after)?;
                rows.iter().try_for_each(|row| self.write_audit_row(row))?;
                let sql = "UPDATE audit_log SET size = ?1, peaks = ?2";
                self.run(sql, params![signed(after.size)?, peaks_bytes(&after.peaks)]).map(|_| ())
            }
        }
    }

    fn write_operator(&self, operator: &Operator) -> Result<(), StoreError> {
        let bound_to = [operator.name.as_str().as_bytes()];
        let seal = |column: Column, plain: &[u8]| self.columns.seal(column, &bound_to, plain);
        let sql = "INSERT INTO operator (name, display, staff_no, role, key, salt, memory_kib, passes, sealed_key, created, disabled)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                   ON CONFLICT (name) DO UPDATE SET display = excluded.display, staff_no = excluded.staff_no, role = excluded.role,
                   key = excluded.key, salt = excluded.salt, memory_kib = excluded.memory_kib, passes = excluded.passes,
                   sealed_key = excluded.sealed_key, created = excluded.created, disabled = excluded.disabled";
        self.run(
            sql,
            params![
                operator.name.as_str(),
                seal(Column::OperatorDisplay, operator.display.as_bytes())?,
                seal(Column::OperatorStaffNo, operator.staff_no.as_bytes())?,
                operator.role.code(),
                operator.key.0,
                operator.sealed.salt,
                operator.sealed.memory_kib,
                operator.sealed.passes,
                seal(Column::OperatorKey, &operator.sealed.sealed)?,
                operator.created.0,
                operator.disabled.map(|at| at.0),
            ],
        )?;
        Ok(())
    }

    fn write_audit_row(&self, row: &AuditRow) -> Result<(), StoreError> {
        let seq = row.seq.to_be_bytes();
        let business_no = row.business_no.as_ref().map(|no| self.columns.seal(Column::AuditBusinessNo, &[&seq], no.as_bytes()));
        let about = Zeroizing::new([row.salt.as_slice(), row.about.as_bytes()].concat());
        let sql = "INSERT INTO audit_row (seq, at, operator, action, request, matter, business_no, legal_basis, sealed, outcome, subject)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        self.run(
            sql,
            params![
                signed(row.seq)?,
                row.at.0,
                row.operator.as_ref().map(OperatorName::as_str),
                row.action.code(),
                row.request.0,
                row.matter,
                business_no.transpose()?,
                row.legal_basis,
                self.columns.seal(Column::AuditAbout, &[&seq], &about)?,
                row.outcome,
                row.subject.map(|subject| subject.0),
            ],
        )?;
        Ok(())
    }

    pub(super) fn audit_committed(&self, commitment: &AuditCommitment) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit_committed (idx, size, root) VALUES (?1, ?2, ?3) ON CONFLICT (idx) DO NOTHING";
        self.run(sql, params![signed(commitment.index)?, signed(commitment.size)?, commitment.root.0]).map(|_| ())
    }
}

impl<R: Role> Db<R> {
    /// How far the log goes, and how far the newest commitment in our journal covers it.
    fn log(&self) -> Result<AuditLog, StoreError> {
        let sql = "SELECT size, peaks, coalesce((SELECT size FROM audit_committed ORDER BY idx DESC LIMIT 1), 0) FROM audit_log";
        let log = self.one(sql, (), |row| {
            let (size, peaks) = (unsigned(row, 0)?, peaks_from(&row.get::<_, Vec<u8>>(1)?)?);
            let frontier = Frontier::from_parts(size, peaks).map_err(|_| StoreError::damaged("audit_log.peaks"))?;
            Ok(AuditLog { size, peaks: frontier.peaks().to_vec(), committed: unsigned(row, 2)? })
        })?;
        log.ok_or_else(|| StoreError::damaged("the audit log's row is gone"))
    }

    fn operator_row(&self, row: &Row<'_>) -> Result<Operator, StoreError> {
        let login: OperatorName = name(row, 0)?;
        let bound_to = [login.as_str().as_bytes()];
        let display = self.columns.open_text(Column::OperatorDisplay, &bound_to, &row.get::<_, Vec<u8>>(1)?)?;
        let staff_no = self.columns.open_text(Column::OperatorStaffNo, &bound_to, &row.get::<_, Vec<u8>>(2)?)?;
        let sealed = self.columns.open(Column::OperatorKey, &bound_to, &row.get::<_, Vec<u8>>(8)?)?.to_vec();
        Ok(Operator {
            display,
            staff_no,
            role: OperatorRole::from_code(&row.get::<_, String>(3)?).ok_or_else(|| StoreError::damaged("operator.role"))?,
            key: PublicKey(row.get(4)?),
            sealed: SealedKey { salt: row.get(5)?, memory_kib: row.get(6)?, passes: row.get(7)?, sealed },
            created: Time(row.get(9)?),
            disabled: row.get::<_, Option<i64>>(10)?.map(Time),
            name: login,
        })
    }

    fn audit_row(&self, row: &Row<'_>) -> Result<AuditRow, StoreError> {
        let seq = unsigned(row, 0)?;
        let bound_to = seq.to_be_bytes();
        let business_no: Option<Vec<u8>> = row.get(6)?;
        let business_no = business_no.map(|no| self.columns.open_text(Column::AuditBusinessNo, &[&bound_to], &no)).transpose()?;
        let sealed = self.columns.open(Column::AuditAbout, &[&bound_to], &row.get::<_, Vec<u8>>(8)?)?;
        let damaged = || StoreError::damaged("audit_row.sealed");
        let (salt, about) = sealed.split_first_chunk::<16>().ok_or_else(damaged)?;
        let operator = match row.get::<_, Option<String>>(2)? {
            None => None,
            Some(_) => Some(name(row, 2)?),
        };
        Ok(AuditRow {
            seq,
            at: Time(row.get(1)?),
            operator,
            action: AuditAction::from_code(&row.get::<_, String>(3)?).ok_or_else(|| StoreError::damaged("audit_row.action"))?,
            request: RequestId(row.get(4)?),
            matter: row.get(5)?,
            business_no,
            legal_basis: row.get(7)?,
            about: std::str::from_utf8(about).map_err(|_| damaged())?.to_owned(),
            outcome: row.get(9)?,
            salt: *salt,
            subject: row.get::<_, Option<[u8; 16]>>(10)?.map(SubjectMark),
        })
    }

    /// How many sealed values of these tables do not open, and whether the log's rows do not lead to its peaks. Reads every row; for the
    /// scrub.
    pub(super) fn house_that_stays_shut(&self) -> Result<(u64, bool), StoreError> {
        let mut shut = self.shut(&format!("SELECT {OPERATOR_COLUMNS} FROM operator"), &|row| self.operator_row(row).map(|_| ()))?;
        let mut statement = self.conn.prepare_cached(&format!("SELECT {AUDIT_COLUMNS} FROM audit_row ORDER BY seq"))?;
        let mut rows = statement.query(())?;
        let (mut frontier, mut in_order) = (Frontier::empty(), true);
        while let Some(row) = rows.next()? {
            match self.audit_row(row) {
                Ok(row) => {
                    in_order &= row.seq == frontier.size();
                    frontier.push(row.leaf(), &mut Vec::new()).map_err(|e| StoreError::Engine(e.to_string()))?;
                }
                Err(_) => {
                    shut += 1;
                    in_order = false;
                }
            }
        }
        let leads = self.log().is_ok_and(|log| log.size == frontier.size() && log.peaks == frontier.peaks());
        Ok((shut, !(in_order && leads)))
    }
}

impl<R: Role> House for Db<R> {
    fn operators(&self) -> Result<Vec<Operator>, ShelfError> {
        let sql = format!("SELECT {OPERATOR_COLUMNS} FROM operator ORDER BY name");
        Ok(self.all(&sql, (), |row| self.operator_row(row))?)
    }

    fn operator(&self, name: &OperatorName) -> Result<Option<Operator>, ShelfError> {
        let sql = format!("SELECT {OPERATOR_COLUMNS} FROM operator WHERE name = ?1");
        Ok(self.one(&sql, [name.as_str()], |row| self.operator_row(row))?)
    }

    fn audit_log(&self) -> Result<AuditLog, ShelfError> {
        Ok(self.log()?)
    }

    fn audit_has(&self, request: &RequestId) -> Result<bool, ShelfError> {
        Ok(self.any("SELECT 1 FROM audit_row WHERE request = ?1 LIMIT 1", [request.0])?)
    }

    fn audit_rows(&self, from: u64, limit: usize) -> Result<Vec<AuditRow>, ShelfError> {
        let Ok(from) = signed(from) else { return Ok(Vec::new()) };
        let sql = format!("SELECT {AUDIT_COLUMNS} FROM audit_row WHERE seq >= ?1 ORDER BY seq LIMIT ?2");
        Ok(self.all(&sql, [from, most(limit)], |row| self.audit_row(row))?)
    }

    fn audit_newest(&self, before: u64, limit: usize, whose: &AuditFilter) -> Result<Vec<AuditRow>, ShelfError> {
        let (before, limit) = (signed(before).unwrap_or(i64::MAX), most(limit));
        let (operator, subject) = (whose.operator.as_ref().map(OperatorName::as_str), whose.subject.map(|subject| subject.0));
        // One statement each, so that each has the index that fits it.
        let kept = match (operator, subject) {
            (None, None) => "?3 IS NULL AND ?4 IS NULL",
            (Some(_), None) => "operator = ?3 AND ?4 IS NULL",
            (None, Some(_)) => "subject = ?4 AND ?3 IS NULL",
            (Some(_), Some(_)) => "subject = ?4 AND +operator = ?3",
        };
        let sql = format!("SELECT {AUDIT_COLUMNS} FROM audit_row WHERE {kept} AND seq < ?1 ORDER BY seq DESC LIMIT ?2");
        Ok(self.all(&sql, params![before, limit, operator, subject], |row| self.audit_row(row))?)
    }

    fn audit_commitments(&self, after: Option<u64>, limit: usize) -> Result<Vec<AuditCommitment>, ShelfError> {
        let after = match after.map(signed) {
            None => -1,
            Some(Ok(after)) => after,
            Some(Err(_)) => return Ok(Vec::new()),
        };
        let sql = "SELECT idx, size, root FROM audit_committed WHERE idx > ?1 ORDER BY idx LIMIT ?2";
        let read = |row: &Row<'_>| Ok(AuditCommitment { index: unsigned(row, 0)?, size: unsigned(row, 1)?, root: Digest(row.get(2)?) });
        Ok(self.all(sql, [after, most(limit)], read)?)
    }
}
