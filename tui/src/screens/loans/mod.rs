//! 贷款: cross-region loans. What has to be done by us and by others until when, the ledger, one loan with what each centre wrote and where
//! it stands, and the steps that are taken from here for the centre.
//!
//! What must never be here: a rule of who may take which step when. The peer says no, and what it says is shown.

mod draw;
pub(super) mod pages;
pub(super) mod rows;
mod steps;

use anju_core::desk::{Act, CertificateSummary, DossierName, Event as DeskEvent, LoanLine, Request};
use anju_core::names::CertificateNumber;

use super::COUNTER;
use super::dossiers::opened::Opened;
use super::dossiers::shown::state;
use crate::cmd::{Cmd, Command};
use crate::dialog::Danger;
use crate::door::{Trouble, TroubleKind};
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Sheet, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::list::List;
use crate::words::Words;
use pages::{Pages, Which};
use rows::{Booked, LEDGER_COLUMNS, QUEUE_COLUMNS, Waiting};
use steps::{About, Step};

const QUEUE: Tag = "queue";
const LEDGER: Tag = "ledger";
const SHOW: Tag = "show";
const CERTIFICATE: Tag = "certificate";
const CENTRES: Tag = "centres";
const STEP: Tag = "step";
const LEAVE: Tag = "leave";

/// Longest number that is typed to find a loan, in characters.
const NAME_MAX_CHARS: usize = 64;

/// What is done here.
pub const COMMANDS: &[Command] = &[
    Command { id: "loans.ledger", word: "loans.cmd-ledger", keys: &["b"] },
    Command { id: "loans.find", word: "loans.cmd-find", keys: &["f"] },
    Command { id: "loans.reply", word: "loans.cmd-reply", keys: &["a"] },
    Command { id: "loans.mark", word: "loans.cmd-mark", keys: &["m"] },
    Command { id: "loans.transfer", word: "loans.cmd-transfer", keys: &["t"] },
    Command { id: "loans.settle", word: "loans.cmd-settle", keys: &["s"] },
    Command { id: "loans.unmark", word: "loans.cmd-unmark", keys: &["u"] },
    Command { id: "loans.note", word: "loans.cmd-note", keys: &["n"] },
];

/// Where one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Queue,
    Ledger,
    Find,
    Loan,
    Form(Step),
}

/// The loan that is looked at.
enum Loan {
    /// It has a dossier.
    Opened(Box<Opened>),
    /// A certificate that nobody has replied to: what the queue and the journals say of it.
    Certificate { number: CertificateNumber, line: Option<Box<LoanLine>>, summary: Option<Box<CertificateSummary>>, detail: Detail },
}

/// See the module.
pub struct Loans {
    place: Place,
    /// The table that Esc leads back to.
    under: Place,
    queue: Pages,
    waiting: List<Waiting>,
    ledger: Pages,
    booked: List<Booked>,
    loan: Option<Loan>,
    form: Form,
    about: Option<About>,
    /// What would be sent once it is meant.
    ready: Option<Box<Act>>,
    /// Since when it is on its way: nothing is sent twice.
    sending: Option<Moment>,
    centres: Vec<(String, Shown)>,
    /// The loan was opened from another view: Esc leads back there.
    alone: bool,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Loans {
        place: Place::Queue,
        under: Place::Queue,
        queue: Pages::new(QUEUE, Which::Queue),
        waiting: List::new(QUEUE_COLUMNS),
        ledger: Pages::new(LEDGER, Which::Ledger),
        booked: List::new(LEDGER_COLUMNS),
        loan: None,
        form: Form::default(),
        about: None,
        ready: None,
        sending: None,
        centres: Vec::new(),
        alone: false,
    })
}

/// What was typed would be lost.
fn leave_question(words: Words) -> Danger {
    Danger {
        title: words.say("leave.title"),
        object: words.say("leave.object"),
        effect: vec![words.say("leave.effect")],
        yes: words.say("leave.yes"),
        typed: None,
    }
}

