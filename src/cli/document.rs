//! A document's number, as it comes to a command: never longer on the command line than who types it wants.

use zeroize::Zeroizing;

use super::failure::{Code, Failure};
use super::out::Ctx;

/// Longest document number that is read from standard input, in bytes.
const DOCUMENT_NO_MAX_BYTES: u64 = 1024;

/// A document's number: as given, or for `-` from the terminal without showing it, or the first line of standard input.
pub(super) fn document_no(ctx: Ctx, given: &str) -> Result<Zeroizing<String>, Failure> {
    use std::io::{IsTerminal, Read};
    if given != "-" {
        return Ok(Zeroizing::new(given.to_owned()));
    }
    let missing = |_| Failure::new(Code::DocumentNoMissing);
    let text = if std::io::stdin().is_terminal() {
        Zeroizing::new(rpassword::prompt_password(ctx.say("prompt.document-no")).map_err(missing)?)
    } else {
        let mut text = Zeroizing::new(String::new());
        std::io::stdin().lock().take(DOCUMENT_NO_MAX_BYTES).read_to_string(&mut text).map_err(missing)?;
        text
    };
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() { Err(Code::DocumentNoMissing.into()) } else { Ok(Zeroizing::new(line.to_owned())) }
}
