//! 查询: a grant is pasted, read from a file or picked up by its code, what it says is shown, and the peer does what it allows. It reads and
//! verifies, and the fields stand with the three answers, and with what the lists say, for the screen, for paper and as evidence; or it
//! asks the issuer whether stated values match or what a rule comes to, and what was attested is shown.

mod answer;
mod draw;
mod grant;
mod issuer;
mod outbox;
mod paper;
mod stages;

use anju_core::desk::{Act, Applicant, Event as DeskEvent, LookupAnswer, MAX_CODE_BYTES, Request};
use anju_core::grant::Mode;
use anju_core::interact::Wanted;
use anju_core::names::RequestId;
use anju_core::window::{LastFour, PickupCode};

use crate::cmd::{Cmd, Command, Edit, Move};
use crate::dialog::Reason;
use crate::door::{Outcome, Trouble, TroubleKind, Work};
use crate::screen::{Action, Cx, Moment, Reaction, Screen, Tag, Target, Told, Veil};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::Claims;
use crate::widgets::detail::Detail;
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::state::Load;
use crate::words::Words;
use answer::Got;
use grant::{Held, TEXT_MAX_BYTES};
use issuer::Attested;
use outbox::{DARK, DROP, LEAVE, OUTBOX, Outbox, SHOWN};
use stages::Stages;

const ASK: Tag = "ask";
const READ: Tag = "read";
const LOOK: Tag = "look";
const REVEAL: Tag = "reveal";
const WRITE: Tag = "write";
const PICK: Tag = "pick";
const MATTER: Tag = "matter";
/// The evidence holds every number whole: writing it is revealing, for a reason that is recorded first.
const EVIDENCE: Tag = "evidence";

/// What only this view does.
pub const COMMANDS: &[Command] = &[
    Command { id: "query.new", word: "query.cmd-new", keys: &["n"] },
    Command { id: "query.lookup", word: "query.cmd-lookup", keys: &["b"] },
    Command { id: "query.outbox", word: "query.cmd-outbox", keys: &["f6", "o"] },
    Command { id: "query.leave", word: "query.cmd-leave", keys: &["f7"] },
    Command { id: "query.drop", word: "query.cmd-drop", keys: &["x"] },
];

/// Longest business number the peer takes, in bytes.
const BUSINESS_MAX_BYTES: usize = anju_core::grant::access::MAX_BUSINESS_NO_BYTES;
/// Longest code and last characters that are typed, in characters: with spaces and hyphens between.
const CODE_MAX_CHARS: usize = 16;
const LAST_FOUR_CHARS: usize = 4;
/// The legal basis of a lookup unless another is typed: the duty that the list is kept for.
const LEGAL_BASIS: &str = "statutory-duty";
/// Items of JGJ/T 320-2014 that a lookup needs: type and number of a document.
const DOCUMENT_TYPE: &str = "ZJLX";
/// See [`DOCUMENT_TYPE`].
const DOCUMENT_NO: &str = "ZJHM";

/// Where one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The grant is pasted or a file named.
    Grant,
    /// What it says, and what the query needs beside it.
    Ask,
    /// The answer.
    Answer,
    /// For which matter the lists are asked.
    Lookup,
    /// What is written to which file.
    Export,
    /// Questions that were left with the peer.
    Outbox,
}

/// What was asked last: the same again goes under the same id and costs no further use of the grant.
struct Asked {
    grant: String,
    business_no: String,
    matter: String,
    /// Nothing for a reading of the fields.
    wanted: Option<Wanted>,
    request: RequestId,
    since: Moment,
}

/// See the module.
pub struct Query {
    step: Step,
    entry: Form,
    held: Option<Held>,
    says: Detail,
    form: Form,
    asked: Option<Asked>,
    running: bool,
    stages: Stages,
    trouble: Option<Trouble>,
    /// Since when a grant is being picked up.
    picking: Option<Moment>,
    /// Rules of our matter, for the choice.
    rules: Vec<(String, Shown)>,
    got: Option<Got>,
    attested: Option<Attested>,
    list: Load<Box<LookupAnswer>>,
    veil: Veil,
    /// Everything in one column, and the same in two.
    all: Detail,
    said: Detail,
    fields: Detail,
    lookup: Form,
    export: Form,
    /// Where the evidence goes once the reason for it is recorded.
    evidence_to: Option<String>,
    outbox: Outbox,
    /// Where Esc leads from the outbox.
    under: Step,
    /// A question is being left.
    leaving: bool,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    let none = || Form::new(Vec::new());
    Box::new(Query {
        step: Step::Grant,
        entry: none(),
        held: None,
        says: Detail::default(),
        form: none(),
        asked: None,
        running: false,
        stages: Stages::default(),
        trouble: None,
        picking: None,
        rules: Vec::new(),
        got: None,
        attested: None,
        list: Load::default(),
        veil: Veil::default(),
        all: Detail::default(),
        said: Detail::default(),
        fields: Detail::default(),
        lookup: none(),
        export: none(),
        evidence_to: None,
        outbox: Outbox::new(),
        under: Step::Grant,
        leaving: false,
    })
}

