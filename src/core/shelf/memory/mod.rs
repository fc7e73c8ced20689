//! A shelf in memory, for simulations and tests: the same contract as the store on disk (one suite of tests runs against both), plus
//! switches that make it misbehave. What must never be here: a rule that the store on disk does not have.

mod charters;
mod dossiers;
mod forks;
mod house;
mod lists;
mod matters;
mod outbox;
mod window;
mod witness;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::{
    AccessRow, AnsweredRow, CertificateRow, Head, IssuedRecord, JournalState, ListWrite, Projection, Shelf, Write,
    check::{self, Misfit},
};
use crate::error::{FaultCode, ShelfError};
use crate::journal::proof::subtree_from_stored;
use crate::journal::{Entry, Header, SoundRows, Subtree};
use crate::names::{CentreCode, CertificateNumber, Digest, GrantId, RequestId, StationKey, Thumbprint};
use crate::seal::Key;
use crate::time::Time;

#[derive(Debug, Clone, Default)]
struct Journal {
    state: JournalState,
    entries: Vec<Entry>,
    subtrees: BTreeMap<(u8, u64), Digest>,
    erased: BTreeSet<u64>,
}

/// Rows that were let go at once: their indexes and headers.
type LetGo = Vec<(u64, Vec<u8>)>;

/// A [`Shelf`] that forgets. Each [`MemoryShelf::apply`] changes all of what its write says or nothing.
#[derive(Debug, Clone, Default)]
pub struct MemoryShelf {
    journals: BTreeMap<CentreCode, Journal>,
    certificates: BTreeMap<CertificateNumber, CertificateRow>,
    accesses: BTreeMap<(CentreCode, u64), AccessRow>,
    revoked: BTreeMap<(GrantId, Thumbprint), Time>,
    /// Row and time of the first ending.
    holders_ended: BTreeMap<(Thumbprint, CertificateNumber), (u64, Time)>,
    answered: BTreeMap<(CentreCode, RequestId), AnsweredRow>,
    issued: BTreeMap<CertificateNumber, IssuedRecord>,
    forks: forks::Tables,
    /// Headers of rows that were let go, with their indexes, cut by cut.
    void: BTreeMap<CentreCode, Vec<LetGo>>,
    faults: BTreeMap<(StationKey, FaultCode), u64>,
    damaged: RefCell<BTreeSet<(CentreCode, u64)>>,
    lists: lists::Tables,
    house: house::Tables,
    matters: matters::Tables,
    charters: charters::Tables,
    dossiers: dossiers::Tables,
    window: window::Tables,
    outbox: outbox::Tables,
    witness: witness::Tables,
    full: bool,
}

impl MemoryShelf {
    /// An empty shelf.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same shelf with this local secret; every other one has the same.
    #[must_use]
    pub fn with_local_secret(mut self, secret: Key) -> Self {
        self.lists.local_secret = Some(secret);
        self
    }

    /// From now on every write fails as on a full disk, or no longer does.
    pub const fn set_full(&mut self, full: bool) {
        self.full = full;
    }

    /// Flips a bit of a stored payload, as a failing disk would. Says whether there was a byte to damage.
    pub fn flip_payload_bit(&mut self, centre: &CentreCode, index: u64) -> bool {
        let row = usize::try_from(index).ok().and_then(|i| self.journals.get_mut(centre)?.entries.get_mut(i));
        let byte = row.and_then(|entry| entry.payload.as_mut()).and_then(|payload| payload.last_mut());
        byte.map(|byte| *byte ^= 1).is_some()
    }

