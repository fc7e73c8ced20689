//! What the loop does when the disk is full, the head cannot be kept, or many things come at once.

#[allow(dead_code, reason = "what the search for personal data needs of it")]
pub(crate) mod world;

mod jobs;

use std::fs;

use anju_core::desk::{Act, ReadOnly, Request};
use anju_core::error::RefusalCode;
use anju_core::holder::Wallet;
use anju_core::names::CertificateNumber;
use anju_core::node::Settings;
use anju_core::shelf::Shelf;

use super::*;
use crate::store::Reader;
use world::{ACCOUNT, CLERK, World, facts};

/// The peer whose disk is full: the second, which asks.
const HERE: usize = 1;
const USES: u32 = 100;
/// Pages no test comes near.
const ROOM: i64 = 1_000_000;

/// Queries are answered from the copy, at once: these tests are about groups, and an issuer's word takes a turn of its own.
fn copy_only() -> Settings {
    Settings { live_patience_ms: 0, ..Settings::default() }
}

struct Scene {
    world: World,
    wallet: Wallet,
    number: CertificateNumber,
    grant: String,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(seed, folder.path(), &copy_only());
        let mut wallet = Wallet::default();
        let number = world.issue(&mut wallet, "王经办");
        let grant = world.grant(&mut wallet, &number, HERE, &["name", "monthly_deposit"], USES);
        Self { world, wallet, number, grant, _folder: folder }
    }

    fn query(&mut self) -> Event {
        let act = self.world.querying(&self.grant.clone(), "SY-1");
        self.world.ask_as_clerk(HERE, &act).unwrap()
    }

    fn reader(&self) -> Reader {
        self.world.peers[HERE].reader()
    }

    fn rows(&self) -> u64 {
        self.reader().journal(&self.world.centre(HERE)).unwrap().size
    }

    /// How many fed uses the own journal counts.
    fn uses(&self) -> u32 {
        let id = self.wallet.grants()[0].id;
        self.reader().grant_uses(&self.world.centre(HERE), &id, None).unwrap()
    }

    /// Lets the database of the peer here grow by so many pages at most.
    fn room(&mut self, pages: i64) {
        self.world.peers[HERE].engine.store.limit_growth(pages);
    }

    /// Queries until no room is left; returns how many were answered, and the refusal's code.
    fn fill(&mut self) -> (u32, String) {
        self.room(0);
        for answered in 0..USES {
            match self.query() {
                Event::Answer(_) => {}
                Event::Failed { code, .. } => return (answered, code),
                other => panic!("{other:?}"),
            }
        }
        panic!("the database never filled up");
    }
}

fn token_of(input: &Input) -> u64 {
    asked(std::slice::from_ref(input)).next().unwrap()
}

#[test]
fn on_a_full_disk_a_use_is_neither_counted_nor_answered_reads_go_on_and_writing_resumes_by_itself() {
    let mut scene = Scene::new(1);
    let (answered, code) = scene.fill();
    assert_eq!(code, "store-full");
    assert_eq!(scene.uses(), answered, "what was answered was counted, and nothing else");
    let rows = scene.rows();
    for _ in 0..3 {
        assert!(matches!(scene.query(), Event::Failed { code, .. } if code == "store-full"));
        assert!(matches!(scene.world.ask(HERE, Request::Status), Some(Event::Status(s)) if s.read_only.is_none()));
        let show = Request::CertificateShow { number: scene.number.clone() };
        assert!(matches!(scene.world.ask(HERE, show), Some(Event::CertificateShow { .. })));
        let list = Request::CertificateList { after: None, limit: 10 };
        assert!(matches!(scene.world.ask(HERE, list), Some(Event::CertificateList { .. })));
    }
    assert_eq!((scene.uses(), scene.rows()), (answered, rows));

    scene.room(ROOM);
    let Event::Answer(answer) = scene.query() else { panic!("still refused") };
    assert_eq!(answer.authorised.use_no, answered + 1);
    assert_eq!((scene.uses(), scene.rows()), (answered + 1, rows + 1));
}

