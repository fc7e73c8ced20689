//! Saying for one's centre what it makes of a proposal: what may be said, how it is asked for, and what is sent.

use anju_core::charter::vote::MAX_REASON_BYTES;
use anju_core::desk::{Act, FederationAct, FederationDeed, FederationView, ProposalView};
use anju_core::operator::Role;

use super::told::{changes_short, short};
use crate::dialog::Danger;
use crate::screen::Cx;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::form::{Field, Form, Kind};
use crate::words::Words;

/// Longest reason that is typed, in characters: as many as fit in any script.
const REASON_MAX_CHARS: usize = MAX_REASON_BYTES / 4;

/// The command of a deed.
pub(super) const fn command(deed: FederationDeed) -> &'static str {
    match deed {
        FederationDeed::Approve => "federation.approve",
        FederationDeed::Reject => "federation.reject",
        FederationDeed::NextRound => "federation.next-round",
    }
}

/// The deed of a command.
pub(super) fn deed(id: &str) -> Option<FederationDeed> {
    [FederationDeed::Approve, FederationDeed::Reject, FederationDeed::NextRound].into_iter().find(|deed| command(*deed) == id)
}

/// What who is logged in can do about a proposal.
pub(super) fn may(cx: &Cx<'_>, view: &FederationView, proposal: &ProposalView) -> Vec<FederationDeed> {
    view.may(&cx.who.centre, (&cx.who.name, cx.who.role), proposal)
}

pub(super) fn word(words: Words, deed: FederationDeed) -> Shown {
    match deed {
        FederationDeed::Approve => words.say("federation.cmd-approve"),
        FederationDeed::Reject => words.say("federation.cmd-reject"),
        FederationDeed::NextRound => words.say("federation.cmd-next-round"),
    }
}

/// Why, for the other centres.
pub(super) fn form(words: Words) -> Form {
    Form::new(vec![Field::required("reason", words.say("federation.reason"), Kind::Area(REASON_MAX_CHARS))])
}

/// How the own centre stands to a proposal, and whether it waits for who is logged in.
pub(super) fn standing(cx: &Cx<'_>, view: &FederationView, proposal: &ProposalView) -> (Tone, Shown) {
    let words = cx.words;
    let said = proposal.said.iter().find(|said| said.centre == cx.who.centre).map(|said| said.approved);
    match said {
        Some(true) => return (Tone::Good, words.say("federation.we-approved")),
        Some(false) => return (Tone::Plain, words.say("federation.we-rejected")),
        None => {}
    }
    if view.frozen.is_some() {
        return (Tone::Bad, words.say("federation.we-frozen"));
    }
    if !view.members.iter().any(|member| member.centre == cx.who.centre && member.role == "member") {
        return (Tone::Dim, words.say("federation.we-do-not-vote"));
    }
    if proposal.epoch_opens == Some(false) || proposal.barred.is_some() {
        return (Tone::Bad, words.say("federation.we-cannot"));
    }
    let may = may(cx, view, proposal);
    let can = |approve| may.contains(if approve { &FederationDeed::Approve } else { &FederationDeed::Reject });
    let security = words.code("role", Role::Security.code());
    // Of several that wait, the one that waits for who is logged in.
    let mine = proposal.firsts.iter().find(|first| first.operator != cx.who.name && can(first.approve));
    match mine.or(proposal.firsts.first()) {
        Some(first) if first.operator == cx.who.name => (Tone::Plain, words.say("federation.second-missing")),
        Some(first) => {
            let (tone, key) = match (can(first.approve), first.approve, first.security) {
                (true, true, _) => (Tone::Warn, "federation.second-yes"),
                (true, false, _) => (Tone::Warn, "federation.second-no"),
                (false, _, true) => (Tone::Plain, "federation.second-other"),
                (false, _, false) => (Tone::Plain, "federation.second-security"),
            };
            (tone, words.fill(key, &[("operator", first.operator.as_str()), ("role", security.as_str())]))
        }
        None if can(true) || can(false) => (Tone::Warn, words.say("federation.wanted")),
        None => (Tone::Plain, words.fill("federation.wanted-of", &[("role", security.as_str())])),
    }
}

/// Whether the centre has said it once who is logged in has.
fn completes(cx: &Cx<'_>, proposal: &ProposalView, approve: bool) -> bool {
    proposal.firsts.iter().any(|first| first.operator != cx.who.name && first.approve == approve)
}

/// The question before it is sent: what changes, and what follows. What binds the centre has the proposal's name typed, so that two people
/// have looked at the same one.
pub(super) fn danger(cx: &Cx<'_>, proposal: &ProposalView, deed: FederationDeed) -> Danger {
    let words = cx.words;
    let name = short(&proposal.proposal);
    let approve = deed == FederationDeed::Approve;
    let completes = completes(cx, proposal, approve);
    let effect = match (deed, completes) {
        (FederationDeed::Approve, true) => words.say("federation.effect-approve"),
        (FederationDeed::Reject, true) => words.say("federation.effect-reject"),
        (FederationDeed::Approve | FederationDeed::Reject, false) => words.say("federation.effect-first"),
        (FederationDeed::NextRound, _) => words.say("federation.effect-next-round"),
    };
    let values = [("proposal", name.clone()), ("version", proposal.version.to_string()), ("by", proposal.by.to_string())];
    let object = words.fill("federation.object", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
    Danger {
        title: word(words, deed),
        object,
        effect: vec![changes_short(words, &proposal.changes), effect, words.say("federation.recorded")],
        yes: word(words, deed),
        typed: (approve && completes).then_some(name),
    }
}

/// What is sent.
pub(super) fn act(proposal: &ProposalView, deed: FederationDeed, reason: String) -> Act {
    let proposal = proposal.proposal;
    let asked = match deed {
        FederationDeed::Approve => FederationAct::Answer { proposal, approve: true, reason },
        FederationDeed::Reject => FederationAct::Answer { proposal, approve: false, reason },
        FederationDeed::NextRound => FederationAct::NextRound { proposal },
    };
    Act::Federation(Box::new(asked))
}
