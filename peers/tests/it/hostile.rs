//! Members that misbehave, strangers that flood, and a consumer that sleeps.

use std::time::Duration;

use anju_peers::{
    ANNOUNCEMENT_MAX_BYTES, CallFailure, Member, PeerCommand, PeerEvent, REQUEST_MAX_BYTES, RESPONSE_MAX_BYTES, RefusedReason, SendError,
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use crate::{
    harness::{PATIENCE, QUIC, Station, TCP, federation, hears, key, round, secret, start},
    raw::{RawCodec, RawNode, Signed, message, peer, rpc},
};

/// A question with a member in good standing must be answered within this even while others misbehave. Far above what it takes on an
/// idle machine (milliseconds), below the time limit of a call.
const UNDISTURBED: Duration = Duration::from_secs(8);

fn frame(len: usize, body: &[u8]) -> Vec<u8> {
    [&u32::try_from(len).unwrap().to_be_bytes()[..], body].concat()
}

fn guest(seed: u8) -> Member {
    Member { station: key(seed), addresses: vec![] }
}

#[tokio::test]
async fn a_member_that_sends_frames_that_are_too_long_is_refused_and_the_connection_lives_on() {
    for listen in [QUIC, TCP] {
        let mut target = start(1, &[listen], vec![guest(3)]).await;
        let address = target.handle.listening()[0].clone();
        let mut raw = RawNode::connected(&secret(3), RawCodec::default(), &target.key, &address).await;
        target.connected_with(&[key(3)]).await;
        let to = peer(&target.key);
        let sync = &mut raw.swarm.behaviour_mut().sync;
        sync.send_request(&to, frame(REQUEST_MAX_BYTES + 1, &vec![1; REQUEST_MAX_BYTES + 1]));
        sync.send_request(&to, frame(u32::MAX as usize, &[]));
        sync.send_request(&to, frame(2, b"ok"));
        let keypair = raw.keypair.clone();
        let mesh = &mut raw.swarm.behaviour_mut().mesh;
        for len in [ANNOUNCEMENT_MAX_BYTES + 1, ANNOUNCEMENT_MAX_BYTES + 2000, 200_000] {
            mesh.send_request(&to, rpc(&[message(&key(3), &vec![5; len], len as u64, &Signed::By(&keypair))]));
        }
        let running = tokio::spawn(raw.run(frame(RESPONSE_MAX_BYTES + 1, &[7; 100])));
        let (mut asked, mut counted) = (false, false);
        target
            .wait("a good question and two refused ones", |e| {
                match e {
                    PeerEvent::Asked { from, body, .. } => {
                        assert_eq!((from, &body[..]), (key(3), &b"ok"[..]));
                        asked = true;
                    }
                    PeerEvent::Refused { reason: RefusedReason::OversizedFrame, count } => counted = count >= 2,
                    PeerEvent::Announcement { body, .. } => panic!("told an announcement of {} bytes", body.len()),
                    PeerEvent::Disconnected(_) => panic!("disconnected"),
                    _ => {}
                }
                (asked && counted).then_some(())
            })
            .await;
        // And the other way round: an answer that claims too much fails that call only.
        for call in [1, 2] {
            target.send(PeerCommand::Call { to: key(3), call, body: vec![] }).await;
            assert_eq!(target.ended(call).await, PeerEvent::CallFailed { call, to: key(3), reason: CallFailure::TooLarge });
        }
        running.abort();
    }
}

/// Answers everybody: the misbehaving member with as much as may be, others with what the harness expects.
async fn serve(mut target: Station, bad: anju_core::names::StationKey) {
    while let Some(event) = target.events.recv().await {
        if let PeerEvent::Asked { from, token, body } = event {
            let body = if from == bad { vec![0; RESPONSE_MAX_BYTES] } else { [&body[..], b"!"].concat() };
            target.send(PeerCommand::Answer { token, body }).await;
        }
    }
}

#[tokio::test]
async fn streams_that_are_never_read_or_never_finished_do_not_hold_up_others() {
    for listen in [QUIC, TCP] {
        let [target, mut good] = federation([1, 2], &[listen]).await;
        let (address, to) = (target.handle.listening()[0].clone(), target.key);
        target.send(PeerCommand::SetMembers(vec![good.member(), guest(3), guest(4)])).await;
        let never_reads = RawCodec { never_reads: true, ..RawCodec::default() };
        let never_finishes = RawCodec { never_finishes: true, ..RawCodec::default() };
        let mut running = Vec::new();
        for (seed, codec, bytes) in [(3, never_reads, frame(1, b"x")), (4, never_finishes, vec![0])] {
            let mut raw = RawNode::connected(&secret(seed), codec, &to, &address).await;
            for _ in 0..60 {
                raw.swarm.behaviour_mut().sync.send_request(&peer(&to), bytes.clone());
            }
            running.push(tokio::spawn(raw.run(vec![])));
        }
        running.push(tokio::spawn(serve(target, key(3))));
        for call in 0..40 {
            let started = std::time::Instant::now();
            good.send(PeerCommand::Call { to, call, body: vec![1] }).await;
            assert_eq!(good.ended(call).await, PeerEvent::Answered { from: to, call, body: b"\x01!".to_vec() });
            assert!(started.elapsed() < UNDISTURBED, "call {call} took {:?}", started.elapsed());
        }
        running.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Opens connections that say nothing, and opens the next when one is closed, until aborted.
async fn silent_connections(port: u16) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
            let _ = stream.read(&mut [0; 64]).await;
        }
        // A flood that only spins would take the processor of this machine, which is not what is tested.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends packets that look like the start of a QUIC handshake and are none, until aborted.
async fn garbage_packets(port: u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut n = 0u64;
    loop {
        // Long header, version 1, then noise; padded as a first packet must be (RFC 9000, section 14.1).
        let mut packet = vec![0xc3, 0, 0, 0, 1, 8];
        while packet.len() < 1200 {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            packet.extend_from_slice(&n.to_be_bytes());
        }
        let _ = socket.send_to(&packet, ("127.0.0.1", port)).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn port(address: &str) -> u16 {
    address.split('/').nth(4).unwrap().parse().unwrap()
}

/// Asks until there is an answer. One side of a new connection knows of it before the other, and who does not know of it yet gets
/// `Unreachable` at once.
async fn reaches(asker: &mut Station, answerer: &mut Station, first: u64) {
    let to = answerer.key;
    let answering = async {
        loop {
            let (_, token, body) = answerer.asked().await;
            answerer.send(PeerCommand::Answer { token, body }).await;
        }
    };
    let asking = async {
        for call in first.. {
            asker.send(PeerCommand::Call { to, call, body: vec![1] }).await;
            match asker.ended(call).await {
                PeerEvent::Answered { .. } => return,
                PeerEvent::CallFailed { reason: CallFailure::Unreachable | CallFailure::Closed, .. } => {}
                other => panic!("{other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = asking => {}
        () = answering => unreachable!(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_connections_disturbs_no_member_and_keeps_no_new_one_out() {
    const SILENT: usize = 300;
    let [mut a, mut b] = federation([1, 2], &[QUIC, TCP]).await;
    let (quic, tcp) = (port(&a.handle.listening()[0]), port(&a.handle.listening()[1]));
    let mut flood: Vec<_> = (0..SILENT).map(|_| tokio::spawn(silent_connections(tcp))).collect();
    flood.push(tokio::spawn(garbage_packets(quic)));
    // The flood has come to the limit when connections are refused for their number.
    a.refused(RefusedReason::ConnectionLimit, 1).await;
    for call in 0..20 {
        let took = round(&mut a, &mut b, call).await;
        assert!(took < UNDISTURBED, "call {call} took {took:?}");
        let took = round(&mut b, &mut a, call).await;
        assert!(took < UNDISTURBED, "call {call} took {took:?}");
    }
    hears(&b, &mut a, b"through").await;
    // While it lasts: a new member comes in because both sides dial, and what we dial takes no incoming place.
    let mut c = start(3, &[QUIC, TCP], vec![a.member()]).await;
    a.send(PeerCommand::SetMembers(vec![b.member(), c.member()])).await;
    a.connected_with(&[c.key]).await;
    reaches(&mut c, &mut a, 100).await;
    flood.iter().for_each(tokio::task::JoinHandle::abort);
    // Afterwards the places are free again: even one whose address nobody knows comes in.
    let mut d = start(4, &[QUIC], vec![a.member()]).await;
    a.send(PeerCommand::SetMembers(vec![b.member(), c.member(), d.guest()])).await;
    a.connected_with(&[d.key]).await;
    reaches(&mut d, &mut a, 10_000).await;
}

#[tokio::test]
async fn a_consumer_that_sleeps_makes_nothing_grow_and_loses_no_call() {
    let [mut sleeper, mut other] = federation([1, 2], &[QUIC]).await;
    let mut calls = 0u64;
    while sleeper.try_send(PeerCommand::Call { to: other.key, call: calls, body: vec![] }).await != Err(SendError::Busy) {
        calls += 1;
    }
    // 256 places, and the few results that were handed over at once.
    assert!((256..300).contains(&calls), "{calls} calls were taken on");
    for n in 0..400u32 {
        other.send(PeerCommand::Publish(n.to_be_bytes().repeat(2000))).await;
        other.send(PeerCommand::Call { to: sleeper.key, call: n.into(), body: vec![1; 1000] }).await;
        // Answer what the sleeper asked, and see one's own calls end although it sleeps.
        other.ended_while_answering(n.into()).await;
    }
    let (mut ends, mut announcements, mut questions) = (vec![0; calls as usize], 0, 0);
    while ends.contains(&0) {
        match timeout(PATIENCE, sleeper.events.recv()).await.unwrap().unwrap() {
            PeerEvent::Answered { call, .. } | PeerEvent::CallFailed { call, .. } => ends[call as usize] += 1,
            PeerEvent::Announcement { .. } => announcements += 1,
            PeerEvent::Asked { .. } => questions += 1,
            _ => {}
        }
    }
    assert!(ends.iter().all(|n| *n == 1));
    assert!(announcements < 100 && questions <= 64, "{announcements} announcements, {questions} questions");
    round(&mut sleeper, &mut other, 1000).await;
}

impl Station {
    /// Waits for the end of an own call and answers every question meanwhile. Gives up a call that the other side leaves waiting.
    async fn ended_while_answering(&mut self, number: u64) {
        let waited = timeout(Duration::from_millis(5), async {
            while let Some(event) = self.events.recv().await {
                match event {
                    PeerEvent::Asked { token, .. } => self.handle.send(PeerCommand::Answer { token, body: vec![1; 1000] }).await.unwrap(),
                    PeerEvent::Answered { call, .. } | PeerEvent::CallFailed { call, .. } if call == number => return,
                    _ => {}
                }
            }
        });
        let _ = waited.await;
    }
}
