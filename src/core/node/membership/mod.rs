//! The federation governs itself: members vote on the next version of the charter, and every peer follows.
//!
//! What anybody said about the next version comes with the journals and is tallied here ([`crate::charter::vote`]); when a quorum has
//! approved, the version is adopted: written as a link of the chain, and from then on this peer works under it. Who was away learns the
//! links from anybody (`chain`). What our own people say is in `ballot`, what is under way with candidates in `invite`.
//!
//! Two valid successors of one version cannot come about while members keep to their journals. If they do, nothing is adopted any more
//! and the alarm stands: which of the two holds is for people to decide.

mod ballot;
mod chain;
mod conflict;
mod invite;
mod rotate;
mod view;

pub use ballot::PROMISE_EVERY_MS;
pub(super) use ballot::{about, roles};
pub use chain::{MAX_CHAIN_BYTES, MAX_CHAIN_LINKS};
pub use conflict::{ASK_BACK_EVERY_MS, LOOK_BACK_EVERY_MS, MAX_LATE_VERSIONS};
pub use invite::{Admitted, MAX_INVITE_MS, MAX_INVITES};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Effect, Env, Node};
use crate::charter::vote::{Copies, MAX_ROWS_EACH, Said, SealedCopies, Vote, VoteRow};
use crate::charter::{CentreKeys, Charter, CharterError, CharterFile, EpochCopy, EpochSecrets, Link, Pepper, Seat};
use crate::error::{RefusalCode, ShelfError};
use crate::journal::Kind;
use crate::names::{CentreCode, Digest, StationKey};
use crate::shelf::{CharterWrite, Charters, LinkRow, Projection, VoteRecord, Write};
use crate::sign::PublicKey;
use crate::time::{MINUTE_MS, SECOND_MS, Time};

/// How long what was sealed under the epoch before is still opened, in milliseconds: as long as a message may be under way.
pub const EPOCH_OVERLAP_MS: i64 = 10 * MINUTE_MS;
/// How often a copy of the epoch that is missing here is asked for, in milliseconds.
const COPY_EVERY_MS: i64 = 5 * SECOND_MS;
/// Links that are read at once.
const LINKS_PAGE: usize = 64;

#[derive(Debug, Default)]
pub(super) struct State {
    /// The version before the one in force, to notice a second successor of it.
    before: Option<Charter>,
    /// The epoch before, and until when it is opened.
    epoch_before: Option<(EpochSecrets, Time)>,
    /// Rows about the charter have come since they were last tallied.
    to_tally: bool,
    /// The signing keys of ours that were proposed when the keys to come were last asked for.
    keys_proposed: BTreeSet<PublicKey>,
    /// There may be something for our peer to say by itself.
    to_answer: bool,
    /// Which version has two valid successors.
    frozen: Option<u64>,
    /// The round that we have opened, and what we want to propose in it if that is free.
    opened: Option<(u64, Digest)>,
    /// When a version was last adopted.
    adopted: Option<Time>,
    /// Stations that work under another version than ours: which ours is, and since when that is known.
    differs: BTreeMap<StationKey, (u64, Time)>,
    /// Stations that have sent what would be a fault if they worked under our version, and which ours was.
    doubted: BTreeMap<StationKey, u64>,
    /// When we last promised a round.
    promised: Option<Time>,
    /// When a copy of the epoch was last asked for.
    copy_asked: Option<Time>,
    /// When each station was last asked for the chain.
    chain_asked: BTreeMap<StationKey, Time>,
    /// Links learned from others, verified one after the other, on their way to be adopted.
    learned: Vec<(Link, Option<EpochCopy>)>,
    /// Histories beside ours that are to be looked at.
    conflict: conflict::State,
    /// Candidates that may ask for the chain.
    admitted: Vec<Admitted>,
    /// Stations that the version in force no longer names, of centres that it does: for a while they may ask for the chain, or a peer whose
    /// own key changed would never hear of it.
    leaving: Vec<Admitted>,
}

impl State {
    /// For a node that takes another's place: everything is read from the store again, but for when we were last busy with others.
    pub(super) fn successor(&self) -> Self {
        Self {
            before: self.before.clone(),
            epoch_before: self.epoch_before.clone(),
            frozen: self.frozen,
            promised: self.promised,
            adopted: self.adopted,
            to_tally: true,
            to_answer: true,
            admitted: self.admitted.clone(),
            leaving: self.leaving.clone(),
            ..Self::default()
        }
    }
}

