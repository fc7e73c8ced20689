//! A second valid successor of a version of the charter is noticed, however old the version, and kept as proof.
//!
//! There are two ways to hear of one. Rows of journals tell of votes: what a quorum approved beside what was adopted is found when such a
//! row arrives. And a station may work under another history: then it is asked for its links, from further and further back, until one
//! follows from a version that we have, too.
//!
//! A link is proof when a quorum of the version before approved it with what still binds them: with the key that our newest version
//! names for them, or in a row of their journal that counts. A version that ends a key says how far it counts, so that whoever has the
//! key afterwards can say nothing in its name; it must not be able to say that there was another charter either. What must never be here: a verdict
//! on which of the two is right.

use std::collections::{BTreeMap, BTreeSet};

use super::super::message::Question;
use super::super::{Effect, Env, Node};
use super::chain::MAX_CHAIN_LINKS;
use super::{LINKS_PAGE, vote_row};
use crate::charter::vote::{MAX_ROWS_EACH, Said};
use crate::charter::{Approval, Charter, Link};
use crate::desk::ConflictView;
use crate::error::ShelfError;
use crate::names::{CentreCode, Digest, StationKey};
use crate::shelf::VoteRecord;
use crate::time::{HOUR_MS, SECOND_MS, Time};

/// Most versions that wait to be tallied once more.
pub const MAX_LATE_VERSIONS: usize = 64;
/// One of them is tallied at most this often, and a stranger's link verified: either may take every version there is.
pub const LOOK_BACK_EVERY_MS: i64 = 10 * SECOND_MS;
/// A station that works under another history is asked for it this often.
pub const ASK_BACK_EVERY_MS: i64 = HOUR_MS;

/// What is to be looked at.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Versions that rows were told of after they were adopted.
    late: BTreeSet<u64>,
    /// Links of versions that were left behind, and who told of them: read when what came with them is stored.
    told: Option<(StationKey, Vec<Link>)>,
    /// When something was last looked at.
    looked: Option<Time>,
    /// Stations that work under another history, since when they are asked, and behind which version they were asked last.
    back: BTreeMap<StationKey, (Time, u64)>,
}

impl Node {
    /// A row about a version that was left behind: perhaps a quorum approved another.
    pub(super) fn late_vote(&mut self, row: &VoteRecord) {
        let (conflict, version) = (&mut self.membership.conflict, row.version);
        let told = version > 1 && version <= self.charter.version() && conflict.late.len() < MAX_LATE_VERSIONS;
        let other = |digest: Digest| self.charter.digest_of(version) != Some(digest);
        let tells = match Said::parse(row.kind, &row.body) {
            Some(Said::Approved(body)) => other(body.digest),
            Some(Said::Proposed(_)) => true,
            Some(Said::Rejected(_) | Said::Promised(_)) | None => false,
        };
        if told && tells {
            conflict.late.insert(version);
        }
    }

    /// A station told of links of versions that are ours already.
    pub(super) fn told_of_links(&mut self, from: StationKey, links: Vec<Link>) {
        if !links.is_empty() {
            self.membership.conflict.told = Some((from, links));
        }
    }

    /// Looks at what a station told, or tallies one of the versions that rows came for later.
    pub(super) fn conflicts_tick(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if self.membership.frozen.is_some() || !self.may_look_back(env.now) {
            return Ok(());
        }
        if let Some((from, links)) = self.membership.conflict.told.take() {
            return self.old_links(env, from, &links, out);
        }
        let Some(version) = self.membership.conflict.late.pop_first() else { return Ok(()) };
        self.membership.conflict.looked = Some(env.now);
        let Some(before) = self.charter_at(env, version - 1)? else { return Ok(()) };
        for link in self.vote(env, &before)?.agreed(&before) {
            self.freeze_if_proof(env, &before, &link, out)?;
        }
        Ok(())
    }

    fn may_look_back(&self, now: Time) -> bool {
        self.membership.conflict.looked.is_none_or(|last| now.since(last).abs() >= LOOK_BACK_EVERY_MS)
    }

    /// A station works under a version that we have with another digest, or that does not follow from ours: it is asked how it came there.
    pub(super) fn other_history(&mut self, env: &Env<'_>, station: StationKey, version: u64, out: &mut Vec<Effect>) {
        let known = self.membership.conflict.back.get(&station);
        if self.membership.frozen.is_some()
            || known.is_some_and(|(since, _)| env.now.since(*since).abs() < ASK_BACK_EVERY_MS)
            || !self.is_connected(&station)
        {
            return;
        }
        self.ask_back(env, station, version.saturating_sub(1), out);
    }

    fn ask_back(&mut self, env: &Env<'_>, station: StationKey, after: u64, out: &mut Vec<Effect>) {
        let after = after.clamp(1, self.charter.version());
        let connected = &self.replicate.connected;
        self.membership.conflict.back.retain(|station, _| connected.contains(station));
        self.membership.conflict.back.insert(station, (env.now, after));
        self.ask_chain(env, station, Question::Charter { after }, out);
    }

