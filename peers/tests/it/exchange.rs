//! What stations are there for: announcements and calls, and what happens at the limits of length.

use anju_peers::{
    ANNOUNCEMENT_MAX_BYTES, CallFailure, Member, PeerCommand, PeerEvent, PeersError, REQUEST_MAX_BYTES, RESPONSE_MAX_BYTES, RefusedReason,
};

use crate::harness::{QUIC, Station, TCP, federation, hears, key, round, start, try_start};

async fn everybody_talks_to_everybody(stations: &mut [Station]) {
    for a in 0..stations.len() {
        for b in 0..stations.len() {
            if let Ok([asker, answerer]) = stations.get_disjoint_mut([a, b]) {
                round(asker, answerer, (a * 10 + b) as u64).await;
                let (from, _, body) = hears(asker, answerer, &[a as u8, b as u8]).await;
                assert_eq!((from, body.len()), (asker.key, 6));
            }
        }
    }
}

#[tokio::test]
async fn two_stations_talk_over_quic() {
    everybody_talks_to_everybody(&mut federation([1, 2], &[QUIC]).await).await;
}

#[tokio::test]
async fn two_stations_talk_over_tcp() {
    everybody_talks_to_everybody(&mut federation([1, 2], &[TCP]).await).await;
}

#[tokio::test]
async fn three_stations_talk_over_quic() {
    everybody_talks_to_everybody(&mut federation([1, 2, 3], &[QUIC]).await).await;
}

#[tokio::test]
async fn three_stations_talk_over_tcp() {
    everybody_talks_to_everybody(&mut federation([1, 2, 3], &[TCP]).await).await;
}

#[tokio::test]
async fn a_station_whose_quic_address_is_dead_is_reached_over_tcp() {
    let mut a = start(1, &[TCP], vec![]).await;
    let mut b = start(2, &[TCP], vec![]).await;
    // Nobody listens there; the port was this test's a moment ago.
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut addresses = vec![format!("/ip4/127.0.0.1/udp/{dead}/quic-v1")];
    addresses.extend_from_slice(b.handle.listening());
    a.send(PeerCommand::SetMembers(vec![Member { station: b.key, addresses }])).await;
    b.send(PeerCommand::SetMembers(vec![a.guest()])).await;
    a.connected_with(&[key(2)]).await;
    round(&mut a, &mut b, 1).await;
}

#[tokio::test]
async fn the_longest_allowed_go_through_and_one_byte_more_is_refused_and_nobody_is_hurt() {
    for listen in [QUIC, TCP] {
        let [mut a, mut b] = federation([1, 2], &[listen]).await;
        hears(&a, &mut b, b"warm").await;
        longest_announcements(&a, &mut b).await;
        a.send(PeerCommand::Publish(vec![9; ANNOUNCEMENT_MAX_BYTES + 1])).await;
        a.refused(RefusedReason::OversizedAnnouncement, 1).await;

        a.send(PeerCommand::Call { to: b.key, call: 1, body: vec![1; REQUEST_MAX_BYTES] }).await;
        let (_, token, body) = b.asked().await;
        assert_eq!(body, vec![1; REQUEST_MAX_BYTES]);
        b.send(PeerCommand::Answer { token, body: vec![2; RESPONSE_MAX_BYTES] }).await;
        assert_eq!(a.ended(1).await, PeerEvent::Answered { from: b.key, call: 1, body: vec![2; RESPONSE_MAX_BYTES] });

        a.send(PeerCommand::Call { to: b.key, call: 2, body: vec![1; REQUEST_MAX_BYTES + 1] }).await;
        assert_eq!(a.ended(2).await, PeerEvent::CallFailed { call: 2, to: b.key, reason: CallFailure::TooLarge });
        a.send(PeerCommand::Call { to: b.key, call: 3, body: vec![] }).await;
        let (_, token, _) = b.asked().await;
        b.send(PeerCommand::Answer { token, body: vec![2; RESPONSE_MAX_BYTES + 1] }).await;
        assert_eq!(a.ended(3).await, PeerEvent::CallFailed { call: 3, to: b.key, reason: CallFailure::Refused });
        round(&mut a, &mut b, 4).await;
        hears(&a, &mut b, b"after").await;
    }
}

