//! The own journal grows: rows are appended, the head is signed, kept and announced; when nothing is written a heartbeat says that the
//! centre lives.
//!
//! One input appends at most once, because what it appends is not on the shelf before the input is done.
//!
//! A store restored from a backup must not fork the journal. Before a head leaves, it is kept outside the backup set. At start the
//! kept head and the store are compared: if the kept one is missing or ahead, this peer reads and replicates but does not write until a
//! majority of the other members have reported the heads they hold and every row that they have seen is back. And whenever somebody
//! shows a head of our own signing that is longer than our journal, the same holds from then on.

use std::collections::BTreeSet;

use super::{Effect, Env, Node, Stop, announce};
use crate::charter::Role;
use crate::desk::ReadOnly;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::journal::{Entry, Frame, Frontier, Kind, SoundRow, SoundRows, Statement, batch};
use crate::names::CentreCode;
use crate::shelf::{JournalState, KeptHead, ListProjection, Projection, Write};
use crate::time::{SECOND_MS, Time};

/// Whether the own journal may be written.
#[derive(Debug, Default)]
pub(super) struct State {
    writing: Writing,
    last_signed: Option<Time>,
    /// Rows of the own journal were missing at some time since the peer came up.
    was_restoring: bool,
}

impl State {
    /// What a node that takes another's place has to know of it: a doubt about the own journal outlives what was forgotten.
    pub(super) fn successor(&self) -> Self {
        Self { was_restoring: self.was_restoring, ..Self::default() }
    }
}

#[derive(Debug, Default)]
pub(super) enum Writing {
    /// [`super::Input::Started`] has not come.
    #[default]
    NotStarted,
    /// Kept head and store agree.
    Free,
    /// Another station of the centre is the writer.
    NotTheWriter,
    /// The charter has suspended the centre.
    Suspended,
    /// The centre observes only.
    Observer,
    /// The charter no longer names the centre.
    Removed,
    /// The charter names other keys for the centre; whether this peer was writing until then, so that nothing of its journal is missing.
    OtherKeys {
        /// See above.
        was_free: bool,
    },
    /// Waiting for members to report what they hold of our journal.
    Restored { reported: BTreeSet<CentreCode> },
}

impl Node {
    /// Decides whether this peer may write. That it lives, it says with the next tick: a start writes nothing, so that a full disk keeps
    /// no peer from reading.
    pub(super) fn start(&mut self, env: &Env<'_>, kept: Option<&KeptHead>) -> Result<(), ShelfError> {
        let state = env.shelf.journal(&self.centre)?;
        self.publish.writing = if let Some(barred) = self.barred_from_writing() {
            barred
        } else if agrees(kept, &self.centre, &state, env)? && !self.publish.was_restoring {
            Writing::Free
        } else {
            self.publish.was_restoring = true;
            Writing::Restored { reported: BTreeSet::new() }
        };
        Ok(())
    }

    /// Why the charter keeps this peer from writing, if it does.
    fn barred_from_writing(&self) -> Option<Writing> {
        let Some(member) = self.charter.member(&self.centre) else { return Some(Writing::Removed) };
        let ours = member.signing == self.keys.signing.public() && member.heartbeat == self.keys.heartbeat.public();
        match member.role {
            Role::Suspended => Some(Writing::Suspended),
            Role::Observer => Some(Writing::Observer),
            Role::Member if self.is_second() => Some(Writing::NotTheWriter),
            Role::Member if !ours => {
                let was_free = matches!(self.publish.writing, Writing::Free | Writing::OtherKeys { was_free: true });
                Some(Writing::OtherKeys { was_free })
            }
            Role::Member if member.writer().is_none_or(|writer| writer.key != self.keys.station_key()) => Some(Writing::NotTheWriter),
            Role::Member => None,
        }
    }

    /// The charter has changed: this peer may have to stop writing, or may begin.
    pub(super) fn writing_reseated(&mut self) {
        match (self.barred_from_writing(), &self.publish.writing) {
            (Some(barred), _) => self.publish.writing = barred,
            (None, Writing::NotStarted | Writing::Free | Writing::Restored { .. }) => {}
            (None, Writing::OtherKeys { was_free: true }) => self.publish.writing = Writing::Free,
            // What others hold of our journal may be more than what we do: they are asked first.
            (None, Writing::NotTheWriter | Writing::Suspended | Writing::Observer | Writing::Removed | Writing::OtherKeys { .. }) => {
                self.publish.was_restoring = true;
                self.publish.writing = Writing::Restored { reported: BTreeSet::new() };
            }
        }
    }

