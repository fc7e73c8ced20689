//! Rows whose form and payload were checked: the half of the check of a frame that needs nothing of what is held. It costs the hashing, so
//! it runs where the bytes arrive and not where the decisions are made; the type keeps that it was done, so that nobody does it again.

use std::sync::Arc;

use super::frontier::FrontierError;
use super::{Entry, Frontier, Header, Subtree};
use crate::error::Fault;
use crate::names::Digest;

/// A row that is well formed: its header is of its form, and its payload, if it is here, is the one that the header names. Made only by
/// [`SoundRows::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundRow {
    entry: Entry,
    header: Header,
    leaf: Digest,
}

impl SoundRow {
    /// The row.
    #[must_use]
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its Merkle leaf: the hash of the header's bytes.
    #[must_use]
    pub const fn leaf(&self) -> Digest {
        self.leaf
    }
}

/// Which row is not sound, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {offset} is not sound: {fault}")]
pub struct Unsound {
    /// Which, from 0.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Rows that are each sound. Says nothing about authorship or order: that is the proof's. A clone shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundRows(Arc<[SoundRow]>);

impl SoundRows {
    /// Checks every row by itself: the header's form, the payload's size and digest.
    ///
    /// # Errors
    /// [`Unsound`] for the first row that is not.
    pub fn check(entries: Vec<Entry>) -> Result<Self, Unsound> {
        let sound = |(offset, entry): (usize, Entry)| match entry.check() {
            Ok(header) => Ok(SoundRow { leaf: entry.leaf(), entry, header }),
            Err(fault) => Err(Unsound { offset, fault }),
        };
        let rows: Result<Vec<_>, _> = entries.into_iter().enumerate().map(sound).collect();
        Ok(Self(rows?.into()))
    }

    /// The rows in order.
    #[must_use]
    pub fn rows(&self) -> &[SoundRow] {
        &self.0
    }

    /// The rows in order, as they travel.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.0.iter().map(|row| &row.entry)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The frontier after these rows, and the subtrees of stored levels that they complete.
    ///
    /// # Errors
    /// [`FrontierError::Full`].
    pub fn extend(&self, held: &Frontier) -> Result<(Frontier, Vec<Subtree>), FrontierError> {
        let (mut frontier, mut subtrees) = (held.clone(), Vec::new());
        for row in self.rows() {
            frontier.push(row.leaf, &mut subtrees)?;
        }
        Ok((frontier, subtrees))
    }
}
