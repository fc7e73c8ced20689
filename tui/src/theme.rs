//! Tones and what they look like. A screen says what a text means; the theme says how that is painted. No tone is told by colour alone:
//! wherever one matters, the words say it too.

use ratatui::style::{Color, Modifier, Style};

use crate::settings::SettingsError;

/// What a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Less important: labels, hints.
    Dim,
    /// Heads of columns, groups and dialogs.
    Head,
    /// The bars at top and bottom.
    Bar,
    /// A key in the bottom bar or in help.
    Key,
    /// All is well.
    Good,
    /// Look closer.
    Warn,
    /// Wrong, overdue, forked.
    Bad,
    /// The row or choice that keys act on.
    Selected,
    /// The field that is typed into.
    Field,
    /// The ground of a dialog.
    Dialog,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Self; 11] = [
        Self::Plain,
        Self::Dim,
        Self::Head,
        Self::Bar,
        Self::Key,
        Self::Good,
        Self::Warn,
        Self::Bad,
        Self::Selected,
        Self::Field,
        Self::Dialog,
    ];

    /// Its name in a theme file.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Dim => "dim",
            Self::Head => "head",
            Self::Bar => "bar",
            Self::Key => "key",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Selected => "selected",
            Self::Field => "field",
            Self::Dialog => "dialog",
        }
    }
}

/// How tones are painted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Tone::ALL.len()],
}

impl Default for Theme {
    fn default() -> Self {
        Self::quiet()
    }
}

impl Theme {
    /// Colours of the terminal's own palette, so that a light terminal stays light.
    #[must_use]
    pub fn quiet() -> Self {
        Self::made(|tone| match tone {
            Tone::Plain => Style::new(),
            Tone::Dim => Style::new().fg(Color::DarkGray),
            Tone::Head => Style::new().add_modifier(Modifier::BOLD),
            Tone::Bar | Tone::Selected => Style::new().add_modifier(Modifier::REVERSED),
            Tone::Key => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Good => Style::new().fg(Color::Green),
            Tone::Warn => Style::new().fg(Color::Yellow),
            Tone::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Field => Style::new().add_modifier(Modifier::UNDERLINED),
            Tone::Dialog => Style::new(),
        })
    }

    /// Black and white with bright signals.
    #[must_use]
    pub fn high_contrast() -> Self {
        let on_black = |colour| Style::new().fg(colour).bg(Color::Black).add_modifier(Modifier::BOLD);
        Self::made(|tone| match tone {
            Tone::Plain | Tone::Dim | Tone::Dialog => Style::new().fg(Color::White).bg(Color::Black),
            Tone::Head => on_black(Color::White).add_modifier(Modifier::UNDERLINED),
            Tone::Bar | Tone::Selected => Style::new().fg(Color::Black).bg(Color::White).add_modifier(Modifier::BOLD),
            Tone::Key => on_black(Color::LightCyan),
            Tone::Good => on_black(Color::LightGreen),
            Tone::Warn => on_black(Color::LightYellow),
            Tone::Bad => on_black(Color::LightRed).add_modifier(Modifier::REVERSED),
            Tone::Field => on_black(Color::White).add_modifier(Modifier::UNDERLINED),
        })
    }

    /// No colour at all (no-color.org): weight, underline and reverse only.
    #[must_use]
    pub fn no_colour() -> Self {
        Self::made(|tone| match tone {
            Tone::Plain | Tone::Dim | Tone::Good | Tone::Dialog => Style::new(),
            Tone::Head | Tone::Key | Tone::Warn => Style::new().add_modifier(Modifier::BOLD),
            Tone::Bar | Tone::Selected => Style::new().add_modifier(Modifier::REVERSED),
            Tone::Bad => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Tone::Field => Style::new().add_modifier(Modifier::UNDERLINED),
        })
    }

    /// The theme with this name: `quiet`, `high-contrast`, `no-colour`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "quiet" => Some(Self::quiet()),
            "high-contrast" => Some(Self::high_contrast()),
            "no-colour" => Some(Self::no_colour()),
            _ => None,
        }
    }

    /// Paints one tone differently: words of colours (`red`, `#d0b000`, `12`), `on COLOUR`, `bold`, `underline`, `reverse`.
    ///
    /// # Errors
    /// Which word is none of these.
    pub(crate) fn set(&mut self, tone: Tone, words: &str) -> Result<(), SettingsError> {
        let mut style = Style::new();
        let mut ground = false;
        for word in words.split_whitespace() {
            match word {
                "on" => ground = true,
                "bold" => style = style.add_modifier(Modifier::BOLD),
                "underline" => style = style.add_modifier(Modifier::UNDERLINED),
                "reverse" => style = style.add_modifier(Modifier::REVERSED),
                _ => {
                    let colour: Color = word.parse().map_err(|_| SettingsError::colour(tone.code(), word))?;
                    style = if std::mem::take(&mut ground) { style.bg(colour) } else { style.fg(colour) };
                }
            }
        }
        self.styles[tone as usize] = style;
        Ok(())
    }

    pub(crate) const fn style(&self, tone: Tone) -> Style {
        self.styles[tone as usize]
    }

    fn made(style: impl Fn(Tone) -> Style) -> Self {
        Self { styles: Tone::ALL.map(style) }
    }

    #[cfg(test)]
    pub(crate) fn has_colour(&self) -> bool {
        self.styles.iter().any(|style| style.fg.is_some() || style.bg.is_some())
    }
}
