//! Issuing: from field values to a signed, sealed body (RFC 9901, section 4, and draft-ietf-oauth-sd-jwt-vc, section 2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::body::{self, CertificateBody, Head, PADDING_BLOCK_BYTES, SealedField};
use super::fields::FieldValues;
use super::identity::{centre_identifier, journal_origin, thumbprint, thumbprint_text};
use super::jws::{self, Header, Jwk};
use super::kind::CertificateKind;
use super::padding;
use super::schema::Field;
use crate::error::{Refusal, RefusalCode};
use crate::names::{CentreCode, CertificateNumber, FederationName};
use crate::seal::hpke::{self, SealingKey};
use crate::seal::hybrid::{self, HybridKey};
use crate::seal::{Key, Purpose, SUITE, aead};
use crate::sign::{PublicKey, SecretKey};
use crate::time::{DAY_MS, Time};

/// The `typ` of the issuer-signed JWT (draft-ietf-oauth-sd-jwt-vc, section 2.2.1).
pub const JWT_TYPE: &str = "dc+sd-jwt";
/// The `_sd_alg` used and accepted (RFC 9901, section 4.1.1).
pub const DIGEST_ALGORITHM: &str = "sha-256";
/// Bytes of a disclosure's salt (RFC 9901, section 9.3, asks for at least 128 bits).
pub const SALT_BYTES: usize = 16;
/// How long a certificate is valid unless said otherwise, in milliseconds.
pub const DEFAULT_VALIDITY_MS: i64 = 90 * DAY_MS;

/// The keys that a holder made for this certificate alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderKeys {
    /// Signs grants; the certificate is bound to it (`cnf`).
    pub signing: PublicKey,
    /// Accesses are sealed to it.
    pub sealing: SealingKey,
    /// The content key is sealed to it.
    pub hybrid: HybridKey,
}

/// What is to be issued.
#[derive(Debug, Clone)]
pub struct Issuance {
    /// Its number; begins with the issuer's code.
    pub number: CertificateNumber,
    /// Its kind.
    pub kind: CertificateKind,
    /// Who issues.
    pub issuer: CentreCode,
    /// In which federation.
    pub federation: FederationName,
    /// The only centre that may rely on it.
    pub addressee: Option<CentreCode>,
    /// The holder's keys.
    pub holder: HolderKeys,
    /// Every field of the kind, in certificate order ([`super::fields_of`]).
    pub values: FieldValues,
    /// From when it is valid.
    pub issued: Time,
    /// Until when it is valid.
    pub expires: Time,
}

/// What issuing gives.
#[derive(Debug)]
pub struct Issued {
    /// The body of the `certificate.issued` statement.
    pub body: Vec<u8>,
    /// The key everything in it is sealed under; the issuer keeps it.
    pub content_key: Key,
}

/// Payload of the issuer-signed JWT. Versioned by `vct`, so unknown members are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JwtClaims {
    pub iss: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub vct: String,
    pub cnf: Confirmation,
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<String>,
    pub status: Status,
    #[serde(rename = "_sd_alg")]
    pub sd_alg: String,
    #[serde(rename = "_sd")]
    pub sd: Vec<String>,
}

/// `cnf` (RFC 7800).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    pub jwk: Jwk,
}

/// Where the state of the certificate is told: in the journal of its issuer, under its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Status {
    pub anju_journal: JournalStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalStatus {
    pub origin: String,
    pub number: String,
}

/// Issues a certificate. Eligibility is checked before ([`super::may_issue`]), with the facts at hand.
///
/// # Errors
/// `request-invalid` when number or validity do not fit, `addressee-invalid`, `account-unreadable` naming a field whose value is not of its
/// form, `card-invalid` when nothing can be sealed to the holder's key.
pub fn issue(rng: &mut dyn CryptoRng, issuance: &Issuance, key: &SecretKey) -> Result<Issued, Refusal> {
    check(issuance)?;
    let disclosures = disclose(rng, &issuance.values);
    let jwt = Zeroizing::new(sign(issuance, &disclosures, key));
    seal(rng, issuance, &jwt, &disclosures)
}

