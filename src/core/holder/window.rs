//! At a centre's window: requests signed with a holder key, and what comes back opened.

use super::receive::open_own;
use super::wallet::{HolderKey, KeyState, Wallet};
use crate::certificate::CertificateBody;
use crate::error::{Fault, FaultCode, Refusal, RefusalCode};
use crate::grant::Access;
use crate::grant::access::{self, SLOT_HOLDER};
use crate::journal::{Author, Evidence, Kind};
use crate::names::{CentreCode, CertificateNumber, Thumbprint};
use crate::time::Time;
use crate::window::{LastFour, Place, authorization};

/// Keys that were offered to `centre` and have no certificate yet, newest first.
#[must_use]
pub fn waiting_at(wallet: &Wallet, centre: &CentreCode) -> Vec<Thumbprint> {
    let waits = |key: &&HolderKey| matches!(key.state(), KeyState::Offered { centre: offered } if offered == centre);
    wallet.keys().iter().rev().filter(waits).map(HolderKey::thumbprint).collect()
}

/// The key that a certificate in the wallet is bound to.
///
/// # Errors
/// `certificate-unknown`, `holder-mismatch`.
pub fn key_of<'a>(wallet: &'a Wallet, number: &CertificateNumber) -> Result<&'a HolderKey, Refusal> {
    let held = wallet.certificate(number).ok_or(RefusalCode::CertificateUnknown)?;
    let holder = CertificateBody::parse(&held.body)?.head.holder;
    wallet.key(&holder).ok_or_else(|| RefusalCode::HolderMismatch.into())
}

/// Every key of the wallet that this certificate is or was bound to, the present one first: what was sealed to a former one opens with that.
#[must_use]
pub fn keys_of<'a>(wallet: &'a Wallet, number: &CertificateNumber) -> Vec<&'a HolderKey> {
    let bound = |key: &&HolderKey| matches!(key.state(), KeyState::Bound { number: to } if to == number);
    let mut keys: Vec<&HolderKey> = wallet.keys().iter().filter(bound).collect();
    let present = key_of(wallet, number).map(HolderKey::thumbprint).ok();
    keys.sort_by_key(|key| Some(key.thumbprint()) != present);
    keys
}

/// The `Authorization` header of a request (method, path with query, body) to the window of `place`. `nonce` must be by chance.
#[must_use]
pub fn sign_request(key: &HolderKey, place: Place<'_>, asked: (&str, &str, &[u8]), now: Time, nonce: [u8; 16]) -> String {
    authorization(&key.signing, place, asked, now, nonce)
}

/// The last four characters of the number of the holder's document, out of the certificate itself.
///
/// # Errors
/// As for opening a certificate; `document-invalid` when the number does not end with four letters or digits.
pub fn last_four(wallet: &Wallet, number: &CertificateNumber, now: Time) -> Result<LastFour, Refusal> {
    const FIELD: &str = "document_no";
    let held = wallet.certificate(number).ok_or(RefusalCode::CertificateUnknown)?;
    let body = CertificateBody::parse(&held.body)?;
    let key = key_of(wallet, number)?;
    let (certificate, _) = open_own(&body, key, &held.issuer, &[FIELD.to_owned()], now)?;
    let fields = certificate.get().fields();
    let text = fields.iter().find(|(name, _)| *name == FIELD).and_then(|(_, value)| value.as_str());
    let text = text.ok_or_else(|| Refusal::about(RefusalCode::FieldNotInCertificate, FIELD))?;
    LastFour::of(text).map_err(|_| RefusalCode::DocumentInvalid.into())
}

/// An access as its author recorded it: the row is proven to stand in the author's journal, and opens with the holder's key.
///
/// # Errors
/// [`Fault`] when the evidence does not verify, is of another row, or does not open as an access to `number` by its author.
pub fn open_access(
    key: &HolderKey,
    number: &CertificateNumber,
    author: &Author,
    (centre, index): (&CentreCode, u64),
    evidence: &[u8],
) -> Result<Access, Fault> {
    let bad = |what| Fault::new(FaultCode::BadStatement, what);
    let evidence = Evidence::decode(evidence)?;
    if evidence.centre != *centre {
        return Err(bad("another centre's row"));
    }
    let verified = evidence.verify(author)?;
    if verified.index() != index || verified.header().kind() != Some(Kind::AccessRecorded) {
        return Err(bad("another row"));
    }
    let body = verified.entry().body().ok_or_else(|| bad("no payload"))?;
    let access = access::open(key.opening(), SLOT_HOLDER, body).map_err(|_| bad("does not open"))?;
    if access.author != *centre || access.number != *number {
        return Err(bad("says another author or certificate"));
    }
    Ok(access)
}
