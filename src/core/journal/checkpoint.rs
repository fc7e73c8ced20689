//! The signed head of a journal: a C2SP tlog-checkpoint with the author's signature and the author's own timestamped cosignature, the
//! heartbeat.
//!
//! Nothing signed here can be taken for anything else, although the text has no context label of ours. A checkpoint's text begins with
//! `anju.`, what the heartbeat signs begins with `cosignature/v1`, what [`crate::sign::Context`] labels begins with `anju/`, and a
//! JWS signing input begins with base64url of `{"`: no two of these begin alike. And one origin names one journal of one federation,
//! so that a head of one is never one of another, even under one key. The heartbeat key is another key than the signing key, because
//! `cosignature/v1` does not sign its key's name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::note::Note;
use super::{Frontier, MAX_JOURNAL_ROWS, hash, proof};
use crate::charter::{EndedTerm, Extent, Member};
use crate::error::{Fault, FaultCode};
use crate::names::{CentreCode, Digest, FederationName};
use crate::shelf::Head;
use crate::sign::{PublicKey, SecretKey};
use crate::time::Time;

/// The first line of every checkpoint of one journal: `anju.<federation>/<centre>`. It is also the name of the author's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// The origin of `centre`'s journal. Both names are of a form that leaves no doubt where one ends.
    #[must_use]
    pub fn new(federation: &FederationName, centre: &CentreCode) -> Self {
        Self(format!("anju.{federation}/{centre}"))
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the key that cosigns the heartbeats.
    #[must_use]
    pub fn heartbeat_name(&self) -> String {
        format!("{}/heartbeat", self.0)
    }
}

/// Who writes a journal, as the charter says: what is needed to check anything of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The centre.
    pub centre: CentreCode,
    /// The origin of its journal.
    pub origin: Origin,
    /// The key that signs its checkpoints.
    pub signing: PublicKey,
    /// The key that cosigns its heartbeats.
    pub heartbeat: PublicKey,
    /// The term of these keys, from 1.
    pub term: u64,
    /// Its terms before, oldest first: what was signed in them counts as far as each says.
    pub ended: Vec<EndedTerm>,
    /// How far the journal counts at all, for a centre that has left or is suspended.
    pub limit: Option<Extent>,
}

impl Author {
    /// The author of `centre`'s journal in `federation`, in its first term.
    #[must_use]
    pub fn new(federation: &FederationName, centre: CentreCode, signing: PublicKey, heartbeat: PublicKey) -> Self {
        Self { origin: Origin::new(federation, &centre), centre, signing, heartbeat, term: 1, ended: Vec::new(), limit: None }
    }

    /// The author as a charter tells of it: the terms that ended, and the member if it is still one. Without either it is nobody, and
    /// nothing verifies as its.
    #[must_use]
    pub fn of_terms(federation: &FederationName, centre: CentreCode, ended: &[EndedTerm], member: Option<&Member>) -> Self {
        let origin = Origin::new(federation, &centre);
        if let Some(Member { signing, heartbeat, term, halted, .. }) = member {
            return Self { centre, origin, signing: *signing, heartbeat: *heartbeat, term: *term, ended: ended.to_vec(), limit: *halted };
        }
        let nobody = EndedTerm { term: 0, signing: PublicKey([0; 32]), heartbeat: PublicKey([0; 32]), counts: Extent::nothing() };
        let (last, before) = ended.split_last().unwrap_or((&nobody, &[]));
        let (signing, heartbeat, term) = (last.signing, last.heartbeat, last.term);
        Self { centre, origin, signing, heartbeat, term, ended: before.to_vec(), limit: Some(last.counts) }
    }

    /// Verifies a signed note as a head of this author's journal, in whichever term it was signed.
    ///
    /// # Errors
    /// See [`SignedHead::verify`]; `void` for a head beyond what counts of its term, and `rolled-back` for one of the present term that
    /// is shorter than what counted before.
    pub fn verify(&self, note: &[u8]) -> Result<VerifiedHead, Fault> {
        match SignedHead::verify(note, &self.origin, &self.signing, &self.heartbeat) {
            Ok(head) => self.in_present_term(VerifiedHead { term: self.term, ..head }),
            Err(problem) if problem.code != FaultCode::BadSignature => Err(problem),
            Err(problem) => self.ended.iter().rev().find_map(|term| self.in_ended_term(term, note)).unwrap_or(Err(problem)),
        }
    }

    fn in_present_term(&self, head: VerifiedHead) -> Result<VerifiedHead, Fault> {
        if let Some(limit) = &self.limit {
            counts(&head, limit)?;
        }
        match self.ended.last().map(|term| term.counts) {
            Some(before) if head.size() < before.size || (head.size() == before.size && head.root() != before.root) => {
                Err(Fault::new(FaultCode::RolledBack, format!("{} rows in term {}", head.size(), self.term)))
            }
            Some(_) | None => Ok(head),
        }
    }

    fn in_ended_term(&self, term: &EndedTerm, note: &[u8]) -> Option<Result<VerifiedHead, Fault>> {
        let head = SignedHead::verify(note, &self.origin, &term.signing, &term.heartbeat).ok()?;
        Some(counts(&head, &term.counts).map(|()| VerifiedHead { term: term.term, ..head }))
    }

    /// How far its journal counted when each of its terms ended, and how far it counts at all: what the charter fixes of its history.
    pub fn extents(&self) -> impl Iterator<Item = Extent> {
        self.ended.iter().map(|term| term.counts).chain(self.limit)
    }