fn business_fits(text: &str) -> Option<&'static str> {
    (text.len() > BUSINESS_MAX_BYTES).then_some("query.too-long")
}

fn pickup_fits(text: &str) -> Option<&'static str> {
    PickupCode::parse(text).is_err().then_some("query.code-wrong")
}

fn last_four_fits(text: &str) -> Option<&'static str> {
    LastFour::parse(text).is_err().then_some("query.last-four-wrong")
}

fn code_fits(text: &str) -> Option<&'static str> {
    (text.len() > MAX_CODE_BYTES).then_some("query.too-long")
}

impl Query {
    /// From the beginning.
    fn start(&mut self, words: Words) {
        let grant = Field::optional("grant", words.say("query.entry-grant"), Kind::Text(TEXT_MAX_BYTES));
        let path = Field::optional("path", words.say("query.entry-path"), Kind::Path);
        let code = Field::optional("code", words.say("query.entry-code"), Kind::Text(CODE_MAX_CHARS)).checked(pickup_fits);
        let last_four = Field::optional("last_four", words.say("query.entry-last-four"), Kind::Identity(LAST_FOUR_CHARS));
        self.entry = Form::new(vec![grant, path, code, last_four.checked(last_four_fits)]);
        (self.step, self.held, self.got, self.asked, self.trouble) = (Step::Grant, None, None, None, None);
        (self.attested, self.picking, self.rules) = (None, None, Vec::new());
        (self.stages, self.list, self.veil, self.evidence_to) = (Stages::default(), Load::default(), Veil::default(), None);
    }

