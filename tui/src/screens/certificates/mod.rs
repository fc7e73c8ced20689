//! 证明: certificates that this centre issued, with their states; an account of the source is looked at and a certificate issued for it; one
//! is ended with a reason.

mod draw;
mod issue;

use anju_core::desk::{Act, Backing, CertificateSummary, Event as DeskEvent, MAX_PAGE, Request};
use anju_core::names::CertificateNumber;
use anju_core::time::Time;

use crate::cmd::{Cmd, Command};
use crate::dialog::{Danger, Reason};
use crate::door::{Outcome, Trouble, Work};
use crate::screen::{Action, Cx, Reaction, Screen, Tag, Target, Told, Veil};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::kind_title;
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::list::{Column, List, Row};
use crate::widgets::state::Load;
use crate::words::Words;
use issue::Issuing;

const LIST: Tag = "list";
const SHOW: Tag = "show";
const CENTRES: Tag = "centres";
const CANCEL: Tag = "cancel";
const REVEAL: Tag = "reveal";
const FILE: Tag = "file";
const WRITE: Tag = "write";

/// Most certificates that are listed.
const LISTED_MAX: usize = 100_000;

/// What only this view does.
pub const COMMANDS: &[Command] = &[
    Command { id: "certificates.find", word: "certificates.cmd-find", keys: &["n"] },
    Command { id: "certificates.issue", word: "certificates.cmd-issue", keys: &["i"] },
    Command { id: "certificates.file", word: "certificates.cmd-file", keys: &["w"] },
    Command { id: "certificates.cancel", word: "certificates.cmd-cancel", keys: &["x"] },
];

const COLUMNS: &[Column] = &[
    Column { word: "certificates.column-number", min: 28, grow: 1 },
    Column { word: "certificates.column-state", min: 10, grow: 0 },
    Column { word: "certificates.column-addressee", min: 9, grow: 0 },
    Column { word: "certificates.column-until", min: 10, grow: 0 },
    Column { word: "certificates.column-kind", min: 12, grow: 3 },
];

struct Item(CertificateSummary);

/// How a certificate stands, by what this peer knows.
fn state(words: Words, certificate: &CertificateSummary, now: Time) -> (Tone, Shown) {
    match &certificate.ended {
        Some(ended) => (Tone::Bad, words.code("end-reason", &ended.reason)),
        None if certificate.expires < now => (Tone::Dim, words.say("certificates.expired")),
        None => (Tone::Good, words.say("certificates.standing")),
    }
}

impl Row for Item {
    fn cells(&self, words: Words, now: Time) -> Vec<(Tone, Shown)> {
        let certificate = &self.0;
        vec![
            (Tone::Plain, Shown::of(&certificate.number)),
            state(words, certificate, now),
            (Tone::Plain, certificate.addressee.as_ref().map_or_else(|| Shown::new("-"), Shown::of)),
            (Tone::Plain, Shown::of(certificate.expires.legal_day())),
            (Tone::Plain, kind_title(words, &certificate.kind)),
        ]
    }

    fn key(&self) -> String {
        self.0.number.to_string()
    }
}

/// Where one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The list.
    List,
    /// One certificate.
    Show,
    /// Why it is ended.
    Cancel,
    /// Where its file goes.
    Save,
    /// An account is looked at and a certificate issued.
    Issue,
}

/// A file for a holder, and for which certificate.
struct HolderFile {
    number: CertificateNumber,
    text: String,
}

/// One certificate, with the account it speaks of if it is ours.
struct One {
    certificate: CertificateSummary,
    account_no: Option<String>,
    backing: Option<Backing>,
}

/// See the module.
pub struct Certificates {
    place: Place,
    load: Load<()>,
    coming: Vec<CertificateSummary>,
    list: List<Item>,
    one: Load<One>,
    detail: Detail,
    veil: Veil,
    /// The certificate that is to be ended.
    ending: Option<(CertificateNumber, String)>,
    form: Form,
    file: Option<HolderFile>,
    issuing: Issuing,
}

/// The registering line's maker.
#[must_use]
pub fn make() -> Box<dyn Screen> {
    Box::new(Certificates {
        place: Place::List,
        load: Load::default(),
        coming: Vec::new(),
        list: List::new(COLUMNS),
        one: Load::default(),
        detail: Detail::default(),
        veil: Veil::default(),
        ending: None,
        form: Form::new(Vec::new()),
        file: None,
        issuing: Issuing::default(),
    })
}

impl Certificates {
    fn ask(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        self.coming.clear();
        self.load.ask(cx.at);
        vec![Action::ask(LIST, Request::CertificateList { after: None, limit: MAX_PAGE }), Action::ask(CENTRES, Request::Status)]
    }

