//! The few address forms we speak: `ip4|ip6|dns|dns4|dns6`, then `tcp/PORT` or `udp/PORT/quic-v1`. Everything else is refused, so that
//! a charter cannot make a station use a relay, a web socket or a transport nobody has looked at.

use std::net::{IpAddr, SocketAddr};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

/// Longest address, in bytes of text: a DNS name may have 253, and the rest is short.
pub(crate) const ADDRESS_MAX_BYTES: usize = 320;
/// Most addresses of one member that are kept: each one costs a dial.
pub(crate) const ADDRESSES_MAX: usize = 8;

/// Where a listener binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bind {
    /// TCP.
    Tcp(SocketAddr),
    /// QUIC over UDP.
    Quic(SocketAddr),
}

/// Reads a member's address. A trailing `/p2p/…` must name that member and is cut off.
pub(crate) fn dial_address(text: &str, member: &PeerId) -> Option<Multiaddr> {
    let mut addr = read(text)?;
    if let Some(Protocol::P2p(named)) = addr.iter().last() {
        if named != *member {
            return None;
        }
        addr.pop();
    }
    can_be_dialled(&addr).then_some(addr)
}

/// Whether `text` is an address that others can dial: a host, then `tcp/PORT` or `udp/PORT/quic-v1`, and nothing else. What a charter
/// holds cannot be changed, so an address is looked at before it gets there.
#[must_use]
pub fn is_dialable(text: &str) -> bool {
    read(text).is_some_and(|addr| can_be_dialled(&addr))
}

fn can_be_dialled(addr: &Multiaddr) -> bool {
    let mut parts = addr.iter();
    let host =
        |p: Protocol<'_>| matches!(p, Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_));
    parts.next().is_some_and(host) && transport_port(&mut parts).is_some_and(|port| port != 0)
}

/// Reads an address to listen on: an IP address, no name.
pub(crate) fn listen_address(text: &str) -> Option<(Multiaddr, Bind)> {
    let addr = read(text)?;
    let mut parts = addr.iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let quic = addr.iter().any(|p| p == Protocol::QuicV1);
    let socket = SocketAddr::new(ip, transport_port(&mut parts)?);
    Some((addr.clone(), if quic { Bind::Quic(socket) } else { Bind::Tcp(socket) }))
}

fn read(text: &str) -> Option<Multiaddr> {
    if text.len() > ADDRESS_MAX_BYTES { None } else { text.parse().ok() }
}

/// The port of `tcp/PORT` or `udp/PORT/quic-v1`, when nothing follows.
fn transport_port<'a>(parts: &mut impl Iterator<Item = Protocol<'a>>) -> Option<u16> {
    let port = match (parts.next()?, parts.next()) {
        (Protocol::Tcp(port), None) | (Protocol::Udp(port), Some(Protocol::QuicV1)) => port,
        _ => return None,
    };
    parts.next().is_none().then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone(n: u8) -> PeerId {
        crate::station::keypair(&anju_core::seal::Key::from_bytes([n; 32])).unwrap().public().to_peer_id()
    }

    #[test]
    fn only_plain_tcp_and_quic_addresses_are_spoken() {
        let member = someone(1);
        for good in ["/ip4/127.0.0.1/udp/1/quic-v1", "/ip6/::1/tcp/7401", "/dns4/a.example/udp/7401/quic-v1", "/dns/a.example/tcp/1"] {
            assert!(dial_address(good, &member).is_some(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:80",
            "/ip4/127.0.0.1",
            "/ip4/127.0.0.1/udp/1",
            "/ip4/127.0.0.1/tcp/0",
            "/ip4/127.0.0.1/tcp/1/ws",
            "/ip4/127.0.0.1/tcp/1/quic-v1",
            "/unix/a",
            "/memory/1",
        ] {
            assert!(dial_address(bad, &member).is_none(), "{bad}");
        }
        assert!(dial_address(&format!("/dns4/{}/tcp/1", "a".repeat(400)), &member).is_none());
    }

    #[test]
    fn an_address_that_names_another_station_is_refused() {
        let with_name = |n| format!("/ip4/127.0.0.1/tcp/1/p2p/{}", someone(n));
        assert_eq!(dial_address(&with_name(1), &someone(1)), "/ip4/127.0.0.1/tcp/1".parse().ok());
        assert_eq!(dial_address(&with_name(2), &someone(1)), None);
    }

    #[test]
    fn names_are_dialled_but_not_listened_on() {
        assert!(listen_address("/dns4/a.example/tcp/1").is_none());
        assert!(matches!(listen_address("/ip4/0.0.0.0/udp/0/quic-v1"), Some((_, Bind::Quic(_)))));
        assert!(matches!(listen_address("/ip6/::/tcp/0"), Some((_, Bind::Tcp(_)))));
    }
}
