//! The federation as it is shown.

use super::super::house::first_statement;
use super::super::{Env, Node, Stop};
use super::ballot::newest;
use crate::charter::vote::{Proposal, Vote};
use crate::charter::{CentreCard, Change, EndedTerm, Extent, Former, Link, Member, Station, renews_epoch};
use crate::desk::{
    ChangeView, Event, FederationView, FirstView, InvitedView, MAX_EVENT_BYTES, MAX_HISTORY_PAGE, MemberView, ProposalView, SaidView,
    StationView, TermView, VersionLine,
};
use crate::error::ShelfError;
use crate::journal::proof::{OnShelf, root_at};
use crate::names::{CentreCode, StationKey};
use crate::operator::Role;
use crate::shelf::{DeedRow, LinkRow};
use crate::sign::PublicKey;

/// Bytes of a key that are shown.
const KEY_SHOWN_BYTES: usize = 8;
/// Links that are told at once.
const LINKS_SHOWN: usize = 64;

impl Node {
    /// [`crate::desk::Request::Federation`].
    pub(in crate::node) fn federation(&self, env: &Env<'_>) -> Result<Event, Stop> {
        let charter = &self.charter;
        let vote = self.vote(env, charter)?;
        let deeds = env.shelf.deeds(charter.version() + 1)?;
        let mut members = charter.members().iter().map(|member| self.member_view(env, member)).collect::<Result<Vec<_>, _>>()?;
        members.extend(charter.former().iter().map(former_view));
        let proposals = self.proposals(env, &vote, &deeds)?;
        let invited = env.shelf.invites()?.into_iter().map(|row| InvitedView {
            connected: self.replicate.connected.contains(&row.station),
            id: row.id,
            centre: row.centre,
            by: row.by,
            until: row.until,
        });
        let epoch = charter.epoch();
        Ok(Event::Federation(Box::new(FederationView {
            federation: charter.federation().to_string(),
            founding: charter.founding(),
            version: charter.version(),
            digest: charter.digest(),
            voters: charter.voters().count() as u64,
            quorum: charter.quorum(),
            quorum_chosen: charter.is_quorum_chosen(),
            settled: charter.settled(),
            epoch: epoch.number,
            pepper: epoch.pepper,
            epoch_held: self.has_epoch(),
            frozen: self.frozen(),
            members,
            round: vote.is_open().then(|| vote.round()),
            proposals,
            invited: invited.collect(),
            forks: self.fork_views(env)?,
            conflict: self.conflict_view(env)?,
        })))
    }

    fn proposals(&self, env: &Env<'_>, vote: &Vote, deeds: &[DeedRow]) -> Result<Vec<ProposalView>, ShelfError> {
        let mut shown = Vec::new();
        for proposal in vote.proposals() {
            // Of a proposal that was repeated, the newest round is shown.
            if newest(vote, proposal.draft.digest()).is_some_and(|newest| newest.body.round == proposal.body.round) {
                shown.push(self.proposal_view(env, vote, proposal, deeds)?);
            }
        }
        Ok(shown)
    }

    fn proposal_view(&self, env: &Env<'_>, vote: &Vote, proposal: &Proposal, deeds: &[DeedRow]) -> Result<ProposalView, ShelfError> {
        let digest = proposal.draft.digest();
        let said = |centre: &CentreCode, approved, reason| SaidView { centre: centre.clone(), approved, reason };
        let approved = proposal.approvals.iter().map(|approval| said(&approval.centre, true, None));
        let agreed = |centre: &CentreCode| proposal.approvals.iter().any(|approval| approval.centre == *centre);
        let rejected = proposal.rejections.iter().filter(|(centre, _)| !agreed(centre));
        let rejected = rejected.map(|(centre, reason)| said(centre, false, Some(reason.clone())));
        let firsts = deeds.iter().filter(|deed| deed.digest == digest).map(|deed| first_view(env, deed)).collect::<Result<Vec<_>, _>>()?;
        let ours = firsts.first().map(|first| (first.operator.clone(), first.approve));
        let barred = vote.may_approve(&self.centre, proposal.body.round, digest).err();
        Ok(ProposalView {
            proposal: digest,
            version: proposal.draft.version(),
            round: proposal.body.round,
            by: proposal.place.centre.clone(),
            at: proposal.at,
            reason: proposal.body.reason.clone(),
            changes: proposal.body.changes.iter().map(|change| self.judged_view(env, change)).collect::<Result<_, _>>()?,
            voters: proposal.draft.members().iter().filter(|member| member.votes()).count() as u64,
            said: approved.chain(rejected).collect(),
            approved: proposal.approvals.len() as u64,
            quorum: self.charter.quorum(),
            epoch_opens: self.epoch_opens(env, proposal)?,
            ours,
            firsts,
            barred: barred.map(|barred| format!("{barred:?}").to_lowercase()),
        })
    }