fn check(issuance: &Issuance) -> Result<(), Refusal> {
    if issuance.number.centre() != issuance.issuer {
        return Err(Refusal::about(RefusalCode::RequestInvalid, "number"));
    }
    // The JWT counts in seconds: a validity of less than one would be none.
    if issuance.expires.seconds() <= issuance.issued.seconds() {
        return Err(Refusal::about(RefusalCode::RequestInvalid, "validity"));
    }
    match &issuance.addressee {
        Some(addressee) if *addressee == issuance.issuer => return Err(Refusal::about(RefusalCode::AddresseeInvalid, addressee.as_str())),
        None if issuance.kind.needs_addressee() => return Err(RefusalCode::AddresseeInvalid.into()),
        Some(_) | None => {}
    }
    let fields = Field::all(issuance.kind);
    if fields.len() != issuance.values.len() {
        return Err(RefusalCode::AccountUnreadable.into());
    }
    for (field, (name, value)) in fields.iter().zip(issuance.values.iter()) {
        if field.name != name || !field.accepts(value) {
            return Err(Refusal::about(RefusalCode::AccountUnreadable, field.name.clone()));
        }
    }
    Ok(())
}

/// Name and encoded disclosure (RFC 9901, section 4.2.1) of each field.
fn disclose(rng: &mut dyn CryptoRng, values: &FieldValues) -> Vec<(String, Zeroizing<String>)> {
    let one = |(name, value): (&str, &serde_json::Value)| {
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let array = Zeroizing::new(serde_json::to_vec(&(URL_SAFE_NO_PAD.encode(salt), name, value)).unwrap_or_default());
        (name.to_owned(), Zeroizing::new(URL_SAFE_NO_PAD.encode(&array)))
    };
    values.iter().map(one).collect()
}

/// Digest of a disclosure or of a presentation (RFC 9901, sections 4.2.3 and 4.3.1).
#[must_use]
pub fn digest_text(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

fn sign(issuance: &Issuance, disclosures: &[(String, Zeroizing<String>)], key: &SecretKey) -> String {
    let mut sd: Vec<String> = disclosures.iter().map(|(_, disclosure)| digest_text(disclosure)).collect();
    // Sorted, so that the place of a digest does not tell which field it is of (RFC 9901, section 4.2.4.1).
    sd.sort();
    let number = issuance.number.as_str().to_owned();
    let claims = JwtClaims {
        iss: centre_identifier(&issuance.federation, &issuance.issuer),
        iat: issuance.issued.seconds(),
        nbf: issuance.issued.seconds(),
        exp: issuance.expires.seconds(),
        vct: issuance.kind.vct().to_owned(),
        cnf: Confirmation { jwk: Jwk::new(&issuance.holder.signing) },
        number: number.clone(),
        addressee: issuance.addressee.as_ref().map(|code| code.as_str().to_owned()),
        status: Status { anju_journal: JournalStatus { origin: journal_origin(&issuance.federation, &issuance.issuer), number } },
        sd_alg: DIGEST_ALGORITHM.to_owned(),
        sd,
    };
    let header = Header { kid: Some(thumbprint_text(&thumbprint(&key.public()))), ..Header::new(JWT_TYPE) };
    jws::sign(&header, &claims, key)
}

fn seal(rng: &mut dyn CryptoRng, issuance: &Issuance, jwt: &str, disclosures: &[(String, Zeroizing<String>)]) -> Result<Issued, Refusal> {
    let number = &issuance.number;
    let head = Head {
        suite: SUITE.to_owned(),
        number: number.clone(),
        kind: issuance.kind,
        addressee: issuance.addressee.clone(),
        holder: thumbprint(&issuance.holder.signing),
        holder_sealing: issuance.holder.sealing,
        issued: issuance.issued,
        expires: issuance.expires,
    };
    let bound = head.bound();
    let content_key = Key::random(rng);
    let padded = padding::pad(jwt.as_bytes(), PADDING_BLOCK_BYTES);
    let jwt = aead::seal(rng, &body::jwt_key(&content_key, number), Purpose::CertificateJwt, &[&bound], &padded);
    let mut fields = Vec::with_capacity(disclosures.len());
    for (name, disclosure) in disclosures {
        let padded = padding::pad(disclosure.as_bytes(), body::padding_block(issuance.kind, name));
        let bound = [number.as_str().as_bytes(), name.as_bytes()];
        let sealed = aead::seal(rng, &body::field_key(&content_key, number, name), Purpose::CertificateField, &bound, &padded);
        fields.push(SealedField { name: name.clone(), sealed });
    }
    let unusable = |_| Refusal::about(RefusalCode::CardInvalid, "sealing key");
    // Accesses will be sealed to the holder's other key: one that nothing can be sealed to would let them go unrecorded.
    hpke::seal(rng, &issuance.holder.sealing, Purpose::Access, &bound, &[]).map_err(unusable)?;
    let sealed_key =
        hybrid::seal(rng, &issuance.holder.hybrid, Purpose::CertificateContent, &bound, content_key.expose()).map_err(unusable)?;
    let body = CertificateBody { head, jwt, fields, content_key: sealed_key };
    Ok(Issued { body: body.to_bytes(), content_key })
}
