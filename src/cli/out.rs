//! The way out: what a command has to say goes to standard output, what goes on meanwhile to standard error.
//!
//! With `--json` exactly one JSON object goes to standard output, also when the command fails (`{"error": …}`), so that a program
//! reads one stream; standard error then stays empty but for warnings of the system. A closed pipe (`| head`) ends the command
//! quietly.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::exit::Exit;
use super::failure::{Code, Failure};
use crate::words::Lang;

/// What a command has to say when it is done.
#[derive(Debug)]
pub(crate) struct Done {
    /// For a program; `null` when the command has printed by itself.
    pub(crate) json: Value,
    /// For a person. Everything in it that came from outside went through [`super::text::clean`].
    pub(crate) text: String,
    /// How the command ends.
    pub(crate) exit: Exit,
}

impl Done {
    /// Done, and all is well.
    pub(crate) const fn new(json: Value, text: String) -> Self {
        Self { json, text, exit: Exit::Ok }
    }
}

/// What every command is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ctx {
    /// The language of all words.
    pub(crate) lang: Lang,
    /// Whether a program reads.
    pub(crate) json: bool,
}

impl Ctx {
    /// The words of `key`.
    pub(crate) fn say(self, key: &str) -> String {
        self.lang.say(key)
    }

    /// The words of `key` with its values.
    pub(crate) fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        self.lang.fill(key, values)
    }

    /// Tells a person something that is neither the result nor an error. Silent with `--json`.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Tells a person a part of the result while more is coming. Silent with `--json`.
    pub(crate) fn tell(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stdout(), "{text}");
        }
    }

    /// Warns a person. Silent with `--json`.
    pub(crate) fn warn(self, text: &str) {
        self.note(&paint("33", &self.say("warning.head"), text));
    }
}

/// Writes the outcome where it belongs.
pub(crate) fn finish(ctx: Ctx, outcome: Result<Done, Failure>) -> Exit {
    match outcome {
        Ok(done) if ctx.json && done.json.is_null() => done.exit,
        Ok(done) if ctx.json => print(&format!("{}\n", done.json), done.exit),
        Ok(done) => print(&done.text, done.exit),
        Err(failure) if ctx.json => print(&format!("{}\n", failure.json(ctx.lang)), failure.exit()),
        Err(failure) => {
            let text = failure.text(ctx.lang);
            let (head, rest) = text.split_once(' ').unwrap_or(("", &text));
            let _ = write!(io::stderr(), "{}", paint("31", head, &format!(" {rest}")));
            failure.exit()
        }
    }
}

/// Prints, and ends with `exit` unless standard output failed. A closed pipe is its reader's choice and no failure.
pub(crate) fn print(text: &str, exit: Exit) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => exit,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(_) => Exit::Io,
    }
}

/// `head` in a colour of standard error when that is a terminal and `NO_COLOR` is not set (no-color.org), then `rest`.
fn paint(colour: &str, head: &str, rest: &str) -> String {
    if colours() { format!("\u{1b}[{colour};1m{head}\u{1b}[0m{rest}") } else { format!("{head}{rest}") }
}

/// Whether standard error may have colours.
pub(crate) fn colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// A line per row, columns padded to the widest cell by display width: a Chinese character takes two columns.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell)).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - display_width(cell) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Columns on a terminal, for the scripts that appear here: East Asian wide and full-width forms take two.
fn display_width(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Code::OutputFailed).with("detail", error)
    }
}
