//! A centre's own people: their accounts, their roles, and proof that one of them asked for something.
//!
//! An operator has an Ed25519 key of their own, sealed under their passphrase. What they ask the peer to do they sign; the peer checks
//! the signature before anything else ([`ProvenAct`] is made nowhere but here) and keeps it as evidence of who decided what. The peer
//! never sees a passphrase or an operator's secret key. What must never be here: what an act does.

mod account;
mod act;
#[cfg(test)]
mod tests;

pub use account::{
    MAX_DISPLAY_CHARS, MAX_OPERATORS, MAX_SEALED_KEY_BYTES, MAX_STAFF_NO_CHARS, Operator, OperatorName, Role, SealedKey, staff_number,
};
pub use act::{ACT_MAX_BYTES, ProvenAct, SignedAct};
