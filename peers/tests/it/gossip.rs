//! Announcements: whose they are, and who passes them on.

use anju_peers::{Member, PeerCommand, PeerEvent, Verdict};

use crate::{
    harness::{QUIC, Station, federation, hears, key, secret, start},
    raw::{RawCodec, RawNode, Signed, message, peer, rpc},
};

#[tokio::test]
async fn nobody_can_announce_in_the_name_of_another_station() {
    let (victim, liar) = (key(2), key(3));
    let members = [victim, liar].map(|station| Member { station, addresses: vec![] });
    let mut target = start(1, &[QUIC], members.to_vec()).await;
    let address = target.handle.listening()[0].clone();
    let mut raw = RawNode::connected(&secret(3), RawCodec::default(), &target.key, &address).await;
    let keypair = raw.keypair.clone();
    let messages = [
        message(&victim, b"unsigned", 1, &Signed::Not),
        message(&victim, b"signed by the liar", 2, &Signed::By(&keypair)),
        message(&victim, b"signed by the liar, who says so", 3, &Signed::ByWithKey(&keypair)),
        message(&liar, b"in the liar's own name", 4, &Signed::By(&keypair)),
    ];
    let to = peer(&target.key);
    raw.swarm.behaviour_mut().mesh.send_request(&to, rpc(&messages));
    let running = tokio::spawn(raw.run(vec![]));
    let heard = target
        .wait("an announcement", |e| if let PeerEvent::Announcement { from, body, .. } = e { Some((from, body)) } else { None })
        .await;
    assert_eq!(heard, (liar, b"in the liar's own name".to_vec()));
    running.abort();
}

/// A and C know B's address only, so that all they hear of each other goes through B.
async fn line() -> [Station; 3] {
    let mut a = start(1, &[QUIC], vec![]).await;
    let mut b = start(2, &[QUIC], vec![a.guest(), Member { station: key(3), addresses: vec![] }]).await;
    let mut c = start(3, &[QUIC], vec![a.guest(), b.member()]).await;
    a.send(PeerCommand::SetMembers(vec![b.member(), c.guest()])).await;
    a.connected_with(&[b.key]).await;
    c.connected_with(&[b.key]).await;
    b.connected_with(&[a.key, c.key]).await;
    [a, b, c]
}

#[tokio::test]
async fn an_announcement_is_passed_on_when_it_was_accepted_and_only_then() {
    let [a, mut b, mut c] = line().await;
    // Until the mesh B–C stands, what B accepts is told to C by nobody: so try until it is.
    let first = loop {
        let (_, source, body) = hears(&a, &mut b, b"warm").await;
        b.send(PeerCommand::Judge { source, verdict: Verdict::Accept }).await;
        let waited = tokio::time::timeout(std::time::Duration::from_secs(1), c.next_announcement(b"warm")).await;
        if let Ok(Some((from, _, heard))) = waited {
            assert_eq!(from, a.key);
            break (body, heard);
        }
    };
    assert_eq!(first.0.len(), first.1.len());

    for (word, verdict) in [(&b"unjudged"[..], None), (b"ignored", Some(Verdict::Ignore)), (b"rejected", Some(Verdict::Reject))] {
        let (_, source, _) = hears(&a, &mut b, word).await;
        if let Some(verdict) = verdict {
            b.send(PeerCommand::Judge { source, verdict }).await;
        }
    }
    let (_, source, _) = hears(&a, &mut b, b"accepted").await;
    b.send(PeerCommand::Judge { source, verdict: Verdict::Accept }).await;
    // B's stream to C keeps the order: had B passed on any of the others, C would have it before this one.
    let heard = c
        .wait("the accepted announcement", |e| match e {
            PeerEvent::Announcement { from, body, .. } if !body.starts_with(b"warm") => Some((from, body)),
            _ => None,
        })
        .await;
    assert_eq!(heard.0, a.key, "the author is A although B passed it on");
    assert!(heard.1.starts_with(b"accepted"), "{heard:?}");
}

#[tokio::test]
async fn a_federation_under_another_charter_hears_nothing() {
    let [a, mut b] = federation([1, 2], &[QUIC]).await;
    let mut other = crate::harness::config(3, &[QUIC], vec![a.member()]);
    other.protocol_suffix = "4567".to_owned();
    let (handle, events) = anju_peers::start(other).await.unwrap();
    let mut other = Station { handle, events, key: key(3) };
    let b_member = b.member();
    a.send(PeerCommand::SetMembers(vec![b_member, other.guest()])).await;
    other.connected_with(&[a.key]).await;
    for n in 0..5 {
        hears(&a, &mut b, &[b'n', n]).await;
    }
    // A call to the same station still works, and by then every announcement would have come.
    other.send(PeerCommand::Call { to: a.key, call: 1, body: vec![] }).await;
    let mut a = a;
    let (_, token, _) = a.asked().await;
    a.send(PeerCommand::Answer { token, body: vec![] }).await;
    other
        .wait("the answer", |e| match e {
            PeerEvent::Announcement { .. } => panic!("heard another federation"),
            PeerEvent::Answered { call: 1, .. } => Some(()),
            _ => None,
        })
        .await;
}
