//! The search: every form in which a datum could stand somewhere, the places where it could, and a canary that shows that the search sees.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::World;

/// Stands only where a test planted it.
const CANARY: &str = "金丝雀在明处460199";

/// The bytes as base64 shows them wherever they stand in a longer text: without the characters they share with their neighbours.
fn base64_forms(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].into_iter().flat_map(move |engine| {
        (0..3).map(move |shift| {
            let text = engine.encode([&vec![0; shift], bytes].concat());
            let whole = (shift * 8).div_ceil(6)..(shift + bytes.len()) * 8 / 6;
            text.as_bytes()[whole].to_vec()
        })
    })
}

/// As it is, as hexadecimal in both cases, and as base64 in both alphabets.
fn byte_forms(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let hex = hex::encode(bytes);
    [bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()].into_iter().chain(base64_forms(bytes))
}

/// Something that must not be read, and what it looks like.
pub(super) struct Datum {
    pub(super) name: String,
    forms: Vec<Vec<u8>>,
}

impl Datum {
    /// UTF-8, GB18030 and UTF-16 in both orders, and as JSON escapes it, each in every form of bytes.
    pub(super) fn text(text: &str) -> Self {
        let (gb18030, _, lossy) = encoding_rs::GB18030.encode(text);
        assert!(!lossy);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let escaped = |unit: u16| char::from_u32(unit.into()).filter(char::is_ascii).map_or(format!("\\u{unit:04x}"), String::from);
        let json = text.encode_utf16().map(escaped).collect::<String>().into_bytes();
        let encodings = [text.as_bytes().to_vec(), gb18030.into_owned(), little, big, json];
        Self::of(text, encodings.iter().flat_map(|bytes| byte_forms(bytes)).collect())
    }

    /// A key.
    pub(super) fn bytes(name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 16, "{name} could stand anywhere by chance");
        Self::of(name, byte_forms(bytes).collect())
    }

    fn of(name: &str, mut forms: Vec<Vec<u8>>) -> Self {
        forms.sort();
        forms.dedup();
        Self { name: name.to_owned(), forms }
    }
}

/// Things to search, each with its name.
#[derive(Default, Clone)]
pub(super) struct Haystack(Vec<(String, Vec<u8>)>);

fn first_two(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

impl Haystack {
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.push((name.to_owned(), bytes.to_vec()));
    }

    /// Every file in a folder and below, by its path from there, and every name of a file.
    pub(super) fn add_files(&mut self, root: &Path) {
        let (mut folders, mut names) = (vec![root.to_path_buf()], String::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let (kind, path) = (entry.file_type().unwrap(), entry.path());
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                names += &format!("{name}\n");
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    self.add(&name, &std::fs::read(&path).unwrap());
                }
            }
        }
        self.add("names of files", names.as_bytes());
    }

    pub(super) fn add_frames(&mut self, world: &World) {
        for frame in &world.frames {
            self.add(frame.what, &frame.bytes);
            if let Some(opened) = &frame.opened {
                self.add("opened announcement", opened);
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(place, _)| place == name)
    }

    /// For each datum, where it stands in any form, with the form in hexadecimal. All forms are looked for at once, by their first two
    /// bytes: one after the other they would take a minute.
    fn find<'a>(&'a self, data: &[Datum]) -> Vec<BTreeSet<(&'a str, String)>> {
        let mut begin = vec![Vec::new(); 1 << 16];
        for (number, datum) in data.iter().enumerate() {
            for form in &datum.forms {
                begin[first_two(form)].push((number, form));
            }
        }
        let mut hits = vec![BTreeSet::new(); data.len()];
        for (place, hay) in &self.0 {
            for at in 0..hay.len().saturating_sub(1) {
                for (number, form) in &begin[first_two(&hay[at..])] {
                    if hay[at..].starts_with(form) {
                        hits[*number].insert((place.as_str(), hex::encode(form)));
                    }
                }
            }
        }
        hits
    }

    /// Searches for everything. `allowed` are the places where a datum may stand, and then it has to.
    pub(super) fn search(&self, data: &[Datum], allowed: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (datum, hits) in data.iter().zip(self.find(data)) {
            let exempt = |place: &str| allowed.iter().any(|(p, d)| *p == place && *d == datum.name);
            wrong.extend(
                hits.iter().filter(|(place, _)| !exempt(place)).map(|(place, form)| format!("{} stands in {place} as {form}", datum.name)),
            );
            for (place, _) in allowed.iter().filter(|(_, d)| *d == datum.name) {
                if !hits.iter().any(|(p, _)| p == place) {
                    wrong.push(format!("{place} does not tell {}: drop the exception", datum.name));
                }
            }
        }
        let unknown = allowed.iter().filter(|(_, d)| !data.iter().any(|datum| datum.name == *d));
        wrong.extend(unknown.map(|(_, d)| format!("{d} is searched for nowhere")));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Shows that the search sees every form of the canary at each of these places.
    pub(super) fn sees_the_canary(&self, places: &[&str]) {
        let canary = Datum::text(CANARY);
        let hits = self.find(std::slice::from_ref(&canary)).remove(0);
        for place in places {
            for form in canary.forms.iter().map(hex::encode) {
                assert!(hits.contains(&(*place, form.clone())), "the search is blind to {form} in {place}");
            }
        }
        assert!(hits.iter().all(|(place, _)| places.contains(place)), "{hits:?}");
    }
}

/// The canary in every form.
pub(super) fn canary() -> Vec<u8> {
    Datum::text(CANARY).forms.join(&b"\n"[..])
}
