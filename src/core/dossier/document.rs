//! One dossier: the document, what waits, what was set aside.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, Change, ObjId as ExId, ROOT, ReadDoc, ScalarValue, Value};
use sha2::{Digest as _, Sha256};

use super::chunk::RawChange;
use super::{
    ActorBytes, DossierPlace, MAX_BYTES_PER_AUTHOR, MAX_CHANGES_PER_AUTHOR, MAX_KEYS_PER_AUTHOR, MAX_PARTIES, MAX_PENDING_BYTES,
    MAX_PENDING_PER_AUTHOR, MAX_QUARANTINED, OpId, Rejection, actor_of,
};
use crate::names::{CentreCode, Digest, DossierId};
use crate::time::Time;

#[cfg(panic = "abort")]
compile_error!("what automerge panics over is caught here: the workspace has to unwind");

/// What became of a change that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is in the document, and whatever waited for it.
    Applied,
    /// It was in the document already.
    Again,
    /// It waits for changes that it follows.
    Waits,
    /// It was refused; the dossier is as it was. The same bytes are never looked at again.
    Refused(Rejection),
}

/// A value that somebody put, whoever it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) author: CentreCode,
    pub(super) value: String,
    pub(super) predecessors: Vec<OpId>,
    pub(super) at: Time,
}

#[derive(Clone)]
struct Known {
    /// How many changes of each author it and those before it are.
    clock: BTreeMap<ActorBytes, u64>,
    /// The largest number of an operation in it and those before it.
    max_op: u64,
}

#[derive(Clone, Default)]
struct Author {
    /// Changes in the document.
    applied: u64,
    bytes: usize,
    keys: usize,
    waiting: VecDeque<(Vec<u8>, RawChange)>,
}

/// One dossier. What it says is personal: it lives as long as somebody looks at it.
#[derive(Clone)]
pub struct Dossier {
    opener: CentreCode,
    id: DossierId,
    actors: BTreeMap<ActorBytes, CentreCode>,
    doc: Automerge,
    changes: BTreeMap<Digest, Known>,
    fields: BTreeMap<String, BTreeMap<OpId, Held>>,
    authors: BTreeMap<CentreCode, Author>,
    quarantined: BTreeMap<Digest, Rejection>,
    refused: u64,
}

impl std::fmt::Debug for Dossier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dossier({}, {} changes)", self.id, self.changes.len())
    }
}

impl Dossier {
    /// An empty dossier with these parties.
    #[must_use]
    pub fn new(place: &DossierPlace<'_>, parties: &[CentreCode]) -> Self {
        let mut dossier = Self {
            opener: place.opener.clone(),
            id: *place.id,
            actors: BTreeMap::new(),
            doc: Automerge::new().with_actor(ActorId::from(actor_of(place, place.opener))),
            changes: BTreeMap::new(),
            fields: BTreeMap::new(),
            authors: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            refused: 0,
        };
        parties.iter().for_each(|party| dossier.admit(party));
        dossier
    }

    /// One more party; nothing when it is one, or when there are [`MAX_PARTIES`].
    pub fn admit(&mut self, party: &CentreCode) {
        if self.actors.len() < MAX_PARTIES {
            self.actors.insert(self.actor(party), party.clone());
        }
    }

    fn actor(&self, centre: &CentreCode) -> ActorBytes {
        actor_of(&DossierPlace { opener: &self.opener, id: &self.id }, centre)
    }

    /// A change out of `author`'s own verified journal.
    pub fn offer(&mut self, author: &CentreCode, bytes: &[u8]) -> Offered {
        let digest = mark_of(author, bytes);
        if let Some(rejection) = self.quarantined.get(&digest) {
            return Offered::Refused(*rejection);
        }
        match self.take(author, bytes) {
            Ok(offered) => {
                if offered == Offered::Applied {
                    self.retry();
                }
                offered
            }
            // That others wait says nothing about this one, and who is no party may become one.
            Err(rejection @ (Rejection::PendingFull | Rejection::NotAParty)) => {
                self.refused = self.refused.saturating_add(1);
                Offered::Refused(rejection)
            }
            Err(rejection) => {
                self.set_aside(digest, rejection);
                Offered::Refused(rejection)
            }
        }
    }

