//! Evidence: one row with everything that proves that its author appended it (`schemas/wire.cddl`, `evidence`).
//!
//! Whoever has the author's keys can check it alone, without a peer and without the journal. Which keys are the author's is the
//! charter's to say, and stands outside.

use minicbor::{Decode, Encode};

use super::note::MAX_NOTE_BYTES;
use super::proof::{self, MAX_PROOF_HASHES, ProofError, Subtrees};
use super::{Author, Entry, Header, VerifiedHead};
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, Digest};
use crate::wire;

/// The one version of evidence that exists.
pub const EVIDENCE_VERSION: u8 = 1;
/// Largest evidence, in bytes.
pub const MAX_EVIDENCE_BYTES: usize = 128 * 1024;

/// A row, its inclusion proof, and the signed head it lies under.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evidence {
    /// [`EVIDENCE_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Whose journal.
    #[n(1)]
    pub centre: CentreCode,
    /// Which row.
    #[n(2)]
    pub index: u64,
    /// The row; its payload may be absent.
    #[n(3)]
    pub entry: Entry,
    /// The inclusion proof under the head.
    #[n(4)]
    pub proof: Vec<Digest>,
    /// The signed head.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub note: Vec<u8>,
}

impl Evidence {
    /// Puts row `index` and the head of `size` rows together with the proof between them.
    ///
    /// # Errors
    /// [`ProofError`] when the row is not below `size`, or a subtree cannot be read.
    pub fn assemble<S: Subtrees>(
        subtrees: &S,
        centre: CentreCode,
        index: u64,
        entry: Entry,
        size: u64,
        note: Vec<u8>,
    ) -> Result<Self, ProofError<S::Error>> {
        let proof = proof::inclusion(subtrees, index, size)?;
        Ok(Self { version: EVIDENCE_VERSION, centre, index, entry, proof, note })
    }

    /// The evidence as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads evidence: its form, its determinism and its caps.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let evidence: Self = wire::decode(bytes, MAX_EVIDENCE_BYTES)?;
        if evidence.proof.len() > MAX_PROOF_HASHES || evidence.note.len() > MAX_NOTE_BYTES {
            return Err(Fault::new(FaultCode::Oversized, "evidence with a proof or a note beyond its cap"));
        }
        Ok(evidence)
    }

    /// Verifies that `author` appended this row.
    ///
    /// # Errors
    /// [`Fault`] with `unasked` when it is another centre's, else with what is wrong.
    pub fn verify(self, author: &Author) -> Result<VerifiedEvidence, Fault> {
        if self.version != EVIDENCE_VERSION {
            return Err(Fault::new(FaultCode::Malformed, "evidence of another version"));
        }
        if self.centre != author.centre {
            return Err(Fault::new(FaultCode::Unasked, format!("evidence of {} instead of {}", self.centre, author.centre)));
        }
        let head = author.verify(&self.note)?;
        let header = self.entry.check()?;
        proof::verify_inclusion(&self.entry.header, self.index, head.size(), &head.root(), &self.proof)?;
        Ok(VerifiedEvidence { index: self.index, entry: self.entry, header, head })
    }
}

/// A row that was proven to stand in its author's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEvidence {
    index: u64,
    entry: Entry,
    header: Header,
    head: VerifiedHead,
}

impl VerifiedEvidence {
    /// Which row.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

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

    /// The head it lies under.
    #[must_use]
    pub const fn head(&self) -> &VerifiedHead {
        &self.head
    }
}