impl Loans {
    /// Back to the table, whatever was open.
    fn close_loan(&mut self) {
        (self.place, self.loan, self.about, self.ready, self.alone) = (self.under, None, None, None, false);
    }

    fn open_line(&mut self, cx: &Cx<'_>, line: &LoanLine) -> Vec<Action> {
        match (&line.dossier, CertificateNumber::new(&line.certificate)) {
            (Some(dossier), _) => self.open_named(cx, DossierName::Dossier(dossier.clone())),
            (None, Ok(number)) => self.open_certificate(cx, number, Some(Box::new(line.clone()))),
            (None, Err(_)) => Vec::new(),
        }
    }

    fn open_named(&mut self, cx: &Cx<'_>, name: DossierName) -> Vec<Action> {
        let mut opened = Opened::new(SHOW, name);
        let ask = opened.ask(cx);
        (self.place, self.loan) = (Place::Loan, Some(Loan::Opened(Box::new(opened))));
        vec![ask]
    }

    fn open_certificate(&mut self, cx: &Cx<'_>, number: CertificateNumber, line: Option<Box<LoanLine>>) -> Vec<Action> {
        let ask = Action::ask(CERTIFICATE, Request::CertificateShow { number: number.clone() });
        (self.place, self.loan) = (Place::Loan, Some(Loan::Certificate { number, line, summary: None, detail: Detail::default() }));
        self.lay_certificate(cx);
        vec![ask]
    }

    /// Lays out what is known of a certificate that waits for a reply.
    fn lay_certificate(&mut self, cx: &Cx<'_>) {
        let Some(Loan::Certificate { number, line, summary, detail }) = &mut self.loan else { return };
        let words = cx.words;
        let field = |key: &str, value: Shown| Line::field(words.say(key), value);
        let mut lines = vec![Line::Group(words.say("loans.no-reply-yet")), field("query.certificate", Shown::of(&*number))];
        if let Some(line) = line {
            let (tone, value) = state(words, line.state);
            lines.push(Line::Field { label: words.say("dossiers.state"), value, tone });
            if let Some(task) = &line.task {
                let (tone, left) = rows::due(words, task, cx.now);
                let value = Shown::join([&Shown::of(task.until), &left], "  ");
                lines.push(Line::Field { label: words.say("loans.column-until"), value, tone });
            }
        }
        if let Some(summary) = summary {
            lines.push(field("query.issuer", Shown::of(&summary.issuer)));
            lines.push(field("query.addressee", summary.addressee.as_ref().map_or_else(|| words.say("query.anybody"), Shown::of)));
            lines.push(field("query.issued", Shown::new(&summary.issued.legal_text())));
            lines.push(field("query.until", Shown::new(&summary.expires.legal_text())));
            if let Some(ended) = &summary.ended {
                let value = Shown::join([&Shown::new(&ended.at.legal_text()), &words.code("reason", &ended.reason)], "  ");
                lines.push(Line::Field { label: words.say("loans.ended"), value, tone: Tone::Bad });
            }
        }
        lines.push(Line::Blank);
        lines.push(Line::Text(Tone::Dim, words.say("loans.reply-hint")));
        detail.set(lines);
    }

    /// Which loan the next step is about.
    fn about(&self) -> Option<About> {
        match self.loan.as_ref()? {
            Loan::Certificate { number, .. } => {
                let others = Shown::of(number.centre());
                Some(About { dossier: None, certificate: Some(number.clone()), others })
            }
            Loan::Opened(opened) => {
                let view = opened.view()?;
                let certificate = view.about.as_deref().and_then(|about| CertificateNumber::new(about).ok());
                let centres: Vec<Shown> = view.parties.iter().map(|party| Shown::of(&party.centre)).collect();
                Some(About { dossier: Some(opened.name()), certificate, others: Shown::join(&centres, " ") })
            }
        }
    }

