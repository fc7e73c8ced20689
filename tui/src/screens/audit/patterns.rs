//! What stands out in the rows that were read: for each operator and legal day, how many lookups there were, under how many business
//! numbers, about how many subjects, and how many of them nothing else was done for (a certificate read by its holder's grant is such a
//! thing); and how often lookups and grants were refused. A reason to look closer, computed from nothing but those rows.

use std::collections::{BTreeMap, BTreeSet};

use anju_core::audit::AuditAction;
use anju_core::desk::{AuditLine, Verdict};
use anju_core::listing::Day;
use anju_core::operator::OperatorName;
use anju_core::time::Time;

use super::rows;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::list::{Column, Row};
use crate::words::Words;

/// From so many lookups a day on it is told when nothing followed from most of them.
const MANY_LOOKUPS: u64 = 20;
/// From so many subjects under one business number on it is told.
const MANY_SUBJECTS: usize = 3;

pub(super) const COLUMNS: &[Column] = &[
    Column { word: "audit.column-operator", min: 10, grow: 1 },
    Column { word: "audit.column-day", min: 10, grow: 0 },
    Column { word: "audit.column-lookups", min: 6, grow: 0 },
    Column { word: "audit.column-numbers", min: 6, grow: 0 },
    Column { word: "audit.column-subjects", min: 6, grow: 0 },
    Column { word: "audit.column-hits", min: 4, grow: 0 },
    Column { word: "audit.column-refused", min: 4, grow: 0 },
    Column { word: "audit.column-nothing", min: 6, grow: 0 },
    Column { word: "audit.column-sign", min: 8, grow: 3 },
];

/// What one operator looked up on one day.
pub(super) struct Pattern {
    pub(super) operator: OperatorName,
    pub(super) day: Day,
    lookups: u64,
    numbers: usize,
    subjects: usize,
    hits: u64,
    refused: u64,
    /// Lookups for whose business number nothing but lookups was read.
    nothing: u64,
    /// Most subjects under one business number.
    crowd: usize,
}

#[derive(Default)]
struct Tally<'a> {
    lookups: u64,
    hits: u64,
    refused: u64,
    nothing: u64,
    subjects: BTreeSet<&'a str>,
    numbers: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

fn is_lookup(row: &AuditLine) -> bool {
    [AuditAction::Lookup.code(), AuditAction::Screen.code()].contains(&row.action.as_str())
}

/// A grant was not accepted. One that was is business: its holder consented.
fn is_refused_query(row: &AuditLine) -> bool {
    row.action == AuditAction::Query.code() && !rows::DONE.contains(&row.outcome.as_str())
}

/// The patterns of `rows`, those that stand out first.
pub(super) fn of(rows: &[&AuditLine]) -> Vec<Pattern> {
    let business = rows.iter().filter(|row| !is_lookup(row) && !is_refused_query(row));
    let followed: BTreeSet<&str> = business.filter_map(|row| row.business_no.as_deref()).collect();
    let mut tallies: BTreeMap<(&OperatorName, Day), Tally<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| is_lookup(row) || is_refused_query(row)) {
        let Some(operator) = &row.operator else { continue };
        let tally = tallies.entry((operator, Day::of(row.at))).or_default();
        if !is_lookup(row) {
            tally.refused += 1;
            continue;
        }
        tally.lookups += 1;
        let verdicts = [Verdict::Listed, Verdict::Disputed, Verdict::NotListed, Verdict::Unknown];
        match verdicts.into_iter().find(|verdict| verdict.code() == row.outcome) {
            Some(Verdict::Listed | Verdict::Disputed) => tally.hits += 1,
            Some(Verdict::NotListed | Verdict::Unknown) => {}
            None => tally.refused += 1,
        }
        tally.subjects.insert(&row.about);
        let number = row.business_no.as_deref();
        tally.nothing += u64::from(number.is_none_or(|number| !followed.contains(number)));
        if let Some(number) = number {
            tally.numbers.entry(number).or_default().insert(&row.about);
        }
    }
    let pattern = |((operator, day), tally): ((&OperatorName, Day), Tally<'_>)| Pattern {
        operator: operator.clone(),
        day,
        lookups: tally.lookups,
        numbers: tally.numbers.len(),
        subjects: tally.subjects.len(),
        hits: tally.hits,
        refused: tally.refused,
        nothing: tally.nothing,
        crowd: tally.numbers.values().map(BTreeSet::len).max().unwrap_or(0),
    };
    let mut patterns: Vec<Pattern> = tallies.into_iter().map(pattern).collect();
    patterns.sort_by_key(|pattern| (!pattern.stands_out(), std::cmp::Reverse(pattern.lookups), std::cmp::Reverse(pattern.day)));
    patterns
}