    fn page(&mut self, certificates: Vec<CertificateSummary>, more: bool) -> Vec<Action> {
        let further = more && !certificates.is_empty();
        self.coming.extend(certificates);
        if further && self.coming.len() < LISTED_MAX {
            let after = self.coming.last().map(|certificate| certificate.number.clone());
            return vec![Action::ask(LIST, Request::CertificateList { after, limit: MAX_PAGE })];
        }
        let mut items: Vec<Item> = std::mem::take(&mut self.coming).into_iter().map(Item).collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.0.issued));
        self.list.set(items);
        self.load.came(());
        Vec::new()
    }

    fn show(&mut self, cx: &Cx<'_>, number: CertificateNumber) -> Vec<Action> {
        (self.place, self.one, self.veil) = (Place::Show, Load::default(), Veil::default());
        self.detail = Detail::default();
        self.one.ask(cx.at);
        vec![Action::act(SHOW, Act::CertificateShow { number })]
    }

    /// Lays the certificate out anew.
    fn refresh(&mut self, cx: &Cx<'_>) {
        let Some(one) = self.one.get() else { return };
        let (words, certificate) = (cx.words, &one.certificate);
        let field = |key: &str, value: Shown| Line::field(words.say(key), value);
        let (tone, state) = state(words, certificate, cx.now);
        let mut lines = vec![
            Line::Group(kind_title(words, &certificate.kind)),
            field("certificates.number", Shown::of(&certificate.number)),
            Line::Field { label: words.say("certificates.state"), value: state, tone },
            field("certificates.issuer", Shown::of(&certificate.issuer)),
            field("certificates.addressee", certificate.addressee.as_ref().map_or_else(|| words.say("certificates.anybody"), Shown::of)),
            field("certificates.issued", Shown::new(&certificate.issued.legal_text())),
            field("certificates.until", Shown::new(&certificate.expires.legal_text())),
            field("certificates.row", Shown::of(certificate.index)),
        ];
        if let Some(backing) = &one.backing {
            lines.push(field("certificates.backing", words.backing(backing)));
        }
        if let Some(ended) = &certificate.ended {
            lines.push(field("certificates.ended", Shown::new(&ended.at.legal_text())));
        }
        if let Some(account) = &one.account_no {
            let shown = if self.veil.is_lifted(cx.at) { Shown::new(account) } else { Shown::masked(account) };
            lines.push(field("certificates.account", shown));
        }
        self.detail.set(lines);
    }

    /// The certificate that keys act on, if it is ours.
    fn current(&self) -> Option<&CertificateSummary> {
        match self.place {
            Place::List => self.list.selected().map(|item| &item.0),
            Place::Show => self.one.get().map(|one| &one.certificate),
            Place::Cancel | Place::Save | Place::Issue => None,
        }
    }

    fn on_own(&mut self, cx: &Cx<'_>, id: &str) -> Vec<Action> {
        match (id, self.current().cloned()) {
            ("certificates.find", _) => {
                self.issuing.begin(cx);
                self.place = Place::Issue;
            }
            ("certificates.file", Some(certificate)) => {
                return vec![Action::ask(FILE, Request::CertificateFile { number: certificate.number })];
            }
            ("certificates.cancel", Some(certificate)) if certificate.ended.is_some() => {
                return vec![Action::Toast(Tone::Warn, cx.words.say("certificates.ended-already"))];
            }
            ("certificates.cancel", Some(certificate)) => {
                let reasons = ["cancelled", "superseded"].map(|code| (code.to_owned(), cx.words.code("end-reason", code)));
                let field = Field::required("reason", cx.words.say("certificates.reason"), Kind::Choice(reasons.to_vec()));
                self.form = Form::new(vec![field]);
                self.ending = Some((certificate.number, String::new()));
                self.place = Place::Cancel;
            }
            _ => return vec![Action::Toast(Tone::Dim, cx.words.say("frame.not-here"))],
        }
        Vec::new()
    }

    fn on_cancel(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Back {
            self.place = Place::List;
            return Reaction::done();
        }
        match (self.form.on(cx.words, cmd), &mut self.ending) {
            (FormEvent::Submit, Some((number, reason))) => {
                *reason = self.form.value("reason");
                let words = cx.words;
                let why = words.code("end-reason", reason);
                let object = words.fill("certificates.cancel-object", &[("number", number.as_str()), ("reason", why.as_str())]);
                let effect = vec![words.say("certificates.cancel-effect"), words.say("certificates.cancel-for-good")];
                let (title, yes) = (words.say("certificates.cancel-title"), words.say("certificates.cancel-yes"));
                Reaction::one(Action::Confirm(CANCEL, Box::new(Danger { title, object, effect, yes, typed: None })))
            }
            (FormEvent::Pass, _) => Reaction::Pass,
            (FormEvent::Submit | FormEvent::Handled, _) => Reaction::done(),
        }
    }

    fn on_save(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if *cmd == Cmd::Back {
            self.place = Place::List;
            return Reaction::done();
        }
        match (self.form.on(cx.words, cmd), &self.file) {
            (FormEvent::Submit, Some(file)) => {
                Reaction::one(Action::Work(WRITE, Work::WriteText { out: self.form.value("path").into(), text: file.text.clone() }))
            }
            (FormEvent::Pass, _) => Reaction::Pass,
            (FormEvent::Submit | FormEvent::Handled, _) => Reaction::done(),
        }
    }

    /// Asks where a holder's file goes.
    fn save(&mut self, cx: &Cx<'_>, number: CertificateNumber, text: String) {
        self.form = Form::new(vec![Field::required("path", cx.words.say("certificates.path"), Kind::Path)]);
        self.form.set("path", &format!("{number}.cert"));
        self.file = Some(HolderFile { number, text });
        self.place = Place::Save;
    }

    fn reveal(&self, cx: &Cx<'_>) -> Vec<Action> {
        if self.one.get().is_none_or(|one| one.account_no.is_none()) {
            return vec![Action::Toast(Tone::Dim, cx.words.say("frame.not-here"))];
        }
        let (title, effect) = (cx.words.say("query.reveal-title"), vec![cx.words.say("query.reveal-effect")]);
        vec![Action::Reason(REVEAL, Box::new(Reason { title, effect }))]
    }

    fn came(&mut self, cx: &Cx<'_>, tag: Tag, event: DeskEvent) -> Vec<Action> {
        match (tag, event) {
            (LIST, DeskEvent::CertificateList { certificates, more }) => return self.page(certificates, more),
            (SHOW, DeskEvent::CertificateShow { certificate, account_no, backing }) => {
                self.one.came(One { certificate, account_no, backing });
                self.refresh(cx);
            }
            (CENTRES, DeskEvent::Status(status)) => self.issuing.centres(&status),
            (CANCEL, DeskEvent::CertificateCancelled { number, ended }) => {
                let text = cx.words.fill("certificates.cancelled", &[("number", number.as_str()), ("at", &ended.at.legal_text())]);
                self.place = Place::List;
                let mut actions = vec![Action::Toast(Tone::Good, text)];
                actions.extend(self.ask(cx));
                return actions;
            }
            (REVEAL, DeskEvent::Done) => {
                self.veil = Veil::lifted(cx.at);
                self.refresh(cx);
            }
            (FILE, DeskEvent::CertificateFile { number, file }) => self.save(cx, number, file),
            (issue::ISSUE, DeskEvent::CertificateIssued { number, expires, file }) => {
                let text = cx.words.fill("certificates.issued-now", &[("number", number.as_str()), ("until", &expires.legal_text())]);
                self.issuing.issued();
                self.save(cx, number, file);
                let mut actions = vec![Action::Toast(Tone::Good, text)];
                actions.extend(self.ask(cx));
                return actions;
            }
            (issue::LOOK | issue::UNMASK, DeskEvent::Account(view)) => self.issuing.looked(cx, view),
            (tag, _) => return self.failed(tag, Trouble::failed("peer-garbled")),
        }
        Vec::new()
    }

    fn failed(&mut self, tag: Tag, trouble: Trouble) -> Vec<Action> {
        match tag {
            LIST => self.load.failed(trouble),
            SHOW => self.one.failed(trouble),
            issue::LOOK => self.issuing.not_looked(trouble),
            CENTRES => {}
            CANCEL => {
                self.place = Place::List;
                return vec![Action::Trouble(trouble)];
            }
            issue::ISSUE => {
                self.issuing.not_issued(&trouble);
                return vec![Action::Trouble(trouble)];
            }
            _ => return vec![Action::Trouble(trouble)],
        }
        Vec::new()
    }

    fn outcome(&mut self, cx: &Cx<'_>, outcome: Outcome) -> Vec<Action> {
        match outcome {
            Outcome::Text(text) => self.issuing.card_read(cx, &text),
            Outcome::Written { path, .. } => {
                (self.file, self.place) = (None, Place::List);
                let text = cx.words.fill("certificates.written", &[("path", &path.display().to_string())]);
                vec![Action::Toast(Tone::Good, text)]
            }
            Outcome::Import(_) | Outcome::Screened(_) | Outcome::Exported { .. } | Outcome::Hash { .. } => Vec::new(),
        }
    }
}
