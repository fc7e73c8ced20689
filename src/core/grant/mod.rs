//! Grants: the holder's consent that one centre reads certain fields of one certificate for one matter, and the keys to do so.
//!
//! A grant is a compact JWS (RFC 7515) by the key the certificate is bound to, with fixed claims and no policy language. [`mod@make`] makes
//! one, [`present`] takes one from outside through its checks to the fields, [`access`] records its use, [`revoked`] takes it back.
//! What must never be here: how often a grant was used (the node counts), and where a text came from.

pub mod access;
pub mod agent;
pub mod bounds;
pub mod bundle;
pub mod claims;
pub mod make;
pub mod present;
pub mod revoked;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use agent::Agent;
pub use claims::{Claims, GRANT_TYPE, MAX_DURATION_MS, MAX_GRANT_BYTES, MAX_USES, Mode};
pub use make::{Granting, make};
pub use present::{Asker, Authorised, Presented, Released, Said};
pub use revoked::Revocation;
