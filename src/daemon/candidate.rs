//! A peer whose centre no charter names yet: it asks the stations of whoever invited it for the charter, and waits until one names it.
//!
//! It has no journal, no desk and no secrets of the federation. What it is told it believes only as far as the founding charter and the
//! signatures of quorums go; what it learns is stored, so that a restart goes on from there.

use std::collections::BTreeSet;
use std::time::Duration;

use anju_core::charter::{CentreKeys, Charter, CharterError, CharterFile, Door, Link, Seat};
use anju_core::names::{CentreCode, StationKey};
use anju_core::node::membership::{self, MAX_CHAIN_LINKS, SeatError};
use anju_core::node::message::{Answer, Ask, ChainReport, Question};
use anju_core::shelf::{CharterWrite, LinkRow, Write};
use anju_peers::{Member, PeerCommand, PeerEvent, PeersConfig, PeersError};

use super::engine::machine_clock;
use crate::store::{Store, StoreError};

/// How long the transports are given to let go of their addresses, which they do in tasks of their own, before the peer takes them.
const LET_GO: Duration = Duration::from_secs(3);
/// How often the stations are asked.
const ASK_EVERY: Duration = Duration::from_secs(3);

/// Why a candidate cannot wait any longer.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// The network could not be set up.
    #[error(transparent)]
    Peers(#[from] PeersError),
    /// What was learned cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The founding charter, or what the store has, does not hold; or the charter names other keys for this centre.
    #[error(transparent)]
    Seat(#[from] SeatError),
    /// The peers are gone.
    #[error("the network ended")]
    Ended,
}

/// Who waits, and with what.
#[derive(Debug)]
pub struct Candidate {
    /// The centre.
    pub centre: CentreCode,
    /// Its keys.
    pub keys: CentreKeys,
    /// The charter that came with the invitation.
    pub file: CharterFile,
    /// The stations that may be asked.
    pub doors: Vec<Door>,
    /// Where it listens.
    pub listen: Vec<String>,
}

/// Waits until a charter names the centre; `told` hears of each version. Dropping the future stops waiting.
///
/// # Errors
/// [`CandidateError`].
pub async fn wait(candidate: &Candidate, store: &mut Store, mut told: impl FnMut(&Charter)) -> Result<Seat, CandidateError> {
    let mut charter = learn_from_file(&candidate.file, store)?;
    if let Some(seat) = seat(candidate, store, &charter)? {
        return Ok(seat);
    }
    let member = |door: &Door| Member { station: door.station, addresses: door.addresses.clone() };
    let config = PeersConfig {
        station_secret: candidate.keys.station.expose().clone(),
        listen: candidate.listen.clone(),
        members: candidate.doors.iter().map(member).collect(),
        topic: format!("anju.{}", charter.federation()),
        protocol_suffix: charter.founding().to_string(),
    };
    let (peers, mut events) = anju_peers::start(config).await?;
    let (mut connected, mut call): (BTreeSet<StationKey>, u64) = (BTreeSet::new(), 0);
    let mut beat = tokio::time::interval(ASK_EVERY);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                for to in connected.iter().copied() {
                    call += 1;
                    let body = Ask::under(&charter, Question::Charter { after: charter.version() }).to_bytes();
                    peers.send(PeerCommand::Call { to, call, body }).await.map_err(|_| CandidateError::Ended)?;
                }
            }
            event = events.recv() => match event.ok_or(CandidateError::Ended)? {
                PeerEvent::Connected(station) => {
                    connected.insert(station);
                    beat.reset_immediately();
                }
                PeerEvent::Disconnected(station) => {
                    connected.remove(&station);
                }
                PeerEvent::Answered { body, .. } => {
                    let Ok(Answer::Charter(report)) = Answer::decode(&body) else { continue };
                    let before = charter.version();
                    charter = learn(candidate, store, charter, &report)?;
                    if charter.version() > before {
                        told(&charter);
                        beat.reset_immediately();
                    }
                    if let Some(seat) = seat(candidate, store, &charter)? {
                        let _ = peers.send(PeerCommand::Shutdown).await;
                        // The port is free when the last event has come.
                        while events.recv().await.is_some() {}
                        tokio::time::sleep(LET_GO).await;
                        return Ok(seat);
                    }
                }
                PeerEvent::Listening(_)
                | PeerEvent::Announcement { .. }
                | PeerEvent::Asked { .. }
                | PeerEvent::CallFailed { .. }
                | PeerEvent::RoundTrip { .. }
                | PeerEvent::Refused { .. } => {}
            },
        }
    }
}

/// The newest version that a charter's file or the store knows; what only the file knows is stored.
///
/// # Errors
/// [`CandidateError`] when the file does not hold, tells another history than the store, or the store fails; then nothing is stored.
pub fn learn_from_file(file: &CharterFile, store: &mut Store) -> Result<Charter, CandidateError> {
    let mut charter = file.verify_founding().map_err(SeatError::from)?;
    let held = membership::charter(file, store)?;
    let mut newer = Vec::new();
    for link in file.links() {
        let link = link.map_err(SeatError::from)?;
        charter = charter.follow(&link).map_err(SeatError::from)?;
        if charter.version() > held.version() {
            newer.push(row(&charter, &link));
        }
    }
    // Links of another history that begin behind our newest version would not follow from it: the next start would find no charter.
    let shared = held.version().min(charter.version());
    if held.digest_of(shared) != charter.digest_of(shared) {
        let other = CharterError::NotNext { version: charter.version(), after: held.version() };
        return Err(SeatError::from(other).into());
    }
    store.write(&newer)?;
    Ok(if held.version() > charter.version() { held } else { charter })
}