impl Node {
    /// What the store knows of the federation beyond the seat that this peer was started with.
    pub(super) fn membership_started(&mut self, env: &Env<'_>) -> Result<(), ShelfError> {
        let behind = |charter: &Charter| env.shelf.charter_links(charter.version(), LINKS_PAGE);
        let mut rows = behind(&self.charter)?;
        while let Some(row) = rows.first() {
            let next = Link::decode(&row.link).and_then(|link| self.charter.follow(&link));
            let next = next.map_err(|e| ShelfError::Damaged(format!("charter version {}: {e}", row.version)))?;
            let copy = self.kept_copy(env, &next)?;
            self.take_seat(env.now, next, copy.as_ref());
            rows = behind(&self.charter)?;
        }
        self.membership.frozen = env.shelf.charter_frozen()?.map(|row| row.version);
        self.membership.to_tally = true;
        self.membership.to_answer = true;
        self.invites_started(env)
    }

    fn kept_copy(&self, env: &Env<'_>, charter: &Charter) -> Result<Option<EpochCopy>, ShelfError> {
        let bytes = env.shelf.epoch_copy(charter.epoch().number)?;
        bytes.map(|bytes| read_copy(&bytes)).transpose()
    }

    /// A row about the charter was applied.
    pub(super) fn membership_arrived(&mut self, projection: &Projection) {
        if let Projection::Vote(row) = projection {
            self.membership.to_tally = true;
            self.membership.to_answer = true;
            self.late_vote(row);
        }
    }

