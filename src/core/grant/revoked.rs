//! The body of a `grant.revoked` statement: a compact JWS by the holder key, so that any centre can carry it and none can make it up.

use serde::{Deserialize, Serialize};

use super::present::Presented;
use crate::certificate::identity::thumbprint_text;
use crate::certificate::jws::{self, Header, Jwk};
use crate::certificate::thumbprint;
use crate::error::{Refusal, RefusalCode};
use crate::names::{CertificateNumber, GrantId, Thumbprint};
use crate::seal::SUITE;
use crate::shelf::CertificateRow;
use crate::sign::SecretKey;
use crate::time::Time;

/// The `typ` of a revocation.
pub const REVOCATION_TYPE: &str = "anju-grant-revocation+jwt";
/// Most bytes of a revocation.
pub const MAX_REVOCATION_BYTES: usize = 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    suite: String,
    sub: String,
    number: CertificateNumber,
    jti: String,
    iat: i64,
}

/// A revocation whose signature verifies. It counts only for the certificate whose holder signed it ([`Self::counts_for`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    grant: GrantId,
    number: CertificateNumber,
    holder: Thumbprint,
    made: Time,
}

impl Revocation {
    /// Signs that grant `grant` on certificate `number` no longer counts.
    #[must_use]
    pub fn make(now: Time, grant: GrantId, number: &CertificateNumber, holder: &SecretKey) -> String {
        let public = holder.public();
        let claims = Claims {
            suite: SUITE.to_owned(),
            sub: thumbprint_text(&thumbprint(&public)),
            number: number.clone(),
            jti: grant.to_string(),
            iat: now.seconds(),
        };
        jws::sign(&Header { jwk: Some(Jwk::new(&public)), ..Header::new(REVOCATION_TYPE) }, &claims, holder)
    }

    /// Reads a revocation and verifies its signature.
    ///
    /// # Errors
    /// `request-invalid`; `grant-altered` when the signature does not verify; `unsupported` for another suite.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let invalid = || Refusal::about(RefusalCode::RequestInvalid, "revocation");
        if text.len() > MAX_REVOCATION_BYTES {
            return Err(invalid());
        }
        let jws = jws::read(text, REVOCATION_TYPE).map_err(|_| invalid())?;
        let holder = jws.header.jwk.as_ref().and_then(|jwk| jwk.key().ok()).ok_or_else(invalid)?;
        let claims: Claims = jws.verify(&holder).map_err(|error| match error {
            jws::JwsError::Signature => RefusalCode::GrantAltered.into(),
            jws::JwsError::Form | jws::JwsError::Kind => invalid(),
        })?;
        if claims.suite != SUITE {
            return Err(Refusal::about(RefusalCode::Unsupported, "suite"));
        }
        let holder = thumbprint(&holder);
        let grant: GrantId = claims.jti.parse().map_err(|_| invalid())?;
        if claims.sub != thumbprint_text(&holder) || grant.to_string() != claims.jti || jws.header.kid.is_some() {
            return Err(invalid());
        }
        Ok(Self { grant, number: claims.number, holder, made: Time::from_seconds(claims.iat) })
    }

    /// Which grant.
    #[must_use]
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// Which certificate the grant was for.
    #[must_use]
    pub const fn number(&self) -> &CertificateNumber {
        &self.number
    }

    /// Whose key signed it.
    #[must_use]
    pub const fn holder(&self) -> Thumbprint {
        self.holder
    }

    /// When the holder says it was made.
    #[must_use]
    pub const fn made(&self) -> Time {
        self.made
    }

    /// Whether the holder of this certificate signed it.
    ///
    /// # Errors
    /// `holder-mismatch`: somebody else's revocation takes nothing back.
    pub fn counts_for(&self, row: &CertificateRow) -> Result<(), Refusal> {
        let theirs = row.number == self.number && row.holder == self.holder;
        if theirs { Ok(()) } else { Err(RefusalCode::HolderMismatch.into()) }
    }

    /// Whether it takes back this grant: same id, same certificate, same holder.
    #[must_use]
    pub fn takes_back(&self, grant: &Presented) -> bool {
        grant.id() == self.grant && grant.holder() == self.holder && grant.claims().number == self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Key;

    #[test]
    fn a_revocation_is_believed_only_with_the_signature_of_the_key_it_names() {
        let key = SecretKey::from_key(Key::from_bytes([4; 32]));
        let number = CertificateNumber::new("C46010-JCZM-2026-000001").unwrap();
        let text = Revocation::make(Time::from_seconds(1_795_000_000), GrantId([9; 16]), &number, &key);
        let read = Revocation::parse(&text).unwrap();
        assert_eq!((read.grant(), read.number(), read.made()), (GrantId([9; 16]), &number, Time::from_seconds(1_795_000_000)));
        for i in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[i] = if altered[i] == b'A' { b'B' } else { b'A' };
            assert!(Revocation::parse(std::str::from_utf8(&altered).unwrap()).is_err(), "byte {i}");
        }
    }
}
