//! Every word of the desk: its own in `tui/locales/`, one pair of files a screen, and those of the house in `locales/`, so that a state,
//! a refusal or a role is called the same on the command line and here.
//!
//! What must never be here: text that came from outside. It goes into the gaps of a sentence as [`Shown`] and is cleaned with it.

#[allow(missing_docs, dead_code, unused_imports, clippy::all)]
mod desk {
    rust_i18n::i18n!("locales");

    pub(super) fn find(locale: &str, key: &str) -> Option<std::borrow::Cow<'static, str>> {
        _rust_i18n_try_translate(locale, key)
    }

    #[cfg(test)]
    pub(super) fn all(locale: &str) -> std::collections::BTreeMap<String, String> {
        let words = _rust_i18n_backend().messages_for_locale(locale).unwrap_or_default();
        words.into_iter().map(|(key, text)| (key.into_owned(), text.into_owned())).collect()
    }
}

#[allow(missing_docs, dead_code, unused_imports, clippy::all)]
mod house {
    rust_i18n::i18n!("../locales");

    pub(super) fn find(locale: &str, key: &str) -> Option<std::borrow::Cow<'static, str>> {
        _rust_i18n_try_translate(locale, key)
    }
}

use anju_core::desk::{Backing, Level};
use anju_core::time::{DAY_MS, MINUTE_MS, SECOND_MS};

use crate::shown::Shown;

/// The language of all words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Words {
    /// 简体中文.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Words {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    const fn locale(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The words of `key`, or the key itself if there are none (a test sees to it that there are).
    #[must_use]
    pub fn say(self, key: &str) -> Shown {
        self.find(key).unwrap_or_else(|| Shown::new(key))
    }

    /// The words of `key`, if there are any: first the desk's own, then the house's.
    #[must_use]
    pub fn find(self, key: &str) -> Option<Shown> {
        self.raw(key).map(|text| Shown::new(&text))
    }

    /// The words of `key` with every `%{name}` replaced by its value.
    #[must_use]
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> Shown {
        let text = self.raw(key).unwrap_or_else(|| key.to_owned().into());
        let (mut out, mut rest) = (String::with_capacity(text.len() + 32), text.as_ref());
        while let Some((before, gap)) = rest.split_once("%{") {
            out.push_str(before);
            let Some((name, after)) = gap.split_once('}') else {
                break;
            };
            // A value is put in once and never read again for gaps of its own.
            out.push_str(values.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value));
            rest = after;
        }
        out.push_str(rest);
        Shown::new(&out)
    }

    /// The word for a code of the peer (`case-state`, `standing`, `role`, …), or the code itself when this version has no word for it.
    #[must_use]
    pub fn code(self, family: &str, code: &str) -> Shown {
        self.find(&format!("{family}.{code}")).unwrap_or_else(|| Shown::new(code))
    }

    /// How long ago, in the largest unit that says something.
    #[must_use]
    pub fn age(self, age_ms: Option<i64>) -> Shown {
        let Some(ms) = age_ms else { return self.say("age.never") };
        let (key, count) = match ms.max(0) {
            ms if ms < MINUTE_MS => ("age.seconds", ms / SECOND_MS),
            ms if ms < 60 * MINUTE_MS => ("age.minutes", ms / MINUTE_MS),
            ms if ms < 2 * DAY_MS => ("age.hours", ms / (60 * MINUTE_MS)),
            ms => ("age.days", ms / DAY_MS),
        };
        self.fill(key, &[("count", &count.to_string())])
    }

    /// What stands behind a row.
    #[must_use]
    pub fn backing(self, backing: &Backing) -> Shown {
        let (n, of, needed) = (backing.witnesses.len().to_string(), backing.of.to_string(), backing.needed.to_string());
        let key = match backing.level {
            Level::Signed if backing.of == 0 => "level.signed-alone",
            Level::OwnCopy => "level.own-copy",
            Level::Chartered => "level.chartered",
            Level::Signed => "level.signed",
            Level::Witnessed => "level.witnessed",
        };
        let level = self.fill(key, &[("n", &n), ("of", &of)]);
        match (backing.of, backing.settled) {
            (0, _) => level,
            (_, true) => self.fill("level.settled", &[("level", level.as_str())]),
            (_, false) => self.fill("level.unsettled", &[("level", level.as_str()), ("needed", &needed)]),
        }
    }

    /// How long until `left_ms` have passed, or since when it is overdue: `3 days left`, `2 hours overdue`.
    #[must_use]
    pub fn countdown(self, left_ms: i64) -> Shown {
        let (ms, key) = if left_ms < 0 { (-left_ms, "due.over") } else { (left_ms, "due.left") };
        let (unit, count) = match ms {
            ms if ms < 60 * MINUTE_MS => ("due.minutes", ms / MINUTE_MS),
            ms if ms < 2 * DAY_MS => ("due.hours", ms / (60 * MINUTE_MS)),
            ms => ("due.days", ms / DAY_MS),
        };
        let span = self.fill(unit, &[("count", &count.to_string())]);
        self.fill(key, &[("span", span.as_str())])
    }

    fn raw(self, key: &str) -> Option<std::borrow::Cow<'static, str>> {
        desk::find(self.locale(), key).or_else(|| house::find(self.locale(), key))
    }
}

#[cfg(test)]
mod tests;
