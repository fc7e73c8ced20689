//! Candidates: a centre that no charter names yet may connect and ask for the charter that will name it, and for nothing else.
//!
//! An invitation is this centre's own affair: it lets one station, that of the candidate's card, connect with this peer for a while. What
//! makes a member of it is a version of the charter, which others vote on.

use super::super::audit::{DONE, Told};
use super::super::{Effect, Env, Node, Stop};
use super::EPOCH_OVERLAP_MS;
use crate::audit::AuditAction;
use crate::charter::{CentreCard, Charter, Door, Invitation, Member, Station};
use crate::desk::Event;
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::names::{CentreCode, RequestId, StationKey};
use crate::operator::ProvenAct;
use crate::seal::SUITE;
use crate::shelf::{CharterWrite, InviteRow, Write};
use crate::time::{DAY_MS, Time};

/// Most invitations at once.
pub const MAX_INVITES: usize = 32;
/// Longest time an invitation holds, in milliseconds.
pub const MAX_INVITE_MS: i64 = 60 * DAY_MS;

/// A station that may connect, and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Its key.
    pub station: StationKey,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// The candidate it belongs to; nothing for a station of the charter.
    pub candidate: Option<(CentreCode, Time)>,
}

impl Node {
    /// Every station that may connect with this one: those of the charter, and invited ones.
    pub(in crate::node) fn admitted(&self) -> Vec<Admitted> {
        let own = self.keys.station_key();
        let stations = self.charter.members().iter().flat_map(|member| &member.stations).filter(|station| station.key != own);
        let stations = stations.map(|s| Admitted { station: s.key, addresses: s.addresses.clone(), candidate: None });
        stations.chain(self.membership.admitted.iter().cloned()).chain(self.membership.leaving.iter().cloned()).collect()
    }

    /// Stations that the next version does not name, of centres that it does, are let in for the chain a little longer.
    pub(super) fn stations_leave(&mut self, now: Time, next: &Charter) {
        let until = now.plus_ms(EPOCH_OVERLAP_MS);
        let stays = |member: &&Member| next.member(&member.centre).is_some();
        let all = self.charter.members().iter().filter(stays).flat_map(|member| member.stations.iter().map(move |s| (&member.centre, s)));
        let gone = all.filter(|(_, station)| next.station(&station.key).is_none() && station.key != self.keys.station_key());
        let leaving = |(centre, s): (&CentreCode, &Station)| {
            let candidate = Some((centre.clone(), until));
            Admitted { station: s.key, addresses: s.addresses.clone(), candidate }
        };
        let leaving: Vec<_> = gone.map(leaving).collect();
        self.membership.leaving.retain(|left| next.station(&left.station).is_none());
        self.membership.leaving.extend(leaving);
    }

    pub(super) fn invites_started(&mut self, env: &Env<'_>) -> Result<(), ShelfError> {
        let rows = env.shelf.invites()?.into_iter().filter(|row| row.until > env.now && self.charter.member(&row.centre).is_none());
        let admitted =
            |row: InviteRow| Admitted { station: row.station, addresses: row.addresses, candidate: Some((row.centre, row.until)) };
        self.membership.admitted = rows.map(admitted).collect();
        Ok(())
    }

    /// Invitations that are over: their time has come, or the charter names the candidate.
    pub(super) fn invites_tick(&mut self, env: &Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let over = |admitted: &Admitted| {
            admitted.candidate.as_ref().is_some_and(|(centre, until)| *until <= env.now || self.charter.member(centre).is_some())
        };
        let left = |admitted: &Admitted| admitted.candidate.as_ref().is_none_or(|(_, until)| *until <= env.now);
        if self.membership.leaving.iter().any(left) {
            self.membership.leaving.retain(|admitted| !left(admitted));
            out.push(Effect::Admit(self.admitted()));
        }
        if !self.membership.admitted.iter().any(over) {
            return Ok(());
        }
        for row in env.shelf.invites()? {
            if row.until <= env.now || self.charter.member(&row.centre).is_some() {
                out.push(Effect::Write(Write::Charter(CharterWrite::InviteOver(row.id))));
            }
        }
        self.invites_started(env)?;
        out.push(Effect::Admit(self.admitted()));
        Ok(())
    }

    /// The centre of a station that may ask for the chain, and for nothing else.
    pub(in crate::node) fn invited_centre(&self, station: &StationKey) -> Option<CentreCode> {
        let mut all = self.membership.admitted.iter().chain(&self.membership.leaving);
        let admitted = all.find(|admitted| admitted.station == *station)?;
        admitted.candidate.as_ref().map(|(centre, _)| centre.clone())
    }

    pub(super) fn invite(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        card: &CentreCard,
        valid_ms: i64,
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        if !(1..=MAX_INVITE_MS).contains(&valid_ms) {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "valid").into());
        }
        if self.charter.member(&card.centre).is_some() || self.charter.station(&card.station).is_some() {
            return Err(Refusal::about(RefusalCode::ProposalInvalid, card.centre.to_string()).into());
        }
        if self.membership.admitted.len() >= MAX_INVITES {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let mut id = RequestId([0; 16]);
        env.rng.fill_bytes(&mut id.0);
        let until = env.now.plus_ms(valid_ms);
        // Whoever may not write has nothing to sign with either.
        self.may_write()?;
        let by = act.operator().name.clone();
        let (centre, station, addresses) = (card.centre.clone(), card.station, card.addresses.clone());
        let row = InviteRow { id, centre: centre.clone(), station, addresses: addresses.clone(), by, until };
        // One invitation of a candidate at a time: the newest.
        for old in env.shelf.invites()?.into_iter().filter(|old| old.centre == centre) {
            out.push(Effect::Write(Write::Charter(CharterWrite::InviteOver(old.id))));
        }
        out.push(Effect::Write(Write::Charter(CharterWrite::Invited(row))));
        self.tell(env, Some(act), vec![Told::new(AuditAction::FederationInvite, centre.to_string(), DONE)], out)?;
        self.membership.admitted.retain(|a| a.candidate.as_ref().is_none_or(|(c, _)| *c != centre));
        self.membership.admitted.push(Admitted { station, addresses, candidate: Some((centre.clone(), until)) });
        out.push(Effect::Admit(self.admitted()));
        let own = self.charter.member(&self.centre).into_iter().flat_map(|member| &member.stations);
        let invitation = Invitation {
            suite: SUITE.to_owned(),
            id,
            federation: self.charter.founding(),
            inviter: self.centre.clone(),
            candidate: centre,
            card: card.fingerprint(),
            until,
            stations: own.map(|s| Door { station: s.key, addresses: s.addresses.clone() }).collect(),
        };
        let signature = invitation.sign(&self.keys.signing);
        Ok(Event::Invited { invitation: Box::new(invitation), signature })
    }

    pub(super) fn uninvite(&mut self, env: &mut Env<'_>, act: &ProvenAct, id: &RequestId, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let row = env.shelf.invites()?.into_iter().find(|row| row.id == *id).ok_or(RefusalCode::InvitationUnknown)?;
        out.push(Effect::Write(Write::Charter(CharterWrite::InviteOver(*id))));
        self.tell(env, Some(act), vec![Told::new(AuditAction::FederationInvite, row.centre.to_string(), "over")], out)?;
        self.membership.admitted.retain(|admitted| admitted.station != row.station);
        out.push(Effect::Admit(self.admitted()));
        Ok(Event::Done)
    }
}
