//! What a station must know before it starts, and why it may not start.

use anju_core::{names::StationKey, seal::Key};

/// What a station must know before it starts.
#[derive(Debug, Clone)]
pub struct PeersConfig {
    /// The station's Ed25519 seed (RFC 8032); its public half is the [`StationKey`] others know.
    pub station_secret: Key,
    /// Where to listen: `/ip4/…/udp/…/quic-v1` or `/ip4/…/tcp/…`, and the same with `ip6`. Port 0 takes a free one.
    pub listen: Vec<String>,
    /// Who may connect, and where they are. This station itself may be among them.
    pub members: Vec<Member>,
    /// The gossip topic.
    pub topic: String,
    /// Appended to the topic, so that the members of another federation, or of this one under another founding charter, never share it
    /// by accident: a digest in text form.
    pub protocol_suffix: String,
}

/// A station that may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub station: StationKey,
    /// Where it listens, as multiaddrs; `dns`, `dns4` and `dns6` names are allowed here. Empty: it must come to us.
    pub addresses: Vec<String>,
}

/// Why the room does not start.
#[derive(Debug, thiserror::Error)]
pub enum PeersError {
    /// An address that is no multiaddr, or of a form we do not speak.
    #[error("{addr} is not an address of a form that is spoken here")]
    BadAddress {
        /// The address.
        addr: String,
    },
    /// A member's key is not a point of the curve.
    #[error("{station} is not a key")]
    BadStation {
        /// The key.
        station: StationKey,
    },
    /// Another program listens there.
    #[error("{addr} is in use by another program")]
    AddressInUse {
        /// The address.
        addr: String,
    },
    /// Listening failed for another reason.
    #[error("cannot listen on {addr}: {reason}")]
    ListenFailed {
        /// The address.
        addr: String,
        /// What the system said.
        reason: String,
    },
    /// The transport could not be set up.
    #[error("cannot set up the transport: {0}")]
    Setup(String),
}
