//! The scrub (`anju store check`): every payload, header, subtree, peak and root is hashed again, every sealed value opened, one row in
//! memory at a time. It repairs nothing; it writes down which payloads have to be fetched again.

use std::collections::BTreeSet;

use anju_core::journal::statement::absence_allowed;
use anju_core::journal::{Frontier, Header, Subtree};
use anju_core::names::{CentreCode, Digest};
use anju_core::node::serve::for_observers;
use anju_core::shelf::JournalState;
use anju_core::time::Time;
use rusqlite::{Row, params};

use super::read::{ISSUED_COLUMNS, StoredRow, signed};
use super::{Store, StoreError};

/// Rows read between two notes of progress.
const BATCH_ROWS: u64 = 4096;
/// Most lines taken from SQLite's own check.
const STRUCTURE_LINES_MAX: usize = 16;

/// How far a scrub is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The journal it is in.
    pub centre: CentreCode,
    /// Rows of it done.
    pub rows: u64,
    /// Rows it has.
    pub of: u64,
}

/// What a scrub found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Journals read.
    pub journals: u64,
    /// Rows hashed.
    pub rows: u64,
    /// Payloads hashed.
    pub payloads: u64,
    /// Payloads that are not what their header says.
    pub damaged: u64,
    /// Payloads that are gone although they were not erased and their time has not come.
    pub missing: u64,
    /// Payloads that are gone because whoever served them left them out. They are asked for elsewhere; nothing is wrong with the store.
    pub withheld: u64,
    /// Headers that are not what was written.
    pub headers: u64,
    /// Stored subtree roots that are not over their rows, or not there.
    pub subtrees: u64,
    /// Journals whose rows do not lead to their peaks or head.
    pub broken: BTreeSet<CentreCode>,
    /// Sealed values that do not open.
    pub sealed: u64,
    /// Whether the rows of the audit log do not lead to its size and peaks.
    pub audit_broken: bool,
    /// What SQLite's own check says about the file, unless it is well.
    pub structure: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let counts = self.damaged + self.missing + self.headers + self.subtrees + self.sealed;
        counts == 0 && self.broken.is_empty() && !self.audit_broken && self.structure.is_empty()
    }
}

/// One journal while it is read.
struct Walk {
    /// What observers do not get is not missing here.
    observes: bool,
    key: i64,
    frontier: Frontier,
    /// Size of the head that is held, and the root over that many rows as they were read.
    head_size: Option<u64>,
    root_at_head: Option<Digest>,
    subtrees: u64,
    /// Indices of the batch whose payload has to be fetched again.
    found: Vec<u64>,
}

impl Walk {
    fn hides(&self, header: &Header) -> bool {
        self.observes && !header.kind().is_some_and(for_observers)
    }
}

impl Store {
    /// Hashes everything again and writes down which payloads are damaged or missing; `now` decides whether a payload may be gone.
    /// Must not be called inside a transaction.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when SQLite itself cannot read the file, [`StoreError::Full`] and engine failures. What is merely wrong is
    /// in the report.
    pub fn scrub(&mut self, now: Time, progress: &mut dyn FnMut(&Progress)) -> Result<Report, StoreError> {
        self.scrub_as(now, false, progress)
    }

    /// As [`Store::scrub`]. Of the store of a centre that `observes`, contents that observers do not get are not missing.
    ///
    /// # Errors
    /// As [`Store::scrub`].
    pub fn scrub_as(&mut self, now: Time, observes: bool, progress: &mut dyn FnMut(&Progress)) -> Result<Report, StoreError> {
        let mut report = Report::default();
        for centre in self.centres()? {
            self.scrub_journal(&centre, (now, observes), &mut report, progress)?;
            report.journals += 1;
        }
        let (in_house, audit_broken) = self.house_that_stays_shut()?;
        report.sealed = self.sealed_that_stay_shut()?
            + self.lists_that_stay_shut()?
            + in_house
            + self.window_that_stays_shut()?
            + self.outbox_that_stays_shut()?;
        report.audit_broken = audit_broken;
        report.structure = self.structure()?;
        Ok(report)
    }

    fn scrub_journal(
        &mut self,
        centre: &CentreCode,
        (now, observes): (Time, bool),
        report: &mut Report,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<(), StoreError> {
        let Some((key, size)) = self.journal_key(centre)? else { return Ok(()) };
        let head_size = self.journal_state(centre).ok().and_then(|state| state.head).map(|head| head.size);
        let root_at_head = (head_size == Some(0)).then(|| Frontier::empty().root());
        let mut walk = Walk { key, observes, frontier: Frontier::empty(), head_size, root_at_head, subtrees: 0, found: Vec::new() };
        while walk.frontier.size() < size {
            let from = walk.frontier.size();
            self.scrub_batch(&mut walk, now, report)?;
            let reached = walk.frontier.size();
            self.note_damage(key, from, reached, &walk.found)?;
            walk.found.clear();
            if reached == from {
                // A row is not there: nothing after it can be hashed into this tree.
                report.broken.insert(centre.clone());
                return Ok(());
            }
            progress(&Progress { centre: centre.clone(), rows: reached, of: size });
        }
        let stored = self.one("SELECT count(*) FROM subtree WHERE centre = ?1", [key], |row| super::read::unsigned(row, 0))?;
        report.subtrees += stored.unwrap_or_default().saturating_sub(walk.subtrees);
        if !leads_to(&walk.frontier, walk.root_at_head, self.journal_state(centre)) {
            report.broken.insert(centre.clone());
        }
        Ok(())
    }

    fn scrub_batch(&self, walk: &mut Walk, now: Time, report: &mut Report) -> Result<(), StoreError> {
        let sql = "SELECT e.idx, e.leaf, e.header, e.payload, x.idx IS NOT NULL, w.idx IS NOT NULL
                   FROM entry e LEFT JOIN erased x ON x.centre = e.centre AND x.idx = e.idx
                   LEFT JOIN withheld w ON w.centre = e.centre AND w.idx = e.idx
                   WHERE e.centre = ?1 AND e.idx >= ?2 ORDER BY e.idx LIMIT ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![walk.key, signed(walk.frontier.size())?, signed(BATCH_ROWS)?])?;
        let mut completed = Vec::new();
        while let Some(row) = rows.next()? {
            if !self.scrub_row(row, walk, &mut completed, now, report)? {
                break;
            }
        }
        for subtree in completed {
            walk.subtrees += 1;
            if self.subtree_row(walk.key, &subtree)? != Some(subtree.digest) {
                report.subtrees += 1;
            }
        }
        Ok(())
    }