    fn take(&mut self, cx: &Cx<'_>, text: &str) -> Vec<Action> {
        match Held::read(text) {
            Ok(held) => {
                self.start(cx.words);
                self.says = Detail::new(held.lines(cx));
                self.stages = Stages::before(held.mode() != Mode::Details);
                let rules = Request::Matter { centre: None, code: held.matter().to_owned(), day: None };
                let ask = (held.mode() == Mode::Evaluate).then(|| Action::ask(MATTER, rules));
                (self.held, self.step, self.form) = (Some(held), Step::Ask, Form::default());
                self.lay_form(cx.words);
                return ask.into_iter().collect();
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
        Vec::new()
    }

    /// The form of what the grant allows; what was typed stays.
    fn lay_form(&mut self, words: Words) {
        let Some(held) = &self.held else { return };
        let typed = ["business", "matter"].map(|id| (id, self.form.value(id)));
        let business = Field::required("business", words.say("query.business"), Kind::Text(BUSINESS_MAX_BYTES));
        let matter = Field::optional("matter", words.say("query.matter-at-hand"), Kind::Text(MAX_CODE_BYTES));
        let mut fields = vec![business.checked(business_fits), matter.checked(code_fits)];
        fields.extend(issuer::fields(words, held, &self.rules));
        self.form = Form::new(fields);
        typed.iter().for_each(|(id, value)| self.form.set(id, value));
    }

    /// Has the peer take a grant that waits under a code.
    fn pick_up(&mut self, cx: &Cx<'_>) -> Reaction {
        let (code, last_four) = (self.entry.value("code"), self.entry.value("last_four"));
        for (id, value) in [("code", &code), ("last_four", &last_four)] {
            if value.is_empty() {
                self.entry.refuse(id, cx.words.say("form.required"));
                return Reaction::done();
            }
        }
        self.picking = Some(cx.at);
        Reaction::one(Action::act(PICK, Act::PickUp { code, last_four }))
    }

    /// The grant came, or something that is none.
    fn picked_up(&mut self, cx: &Cx<'_>, event: DeskEvent) -> Vec<Action> {
        self.picking = None;
        match event {
            DeskEvent::PickedUp { grant, .. } => self.take(cx, &grant),
            _ => {
                self.trouble = Some(Trouble::failed("peer-garbled"));
                Vec::new()
            }
        }
    }

    fn on_entry(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.picking.is_some() {
            return Reaction::of(*cmd != Cmd::Interrupt && *cmd != Cmd::Back);
        }
        // A whole grant that is pasted is taken at once, wherever the cursor stands.
        if let Cmd::Edit(Edit::Paste(text)) = cmd
            && Held::read(text).is_ok()
        {
            return Reaction::Do(self.take(cx, text));
        }
        match self.entry.on(cx.words, cmd) {
            FormEvent::Pass => return Reaction::Pass,
            FormEvent::Handled => {}
            FormEvent::Submit => {
                self.trouble = None;
                let (text, path) = (self.entry.value("grant"), self.entry.value("path"));
                if !text.is_empty() {
                    return Reaction::Do(self.take(cx, &text));
                }
                if !path.is_empty() {
                    let work = Work::ReadText { file: path.into(), max_bytes: TEXT_MAX_BYTES as u64 };
                    return Reaction::one(Action::Work(READ, work));
                }
                if !self.entry.value("code").is_empty() || !self.entry.value("last_four").is_empty() {
                    return self.pick_up(cx);
                }
                self.entry.refuse("grant", cx.words.say("query.entry-nothing"));
            }
        }
        Reaction::done()
    }

    fn on_ask(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Back {
            if !self.running {
                self.step = Step::Grant;
            }
            return Reaction::of(!self.running);
        }
        if let Cmd::Edit(Edit::Cursor(step @ (Move::PageUp | Move::PageDown))) = cmd {
            let area = self.says_area(cx.body);
            return Reaction::of(self.says.on(&Cmd::Move(*step), area));
        }
        if self.running {
            let area = self.says_area(cx.body);
            return Reaction::of(self.says.on(cmd, area));
        }
        if matches!(cmd, Cmd::Edit(_) | Cmd::Next | Cmd::Previous) {
            // Whoever types on has read what went wrong.
            self.trouble = None;
        }
        match self.form.on(cx.words, cmd) {
            FormEvent::Submit => Reaction::Do(self.ask(cx)),
            FormEvent::Handled => Reaction::done(),
            FormEvent::Pass => Reaction::Pass,
        }
    }

    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(held) = &self.held else { return Vec::new() };
        let wanted = match issuer::wanted(held, &self.form) {
            Ok(wanted) => wanted,
            Err(field) => {
                self.form.refuse(field, cx.words.say("query.state-one"));
                return Vec::new();
            }
        };
        let (grant, business_no, matter) = (held.text.clone(), self.form.value("business"), self.form.value("matter"));
        let same = |a: &&Asked| a.grant == grant && a.business_no == business_no && a.matter == matter && a.wanted == wanted;
        let request = self.asked.as_ref().filter(same).map_or(cx.fresh, |asked| asked.request);
        let at_hand = (!matter.is_empty()).then(|| matter.clone());
        let (stages, act) = match wanted.clone() {
            None => (Stages::asked(), Act::Query { grant: grant.clone(), business_no: business_no.clone(), matter: at_hand, request }),
            Some(wanted) => {
                let act = Act::Ask { grant: grant.clone(), business_no: business_no.clone(), matter: at_hand, wanted, request };
                (Stages::issuer_asked(), act)
            }
        };
        self.asked = Some(Asked { grant, business_no, matter, wanted, request, since: cx.at });
        (self.running, self.stages, self.trouble) = (true, stages, None);
        vec![Action::act(ASK, act)]
    }

    fn answered(&mut self, cx: &Cx<'_>, event: DeskEvent) {
        self.running = false;
        let Some(asked) = &self.asked else { return };
        let (elapsed_ms, business_no, request) = (cx.at.saturating_sub(asked.since), asked.business_no.clone(), asked.request);
        match (event, &asked.wanted) {
            (DeskEvent::Answer(answer), None) => {
                (self.got, self.attested) = (Some(Got { answer, business_no, request, elapsed_ms }), None);
            }
            (DeskEvent::Attested(answer), Some(wanted)) => {
                let title = match wanted {
                    Wanted::Evaluate { rule } => self.rules.iter().find(|(name, _)| name == rule).map(|(_, title)| title.clone()),
                    Wanted::Status | Wanted::Check { .. } => None,
                };
                let attested = Attested { answer, wanted: wanted.clone(), title, business_no, request, elapsed_ms };
                (self.got, self.attested) = (None, Some(attested));
            }
            _ => return self.failed(Trouble::failed("peer-garbled")),
        }
        self.stages.finish();
        // A reason was given for what stood here before, and that is not written any more.
        (self.list, self.veil, self.step, self.evidence_to) = (Load::default(), Veil::default(), Step::Answer, None);
        (self.all, self.said, self.fields) = Default::default();
        self.refresh(cx);
    }

    fn failed(&mut self, trouble: Trouble) {
        // A refusal is kept under its id and would come again; what failed may have been done, and is asked for under the same id. So is
        // what a dark issuer may have heard.
        if trouble.kind == TroubleKind::Refused && trouble.code != DARK {
            self.asked = None;
        }
        self.running = false;
        self.stages.stop();
        self.trouble = Some(trouble);
    }

    fn claims(&self, plain: bool) -> Option<Claims<'_>> {
        self.got.as_ref().map(|got| Claims::new(&got.answer.certificate.kind, &got.answer.fields, plain))
    }