    fn set_aside(&mut self, digest: Digest, rejection: Rejection) {
        self.refused = self.refused.saturating_add(1);
        if self.quarantined.len() < MAX_QUARANTINED {
            self.quarantined.insert(digest, rejection);
        }
    }

    fn take(&mut self, author: &CentreCode, bytes: &[u8]) -> Result<Offered, Rejection> {
        let own = self.actor(author);
        if !self.actors.contains_key(&own) {
            return Err(Rejection::NotAParty);
        }
        let change = RawChange::parse(bytes)?;
        if change.actor != own {
            return Err(Rejection::OtherActor);
        }
        if self.changes.contains_key(&change.hash) {
            return Ok(Offered::Again);
        }
        let held = self.authors.entry(author.clone()).or_default();
        if held.applied.saturating_add(held.waiting.len() as u64) >= MAX_CHANGES_PER_AUTHOR as u64 {
            return Err(Rejection::TooMany);
        }
        // Of one author strictly in the order of their journal, so that every peer takes the same of two that exclude each other.
        if !held.waiting.is_empty() {
            return self.wait(author, bytes, change);
        }
        if change.seq != held.applied + 1 {
            return Err(Rejection::Sequence);
        }
        if self.lacks(&change) {
            return self.wait(author, bytes, change);
        }
        self.apply(author, bytes, change).map(|()| Offered::Applied)
    }

    fn lacks(&self, change: &RawChange) -> bool {
        change.deps.iter().any(|dep| !self.changes.contains_key(dep))
    }

    fn wait(&mut self, author: &CentreCode, bytes: &[u8], change: RawChange) -> Result<Offered, Rejection> {
        let waiting: usize = self.authors.values().flat_map(|author| &author.waiting).map(|(bytes, _)| bytes.len()).sum();
        let held = self.authors.entry(author.clone()).or_default();
        if held.waiting.iter().any(|(_, other)| other.hash == change.hash) {
            return Ok(Offered::Waits);
        }
        if held.waiting.len() >= MAX_PENDING_PER_AUTHOR || waiting.saturating_add(bytes.len()) > MAX_PENDING_BYTES {
            return Err(Rejection::PendingFull);
        }
        held.waiting.push_back((bytes.to_vec(), change));
        Ok(Offered::Waits)
    }

    /// Applies what waited and need not any longer.
    fn retry(&mut self) {
        while let Some(author) = self.ready() {
            let Some((bytes, change)) = self.authors.get_mut(&author).and_then(|held| held.waiting.pop_front()) else { return };
            if let Err(rejection) = self.apply(&author, &bytes, change) {
                self.set_aside(mark_of(&author, &bytes), rejection);
            }
        }
    }

    /// An author whose first waiting change has what it follows; that it is that author's next one is asked when it is applied.
    fn ready(&self) -> Option<CentreCode> {
        let ready = |held: &Author| held.waiting.front().is_some_and(|(_, change)| !self.lacks(change));
        self.authors.iter().find(|(_, held)| ready(held)).map(|(author, _)| author.clone())
    }

    /// Applies a change whose dependencies are here, or leaves everything as it is.
    fn apply(&mut self, author: &CentreCode, bytes: &[u8], change: RawChange) -> Result<(), Rejection> {
        let (known, spent) = (self.follows(&change)?, self.spends(author, bytes, &change)?);
        let before = &self.doc;
        let merged = catch_unwind(AssertUnwindSafe(|| merge(before, bytes, &change))).map_err(|_| Rejection::Panicked)?;
        self.doc = merged?;
        self.changes.insert(change.hash, known);
        let held = self.authors.entry(author.clone()).or_default();
        (held.applied, held.bytes, held.keys) = (change.seq, spent.0, spent.1);
        for put in change.puts {
            let value = Held { author: author.clone(), value: put.value, predecessors: put.predecessors, at: Time(change.time_ms) };
            self.fields.entry(put.key).or_default().insert(put.id, value);
        }
        Ok(())
    }

