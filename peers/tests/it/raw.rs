//! A node that speaks the protocols by hand and breaks their rules.

use std::{future::pending, io, time::Duration};

use anju_core::{names::StationKey, seal::Key};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    identity::{Keypair, PublicKey, ed25519},
    noise, ping,
    request_response::{self, Codec, ProtocolSupport},
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::time::timeout;

use crate::harness::{PATIENCE, SUFFIX, TOPIC};

/// Writes the bytes it is given as they are, with no length of its own.
#[derive(Clone, Default)]
pub struct RawCodec {
    /// After writing a question, hold the stream open and never finish.
    pub never_finishes: bool,
    /// Never read an answer.
    pub never_reads: bool,
}

impl Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>> {
        if *protocol == MESH {
            return pending().await;
        }
        let mut prefix = [0; 4];
        io.read_exact(&mut prefix).await?;
        let mut body = vec![0; u32::from_be_bytes(prefix) as usize];
        io.read_exact(&mut body).await?;
        Ok(body)
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>> {
        if self.never_reads || *protocol == MESH {
            return pending().await;
        }
        let mut body = Vec::new();
        io.read_to_end(&mut body).await?;
        Ok(body)
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()> {
        io.write_all(&bytes).await?;
        io.flush().await?;
        if self.never_finishes { pending().await } else { Ok(()) }
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()> {
        io.write_all(&bytes).await
    }
}

pub const SYNC: StreamProtocol = StreamProtocol::new("/anju/sync/1");
pub const MESH: StreamProtocol = StreamProtocol::new("/meshsub/1.1.0");

#[derive(NetworkBehaviour)]
pub struct RawBehaviour {
    ping: ping::Behaviour,
    pub sync: request_response::Behaviour<RawCodec>,
    pub mesh: request_response::Behaviour<RawCodec>,
}

pub struct RawNode {
    pub swarm: Swarm<RawBehaviour>,
    pub keypair: Keypair,
}

pub fn peer(station: &StationKey) -> PeerId {
    PublicKey::from(ed25519::PublicKey::try_from_bytes(&station.0).unwrap()).to_peer_id()
}

impl RawNode {
    /// A node with the key of a station, connected with `to`.
    pub async fn connected(secret: &Key, codec: RawCodec, to: &StationKey, address: &str) -> Self {
        let keypair = Keypair::ed25519_from_bytes(*secret.expose()).unwrap();
        let long = || request_response::Config::default().with_request_timeout(Duration::from_secs(120)).with_max_concurrent_streams(200);
        let behaviour = RawBehaviour {
            ping: ping::Behaviour::default(),
            sync: request_response::Behaviour::with_codec(codec, [(SYNC, ProtocolSupport::Full)], long()),
            mesh: request_response::Behaviour::with_codec(RawCodec::default(), [(MESH, ProtocolSupport::Full)], long()),
        };
        let mut swarm = SwarmBuilder::with_existing_identity(keypair.clone())
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_quic()
            .with_behaviour(|_| behaviour)
            .unwrap()
            .with_swarm_config(|c| c.with_idle_connection_timeout(PATIENCE))
            .build();
        let address: Multiaddr = address.parse().unwrap();
        swarm.dial(address.with_p2p(peer(to)).unwrap()).unwrap();
        let mut node = Self { swarm, keypair };
        node.wait("a raw connection", |e| matches!(e, SwarmEvent::ConnectionEstablished { .. }).then_some(())).await;
        node
    }

    pub async fn wait<T>(&mut self, what: &str, mut pick: impl FnMut(SwarmEvent<RawBehaviourEvent>) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                if let Some(found) = pick(self.swarm.select_next_some().await) {
                    return found;
                }
            }
        });
        found.await.unwrap_or_else(|_| panic!("waited too long for: {what}"))
    }

    /// Runs until dropped, answering every question with `answer`.
    pub async fn run(mut self, answer: Vec<u8>) {
        loop {
            if let SwarmEvent::Behaviour(RawBehaviourEvent::Sync(request_response::Event::Message {
                message: request_response::Message::Request { channel, .. },
                ..
            })) = self.swarm.select_next_some().await
            {
                let _ = self.swarm.behaviour_mut().sync.send_response(channel, answer.clone());
            }
        }
    }
}

fn varint(mut n: usize, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A field of bytes (protobuf wire type 2).
fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// How a message is signed.
pub enum Signed<'a> {
    Not,
    By(&'a Keypair),
    /// With the signer's public key in the message, as if that could prove anything about the source.
    ByWithKey(&'a Keypair),
}

/// A pubsub message in the name of `from`.
pub fn message(from: &StationKey, data: &[u8], sequence: u64, signed: &Signed<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    field(1, &peer(from).to_bytes(), &mut out);
    field(2, data, &mut out);
    field(3, &sequence.to_be_bytes(), &mut out);
    field(4, format!("{TOPIC}/{SUFFIX}").as_bytes(), &mut out);
    let to_sign = [b"libp2p-pubsub:", &out[..]].concat();
    match signed {
        Signed::Not => {}
        Signed::By(key) => field(5, &key.sign(&to_sign).unwrap(), &mut out),
        Signed::ByWithKey(key) => {
            field(5, &key.sign(&to_sign).unwrap(), &mut out);
            field(6, &key.public().encode_protobuf(), &mut out);
        }
    }
    out
}

/// One RPC with these messages, as it stands on the stream.
pub fn rpc(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        field(2, message, &mut body);
    }
    let mut out = Vec::new();
    varint(body.len(), &mut out);
    out.extend_from_slice(&body);
    out
}
