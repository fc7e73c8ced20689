//! What stations ask and answer each other (`schemas/wire.cddl`, `ask` and `answer`).
//!
//! Every question names the federation, by the digest of its founding charter, and the version of the charter it is asked under: peers of
//! two federations have nothing to say to each other, and a peer of an older version learns that there is a newer one.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::charter::{Charter, EpochCopy};
use crate::error::Fault;
use crate::journal::fork::Bridge;
use crate::journal::frame::MAX_FRAME_BYTES;
use crate::journal::{Frame, SoundFrame, hash};
use crate::names::{CentreCode, Digest};
use crate::seal::hybrid::{HybridKey, HybridSealed};
use crate::wire;

/// Largest question, in bytes.
pub const MAX_ASK_BYTES: usize = 64 * 1024;
/// Largest answer, in bytes: a frame and its wrapping.
pub const MAX_ANSWER_BYTES: usize = MAX_FRAME_BYTES + 1024;
/// Most cosignatures asked for at once: even the longest of them fit an answer.
pub const MAX_WANTED: usize = 128;
/// Most payloads asked for at once.
pub const MAX_PAYLOADS: usize = 8;

/// A version of a charter, and its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Under {
    /// Which version.
    #[n(0)]
    pub version: u64,
    /// Its digest.
    #[n(1)]
    pub digest: Digest,
}

impl Under {
    /// The version that is in force under `charter`.
    #[must_use]
    pub fn of(charter: &Charter) -> Self {
        Self { version: charter.version(), digest: charter.digest() }
    }
}

/// A question, and the charter it is asked under.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ask {
    /// Digest of the federation's founding charter.
    #[n(0)]
    pub federation: Digest,
    /// What is asked.
    #[n(1)]
    pub question: Question,
    /// The version that the asker works under.
    #[n(2)]
    pub under: Under,
}