    /// Says whether the row is the next one.
    fn scrub_row(
        &self,
        row: &Row<'_>,
        walk: &mut Walk,
        completed: &mut Vec<Subtree>,
        now: Time,
        report: &mut Report,
    ) -> Result<bool, StoreError> {
        let stored = StoredRow::read(row)?;
        let erased: bool = row.get(4)?;
        let index = walk.frontier.size();
        if stored.index != index {
            return Ok(false);
        }
        walk.frontier.push(stored.entry().leaf(), completed).map_err(|e| StoreError::Engine(e.to_string()))?;
        if walk.head_size == Some(walk.frontier.size()) {
            walk.root_at_head = Some(walk.frontier.root());
        }
        report.rows += 1;
        report.headers += u64::from(!stored.header_is_sound());
        if stored.entry().payload.is_some() {
            report.payloads += 1;
            if stored.entry().check().is_err() {
                report.damaged += 1;
                walk.found.push(index);
            }
        } else if Header::parse(&stored.entry().header).is_ok_and(|header| !walk.hides(&header) && !absence_allowed(&header, now, erased)) {
            // A withheld row is asked for when its journal is all here, by a way of its own.
            if row.get(5)? {
                report.withheld += 1;
            } else {
                report.missing += 1;
                walk.found.push(index);
            }
        }
        Ok(true)
    }

    fn subtree_row(&self, key: i64, subtree: &Subtree) -> Result<Option<Digest>, StoreError> {
        let sql = "SELECT digest FROM subtree WHERE centre = ?1 AND level = ?2 AND idx = ?3";
        self.one(sql, params![key, subtree.level, signed(subtree.index)?], |row| Ok(Digest(row.get(0)?)))
    }

    /// Makes `damaged` say of the rows `from..to` exactly what was found.
    fn note_damage(&mut self, key: i64, from: u64, to: u64, found: &[u64]) -> Result<(), StoreError> {
        let range = params![key, signed(from)?, signed(to)?];
        let noted = self.one("SELECT 1 FROM damaged WHERE centre = ?1 AND idx >= ?2 AND idx < ?3 LIMIT 1", range, |_| Ok(()))?;
        if found.is_empty() && noted.is_none() {
            return Ok(());
        }
        self.begin()?;
        let written = self.rewrite_damage(key, from, to, found);
        match written {
            Ok(()) => self.commit(),
            Err(_) => {
                self.rollback();
                written
            }
        }
    }

    fn rewrite_damage(&self, key: i64, from: u64, to: u64, found: &[u64]) -> Result<(), StoreError> {
        let range = params![key, signed(from)?, signed(to)?];
        self.conn.prepare_cached("DELETE FROM damaged WHERE centre = ?1 AND idx >= ?2 AND idx < ?3")?.execute(range)?;
        let mut insert = self.conn.prepare_cached("INSERT INTO damaged (centre, idx) VALUES (?1, ?2)")?;
        for index in found {
            insert.execute(params![key, signed(*index)?])?;
        }
        Ok(())
    }

    fn sealed_that_stay_shut(&self) -> Result<u64, StoreError> {
        let issued = self.shut(&format!("SELECT {ISSUED_COLUMNS} FROM issued"), &|row| self.issued_record(row).map(|_| ()))?;
        let sql =
            "SELECT author, idx, at, request, asked, grant_id, certificate, matter, business_no, fields, refused, asker, mode FROM access";
        Ok(issued + self.shut(sql, &|row| self.access_row(row).map(|_| ()))?)
    }

    fn structure(&self) -> Result<Vec<String>, StoreError> {
        let mut lines = Vec::new();
        self.conn.pragma_query(None, "quick_check", |row| {
            let line: String = row.get(0)?;
            if line != "ok" && lines.len() < STRUCTURE_LINES_MAX {
                lines.push(line);
            }
            Ok(())
        })?;
        Ok(lines)
    }
}

/// Whether the rows read end in the state that is stored.
fn leads_to(frontier: &Frontier, root_at_head: Option<Digest>, state: Result<JournalState, StoreError>) -> bool {
    let Ok(state) = state else { return false };
    let head_fits = state.head.as_ref().is_none_or(|head| root_at_head == Some(head.root));
    state.size == frontier.size() && state.peaks == frontier.peaks() && head_fits
}
