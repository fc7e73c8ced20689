//! What a desk offers a centre's people to do about a proposal is what their peer lets them do.

use rand::RngExt;

use super::membership::{federation, propose, say, view};
use super::signed::code;
use crate::desk::{Event, FederationDeed, Wish};
use crate::error::RefusalCode;
use crate::operator::{OperatorName, Role};
use crate::time::SECOND_MS;

/// Answers that somebody gives in one run.
const ANSWERS: usize = 12;

#[test]
fn what_is_offered_is_taken_and_what_is_not_offered_says_nothing_for_the_centre() {
    for seed in 0..12 {
        let mut world = federation(940 + seed, 4);
        let proposal = propose(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }]).unwrap();
        world.run_for(2 * SECOND_MS);
        let peer = usize::from(seed % 2 == 0);
        let centre = world.peers[peer].centre.clone();
        for step in 0..ANSWERS {
            let shown = view(&mut world, peer);
            let Some(known) = shown.proposals.first() else { break };
            let role = Role::ALL[world.rng.random_range(0..Role::ALL.len())];
            let (name, approve) = (OperatorName::new(role.code()).unwrap(), world.rng.random_bool(0.6));
            let deed = if approve { FederationDeed::Approve } else { FederationDeed::Reject };
            let offered = shown.may(&centre, (&name, role), known).contains(&deed);
            let over = known.said.iter().any(|said| said.centre == centre && (said.approved || !approve));
            let answer = say(&mut world, peer, role.code(), proposal, approve);
            let about = format!("seed {seed}, step {step}: {} {approve}: {answer:?} of {:?}", role.code(), known.firsts);
            match (offered, &answer) {
                (true, Event::Answered { complete, .. }) => {
                    let second = known.firsts.iter().any(|first| first.approve == approve);
                    assert_eq!(*complete, second, "whoever is offered to be the second is: {about}");
                }
                (false, Event::Answered { complete, .. }) => assert!(!complete || over, "{about}"),
                (false, _) => assert_eq!(code(&answer), RefusalCode::RoleMissing, "{about}"),
                (true, _) => panic!("offered and refused: {about}"),
            }
        }
    }
}

#[test]
fn the_view_tells_since_when_journals_run_and_which_version_brought_an_epoch() {
    let mut world = federation(960, 3);
    let before = view(&mut world, 0);
    assert!(before.members.iter().all(|member| member.begun.is_none()), "nobody has written anything");
    super::membership::change(&mut world, 0, vec![Wish::SetQuorum { quorum: Some(3) }], &[1, 2]);
    super::membership::change(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }], &[1, 2]);
    let token = world.ask(1, crate::desk::Request::FederationHistory { before: None, limit: 10 });
    let Some(Event::Versions { versions, more: false }) = world.closing(1, token) else { panic!("no versions") };
    assert_eq!(versions.iter().map(|line| (line.version, line.epoch)).collect::<Vec<_>>(), [(3, true), (2, false)]);
    let first = versions[1].at;
    let shown = view(&mut world, 1);
    let begun: Vec<_> = shown.members.iter().map(|member| member.begun.unwrap()).collect();
    assert!(begun.iter().all(|at| *at < first), "each by its own first row, before the first version: {begun:?}");
}
