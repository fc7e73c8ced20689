//! Who presents a grant in its holder's place (代办).
//!
//! The grant says the name, the kind of the document and the last four characters of its number: enough for a clerk with the document on
//! the counter, and too little to find a number that nobody shows.

use minicbor::Encode;
use serde::{Deserialize, Serialize};

use super::claims::is_code;

/// Longest name of an agent, in bytes of UTF-8.
pub const MAX_AGENT_NAME_BYTES: usize = 60;
/// Longest code of a document's type, in bytes.
const MAX_TYPE_BYTES: usize = 8;
/// Characters of the number that a grant names.
const SHOWN_CHARS: usize = 4;

/// An agent, as a grant names them. Personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Encode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Agent {
    /// Their name.
    #[n(0)]
    pub name: String,
    /// Code of their document's type (ZJLX).
    #[n(1)]
    pub document_type: String,
    /// The last four characters of its number: digits and capital letters.
    #[n(2)]
    pub last_four: String,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Agent(..)")
    }
}

impl Agent {
    /// An agent by the whole number of their document, of which only the end is kept. `None` when it has no end of the form.
    #[must_use]
    pub fn new(name: &str, document_type: &str, document_no: &str) -> Option<Self> {
        let number: Vec<char> = document_no.trim().chars().collect();
        let last_four = number.get(number.len().checked_sub(SHOWN_CHARS)?..)?.iter().collect::<String>().to_ascii_uppercase();
        let agent = Self { name: name.trim().to_owned(), document_type: document_type.to_owned(), last_four };
        agent.is_sound().then_some(agent)
    }

    /// Whether everything is of its form.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let name = !self.name.is_empty() && self.name.len() <= MAX_AGENT_NAME_BYTES && self.name.trim() == self.name;
        let plain = !self.name.chars().any(char::is_control);
        let end = self.last_four.len() == SHOWN_CHARS && self.last_four.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        name && plain && end && is_code(&self.document_type, MAX_TYPE_BYTES)
    }

    /// Whether this is the end of the document on the counter.
    #[must_use]
    pub fn fits(&self, last_four: &str) -> bool {
        self.last_four == last_four.trim().to_ascii_uppercase()
    }
}
