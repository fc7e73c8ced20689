//! What was decided about a subject, as lines; and what of it is different from what was seen before.

use anju_core::desk::{BeforeView, CaseView};
use anju_core::listing::case::Move;
use anju_core::listing::finding::{Coded, Refund};
use anju_core::listing::{Day, Finding};

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::words::Words;

/// A label's key, and the value.
pub(super) type Entry = (&'static str, Shown);

/// A proposal as it was seen: how often it had been proposed, and what it said. The subject is masked.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) proposed: usize,
    pub(super) entries: Vec<Entry>,
}

impl Snapshot {
    pub(super) fn of(words: Words, view: &CaseView) -> Self {
        Self { proposed: times_proposed(view), entries: case_entries(words, view) }
    }

    /// What the peer says that the case said before.
    pub(super) fn before(words: Words, view: &CaseView) -> Option<Self> {
        let BeforeView { name, finding, name_differs: _ } = view.before.clone()?;
        let name = name.unwrap_or_else(|| view.name.clone());
        let proposed = times_proposed(view).saturating_sub(1);
        Some(Self { proposed, entries: case_entries(words, &CaseView { name, finding, ..view.clone() }) })
    }
}

/// How often a case was proposed: once, and again after each return.
pub(super) fn times_proposed(view: &CaseView) -> usize {
    view.steps.iter().filter(|step| step.what == Move::Propose).count()
}

/// Subject and finding of a case.
pub(super) fn case_entries(words: Words, view: &CaseView) -> Vec<Entry> {
    let kind = words.code("subject-kind", view.subject_kind.code());
    let document = words.code("blacklist.document", &view.document_type);
    let mut entries = vec![
        ("finding.subject", Shown::join([&kind, &Shown::new(&view.name)], "  ")),
        ("finding.document", Shown::join([&document, &Shown::new(&view.document_no)], "  ")),
    ];
    entries.extend(finding_entries(words, &view.finding));
    entries
}

/// What was decided.
pub(super) fn finding_entries(words: Words, finding: &Finding) -> Vec<Entry> {
    let coded = |coded: &Coded| Shown::new(&coded.label);
    let day = |day: Option<Day>| day.map_or_else(|| Shown::new("-"), Shown::of);
    let version = finding.legal_basis_version.as_deref().map_or_else(String::new, |version| format!(" ({version})"));
    let measures: Vec<Shown> = finding.measures.iter().map(coded).collect();
    let mut entries = vec![
        ("finding.conduct", coded(&finding.conduct)),
        ("finding.level", coded(&finding.level)),
        ("finding.decision", Shown::new(&format!("{}  {}", finding.decision_no, finding.decision_day))),
        ("finding.legal-basis", Shown::new(&format!("{}{version}", finding.legal_basis))),
        ("finding.measures", Shown::join(&measures, "  ")),
        ("finding.restriction-until", Shown::of(finding.restriction_until)),
        ("finding.publication-until", Shown::of(finding.publication_until)),
        ("finding.notified", day(finding.notified)),
    ];
    if let Some(until) = finding.objection_until {
        entries.push(("finding.objection-until", Shown::of(until)));
    }
    if let Some(sha256) = &finding.decision_sha256 {
        entries.push(("finding.decision-sha256", Shown::of(sha256)));
    }
    match finding.refund {
        Refund::None => {}
        Refund::Outstanding => entries.push(("finding.refund", words.say("refund.outstanding"))),
        Refund::Repaid => entries.push(("finding.refund", words.say("refund.repaid"))),
    }
    entries
}

/// Entries as lines.
pub(super) fn lines(words: Words, entries: Vec<Entry>) -> Vec<Line> {
    entries.into_iter().map(|(key, value)| Line::field(words.say(key), value)).collect()
}

/// What is different: label, before, now.
pub(super) fn differences(before: &[Entry], now: &[Entry]) -> Vec<(&'static str, Shown, Shown)> {
    let value = |entries: &[Entry], key: &str| entries.iter().find(|(k, _)| *k == key).map(|(_, value)| value.clone());
    let none = || Shown::new("-");
    let mut keys: Vec<&'static str> = now.iter().map(|(key, _)| *key).collect();
    keys.extend(before.iter().map(|(key, _)| *key).filter(|key| value(now, key).is_none()));
    let pair = |key: &'static str| (key, value(before, key).unwrap_or_else(none), value(now, key).unwrap_or_else(none));
    keys.into_iter().map(pair).filter(|(_, before, now)| before != now).collect()
}

/// Lines of what is different from `before`, or that nothing is.
pub(super) fn difference_lines(words: Words, before: &[Entry], now: &[Entry]) -> Vec<Line> {
    let different = differences(before, now);
    if different.is_empty() {
        return vec![Line::Text(Tone::Warn, words.say("blacklist.nothing-changed"))];
    }
    let line = |(key, before, now): (&'static str, Shown, Shown)| Line::Field {
        label: words.say(key),
        value: words.fill("blacklist.before-now", &[("before", before.as_str()), ("now", now.as_str())]),
        tone: Tone::Warn,
    };
    different.into_iter().map(line).collect()
}

/// A step in words: what, and what was said with it.
pub(super) fn step(words: Words, step: &Move) -> (Shown, Shown) {
    let more = |text: &str| Shown::new(text);
    match step {
        Move::Propose => (words.say("step.propose"), Shown::default()),
        Move::Review { approve: true, reason } => (words.say("step.approve"), more(reason)),
        Move::Review { approve: false, reason } => (words.say("step.return"), more(reason)),
        Move::Notify { day, how, objection_until, waiver } => {
            let key = if waiver.is_some() { "step.notify-waived-more" } else { "step.notify-more" };
            let (day, until) = (day.to_string(), objection_until.to_string());
            (words.say("step.notify"), words.fill(key, &[("day", &day), ("how", how), ("until", &until)]))
        }
        Move::Object { ground, text, answer_until, .. } => {
            let (ground, until) = (words.code("ground", ground.code()), answer_until.to_string());
            (words.say("step.object"), words.fill("step.object-more", &[("ground", ground.as_str()), ("text", text), ("until", &until)]))
        }
        Move::Answer { uphold: true, reason } => (words.say("step.uphold"), more(reason)),
        Move::Answer { uphold: false, reason } => (words.say("step.answer-withdraw"), more(reason)),
        Move::List { index } => (words.say("step.list"), words.fill("step.list-more", &[("index", &index.to_string())])),
        Move::Withdraw { reason, impersonated: true } => (words.say("step.withdraw-impersonated"), more(reason)),
        Move::Withdraw { reason, impersonated: false } => (words.say("step.withdraw"), more(reason)),
        Move::Repair { decision, reason } => (words.say("step.repair"), Shown::new(&format!("{decision}  {reason}"))),
    }
}
