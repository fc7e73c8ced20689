//! Proposing a case, and proposing a returned one again. The row is checked with the core's own checks while one types, so that the form
//! says what the peer would say; the peer says it again when it is sent.

use anju_core::desk::{Act, CaseRef, CaseView, Event as DeskEvent, MAX_CODE_BYTES, Proposal};
use anju_core::listing::catalogue::Item;
use anju_core::listing::import::{ImportRow, MAX_REMARK_CHARS};
use anju_core::listing::{Day, SubjectKind};
use anju_core::names::Digest;
use ratatui::layout::Rect;

use super::lookup::{NUMBER_MAX_CHARS, document_types};
use super::steps::refuse;
use super::{Common, ID as BLACKLIST, Page};
use crate::canvas::{Canvas, inside, split_top};
use crate::cmd::Cmd;
use crate::door::{Outcome, Trouble, Work};
use crate::screen::{Action, Cx, Reaction, Tag, Target, Told};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::words::Words;

pub(super) const ID: &str = "propose";
const HASH: Tag = "decision-file";
const PROPOSE: Tag = "propose";
/// Longest name, number or basis that is typed, in characters.
const TEXT_MAX_CHARS: usize = 100;
const FIELDS: &[&str] = &[
    "subject_kind",
    "name",
    "document_type",
    "document_no",
    "conduct",
    "level",
    "decision_no",
    "decision_day",
    "decision_file",
    "legal_basis",
    "legal_basis_version",
    "measures",
    "restriction_until",
    "publication_until",
    "remark",
    "impersonation_checked",
];

pub(super) struct ProposePage {
    form: Form,
    made: bool,
    again: Option<Box<CaseView>>,
    waits: bool,
    typed: bool,
    through: bool,
    /// What the checks of a row say of what was typed so far.
    complaint: Option<(&'static str, Shown)>,
    common: Common,
}

impl ProposePage {
    pub(super) fn new(common: Common) -> Self {
        let form = Form::new(Vec::new());
        Self { form, made: false, again: None, waits: false, typed: false, through: false, complaint: None, common }
    }

    fn fields(cx: &Cx<'_>, kind: Option<SubjectKind>) -> Vec<Field> {
        let words = cx.words;
        let choice = |items: &[Item]| items.iter().map(|item| (item.code.clone(), Shown::new(&item.label))).collect::<Vec<_>>();
        let conducts: Vec<Item> = cx.catalogue.conduct.iter().filter(|i| fits(i, kind)).cloned().collect();
        let kinds = SubjectKind::ALL.iter().map(|kind| (kind.code().to_owned(), words.code("subject-kind", kind.code())));
        let checked = vec![("no".to_owned(), words.say("blacklist.no")), ("yes".to_owned(), words.say("blacklist.yes"))];
        let text = Kind::Text(TEXT_MAX_CHARS);
        vec![
            Field::required("subject_kind", words.say("blacklist.subject-kind"), Kind::Choice(kinds.collect())),
            Field::required("name", words.say("blacklist.name"), text.clone()),
            Field::required("document_type", words.say("blacklist.document-type"), document_types(words)),
            Field::required("document_no", words.say("blacklist.document-no"), Kind::Identity(NUMBER_MAX_CHARS)),
            Field::required("conduct", words.say("finding.conduct"), Kind::Choice(choice(&conducts))),
            Field::required("level", words.say("finding.level"), Kind::Choice(choice(&cx.catalogue.level))),
            Field::required("measures", words.say("finding.measures"), Kind::Many(choice(&cx.catalogue.measure))),
            Field::required("decision_no", words.say("blacklist.decision-no"), text.clone()),
            Field::required("decision_day", words.say("blacklist.decision-day"), Kind::Date),
            Field::required("decision_file", words.say("blacklist.decision-file"), Kind::Path),
            Field::required("legal_basis", words.say("finding.legal-basis"), text),
            Field::optional("legal_basis_version", words.say("blacklist.basis-version"), Kind::Text(MAX_CODE_BYTES)),
            Field::required("restriction_until", words.say("finding.restriction-until"), Kind::Date),
            Field::required("publication_until", words.say("finding.publication-until"), Kind::Date),
            Field::optional("remark", words.say("blacklist.remark"), Kind::Text(MAX_REMARK_CHARS)),
            Field::required("impersonation_checked", words.say("blacklist.impersonation-checked"), Kind::Choice(checked)),
        ]
    }