    /// Why this peer does not write, if it does not.
    pub(super) fn read_only(&self) -> Option<ReadOnly> {
        match &self.publish.writing {
            // While it is being found out how far our own rows count, nothing may follow them.
            Writing::Free if self.is_searched(&self.centre) => Some(ReadOnly::Restored { reported: 0, needed: self.reports_needed() }),
            Writing::Free => None,
            Writing::NotTheWriter => Some(ReadOnly::NotTheWriter),
            Writing::Suspended => Some(ReadOnly::Suspended),
            Writing::Observer => Some(ReadOnly::Observer),
            Writing::Removed => Some(ReadOnly::Removed),
            Writing::OtherKeys { .. } => Some(ReadOnly::OtherKeys),
            Writing::NotStarted => Some(ReadOnly::Restored { reported: 0, needed: self.reports_needed() }),
            Writing::Restored { reported } => Some(ReadOnly::Restored { reported: reported.len(), needed: self.reports_needed() }),
        }
    }

    /// Refuses with the reason when this peer may not write now.
    pub(super) fn may_write(&self) -> Result<(), Refusal> {
        match self.read_only() {
            None => Ok(()),
            Some(ReadOnly::NotTheWriter) => Err(RefusalCode::WriterUnreachable.into()),
            Some(ReadOnly::Suspended) => Err(Refusal::about(RefusalCode::ReadOnly, "suspended")),
            Some(ReadOnly::Observer) => Err(Refusal::about(RefusalCode::ReadOnly, "observer")),
            Some(ReadOnly::Removed) => Err(Refusal::about(RefusalCode::ReadOnly, "removed")),
            Some(ReadOnly::OtherKeys) => Err(Refusal::about(RefusalCode::ReadOnly, "other-keys")),
            Some(ReadOnly::Restored { reported, needed }) => Err(Refusal::about(RefusalCode::ReadOnly, format!("{reported}/{needed}"))),
        }
    }

    /// Appends rows to the own journal: writes, projections, the kept head and the announcement. Returns the index of the first.
    pub(super) fn append(&mut self, env: &mut Env<'_>, entries: Vec<Entry>, out: &mut Vec<Effect>) -> Result<u64, Stop> {
        self.may_write()?;
        let author = self.author(&self.centre).ok_or_else(|| ShelfError::Failed("not in the charter".to_owned()))?;
        let state = env.shelf.journal(&self.centre)?;
        let frontier = Frontier::from_parts(state.size, state.peaks).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        // Without new rows a heartbeat is news only if its time is newer, also after this clock was set back.
        let step = if entries.is_empty() { SECOND_MS } else { 0 };
        let at = batch::heartbeat_time(env.now, state.head.map(|head| head.heartbeat.plus_ms(step)));
        let grown = !entries.is_empty();
        let batch = batch::append(&frontier, entries, author, &self.keys.signing, &self.keys.heartbeat, at)
            .map_err(|e| ShelfError::Failed(e.to_string()))?;
        let (size, from) = (batch.frontier.size(), state.size);
        let head = batch.head.received_at(env.now);
        out.push(Effect::KeepHead(KeptHead { centre: self.centre.clone(), size, root: head.root }));
        let frame = newest_rows(&self.centre, from, &batch.rows, &head.note);
        self.tell_of_head(env, &frame, grown, out);
        let applied = applied_after(state.applied, from, &batch.rows);
        self.project_rows(env, &self.centre.clone(), from, &batch.rows, out)?;
        let state = JournalState { size, peaks: batch.frontier.peaks().to_vec(), head: Some(head), applied };
        let (rows, subtrees) = (batch.rows, batch.subtrees);
        out.insert(0, Effect::Write(Write::Append { centre: self.centre.clone(), from, rows, subtrees, state }));
        self.publish.last_signed = Some(env.now);
        Ok(from)
    }

    /// What rows mean, as writes: for the projections, and for the payloads that they end. The rows are appended before them, by the
    /// same input.
    pub(super) fn project_rows(
        &mut self,
        env: &Env<'_>,
        author: &CentreCode,
        from: u64,
        rows: &SoundRows,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if !rows.is_empty() {
            self.journal_grew(env.now, author);
        }
        for (index, row) in (from..).zip(rows.rows()) {
            let projected = super::project::project_sound(&self.centre, &self.keys, author, index, row.header(), row.entry());
            projected.iter().try_for_each(|projection| self.dossier_arrived(env, author, projection))?;
            projected.iter().for_each(|projection| self.membership_arrived(projection));
            projected.iter().for_each(|projection| self.fork_arrived(env.now, projection, out));
            projected.into_iter().for_each(|projection| project(out, projection));
            let among = |index: u64| rows.rows().get(usize::try_from(index.checked_sub(from)?).ok()?);
            if let Some(index) = super::list::payload_ended_by(env, (author, index), row, among)? {
                out.push(Effect::Write(Write::Erase { centre: author.clone(), index }));
            }
            self.deserves_a_vector(author, row.header(), env.now);
            self.notice_nonsense(author, row, out);
        }
        Ok(())
    }

