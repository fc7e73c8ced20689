//! Peers that end: told to, with work in hand, or killed. What was answered stands, and the folder is free for the next.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anju::desk::client::ClientError;
use anju_core::desk::{Act, Event, Request};
use anju_core::error::RefusalCode;
use anju_core::names::{CertificateNumber, RequestId};

use crate::federation::{
    Federation, Granting, HAIKOU, Hand, Holders, Over, SANYA, STOP_TIME, TELLER, TellsThatItIsOver, account, applied, request,
};

/// How long a test waits for what its threads do.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Stops a peer, which must end cleanly and in time, and leave its door and lock free.
fn assert_stops(federation: &mut Federation, code: &'static str) {
    let stopped = federation.stop(code);
    println!("{code} stopped in {:?}", stopped.took);
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.took < STOP_TIME, "{stopped:?}");
    assert!(!federation.socket(code).exists(), "the socket is gone");
    federation.assert_sound(code); // Which takes the lock.
    assert!(!federation.room.path(&format!("{code}/anju.db-wal")).exists(), "the log was folded in");
}

#[test]
fn sigterm_stops_a_peer_in_time_while_certificates_are_issued_and_every_acknowledged_one_stands() {
    let mut federation = Federation::of(&[HAIKOU, SANYA], Over::Quic);
    federation.start(HAIKOU);
    federation.staff(HAIKOU);
    let (issued, over) = (Mutex::new(Vec::<CertificateNumber>::new()), AtomicBool::new(false));
    let teller = Hand::of(&federation, HAIKOU, TELLER);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (issued, over, teller) = (&issued, &over, &teller);
            scope.spawn(move || {
                let mut holders = Holders::new(seed);
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    match teller.act(&holders.asks()) {
                        Ok(Event::CertificateIssued { number, .. }) => issued.lock().unwrap().push(number),
                        Ok(Event::Failed { code, .. }) => assert_eq!(code, "stopping"),
                        Ok(other) => panic!("{other:?}"),
                        Err(ClientError::TimedOut) => panic!("nobody told this client that the peer stops"),
                        Err(_) => over.store(true, Ordering::Relaxed),
                    }
                    assert!(asked.elapsed() < PATIENCE, "a client was left hanging");
                }
            });
        }
        let _over = TellsThatItIsOver(&over);
        wait_until("twelve certificates", || issued.lock().unwrap().len() >= 12 || over.load(Ordering::Relaxed));
        assert!(!over.load(Ordering::Relaxed), "the peer answers until it is told to stop");
        assert_stops(&mut federation, HAIKOU);
    });
    federation.start(HAIKOU);
    let issued = issued.into_inner().unwrap();
    for number in &issued {
        let shown = federation.ask(HAIKOU, &Request::CertificateShow { number: number.clone() }).unwrap();
        assert!(matches!(shown, Event::CertificateShow { .. }), "{number}: {shown:?}");
    }
    assert!(applied(&federation.status(HAIKOU), HAIKOU) >= issued.len() as u64);
}

#[test]
fn sigterm_does_not_wait_for_a_query_whose_certificate_has_not_come() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    federation.certificate(&account(HAIKOU, |a| a["status"] == "01"), "JCZM");
    assert_eq!(federation.stop(SANYA).code, Some(0));
    federation.card("late.json", HAIKOU);
    let line = Federation::issue_line(&account(HAIKOU, |a| a["status"] == "01"), "JCZM", "late.json", "late.txt");
    let number = federation.room.json(&line, 0)["number"].as_str().unwrap().to_owned();
    federation.room.done("holder receive --wallet @wallet @late.txt --passphrase-file @pass");
    federation.grant(Granting::of(&number), "grant.txt");
    assert_eq!(federation.stop(HAIKOU).code, Some(0));

    federation.start(SANYA);
    let query = query(&federation, "grant.txt", request(1));
    let teller = Hand::of(&federation, SANYA, TELLER);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (teller.act(&query), Instant::now()));
        std::thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "the query waits for a certificate that nobody here has");
        assert_stops(&mut federation, SANYA);
        let stopped = Instant::now();
        let (answer, at) = waiting.join().unwrap();
        assert!(at < stopped, "the client was told before the peer was gone");
        assert!(matches!(answer, Err(ClientError::ClosedEarly) | Ok(Event::Failed { .. })), "{answer:?}");
    });
    federation.start(SANYA);
    let late = teller.act(&query).unwrap();
    assert!(matches!(&late, Event::Refused { refusal, .. } if refusal.code == RefusalCode::CertificateUnknown), "{late:?}");
}

