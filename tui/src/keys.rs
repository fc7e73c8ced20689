//! Which key is which command: the defaults of every [`Command`], with what a key file changes.
//!
//! A view's own keys come before the frame's. While text is typed, only keys that cannot stand in a text are looked up.

use std::collections::BTreeMap;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::cmd::{Cmd, Command, Edit, FRAME_COMMANDS, Move, frame_command};
use crate::screen::Entry;
use crate::settings::SettingsError;
use crate::shown::Shown;

/// Most keys of one command.
const KEYS_MAX: usize = 8;

/// A key as it is written in a key file: `a`, `G`, `/`, `ctrl-p`, `alt-x`, `f5`, `enter`, `pgup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPress {
    code: KeyCode,
    ctrl: bool,
    alt: bool,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("backspace", KeyCode::Backspace),
    ("space", KeyCode::Char(' ')),
];

impl KeyPress {
    /// Reads a key's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (mut rest, mut ctrl, mut alt) = (name, false, false);
        while rest.len() > 1 {
            if let Some(r) = rest.strip_prefix("ctrl-") {
                (rest, ctrl) = (r, true);
            } else if let Some(r) = rest.strip_prefix("alt-") {
                (rest, alt) = (r, true);
            } else {
                break;
            }
        }
        let named = NAMED.iter().find(|(name, _)| *name == rest).map(|(_, code)| *code);
        let function = || rest.strip_prefix('f')?.parse().ok().filter(|n| (1..=12).contains(n)).map(KeyCode::F);
        let mut chars = rest.chars();
        let single = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => Some(KeyCode::Char(c)),
            _ => None,
        };
        Some(Self { code: named.or_else(function).or(single)?, ctrl, alt })
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> Shown {
        let key = NAMED.iter().find(|(_, code)| *code == self.code).map_or_else(
            || match self.code {
                KeyCode::Char(c) => c.to_string(),
                KeyCode::F(n) => format!("f{n}"),
                other => other.to_string(),
            },
            |(name, _)| (*name).to_owned(),
        );
        let (ctrl, alt) = (if self.ctrl { "ctrl-" } else { "" }, if self.alt { "alt-" } else { "" });
        Shown::new(&format!("{ctrl}{alt}{key}"))
    }

    /// Whether it would be typed into a text.
    const fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.ctrl && !self.alt
    }
}

impl From<KeyEvent> for KeyPress {
    fn from(event: KeyEvent) -> Self {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        // Terminals differ in whether they report the shift that made a capital.
        let code = match event.code {
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            other => other,
        };
        Self { code, ctrl, alt: event.modifiers.contains(KeyModifiers::ALT) }
    }
}

/// Which key is which command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMap {
    /// By command.
    keys: BTreeMap<&'static str, Vec<KeyPress>>,
}

impl KeyMap {
    /// The defaults of the frame and of `entries`.
    #[must_use]
    pub fn new(entries: &[Entry]) -> Self {
        let commands = FRAME_COMMANDS.iter().chain(entries.iter().flat_map(|entry| entry.commands));
        let keys = commands.map(|c| (c.id, c.keys.iter().filter_map(|name| KeyPress::parse(name)).collect())).collect();
        Self { keys }
    }

    /// Gives a command other keys.
    ///
    /// # Errors
    /// When there is no such command or key, too many keys, or the way out is taken away.
    pub(crate) fn set(&mut self, command: &str, names: &[String]) -> Result<(), SettingsError> {
        let Some(keys) = self.keys.iter_mut().find(|(id, _)| **id == command).map(|(_, keys)| keys) else {
            return Err(SettingsError::command(command));
        };
        if names.len() > KEYS_MAX || (names.is_empty() && matches!(command, "back" | "interrupt" | "open")) {
            return Err(SettingsError::keys(command));
        }
        *keys =
            names.iter().map(|name| KeyPress::parse(name).ok_or_else(|| SettingsError::key(command, name))).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Keys of a command.
    #[must_use]
    pub fn keys(&self, command: &str) -> &[KeyPress] {
        self.keys.get(command).map_or(&[], Vec::as_slice)
    }

    /// The first key of a command, for the bottom bar.
    #[must_use]
    pub fn first(&self, command: &str) -> Option<Shown> {
        self.keys(command).first().map(|key| key.name())
    }

    /// What a key means in a view whose own commands are `own`; `typing` when it goes into a text.
    #[must_use]
    pub fn command(&self, key: KeyPress, own: &[Command], typing: bool) -> Option<Cmd> {
        if typing {
            if let Some(edit) = edit(key) {
                return Some(Cmd::Edit(edit));
            }
            if key.is_text() {
                return None;
            }
        }
        if let Some(command) = own.iter().find(|command| self.keys(command.id).contains(&key)) {
            return Some(Cmd::Own(command.id));
        }
        if let Some(command) = FRAME_COMMANDS.iter().find(|command| self.keys(command.id).contains(&key)) {
            return frame_command(command.id);
        }
        match key {
            KeyPress { code: KeyCode::Char(c @ '1'..='9'), ctrl: false, .. } => {
                c.to_digit(10).and_then(|n| u8::try_from(n).ok()).map(Cmd::View)
            }
            _ => None,
        }
    }
}

/// What a key does to a text.
const fn edit(key: KeyPress) -> Option<Edit> {
    let KeyPress { code, ctrl, alt } = key;
    Some(match (code, ctrl, alt) {
        (KeyCode::Char(c), false, false) => Edit::Insert(c),
        (KeyCode::Char('w'), true, false) => Edit::DeleteWord,
        (KeyCode::Char('u'), true, false) => Edit::Clear,
        (KeyCode::Char('a'), true, false) | (KeyCode::Home, false, false) => Edit::Cursor(Move::Top),
        (KeyCode::Char('e'), true, false) | (KeyCode::End, false, false) => Edit::Cursor(Move::Bottom),
        (KeyCode::Backspace, _, _) => Edit::Backspace,
        (KeyCode::Delete, _, _) => Edit::Delete,
        (KeyCode::Left, false, false) => Edit::Cursor(Move::Left),
        (KeyCode::Right, false, false) => Edit::Cursor(Move::Right),
        (KeyCode::Up, false, false) => Edit::Cursor(Move::Up),
        (KeyCode::Down, false, false) => Edit::Cursor(Move::Down),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