/// What a station may ask another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Question {
    /// How far do you hold every journal? This is how far the asker knows of each: only what differs has to be told.
    #[n(0)]
    Heads(#[n(0)] Vec<KnownHead>),
    /// Rows of a journal.
    #[n(1)]
    Pull {
        /// Whose.
        #[n(0)]
        centre: CentreCode,
        /// From which index on.
        #[n(1)]
        from: u64,
        /// So many at most; as many as fit a frame when it is not said.
        #[n(2)]
        rows: Option<u64>,
    },
    /// Payloads that are damaged or missing here.
    #[n(2)]
    Payloads {
        /// Whose journal.
        #[n(0)]
        centre: CentreCode,
        /// Which rows.
        #[n(1)]
        indexes: Vec<u64>,
    },
    /// The newest head of the asker's own journal, with its rows if they fit: a frame's bytes. Take it.
    #[n(3)]
    Push(#[n(0)] ByteVec),
    /// What only the issuer of a certificate can answer: the bytes of a [`crate::interact::Inquiry`].
    #[n(4)]
    Inquire(#[n(0)] ByteVec),
    /// The links of the charter's chain behind a version, and the asker's copy of the newest epoch.
    #[n(5)]
    Charter {
        /// Links behind this version.
        #[n(0)]
        after: u64,
    },
    /// Cosignatures of witnesses.
    #[n(6)]
    Cosigned(#[n(0)] Vec<Wanted>),
    /// What root has your copy of a journal where it had `at` rows, and what leads from there to its first `to` rows?
    #[n(7)]
    Bridge {
        /// Whose.
        #[n(0)]
        centre: CentreCode,
        /// From so many rows.
        #[n(1)]
        at: u64,
        /// To so many.
        #[n(2)]
        to: u64,
    },
    /// To the writer of one's own centre: what only it can open.
    #[n(8)]
    Handover {
        /// The key of the asking station that it is to be sealed to.
        #[n(0)]
        hybrid: HybridKey,
        /// Digest over the accounts that it has: only others are told.
        #[n(1)]
        accounts: Digest,
    },
    /// To the writer of one's own centre: what an operator asks, sealed.
    #[n(9)]
    Forward(#[n(0)] ByteVec),
    /// To the writer of one's own centre: an inquiry that another centre brought here.
    #[n(10)]
    Relay {
        /// Who asks.
        #[n(0)]
        asker: CentreCode,
        /// As in [`Question::Inquire`].
        #[n(1)]
        inquiry: ByteVec,
    },
}

/// A cosignature that is asked for: the newest of one witness over one journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Wanted {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// Whose cosignature.
    #[n(1)]
    pub witness: CentreCode,
    /// Only if it is over more rows than these.
    #[n(2)]
    pub above: u64,
}

/// What a station answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// How far every journal is held, as it differs from what the asker knows.
    #[n(0)]
    Heads(#[n(0)] HeadsReport),
    /// A frame's bytes.
    #[n(1)]
    Frame(#[n(0)] ByteVec),
    /// Payloads, as far as they are held.
    #[n(2)]
    Payloads(#[n(0)] Vec<PayloadReport>),
    /// Nothing, and why.
    #[n(3)]
    Declined(#[n(0)] Decline),
    /// A push was taken; so many rows of the asker's journal are held, durably.
    #[n(4)]
    Held(#[n(0)] u64),
    /// To an inquiry: the bytes of a [`crate::interact::Reply`].
    #[n(5)]
    Replied(#[n(0)] ByteVec),
    /// Links of the charter's chain.
    #[n(6)]
    Charter(#[n(0)] ChainReport),
    /// Cosignatures, as far as they are held.
    #[n(7)]
    Cosigned(#[n(0)] Vec<CosignatureReport>),
    /// What leads from some rows of a journal to more of them.
    #[n(8)]
    Bridged(#[n(0)] Bridge),
    /// What only the writer of the asker's centre can open.
    #[n(9)]
    Handed(#[n(0)] Box<Handed>),
    /// The closing event of a forwarded request, sealed.
    #[n(10)]
    Told(#[n(0)] ByteVec),
}

/// What the writer hands to another station of its centre.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Handed {
    /// The epoch's secrets, sealed to that station as they are to a member.
    #[n(0)]
    pub copy: EpochCopy,
    /// The operators' accounts, unless the asker has just these.
    #[n(1)]
    pub accounts: Option<HybridSealed>,
}

/// The newest cosignature of a witness over a journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CosignatureReport {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// Whose cosignature.
    #[n(1)]
    pub witness: CentreCode,
    /// The author's signed head with the witness's line: see [`crate::journal::cosignature`].
    #[cbor(n(2), with = "minicbor::bytes")]
    pub note: Vec<u8>,
}

/// Links of the charter's chain, as far as they fit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChainReport {
    /// Each a link's bytes, oldest first.
    #[n(0)]
    pub links: Vec<ByteVec>,
    /// The version that the answering station works under.
    #[n(1)]
    pub under: Under,
    /// The asker's copy of that version's epoch, if it is held.
    #[n(2)]
    pub copy: Option<EpochCopy>,
}

/// The newest head that the asker knows of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KnownHead {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// Its rows.
    #[n(1)]
    pub rows: u64,
    /// Its heartbeat, in seconds since 1970.
    #[n(2)]
    pub seconds: u64,
}

/// What a station holds of every journal, as it differs from what the asker knows. A journal that the asker named and that stands in
/// neither list is held under the very head that the asker knows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeadsReport {
    /// Signed heads: of more rows or with a newer heartbeat, or of journals that the asker did not name.
    #[n(0)]
    pub heads: Vec<HeadReport>,
    /// Journals of which there is nothing newer here, and those whose heads did not fit.
    #[n(1)]
    pub others: Vec<OtherReport>,
    /// Digest over all heads that are the same: see [`same_heads`].
    #[n(2)]
    pub same: Digest,
    /// What the answering station works under.
    #[n(3)]
    pub under: Under,
}

impl HeadsReport {
    /// The answer to a question that named no journal.
    #[must_use]
    pub fn whole(heads: Vec<HeadReport>, under: Under) -> Self {
        Self { heads, others: Vec::new(), same: same_heads([]), under }
    }
}

/// A journal that is held under another head than the asker knows, and that head is not told.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OtherReport {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// So many signed rows are held; absent when there is no head of it at all. A hint: nothing shows it.
    #[n(1)]
    pub rows: Option<u64>,
}

/// Digest over what some heads say, in the order of their centres: SHA-256 of, for each, the centre's code (its length as 8 bytes before
/// it), the size (8 bytes), the root, and the heartbeat in seconds (8 bytes). Two stations that come to the same have been shown one
/// history, and neither a fork nor a station that claims to hold what it does not can hide behind equal numbers.
#[must_use]
pub fn same_heads<'a>(heads: impl IntoIterator<Item = (&'a CentreCode, u64, &'a Digest, u64)>) -> Digest {
    let mut bytes = Vec::new();
    for (centre, size, root, seconds) in heads {
        let code = centre.as_str().as_bytes();
        bytes.extend((code.len() as u64).to_be_bytes());
        bytes.extend(code);
        bytes.extend(size.to_be_bytes());
        bytes.extend(root.0);
        bytes.extend(seconds.to_be_bytes());
    }
    hash::sha256(&bytes)
}

/// One journal as another station holds it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HeadReport {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// The signed head that all its rows are held under.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub note: Vec<u8>,
}

/// One payload.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PayloadReport {
    /// Which row.
    #[n(0)]
    pub index: u64,
    /// Its payload; checked against the header held.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
}

/// Why a station declines to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Decline {
    /// Another federation, or another charter of this version.
    #[n(0)]
    OtherCharter,
    /// Not held, or not as far.
    #[n(1)]
    NotHeld,
    /// Held, but damaged: ask another.
    #[n(2)]
    Damaged,
    /// Asked too often: ask again in a while.
    #[n(3)]
    Busy,
}

impl Ask {
    /// A question of a peer that works under `charter`.
    #[must_use]
    pub fn under(charter: &Charter, question: Question) -> Self {
        Self { federation: charter.founding(), question, under: Under::of(charter) }
    }

    /// The question's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a question.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        Ok(wire::decode(bytes, MAX_ASK_BYTES)?)
    }
}

impl Answer {
    /// The answer's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        Ok(wire::decode(bytes, MAX_ANSWER_BYTES)?)
    }
}

/// An answer, read and checked as far as that needs nothing of what is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundAnswer {
    /// How far every journal is held; not verified.
    Heads(HeadsReport),
    /// Rows that are each sound.
    Frame(SoundFrame),
    /// Payloads; not compared with their headers.
    Payloads(Vec<PayloadReport>),
    /// Nothing, and why.
    Declined(Decline),
    /// So many rows of our own journal are held.
    Held(u64),
    /// The bytes of a [`crate::interact::Reply`]; not read.
    Replied(Vec<u8>),
    /// Links of the charter's chain; not verified.
    Charter(ChainReport),
    /// Cosignatures; not verified.
    Cosigned(Vec<CosignatureReport>),
    /// A bridge; not verified.
    Bridged(Bridge),
    /// What the writer hands over; not opened.
    Handed(Box<Handed>),
    /// The answer to a forwarded request; not opened.
    Told(Vec<u8>),
}

impl SoundAnswer {
    /// Reads an answer. This is where the bytes of rows are hashed, and it needs neither time nor state: whoever receives the bytes calls
    /// it, beside the loop that decides.
    ///
    /// # Errors
    /// [`Fault`] with what is wrong with the answer or with a row of it.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        Ok(match Answer::decode(bytes)? {
            Answer::Heads(report) => Self::Heads(report),
            Answer::Frame(frame) => Self::Frame(Frame::decode(&frame)?.sound()?),
            Answer::Payloads(payloads) => Self::Payloads(payloads),
            Answer::Declined(decline) => Self::Declined(decline),
            Answer::Held(rows) => Self::Held(rows),
            Answer::Replied(bytes) => Self::Replied(bytes.to_vec()),
            Answer::Charter(report) => Self::Charter(report),
            Answer::Cosigned(reports) => Self::Cosigned(reports),
            Answer::Bridged(bridge) => Self::Bridged(bridge),
            Answer::Handed(handed) => Self::Handed(handed),
            Answer::Told(bytes) => Self::Told(bytes.to_vec()),
        })
    }
}
