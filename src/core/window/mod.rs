//! The window: what a holder's app may ask a centre's peer over HTTPS, and the checks that need no store.
//!
//! Each request but two is signed by a holder key, the key that one certificate is bound to ([`signed`]); it reaches what is bound to that
//! key and nothing else. [`nonces`] sees to it that a request counts once, [`rate`] that nobody asks too often, [`deposit`] is a grant that
//! waits at its audience's window for the clerk who types its code. [`Route`] is the whole of what there is, and `schemas/window.openapi.json`
//! says the same to others. What must never be here: TLS, a socket, a word for a screen, anything of a person in an error.

pub mod deposit;
pub mod nonces;
pub mod rate;
mod route;
pub mod signed;
#[cfg(test)]
mod tests;

pub use deposit::{Deposit, DepositToken, LastFour, MAX_DEPOSITS, MAX_DEPOSITS_EACH, MAX_MISSES, PickupCode};
pub use nonces::{Nonces, Seen};
pub use rate::{Limiter, Passed, Rate};
pub use route::{
    AccessEvidence, AccessPage, CertificatesFound, DepositAsked, Deposited, Health, MAX_BODY_BYTES, MAX_TARGET_BYTES, Problem, Reply,
    RevocationAsked, Revoked, Route, after, split,
};
pub use signed::{Asked, MAX_AUTHORIZATION_BYTES, Place, Proven, authorization};
