//! Turns the TOML reader's complaint into the key, its line, and the key that was probably meant.

use super::ConfigError;

/// More edits than this and the two keys have nothing to do with each other.
const NEAREST_MAX_EDITS: usize = 3;

/// What is wrong with `text`, in terms of keys and lines.
pub(super) fn explain(text: &str, error: &toml::de::Error) -> ConfigError {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    let message = error.message();
    // serde's own words for `deny_unknown_fields`: "unknown field `x`, expected one of `a`, `b`".
    let mut quoted = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown field `") {
        let detail = message.lines().next().unwrap_or_default().to_owned();
        return ConfigError::Invalid { line, detail };
    }
    let key = quoted.next().unwrap_or_default().to_owned();
    let nearest = quoted
        .map(|known| (edits(&key, known), known))
        .filter(|(edits, known)| *edits <= NEAREST_MAX_EDITS.min(known.len() / 2 + 1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known.to_owned());
    ConfigError::UnknownKey { key, line, nearest }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Levenshtein distance over characters; both words are keys of a file of at most 256 KiB that its owner wrote, compared with short ones.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
