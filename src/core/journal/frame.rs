//! Frames: a stretch of a journal on the wire, with what proves it (`schemas/wire.cddl`, `frame`).
//!
//! Whoever serves it is trusted with nothing. [`SoundFrame::check`] is the only way to a [`ProvenFrame`], and only a `ProvenFrame` has
//! rows that may be stored: the rows held, plus these, lie under a head that the journal's author signed. A [`SoundFrame`] is the half of
//! the way that needs to know nothing of what is held, and can be gone beside the loop that decides.

use minicbor::{Decode, Encode};

use super::note::MAX_NOTE_BYTES;
use super::proof::{self, MAX_PROOF_HASHES, ProofError, Subtrees};
use super::{Author, Entry, Frontier, SoundRows, Subtree, VerifiedHead};
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, Digest};
use crate::wire;

/// Largest frame, in bytes.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// Most rows of a frame.
pub const MAX_FRAME_ENTRIES: usize = 4096;
/// Bytes of headers and payloads that always fit a frame, whatever the number of rows, the note and the proof.
pub const FRAME_BUDGET_BYTES: usize = MAX_FRAME_BYTES - MAX_NOTE_BYTES - MAX_PROOF_HASHES * 34 - MAX_FRAME_ENTRIES * 12 - 64;

/// Rows `from..` of a journal, a consistency proof from behind them to the head, and the head.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Frame {
    /// Whose journal.
    #[n(0)]
    pub centre: CentreCode,
    /// Index of the first row.
    #[n(1)]
    pub from: u64,
    /// The rows in order; there may be none.
    #[n(2)]
    pub entries: Vec<Entry>,
    /// The proof from size `from` + rows to the head's size; empty when they are equal.
    #[n(3)]
    pub proof: Vec<Digest>,
    /// The signed head.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub note: Vec<u8>,
}

impl Frame {
    /// Puts rows `from..` and the head of `size` rows together with the proof between them.
    ///
    /// # Errors
    /// [`ProofError`] when the rows reach beyond `size`, or a subtree cannot be read.
    pub fn assemble<S: Subtrees>(
        subtrees: &S,
        centre: CentreCode,
        from: u64,
        entries: Vec<Entry>,
        size: u64,
        note: Vec<u8>,
    ) -> Result<Self, ProofError<S::Error>> {
        let reached = from.checked_add(entries.len() as u64).ok_or(ProofError::OutOfRange)?;
        let proof = proof::consistency(subtrees, reached, size)?;
        Ok(Self { centre, from, entries, proof, note })
    }

    /// The frame as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a frame: its form, its determinism and its caps.
    ///
    /// # Errors
    /// [`Fault`] with `oversized` or `malformed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        // Asked before decoding, so that a megabyte of empty rows does not become twenty in memory.
        let announced = if bytes.len() <= MAX_FRAME_BYTES { announced_entries(bytes).unwrap_or(0) } else { 0 };
        if announced > MAX_FRAME_ENTRIES as u64 {
            return Err(Fault::new(FaultCode::Oversized, format!("a frame of {announced} rows")));
        }
        let frame: Self = wire::decode(bytes, MAX_FRAME_BYTES)?;
        frame.check_caps()?;
        Ok(frame)
    }

    fn check_caps(&self) -> Result<(), Fault> {
        let caps = [
            ("rows", self.entries.len(), MAX_FRAME_ENTRIES),
            ("hashes of proof", self.proof.len(), MAX_PROOF_HASHES),
            ("bytes of note", self.note.len(), MAX_NOTE_BYTES),
        ];
        for (what, len, max) in caps {
            if len > max {
                return Err(Fault::new(FaultCode::Oversized, format!("a frame with {len} {what}")));
            }
        }
        Ok(())
    }

    /// Checks what needs nothing else: the caps, and that each row is well formed and its payload, if there, is the header's.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-payload`.
    pub fn sound(self) -> Result<SoundFrame, Fault> {
        self.check_caps()?;
        let Self { centre, from, entries, proof, note } = self;
        let rows = SoundRows::check(entries).map_err(|unsound| unsound.fault)?;
        Ok(SoundFrame { centre, from, rows, proof, note })
    }

    /// Checks everything about a frame: [`Self::sound`], then [`SoundFrame::check`].
    ///
    /// # Errors
    /// [`Fault`] with what is wrong.
    pub fn check(self, held: &Frontier, author: &Author) -> Result<ProvenFrame, Fault> {
        self.sound()?.check(held, author)
    }
}

/// A frame whose rows are sound; whether they continue anything is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundFrame {
    centre: CentreCode,
    from: u64,
    rows: SoundRows,
    proof: Vec<Digest>,
    note: Vec<u8>,
}

