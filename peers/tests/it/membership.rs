//! Who may connect, and coming back.

use anju_peers::{PeerCommand, PeerEvent, RefusedReason, SendError};

use crate::harness::{QUIC, Station, TCP, federation, key, round, start};

#[tokio::test]
async fn a_stranger_gets_no_connection_and_no_question_through() {
    for listen in [QUIC, TCP] {
        let mut member = start(1, &[listen], vec![]).await;
        let mut stranger = start(9, &[listen], vec![member.member()]).await;
        let mut knocks = 0;
        let asking = tokio::spawn(async move {
            // To the stranger the connection stands for a moment, until the member has seen its key: it asks at once, every time.
            while let Some(event) = stranger.events.recv().await {
                match event {
                    PeerEvent::Connected(to) => stranger.send(PeerCommand::Call { to, call: 1, body: vec![1] }).await,
                    PeerEvent::Answered { .. } => panic!("a stranger was answered"),
                    _ => {}
                }
            }
        });
        while knocks < 2 {
            member
                .wait("a stranger refused", |event| match event {
                    PeerEvent::Refused { reason: RefusedReason::Stranger, count } => {
                        knocks = count;
                        Some(())
                    }
                    PeerEvent::Connected(_) | PeerEvent::Asked { .. } => panic!("a stranger got in: {event:?}"),
                    _ => None,
                })
                .await;
        }
        asking.abort();
    }
}

#[tokio::test]
async fn a_member_that_is_removed_is_disconnected_and_stays_out() {
    let [mut a, mut b, mut c] = federation([1, 2, 3], &[QUIC]).await;
    let c_guest = c.guest();
    a.send(PeerCommand::SetMembers(vec![c_guest])).await;
    a.disconnected_from(b.key).await;
    b.disconnected_from(a.key).await;
    // B keeps knocking; C is not touched.
    a.refused(RefusedReason::Stranger, 1).await;
    round(&mut a, &mut c, 1).await;
    round(&mut b, &mut c, 2).await;
}

#[tokio::test]
async fn a_station_that_comes_back_on_its_port_is_connected_again_by_itself() {
    for listen in [QUIC, TCP] {
        // Whichever side dials first, it must work.
        for (stays, leaves) in [(1, 2), (2, 1)] {
            let mut a = start(stays, &[listen], vec![]).await;
            let b = start(leaves, &[listen], vec![a.guest()]).await;
            let b_member = b.member();
            a.send(PeerCommand::SetMembers(vec![b_member.clone()])).await;
            a.connected_with(&[b.key]).await;
            stop(b).await;
            a.disconnected_from(key(leaves)).await;
            let mut b = start(leaves, &[b_member.addresses[0].as_str()], vec![a.guest()]).await;
            a.connected_with(&[b.key]).await;
            round(&mut a, &mut b, 1).await;
        }
    }
}

async fn stop(mut station: Station) {
    station.send(PeerCommand::Shutdown).await;
    while station.events.recv().await.is_some() {}
    while station.try_send(PeerCommand::Publish(vec![])).await != Err(SendError::Gone) {}
    // The loop has ended; its sockets are closed when the port can be bound again.
    for address in station.handle.listening() {
        let port = address.split('/').nth(4).unwrap().to_owned();
        let bound = async {
            while std::net::UdpSocket::bind(format!("127.0.0.1:{port}")).is_err()
                || std::net::TcpListener::bind(format!("127.0.0.1:{port}")).is_err()
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::harness::PATIENCE, bound).await.unwrap();
    }
}

#[tokio::test]
async fn two_stations_that_find_each_other_at_once_end_up_with_one_conversation() {
    // Both know both addresses and dial; whatever the handshakes do, questions go through and nobody is told gone.
    let [mut a, mut b] = federation([1, 2], &[QUIC, TCP]).await;
    for n in 0..20 {
        round(&mut a, &mut b, n).await;
        round(&mut b, &mut a, n).await;
    }
}
