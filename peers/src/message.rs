//! What the room is told to do and what it tells: plain data, so that a fake of this crate is a pair of channels.

use anju_core::names::StationKey;

use crate::config::Member;

/// Something to do.
#[derive(Debug, Clone)]
pub enum PeerCommand {
    /// Announce `body`, at most [`crate::ANNOUNCEMENT_MAX_BYTES`] long, to everybody connected. A hint: it may reach nobody.
    Publish(Vec<u8>),
    /// Ask one station. Ends in exactly one [`PeerEvent::Answered`] or [`PeerEvent::CallFailed`] with the same `call`.
    Call {
        /// Who is asked.
        to: StationKey,
        /// The caller's own number for it; not sent.
        call: u64,
        /// At most [`crate::REQUEST_MAX_BYTES`] long.
        body: Vec<u8>,
    },
    /// Answer what was asked. Too late, or longer than [`crate::RESPONSE_MAX_BYTES`]: the asker gets a failure, and it is counted.
    Answer {
        /// From [`PeerEvent::Asked`].
        token: u64,
        /// The answer.
        body: Vec<u8>,
    },
    /// Do not answer what was asked: the asker sees [`CallFailure::Refused`].
    Drop {
        /// From [`PeerEvent::Asked`].
        token: u64,
    },
    /// Say what an announcement is worth. Until then it is not passed on.
    Judge {
        /// From [`PeerEvent::Announcement`].
        source: u64,
        /// The verdict.
        verdict: Verdict,
    },
    /// The whole new list of who may connect. Whoever is no longer on it is disconnected.
    SetMembers(Vec<Member>),
    /// Close every connection and end.
    Shutdown,
}

/// What an announcement is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good: pass it on.
    Accept,
    /// Worth nothing, but nobody's fault: do not pass it on.
    Ignore,
    /// Bad: do not pass it on, and lower the standing of whoever passed it to us.
    Reject,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerEvent {
    /// An address this station can be reached at, with its real port.
    Listening(String),
    /// A member is connected. Quick changes may be told as one: what counts is the last word.
    Connected(StationKey),
    /// A member is no longer connected.
    Disconnected(StationKey),
    /// An announcement, signed by a member.
    Announcement {
        /// Whose signature it bears, whoever passed it on.
        from: StationKey,
        /// What to name in [`PeerCommand::Judge`].
        source: u64,
        /// The announced bytes.
        body: Vec<u8>,
    },
    /// A member asks.
    Asked {
        /// Who asks: the authenticated other end of the connection.
        from: StationKey,
        /// What to name in [`PeerCommand::Answer`] or [`PeerCommand::Drop`].
        token: u64,
        /// The question.
        body: Vec<u8>,
    },
    /// A call's answer.
    Answered {
        /// Who answered.
        from: StationKey,
        /// The caller's number.
        call: u64,
        /// The answer.
        body: Vec<u8>,
    },
    /// A call without an answer.
    CallFailed {
        /// The caller's number.
        call: u64,
        /// Who was asked.
        to: StationKey,
        /// Why there is no answer.
        reason: CallFailure,
    },
    /// A ping came back.
    RoundTrip {
        /// From whom.
        station: StationKey,
        /// After how many milliseconds.
        ms: u64,
    },
    /// Something was refused or dropped.
    Refused {
        /// What.
        reason: RefusedReason,
        /// How often since the start.
        count: u64,
    },
}

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// Not connected to that station.
    Unreachable,
    /// No answer in time; whether it was asked is not known.
    Timeout,
    /// The other side chose not to answer, or does not speak our protocol.
    Refused,
    /// The question or the answer is longer than allowed.
    TooLarge,
    /// The connection ended first; whether it was asked is not known.
    Closed,
    /// Too much at once for this station: too many calls under way with the other one (the call was not sent), or our own consumer left
    /// too many answers untaken (this one was thrown away).
    Overrun,
}

/// What was refused or dropped, for the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusedReason {
    /// A connection by a key that is no member's.
    Stranger,
    /// A connection beyond a limit on number or memory.
    ConnectionLimit,
    /// A connection that did not finish its handshake.
    Handshake,
    /// A frame longer than allowed, in or out.
    OversizedFrame,
    /// An announcement longer than allowed, in or out.
    OversizedAnnouncement,
    /// An announcement signed by a key that is no member's.
    UnknownAuthor,
    /// An announcement seen before.
    Replayed,
    /// An announcement dropped because the consumer is behind.
    AnnouncementDropped,
    /// An announcement that was not judged before too many others came.
    Unjudged,
    /// A question dropped because too many wait for an answer.
    AskDropped,
    /// An answer that came after its time.
    LateAnswer,
    /// A connection closed because its pings did not come back.
    Silent,
    /// A member's address of a form we do not speak.
    BadAddress,
}
