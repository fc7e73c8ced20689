//! A grant from outside, through its checks to the fields: [`Presented`] → [`Authorised`] → [`Released`].
//!
//! Each step yields the proof the next one demands, and only this module makes them. A grant is believed because its holder key signed
//! it, that key is the one the certificate is bound to, and the certificate verifies under its issuer's key.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::claims::{Claims, ClaimsError, GRANT_TYPE, GrantKeys, KEY_BINDING_TYPE, KeyBinding, MAX_GRANT_BYTES, MAX_KEYS_BYTES, Mode};
use crate::certificate::identity::thumbprint_text;
use crate::certificate::issue::digest_text;
use crate::certificate::jws::{self, JwsError};
use crate::certificate::schema::Field;
use crate::certificate::verify::known_name;
use crate::certificate::{
    Certificate, CertificateBody, CertificateKind, FieldValues, IssuerIdentity, Reliance, centre_identifier, open_with_keys, thumbprint,
};
use crate::error::{Refusal, RefusalCode};
use crate::names::{CentreCode, CertificateNumber, GrantId, Thumbprint};
use crate::seal::Purpose;
use crate::seal::hpke::{self, OpeningKey, Sealed};
use crate::shelf::CertificateRow;
use crate::sign::PublicKey;
use crate::time::{CLOCK_TOLERANCE_MS, Time};
use crate::wire;

/// A well-formed grant whose signature verifies. Who signed it is known only by key.
#[derive(Debug, Clone)]
pub struct Presented {
    claims: Claims,
    id: GrantId,
    holder: PublicKey,
}

/// Who asks, when, and for what.
#[derive(Debug, Clone)]
pub struct Asker<'a> {
    /// The centre that asks: this one.
    pub centre: &'a CentreCode,
    /// Now.
    pub now: Time,
    /// The matter the operator works on, if one was said.
    pub matter: Option<&'a str>,
    /// What is to be done.
    pub mode: Mode,
}

/// What the journals say of a grant, beside its certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// How often it was used before.
    pub uses: u32,
    /// When the holder took it back.
    pub revoked: Option<Time>,
    /// When the key that signed it ended for its certificate.
    pub key_ended: Option<Time>,
}

/// Proof that the grant allows this centre this use now. Nothing outside this module makes one.
#[derive(Debug)]
pub struct Authorised<T>(T);

/// The granted fields, verified. Personal: kept for the operator's session, never stored, never printed.
pub struct Released {
    number: CertificateNumber,
    fields: FieldValues,
    presentation: Zeroizing<String>,
}

impl fmt::Debug for Released {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Released({}, {} fields)", self.number, self.fields.len())
    }
}

impl Released {
    /// Which certificate.
    #[must_use]
    pub const fn number(&self) -> &CertificateNumber {
        &self.number
    }

    /// Names and values, in certificate order.
    #[must_use]
    pub const fn fields(&self) -> &FieldValues {
        &self.fields
    }

    /// The SD-JWT+KB (RFC 9901, section 4) that any other verifier takes: `aud` is this centre's identifier, `nonce` the grant's id.
    #[must_use]
    pub fn presentation(&self) -> &str {
        &self.presentation
    }
}

