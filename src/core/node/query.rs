//! A grant is used at this counter: the certificate is found or pulled, the grant judged, the granted fields opened and verified, the
//! access recorded in the own journal, and only then answered.
//!
//! The access is appended in the same input that opens the fields, and the shell replies after it has stored: a use that was answered
//! was counted, whatever crashes. Refusals are recorded too, as far as it is known what they refuse. Opened fields are never stored.
//!
//! Who asked stands in the centre's own audit log, in a row of the same transaction, and in nothing that leaves the centre. What is asked
//! again under the same id is a new act and leaves a row of its own; it is no new use, and no new access record.

use std::collections::BTreeMap;

use super::audit::{AGAIN, DONE, Told, document, mark};
use super::interact::Word;
use super::{Effect, Env, Node, Stop};
use crate::audit::{AuditAction, AuditRow};
use crate::certificate::{CertificateBody, IssuerIdentity, certificate_in};
use crate::desk::{Answer, Authentic, Authorised, Currency, Current, Event, Live, RefusedQuery, ReleasedField, Stage};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::grant::access::{self, MAX_BUSINESS_NO_BYTES};
use crate::grant::{Access, Asker, Mode, Presented, Released, Said};
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::proof::{OnShelf, inclusion, verify_inclusion};
use crate::journal::{Entry, Header, Kind, Statement, hash};
use crate::listing::{Document, DocumentType};
use crate::names::{Digest, RequestId};
use crate::operator::ProvenAct;
use crate::shelf::{AccessRow, CertificateRow, Head};
use crate::time::{DAY_MS, Time};

/// Most queries that wait for a certificate at once.
pub const MAX_WAITING: usize = 256;
/// How long an access record is kept, in days: three years.
pub const KEEP_ACCESS_DAYS: i64 = 3 * 366;
/// The legal basis of reading a certificate: its holder's authorisation.
pub const LEGAL_BASIS: &str = "holder-authorisation";

#[derive(Debug, Default)]
pub(super) struct State {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    asked: Asked,
    presented: Presented,
    since: Time,
    /// The issuer is asked for its word, under this number.
    word: Option<u64>,
}

/// A request to use a grant.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) token: u64,
    pub(super) act: ProvenAct,
    pub(super) grant: String,
    pub(super) business_no: String,
    pub(super) matter: Option<String>,
    pub(super) request: RequestId,
}

impl Asked {
    /// What was asked, so that a request id that comes again with something else is noticed.
    fn digest(&self) -> Digest {
        let grant: String = self.grant.split_ascii_whitespace().collect();
        let mut bytes = Vec::new();
        for part in [grant.as_str(), &self.business_no, self.matter.as_deref().unwrap_or_default()] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        hash::sha256(&bytes)
    }

    /// What a row of the audit log says of it.
    fn told(&self, presented: &Presented, outcome: impl Into<String>) -> Told {
        Told {
            matter: Some(presented.claims().matter.clone()),
            business_no: Some(self.business_no.clone()),
            legal_basis: Some(LEGAL_BASIS.to_owned()),
            ..Told::new(AuditAction::Query, presented.claims().number.as_str(), outcome)
        }
    }
}

/// Where an attempt ended.
enum Attempt {
    /// The certificate, or a sound copy of it, is not here yet.
    Missing,
    /// Everything held.
    Released(Box<Found>, Released),
}

/// A certificate that is here, with what proves where it stands.
struct Found {
    row: CertificateRow,
    entry: Entry,
    head: Head,
}

