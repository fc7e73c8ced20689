//! A witness whose store was restored does not know what it has cosigned since the backup. Others do: until a majority of the members has
//! been asked, it cosigns nothing.
//!
//! As with the own rows ([`super::super::publish`]), what was told to fewer than that may be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use super::super::message::{MAX_WANTED, Wanted};
use super::super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::names::{CentreCode, StationKey};

/// Most members that are asked at once what we have cosigned.
pub const MAX_RECALLS: usize = 8;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Members that have told of every journal.
    told: BTreeSet<CentreCode>,
    /// The last journal that each of the others was asked about.
    asked_to: BTreeMap<CentreCode, CentreCode>,
}

impl Node {
    /// Whether this peer may have cosigned what it does not remember.
    pub(super) fn is_recalling(&self) -> bool {
        self.was_restoring() && self.witness.recall.told.len() < self.reports_needed()
    }

    pub(super) fn recall_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if !self.is_recalling() || !self.charter.witnesses().contains(&self.centre) {
            return Ok(());
        }
        let mut under_way = self.asked_cosigned();
        for to in self.replicate.connected.clone() {
            let Some(member) = self.charter.station(&to).map(|(member, _)| member.centre.clone()) else { continue };
            if member == self.centre || self.witness.recall.told.contains(&member) || under_way.contains(&to) {
                continue;
            }
            if under_way.len() >= MAX_RECALLS {
                break;
            }
            let wanted = self.own_behind(env, self.witness.recall.asked_to.get(&member))?;
            if wanted.is_empty() {
                self.witness.recall.told.insert(member);
            } else {
                under_way.insert(to);
                self.ask_cosigned(env, to, wanted, out);
            }
        }
        Ok(())
    }

    /// What we have cosigned of the journals behind `after`, in order.
    fn own_behind(&self, env: &Env<'_>, after: Option<&CentreCode>) -> Result<Vec<Wanted>, ShelfError> {
        let others = self.authors.keys().filter(|centre| **centre != self.centre && after.is_none_or(|after| *centre > after));
        let others = others.take(MAX_WANTED).map(|centre| {
            let above = env.shelf.cosignature(centre, &self.centre)?.map_or(0, |row| row.size);
            Ok(Wanted { centre: centre.clone(), witness: self.centre.clone(), above })
        });
        others.collect()
    }

    /// A station has answered what we have cosigned of these journals.
    pub(super) fn recalled(&mut self, from: StationKey, wanted: &[Wanted]) {
        let Some(last) = wanted.last().filter(|wanted| wanted.witness == self.centre) else { return };
        if let Some((member, _)) = self.charter.station(&from) {
            self.witness.recall.asked_to.insert(member.centre.clone(), last.centre.clone());
        }
    }
}
