//! The steps of a loan that an operator takes for their centre: which form each has, which act it says, and what is asked before it is
//! sent. Whether a step may be taken says the peer.

use anju_core::desk::{DossierAct, DossierName, DossierView, LoanReply};
use anju_core::dossier::loan::LoanState;
use anju_core::dossier::{MAX_TEXT_BYTES, PartyRole};
use anju_core::facts::money::parse_fen;
use anju_core::names::{CentreCode, CertificateNumber};

use crate::dialog::Danger;
use crate::screen::Cx;
use crate::shown::Shown;
use crate::widgets::claims::money;
use crate::widgets::form::{Field, Form, Kind};
use crate::words::Words;

/// Longest line that a dossier takes, in characters: the peer counts bytes.
const LINE_MAX_CHARS: usize = 120;
/// Longest amount that is typed, in characters.
const AMOUNT_MAX_CHARS: usize = 20;
/// Longest note or reason that is typed, in characters: the peer counts bytes.
const TEXT_MAX_CHARS: usize = MAX_TEXT_BYTES;
/// What a reply may decide, and how a loan is paid back.
const DECISIONS: [&str; 2] = ["granted", "refused"];
const METHODS: [&str; 2] = ["equal-instalment", "equal-principal"];

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Reply,
    Mark,
    Transfer,
    Settle,
    Unmark,
    Note,
}

/// Which loan a step is about: its dossier, once there is one, and the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) dossier: Option<DossierName>,
    pub(super) certificate: Option<CertificateNumber>,
    /// The centres involved, for the question.
    pub(super) others: Shown,
}

fn amount_fits(text: &str) -> Option<&'static str> {
    fen(text).is_none().then_some("loans.amount-wrong")
}

fn months_fit(text: &str) -> Option<&'static str> {
    text.parse::<u32>().is_err().then_some("form.number")
}

fn text_fits(text: &str) -> Option<&'static str> {
    (text.len() > MAX_TEXT_BYTES).then_some("query.too-long")
}

fn line_fits(text: &str) -> Option<&'static str> {
    (text.len() > LINE_MAX_CHARS).then_some("query.too-long")
}

/// An amount in yuan, as fen.
fn fen(text: &str) -> Option<u64> {
    parse_fen(text).ok().and_then(|fen| u64::try_from(fen.0).ok()).filter(|fen| *fen > 0)
}

fn filled(form: &Form, id: &str) -> Option<String> {
    Some(form.value(id)).filter(|text| !text.is_empty())
}

impl Step {
    /// The step of a command.
    pub(super) fn of(command: &str) -> Option<Self> {
        Some(match command {
            "loans.reply" => Self::Reply,
            "loans.mark" => Self::Mark,
            "loans.transfer" => Self::Transfer,
            "loans.settle" => Self::Settle,
            "loans.unmark" => Self::Unmark,
            "loans.note" => Self::Note,
            _ => return None,
        })
    }

    pub(super) fn word(self, words: Words) -> Shown {
        match self {
            Self::Reply => words.say("loans.cmd-reply"),
            Self::Mark => words.say("loans.cmd-mark"),
            Self::Transfer => words.say("loans.cmd-transfer"),
            Self::Settle => words.say("loans.cmd-settle"),
            Self::Unmark => words.say("loans.cmd-unmark"),
            Self::Note => words.say("loans.cmd-note"),
        }
    }

