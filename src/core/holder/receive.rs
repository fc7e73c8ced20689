//! Taking a certificate in: the holder checks all of it before keeping it, because later nobody else can.

use super::wallet::{Held, HolderKey, KeyState, MAX_EVIDENCE_BYTES, Wallet};
use crate::certificate::{Certificate, CertificateBody, Field, IssuerIdentity, Reliance, Verified, body, open_with_keys};
use crate::error::{Refusal, RefusalCode};
use crate::names::CertificateNumber;
use crate::seal::Key;
use crate::time::Time;

/// Checks a certificate fully and keeps it with its evidence. Receiving the same one again changes nothing; bound to another key of this
/// wallet it takes the place of what was held under its number.
///
/// # Errors
/// `holder-mismatch` when no key of this wallet is its holder, or that key has another certificate or was offered to another centre;
/// `certificate-altered`, `certificate-expired`; `ceiling-exceeded` when the wallet is full.
pub fn receive(
    wallet: &mut Wallet,
    now: Time,
    bytes: &[u8],
    evidence: &[u8],
    issuer: &IssuerIdentity,
) -> Result<CertificateNumber, Refusal> {
    if evidence.len() > MAX_EVIDENCE_BYTES {
        return Err(Refusal::about(RefusalCode::CeilingExceeded, "evidence"));
    }
    let body = CertificateBody::parse(bytes)?;
    let number = body.head.number.clone();
    if wallet.certificate(&number).is_some_and(|held| held.body == bytes && held.issuer == *issuer) {
        return Ok(number);
    }
    let key = wallet.key(&body.head.holder).ok_or(RefusalCode::HolderMismatch)?;
    let offered = match key.state() {
        KeyState::Offered { centre } => *centre == issuer.centre,
        KeyState::Bound { .. } => false,
    };
    if !offered || key.opening().public() != body.head.holder_sealing {
        return Err(RefusalCode::HolderMismatch.into());
    }
    complete(&body, key, issuer, now)?;
    let held = Held { number: number.clone(), issuer: issuer.clone(), body: bytes.to_vec(), evidence: evidence.to_vec(), received: now };
    wallet.keep(held, &body)?;
    Ok(number)
}

/// Every field of the kind must be there, open and verify, and the issuer must have signed no others.
fn complete(body: &CertificateBody, key: &HolderKey, issuer: &IssuerIdentity, now: Time) -> Result<(), Refusal> {
    let names: Vec<String> = Field::all(body.head.kind).iter().map(|field| field.name.clone()).collect();
    let (verified, _) = open_own(body, key, issuer, &names, now)?;
    if verified.get().signed_fields != names.len() {
        return Err(Refusal::about(RefusalCode::CertificateAltered, "_sd"));
    }
    Ok(())
}

/// Opens and verifies some fields of an own certificate. Also returns its content key.
pub(super) fn open_own(
    body: &CertificateBody,
    key: &HolderKey,
    issuer: &IssuerIdentity,
    names: &[String],
    now: Time,
) -> Result<(Verified<Certificate>, Key), Refusal> {
    let number = &body.head.number;
    let content = body.open_content_key(key.hybrid())?;
    let keys: Vec<(String, Key)> = names.iter().map(|name| (name.clone(), body::field_key(&content, number, name))).collect();
    let verified = open_with_keys(body, &body::jwt_key(&content, number), &keys)?.verify(issuer, Reliance::Holder, now)?;
    Ok((verified, content))
}