    /// A change as it is shown before the vote: with whether our copy of a journal agrees with how far it is to count.
    fn judged_view(&self, env: &Env<'_>, change: &Change) -> Result<ChangeView, ShelfError> {
        let counts = match change {
            Change::Remove { centre, counts } | Change::Suspend { centre, counts } => Some((centre, counts)),
            Change::Rotate { card, counts } => Some((&card.centre, counts)),
            Change::Add { .. }
            | Change::Restore { .. }
            | Change::Stations { .. }
            | Change::Quorum { .. }
            | Change::Witnesses { .. }
            | Change::Epoch { .. } => None,
        };
        let agrees = counts.map(|(centre, counts)| Self::agrees(env, centre, counts)).transpose()?.flatten();
        Ok(ChangeView { agrees, ..change_view(change) })
    }

    fn agrees(env: &Env<'_>, centre: &CentreCode, counts: &Extent) -> Result<Option<bool>, ShelfError> {
        if env.shelf.journal(centre)?.size < counts.size {
            return Ok(None);
        }
        let root = root_at(&OnShelf { shelf: env.shelf, centre }, counts.size).map_err(|e| ShelfError::Damaged(e.to_string()))?;
        Ok(Some(root == counts.root))
    }

    fn member_view(&self, env: &Env<'_>, member: &Member) -> Result<MemberView, ShelfError> {
        let mut stations: Vec<&Station> = member.stations.iter().collect();
        stations.sort_by_key(|station| !station.writer);
        let connected = |station: &StationKey| self.replicate.connected.contains(station);
        Ok(MemberView {
            centre: member.centre.clone(),
            name: member.name.clone(),
            role: member.role.code().to_owned(),
            witness: self.charter.witnesses().contains(&member.centre),
            term: member.term,
            ended: member.ended.iter().map(term_view).collect(),
            key: shown_key(&member.signing),
            begun: first_statement(env, &member.centre)?,
            stations: stations
                .into_iter()
                .map(|s| StationView { station: s.key, addresses: s.addresses.clone(), writer: s.writer, connected: connected(&s.key) })
                .collect(),
        })
    }

    /// [`crate::desk::Request::CharterLinks`].
    pub(in crate::node) fn charter_links(env: &Env<'_>, after: u64) -> Result<Event, Stop> {
        let mut links = Vec::new();
        let mut bytes = 0;
        for row in env.shelf.charter_links(after, LINKS_SHOWN)? {
            bytes += 2 * row.link.len();
            if bytes > MAX_EVENT_BYTES / 2 && !links.is_empty() {
                return Ok(Event::CharterLinks { links, more: true });
            }
            links.push(hex::encode(row.link));
        }
        let more = links.len() == LINKS_SHOWN;
        Ok(Event::CharterLinks { links, more })
    }

    /// [`crate::desk::Request::FederationHistory`].
    pub(in crate::node) fn federation_history(&self, env: &Env<'_>, before: Option<u64>, limit: usize) -> Result<Event, Stop> {
        let limit = limit.clamp(1, MAX_HISTORY_PAGE);
        let end = before.unwrap_or(u64::MAX).min(self.charter.version() + 1);
        let first = end.saturating_sub(limit as u64).max(2);
        let rows = env.shelf.charter_links(first - 1, limit)?;
        let rows = rows.into_iter().filter(|row| row.version < end);
        let mut versions = rows.map(version_line).collect::<Result<Vec<_>, _>>()?;
        versions.reverse();
        if let Some(conflict) = self.conflict_view(env)?
            && let Some(line) = versions.iter_mut().find(|line| line.version == conflict.version)
        {
            line.conflict = Some(conflict);
        }
        Ok(Event::Versions { versions, more: first > 2 })
    }
}

