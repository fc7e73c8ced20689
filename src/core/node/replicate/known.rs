//! What is known of every journal is compared before anything is told: rows and times first, signed heads only where they differ.
//!
//! The asker names the newest head it knows of each journal, unsigned; the answer has the signed heads that are newer, the names of
//! journals that are behind, and one digest over everything else. So a round between two that agree costs a line for each journal, and
//! equal numbers over two histories cannot pass for agreement: then the digests differ, and everything is told. Who hides a newer head
//! behind this could as well have said nothing: others tell of it, and meanwhile the journal grows old, which is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::message::{Answer, Ask, Decline, HeadReport, HeadsReport, KnownHead, OtherReport, Question, Under, same_heads};
use super::super::{Effect, Env, Node, fault};
use super::{ASK_AGAIN_MS, About, Call};
use crate::charter::MAX_MEMBERS;
use crate::error::{FaultCode, ShelfError};
use crate::names::{CentreCode, Digest, StationKey};
use crate::shelf::Head;
use crate::time::Time;

/// Bytes of signed heads in one answer, at most. Journals whose heads do not fit are named, and come with a later question.
pub const MAX_HEADS_BYTES: usize = 256 * 1024;
/// Most stations that are being asked for their heads at once. Whoever comes after learns what those told need not be told again.
pub const MAX_HEADS_ASKED: usize = 8;

/// A station that connects is asked only while fewer than this are being asked or wait for it. The others have their turn in the rounds.
pub const MAX_ASKED_ON_CONNECTING: usize = 32;

/// A head as it was named in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Named {
    size: u64,
    root: Digest,
    heartbeat: Time,
}

/// What a question for heads named; it is the same for all that are asked at once.
pub(super) type Listed = Arc<BTreeMap<CentreCode, Named>>;

impl From<&Head> for Named {
    fn from(head: &Head) -> Self {
        Self { size: head.size, root: head.root, heartbeat: head.heartbeat }
    }
}

/// The time of a heartbeat as notes have it.
fn seconds(heartbeat: Time) -> u64 {
    u64::try_from(heartbeat.seconds()).unwrap_or(0)
}