impl Pattern {
    const fn is_idle(&self) -> bool {
        self.lookups >= MANY_LOOKUPS && self.nothing * 2 > self.lookups
    }

    const fn is_crowded(&self) -> bool {
        self.crowd >= MANY_SUBJECTS
    }

    const fn stands_out(&self) -> bool {
        self.is_idle() || self.is_crowded() || self.refused > 0
    }

    pub(super) fn signs(&self, words: Words) -> Shown {
        let mut signs = Vec::new();
        if self.is_idle() {
            signs.push(words.say("audit.sign-nothing"));
        }
        if self.is_crowded() {
            signs.push(words.fill("audit.sign-crowd", &[("count", &self.crowd.to_string())]));
        }
        if self.refused > 0 {
            signs.push(words.say("audit.sign-refused"));
        }
        Shown::join(&signs, " · ")
    }
}

impl Row for Pattern {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let tone = if self.stands_out() { Tone::Warn } else { Tone::Plain };
        vec![
            (Tone::Plain, Shown::of(&self.operator)),
            (Tone::Plain, Shown::of(self.day)),
            (Tone::Plain, Shown::of(self.lookups)),
            (Tone::Plain, Shown::of(self.numbers)),
            (Tone::Plain, Shown::of(self.subjects)),
            (Tone::Plain, Shown::of(self.hits)),
            (Tone::Plain, Shown::of(self.refused)),
            (Tone::Plain, Shown::of(self.nothing)),
            (tone, self.signs(words)),
        ]
    }

    fn key(&self) -> String {
        format!("{} {}", self.operator, self.day)
    }
}

#[cfg(test)]
mod tests {
    use anju_core::names::RequestId;

    use super::*;
    use crate::fake::NOW;

    fn row(action: AuditAction, business_no: &str, outcome: &str) -> AuditLine {
        AuditLine {
            seq: 0,
            at: NOW,
            operator: OperatorName::new("zhang.san").ok(),
            action: action.code().to_owned(),
            request: RequestId([0; 16]),
            matter: None,
            business_no: Some(business_no.to_owned()),
            legal_basis: None,
            about: "460***********9519".to_owned(),
            outcome: outcome.to_owned(),
        }
    }

    #[test]
    fn a_certificate_read_by_its_holders_grant_is_business_and_a_refused_grant_is_a_refusal() {
        let lookup = row(AuditAction::Lookup, "NO-1", "not-listed");
        for (outcome, nothing, refused) in [("done", 0, 0), ("again", 0, 0), ("grant-used-up", 1, 1)] {
            let query = row(AuditAction::Query, "NO-1", outcome);
            let patterns = of(&[&lookup, &query]);
            assert_eq!(patterns.len(), 1);
            assert_eq!((patterns[0].lookups, patterns[0].nothing, patterns[0].refused), (1, nothing, refused), "{outcome}");
        }
        let refused = row(AuditAction::Query, "NO-1", "wrong-centre");
        assert!(of(&[&refused])[0].stands_out(), "also of somebody who looked nobody up");
    }
}
