//! The federation's own affairs in memory.

use std::collections::BTreeMap;

use super::super::check::Misfit;
use super::super::{CharterWrite, Charters, DeedRow, InviteRow, LinkRow, VoteRecord};
use super::MemoryShelf;
use crate::charter::vote::Place;
use crate::error::ShelfError;
use crate::names::{CentreCode, Digest, RequestId};

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    links: BTreeMap<u64, LinkRow>,
    votes: BTreeMap<(u64, Place), VoteRecord>,
    copies: BTreeMap<u64, Vec<u8>>,
    frozen: Option<LinkRow>,
    deeds: BTreeMap<(u64, Digest), DeedRow>,
    invites: BTreeMap<RequestId, InviteRow>,
}

impl Tables {
    pub(super) fn write(&mut self, write: &CharterWrite) -> Result<(), Misfit> {
        match write {
            CharterWrite::Link(row) => {
                let held = self.links.keys().max().copied().unwrap_or(1);
                if row.version != held + 1 {
                    return Err(Misfit::NotNext { held, from: row.version });
                }
                self.links.insert(row.version, row.clone());
            }
            CharterWrite::Copy { epoch, copy } => {
                self.copies.entry(*epoch).or_insert_with(|| copy.clone());
            }
            CharterWrite::Frozen(row) => {
                self.frozen.get_or_insert_with(|| row.clone());
            }
            CharterWrite::Deed(row) => {
                self.deeds.insert((row.version, row.digest), row.clone());
            }
            CharterWrite::DeedDone { version, digest } => {
                self.deeds.remove(&(*version, *digest));
            }
            CharterWrite::Invited(row) => {
                if self.invites.contains_key(&row.id) {
                    return Err(Misfit::Exists);
                }
                self.invites.insert(row.id, row.clone());
            }
            CharterWrite::InviteOver(id) => {
                self.invites.remove(id);
            }
        }
        Ok(())
    }

    pub(super) fn cut(&mut self, centre: &CentreCode, size: u64) {
        self.votes.retain(|(_, place), _| place.centre != *centre || place.index < size);
    }

    pub(super) fn project(&mut self, row: &VoteRecord) {
        self.votes.entry((row.version, row.place.clone())).or_insert_with(|| row.clone());
    }
}

impl Charters for MemoryShelf {
    fn charter_links(&self, after: u64, limit: usize) -> Result<Vec<LinkRow>, ShelfError> {
        Ok(self.charters.links.values().filter(|row| row.version > after).take(limit).cloned().collect())
    }

    fn votes(&self, version: u64, limit: usize) -> Result<Vec<VoteRecord>, ShelfError> {
        let mut of_each = BTreeMap::new();
        let mut some = |row: &&VoteRecord| {
            let seen = of_each.entry(row.place.centre.clone()).or_insert(0_usize);
            *seen += 1;
            *seen <= limit
        };
        Ok(self.charters.votes.values().filter(|row| row.version == version).filter(&mut some).cloned().collect())
    }

    fn epoch_copy(&self, epoch: u64) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.charters.copies.get(&epoch).cloned())
    }

    fn charter_frozen(&self) -> Result<Option<LinkRow>, ShelfError> {
        Ok(self.charters.frozen.clone())
    }

    fn deeds(&self, version: u64) -> Result<Vec<DeedRow>, ShelfError> {
        Ok(self.charters.deeds.values().filter(|row| row.version == version).cloned().collect())
    }

    fn invites(&self) -> Result<Vec<InviteRow>, ShelfError> {
        let mut rows: Vec<_> = self.charters.invites.values().cloned().collect();
        rows.sort_by(|a, b| (&a.centre, a.id).cmp(&(&b.centre, b.id)));
        Ok(rows)
    }
}
