//! The compact range of a journal: the roots of the complete subtrees that its rows fall into, largest first.
//!
//! It is all a peer needs to append and to know the root: one hash per set bit of the size, whatever the size.

use super::proof::Subtrees;
use super::{MAX_JOURNAL_ROWS, STORED_LEVEL_STEP, Subtree, hash};
use crate::names::Digest;

/// A frontier that cannot be. Ours: it came from our own store or our own journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The number of peaks is not the number of set bits of the size.
    #[error("{peaks} peaks do not make a journal of {size} rows")]
    WrongPeaks {
        /// Rows.
        size: u64,
        /// Peaks given.
        peaks: usize,
    },
    /// A journal cannot have more rows.
    #[error("a journal has at most {MAX_JOURNAL_ROWS} rows")]
    Full,
}

/// Size and peaks of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The frontier of a journal without rows.
    #[must_use]
    pub const fn empty() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Puts a kept frontier together again.
    ///
    /// # Errors
    /// [`FrontierError`] when there are not as many peaks as set bits in `size`, or `size` is beyond [`MAX_JOURNAL_ROWS`].
    pub fn from_parts(size: u64, peaks: Vec<Digest>) -> Result<Self, FrontierError> {
        if size > MAX_JOURNAL_ROWS {
            return Err(FrontierError::Full);
        }
        if peaks.len() != size.count_ones() as usize {
            return Err(FrontierError::WrongPeaks { size, peaks: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    /// The frontier of the first `size` rows of a journal that is held.
    ///
    /// # Errors
    /// What reading a subtree comes to.
    pub fn of_first<S: Subtrees>(subtrees: &S, size: u64) -> Result<Self, S::Error> {
        let (mut peaks, mut start) = (Vec::new(), 0);
        for level in (0..64_u8).rev().filter(|level| (size >> level) & 1 == 1) {
            peaks.push(subtrees.subtree(level, start >> level)?);
            start += 1 << level;
        }
        Ok(Self { size, peaks })
    }

    /// Rows.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Appends one leaf; the subtrees of stored levels (multiples of [`STORED_LEVEL_STEP`] above 0) that it completes are added to
    /// `completed`.
    ///
    /// # Errors
    /// [`FrontierError::Full`]; then nothing has changed.
    pub fn push(&mut self, leaf: Digest, completed: &mut Vec<Subtree>) -> Result<(), FrontierError> {
        if self.size >= MAX_JOURNAL_ROWS {
            return Err(FrontierError::Full);
        }
        let (mut root, mut level) = (leaf, 0_u8);
        // Adding one to the size carries through its trailing ones; each carry joins the last peak with what is to its right.
        while (self.size >> level) & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            root = hash::node(&left, &root);
            level += 1;
            if level % STORED_LEVEL_STEP == 0 {
                completed.push(Subtree { level, index: self.size >> level, digest: root });
            }
        }
        self.peaks.push(root);
        self.size += 1;
        Ok(())
    }

    /// The Merkle tree hash (RFC 6962, section 2.1) of all rows.
    #[must_use]
    pub fn root(&self) -> Digest {
        fold_peaks(&self.peaks)
    }
}

/// The root over peaks, largest first: each joins what lies to its right.
pub(super) fn fold_peaks(peaks: &[Digest]) -> Digest {
    let mut from_right = peaks.iter().rev();
    let Some(last) = from_right.next() else { return hash::empty() };
    from_right.fold(*last, |right, left| hash::node(left, &right))
}