impl Presented {
    /// Reads a grant as scanned or pasted: ASCII white space in it does not matter, everything else does.
    ///
    /// # Errors
    /// `grant-malformed`; `grant-altered` when the signature does not verify; `ceiling-exceeded`; `unsupported` for another suite.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(RefusalCode::GrantMalformed);
        // Twice the cap leaves room for line breaks and keeps the copy bounded.
        if text.len() > 2 * MAX_GRANT_BYTES {
            return Err(malformed());
        }
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if text.len() > MAX_GRANT_BYTES {
            return Err(malformed());
        }
        let grant = jws::read(&text, GRANT_TYPE).map_err(|_| malformed())?;
        let holder = grant.header.jwk.as_ref().and_then(|jwk| jwk.key().ok()).ok_or_else(malformed)?;
        if grant.header.kid.is_some() {
            return Err(malformed());
        }
        let claims: Claims = grant.verify(&holder).map_err(|error| match error {
            JwsError::Signature => RefusalCode::GrantAltered.into(),
            JwsError::Form | JwsError::Kind => malformed(),
        })?;
        if claims.sub != thumbprint_text(&thumbprint(&holder)) {
            return Err(malformed());
        }
        claims.check().map_err(|error| match error {
            ClaimsError::Suite => Refusal::about(RefusalCode::Unsupported, "suite"),
            ClaimsError::Form => malformed(),
            ClaimsError::Ceiling(which) => Refusal::about(RefusalCode::CeilingExceeded, which),
        })?;
        let id = claims.jti.parse().map_err(|_| malformed())?;
        Ok(Self { claims, id, holder })
    }

    /// What it says.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> GrantId {
        self.id
    }

    /// Thumbprint of the key that signed it.
    #[must_use]
    pub fn holder(&self) -> Thumbprint {
        thumbprint(&self.holder)
    }

    /// Whether this centre may use it now for `row`, as far as `said` goes.
    ///
    /// # Errors
    /// The first that applies, in this order: `wrong-centre`, `grant-not-yet-valid` or `grant-expired`, `wrong-mode`, `wrong-matter`,
    /// `holder-key-ended`, `holder-mismatch`, `grant-revoked`, `certificate-ended`, `certificate-expired`, `wrong-addressee`,
    /// `field-not-in-certificate`, `grant-used-up`.
    pub fn authorise(&self, asker: &Asker<'_>, row: &CertificateRow, said: &Said) -> Result<Authorised<Self>, Refusal> {
        self.for_this_asker(asker)?;
        if row.number != self.claims.number {
            return Err(RefusalCode::CertificateUnknown.into());
        }
        if let Some(at) = said.key_ended {
            return Err(Refusal::about(RefusalCode::HolderKeyEnded, at.legal_text()));
        }
        if row.holder != self.holder() {
            return Err(RefusalCode::HolderMismatch.into());
        }
        if said.revoked.is_some() {
            return Err(RefusalCode::GrantRevoked.into());
        }
        self.certificate_stands(asker, row)?;
        if said.uses >= self.claims.uses {
            return Err(RefusalCode::GrantUsedUp.into());
        }
        Ok(Authorised(self.clone()))
    }

    /// The checks that need no certificate: audience, time, mode, matter.
    pub(crate) fn for_this_asker(&self, asker: &Asker<'_>) -> Result<(), Refusal> {
        let claims = &self.claims;
        if claims.aud != *asker.centre {
            return Err(Refusal::about(RefusalCode::WrongCentre, claims.aud.as_str()));
        }
        match claims.outside(asker.now) {
            Some(std::cmp::Ordering::Less) => {
                return Err(Refusal::about(RefusalCode::GrantNotYetValid, claims.not_before().legal_text()));
            }
            Some(_) => return Err(Refusal::about(RefusalCode::GrantExpired, claims.expires().legal_text())),
            None => {}
        }
        if asker.mode != claims.mode {
            return Err(Refusal::about(RefusalCode::WrongMode, claims.mode.code()));
        }
        if asker.matter.is_some_and(|matter| matter != claims.matter) {
            return Err(Refusal::about(RefusalCode::WrongMatter, claims.matter.clone()));
        }
        Ok(())
    }

    fn certificate_stands(&self, asker: &Asker<'_>, row: &CertificateRow) -> Result<(), Refusal> {
        if let Some(ended) = &row.ended {
            return Err(Refusal::about(RefusalCode::CertificateEnded, ended.at.legal_text()));
        }
        if asker.now.plus_ms(-CLOCK_TOLERANCE_MS) > row.expires {
            return Err(Refusal::about(RefusalCode::CertificateExpired, row.expires.legal_text()));
        }
        if let Some(addressee) = row.addressee.as_ref().filter(|a| *a != asker.centre) {
            return Err(Refusal::about(RefusalCode::WrongAddressee, addressee.as_str()));
        }
        let kind: CertificateKind = row.kind.parse().map_err(|_| Refusal::about(RefusalCode::Unsupported, "certificate kind"))?;
        let missing = self.claims.fields.iter().find(|name| Field::named(kind, name).is_none());
        missing.map_or(Ok(()), |name| Err(Refusal::about(RefusalCode::FieldNotInCertificate, known_name(name))))
    }
}