    /// That a change is its author's next one after those that it names, and numbers and replaces only what it may.
    fn follows(&self, change: &RawChange) -> Result<Known, Rejection> {
        let applied = self.actors.get(&change.actor).and_then(|author| self.authors.get(author)).map_or(0, |held| held.applied);
        let (mut clock, mut max_op) = (BTreeMap::<ActorBytes, u64>::new(), 0);
        for dep in &change.deps {
            let known = self.changes.get(dep).ok_or(Rejection::Sequence)?;
            max_op = max_op.max(known.max_op);
            for (actor, seq) in &known.clock {
                let seen = clock.entry(*actor).or_default();
                *seen = (*seen).max(*seq);
            }
        }
        if change.seq != applied + 1 || clock.get(&change.actor).copied().unwrap_or(0) != applied {
            return Err(Rejection::Sequence);
        }
        if change.start_op != max_op + 1 {
            return Err(Rejection::Numbering);
        }
        for put in &change.puts {
            let values = self.fields.get(&put.key);
            let there = |id: &OpId| values.is_some_and(|values| values.contains_key(id)) && id.0 <= max_op;
            let ordered = put.predecessors.is_sorted_by(|a, b| a < b);
            if !ordered || !put.predecessors.iter().all(there) {
                return Err(Rejection::Numbering);
            }
        }
        clock.insert(change.actor, change.seq);
        Ok(Known { clock, max_op: change.max_op() })
    }

    fn spends(&self, author: &CentreCode, bytes: &[u8], change: &RawChange) -> Result<(usize, usize), Rejection> {
        let (spent, made) = self.authors.get(author).map_or((0, 0), |held| (held.bytes, held.keys));
        let theirs = |values: &BTreeMap<OpId, Held>| values.values().any(|held| held.author == *author);
        let new = change.puts.iter().filter(|put| !self.fields.get(&put.key).is_some_and(theirs)).count();
        let (spent, made) = (spent.saturating_add(bytes.len()), made.saturating_add(new));
        if spent > MAX_BYTES_PER_AUTHOR || made > MAX_KEYS_PER_AUTHOR { Err(Rejection::TooMany) } else { Ok((spent, made)) }
    }

    /// The next change of `author`, who puts these texts at `now`. It is not applied: it takes effect when it stands in a journal.
    ///
    /// # Errors
    /// [`Rejection`]: no party, nothing new, or more than a dossier holds.
    pub fn write(&self, author: &CentreCode, texts: &[(String, String)], now: Time) -> Result<Vec<u8>, Rejection> {
        let actor = self.actor(author);
        if !self.actors.contains_key(&actor) {
            return Err(Rejection::NotAParty);
        }
        let fits =
            |(key, text): &(String, String)| !key.is_empty() && key.len() <= super::MAX_KEY_BYTES && text.len() <= super::MAX_TEXT_BYTES;
        if texts.len() > super::MAX_OPS_PER_CHANGE || !texts.iter().all(fits) {
            return Err(Rejection::TooMany);
        }
        let before = &self.doc;
        let made = catch_unwind(AssertUnwindSafe(|| make(before, &actor, texts, now))).map_err(|_| Rejection::Panicked)?;
        let bytes = made?;
        // What others would refuse must not get into our journal.
        let mut trial = self.clone();
        match trial.take(author, &bytes)? {
            Offered::Applied => Ok(bytes),
            Offered::Again => Err(Rejection::NothingNew),
            Offered::Waits | Offered::Refused(_) => Err(Rejection::Sequence),
        }
    }

    /// The change of `author` that has to come before it puts these texts: it empties the keys under which somebody else has put the very
    /// same. Automerge makes no change of a text that stands already, and nobody shall keep a centre from writing what is its own by being
    /// quicker. An empty text is of no field's form, so it never counts. Nothing when there is no such key.
    ///
    /// # Errors
    /// [`Rejection`] as [`Self::write`].
    pub fn make_room(&self, author: &CentreCode, texts: &[(String, String)], now: Time) -> Result<Option<Vec<u8>>, Rejection> {
        let actor = self.actor(author);
        let mut emptied = Vec::new();
        for (key, text) in texts {
            let there = standing(&self.doc, key)?;
            let own = matches!(there.as_slice(), [((_, by), _)] if *by == actor);
            if !own && there.iter().any(|(_, held)| held == text) {
                emptied.push((key.clone(), String::new()));
            }
        }
        if emptied.is_empty() { Ok(None) } else { self.write(author, &emptied, now).map(Some) }
    }