impl Node {
    pub(super) fn query(&mut self, env: &mut Env<'_>, asked: Asked, out: &mut Vec<Effect>) -> Result<(), Stop> {
        self.may_write()?;
        let well_formed = !asked.business_no.trim().is_empty()
            && asked.business_no.len() <= MAX_BUSINESS_NO_BYTES
            && !asked.business_no.chars().any(char::is_control);
        if !well_formed {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "business-no").into());
        }
        progress(asked.token, Stage::Pulling, out);
        let presented = Presented::parse(&asked.grant)?;
        self.agent_was_looked_at(&presented)?;
        // Nothing is written before the answer, so the log does not know one that waits yet.
        if self.query.waiting.values().any(|waiting| waiting.asked.act.signed().request == asked.act.signed().request) {
            return Err(RefusalCode::RequestReused.into());
        }
        let full = self.query.waiting.len() >= MAX_WAITING;
        let word = if full { None } else { self.word_wanted(env, &asked, &presented, out)? };
        if word.is_none() {
            if self.attempt(env, &asked, &presented, (false, Word::Nothing), out)? {
                return Ok(());
            }
            if full {
                return Err(RefusalCode::TooManyRequests.into());
            }
            self.hurry(env, out)?;
        }
        self.query.next += 1;
        self.query.waiting.insert(self.query.next, Waiting { asked, presented, since: env.now, word });
        Ok(())
    }

    /// Tries the waiting queries again. Stops after one that wrote, since an input appends, and tells the audit log, at most once. Returns whether one did.
    pub(super) fn query_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<bool, ShelfError> {
        for key in self.query.waiting.keys().copied().collect::<Vec<_>>() {
            let Some(mut waiting) = self.query.waiting.remove(&key) else { continue };
            let word = match waiting.word.map(|word| self.word_on(env, word)) {
                None => Word::Nothing,
                Some(Some(word)) => word,
                Some(None) => {
                    self.query.waiting.insert(key, waiting);
                    continue;
                }
            };
            let first = waiting.word.take().is_some();
            let late = env.now.since(waiting.since).abs() >= self.settings.pull_patience_ms;
            let Waiting { asked, presented, .. } = &waiting;
            let mut effects = Vec::new();
            match self.attempt(env, asked, presented, (late, word), &mut effects) {
                Ok(true) => {
                    out.append(&mut effects);
                    out.push(Effect::WhenStored);
                    return Ok(true);
                }
                Ok(false) => {
                    if first {
                        self.hurry(env, out)?;
                    }
                    self.query.waiting.insert(key, waiting);
                }
                Err(Stop::Refused(refusal)) => {
                    self.tell(env, Some(&asked.act), vec![asked.told(presented, AuditRow::refused(refusal.code))], out)?;
                    out.push(Effect::Reply { token: asked.token, event: Box::new(Event::Refused { refusal, about: None }) });
                    out.push(Effect::WhenStored);
                    return Ok(true);
                }
                Err(Stop::Shelf(error)) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Answers a query if it can be answered; `late` means that what is not here now is taken for not there. Returns whether it was.
    fn attempt(
        &mut self,
        env: &mut Env<'_>,
        asked: &Asked,
        presented: &Presented,
        (late, word): (bool, Word),
        out: &mut Vec<Effect>,
    ) -> Result<bool, Stop> {
        let before = env.shelf.access(&self.centre, &asked.request)?;
        if let Some(before) = &before {
            if before.asked != asked.digest() {
                return Err(RefusalCode::RequestReused.into());
            }
            if let Some(code) = before.refused {
                self.tell(env, Some(&asked.act), vec![asked.told(presented, AuditRow::refused(code))], out)?;
                reply_refused(asked, presented, code.into(), true, out);
                return Ok(true);
            }
        }
        let live = match word {
            Word::Over(refusal) if before.is_none() => return self.refuse(env, asked, presented, refusal, out),
            Word::Stands(live) => Some(live),
            Word::Over(_) | Word::Nothing => None,
        };
        // The same request again opens what it opened before and costs no further use: it is the use it was then, whatever came after.
        let counted = env.shelf.grant_uses(&self.centre, &presented.id(), before.as_ref().map(|access| access.index))?;
        match self.judge(env, asked, presented, counted) {
            Ok(Attempt::Missing) if late => {
                let refusal = Refusal::about(RefusalCode::CertificateUnknown, presented.claims().number.as_str());
                self.refuse(env, asked, presented, refusal, out)
            }
            Ok(Attempt::Missing) => Ok(false),
            Ok(Attempt::Released(found, released)) => {
                if before.is_none() {
                    self.record(env, asked, presented, Some(&found.row), None, out)?;
                }
                let answer = self.answer(env, presented, (*found, live), &released, counted + 1)?;
                let outcome = if before.is_none() { DONE } else { AGAIN };
                let subject = mark(env, subject_of(&released, env.now).as_ref())?;
                self.tell(env, Some(&asked.act), vec![asked.told(presented, outcome).of(subject)], out)?;
                progress(asked.token, Stage::Obtained, out);
                progress(asked.token, Stage::Verified, out);
                out.push(Effect::Reply { token: asked.token, event: Box::new(Event::Answer(Box::new(answer))) });
                Ok(true)
            }
            Err(Stop::Refused(refusal)) => self.refuse(env, asked, presented, refusal, out),
            Err(Stop::Shelf(error)) => Err(error.into()),
        }
    }

    /// Whether the issuer is asked for its word first: under which number. Not for what was answered before.
    fn word_wanted(&mut self, env: &mut Env<'_>, asked: &Asked, presented: &Presented, out: &mut Vec<Effect>) -> Result<Option<u64>, Stop> {
        let asker = Asker { centre: &self.centre, now: env.now, matter: asked.matter.as_deref(), mode: Mode::Details };
        if presented.for_this_asker(&asker).is_err() || env.shelf.access(&self.centre, &asked.request)?.is_some() {
            return Ok(None);
        }
        Ok(self.ask_status(env, asked.request, presented, &asked.grant, out))
    }

    /// Everything that must hold before a field is opened, and the opening itself.
    fn judge(&self, env: &Env<'_>, asked: &Asked, presented: &Presented, uses: u32) -> Result<Attempt, Stop> {
        let asker = Asker { centre: &self.centre, now: env.now, matter: asked.matter.as_deref(), mode: Mode::Details };
        presented.for_this_asker(&asker)?;
        let Some(row) = env.shelf.certificate(&presented.claims().number)? else { return Ok(Attempt::Missing) };
        let authorised = presented.authorise(&asker, &row, &said_of(env, presented, uses)?)?;
        if let Some(matter) = self.binding_matter(env, &presented.claims().matter)? {
            presented.within(&matter, &row.kind)?;
        }
        let Some(found) = self.find(env, row)? else { return Ok(Attempt::Missing) };
        let body = certificate_of_row(&found.entry)?;
        let key = self.author(&found.row.issuer).ok_or(RefusalCode::CertificateUnknown)?.signing_at(found.row.index);
        let issuer = IssuerIdentity { federation: self.charter.federation().clone(), centre: found.row.issuer.clone(), key };
        let released = authorised.release(&self.keys.sealing, &body, &issuer, env.now)?;
        Ok(Attempt::Released(Box::new(found), released))
    }

    /// The certificate's row, hashed again up to its issuer's signed head. `None` when it is not (wholly) here.
    fn find(&self, env: &Env<'_>, row: CertificateRow) -> Result<Option<Found>, Stop> {
        let entry = env.shelf.entries(&row.issuer, row.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let head = env.shelf.journal(&row.issuer)?.head.filter(|head| head.size > row.index);
        let (Some(entry), Some(head)) = (entry, head) else { return Ok(None) };
        if entry.payload.is_none() {
            return if env.shelf.erased(&row.issuer, row.index)? { Err(RefusalCode::CertificateErased.into()) } else { Ok(None) };
        }
        let on_shelf = OnShelf { shelf: env.shelf, centre: &row.issuer };
        let proof = inclusion(&on_shelf, row.index, head.size).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        verify_inclusion(&entry.header, row.index, head.size, &head.root, &proof).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        Ok(Some(Found { row, entry, head }))
    }

    fn refuse(
        &mut self,
        env: &mut Env<'_>,
        asked: &Asked,
        presented: &Presented,
        refusal: Refusal,
        out: &mut Vec<Effect>,
    ) -> Result<bool, Stop> {
        let row = env.shelf.certificate(&presented.claims().number)?;
        let recorded = env.shelf.access(&self.centre, &asked.request)?.is_none();
        if recorded {
            self.record(env, asked, presented, row.as_ref(), Some(refusal.code), out)?;
        }
        self.tell(env, Some(&asked.act), vec![asked.told(presented, AuditRow::refused(refusal.code))], out)?;
        reply_refused(asked, presented, refusal, recorded, out);
        Ok(true)
    }

    /// Appends the access to the own journal, sealed to this centre, the issuer and the holder.
    fn record(
        &mut self,
        env: &mut Env<'_>,
        asked: &Asked,
        presented: &Presented,
        row: Option<&CertificateRow>,
        refused: Option<RefusalCode>,
        out: &mut Vec<Effect>,
    ) -> Result<(), Stop> {
        let claims = presented.claims();
        let access = Access {
            author: self.centre.clone(),
            issuer: claims.number.centre(),
            request: asked.request,
            asked: asked.digest(),
            grant: presented.id(),
            number: claims.number.clone(),
            matter: claims.matter.clone(),
            business_no: asked.business_no.clone(),
            legal_basis: LEGAL_BASIS.to_owned(),
            fields: if refused.is_none() { claims.fields.clone() } else { Vec::new() },
            refused,
            at: env.now,
            asker: None,
            mode: None,
        };
        let own = self.keys.sealing.public();
        let issuer = self.charter.member(&access.issuer).map(|member| &member.sealing);
        let body = access::seal(env.rng, &access, &own, issuer.zip(row.map(|row| &row.holder_sealing)))
            .map_err(|e| ShelfError::Failed(e.to_string()))?;
        let drop_after = Some(env.now.plus_ms(KEEP_ACCESS_DAYS * DAY_MS));
        let entry =
            Statement::build(env.rng, Kind::AccessRecorded, env.now, drop_after, &body).map_err(|e| ShelfError::Failed(e.to_string()))?;
        self.append(env, vec![entry], out)?;
        Ok(())
    }

    fn answer(
        &self,
        env: &Env<'_>,
        presented: &Presented,
        (found, live): (Found, Option<Live>),
        released: &Released,
        use_no: u32,
    ) -> Result<Answer, Stop> {
        let fresh = self.freshness(env, &found.row.issuer)?;
        let state = if fresh.behind || fresh.heartbeat.is_none() || self.is_contained(&found.row.issuer) {
            Currency::Unknown
        } else if fresh.stale {
            Currency::StandingAsOf
        } else {
            Currency::Standing
        };
        let current = Current { state, as_of: fresh.heartbeat, age_ms: fresh.age_ms, stale: fresh.stale, behind: fresh.behind, live };
        let backing = Some(self.backing(env, &found.row.issuer, found.row.index)?);
        let claims = presented.claims();
        let field = |(name, value): (&str, &serde_json::Value)| ReleasedField { name: name.to_owned(), value: value.clone() };
        Ok(Answer {
            verdicts: self.verdicts(env, &claims.matter, &found.row.kind, released.fields())?,
            certificate: found.row.into(),
            // `find` and `release` hold the proofs: without any of them there is no `Found` and no `Released`.
            authentic: Authentic {
                signature: true,
                holder_binding: true,
                inclusion: true,
                checkpoint_size: found.head.size,
                checkpoint_root: found.head.root,
                backing,
            },
            authorised: Authorised {
                grant: presented.id(),
                matter: claims.matter.clone(),
                expires: claims.expires(),
                use_no,
                uses: claims.uses,
            },
            current,
            fields: released.fields().iter().map(field).collect(),
            presentation: released.presentation().to_owned(),
        })
    }
}

/// What the journals held here say of a grant that was used so often.
pub(super) fn said_of(env: &Env<'_>, presented: &Presented, uses: u32) -> Result<Said, ShelfError> {
    let holder = presented.holder();
    let revoked = env.shelf.grant_revoked(&presented.id(), &holder)?;
    Ok(Said { uses, revoked, key_ended: env.shelf.holder_ended(&holder, Some(&presented.claims().number))? })
}

/// The certificate in a row of its issuer's journal.
pub(super) fn certificate_of_row(entry: &Entry) -> Result<CertificateBody, Refusal> {
    let altered = |_| Refusal::new(RefusalCode::CertificateAltered);
    let header = Header::parse(&entry.header).map_err(|_| Refusal::new(RefusalCode::CertificateAltered))?;
    certificate_in(&header, entry.body().unwrap_or_default()).map_err(altered)
}

/// Whom the fields speak of, where the document's number is among them; without its type it is taken for a resident's card.
fn subject_of(released: &Released, now: Time) -> Option<Document> {
    let text = |name| released.fields().iter().find(|(field, _)| *field == name).and_then(|(_, value)| value.as_str());
    document(text("document_type").unwrap_or(DocumentType::ResidentCard.code()), text("document_no")?, now)
}

fn progress(token: u64, stage: Stage, out: &mut Vec<Effect>) {
    out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage }) });
}

fn reply_refused(asked: &Asked, presented: &Presented, refusal: Refusal, recorded: bool, out: &mut Vec<Effect>) {
    let about = RefusedQuery { certificate: presented.claims().number.clone(), grant: presented.id(), recorded };
    out.push(Effect::Reply { token: asked.token, event: Box::new(Event::Refused { refusal, about: Some(about) }) });
}

/// The number of the certificate that a grant names; nothing when it is none.
pub(super) fn certificate_of(grant: &str) -> String {
    Presented::parse(grant).map(|presented| presented.claims().number.to_string()).unwrap_or_default()
}

/// What an access record means for the projections.
pub(super) fn access_row(author: &crate::names::CentreCode, index: u64, access: Access) -> AccessRow {
    AccessRow {
        author: author.clone(),
        index,
        at: access.at,
        request: access.request,
        asked: access.asked,
        grant: access.grant,
        certificate: access.number,
        matter: access.matter,
        business_no: access.business_no,
        fields: access.fields,
        refused: access.refused,
        asker: access.asker.unwrap_or(access.author),
        mode: access.mode.unwrap_or_else(|| Mode::Details.code().to_owned()),
    }
}