impl Node {
    /// Asks a station for its heads as soon as few enough are being asked.
    pub(super) fn ask_heads(&mut self, env: &mut Env<'_>, to: StationKey, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        if !self.asks_heads_of(&to) {
            self.replicate.ask_again.insert(to, env.now.plus_ms(-ASK_AGAIN_MS));
        }
        self.ask_heads_waiting(env, out)
    }

    /// Whether a station is being asked for its heads.
    pub(super) fn asks_heads_of(&self, station: &StationKey) -> bool {
        self.replicate.calls.values().any(|call| call.to == *station && matches!(call.about, About::Heads(_)))
    }

    /// How many stations are being asked for their heads, or wait to be.
    pub(super) fn asks_heads_of_how_many(&self) -> usize {
        let asked = self.replicate.calls.values().filter(|call| matches!(call.about, About::Heads(_))).count();
        asked + self.replicate.ask_again.len()
    }

    /// Asks those who wait to be asked, the longest waiting first.
    pub(super) fn ask_heads_waiting(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let asked = self.replicate.calls.values().filter(|call| matches!(call.about, About::Heads(_))).count();
        let free = MAX_HEADS_ASKED.saturating_sub(asked);
        let due = |since: Time| env.now.since(since).abs() >= ASK_AGAIN_MS;
        let mut waiting: Vec<(Time, StationKey)> =
            self.replicate.ask_again.iter().filter(|(_, since)| due(**since)).map(|(to, since)| (*since, *to)).collect();
        if free == 0 || waiting.is_empty() {
            return Ok(());
        }
        waiting.sort_unstable();
        let listed = self.listed(env)?;
        for (_, to) in waiting.into_iter().take(free) {
            self.replicate.ask_again.remove(&to);
            self.ask_heads_beside(env, to, &listed, out);
        }
        Ok(())
    }

    fn ask_heads_beside(&mut self, env: &Env<'_>, to: StationKey, listed: &Listed, out: &mut Vec<Effect>) {
        let known =
            listed.iter().map(|(centre, head)| KnownHead { centre: centre.clone(), rows: head.size, seconds: seconds(head.heartbeat) });
        let bytes = Ask::under(&self.charter, Question::Heads(known.collect())).to_bytes();
        let call = self.note_call(Call { to, about: About::Heads(Arc::clone(listed)), since: env.now });
        out.push(Effect::Call { to, call, bytes });
    }

    /// The newest head known of every journal. One that has forked is not named: whoever holds the other history shall show it.
    fn listed(&self, env: &Env<'_>) -> Result<Listed, ShelfError> {
        let mut listed = BTreeMap::new();
        for centre in self.authors.keys() {
            if let Some(head) = self.newest_head(env, centre)?
                && !self.is_contained(centre)
            {
                listed.insert(centre.clone(), Named::from(&head));
            }
        }
        Ok(Arc::new(listed))
    }

    /// [`Question::Heads`]: what is held of every journal, as it differs from what the asker knows.
    pub(in crate::node) fn report_heads(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        known: &[KnownHead],
        out: &mut Vec<Effect>,
    ) -> Result<Answer, ShelfError> {
        if known.len() > MAX_MEMBERS {
            fault(out, from, FaultCode::Oversized);
            return Ok(Answer::Declined(Decline::NotHeld));
        }
        let mut known: BTreeMap<&CentreCode, &KnownHead> = known.iter().map(|head| (&head.centre, head)).collect();
        self.look_for_void_heads(env)?;
        let (mut heads, mut others, mut same, mut bytes) = (Vec::new(), Vec::new(), BTreeMap::new(), 0);
        // First what is the asker's own: it may have lost it.
        let asker =
            self.charter.station(&from).and_then(|(member, _)| self.authors.get_key_value(&member.centre)).map(|(centre, _)| centre);
        for centre in asker.into_iter().chain(self.authors.keys().filter(|centre| Some(*centre) != asker)) {
            let asked = known.remove(centre);
            let Some(head) = env.shelf.journal(centre)?.head.filter(|head| !self.is_void(centre, head)) else {
                others.extend(asked.map(|_| OtherReport { centre: centre.clone(), rows: None }));
                continue;
            };
            let (rows, at) = (head.size, seconds(head.heartbeat));
            let fits = bytes + head.note.len() <= MAX_HEADS_BYTES;
            match asked {
                Some(asked) if (asked.rows, asked.seconds) == (rows, at) => {
                    same.insert(centre, (rows, head.root, at));
                }
                // About our own journal we are asked for what we sign: shorter than what the asker knows is news.
                Some(asked) if asked.rows >= rows && asked.seconds >= at && !self.writes(centre) => {
                    others.push(OtherReport { centre: centre.clone(), rows: Some(rows) });
                }
                Some(_) | None if fits => {
                    bytes += head.note.len();
                    heads.push(HeadReport { centre: centre.clone(), note: head.note });
                }
                Some(_) | None => others.push(OtherReport { centre: centre.clone(), rows: Some(rows) }),
            }
        }
        others.extend(known.into_keys().map(|centre| OtherReport { centre: centre.clone(), rows: None }));
        let same = same_heads(same.iter().map(|(centre, (rows, root, at))| (*centre, *rows, root, *at)));
        Ok(Answer::Heads(HeadsReport { heads, others, same, under: Under::of(&self.charter) }))
    }

    /// Looks once after each change of the charter for heads kept here that no longer count: they were signed with keys that it has ended,
    /// over more rows than it lets count. Whoever told of them would be blamed for what was right when it came.
    fn look_for_void_heads(&mut self, env: &Env<'_>) -> Result<(), ShelfError> {
        if self.replicate.void.is_some() {
            return Ok(());
        }
        let mut void = BTreeMap::new();
        for centre in self.authors.keys() {
            if let Some(head) = env.shelf.journal(centre)?.head
                && !self.note_counts(centre, &head.note)
            {
                void.insert(centre.clone(), Named::from(&head));
            }
        }
        self.replicate.void = Some(void);
        Ok(())
    }

    /// Whether a note that was verified when it came counts under the present charter. Only where keys were ended can that have changed.
    pub(in crate::node) fn note_counts(&self, centre: &CentreCode, note: &[u8]) -> bool {
        let author = self.authors.get(centre);
        author.is_some_and(|author| (author.ended.is_empty() && author.limit.is_none()) || author.verify(note).is_ok())
    }

    /// Whether rows of this journal can be served: under a head that no longer counts they would prove nothing.
    pub(in crate::node) fn serves_rows_of(&mut self, env: &Env<'_>, centre: &CentreCode) -> Result<bool, ShelfError> {
        self.look_for_void_heads(env)?;
        Ok(!env.shelf.journal(centre)?.head.is_some_and(|head| self.is_void(centre, &head)))
    }

    /// Whether a head kept here no longer counts. What was kept since the charter changed was verified under it.
    fn is_void(&self, centre: &CentreCode, head: &Head) -> bool {
        self.replicate.void.as_ref().and_then(|void| void.get(centre)).is_some_and(|void| *void == Named::from(head))
    }

    /// What `from` says about journals of which it tells no head. Returns whether it holds the same as we do of everything else; if not,
    /// it is asked for everything.
    pub(super) fn told_no_head(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        listed: &Listed,
        (told, others, same): (&BTreeSet<CentreCode>, Vec<OtherReport>, Digest),
        out: &mut Vec<Effect>,
    ) -> Result<bool, ShelfError> {
        let named: BTreeSet<&CentreCode> = told.iter().chain(others.iter().map(|other| &other.centre)).collect();
        let rest: Vec<(&CentreCode, &Named)> = listed.iter().filter(|(centre, _)| !named.contains(centre)).collect();
        let agrees = same_heads(rest.iter().map(|(centre, head)| (*centre, head.size, &head.root, seconds(head.heartbeat)))) == same;
        if agrees {
            for (centre, head) in rest {
                self.told_of(from, centre);
                self.add_holder(env, centre, from, head.size)?;
                // Of what came while the question was under way, nothing was said.
                if self.newest_head(env, centre)?.is_some_and(|newest| Named::from(&newest) == *head) {
                    self.replicate.heard.insert(centre.clone());
                }
            }
        }
        for OtherReport { centre, rows } in others {
            if let Some(rows) = rows.filter(|_| self.authors.contains_key(&centre)) {
                self.told_of(from, &centre);
                if self.replicate.announced.contains_key(&centre) {
                    self.add_holder(env, &centre, from, rows)?;
                }
            }
        }
        if !agrees && !listed.is_empty() {
            self.ask_heads_beside(env, from, &Listed::default(), out);
        }
        Ok(agrees)
    }
}
