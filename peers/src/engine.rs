//! The one loop: commands in, events out, and the swarm between them.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use anju_core::names::StationKey;
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    allow_block_list::NotAllowed,
    gossipsub::{self, IdentTopic, PublishError},
    multiaddr::Protocol,
    request_response::{self, InboundFailure},
    swarm::{DialError, ListenError, SwarmEvent, dial_opts::DialOpts},
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{
    address::{ADDRESSES_MAX, dial_address},
    behaviour::{Behaviour, BehaviourEvent, swarm},
    calls::{Calls, OurCall, failure},
    codec::{FrameCodec, REQUEST_MAX_BYTES, RESPONSE_MAX_BYTES},
    config::{Member, PeersConfig, PeersError},
    dialer::Dialer,
    gossip::{ANNOUNCEMENT_MAX_BYTES, Judgements, acceptance, gossip, topic},
    handle::{Ordered, PeersHandle},
    links::Links,
    listen::listen,
    message::{CallFailure, PeerCommand, PeerEvent, RefusedReason, Verdict},
    outbox::{Outbox, Place},
    station::{keypair, peer_id, station_key},
};

/// Events handed over and not taken yet. Small: what waits longer waits in the outbox, where it is bounded by bytes.
const EVENTS_MAX: usize = 16;
/// How often dials that are due are started.
const DIAL_BEAT: Duration = Duration::from_millis(100);
/// How often dead questions are swept out and counters are told.
const HOUSE_BEAT: Duration = Duration::from_secs(1);
/// How long a shutdown may take to tell the others.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// Starts a station. Returns when every listen address is bound; must be called within a tokio runtime.
///
/// The room ends when it is told to, when the last handle is dropped, or when the receiver of the events is.
///
/// # Errors
/// [`PeersError`] when an address or key is not well formed or cannot be bound; nothing is left running then.
pub async fn start(config: PeersConfig) -> Result<(PeersHandle, mpsc::Receiver<PeerEvent>), PeersError> {
    let keypair = keypair(&config.station_secret).ok_or_else(|| PeersError::Setup("not an Ed25519 seed".to_owned()))?;
    let ours = station_key(&keypair.public().to_peer_id()).ok_or_else(|| PeersError::Setup("not a station key".to_owned()))?;
    check_members(&config.members)?;
    let topic = topic(&config.topic, &config.protocol_suffix);
    let gossip = gossip(&keypair, &topic).map_err(PeersError::Setup)?;
    let codec = FrameCodec::default();
    let mut swarm = swarm(&keypair, gossip, codec.clone())?;
    let listening = listen(&mut swarm, &config.listen).await?;

    let mut outbox = Outbox::default();
    for address in &listening {
        outbox.listening(address.clone());
    }
    let links = Links::default();
    let (handle, orders) = PeersHandle::new(ours, listening, links.clone());
    let (events, receiver) = mpsc::channel(EVENTS_MAX);
    let mut engine = Engine {
        swarm,
        topic,
        codec,
        ours,
        outbox,
        calls: Calls::default(),
        judgements: Judgements::default(),
        dialer: Dialer::new(ours),
        members: BTreeSet::new(),
        links,
    };
    engine.set_members(config.members);
    tokio::spawn(engine.run(orders, events));
    Ok((handle, receiver))
}

/// At the start a bad member list is an error; later, when a charter brings it, the bad part is left out and counted.
fn check_members(members: &[Member]) -> Result<(), PeersError> {
    for member in members {
        let peer = peer_id(&member.station).ok_or(PeersError::BadStation { station: member.station })?;
        if let Some(addr) = member.addresses.iter().find(|addr| dial_address(addr, &peer).is_none()) {
            return Err(PeersError::BadAddress { addr: addr.clone() });
        }
    }
    Ok(())
}

struct Engine {
    swarm: Swarm<Behaviour>,
    topic: IdentTopic,
    codec: FrameCodec,
    ours: StationKey,
    outbox: Outbox,
    calls: Calls,
    judgements: Judgements,
    dialer: Dialer,
    members: BTreeSet<StationKey>,
    links: Links,
}

