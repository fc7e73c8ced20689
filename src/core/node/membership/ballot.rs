//! What our centre says about the next version: its people propose and answer, its peer does what follows from that by itself.
//!
//! An answer binds the centre, so two people give it, one of them the security administrator; the first is remembered until the second
//! says the same. Without people the peer promises a round that somebody opens, repeats in a later round the approval of what was approved
//! before, and puts forward what was asked for once a quorum has promised.

use super::super::audit::{DONE, Told};
use super::super::{Effect, Env, Node, Stop, publish};
use crate::audit::AuditAction;
use crate::charter::vote::{
    Approved, Copies, CopyFor, MAX_COPIES_IN_ROW, MAX_ROUNDS, Promised, Proposal, Proposed, Rejected, Repeat, Said, SealedCopies, Vote,
    is_reason,
};
use crate::charter::{Change, Charter, CharterError, Draft, EpochSecrets, Extent, Role, Station, renews_epoch, renews_pepper};
use crate::desk::{ANSWERING, Event, FederationAct, Wish};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::journal::proof::{OnShelf, root_at};
use crate::journal::{Entry, Kind, Statement};
use crate::names::{CentreCode, Digest};
use crate::operator::{ProvenAct, Role as Duty};
use crate::seal::SUITE;
use crate::shelf::{CharterWrite, DeedRow, Write};
use crate::time::{HOUR_MS, Time};

/// How long after a promise of ours the next one is given, in milliseconds: whoever opens rounds for nothing shall not use them up.
pub const PROMISE_EVERY_MS: i64 = HOUR_MS;

/// Who may ask for what. That two people are needed is asked where the first is known.
pub(in crate::node) const fn roles(act: &FederationAct) -> &'static [Duty] {
    match act {
        FederationAct::Propose { .. } | FederationAct::NextRound { .. } | FederationAct::Invite { .. } | FederationAct::Uninvite { .. } => {
            &[Duty::Security]
        }
        FederationAct::Answer { .. } => ANSWERING,
    }
}

/// What a row of the audit log says.
pub(in crate::node) fn about(act: &FederationAct) -> (AuditAction, String) {
    match act {
        FederationAct::Propose { wishes, .. } => (AuditAction::CharterPropose, wishes.iter().map(code).collect::<Vec<_>>().join(" ")),
        FederationAct::Answer { proposal, approve, .. } => {
            (if *approve { AuditAction::CharterApprove } else { AuditAction::CharterReject }, proposal.to_string())
        }
        FederationAct::NextRound { proposal } => (AuditAction::CharterRound, proposal.to_string()),
        FederationAct::Invite { card, .. } => (AuditAction::FederationInvite, card.centre.to_string()),
        FederationAct::Uninvite { id } => (AuditAction::FederationInvite, id.to_string()),
    }
}

const fn code(wish: &Wish) -> &'static str {
    match wish {
        Wish::Add { .. } => "add",
        Wish::Remove { .. } => "remove",
        Wish::Suspend { .. } => "suspend",
        Wish::Restore { .. } => "restore",
        Wish::RotateKeys { .. } => "rotate-keys",
        Wish::SetAddress { .. } | Wish::AddStation { .. } | Wish::DropStation { .. } => "set-address",
        Wish::SetQuorum { .. } => "set-quorum",
        Wish::SetWitnesses { .. } => "set-witnesses",
        Wish::RotateEpoch { .. } => "rotate-epoch",
    }
}

fn invalid(error: &CharterError) -> Stop {
    Refusal::about(RefusalCode::ProposalInvalid, error.to_string()).into()
}

impl Node {
    /// [`crate::desk::Act::Federation`].
    pub(in crate::node) fn federation_act(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        asked: &FederationAct,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        match asked {
            FederationAct::Propose { wishes, reason } => self.propose_version(env, act, wishes, reason, out),
            FederationAct::Answer { proposal, approve, reason } => self.answer_proposal(env, act, (*proposal, *approve, reason), out),
            FederationAct::NextRound { proposal } => self.next_round(env, act, *proposal, out),
            FederationAct::Invite { card, valid_ms } => self.invite(env, act, card, *valid_ms, out),
            FederationAct::Uninvite { id } => self.uninvite(env, act, id, out),
        }
    }

