//! Personal data is looked for where a thief could look: in every message as it is before transport encryption, in every file of every
//! data folder, in the log at its most talkative. The search first shows that it finds what is there.

mod house;
mod listings;
mod peer;
mod search;

use std::process::Stdio;

use anju_core::desk::{Act, Event};
use anju_core::error::RefusalCode;
use anju_core::grant::Mode;
use anju_core::holder::Wallet;
use anju_core::interact::{Finding, Stated, Wanted};
use anju_core::node::{Input, Settings};

use self::peer::{Peer, federation, wait_for_certificate};
use self::search::{Datum, Haystack, canary};
use crate::cli::Room;
use crate::federation::TELLER;

#[allow(dead_code, reason = "what the tests of the loop need of it")]
#[path = "../../src/daemon/engine/tests/world.rs"]
mod world;

use world::{ACCOUNT, World};

const CLERK: &str = "慕容经办";
const BUSINESS_NO: &str = "SY-2026-业务-000731";
/// A telephone number of the person; the exports have it and no certificate does.
const PERSONS_PHONE: &str = "00087850858";

/// Everything personal that goes in.
fn personal() -> Vec<Datum> {
    let facts = world::facts(ACCOUNT);
    let exports = std::fs::read_to_string(world::samples().join("accounts.csv")).unwrap();
    assert!(exports.lines().any(|line| line.contains(ACCOUNT) && line.contains(PERSONS_PHONE) && line.contains(&facts.name)));
    let given = [ACCOUNT, CLERK, BUSINESS_NO, PERSONS_PHONE].map(str::to_owned);
    [facts.name, facts.document_no, facts.employer].into_iter().chain(given).map(|text| Datum::text(&text)).collect()
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
    let Some(Event::Answer(answer)) = world.ask_as_clerk(1, &first) else { panic!("the grant was not accepted") };
    let shown = serde_json::to_string(&answer).unwrap();
    let facts = world::facts(ACCOUNT);
    for datum in [&facts.name, &facts.document_no, &facts.account_no, &facts.employer, CLERK] {
        assert!(shown.contains(datum), "it was read: {datum}");
    }
    let again = world.querying(&grant, BUSINESS_NO);
    assert_eq!(refused(world.ask_as_clerk(1, &again)), RefusalCode::GrantUsedUp);
    let elsewhere = world.querying(&grant, BUSINESS_NO);
    assert_eq!(refused(world.ask_as_clerk(2, &elsewhere)), RefusalCode::WrongCentre);
    // What a check states of somebody travels, too; and each question and answer of it is in the search.
    let checked = ["name", "document_no", "account_no", "employer"];
    let grant = world.grant_in(&mut wallet, &number, (1, Mode::Check), &checked, 1);
    let truth = [&facts.name, &facts.document_no, &facts.account_no, &facts.employer];
    let values = checked.iter().zip(truth).map(|(field, value)| Stated { field: (*field).to_owned(), value: value.clone() }).collect();
    let wanted = Wanted::Check { values };
    let (business_no, request) = (BUSINESS_NO.to_owned(), world.request_id());
    let check = Act::Ask { grant, business_no, matter: None, wanted, request };
    let Some(Event::Attested(said)) = world.ask_as_clerk(1, &check) else { panic!("the check was not answered") };
    let Finding::Check { fields: found } = &said.attestation.finding else { panic!("{said:?}") };
    assert!(found.len() == checked.len() && found.iter().all(|field| field.matches), "{found:?}");
    let cancel = Act::CertificateCancel { number: number.clone(), reason: "cancelled".to_owned() };
    assert!(matches!(world.ask_as_clerk(0, &cancel), Some(Event::CertificateCancelled { .. })));
    let late = world.grant(&mut wallet, &number, 1, &fields, 1);
    let late = world.querying(&late, BUSINESS_NO);
    assert_eq!(refused(world.ask_as_clerk(1, &late)), RefusalCode::CertificateEnded);
    for peer in 0..world.peers.len() {
        world.feed(peer, vec![Input::Tick]);
    }
    world.settle();
}

