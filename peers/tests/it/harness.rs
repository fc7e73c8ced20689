//! Stations that are easy to start and to wait for.

use std::time::Duration;

use anju_core::{names::StationKey, seal::Key, sign::SecretKey};
use anju_peers::{Member, PeerCommand, PeerEvent, PeersConfig, PeersError, PeersHandle, SendError};
use tokio::{sync::mpsc, time::timeout};

/// The end of every wait: long, because a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(40);
pub const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
pub const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub const TOPIC: &str = "anju-test";
pub const SUFFIX: &str = "0123";

pub struct Station {
    pub handle: PeersHandle,
    pub events: mpsc::Receiver<PeerEvent>,
    pub key: StationKey,
}

pub fn secret(seed: u8) -> Key {
    Key::from_bytes([seed; 32])
}

pub fn key(seed: u8) -> StationKey {
    StationKey(SecretKey::from_key(secret(seed)).public().0)
}

pub fn config(seed: u8, listen: &[&str], members: Vec<Member>) -> PeersConfig {
    PeersConfig {
        station_secret: secret(seed),
        listen: listen.iter().map(|&l| l.to_owned()).collect(),
        members,
        topic: TOPIC.to_owned(),
        protocol_suffix: SUFFIX.to_owned(),
    }
}

pub async fn try_start(seed: u8, listen: &[&str], members: Vec<Member>) -> Result<Station, PeersError> {
    let (handle, events) = anju_peers::start(config(seed, listen, members)).await?;
    assert_eq!(handle.station(), key(seed));
    Ok(Station { handle, events, key: key(seed) })
}

pub async fn start(seed: u8, listen: &[&str], members: Vec<Member>) -> Station {
    try_start(seed, listen, members).await.unwrap()
}

/// Starts stations that all know each other, and waits until each is connected with each.
pub async fn federation<const N: usize>(seeds: [u8; N], listen: &[&str]) -> [Station; N] {
    let mut stations = Vec::new();
    for seed in seeds {
        stations.push(start(seed, listen, vec![]).await);
    }
    let members: Vec<Member> = stations.iter().map(Station::member).collect();
    for station in &stations {
        station.send(PeerCommand::SetMembers(members.clone())).await;
    }
    let keys: Vec<StationKey> = stations.iter().map(|s| s.key).collect();
    for station in &mut stations {
        station.connected_with(&keys).await;
    }
    stations.try_into().ok().unwrap()
}

impl Station {
    pub fn member(&self) -> Member {
        Member { station: self.key, addresses: self.handle.listening().to_vec() }
    }

    /// A member of whom no address is known.
    pub fn guest(&self) -> Member {
        Member { station: self.key, addresses: vec![] }
    }

    pub async fn send(&self, command: PeerCommand) {
        self.handle.send(command).await.unwrap();
    }

    pub async fn try_send(&self, command: PeerCommand) -> Result<(), SendError> {
        self.handle.send(command).await
    }

    /// Waits for the first event that `pick` wants; others are dropped.
    pub async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(PeerEvent) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.unwrap_or_else(|| panic!("{what}: the station is gone"));
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        });
        found.await.unwrap_or_else(|_| panic!("waited too long for: {what}"))
    }

    pub async fn connected_with(&mut self, keys: &[StationKey]) {
        let mut missing: Vec<StationKey> = keys.iter().copied().filter(|k| *k != self.key).collect();
        while !missing.is_empty() {
            let come = self.wait("a connection", |e| if let PeerEvent::Connected(k) = e { Some(k) } else { None }).await;
            missing.retain(|k| *k != come);
        }
    }

    pub async fn disconnected_from(&mut self, key: StationKey) {
        self.wait("a disconnection", |e| (e == PeerEvent::Disconnected(key)).then_some(())).await;
    }

    pub async fn asked(&mut self) -> (StationKey, u64, Vec<u8>) {
        self.wait("a question", |e| if let PeerEvent::Asked { from, token, body } = e { Some((from, token, body)) } else { None }).await
    }

    /// Waits for the end of a call, whatever it is.
    pub async fn ended(&mut self, number: u64) -> PeerEvent {
        self.wait("the end of a call", |e| match &e {
            PeerEvent::Answered { call, .. } | PeerEvent::CallFailed { call, .. } if *call == number => Some(e),
            _ => None,
        })
        .await
    }

    /// Waits until `reason` was counted at least `times`.
    pub async fn refused(&mut self, wanted: anju_peers::RefusedReason, times: u64) {
        self.wait(&format!("{wanted:?}"), |e| {
            matches!(e, PeerEvent::Refused { reason, count } if reason == wanted && count >= times).then_some(())
        })
        .await;
    }
}

/// One question and its answer, and how long they took.
pub async fn round(asker: &mut Station, answerer: &mut Station, number: u64) -> Duration {
    let started = std::time::Instant::now();
    let question = number.to_be_bytes().to_vec();
    asker.send(PeerCommand::Call { to: answerer.key, call: number, body: question.clone() }).await;
    let (from, token, body) = answerer.asked().await;
    assert_eq!((from, &body), (asker.key, &question));
    answerer.send(PeerCommand::Answer { token, body: [&question[..], b"!"].concat() }).await;
    let answered = PeerEvent::Answered { from: answerer.key, call: number, body: [&question[..], b"!"].concat() };
    assert_eq!(asker.ended(number).await, answered);
    started.elapsed()
}

/// Announces different bodies from `from` until `to` has heard one; each that `to` hears is accepted.
pub async fn hears(from: &Station, to: &mut Station, word: &[u8]) -> (StationKey, u64, Vec<u8>) {
    let found = timeout(PATIENCE, async {
        for n in 0u32.. {
            from.send(PeerCommand::Publish([word, &n.to_be_bytes()].concat())).await;
            if let Ok(Some(heard)) = timeout(Duration::from_millis(300), to.next_announcement(word)).await {
                return heard;
            }
        }
        unreachable!()
    });
    found.await.expect("waited too long for an announcement")
}

impl Station {
    /// The next announcement that begins with `word`; none when the station ended.
    pub async fn next_announcement(&mut self, word: &[u8]) -> Option<(StationKey, u64, Vec<u8>)> {
        while let Some(event) = self.events.recv().await {
            if let PeerEvent::Announcement { from, source, body } = event
                && body.starts_with(word)
            {
                return Some((from, source, body));
            }
        }
        None
    }
}
