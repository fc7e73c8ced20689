//! Looking a subject up on all centres' lists. A hit is told as a prompt to look closer and never as a refusal; an answer that is not known
//! in words that nobody can take for a clear one; and every centre with the age of its copy, and why it does not count if it does not.

use anju_core::desk::{
    Act, Applicant, CaseRef, CentreAnswer, Doubt, Event as DeskEvent, Hit, LookupAnswer, MAX_CODE_BYTES, Stage, Verdict,
};
use anju_core::listing::DocumentType;

use super::finding::{finding_entries, lines};
use super::steps::refuse;
use super::{ID as BLACKLIST, Page};
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::Trouble;
use crate::screen::{Action, Cx, Moment, Reaction, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::state::waiting;
use crate::words::Words;

pub(super) const ID: &str = "lookup";
const LOOKUP: Tag = "lookup";
/// Code of the legal basis when none is stated: the duty that the list itself is kept for.
pub(super) const LEGAL_BASIS: &str = "statutory-duty";
/// Longest document number that is typed, in characters.
pub(in crate::screens) const NUMBER_MAX_CHARS: usize = 40;
const FIELDS: &[&str] = &["document_type", "document_no", "matter", "business_no", "legal_basis"];

pub(super) struct LookupPage {
    form: Form,
    since: Option<Moment>,
    stage: Option<Stage>,
    /// The answer, and the number it is about, masked.
    answer: Option<(Box<LookupAnswer>, Shown)>,
    asked: Shown,
    hit: usize,
    detail: Detail,
}

/// The types of documents, for a choice.
pub(in crate::screens) fn document_types(words: Words) -> Kind {
    Kind::Choice(DocumentType::ALL.iter().map(|kind| (kind.code().to_owned(), words.code("blacklist.document", kind.code()))).collect())
}

impl LookupPage {
    pub(super) fn new() -> Self {
        Self {
            form: Form::new(Vec::new()),
            since: None,
            stage: None,
            answer: None,
            asked: Shown::default(),
            hit: 0,
            detail: Detail::default(),
        }
    }

    fn fields(words: Words) -> Vec<Field> {
        vec![
            Field::required("document_type", words.say("blacklist.document-type"), document_types(words)),
            Field::required("document_no", words.say("blacklist.document-no"), Kind::Identity(NUMBER_MAX_CHARS)),
            Field::required("matter", words.say("blacklist.matter"), Kind::Text(MAX_CODE_BYTES)),
            Field::required("business_no", words.say("blacklist.business-no"), Kind::Text(MAX_CODE_BYTES)),
            Field::required("legal_basis", words.say("blacklist.basis-code"), Kind::Text(MAX_CODE_BYTES)),
        ]
    }

    fn submit(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let value = |id: &str| self.form.value(id);
        let applicant = Applicant {
            row: 0,
            document_type: value("document_type"),
            document_no: value("document_no"),
            business_no: value("business_no"),
        };
        self.asked = Shown::masked(&applicant.document_no);
        (self.since, self.stage) = (Some(cx.at), None);
        vec![Action::act(LOOKUP, Act::Lookup { applicant, matter: value("matter"), legal_basis: value("legal_basis") })]
    }

    fn came(&mut self, words: Words, answer: Box<LookupAnswer>) {
        // The number has done its work; what is typed next is about somebody else.
        self.form.set("document_no", "");
        self.form.set("business_no", "");
        self.form.focus("document_no");
        self.hit = 0;
        self.answer = Some((answer, self.asked.clone()));
        self.detail = Detail::default();
        self.lay_out(words);
    }

    fn lay_out(&mut self, words: Words) {
        let Some((answer, asked)) = &self.answer else { return };
        let counting = answer.centres.iter().filter(|centre| centre.doubt.is_none()).count().to_string();
        let all = answer.centres.len().to_string();
        let tone = match answer.verdict {
            Verdict::Listed | Verdict::Disputed | Verdict::Unknown => Tone::Warn,
            Verdict::NotListed => Tone::Good,
        };
        let said = words.fill(&format!("lookup.{}", answer.verdict.code()), &[("counting", &counting), ("centres", &all)]);
        let mut out = vec![
            Line::Field { label: words.say("blacklist.verdict"), value: words.code("verdict", answer.verdict.code()), tone },
            Line::field(words.say("blacklist.document-no"), asked.clone()),
            Line::Text(tone, said),
        ];
        for (i, hit) in answer.hits.iter().enumerate() {
            out.push(Line::Blank);
            out.extend(hit_lines(words, hit, i == self.hit));
        }
        out.extend([Line::Blank, Line::Group(words.say("blacklist.centres"))]);
        out.extend(answer.centres.iter().map(|centre| centre_line(words, centre)));
        let (at, request, left) = (answer.at.legal_text(), answer.request.to_string(), answer.quota_left.to_string());
        let foot = words.fill("lookup.foot", &[("at", &at), ("request", &request), ("left", &left)]);
        out.extend([Line::Blank, Line::Text(Tone::Dim, foot)]);
        self.detail.set(out);
    }

    fn on_answer(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        let Some((answer, _)) = &self.answer else { return Reaction::Pass };
        let last = answer.hits.len().saturating_sub(1);
        match cmd {
            Cmd::Back => self.answer = None,
            Cmd::Own("blacklist.lookup") => self.answer = None,
            Cmd::Next => self.hit = if self.hit >= last { 0 } else { self.hit + 1 },
            Cmd::Previous => self.hit = if self.hit == 0 { last } else { self.hit - 1 },
            Cmd::Open => {
                let listing = answer.hits.get(self.hit).map(|hit| Target::Case(CaseRef::Listing(hit.listing.clone())));
                return Reaction::Do(listing.map(|listing| Action::Go(BLACKLIST, Some(listing))).into_iter().collect());
            }
            _ => return Reaction::of(self.detail.on(cmd, inside(cx.body, 1, 0))),
        }
        self.lay_out(cx.words);
        Reaction::done()
    }
}

fn hit_lines(words: Words, hit: &Hit, selected: bool) -> Vec<Line> {
    let (listing, standing) = (hit.listing.to_string(), words.code("standing", hit.standing.code()));
    let values = [("listing", listing.as_str()), ("standing", standing.as_str()), ("centre", hit.listing.centre.as_str())];
    let mark = Shown::new(if selected { "> " } else { "  " });
    let mut out = vec![Line::Text(Tone::Head, mark.and(&words.fill("lookup.hit", &values)))];
    if hit.open_objections > 0 {
        out.push(Line::Text(Tone::Warn, words.fill("lookup.hit-objections", &[("count", &hit.open_objections.to_string())])));
    }
    if !hit.counts {
        out.push(Line::Text(Tone::Warn, words.say("lookup.hit-does-not-count")));
    }
    out.extend(lines(words, finding_entries(words, &hit.finding)));
    out.push(Line::field(words.say("finding.basis"), words.code("basis", &hit.basis)));
    out
}

const fn doubt_code(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NotHeard => "not-heard",
        Doubt::Stale => "stale",
        Doubt::Behind => "behind",
        Doubt::Withheld => "withheld",
        Doubt::Forked => "forked",
        Doubt::NotApplied => "not-applied",
        Doubt::PepperMissing => "pepper-missing",
    }
}

