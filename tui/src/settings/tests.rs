use super::*;
use crate::keys::KeyPress;
use crate::screens::SCREENS;

fn read(text: &str) -> Result<Settings, SettingsError> {
    Settings::read(text, SCREENS, false)
}

#[test]
fn what_the_settings_say_is_followed() {
    let text = "theme = \"high-contrast\"\nlock-after-minutes = 5\nmouse = true\n[tones]\nwarn = \"bold #d0b000 on black\"\n[keys]\ndown = [\"n\", \"down\"]\n";
    let settings = read(text).unwrap();
    assert_eq!(settings.lock_after_ms, 300_000);
    assert!(settings.mouse);
    assert_eq!(settings.keys.keys("down"), [KeyPress::parse("n").unwrap(), KeyPress::parse("down").unwrap()]);
    assert_ne!(settings.theme, Theme::high_contrast());
    assert_eq!(read("").unwrap(), Settings::new(SCREENS, false));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, line, code) in [
        ("mouse = true\ntheme = \"pink\"\n", 2, "theme"),
        ("\n\nlock-after-minutes = 61\n", 3, "lock"),
        ("lock-after-minutes = 0\n", 1, "lock"),
        ("[keys]\nup = [\"u\"]\nfly = [\"f\"]\n", 3, "command"),
        ("[keys]\nup = [\"hyper-u\"]\n", 2, "key"),
        ("[keys]\nback = []\n", 2, "keys"),
        ("[tones]\nwarn = \"bold reddish\"\n", 2, "colour"),
        ("[tones]\nglow = \"red\"\n", 2, "tone"),
        ("mouse = 3\n", 1, "toml"),
        ("a = 1\n", 1, "toml"),
        ("mouse = true\nmouse", 2, "toml"),
    ] {
        let wrong = read(text).unwrap_err();
        assert_eq!((wrong.line, wrong.code), (line, code), "{text}: {wrong}");
    }
}

#[test]
fn no_colour_beats_whatever_the_settings_say() {
    let settings = Settings::read("theme = \"high-contrast\"\n[tones]\nbad = \"red\"\n", SCREENS, true).unwrap();
    assert!(!settings.theme.has_colour());
    assert!(Theme::quiet().has_colour() && Theme::high_contrast().has_colour());
}
