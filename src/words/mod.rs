//! Every word shown to a user, in `locales/zh-CN.yml` and `locales/en.yml`.
//!
//! The core and the peer speak codes; here the codes become sentences. Chinese comes first: it is what runs when nobody chose.
//! What must never be here: a decision, and any text that arrived from outside.

#[allow(missing_docs, dead_code, unused_imports, clippy::all)]
mod table {
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

#[cfg(test)]
mod tests;

/// A language that every word exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// 简体中文.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Lang {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The language that `--lang` asks for, else the one of the environment (`LC_ALL`, then `LC_MESSAGES`, then `LANG`; the first
    /// that is set and not empty counts), else Chinese.
    #[must_use]
    pub fn choose(asked: Option<&str>, env: impl Fn(&str) -> Option<String>) -> Self {
        if let Some(asked) = asked {
            return Self::from_locale(asked);
        }
        let set = |name: &&str| env(name).filter(|value| !value.is_empty());
        let found = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        found.map_or_else(Self::default, |value| Self::from_locale(&value))
    }

    fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("en") { Self::English } else { Self::Chinese }
    }

    /// Name of its file in `locales/`.
    #[must_use]
    pub const fn locale(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The words of `key`, or the key itself if there are none (a test sees to it that there are).
    #[must_use]
    pub fn say(self, key: &str) -> String {
        self.find(key).unwrap_or_else(|| key.to_owned())
    }

    /// The words of `key`, if there are any.
    #[must_use]
    pub fn find(self, key: &str) -> Option<String> {
        table::find(self.locale(), key).map(std::borrow::Cow::into_owned)
    }

    /// The words of `key` with every `%{name}` replaced by its value.
    #[must_use]
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        let (names, values): (Vec<&str>, Vec<String>) = values.iter().map(|(name, value)| (*name, (*value).to_owned())).unzip();
        rust_i18n::replace_patterns(&self.say(key), &names, &values)
    }
}
