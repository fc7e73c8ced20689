//! Announcements: gossipsub with everything that is loose by default tied down, and the judgements announcements wait for.
//!
//! A message counts only with the signature of the station it names (strict signing); nothing is passed on before our consumer judged
//! it; what was seen once is not told again.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use libp2p::{
    PeerId,
    gossipsub::{
        self, ConfigBuilder, IdentTopic, IdentityTransform, MaxCountSubscriptionFilter, Message, MessageAcceptance, MessageAuthenticity,
        MessageId, PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
        score_parameter_decay,
    },
    identity::Keypair,
};
use sha2::{Digest, Sha256};

use crate::message::Verdict;

/// Longest announcement, in bytes.
pub const ANNOUNCEMENT_MAX_BYTES: usize = 32 * 1024;
/// Room for source, sequence number, topic and signature around an announcement.
const ENVELOPE_BYTES: usize = 1024;
/// The library measures a stream's whole read buffer against the limit of one message, and reads 8 KiB ahead: without this room a
/// full-length message with another behind it would break the stream. The length of one message is held by the limit of the topic.
const READ_AHEAD_BYTES: usize = 8 * 1024;
/// One announcement travels in one RPC; a few more may come in answer to one request for missed ones.
const MESSAGES_PER_RPC_MAX: usize = 16;
/// Control messages in one RPC; with one topic and [`HISTORY_HEARTBEATS`] few are needed.
const CONTROL_MESSAGES_MAX: usize = 512;
/// Messages that wait for one connection: 2 MiB at their longest, for each peer that does not read.
const SEND_QUEUE_MAX: usize = 64;
/// How often the mesh is looked after.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The first look, soon, so that a peer that has just started hears others.
const HEARTBEAT_FIRST: Duration = Duration::from_millis(200);
/// How many heartbeats a message can be judged and asked for. Later verdicts change nothing.
const HISTORY_HEARTBEATS: usize = 10;
/// Of those, how many are told to peers outside the mesh.
const HISTORY_TOLD_HEARTBEATS: usize = 5;
/// How long the library remembers what it saw. Not longer: this memory has no bound in number; ours ([`SEEN_MAX`]) has.
const LIBRARY_SEEN: Duration = Duration::from_secs(60);
/// How many announcements we remember having told: a day of heartbeats of 50 centres, an hour of 400 with all their news.
const SEEN_MAX: usize = 8192;
/// How many announcements may wait for a verdict; beyond it the oldest is let go.
const PENDING_MAX: usize = 1024;
/// The mesh: wished, fewest, most, and fewest dialled by us. A federation smaller than the fewest is a full mesh.
const MESH: (usize, usize, usize, usize) = (6, 4, 12, 2);
/// Weight of one bad message: three within [`BAD_MESSAGE_MEMORY`] and a peer's gossip is no longer listened to (−80).
const BAD_MESSAGE_WEIGHT: f64 = -20.0;
/// How long a bad message is remembered against who passed it on.
const BAD_MESSAGE_MEMORY: Duration = Duration::from_secs(600);
/// What long membership can earn at most: it must never outweigh one bad message.
const MESH_TIME_CAP: f64 = 3.0;
/// What first deliveries can earn at most.
const FIRST_DELIVERY_CAP: f64 = 5.0;
/// Small faults of protocol (a graft too early after a restart) that are overlooked.
const SMALL_FAULTS_OVERLOOKED: f64 = 6.0;

/// The behaviour with its one topic.
pub(crate) type Gossip = gossipsub::Behaviour<IdentityTransform, MaxCountSubscriptionFilter<WhitelistSubscriptionFilter>>;

/// The topic of a federation.
pub(crate) fn topic(name: &str, suffix: &str) -> IdentTopic {
    IdentTopic::new(format!("{name}/{suffix}"))
}

/// Builds the behaviour and subscribes to its topic.
pub(crate) fn gossip(keypair: &Keypair, topic: &IdentTopic) -> Result<Gossip, String> {
    let filter = MaxCountSubscriptionFilter {
        filter: WhitelistSubscriptionFilter(HashSet::from([topic.hash()])),
        max_subscribed_topics: 1,
        // Subscribing, unsubscribing and subscribing again may travel together.
        max_subscriptions_per_request: 4,
    };
    let config = config(topic.hash())?;
    let mut gossip = Gossip::new_with_subscription_filter(MessageAuthenticity::Signed(keypair.clone()), config, filter)?;
    gossip.with_peer_score(score(topic.hash()), PeerScoreThresholds::default())?;
    gossip.subscribe(topic).map_err(|e| e.to_string())?;
    Ok(gossip)
}

fn config(topic: TopicHash) -> Result<gossipsub::Config, String> {
    let (wished, fewest, most, outbound) = MESH;
    ConfigBuilder::default()
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .message_id_fn(message_id)
        .max_transmit_size(ANNOUNCEMENT_MAX_BYTES + ENVELOPE_BYTES + READ_AHEAD_BYTES)
        .max_transmit_size_for_topic(ANNOUNCEMENT_MAX_BYTES + ENVELOPE_BYTES, topic)
        .max_publish_messages(MESSAGES_PER_RPC_MAX)
        .max_control_messages_sent(CONTROL_MESSAGES_MAX)
        .connection_handler_queue_len(SEND_QUEUE_MAX)
        .heartbeat_interval(HEARTBEAT)
        .heartbeat_initial_delay(HEARTBEAT_FIRST)
        .history_length(HISTORY_HEARTBEATS)
        .history_gossip(HISTORY_TOLD_HEARTBEATS)
        .duplicate_cache_time(LIBRARY_SEEN)
        .flood_publish(true)
        .mesh_outbound_min(outbound)
        .mesh_n_low(fewest)
        .mesh_n(wished)
        .mesh_n_high(most)
        .build()
        .map_err(|e| e.to_string())
}

