//! A loan goes its way: the lender replies, the depositing centre marks, the account moves, the loan is paid off, the mark is lifted.

use super::super::{Effect, Env, Node, Stop};
use super::failed;
use super::read::Opened;
use super::write::Texts;
use crate::certificate::CertificateKind;
use crate::desk::{DossierName, Event, LoanReply};
use crate::dossier::loan::LoanState;
use crate::dossier::{DossierKind, JoinedBody, PartyRole};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::journal::{Entry, Kind, Statement};
use crate::listing::Day;
use crate::names::{CentreCode, CertificateNumber};
use crate::shelf::CertificateRow;

/// Most dossiers of one certificate and lender that are read to see whether it is marked for another.
const MAX_RIVALS: usize = 256;

impl Node {
    /// The reply opens the loan's dossier; said again before the mark, it changes what the dossier says.
    pub(super) fn loan_reply(&mut self, env: &mut Env<'_>, reply: &LoanReply, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        self.may_write()?;
        let texts = texts_of(reply, Day::of(env.now))?;
        let number = &reply.certificate;
        let before = env.shelf.dossiers_about(number.as_str(), MAX_RIVALS)?.into_iter().find(|row| row.place.centre == self.centre);
        if let Some(row) = before {
            let opened = self.dossier_at(env, &row.place, out)?;
            let state = opened.progress().state;
            return match state {
                LoanState::Issued | LoanState::Granted | LoanState::Refused => self.dossier_put(env, opened, &texts, out),
                LoanState::Marked | LoanState::Remarked | LoanState::Settled | LoanState::Unmarked => Err(not_from(state)),
            };
        }
        let row = self.certificate_to_reply_to(env, number)?;
        self.dossier_begin(env, DossierKind::Loan, &row.issuer, Some(number.as_str()), &texts, out)
    }

