//! The peer in short: version, whether it may write, what it warns of, whom it has counted faults of.

use anju_core::desk::{ReadOnly, Status};

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::words::Words;

fn writing(words: Words, status: &Status) -> (Tone, Shown) {
    status.read_only.as_ref().map_or_else(|| (Tone::Good, words.say("system.may-write")), |reason| read_only(words, reason))
}

/// Why a peer does not write.
pub(crate) fn read_only(words: Words, reason: &ReadOnly) -> (Tone, Shown) {
    match reason {
        ReadOnly::Restored { reported, needed } => {
            (Tone::Bad, words.fill("system.restored", &[("reported", &reported.to_string()), ("needed", &needed.to_string())]))
        }
        ReadOnly::NotTheWriter => (Tone::Warn, words.say("system.not-the-writer")),
        ReadOnly::Suspended => (Tone::Bad, words.say("system.suspended")),
        ReadOnly::Observer => (Tone::Warn, words.say("system.observer")),
        ReadOnly::Removed => (Tone::Bad, words.say("system.removed")),
        ReadOnly::OtherKeys => (Tone::Bad, words.say("system.other-keys")),
    }
}

/// Everything that the status says of the peer itself.
pub(super) fn lines(words: Words, status: &Status) -> Vec<Line> {
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let up = status.stations.iter().filter(|station| station.connected).count();
    let rows: u64 = status.journals.iter().map(|journal| journal.size).sum();
    let (tone, may_write) = writing(words, status);
    let mut lines = vec![
        Line::Group(words.say("system.peer")),
        field("system.version", Shown::new(&status.version)),
        field("system.centre", Shown::of(&status.centre)),
        field("system.federation", Shown::of(&status.federation)),
        field("system.charter", Shown::of(status.charter)),
        field("system.clock", Shown::new(&status.now.legal_text())),
        Line::Field { label: words.say("system.writing"), value: may_write, tone },
        Line::Blank,
        Line::Group(words.say("system.copies")),
        field("system.journals", Shown::of(status.journals.len())),
        field("system.rows", Shown::of(rows)),
        field("system.stations", Shown::new(&format!("{up}/{}", status.stations.len()))),
        Line::Blank,
        Line::Group(words.say("system.warnings")),
    ];
    if status.warnings.is_empty() {
        lines.push(Line::Text(Tone::Good, words.say("system.no-warnings")));
    }
    lines.extend(status.warnings.iter().map(|code| Line::Text(Tone::Warn, words.code("status-warning", code))));
    lines.extend([Line::Blank, Line::Group(words.say("system.faults"))]);
    if status.faults.is_empty() {
        lines.push(Line::Text(Tone::Good, words.say("system.no-faults")));
    }
    for fault in &status.faults {
        let what = words.code("fault", &format!("{}.what", fault.code));
        let centre = status.stations.iter().find(|station| station.station == fault.station);
        let who = centre.map_or_else(|| Shown::of(fault.station), |station| Shown::of(&station.centre));
        let values = [("centre", who.to_string()), ("what", what.to_string()), ("count", fault.count.to_string())];
        let text = words.fill("system.fault", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        lines.push(Line::Text(Tone::Bad, text));
    }
    lines
}
