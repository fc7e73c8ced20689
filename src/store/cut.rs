//! A journal loses rows that never counted.
//!
//! Their headers are kept beside it, for whoever asks what was once taken for true; their payloads are not. What they meant is forgotten.
//! A certificate that they ended stays ended, since its content is gone; a listing that they ended stands again when its payload has come
//! back from a member.

use anju_core::names::CentreCode;
use anju_core::shelf::{JournalState, check};
use anju_core::time::Time;
use rusqlite::params;

use super::drops::BLOCK_ROWS;
use super::lists::place;
use super::read::{signed, unsigned};
use super::write::peaks_bytes;
use super::{Db, Role, Store, StoreError};

/// What hangs on a row by the code of its centre and its index. `?1` is the code, `?2` the first index that goes.
const BY_CODE: [&str; 13] = [
    "DELETE FROM access WHERE author = ?1 AND idx >= ?2",
    "DELETE FROM holder_ended WHERE issuer = ?1 AND idx >= ?2",
    "DELETE FROM objection WHERE author = ?1 AND idx >= ?2",
    "DELETE FROM hit WHERE author = ?1 AND idx >= ?2",
    "DELETE FROM acknowledged WHERE author = ?1 AND idx >= ?2",
    "DELETE FROM vote WHERE author = ?1 AND idx >= ?2",
    "DELETE FROM fork_report WHERE author = ?1 AND idx >= ?2",
    "DELETE FROM cosignature WHERE centre = ?1 AND size > ?2",
    "DELETE FROM dossier_party WHERE (opener = ?1 AND idx >= ?2)
        OR (centre, opener, idx) IN (SELECT joins, opener, idx FROM dossier_said WHERE author = ?1 AND row >= ?2)",
    "DELETE FROM dossier_said WHERE author = ?1 AND row >= ?2",
    "DELETE FROM dossier WHERE opener = ?1 AND idx >= ?2",
    // These are kept as what the newest row says: they are derived again from the first row on.
    "DELETE FROM matter WHERE centre = ?1 AND ?2 >= 0",
    "DELETE FROM catalogue WHERE centre = ?1 AND ?2 >= 0",
];

/// A party may have been said to join by others too, and opener and other are parties without a word.
const PARTIES: &str = "INSERT OR IGNORE INTO dossier_party (centre, opener, idx)
    SELECT opener, opener, idx FROM dossier UNION SELECT other, opener, idx FROM dossier
    UNION SELECT joins, opener, idx FROM dossier_said WHERE joins IS NOT NULL";

/// Each without those whose payload is gone, for they could not be derived again.
const CERTIFICATES: &str = "DELETE FROM certificate WHERE issuer = ?1
    AND NOT EXISTS (SELECT 1 FROM erased x WHERE x.centre = ?2 AND x.idx = certificate.idx)";

impl Store {
    pub(super) fn cut(&self, (centre, own): (&CentreCode, bool), at: Time, after: &JournalState) -> Result<(), StoreError> {
        check::cut(&self.journal_state(centre)?, after)?;
        let (key, size, code) = (self.key_of(centre)?, signed(after.size)?, centre.as_str());
        let kept =
            "INSERT INTO void_row (centre, cut, idx, at, header) SELECT ?2, ?5, idx, ?3, header FROM entry WHERE centre = ?1 AND idx >= ?4";
        self.run(kept, params![key, code, at.0, size, signed(self.cuts_of(centre)?)? + 1])?;
        self.cut_lists(key, after.size)?;
        // Referring rows go before those that they refer to.
        for table in ["withheld", "damaged", "erased", "entry"] {
            self.run(&format!("DELETE FROM {table} WHERE centre = ?1 AND idx >= ?2"), params![key, size])?;
        }
        self.run("DELETE FROM subtree WHERE centre = ?1 AND ((idx + 1) << level) > ?2", params![key, size])?;
        self.run("DELETE FROM drop_after WHERE centre = ?1 AND block * ?3 >= ?2", params![key, size, BLOCK_ROWS])?;
        BY_CODE.iter().try_for_each(|sql| self.run(sql, params![code, size]).map(|_| ()))?;
        self.run(PARTIES, ())?;
        self.run(CERTIFICATES, params![code, key])?;
        if own {
            self.run("DELETE FROM audit_committed WHERE idx >= ?1", [size])?;
        }
        let head = after.head.as_ref();
        let sql = "UPDATE journal SET size = ?2, peaks = ?3, applied = 0, head_size = ?4, head_root = ?5, head_note = ?6,
                   head_heartbeat = ?7, head_received = ?8 WHERE centre = ?1";
        let head_size = head.map(|h| signed(h.size)).transpose()?;
        let (root, note) = (head.map(|h| h.root.0), head.map(|h| &h.note));
        let (heartbeat, received) = (head.map(|h| h.heartbeat.0), head.map(|h| h.received.0));
        self.run(sql, params![key, size, peaks_bytes(&after.peaks), head_size, root, note, heartbeat, received]).map(|_| ())
    }

    /// Listings and what was said of them are kept by place.
    fn cut_lists(&self, key: i64, size: u64) -> Result<(), StoreError> {
        let (first, last, end) = (place(key, size)?, super::lists::places(key)?.1, signed(size)?);
        let own = super::lists::places(key)?.0;
        self.run("DELETE FROM listing WHERE place BETWEEN ?1 AND ?2", params![first, last])?;
        self.run("DELETE FROM change WHERE place BETWEEN ?1 AND ?2", params![first, last])?;
        let again = "SELECT ?1, place - ?2 FROM listing WHERE place BETWEEN ?2 AND ?3 AND ended_idx >= ?4
                     AND EXISTS (SELECT 1 FROM erased x WHERE x.centre = ?1 AND x.idx = listing.place - ?2)";
        self.run(&format!("INSERT OR IGNORE INTO damaged (centre, idx) {again}"), params![key, own, last, end])?;
        self.run(&format!("DELETE FROM erased WHERE (centre, idx) IN ({again})"), params![key, own, last, end])?;
        let stands = "UPDATE listing SET ended = NULL, ended_idx = NULL, ended_at = NULL, impersonated = NULL
                      WHERE place BETWEEN ?1 AND ?2 AND ended_idx >= ?3";
        self.run(stands, params![own, last, end]).map(|_| ())
    }
}

impl<R: Role> Db<R> {
    /// How often rows of a journal were let go.
    pub(super) fn cuts_of(&self, centre: &CentreCode) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(cut), 0) FROM void_row WHERE centre = ?1";
        Ok(self.one(sql, [centre.as_str()], |row| unsigned(row, 0))?.unwrap_or(0))
    }

    /// Whether a cut behind the first `after` let go of a row below `below` that is not the same now.
    pub(super) fn void_below(&self, centre: &CentreCode, after: u64, below: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM void_row v WHERE v.centre = ?1 AND v.cut > ?2 AND v.idx < ?3 AND NOT EXISTS (
                       SELECT 1 FROM entry e JOIN journal j USING (centre) WHERE j.code = ?1 AND e.idx = v.idx AND e.header = v.header)";
        self.any(sql, params![centre.as_str(), signed(after)?, signed(below)?])
    }
}
