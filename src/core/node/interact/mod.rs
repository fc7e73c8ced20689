//! What only the issuer can answer: is this value right, what does this rule come to, does the certificate still stand.
//!
//! | file | side |
//! | --- | --- |
//! | `ask` | the counter asks the issuer, and asks again until it answers or patience ends |
//! | `answer` | the issuer: the grant is judged, the source read, the use recorded in the own journal, and only then attested |
//! | `outbox` | a question waits for an issuer that is dark |
//! | `live` | a reading of fields is held for a moment, to say whether the issuer confirms it |
//!
//! The issuer counts: a use is a row of its journal, written with the answer in one transaction. The same request again gets the same
//! bytes, also after a restart, and costs nothing.

mod answer;
mod ask;
mod live;
mod outbox;

pub(super) use ask::{Wish, action};
pub(super) use live::Word;
pub(super) use outbox::{about, roles};

use std::collections::BTreeMap;

use super::{Effect, Env, Node};
use crate::names::{CentreCode, RequestId};
use crate::shelf::Write;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Time};

/// Most inquiries of others that wait for the source at once.
pub const MAX_ANSWERING: usize = 64;
/// Most of one centre: a member that asks without end leaves room for the others, and keeps the source from nobody.
pub const MAX_ANSWERING_EACH: usize = 8;
/// After so long a reading of the source that has not ended is given up, in milliseconds.
pub const FORGET_READING_MS: i64 = 2 * MINUTE_MS;
/// Most inquiries of our own that wait for an issuer at once.
pub const MAX_ASKING: usize = 256;
/// Between two attempts to reach an issuer, in milliseconds.
pub const ASK_AGAIN_MS: i64 = SECOND_MS;
/// How long an issuer is waited for at the counter, in milliseconds.
pub const PATIENCE_MS: i64 = 20 * SECOND_MS;
/// How long a reading is held for the issuer's word on it, in milliseconds.
pub const LIVE_PATIENCE_MS: i64 = SECOND_MS;
/// How long a question about the status waits for the source at the issuer, in milliseconds: whoever asks does not wait long.
pub const STATUS_SOURCE_MS: i64 = SECOND_MS / 2;
/// How long an answer is kept for whoever asks the same again, in days: longer than any grant lives.
pub const KEEP_ANSWER_DAYS: i64 = 31;
/// Most refused inquiries of one centre that are recorded within a minute; beyond it they are refused unheard, for each is a statement.
pub const MAX_REFUSED_PER_MINUTE: u32 = 60;

const KEEP_ANSWER_MS: i64 = KEEP_ANSWER_DAYS * DAY_MS;

/// The conversation's state.
#[derive(Debug, Default)]
pub(super) struct State {
    next: u64,
    /// Ours, by the number of the conversation.
    asking: BTreeMap<u64, ask::Asking>,
    /// Others', by the number of the reading of the source.
    answering: BTreeMap<u64, answer::Answering>,
    /// Readings that are held, by the number of the conversation.
    held: BTreeMap<u64, live::Reading>,
    /// When it was looked last for issuers whom a question waits for.
    looked: Option<Time>,
    /// When answers that nobody asks for any more were deleted last.
    forgotten: Option<Time>,
    /// How many refused inquiries of each centre were recorded within this minute.
    minute: i64,
    refused: BTreeMap<CentreCode, u32>,
}

impl Node {
    /// How many inquiries of others are under work.
    #[cfg(test)]
    pub(super) fn answering(&self) -> usize {
        self.interact.answering.len()
    }

    /// Answers that nobody asks for any more are deleted, every hour.
    pub(super) fn forget_answers(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) {
        if self.interact.forgotten.is_none_or(|last| env.now.since(last).abs() >= HOUR_MS) {
            self.interact.forgotten = Some(env.now);
            out.push(Effect::Write(Write::ForgetAnswered { before: env.now }));
        }
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// For a node that takes another's place: late answers must not be taken for answers to something else.
    pub(super) fn successor(&self) -> Self {
        Self { next: self.next, minute: self.minute, refused: self.refused.clone(), ..Self::default() }
    }

    fn is_asked(&self, request: &RequestId) -> bool {
        self.asking.values().any(|asking| asking.request() == request)
    }
}