    const fn effect(self) -> &'static str {
        match self {
            Self::Reply => "loans.effect-reply",
            Self::Mark => "loans.effect-mark",
            Self::Transfer => "loans.effect-transfer",
            Self::Settle => "loans.effect-settle",
            Self::Unmark => "loans.effect-unmark",
            Self::Note => "loans.effect-note",
        }
    }

    /// The form of the step. The day and the clerk are suggested.
    pub(super) fn form(self, cx: &Cx<'_>, centres: &[(String, Shown)]) -> Form {
        let words = cx.words;
        let clerk = || Field::required("clerk", words.say("loans.clerk"), Kind::Text(LINE_MAX_CHARS)).checked(line_fits);
        let on = || Field::required("on", words.say("loans.on"), Kind::Date);
        let choice = |codes: [&str; 2]| Kind::Choice(codes.map(|code| (code.to_owned(), words.code("dossier-value", code))).to_vec());
        let fields = match self {
            Self::Reply => {
                let amount = |id: &'static str, label: Shown| Field::optional(id, label, Kind::Text(AMOUNT_MAX_CHARS)).checked(amount_fits);
                vec![
                    Field::required("decision", words.say("loans.decision"), choice(DECISIONS)),
                    amount("amount", words.say("loans.amount")),
                    Field::optional("term", words.say("loans.months"), Kind::Number).checked(months_fit),
                    Field::optional("from", words.say("loans.from"), Kind::Date),
                    Field::optional("to", words.say("loans.to"), Kind::Date),
                    Field::required("method", words.say("loans.method"), choice(METHODS)),
                    amount("monthly", words.say("loans.monthly")),
                    Field::required("business_no", words.say("query.business"), Kind::Text(LINE_MAX_CHARS)).checked(line_fits),
                    Field::optional("reason", words.say("loans.reason"), Kind::Text(TEXT_MAX_CHARS)).checked(text_fits),
                    clerk(),
                    Field::optional("phone", words.say("loans.phone"), Kind::Text(LINE_MAX_CHARS)).checked(line_fits),
                    on(),
                ]
            }
            Self::Mark | Self::Settle | Self::Unmark => vec![on(), clerk()],
            Self::Transfer => {
                let to = if centres.is_empty() { Kind::Text(8) } else { Kind::Choice(centres.to_vec()) };
                vec![Field::required("to", words.say("loans.transfer-to"), to).checked(centre_fits), on(), clerk()]
            }
            Self::Note => vec![Field::required("text", words.say("loans.note"), Kind::Area(TEXT_MAX_CHARS)).checked(text_fits)],
        };
        let mut form = Form::new(fields);
        form.set("on", &cx.now.legal_day().to_string());
        form.set("clerk", &cx.who.display);
        form
    }

    /// What the form says; a field and what is wrong with it when something that depends on another field is missing.
    pub(super) fn act(self, form: &Form, about: &About) -> Result<DossierAct, (&'static str, &'static str)> {
        let (on, clerk) = (form.value("on").parse().ok(), form.value("clerk"));
        if self == Self::Reply {
            let certificate = about.certificate.clone().ok_or(("decision", "loans.no-certificate"))?;
            return reply(form, certificate).map(|reply| DossierAct::Reply(Box::new(reply)));
        }
        let loan = about.dossier.clone().ok_or(("on", "loans.no-dossier"))?;
        Ok(match self {
            Self::Mark => DossierAct::Mark { loan, clerk, on },
            Self::Settle => DossierAct::Settle { loan, clerk, on },
            Self::Unmark => DossierAct::Unmark { loan, clerk, on },
            Self::Transfer => {
                let to = CentreCode::new(&form.value("to")).map_err(|_| ("to", "loans.centre-wrong"))?;
                DossierAct::Transfer { loan, to, clerk, on }
            }
            Self::Reply | Self::Note => DossierAct::Note { dossier: loan, text: form.value("text") },
        })
    }

    /// The question before the act: to what, what it says, what it means at other centres.
    pub(super) fn danger(self, words: Words, about: &About, act: &DossierAct) -> Danger {
        let certificate = about.certificate.as_ref().map(Shown::of).or_else(|| about.dossier.as_ref().map(Shown::of)).unwrap_or_default();
        let mut effect: Vec<Shown> = said(words, act).into_iter().collect();
        effect.extend([words.say(self.effect()), words.say("loans.recorded")]);
        Danger {
            title: self.word(words),
            object: Shown::join([&certificate, &about.others], "  "),
            effect,
            yes: self.word(words),
            typed: None,
        }
    }
}

