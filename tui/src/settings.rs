//! What a centre or an operator may change about the looks: a TOML text that the shell hands in. Wrong settings are told with their
//! line; the desk then starts with its defaults.
//!
//! ```toml
//! theme = "high-contrast"          # quiet, high-contrast, no-colour
//! lock-after-minutes = 5           # 1 to 60
//! mouse = false
//! blocks = true                    # plots of block signs; false where the terminal draws them two columns wide
//! [tones]
//! warn = "bold #d0b000"
//! [keys]
//! down = ["down", "n"]
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::keys::KeyMap;
use crate::screen::Entry;
use crate::theme::{Theme, Tone};

/// Longest settings text, in bytes.
pub const SETTINGS_MAX_BYTES: usize = 64 * 1024;
/// Minutes without a key after which the screen locks, unless the settings say otherwise.
pub const LOCK_AFTER_MINUTES: u64 = 10;
/// Most minutes that the settings may say.
pub const LOCK_AFTER_MINUTES_MAX: u64 = 60;

/// Settings that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct SettingsError {
    /// Line of the text, from 1; 0 where it is not one line's fault.
    pub line: usize,
    /// Code of what is wrong: its words are `settings.CODE`.
    pub code: &'static str,
    /// What it is about.
    pub detail: String,
}

impl SettingsError {
    fn new(code: &'static str, detail: String) -> Self {
        Self { line: 0, code, detail }
    }

    pub(crate) fn colour(tone: &str, word: &str) -> Self {
        Self::new("colour", format!("{tone}: {word}"))
    }

    pub(crate) fn command(command: &str) -> Self {
        Self::new("command", command.to_owned())
    }

    pub(crate) fn keys(command: &str) -> Self {
        Self::new("keys", command.to_owned())
    }

    pub(crate) fn key(command: &str, key: &str) -> Self {
        Self::new("key", format!("{command}: {key}"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    theme: Option<toml::Spanned<String>>,
    lock_after_minutes: Option<toml::Spanned<u64>>,
    mouse: Option<bool>,
    blocks: Option<bool>,
    #[serde(default)]
    tones: BTreeMap<toml::Spanned<String>, String>,
    #[serde(default)]
    keys: BTreeMap<toml::Spanned<String>, Vec<String>>,
}

/// Looks and habits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How tones are painted.
    pub theme: Theme,
    /// Which key is which command.
    pub keys: KeyMap,
    /// The screen locks after so many milliseconds without a key.
    pub lock_after_ms: u64,
    /// Whether the mouse is asked for.
    pub mouse: bool,
    /// Whether plots are drawn with block signs (U+2581 to U+2588), and not with letters.
    pub blocks: bool,
}

impl Settings {
    /// The defaults. `no_colour` as `NO_COLOR` says (no-color.org).
    #[must_use]
    pub fn new(entries: &[Entry], no_colour: bool) -> Self {
        let theme = if no_colour { Theme::no_colour() } else { Theme::default() };
        Self { theme, keys: KeyMap::new(entries), lock_after_ms: LOCK_AFTER_MINUTES * 60_000, mouse: false, blocks: true }
    }

    /// The defaults with what `text` changes. `no_colour` beats whatever the text says about colours.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn read(text: &str, entries: &[Entry], no_colour: bool) -> Result<Self, SettingsError> {
        let line_of = |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1;
        if text.len() > SETTINGS_MAX_BYTES {
            return Err(SettingsError::new("too-long", SETTINGS_MAX_BYTES.to_string()));
        }
        let raw: Raw = toml::from_str(text).map_err(|e| SettingsError {
            line: e.span().map_or(0, |span| line_of(span.start)),
            code: "toml",
            detail: e.message().to_owned(),
        })?;
        let mut settings = Self::new(entries, no_colour);
        settings.mouse = raw.mouse.unwrap_or(settings.mouse);
        settings.blocks = raw.blocks.unwrap_or(settings.blocks);
        if let Some(name) = raw.theme {
            let unknown = || SettingsError { line: line_of(name.span().start), code: "theme", detail: name.get_ref().clone() };
            let theme = Theme::named(name.get_ref()).ok_or_else(unknown)?;
            settings.theme = if no_colour { Theme::no_colour() } else { theme };
        }
        if let Some(minutes) = raw.lock_after_minutes {
            if !(1..=LOCK_AFTER_MINUTES_MAX).contains(minutes.get_ref()) {
                return Err(SettingsError { line: line_of(minutes.span().start), code: "lock", detail: minutes.get_ref().to_string() });
            }
            settings.lock_after_ms = minutes.get_ref() * 60_000;
        }
        for (name, words) in &raw.tones {
            let at = |e: SettingsError| SettingsError { line: line_of(name.span().start), ..e };
            let tone = Tone::ALL.into_iter().find(|tone| tone.code() == name.get_ref());
            let tone = tone.ok_or_else(|| at(SettingsError::new("tone", name.get_ref().clone())))?;
            let mut theme = settings.theme.clone();
            theme.set(tone, words).map_err(at)?;
            if !no_colour {
                settings.theme = theme;
            }
        }
        for (name, keys) in &raw.keys {
            settings.keys.set(name.get_ref(), keys).map_err(|e| SettingsError { line: line_of(name.span().start), ..e })?;
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests;
