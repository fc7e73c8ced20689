//! What the parts say alike: a proposal's short name, a change in words, since when something stands.

use anju_core::desk::ChangeView;
use anju_core::names::{CentreCode, Digest};
use anju_core::time::Time;

use crate::shown::Shown;
use crate::words::Words;

/// Digits of a version's digest that name it: as many as the command line shows.
const SHORT_DIGITS: usize = 12;
/// Digits in one group of a fingerprint, as it is read out over the telephone.
const GROUP_DIGITS: usize = 8;

/// A digest's first digits.
pub(super) fn short(digest: &Digest) -> String {
    digest.to_string().chars().take(SHORT_DIGITS).collect()
}

/// Codes with a blank between them.
pub(super) fn codes<'a>(centres: impl IntoIterator<Item = &'a CentreCode>) -> String {
    centres.into_iter().map(CentreCode::as_str).collect::<Vec<_>>().join(" ")
}

/// When, and how long ago that is.
pub(super) fn when(words: Words, at: Time, now: Time) -> Shown {
    let age = words.age(Some(now.since(at)));
    words.fill("federation.when", &[("at", at.legal_text().get(..16).unwrap_or_default()), ("age", age.as_str())])
}

/// A change in a few words: what, and of which centre.
pub(super) fn change_short(words: Words, change: &ChangeView) -> Shown {
    let what = words.code("federation-change", &change.change);
    let centre = change.centre.as_ref().map(|centre| Shown::new(&format!(" {centre}")));
    what.and(&centre.unwrap_or_default())
}

/// Several, one after the other.
pub(super) fn changes_short(words: Words, changes: &[ChangeView]) -> Shown {
    let parts: Vec<Shown> = changes.iter().map(|change| change_short(words, change)).collect();
    Shown::join(&parts, words.say("alarm.between").as_str())
}

/// A change with all that is known of it.
pub(super) fn change(words: Words, change: &ChangeView) -> Shown {
    let mut line = change_short(words, change);
    for part in [change.name.as_deref().map(Shown::new), change.detail.as_deref().map(|detail| detailed(words, &change.change, detail))] {
        line = part.filter(|part| !part.is_empty()).map_or_else(|| line.clone(), |part| line.and(&Shown::new(" ")).and(&part));
    }
    if let Some(rows) = change.rows {
        line = line.and(&words.fill("federation.rows-count", &[("rows", &rows.to_string())]));
    }
    if let Some(agrees) = change.agrees {
        line = line.and(&words.say(if agrees { "federation.rows-ours" } else { "federation.rows-not-ours" }));
    }
    if let Some(fingerprint) = change.fingerprint {
        line = line.and(&words.fill("federation.fingerprint", &[("fingerprint", &grouped(&fingerprint))]));
    }
    line
}

/// What else a change says, with its codes in words.
fn detailed(words: Words, change: &str, detail: &str) -> Shown {
    match (change, detail) {
        ("rotate-epoch", "pepper") => words.say("federation.with-pepper"),
        ("set-quorum", "default") => words.say("federation.quorum-default"),
        ("add", detail) => {
            let (role, rest) = detail.split_once(' ').unwrap_or((detail, ""));
            Shown::join(&[words.code("federation-role", role), Shown::new(rest)], " ")
        }
        (_, detail) => Shown::new(detail),
    }
}

fn grouped(digest: &Digest) -> String {
    let digits: Vec<char> = digest.to_string().chars().collect();
    digits.chunks(GROUP_DIGITS).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