    /// Links of versions that we have, as a station tells of them: the first that is not ours is proof, or forks further back, or neither.
    fn old_links(&mut self, env: &Env<'_>, from: StationKey, links: &[Link], out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        for (at, link) in links.iter().enumerate() {
            let held = env.shelf.charter_links(link.version.saturating_sub(1), 1)?.pop();
            let held = held.filter(|row| row.version == link.version).and_then(|row| Link::decode(&row.link).ok());
            let Some(held) = held.filter(|_| link.version > 1) else { return Ok(()) };
            if (&held.changes, held.commitment) == (&link.changes, link.commitment) {
                continue;
            }
            self.membership.conflict.looked = Some(env.now);
            let Some(before) = self.charter_at(env, link.version - 1)? else { return Ok(()) };
            if before.follow(link).is_ok() {
                return self.freeze_if_proof(env, &before, link, out);
            }
            let asked = self.membership.conflict.back.get(&from).map(|(_, after)| *after);
            if let Some(after) = asked.filter(|after| at == 0 && *after > 1) {
                self.membership.conflict.looked = None;
                self.ask_back(env, from, after.saturating_sub(MAX_CHAIN_LINKS as u64), out);
            }
            return Ok(());
        }
        Ok(())
    }

    /// Freezes the membership if the link behind `before` is another than ours and binds those who approved it.
    fn freeze_if_proof(&mut self, env: &Env<'_>, before: &Charter, link: &Link, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let Ok(other) = before.follow(link) else { return Ok(()) };
        let ours = self.charter.digest_of(link.version);
        if ours.is_none() || ours == Some(other.digest()) {
            return Ok(());
        }
        let in_journals: BTreeSet<CentreCode> = self.approved_in_journals(env, link, other.digest())?;
        let binds = |approval: &&Approval| in_journals.contains(&approval.centre) || self.key_is_in_force(before, &approval.centre);
        if link.approvals.iter().filter(binds).count() as u64 >= before.quorum() {
            self.freeze(env, link, other.digest(), out);
        }
        Ok(())
    }

    /// Whether a member of an earlier version votes today, and signs with the key that it had.
    fn key_is_in_force(&self, before: &Charter, centre: &CentreCode) -> bool {
        let now = self.charter.member(centre).filter(|member| member.votes());
        now.zip(before.member(centre)).is_some_and(|(now, then)| now.signing == then.signing)
    }

    /// Who approved this version in a row of their journal that is held here, and so counts.
    fn approved_in_journals(&self, env: &Env<'_>, link: &Link, digest: Digest) -> Result<BTreeSet<CentreCode>, ShelfError> {
        let rows = env.shelf.votes(link.version, MAX_ROWS_EACH)?.into_iter().filter_map(vote_row);
        let approved = rows.filter(|row| matches!(&row.said, Said::Approved(body) if (body.round, body.digest) == (link.round, digest)));
        Ok(approved.map(|row| row.place.centre).collect())
    }

    /// An earlier version of ours, from the founding one on.
    fn charter_at(&self, env: &Env<'_>, version: u64) -> Result<Option<Charter>, ShelfError> {
        let near = std::iter::once(&self.charter).chain(self.membership.before.as_ref()).find(|charter| charter.version() == version);
        if let Some(near) = near {
            return Ok(Some(near.clone()));
        }
        let mut charter = (*self.founding).clone();
        while charter.version() < version {
            let rows = env.shelf.charter_links(charter.version(), LINKS_PAGE)?;
            if rows.is_empty() {
                return Ok(None);
            }
            for row in rows.into_iter().take_while(|row| row.version <= version) {
                let next = Link::decode(&row.link).and_then(|link| charter.follow(&link));
                charter = next.map_err(|e| ShelfError::Damaged(format!("charter version {}: {e}", row.version)))?;
            }
        }
        Ok((charter.version() == version).then_some(charter))
    }

    /// The proof that two valid successors of a version are known, for people.
    pub(super) fn conflict_view(&self, env: &Env<'_>) -> Result<Option<ConflictView>, ShelfError> {
        let Some(row) = env.shelf.charter_frozen()? else { return Ok(None) };
        let approved = |bytes: &[u8]| -> BTreeSet<CentreCode> {
            Link::decode(bytes).map(|link| link.approvals.into_iter().map(|approval| approval.centre).collect()).unwrap_or_default()
        };
        let ours = env.shelf.charter_links(row.version.saturating_sub(1), 1)?.pop().filter(|ours| ours.version == row.version);
        let (other, own) = (approved(&row.link), ours.as_ref().map(|ours| approved(&ours.link)).unwrap_or_default());
        Ok(Some(ConflictView {
            version: row.version,
            since: row.at,
            ours: ours.map(|ours| ours.digest),
            other: row.digest,
            both: other.intersection(&own).cloned().collect(),
            approved: other.into_iter().collect(),
        }))
    }
}
