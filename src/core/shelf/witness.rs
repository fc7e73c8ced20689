//! What witnesses have cosigned, our own cosignatures among it.

use crate::error::ShelfError;
use crate::names::{CentreCode, Digest};
use crate::sign::PublicKey;
use crate::time::Time;

/// The newest cosignature of one witness over one journal. Of our own it is what binds us: nothing that does not extend it is cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignatureRow {
    /// Whose journal.
    pub centre: CentreCode,
    /// Who cosigned.
    pub witness: CentreCode,
    /// So many rows of it.
    pub size: u64,
    /// Their root.
    pub root: Digest,
    /// The witness's key that signed: one that it no longer has does not count.
    pub key: PublicKey,
    /// The witness's own time, whole seconds.
    pub at: Time,
    /// The author's signed note over these rows, with the witness's line under it.
    pub note: Vec<u8>,
}

/// Reads about cosignatures.
pub trait Cosignatures {
    /// The newest cosignature of every witness over a journal, in order of the witnesses' codes.
    fn cosignatures(&self, centre: &CentreCode) -> Result<Vec<CosignatureRow>, ShelfError>;
    /// The newest cosignature of one witness over a journal.
    fn cosignature(&self, centre: &CentreCode, witness: &CentreCode) -> Result<Option<CosignatureRow>, ShelfError>;
}
