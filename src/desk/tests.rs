use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use anju_core::desk::{Event, MAX_EVENT_BYTES, MAX_REQUEST_BYTES, Request, Stage};
use anju_core::error::RefusalCode;

use super::client::{ClientError, ask};
use super::door::{Door, DoorError};
use super::fake::Fake;
use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn progress(stage: Stage) -> Event {
    Event::Progress { stage }
}

fn closing() -> Event {
    Event::CertificateList { certificates: Vec::new(), more: false }
}

fn socket() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.sock");
    (folder, path)
}

/// Says `bytes` at the door and returns all that comes back.
fn say(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn refusal(answer: &str) -> RefusalCode {
    match serde_json::from_str(answer.trim()).unwrap() {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_gets_its_events_in_order_until_one_closes_it() {
    let (_folder, path) = socket();
    let script = vec![progress(Stage::Pulling), progress(Stage::Obtained), closing(), progress(Stage::Verified)];
    let fake = Fake::start(&path, script.clone()).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let events: Vec<Event> = ask(&path, &Request::Status, PATIENCE).unwrap().map(Result::unwrap).collect();
    assert_eq!(events, script[..3]);
    assert_eq!(fake.asked(), Some(Request::Status));
    drop(fake);
    assert!(!path.exists(), "the socket goes with the door");
    assert!(matches!(ask(&path, &Request::Status, PATIENCE), Err(ClientError::NotRunning)));
}

#[test]
fn the_socket_of_a_dead_peer_is_replaced_and_that_of_a_living_one_is_not() {
    let (_folder, path) = socket();
    // A listener that is dropped leaves its file: what a killed process leaves.
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(ask(&path, &Request::Status, PATIENCE), Err(ClientError::NotRunning)));
    let fake = Fake::start(&path, vec![closing()]).unwrap();
    let second = Fake::start(&path, vec![closing()]).unwrap_err();
    assert!(matches!(second.downcast::<DoorError>().unwrap(), DoorError::AlreadyRunning));
    assert_eq!(ask(&path, &Request::Status, PATIENCE).unwrap().count(), 1);
    drop(fake);
    std::fs::write(&path, "a file").unwrap();
    let other = Fake::start(&path, vec![closing()]).unwrap_err();
    assert!(matches!(other.downcast::<DoorError>().unwrap(), DoorError::NotASocket));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a file");
}

#[test]
fn what_is_not_a_request_is_refused_without_repeating_it() {
    let (_folder, path) = socket();
    let fake = Fake::start(&path, vec![closing()]).unwrap();
    for bad in ["{\"do\":\"张三\"}\n", "not json\n", "[]\n", "\n"] {
        let answer = say(&path, bad.as_bytes());
        assert_eq!(refusal(&answer), RefusalCode::RequestInvalid, "{bad}");
        assert!(!answer.contains("张三") && !answer.contains("not json"));
    }
    // A request that would be a good one but for its length.
    let mut long = b"{\"do\":\"status\"".to_vec();
    long.resize(MAX_REQUEST_BYTES + 10, b' ');
    long.extend_from_slice(b"}\n");
    assert_eq!(refusal(&say(&path, &long)), RefusalCode::RequestInvalid);
    assert_eq!(fake.asked(), None, "nothing of it reached the peer");
    assert_eq!(ask(&path, &Request::Status, PATIENCE).unwrap().count(), 1, "the door still works");
}

#[test]
fn a_client_that_closes_its_writing_half_still_gets_its_answer() {
    let (_folder, path) = socket();
    let _fake = Fake::start(&path, vec![closing()]).unwrap();
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"{\"do\":\"status\"}").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(serde_json::from_str::<Event>(answer.trim()).unwrap(), closing());
}

#[test]
fn one_client_too_many_is_told_so_and_the_others_keep_their_places() {
    let (_folder, path) = socket();
    let _fake = Fake::start(&path, vec![closing()]).unwrap();
    let mut waiting: Vec<UnixStream> = (0..CLIENTS_MAX).map(|_| UnixStream::connect(&path).unwrap()).collect();
    let mut answers = ask(&path, &Request::Status, PATIENCE).unwrap();
    let turned_away = answers.next().unwrap().unwrap();
    assert_eq!(refusal(&serde_json::to_string(&turned_away).unwrap()), RefusalCode::TooManyRequests);
    let last = waiting.last_mut().unwrap();
    last.write_all(b"{\"do\":\"status\"}\n").unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert_eq!(serde_json::from_str::<Event>(answer.trim()).unwrap(), closing());
}

#[test]
fn a_peer_that_never_answers_is_given_up_and_one_that_closes_early_is_noticed() {
    let (_folder, path) = socket();
    let fake = Fake::start(&path, vec![progress(Stage::Pulling)]).unwrap();
    let events: Vec<_> = ask(&path, &Request::Status, Duration::from_millis(300)).unwrap().collect();
    assert!(matches!(events[..], [Ok(Event::Progress { .. }), Err(ClientError::TimedOut)]), "{events:?}");
    let mut answers = ask(&path, &Request::Status, PATIENCE).unwrap();
    assert!(matches!(answers.next(), Some(Ok(Event::Progress { .. }))));
    drop(fake);
    assert!(matches!(answers.next(), Some(Err(ClientError::ClosedEarly))));
    assert!(answers.next().is_none());
}

#[test]
fn an_endless_or_garbled_line_from_the_peer_is_cut_off() {
    let (_folder, path) = socket();
    let listener = UnixListener::bind(&path).unwrap();
    let peer = std::thread::spawn(move || {
        for bytes in [vec![b'x'; MAX_EVENT_BYTES + 64 * 1024], b"{\"event\":\"nonsense\"}\n".to_vec()] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(&bytes);
        }
    });
    for _ in 0..2 {
        let events: Vec<_> = ask(&path, &Request::Status, PATIENCE).unwrap().collect();
        assert!(matches!(events[..], [Err(ClientError::Garbled)]), "{events:?}");
    }
    peer.join().unwrap();
}

#[test]
fn a_path_that_fits_no_address_is_refused() {
    let long = Path::new("/tmp").join("x".repeat(200));
    assert!(matches!(ask(&long, &Request::Status, PATIENCE), Err(ClientError::PathTooLong)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    assert!(Door::open(&long).is_err());
}

#[test]
fn a_client_that_says_nothing_is_let_go_when_its_time_is_up() {
    let (_folder, path) = socket();
    let _fake = Fake::start(&path, vec![closing()]).unwrap();
    let start = std::time::Instant::now();
    assert_eq!(refusal(&say(&path, b"")), RefusalCode::RequestInvalid);
    assert!(start.elapsed() >= FIRST_LINE_TIME);
}
