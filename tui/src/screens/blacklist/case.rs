//! A case of this centre's, or what can be said of somebody's listing: everything that is known, every step, and the forms of the next.

use anju_core::desk::{Act, CaseRef, CaseView, Event as DeskEvent, ExportRow};
use anju_core::listing::case::{CaseState, Deed};
use anju_core::names::Digest;
use ratatui::layout::Rect;

use super::finding::Snapshot;
use super::layout::{case_lines, listing_lines};
use super::steps::{self, Step, danger, refuse};
use super::{Common, ID as BLACKLIST, Page, leave_question, proof, propose};
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::dialog::Reason;
use crate::door::{Outcome, Trouble, Work};
use crate::screen::{Action, Cx, Moment, Reaction, Tag, Target, Told, Veil};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Detail;
use crate::widgets::form::{Form, FormEvent};
use crate::widgets::state::Load;
use crate::words::Words;

const SHOW: Tag = "case";
const REVEAL: Tag = "reveal";
const WHY: Tag = "reveal-why";
const HASH: Tag = "waiver";
const MEANT: Tag = "meant";
const STEP: Tag = "step";
const DROP: Tag = "drop";
/// What the peer says when the same person would decide twice.
const SECOND_PERSON: &str = "second-person-needed";
/// Fields of the steps' forms, for refusals that name one.
const FIELDS: &[&str] = &["reason", "day", "how", "waiver", "ground", "text", "decision"];

enum Known {
    Case(Box<CaseView>),
    Listing(Box<ExportRow>),
}

struct Doing {
    step: Step,
    form: Form,
    /// What the question before it is about.
    act: Option<Act>,
    /// It was sent, or a file of it is being read.
    waits: bool,
}

pub(super) struct CasePage {
    about: CaseRef,
    load: Load<Known>,
    detail: Detail,
    /// Name and number in plain, while they may be seen.
    plain: Option<(String, String)>,
    veil: Veil,
    doing: Option<Doing>,
    /// The peer wants another person.
    second: bool,
    before: Option<Snapshot>,
    common: Common,
}