    /// Lays the answer out anew.
    fn refresh(&mut self, cx: &Cx<'_>) {
        if let Some(attested) = &self.attested {
            return self.all.set(issuer::lines(cx.words, attested));
        }
        let (Some(got), Some(claims)) = (&self.got, self.claims(self.veil.is_lifted(cx.at))) else { return };
        let mut said = answer::said(cx.words, got, self.list.get().map(|answer| &**answer));
        let (fields, certificate) = (claims.lines(cx.words), answer::certificate(cx.words, got));
        // In one column the fields come before what everybody can know.
        let mut all = said.clone();
        all.extend(fields.iter().cloned());
        all.push(crate::widgets::detail::Line::Blank);
        all.extend(certificate.iter().cloned());
        said.extend(certificate);
        self.all.set(all);
        self.said.set(said);
        self.fields.set(fields);
    }

    fn on_answer(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match cmd {
            Cmd::Back => self.step = Step::Ask,
            Cmd::Own("query.new") => self.start(cx.words),
            Cmd::Own("query.lookup") => return Reaction::Do(self.open_lookup(cx)),
            Cmd::Reveal => return Reaction::Do(self.reveal(cx)),
            Cmd::Export => self.open_export(cx),
            _ => {
                let (one, area) = self.fields_area(cx.body);
                return Reaction::of(if one { self.all.on(cmd, area) } else { self.fields.on(cmd, area) });
            }
        }
        Reaction::done()
    }

    fn reveal(&self, cx: &Cx<'_>) -> Vec<Action> {
        if !self.claims(false).is_some_and(|claims| claims.hides_some()) {
            return vec![Action::Toast(Tone::Dim, cx.words.say("query.nothing-hidden"))];
        }
        let reason = Reason { title: cx.words.say("query.reveal-title"), effect: vec![cx.words.say("query.reveal-effect")] };
        vec![Action::Reason(REVEAL, Box::new(reason))]
    }

    fn open_lookup(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(got) = self.got.as_ref().filter(|_| self.applicant().is_some()) else {
            return vec![Action::Go("blacklist", Some(Target::Part("lookup")))];
        };
        let matter = Field::required("matter", cx.words.say("query.matter"), Kind::Text(MAX_CODE_BYTES)).checked(code_fits);
        let basis = Field::required("basis", cx.words.say("query.basis"), Kind::Text(MAX_CODE_BYTES)).checked(code_fits);
        self.lookup = Form::new(vec![matter, basis]);
        self.lookup.set("matter", &got.answer.authorised.matter);
        self.lookup.set("basis", LEGAL_BASIS);
        self.step = Step::Lookup;
        Vec::new()
    }

    /// Whom the certificate is about, if the grant released that.
    fn applicant(&self) -> Option<Applicant> {
        let (got, claims) = (self.got.as_ref()?, self.claims(false)?);
        let (document_type, document_no) = (claims.standard(DOCUMENT_TYPE)?.to_owned(), claims.standard(DOCUMENT_NO)?.to_owned());
        Some(Applicant { row: 0, document_type, document_no, business_no: got.business_no.clone() })
    }

