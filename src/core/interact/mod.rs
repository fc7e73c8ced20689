//! What a centre asks the issuer of a certificate, and what the issuer attests: status, check, evaluate.
//!
//! [`inquiry`] is the question as it travels, with the grant that allows it; [`attestation`] is the answer, a JWS by the issuer that whoever
//! has it can show to others. What must never be here: who may ask (the grant's room), how often (the node's), where a value comes from.

pub mod attestation;
pub mod inquiry;

pub use attestation::{ATTESTATION_TYPE, Attestation, Compared, Finding, MAX_ATTESTATION_BYTES};
pub use inquiry::{Inquiry, MAX_INQUIRY_BYTES, MAX_SEALED_BYTES, MAX_STATED_BYTES, Reply, Stated, Wanted};
