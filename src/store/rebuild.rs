//! Projections derived again from the journals (`anju store rebuild`), and digests by which two derivations are compared.
//!
//! What was derived from a payload that has been erased since cannot be derived again; such rows are kept as they are.

use std::collections::BTreeMap;

use anju_core::journal::{Entry, Frontier, hash};
use anju_core::names::{CentreCode, Digest};
use anju_core::shelf::Projection;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use zeroize::Zeroizing;

use super::lists::{HIT_COLUMNS, places};
use super::read::signed;
use super::{Db, Role, Store, StoreError};

/// Rows held in memory at once.
const BATCH_ROWS: u64 = 1024;
/// Bytes held in memory at once.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What a statement means for the projections: called with its author, its index and its row, in index order.
pub type Project<'a> = &'a mut dyn FnMut(&CentreCode, u64, &Entry) -> Vec<Projection>;

/// The bytes of a row that enter a digest.
type RowBytes<'a> = &'a dyn Fn(&Row<'_>) -> Result<Zeroizing<Vec<u8>>, StoreError>;

/// Each wiped but for the rows whose statement's payload was erased. A listing that is kept forgets an ending that will be derived again.
const WIPE: &str = "
    DELETE FROM certificate WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = certificate.issuer AND x.idx = certificate.idx);
    DELETE FROM access WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = access.author AND x.idx = access.idx);
    DELETE FROM grant_revoked;
    DELETE FROM holder_ended WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = holder_ended.issuer AND x.idx = holder_ended.idx);
    DELETE FROM listing WHERE NOT EXISTS (
        SELECT 1 FROM erased x WHERE x.centre = listing.place >> 40 AND x.idx = listing.place & 1099511627775);
    DELETE FROM change WHERE NOT EXISTS (
        SELECT 1 FROM erased x WHERE x.centre = change.place >> 40 AND x.idx = change.place & 1099511627775);
    UPDATE listing SET ended = NULL, ended_idx = NULL, ended_at = NULL, impersonated = NULL
        WHERE ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM change c WHERE c.about = listing.place AND c.change <> 'upheld');
    DELETE FROM objection WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = objection.author AND x.idx = objection.idx);
    DELETE FROM hit WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = hit.author AND x.idx = hit.idx);
    DELETE FROM acknowledged WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = acknowledged.author AND x.idx = acknowledged.idx);
    DELETE FROM audit_committed;
    DELETE FROM matter;
    DELETE FROM catalogue;
    DELETE FROM vote;
    DELETE FROM fork_report;
    DELETE FROM dossier_said WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = dossier_said.author AND x.idx = dossier_said.row);
    DELETE FROM dossier WHERE NOT EXISTS (
        SELECT 1 FROM erased x JOIN journal j USING (centre) WHERE j.code = dossier.opener AND x.idx = dossier.idx);
    DELETE FROM dossier_party;
    INSERT INTO dossier_party (centre, opener, idx)
        SELECT opener, opener, idx FROM dossier UNION SELECT other, opener, idx FROM dossier
        UNION SELECT joins, opener, idx FROM dossier_said WHERE joins IS NOT NULL;";

/// The row's index, then everything else of a table that is kept by place; parameters are the first and last place of a journal.
const LISTING: &str = "SELECT place & 1099511627775, listing, pepper, token, restriction_until, publication_until, basis, at,
                       ended, ended_idx, ended_at, impersonated FROM listing WHERE place BETWEEN ?1 AND ?2 ORDER BY place";
const CHANGE: &str = "SELECT place & 1099511627775, about & 1099511627775, change, at, impersonated, answers_author, answers_idx
                      FROM change WHERE place BETWEEN ?1 AND ?2 ORDER BY place";