impl Authorised<Presented> {
    /// The grant.
    #[must_use]
    pub const fn grant(&self) -> &Presented {
        &self.0
    }

    /// Opens and verifies the granted fields of `body`: the payload of the statement that the grant's certificate was issued with.
    /// Consumes the authorisation, so that one counted use opens once.
    ///
    /// # Errors
    /// `grant-altered` when the sealed keys do not open or the key binding is not of this grant and these fields; `holder-mismatch`;
    /// whatever verifying the certificate refuses.
    pub fn release(self, opening: &OpeningKey, body: &CertificateBody, issuer: &IssuerIdentity, now: Time) -> Result<Released, Refusal> {
        let claims = &self.0.claims;
        if claims.mode != Mode::Details {
            return Err(Refusal::about(RefusalCode::WrongMode, claims.mode.code()));
        }
        if body.head.number != claims.number {
            return Err(RefusalCode::CertificateUnknown.into());
        }
        if body.head.holder != self.0.holder() {
            return Err(RefusalCode::HolderMismatch.into());
        }
        let keys = self.open_keys(opening)?;
        let field_keys = keys.field_keys(&claims.fields).ok_or(RefusalCode::GrantAltered)?;
        let opened = open_with_keys(body, &keys.jwt_key(), &field_keys)?;
        let verified = opened.verify(issuer, Reliance::Centre(&claims.aud), now)?;
        let certificate = verified.get();
        self.check_key_binding(&keys.key_binding, certificate, issuer, now)?;
        let presentation = Zeroizing::new(format!("{}{}", certificate.presentation(), keys.key_binding));
        Ok(Released { number: certificate.number.clone(), fields: certificate.fields().clone(), presentation })
    }

    fn open_keys(&self, opening: &OpeningKey) -> Result<GrantKeys, Refusal> {
        let altered = || Refusal::new(RefusalCode::GrantAltered);
        let claims = &self.0.claims;
        let sealed = URL_SAFE_NO_PAD.decode(&claims.keys).map_err(|_| altered())?;
        let sealed: Sealed = wire::decode(&sealed, MAX_GRANT_BYTES).map_err(|_| altered())?;
        let plain = hpke::open(opening, Purpose::GrantKeys, &claims.bound(), &sealed).map_err(|_| altered())?;
        wire::decode(&plain, MAX_KEYS_BYTES).map_err(|_| altered())
    }

    /// RFC 9901, section 7.3, with the grant's own life as the window of freshness.
    fn check_key_binding(&self, text: &str, certificate: &Certificate, issuer: &IssuerIdentity, now: Time) -> Result<(), Refusal> {
        let altered = |what: &str| Refusal::about(RefusalCode::GrantAltered, what);
        let claims = &self.0.claims;
        let binding = jws::read(text, KEY_BINDING_TYPE).map_err(|_| altered("key binding"))?;
        if binding.header.kid.is_some() || binding.header.jwk.is_some() {
            return Err(altered("key binding"));
        }
        let binding: KeyBinding = binding.verify(&certificate.holder_key).map_err(|_| altered("key binding"))?;
        let made = Time::from_seconds(binding.iat);
        let checks = [
            (binding.aud == centre_identifier(&issuer.federation, &claims.aud), "aud"),
            (binding.nonce == claims.jti, "nonce"),
            (binding.sd_hash == digest_text(certificate.presentation()), "sd_hash"),
            (made >= claims.not_before().plus_ms(-CLOCK_TOLERANCE_MS) && made <= claims.expires().plus_ms(CLOCK_TOLERANCE_MS), "iat"),
            (made <= now.plus_ms(CLOCK_TOLERANCE_MS), "iat"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(altered(what)))
    }
}
