//! A holder comes with another key: the certificate is bound to it, and what the former key signed counts nowhere any more.
//!
//! Who the person at the counter is, the clerk finds out, as when a certificate is issued. The content is opened with the key that the
//! issuer kept and sealed anew: the source is not asked, for nothing is said of the account that was not said before. A key that is
//! reported lost can be ended at once; the certificate waits for its holder's next key.

use super::audit::{AGAIN, DONE, Told};
use super::issue::KEEP_AFTER_EXPIRY_DAYS;
use super::query::certificate_of_row;
use super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, SubjectMark};
use crate::certificate::{
    BoundBody, CertificateBody, HolderEndedBody, HolderKeys, Issuance, Reliance, body, issue, open_with_keys, thumbprint,
};
use crate::desk::Event;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::holder::HolderCard;
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::{Kind, Statement};
use crate::names::CertificateNumber;
use crate::operator::ProvenAct;
use crate::seal::{Key, SUITE};
use crate::shelf::{CertificateRow, IssuedRecord, Write};
use crate::time::DAY_MS;
use crate::window::after;

impl Node {
    /// [`crate::desk::Act::HolderBind`]; the answer comes when the statement is stored. The same card again gets the same certificate.
    pub(super) fn holder_bind(
        &mut self,
        env: &mut Env<'_>,
        (token, act): (u64, &ProvenAct),
        (number, card): (&CertificateNumber, &str),
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        self.may_widen()?;
        let row = self.standing(env, number)?;
        let record = env.shelf.issued(number)?.ok_or(RefusalCode::CertificateErased)?;
        let holder = HolderCard::parse(card, &self.centre, env.now)?.keys;
        let counts = env.shelf.holder_ended(&row.holder, Some(number))?.is_none();
        if row.holder == thumbprint(&holder.signing) && counts {
            self.tell(env, Some(act), vec![told(AuditAction::HolderBind, number, record.subject, AGAIN)], out)?;
        } else {
            self.card_is_unused(env, &holder)?;
            let (entry, content_key) = self.bound_anew(env, &row, &record, holder)?;
            self.append(env, vec![entry], out)?;
            self.tell(env, Some(act), vec![told(AuditAction::HolderBind, number, record.subject, DONE)], out)?;
            out.push(Effect::Write(Write::Rekeyed { number: number.clone(), content_key }));
        }
        self.issue.storing.push((token, number.clone(), row.expires));
        out.push(Effect::WhenStored);
        Ok(())
    }

    /// A certificate of ours that can still be used.
    fn standing(&self, env: &Env<'_>, number: &CertificateNumber) -> Result<CertificateRow, Stop> {
        let row = self.own_certificate(env, number)?;
        if let Some(ended) = &row.ended {
            return Err(Refusal::about(RefusalCode::CertificateEnded, ended.at.legal_text()).into());
        }
        if row.expires < env.now {
            return Err(Refusal::about(RefusalCode::CertificateExpired, row.expires.legal_text()).into());
        }
        Ok(row)
    }

    /// The statement that binds the certificate to `holder`, and the key that its content is sealed under from now on.
    fn bound_anew(
        &self,
        env: &mut Env<'_>,
        row: &CertificateRow,
        record: &IssuedRecord,
        holder: HolderKeys,
    ) -> Result<(crate::journal::Entry, Key), Stop> {
        let entry = env.shelf.entries(&self.centre, row.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let entry = entry.filter(|entry| entry.payload.is_some()).ok_or(RefusalCode::CertificateErased)?;
        let sealed = certificate_of_row(&entry)?;
        let keys = sealed.fields.iter().map(|field| (field.name.clone(), body::field_key(&record.content_key, &row.number, &field.name)));
        let opened = open_with_keys(&sealed, &body::jwt_key(&record.content_key, &row.number), &keys.collect::<Vec<_>>())?;
        let verified = opened.verify(&self.own_identity(), Reliance::Holder, env.now)?;
        let issuance = Issuance {
            number: row.number.clone(),
            kind: sealed.head.kind,
            issuer: self.centre.clone(),
            federation: self.charter.federation().clone(),
            addressee: row.addressee.clone(),
            holder,
            values: verified.get().fields().clone(),
            issued: row.issued,
            expires: row.expires,
        };
        let issued = issue(env.rng, &issuance, &self.keys.signing)?;
        let certificate = CertificateBody::parse(&issued.body).map_err(|_| RefusalCode::CertificateAltered)?;
        let bound = BoundBody { suite: SUITE.to_owned(), former: row.holder, certificate };
        let drop_after = Some(row.expires.plus_ms(KEEP_AFTER_EXPIRY_DAYS * DAY_MS));
        let entry = Statement::build(env.rng, Kind::HolderBound, env.now, drop_after, &bound.to_bytes()).map_err(failed)?;
        Ok((entry, issued.content_key))
    }

    /// [`crate::desk::Act::HolderEnd`]: the key was reported lost.
    pub(super) fn holder_end(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        number: &CertificateNumber,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_write()?;
        let row = self.own_certificate(env, number)?;
        let subject = env.shelf.issued(number)?.and_then(|record| record.subject);
        let again = env.shelf.holder_ended(&row.holder, Some(number))?.is_some();
        if !again {
            let body = HolderEndedBody { suite: SUITE.to_owned(), number: number.clone(), holder: row.holder };
            let entry = Statement::build(env.rng, Kind::HolderEnded, env.now, None, &body.to_bytes()).map_err(failed)?;
            self.append(env, vec![entry], out)?;
        }
        self.tell(env, Some(act), vec![told(AuditAction::HolderEnd, number, subject, if again { AGAIN } else { DONE })], out)?;
        Ok(Event::Done)
    }

    /// [`crate::desk::Act::CertificateAccesses`]: nothing is opened here; whoever holds the certificate's key can.
    pub(super) fn certificate_accesses(
        &self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (number, next): (&CertificateNumber, Option<&str>),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let unknown = || Refusal::about(RefusalCode::CertificateUnknown, number.as_str());
        env.shelf.certificate(number)?.ok_or_else(unknown)?;
        let from = next.map(|next| after(&format!("after={next}"))).transpose()?.flatten();
        let page = self.access_page(env, number, from)?;
        let subject = env.shelf.issued(number)?.and_then(|record| record.subject);
        self.tell(env, Some(act), vec![told(AuditAction::CertificateAccesses, number, subject, DONE)], out)?;
        Ok(Event::AccessFile(Box::new(page)))
    }
}

fn failed(error: impl ToString) -> ShelfError {
    ShelfError::Failed(error.to_string())
}

fn told(action: AuditAction, number: &CertificateNumber, subject: Option<SubjectMark>, outcome: &str) -> Told {
    Told::new(action, number.as_str(), outcome).of(subject)
}