    fn begin(&mut self, cx: &Cx<'_>, step: Step) -> Vec<Action> {
        if !COUNTER.contains(&cx.who.role) {
            return vec![Action::Toast(Tone::Warn, cx.words.say("loans.only-reads"))];
        }
        let about = self.about().filter(|about| step == Step::Reply || about.dossier.is_some());
        let Some(about) = about else { return vec![Action::Toast(Tone::Dim, cx.words.say("frame.not-here"))] };
        self.form = step.form(cx, &self.centres);
        (self.place, self.about, self.ready) = (Place::Form(step), Some(about), None);
        if step == Step::Transfer && self.centres.is_empty() { vec![Action::ask(CENTRES, Request::Status)] } else { Vec::new() }
    }

    fn own(&mut self, cx: &Cx<'_>, command: &str) -> Vec<Action> {
        match (command, Step::of(command)) {
            ("loans.ledger", _) => {
                let to = if self.under == Place::Ledger { Place::Queue } else { Place::Ledger };
                self.under = to;
                self.close_loan();
                // Reading is recorded: what is here is not read again unless it is asked for.
                if to == Place::Ledger && self.ledger.age(cx.at).is_none() { self.ledger.ask(cx) } else { Vec::new() }
            }
            ("loans.find", _) => {
                let number = Field::required("number", cx.words.say("loans.number"), Kind::Text(NAME_MAX_CHARS)).checked(name_fits);
                (self.form, self.place) = (Form::new(vec![number]), Place::Find);
                Vec::new()
            }
            (_, Some(step)) if self.place == Place::Loan => self.begin(cx, step),
            _ => vec![Action::Toast(Tone::Dim, cx.words.say("frame.not-here"))],
        }
    }

    fn reload(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        match (self.place, &mut self.loan) {
            (Place::Queue, _) => self.queue.ask(cx),
            (Place::Ledger, _) => self.ledger.ask(cx),
            (Place::Loan, Some(Loan::Opened(opened))) => vec![opened.ask(cx)],
            (Place::Loan, Some(Loan::Certificate { number, .. })) => {
                vec![Action::ask(CERTIFICATE, Request::CertificateShow { number: number.clone() })]
            }
            (Place::Loan | Place::Find | Place::Form(_), _) => Vec::new(),
        }
    }

    fn back(&mut self, cx: &Cx<'_>) -> Reaction {
        match self.place {
            Place::Queue => return Reaction::Pass,
            Place::Ledger => self.under = Place::Queue,
            Place::Loan if self.alone => {
                self.close_loan();
                return Reaction::Pass;
            }
            Place::Find | Place::Loan => {}
            Place::Form(_) if self.sending.is_some() => return Reaction::Pass,
            Place::Form(_) if self.form.dirty() => {
                return Reaction::one(Action::Confirm(LEAVE, Box::new(leave_question(cx.words))));
            }
            Place::Form(_) => {
                self.place = Place::Loan;
                return Reaction::done();
            }
        }
        self.close_loan();
        Reaction::done()
    }

    fn on_form(&mut self, cx: &Cx<'_>, cmd: &Cmd, step: Step) -> Reaction {
        match self.form.on(cx.words, cmd) {
            FormEvent::Pass => Reaction::Pass,
            FormEvent::Handled => Reaction::done(),
            FormEvent::Submit => {
                let Some(about) = &self.about else { return Reaction::done() };
                match step.act(&self.form, about) {
                    Ok(act) => {
                        let danger = step.danger(cx.words, about, &act);
                        self.ready = Some(Box::new(Act::Dossier(Box::new(act))));
                        Reaction::one(Action::Confirm(STEP, Box::new(danger)))
                    }
                    Err((field, why)) => {
                        self.form.refuse(field, cx.words.find(why).unwrap_or_default());
                        Reaction::done()
                    }
                }
            }
        }
    }

    fn on_find(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match self.form.on(cx.words, cmd) {
            FormEvent::Pass => Reaction::Pass,
            FormEvent::Handled => Reaction::done(),
            FormEvent::Submit => {
                let name = self.form.value("number").parse().ok();
                Reaction::Do(name.map(|name| self.open_named(cx, name)).unwrap_or_default())
            }
        }
    }

    /// It is meant: sent once.
    fn send(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(act) = self.ready.take().filter(|_| self.sending.is_none()) else { return Vec::new() };
        self.sending = Some(cx.at);
        vec![Action::Act(STEP, act)]
    }

