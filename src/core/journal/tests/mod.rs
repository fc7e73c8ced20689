//! Tests that cross the files of this room. Each file of the room keeps its own small ones.

mod frames;
mod heads;
mod statements;
mod trees;

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::proof::{Subtrees, subtree_from_stored};
use super::{Author, Batch, Entry, Frontier, Kind, STORED_LEVEL_STEP, Statement, batch};
use crate::names::{CentreCode, Digest, FederationName};
use crate::sign::SecretKey;
use crate::time::Time;

/// A store in memory that keeps what the real one keeps: leaves and every eighth level, nothing else.
#[derive(Default)]
pub(super) struct Stored {
    pub kept: BTreeMap<(u8, u64), Digest>,
    pub frontier: Frontier,
}

impl Stored {
    pub fn of(leaves: impl IntoIterator<Item = Digest>) -> Self {
        let mut stored = Self::default();
        for leaf in leaves {
            stored.push(leaf);
        }
        stored
    }

    pub fn push(&mut self, leaf: Digest) {
        let mut completed = Vec::new();
        self.kept.insert((0, self.frontier.size()), leaf);
        self.frontier.push(leaf, &mut completed).unwrap();
        for subtree in completed {
            assert!(subtree.level > 0 && subtree.level % STORED_LEVEL_STEP == 0);
            assert!(self.kept.insert((subtree.level, subtree.index), subtree.digest).is_none(), "completed twice");
        }
    }
}

impl Subtrees for Stored {
    type Error = (u8, u64);

    fn subtree(&self, level: u8, index: u64) -> Result<Digest, (u8, u64)> {
        subtree_from_stored(level, index, &mut |level, index| self.kept.get(&(level, index)).copied().ok_or((level, index)))
    }
}

/// A centre that can write.
pub(super) struct Writer {
    pub author: Author,
    pub signing: SecretKey,
    pub heartbeat: SecretKey,
    pub rng: StdRng,
    pub entries: Vec<Entry>,
    pub stored: Stored,
}

pub(super) const NOW: Time = Time::from_seconds(1_790_000_000);

impl Writer {
    pub fn new(centre: &str, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let (signing, heartbeat) = (SecretKey::random(&mut rng), SecretKey::random(&mut rng));
        let federation = FederationName::new("test").unwrap();
        let author = Author::new(&federation, CentreCode::new(centre).unwrap(), signing.public(), heartbeat.public());
        Self { author, signing, heartbeat, rng, entries: Vec::new(), stored: Stored::default() }
    }

    /// Appends `count` statements in one batch.
    pub fn write(&mut self, count: usize) -> Batch {
        let mut entries = Vec::new();
        for at in 0..count {
            let body = format!("body {at}");
            entries.push(Statement::build(&mut self.rng, Kind::Vector, NOW, None, body.as_bytes()).unwrap());
        }
        self.append(entries, NOW)
    }

    pub fn append(&mut self, entries: Vec<Entry>, at: Time) -> Batch {
        let batch = batch::append(&self.stored.frontier, entries.clone(), &self.author, &self.signing, &self.heartbeat, at).unwrap();
        for entry in &entries {
            self.stored.push(entry.leaf());
        }
        assert_eq!(self.stored.frontier, batch.frontier);
        self.entries.extend(entries);
        batch
    }
}

pub(super) fn digest(n: u64) -> Digest {
    super::hash::leaf(&n.to_be_bytes())
}
