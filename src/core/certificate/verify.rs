//! Verifying: the only way from sealed bytes to a [`Verified`] certificate.
//!
//! Order matters: the issuer's signature is checked before anything in the JWT is believed, and a disclosure is read only when the JWT
//! references it and it is of the field whose key opened it (RFC 9901, section 7.1).

use std::collections::BTreeSet;
use std::fmt;

use sd_jwt_payload::{Hasher, SdJwt};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::body::CertificateBody;
use super::fields::{FieldValues, wipe};
use super::identity::{IssuerIdentity, journal_origin, thumbprint};
use super::issue::{DIGEST_ALGORITHM, JWT_TYPE, JwtClaims};
use super::jws;
use super::kind::CertificateKind;
use super::schema::Field;
use crate::error::{Refusal, RefusalCode};
use crate::names::{CentreCode, CertificateNumber, Thumbprint};
use crate::seal::Key;
use crate::sign::PublicKey;
use crate::time::{CLOCK_TOLERANCE_MS, Time};

/// Proof that a value was verified here. Nothing outside this module makes one.
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was verified.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(..)")
    }
}

/// Who relies on a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliance<'a> {
    /// The holder looks at an own certificate.
    Holder,
    /// A centre acts on it.
    Centre(&'a CentreCode),
}

/// The JWT and some disclosures, unsealed but not verified.
pub struct Opened<'a> {
    body: &'a CertificateBody,
    jwt: Zeroizing<String>,
    disclosures: Vec<(&'static Field, Zeroizing<String>)>,
}

/// A verified certificate with the fields that were opened.
pub struct Certificate {
    /// Its number.
    pub number: CertificateNumber,
    /// Its kind.
    pub kind: CertificateKind,
    /// The only centre that may rely on it.
    pub addressee: Option<CentreCode>,
    /// Thumbprint of the holder's key.
    pub holder: Thumbprint,
    /// The holder's key itself.
    pub holder_key: PublicKey,
    /// When it was issued.
    pub issued: Time,
    /// Last moment of its validity.
    pub expires: Time,
    /// How many fields the issuer signed, disclosed or not.
    pub signed_fields: usize,
    fields: FieldValues,
    presentation: Zeroizing<String>,
}

impl Certificate {
    /// The fields that were opened, in certificate order.
    #[must_use]
    pub const fn fields(&self) -> &FieldValues {
        &self.fields
    }

    /// `<jwt>~<disclosures in certificate order>~`: an SD-JWT without key binding (RFC 9901, section 4). Personal.
    #[must_use]
    pub fn presentation(&self) -> &str {
        &self.presentation
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {} fields)", self.number, self.fields.len())
    }
}

/// Unseals the JWT and the named fields of `body`. Nothing is verified yet.
///
/// # Errors
/// `field-not-in-certificate` naming the field, `certificate-altered` when something does not open or a field is named twice.
pub fn open_with_keys<'a>(body: &'a CertificateBody, jwt_key: &Key, field_keys: &[(String, Key)]) -> Result<Opened<'a>, Refusal> {
    let altered = || Refusal::new(RefusalCode::CertificateAltered);
    let jwt = body.open_jwt(jwt_key).ok_or_else(altered)?;
    let mut disclosures = Vec::with_capacity(field_keys.len());
    let mut last = None;
    for (name, key) in field_keys {
        let missing = || Refusal::about(RefusalCode::FieldNotInCertificate, known_name(name));
        let (place, field) = Field::named(body.head.kind, name).ok_or_else(missing)?;
        if !body.fields.iter().any(|f| f.name == *name) {
            return Err(missing());
        }
        // Certificate order, and so no field twice.
        if last.is_some_and(|last| last >= place) {
            return Err(altered());
        }
        last = Some(place);
        disclosures.push((field, body.open_field(name, key).ok_or_else(altered)?));
    }
    Ok(Opened { body, jwt, disclosures })
}

/// A field name from outside as it may stand in a refusal: only if it looks like one, since the text may be anything.
pub(crate) fn known_name(name: &str) -> String {
    let plain = !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if plain { name.to_owned() } else { "unknown".to_owned() }
}

struct Sha256Hasher;

impl Hasher for Sha256Hasher {
    fn digest(&self, input: &[u8]) -> Vec<u8> {
        Sha256::digest(input).to_vec()
    }

    fn alg_name(&self) -> &str {
        DIGEST_ALGORITHM
    }
}

