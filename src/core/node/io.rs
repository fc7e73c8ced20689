//! What goes into the state machine and what comes out of it, as plain data.

use super::membership::Admitted;
use super::message::SoundAnswer;
use crate::charter::CentreKeys;
use crate::desk;
use crate::error::{Fault, Refusal};
use crate::facts::AccountFacts;
use crate::listing::{Document, Pepper, SubjectSecret};
use crate::names::StationKey;
use crate::shelf::{KeptHead, Shelf, Write};
use crate::time::Time;
use crate::window::{Asked, Reply};

/// What the core may use while it decides: the time, chance, and the store to read.
pub struct Env<'a> {
    /// Now.
    pub now: Time,
    /// Randomness.
    pub rng: &'a mut dyn rand_core::CryptoRng,
    /// The store.
    pub shelf: &'a dyn Shelf,
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The peer starts; the head that was kept outside the store, if any.
    Started {
        /// The kept head.
        kept: Option<KeptHead>,
    },
    /// Time passed; comes at least every second.
    Tick,
    /// A station of the charter is connected.
    Connected(StationKey),
    /// It no longer is.
    Disconnected(StationKey),
    /// A gossip message.
    Announcement {
        /// The station that signed it.
        from: StationKey,
        /// To be named in the verdict.
        source: u64,
        /// The sealed announcement.
        bytes: Vec<u8>,
    },
    /// Another station asks.
    Asked {
        /// Who.
        from: StationKey,
        /// To be named in the answer.
        token: u64,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Another station answered.
    Answered {
        /// Who.
        from: StationKey,
        /// Which call of ours.
        call: u64,
        /// The message as [`SoundAnswer::read`] found it.
        answer: Result<SoundAnswer, Fault>,
    },
    /// A call of ours came to nothing.
    CallFailed {
        /// Which.
        call: u64,
    },
    /// One of the centre's own people or programs asks.
    Desk {
        /// To be named in the replies.
        token: u64,
        /// What.
        request: desk::Request,
    },
    /// A holder asks at the window.
    Window {
        /// To be named in the reply.
        token: u64,
        /// What, as it came over HTTP.
        asked: Asked,
    },
    /// What the source says about an account, after [`Effect::ReadSource`].
    Source {
        /// Which reading.
        reading: u64,
        /// The facts, or why there are none.
        facts: Result<Box<AccountFacts>, Refusal>,
    },
    /// What was derived, after [`Effect::Derive`].
    Derived {
        /// Which job.
        job: u64,
        /// One for each piece of work, in order; nothing where the memory for it could not be had.
        secrets: Vec<Option<SubjectSecret>>,
    },
    /// What came of [`HouseAsk::Backup`]: the backup, or why there is none (a stable code, and a detail without personal data).
    BackedUp {
        /// See above.
        outcome: Result<desk::Backup, (String, String)>,
    },
    /// The keys that were made to follow the present ones, after [`Effect::NextKeys`].
    Keys(Box<CentreKeys>),
    /// What was written before is stored now; conversations that waited for it go on.
    Stored,
    /// After [`Effect::Again`]: long work goes on.
    Again,
}

/// Whether a gossip message is worth passing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good and new.
    Accept,
    /// Old news; not passed on, nobody to blame.
    Ignore,
    /// Bad; the station that signed it is at fault.
    Reject,
}

/// What only the shell knows: the network, the machine, its own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HouseAsk {
    /// How traffic and lag went: [`desk::Event::Trends`].
    Trends,
    /// Lines of the log: [`desk::Event::Logs`].
    Logs {
        /// Only lines after this one.
        after: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// The rest of a view that the core has begun: [`desk::Event::System`].
    System(Box<desk::SystemView>),
    /// Copy the database under this name into the folder for backups, telling how far it is; then feed [`Input::BackedUp`].
    Backup {
        /// A plain file name.
        name: String,
    },
}

/// Something shall happen. The shell makes the writes of an input in one transaction, then keeps the head, then sends, then replies.
#[derive(Debug)]
pub enum Effect {
    /// Change the store.
    Write(Write),
    /// Keep this head outside the store before anything leaves.
    KeepHead(KeptHead),
    /// Publish an announcement.
    Announce(Vec<u8>),
    /// Tell what a gossip message was worth.
    Judge {
        /// Which.
        source: u64,
        /// What it was worth.
        verdict: Verdict,
    },
    /// Ask a station to take the own newest head: a call that tells of it, so that it never leaves before the head is kept.
    Push {
        /// Whom.
        to: StationKey,
        /// Our name for the call.
        call: u64,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Ask a station.
    Call {
        /// Whom.
        to: StationKey,
        /// Our name for the call.
        call: u64,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Answer a station.
    Answer {
        /// Which question.
        token: u64,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Answer one of our own.
    Reply {
        /// Which request.
        token: u64,
        /// What.
        event: Box<desk::Event>,
    },
    /// Answer a holder at the window.
    WindowReply {
        /// Which request.
        token: u64,
        /// What.
        reply: Reply,
    },
    /// Look an account up in the source, away from the loop; the answer comes back as [`Input::Source`].
    ReadSource {
        /// Our name for the reading.
        reading: u64,
        /// GRZH 个人账号.
        account_no: String,
    },
    /// Derive subjects' secrets, away from the loop; they come back as [`Input::Derived`].
    Derive {
        /// Our name for the job.
        job: u64,
        /// Of which documents, under which peppers.
        work: Vec<(Pepper, Document)>,
    },
    /// Somebody asks for what the core does not know; the shell answers the request by itself, but for a backup.
    House {
        /// Which request.
        token: u64,
        /// What.
        ask: HouseAsk,
    },
    /// From now on these stations may connect, and no others; they stand for all that were told before.
    Admit(Vec<Admitted>),
    /// Hand in the keys that were made to follow the present ones, if there are any, as [`Input::Keys`].
    NextKeys {
        /// The charter names other keys than the present ones already; otherwise somebody has proposed it.
        named: bool,
    },
    /// The keys handed in are the centre's from now on: keep them in place of the former ones.
    KeysTaken {
        /// The station's is another as well: connections under the former one are of no use any more.
        moved: bool,
    },
    /// After the writes are stored, feed [`Input::Stored`].
    WhenStored,
    /// Feed [`Input::Again`] in a later transaction, after whatever waits by then.
    Again,
}