    /// Only who votes has a say, and nobody while two successors of one version are known.
    fn may_vote(&self) -> Result<(), Stop> {
        if self.membership.frozen.is_some() {
            return Err(RefusalCode::CharterFrozen.into());
        }
        let votes = self.charter.member(&self.centre).is_some_and(crate::charter::Member::votes);
        if !votes {
            return Err(RefusalCode::NotAVoter.into());
        }
        self.may_write().map_err(Stop::from)
    }

    fn propose_version(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        wishes: &[Wish],
        reason: &str,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_vote()?;
        if !is_reason(reason) || reason.trim().is_empty() {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "reason").into());
        }
        let leaves = |wish: &Wish| matches!(wish, Wish::Remove { centre, .. } | Wish::Suspend { centre, .. } if *centre == self.centre);
        if wishes.iter().any(leaves) {
            // The proposal and the copies of the epoch would stand in rows that the version itself makes void.
            return Err(Refusal::about(RefusalCode::ProposalInvalid, self.centre.as_str()).into());
        }
        let vote = self.vote(env, &self.charter)?;
        if vote.is_open() {
            let open = vote.proposals().next().map(|proposal| proposal.draft.digest().to_string()).unwrap_or_default();
            return Err(Refusal::about(RefusalCode::ProposalOpen, open).into());
        }
        let changes = wishes.iter().map(|wish| self.change(env, wish)).collect::<Result<Vec<_>, _>>()?;
        let (draft, mut entries, copies) = self.drafted(env, &changes)?;
        let proposed = Proposed {
            suite: SUITE.to_owned(),
            version: draft.version(),
            previous: self.charter.digest(),
            round: 0,
            commitment: copies.as_ref().map(|_| draft.epoch().commitment),
            changes,
            copies,
            promises: Vec::new(),
            reason: reason.to_owned(),
        };
        entries.push(said(env, Said::Proposed(Box::new(proposed)))?);
        self.append(env, entries, out)?;
        let by = act.operator().name.clone();
        let deed = DeedRow { version: draft.version(), digest: draft.digest(), approve: true, reason: reason.to_owned(), by, at: env.now };
        out.push(Effect::Write(Write::Charter(CharterWrite::Deed(deed))));
        let (action, what) = about(&FederationAct::Propose { wishes: wishes.to_vec(), reason: String::new() });
        self.tell(env, Some(act), vec![Told::new(action, what, DONE)], out)?;
        Ok(Event::Proposed { proposal: draft.digest(), version: draft.version() })
    }

    /// What comes of changes, with the rows that carry a new epoch, if they need one.
    fn drafted(&self, env: &mut Env<'_>, changes: &[Change]) -> Result<(Draft, Vec<Entry>, Option<Copies>), Stop> {
        if !renews_epoch(changes) {
            return Ok((self.charter.draft(changes, None).map_err(|e| invalid(&e))?, Vec::new(), None));
        }
        let current = self.secrets.as_ref().filter(|_| self.has_epoch()).ok_or(RefusalCode::EpochUnknown)?;
        let secrets = current.next(env.rng, renews_pepper(changes));
        let commitment = secrets.commitment(self.charter.federation());
        let draft = self.charter.draft(changes, Some(commitment)).map_err(|e| invalid(&e))?;
        let entries = sealed_rows(env, &self.charter, &draft, &secrets)?;
        let from = env.shelf.journal(&self.centre)?.size;
        let copies = Copies { centre: self.centre.clone(), from, rows: entries.len() as u64 };
        Ok((draft, entries, Some(copies)))
    }

    fn change(&self, env: &Env<'_>, wish: &Wish) -> Result<Change, Stop> {
        Ok(match wish {
            Wish::Add { card, observer } => Change::Add { card: card.clone(), role: if *observer { Role::Observer } else { Role::Member } },
            Wish::Remove { centre, rows } => Change::Remove { centre: centre.clone(), counts: self.extent(env, centre, *rows)? },
            Wish::Suspend { centre, rows } => Change::Suspend { centre: centre.clone(), counts: self.extent(env, centre, *rows)? },
            Wish::Restore { centre } => Change::Restore { centre: centre.clone() },
            Wish::RotateKeys { card, rows } => Change::Rotate { card: card.clone(), counts: self.extent(env, &card.centre, *rows)? },
            Wish::SetAddress { centre, station, addresses } => self.altered_stations(centre, |stations| {
                let wanted = stations.iter_mut().find(|s| station.map_or(s.writer, |key| s.key == key));
                wanted.map(|wanted| wanted.addresses.clone_from(addresses))
            })?,
            Wish::AddStation { centre, station, addresses } => self.altered_stations(centre, |stations| {
                stations.push(Station { key: *station, addresses: addresses.clone(), writer: false });
                Some(())
            })?,
            Wish::DropStation { centre, station } => self.altered_stations(centre, |stations| {
                let before = stations.len();
                stations.retain(|s| s.key != *station || s.writer);
                (stations.len() < before).then_some(())
            })?,
            Wish::SetQuorum { quorum } => Change::Quorum { quorum: *quorum },
            Wish::SetWitnesses { centres, settled } => Change::Witnesses { centres: centres.clone(), settled: *settled },
            Wish::RotateEpoch { pepper } => Change::Epoch { pepper: *pepper },
        })
    }

    fn altered_stations(&self, centre: &CentreCode, alter: impl FnOnce(&mut Vec<Station>) -> Option<()>) -> Result<Change, Stop> {
        let member = self.charter.member(centre).ok_or_else(|| invalid(&CharterError::NotAMember(centre.clone())))?;
        let mut stations = member.stations.clone();
        alter(&mut stations).ok_or_else(|| Refusal::about(RefusalCode::RequestInvalid, "station"))?;
        Ok(Change::Stations { centre: centre.clone(), stations })
    }

    /// How far a journal shall count: all of it that is held here, or the first so many rows.
    fn extent(&self, env: &Env<'_>, centre: &CentreCode, rows: Option<u64>) -> Result<Extent, Stop> {
        let held = env.shelf.journal(centre)?.size;
        let size = rows.unwrap_or(held);
        if size > held {
            return Err(Refusal::about(RefusalCode::RequestInvalid, format!("{size} > {held}")).into());
        }
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, size).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        Ok(Extent { size, root })
    }

    fn answer_proposal(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (digest, approve, reason): (Digest, bool, &str),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        self.may_vote()?;
        if !is_reason(reason) || reason.trim().is_empty() {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "reason").into());
        }
        let vote = self.vote(env, &self.charter)?;
        let proposal = newest(&vote, digest).ok_or(RefusalCode::ProposalUnknown)?;
        if approve {
            self.may_approve(env, &vote, proposal)?;
        }
        let version = proposal.draft.version();
        let (action, what) = about(&FederationAct::Answer { proposal: digest, approve, reason: String::new() });
        let first = env.shelf.deeds(version)?.into_iter().find(|deed| deed.digest == digest && deed.approve == approve);
        let Some(first) = first.filter(|first| first.by != act.operator().name) else {
            let by = act.operator().name.clone();
            let deed = DeedRow { version, digest, approve, reason: reason.to_owned(), by, at: env.now };
            out.push(Effect::Write(Write::Charter(CharterWrite::Deed(deed))));
            self.tell(env, Some(act), vec![Told::new(action, what, "first")], out)?;
            return Ok(Event::Answered { proposal: digest, approve, complete: false });
        };
        let first_duty = env.shelf.operator(&first.by)?.filter(|operator| operator.disabled.is_none()).map(|operator| operator.role);
        if act.operator().role != Duty::Security && first_duty != Some(Duty::Security) {
            return Err(Refusal::about(RefusalCode::RoleMissing, Duty::Security.code()).into());
        }
        let word = if approve { self.approval(&proposal.draft, proposal.body.round) } else { rejection(proposal, &first.reason) };
        let entry = said(env, word)?;
        self.append(env, vec![entry], out)?;
        out.push(Effect::Write(Write::Charter(CharterWrite::DeedDone { version, digest })));
        self.tell(env, Some(act), vec![Told::new(action, what, DONE)], out)?;
        Ok(Event::Answered { proposal: digest, approve, complete: true })
    }

    fn approval(&self, draft: &Draft, round: u64) -> Said {
        let signature = draft.approve(self.centre.clone(), round, &self.keys.signing).signature;
        Said::Approved(Approved { suite: SUITE.to_owned(), version: draft.version(), round, digest: draft.digest(), signature })
    }

    /// Whether our journal allows it, and our copy of a new epoch opens to what is proposed.
    fn may_approve(&self, env: &Env<'_>, vote: &Vote, proposal: &Proposal) -> Result<(), Stop> {
        let digest = proposal.draft.digest();
        vote.may_approve(&self.centre, proposal.body.round, digest)
            .map_err(|barred| Refusal::about(RefusalCode::VoteBound, format!("{barred:?}").to_lowercase()))?;
        match self.epoch_opens(env, proposal)? {
            Some(false) => Err(RefusalCode::EpochUnopened.into()),
            Some(true) | None => Ok(()),
        }
    }

    /// Whether our copy of the epoch that is proposed opens to what the proposal commits to, and goes on from the one we have. Nothing
    /// when it proposes none, or has none for us because we leave.
    pub(super) fn epoch_opens(&self, env: &Env<'_>, proposal: &Proposal) -> Result<Option<bool>, ShelfError> {
        let Some(copies) = &proposal.body.copies else { return Ok(None) };
        if !proposal.draft.members().iter().any(|member| member.centre == self.centre && member.role != Role::Observer) {
            return Ok(None);
        }
        let Some(copy) = self.copy_among(env, copies, &self.centre)? else { return Ok(Some(false)) };
        // Whose keys are being changed has the new ones only when they count.
        let ours = |change: &Change| matches!(change, Change::Rotate { card, .. } if card.centre == self.centre);
        if proposal.body.changes.iter().any(ours) {
            return Ok(None);
        }
        let Ok(opened) = proposal.draft.open_epoch(&self.centre, &self.keys.hybrid, &copy) else { return Ok(Some(false)) };
        let Some(current) = self.secrets.as_ref().filter(|_| self.has_epoch()) else { return Ok(Some(true)) };
        Ok(Some(opened.follows(current, renews_pepper(&proposal.body.changes))))
    }

    fn next_round(&mut self, env: &mut Env<'_>, act: &ProvenAct, digest: Digest, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        self.may_vote()?;
        let vote = self.vote(env, &self.charter)?;
        newest(&vote, digest).ok_or(RefusalCode::ProposalUnknown)?;
        let round = vote.round() + 1;
        if round >= MAX_ROUNDS || self.promised_lately(env.now) {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let entry = self.promise(env, &vote, round)?;
        self.append(env, vec![entry], out)?;
        self.membership.opened = Some((round, digest));
        self.tell(env, Some(act), vec![Told::new(AuditAction::CharterRound, digest.to_string(), DONE)], out)?;
        Ok(Event::RoundOpened { round })
    }

    fn promised_lately(&self, now: Time) -> bool {
        self.membership.promised.is_some_and(|last| now.since(last).abs() < PROMISE_EVERY_MS)
    }

    fn promise(&mut self, env: &mut Env<'_>, vote: &Vote, round: u64) -> Result<Entry, ShelfError> {
        self.membership.promised = Some(env.now);
        let last = vote.last(&self.centre);
        said(env, Said::Promised(Promised { suite: SUITE.to_owned(), version: self.charter.version() + 1, round, last }))
    }

    /// What our peer says by itself about the next version.
    pub(in crate::node) fn membership_due(&mut self, env: &mut Env<'_>, entries: &mut Vec<Entry>) -> Result<(), ShelfError> {
        if !std::mem::take(&mut self.membership.to_answer) || self.may_vote().is_err() {
            return Ok(());
        }
        let vote = self.vote(env, &self.charter)?;
        let round = vote.round();
        if round == 0 {
            return Ok(());
        }
        let promised = vote.who_promised(round).any(|centre| *centre == self.centre);
        if !promised && vote.who_promised(round).next().is_some() {
            if self.promised_lately(env.now) {
                self.membership.to_answer = true;
            } else {
                entries.push(self.promise(env, &vote, round)?);
            }
            return Ok(());
        }
        if let Some(entry) = self.put_forward(env, &vote, round)? {
            entries.push(entry);
        }
        let approved_before = vote.last(&self.centre).filter(|last| last.round < round).map(|last| last.digest);
        if let Some(proposal) = approved_before.and_then(|digest| vote.proposal(round, digest))
            && vote.may_approve(&self.centre, round, proposal.draft.digest()).is_ok()
        {
            entries.push(said(env, self.approval(&proposal.draft, round))?);
        }
        Ok(())
    }

    /// The proposal of a round that we have opened, once a quorum has promised it.
    fn put_forward(&self, env: &mut Env<'_>, vote: &Vote, round: u64) -> Result<Option<Entry>, ShelfError> {
        let Some((_, wanted)) = self.membership.opened.filter(|(opened, _)| *opened == round) else { return Ok(None) };
        let Some((promises, repeat)) = vote.promised(round) else { return Ok(None) };
        let digest = match repeat {
            Repeat::Free => wanted,
            Repeat::Only(digest) => digest,
            Repeat::Undecided => return Ok(None),
        };
        if vote.proposal(round, digest).is_some() {
            return Ok(None);
        }
        let Some(before) = newest(vote, digest) else { return Ok(None) };
        let body = Proposed { round, promises, ..before.body.clone() };
        said(env, Said::Proposed(Box::new(body))).map(Some)
    }
}