#[test]
fn a_peer_with_a_full_disk_catches_up_when_there_is_room_again() {
    let mut scene = Scene::new(2);
    scene.fill();
    for _ in 0..4 {
        scene.world.issue(&mut scene.wallet, "王经办");
    }
    let author = scene.world.centre(0);
    assert!(scene.reader().journal(&author).unwrap().size < 5, "there is no room for a certificate");
    scene.room(ROOM);
    // What the author pushed was not answered; after that, any sign of life tells of its rows.
    scene.world.time_out();
    scene.world.issue(&mut scene.wallet, "王经办");
    assert_eq!(scene.reader().journal(&author).unwrap().size, 6);
}

#[test]
fn a_request_in_a_group_with_one_that_cannot_be_written_is_answered_as_if_alone() {
    let mut scene = Scene::new(3);
    scene.fill();
    let query = scene.world.querying(&scene.grant.clone(), "SY-1");
    let query = scene.world.signed(HERE, CLERK, &query);
    let requests = [Request::Status, query, Request::CertificateShow { number: scene.number.clone() }];
    let group: Vec<_> = requests.into_iter().map(|request| Input::Desk { token: scene.world.token(), request }).collect();
    let tokens: Vec<_> = group.iter().map(token_of).collect();
    scene.world.feed(HERE, group);
    let closing = |i: usize| scene.world.closing(HERE, tokens[i]).unwrap();
    assert!(matches!(closing(0), Event::Status(_)), "{:?}", closing(0));
    assert!(matches!(closing(1), Event::Failed { code, .. } if code == "store-full"));
    assert!(matches!(closing(2), Event::CertificateShow { .. }), "{:?}", closing(2));
    for token in tokens {
        let replies = &scene.world.peers[HERE].replies[&token];
        assert_eq!(replies.iter().filter(|event| event.closes()).count(), 1, "one closing event each");
    }
}

#[test]
fn requests_that_wait_are_answered_as_failed_when_a_write_fails() {
    let mut scene = Scene::new(4);
    scene.world.down.insert(HERE);
    let number = scene.world.issue(&mut scene.wallet, "王经办");
    let grant = scene.world.grant(&mut scene.wallet, &number, HERE, &["name"], 1);
    (scene.world.down, scene.world.source_waits) = ([0, 2].into(), true);
    scene.fill();
    let request = scene.world.querying(&grant, "SY-2");
    let request = scene.world.signed(HERE, CLERK, &request);
    let (query, issue) = (scene.world.token(), scene.world.token());
    scene.world.feed(HERE, vec![Input::Desk { token: query, request }]);
    let centre = scene.world.centre(HERE);
    let card = anju_core::holder::card(&mut scene.world.rng, machine_clock(), &mut scene.wallet, &centre).unwrap();
    let act = Act::CertificateIssue {
        account_no: ACCOUNT.to_owned(),
        kind: "JCZM".to_owned(),
        addressee: None,
        card,
        clerk: "王经办".to_owned(),
        valid_days: None,
        request: scene.world.request_id(),
    };
    let request = scene.world.signed(HERE, CLERK, &act);
    scene.world.feed(HERE, vec![Input::Desk { token: issue, request }]);
    scene.world.settle();
    assert!(scene.world.closing(HERE, query).is_none() && scene.world.closing(HERE, issue).is_none(), "both wait");
    assert!(matches!(scene.query(), Event::Failed { .. }));
    for token in [query, issue] {
        assert!(matches!(scene.world.closing(HERE, token), Some(Event::Failed { code, .. }) if code == "store-full"));
    }
}

