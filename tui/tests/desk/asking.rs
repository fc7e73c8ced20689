//! Dialogs, reasons and the veil, shown by a view made for it.

use anju_core::desk::{Act, Event as DeskEvent, Request};
use anju_core::operator::Role;
use anju_tui::Words;
use anju_tui::canvas::Canvas;
use anju_tui::cmd::{Cmd, Command};
use anju_tui::dialog::{Danger, Reason};
use anju_tui::fake::{Asked, FakeDoor, PASSPHRASE, Rehearsal};
use anju_tui::screen::{Action, Cx, Entry, Moment, REVEALED_MS, Reaction, Screen, Tag, Target, Told, Veil};
use anju_tui::shown::Shown;
use anju_tui::theme::Tone;
use anju_tui::widgets::form::{Field, Form, FormEvent, Kind};

use crate::made;

const NUMBER: &str = "460100199001011234";
const OWN: &[Command] =
    &[Command { id: "asking.withdraw", word: "cmd.submit", keys: &["w"] }, Command { id: "asking.type", word: "cmd.open", keys: &["t"] }];
const ENTRIES: &[Entry] = &[
    Entry { id: "asking", word: "screen.workbench", number: 1, roles: &Role::ALL, commands: OWN, make },
    Entry { id: "other", word: "screen.system", number: 2, roles: &[Role::Reviewer], commands: &[], make },
    Entry { id: "audit", word: "screen.federation", number: 3, roles: &[Role::Auditor], commands: &[], make },
];

#[derive(Default)]
struct Asking {
    said: Vec<String>,
    plain: Option<String>,
    veil: Veil,
    form: Option<Form>,
}

fn make() -> Box<dyn Screen> {
    Box::new(Asking::default())
}

impl Screen for Asking {
    fn open(&mut self, _: &Cx<'_>, _: Option<Target>) -> Vec<Action> {
        Vec::new()
    }

    fn on(&mut self, cx: &Cx<'_>, cmd: &Cmd) -> Reaction {
        if let Some(form) = &mut self.form {
            return Reaction::of(form.on(cx.words, cmd) != FormEvent::Pass);
        }
        match cmd {
            Cmd::Own("asking.type") => {
                self.form = Some(Form::new(vec![Field::required("text", Shown::new("Text"), Kind::Text(40))]));
                Reaction::done()
            }
            Cmd::Own(_) => Reaction::one(Action::Confirm(
                "withdraw",
                Box::new(Danger {
                    title: Shown::new("Withdraw"),
                    object: Shown::new("C46010-L7"),
                    effect: vec![Shown::new("Every centre erases it.")],
                    yes: Shown::new("Withdraw"),
                    typed: Some("C46010-L7".to_owned()),
                }),
            )),
            Cmd::Reveal => Reaction::one(Action::Reason("reveal", Box::new(Reason { title: Shown::new("Why?"), effect: vec![] }))),
            _ => Reaction::Pass,
        }
    }

    fn told(&mut self, cx: &Cx<'_>, tag: Tag, told: Told) -> Vec<Action> {
        match told {
            Told::Reason(reason) => {
                let about = "C46010-A7".parse().unwrap();
                return vec![Action::act("show", Act::CaseShow { about, unmask: Some(reason) })];
            }
            Told::Answer(_) => (self.plain, self.veil) = (Some(NUMBER.to_owned()), Veil::lifted(cx.at)),
            other => self.said.push(format!("{tag} {other:?}")),
        }
        Vec::new()
    }

    fn draw(&self, cx: &Cx<'_>, canvas: &mut Canvas<'_>) {
        let number = self.plain.as_deref().filter(|_| self.veil.is_lifted(cx.at)).map_or_else(|| Shown::masked(NUMBER), Shown::new);
        canvas.text(1, cx.body.y, 40, Tone::Plain, &number);
        canvas.text(1, cx.body.y + 1, 60, Tone::Plain, &Shown::new(self.said.last().map_or("", String::as_str)));
        if let Some(form) = &self.form {
            form.draw(cx.words, cx.body, canvas);
        }
    }

