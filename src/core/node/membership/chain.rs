//! The chain of charters goes from peer to peer: whoever is behind asks whoever is ahead, and believes nothing but signatures.
//!
//! Every question and every list of heads names the version its sender works under. A peer that meets a newer one asks for the links
//! behind its own; each is verified against the version before it. Together with them comes the asker's copy of the newest epoch, which
//! opens to what the charter commits to or is not taken. A candidate that was invited may ask for this and for nothing else.

use super::super::message::{Answer, ChainReport, Decline, Question, Under};
use super::super::{Effect, Env, Node, fault};
use super::COPY_EVERY_MS;
use crate::charter::{EpochCopy, Link, MAX_LINK_BYTES};
use crate::error::{FaultCode, ShelfError};
use crate::names::{CentreCode, StationKey};
use crate::shelf::{CharterWrite, Write};
use crate::time::{SECOND_MS, Time};

/// Most links in one answer.
pub const MAX_CHAIN_LINKS: usize = 64;
/// Most bytes of links in one answer, beside the first.
pub const MAX_CHAIN_BYTES: usize = 768 * 1024;
/// A station is asked for the chain at most this often, in milliseconds.
const ASK_EVERY_MS: i64 = SECOND_MS;

impl Node {
    /// Whether a station may ask under this version of the charter: an older one of ours, ours, or one that we have not heard of yet.
    pub(in crate::node) fn is_of_our_chain(&self, under: Under) -> bool {
        under.version > self.charter.version() || self.charter.digest_of(under.version) == Some(under.digest)
    }

    /// A station works under this version: if it is newer than ours, it is asked for what lies between.
    pub(in crate::node) fn works_under(&mut self, env: &Env<'_>, station: StationKey, under: Under, out: &mut Vec<Effect>) {
        if under.version > self.charter.version() {
            self.ask_for_chain(env, station, out);
        } else if !self.is_of_our_chain(under) {
            self.other_history(env, station, under.version, out);
        }
    }

    /// A station of the charter has nothing to say to this one but the chain: it may be under a version that names us no more, or not so.
    pub(in crate::node) fn is_not_named(&mut self, env: &Env<'_>, station: StationKey, out: &mut Vec<Effect>) {
        self.ask_for_chain(env, station, out);
    }

    fn ask_for_chain(&mut self, env: &Env<'_>, station: StationKey, out: &mut Vec<Effect>) {
        let asked = self.membership.chain_asked.get(&station);
        if asked.is_some_and(|last: &Time| env.now.since(*last).abs() < ASK_EVERY_MS) || !self.is_connected(&station) {
            return;
        }
        self.membership.chain_asked.insert(station, env.now);
        self.ask_chain(env, station, Question::Charter { after: self.charter.version() }, out);
    }

    /// While our copy of the epoch is missing, somebody is asked for it every few seconds.
    pub(super) fn ask_for_copy(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) {
        let connected = &self.replicate.connected;
        self.membership.chain_asked.retain(|station, _| connected.contains(station));
        let member = self.charter.member(&self.centre).is_some_and(|member| member.role != crate::charter::Role::Observer);
        let asked = self.membership.copy_asked.is_some_and(|last| env.now.since(last).abs() < COPY_EVERY_MS);
        if !member || asked || self.has_epoch() || connected.is_empty() || self.is_second() {
            return;
        }
        let at = usize::try_from(env.rng.next_u64() % connected.len() as u64).unwrap_or(0);
        if let Some(station) = connected.iter().nth(at).copied() {
            self.membership.copy_asked = Some(env.now);
            self.ask_for_chain(env, station, out);
        }
    }

