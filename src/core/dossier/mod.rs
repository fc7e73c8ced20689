//! Dossiers (案卷): cases that several centres write together, each as an automerge document whose changes stand in their authors' journals.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `columns`, `chunk` | a change is read by ourselves, strictly, before automerge sees it |
//! | `document` | [`Dossier`]: what is applied, what waits, what is set aside |
//! | `kind` | which kinds there are, who may write which field, and of what form it is |
//! | `view` | which values count |
//! | `loan` | where a cross-region loan stands, and what waits for whom |
//! | `body` | the bodies of the statements, and what is sealed in them |
//!
//! Merging is not trusting. Automerge merges whatever it is given and panics on some of it: so it is given only what was checked here, on a
//! copy, and what it makes of it decides nothing: a value counts if its author was entitled to write it.
//!
//! This is the only room of automerge. It draws a random actor when a document is made, which is replaced at once by the author's own, and
//! it never asks for the time: a change carries the one it is given. What must never be here: the store, the network, a plaintext that is
//! kept.

mod body;
mod chunk;
mod columns;
mod document;
mod kind;
pub mod loan;
#[cfg(test)]
mod tests;
mod view;

pub use body::{
    ChangedBody, DossierPlace, Head, JoinedBody, MAX_CHANGED_BODY_BYTES, MAX_JOINED_BODY_BYTES, MAX_OPENED_BODY_BYTES, OpenedBody, PartyKey,
};
pub use chunk::{Put, RawChange};
pub use document::{Dossier, Offered};
pub use kind::{DossierKind, Form, MAX_TRANSFERS, PartyRole, Writer, field};
pub use view::{Counted, FieldView, Parties, Standing, counted, view};

use crate::names::CentreCode;

/// Most bytes of one change.
pub const MAX_CHANGE_BYTES: usize = 16 * 1024;
/// Most texts that one change puts.
pub const MAX_OPS_PER_CHANGE: usize = 64;
/// Longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 64;
/// Longest text, in bytes of UTF-8.
pub const MAX_TEXT_BYTES: usize = 2_000;
/// Most parties of a dossier.
pub const MAX_PARTIES: usize = 8;
/// Most changes of one author in a dossier. Counted by author, so that no party can use up another's room.
pub const MAX_CHANGES_PER_AUTHOR: usize = 512;
/// Most bytes of all changes of one author in a dossier.
pub const MAX_BYTES_PER_AUTHOR: usize = 512 * 1024;
/// Most different keys that one author may make in a dossier.
pub const MAX_KEYS_PER_AUTHOR: usize = 1_024;
/// Most changes of a dossier that wait for others.
pub const MAX_PENDING: usize = 256;
/// Most of them of one author.
pub const MAX_PENDING_PER_AUTHOR: usize = MAX_PENDING / MAX_PARTIES;
/// Most bytes of the changes of a dossier that wait for others.
pub const MAX_PENDING_BYTES: usize = 1024 * 1024;
/// Most changes that are remembered as set aside; beyond that they are only counted.
pub const MAX_QUARANTINED: usize = 1_024;

/// Bytes by which a document knows an author.
pub type ActorBytes = [u8; 16];
/// The number of an operation and its author: later ones are larger, and of equal ones the author decides, as in automerge.
pub type OpId = (u64, ActorBytes);

/// Why a change was not taken. None carries anything of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Rejection {
    /// More bytes than a change may have.
    #[error("too-large")]
    TooLarge,
    /// Not an uncompressed change: another magic, or a compressed chunk, a document, a bundle.
    #[error("not-a-change")]
    NotAChange,
    /// The checksum is another's.
    #[error("checksum")]
    Checksum,
    /// Not of the format.
    #[error("malformed")]
    Malformed,
    /// Of the format, and says what no dossier says.
    #[error("shape")]
    Shape,
    /// More of something than there may be.
    #[error("too-many")]
    TooMany,
    /// Its author is no party.
    #[error("not-a-party")]
    NotAParty,
    /// It is under another author's actor, or names an actor that is no party.
    #[error("other-actor")]
    OtherActor,
    /// Another change of this author has its sequence number, or it does not follow the author's last.
    #[error("sequence")]
    Sequence,
    /// Its operations are not numbered as those of a next change are, or take the place of what is not there.
    #[error("numbering")]
    Numbering,
    /// Too many wait already.
    #[error("pending-full")]
    PendingFull,
    /// Automerge refused it.
    #[error("engine")]
    Engine,
    /// Automerge panicked over it.
    #[error("panicked")]
    Panicked,
    /// Automerge made something else of it than it says.
    #[error("differs")]
    Differs,
    /// There is nothing new to be written.
    #[error("nothing-new")]
    NothingNew,
}

impl Rejection {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::NotAChange => "not-a-change",
            Self::Checksum => "checksum",
            Self::Malformed => "malformed",
            Self::Shape => "shape",
            Self::TooMany => "too-many",
            Self::NotAParty => "not-a-party",
            Self::OtherActor => "other-actor",
            Self::Sequence => "sequence",
            Self::Numbering => "numbering",
            Self::PendingFull => "pending-full",
            Self::Engine => "engine",
            Self::Panicked => "panicked",
            Self::Differs => "differs",
            Self::NothingNew => "nothing-new",
        }
    }
}

/// The actor of `centre` in a dossier: nobody else's, and in every dossier another.
#[must_use]
pub fn actor_of(place: &DossierPlace<'_>, centre: &CentreCode) -> ActorBytes {
    let parts = [place.opener.as_str().as_bytes(), &place.id.0, centre.as_str().as_bytes()];
    let key = crate::seal::Key::from_bytes([0; 32]);
    let whole = *crate::seal::hmac(&key, crate::seal::Purpose::DossierActor, &parts).expose();
    let mut actor = [0; 16];
    actor.copy_from_slice(&whole[..16]);
    actor
}