    fn offers(&self, _: &Cx<'_>) -> Vec<&'static str> {
        vec!["asking.withdraw", "reveal"]
    }

    fn deadline(&self) -> Option<Moment> {
        self.plain.as_ref().and(self.veil.falls())
    }

    fn tick(&mut self, _: &Cx<'_>) -> Vec<Action> {
        self.hide();
        Vec::new()
    }

    fn hide(&mut self) {
        (self.plain, self.veil) = (None, Veil::default());
    }

    fn typing(&self) -> bool {
        self.form.is_some()
    }

    fn dirty(&self) -> bool {
        self.form.as_ref().is_some_and(Form::dirty)
    }
}

fn desk() -> (FakeDoor, Rehearsal) {
    let door = FakeDoor::new(made::reviewer(), |_| Ok(DeskEvent::Done));
    let mut desk = Rehearsal::new(&door, Words::English, ENTRIES, 80, 24);
    desk.log_in("li.si");
    (door, desk)
}

#[test]
fn what_cannot_be_taken_back_needs_its_number_typed_and_enter_alone_is_no() {
    let (_, mut desk) = desk();
    desk.keys("w enter");
    assert!(desk.screen().contains("withdraw Dismissed"), "{}", desk.screen());
    desk.keys("w tab enter");
    assert!(!desk.screen().contains("withdraw Confirmed"), "the button cannot be reached without the number");
    desk.keys("w");
    desk.types("C46010-L8");
    desk.keys("tab enter");
    assert!(!desk.screen().contains("withdraw Confirmed"), "another number is not the number");
    desk.keys("w");
    desk.types("C46010-L7");
    assert!(desk.screen().contains("Every centre erases it."));
    desk.keys("tab enter");
    assert!(desk.screen().contains("withdraw Confirmed"), "{}", desk.screen());
}

#[test]
fn a_number_is_revealed_for_a_reason_that_is_sent_and_hides_again() {
    let (door, mut desk) = desk();
    assert!(desk.screen().contains("460***********1234"));
    desk.keys("v enter");
    assert!(desk.screen().contains("Why?"), "without a reason nothing is asked");
    // For its alarm the desk looks at the status by itself.
    assert!(door.asked().iter().all(|asked| *asked == Asked::Request(Request::Status)));
    desk.types("the applicant stands before me");
    desk.keys("enter");
    let asked = door.asked();
    assert!(
        matches!(asked.as_slice(), [Asked::Act(Act::CaseShow { unmask: Some(why), .. })] if why == "the applicant stands before me"),
        "{asked:?}"
    );
    assert!(desk.screen().contains(NUMBER));
    desk.pass(REVEALED_MS - 1);
    assert!(desk.screen().contains(NUMBER));
    desk.pass(1);
    assert!(!desk.screen().contains(NUMBER));
    assert!(desk.deadline().is_some_and(|at| at > REVEALED_MS), "nothing wakes the desk for it any more");
}

#[test]
fn a_lock_hides_what_was_revealed() {
    let (_, mut desk) = desk();
    desk.keys("v");
    desk.types("why");
    desk.keys("enter ctrl-l");
    desk.types(PASSPHRASE);
    desk.keys("enter");
    assert!(desk.screen().contains("460***********1234"), "{}", desk.screen());
}

#[test]
fn what_was_typed_is_not_lost_without_a_question() {
    let (_, mut desk) = desk();
    desk.keys("t");
    desk.types("half a sentence");
    desk.keys("esc");
    assert!(desk.screen().contains("not submitted"), "{}", desk.screen());
    desk.keys("enter");
    assert!(desk.screen().contains("half a sentence"));
    desk.keys("ctrl-l");
    desk.types(PASSPHRASE);
    desk.keys("enter");
    assert!(desk.screen().contains("half a sentence"), "a lock keeps what was typed");
    desk.keys("ctrl-p");
    desk.types("system");
    desk.keys("enter");
    assert!(desk.screen().contains("not submitted"));
    desk.keys("tab enter 1");
    assert!(!desk.screen().contains("half a sentence"));
}

#[test]
fn a_view_for_other_roles_is_neither_shown_nor_reached() {
    let (_, mut desk) = desk();
    assert!(!desk.screen().contains("3 Federation"));
    desk.keys("3");
    assert!(!desk.screen().contains("> Federation"));
    desk.keys("ctrl-p");
    desk.types("federation");
    assert!(desk.screen().contains("Nothing found"));
}
