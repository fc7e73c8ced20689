//! From an account to a certificate: the account is found in the source, what it would say is looked at, the holder's card is taken, and
//! one is issued. Whether it may be issued says the peer.

use anju_core::certificate::CertificateKind;
use anju_core::desk::{AccountView, Act, Status};
use anju_core::holder::HolderCard;
use anju_core::holder::card::MAX_CARD_BYTES;
use anju_core::names::{CentreCode, RequestId};
use ratatui::layout::Rect;

use super::{Place, Trouble};
use crate::canvas::{Canvas, split_top};
use crate::cmd::{Cmd, Edit};
use crate::dialog::{Danger, Reason, sentences};
use crate::door::{TroubleKind, Work};
use crate::screen::{Action, Cx, Moment, Reaction, Tag, Veil};
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::claims::{Claims, kind_title};
use crate::widgets::detail::{Detail, Line};
use crate::widgets::form::{Field, Form, FormEvent, Kind};
use crate::widgets::state::Load;

pub(super) const LOOK: Tag = "look";
pub(super) const UNMASK: Tag = "unmask";
pub(super) const ISSUE: Tag = "issue";
pub(super) const CARD: Tag = "card";

/// Longest account number that is typed, in characters.
const ACCOUNT_MAX_CHARS: usize = 40;
/// Rows above what is known of the account.
const HEAD_ROWS: u16 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Find,
    Account,
    Card,
}

/// What is to be issued, and under which id: the same again under the same id is issued once.
struct Ready {
    act: Act,
    id: RequestId,
}

/// The way to a certificate.
#[derive(Default)]
pub(super) struct Issuing {
    step: Step,
    form: Form,
    account_no: String,
    kind: String,
    account: Load<AccountView>,
    detail: Detail,
    /// The numbers in plain, for as long as they are shown.
    plain: Option<Box<AccountView>>,
    veil: Veil,
    card: Option<(String, HolderCard)>,
    ready: Option<Ready>,
    centres: Vec<(String, Shown)>,
}

impl Issuing {
    pub(super) fn begin(&mut self, cx: &Cx<'_>) {
        let words = cx.words;
        let kinds = CertificateKind::ALL.map(|kind| (kind.code().to_owned(), kind_title(words, kind.code())));
        self.form = Form::new(vec![
            Field::required("account", words.say("certificates.account"), Kind::Text(ACCOUNT_MAX_CHARS)),
            Field::required("kind", words.say("certificates.kind"), Kind::Choice(kinds.to_vec())),
        ]);
        self.form.set("account", &self.account_no);
        (self.step, self.account, self.ready) = (Step::Find, Load::default(), None);
        self.hide();
    }

    /// Which centres may be addressed: all but our own.
    pub(super) fn centres(&mut self, status: &Status) {
        let others = status.journals.iter().filter(|journal| journal.centre != status.centre);
        self.centres = others.map(|j| (j.centre.to_string(), Shown::new(&format!("{} {}", j.centre, j.name)))).collect();
    }

    pub(super) fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> (Reaction, Option<Place>) {
        let back = *cmd == Cmd::Back;
        let reaction = match self.step {
            Step::Find if back => return (Reaction::done(), Some(Place::List)),
            Step::Find => self.on_find(cx, cmd),
            Step::Account if back => {
                self.begin(cx);
                Reaction::done()
            }
            Step::Account => self.on_account(cx, cmd),
            Step::Card if back => {
                self.step = Step::Account;
                Reaction::done()
            }
            Step::Card => self.on_card(cx, cmd),
        };
        (reaction, None)
    }

    fn on_find(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match self.form.on(cx.words, cmd) {
            FormEvent::Pass => Reaction::Pass,
            FormEvent::Handled => Reaction::done(),
            FormEvent::Submit => {
                (self.account_no, self.kind) = (self.form.value("account"), self.form.value("kind"));
                (self.step, self.account) = (Step::Account, Load::default());
                self.detail = Detail::default();
                Reaction::one(self.look(cx))
            }
        }
    }

    fn look(&mut self, cx: &Cx<'_>) -> Action {
        self.account.ask(cx.at);
        Action::act(LOOK, Act::AccountShow { account_no: self.account_no.clone(), kind: self.kind.clone(), unmask: None })
    }

