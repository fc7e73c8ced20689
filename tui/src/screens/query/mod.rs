//! 查询: a grant is pasted or read from a file, what it says is shown, the peer reads and verifies what it allows, and the fields stand
//! with the three answers, and with what the lists say, for the screen, for paper and as evidence.

mod answer;
mod draw;
mod grant;
mod paper;
mod stages;

use anju_core::desk::{Act, Applicant, Event as DeskEvent, LookupAnswer, MAX_CODE_BYTES};
use anju_core::names::RequestId;

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
use stages::Stages;

const ASK: Tag = "ask";
const READ: Tag = "read";
const LOOK: Tag = "look";
const REVEAL: Tag = "reveal";
const WRITE: Tag = "write";
/// The evidence holds every number whole: writing it is revealing, for a reason that is recorded first.
const EVIDENCE: Tag = "evidence";

/// What only this view does.
pub const COMMANDS: &[Command] = &[
    Command { id: "query.new", word: "query.cmd-new", keys: &["n"] },
    Command { id: "query.lookup", word: "query.cmd-lookup", keys: &["b"] },
];

/// Longest business number the peer takes, in bytes.
const BUSINESS_MAX_BYTES: usize = anju_core::grant::access::MAX_BUSINESS_NO_BYTES;
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
}

/// What was asked last: the same again goes under the same id and costs no further use of the grant.
struct Asked {
    grant: String,
    business_no: String,
    matter: String,
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
    got: Option<Got>,
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
        got: None,
        list: Load::default(),
        veil: Veil::default(),
        all: Detail::default(),
        said: Detail::default(),
        fields: Detail::default(),
        lookup: none(),
        export: none(),
        evidence_to: None,
    })
}

fn business_fits(text: &str) -> Option<&'static str> {
    (text.len() > BUSINESS_MAX_BYTES).then_some("query.too-long")
}

fn code_fits(text: &str) -> Option<&'static str> {
    (text.len() > MAX_CODE_BYTES).then_some("query.too-long")
}

impl Query {
    /// From the beginning.
    fn start(&mut self, words: Words) {
        let grant = Field::optional("grant", words.say("query.entry-grant"), Kind::Text(TEXT_MAX_BYTES));
        let path = Field::optional("path", words.say("query.entry-path"), Kind::Path);
        self.entry = Form::new(vec![grant, path]);
        (self.step, self.held, self.got, self.asked, self.trouble) = (Step::Grant, None, None, None, None);
        (self.stages, self.list, self.veil, self.evidence_to) = (Stages::default(), Load::default(), Veil::default(), None);
    }

    fn take(&mut self, cx: &Cx<'_>, text: &str) -> Vec<Action> {
        match Held::read(text) {
            Ok(held) => {
                self.start(cx.words);
                let business = Field::required("business", cx.words.say("query.business"), Kind::Text(BUSINESS_MAX_BYTES));
                let matter = Field::optional("matter", cx.words.say("query.matter-at-hand"), Kind::Text(MAX_CODE_BYTES));
                self.form = Form::new(vec![business.checked(business_fits), matter.checked(code_fits)]);
                self.says = Detail::new(held.lines(cx));
                (self.held, self.step) = (Some(held), Step::Ask);
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
        Vec::new()
    }

    fn on_entry(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
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
            return Reaction::of(self.says.on(&Cmd::Move(*step), draw::says_area(cx.body)));
        }
        if self.running {
            return Reaction::of(self.says.on(cmd, draw::says_area(cx.body)));
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
        let (grant, business_no, matter) = (held.text.clone(), self.form.value("business"), self.form.value("matter"));
        let same = |asked: &&Asked| asked.grant == grant && asked.business_no == business_no && asked.matter == matter;
        let request = self.asked.as_ref().filter(same).map_or(cx.fresh, |asked| asked.request);
        let ask = Act::Query {
            grant: grant.clone(),
            business_no: business_no.clone(),
            matter: (!matter.is_empty()).then(|| matter.clone()),
            request,
        };
        self.asked = Some(Asked { grant, business_no, matter, request, since: cx.at });
        (self.running, self.stages, self.trouble) = (true, Stages::asked(), None);
        vec![Action::act(ASK, ask)]
    }

    fn answered(&mut self, cx: &Cx<'_>, event: DeskEvent) {
        self.running = false;
        let (DeskEvent::Answer(answer), Some(asked)) = (event, &self.asked) else {
            return self.failed(Trouble::failed("peer-garbled"));
        };
        self.stages.finish();
        let elapsed_ms = cx.at.saturating_sub(asked.since);
        self.got = Some(Got { answer, business_no: asked.business_no.clone(), request: asked.request, elapsed_ms });
        // A reason was given for what stood here before, and that is not written any more.
        (self.list, self.veil, self.step, self.evidence_to) = (Load::default(), Veil::default(), Step::Answer, None);
        (self.all, self.said, self.fields) = Default::default();
        self.refresh(cx);
    }

    fn failed(&mut self, trouble: Trouble) {
        // A refusal is kept under its id and would come again; what failed may have been done, and is asked for under the same id.
        if trouble.kind == TroubleKind::Refused {
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
                let (one, area) = draw::fields_area(cx.body);
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
        let Some(got) = &self.got else { return Vec::new() };
        if self.applicant().is_none() {
            return vec![Action::Go("blacklist", Some(Target::Part("lookup")))];
        }
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
        let Some(got) = &self.got else { return };
        let words = cx.words;
        let kinds = ["html", "json"].map(|code| (code.to_owned(), words.code("query.export", code)));
        let kind = Field::required("kind", words.say("query.export-kind"), Kind::Choice(kinds.to_vec()));
        let path = Field::optional("path", words.say("query.export-path"), Kind::Path);
        self.export = Form::new(vec![kind, path]);
        self.export.set("path", got.answer.certificate.number.as_str());
        self.step = Step::Export;
    }

    fn on_export(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Back {
            self.step = Step::Answer;
            return Reaction::done();
        }
        match (self.export.on(cx.words, cmd), &self.got) {
            (FormEvent::Submit, Some(got)) => {
                let (kind, path) = (self.export.value("kind"), self.export.value("path"));
                let ending = format!(".{kind}");
                let out = if path.ends_with(&ending) { path } else { path + &ending };
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