    /// Makes one change.
    ///
    /// # Errors
    /// [`ShelfError::Failed`] when it does not fit what is held; then nothing has changed.
    pub fn apply(&mut self, write: &Write) -> Result<(), ShelfError> {
        if self.full {
            return Err(ShelfError::Failed("no room".to_owned()));
        }
        match write {
            Write::Append { centre, from, rows, subtrees, state } => self.append(centre, *from, rows, subtrees, state)?,
            Write::Head { centre, head } => self.head(centre, head)?,
            Write::Cut { centre, own, state, .. } => {
                self.cut(centre, state)?;
                if *own {
                    self.house.cut(state.size);
                }
            }
            Write::Applied { centre, applied } => self.applied(centre, *applied)?,
            Write::Erase { centre, index } => self.erase(centre, *index)?,
            Write::Restore { centre, index, payload } => self.restore(centre, *index, payload)?,
            Write::Project(projection) => self.project(projection),
            Write::Answered(row) => {
                let key = (row.asker.clone(), row.request);
                if self.answered.contains_key(&key) {
                    return Err(Misfit::Exists.into());
                }
                self.answered.insert(key, row.clone());
            }
            Write::ForgetAnswered { before } => self.answered.retain(|_, row| row.until >= *before),
            Write::Issued(record) => {
                if self.issued.contains_key(&record.number) {
                    return Err(Misfit::Exists.into());
                }
                self.issued.insert(record.number.clone(), record.clone());
            }
            Write::Rekeyed { number, content_key } => {
                self.issued.get_mut(number).ok_or(Misfit::Unknown)?.content_key = content_key.clone();
            }
            Write::Fork(row) => self.forks.write(row),
            Write::Beside(rows) => self.forks.keep_beside(rows),
            Write::ForgetBeside { author } => self.forks.forget_beside(author),
            Write::List(write) => self.list(write)?,
            Write::House(write) => self.house.write(write)?,
            Write::Dossier(write) => self.dossiers.write(write),
            Write::Window(write) => self.window.write(write)?,
            Write::Outbox(write) => self.outbox.write(write)?,
            Write::Charter(write) => self.charters.write(write)?,
            Write::Cosigned(row) => self.witness.write(row)?,
            Write::Fault { station, code } => *self.faults.entry((*station, *code)).or_default() += 1,
        }
        Ok(())
    }

    /// A certificate that another history of its issuer ended has ended.
    fn with_beside(&self, row: &CertificateRow) -> CertificateRow {
        let ended = row.ended.clone().or_else(|| self.forks.certificate_ended(&row.number));
        CertificateRow { ended, ..row.clone() }
    }

    fn append(
        &mut self,
        centre: &CentreCode,
        from: u64,
        rows: &SoundRows,
        subtrees: &[Subtree],
        after: &JournalState,
    ) -> Result<(), ShelfError> {
        check::append(&Shelf::journal(self, centre)?, from, rows, subtrees, after)?;
        let journal = self.journals.entry(centre.clone()).or_default();
        journal.entries.extend(rows.entries().cloned());
        journal.subtrees.extend(subtrees.iter().map(|s| ((s.level, s.index), s.digest)));
        journal.state = after.clone();
        Ok(())
    }

    fn head(&mut self, centre: &CentreCode, head: &Head) -> Result<(), ShelfError> {
        check::head(&Shelf::journal(self, centre)?, head)?;
        self.journals.entry(centre.clone()).or_default().state.head = Some(head.clone());
        Ok(())
    }