    /// Tallies, adopts, and asks for what is missing. What there is to say about the next version is said in [`Self::membership_due`].
    pub(super) fn membership_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        self.forget_epoch(env.now);
        if std::mem::take(&mut self.membership.to_tally) {
            self.tally(env, out)?;
        }
        self.conflicts_tick(env, out)?;
        self.ask_for_copy(env, out);
        self.invites_tick(env, out)
    }

    fn adopt_learned(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        for (link, copy) in std::mem::take(&mut self.membership.learned) {
            self.adopt(env, &link, copy, out)?;
        }
        Ok(())
    }

    /// What everybody said about the version behind `charter`.
    pub(super) fn vote(&self, env: &Env<'_>, charter: &Charter) -> Result<Vote, ShelfError> {
        let rows = env.shelf.votes(charter.version() + 1, MAX_ROWS_EACH)?;
        let rows: Vec<VoteRow> = rows.into_iter().filter_map(vote_row).collect();
        Ok(Vote::read(charter, &rows))
    }

    fn tally(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if let Some(before) = self.membership.before.clone() {
            let agreed = self.vote(env, &before)?.agreed(&before);
            let other = agreed.iter().find(|link| !is_ours(&self.charter, &before, link));
            if let Some((other, digest)) = other.and_then(|other| Some((other, digest_behind(&before, other)?))) {
                self.freeze(env, other, digest, out);
            }
        }
        let vote = self.vote(env, &self.charter)?;
        self.coming_keys(&vote, out);
        match vote.agreed(&self.charter).as_slice() {
            [] => Ok(()),
            [link] => {
                let draft = self.charter.draft(&link.changes, link.commitment).ok();
                let proposal = draft.and_then(|draft| vote.proposal(link.round, draft.digest()));
                let copies = proposal.and_then(|proposal| proposal.body.copies.clone());
                let copy = copies.map(|copies| self.copy_among(env, &copies, &self.centre)).transpose()?.flatten();
                self.adopt(env, link, copy, out)
            }
            [_, other, ..] => {
                if let Some(digest) = digest_behind(&self.charter, other) {
                    self.freeze(env, other, digest, out);
                }
                Ok(())
            }
        }
    }

    /// Works under the next version from now on.
    fn adopt(&mut self, env: &mut Env<'_>, link: &Link, copy: Option<EpochCopy>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.membership.frozen.is_some() || link.version != self.charter.version() + 1 {
            return Ok(());
        }
        let Ok(next) = self.charter.follow(link) else { return Ok(()) };
        let row = LinkRow { version: next.version(), digest: next.digest(), at: env.now, link: link.to_bytes() };
        out.push(Effect::Write(Write::Charter(CharterWrite::Link(row))));
        // What is sealed to the centre's key, its writer opens.
        let second = next.is_second(&self.centre, &self.keys.station_key());
        let copy = match copy.filter(|_| !second) {
            Some(copy) => Some(copy),
            None => self.kept_copy(env, &next)?,
        };
        if let Some(copy) = &copy {
            out.push(Effect::Write(Write::Charter(CharterWrite::Copy { epoch: next.epoch().number, copy: crate::wire::encode(copy) })));
        }
        self.take_seat(env.now, next, copy.as_ref());
        self.membership.adopted = Some(env.now);
        self.reseated(out);
        self.forks_read(env, out)?;
        // Others may have voted on what follows already.
        self.membership.to_tally = true;
        Ok(())
    }

    /// The charter and what hangs on it. An epoch whose copy is not here, or does not open, leaves the one before in use.
    fn take_seat(&mut self, now: Time, next: Charter, copy: Option<&EpochCopy>) {
        if next.epoch() != self.charter.epoch() {
            self.take_epoch(now, &next, copy);
        }
        self.stations_leave(now, &next);
        self.authors = next.authors().map(|author| (author.centre.clone(), author)).collect();
        self.membership.before = Some(std::mem::replace(&mut self.charter, next));
        self.membership.opened = None;
    }

    /// Takes our copy of an epoch, if it is what the charter commits to.
    pub(super) fn take_epoch(&mut self, now: Time, charter: &Charter, copy: Option<&EpochCopy>) {
        let Some(copy) = copy else { return };
        let Ok(secrets) = charter.open_epoch(&self.centre, &self.keys.hybrid, copy) else { return };
        if let Some(before) = self.secrets.replace(secrets) {
            self.membership.epoch_before = Some((before, now.plus_ms(EPOCH_OVERLAP_MS)));
        }
    }

    /// Everything that relied on the version before.
    fn reseated(&mut self, out: &mut Vec<Effect>) {
        let charter = &self.charter;
        self.replicate.connected.retain(|station| charter.station(station).is_some());
        self.membership.doubted.retain(|station, _| charter.station(station).is_some());
        self.membership.differs.retain(|station, _| charter.station(station).is_some());
        self.replicate.void = None;
        let announced = std::mem::take(&mut self.replicate.announced);
        let stands = |centre: &CentreCode, note: &[u8]| self.authors.get(centre).is_some_and(|author| author.verify(note).is_ok());
        self.replicate.announced = announced.into_iter().filter(|(centre, head)| stands(centre, &head.note)).collect();
        self.writing_reseated();
        self.witness_reseated();
        out.push(Effect::Admit(self.admitted()));
        if self.has_other_keys() {
            out.push(Effect::NextKeys { named: true });
        }
    }

    /// Two valid successors of one version are known: `other`, with this digest, is kept as proof. The first proof stands.
    fn freeze(&mut self, env: &Env<'_>, other: &Link, digest: Digest, out: &mut Vec<Effect>) {
        if self.membership.frozen.is_some() {
            return;
        }
        self.membership.frozen = Some(other.version);
        let row = LinkRow { version: other.version, digest, at: env.now, link: other.to_bytes() };
        out.push(Effect::Write(Write::Charter(CharterWrite::Frozen(row))));
    }

    /// The version of which two valid successors are known, if there is one.
    pub(super) const fn frozen(&self) -> Option<u64> {
        self.membership.frozen
    }

    fn forget_epoch(&mut self, now: Time) {
        if self.membership.epoch_before.as_ref().is_some_and(|(_, until)| now >= *until) {
            self.membership.epoch_before = None;
        }
    }

    /// The epochs under which an announcement may be sealed, newest first.
    pub(super) fn epochs(&self) -> impl Iterator<Item = &EpochSecrets> {
        self.secrets.iter().chain(self.membership.epoch_before.iter().map(|(secrets, _)| secrets))
    }

    /// The newest pepper that is known here.
    ///
    /// # Errors
    /// `epoch-unknown` for an observer, and while the copy of the first epoch of ours has not come.
    pub(super) fn newest_pepper(&self) -> Result<Pepper, RefusalCode> {
        let pepper = self.secrets.as_ref().and_then(EpochSecrets::pepper);
        pepper.cloned().ok_or(RefusalCode::EpochUnknown)
    }

    /// Whether the secrets of the charter's epoch are here.
    pub(super) fn has_epoch(&self) -> bool {
        self.secrets.as_ref().is_some_and(|secrets| secrets.number == self.charter.epoch().number)
    }

    /// A member's copy among the rows that a proposal names.
    pub(super) fn copy_among(&self, env: &Env<'_>, copies: &Copies, of: &CentreCode) -> Result<Option<EpochCopy>, ShelfError> {
        for index in copies.from..copies.from.saturating_add(copies.rows.min(MAX_COPY_ROWS)) {
            if index >= env.shelf.journal(&copies.centre)?.size {
                return Ok(None);
            }
            let Some(entry) = env.shelf.entries(&copies.centre, index, 1, usize::MAX)?.pop() else { return Ok(None) };
            let is_copies = crate::journal::Header::parse(&entry.header).is_ok_and(|header| header.kind() == Some(Kind::EpochSealed));
            let body = entry.body().filter(|_| is_copies).and_then(|body| SealedCopies::parse(body).ok());
            let Some(body) = body else { return Ok(None) };
            if let Some(found) = body.copies.into_iter().find(|copy| copy.centre == *of) {
                return Ok(Some(found.copy));
            }
        }
        Ok(None)
    }

    /// Where the copies of the current epoch lie, if the proposal that brought it is known.
    pub(super) fn copies_of_epoch(&self, env: &Env<'_>) -> Result<Option<Copies>, ShelfError> {
        let wanted = self.charter.epoch().commitment;
        let mut version = self.charter.version();
        while version > 1 {
            let row = env.shelf.charter_links(version - 1, 1)?.pop();
            let link = row.and_then(|row| Link::decode(&row.link).ok());
            if link.is_none_or(|link| link.commitment != Some(wanted)) {
                version -= 1;
                continue;
            }
            let rows = env.shelf.votes(version, MAX_ROWS_EACH)?;
            let proposed = rows.into_iter().filter_map(vote_row).filter_map(|row| match row.said {
                Said::Proposed(body) if body.commitment == Some(wanted) => body.copies,
                Said::Proposed(_) | Said::Approved(_) | Said::Rejected(_) | Said::Promised(_) => None,
            });
            return Ok(proposed.into_iter().next());
        }
        Ok(None)
    }
}

