//! Granting: first what exactly will be disclosed, to whom, for what, until when and how often; then the signature.

use std::fmt;

use rand_core::CryptoRng;
use serde_json::Value;

use super::receive::open_own;
use super::state::GrantKind;
use super::wallet::{GrantMade, Held, HolderKey, Wallet};
use crate::certificate::verify::known_name;
use crate::certificate::{Certificate, CertificateBody, CertificateKind, Field, FieldValues, Verified};
use crate::error::{Refusal, RefusalCode};
use crate::grant::{Agent, Granting, Mode, Revocation, make};
use crate::names::{CentreCode, CertificateNumber, GrantId};
use crate::seal::Key;
use crate::seal::hpke::SealingKey;
use crate::time::Time;

/// How often a grant may be used unless said otherwise.
pub const DEFAULT_USES: u32 = 1;

/// What a holder wants to grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRequest {
    /// The certificate.
    pub number: CertificateNumber,
    /// The fields: claim names, standard codes or Chinese labels, in any order.
    pub fields: Vec<String>,
    /// The one centre that may read them.
    pub audience: CentreCode,
    /// Code of the matter.
    pub matter: String,
    /// What the centre may do.
    pub mode: Mode,
    /// First moment.
    pub not_before: Time,
    /// Last moment.
    pub expires: Time,
    /// How often.
    pub uses: u32,
    /// Who presents it in the holder's place, if somebody does.
    pub agent: Option<Agent>,
}

impl GrantRequest {
    /// A request with the strict defaults: details, once, from now until 24:00 of the legal day.
    #[must_use]
    pub fn new(now: Time, number: CertificateNumber, fields: Vec<String>, audience: CentreCode, matter: &str) -> Self {
        let expires = Time::end_of_legal_day(now.legal_day());
        Self {
            number,
            fields,
            audience,
            matter: matter.to_owned(),
            mode: Mode::Details,
            not_before: now,
            expires,
            uses: DEFAULT_USES,
            agent: None,
        }
    }
}

/// Exactly what a grant will disclose. Personal: for the holder's own screen.
pub struct GrantPreview {
    /// The certificate.
    pub number: CertificateNumber,
    /// Its kind.
    pub kind: CertificateKind,
    /// Who will read.
    pub audience: CentreCode,
    /// For what.
    pub matter: String,
    /// What may be done.
    pub mode: Mode,
    /// From when.
    pub not_before: Time,
    /// Until when.
    pub expires: Time,
    /// How often.
    pub uses: u32,
    /// Who presents it in the holder's place, if somebody does.
    pub agent: Option<Agent>,
    values: FieldValues,
}

impl fmt::Debug for GrantPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantPreview({} to {}, {} fields)", self.number, self.audience, self.values.len())
    }
}

impl GrantPreview {
    /// What limits it.
    #[must_use]
    pub const fn limits(&self) -> GrantKind {
        GrantKind::of(self.uses, self.not_before, self.expires)
    }

    /// Each field with its value, in certificate order.
    pub fn fields(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.values.iter().filter_map(|(name, value)| Field::find(self.kind, name).map(|field| (field, value)))
    }
}

struct Prepared<'a> {
    held: &'a Held,
    key: &'a HolderKey,
    certificate: Verified<Certificate>,
    content: Key,
}

/// Everything that must hold before a grant may be signed.
fn prepare<'a>(wallet: &'a Wallet, now: Time, request: &GrantRequest) -> Result<Prepared<'a>, Refusal> {
    let held = wallet.certificate(&request.number).ok_or(RefusalCode::CertificateUnknown)?;
    let body = CertificateBody::parse(&held.body)?;
    if let Some(addressee) = body.head.addressee.as_ref().filter(|a| **a != request.audience) {
        return Err(Refusal::about(RefusalCode::WrongAddressee, addressee.as_str()));
    }
    if request.expires < now || request.expires < request.not_before {
        return Err(Refusal::about(RefusalCode::RequestInvalid, "validity"));
    }
    let names = in_certificate_order(body.head.kind, &request.fields)?;
    let key = wallet.key(&body.head.holder).ok_or(RefusalCode::HolderMismatch)?;
    let (certificate, content) = open_own(&body, key, &held.issuer, &names, now)?;
    Ok(Prepared { held, key, certificate, content })
}

