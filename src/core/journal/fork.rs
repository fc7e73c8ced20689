//! Proof of a fork: two heads that one author signed in one term and of which neither extends the other (`schemas/wire.cddl`, `fork-proof`).
//!
//! Two heads over as many rows with different roots prove it by themselves. A shorter and a longer one need a bridge: the root that the
//! longer history has where the shorter one ends, and the consistency proof from there. Whoever has the author's keys can check either
//! alone. What must never be here: what follows from a fork.

use minicbor::{Decode, Encode};

use super::note::MAX_NOTE_BYTES;
use super::proof::{self, MAX_PROOF_HASHES, ProofError, Subtrees};
use super::{Author, VerifiedHead};
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, Digest};
use crate::seal::SUITE;
use crate::wire;

/// Largest proof of a fork, in bytes.
pub const MAX_FORK_BYTES: usize = 12 * 1024;

/// Two heads and what shows that they contradict each other. The body of `fork.reported` is its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ForkProof {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Whose journal.
    #[n(1)]
    pub centre: CentreCode,
    /// The signed head of fewer rows, or either of two over as many.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub one: Vec<u8>,
    /// The other signed head.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub other: Vec<u8>,
    /// What leads from where the first ends to the other; nothing when both are over as many rows.
    #[n(4)]
    pub bridge: Option<Bridge>,
}

/// How the longer history looks where the shorter one ends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bridge {
    /// Its root there.
    #[n(0)]
    pub root: Digest,
    /// The consistency proof from there to its head.
    #[n(1)]
    pub proof: Vec<Digest>,
}

impl Bridge {
    /// What leads from the first `at` rows to all `to` rows of a history that is held.
    ///
    /// # Errors
    /// [`ProofError`] when `at` is beyond `to`, or a subtree cannot be read.
    pub fn assemble<S: Subtrees>(subtrees: &S, at: u64, to: u64) -> Result<Self, ProofError<S::Error>> {
        Ok(Self { root: proof::root_at(subtrees, at)?, proof: proof::consistency(subtrees, at, to)? })
    }

    /// Checks that a history of `to` rows under `root` has the root of this bridge at `at` rows.
    ///
    /// # Errors
    /// [`Fault`] with `bad-proof`.
    pub fn verify(&self, at: u64, to: u64, root: &Digest) -> Result<(), Fault> {
        if self.proof.len() > MAX_PROOF_HASHES {
            return Err(Fault::new(FaultCode::Oversized, "a bridge beyond its cap"));
        }
        proof::verify_consistency(at, &self.root, to, root, &self.proof)
    }
}

impl ForkProof {
    /// Two signed heads of `centre`, the shorter first, and the bridge if they need one.
    #[must_use]
    pub fn new(centre: CentreCode, one: Vec<u8>, other: Vec<u8>, bridge: Option<Bridge>) -> Self {
        Self { suite: SUITE.to_owned(), centre, one, other, bridge }
    }

    /// The proof as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a proof: its form, its determinism and its caps.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let proof: Self = wire::decode(bytes, MAX_FORK_BYTES)?;
        if proof.one.len() > MAX_NOTE_BYTES || proof.other.len() > MAX_NOTE_BYTES {
            return Err(Fault::new(FaultCode::Oversized, "a proof of a fork with a note beyond its cap"));
        }
        Ok(proof)
    }

    /// Verifies that `author` signed both heads in its present term, and that they contradict each other. What keys of an ended term signed
    /// is no fork, nor what a centre signed that has left or is suspended: the charter has said how far it counts.
    ///
    /// # Errors
    /// [`Fault`] with what is wrong; `unasked` when it is about another centre, `void` when a head is not of the present term.
    pub fn verify(self, author: &Author) -> Result<VerifiedFork, Fault> {
        if self.suite != SUITE {
            return Err(Fault::new(FaultCode::Malformed, "a proof of a fork of another suite"));
        }
        if self.centre != author.centre {
            return Err(Fault::new(FaultCode::Unasked, format!("a fork of {} instead of {}", self.centre, author.centre)));
        }
        let (one, other) = (author.verify(&self.one)?, author.verify(&self.other)?);
        if author.limit.is_some() || one.term() != author.term || other.term() != author.term {
            return Err(Fault::new(FaultCode::Void, "a head of a term that is over"));
        }
        let contradicts = match &self.bridge {
            None => one.size() == other.size() && one.root() != other.root(),
            Some(bridge) => {
                let in_order = 0 < one.size() && one.size() < other.size();
                if in_order {
                    bridge.verify(one.size(), other.size(), &other.root())?;
                }
                in_order && bridge.root != one.root()
            }
        };
        if !contradicts {
            return Err(Fault::new(FaultCode::BadProof, "two heads that do not contradict each other"));
        }
        Ok(VerifiedFork { proof: self, one, other })
    }
}

/// A fork that was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedFork {
    proof: ForkProof,
    one: VerifiedHead,
    other: VerifiedHead,
}

impl VerifiedFork {
    /// What proves it.
    #[must_use]
    pub const fn proof(&self) -> &ForkProof {
        &self.proof
    }

    /// The term in which both were signed.
    #[must_use]
    pub const fn term(&self) -> u64 {
        self.one.term()
    }

    /// The head of fewer rows, or either of two over as many.
    #[must_use]
    pub const fn one(&self) -> &VerifiedHead {
        &self.one
    }

    /// The other head.
    #[must_use]
    pub const fn other(&self) -> &VerifiedHead {
        &self.other
    }
}
