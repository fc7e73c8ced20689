//! Several grants handed over as one text: own certificates, or one's own and the spouse's. Each is a grant like any other, judged,
//! counted and recorded alone; that they belong together is for who looks at the answers.

use super::claims::MAX_GRANT_BYTES;
use crate::error::{Refusal, RefusalCode};

/// Between two grants: a character that no grant has.
pub const SEPARATOR: char = '~';
/// Most grants in one text.
pub const MAX_BUNDLE: usize = 8;
/// Most bytes of a text with several grants: twice the caps of the grants, for line breaks.
pub const MAX_BUNDLE_BYTES: usize = 2 * MAX_BUNDLE * (MAX_GRANT_BYTES + 1);

/// One text of several grants.
#[must_use]
pub fn join(grants: &[String]) -> String {
    grants.join(&SEPARATOR.to_string())
}

/// The grants of a text, white space left out. What each of them is worth is not looked at.
///
/// # Errors
/// `grant-malformed` when there is none, an empty one, or the same one twice; `ceiling-exceeded` about `grants` when there are too many.
pub fn split(text: &str) -> Result<Vec<String>, Refusal> {
    let malformed = || Refusal::new(RefusalCode::GrantMalformed);
    if text.len() > MAX_BUNDLE_BYTES {
        return Err(malformed());
    }
    let mut grants: Vec<String> = Vec::new();
    for part in text.split(SEPARATOR) {
        let grant: String = part.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if grants.len() >= MAX_BUNDLE {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, "grants"));
        }
        if grant.is_empty() || grants.contains(&grant) {
            return Err(malformed());
        }
        grants.push(grant);
    }
    Ok(grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Option<RefusalCode> {
        split(text).err().map(|refusal| refusal.code)
    }

    #[test]
    fn what_was_joined_comes_apart_again_whatever_a_mail_did_to_its_lines() {
        let grants: Vec<String> = (0..MAX_BUNDLE).map(|i| format!("eyJ{i}.e30.AA")).collect();
        let text = join(&grants);
        assert_eq!(split(&text).unwrap(), grants);
        let broken: String = text.chars().flat_map(|c| [c, '\n', ' ']).collect();
        assert_eq!(split(&broken).unwrap(), grants);
        assert_eq!(split(" eyJ.e30.AA \r\n").unwrap(), ["eyJ.e30.AA"]);
    }

    #[test]
    fn a_text_with_too_many_none_or_the_same_twice_is_none() {
        let many: Vec<String> = (0..=MAX_BUNDLE).map(|i| i.to_string()).collect();
        assert_eq!(codes(&join(&many)), Some(RefusalCode::CeilingExceeded));
        for bad in ["", " ", "a~", "~a", "a~~b", "a~b~a", "a~\na"] {
            assert_eq!(codes(bad), Some(RefusalCode::GrantMalformed), "{bad:?}");
        }
        assert_eq!(codes(&" ".repeat(MAX_BUNDLE_BYTES + 1)), Some(RefusalCode::GrantMalformed));
    }
}