    pub(super) const fn fields(&self) -> &BTreeMap<String, BTreeMap<OpId, Held>> {
        &self.fields
    }

    /// Whether a change of this author waits: the next of its journal need not be offered.
    #[must_use]
    pub fn waits_for(&self, author: &CentreCode) -> bool {
        self.authors.get(author).is_some_and(|held| !held.waiting.is_empty())
    }

    /// Changes in the document.
    #[must_use]
    pub fn applied(&self) -> usize {
        self.changes.len()
    }

    /// Changes that wait for others.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.authors.values().map(|author| author.waiting.len()).sum()
    }

    /// Changes that were set aside.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// What the document says, as automerge has it: every key with all values that stand beside each other, the decisive one first. For
    /// comparing two peers' copies.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        for change in self.changes.keys() {
            hash.update(change.0);
        }
        for key in self.fields.keys() {
            hash.update((key.len() as u64).to_be_bytes());
            hash.update(key.as_bytes());
            for (id, text) in standing(&self.doc, key).unwrap_or_default() {
                hash.update(id.0.to_be_bytes());
                hash.update(id.1);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
        Digest(hash.finalize().into())
    }

    /// A change that was set aside by a run before this one because automerge panicked over it: its bytes are not tried again.
    pub fn distrust(&mut self, digest: Digest) {
        self.quarantined.insert(digest, Rejection::Panicked);
    }

    /// What was set aside, and why.
    pub fn quarantined(&self) -> impl Iterator<Item = (&Digest, Rejection)> {
        self.quarantined.iter().map(|(digest, rejection)| (digest, *rejection))
    }
}

/// By what a change that was set aside is known: its bytes and who offered them. One author's forgery of another's change says nothing about
/// the change itself.
fn mark_of(author: &CentreCode, bytes: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update(author.as_str()).chain_update([0]).chain_update(bytes);
    Digest(hash.finalize().into())
}

/// A copy of the document with the change in it, if automerge makes of it what it says.
fn merge(before: &Automerge, bytes: &[u8], change: &RawChange) -> Result<Automerge, Rejection> {
    // Not `fork`, which would draw a random actor: a clone is the same copy.
    let mut copy = before.clone();
    let read = Change::try_from(bytes).map_err(|_| Rejection::Engine)?;
    if read.hash().0 != change.hash.0 || read.len() != change.puts.len() {
        return Err(Rejection::Differs);
    }
    copy.apply_changes([read]).map_err(|_| Rejection::Engine)?;
    for put in &change.puts {
        let there = standing(&copy, &put.key)?.into_iter().any(|(id, text)| id == put.id && text == put.value);
        if !there {
            return Err(Rejection::Differs);
        }
    }
    Ok(copy)
}

/// The values of a key that nobody has replaced.
fn standing(doc: &Automerge, key: &str) -> Result<Vec<(OpId, String)>, Rejection> {
    let values = doc.get_all(ROOT, key).map_err(|_| Rejection::Engine)?;
    let one = |(value, id): (Value<'_>, ExId)| {
        let ExId::Id(number, actor, _) = id else { return Err(Rejection::Differs) };
        let actor: ActorBytes = actor.to_bytes().try_into().map_err(|_| Rejection::Differs)?;
        let Value::Scalar(scalar) = value else { return Err(Rejection::Differs) };
        let ScalarValue::Str(text) = scalar.as_ref() else { return Err(Rejection::Differs) };
        Ok(((number, actor), text.to_string()))
    };
    values.into_iter().map(one).collect()
}

fn make(before: &Automerge, actor: &ActorBytes, texts: &[(String, String)], now: Time) -> Result<Vec<u8>, Rejection> {
    let mut copy = before.clone().with_actor(ActorId::from(*actor));
    let put = |tx: &mut automerge::transaction::Transaction<'_>| {
        texts.iter().try_for_each(|(key, text)| tx.put(ROOT, key.as_str(), text.as_str()))
    };
    let done = copy.transact_with(|()| CommitOptions::default().with_time(now.0), put).map_err(|_| Rejection::Engine)?;
    if done.hash.is_none() {
        return Err(Rejection::NothingNew);
    }
    let change = copy.get_last_local_change().ok_or(Rejection::NothingNew)?;
    Ok(change.raw_bytes().to_vec())
}
