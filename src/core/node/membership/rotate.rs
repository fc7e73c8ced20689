//! The own centre's keys change while it runs.
//!
//! The next keys are made by our people, beside the present ones, before anybody votes; the shell hands them in when a version names them.
//! Then they take the place of the present ones between two inputs: the journal goes on under a head of the new term, and what was
//! sealed to the former keys still opens, since an opening key carries those before it.

use std::collections::BTreeSet;

use super::super::message::Under;
use super::super::{Effect, Env, Node, fault};
use super::read_copy;
use crate::charter::vote::Vote;
use crate::charter::{CentreKeys, Change};
use crate::error::{FaultCode, ShelfError};
use crate::names::StationKey;
use crate::sign::PublicKey;
use crate::time::Time;

/// For so long after a version, heads of keys that it ended are no fault of whoever brings them, in milliseconds: they were under way.
const UNDER_WAY_MS: i64 = super::EPOCH_OVERLAP_MS;

impl Node {
    /// Whether the charter names other keys for this centre than this peer works with, and it is to be one of its members.
    pub(super) fn has_other_keys(&self) -> bool {
        self.charter.member(&self.centre).is_some() && self.charter.check_own(&self.centre, &self.keys).is_err()
    }

    /// Keys of ours are proposed: they are asked for, once for each card.
    pub(super) fn coming_keys(&mut self, vote: &Vote, out: &mut Vec<Effect>) {
        let of = |change: &Change| {
            let Change::Rotate { card, .. } = change else { return None };
            (card.centre == self.centre).then_some(card.signing)
        };
        let proposed: BTreeSet<PublicKey> = vote.proposals().flat_map(|proposal| proposal.body.changes.iter().filter_map(of)).collect();
        if !proposed.is_subset(&self.membership.keys_proposed) {
            out.push(Effect::NextKeys { named: false });
        }
        self.membership.keys_proposed = proposed;
    }

    /// [`super::super::Input::Keys`]: these are taken if the charter names them. Otherwise they only open what is sealed to them: whoever
    /// knows of a version before we do seals to its keys, and what a row that comes early says would never be read.
    pub(in crate::node) fn keys_came(&mut self, env: &mut Env<'_>, keys: CentreKeys, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if !self.has_other_keys() || self.charter.check_own(&self.centre, &keys).is_err() {
            self.keys.opens_also(&keys);
            return Ok(());
        }
        let moved = keys.station_key() != self.keys.station_key();
        self.keys = keys;
        if !self.has_epoch()
            && let Some(bytes) = env.shelf.epoch_copy(self.charter.epoch().number)?
        {
            let (charter, copy) = (self.charter.clone(), read_copy(&bytes)?);
            self.take_epoch(env.now, &charter, Some(&copy));
        }
        self.writing_reseated();
        out.push(Effect::KeysTaken { moved });
        if self.may_write().is_ok() { self.heartbeat_now(env, out) } else { Ok(()) }
    }

    /// A station says under which version it works: another than this peer, or no longer.
    pub(in crate::node) fn note_under(&mut self, now: Time, station: StationKey, under: Under) {
        let ours = self.charter.version();
        if under.version == ours || self.charter.station(&station).is_none() {
            self.membership.differs.remove(&station);
        } else if self.membership.differs.get(&station).is_none_or(|(than, _)| *than != ours) {
            self.membership.differs.insert(station, (ours, now));
        }
    }

    /// A station is gone: what it worked under it may not work under when it comes back.
    pub(in crate::node) fn forget_under(&mut self, station: &StationKey) {
        self.membership.differs.remove(station);
    }

    /// As [`Self::blame`], for what came without a word about the version that its sender works under: a head that does not count here may
    /// count there. Once that is no fault; the second time it is, until our version changes.
    pub(in crate::node) fn blame_the_second_time(&mut self, now: Time, station: StationKey, code: FaultCode, out: &mut Vec<Effect>) {
        let of_a_version = matches!(code, FaultCode::Void | FaultCode::BadSignature);
        let ours = self.charter.version();
        if !of_a_version || self.membership.doubted.insert(station, ours) == Some(ours) {
            self.blame(now, station, code, out);
        }
    }

    /// Counts a fault of a station. But what keys signed that a version has just ended was under way when it did; and for a while, until one of
    /// both has learned the other's version, whoever works under another one may take heads for good that here are not, or not yet.
    pub(in crate::node) fn blame(&self, now: Time, station: StationKey, code: FaultCode, out: &mut Vec<Effect>) {
        let lately = |since: Time| now.since(since).abs() < UNDER_WAY_MS;
        let just_ended = self.membership.adopted.is_some_and(lately);
        let differs = self.membership.differs.get(&station).is_some_and(|(_, since)| lately(*since));
        let of_a_version = matches!(code, FaultCode::Void | FaultCode::BadSignature);
        let excused = of_a_version && (just_ended || differs);
        if !excused {
            fault(out, station, code);
        }
    }
}
