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
}

impl Author {
    /// The author of `centre`'s journal in `federation`.
    #[must_use]
    pub fn new(federation: &FederationName, centre: CentreCode, signing: PublicKey, heartbeat: PublicKey) -> Self {
        Self { origin: Origin::new(federation, &centre), centre, signing, heartbeat }
    }

    /// Verifies a signed note as a head of this author's journal.
    ///
    /// # Errors
    /// See [`SignedHead::verify`].
    pub fn verify(&self, note: &[u8]) -> Result<VerifiedHead, Fault> {
        SignedHead::verify(note, &self.origin, &self.signing, &self.heartbeat)
    }
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
    /// Verifies that `note` is a checkpoint of `origin`, signed by `author`, with a heartbeat by `heartbeat`. Whether the heartbeat lies
    /// in the future is for who has a clock.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed`, `bad-signature`, or `not-the-author` when the author signed another origin.
    pub fn verify(note: &[u8], origin: &Origin, author: &PublicKey, heartbeat: &PublicKey) -> Result<VerifiedHead, Fault> {
        let parsed = Note::parse(note)?;
        parsed.verify(&origin.0, author)?;
        let heartbeat = parsed.verify_cosignature(&origin.heartbeat_name(), heartbeat)?;
        let checkpoint = Checkpoint::parse(parsed.text(), origin)?;
        Ok(VerifiedHead { checkpoint, heartbeat, note: note.to_vec() })
    }
}

/// A head whose author's signature and heartbeat were verified. Says nothing about whether it extends another: see [`Self::extends`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHead {
    checkpoint: Checkpoint,
    heartbeat: Time,
    note: Vec<u8>,
}

impl VerifiedHead {
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