impl Opened<'_> {
    /// Verifies everything: the issuer's signature, that JWT and head say the same, validity, addressee, and every disclosure.
    ///
    /// # Errors
    /// `certificate-altered`, `certificate-expired` (also for one whose validity has not begun, with detail `not-yet-valid`),
    /// `wrong-addressee`.
    pub fn verify(self, issuer: &IssuerIdentity, relies: Reliance<'_>, now: Time) -> Result<Verified<Certificate>, Refusal> {
        let claims = self.claims(issuer)?;
        let holder_key = self.bound_to_head(&claims, issuer)?;
        validity(&claims, now)?;
        self.addressed(relies)?;
        let (fields, presentation) = self.disclosed()?;
        let head = &self.body.head;
        Ok(Verified(Certificate {
            number: head.number.clone(),
            kind: head.kind,
            addressee: head.addressee.clone(),
            holder: head.holder,
            holder_key,
            issued: head.issued,
            expires: head.expires,
            signed_fields: claims.sd.len(),
            fields,
            presentation,
        }))
    }

    fn claims(&self, issuer: &IssuerIdentity) -> Result<JwtClaims, Refusal> {
        let jwt = jws::read(&self.jwt, JWT_TYPE).map_err(|_| altered("jwt"))?;
        if jwt.header.jwk.is_some() {
            return Err(altered("header"));
        }
        jwt.verify(&issuer.key).map_err(|_| altered("signature"))
    }

    /// JWT and head must say the same, and name this issuer. Returns the holder's key.
    fn bound_to_head(&self, claims: &JwtClaims, issuer: &IssuerIdentity) -> Result<PublicKey, Refusal> {
        let head = &self.body.head;
        let holder_key = claims.cnf.jwk.key().map_err(|_| altered("cnf"))?;
        let status = &claims.status.anju_journal;
        let checks = [
            (claims.iss == issuer.iss() && head.number.centre() == issuer.centre, "iss"),
            (claims.vct == head.kind.vct(), "vct"),
            (claims.number == head.number.as_str(), "number"),
            (claims.addressee.as_deref() == head.addressee.as_ref().map(CentreCode::as_str), "addressee"),
            (thumbprint(&holder_key) == head.holder, "cnf"),
            (claims.iat == head.issued.seconds() && claims.nbf == claims.iat, "iat"),
            (claims.exp == head.expires.seconds(), "exp"),
            (status.origin == journal_origin(&issuer.federation, &issuer.centre) && status.number == claims.number, "status"),
            (claims.sd_alg == DIGEST_ALGORITHM, "_sd_alg"),
            (claims.sd.iter().collect::<BTreeSet<_>>().len() == claims.sd.len(), "_sd"),
        ];
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, what)) => Err(altered(what)),
            None => Ok(holder_key),
        }
    }

    fn addressed(&self, relies: Reliance<'_>) -> Result<(), Refusal> {
        match (relies, &self.body.head.addressee) {
            (Reliance::Centre(centre), Some(addressee)) if centre != addressee => {
                Err(Refusal::about(RefusalCode::WrongAddressee, addressee.as_str()))
            }
            (Reliance::Centre(_), Some(_) | None) | (Reliance::Holder, _) => Ok(()),
        }
    }

    /// Every opened disclosure must be referenced by the JWT, once, and be of the field whose key opened it.
    fn disclosed(&self) -> Result<(FieldValues, Zeroizing<String>), Refusal> {
        let mut presentation = Zeroizing::new(format!("{}~", *self.jwt));
        for (_, disclosure) in &self.disclosures {
            if disclosure.is_empty() || !disclosure.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return Err(altered("disclosure"));
            }
            presentation.push_str(disclosure);
            presentation.push('~');
        }
        let parsed = SdJwt::parse(&presentation).map_err(|_| altered("disclosure"))?;
        for ((field, _), disclosure) in self.disclosures.iter().zip(parsed.disclosures()) {
            if disclosure.claim_name.as_deref() != Some(&field.name) {
                return Err(altered(&field.name));
            }
        }
        let mut object = parsed.into_disclosed_object(&Sha256Hasher).map_err(|_| altered("unreferenced"))?;
        let mut values = Vec::with_capacity(self.disclosures.len());
        let mut bad = None;
        for (field, _) in &self.disclosures {
            let value = object.remove(&field.name).unwrap_or(Value::Null);
            if !field.accepts(&value) {
                bad = Some(field.name.clone());
            }
            values.push((field.name.clone(), value));
        }
        object.values_mut().for_each(wipe);
        let values = FieldValues::new(values);
        match bad {
            Some(name) => Err(altered(&name)),
            None => Ok((values, presentation)),
        }
    }
}

fn altered(what: &str) -> Refusal {
    Refusal::about(RefusalCode::CertificateAltered, what)
}

fn validity(claims: &JwtClaims, now: Time) -> Result<(), Refusal> {
    if now.plus_ms(CLOCK_TOLERANCE_MS) < Time::from_seconds(claims.nbf) {
        return Err(Refusal::about(RefusalCode::CertificateExpired, "not-yet-valid"));
    }
    if now.plus_ms(-CLOCK_TOLERANCE_MS) > Time::from_seconds(claims.exp) {
        return Err(RefusalCode::CertificateExpired.into());
    }
    Ok(())
}
