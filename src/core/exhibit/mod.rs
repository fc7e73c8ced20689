//! Exhibits: evidence that a stranger can check alone (`schemas/wire.cddl`, `exhibit`; docs/decisions/0035). What `anju evidence` writes
//! and `anju verify` reads.
//!
//! A [`crate::journal::Evidence`] is one row under one head, and convinces whoever already has the charter. An exhibit brings the
//! charter along: the chain from the founding version, the rows with their inclusion proofs, the head that their author signed, what
//! witnesses cosigned, and how that history meets every extent at which a term of the author ended. Where no such head is held, the rows
//! stand under the newest of these extents itself, and what is told says so. So it needs no peer, no database and no network. One thing it
//! cannot bring: a reason to trust its founding version. That is pinned by whoever verifies, or told as open.
//!
//! Every byte of an exhibit is covered by a check; nothing unsigned stands in one, not even when it was made. What must never be here:
//! a file, a clock, a word shown to a user.
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`make`] | parts of an exhibit, from rows and heads that are held |
//! | [`anchor`] | what rows stand under: a head of their author, or an extent that the charter states |
//! | [`check`] | the checks by name, and what an exhibit that holds leaves open |
//! | [`verify`] | the only way from bytes to [`Proven`] |
//! | [`later`] | what a newer version of the charter says of it |

pub mod anchor;
pub mod check;
pub mod later;
pub mod make;
pub mod verify;

use minicbor::{Decode, Encode};

pub use anchor::{Anchor, Stated};
pub use check::{Broken, Check, Open};
pub use later::{Later, LaterPart, Standing, Unrelated};
pub use make::{Held, MakeError, shows_payload};
pub use verify::{Proven, ProvenPart, ProvenRow, ProvenWitness, Reign};

use crate::charter::{Chain, MAX_ENDED_TERMS, MAX_WITNESSES};
use crate::journal::Entry;
use crate::journal::note::MAX_NOTE_BYTES;
use crate::journal::proof::MAX_PROOF_HASHES;
use crate::names::{CentreCode, Digest};
use crate::wire;

/// The one version of an exhibit that exists.
pub const EXHIBIT_VERSION: u8 = 1;
/// Largest exhibit, in bytes: the largest charter file, and some hundred rows.
pub const MAX_EXHIBIT_BYTES: usize = 40 * 1024 * 1024;
/// Most parts of an exhibit.
pub const MAX_EXHIBIT_PARTS: usize = 128;
/// Most rows of one part.
pub const MAX_PART_ROWS: usize = 64;
/// Most extents that a part can have to meet: those of ended terms, and the one that ends the journal.
pub const MAX_PART_EXTENTS: usize = MAX_ENDED_TERMS + 1;

/// Rows of journals and everything that proves them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Exhibit {
    /// [`EXHIBIT_VERSION`].
    #[n(0)]
    pub version: u8,
    /// From the founding version to the one under which it was made.
    #[n(1)]
    pub charter: Chain,
    /// At least one; one journal may stand in several.
    #[n(2)]
    pub parts: Vec<Part>,
}

/// Rows of one journal under one head, or under the newest extent that the charter states of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Part {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// The signed head: the author's two lines and no other. Nothing where the rows stand under the charter's extent.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub note: Option<Vec<u8>>,
    /// In order of their indices; at least one.
    #[n(2)]
    pub rows: Vec<PartRow>,
    /// For each extent of the author ([`crate::journal::Author::extents`]) the consistency proof between it and what the part stands
    /// under.
    #[n(3)]
    pub extents: Vec<Vec<Digest>>,
    /// In order of the witnesses' codes.
    #[n(4)]
    pub cosigned: Vec<Cosigned>,
}

/// A row, and its inclusion proof under what the part stands under.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PartRow {
    /// Which.
    #[n(0)]
    pub index: u64,
    /// The row; its payload may be left out.
    #[n(1)]
    pub entry: Entry,
    /// From the lowest up.
    #[n(2)]
    pub proof: Vec<Digest>,
}

/// What a witness cosigned of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cosigned {
    /// Who.
    #[n(0)]
    pub witness: CentreCode,
    /// A head of the same journal, the author's two lines and the witness's.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub note: Vec<u8>,
    /// The consistency proof between that head and what the part stands under.
    #[n(2)]
    pub proof: Vec<Digest>,
}

impl Exhibit {
    /// Puts parts behind the charter's chain.
    #[must_use]
    pub const fn new(charter: Chain, parts: Vec<Part>) -> Self {
        Self { version: EXHIBIT_VERSION, charter, parts }
    }

    /// The exhibit as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads an exhibit: its form, its determinism, its order and its caps. Nothing is verified.
    ///
    /// # Errors
    /// [`Broken`] with [`Check::Form`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let form = |detail: String| Broken::new(Check::Form, "", detail);
        let exhibit: Self = wire::decode(bytes, MAX_EXHIBIT_BYTES).map_err(|e| form(e.to_string()))?;
        if exhibit.version != EXHIBIT_VERSION {
            return Err(form(format!("version {}", exhibit.version)));
        }
        if exhibit.parts.is_empty() || exhibit.parts.len() > MAX_EXHIBIT_PARTS || !exhibit.charter.is_bounded() {
            return Err(form(format!("{} parts", exhibit.parts.len())));
        }
        match exhibit.parts.iter().find(|part| !part.is_formed()) {
            Some(part) => Err(form(format!("part of {}", part.centre))),
            None => Ok(exhibit),
        }
    }
}

impl Part {
    fn is_formed(&self) -> bool {
        let rows = self.rows.windows(2).all(|pair| pair[0].index < pair[1].index);
        let witnesses = self.cosigned.windows(2).all(|pair| pair[0].witness < pair[1].witness);
        let counts = (1..=MAX_PART_ROWS).contains(&self.rows.len())
            && self.extents.len() <= MAX_PART_EXTENTS
            && self.cosigned.len() <= MAX_WITNESSES;
        let mut proofs =
            self.rows.iter().map(|row| &row.proof).chain(&self.extents).chain(self.cosigned.iter().map(|cosigned| &cosigned.proof));
        let mut notes = self.note.iter().chain(self.cosigned.iter().map(|cosigned| &cosigned.note));
        rows && witnesses && counts && proofs.all(|proof| proof.len() <= MAX_PROOF_HASHES) && notes.all(|note| note.len() <= MAX_NOTE_BYTES)
    }
}
