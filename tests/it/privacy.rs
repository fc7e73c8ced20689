//! Personal data is looked for where a thief could look: in every message as it is before transport encryption, in every file of every
//! data folder, in the log at its most talkative. The search first shows that it finds what is there.

mod peer;

use std::path::Path;
use std::process::Stdio;

use anju_core::desk::{Event, Request};
use anju_core::error::RefusalCode;
use anju_core::holder::Wallet;
use anju_core::node::{Input, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use self::peer::{Peer, federation, wait_for_rows};
use crate::cli::Room;

#[allow(dead_code, reason = "what the tests of the loop need of it")]
#[path = "../../src/daemon/engine/tests/world.rs"]
mod world;

use world::{ACCOUNT, World};

const CANARY: &str = "金丝雀在明处460199";
const CLERK: &str = "慕容经办";
const BUSINESS_NO: &str = "SY-2026-业务-000731";
/// A telephone number of the person; the exports have it and no certificate does.
const PERSONS_PHONE: &str = "00087850858";

/// Everything personal that goes in.
fn personal() -> Vec<String> {
    let facts = world::facts(ACCOUNT);
    let exports = std::fs::read_to_string(world::samples().join("accounts.csv")).unwrap();
    assert!(exports.lines().any(|line| line.contains(ACCOUNT) && line.contains(PERSONS_PHONE) && line.contains(&facts.name)));
    let given = [ACCOUNT, CLERK, BUSINESS_NO, PERSONS_PHONE].map(str::to_owned);
    [facts.name, facts.document_no, facts.employer].into_iter().chain(given).collect()
}

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

/// UTF-8, GB18030 and UTF-16 in both orders, each as it is, as hexadecimal in both cases, and as base64 in both alphabets.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let (gb18030, _, lossy) = encoding_rs::GB18030.encode(text);
    assert!(!lossy);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let encodings = [text.as_bytes().to_vec(), gb18030.into_owned(), little, big];
    let all = encodings.iter().flat_map(|bytes| {
        let hex = hex::encode(bytes);
        [bytes.clone(), hex.to_uppercase().into_bytes(), hex.into_bytes()].into_iter().chain(base64_forms(bytes))
    });
    let mut forms: Vec<_> = all.collect();
    forms.sort();
    forms.dedup();
    forms
}

/// Things to search, each with its name. Bytes stand as the characters of the same numbers, so that they are searched as text is.
#[derive(Default)]
struct Haystack(Vec<(String, String)>);

fn as_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

impl Haystack {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.push((name.to_owned(), as_text(bytes)));
    }

    /// Every file in a folder and below, by its path from there.
    fn add_files(&mut self, root: &Path) {
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let path = entry.path();
                    self.add(path.strip_prefix(root).unwrap().to_str().unwrap(), &std::fs::read(&path).unwrap());
                }
            }
        }
    }

    fn add_frames(&mut self, world: &World) {
        for frame in &world.frames {
            self.add(frame.what, &frame.bytes);
            if let Some(opened) = &frame.opened {
                self.add("opened announcement", opened);
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(place, _)| place == name)
    }

    /// Where a text stands in any form, with the form in hexadecimal.
    fn find(&self, text: &str) -> Vec<(String, String)> {
        let forms: Vec<_> = forms(text).iter().map(|form| (as_text(form), hex::encode(form))).collect();
        let hits = |(place, hay): &(String, String)| {
            let there = forms.iter().filter(|(form, _)| hay.contains(form));
            there.map(|(_, form)| (place.clone(), form.clone())).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(hits).collect()
    }

    /// Searches for everything personal. `allowed` are the places where a datum may stand, and then it has to.
    fn search(&self, allowed: &[(&str, &str)]) {
        for datum in personal() {
            let hits = self.find(&datum);
            let exempt = |place: &str| allowed.iter().any(|(p, d)| *p == place && *d == datum);
            let leaks: Vec<_> = hits.iter().filter(|(place, _)| !exempt(place)).collect();
            assert!(leaks.is_empty(), "{datum} stands in {leaks:?}");
        }
        for (place, datum) in allowed {
            assert!(self.find(datum).iter().any(|(p, _)| p == place), "{place} no longer tells {datum}: drop the exception");
        }
    }

    /// Shows that the search sees every form of the canary at each of these places.
    fn sees_the_canary(&self, places: &[&str]) {
        let hits = self.find(CANARY);
        for place in places {
            for form in forms(CANARY).iter().map(hex::encode) {
                assert!(hits.contains(&((*place).to_owned(), form.clone())), "the search is blind to {form} in {place}");
            }
        }
        assert!(hits.iter().all(|(place, _)| places.contains(&place.as_str())), "{hits:?}");
    }
}

fn canary() -> Vec<u8> {
    forms(CANARY).join(&b"\n"[..])
}

/// The main job: issued at the first, copied, granted, read at the second, refused the second time and at the third, ended.
fn story(world: &mut World) {
    let mut wallet = Wallet::default();
    let number = world.issue(&mut wallet, CLERK);
    let fields = ["name", "document_no", "account_no", "employer", "monthly_deposit", "clerk"];
    let grant = world.grant(&mut wallet, &number, 1, &fields, 1);
    let refused = |event: Option<Event>| match event {
        Some(Event::Refused { refusal, .. }) => refusal.code,
        other => panic!("{other:?}"),
    };
    let first = world.querying(&grant, BUSINESS_NO);
    let Some(Event::Answer(answer)) = world.ask(1, first) else { panic!("the grant was not accepted") };
    let shown = serde_json::to_string(&answer).unwrap();
    let facts = world::facts(ACCOUNT);
    for datum in [&facts.name, &facts.document_no, &facts.account_no, &facts.employer, CLERK] {
        assert!(shown.contains(datum), "it was read: {datum}");
    }
    let again = world.querying(&grant, BUSINESS_NO);
    assert_eq!(refused(world.ask(1, again)), RefusalCode::GrantUsedUp);
    let elsewhere = world.querying(&grant, BUSINESS_NO);
    assert_eq!(refused(world.ask(2, elsewhere)), RefusalCode::WrongCentre);
    let cancel = Request::CertificateCancel { number: number.clone(), reason: "cancelled".to_owned() };
    assert!(matches!(world.ask(0, cancel), Some(Event::CertificateCancelled { .. })));
    let late = world.grant(&mut wallet, &number, 1, &fields, 1);
    let late = world.querying(&late, BUSINESS_NO);
    assert_eq!(refused(world.ask(1, late)), RefusalCode::CertificateEnded);
    for peer in 0..world.peers.len() {
        world.feed(peer, vec![Input::Tick]);
    }
    world.settle();
}

#[test]
fn no_message_and_no_file_of_three_peers_tells_anything_personal_in_any_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(241, folder.path(), &Settings::default());
    story(&mut world);
    for what in ["announcement", "question", "answer"] {
        assert!(world.frames.iter().any(|frame| frame.what == what), "no {what} was sent");
    }
    let in_file = folder.path().join("C46020").join("canary");
    std::fs::write(&in_file, canary()).unwrap();
    let mut running = Haystack::default();
    running.add_frames(&world);
    running.add_files(folder.path());
    running.add("message with a canary", &[b"\x83\x01\x42".to_vec(), canary()].concat());
    for file in ["C46020/anju.db", "C46020/anju.db-wal", "C46020/anju.db-shm", "C46020/head.json"] {
        assert!(running.has(file), "{file} was not searched");
    }
    running.sees_the_canary(&["message with a canary", "C46020/canary"]);
    running.search(&[]);

    std::fs::remove_file(in_file).unwrap();
    drop(world);
    let mut stopped = Haystack::default();
    stopped.add_files(folder.path());
    stopped.search(&[]);
}