    fn certificate_to_reply_to(&self, env: &Env<'_>, number: &CertificateNumber) -> Result<CertificateRow, Stop> {
        let refuse = |code| Stop::Refused(Refusal::about(code, number.as_str()));
        let row = env.shelf.certificate(number)?.ok_or_else(|| refuse(RefusalCode::CertificateUnknown))?;
        if row.kind != CertificateKind::CrossRegionLoan.code() {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "kind").into());
        }
        if row.addressee.as_ref() != Some(&self.centre) {
            return Err(refuse(RefusalCode::WrongAddressee));
        }
        if row.ended.is_some() {
            return Err(refuse(RefusalCode::CertificateEnded));
        }
        if row.expires < env.now {
            return Err(refuse(RefusalCode::CertificateExpired));
        }
        Ok(row)
    }

    pub(super) fn loan_mark(
        &mut self,
        env: &mut Env<'_>,
        loan: &DossierName,
        clerk: &str,
        on: Option<Day>,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let opened = self.loan_named(env, loan, out)?;
        let progress = opened.progress();
        let first = match progress.state {
            LoanState::Granted => true,
            LoanState::Marked | LoanState::Remarked if progress.mark_missing => false,
            LoanState::Issued | LoanState::Refused | LoanState::Marked | LoanState::Remarked | LoanState::Settled | LoanState::Unmarked => {
                return Err(not_from(progress.state));
            }
        };
        self.keeps(progress.keeper.as_ref(), "mark")?;
        if first && let Err(code) = self.markable(env, &opened, out)? {
            return Err(Refusal::about(RefusalCode::StepNotAllowed, code).into());
        }
        let series = if first { "mark".to_owned() } else { format!("remark.{}", progress.transfers) };
        let number = self.mark_number(env, 0)?;
        let texts = vec![
            (format!("{series}.number"), number),
            (format!("{series}.on"), on.unwrap_or_else(|| Day::of(env.now)).to_string()),
            (format!("{series}.clerk"), clerk.to_owned()),
        ];
        self.dossier_put(env, opened, &texts, out)
    }

    /// The number under which a mark stands in our ledger: the row of our journal that makes it.
    pub(super) fn mark_number(&self, env: &Env<'_>, ahead: u64) -> Result<String, ShelfError> {
        Ok(format!("{}-BZ-{}", self.centre, env.shelf.journal(&self.centre)?.size.saturating_add(ahead)))
    }

    /// Whether the account of this loan may be marked for its lender; if not, the code of why.
    pub(super) fn markable(&self, env: &Env<'_>, opened: &Opened, out: &mut Vec<Effect>) -> Result<Result<(), &'static str>, ShelfError> {
        let lender = &opened.row.place.centre;
        let number = opened.row.about.as_deref().and_then(|about| CertificateNumber::new(about).ok());
        let certificate = match &number {
            Some(number) => env.shelf.certificate(number)?.filter(|row| row.issuer == self.centre),
            None => None,
        };
        let Some(certificate) = certificate else { return Ok(Err("certificate-unknown")) };
        let why = if certificate.kind != CertificateKind::CrossRegionLoan.code() {
            Some("not-cross-region")
        } else if certificate.addressee.as_ref() != Some(lender) {
            Some("not-the-addressee")
        } else if certificate.ended.is_some() {
            Some("certificate-ended")
        } else if certificate.expires < opened.row.at {
            Some("certificate-expired")
        } else if self.marked_for_another(env, opened, &certificate, out)? {
            Some("marked-for-another")
        } else {
            None
        };
        Ok(why.map_or(Ok(()), Err))
    }

    /// Whether another dossier about the certificate has its mark. Only its addressee's can.
    fn marked_for_another(&self, env: &Env<'_>, opened: &Opened, row: &CertificateRow, out: &mut Vec<Effect>) -> Result<bool, ShelfError> {
        let rivals = env.shelf.dossiers_about(row.number.as_str(), MAX_RIVALS)?;
        for rival in rivals.iter().filter(|rival| rival.place != opened.row.place && row.addressee.as_ref() == Some(&rival.place.centre)) {
            match self.dossier_at(env, &rival.place, out) {
                Ok(rival) if rival.counted().contains_key("mark.number") => return Ok(true),
                Ok(_) | Err(Stop::Refused(_)) => {}
                Err(Stop::Shelf(error)) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The old centre tells the new one and the lender; the new one becomes a party.
    pub(super) fn loan_transfer(
        &mut self,
        env: &mut Env<'_>,
        loan: &DossierName,
        to: &CentreCode,
        (clerk, on): (&str, Option<Day>),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_write()?;
        let mut opened = self.loan_named(env, loan, out)?;
        let progress = opened.progress();
        self.keeps(progress.keeper.as_ref(), "transfer")?;
        match progress.state {
            LoanState::Marked | LoanState::Remarked => {}
            LoanState::Issued | LoanState::Granted | LoanState::Refused | LoanState::Settled | LoanState::Unmarked => {
                return Err(not_from(progress.state));
            }
        }
        let entries = self.joins(env, &mut opened, to)?;
        let series = format!("transfer.{}", progress.transfers + 1);
        let texts = vec![
            (format!("{series}.to"), to.to_string()),
            (format!("{series}.on"), on.unwrap_or_else(|| Day::of(env.now)).to_string()),
            (format!("{series}.clerk"), clerk.to_owned()),
        ];
        let changed = self.dossier_change(env, &mut opened, &texts)?;
        self.append(env, entries.into_iter().chain(changed).collect(), out)?;
        Ok(opened.event())
    }

    /// The statement by which a centre becomes a party; none when it is one.
    fn joins(&self, env: &mut Env<'_>, opened: &mut Opened, to: &CentreCode) -> Result<Option<Entry>, Stop> {
        let invalid = || Stop::Refused(Refusal::about(RefusalCode::AddresseeInvalid, to.as_str()));
        if *to == self.centre || opened.parties.role(to) == Some(PartyRole::Lending) {
            return Err(invalid());
        }
        if opened.parties.role(to).is_some() {
            return Ok(None);
        }
        let role = opened.row.kind.joins_as().ok_or_else(invalid)?;
        let party = self.party_key(env, &opened.place(), (to, role), &opened.key)?;
        let body = JoinedBody::new(&opened.row.place, party);
        opened.parties.admit(to.clone(), role);
        opened.dossier.admit(to);
        Statement::build(env.rng, Kind::DossierJoined, env.now, None, &body.to_bytes()).map(Some).map_err(failed)
    }

    pub(super) fn loan_settle(
        &mut self,
        env: &mut Env<'_>,
        loan: &DossierName,
        clerk: &str,
        on: Option<Day>,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let opened = self.loan_named(env, loan, out)?;
        let state = opened.progress().state;
        match state {
            LoanState::Granted | LoanState::Marked | LoanState::Remarked => {}
            LoanState::Issued | LoanState::Refused | LoanState::Settled | LoanState::Unmarked => return Err(not_from(state)),
        }
        let texts = dated("settled", clerk, on.unwrap_or_else(|| Day::of(env.now)));
        self.dossier_put(env, opened, &texts, out)
    }

    pub(super) fn loan_unmark(
        &mut self,
        env: &mut Env<'_>,
        loan: &DossierName,
        clerk: &str,
        on: Option<Day>,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let opened = self.loan_named(env, loan, out)?;
        let progress = opened.progress();
        if progress.state != LoanState::Settled || !opened.counted().contains_key("mark.number") {
            return Err(not_from(progress.state));
        }
        self.keeps(progress.keeper.as_ref(), "unmark")?;
        let texts = dated("unmark", clerk, on.unwrap_or_else(|| Day::of(env.now)));
        self.dossier_put(env, opened, &texts, out)
    }

    fn loan_named(&self, env: &Env<'_>, name: &DossierName, out: &mut Vec<Effect>) -> Result<Opened, Stop> {
        let opened = self.dossier_named(env, name, out)?;
        if opened.row.kind == DossierKind::Loan { Ok(opened) } else { Err(Refusal::about(RefusalCode::RequestInvalid, "kind").into()) }
    }

    fn keeps(&self, keeper: Option<&CentreCode>, what: &str) -> Result<(), Stop> {
        if keeper == Some(&self.centre) { Ok(()) } else { Err(Refusal::about(RefusalCode::NotEntitled, what).into()) }
    }
}

fn not_from(state: LoanState) -> Stop {
    Refusal::about(RefusalCode::StepNotAllowed, state.code()).into()
}

fn dated(series: &str, clerk: &str, on: Day) -> Texts {
    vec![(format!("{series}.on"), on.to_string()), (format!("{series}.clerk"), clerk.to_owned())]
}

/// The fields of a reply. What a grant needs must be there; what a refusal does not have, must not.
fn texts_of(reply: &LoanReply, today: Day) -> Result<Texts, Stop> {
    let missing = |field: &str| Stop::Refused(Refusal::about(RefusalCode::FieldMissing, field));
    let (amount, term, method) = (reply.amount_fen.filter(|fen| *fen > 0), reply.term_months.filter(|months| *months > 0), &reply.method);
    if reply.granted && (amount.is_none() || term.is_none() || method.is_none()) {
        return Err(missing("reply.amount, reply.term, reply.method"));
    }
    let terms =
        amount.is_some() || term.is_some() || method.is_some() || reply.monthly_fen.is_some() || reply.from.is_some() || reply.to.is_some();
    if !reply.granted && terms {
        return Err(Refusal::about(RefusalCode::RequestInvalid, "reply.decision").into());
    }
    if reply.from.zip(reply.to).is_some_and(|(from, to)| to <= from) {
        return Err(Refusal::about(RefusalCode::DatesContradict, "reply.to").into());
    }
    let decision = if reply.granted { "granted" } else { "refused" };
    let fields = [
        ("certificate", Some(reply.certificate.to_string())),
        ("reply.decision", Some(decision.to_owned())),
        ("reply.amount", amount.map(|fen| fen.to_string())),
        ("reply.term", term.map(|months| months.to_string())),
        ("reply.from", reply.from.map(|day| day.to_string())),
        ("reply.to", reply.to.map(|day| day.to_string())),
        ("reply.method", method.clone()),
        ("reply.monthly", reply.monthly_fen.map(|fen| fen.to_string())),
        ("reply.business_no", Some(reply.business_no.clone())),
        ("reply.clerk", Some(reply.clerk.clone())),
        ("reply.phone", reply.phone.clone()),
        ("reply.reason", reply.reason.clone()),
        ("reply.on", Some(reply.on.unwrap_or(today).to_string())),
    ];
    Ok(fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).collect())
}
