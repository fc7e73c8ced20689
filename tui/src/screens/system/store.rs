//! What lies there: the newest backup, the store, the keys and since when they are in use, and the versions of everything.

use anju_core::desk::{KeyAge, Storage, SystemView};
use anju_core::time::Time;

use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::widgets::plot::bytes;
use crate::words::Words;

/// A backup older than so many milliseconds is worth a look.
const OLD_BACKUP_MS: i64 = 8 * anju_core::time::DAY_MS;

/// Everything, as lines.
pub(super) fn lines(words: Words, view: &SystemView, now: Time) -> Vec<Line> {
    let mut lines = backup(words, view, now);
    lines.push(Line::Blank);
    lines.push(Line::Group(words.say("system.storage")));
    match &view.storage {
        Some(storage) => lines.extend(store(words, storage)),
        None => lines.push(Line::Text(Tone::Bad, words.say("system.no-figures"))),
    }
    lines.extend([Line::Blank, Line::Group(words.say("system.keys"))]);
    lines.extend(view.keys.iter().map(|age| key(words, age, now)));
    lines.extend([Line::Blank, Line::Group(words.say("system.versions"))]);
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    lines.push(field("system.version", Shown::new(&view.version)));
    lines.push(field("system.protocol", Shown::new(&view.protocol)));
    let schema = view.storage.as_ref().map(|storage| storage.schema);
    lines.push(field("system.schema", schema.map_or_else(|| words.say("system.unknown"), Shown::of)));
    lines.push(field("system.charter-version", Shown::of(view.charter_version)));
    lines
}

fn at(words: Words, at: Time, now: Time) -> Shown {
    Shown::join([&Shown::new(&at.legal_text()), &words.age(Some(now.since(at)))], "  ")
}

fn backup(words: Words, view: &SystemView, now: Time) -> Vec<Line> {
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let mut lines = vec![Line::Group(words.say("system.backup"))];
    match &view.backup {
        Some(backup) => {
            let tone = if now.since(backup.at) > OLD_BACKUP_MS { Tone::Warn } else { Tone::Good };
            lines.push(Line::Field { label: words.say("system.backup-at"), value: at(words, backup.at, now), tone });
            lines.push(field("system.backup-size", Shown::new(&bytes(backup.bytes))));
            lines.push(field("system.backup-file", Shown::new(&backup.file)));
        }
        None => lines.push(Line::Text(Tone::Warn, words.say("system.no-backup"))),
    }
    lines.push(field("system.backup-folder", Shown::new(&view.backups)));
    if view.backing_up {
        lines.push(Line::Text(Tone::Plain, words.say("system.backing-up")));
    }
    lines
}

fn store(words: Words, storage: &Storage) -> Vec<Line> {
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let tight = storage.free_bytes.is_some_and(|free| free < storage.database_bytes);
    let free = storage.free_bytes.map_or_else(|| words.say("system.unknown"), |free| Shown::new(&bytes(free)));
    let free = if tight { free.and(&words.say("system.tight")) } else { free };
    let odd = |count: u64| if count == 0 { Tone::Plain } else { Tone::Warn };
    let mut lines = vec![
        field("system.database", Shown::new(&bytes(storage.database_bytes))),
        field("system.wal", Shown::new(&bytes(storage.log_bytes))),
        Line::Field { label: words.say("system.free"), value: free, tone: if tight { Tone::Bad } else { Tone::Plain } },
        field("system.erased", Shown::of(storage.erased)),
        Line::Field { label: words.say("system.damaged"), value: Shown::of(storage.damaged), tone: odd(storage.damaged) },
        Line::Field { label: words.say("system.withheld"), value: Shown::of(storage.withheld), tone: odd(storage.withheld) },
        field("system.audit-rows", Shown::of(storage.audit_rows)),
        field("system.cases", Shown::of(storage.cases)),
    ];
    let rows =
        storage.rows.iter().map(|(centre, rows)| words.fill("system.rows-of", &[("centre", centre.as_str()), ("rows", &rows.to_string())]));
    lines
        .extend(rows.enumerate().map(|(i, text)| Line::field(if i == 0 { words.say("system.rows-each") } else { Shown::default() }, text)));
    lines
}

fn key(words: Words, age: &KeyAge, now: Time) -> Line {
    let label = words.fill(&format!("system.key-{}", age.key.code()), &[("name", &age.name)]);
    let value = match (age.since, age.by) {
        (Some(since), Some(by)) => Shown::join([&at(words, since, now), &words.code("system.by", by.code())], "  "),
        (Some(_) | None, _) => words.say("system.unknown"),
    };
    Line::field(label, value)
}