/// Several at once: each must arrive although the next one is already behind it in the stream.
async fn longest_announcements(a: &Station, b: &mut Station) {
    const MANY: u8 = 12;
    for n in 0..MANY {
        let body: Vec<u8> = [b"long".to_vec(), vec![n; ANNOUNCEMENT_MAX_BYTES - 4]].concat();
        a.send(PeerCommand::Publish(body)).await;
    }
    for _ in 0..MANY {
        let len = b.wait("a long announcement", |e| match e {
            PeerEvent::Announcement { body, .. } if body.starts_with(b"long") => Some(body.len()),
            _ => None,
        });
        assert_eq!(len.await, ANNOUNCEMENT_MAX_BYTES);
    }
}

#[tokio::test]
async fn a_dropped_question_a_stopped_station_and_an_absent_one_are_told_apart() {
    let [mut a, mut b] = federation([1, 2], &[QUIC]).await;
    a.send(PeerCommand::Call { to: b.key, call: 1, body: vec![1] }).await;
    let (_, token, _) = b.asked().await;
    b.send(PeerCommand::Drop { token }).await;
    assert_eq!(a.ended(1).await, PeerEvent::CallFailed { call: 1, to: b.key, reason: CallFailure::Refused });
    // Answering it now comes too late, and is counted.
    b.send(PeerCommand::Answer { token, body: vec![1] }).await;
    b.refused(RefusedReason::LateAnswer, 1).await;

    a.send(PeerCommand::Call { to: b.key, call: 2, body: vec![1] }).await;
    b.asked().await;
    b.send(PeerCommand::Shutdown).await;
    assert_eq!(a.ended(2).await, PeerEvent::CallFailed { call: 2, to: b.key, reason: CallFailure::Closed });
    // Who is gone is told before what failed by it; the calls from now on show it too.
    for to in [b.key, key(99)] {
        a.send(PeerCommand::Call { to, call: 3, body: vec![1] }).await;
        assert_eq!(a.ended(3).await, PeerEvent::CallFailed { call: 3, to, reason: CallFailure::Unreachable });
    }
}

#[tokio::test]
async fn a_question_that_is_never_answered_ends_by_itself() {
    let [mut a, mut b] = federation([1, 2], &[QUIC]).await;
    a.send(PeerCommand::Call { to: b.key, call: 1, body: vec![1] }).await;
    b.asked().await;
    let PeerEvent::CallFailed { call: 1, reason, .. } = a.ended(1).await else { panic!("answered by nobody") };
    // Which of the two stations' clocks runs out first is chance.
    assert!(matches!(reason, CallFailure::Timeout | CallFailure::Refused | CallFailure::Closed), "{reason:?}");
    round(&mut a, &mut b, 2).await;
}

#[tokio::test]
async fn publishing_when_nobody_listens_is_no_error() {
    let mut a = start(1, &[QUIC], vec![]).await;
    a.send(PeerCommand::Publish(vec![1])).await;
    a.send(PeerCommand::Call { to: key(2), call: 1, body: vec![] }).await;
    let ended = a.ended(1).await;
    assert_eq!(ended, PeerEvent::CallFailed { call: 1, to: key(2), reason: CallFailure::Unreachable });
}

#[tokio::test]
async fn a_port_in_use_a_bad_address_and_a_bad_member_are_told_at_the_start() {
    let first = start(1, &[QUIC, TCP], vec![]).await;
    assert_eq!(first.handle.listening().len(), 2);
    for taken in first.handle.listening() {
        assert!(!taken.contains("/0"), "{taken} has no real port");
        let refused = try_start(2, &[taken.as_str()], vec![]).await.err();
        assert!(matches!(&refused, Some(PeersError::AddressInUse { addr }) if addr == taken), "{refused:?}");
    }
    for bad in ["", "127.0.0.1:1", "/dns4/localhost/tcp/0", "/ip4/127.0.0.1/tcp/0/ws"] {
        let refused = try_start(2, &[bad], vec![]).await.err();
        assert!(matches!(&refused, Some(PeersError::BadAddress { addr }) if addr == bad), "{bad}: {refused:?}");
    }
    let bad = Member { station: first.key, addresses: vec!["/ip4/1.2.3.4/udp/1".to_owned()] };
    assert!(matches!(try_start(2, &[QUIC], vec![bad]).await.err(), Some(PeersError::BadAddress { .. })));
    // An address of no interface of this machine (RFC 5737, TEST-NET-1).
    let refused = try_start(2, &["/ip4/192.0.2.1/tcp/7401"], vec![]).await.err();
    assert!(matches!(refused, Some(PeersError::ListenFailed { .. })), "{refused:?}");
}