    /// Signs the head anew when it is time.
    pub(super) fn heartbeat_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let due = self.publish.last_signed.is_none_or(|last| env.now.since(last) >= self.settings.heartbeat_ms || env.now < last);
        if due { self.heartbeat_now(env, out) } else { Ok(()) }
    }

    pub(super) fn heartbeat_now(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.may_write().is_err() {
            return Ok(());
        }
        match self.append(env, Vec::new(), out) {
            Ok(_) | Err(Stop::Refused(_)) => Ok(()),
            Err(Stop::Shelf(error)) => Err(error),
        }
    }

    /// Somebody holds more of our journal than we do: this store was restored. Stop writing until it is back.
    pub(super) fn own_rows_missing(&mut self) {
        match self.publish.writing {
            Writing::Free => {
                self.publish.was_restoring = true;
                self.publish.writing = Writing::Restored { reported: BTreeSet::new() };
            }
            // It asks first when its keys have come.
            Writing::OtherKeys { .. } => self.publish.writing = Writing::OtherKeys { was_free: false },
            Writing::NotStarted
            | Writing::NotTheWriter
            | Writing::Suspended
            | Writing::Observer
            | Writing::Removed
            | Writing::Restored { .. } => {}
        }
    }

    /// `member` has reported every head it holds; `complete` says whether our own journal is as long as the longest seen.
    pub(super) fn own_head_reported(
        &mut self,
        env: &mut Env<'_>,
        member: CentreCode,
        complete: bool,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let needed = self.reports_needed();
        let Writing::Restored { reported } = &mut self.publish.writing else { return Ok(()) };
        if member != self.centre {
            reported.insert(member);
        }
        if reported.len() < needed || !complete {
            return Ok(());
        }
        self.publish.writing = Writing::Free;
        self.heartbeat_now(env, out)
    }

    /// Whether this peer waits for its own rows.
    pub(super) const fn is_restoring(&self) -> bool {
        matches!(self.publish.writing, Writing::Restored { .. })
    }

    /// Whether rows of the own journal were missing at some time since this peer came up: other things may be missing then.
    pub(super) const fn was_restoring(&self) -> bool {
        self.publish.was_restoring
    }

    /// More than half of the other members.
    pub(super) fn reports_needed(&self) -> usize {
        (self.charter.members().len().saturating_sub(1)) / 2 + 1
    }
}

/// A row of ours that is kept for good.
pub(super) fn row(env: &mut Env<'_>, kind: Kind, body: &[u8]) -> Result<Entry, ShelfError> {
    Statement::build(env.rng, kind, env.now, None, body).map_err(|e| ShelfError::Failed(e.to_string()))
}

/// What a row means, behind what the rows before it mean. Listings that follow each other are written at once.
fn project(out: &mut Vec<Effect>, projection: Projection) {
    let Projection::List(ListProjection::Decided(row)) = projection else { return out.push(Effect::Write(Write::Project(projection))) };
    match out.last_mut() {
        Some(Effect::Write(Write::Project(Projection::List(ListProjection::DecidedInRow(rows)))))
            if rows.last().is_some_and(|before| before.place.centre == row.place.centre) =>
        {
            rows.push(row);
        }
        Some(_) | None => out.push(Effect::Write(Write::Project(Projection::List(ListProjection::DecidedInRow(vec![row]))))),
    }
}

/// Whether the kept head says that nothing left this station that the store does not have.
fn agrees(kept: Option<&KeptHead>, own: &CentreCode, state: &JournalState, env: &Env<'_>) -> Result<bool, ShelfError> {
    let Some(kept) = kept else { return Ok(false) };
    if kept.centre != *own || kept.size > state.size {
        return Ok(false);
    }
    let on_shelf = crate::journal::proof::OnShelf { shelf: env.shelf, centre: own };
    let root = crate::journal::proof::root_at(&on_shelf, kept.size).map_err(|e| ShelfError::Damaged(e.to_string()))?;
    Ok(root == kept.root)
}

/// The announcement of new rows: the rows themselves if they fit, else only the head.
fn newest_rows(centre: &CentreCode, from: u64, rows: &SoundRows, note: &[u8]) -> Frame {
    let bytes: usize = rows.entries().map(|e| e.header.len() + e.payload.as_ref().map_or(0, Vec::len) + 16).sum();
    let fits = bytes <= announce::ANNOUNCED_ROWS_BYTES && rows.len() as u64 <= announce::ANNOUNCED_ROWS;
    let (from, entries) = if fits { (from, rows.entries().cloned().collect()) } else { (from + rows.len() as u64, Vec::new()) };
    Frame { centre: centre.clone(), from, entries, proof: Vec::new(), note: note.to_vec() }
}

/// How far a journal is applied after these rows: up to the first that this version does not interpret.
pub(super) fn applied_after(applied: u64, from: u64, rows: &SoundRows) -> u64 {
    if applied != from {
        return applied;
    }
    let interpreted = |row: &&SoundRow| row.header().kind().is_some_and(|kind| kind.is_interpreted());
    from + rows.rows().iter().take_while(interpreted).count() as u64
}