impl CasePage {
    pub(super) fn new(about: CaseRef, common: Common) -> Self {
        Self {
            about,
            load: Load::default(),
            detail: Detail::default(),
            plain: None,
            veil: Veil::default(),
            doing: None,
            second: false,
            before: None,
            common,
        }
    }

    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.load.ask(cx.at);
        vec![Action::act(SHOW, Act::CaseShow { about: self.about.clone(), unmask: None })]
    }

    fn view(&self) -> Option<&CaseView> {
        match self.load.get()? {
            Known::Case(view) => Some(view),
            Known::Listing(_) => None,
        }
    }

    fn is_ours(&self, view: &CaseView) -> bool {
        match &self.about {
            CaseRef::Case(case) => *case == view.line.case,
            CaseRef::Listing(listing) => view.line.listing.as_ref() == Some(listing),
        }
    }

    fn came(&mut self, cx: &Cx<'_>, known: Known) {
        if let Known::Case(view) = &known {
            if !self.is_ours(view) {
                return;
            }
            let mut common = self.common.borrow_mut();
            let (case, now) = (view.line.case.to_string(), Snapshot::of(cx.words, view));
            let known = common.seen.get(&case).filter(|seen| seen.proposed < now.proposed).cloned();
            // The peer has it from what was signed; what was seen here is the next best.
            self.before = Snapshot::before(cx.words, view).or(known).or(self.before.take());
            // While it is under review, what was seen before stays known for the next look.
            if self.before.is_none() || view.line.state != CaseState::Drafted {
                common.see(case, now);
            }
        }
        self.load.came(known);
        self.lay_out(cx);
    }

    fn lay_out(&mut self, cx: &Cx<'_>) {
        let lines = match self.load.get() {
            Some(Known::Case(view)) => case_lines(cx, view, self.plain.as_ref(), self.before.as_ref()),
            Some(Known::Listing(row)) => listing_lines(cx.words, row),
            None => Vec::new(),
        };
        self.detail.set(lines);
    }

    fn begin(&mut self, cx: &Cx<'_>, step: Step) -> Reaction {
        let may = match self.load.get() {
            None => return Reaction::done(),
            // What may be done with another centre's listing is said when it is asked.
            Some(Known::Listing(_)) => None,
            Some(Known::Case(view)) => Some(view.may.clone()),
        };
        if may.as_ref().is_some_and(|may| !step.is_among(may)) {
            return Reaction::one(Action::Toast(Tone::Warn, cx.words.say("blacklist.not-now")));
        }
        self.doing = Some(Doing { step, form: step.form(cx, may.as_deref().unwrap_or_default()), act: None, waits: false });
        Reaction::done()
    }

    fn again(&mut self) -> Reaction {
        let Some(view) = self.view() else { return Reaction::done() };
        let mut view = view.clone();
        if let Some((name, number)) = &self.plain {
            (view.name, view.document_no) = (name.clone(), number.clone());
        } else {
            (view.name, view.document_no) = (String::new(), String::new());
        }
        self.common.borrow_mut().again = Some(Box::new(view));
        Reaction::one(Action::Go(BLACKLIST, Some(Target::Part(propose::ID))))
    }

    /// The form is right: read the waiver first if there is one, then ask whether it is meant.
    fn submitted(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let Some(doing) = &mut self.doing else { return Vec::new() };
        let waiver = doing.form.value("waiver");
        if !waiver.is_empty() {
            doing.waits = true;
            return vec![Action::Work(HASH, Work::Hash { file: waiver.into() })];
        }
        self.meant(cx, None)
    }

    fn meant(&mut self, cx: &Cx<'_>, waiver: Option<Digest>) -> Vec<Action> {
        let object = self.head(cx.words);
        let about = match self.view() {
            Some(view) => CaseRef::Case(view.line.case.clone()),
            None => self.about.clone(),
        };
        let Some(doing) = &mut self.doing else { return Vec::new() };
        doing.waits = false;
        doing.act = doing.step.act(&about, &doing.form, waiver);
        match &doing.act {
            Some(act) => vec![Action::Confirm(MEANT, Box::new(danger(cx.words, act, &about.to_string(), object)))],
            None => vec![Action::Toast(Tone::Warn, cx.words.say("blacklist.not-for-listing"))],
        }
    }

    /// The object in one line: number, listing, state, decision.
    fn head(&self, words: Words) -> Shown {
        match self.load.get() {
            Some(Known::Case(view)) => {
                let line = &view.line;
                let listing = line.listing.as_ref().map_or_else(|| words.say("blacklist.not-published"), Shown::of);
                let state = words.code("case-state", line.state.code());
                Shown::join([&Shown::of(&line.case), &listing, &state, &Shown::new(&line.decision_no)], "  ")
            }
            Some(Known::Listing(row)) => Shown::join([&Shown::of(&row.listing), &words.code("standing", row.standing.code())], "  "),
            None => Shown::of(&self.about),
        }
    }

    /// Who has to do something, and who is missing.
    fn waits(&self, cx: &Cx<'_>) -> Option<(Tone, Shown)> {
        let (words, line) = (cx.words, &self.view()?.line);
        if self.second || self.view().is_some_and(|view| view.second) {
            let role = words.code("role", line.waits_for.unwrap_or(cx.who.role).code());
            return Some((Tone::Warn, words.fill("blacklist.second-person", &[("role", role.as_str())])));
        }
        let role = match (line.waits_for, line.until) {
            (Some(role), _) => words.code("role", role.code()),
            (None, Some(until)) if until < cx.now => return Some((Tone::Plain, words.say("blacklist.time-is-over"))),
            (None, Some(_)) => words.say("blacklist.time"),
            (None, None) => return None,
        };
        let late = line.waits_for.is_some() && line.until.is_some_and(|until| until < cx.now);
        let due = line.until.map(|until| words.countdown(until.since(cx.now))).unwrap_or_default();
        let text = words.fill("blacklist.waits-for", &[("role", role.as_str())]);
        Some((if late { Tone::Bad } else { Tone::Plain }, Shown::join([&text, &due], "  ")))
    }

    fn did(&mut self, cx: &Cx<'_>, event: DeskEvent) -> Vec<Action> {
        self.doing = None;
        self.second = false;
        let toast = Action::Toast(Tone::Good, cx.words.say("blacklist.done-toast"));
        match event {
            DeskEvent::Case(view) => self.came(cx, Known::Case(view)),
            DeskEvent::Listing(row) => self.came(cx, Known::Listing(row)),
            _ => return std::iter::once(toast).chain(self.ask(cx)).collect(),
        }
        vec![toast]
    }

    fn refused(&mut self, cx: &Cx<'_>, trouble: Trouble) -> Vec<Action> {
        self.second |= trouble.code == SECOND_PERSON;
        if let Some(doing) = &mut self.doing {
            doing.waits = false;
            if refuse(cx.words, &mut doing.form, FIELDS, &trouble) {
                return Vec::new();
            }
        }
        vec![Action::Trouble(trouble)]
    }

    /// The detail, and below it the form of what is being done.
    fn areas(&self, body: Rect) -> (Rect, Rect, Rect) {
        let (head, rest) = split_top(inside(body, 1, 0), 2);
        let Some(doing) = &self.doing else { return (head, rest, Rect { height: 0, ..rest }) };
        let rows = match doing.step {
            Step::Approve | Step::Return => 7,
            Step::Notify | Step::Repair | Step::Withdraw | Step::Answer | Step::Object => 9,
        };
        let (upper, lower) = split_top(rest, rest.height.saturating_sub(rows));
        (head, upper, lower)
    }
}

