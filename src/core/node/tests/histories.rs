//! An author that keeps a second history of its journal beside its own node, and shows each to whom it wants.

use super::world::World;
use crate::journal::{Entry, Frame, Frontier, Kind, Statement, batch};
use crate::names::{CentreCode, Digest};
use crate::node::{Input, announce};
use crate::shelf::Shelf;

pub(super) fn centre(world: &World, peer: usize) -> CentreCode {
    world.peers[peer].centre.clone()
}

pub(super) fn row(world: &mut World) -> Entry {
    let now = world.now;
    Statement::build(&mut world.rng, Kind::AuditRecorded, now, None, b"read by all").unwrap()
}

/// A history that the author keeps beside its own node.
#[derive(Clone)]
pub(super) struct History {
    pub(super) frontier: Frontier,
    pub(super) note: Vec<u8>,
}

impl History {
    pub(super) fn of(world: &World, at: usize, author: usize) -> Self {
        let held = world.peers[at].shelf.journal(&centre(world, author)).unwrap();
        let note = held.head.map(|head| head.note).unwrap_or_default();
        Self { frontier: Frontier::from_parts(held.size, held.peaks).unwrap(), note }
    }

    /// Appends a row, and tells these peers of it.
    pub(super) fn grow(&mut self, world: &mut World, author: usize, tell: &[usize]) {
        let entry = row(world);
        self.grow_by(world, author, vec![entry], tell);
    }

    /// As [`Self::grow`], with these rows.
    pub(super) fn grow_by(&mut self, world: &mut World, author: usize, entries: Vec<Entry>, tell: &[usize]) {
        let keys = world.peers[author].keys.clone();
        let by = world.peers[author].node.authors[&centre(world, author)].clone();
        let from = self.frontier.size();
        let batch = batch::append(&self.frontier, entries.clone(), &by, &keys.signing, &keys.heartbeat, world.now).unwrap();
        (self.frontier, self.note) = (batch.frontier.clone(), batch.head.note().to_vec());
        let frame = Frame { centre: by.centre, from, entries, proof: Vec::new(), note: self.note.clone() };
        tell.iter().for_each(|to| tell_of(world, author, *to, &frame));
    }

    pub(super) fn root(&self) -> (u64, Digest) {
        (self.frontier.size(), self.frontier.root())
    }
}

pub(super) fn tell_of(world: &mut World, author: usize, to: usize, frame: &Frame) {
    let (secrets, station) = (world.secrets(), world.station(author));
    let bytes = announce::seal(&mut world.rng, world.charter.founding(), &secrets, &station, frame).unwrap();
    world.feed(to, Input::Announcement { from: station, source: 1, bytes });
}