    fn on_account(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        match cmd {
            Cmd::Reload => Reaction::one(self.look(cx)),
            Cmd::Own("certificates.issue") => Reaction::Do(self.open_card(cx)),
            Cmd::Reveal if self.account.get().is_some() => {
                let (title, effect) = (cx.words.say("query.reveal-title"), vec![cx.words.say("query.reveal-effect")]);
                Reaction::one(Action::Reason(UNMASK, Box::new(Reason { title, effect })))
            }
            _ => Reaction::of(self.detail.on(cmd, split_top(cx.body, HEAD_ROWS).1)),
        }
    }

    /// The act that shows the numbers, for a reason.
    pub(super) fn unmask(&self, reason: String) -> Action {
        Action::act(UNMASK, Act::AccountShow { account_no: self.account_no.clone(), kind: self.kind.clone(), unmask: Some(reason) })
    }

    pub(super) fn looked(&mut self, cx: &Cx<'_>, view: Box<AccountView>) {
        if view.masked {
            self.account.came(*view);
        } else {
            (self.plain, self.veil) = (Some(view), Veil::lifted(cx.at));
        }
        self.refresh(cx);
    }

    pub(super) fn not_looked(&mut self, trouble: Trouble) {
        self.account.failed(trouble);
    }

    /// Lays the account out anew. What the peer masked is shown as it came.
    pub(super) fn refresh(&mut self, cx: &Cx<'_>) {
        let Some(view) = self.plain.as_deref().or_else(|| self.account.get()) else { return };
        let mut lines = vec![Line::Group(kind_title(cx.words, &view.kind))];
        match &view.refusal {
            None => lines.push(Line::Text(Tone::Good, Shown::new("[+] ").and(&cx.words.say("certificates.may-issue")))),
            Some(refusal) => {
                let [what, _, next] = sentences(cx.words, &Trouble::from(refusal.clone()));
                lines.push(Line::Text(Tone::Bad, Shown::new("[-] ").and(&cx.words.say("certificates.may-not-issue")).and(&what)));
                lines.push(Line::Text(Tone::Plain, Shown::new("    ").and(&next)));
            }
        }
        lines.extend(Claims::new(&view.kind, &view.fields, true).lines(cx.words));
        self.detail.set(lines);
    }

    fn open_card(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let words = cx.words;
        if self.account.get().is_none_or(|view| view.refusal.is_some()) {
            return vec![Action::Toast(Tone::Warn, words.say("certificates.not-issuable"))];
        }
        let needs = self.kind.parse().is_ok_and(CertificateKind::needs_addressee);
        let mut centres = self.centres.clone();
        if !needs {
            centres.insert(0, (String::new(), words.say("certificates.anybody")));
        }
        let addressee = if centres.is_empty() { Kind::Text(8) } else { Kind::Choice(centres) };
        self.form = Form::new(vec![
            Field::optional("card", words.say("certificates.card"), Kind::Text(2 * MAX_CARD_BYTES)),
            Field::optional("path", words.say("certificates.card-path"), Kind::Path),
            Field { required: needs, ..Field::optional("addressee", words.say("certificates.addressee"), addressee) },
            Field::optional("days", words.say("certificates.days"), Kind::Number),
        ]);
        (self.step, self.card) = (Step::Card, None);
        Vec::new()
    }

    fn on_card(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if let Cmd::Edit(Edit::Paste(text)) = cmd
            && self.take_card(cx, text).is_ok()
        {
            self.form.focus("addressee");
            return Reaction::done();
        }
        match self.form.on(cx.words, cmd) {
            FormEvent::Pass => return Reaction::Pass,
            FormEvent::Handled => return Reaction::done(),
            FormEvent::Submit => {}
        }
        let (text, path) = (self.form.value("card"), self.form.value("path"));
        if !text.is_empty()
            && let Err(trouble) = self.take_card(cx, &text)
        {
            let [what, ..] = sentences(cx.words, &trouble);
            self.form.refuse("card", what);
        } else if self.card.is_some() {
            return Reaction::Do(self.confirm(cx));
        } else if !path.is_empty() {
            let work = Work::ReadText { file: path.into(), max_bytes: MAX_CARD_BYTES as u64 };
            return Reaction::one(Action::Work(CARD, work));
        } else {
            self.form.refuse("card", cx.words.say("certificates.card-nothing"));
        }
        Reaction::done()
    }

    fn take_card(&mut self, cx: &Cx<'_>, text: &str) -> Result<(), Trouble> {
        let card = HolderCard::parse(text, &cx.who.centre, cx.now)?;
        self.card = Some((text.to_owned(), card));
        self.form.set("card", "");
        Ok(())
    }

