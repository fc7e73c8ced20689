//! Certificates: what a centre signs about one account, bound to a key of its holder, sealed field by field.
//!
//! A certificate is an SD-JWT VC (RFC 9901 and draft-ietf-oauth-sd-jwt-vc): [`mod@issue`] makes one, [`body`] is how it travels in a
//! journal, [`bound`] how it gets another holder key, [`verify`] is the only way back to its fields. [`kind`] and [`schema`] say what each kind contains, [`eligibility`] when it
//! may be issued. What must never be here: who may read a certificate (that is [`crate::grant`]), and how its state in a journal is
//! kept (that is the node).

pub mod body;
pub mod bound;
pub mod eligibility;
pub mod ended;
pub mod fields;
pub mod identity;
pub mod issue;
pub mod jws;
pub mod kind;
pub mod padding;
pub mod schema;
pub mod verify;

#[cfg(test)]
pub(crate) mod tests;

pub use body::{CertificateBody, MAX_CERTIFICATE_BODY_BYTES};
pub use bound::{BoundBody, HolderEndedBody, certificate_in};
pub use eligibility::may_issue;
pub use ended::{EndReason, EndedBody};
pub use fields::{FieldValues, fields_of};
pub use identity::{IssuerIdentity, centre_identifier, journal_origin, thumbprint};
pub use issue::{HolderKeys, Issuance, Issued, issue};
pub use kind::CertificateKind;
pub use schema::{Field, ValueType};
pub use verify::{Certificate, Opened, Reliance, Verified, open_with_keys};
