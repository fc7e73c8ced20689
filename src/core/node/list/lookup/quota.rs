//! How many lookups a day allows: for each operator, for the centre, and for screenings. Whoever holds the federation's pepper can try
//! numbers without asking anybody; who only has an account here can try no more than this, and is seen doing it.

use super::super::super::{Effect, Env, Node};
use crate::error::ShelfError;
use crate::listing::Day;
use crate::operator::OperatorName;
use crate::shelf::{ListWrite, Write};

/// Under this name the applicants of screenings are counted; no account may have it.
pub(in crate::node) const SCREENED: &str = "applicants.of.screenings";

impl Node {
    /// Counts `asked` attempts and says how many of them may be made. What is beyond the quota is counted too, but an operator who has
    /// used up their own takes nothing from the others.
    pub(super) fn take_quota(
        &self,
        env: &Env<'_>,
        operator: &OperatorName,
        screening: bool,
        asked: u64,
        out: &mut Vec<Effect>,
    ) -> Result<u64, ShelfError> {
        if asked == 0 {
            return Ok(0);
        }
        let (settings, day) = (&self.settings.blacklist, Day::of(env.now));
        let mut granted = asked;
        let counters = if screening {
            vec![(screened(), settings.screened_per_centre)]
        } else {
            vec![(Some(operator.clone()), settings.lookups_per_operator), (None, settings.lookups_per_centre)]
        };
        for (operator, limit) in counters {
            let used = env.shelf.used(day, operator.as_ref())?;
            out.push(Effect::Write(Write::List(ListWrite::Used { day, operator, used: used.saturating_add(asked) })));
            granted = granted.min(limit.saturating_sub(used));
            if granted == 0 {
                break;
            }
        }
        Ok(granted)
    }

    /// How many more may be made today.
    pub(super) fn quota_left(&self, env: &Env<'_>, operator: &OperatorName, screening: bool) -> Result<u64, ShelfError> {
        let (settings, day) = (&self.settings.blacklist, Day::of(env.now));
        if screening {
            return Ok(settings.screened_per_centre.saturating_sub(env.shelf.used(day, screened().as_ref())?));
        }
        let own = settings.lookups_per_operator.saturating_sub(env.shelf.used(day, Some(operator))?);
        Ok(own.min(settings.lookups_per_centre.saturating_sub(env.shelf.used(day, None)?)))
    }

    /// Whether somebody has used up as much of a quota today as sets off the alarm.
    pub(in crate::node) fn quota_alarm(&self, env: &Env<'_>) -> Result<bool, ShelfError> {
        let (settings, day) = (&self.settings.blacklist, Day::of(env.now));
        let much = |used: u64, limit: u64| used > 0 && used.saturating_mul(100) >= limit.saturating_mul(u64::from(settings.alarm_percent));
        if much(env.shelf.used(day, None)?, settings.lookups_per_centre)
            || much(env.shelf.used(day, screened().as_ref())?, settings.screened_per_centre)
        {
            return Ok(true);
        }
        for operator in env.shelf.operators()? {
            if much(env.shelf.used(day, Some(&operator.name))?, settings.lookups_per_operator) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn screened() -> Option<OperatorName> {
    OperatorName::new(SCREENED).ok()
}