/// The seat of `centre` as its founding charter and its store know it: the newest version, and the newest epoch whose copy opens.
///
/// # Errors
/// [`SeatError`] when the founding charter or a link does not verify, the store fails, or the newest version does not name these keys.
pub fn seat(file: &CharterFile, shelf: &dyn Charters, centre: &CentreCode, keys: &CentreKeys) -> Result<Seat, SeatError> {
    let mut charter = file.verify_founding()?;
    let founding = Arc::new(charter.clone());
    let open = |charter: &Charter, copy: Option<EpochCopy>| copy.and_then(|copy| charter.open_epoch(centre, &keys.hybrid, &copy).ok());
    let kept = |charter: &Charter| shelf.epoch_copy(charter.epoch().number)?.map(|bytes| read_copy(&bytes)).transpose();
    let mut secrets = match open(&charter, file.copy_of(centre)) {
        Some(secrets) => Some(secrets),
        None => open(&charter, kept(&charter)?),
    };
    loop {
        let rows = shelf.charter_links(charter.version(), LINKS_PAGE)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let before = charter.epoch();
            charter = charter.follow(&Link::decode(&row.link)?)?;
            if charter.epoch() == before {
                continue;
            }
            secrets = open(&charter, kept(&charter)?).or(secrets);
        }
    }
    charter.check_own(centre, keys)?;
    Ok(Seat { charter, founding, secrets })
}

/// The newest version of the charter that a founding charter and a store know of.
///
/// # Errors
/// [`SeatError`] when the founding charter or a link does not verify, or the store fails.
pub fn charter(file: &CharterFile, shelf: &dyn Charters) -> Result<Charter, SeatError> {
    let mut charter = file.verify_founding()?;
    loop {
        let rows = shelf.charter_links(charter.version(), LINKS_PAGE)?;
        if rows.is_empty() {
            return Ok(charter);
        }
        for row in rows {
            charter = charter.follow(&Link::decode(&row.link)?)?;
        }
    }
}

/// Why there is no seat.
#[derive(Debug, thiserror::Error)]
pub enum SeatError {
    /// The charter does not hold, or is not this centre's.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// The store failed.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// Most rows that the copies of one epoch take: every member's.
const MAX_COPY_ROWS: u64 = 64;

/// Whether a link behind `before` is the one that led to `now`.
fn is_ours(now: &Charter, before: &Charter, link: &Link) -> bool {
    digest_behind(before, link) == Some(now.digest())
}

/// The digest of the version that a link leads to.
fn digest_behind(before: &Charter, link: &Link) -> Option<Digest> {
    before.draft(&link.changes, link.commitment).ok().map(|draft| draft.digest())
}

pub(super) fn read_copy(bytes: &[u8]) -> Result<EpochCopy, ShelfError> {
    crate::wire::decode(bytes, crate::charter::MAX_LINK_BYTES).map_err(|e| ShelfError::Damaged(format!("epoch copy: {e}")))
}

fn vote_row(record: VoteRecord) -> Option<VoteRow> {
    let said = Said::parse(record.kind, &record.body)?;
    Some(VoteRow { place: record.place, at: record.at, said })
}