fn centre_line(words: Words, centre: &CentreAnswer) -> Line {
    let said = words.code("verdict", centre.verdict.code());
    let age = words.age(centre.age_ms);
    let as_of = centre.as_of.map_or_else(|| words.say("age.never"), |at| Shown::new(&at.legal_text()));
    let mut parts = vec![Shown::new(&centre.name), said, as_of, age];
    if let Some(doubt) = centre.doubt {
        parts.push(words.code("doubt", doubt_code(doubt)));
    }
    let tone = if centre.doubt.is_some() { Tone::Warn } else { Tone::Plain };
    Line::Field { label: Shown::of(&centre.centre), value: Shown::join(&parts, "  "), tone }
}

impl Page for LookupPage {
    fn id(&self) -> &'static str {
        ID
    }

    fn tags(&self) -> &'static [Tag] {
        &[LOOKUP]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.form.value("document_type").is_empty() {
            self.form = Form::new(Self::fields(cx.words));
            self.form.set("legal_basis", LEGAL_BASIS);
            self.form.focus("document_no");
        }
        Vec::new()
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.since.is_some() {
            return Reaction::of(!matches!(cmd, Cmd::Back | Cmd::Help | Cmd::Jobs));
        }
        if self.answer.is_some() {
            return self.on_answer(cx, cmd);
        }
        match self.form.on(cx.words, cmd) {
            FormEvent::Submit => Reaction::Do(self.submit(cx)),
            FormEvent::Handled => Reaction::done(),
            FormEvent::Pass => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, _tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Stage(stage) => self.stage = Some(stage),
            Told::Answer(event) => {
                self.since = None;
                match *event {
                    DeskEvent::Lookup(answer) => self.came(cx.words, answer),
                    _ => return vec![Action::Trouble(Trouble::failed("peer-garbled"))],
                }
            }
            Told::Trouble(trouble) => {
                self.since = None;
                if trouble.code == "document-invalid" {
                    self.form.refuse("document_no", cx.words.say("refusal.document-invalid.what"));
                } else if !refuse(cx.words, &mut self.form, FIELDS, &trouble) {
                    return vec![Action::Trouble(trouble)];
                }
            }
            Told::Sign(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let area = inside(cx.body, 1, 0);
        if self.answer.is_some() {
            return self.detail.draw(area, canvas);
        }
        let (head, rest) = split_top(area, 2);
        canvas.text(head.x, head.y, head.width, Tone::Dim, &cx.words.say("blacklist.lookup-hint"));
        if let Some(since) = self.since {
            if self.stage == Some(Stage::Deriving) {
                canvas.text(rest.x, rest.y, rest.width, Tone::Plain, &cx.words.say("stage.deriving"));
            }
            return waiting(cx, since, split_top(rest, 1).1, canvas);
        }
        self.form.draw(cx.words, rest, canvas);
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        match &self.answer {
            Some((answer, _)) if !answer.hits.is_empty() => vec!["open", "next", "blacklist.lookup", "back"],
            Some(_) => vec!["blacklist.lookup", "back"],
            None => vec!["submit", "next", "previous", "back"],
        }
    }

    fn crumb(&self, words: Words) -> Option<Shown> {
        Some(words.say("blacklist.cmd-lookup"))
    }

    fn typing(&self) -> bool {
        self.since.is_none() && self.answer.is_none()
    }

    fn dirty(&self) -> bool {
        self.answer.is_none() && self.since.is_none() && !self.form.value("document_no").is_empty()
    }

    fn copy(&self) -> Option<Shown> {
        let (answer, _) = self.answer.as_ref()?;
        Some(answer.hits.get(self.hit).map_or_else(|| Shown::of(answer.request), |hit| Shown::of(&hit.listing)))
    }

    fn hide(&mut self) {
        self.form.focus("matter");
    }
}
