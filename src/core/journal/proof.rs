//! Inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2; the same in RFC 9162, section 2.1).
//!
//! They are made from complete subtrees that a store can answer one at a time, so that no tree is ever held; they are verified by
//! `ct-merkle`, behind the checks that keep its arithmetic in range. A proof is a list of hashes, lowest first.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

use super::frontier::fold_peaks;
use super::{MAX_JOURNAL_ROWS, STORED_LEVEL_STEP, hash};
use crate::error::{Fault, FaultCode, ShelfError};
use crate::names::{CentreCode, Digest};
use crate::shelf::Shelf;

/// Most hashes a proof may have. A journal of [`MAX_JOURNAL_ROWS`] rows never needs more than 49.
pub const MAX_PROOF_HASHES: usize = 128;

/// What can answer the root of any complete subtree of a journal.
pub trait Subtrees {
    /// Why it could not.
    type Error;

    /// The root over rows `index << level .. (index + 1) << level`, all of which exist.
    ///
    /// # Errors
    /// When the rows are not held or cannot be read.
    fn subtree(&self, level: u8, index: u64) -> Result<Digest, Self::Error>;
}

/// A journal on a [`Shelf`], as something proofs can be made from.
#[derive(Clone, Copy)]
pub struct OnShelf<'a> {
    /// Where it is.
    pub shelf: &'a dyn Shelf,
    /// Whose it is.
    pub centre: &'a CentreCode,
}

impl Subtrees for OnShelf<'_> {
    type Error = ShelfError;

    fn subtree(&self, level: u8, index: u64) -> Result<Digest, ShelfError> {
        self.shelf.subtree(self.centre, level, index)
    }
}

/// Why a proof could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError<E> {
    /// There is no such row, or the sizes are the wrong way round.
    #[error("no such proof exists")]
    OutOfRange,
    /// A subtree could not be read.
    #[error("a subtree could not be read")]
    Subtree(#[source] E),
}

/// Answers any level for a store that keeps leaf hashes (level 0) and every [`STORED_LEVEL_STEP`]-th level: `stored` is asked for at most
/// 128 neighbours of the next stored level below, and they are hashed together.
///
/// # Errors
/// Whatever `stored` returns.
pub fn subtree_from_stored<E>(level: u8, index: u64, stored: &mut dyn FnMut(u8, u64) -> Result<Digest, E>) -> Result<Digest, E> {
    let above = level % STORED_LEVEL_STEP;
    let width = 1_u64 << above;
    // An index so large that this saturates names rows that cannot exist; `stored` answers that it has none.
    let first = index.saturating_mul(width);
    let mut row = Vec::new();
    for offset in 0..width {
        row.push(stored(level - above, first.saturating_add(offset))?);
    }
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
    }
    Ok(row.pop().unwrap_or_else(hash::empty))
}

/// The root of the first `size` rows.
///
/// # Errors
/// [`ProofError`] when `size` is beyond [`MAX_JOURNAL_ROWS`] or a subtree cannot be read.
pub fn root_at<S: Subtrees>(subtrees: &S, size: u64) -> Result<Digest, ProofError<S::Error>> {
    if size > MAX_JOURNAL_ROWS {
        return Err(ProofError::OutOfRange);
    }
    range_root(subtrees, 0, size)
}