fn centre_fits(text: &str) -> Option<&'static str> {
    CentreCode::new(text).is_err().then_some("loans.centre-wrong")
}

/// A refusal says nothing of terms, whatever stands in their fields.
fn reply(form: &Form, certificate: CertificateNumber) -> Result<LoanReply, (&'static str, &'static str)> {
    let granted = form.value("decision") == "granted";
    let terms = |id: &str| filled(form, id).filter(|_| granted);
    for id in ["amount", "term"] {
        if granted && terms(id).is_none() {
            return Err((id, "form.required"));
        }
    }
    Ok(LoanReply {
        certificate,
        granted,
        amount_fen: terms("amount").and_then(|text| fen(&text)),
        term_months: terms("term").and_then(|text| text.parse().ok()),
        from: terms("from").and_then(|text| text.parse().ok()),
        to: terms("to").and_then(|text| text.parse().ok()),
        method: terms("method"),
        monthly_fen: terms("monthly").and_then(|text| fen(&text)),
        business_no: form.value("business_no"),
        clerk: form.value("clerk"),
        phone: filled(form, "phone"),
        reason: filled(form, "reason"),
        on: form.value("on").parse().ok(),
    })
}

/// What a reply or a transfer says, in a line.
fn said(words: Words, act: &DossierAct) -> Option<Shown> {
    match act {
        DossierAct::Reply(reply) => {
            let decision = words.code("dossier-value", if reply.granted { "granted" } else { "refused" });
            let Some(fen) = reply.amount_fen.and_then(|fen| i64::try_from(fen).ok()) else { return Some(decision) };
            let amount = money(&anju_core::facts::Fen(fen).to_string());
            let months = reply.term_months.unwrap_or_default().to_string();
            let method = reply.method.as_deref().map(|code| words.code("dossier-value", code)).unwrap_or_default();
            let values = [("decision", decision.as_str()), ("amount", &amount), ("months", &months), ("method", method.as_str())];
            Some(words.fill("loans.says-reply", &values))
        }
        DossierAct::Transfer { to, .. } => Some(words.fill("loans.says-transfer", &[("to", to.as_str())])),
        DossierAct::Note { text, .. } => Some(Shown::new(text)),
        DossierAct::Open { .. }
        | DossierAct::Write { .. }
        | DossierAct::Show { .. }
        | DossierAct::List { .. }
        | DossierAct::Mark { .. }
        | DossierAct::Settle { .. }
        | DossierAct::Unmark { .. }
        | DossierAct::Queue { .. }
        | DossierAct::Ledger { .. } => None,
    }
}

/// Which steps make sense from here, the likeliest first: only what the bar below offers; the peer decides.
pub(super) fn likely(view: &DossierView, own: &CentreCode) -> Vec<&'static str> {
    let Some(loan) = &view.loan else { return vec!["loans.note"] };
    let lends = view.parties.iter().any(|party| party.role == PartyRole::Lending && party.centre == *own);
    let keeps = loan.keeper.as_ref() == Some(own);
    let mut out = Vec::new();
    match loan.state {
        LoanState::Issued | LoanState::Refused if lends => out.push("loans.reply"),
        LoanState::Granted => {
            out.extend(lends.then_some("loans.reply"));
            out.extend(keeps.then_some("loans.mark"));
            out.extend(lends.then_some("loans.settle"));
        }
        LoanState::Marked | LoanState::Remarked => {
            out.extend((keeps && loan.mark_missing).then_some("loans.mark"));
            out.extend(lends.then_some("loans.settle"));
            out.extend(keeps.then_some("loans.transfer"));
        }
        LoanState::Settled if keeps => out.push("loans.unmark"),
        LoanState::Issued | LoanState::Refused | LoanState::Settled | LoanState::Unmarked => {}
    }
    out.push("loans.note");
    out
}