    /// Fills the form with what was proposed before.
    fn fill(&mut self, view: &CaseView) {
        let finding = &view.finding;
        let measures: Vec<&str> = finding.measures.iter().map(|measure| measure.code.as_str()).collect();
        let values = [
            ("name", view.name.clone()),
            ("document_type", view.document_type.clone()),
            ("document_no", view.document_no.clone()),
            ("conduct", finding.conduct.code.clone()),
            ("level", finding.level.code.clone()),
            ("measures", measures.join(" ")),
            ("decision_no", finding.decision_no.clone()),
            ("decision_day", finding.decision_day.to_string()),
            ("legal_basis", finding.legal_basis.clone()),
            ("legal_basis_version", finding.legal_basis_version.clone().unwrap_or_default()),
            ("restriction_until", finding.restriction_until.to_string()),
            ("publication_until", finding.publication_until.to_string()),
        ];
        values.iter().for_each(|(id, value)| self.form.set(id, value));
    }

    /// Another kind of subject has other conducts: the form is made anew with what was typed.
    fn remake(&mut self, cx: &Cx<'_>) {
        let values: Vec<(&str, String)> = FIELDS.iter().map(|id| (*id, self.form.value(id))).collect();
        self.form = Form::new(Self::fields(cx, SubjectKind::from_code(&self.form.value("subject_kind"))));
        values.iter().for_each(|(id, value)| self.form.set(id, value));
    }

    fn row(&self) -> ImportRow {
        let value = |id: &str| self.form.value(id);
        ImportRow {
            row: 0,
            subject_kind: value("subject_kind"),
            name: value("name"),
            document_type: value("document_type"),
            document_no: value("document_no"),
            conduct: value("conduct"),
            level: value("level"),
            decision_no: value("decision_no"),
            decision_day: value("decision_day"),
            legal_basis: value("legal_basis"),
            measures: value("measures").split_whitespace().map(str::to_owned).collect(),
            restriction_until: value("restriction_until"),
            publication_until: value("publication_until"),
            remark: value("remark"),
        }
    }

    /// What is wrong with what was typed so far; a field that is still empty is not complained of before it is sent.
    fn check(&mut self, cx: &Cx<'_>) {
        let wrong = self.row().check(cx.catalogue, Day::of(cx.now)).err();
        self.complaint = wrong
            .filter(|(field, _)| !self.form.value(field).is_empty())
            .map(|(field, reason)| (field, cx.words.code("reason", reason.code())));
    }

    fn submit(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if let Err((field, reason)) = self.row().check(cx.catalogue, Day::of(cx.now)) {
            self.form.refuse(field, cx.words.code("reason", reason.code()));
            return Vec::new();
        }
        self.waits = true;
        vec![Action::Work(HASH, Work::Hash { file: self.form.value("decision_file").into() })]
    }

    fn propose(&self, decision_sha256: Digest) -> Vec<Action> {
        let version = self.form.value("legal_basis_version");
        let proposal = Proposal {
            row: self.row(),
            decision_sha256,
            legal_basis_version: (!version.is_empty()).then_some(version),
            again: self.again.as_ref().map(|view| view.line.case.clone()),
            impersonation_checked: self.form.value("impersonation_checked") == "yes",
        };
        vec![Action::act(PROPOSE, Act::Propose(Box::new(proposal)))]
    }

    fn refused(&mut self, words: Words, tag: Tag, trouble: Trouble) -> Vec<Action> {
        self.waits = false;
        if tag == HASH {
            let [what, ..] = crate::dialog::sentences(words, &trouble);
            self.form.refuse("decision_file", what);
            return Vec::new();
        }
        if trouble.code == "document-invalid" {
            self.form.refuse("document_no", words.say("refusal.document-invalid.what"));
            return Vec::new();
        }
        if trouble.values.iter().any(|(name, value)| name == "refusal_detail" && value == "impersonation") {
            self.form.refuse("impersonation_checked", words.say("blacklist.look-at-impersonation"));
            return Vec::new();
        }
        if refuse(words, &mut self.form, FIELDS, &trouble) { Vec::new() } else { vec![Action::Trouble(trouble)] }
    }