    fn cut(&mut self, centre: &CentreCode, after: &JournalState) -> Result<(), ShelfError> {
        check::cut(&Shelf::journal(self, centre)?, after)?;
        let (size, journal) = (after.size, self.journals.entry(centre.clone()).or_default());
        let gone = journal.entries.split_off(usize::try_from(size).unwrap_or(usize::MAX).min(journal.entries.len()));
        let gone = (size..).zip(gone).map(|(index, entry)| (index, entry.header)).collect();
        self.void.entry(centre.clone()).or_default().push(gone);
        journal.subtrees.retain(|(level, index), _| (index + 1) << level <= size);
        journal.erased.retain(|index| *index < size);
        let restored = self.lists.cut(centre, size);
        for index in restored.into_iter().filter(|index| journal.erased.remove(index)) {
            self.damaged.get_mut().insert((centre.clone(), index));
        }
        self.damaged.get_mut().retain(|(of, index)| of != centre || *index < size);
        journal.state = after.clone();
        let erased = &journal.erased;
        self.certificates.retain(|number, row| number.centre() != *centre || erased.contains(&row.index));
        self.accesses.retain(|(author, index), _| author != centre || *index < size);
        self.holders_ended.retain(|(_, number), (index, _)| number.centre() != *centre || *index < size);
        self.matters.cut(centre);
        self.charters.cut(centre, size);
        self.forks.cut(centre, size);
        self.dossiers.cut(centre, size);
        self.witness.cut(centre, size);
        Ok(())
    }

    fn applied(&mut self, centre: &CentreCode, applied: u64) -> Result<(), ShelfError> {
        let held = Shelf::journal(self, centre)?;
        check::applied(&held, held.size, applied)?;
        self.journals.entry(centre.clone()).or_default().state.applied = applied;
        Ok(())
    }

    fn row(&mut self, centre: &CentreCode, index: u64) -> Result<(&mut Entry, &mut BTreeSet<u64>), Misfit> {
        let journal = self.journals.get_mut(centre).ok_or(Misfit::NoRow(index))?;
        let position = usize::try_from(index).map_err(|_| Misfit::NoRow(index))?;
        Ok((journal.entries.get_mut(position).ok_or(Misfit::NoRow(index))?, &mut journal.erased))
    }

    fn erase(&mut self, centre: &CentreCode, index: u64) -> Result<(), Misfit> {
        let (entry, erased) = self.row(centre, index)?;
        entry.payload = None;
        erased.insert(index);
        self.sound_again(centre, index);
        Ok(())
    }

    fn restore(&mut self, centre: &CentreCode, index: u64, payload: &[u8]) -> Result<(), Misfit> {
        let (entry, erased) = self.row(centre, index)?;
        if erased.contains(&index) {
            return Err(Misfit::Erased(index));
        }
        let restored = Entry { header: entry.header.clone(), payload: Some(payload.to_vec()) };
        restored.check().map_err(|fault| Misfit::BadRow { index, code: fault.code })?;
        *entry = restored;
        self.sound_again(centre, index);
        Ok(())
    }

    fn sound_again(&mut self, centre: &CentreCode, index: u64) {
        self.damaged.get_mut().remove(&(centre.clone(), index));
        self.lists.no_longer_withheld(centre, index);
    }

    /// A row is withheld only while it is held and may not be without its payload.
    fn list(&mut self, write: &ListWrite) -> Result<(), Misfit> {
        if let ListWrite::Withheld { centre, index, .. } = write {
            let (entry, erased) = self.row(centre, *index)?;
            if entry.payload.is_some() || erased.contains(index) {
                return Ok(());
            }
        }
        self.lists.write(write)
    }

    fn project(&mut self, projection: &Projection) {
        match projection {
            Projection::Certificate(row) => {
                self.certificates.entry(row.number.clone()).or_insert_with(|| row.clone());
            }
            Projection::CertificateEnded { number, ended } => {
                if let Some(row) = self.certificates.get_mut(number) {
                    row.ended.get_or_insert_with(|| ended.clone());
                }
            }
            Projection::HolderBound { row, former, at } => {
                self.end_holder((*former, row.number.clone()), (row.index, *at));
                match self.certificates.get_mut(&row.number) {
                    Some(known) if known.index < row.index => {
                        *known = CertificateRow { ended: known.ended.take(), ..(**row).clone() };
                    }
                    Some(_) => {}
                    None => {
                        self.certificates.insert(row.number.clone(), (**row).clone());
                    }
                }
            }
            Projection::HolderEnded { number, holder, index, at } => self.end_holder((*holder, number.clone()), (*index, *at)),
            Projection::Access(row) => {
                self.accesses.entry((row.author.clone(), row.index)).or_insert_with(|| row.clone());
            }
            Projection::List(projection) => self.lists.project(projection),
            Projection::AuditCommitted(commitment) => self.house.commit(commitment),
            Projection::Published(projection) => self.matters.project(projection),
            Projection::Vote(row) => self.charters.project(row),
            Projection::Fork(row) => self.forks.project(row),
            Projection::Dossier(projection) => self.dossiers.project(projection),
            Projection::GrantRevoked { grant, holder, at } => {
                let first = self.revoked.entry((*grant, *holder)).or_insert(*at);
                *first = (*first).min(*at);
            }
        }
    }