#[test]
fn no_message_and_no_file_of_three_peers_tells_anything_personal_in_any_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(241, folder.path(), &Settings::default());
    world.part(0, 2);
    story(&mut world);
    for what in ["announcement", "push", "question", "answer"] {
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
    running.search(&personal(), &[]);

    std::fs::remove_file(in_file).unwrap();
    drop(world);
    let mut stopped = Haystack::default();
    stopped.add_files(folder.path());
    stopped.search(&personal(), &[]);
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
    for name in ["a", "b"] {
        let admin = format!("--data @{name} --operator admin --operator-passphrase-file @{name}/first-operator.passphrase");
        room.done(&format!("operator add {TELLER} --role teller --display {CLERK} --staff-no 1 --new-passphrase-file @pass {admin}"));
    }
    let by = |name: &str| format!("--data @{name} --operator {TELLER} --operator-passphrase-file @pass");
    room.done("holder new --wallet @w --charter @charter.json --passphrase-file @pass");
    room.done("holder card --wallet @w --centre C46010 --out @card.json --passphrase-file @pass");
    let issue = format!("certificate issue {} --account {ACCOUNT} --kind YDDKJCZM --addressee C46020 --card @card.json", by("a"));
    let number = room.json(&format!("{issue} --out @certificate.txt"), 0)["number"].as_str().unwrap().to_owned();
    room.done("holder receive --wallet @w @certificate.txt --passphrase-file @pass");
    wait_for_certificate(&room, "b", &number);
    let grant = format!("holder grant --wallet @w --certificate {number} --to C46020 --matter loan --passphrase-file @pass");
    room.done(&format!("{grant} --field name,document_no,account_no,employer --yes --out @grant.txt --qr @grant.png"));
    let query = format!("query {} --grant @grant.txt --business-no {BUSINESS_NO}", by("b"));
    assert!(room.json(&query, 0).to_string().contains(ACCOUNT), "it was read");
    room.json(&query, 77);
    let grant = format!("holder grant --wallet @w --certificate {number} --to C46020 --matter loan --mode check --passphrase-file @pass");
    room.done(&format!("{grant} --field name,document_no,balance --yes --out @check.txt"));
    let facts = world::facts(ACCOUNT);
    room.write("values", &format!("name={}\n# as on paper\n\ndocument_no = {}\nbalance=1.00\n", facts.name, facts.document_no));
    let check = format!("query {} --grant @check.txt --mode check --values @values --business-no {BUSINESS_NO}", by("b"));
    let said = room.json(&check, 0);
    let matches = |at: usize| said["attested"]["attestation"]["finding"]["fields"][at]["matches"].as_bool();
    assert_eq!([matches(0), matches(1), matches(2)], [Some(true), Some(true), Some(false)], "{said}");
    assert_eq!(room.json(&check, 77)["error"]["code"], "grant-used-up");
    std::fs::remove_file(room.path("values")).unwrap();
    assert!(room.json(&format!("certificate show {} {number}", by("a")), 0).to_string().contains(ACCOUNT), "and looked at");
    room.done(&format!("certificate cancel {} {number}", by("a")));
    // What a log says of a request that fails is the likeliest leak.
    room.json(&format!("certificate issue {} --account {ACCOUNT} --kind JCZM --card @card.json --out @again.txt", by("a")), 77);

    std::fs::write(room.path("b/canary"), canary()).unwrap();
    let search = |canaries: &[&str]| {
        let mut all = Haystack::default();
        all.add_files(&room.path(""));
        for file in ["a/keys.age", "a/anju.toml", "a/card.json", "a/charter.json", "a/anju.db", "b/head.json", "b.log", "w/wallet.age"] {
            assert!(all.has(file), "{file} was not searched");
        }
        all.sees_the_canary(canaries);
        // The clerk's name was written into the configuration by the centre itself.
        all.search(&personal(), &[("a/anju.toml", CLERK)]);
    };
    search(&["b/canary"]);
    let log = std::fs::read_to_string(room.path("b.log")).unwrap();
    assert!(log.contains("DEBUG") && log.len() > 1000, "the log is not talkative: {log}");
    assert_eq!((a.stop(), b.stop()), (Some(0), Some(0)));
    search(&["b/canary"]);
}
