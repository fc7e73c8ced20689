//! The forms of what can be done with a case or a listing, and what is asked before it is done.

use anju_core::desk::{Act, CaseRef, CaseView};
use anju_core::listing::Ground;
use anju_core::listing::case::{Deed, MAX_REASON_CHARS};
use anju_core::names::Digest;

use crate::dialog::Danger;
use crate::door::Trouble;
use crate::screen::Cx;
use crate::shown::Shown;
use crate::widgets::form::{Field, Form, Kind};
use crate::words::Words;

/// Longest way of telling and longest decision number that are typed, in characters.
const LINE_MAX_CHARS: usize = 200;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Approve,
    Return,
    Notify,
    Object,
    Answer,
    Withdraw,
    Repair,
}

impl Step {
    /// The step of a command.
    pub(super) fn of(command: &str) -> Option<Self> {
        Some(match command {
            "blacklist.approve" => Self::Approve,
            "blacklist.return" => Self::Return,
            "blacklist.notify" => Self::Notify,
            "blacklist.object" => Self::Object,
            "blacklist.answer" => Self::Answer,
            "blacklist.withdraw" => Self::Withdraw,
            "blacklist.repair" => Self::Repair,
            _ => return None,
        })
    }

    /// Whether it is one of these.
    pub(super) fn is_among(self, may: &[Deed]) -> bool {
        may.iter().any(|deed| commands(*deed).iter().any(|command| Self::of(command) == Some(self)))
    }

    pub(super) fn word(self, words: Words) -> Shown {
        match self {
            Self::Approve => words.say("blacklist.cmd-approve"),
            Self::Return => words.say("blacklist.cmd-return"),
            Self::Notify => words.say("blacklist.cmd-notify"),
            Self::Object => words.say("blacklist.cmd-object"),
            Self::Answer => words.say("blacklist.cmd-answer"),
            Self::Withdraw => words.say("blacklist.cmd-withdraw"),
            Self::Repair => words.say("blacklist.cmd-repair"),
        }
    }

    /// The form of the step, for somebody who may do these things. The day is suggested, everything else is typed.
    pub(super) fn form(self, cx: &Cx<'_>, may: &[Deed]) -> Form {
        let words = cx.words;
        let reason = || Field::required("reason", words.say("blacklist.reason"), Kind::Area(MAX_REASON_CHARS));
        let yes_no = |id: &'static str, label: Shown, no: Shown, yes: Shown| {
            Field::required(id, label, Kind::Choice(vec![("no".to_owned(), no), ("yes".to_owned(), yes)]))
        };
        let fields = match self {
            Self::Approve | Self::Return => vec![reason()],
            Self::Notify => {
                let mut fields = vec![
                    Field::required("day", words.say("blacklist.notified-on"), Kind::Date),
                    Field::required("how", words.say("blacklist.how"), Kind::Text(LINE_MAX_CHARS)),
                ];
                // Who may only tell is not asked for the paper; who may only take the paper has to have it.
                if may.contains(&Deed::Waive) {
                    let make = if may.contains(&Deed::Notify) { Field::optional } else { Field::required };
                    fields.push(make("waiver", words.say("blacklist.waiver"), Kind::Path));
                }
                fields
            }
            Self::Object => {
                let grounds = Ground::ALL.iter().map(|ground| (ground.code().to_owned(), words.code("ground", ground.code())));
                vec![
                    Field::required("ground", words.say("blacklist.ground"), Kind::Choice(grounds.collect())),
                    Field::required("text", words.say("blacklist.objection"), Kind::Area(LINE_MAX_CHARS)),
                ]
            }
            Self::Answer => {
                let (uphold, withdraw) = (words.say("step.uphold"), words.say("step.answer-withdraw"));
                vec![yes_no("withdraw", words.say("blacklist.answer"), uphold, withdraw), reason()]
            }
            Self::Withdraw => {
                let (no, yes) = (words.say("blacklist.no"), words.say("blacklist.yes"));
                vec![reason(), yes_no("impersonated", words.say("blacklist.impersonated"), no, yes)]
            }
            Self::Repair => {
                vec![Field::required("decision", words.say("blacklist.repair-decision"), Kind::Text(LINE_MAX_CHARS)), reason()]
            }
        };
        let mut form = Form::new(fields);
        if self == Self::Notify {
            form.set("day", &cx.now.legal_day().to_string());
        }
        form
    }

    /// The act that the form says. Nothing when the step is for cases and this is somebody's listing.
    pub(super) fn act(self, about: &CaseRef, form: &Form, waiver: Option<Digest>) -> Option<Act> {
        let (about, reason) = (about.clone(), form.value("reason"));
        let case = || match &about {
            CaseRef::Case(case) => Some(case.clone()),
            CaseRef::Listing(_) => None,
        };
        Some(match self {
            Self::Approve => Act::Review { case: case()?, approve: true, reason },
            Self::Return => Act::Review { case: case()?, approve: false, reason },
            Self::Notify => Act::Notify { case: case()?, day: form.value("day"), how: form.value("how"), waiver },
            Self::Object => Act::Object { about, ground: form.value("ground"), text: form.value("text") },
            Self::Answer => Act::Answer { about, uphold: form.value("withdraw") != "yes", reason },
            Self::Withdraw => Act::Withdraw { about, reason, impersonated: form.value("impersonated") == "yes" },
            Self::Repair => Act::Repair { about, decision: form.value("decision"), reason },
        })
    }
}