    fn end_holder(&mut self, key: (Thumbprint, CertificateNumber), said: (u64, Time)) {
        let first = self.holders_ended.entry(key).or_insert(said);
        *first = (*first).min(said);
    }

    /// The access that stands in a row.
    #[must_use]
    pub fn access_at(&self, author: &CentreCode, index: u64) -> Option<AccessRow> {
        self.accesses.get(&(author.clone(), index)).cloned()
    }

    fn accesses_of<'a>(&'a self, author: &CentreCode) -> impl Iterator<Item = &'a AccessRow> {
        self.accesses.range((author.clone(), 0)..=(author.clone(), u64::MAX)).map(|(_, row)| row)
    }
}

impl Shelf for MemoryShelf {
    fn journal(&self, centre: &CentreCode) -> Result<JournalState, ShelfError> {
        Ok(self.journals.get(centre).map(|journal| journal.state.clone()).unwrap_or_default())
    }

    fn entries(&self, centre: &CentreCode, from: u64, max_rows: u64, max_bytes: usize) -> Result<Vec<Entry>, ShelfError> {
        let Some(journal) = self.journals.get(centre) else { return Ok(Vec::new()) };
        let first = usize::try_from(from).unwrap_or(usize::MAX);
        let rows = usize::try_from(max_rows).unwrap_or(usize::MAX);
        let (mut out, mut bytes) = (Vec::new(), 0_usize);
        for (entry, index) in journal.entries.iter().skip(first).take(rows).zip(from..) {
            bytes = bytes.saturating_add(entry.header.len() + entry.payload.as_ref().map_or(0, Vec::len));
            if bytes > max_bytes && !out.is_empty() {
                break;
            }
            let mut entry = entry.clone();
            if entry.check().is_err() {
                entry.payload = None;
                self.damaged.borrow_mut().insert((centre.clone(), index));
            }
            out.push(entry);
        }
        Ok(out)
    }

    fn subtree(&self, centre: &CentreCode, level: u8, index: u64) -> Result<Digest, ShelfError> {
        let missing = || ShelfError::Failed("no such subtree is held".to_owned());
        let journal = self.journals.get(centre).ok_or_else(missing)?;
        subtree_from_stored(level, index, &mut |level, index| match level {
            0 => {
                let entry = usize::try_from(index).ok().and_then(|i| journal.entries.get(i));
                entry.map(Entry::leaf).ok_or_else(missing)
            }
            1.. => journal.subtrees.get(&(level, index)).copied().ok_or_else(missing),
        })
    }

    fn certificate(&self, number: &CertificateNumber) -> Result<Option<CertificateRow>, ShelfError> {
        Ok(self.certificates.get(number).map(|row| self.with_beside(row)))
    }

    fn certificate_of_holder(&self, holder: &Thumbprint, first: &CentreCode) -> Result<Option<CertificateRow>, ShelfError> {
        let ended = |row: &CertificateRow| {
            self.holders_ended.contains_key(&(*holder, row.number.clone())) || self.forks.holder_ended(holder, Some(&row.number)).is_some()
        };
        let counts = self.certificates.values().filter(|row| row.holder == *holder && !ended(row));
        Ok(counts.min_by_key(|row| (row.issuer != *first, row.number.clone())).map(|row| self.with_beside(row)))
    }