impl Engine {
    async fn run(mut self, mut orders: mpsc::Receiver<Ordered>, events: mpsc::Sender<PeerEvent>) {
        let mut dial_beat = interval(DIAL_BEAT);
        let mut house_beat = interval(HOUSE_BEAT);
        dial_beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        house_beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                permit = events.reserve(), if !self.outbox.is_empty() => {
                    let Ok(permit) = permit else { break };
                    if let Some(event) = self.outbox.pop() {
                        permit.send(event);
                    }
                }
                () = events.closed() => break,
                order = orders.recv() => match order {
                    None | Some((PeerCommand::Shutdown, _)) => break,
                    Some((command, place)) => self.carry_out(command, place),
                },
                event = self.swarm.select_next_some() => self.on_swarm(event),
                _ = dial_beat.tick() => self.dial(),
                _ = house_beat.tick() => self.keep_house(),
            }
        }
        // Frees whoever waits to send a command.
        drop(orders);
        self.say_goodbye().await;
        // The consumer sees the end when nothing listens any more: whoever starts again finds the addresses free.
        drop(events);
    }

    /// Closes every connection so that the others notice at once and not by a timeout.
    async fn say_goodbye(mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // Fails only when it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let mut closed = pin!(async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        });
        let _ = timeout(GOODBYE_MAX, &mut closed).await;
    }

    fn keep_house(&mut self) {
        self.calls.sweep();
        self.outbox.refused(RefusedReason::OversizedFrame, self.codec.take_oversized());
        self.outbox.tell_counters();
    }

    fn carry_out(&mut self, command: PeerCommand, place: Option<Place>) {
        match command {
            PeerCommand::Publish(body) => self.publish(body),
            PeerCommand::Call { to, call, body } => {
                if let Some(place) = place {
                    self.call(OurCall { call, to, place }, body);
                }
            }
            PeerCommand::Answer { token, body } => self.answer(token, body),
            PeerCommand::Drop { token } => drop(self.calls.answer(token)),
            PeerCommand::Judge { source, verdict } => {
                if let Some(awaiting) = self.judgements.take(source) {
                    self.judge(&awaiting, verdict);
                }
            }
            PeerCommand::SetMembers(members) => self.set_members(members),
            // Ends the loop before it comes here.
            PeerCommand::Shutdown => {}
        }
    }

    fn publish(&mut self, body: Vec<u8>) {
        if body.len() > ANNOUNCEMENT_MAX_BYTES {
            return self.outbox.refused(RefusedReason::OversizedAnnouncement, 1);
        }
        match self.swarm.behaviour_mut().gossip.publish(self.topic.clone(), body) {
            // Nobody there, or said before: a hint that is not needed. Delivery does not depend on it.
            Ok(_) | Err(PublishError::NoPeersSubscribedToTopic | PublishError::Duplicate) => {}
            Err(PublishError::MessageTooLarge) => self.outbox.refused(RefusedReason::OversizedAnnouncement, 1),
            Err(PublishError::AllQueuesFull(_)) => self.outbox.refused(RefusedReason::AnnouncementDropped, 1),
            Err(error) => tracing::warn!(%error, "an announcement was not published"),
        }
    }

    fn call(&mut self, call: OurCall, body: Vec<u8>) {
        if body.len() > REQUEST_MAX_BYTES {
            self.outbox.refused(RefusedReason::OversizedFrame, 1);
            return self.fail(call, CallFailure::TooLarge);
        }
        // Only over a connection that stands: a call must not dial, the dialler does, at its own pace.
        match peer_id(&call.to).filter(|peer| self.swarm.is_connected(peer)) {
            None => self.fail(call, CallFailure::Unreachable),
            Some(_) if !self.calls.has_room_for(&call.to) => self.fail(call, CallFailure::Overrun),
            Some(peer) => {
                self.links.went(&call.to, body.len());
                let id = self.swarm.behaviour_mut().sync.send_request(&peer, body);
                self.calls.sent(id, call);
            }
        }
    }

    fn fail(&mut self, call: OurCall, reason: CallFailure) {
        self.outbox.result(PeerEvent::CallFailed { call: call.call, to: call.to, reason }, call.place);
    }

    fn answer(&mut self, token: u64, body: Vec<u8>) {
        let asked = self.calls.answer(token);
        if body.len() > RESPONSE_MAX_BYTES {
            // Dropping the channel tells the asker.
            return self.outbox.refused(RefusedReason::OversizedFrame, 1);
        }
        let sent = asked.is_some_and(|asked| {
            self.links.went(&asked.from, body.len());
            self.swarm.behaviour_mut().sync.send_response(asked.channel, body).is_ok()
        });
        if !sent {
            self.outbox.refused(RefusedReason::LateAnswer, 1);
        }
    }

    fn judge(&mut self, (id, from): &(gossipsub::MessageId, PeerId), verdict: Verdict) {
        // False when the library has forgotten the message meanwhile: then it is not passed on, which is what Ignore would do.
        self.swarm.behaviour_mut().gossip.report_message_validation_result(id, from, acceptance(verdict));
    }

    fn set_members(&mut self, members: Vec<Member>) {
        let mut targets: Vec<(StationKey, Vec<Multiaddr>)> = Vec::new();
        for member in members.into_iter().filter(|m| m.station != self.ours) {
            let Some(peer) = peer_id(&member.station) else {
                self.outbox.refused(RefusedReason::BadAddress, 1);
                continue;
            };
            let mut addresses = Vec::new();
            for text in member.addresses.iter().take(ADDRESSES_MAX) {
                match dial_address(text, &peer) {
                    Some(address) => addresses.push(address),
                    None => self.outbox.refused(RefusedReason::BadAddress, 1),
                }
            }
            self.swarm.behaviour_mut().allowed.allow_peer(peer);
            targets.push((member.station, addresses));
        }
        let now: BTreeSet<StationKey> = targets.iter().map(|(station, _)| *station).collect();
        for peer in self.members.difference(&now).filter_map(peer_id) {
            self.swarm.behaviour_mut().allowed.disallow_peer(peer);
        }
        tracing::info!(members = now.len(), "members set");
        self.links.keep(|station| now.contains(station));
        self.members = now;
        self.dialer.set_members(targets, Instant::now().into());
    }

    fn dial(&mut self) {
        while let Some((station, addresses)) = self.dialer.due(Instant::now().into()) {
            let Some(peer) = peer_id(&station) else { continue };
            // A port of its own: with the listening port on both ends two crossing TCP dials would become one connection with two
            // initiators, and fail.
            let options = DialOpts::peer_id(peer).addresses(addresses).allocate_new_port().build();
            if let Err(error) = self.swarm.dial(options) {
                tracing::debug!(%peer, %error, "not dialled");
                self.dialer.failed(&station, Instant::now().into());
            }
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished { peer_id: peer, connection_id, endpoint, .. } => {
                if let Some(station) = station_key(&peer) {
                    self.links.connected(station, connection_id, shown_address(endpoint.get_remote_address()));
                    tracing::debug!(%peer, "connected");
                    self.dialer.connected(&station);
                    self.outbox.connected(station);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id: peer, connection_id, num_established, .. } => {
                let Some(station) = station_key(&peer) else { return };
                self.links.closed(&station, connection_id, num_established);
                if num_established == 0 {
                    tracing::debug!(%peer, "disconnected");
                    self.dialer.disconnected(&station, Instant::now().into());
                    self.outbox.disconnected(&station);
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => self.on_dial_error(&peer, &error),
            SwarmEvent::IncomingConnectionError { error, .. } => self.on_incoming_error(error),
            // An interface came up after the start.
            SwarmEvent::NewListenAddr { address, .. } if self.outbox.has_room_for_announcement() => {
                self.outbox.listening(address.to_string());
            }
            SwarmEvent::ListenerClosed { addresses, .. } => tracing::error!(?addresses, "a listener closed"),
            _ => {}
        }
    }

    fn on_dial_error(&mut self, peer: &PeerId, error: &DialError) {
        tracing::debug!(%peer, %error, "dial failed");
        if let Some(station) = station_key(peer) {
            self.dialer.failed(&station, Instant::now().into());
        }
    }

    fn on_incoming_error(&mut self, error: ListenError) {
        let reason = match error {
            ListenError::Denied { cause } if cause.downcast_ref::<NotAllowed>().is_some() => RefusedReason::Stranger,
            ListenError::Denied { .. } => RefusedReason::ConnectionLimit,
            ListenError::Aborted | ListenError::WrongPeerId { .. } | ListenError::LocalPeerId { .. } | ListenError::Transport(_) => {
                RefusedReason::Handshake
            }
        };
        self.outbox.refused(reason, 1);
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossip(gossipsub::Event::Message { propagation_source, message_id, message }) => {
                self.on_announcement(propagation_source, message_id, message);
            }
            BehaviourEvent::Gossip(gossipsub::Event::SlowPeer { peer_id, .. }) => tracing::debug!(peer = %peer_id, "slow peer"),
            BehaviourEvent::Gossip(_) | BehaviourEvent::Identify(_) => {}
            BehaviourEvent::Sync(event) => self.on_sync(event),
            BehaviourEvent::Ping(event) => match event.result {
                Ok(time) => {
                    let station = station_key(&event.peer).inspect(|station| self.links.round_trip(station, time));
                    if let Some(station) = station.filter(|_| self.outbox.has_room_for_announcement()) {
                        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                        self.outbox.hint(PeerEvent::RoundTrip { station, ms });
                    }
                }
                Err(error) => {
                    tracing::debug!(peer = %event.peer, %error, "ping failed");
                    self.outbox.refused(RefusedReason::Silent, 1);
                    self.swarm.close_connection(event.connection);
                }
            },
        }
    }

    fn on_announcement(&mut self, from: PeerId, id: gossipsub::MessageId, message: gossipsub::Message) {
        if let Some(station) = station_key(&from) {
            self.links.came(&station, message.data.len());
        }
        let author = message.source.as_ref().and_then(station_key).filter(|author| self.members.contains(author));
        let refused = match author {
            _ if message.data.len() > ANNOUNCEMENT_MAX_BYTES => Some((RefusedReason::OversizedAnnouncement, Verdict::Reject)),
            // Ignored, not rejected: who passed it on may not know yet that its author was removed.
            None => Some((RefusedReason::UnknownAuthor, Verdict::Ignore)),
            Some(_) if !self.outbox.has_room_for_announcement() => Some((RefusedReason::AnnouncementDropped, Verdict::Ignore)),
            Some(_) if self.judgements.seen_before(&id) => Some((RefusedReason::Replayed, Verdict::Ignore)),
            Some(_) => None,
        };
        if let Some((reason, verdict)) = refused {
            self.outbox.refused(reason, 1);
            return self.judge(&(id, from), verdict);
        }
        let (source, let_go) = self.judgements.admit(id, from);
        if let Some(awaiting) = let_go {
            self.outbox.refused(RefusedReason::Unjudged, 1);
            self.judge(&awaiting, Verdict::Ignore);
        }
        if let Some(from) = author {
            self.outbox.hint(PeerEvent::Announcement { from, source, body: message.data });
        }
    }

    fn on_sync(&mut self, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                request_response::Message::Request { request, channel, .. } => self.on_ask(&peer, request, channel),
                request_response::Message::Response { request_id, response } => {
                    if let Some(call) = self.calls.ended(request_id) {
                        self.links.came(&call.to, response.len());
                        self.outbox.result(PeerEvent::Answered { from: call.to, call: call.call, body: response }, call.place);
                    }
                }
            },
            request_response::Event::OutboundFailure { peer, request_id, error, .. } => {
                tracing::debug!(%peer, %error, "call failed");
                if let Some(call) = self.calls.ended(request_id) {
                    self.fail(call, failure(&error));
                }
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "question not answered");
                if matches!(error, InboundFailure::Timeout | InboundFailure::ConnectionClosed) {
                    self.outbox.refused(RefusedReason::LateAnswer, 1);
                }
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn on_ask(&mut self, peer: &PeerId, body: Vec<u8>, channel: request_response::ResponseChannel<Vec<u8>>) {
        let from = station_key(peer).inspect(|station| self.links.came(station, body.len()));
        let from = from.filter(|station| self.members.contains(station) && self.outbox.has_room_for_ask());
        match from.and_then(|from| Some((from, self.calls.asked(from, channel)?))) {
            Some((from, token)) => self.outbox.hint(PeerEvent::Asked { from, token, body }),
            None => self.outbox.refused(RefusedReason::AskDropped, 1),
        }
    }
}

/// An address without the key at its end, which stands elsewhere.
fn shown_address(address: &Multiaddr) -> String {
    address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect::<Multiaddr>().to_string()
}