fn first_view(env: &Env<'_>, deed: &DeedRow) -> Result<FirstView, ShelfError> {
    let who = env.shelf.operator(&deed.by)?.filter(|who| who.disabled.is_none());
    Ok(FirstView { operator: deed.by.clone(), approve: deed.approve, security: who.is_some_and(|who| who.role == Role::Security) })
}

fn version_line(row: LinkRow) -> Result<VersionLine, ShelfError> {
    let link = Link::decode(&row.link).map_err(|e| ShelfError::Damaged(format!("charter version {}: {e}", row.version)))?;
    let approved = link.approvals.iter().map(|approval| approval.centre.clone()).collect();
    let changes = link.changes.iter().map(change_view).collect();
    let epoch = renews_epoch(&link.changes);
    Ok(VersionLine { version: row.version, digest: row.digest, at: row.at, changes, epoch, approved, conflict: None })
}

fn former_view(former: &Former) -> MemberView {
    let last = former.ended.last();
    MemberView {
        centre: former.centre.clone(),
        name: former.name.clone(),
        role: "former".to_owned(),
        witness: false,
        term: last.map_or(0, |term| term.term),
        ended: former.ended.iter().map(term_view).collect(),
        key: last.map(|term| shown_key(&term.signing)).unwrap_or_default(),
        begun: None,
        stations: Vec::new(),
    }
}

fn term_view(term: &EndedTerm) -> TermView {
    TermView { term: term.term, rows: term.counts.size }
}

fn shown_key(key: &PublicKey) -> String {
    hex::encode(key.0.get(..KEY_SHOWN_BYTES).unwrap_or_default())
}

/// One change, for people.
fn change_view(change: &Change) -> ChangeView {
    let card: Option<&CentreCard> = match change {
        Change::Add { card, .. } | Change::Rotate { card, .. } => Some(card),
        Change::Remove { .. }
        | Change::Suspend { .. }
        | Change::Restore { .. }
        | Change::Stations { .. }
        | Change::Quorum { .. }
        | Change::Witnesses { .. }
        | Change::Epoch { .. } => None,
    };
    let rows = match change {
        Change::Remove { counts, .. } | Change::Suspend { counts, .. } | Change::Rotate { counts, .. } => Some(counts.size),
        Change::Add { .. }
        | Change::Restore { .. }
        | Change::Stations { .. }
        | Change::Quorum { .. }
        | Change::Witnesses { .. }
        | Change::Epoch { .. } => None,
    };
    let detail = match change {
        Change::Add { card, role } => Some(format!("{} {}", role.code(), card.addresses.join(" "))),
        Change::Rotate { card, .. } => Some(card.addresses.join(" ")),
        Change::Stations { stations, .. } => Some(stations.iter().map(|s| s.addresses.join(" ")).collect::<Vec<_>>().join(" · ")),
        Change::Quorum { quorum } => Some(quorum.map_or_else(|| "default".to_owned(), |quorum| quorum.to_string())),
        Change::Witnesses { centres, settled } => {
            let names: Vec<&str> = centres.iter().map(CentreCode::as_str).collect();
            let settled = settled.unwrap_or_else(|| crate::charter::default_settled(centres.len() as u64));
            Some(format!("{settled}/{} {}", centres.len(), names.join(" ")))
        }
        Change::Epoch { pepper } => pepper.then(|| "pepper".to_owned()),
        Change::Remove { .. } | Change::Suspend { .. } | Change::Restore { .. } => None,
    };
    ChangeView {
        change: change.code().to_owned(),
        centre: change.centre().cloned(),
        name: card.map(|card| card.name.clone()),
        fingerprint: card.map(CentreCard::fingerprint),
        rows,
        agrees: None,
        detail,
    }
}
