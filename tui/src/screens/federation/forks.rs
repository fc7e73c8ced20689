//! The fourth part: who has signed two histories, what that means for whoever works here, and what clears it.

use anju_core::desk::{FederationView, ForkView};

use super::told::{codes, short, when};
use crate::screen::Cx;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;

/// What it means, in the order of what matters at a counter.
const MEANS: &[&str] = &["federation.fork-means-adds", "federation.fork-means-ends", "federation.fork-means-counter"];
/// What is done about it, and the commands that it takes: of the forked centre, and of one that holds the history that counts.
const STEPS: &[(&str, Option<&str>)] = &[
    ("federation.fork-step-ask", None),
    ("federation.fork-step-card", Some("anju keys next")),
    ("federation.fork-step-propose", Some("anju federation propose rotate-keys --card FILE --fingerprint HEX --reason ...")),
    ("federation.fork-step-vote", None),
];

/// Everything that stands in the way of the federation's work, as lines; none when nothing does.
pub(super) fn lines(cx: &Cx<'_>, view: &FederationView) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(version) = view.frozen {
        lines.push(Line::Group(cx.words.say("federation.two-charters")));
        lines.push(Line::Text(Tone::Bad, cx.words.fill("federation.frozen", &[("version", &version.to_string())])));
        lines.push(Line::Text(Tone::Plain, cx.words.say("federation.frozen-means")));
        lines.push(Line::Blank);
    }
    view.forks.iter().for_each(|fork| lines.extend(fork_lines(cx, view, fork)));
    lines
}

fn fork_lines(cx: &Cx<'_>, view: &FederationView, fork: &ForkView) -> Vec<Line> {
    let words = cx.words;
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let name = view.members.iter().find(|member| member.centre == fork.centre).map(|member| member.name.as_str()).unwrap_or_default();
    let values = [("centre", fork.centre.to_string()), ("name", name.to_owned()), ("term", fork.term.to_string())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut lines = vec![Line::Group(words.fill("federation.fork-head-of", &values))];
    if fork.centre == cx.who.centre {
        lines.push(Line::Text(Tone::Bad, words.say("federation.fork-own")));
    }
    lines.push(field("federation.fork-since", when(words, fork.since, cx.now)));
    let by = if fork.reported_by.is_empty() { words.say("federation.fork-found-here") } else { Shown::new(&codes(&fork.reported_by)) };
    lines.push(field("federation.fork-by", by));
    for (at, (rows, root)) in fork.rows.iter().zip(&fork.roots).enumerate() {
        let key = if fork.ours == Some(at) { "federation.fork-history-ours" } else { "federation.fork-history" };
        let history = words.fill(key, &[("rows", &rows.to_string()), ("root", &short(root))]);
        lines.push(Line::Field {
            label: words.say(["federation.fork-one", "federation.fork-other"][at % 2]),
            value: history,
            tone: Tone::Bad,
        });
    }
    if fork.ours.is_none() {
        lines.push(field("federation.fork-ours", words.say("federation.fork-ours-short")));
    }
    if fork.ended_beside > 0 {
        lines.push(field("federation.fork-also", words.fill("federation.fork-beside-taken", &[("n", &fork.ended_beside.to_string())])));
    }
    lines.extend([Line::Blank, Line::Group(words.say("federation.fork-means"))]);
    lines.extend(MEANS.iter().map(|key| Line::Text(Tone::Plain, words.fill(key, &values))));
    lines.extend([Line::Blank, Line::Group(words.say("federation.fork-clears"))]);
    for (key, command) in STEPS {
        lines.push(Line::Text(Tone::Plain, words.fill(key, &values)));
        lines.extend(command.map(|command| Line::Text(Tone::Key, Shown::new(&format!("   {command}")))));
    }
    lines.push(Line::Blank);
    lines
}
