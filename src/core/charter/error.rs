//! Why a charter is not one, cannot be made, or does not follow.

use crate::names::CentreCode;

/// Why a charter is not one, cannot be made, or does not follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharterError {
    /// Not a charter file.
    #[error("not a charter: {0}")]
    Shape(String),
    /// Something in it that may not be.
    #[error("the charter breaks a rule: {0}")]
    Rule(&'static str),
    /// Two members share something.
    #[error("two members share {0}")]
    Shared(&'static str),
    /// Too few or too many members.
    #[error("{0} members: at least 2 that vote and at most 512 are allowed")]
    Members(usize),
    /// Founders who have not signed.
    #[error("not signed by {0}")]
    Unsigned(String),
    /// A signature that does not verify.
    #[error("the signature of {0} does not verify")]
    Signature(CentreCode),
    /// Not one of the members, or one that does not vote.
    #[error("{0} is not a member that votes")]
    NotAMember(CentreCode),
    /// It names other keys for this centre than the centre holds.
    #[error("the charter names other keys for {0} than this centre holds")]
    OtherKeys(CentreCode),
    /// A sealing key that nothing can be sealed to.
    #[error("nothing can be sealed to the key of {0}")]
    Unsealable(CentreCode),
    /// A version that does not come next.
    #[error("version {version} does not come after version {after}")]
    NotNext {
        /// The one that was shown.
        version: u64,
        /// The one that it should follow.
        after: u64,
    },
    /// Too few members approved it.
    #[error("{approved} members approved it, and {quorum} must")]
    NoQuorum {
        /// How many did.
        approved: u64,
        /// How many must.
        quorum: u64,
    },
}