    fn sent(&mut self, cx: &Cx<'_>, event: DeskEvent) -> Vec<Action> {
        self.sending = None;
        let DeskEvent::Dossier(view) = event else { return self.not_sent(cx, Trouble::failed("peer-garbled")) };
        let mut opened = Opened::new(SHOW, DossierName::Dossier(view.dossier.clone()));
        opened.came(cx, view);
        let done = match self.place {
            Place::Form(step) => cx.words.fill("loans.done", &[("step", step.word(cx.words).as_str())]),
            Place::Queue | Place::Ledger | Place::Find | Place::Loan => Shown::default(),
        };
        (self.place, self.loan, self.about, self.form) = (Place::Loan, Some(Loan::Opened(Box::new(opened))), None, Form::default());
        // What waits has changed with it.
        let mut actions = self.queue.ask(cx);
        actions.push(Action::Toast(Tone::Good, done));
        actions
    }

    fn not_sent(&mut self, cx: &Cx<'_>, trouble: Trouble) -> Vec<Action> {
        self.sending = None;
        let mut actions = Vec::new();
        if trouble.kind == TroubleKind::Refused {
            self.refuse_beside(cx, &trouble);
        } else if let Some(Loan::Opened(opened)) = &mut self.loan {
            // It may have been done: what stands there is read before anybody tries again.
            actions.push(opened.ask(cx));
        }
        actions.push(Action::Trouble(trouble));
        actions
    }

    /// Puts a refusal beside the field that it is about.
    fn refuse_beside(&mut self, cx: &Cx<'_>, trouble: &Trouble) {
        let Some((_, detail)) = trouble.values.iter().find(|(name, _)| name == "refusal_detail") else { return };
        let named = detail.split([',', ' ']).next().and_then(|field| field.rsplit('.').next()).unwrap_or_default();
        const FIELDS: [&str; 11] =
            ["decision", "amount", "term", "from", "to", "method", "monthly", "business_no", "reason", "clerk", "phone"];
        if let Some(field) = FIELDS.into_iter().find(|field| *field == named) {
            self.form.refuse(field, cx.words.code("refusal", &format!("{}.what", trouble.code)));
        }
    }

    fn came(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match tag {
            QUEUE => {
                let (actions, lines) = self.queue.told(told);
                if let Some(mut lines) = lines {
                    let own = &cx.who.centre;
                    lines.sort_by_cached_key(|line| rows::order(line, own));
                    self.waiting.set(lines.into_iter().map(|line| Waiting { line, own: own.clone() }).collect());
                }
                actions
            }
            LEDGER => {
                let (actions, lines) = self.ledger.told(told);
                if let Some(lines) = lines {
                    self.booked.set(lines.into_iter().map(Booked).collect());
                }
                actions
            }
            SHOW => {
                if let Some(Loan::Opened(opened)) = &mut self.loan {
                    opened.told(cx, told);
                }
                Vec::new()
            }
            CERTIFICATE => {
                if let (Told::Answer(event), Some(Loan::Certificate { number, summary, .. })) = (told, &mut self.loan)
                    && let DeskEvent::CertificateShow { certificate, .. } = *event
                    && certificate.number == *number
                {
                    *summary = Some(Box::new(certificate));
                    self.lay_certificate(cx);
                }
                Vec::new()
            }
            CENTRES => {
                if let Told::Answer(event) = told
                    && let DeskEvent::Status(status) = *event
                {
                    let others = status.journals.iter().filter(|journal| journal.centre != status.centre);
                    self.centres = others.map(|j| (j.centre.to_string(), Shown::new(&format!("{} {}", j.centre, j.name)))).collect();
                    if self.place == Place::Form(Step::Transfer) && self.sending.is_none() && !self.form.dirty() {
                        self.form = Step::Transfer.form(cx, &self.centres);
                    }
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}

/// A dossier or a certificate.
fn name_fits(text: &str) -> Option<&'static str> {
    text.parse::<DossierName>().is_err().then_some("loans.number-wrong")
}
