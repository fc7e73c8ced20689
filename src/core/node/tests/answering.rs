//! What an issuer refuses by itself, whatever the asking peer has not looked at; and what it says that nobody believes.

use super::counter::request;
use super::interact::{ask, check, granted, issued, publish, uses};
use super::signed::code;
use super::world::{World, facts};
use crate::error::RefusalCode;
use crate::facts::AccountFacts;
use crate::grant::Mode;
use crate::interact::{Inquiry, Reply, Wanted};
use crate::node::interact::{MAX_REFUSED_PER_MINUTE, PATIENCE_MS};
use crate::node::message::{Answer, Ask, Decline, Question};
use crate::node::{Effect, Input};
use crate::time::MINUTE_MS;

fn inquiry(world: &mut World, grant: &str, wanted: Wanted) -> Inquiry {
    let (grant, business_no, matter) = (grant.to_owned(), "SY-2026-0001".to_owned(), "cross-region-loan".to_owned());
    Inquiry { request: request(world), grant, business_no, matter, wanted }
}

/// Peer 1 puts it to `to` as a member could that looks at nothing: what that peer does at once.
fn put_raw(world: &mut World, to: usize, inquiry: &Inquiry, token: u64) -> Vec<Effect> {
    let (asker, issuer) = (world.peers[1].centre.clone(), world.peers[to].centre.clone());
    let key = world.peers[to].keys.sealing.public();
    let sealed = inquiry.seal(&mut world.rng, &asker, &issuer, &key).unwrap();
    let bytes = Ask::under(&world.charter, Question::Inquire(sealed.into())).to_bytes();
    let from = world.station(1);
    world.feed_raw(to, Input::Asked { from, token, bytes })
}

/// Carries everything out but the answer, and reads that.
fn answered(world: &mut World, to: usize, inquiry: &Inquiry, effects: Vec<Effect>) -> Result<Reply, Decline> {
    let between = (world.peers[1].centre.clone(), world.peers[to].centre.clone());
    let mut again = std::collections::VecDeque::new();
    let mut answer = None;
    for effect in effects {
        match effect {
            Effect::Answer { bytes, .. } => answer = Some(Answer::decode(&bytes).unwrap()),
            effect => world.carry_out(to, effect, &mut again),
        }
    }
    match answer.expect("an answer at once") {
        Answer::Replied(sealed) => {
            let key = &world.peers[1].keys.sealing;
            Ok(Reply::open(key, (&between.0, &between.1), &inquiry.request, &sealed).expect("for the asker"))
        }
        Answer::Declined(decline) => Err(decline),
        other => panic!("{other:?}"),
    }
}

fn put(world: &mut World, to: usize, inquiry: &Inquiry) -> Result<Reply, Decline> {
    let effects = put_raw(world, to, inquiry, 1);
    answered(world, to, inquiry, effects)
}

fn refused(reply: Result<Reply, Decline>) -> String {
    match reply {
        Ok(Reply::Refused(code, _)) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_centre_that_did_not_issue_a_certificate_answers_nothing_about_it() {
    let (mut world, mut holder, number) = issued(861);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 2);
    let asked = inquiry(&mut world, &grant, check(&[("name", "史霞玲")]));
    assert_eq!(refused(put(&mut world, 2, &asked)), "not-the-issuer");
}

#[test]
fn the_issuer_holds_an_asker_to_its_own_matter_and_to_a_rate_of_refusals() {
    let (mut world, mut holder, number) = issued(862);
    let matter = publish(&mut world, 1);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, matter.uses_max + 1);
    for _ in 0..MAX_REFUSED_PER_MINUTE {
        let asked = inquiry(&mut world, &grant, check(&[("name", "史霞玲")]));
        assert_eq!(refused(put(&mut world, 0, &asked)), "ceiling-exceeded");
    }
    let size = world.size(0, 0);
    let asked = inquiry(&mut world, &grant, check(&[("name", "史霞玲")]));
    assert!(matches!(put(&mut world, 0, &asked), Err(Decline::Busy)), "unheard from here on");
    assert_eq!(world.size(0, 0), size, "and unrecorded");
    world.run_for(MINUTE_MS);
    assert_eq!(refused(put(&mut world, 0, &asked)), "ceiling-exceeded", "the next minute is another");
}

/// A source that looks up the wrong line.
pub(super) fn somebody_else(account: &str) -> AccountFacts {
    AccountFacts { account_no: "46010000000199999".to_owned(), ..facts(account) }
}

#[test]
fn what_the_source_says_of_another_account_is_nobodys_answer_and_costs_no_use() {
    let (mut world, mut holder, number) = issued(863);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 2);
    world.source = Some(somebody_else);
    assert_eq!(code(&ask(&mut world, &grant, check(&[("name", "史霞玲")]))), RefusalCode::SourceUnavailable);
    assert_eq!(uses(&world, &grant), 0);
}

#[test]
fn an_attestation_from_the_future_is_not_believed() {
    let (mut world, mut holder, number) = issued(864);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 2);
    world.peers[0].clock_off_ms = 10 * MINUTE_MS;
    let event = ask(&mut world, &grant, check(&[("name", "史霞玲")]));
    assert_eq!(code(&event), RefusalCode::IssuerDark, "{event:?}");
    world.run_for(PATIENCE_MS);
    world.peers[0].clock_off_ms = 0;
}

#[test]
fn two_questions_that_wait_for_the_source_together_do_not_share_the_last_use() {
    let (mut world, mut holder, number) = issued(865);
    let grant = granted(&mut world, &mut holder, &number, Mode::Check, 1);
    let both = [(); 2].map(|()| inquiry(&mut world, &grant, check(&[("name", "史霞玲")])));
    let readings = [0, 1].map(|i| {
        let effects = put_raw(&mut world, 0, &both[i], 10 + i as u64);
        let read = effects.into_iter().find_map(|effect| match effect {
            Effect::ReadSource { reading, account_no } => Some((reading, account_no)),
            _ => None,
        });
        read.expect("either may be allowed as long as the other is not counted")
    });
    let replies = [0, 1].map(|i| {
        let (reading, account_no) = &readings[i];
        let effects = world.feed_raw(0, Input::Source { reading: *reading, facts: Ok(Box::new(facts(account_no))) });
        answered(&mut world, 0, &both[i], effects)
    });
    let [first, second] = replies;
    assert!(matches!(first, Ok(Reply::Attested(_))), "{first:?}");
    assert_eq!(refused(second), "grant-used-up");
    assert_eq!(uses(&world, &grant), 1);
}