/// The commands of what may be done.
const fn commands(deed: Deed) -> &'static [&'static str] {
    match deed {
        Deed::Propose => &["blacklist.again"],
        Deed::Review => &["blacklist.approve", "blacklist.return"],
        Deed::Notify | Deed::Waive => &["blacklist.notify"],
        Deed::Object => &["blacklist.object"],
        Deed::Answer => &["blacklist.answer"],
        Deed::Withdraw => &["blacklist.withdraw"],
        Deed::Repair => &["blacklist.repair"],
    }
}

/// What is offered with a case: what the peer says that may be done, and of one that has ended, the proof.
pub(super) fn offers(view: &CaseView) -> Vec<&'static str> {
    let mut out: Vec<&'static str> = view.may.iter().flat_map(|deed| commands(*deed)).copied().collect();
    // Telling with and without the paper is one command.
    out.dedup();
    if view.line.state.has_ended() {
        out.push("blacklist.proof");
    }
    out
}

/// The question before the act: object, effect here and at other centres; what publishes or ends has the number typed.
pub(super) fn danger(words: Words, act: &Act, number: &str, object: Shown) -> Danger {
    let (title, effect, typed) = match act {
        Act::Review { approve: true, .. } => ("blacklist.cmd-approve", "blacklist.effect-approve", false),
        Act::Review { approve: false, .. } => ("blacklist.cmd-return", "blacklist.effect-return", false),
        Act::Notify { waiver: None, .. } => ("blacklist.cmd-notify", "blacklist.effect-notify", false),
        Act::Notify { waiver: Some(_), .. } => ("blacklist.cmd-notify", "blacklist.effect-waiver", true),
        Act::Object { .. } => ("blacklist.cmd-object", "blacklist.effect-object", false),
        Act::Answer { uphold: true, .. } => ("blacklist.cmd-answer", "blacklist.effect-uphold", false),
        Act::Answer { uphold: false, .. } => ("blacklist.cmd-answer", "blacklist.effect-withdraw", true),
        Act::Repair { .. } => ("blacklist.cmd-repair", "blacklist.effect-repair", true),
        _ => ("blacklist.cmd-withdraw", "blacklist.effect-withdraw", true),
    };
    Danger {
        title: words.say(title),
        object,
        effect: vec![words.say(effect), words.say("blacklist.recorded")],
        yes: words.say(title),
        typed: typed.then(|| number.to_owned()),
    }
}

/// Puts a refusal beside the field that it is about; whether there was one.
pub(super) fn refuse(words: Words, form: &mut Form, fields: &[&'static str], trouble: &Trouble) -> bool {
    let Some((_, detail)) = trouble.values.iter().find(|(name, _)| name == "refusal_detail") else { return false };
    let named = detail.replace('-', "_");
    let Some(field) = fields.iter().find(|field| **field == named || (named == "decision_sha256" && **field == "decision_file")) else {
        return false;
    };
    form.refuse(field, words.code("refusal", &format!("{}.what", trouble.code)));
    true
}