    /// The same with their terms. What halts the journal where a term ended already says nothing more.
    #[must_use]
    pub fn extents_of_terms(&self) -> Vec<(u64, Extent)> {
        let mut all: Vec<_> = self.ended.iter().map(|ended| (ended.term, ended.counts)).collect();
        let halts = self.limit.filter(|limit| all.last().is_none_or(|(_, ended)| ended != limit));
        all.extend(halts.map(|limit| (self.term, limit)));
        all
    }

    /// The newest of these, with its term: of a centre that may not write, how far it counts at all; else how far it counted when its last
    /// term ended.
    #[must_use]
    pub fn newest_extent(&self) -> Option<(u64, Extent)> {
        self.extents_of_terms().pop()
    }

    /// The term in which row `index` of the journal was written.
    #[must_use]
    pub fn term_at(&self, index: u64) -> u64 {
        self.ended.iter().find(|term| index < term.counts.size).map_or(self.term, |term| term.term)
    }

    /// The key that signed what row `index` of the journal carries.
    #[must_use]
    pub fn signing_at(&self, index: u64) -> PublicKey {
        self.ended.iter().find(|term| index < term.counts.size).map_or(self.signing, |term| term.signing)
    }
}

/// What the keys of a term that is over signed counts as far as the charter says, and not a row further.
fn counts(head: &VerifiedHead, extent: &Extent) -> Result<(), Fault> {
    let holds = head.size() < extent.size || (head.size() == extent.size && head.root() == extent.root);
    if holds { Ok(()) } else { Err(Fault::new(FaultCode::Void, format!("{} rows, and {} count", head.size(), extent.size))) }
}

/// A tree head: how many rows, and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose journal.
    pub origin: Origin,
    /// Rows.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
}

impl Checkpoint {
    /// The head of a journal with this frontier.
    #[must_use]
    pub fn of(origin: &Origin, frontier: &Frontier) -> Self {
        Self { origin: origin.clone(), size: frontier.size(), root: frontier.root() }
    }

    /// The note's text: origin, size, root in base64.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin.0, self.size, STANDARD.encode(self.root.0))
    }

    /// The signed note: the author's signature, then the heartbeat of `at`, whole seconds. An author never lets a heartbeat out that is
    /// older than its last (see [`super::batch::heartbeat_time`]).
    #[must_use]
    pub fn sign(&self, signing: &SecretKey, heartbeat: &SecretKey, at: Time) -> Vec<u8> {
        let mut note = Note::unsigned(&self.text());
        note.sign(&self.origin.0, signing);
        note.cosign(&self.origin.heartbeat_name(), heartbeat, at);
        note.to_bytes()
    }

    /// Reads the text of a note whose signature was verified. Exactly three lines: extension lines are refused.
    fn parse(text: &str, origin: &Origin) -> Result<Self, Fault> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let (Some(first), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
            return Err(malformed("not three lines"));
        };
        if first != origin.0 {
            return Err(Fault::new(FaultCode::NotTheAuthor, "checkpoint of another origin"));
        }
        let number = size.parse::<u64>().map_err(|_| malformed("size"))?;
        // `parse` takes a plus sign and leading zeroes; the format does not.
        if number.to_string() != size || number > MAX_JOURNAL_ROWS {
            return Err(malformed("size"));
        }
        let root = STANDARD.decode(root).map_err(|_| malformed("root"))?;
        let root = Digest(root.try_into().map_err(|_| malformed("root"))?);
        if number == 0 && root != hash::empty() {
            return Err(malformed("root of an empty journal"));
        }
        Ok(Self { origin: origin.clone(), size: number, root })
    }
}

fn malformed(what: &str) -> Fault {
    Fault::new(FaultCode::Malformed, format!("checkpoint: {what}"))
}

/// The checking of signed heads.
#[derive(Debug)]
pub struct SignedHead;

impl SignedHead {
    /// Verifies that `note` is a checkpoint of `origin`, signed by `author` in its first term, with a heartbeat by `heartbeat`. Whether the heartbeat lies
    /// in the future is for who has a clock.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed`, `bad-signature`, or `not-the-author` when the author signed another origin.
    pub fn verify(note: &[u8], origin: &Origin, author: &PublicKey, heartbeat: &PublicKey) -> Result<VerifiedHead, Fault> {
        let parsed = Note::parse(note)?;
        parsed.verify(&origin.0, author)?;
        let heartbeat = parsed.verify_cosignature(&origin.heartbeat_name(), heartbeat)?;
        let checkpoint = Checkpoint::parse(parsed.text(), origin)?;
        Ok(VerifiedHead { checkpoint, heartbeat, note: note.to_vec(), term: 1 })
    }
}

/// A head whose author's signature and heartbeat were verified. Says nothing about whether it extends another: see [`Self::extends`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHead {
    checkpoint: Checkpoint,
    heartbeat: Time,
    note: Vec<u8>,
    term: u64,
}

impl VerifiedHead {
    /// The author's term in which it was signed.
    #[must_use]
    pub const fn term(&self) -> u64 {
        self.term
    }

    /// Whose journal.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.checkpoint.origin
    }

    /// Rows.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Root over them.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// The author's own time of the heartbeat, whole seconds.
    #[must_use]
    pub const fn heartbeat(&self) -> Time {
        self.heartbeat
    }

    /// The signed note as received.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// This head as the store keeps it, received at `received` by our own clock.
    #[must_use]
    pub fn received_at(self, received: Time) -> Head {
        Head { size: self.size(), root: self.root(), note: self.note, heartbeat: self.heartbeat, received }
    }

    /// Verifies that this head extends the rows behind `frontier`.
    ///
    /// # Errors
    /// [`Fault`] with `bad-proof` or `oversized`.
    pub fn extends(&self, frontier: &Frontier, consistency: &[Digest]) -> Result<(), Fault> {
        proof::verify_consistency(frontier.size(), &frontier.root(), self.size(), &self.root(), consistency)
    }
}
