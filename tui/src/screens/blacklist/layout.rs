//! A case and a listing as lines.

use anju_core::desk::{CaseView, ExportRow};
use anju_core::listing::case::Move;

use super::finding::{Snapshot, case_entries, difference_lines, finding_entries, lines, step, times_proposed};
use crate::screen::Cx;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::words::Words;

/// A case: what changed, what is proposed, and every step. `plain` are name and number while they may be seen.
pub(super) fn case_lines(cx: &Cx<'_>, view: &CaseView, plain: Option<&(String, String)>, before: Option<&Snapshot>) -> Vec<Line> {
    let words = cx.words;
    let mut out = Vec::new();
    if view.impersonated {
        out.push(Line::Text(Tone::Warn, words.say("blacklist.case-impersonated")));
    }
    let shown = match plain {
        Some((name, number)) => CaseView { name: name.clone(), document_no: number.clone(), ..view.clone() },
        None => view.clone(),
    };
    let entries = case_entries(words, &shown);
    let again = times_proposed(view) > 1;
    if again || view.before.is_some() {
        out.push(Line::Group(words.say(if again { "blacklist.changed" } else { "blacklist.changed-by-file" })));
        match before {
            Some(before) => out.extend(difference_lines(words, &before.entries, &case_entries(words, view))),
            None => out.push(Line::Text(Tone::Warn, words.say("blacklist.before-unknown"))),
        }
        if view.before.as_ref().is_some_and(|before| before.name_differs) {
            out.push(Line::Text(Tone::Warn, words.say("blacklist.name-differs")));
        }
        let returned = view.steps.iter().rev().find_map(|step| match &step.what {
            Move::Review { approve: false, reason } => Some(Shown::new(reason)),
            _ => None,
        });
        out.extend(returned.map(|reason| Line::field(words.say("blacklist.returned-because"), reason)));
        out.push(Line::Blank);
    }
    out.push(Line::Group(words.say("blacklist.fields")));
    out.extend(lines(words, entries));
    out.push(Line::Blank);
    out.push(Line::Group(words.say("blacklist.steps")));
    for taken in &view.steps {
        let by = taken.by.as_ref().map_or_else(|| words.say("blacklist.step-by-clock"), Shown::of);
        let you = taken.by.as_ref() == Some(&cx.who.name);
        let by = if you { by.and(&words.say("blacklist.you")) } else { by };
        let (what, more) = step(words, &taken.what);
        let at = taken.at.legal_text();
        let head = Shown::new(at.get(..16).unwrap_or(&at));
        out.push(Line::Text(Tone::Plain, Shown::join([&head, &by, &what, &more], "  ")));
    }
    out
}

/// What can be said of somebody's listing.
pub(super) fn listing_lines(words: Words, row: &ExportRow) -> Vec<Line> {
    let until = |key: &str, value: &str| Line::field(words.say(key), Shown::new(value));
    let mut out = vec![
        Line::Text(Tone::Dim, words.say("blacklist.others-listing")),
        Line::field(words.say("blacklist.standing"), words.code("standing", row.standing.code())),
        Line::field(words.say("finding.basis"), words.code("basis", &row.basis)),
        until("finding.restriction-until", &row.restriction_until),
        until("finding.publication-until", &row.publication_until),
        Line::field(words.say("blacklist.open-objections"), Shown::of(row.open_objections)),
    ];
    if let Some(own) = &row.own {
        out.push(Line::Group(words.say("blacklist.fields")));
        out.extend(lines(words, finding_entries(words, &own.finding)));
    }
    out
}
