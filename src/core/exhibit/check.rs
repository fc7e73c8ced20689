//! The checks by name, in the order in which they are made, and what an exhibit that holds leaves open.

use std::fmt;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable code; never changes once released.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.code()) }
        }
    };
}

named! {
    /// A check that an exhibit can fail.
    Check {
        /// Form: an exhibit, deterministically encoded, within its caps, everything in order.
        Form = "form",
        /// Founding: every founder signed the founding version, and nobody else.
        Founding = "founding",
        /// Pin: the founding version is one of those that whoever verifies trusts.
        Pin = "pin",
        /// Chain: each later version follows, approved by a quorum of the one before.
        Chain = "chain",
        /// Author: the newest version names the centre, now or as one that has left.
        Author = "author",
        /// Head: the author's signature and heartbeat stand under the head, and nothing else does; without a head, the charter states an
        /// extent.
        Head = "head",
        /// Extent: the head, or every row that stands under none, lies within what the charter counts, on the history that it fixed.
        Extent = "extent",
        /// Header: a statement's header, well formed.
        Header = "header",
        /// Inclusion: the row stands at its index under the head or the extent (RFC 6962).
        Inclusion = "inclusion",
        /// Payload: the content hashes to what the header names.
        Payload = "payload",
        /// Cosignature: a witness of the newest version cosigned a head of the same author.
        Cosignature = "cosignature",
        /// Consistency: what the witness cosigned is the same history (RFC 6962).
        Consistency = "consistency",
    }
}

named! {
    /// What an exhibit that holds does not prove.
    Open {
        /// Which federation this is: no founding version was pinned.
        Founding = "founding",
        /// What versions of the charter behind the newest one here say: keys may have ended since.
        LaterCharter = "later-charter",
        /// What the author said later: it may have ended, changed or taken back what stands here.
        LaterRows = "later-rows",
        /// When a statement was made: its time is its author's own word.
        Time = "time",
        /// That a statement is true: only that its author made it.
        Truth = "truth",
        /// That the author signed a head over a row: the charter alone says that it counts, at no time that is known.
        Signature = "signature",
        /// What a statement says: its content is not in the exhibit.
        Content = "content",
        /// What sealed content says: it is the one that was written, and opens only for those whom it is sealed to.
        Sealed = "sealed",
        /// That the author showed others the same history: too few witnesses have cosigned it, or there are none.
        Witnessed = "witnessed",
        /// That these are all the rows about the matter.
        Whole = "whole",
    }
}

/// The check that an exhibit failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check} {place}: {detail}")]
pub struct Broken {
    /// Which.
    pub check: Check,
    /// Of what: a version of the charter, a journal, a row; nothing for the whole.
    pub place: String,
    /// What is wrong, in English.
    pub detail: String,
}

impl Broken {
    /// A failed check.
    pub(super) fn new(check: Check, place: impl fmt::Display, detail: impl fmt::Display) -> Self {
        Self { check, place: place.to_string(), detail: detail.to_string() }
    }
}
