//! The vector: a centre's signed declaration of how far it has applied every journal. This is the acknowledgement by which an ending
//! can be shown to have arrived.
//!
//! What must never be here: when one is published (`node/vector`).

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::charter::MAX_MEMBERS;
use crate::error::{Fault, FaultCode};
use crate::names::CentreCode;
use crate::seal::SUITE;
use crate::wire;

/// Most bytes of the body of a `vector` statement: every member's code and a number.
pub const MAX_VECTOR_BODY_BYTES: usize = 16 * 1024;

/// The body of a `vector` statement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct VectorBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// Rows applied of each journal that anything is applied of; in order of the codes.
    #[n(1)]
    pub applied: BTreeMap<CentreCode, u64>,
    /// Kinds that the author interprets, sorted.
    #[n(2)]
    pub kinds: Vec<String>,
}

impl VectorBody {
    /// A vector over `applied`, naming every kind this version interprets.
    #[must_use]
    pub fn new(applied: BTreeMap<CentreCode, u64>) -> Self {
        let interpreted = crate::journal::Kind::ALL.iter().filter(|kind| kind.is_interpreted());
        let mut kinds: Vec<String> = interpreted.map(|kind| kind.as_str().to_owned()).collect();
        kinds.sort_unstable();
        Self { suite: SUITE.to_owned(), applied, kinds }
    }

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let body: Self = wire::decode(bytes, MAX_VECTOR_BODY_BYTES)?;
        let sorted = body.kinds.is_sorted_by(|a, b| a < b);
        if body.suite == SUITE && body.applied.len() <= MAX_MEMBERS && body.kinds.len() <= 64 && sorted {
            Ok(body)
        } else {
            Err(Fault::new(FaultCode::BadStatement, "vector"))
        }
    }
}
