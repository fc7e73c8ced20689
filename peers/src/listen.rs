//! Binding every listen address before the room counts as started.

use std::{
    collections::HashMap,
    io,
    net::{TcpListener, UdpSocket},
    time::Duration,
};

use futures::StreamExt;
use libp2p::{Swarm, core::transport::ListenerId, swarm::SwarmEvent};

use crate::{
    address::{Bind, listen_address},
    behaviour::Behaviour,
    config::PeersError,
};

/// Most addresses to listen on.
const LISTEN_MAX: usize = 16;
/// How long the system may take to bind.
const BIND_MAX: Duration = Duration::from_secs(10);

/// Binds all addresses and returns what they became, in the same order.
pub(crate) async fn listen(swarm: &mut Swarm<Behaviour>, addresses: &[String]) -> Result<Vec<String>, PeersError> {
    if let Some(addr) = addresses.get(LISTEN_MAX) {
        return Err(PeersError::BadAddress { addr: addr.clone() });
    }
    let mut waiting = HashMap::new();
    for (place, addr) in addresses.iter().enumerate() {
        let (multiaddr, bind) = listen_address(addr).ok_or_else(|| PeersError::BadAddress { addr: addr.clone() })?;
        probe(addr, bind)?;
        let id = swarm.listen_on(multiaddr).map_err(|e| failed(addr, &e))?;
        waiting.insert(id, (place, addr.clone()));
    }
    let mut bound = Vec::new();
    let all = wait_for_all(swarm, &mut waiting, &mut bound);
    if let Ok(outcome) = tokio::time::timeout(BIND_MAX, all).await {
        outcome?;
    }
    match waiting.into_values().next() {
        Some((_, addr)) => Err(failed(&addr, &"it took too long")),
        None => {
            bound.sort();
            Ok(bound.into_iter().map(|(_, addr)| addr).collect())
        }
    }
}

async fn wait_for_all(
    swarm: &mut Swarm<Behaviour>,
    waiting: &mut HashMap<ListenerId, (usize, String)>,
    bound: &mut Vec<(usize, String)>,
) -> Result<(), PeersError> {
    while !waiting.is_empty() {
        // Nothing else can happen yet that matters: nobody is allowed to connect before the members are set.
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, address } => {
                // A listener on every interface has several addresses; the later ones are told when they come.
                if let Some((place, _)) = waiting.remove(&listener_id) {
                    bound.push((place, address.to_string()));
                }
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                if let Some((_, addr)) = waiting.remove(&listener_id) {
                    return Err(failed(&addr, &reason.err().map_or_else(|| "closed".to_owned(), |e| e.to_string())));
                }
            }
            SwarmEvent::ListenerError { listener_id, error } => {
                if let Some((_, addr)) = waiting.remove(&listener_id) {
                    return Err(failed(&addr, &error));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Tries the address without sharing it: the library binds TCP ports so that several programs of one user may share them, and then two
/// stations would each get some of the connections.
fn probe(addr: &str, bind: Bind) -> Result<(), PeersError> {
    let outcome = match bind {
        Bind::Tcp(socket) if socket.port() != 0 => TcpListener::bind(socket).map(drop),
        Bind::Quic(socket) if socket.port() != 0 => UdpSocket::bind(socket).map(drop),
        Bind::Tcp(_) | Bind::Quic(_) => Ok(()),
    };
    outcome.map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => PeersError::AddressInUse { addr: addr.to_owned() },
        _ => failed(addr, &e),
    })
}

fn failed(addr: &str, reason: &dyn std::fmt::Display) -> PeersError {
    PeersError::ListenFailed { addr: addr.to_owned(), reason: reason.to_string() }
}
