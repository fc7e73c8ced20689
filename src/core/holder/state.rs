//! What became of the grants that were made, as far as this wallet knows: where each stands, and what is left of it.

use serde::Serialize;

use super::wallet::{GrantMade, Wallet};
use crate::certificate::CertificateBody;
use crate::grant::MAX_USES;
use crate::grant::claims::MAX_DURATION_MS;
use crate::names::GrantId;
use crate::time::{DAY_MS, Time};

/// What limits a grant. A grant always has both an end and a number of uses; the kind says which of them its holder chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// TIME: until then, as often as a grant can be used at all.
    Time,
    /// COUNT: so often, and as long as a grant can live at all.
    Count,
    /// TIME+COUNT: both were chosen.
    TimeCount,
}

impl GrantKind {
    /// What a grant of so many uses and so long a life is.
    #[must_use]
    pub const fn of(uses: u32, not_before: Time, expires: Time) -> Self {
        if uses >= MAX_USES {
            Self::Time
        } else if expires.since(not_before) > MAX_DURATION_MS - DAY_MS {
            Self::Count
        } else {
            Self::TimeCount
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Count => "count",
            Self::TimeCount => "time-count",
        }
    }
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantState {
    /// The certificate has another key since: nothing counts that the former one signed.
    KeyReplaced,
    /// Taken back, and a centre said that it has heard it.
    Revoked,
    /// Its last moment has passed.
    Expired,
    /// Every use was made that the wallet has heard of.
    UsedUp,
    /// Taken back by signature; no centre is known to have it, so it can still be used.
    RevocationUnsent,
    /// It waits at its audience's window.
    Deposited,
    /// It can be used by whoever of the audience has its text.
    Standing,
}

impl GrantState {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyReplaced => "key-replaced",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::UsedUp => "used-up",
            Self::RevocationUnsent => "revocation-unsent",
            Self::Deposited => "deposited",
            Self::Standing => "standing",
        }
    }

    /// Whether it can still be used somewhere, as far as is known.
    #[must_use]
    pub const fn lives(self) -> bool {
        match self {
            Self::KeyReplaced | Self::Revoked | Self::Expired | Self::UsedUp => false,
            Self::RevocationUnsent | Self::Deposited | Self::Standing => true,
        }
    }
}

/// What is left of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// What limits it.
    pub kind: GrantKind,
    /// Where it stands.
    pub state: GrantState,
    /// Uses left, going by the accesses that the wallet has read; nothing when it is over.
    pub uses_left: u32,
    /// Whole legal days left after today; nothing when it is over.
    pub days_left: u32,
    /// When the wallet read the accesses last; without it nothing is known of any use.
    pub uses_as_of: Option<Time>,
}

impl Wallet {
    /// What is left at `now` of a grant that was made.
    #[must_use]
    pub fn balance(&self, made: &GrantMade, now: Time) -> Balance {
        let state = self.grant_state(made, now);
        let left = if state.lives() { made.uses.saturating_sub(made.used) } else { 0 };
        let days = made.expires.legal_day().since(now.legal_day()).map_or(0, |span| span.get_days());
        let days_left = if state.lives() { u32::try_from(days).unwrap_or(0) } else { 0 };
        let kind = GrantKind::of(made.uses, made.made, made.expires);
        Balance { kind, state, uses_left: left, days_left, uses_as_of: made.used_as_of }
    }

    fn grant_state(&self, made: &GrantMade, now: Time) -> GrantState {
        let present = self.certificate(&made.number).and_then(|held| CertificateBody::parse(&held.body).ok()).map(|body| body.head.holder);
        let replaced = made.holder.is_some_and(|signed| present.is_some_and(|present| present != signed));
        if replaced {
            GrantState::KeyReplaced
        } else if made.revocation_heard.is_some() {
            GrantState::Revoked
        } else if made.expires < now {
            GrantState::Expired
        } else if made.used >= made.uses {
            GrantState::UsedUp
        } else if made.revoked.is_some() {
            GrantState::RevocationUnsent
        } else if made.deposited.is_some() {
            GrantState::Deposited
        } else {
            GrantState::Standing
        }
    }

    /// A window took the grant.
    pub fn note_deposited(&mut self, id: &GrantId, now: Time) {
        if let Some(made) = self.grant_mut(id) {
            made.deposited = Some(now);
        }
    }

    /// A centre said since when the grant no longer counts.
    pub fn note_revocation_heard(&mut self, id: &GrantId, at: Time) {
        if let Some(made) = self.grant_mut(id) {
            made.revocation_heard.get_or_insert(at);
        }
    }