/// The proposal of this digest in the newest round it was made in.
pub(super) fn newest(vote: &Vote, digest: Digest) -> Option<&Proposal> {
    vote.proposals().filter(|proposal| proposal.draft.digest() == digest).last()
}

fn rejection(proposal: &Proposal, reason: &str) -> Said {
    let (version, round, digest) = (proposal.draft.version(), proposal.body.round, proposal.draft.digest());
    Said::Rejected(Rejected { suite: SUITE.to_owned(), version, round, digest, reason: reason.to_owned() })
}

fn said(env: &mut Env<'_>, said: Said) -> Result<Entry, ShelfError> {
    let (kind, body) = said.to_body();
    publish::row(env, kind, &body)
}

/// Every member's copy of an epoch, as rows.
fn sealed_rows(env: &mut Env<'_>, charter: &Charter, draft: &Draft, secrets: &EpochSecrets) -> Result<Vec<Entry>, Stop> {
    let readers: Vec<_> = draft.members().iter().filter(|member| member.role != Role::Observer).collect();
    let mut entries = Vec::new();
    for some in readers.chunks(MAX_COPIES_IN_ROW) {
        let mut copies = Vec::with_capacity(some.len());
        for member in some {
            let copy = secrets.copy_for(env.rng, charter.federation(), member).map_err(|e| invalid(&e))?;
            copies.push(CopyFor { centre: member.centre.clone(), copy });
        }
        let body = SealedCopies { suite: SUITE.to_owned(), epoch: secrets.number, copies }.to_bytes();
        let entry = Statement::build(env.rng, Kind::EpochSealed, env.now, None, &body);
        entries.push(entry.map_err(|e| ShelfError::Failed(e.to_string()))?);
    }
    Ok(entries)
}