    fn on_lookup(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Back {
            self.step = Step::Answer;
            return Reaction::done();
        }
        match (self.lookup.on(cx.words, cmd), self.applicant()) {
            (FormEvent::Submit, Some(applicant)) => {
                let (matter, legal_basis) = (self.lookup.value("matter"), self.lookup.value("basis"));
                self.list.ask(cx.at);
                self.step = Step::Answer;
                Reaction::one(Action::act(LOOK, Act::Lookup { applicant, matter, legal_basis }))
            }
            (FormEvent::Submit | FormEvent::Handled, _) => Reaction::done(),
            (FormEvent::Pass, _) => Reaction::Pass,
        }
    }

    fn open_export(&mut self, cx: &Cx<'_>) {
        let (number, codes) = match (&self.got, &self.attested) {
            (Some(got), _) => (&got.answer.certificate.number, &["html", "json"][..]),
            (None, Some(attested)) => (&attested.answer.attestation.number, &["attested"][..]),
            (None, None) => return,
        };
        let words = cx.words;
        let kinds = codes.iter().map(|code| ((*code).to_owned(), words.code("query.export", code)));
        let kind = Field::required("kind", words.say("query.export-kind"), Kind::Choice(kinds.collect()));
        let path = Field::optional("path", words.say("query.export-path"), Kind::Path);
        self.export = Form::new(vec![kind, path]);
        self.export.set("path", number.as_str());
        self.step = Step::Export;
    }

    fn on_export(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Back {
            self.step = Step::Answer;
            return Reaction::done();
        }
        let event = self.export.on(cx.words, cmd);
        let (kind, path) = (self.export.value("kind"), self.export.value("path"));
        let ending = if kind == "html" { ".html" } else { ".json" };
        let out = if path.ends_with(ending) { path } else { path + ending };
        if let (FormEvent::Submit, Some(attested)) = (event, &self.attested) {
            self.step = Step::Answer;
            return Reaction::one(Action::Work(WRITE, Work::WriteText { out: out.into(), text: issuer::evidence(attested) }));
        }
        match (event, &self.got) {
            (FormEvent::Submit, Some(got)) => {
                self.step = Step::Answer;
                if kind == "json" {
                    self.evidence_to = Some(out);
                    let (title, effect) = (cx.words.say("query.evidence-title"), vec![cx.words.say("query.evidence-effect")]);
                    return Reaction::one(Action::Reason(EVIDENCE, Box::new(Reason { title, effect })));
                }
                let text = paper::html(cx, got, self.list.get().map(|answer| &**answer));
                Reaction::one(Action::Work(WRITE, Work::WriteText { out: out.into(), text }))
            }
            (FormEvent::Submit | FormEvent::Handled, _) => Reaction::done(),
            (FormEvent::Pass, _) => Reaction::Pass,
        }
    }

    /// The reason was recorded: the evidence is written.
    fn evidence(&mut self) -> Vec<Action> {
        let (Some(out), Some(got)) = (self.evidence_to.take(), &self.got) else { return Vec::new() };
        vec![Action::Work(WRITE, Work::WriteText { out: out.into(), text: paper::evidence(got) })]
    }

    fn came(&mut self, cx: &Cx<'_>, tag: Tag, event: DeskEvent) {
        match (tag, event) {
            (LOOK, DeskEvent::Lookup(answer)) => {
                self.list.came(answer);
                self.refresh(cx);
            }
            (REVEAL, DeskEvent::Done) => {
                self.veil = Veil::lifted(cx.at);
                self.refresh(cx);
            }
            (ASK, event) => self.answered(cx, event),
            (MATTER, DeskEvent::Matter(view)) if self.step == Step::Ask && !self.running => {
                self.rules = issuer::rules(cx.words, &view);
                self.lay_form(cx.words);
            }
            (LOOK, _) => self.list.failed(Trouble::failed("peer-garbled")),
            _ => {}
        }
    }

    fn outcome(&mut self, cx: &Cx<'_>, outcome: Outcome) -> Vec<Action> {
        match outcome {
            Outcome::Text(text) => self.take(cx, &text),
            Outcome::Written { path, .. } => {
                let text = cx.words.fill("query.written", &[("path", &path.display().to_string())]);
                vec![Action::Toast(Tone::Good, text)]
            }
            Outcome::Import(_) | Outcome::Screened(_) | Outcome::Exported { .. } | Outcome::Hash { .. } => Vec::new(),
        }
    }
}