    /// The card's file was read.
    pub(super) fn card_read(&mut self, cx: &Cx<'_>, text: &str) -> Vec<Action> {
        match self.take_card(cx, text) {
            Ok(()) => self.confirm(cx),
            Err(trouble) => vec![Action::Trouble(trouble)],
        }
    }

    /// Asks whether it is meant.
    fn confirm(&mut self, cx: &Cx<'_>) -> Vec<Action> {
        let (Some((card, _)), words) = (&self.card, cx.words) else { return Vec::new() };
        let addressee = self.form.value("addressee");
        let centre = if addressee.is_empty() { None } else { CentreCode::new(&addressee).ok() };
        let made = |id: RequestId| Act::CertificateIssue {
            account_no: self.account_no.clone(),
            kind: self.kind.clone(),
            addressee: centre.clone(),
            card: card.clone(),
            clerk: cx.who.display.clone(),
            valid_days: self.form.value("days").parse().ok(),
            request: id,
        };
        let id = self.ready.as_ref().filter(|ready| made(ready.id) == ready.act).map_or(cx.fresh, |ready| ready.id);
        let to = centre.as_ref().map_or_else(|| words.say("certificates.anybody"), Shown::of);
        let (kind, account) = (kind_title(words, &self.kind), Shown::masked(&self.account_no));
        let values = [("kind", kind.as_str()), ("account", account.as_str()), ("to", to.as_str())];
        let danger = Danger {
            title: words.say("certificates.issue-title"),
            object: words.fill("certificates.issue-object", &values),
            effect: vec![words.say("certificates.issue-effect")],
            yes: words.say("certificates.issue-yes"),
            typed: None,
        };
        self.ready = Some(Ready { act: made(id), id });
        vec![Action::Confirm(ISSUE, Box::new(danger))]
    }

    /// It is meant.
    pub(super) fn issue(&self) -> Vec<Action> {
        self.ready.as_ref().map(|ready| Action::act(ISSUE, ready.act.clone())).into_iter().collect()
    }

    pub(super) fn issued(&mut self) {
        *self = Self { centres: std::mem::take(&mut self.centres), ..Self::default() };
    }

    pub(super) fn not_issued(&mut self, trouble: &Trouble) {
        // What failed may have been done: the same again goes under the same id. A refusal is over.
        if trouble.kind == TroubleKind::Refused {
            self.ready = None;
        }
    }

    pub(super) fn typing(&self) -> bool {
        self.step != Step::Account
    }

    pub(super) fn falls(&self) -> Option<Moment> {
        self.veil.falls()
    }

    /// The plain numbers go.
    pub(super) fn hide(&mut self) {
        (self.plain, self.veil) = (None, Veil::default());
        self.detail = Detail::default();
    }

    pub(super) fn offers(&self) -> Vec<&'static str> {
        match self.step {
            Step::Find | Step::Card => vec!["submit", "next", "back", "palette"],
            Step::Account => vec!["certificates.issue", "reveal", "page-down", "reload", "back", "palette"],
        }
    }

    pub(super) fn draw(&self, cx: &Cx<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let words = cx.words;
        let (head, rest) = split_top(area, HEAD_ROWS);
        let title = match self.step {
            Step::Find => "find-title",
            Step::Account => "account-title",
            Step::Card => "card-title",
        };
        canvas.text(head.x, head.y, head.width, Tone::Head, &words.code("certificates", title));
        if self.step == Step::Account {
            if self.account.draw(cx, rest, canvas).is_some() {
                self.detail.draw(rest, canvas);
            }
            return;
        }
        let rows = if self.step == Step::Find { 4 } else { 8 };
        self.form.draw(words, Rect { height: rows.min(rest.height), ..rest }, canvas);
        let below = split_top(rest, rows + 1).1;
        match (&self.card, self.step) {
            (Some((_, card)), Step::Card) => {
                let made = words.fill("certificates.card-here", &[("at", &card.created.legal_text())]);
                canvas.paragraph(below, Tone::Good, &Shown::new("[+] ").and(&made));
            }
            (None, Step::Card) => {
                canvas.paragraph(below, Tone::Dim, &words.say("certificates.card-hint"));
            }
            (_, Step::Find | Step::Account) => {
                canvas.paragraph(below, Tone::Dim, &words.say("certificates.find-hint"));
            }
        }
    }
}