    /// [`Question::Charter`].
    pub(in crate::node) fn report_chain(&self, env: &Env<'_>, from: StationKey, after: u64) -> Result<Answer, ShelfError> {
        let asker = match self.charter.station(&from) {
            Some((member, _)) => member.centre.clone(),
            None => match self.invited_centre(&from) {
                Some(centre) => centre,
                None => return Ok(Answer::Declined(Decline::NotHeld)),
            },
        };
        let (mut links, mut bytes) = (Vec::new(), 0);
        for row in env.shelf.charter_links(after, MAX_CHAIN_LINKS)? {
            bytes += row.link.len();
            if bytes > MAX_CHAIN_BYTES && !links.is_empty() {
                break;
            }
            links.push(row.link.into());
        }
        // Whoever gets as far as the version that has two successors is told of the second.
        let told = after + links.len() as u64;
        let proof = env.shelf.charter_frozen()?.filter(|proof| proof.version <= told && links.len() < MAX_CHAIN_LINKS);
        links.extend(proof.map(|proof| proof.link.into()));
        Ok(Answer::Charter(ChainReport { links, under: Under::of(&self.charter), copy: self.copy_for(env, &asker)? }))
    }

    /// A member's copy of the current epoch, if the rows that carry it are here.
    fn copy_for(&self, env: &Env<'_>, centre: &CentreCode) -> Result<Option<EpochCopy>, ShelfError> {
        let reads = self.charter.member(centre).is_some_and(|member| member.role != crate::charter::Role::Observer);
        match self.copies_of_epoch(env)?.filter(|_| reads) {
            Some(copies) => self.copy_among(env, &copies, centre),
            None => Ok(None),
        }
    }

    /// The answer to a question for the chain.
    pub(in crate::node) fn chain_reported(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        report: ChainReport,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if report.links.len() > MAX_CHAIN_LINKS {
            fault(out, from, FaultCode::Oversized);
            return Ok(());
        }
        let mut charter = self.charter.clone();
        let (mut learned, mut old, mut forks) = (Vec::new(), Vec::new(), false);
        for bytes in &report.links {
            let link = if bytes.len() > MAX_LINK_BYTES { None } else { Link::decode(bytes).ok() };
            let Some(link) = link else {
                fault(out, from, FaultCode::Malformed);
                return Ok(());
            };
            // Somebody else was faster, or this is another than ours.
            if link.version <= charter.version() {
                old.push(link);
                continue;
            }
            match charter.follow(&link) {
                Ok(next) => charter = next,
                Err(_) => {
                    forks = true;
                    break;
                }
            }
            learned.push((link, None));
        }
        let told = !old.is_empty();
        self.told_of_links(from, old);
        if forks {
            // It may have gone another way from a version that we have: what it says of that one is judged when it comes.
            fault(out, from, FaultCode::OtherCharter);
            if !told && learned.is_empty() {
                self.other_history(env, from, self.charter.version(), out);
            }
            return Ok(());
        }
        if charter.version() == self.charter.version() {
            self.take_late_copy(env, report.copy, out);
            return Ok(());
        }
        let newest = charter.version() == report.under.version && charter.digest() == report.under.digest;
        if let Some(last) = learned.last_mut().filter(|_| newest) {
            last.1 = report.copy;
        }
        self.membership.learned = learned;
        if !newest {
            self.membership.chain_asked.remove(&from);
        }
        self.adopt_learned(env, out)?;
        if !newest {
            self.ask_for_chain(env, from, out);
        }
        Ok(())
    }

    /// A copy of the epoch that we work under and had no copy of.
    fn take_late_copy(&mut self, env: &Env<'_>, copy: Option<EpochCopy>, out: &mut Vec<Effect>) {
        let Some(copy) = copy.filter(|_| !self.has_epoch()) else { return };
        let charter = self.charter.clone();
        self.take_epoch(env.now, &charter, Some(&copy));
        if self.has_epoch() {
            let (epoch, copy) = (self.charter.epoch().number, crate::wire::encode(&copy));
            out.push(Effect::Write(Write::Charter(CharterWrite::Copy { epoch, copy })));
        }
    }
}