/// The proof that row `index` stands in the journal of `size` rows: PATH(index, D\[size\]).
///
/// # Errors
/// [`ProofError`] when `index` is not below `size`, or a subtree cannot be read.
pub fn inclusion<S: Subtrees>(subtrees: &S, index: u64, size: u64) -> Result<Vec<Digest>, ProofError<S::Error>> {
    if index >= size || size > MAX_JOURNAL_ROWS {
        return Err(ProofError::OutOfRange);
    }
    let (mut low, mut high, mut path) = (0, size, Vec::new());
    while high - low > 1 {
        let middle = low + left_width(high - low);
        if index < middle {
            path.push(range_root(subtrees, middle, high)?);
            high = middle;
        } else {
            path.push(range_root(subtrees, low, middle)?);
            low = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the journal of `new` rows extends that of `old` rows: PROOF(old, D\[new\]). Empty when `old` is 0 or `new`.
///
/// # Errors
/// [`ProofError`] when `old` is above `new`, or a subtree cannot be read.
pub fn consistency<S: Subtrees>(subtrees: &S, old: u64, new: u64) -> Result<Vec<Digest>, ProofError<S::Error>> {
    if old > new || new > MAX_JOURNAL_ROWS {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 {
        return Ok(Vec::new());
    }
    // While only left turns were taken, the range's root is the old root itself, which the verifier has.
    let (mut low, mut high, mut old_root_known, mut path) = (0, new, true, Vec::new());
    while old < high {
        let middle = low + left_width(high - low);
        if old <= middle {
            path.push(range_root(subtrees, middle, high)?);
            high = middle;
        } else {
            path.push(range_root(subtrees, low, middle)?);
            low = middle;
            old_root_known = false;
        }
    }
    if !old_root_known {
        path.push(range_root(subtrees, low, high)?);
    }
    path.reverse();
    Ok(path)
}

/// Verifies that `header` is the bytes of row `index` of the journal with `size` rows and `root`.
///
/// # Errors
/// [`Fault`] with `bad-proof`, or `oversized` for more hashes than [`MAX_PROOF_HASHES`].
pub fn verify_inclusion(header: &[u8], index: u64, size: u64, root: &Digest, proof: &[Digest]) -> Result<(), Fault> {
    check_bounds(size, proof)?;
    if index >= size {
        return Err(bad_proof(format!("row {index} of {size}")));
    }
    let proof = InclusionProof::<Sha256>::try_from_bytes(joined(proof)).map_err(|e| bad_proof(e.to_string()))?;
    RootHash::<Sha256>::new(root.0.into(), size).verify_inclusion(&header, index, &proof).map_err(|e| bad_proof(e.to_string()))
}

/// Verifies that the journal (`new_size`, `new_root`) extends (`old_size`, `old_root`). Everything extends the empty journal, and there
/// the proof must be empty.
///
/// # Errors
/// [`Fault`] with `bad-proof`, or `oversized` for more hashes than [`MAX_PROOF_HASHES`].
pub fn verify_consistency(old_size: u64, old_root: &Digest, new_size: u64, new_root: &Digest, proof: &[Digest]) -> Result<(), Fault> {
    check_bounds(new_size, proof)?;
    if old_size > new_size {
        return Err(bad_proof(format!("{new_size} rows cannot extend {old_size}")));
    }
    if old_size == 0 {
        let empty = hash::empty();
        let consistent = proof.is_empty() && *old_root == empty && (new_size > 0 || *new_root == empty);
        return if consistent { Ok(()) } else { Err(bad_proof("of the empty journal")) };
    }
    let proof = ConsistencyProof::<Sha256>::try_from_bytes(joined(proof)).map_err(|e| bad_proof(e.to_string()))?;
    let old = RootHash::<Sha256>::new(old_root.0.into(), old_size);
    RootHash::<Sha256>::new(new_root.0.into(), new_size).verify_consistency(&old, &proof).map_err(|e| bad_proof(e.to_string()))
}

/// `ct-merkle` promises not to panic up to 2^63 rows, and its inclusion check does panic beyond: sizes are refused long before.
fn check_bounds(size: u64, proof: &[Digest]) -> Result<(), Fault> {
    if proof.len() > MAX_PROOF_HASHES {
        return Err(Fault::new(FaultCode::Oversized, format!("a proof of {} hashes", proof.len())));
    }
    if size > MAX_JOURNAL_ROWS {
        return Err(bad_proof(format!("a journal of {size} rows")));
    }
    Ok(())
}

fn bad_proof(detail: impl Into<String>) -> Fault {
    Fault::new(FaultCode::BadProof, detail)
}

fn joined(proof: &[Digest]) -> Vec<u8> {
    proof.iter().flat_map(|digest| digest.0).collect()
}

/// The largest power of two below `width` (at least 2): how many leaves lie left of the split.
const fn left_width(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// MTH over rows `start..end`. `start` is a multiple of a power of two that is at least the width, as every split leaves it, so the
/// range falls into complete subtrees, one per set bit of its width.
fn range_root<S: Subtrees>(subtrees: &S, start: u64, end: u64) -> Result<Digest, ProofError<S::Error>> {
    let (mut at, mut peaks) = (start, Vec::new());
    while at < end {
        let level = (end - at).ilog2();
        // Below 64 by construction.
        peaks.push(subtrees.subtree(level as u8, at >> level).map_err(ProofError::Subtree)?);
        at += 1 << level;
    }
    Ok(fold_peaks(&peaks))
}