#[test]
fn a_late_answer_of_the_source_never_issues_for_another_request() {
    let mut scene = Scene::new(5);
    scene.world.source_waits = true;
    let first = scene.world.issuing(&mut scene.wallet, ACCOUNT, "王经办");
    assert!(scene.world.ask_as_clerk(0, &first).is_none(), "the source has not answered");
    scene.world.peers[0].engine.start_over(&GroupError::Store(StoreError::Full), &mut |_| {});

    let other = "46010000000100002";
    // Two more, so that a count that began anew would come by the number of the one that waits.
    let tokens = [(); 2].map(|()| {
        let act = scene.world.issuing(&mut scene.wallet, other, "王经办");
        let request = scene.world.signed(0, CLERK, &act);
        let token = scene.world.token();
        scene.world.feed(0, vec![Input::Desk { token, request }]);
        token
    });
    let readings = scene.world.peers[0].readings.clone();
    assert_eq!(readings.iter().map(|r| r.1.as_str()).collect::<Vec<_>>(), [ACCOUNT, other, other]);
    scene.world.feed(0, vec![Input::Source { reading: readings[0].0, facts: Ok(Box::new(facts(ACCOUNT))) }]);
    assert!(tokens.iter().all(|token| scene.world.closing(0, *token).is_none()), "the late answer is nobody's");
    let numbers: std::collections::BTreeSet<_> = readings.iter().map(|r| r.0).collect();
    assert_eq!(numbers.len(), readings.len(), "a reading's number is used once");
    // And were the numbers mixed up all the same, one person's facts do not get on another's card.
    scene.world.feed(0, vec![Input::Source { reading: readings[1].0, facts: Ok(Box::new(facts(ACCOUNT))) }]);
    let closing = scene.world.closing(0, tokens[0]);
    assert!(matches!(&closing, Some(Event::Refused { refusal, .. }) if refusal.code == RefusalCode::SourceUnavailable), "{closing:?}");
}

#[test]
fn a_head_that_cannot_be_kept_lets_nothing_out_and_counts_nothing() {
    let mut scene = Scene::new(6);
    assert!(matches!(scene.query(), Event::Answer(_)));
    let head = scene.world.peers[HERE].head_file();
    let kept = fs::read(&head).unwrap();
    // Before there is a file it is made whole, beside; then a slot of it is written.
    let in_the_way = [head.with_extension("json.partial"), head.clone()];
    for folder in &in_the_way {
        let _ = fs::remove_file(&head);
        fs::create_dir(folder).unwrap();
        let (rows, uses, sent) = (scene.rows(), scene.uses(), scene.world.frames.len());
        assert!(matches!(scene.query(), Event::Failed { code, .. } if code == HEAD_NOT_KEPT));
        assert_eq!((scene.rows(), scene.uses()), (rows, uses));
        let told = scene.world.frames[sent..].iter().any(|frame| ["announcement", "push"].contains(&frame.what));
        assert!(!told, "a head left that is not kept");
        assert!(matches!(scene.world.ask(HERE, Request::Status), Some(Event::Status(_))), "reads go on");
        fs::remove_dir(folder).unwrap();
        assert!(matches!(scene.query(), Event::Answer(_)), "and writing resumes");
        assert_eq!((scene.rows(), scene.uses()), (rows + 1, uses + 1));
        assert_ne!(fs::read(scene.world.peers[HERE].head_file()).unwrap(), kept);
    }
}

/// A folder where the head file was; returns where that is now.
fn put_in_the_way(head: &std::path::Path) -> std::path::PathBuf {
    let aside = head.with_extension("aside");
    fs::rename(head, &aside).unwrap();
    fs::create_dir(head).unwrap();
    aside
}

fn take_out_of_the_way(head: &std::path::Path, aside: &std::path::Path) {
    fs::remove_dir(head).unwrap();
    fs::rename(aside, head).unwrap();
}

#[test]
fn while_a_stored_head_is_not_kept_nothing_that_tells_of_it_leaves() {
    let mut scene = Scene::new(7);
    let head = scene.world.peers[0].head_file();
    let owed = head_file::read(&head).unwrap();
    // As if the last step of keeping it had failed.
    scene.world.peers[0].engine.owed = owed;
    let aside = put_in_the_way(&head);
    let file = Request::CertificateFile { number: scene.number.clone() };
    assert!(matches!(scene.world.ask(0, file.clone()), Some(Event::Failed { code, .. }) if code == HEAD_NOT_KEPT));
    let ask = anju_core::node::message::Ask::under(&scene.world.charter, anju_core::node::message::Question::Heads(Vec::new()));
    let (from, sent) = (scene.world.peers[HERE].station(), scene.world.frames.len());
    scene.world.feed(0, vec![Input::Asked { from, token: 9, bytes: ask.to_bytes() }]);
    assert_eq!(scene.world.frames.len(), sent, "a head that is not kept was told");
    take_out_of_the_way(&head, &aside);
    assert!(matches!(scene.world.ask(0, file), Some(Event::CertificateFile { .. })));
    scene.world.feed(0, vec![Input::Asked { from, token: 9, bytes: ask.to_bytes() }]);
    assert_eq!(scene.world.frames.len(), sent + 1);
}