    fn holder_ended(&self, holder: &Thumbprint, number: Option<&CertificateNumber>) -> Result<Option<Time>, ShelfError> {
        let of_key = self.holders_ended.iter().filter(|((key, of), _)| key == holder && number.is_none_or(|number| number == of));
        let (here, beside) = (of_key.map(|(_, (_, at))| *at).min(), self.forks.holder_ended(holder, number));
        Ok(here.into_iter().chain(beside).min())
    }

    fn certificates(
        &self,
        issuer: &CentreCode,
        after: Option<&CertificateNumber>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>, ShelfError> {
        let rows = self.certificates.values().filter(|row| row.issuer == *issuer && after.is_none_or(|after| row.number > *after));
        Ok(rows.take(limit).map(|row| self.with_beside(row)).collect())
    }

    fn certificate_count(&self, issuer: &CentreCode, prefix: &str) -> Result<u64, ShelfError> {
        let rows = self.certificates.values().filter(|row| row.issuer == *issuer && row.number.as_str().starts_with(prefix));
        Ok(rows.count() as u64)
    }

    fn grant_uses(&self, author: &CentreCode, grant: &GrantId, before: Option<u64>) -> Result<u32, ShelfError> {
        let released = self.accesses_of(author).filter(|row| row.grant == *grant && row.refused.is_none());
        let uses = released.filter(|row| before.is_none_or(|before| row.index < before)).count();
        Ok(u32::try_from(uses).unwrap_or(u32::MAX))
    }

    fn grant_revoked(&self, grant: &GrantId, holder: &Thumbprint) -> Result<Option<Time>, ShelfError> {
        Ok(self.revoked.get(&(*grant, *holder)).copied().into_iter().chain(self.forks.grant_revoked(grant, holder)).min())
    }

    fn access(&self, author: &CentreCode, request: &RequestId) -> Result<Option<AccessRow>, ShelfError> {
        Ok(self.accesses_of(author).find(|row| row.request == *request).cloned())
    }

    fn answered(&self, asker: &CentreCode, request: &RequestId) -> Result<Option<AnsweredRow>, ShelfError> {
        Ok(self.answered.get(&(asker.clone(), *request)).cloned())
    }

    fn issued_by(&self, request: &RequestId) -> Result<Option<IssuedRecord>, ShelfError> {
        Ok(self.issued.values().find(|record| record.request == Some(*request)).cloned())
    }

    fn issued(&self, number: &CertificateNumber) -> Result<Option<IssuedRecord>, ShelfError> {
        Ok(self.issued.get(number).cloned())
    }

    fn erased(&self, centre: &CentreCode, index: u64) -> Result<bool, ShelfError> {
        Ok(self.journals.get(centre).is_some_and(|journal| journal.erased.contains(&index)))
    }

    fn damaged(&self, limit: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        Ok(self.damaged.borrow().iter().take(limit).cloned().collect())
    }

    fn droppable(&self, now: Time, limit: usize) -> Result<Vec<(CentreCode, u64)>, ShelfError> {
        let rows = self.journals.iter().flat_map(|(centre, journal)| (0_u64..).zip(&journal.entries).map(move |(i, e)| (centre, i, e)));
        let over = |entry: &Entry| {
            let drop_after = Header::parse(&entry.header).ok().and_then(|header| header.drop_after());
            entry.payload.is_some() && drop_after.is_some_and(|at| at <= now)
        };
        Ok(rows.filter(|(_, _, entry)| over(entry)).map(|(centre, index, _)| (centre.clone(), index)).take(limit).collect())
    }

    fn faults(&self) -> Result<Vec<(StationKey, FaultCode, u64)>, ShelfError> {
        Ok(self.faults.iter().map(|((station, code), count)| (*station, *code, *count)).collect())
    }
}