fn query(federation: &Federation, grant: &str, request: RequestId) -> Act {
    let grant = std::fs::read_to_string(federation.room.path(grant)).unwrap().trim().to_owned();
    Act::Query { grant, business_no: "NO-1".to_owned(), matter: None, request }
}

/// Queries a peer with ids of its own until it is told to end; adds what was answered, and with which use.
fn query_on(teller: &Hand, query: &Act, ids: &Mutex<u64>, over: &AtomicBool, answered: &Mutex<Vec<(RequestId, u32)>>) {
    let Act::Query { grant, business_no, matter, .. } = query else { panic!("no query") };
    while !over.load(Ordering::Relaxed) {
        let mut id = [0; 16];
        {
            let mut next = ids.lock().unwrap();
            *next += 1;
            id[..8].copy_from_slice(&next.to_be_bytes());
        }
        let request = RequestId(id);
        let asked = Act::Query { grant: grant.clone(), business_no: business_no.clone(), matter: matter.clone(), request };
        match teller.act(&asked) {
            Ok(Event::Answer(answer)) => answered.lock().unwrap().push((request, answer.authorised.use_no)),
            Ok(Event::Refused { refusal, .. }) if refusal.code == RefusalCode::GrantUsedUp => return,
            Ok(other) => panic!("{other:?}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[test]
fn a_peer_killed_while_queries_run_forgets_no_use_that_was_answered_and_releases_none_too_many() {
    const USES: u32 = 60;
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let number = federation.certificate(&account(HAIKOU, |a| a["status"] == "01"), "YDDKJCZM");
    federation.grant(Granting { uses: USES, ..Granting::of(&number) }, "grant.txt");
    let (ids, over, answered) = (Mutex::new(0), AtomicBool::new(false), Mutex::new(Vec::new()));
    let (query, teller) = (query(&federation, "grant.txt", request(1)), Hand::of(&federation, SANYA, TELLER));
    let kills = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| query_on(&teller, &query, &ids, &over, &answered))).collect();
        let _over = TellsThatItIsOver(&over);
        let mut kills = 0;
        for enough in [8, 20, 35] {
            wait_until("more answers", || answered.lock().unwrap().len() >= enough || clients.iter().any(|c| c.is_finished()));
            kills += 1;
            println!("kill {kills} after {} answers", answered.lock().unwrap().len());
            federation.kill(SANYA);
            federation.start(SANYA);
        }
        wait_until("the last use", || clients.iter().all(|client| client.is_finished()));
        kills
    });
    let mut answered = answered.into_inner().unwrap();
    assert!(answered.len() as u32 <= USES, "{} answers", answered.len());
    assert!(
        answered.len() as u32 >= USES - 4 * kills,
        "at most what was in hand at each kill was counted and not answered: {}",
        answered.len()
    );
    answered.sort_unstable_by_key(|(_, use_no)| *use_no);
    assert!(answered.windows(2).all(|two| two[0].1 < two[1].1), "no use was answered twice: {answered:?}");
    let Act::Query { grant, business_no, matter, .. } = query else { panic!("no query") };
    for (request, use_no) in answered {
        let again = Act::Query { grant: grant.clone(), business_no: business_no.clone(), matter: matter.clone(), request };
        let Event::Answer(answer) = teller.act(&again).unwrap() else { panic!("use {use_no} is not on record") };
        assert_eq!(answer.authorised.use_no, use_no);
    }
    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}
