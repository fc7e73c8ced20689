//! Bytes of a CSV file to lines of UTF-8: the encoding found, every line capped, and quotation marks kept from swallowing what follows.
//!
//! One row is one line here. A quotation mark that is not closed on its line would make a CSV reader take the following rows for one
//! cell and lose them in silence, so such a line is replaced by a marker that the table turns into a rejection.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// Longest line, in bytes of UTF-8.
pub(super) const LINE_MAX_BYTES: usize = 64 * 1024;
/// The first character of a line that was replaced; no export's line begins with it.
pub(super) const MARKER: char = '\u{1}';
/// Markers: the line was too long, had an open quotation mark, had a carriage return inside, had nothing.
pub(super) const MARK_LONG: &str = "\u{1}L";
pub(super) const MARK_QUOTE: &str = "\u{1}Q";
pub(super) const MARK_BREAK: &str = "\u{1}R";
pub(super) const MARK_BLANK: &str = "\u{1}B";
/// Most bytes of a replaced line that are kept.
const RAW_MAX_BYTES: usize = 2 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;
/// A file that is not strictly UTF-8 is still taken for (damaged) UTF-8 when it has this many whole multi-byte characters for every
/// byte that is wrong; GB18030 text never has.
const DAMAGED_UTF8_RATIO: u64 = 8;

/// The encoding of a file: byte-order mark, then strict UTF-8, then GB18030. Reads it once, in chunks.
pub(super) fn detect(mut reader: impl Read) -> io::Result<&'static Encoding> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut held = 0;
    let mut first = true;
    let (mut wrong, mut whole) = (0_u64, 0_u64);
    loop {
        let read = reader.read(&mut chunk[held..])?;
        let bytes = &chunk[..held + read];
        if first && read > 0 && bytes.len() < 3 {
            held = bytes.len();
            continue;
        }
        if std::mem::take(&mut first) {
            match Encoding::for_bom(bytes) {
                Some((encoding, _)) if [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding) => return Ok(encoding),
                Some(_) | None => {}
            }
        }
        let rest = count_utf8(bytes, &mut wrong, &mut whole);
        if read == 0 {
            wrong += rest as u64;
            break;
        }
        let start = bytes.len() - rest;
        chunk.copy_within(start..start + rest, 0);
        held = rest;
    }
    Ok(if wrong == 0 || whole >= wrong.saturating_mul(DAMAGED_UTF8_RATIO) { UTF_8 } else { GB18030 })
}

/// Counts wrong bytes and whole multi-byte characters; returns how many bytes at the end belong to an unfinished character.
fn count_utf8(mut bytes: &[u8], wrong: &mut u64, whole: &mut u64) -> usize {
    let leads = |valid: &[u8]| valid.iter().filter(|b| **b >= 0xC0).count() as u64;
    loop {
        match std::str::from_utf8(bytes) {
            Ok(valid) => {
                *whole += leads(valid.as_bytes());
                return 0;
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                *whole += leads(valid);
                let Some(length) = error.error_len() else { return rest.len() };
                *wrong += length as u64;
                bytes = &rest[length..];
            }
        }
    }
}

/// Decoded lines as a byte stream for a CSV reader: exactly one record a line.
pub(super) struct Lines<R> {
    reader: R,
    decoder: Decoder,
    decoded: Vec<u8>,
    decoded_at: usize,
    line: Vec<u8>,
    line_at: usize,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `reader`, which is in `encoding`.
    pub(super) fn new(reader: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { reader, decoder, decoded: Vec::new(), decoded_at: 0, line: Vec::new(), line_at: 0, ended: false }
    }

    /// Decodes the next chunk; false at the end.
    fn refill(&mut self) -> io::Result<bool> {
        self.decoded_at = 0;
        self.decoded.clear();
        while self.decoded.is_empty() && !self.ended {
            let bytes = self.reader.fill_buf()?;
            let last = bytes.is_empty();
            let room = self.decoder.max_utf8_buffer_length(bytes.len()).ok_or(io::ErrorKind::OutOfMemory)?;
            self.decoded.resize(room, 0);
            let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.decoded, last);
            self.decoded.truncate(written);
            self.reader.consume(read);
            self.ended = last;
        }
        Ok(!self.decoded.is_empty())
    }

    /// Takes the next line into `self.line`; false at the end of the file.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.line_at = 0;
        let mut too_long = false;
        let mut any = false;
        loop {
            if self.decoded_at == self.decoded.len() && !self.refill()? {
                break;
            }
            any = true;
            let rest = &self.decoded[self.decoded_at..];
            let end = rest.iter().position(|b| *b == b'\n');
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > LINE_MAX_BYTES {
                too_long = true;
                self.line.clear();
            } else if !too_long {
                self.line.extend_from_slice(part);
            }
            self.decoded_at += part.len() + usize::from(end.is_some());
            if end.is_some() {
                break;
            }
        }
        if any {
            self.settle_line(too_long);
        }
        Ok(any)
    }

    /// Replaces a line that may not reach the CSV reader, and ends the line.
    fn settle_line(&mut self, too_long: bool) {
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        let mark = match line_state(&self.line) {
            _ if too_long => Some(MARK_LONG),
            LineState::Open => Some(MARK_QUOTE),
            LineState::Broken => Some(MARK_BREAK),
            LineState::Blank => Some(MARK_BLANK),
            LineState::Whole => None,
        };
        if let Some(mark) = mark {
            self.mark_line(mark);
        }
        self.line.push(b'\n');
    }
}

impl<R: BufRead> Lines<R> {
    /// Puts `mark` in place of the line, with the line behind it as part of the same cell, for who shows what was rejected.
    fn mark_line(&mut self, mark: &str) {
        let raw = std::mem::take(&mut self.line);
        self.line.extend_from_slice(b"\"");
        self.line.extend_from_slice(mark.as_bytes());
        for byte in raw.into_iter().take(RAW_MAX_BYTES) {
            self.line.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
        }
        // What was cut may end inside a character; a CSV reader of text would refuse it.
        while std::str::from_utf8(&self.line).is_err() {
            self.line.pop();
        }
        self.line.push(b'"');
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.line_at == self.line.len() && !self.next_line()? {
            return Ok(0);
        }
        let rest = &self.line[self.line_at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.line_at += count;
        Ok(count)
    }
}

enum LineState {
    Whole,
    Blank,
    Open,
    Broken,
}

/// Follows a line as a CSV reader would: a quotation mark opens only at the start of a cell, a doubled one inside is itself.
fn line_state(line: &[u8]) -> LineState {
    if line.contains(&b'\r') {
        return LineState::Broken;
    }
    if line.is_empty() {
        return LineState::Blank;
    }
    let (mut at_start, mut quoted, mut maybe_closed) = (true, false, false);
    for byte in line {
        match (*byte, quoted, maybe_closed) {
            (b'"', true, false) => maybe_closed = true,
            (b'"', true, true) => maybe_closed = false,
            (b',', true, true) | (b',', false, _) => (at_start, quoted, maybe_closed) = (true, false, false),
            (b'"', false, _) if at_start => (at_start, quoted) = (false, true),
            (_, true, true) => (quoted, maybe_closed) = (false, false),
            (_, true, false) => {}
            (_, false, _) => at_start = false,
        }
    }
    if quoted && !maybe_closed { LineState::Open } else { LineState::Whole }
}