fn row(charter: &Charter, link: &Link) -> Write {
    let row = LinkRow { version: charter.version(), digest: charter.digest(), at: machine_clock(), link: link.to_bytes() };
    Write::Charter(CharterWrite::Link(row))
}

fn keep(store: &mut Store, charter: &Charter, link: &Link) -> Result<(), StoreError> {
    store.write(&[row(charter, link)])
}

/// Follows the links of an answer as far as they hold, and keeps them, with the copy of the epoch if it opens.
fn learn(candidate: &Candidate, store: &mut Store, mut charter: Charter, report: &ChainReport) -> Result<Charter, CandidateError> {
    for bytes in report.links.iter().take(MAX_CHAIN_LINKS) {
        let Ok(link) = Link::decode(bytes) else { break };
        if link.version <= charter.version() {
            continue;
        }
        let Ok(next) = charter.follow(&link) else { break };
        keep(store, &next, &link)?;
        charter = next;
    }
    if let Some(copy) = report.copy.as_ref().filter(|_| report.under.digest == charter.digest())
        && charter.open_epoch(&candidate.centre, &candidate.keys.hybrid, copy).is_ok()
    {
        let (epoch, copy) = (charter.epoch().number, anju_core::wire::encode(copy));
        store.write(&[Write::Charter(CharterWrite::Copy { epoch, copy })])?;
    }
    Ok(charter)
}

/// The centre's seat, once the charter names it and its copy of the epoch is here. An observer has no copy to wait for.
fn seat(candidate: &Candidate, store: &Store, charter: &Charter) -> Result<Option<Seat>, CandidateError> {
    let Some(member) = charter.member(&candidate.centre) else { return Ok(None) };
    let seat = membership::seat(&candidate.file, store, &candidate.centre, &candidate.keys)?;
    let observes = member.role == anju_core::charter::Role::Observer;
    let has_epoch = seat.secrets.as_ref().is_some_and(|secrets| secrets.number == charter.epoch().number);
    Ok((observes || has_epoch).then_some(seat))
}

#[cfg(test)]
mod tests {
    use anju_core::charter::{CentreCard, Change, Founding};
    use anju_core::names::FederationName;
    use anju_core::seal::Key;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::store::Mode;

    type Founders = Vec<(CentreCode, CentreKeys)>;

    fn founded(rng: &mut StdRng) -> (Founders, CharterFile) {
        let codes = ["C46010", "C46020", "C50010"].map(|code| CentreCode::new(code).unwrap());
        let founders: Founders = codes.into_iter().map(|code| (code, CentreKeys::random(rng))).collect();
        let address = || vec!["/ip4/127.0.0.1/udp/7401/quic-v1".to_owned()];
        let cards: Vec<_> = founders.iter().map(|(code, keys)| CentreCard::new(code.clone(), code.to_string(), address(), keys)).collect();
        let mut file = CharterFile::found(rng, FederationName::new("test").unwrap(), &cards, &Founding::default()).unwrap();
        founders.iter().for_each(|(code, keys)| file.sign(code, keys).unwrap());
        (founders, file)
    }

    /// The link behind `charter` by which so many witnesses settle, approved by everybody.
    fn settled_by(charter: &Charter, founders: &Founders, settled: u64) -> (Link, Charter) {
        let centres = founders.iter().map(|(code, _)| code.clone()).collect();
        let changes = vec![Change::Witnesses { centres, settled: Some(settled) }];
        let draft = charter.draft(&changes, None).unwrap();
        let approvals = founders.iter().map(|(code, keys)| draft.approve(code.clone(), 1, &keys.signing)).collect();
        let suite = anju_core::seal::SUITE.to_owned();
        let link = Link { suite, version: draft.version(), changes, commitment: None, round: 1, approvals };
        let next = charter.follow(&link).unwrap();
        (link, next)
    }

    #[test]
    fn a_file_of_another_history_is_refused_and_leaves_the_store_as_it_was() {
        println!("seed 7");
        let mut rng = StdRng::seed_from_u64(7);
        let (founders, file) = founded(&mut rng);
        let founding = file.verify_founding().unwrap();
        let (second, at_two) = settled_by(&founding, &founders, 2);
        let (third, at_three) = settled_by(&at_two, &founders, 3);
        let (other, other_two) = settled_by(&founding, &founders, 1);
        let (behind, _) = settled_by(&other_two, &founders, 3);
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("anju.db"), &Key::from_bytes([1; 32]), Mode::Create).unwrap();
        let learned = learn_from_file(&file.with_links([&second]), &mut store).unwrap();
        assert_eq!(learned.digest(), at_two.digest());
        // It is longer than what is held, verifies by itself, and does not follow from it.
        let refused = learn_from_file(&file.with_links([&other, &behind]), &mut store);
        assert!(matches!(refused, Err(CandidateError::Seat(SeatError::Charter(CharterError::NotNext { version: 3, after: 2 })))));
        assert_eq!(membership::charter(&file, &store).unwrap().digest(), at_two.digest());
        let learned = learn_from_file(&file.with_links([&second, &third]), &mut store).unwrap();
        assert_eq!(learned.digest(), at_three.digest());
        assert_eq!(membership::charter(&file, &store).unwrap().digest(), at_three.digest());
        // An older file of ours says nothing new.
        assert_eq!(learn_from_file(&file, &mut store).unwrap().digest(), at_three.digest());
    }
}