/// Transactions in the write-ahead log: frames that name the size of the database after them (SQLite file format, section 4.1).
fn commits(database: &std::path::Path) -> usize {
    const LOG_HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let log = fs::read(database.with_extension("db-wal")).unwrap();
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    let salt = &log[16..24];
    let frames = log[LOG_HEADER..].chunks_exact(FRAME_HEADER + page).take_while(|frame| &frame[8..16] == salt);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn a_group_is_one_transaction_and_its_replies_come_after_it() {
    const GROUP: u32 = 10;
    let mut scene = Scene::new(8);
    let database = scene.world.peers[HERE].database();
    let group: Vec<_> = (0..GROUP)
        .map(|_| {
            let act = scene.world.querying(&scene.grant.clone(), "SY-1");
            Input::Desk { token: scene.world.token(), request: scene.world.signed(HERE, CLERK, &act) }
        })
        .collect();
    let (before, rows, reader, centre) = (commits(&database), scene.rows(), scene.reader(), scene.world.centre(HERE));
    let head = scene.world.peers[HERE].head_file();
    let mut answers = 0;
    scene.world.peers[HERE].engine.group(group, &mut |out| {
        assert_eq!(reader.journal(&centre).unwrap().size, rows + u64::from(GROUP), "{out:?} came before the commit");
        assert_eq!(head_file::read(&head).unwrap().unwrap().size, rows + u64::from(GROUP), "{out:?} came before the head was kept");
        answers += u32::from(matches!(out, Out::Reply(_, event) if matches!(*event, Event::Answer(_))));
    });
    assert_eq!(answers, GROUP);
    assert_eq!(commits(&database), before + 1);
}

#[test]
fn a_tick_that_cannot_be_written_is_not_tried_again_at_once_and_connections_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { heartbeat_ms: 0, ..copy_only() };
    let mut world = World::new(9, folder.path(), &settings);
    let head = world.peers[HERE].head_file();
    let aside = put_in_the_way(&head);
    let mut tried = 0;
    for _ in 0..20 {
        world.feed(HERE, vec![Input::Tick]);
        tried += u32::from(world.peers[HERE].engine.fresh);
        world.ask(HERE, Request::Status);
    }
    assert_eq!(tried, 3, "20 ticks, of which 8 are passed over after each that failed");
    take_out_of_the_way(&head, &aside);
    let Some(Event::Status(status)) = world.ask(HERE, Request::Status) else { panic!() };
    assert!(status.stations.iter().all(|station| station.connected));
    let sent = world.frames.len();
    (0..10).for_each(|_| world.feed(HERE, vec![Input::Tick]));
    assert!(world.frames[sent..].iter().any(|frame| frame.what == "push"), "the heartbeat is back");
}

#[test]
fn a_doubt_about_the_own_journal_outlives_a_failed_write() {
    let mut scene = Scene::new(10);
    scene.world.down = [0, 2].into();
    let read_only = |scene: &mut Scene| match scene.world.ask(HERE, Request::Status) {
        Some(Event::Status(status)) => status.read_only,
        other => panic!("{other:?}"),
    };
    assert_eq!(read_only(&mut scene), None);
    // A peer that came up without its kept head, and one of whose writes fails while it waits for the others.
    let engine = &mut scene.world.peers[HERE].engine;
    (engine.kept, engine.fresh) = (None, true);
    assert!(matches!(read_only(&mut scene), Some(ReadOnly::Restored { .. })));
    let engine = &mut scene.world.peers[HERE].engine;
    engine.kept = head_file::read(&engine.kept_head).unwrap();
    engine.start_over(&GroupError::Store(StoreError::Full), &mut |_| {});
    assert!(matches!(read_only(&mut scene), Some(ReadOnly::Restored { .. })));
}