impl SoundFrame {
    /// Whose journal it says it is of.
    #[must_use]
    pub const fn centre(&self) -> &CentreCode {
        &self.centre
    }

    /// Index of the first row.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The rows.
    #[must_use]
    pub const fn rows(&self) -> &SoundRows {
        &self.rows
    }

    /// The head, not verified.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// Checks the rest against the rows `held`: that the frame continues them, that the head is the author's, and that the head extends
    /// the rows held and these.
    ///
    /// # Errors
    /// [`Fault`] with `unasked` when it is another journal or another stretch than asked, else with what is wrong.
    pub fn check(self, held: &Frontier, author: &Author) -> Result<ProvenFrame, Fault> {
        self.continues(held, author)?;
        let head = author.verify(&self.note)?;
        self.prove(held, head)
    }

    /// As [`Self::check`], when the frame's own head was verified as `author`'s already.
    ///
    /// # Errors
    /// As [`Self::check`]; [`Fault`] with `bad-signature` when `head` is another than the frame's.
    pub fn check_under(self, held: &Frontier, author: &Author, head: VerifiedHead) -> Result<ProvenFrame, Fault> {
        self.continues(held, author)?;
        if head.note() != self.note || *head.origin() != author.origin {
            return Err(Fault::new(FaultCode::BadSignature, "another head than the frame's"));
        }
        self.prove(held, head)
    }

    fn continues(&self, held: &Frontier, author: &Author) -> Result<(), Fault> {
        if self.centre != author.centre {
            return Err(Fault::new(FaultCode::Unasked, format!("a frame of {} instead of {}", self.centre, author.centre)));
        }
        if self.from != held.size() {
            return Err(Fault::new(FaultCode::Unasked, format!("a frame from {} instead of {}", self.from, held.size())));
        }
        Ok(())
    }

    fn prove(self, held: &Frontier, head: VerifiedHead) -> Result<ProvenFrame, Fault> {
        let full = |e: super::frontier::FrontierError| Fault::new(FaultCode::Oversized, e.to_string());
        let (frontier, subtrees) = self.rows.extend(held).map_err(full)?;
        head.extends(&frontier, &self.proof)?;
        Ok(ProvenFrame { from: self.from, rows: self.rows, subtrees, frontier, head })
    }
}

/// The number of rows that the bytes say will follow, if they begin like a frame.
fn announced_entries(bytes: &[u8]) -> Option<u64> {
    let mut d = minicbor::Decoder::new(bytes);
    d.map().ok()?;
    (d.u8().ok()? == 0).then_some(())?;
    d.str().ok()?;
    (d.u8().ok()? == 1).then_some(())?;
    d.u64().ok()?;
    (d.u8().ok()? == 2).then_some(())?;
    d.array().ok()?
}

/// Rows that were proven to stand under a head their author signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenFrame {
    from: u64,
    rows: SoundRows,
    subtrees: Vec<Subtree>,
    frontier: Frontier,
    head: VerifiedHead,
}

/// The parts of a [`ProvenFrame`], for who stores it.
#[derive(Debug, Clone)]
pub struct ProvenParts {
    /// Index of the first row.
    pub from: u64,
    /// The rows.
    pub rows: SoundRows,
    /// Subtrees of stored levels that they completed.
    pub subtrees: Vec<Subtree>,
    /// The frontier after them.
    pub frontier: Frontier,
    /// The head they lie under.
    pub head: VerifiedHead,
}

impl ProvenFrame {
    /// Index of the first row.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The rows in order.
    #[must_use]
    pub const fn rows(&self) -> &SoundRows {
        &self.rows
    }

    /// Subtrees of stored levels that the rows completed.
    #[must_use]
    pub fn subtrees(&self) -> &[Subtree] {
        &self.subtrees
    }

    /// The frontier after the rows.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The head the rows lie under.
    #[must_use]
    pub const fn head(&self) -> &VerifiedHead {
        &self.head
    }

    /// Offsets of the rows without payload. Whether each may be absent is [`super::statement::absence_allowed`]'s to say, and must be
    /// asked before the rows are stored.
    #[must_use]
    pub fn absent(&self) -> Vec<usize> {
        self.rows.entries().enumerate().filter(|(_, entry)| entry.payload.is_none()).map(|(offset, _)| offset).collect()
    }

    /// Takes it apart.
    #[must_use]
    pub fn into_parts(self) -> ProvenParts {
        let Self { from, rows, subtrees, frontier, head } = self;
        ProvenParts { from, rows, subtrees, frontier, head }
    }
}