    /// Labels of what differs from what was returned.
    fn changed(&self, words: Words) -> Option<Shown> {
        let view = self.again.as_ref()?;
        let finding = &view.finding;
        let measures: Vec<&str> = finding.measures.iter().map(|measure| measure.code.as_str()).collect();
        let before = [
            ("conduct", "finding.conduct", finding.conduct.code.clone()),
            ("level", "finding.level", finding.level.code.clone()),
            ("measures", "finding.measures", measures.join(" ")),
            ("decision_no", "blacklist.decision-no", finding.decision_no.clone()),
            ("decision_day", "blacklist.decision-day", finding.decision_day.to_string()),
            ("legal_basis", "finding.legal-basis", finding.legal_basis.clone()),
            ("restriction_until", "finding.restriction-until", finding.restriction_until.to_string()),
            ("publication_until", "finding.publication-until", finding.publication_until.to_string()),
        ];
        let labels: Vec<Shown> =
            before.iter().filter(|(id, _, value)| self.form.value(id) != *value).map(|(_, key, _)| words.say(key)).collect();
        let case = view.line.case.to_string();
        let what = if labels.is_empty() { words.say("blacklist.nothing-changed") } else { Shown::join(&labels, ", ") };
        Some(words.fill("blacklist.again", &[("case", &case), ("what", what.as_str())]))
    }

    fn areas(body: Rect) -> (Rect, Rect) {
        split_top(inside(body, 1, 0), 2)
    }
}

fn fits(item: &Item, kind: Option<SubjectKind>) -> bool {
    item.subjects.is_empty() || kind.is_none_or(|kind| item.subjects.contains(&kind))
}

impl Page for ProposePage {
    fn id(&self) -> &'static str {
        ID
    }

    fn tags(&self) -> &'static [Tag] {
        &[HASH, PROPOSE]
    }

    fn open(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        if self.made {
            return Vec::new();
        }
        self.made = true;
        self.again = self.common.borrow_mut().again.take();
        let kind = self.again.as_ref().map_or(SubjectKind::Person, |view| view.subject_kind);
        self.form = Form::new(Self::fields(cx, Some(kind)));
        self.form.set("subject_kind", kind.code());
        if let Some(view) = self.again.clone() {
            self.fill(&view);
        }
        Vec::new()
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if self.waits {
            return Reaction::of(!matches!(cmd, Cmd::Help | Cmd::Jobs));
        }
        let kind = self.form.value("subject_kind");
        let event = self.form.on(cx.words, cmd);
        if self.form.value("subject_kind") != kind {
            self.remake(cx);
        }
        match event {
            FormEvent::Submit => Reaction::Do(self.submit(cx)),
            FormEvent::Handled => {
                self.typed |= matches!(cmd, Cmd::Edit(_));
                self.check(cx);
                Reaction::done()
            }
            FormEvent::Pass => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Outcome(outcome) => {
                if let Outcome::Hash { digest, .. } = *outcome {
                    return self.propose(digest);
                }
            }
            Told::Answer(event) => {
                (self.waits, self.typed, self.through) = (false, false, true);
                let DeskEvent::Case(view) = *event else { return vec![Action::Trouble(Trouble::failed("peer-garbled"))] };
                let case = view.line.case.to_string();
                let said = cx.words.fill("blacklist.proposed", &[("case", &case)]);
                return vec![Action::Toast(Tone::Good, said), Action::Go(BLACKLIST, Some(Target::Case(CaseRef::Case(view.line.case))))];
            }
            Told::Trouble(trouble) => return self.refused(cx.words, tag, trouble),
            Told::Stage(_) | Told::Sign(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => {}
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let (head, rest) = Self::areas(cx.body);
        let hint = self.changed(cx.words).unwrap_or_else(|| cx.words.say("blacklist.propose-hint"));
        canvas.text(head.x, head.y, head.width, Tone::Dim, &hint);
        if let Some((field, why)) = &self.complaint {
            let field = self.form.label(field).unwrap_or_default();
            canvas.line(head.x, head.y + 1, head.width, &[(Tone::Bad, Shown::new("! ")), (Tone::Bad, Shown::join([&field, why], "  "))]);
        }
        self.form.draw(cx.words, rest, canvas);
        if self.waits {
            canvas.hide_cursor();
        }
    }

    fn offers(&self, _cx: &Cx<'_>) -> Vec<&'static str> {
        vec!["submit", "next", "previous", "back"]
    }

    fn crumb(&self, words: Words) -> Option<Shown> {
        Some(words.say("blacklist.cmd-propose"))
    }

    fn typing(&self) -> bool {
        !self.waits
    }

    fn dirty(&self) -> bool {
        self.typed || (self.form.dirty() && !self.through)
    }

    fn is_through(&self) -> bool {
        self.through
    }

    fn hide(&mut self) {
        self.form.focus("conduct");
    }
}
