//! Rows came that do not follow from ours, under a head that their author signed. Either the server made them up, or the author has signed
//! two histories. Its own answer tells: what root has its history where our signed head ends? A bridge to the head it served that carries
//! another root than our head's proves the fork; anything else is the server's fault.

use super::super::message::Question;
use super::super::replicate::CALL_PATIENCE_MS;
use super::super::{Effect, Env, Node};
use crate::error::{FaultCode, ShelfError};
use crate::journal::VerifiedHead;
use crate::journal::fork::{Bridge, ForkProof};
use crate::names::{CentreCode, StationKey};
use crate::time::Time;

/// A question on its way.
#[derive(Debug)]
pub(super) struct Suspect {
    /// Whom we have asked.
    station: StationKey,
    /// A head whose rows are ours.
    ours: VerifiedHead,
    /// The head that does not follow from them.
    theirs: VerifiedHead,
    /// Since when the answer is waited for.
    since: Time,
}

/// What comes of asking for a bridge.
#[derive(Debug)]
pub(in crate::node) enum Said {
    /// A bridge, not verified.
    Bridge(Bridge),
    /// It does not hold what it has just served.
    Declined,
    /// Nothing, or that it is busy.
    Nothing,
}

impl Said {
    const fn bridge(&self) -> Option<&Bridge> {
        match self {
            Self::Bridge(bridge) => Some(bridge),
            Self::Declined | Self::Nothing => None,
        }
    }
}

impl Node {
    /// Rows under `note` do not follow from ours. Returns whether that may be the author's doing: then their server is asked, and not
    /// blamed yet.
    pub(in crate::node) fn suspected(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        note: &[u8],
        out: &mut Vec<Effect>,
    ) -> Result<bool, ShelfError> {
        let Some(author) = self.author(centre).cloned() else { return Ok(false) };
        let Ok(theirs) = author.verify(note) else { return Ok(false) };
        if self.is_searched(centre) {
            return Ok(true);
        }
        if self.falls_short(env, &author, Some((from, theirs.clone())))? {
            return Ok(true);
        }
        if self.is_contained(centre) {
            self.not_of_our_branch(env, centre, from, &theirs, out)?;
            return Ok(true);
        }
        let waits = |suspect: &Suspect| env.now.since(suspect.since).abs() < CALL_PATIENCE_MS;
        if self.fork.suspects.get(centre).is_some_and(waits) {
            return Ok(true);
        }
        let ours = match self.fork.proven_under.get(centre).filter(|head| head.size() <= theirs.size()) {
            Some(head) => Some(head.clone()),
            None => env.shelf.journal(centre)?.head.and_then(|head| author.verify(&head.note).ok()),
        };
        let is_present = |head: &VerifiedHead| head.term() == author.term;
        if is_present(&theirs) && !author.ended.is_empty() && !ours.as_ref().is_some_and(is_present) {
            self.left_behind(env, &theirs, centre)?;
            return Ok(true);
        }
        let differs = |ours: &VerifiedHead| ours.size() < theirs.size() || ours.root() != theirs.root();
        let Some(ours) = ours.filter(|ours| ours.size() > 0 && ours.size() <= theirs.size() && differs(ours)) else { return Ok(false) };
        let question = Question::Bridge { centre: centre.clone(), at: ours.size(), to: theirs.size() };
        self.fork.suspects.insert(centre.clone(), Suspect { station: from, ours, theirs, since: env.now });
        self.ask_bridge(env, from, centre.clone(), question, out);
        Ok(true)
    }

    /// What a server says that was asked for a bridge.
    pub(in crate::node) fn bridged(
        &mut self,
        env: &mut Env<'_>,
        from: StationKey,
        centre: &CentreCode,
        said: Said,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if self.found_out(env, from, centre, said.bridge(), out)? {
            return Ok(());
        }
        if self.fork.suspects.get(centre).is_none_or(|suspect| suspect.station != from) {
            return Ok(()); // Late: somebody else is asked by now.
        }
        let Some(Suspect { ours, theirs, .. }) = self.fork.suspects.remove(centre) else { return Ok(()) };
        let bridge = match said {
            Said::Nothing => return Ok(()), // The line may have failed: whoever serves such rows again is asked again.
            Said::Declined => {
                self.blame(env.now, from, FaultCode::BadProof, out);
                return Ok(());
            }
            Said::Bridge(bridge) => bridge,
        };
        if bridge.verify(ours.size(), theirs.size(), &theirs.root()).is_err() || bridge.root == ours.root() {
            self.blame(env.now, from, FaultCode::BadProof, out);
            return Ok(());
        }
        let bridge = (ours.size() < theirs.size()).then_some(bridge);
        let proof = ForkProof::new(centre.clone(), ours.note().to_vec(), theirs.note().to_vec(), bridge);
        self.blame_author(centre, FaultCode::Forked, out);
        self.keep(env.now, proof, out);
        self.not_of_our_branch(env, centre, from, &theirs, out)
    }

    /// What this station holds of a journal is another branch of it than ours: nothing of it is pulled, and what it ends is asked for.
    fn not_of_our_branch(
        &mut self,
        env: &Env<'_>,
        centre: &CentreCode,
        station: StationKey,
        head: &VerifiedHead,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        self.off_branch(env.now, centre, station);
        if self.replicate.announced.get(centre).is_some_and(|announced| announced.note == head.note()) {
            self.replicate.announced.remove(centre);
        }
        self.beside_told(env, station, centre, head, out)
    }
}