impl Page for CasePage {
    fn id(&self) -> &'static str {
        "case"
    }

    fn tags(&self) -> &'static [Tag] {
        &[SHOW, REVEAL, WHY, HASH, MEANT, STEP, DROP]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.lay_out(cx);
        self.ask(cx)
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if let Some(doing) = &mut self.doing {
            if doing.waits {
                return Reaction::of(!matches!(cmd, Cmd::Back | Cmd::Help | Cmd::Jobs));
            }
            return match doing.form.on(cx.words, cmd) {
                FormEvent::Submit => Reaction::Do(self.submitted(cx)),
                FormEvent::Handled => Reaction::done(),
                FormEvent::Pass if *cmd == Cmd::Back && doing.form.dirty() => {
                    Reaction::one(Action::Confirm(DROP, Box::new(leave_question(cx.words))))
                }
                FormEvent::Pass if *cmd == Cmd::Back => {
                    self.doing = None;
                    Reaction::done()
                }
                FormEvent::Pass => Reaction::Pass,
            };
        }
        let (_, area, _) = self.areas(cx.body);
        match cmd {
            Cmd::Reload => Reaction::Do(self.ask(cx)),
            Cmd::Reveal if self.view().is_some() => Reaction::one(Action::Reason(
                WHY,
                Box::new(Reason { title: cx.words.say("blacklist.reveal"), effect: vec![cx.words.say("blacklist.reveal-effect")] }),
            )),
            Cmd::Own("blacklist.again") if self.view().is_some_and(|view| view.may.contains(&Deed::Propose)) => self.again(),
            Cmd::Own("blacklist.again") => Reaction::one(Action::Toast(Tone::Warn, cx.words.say("blacklist.not-now"))),
            Cmd::Own("blacklist.proof") => {
                let about = Target::Text(format!("{}{}", proof::PREFIX, self.about));
                Reaction::one(Action::Go(BLACKLIST, Some(about)))
            }
            Cmd::Own(command) => match Step::of(command) {
                Some(step) => self.begin(cx, step),
                None => Reaction::Pass,
            },
            _ => Reaction::of(self.detail.on(cmd, area)),
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match (tag, told) {
            (SHOW, Told::Answer(event)) => match *event {
                DeskEvent::Case(view) => self.came(cx, Known::Case(view)),
                DeskEvent::Listing(row) => self.came(cx, Known::Listing(row)),
                _ => self.load.failed(Trouble::failed("peer-garbled")),
            },
            (SHOW, Told::Trouble(trouble)) => self.load.failed(trouble),
            (WHY, Told::Reason(reason)) => {
                return vec![Action::act(REVEAL, Act::CaseShow { about: self.about.clone(), unmask: Some(reason) })];
            }
            (REVEAL, Told::Answer(event)) => {
                if let DeskEvent::Case(view) = *event
                    && self.is_ours(&view)
                {
                    self.plain = Some((view.name, view.document_no));
                    self.veil = Veil::lifted(cx.at);
                    self.lay_out(cx);
                }
            }
            (HASH, Told::Outcome(outcome)) => {
                if let Outcome::Hash { digest, .. } = *outcome {
                    return self.meant(cx, Some(digest));
                }
            }
            (MEANT, Told::Confirmed) => {
                let Some(doing) = &mut self.doing else { return Vec::new() };
                doing.waits = doing.act.is_some();
                return doing.act.take().map(|act| Action::act(STEP, act)).into_iter().collect();
            }
            (DROP, Told::Confirmed) => self.doing = None,
            (STEP, Told::Answer(event)) => return self.did(cx, *event),
            (STEP | HASH | REVEAL, Told::Trouble(trouble)) => return self.refused(cx, trouble),
            _ => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (head, upper, lower) = self.areas(cx.body);
        let Some((_, rest)) = self.load.draw(cx, if self.load.get().is_some() { upper } else { cx.body }, canvas) else { return };
        canvas.text(head.x, head.y, head.width, Tone::Head, &self.head(cx.words));
        if let Some((tone, text)) = self.waits(cx) {
            canvas.text(head.x, head.y + 1, head.width, tone, &text);
        }
        self.detail.draw(rest, canvas);
        let Some(doing) = &self.doing else { return };
        canvas.rule(lower.x, lower.y, lower.width);
        canvas.text(lower.x + 2, lower.y, lower.width, Tone::Head, &Shown::new(" ").and(&doing.step.word(cx.words)).and(&Shown::new(" ")));
        doing.form.draw(cx.words, split_top(lower, 1).1, canvas);
        if doing.waits {
            canvas.hide_cursor();
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        if self.doing.is_some() {
            return vec!["submit", "next", "back"];
        }
        let Some(view) = self.view() else { return vec!["blacklist.object", "reload", "back"] };
        let mut out = steps::offers(view);
        out.extend(["reveal", "copy", "back"]);
        out
    }

    fn crumb(&self, _words: Words) -> Option<Shown> {
        Some(Shown::of(&self.about))
    }

    fn deadline(&self) -> Option<Moment> {
        self.plain.as_ref().and(self.veil.falls())
    }

    fn tick(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if !self.veil.is_lifted(cx.at) {
            self.hide();
            self.lay_out(cx);
        }
        Vec::new()
    }

    fn typing(&self) -> bool {
        self.doing.as_ref().is_some_and(|doing| !doing.waits)
    }

    fn dirty(&self) -> bool {
        self.doing.as_ref().is_some_and(|doing| doing.form.dirty())
    }

    fn copy(&self) -> Option<Shown> {
        Some(self.view().map_or_else(|| Shown::of(&self.about), |view| Shown::of(&view.line.case)))
    }

    fn hide(&mut self) {
        let Some((_, number)) = self.plain.take() else { return };
        self.veil = Veil::default();
        drop(zeroize::Zeroizing::new(number));
        // What was laid out had it in plain; it is laid out again when the page is opened.
        self.detail.set(Vec::new());
    }
}