    /// The accesses that were read at `now` have so many uses of the grant in them: no fewer were made, and perhaps more.
    pub fn note_uses(&mut self, id: &GrantId, uses: u32, now: Time) {
        if let Some(made) = self.grant_mut(id) {
            made.used = made.used.max(uses);
            made.used_as_of = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::CertificateKind;
    use crate::certificate::tests::NOW;
    use crate::holder::tests::{World, world};
    use crate::holder::{receive, revoke};
    use crate::time::SECOND_MS;

    fn granted(uses: u32, days: i64) -> (World, GrantId) {
        let mut world = world(CertificateKind::CrossRegionLoan, 61);
        let mut request = world.request(&["name"]);
        request.uses = uses;
        request.expires = Time::end_of_legal_day(NOW.plus_ms(days * DAY_MS).legal_day());
        world.grant(&request).unwrap();
        let id = world.wallet.grants()[0].id;
        (world, id)
    }

    fn balance(world: &World, now: Time) -> Balance {
        world.wallet.balance(&world.wallet.grants()[0], now)
    }

    #[test]
    fn a_grant_goes_from_standing_over_deposited_and_taken_back_to_heard_and_its_balance_with_it() {
        let (mut world, id) = granted(3, 4);
        let left = balance(&world, NOW);
        assert_eq!((left.state, left.uses_left, left.days_left, left.uses_as_of), (GrantState::Standing, 3, 4, None));
        world.wallet.note_deposited(&id, NOW);
        assert_eq!(balance(&world, NOW).state, GrantState::Deposited);
        world.wallet.note_uses(&id, 2, NOW);
        world.wallet.note_uses(&id, 1, NOW.plus_ms(1));
        let left = balance(&world, NOW.plus_ms(DAY_MS));
        assert_eq!((left.uses_left, left.days_left, left.uses_as_of), (1, 3, Some(NOW.plus_ms(1))), "no use is unmade");
        revoke(&mut world.wallet, NOW, &id).unwrap();
        assert_eq!((balance(&world, NOW).state, balance(&world, NOW).uses_left), (GrantState::RevocationUnsent, 1));
        world.wallet.note_revocation_heard(&id, NOW);
        let left = balance(&world, NOW);
        assert_eq!((left.state, left.uses_left, left.days_left), (GrantState::Revoked, 0, 0));
        assert!(GrantState::Deposited.lives() && !left.state.lives());
    }

    #[test]
    fn a_grant_is_used_up_and_expires_on_its_last_second_and_not_before() {
        let (mut world, id) = granted(2, 0);
        let end = world.wallet.grants()[0].expires;
        assert_eq!((balance(&world, end).state, balance(&world, end).days_left), (GrantState::Standing, 0));
        assert_eq!(balance(&world, end.plus_ms(1)).state, GrantState::Expired);
        world.wallet.note_uses(&id, 2, NOW);
        assert_eq!(balance(&world, NOW).state, GrantState::UsedUp);
    }

    #[test]
    fn what_a_former_key_signed_is_void_once_the_certificate_was_bound_anew() {
        let (mut world, _) = granted(2, 4);
        let (body, _) = world.issue(CertificateKind::CrossRegionLoan, world.number.clone());
        receive(&mut world.wallet, NOW.plus_ms(SECOND_MS), &body, b"evidence", &world.issuer).unwrap();
        assert_eq!(balance(&world, NOW.plus_ms(SECOND_MS)).state, GrantState::KeyReplaced);
        assert_eq!(world.wallet.certificates().len(), 1);
        let first = world.body.clone();
        let refused = receive(&mut world.wallet, NOW.plus_ms(2 * SECOND_MS), &first, b"evidence", &world.issuer).unwrap_err();
        assert_eq!(refused.code, crate::error::RefusalCode::HolderMismatch, "the former one does not come back");
        assert_eq!(world.wallet.certificates()[0].body, body);
    }

    #[test]
    fn the_kind_of_a_grant_is_which_of_its_limits_is_not_the_longest_there_is() {
        let kind = |uses, days: i64| GrantKind::of(uses, NOW, Time::end_of_legal_day(NOW.plus_ms(days * DAY_MS).legal_day()));
        assert_eq!(kind(MAX_USES, 3), GrantKind::Time);
        assert_eq!(kind(3, 29), GrantKind::Count);
        assert_eq!(kind(3, 3), GrantKind::TimeCount);
        assert_eq!(kind(1, 0), GrantKind::TimeCount);
    }

    #[test]
    fn a_wallet_of_before_states_were_kept_is_read() {
        let (world, _) = granted(2, 4);
        let mut json: serde_json::Value = serde_json::from_slice(&world.wallet.to_json()).unwrap();
        for field in ["holder", "used", "deposited", "used_as_of", "revocation_heard"] {
            json["grants"][0].as_object_mut().unwrap().remove(field);
        }
        let read = Wallet::from_json(json.to_string().as_bytes()).unwrap();
        assert_eq!(read.balance(&read.grants()[0], NOW).state, GrantState::Standing);
    }
}
