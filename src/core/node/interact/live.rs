//! The issuer's word on a certificate whose fields are about to be read here.
//!
//! The copy answers whether or not the issuer is there; where it is, it is asked first, and waited for no longer than a moment. It can say
//! that the certificate ended or the grant was taken back before the statement of that arrives; anything else it says is no reason to
//! refuse what its own journal allows.

use super::super::query::certificate_of_row;
use super::super::{Effect, Env, Node, Stop};
use super::MAX_ASKING;
use super::ask::{Asking, For};
use crate::certificate::{FieldValues, IssuerIdentity, Reliance, body, open_with_keys, schema};
use crate::desk::Live;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::grant::Presented;
use crate::interact::{Attestation, Finding, Inquiry, Wanted};
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::names::RequestId;
use crate::seal::Key;
use crate::shelf::CertificateRow;
use crate::time::Time;

/// A status is nobody's business number: it does not leave this centre for it.
const NO_BUSINESS: &str = "-";

/// What an issuer may say against a reading.
const OVER: [RefusalCode; 3] = [RefusalCode::CertificateEnded, RefusalCode::GrantRevoked, RefusalCode::HolderKeyEnded];

/// What the issuer said, or that nothing is known yet.
#[derive(Debug)]
pub(in crate::node) struct Reading {
    since: Time,
    word: Option<Word>,
}

/// What an issuer said of a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::node) enum Word {
    /// It stands.
    Stands(Live),
    /// It may not be read any more.
    Over(Refusal),
    /// Nothing that counts.
    Nothing,
}

impl Node {
    /// Asks the issuer of the certificate for its word, if it is there. The number under which the word will be known.
    pub(in crate::node) fn ask_status(
        &mut self,
        env: &mut Env<'_>,
        request: RequestId,
        presented: &Presented,
        grant: &str,
        out: &mut Vec<Effect>,
    ) -> Option<u64> {
        let issuer = presented.claims().number.centre();
        let full = self.interact.asking.len() >= MAX_ASKING || self.interact.held.len() >= MAX_ASKING;
        if self.settings.live_patience_ms <= 0 || issuer == self.centre || full || self.station_of(&issuer).is_none() {
            return None;
        }
        let inquiry = Inquiry {
            request,
            grant: grant.split_ascii_whitespace().collect(),
            business_no: NO_BUSINESS.to_owned(),
            matter: presented.claims().matter.clone(),
            wanted: Wanted::Status,
        };
        let key = self.interact.next();
        self.interact.asking.insert(key, Asking::new(inquiry, presented.clone(), For::Reading, env.now));
        self.interact.held.insert(key, Reading { since: env.now, word: None });
        self.send_inquiry(env, key, out);
        Some(key)
    }

    /// The word on a reading. `None` while it is worth waiting for.
    pub(in crate::node) fn word_on(&mut self, env: &Env<'_>, key: u64) -> Option<Word> {
        let Some(reading) = self.interact.held.get(&key) else { return Some(Word::Nothing) };
        let late = env.now.since(reading.since).abs() >= self.settings.live_patience_ms;
        if reading.word.is_none() && !late {
            return None;
        }
        self.interact.asking.remove(&key);
        self.interact.held.remove(&key).map(|reading| reading.word.unwrap_or(Word::Nothing))
    }

    pub(super) fn status_said(
        &mut self,
        env: &mut Env<'_>,
        key: u64,
        said: Result<Attestation, Refusal>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let word = match said {
            Ok(Attestation { iat, finding: Finding::Status { changed }, .. }) => {
                Word::Stands(Live { at: Time::from_seconds(iat), changed })
            }
            Err(refusal) if OVER.contains(&refusal.code) => Word::Over(refusal),
            Ok(_) | Err(_) => Word::Nothing,
        };
        if let Some(reading) = self.interact.held.get_mut(&key) {
            reading.word = Some(word);
            if self.query_tick(env, out)? {
                out.push(Effect::WhenStored);
            }
        }
        Ok(())
    }

    /// Whether the account says something else now than the certificate. `None` when the certificate's content is gone.
    pub(super) fn has_changed(&self, env: &Env<'_>, row: &CertificateRow, values: &FieldValues) -> Result<Option<bool>, Stop> {
        let Some(record) = env.shelf.issued(&row.number)? else { return Ok(None) };
        let entry = env.shelf.entries(&self.centre, row.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let Some(entry) = entry.filter(|entry| entry.payload.is_some()) else { return Ok(None) };
        let body = certificate_of_row(&entry)?;
        let issuer = self.own_identity();
        let names = schema::Field::all(body.head.kind).iter().filter(|field| field.group != schema::Group::Office);
        let keys: Vec<(String, Key)> =
            names.map(|field| (field.name.clone(), body::field_key(&record.content_key, &row.number, &field.name))).collect();
        let opened = open_with_keys(&body, &body::jwt_key(&record.content_key, &row.number), &keys)?;
        let verified = opened.verify(&issuer, Reliance::Holder, env.now)?;
        let held = verified.get().fields();
        Ok(Some(held.iter().any(|(name, value)| values.get(name) != Some(value))))
    }

    /// This centre as the issuer of certificates.
    pub(in crate::node) fn own_identity(&self) -> IssuerIdentity {
        IssuerIdentity { federation: self.charter.federation().clone(), centre: self.centre.clone(), key: self.keys.signing.public() }
    }
}