/// Content and author. Not the sequence number: the same words again are the same message. But the author: or anybody could get
/// somebody else's words dropped as a repetition by saying them first.
fn message_id(message: &Message) -> MessageId {
    let mut hash = Sha256::new();
    hash.update(message.source.map(PeerId::to_bytes).unwrap_or_default());
    hash.update(&message.data);
    MessageId::new(&hash.finalize())
}

fn score(topic: TopicHash) -> PeerScoreParams {
    let of_topic = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: MESH_TIME_CAP / 300.0,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_weight: FIRST_DELIVERY_CAP / 50.0,
        first_message_deliveries_cap: 50.0,
        // A quiet topic: centres may have nothing to say for minutes, and silence is no fault.
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: BAD_MESSAGE_WEIGHT,
        invalid_message_deliveries_decay: score_parameter_decay(BAD_MESSAGE_MEMORY),
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: HashMap::from([(topic, of_topic)]),
        // Only members connect at all, and centres of one province may share a machine room and its address.
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_threshold: SMALL_FAULTS_OVERLOOKED,
        ..PeerScoreParams::default()
    }
}

/// How gossipsub calls a verdict.
pub(crate) const fn acceptance(verdict: Verdict) -> MessageAcceptance {
    match verdict {
        Verdict::Accept => MessageAcceptance::Accept,
        Verdict::Ignore => MessageAcceptance::Ignore,
        Verdict::Reject => MessageAcceptance::Reject,
    }
}

/// An announcement that waits for its verdict: its id, and who passed it to us.
pub(crate) type Awaiting = (MessageId, PeerId);

/// The announcements told to the consumer and not judged yet, and the memory of those told before.
#[derive(Debug, Default)]
pub(crate) struct Judgements {
    pending: BTreeMap<u64, Awaiting>,
    next: u64,
    seen: HashSet<MessageId>,
    seen_order: VecDeque<MessageId>,
}

impl Judgements {
    /// Whether this announcement was told before; remembers it from now on.
    pub(crate) fn seen_before(&mut self, id: &MessageId) -> bool {
        if !self.seen.insert(id.clone()) {
            return true;
        }
        self.seen_order.push_back(id.clone());
        if self.seen_order.len() > SEEN_MAX
            && let Some(oldest) = self.seen_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        false
    }

    /// Gives an announcement its token, and returns the oldest one if there are now too many.
    pub(crate) fn admit(&mut self, id: MessageId, from: PeerId) -> (u64, Option<Awaiting>) {
        let token = self.next;
        self.next += 1;
        self.pending.insert(token, (id, from));
        let evicted = if self.pending.len() > PENDING_MAX { self.pending.pop_first() } else { None };
        (token, evicted.map(|(_, awaiting)| awaiting))
    }

    /// Takes an announcement out to be judged; none when it was judged or let go before.
    pub(crate) fn take(&mut self, token: u64) -> Option<Awaiting> {
        self.pending.remove(&token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> MessageId {
        MessageId::new(&n.to_be_bytes())
    }

    #[test]
    fn the_oldest_unjudged_announcement_is_let_go_first() {
        let mut judgements = Judgements::default();
        let peer = PeerId::from_bytes(&[0, 1, 0]).unwrap();
        for n in 0..PENDING_MAX {
            assert_eq!(judgements.admit(id(n), peer).1, None);
        }
        assert_eq!(judgements.admit(id(PENDING_MAX), peer), (PENDING_MAX as u64, Some((id(0), peer))));
        assert_eq!(judgements.take(0), None);
        assert_eq!(judgements.take(1), Some((id(1), peer)));
        assert_eq!(judgements.take(1), None);
    }

    #[test]
    fn what_was_told_is_remembered_in_bounded_memory() {
        let mut judgements = Judgements::default();
        for n in 0..SEEN_MAX * 2 {
            assert!(!judgements.seen_before(&id(n)));
            assert!(judgements.seen_before(&id(n)));
        }
        assert_eq!((judgements.seen.len(), judgements.seen_order.len()), (SEEN_MAX, SEEN_MAX));
    }

    #[test]
    fn the_same_words_of_two_authors_are_two_messages() {
        let message = |seed, sequence| Message {
            source: crate::station::keypair(&anju_core::seal::Key::from_bytes([seed; 32])).map(|k| k.public().to_peer_id()),
            data: vec![1, 2, 3],
            sequence_number: Some(sequence),
            topic: TopicHash::from_raw("t"),
        };
        assert_eq!(message_id(&message(1, 1)), message_id(&message(1, 2)));
        assert_ne!(message_id(&message(1, 1)), message_id(&message(2, 1)));
    }

    #[test]
    fn the_settings_hold_together() {
        let keypair = crate::station::keypair(&anju_core::seal::Key::from_bytes([1; 32])).unwrap();
        assert!(gossip(&keypair, &topic("a", "b")).is_ok());
    }
}