impl Store {
    /// Derives every projection again, journal by journal in index order, in one transaction. Returns how many rows were read. Rows behind
    /// one whose kind this version does not interpret are among them, as they were when they came.
    ///
    /// # Errors
    /// [`StoreError::DamagedRow`] when a row it needs is damaged, [`StoreError::Full`] and engine failures; then nothing has changed.
    pub fn rebuild(&mut self, project: Project<'_>) -> Result<u64, StoreError> {
        self.begin()?;
        match self.derive_again(project) {
            Ok(rows) => self.commit().map(|()| rows),
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }

    fn derive_again(&self, project: Project<'_>) -> Result<u64, StoreError> {
        self.conn.execute_batch(WIPE)?;
        let mut rows = 0;
        for centre in self.centres()? {
            let size = self.journal_state(&centre)?.size;
            let mut index = 0;
            while index < size {
                let batch = self.sound_entries(&centre, index, BATCH_ROWS.min(size - index), BATCH_BYTES)?;
                if batch.is_empty() {
                    return Err(StoreError::DamagedRow { centre, index });
                }
                for entry in &batch {
                    self.refuse_damaged(&centre, index, entry)?;
                    for projection in project(&centre, index, entry) {
                        Self::project(self, &projection)?;
                    }
                    index += 1;
                }
            }
            rows += size;
        }
        Ok(rows)
    }

    /// A payload that is there and not served is damaged: what it says would be lost.
    fn refuse_damaged(&self, centre: &CentreCode, index: u64, entry: &Entry) -> Result<(), StoreError> {
        if entry.payload.is_some() {
            return Ok(());
        }
        let sql = "SELECT 1 FROM entry JOIN journal USING (centre) WHERE code = ?1 AND idx = ?2 AND payload IS NOT NULL";
        match self.one(sql, rusqlite::params![centre.as_str(), signed(index)?], |_| Ok(()))? {
            Some(()) => Err(StoreError::DamagedRow { centre: centre.clone(), index }),
            None => Ok(()),
        }
    }
}

impl<R: Role> Db<R> {
    /// One digest for each projection table over its rows in the order of their keys, sealed columns opened: equal digests, equal
    /// projections. (The Merkle root over the rows: it needs no more memory than one row.)
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a sealed column does not open, and engine failures.
    pub fn projection_digests(&self) -> Result<BTreeMap<&'static str, Digest>, StoreError> {
        let certificate = "SELECT number, issuer, idx, statement, kind, addressee, holder, holder_sealing, issued, expires, ended_at,
                           ended_reason FROM certificate ORDER BY number";
        let access = "SELECT author, idx, at, request, asked, grant_id, certificate, matter, business_no, fields, refused, asker, mode
                      FROM access ORDER BY author, idx";
        let revoked = "SELECT grant_id, holder, at FROM grant_revoked ORDER BY grant_id, holder";
        let holders = "SELECT holder, number, issuer, idx, at FROM holder_ended ORDER BY holder, number";
        let objection = "SELECT author, idx, about_centre, about_idx, listing, ground, at, day FROM objection ORDER BY author, idx";
        let hit = format!("SELECT {HIT_COLUMNS} FROM hit ORDER BY author, idx");
        let acknowledged = "SELECT author, idx, at, applied FROM acknowledged ORDER BY author, idx";
        let dossier = "SELECT opener, idx, kind, other, about, at FROM dossier ORDER BY opener, idx";
        let said = "SELECT author, row, opener, idx, joins FROM dossier_said ORDER BY author, row";
        let party = "SELECT centre, opener, idx FROM dossier_party ORDER BY centre, opener, idx";
        let committed = "SELECT idx, size, root FROM audit_committed ORDER BY idx";
        let matter = "SELECT centre, code, from_day, version, idx, at, body FROM matter ORDER BY centre, code, from_day";
        let vote = "SELECT version, author, idx, at, kind, body FROM vote ORDER BY version, author, idx";
        let forks = "SELECT accused, author, idx, at, proof FROM fork_report ORDER BY accused, author, idx";
        let catalogue = "SELECT centre, version, idx, at, body FROM catalogue ORDER BY centre";
        Ok(BTreeMap::from([
            ("certificate", self.digest_of(certificate, &|row| plain(row, None))?),
            ("access", self.digest_of(access, &|row| plain(row, Some((8, self.access_row(row)?.business_no))))?),
            ("grant_revoked", self.digest_of(revoked, &|row| plain(row, None))?),
            ("holder_ended", self.digest_of(holders, &|row| plain(row, None))?),
            ("listing", self.digest_by_place(LISTING)?),
            ("change", self.digest_by_place(CHANGE)?),
            ("objection", self.digest_of(objection, &|row| plain(row, None))?),
            ("hit", self.digest_of(&hit, &|row| plain(row, Some((6, self.hit_row(row)?.business_no))))?),
            ("acknowledged", self.digest_of(acknowledged, &|row| plain(row, None))?),
            ("audit_committed", self.digest_of(committed, &|row| plain(row, None))?),
            ("matter", self.digest_of(matter, &|row| plain(row, None))?),
            ("catalogue", self.digest_of(catalogue, &|row| plain(row, None))?),
            ("vote", self.digest_of(vote, &|row| plain(row, None))?),
            ("fork_report", self.digest_of(forks, &|row| plain(row, None))?),
            ("dossier", self.digest_of(dossier, &|row| plain(row, None))?),
            ("dossier_said", self.digest_of(said, &|row| plain(row, None))?),
            ("dossier_party", self.digest_of(party, &|row| plain(row, None))?),
        ]))
    }

    /// Journals in the order of their codes: the keys in the places differ from store to store.
    fn digest_by_place(&self, sql: &str) -> Result<Digest, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut frontier = Frontier::empty();
        for (key, centre) in self.journals()? {
            let (first, last) = places(key)?;
            let mut rows = statement.query([first, last])?;
            while let Some(row) = rows.next()? {
                let mut bytes = plain(row, None)?;
                part(&mut bytes, b'C', centre.as_str().as_bytes());
                frontier.push(hash::leaf(&bytes), &mut Vec::new()).map_err(|e| StoreError::Engine(e.to_string()))?;
            }
        }
        Ok(frontier.root())
    }

    fn digest_of(&self, sql: &str, bytes_of: RowBytes<'_>) -> Result<Digest, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(())?;
        let mut frontier = Frontier::empty();
        while let Some(row) = rows.next()? {
            let leaf = hash::leaf(&bytes_of(row)?);
            frontier.push(leaf, &mut Vec::new()).map_err(|e| StoreError::Engine(e.to_string()))?;
        }
        Ok(frontier.root())
    }
}

/// Every column as type, length and bytes; `opened` stands in for the sealed one.
fn plain(row: &Row<'_>, opened: Option<(usize, String)>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut out = Zeroizing::new(Vec::new());
    for column in 0..row.as_ref().column_count() {
        if let Some((_, text)) = opened.as_ref().filter(|(sealed, _)| *sealed == column) {
            part(&mut out, b'S', text.as_bytes());
            continue;
        }
        match row.get_ref(column)? {
            ValueRef::Null => part(&mut out, b'N', &[]),
            ValueRef::Integer(value) => part(&mut out, b'I', &value.to_be_bytes()),
            ValueRef::Real(value) => part(&mut out, b'R', &value.to_be_bytes()),
            ValueRef::Text(text) => part(&mut out, b'T', text),
            ValueRef::Blob(blob) => part(&mut out, b'B', blob),
        }
    }
    Ok(out)
}

fn part(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}
