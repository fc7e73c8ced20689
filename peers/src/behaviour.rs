//! The swarm: transports and behaviours, with every limit on connections, streams, time and memory.

use std::time::Duration;

use libp2p::{
    Swarm, SwarmBuilder, allow_block_list,
    connection_limits::{self, ConnectionLimits},
    core::upgrade,
    dns, identify,
    identity::Keypair,
    memory_connection_limits, noise, ping, quic,
    request_response::{self, ProtocolSupport},
    swarm::{self, NetworkBehaviour},
    tcp, yamux,
};

use crate::{
    codec::{FrameCodec, SYNC_PROTOCOL},
    config::PeersError,
    dialer::DIALS_MAX,
    gossip::Gossip,
};

/// Incoming connections in their handshake at once: strangers are only known as such after it, so these are all an attacker can hold.
const PENDING_IN_MAX: u32 = 64;
/// Outgoing connections in their handshake at once: what the dialler may start, and as many again that a new list left behind.
const PENDING_OUT_MAX: u32 = 2 * DIALS_MAX as u32;
/// Connections with one member: two, for when both dial at the same moment, or one came back before its old one has timed out.
const PER_PEER_MAX: u32 = 2;
/// Connections altogether: 400 centres, some of them with two stations.
const ESTABLISHED_MAX: u32 = 600;
/// From the first byte to an authenticated, multiplexed connection: a slow handshake holds its place no longer.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// After so long without a stream a connection is closed; gossip keeps only those of its mesh alive.
const IDLE_MAX: Duration = Duration::from_secs(600);
/// Memory of the process beyond which no new connection is taken, in bytes.
const MEMORY_MAX_BYTES: usize = 2 * 1024 * 1024 * 1024;
/// Streams of one connection, either muxer: 32 calls, and those of gossip, identify and ping.
const STREAMS_MAX: u32 = 64;
/// Unread bytes of one QUIC stream: one longest answer and some.
const QUIC_STREAM_BYTES: u32 = 2 * 1024 * 1024;
/// Unread bytes of one QUIC connection: several answers in flight.
const QUIC_CONNECTION_BYTES: u32 = 8 * 1024 * 1024;
/// A QUIC connection without a sign of life for so long is over, in milliseconds.
const QUIC_SILENCE_MAX_MS: u32 = 10_000;
/// Calls at once on one connection, both directions together.
const CALLS_PER_CONNECTION_MAX: usize = 32;
/// From sending a question to having its answer: 1 MiB in this time is 100 KiB/s.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Incoming streams of one connection that have not said yet which protocol they speak.
const NEGOTIATING_MAX: usize = 32;
/// How often a connection is pinged, so that a dead one is noticed.
const PING_EVERY: Duration = Duration::from_secs(15);
/// How long a ping may take.
const PING_MAX: Duration = Duration::from_secs(10);
/// What identify says of us: the same for every station and version, so that nobody can pick out old ones.
const AGENT: &str = "anju";
/// The name identify gives our protocols.
const IDENTIFY_PROTOCOL: &str = "/anju/id/1";

/// The behaviours. Those that refuse stand first: the others may believe that a connection they are told of exists.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    pub(crate) memory: memory_connection_limits::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) identify: identify::Behaviour,
    pub(crate) gossip: Gossip,
    pub(crate) sync: request_response::Behaviour<FrameCodec>,
}

impl Behaviour {
    fn new(keypair: &Keypair, gossip: Gossip, codec: FrameCodec) -> Self {
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(PENDING_IN_MAX))
            .with_max_pending_outgoing(Some(PENDING_OUT_MAX))
            .with_max_established_per_peer(Some(PER_PEER_MAX))
            .with_max_established(Some(ESTABLISHED_MAX));
        let identify = identify::Config::new(IDENTIFY_PROTOCOL.to_owned(), keypair.public())
            .with_agent_version(AGENT.to_owned())
            .with_hide_listen_addrs(true)
            .with_push_listen_addr_updates(false)
            // Addresses come from the charter alone, never from what a peer says of itself.
            .with_cache_size(0);
        let calls =
            request_response::Config::default().with_request_timeout(CALL_MAX).with_max_concurrent_streams(CALLS_PER_CONNECTION_MAX);
        Self {
            limits: connection_limits::Behaviour::new(limits),
            allowed: allow_block_list::Behaviour::default(),
            memory: memory_connection_limits::Behaviour::with_max_bytes(MEMORY_MAX_BYTES),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY).with_timeout(PING_MAX)),
            identify: identify::Behaviour::new(identify),
            gossip,
            sync: request_response::Behaviour::with_codec(codec, [(SYNC_PROTOCOL, ProtocolSupport::Full)], calls),
        }
    }
}

/// The transports, and the swarm on them. Macros, because every step of the builder has a type that cannot be written down.
macro_rules! transports {
    ($keypair:expr) => {
        SwarmBuilder::with_existing_identity($keypair.clone())
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux_config)
            .map_err(|e| PeersError::Setup(e.to_string()))?
            .with_quic_config(quic_config)
    };
}
macro_rules! finish {
    ($transports:expr, $behaviour:expr) => {{
        let builder = $transports.with_behaviour(|_| $behaviour).map_err(|e| PeersError::Setup(e.to_string()))?;
        builder.with_swarm_config(swarm_config).with_connection_timeout(HANDSHAKE_MAX).build()
    }};
}

/// Builds the swarm. A machine without a DNS configuration still dials addresses of numbers.
pub(crate) fn swarm(keypair: &Keypair, gossip: Gossip, codec: FrameCodec) -> Result<Swarm<Behaviour>, PeersError> {
    let behaviour = Behaviour::new(keypair, gossip, codec);
    match transports!(keypair).with_dns() {
        Ok(transports) => Ok(finish!(transports, behaviour)),
        Err(reason) => {
            tracing::warn!(%reason, "no DNS configuration: members are reached by IP address only");
            let transports = transports!(keypair).with_dns_config(dns::ResolverConfig::default(), dns::ResolverOpts::default());
            Ok(finish!(transports, behaviour))
        }
    }
}

fn swarm_config(config: swarm::Config) -> swarm::Config {
    config
        .with_idle_connection_timeout(IDLE_MAX)
        .with_max_negotiating_inbound_streams(NEGOTIATING_MAX)
        // A question goes with the name of its protocol, not a round trip after it: every station speaks the same one.
        .with_substream_upgrade_protocol_override(upgrade::Version::V1Lazy)
        // QUIC gets a head start, TCP follows at once where QUIC is blocked.
        .with_smart_dial()
}

fn yamux_config() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(STREAMS_MAX as usize);
    config
}

fn quic_config(mut config: quic::Config) -> quic::Config {
    config.handshake_timeout = HANDSHAKE_MAX;
    config.max_idle_timeout = QUIC_SILENCE_MAX_MS;
    config.max_concurrent_stream_limit = STREAMS_MAX;
    config.max_stream_data = QUIC_STREAM_BYTES;
    config.max_connection_data = QUIC_CONNECTION_BYTES;
    config
}
