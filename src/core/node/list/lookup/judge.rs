//! What the lists held here say of a subject.
//!
//! A listing that was found is read from its author's own row: what the row's body says must be what the index says, and the finding
//! must open under the subject's key for this place. Where that fails the centre says nothing, which is never "not listed".

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::{Env, Node};
use crate::desk::{CentreAnswer, Doubt, Hit, Verdict};
use crate::error::ShelfError;
use crate::journal::frame::FRAME_BUDGET_BYTES;
use crate::journal::{Entry, Kind};
use crate::listing::finding::Place;
use crate::listing::objected::OBJECTIONS_PER_DAY;
use crate::listing::status::{Standing, standing};
use crate::listing::{Day, DecidedBody, Finding, SubjectSecret};
use crate::names::{CentreCode, ListingId, ListingRef};
use crate::shelf::{ListingRow, ObjectionRow};

/// Most statements of one token that are looked at, ended ones included. A subject has a handful; a centre that copies a token many times
/// makes its own list unsure of the subject, and no other's.
pub const MAX_LISTINGS: usize = 128;
/// Most objections to one statement that are looked at.
pub const MAX_OBJECTIONS: usize = 512;
/// Bytes that are vainly opened for who is on no list: those of a finding of middling length.
const DECOY_BYTES: usize = 488;

/// One centre's copy, as good as it is.
#[derive(Debug, Clone)]
pub(in crate::node) struct CentreCopy {
    /// The answer of its list about who is not on it.
    pub(super) answer: CentreAnswer,
    /// Rows held.
    size: u64,
}

/// What was found of one subject.
#[derive(Debug)]
pub(in crate::node) struct Examined {
    /// Listings that count on their clock, and their ids.
    pub(in crate::node) found: Vec<(Hit, ListingId)>,
    /// Centres with a listing that counts and cannot be read.
    pub(in crate::node) unreadable: BTreeSet<CentreCode>,
    /// Centres that may have more statements of the subject than were looked at.
    pub(in crate::node) unseen: BTreeSet<CentreCode>,
    /// Findings opened, or vainly tried to.
    pub(in crate::node) openings: u32,
}

impl Node {
    /// Every member's copy, in order of their codes.
    pub(in crate::node) fn copies(&self, env: &Env<'_>) -> Result<Vec<CentreCopy>, ShelfError> {
        let mut copies = Vec::with_capacity(self.charter.members().len());
        for member in self.charter.members() {
            let (centre, doubt, fresh) = (&member.centre, self.doubt(env, &member.centre)?, self.freshness(env, &member.centre)?);
            let answer = CentreAnswer {
                centre: centre.clone(),
                name: member.name.clone(),
                verdict: verdict(doubt, &[]),
                doubt,
                as_of: fresh.heartbeat,
                age_ms: fresh.age_ms,
            };
            copies.push(CentreCopy { answer, size: env.shelf.journal(centre)?.size });
        }
        Ok(copies)
    }

    /// Looks for a subject whose secrets under each pepper are `secrets`. At least one row is read and one finding opened.
    pub(in crate::node) fn examine(
        &self,
        env: &Env<'_>,
        secrets: &[(u64, &SubjectSecret)],
        copies: &[CentreCopy],
    ) -> Result<Examined, ShelfError> {
        let (today, mut examined) =
            (Day::of(env.now), Examined { found: Vec::new(), unreadable: BTreeSet::new(), unseen: BTreeSet::new(), openings: 0 });
        for (pepper, secret) in secrets {
            let token = secret.token();
            let rows = env.shelf.listings_of(&token, MAX_LISTINGS)?;
            examined.unseen.extend(cut_short(&rows, copies));
            for row in rows.into_iter().filter(|row| row.pepper == *pepper && row.token == token) {
                let Some(copy) = copies.iter().find(|copy| copy.answer.centre == row.place.centre) else { continue };
                // Ended and expired ones are nobody's business any more, whatever was objected to them.
                if standing(row.restriction_until, today, self.listing_ended(env, &row)?, 0, 0).counts() {
                    self.look_at(env, secret, &row, copy.answer.doubt.is_none(), &mut examined)?;
                }
            }
        }
        if examined.openings == 0
            && let Some((_, secret)) = secrets.first()
        {
            self.look_at_nothing(env, secret, copies)?;
            examined.openings += 1;
        }
        only_the_newest(&mut examined.found);
        // What cannot be read casts its doubt on what could, and is known only now.
        for (hit, _) in &mut examined.found {
            hit.counts &= !examined.unreadable.contains(&hit.listing.centre);
        }
        Ok(examined)
    }