fn in_certificate_order(kind: CertificateKind, wanted: &[String]) -> Result<Vec<String>, Refusal> {
    let mut places = std::collections::BTreeSet::new();
    for text in wanted {
        let field = Field::find(kind, text).and_then(|field| Field::named(kind, &field.name));
        let missing = || Refusal::about(RefusalCode::FieldNotInCertificate, known_name(text));
        places.insert(field.ok_or_else(missing)?.0);
    }
    if places.is_empty() {
        return Err(Refusal::about(RefusalCode::RequestInvalid, "fields"));
    }
    let all = Field::all(kind);
    Ok(places.into_iter().map(|place| all[place].name.clone()).collect())
}

/// What `request` would disclose. Signs nothing, changes nothing.
///
/// # Errors
/// As [`grant`], except for ceilings.
pub fn preview(wallet: &Wallet, now: Time, request: &GrantRequest) -> Result<GrantPreview, Refusal> {
    let prepared = prepare(wallet, now, request)?;
    let certificate = prepared.certificate.get();
    Ok(GrantPreview {
        number: request.number.clone(),
        kind: certificate.kind,
        audience: request.audience.clone(),
        matter: request.matter.clone(),
        mode: request.mode,
        not_before: request.not_before,
        expires: request.expires,
        uses: request.uses,
        agent: request.agent.clone(),
        values: certificate.fields().clone(),
    })
}

/// Signs a grant, remembers it, and returns its text. `audience_key` is the audience's sealing key, from the charter.
///
/// # Errors
/// `certificate-unknown`; `field-not-in-certificate` naming the field; `wrong-addressee`; `certificate-expired`; `ceiling-exceeded`;
/// `request-invalid` when it ends before it begins or has no fields or its matter is not a code.
pub fn grant(
    rng: &mut dyn CryptoRng,
    now: Time,
    wallet: &mut Wallet,
    request: &GrantRequest,
    audience_key: &SealingKey,
) -> Result<String, Refusal> {
    wallet.room_for_grant(now)?;
    let prepared = prepare(wallet, now, request)?;
    let granting = Granting {
        certificate: &prepared.certificate,
        content_key: &prepared.content,
        federation: &prepared.held.issuer.federation,
        audience: &request.audience,
        audience_key,
        matter: &request.matter,
        mode: request.mode,
        not_before: request.not_before,
        expires: request.expires,
        uses: request.uses,
        agent: request.agent.as_ref(),
    };
    let (text, id) = make(rng, now, &granting, &prepared.key.signing)?;
    let made = GrantMade {
        id,
        number: request.number.clone(),
        audience: request.audience.clone(),
        matter: request.matter.clone(),
        fields: prepared.certificate.get().fields().names(),
        made: now,
        expires: request.expires,
        uses: request.uses,
        revoked: None,
        holder: Some(prepared.key.thumbprint()),
        deposited: None,
        revocation_heard: None,
        used: 0,
        used_as_of: None,
    };
    wallet.remember(made);
    Ok(text)
}

/// Signs that a grant made from this wallet no longer counts, and remembers it. What was read before stays read.
///
/// # Errors
/// `request-invalid` when this wallet made no such grant, `holder-mismatch` when it no longer has the key.
pub fn revoke(wallet: &mut Wallet, now: Time, id: &GrantId) -> Result<String, Refusal> {
    let unknown = || Refusal::about(RefusalCode::RequestInvalid, "grant");
    let number = wallet.grants().iter().find(|made| made.id == *id).map(|made| made.number.clone()).ok_or_else(unknown)?;
    let held = wallet.certificate(&number).ok_or_else(unknown)?;
    let holder = CertificateBody::parse(&held.body)?.head.holder;
    let key = wallet.key(&holder).ok_or(RefusalCode::HolderMismatch)?;
    let text = Revocation::make(now, *id, &number, &key.signing);
    if let Some(made) = wallet.grant_mut(id) {
        made.revoked.get_or_insert(now);
    }
    Ok(text)
}