#[test]
fn no_file_of_real_peers_and_no_line_of_their_most_talkative_log_tells_anything_personal() {
    let room = Room::new();
    federation(&room);
    let config = std::fs::read_to_string(room.path("a/anju.toml")).unwrap();
    assert!(config.contains("[certificate]\n"), "{config}");
    room.write("a/anju.toml", &config.replace("[certificate]\n", &format!("[certificate]\nclerk = \"{CLERK}\"\n")));
    let serve = |name: &str| {
        let log = std::fs::File::create(room.path(&format!("{name}.log"))).unwrap();
        let level = "debug,anju=trace,anju_core=trace,anju_peers=trace";
        Peer::start_with(&room, name, |command| command.env("RUST_LOG", level).stderr(Stdio::from(log)))
    };
    let (a, b) = (serve("a"), serve("b"));
    room.done("holder new --wallet @w --charter @charter.json --passphrase-file @pass");
    room.done("holder card --wallet @w --centre C46010 --out @card.json --passphrase-file @pass");
    let issue = format!("certificate issue --data @a --account {ACCOUNT} --kind YDDKJCZM --addressee C46020 --card @card.json");
    let number = room.json(&format!("{issue} --out @certificate.txt"), 0)["number"].as_str().unwrap().to_owned();
    room.done("holder receive --wallet @w @certificate.txt --passphrase-file @pass");
    wait_for_rows(&room, "b", "C46010", 1);
    let grant = format!("holder grant --wallet @w --certificate {number} --to C46020 --matter loan --passphrase-file @pass");
    room.done(&format!("{grant} --field name,document_no,account_no,employer --yes --out @grant.txt --qr @grant.png"));
    let query = format!("query --data @b --grant @grant.txt --business-no {BUSINESS_NO}");
    assert!(room.json(&query, 0).to_string().contains(ACCOUNT), "it was read");
    room.json(&query, 77);
    room.done(&format!("certificate cancel --data @a {number}"));
    // What a log says of a request that fails is the likeliest leak.
    room.json(&format!("certificate issue --data @a --account {ACCOUNT} --kind JCZM --card @card.json --out @again.txt"), 77);

    std::fs::write(room.path("b/canary"), canary()).unwrap();
    let search = |canaries: &[&str]| {
        let mut all = Haystack::default();
        all.add_files(&room.path(""));
        for file in ["a/keys.age", "a/anju.toml", "a/card.json", "a/charter.json", "a/anju.db", "b/head.json", "b.log", "w/wallet.age"] {
            assert!(all.has(file), "{file} was not searched");
        }
        all.sees_the_canary(canaries);
        // The clerk's name was written into the configuration by the centre itself.
        all.search(&[("a/anju.toml", CLERK)]);
    };
    search(&["b/canary"]);
    let log = std::fs::read_to_string(room.path("b.log")).unwrap();
    assert!(log.contains("DEBUG") && log.len() > 1000, "the log is not talkative: {log}");
    assert_eq!((a.stop(), b.stop()), (Some(0), Some(0)));
    search(&["b/canary"]);
}