    fn look_at(
        &self,
        env: &Env<'_>,
        secret: &SubjectSecret,
        row: &ListingRow,
        counts: bool,
        examined: &mut Examined,
    ) -> Result<(), ShelfError> {
        let entry = env.shelf.entries(&row.place.centre, row.place.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let objections = env.shelf.objections(&row.place, &row.listing, MAX_OBJECTIONS)?;
        examined.openings += 1;
        let Some(finding) = entry.and_then(|entry| self.finding(secret, row, &entry)) else {
            examined.unreadable.insert(row.place.centre.clone());
            return Ok(());
        };
        let (standing, open_objections) = self.stands(env, row, &objections)?;
        let hit = Hit { listing: row.place.clone(), standing, open_objections, counts, basis: row.basis.code().to_owned(), finding };
        examined.found.push((hit, row.listing));
        Ok(())
    }

    /// How a listing stands by its restriction's clock, and how many objections are open.
    pub(in crate::node::list) fn stands(
        &self,
        env: &Env<'_>,
        row: &ListingRow,
        objections: &[ObjectionRow],
    ) -> Result<(Standing, u64), ShelfError> {
        let counted = |o: &&ObjectionRow| o.before_it < OBJECTIONS_PER_DAY;
        let (answered, open): (Vec<_>, Vec<_>) = objections.iter().filter(counted).partition(|o| o.answered.is_some());
        // Beyond the limit nobody has looked: somebody's objection may be there, and hiding it must not be worth anybody's while.
        let open = (open.len() as u64).max(u64::from(objections.len() >= MAX_OBJECTIONS));
        let open = open.saturating_add(self.objections_beside(env, row, MAX_OBJECTIONS)?);
        let change = self.listing_ended(env, row)?;
        Ok((standing(row.restriction_until, Day::of(env.now), change, open, answered.len() as u64), open))
    }

    /// Reads as much as for one listing, of some row that is held.
    fn look_at_nothing(&self, env: &Env<'_>, secret: &SubjectSecret, copies: &[CentreCopy]) -> Result<(), ShelfError> {
        let token = u128::from_be_bytes(secret.token().0);
        let held: Vec<_> = copies.iter().filter(|copy| copy.size > 0).collect();
        let at = |count: u64| u64::try_from(token % u128::from(count.max(1))).unwrap_or(0);
        let copy = usize::try_from(at(held.len() as u64)).ok().and_then(|i| held.get(i));
        let place = ListingRef {
            centre: copy.map_or_else(|| self.centre.clone(), |copy| copy.answer.centre.clone()),
            index: at(copy.map_or(0, |copy| copy.size)),
        };
        let entry = env.shelf.entries(&place.centre, place.index, 1, FRAME_BUDGET_BYTES)?.into_iter().next();
        let _ = env.shelf.objections(&place, &ListingId([0; 16]), MAX_OBJECTIONS)?;
        let _ = entry.map(|entry| entry.check());
        let place = Place { federation: self.charter.federation(), centre: &place.centre, listing: &ListingId([0; 16]), pepper: 0 };
        let _ = Finding::open(secret, &place, &[0; DECOY_BYTES]);
        Ok(())
    }

    /// The finding in the row, if the row is what the index says it is.
    fn finding(&self, secret: &SubjectSecret, row: &ListingRow, entry: &Entry) -> Option<Finding> {
        let header = entry.check().ok()?;
        let body = DecidedBody::parse(entry.body()?).ok()?;
        let same = header.kind() == Some(Kind::ListingDecided)
            && (body.listing, body.pepper, body.token) == (row.listing, row.pepper, row.token)
            && (body.restriction_until, body.publication_until) == (row.restriction_until, row.publication_until);
        let place = Place { federation: self.charter.federation(), centre: &row.place.centre, listing: &row.listing, pepper: row.pepper };
        if same { Finding::open(secret, &place, &body.sealed).ok() } else { None }
    }
}

/// Of one listing only its newest statement: that it took the older one's place may not have come here yet.
fn only_the_newest(found: &mut Vec<(Hit, ListingId)>) {
    let mut newest: BTreeMap<(CentreCode, ListingId), u64> = BTreeMap::new();
    for (hit, listing) in &*found {
        let index = newest.entry((hit.listing.centre.clone(), *listing)).or_default();
        *index = hit.listing.index.max(*index);
    }
    found.retain(|(hit, listing)| newest.get(&(hit.listing.centre.clone(), *listing)) == Some(&hit.listing.index));
}

/// The centres that may have more rows than these, which are as many as are read. They come by turns, the newest of each centre first: whoever
/// had no row left when another had two more is seen whole.
fn cut_short(rows: &[ListingRow], copies: &[CentreCopy]) -> Vec<CentreCode> {
    if rows.len() < MAX_LISTINGS {
        return Vec::new();
    }
    let mut turns: BTreeMap<&CentreCode, usize> = BTreeMap::new();
    for row in rows {
        *turns.entry(&row.place.centre).or_default() += 1;
    }
    let longest = turns.values().copied().max().unwrap_or_default();
    let unsure = |centre: &&CentreCode| turns.get(*centre).copied().unwrap_or_default() + 2 > longest;
    copies.iter().map(|copy| &copy.answer.centre).filter(unsure).cloned().collect()
}

/// What each centre's list says.
pub(super) fn by_centre(copies: &[CentreCopy], examined: &Examined) -> Vec<CentreAnswer> {
    let answer = |copy: &CentreCopy| {
        let standings: Vec<_> =
            examined.found.iter().filter(|(hit, _)| hit.listing.centre == copy.answer.centre).map(|(hit, _)| hit.standing).collect();
        let unseen = examined.unseen.contains(&copy.answer.centre) && standings.is_empty();
        let unreadable = unseen || examined.unreadable.contains(&copy.answer.centre);
        let doubt = copy.answer.doubt.or(unreadable.then_some(Doubt::Withheld));
        CentreAnswer { verdict: verdict(doubt, &standings), doubt, ..copy.answer.clone() }
    };
    copies.iter().map(answer).collect()
}

/// What one centre's list says, if it says anything.
fn verdict(doubt: Option<Doubt>, standings: &[Standing]) -> Verdict {
    let counting = |disputed: bool| standings.iter().any(|s| s.counts() && (*s == Standing::Disputed) == disputed);
    match doubt {
        Some(_) => Verdict::Unknown,
        None if counting(false) => Verdict::Listed,
        None if counting(true) => Verdict::Disputed,
        None => Verdict::NotListed,
    }
}

/// What all of them say together: a listing at one is a listing; that there is none takes everybody's word.
pub(super) fn overall(verdicts: impl Iterator<Item = Verdict> + Clone) -> Verdict {
    let any = |wanted: Verdict| verdicts.clone().any(|verdict| verdict == wanted);
    if any(Verdict::Listed) {
        Verdict::Listed
    } else if any(Verdict::Disputed) {
        Verdict::Disputed
    } else if any(Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::NotListed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_listed_takes_everybodys_word_and_unknown_is_never_clear() {
        use Verdict::{Disputed, Listed, NotListed, Unknown};
        for (verdicts, expected) in [
            (vec![NotListed, NotListed], NotListed),
            (vec![NotListed, Unknown], Unknown),
            (vec![Unknown, Unknown], Unknown),
            (vec![Unknown, Disputed, NotListed], Disputed),
            (vec![Disputed, Unknown, Listed], Listed),
        ] {
            assert_eq!(overall(verdicts.iter().copied()), expected, "{verdicts:?}");
        }
    }

    #[test]
    fn a_centre_in_doubt_says_nothing_whatever_was_found() {
        assert_eq!(verdict(Some(Doubt::Stale), &[Standing::Listed]), Verdict::Unknown);
        assert_eq!(verdict(None, &[Standing::Disputed]), Verdict::Disputed);
        assert_eq!(verdict(None, &[Standing::Disputed, Standing::Upheld]), Verdict::Listed);
        assert_eq!(verdict(None, &[Standing::Repaired, Standing::Expired]), Verdict::NotListed);
        assert_eq!(verdict(None, &[]), Verdict::NotListed);
    }
}
