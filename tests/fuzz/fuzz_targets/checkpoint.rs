//! Signed notes and the heads of journals: as they come, and with the author's signatures over any text.
#![no_main]

use anju_core::journal::Checkpoint;
use anju_core::journal::note::Note;
use anju_fuzz::{MADE, routed, signed_note};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((route, rest)) = routed(data) else { return };
    if route % 2 == 0 {
        note(rest);
    } else if let Ok(text) = std::str::from_utf8(rest) {
        note(&signed_note(text));
    }
});

fn note(bytes: &[u8]) {
    let parsed = Note::parse(bytes);
    if let Ok(note) = &parsed {
        assert_eq!(note.to_bytes(), bytes, "one note has one form");
    }
    let Ok(head) = MADE.author().verify(bytes) else { return };
    assert_eq!(head.note(), bytes);
    let checkpoint = Checkpoint { origin: head.origin().clone(), size: head.size(), root: head.root() };
    assert_eq!(checkpoint.text(), parsed.unwrap().text(), "one head has one text");
}
