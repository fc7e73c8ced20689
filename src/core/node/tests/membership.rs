//! The federation changes its charter.

use super::signed::{ask, code, staff};
use super::world::World;
use crate::charter::vote::{Proposed, Said, SealedCopies};
use crate::charter::{CentreCard, CentreKeys, Link};
use crate::desk::{Act, Alarm, Event, FederationAct, FederationView, ReadOnly, Request, Status, Wish};
use crate::error::{FaultCode, RefusalCode};
use crate::journal::{Kind, Statement};
use crate::names::{CentreCode, Digest};
use crate::node::message::{Answer, Ask, Decline, Question, Under};
use crate::node::{Effect, Input};
use crate::seal::SUITE;
use crate::shelf::{Charters, Shelf};
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

/// A federation in which every peer has its people.
pub(super) fn federation(seed: u64, size: usize) -> World {
    let mut world = World::new(seed, size);
    (0..size).for_each(|peer| staff(&mut world, peer));
    world.run_for(2 * SECOND_MS);
    world
}

fn act(asked: FederationAct) -> Act {
    Act::Federation(Box::new(asked))
}

pub(super) fn propose(world: &mut World, peer: usize, wishes: Vec<Wish>) -> Result<Digest, RefusalCode> {
    match ask(world, peer, "security", &act(FederationAct::Propose { wishes, reason: "年度例会决定".to_owned() })) {
        Event::Proposed { proposal, .. } => Ok(proposal),
        other => Err(code(&other)),
    }
}

pub(super) fn say(world: &mut World, peer: usize, by: &str, proposal: Digest, approve: bool) -> Event {
    ask(world, peer, by, &act(FederationAct::Answer { proposal, approve, reason: "同意".to_owned() }))
}

/// Both people of a centre approve.
fn approve(world: &mut World, peer: usize, proposal: Digest) {
    for by in ["security", "auditor"] {
        let event = say(world, peer, by, proposal, true);
        assert!(matches!(event, Event::Answered { .. }), "peer {peer} {by}: {event:?}");
    }
}

/// The proposer's centre needs only the second person.
fn second(world: &mut World, peer: usize, proposal: Digest) {
    assert!(matches!(say(world, peer, "auditor", proposal, true), Event::Answered { complete: true, .. }));
}

/// Proposes, and all of these approve.
pub(super) fn change(world: &mut World, by: usize, wishes: Vec<Wish>, others: &[usize]) -> Digest {
    let proposal = propose(world, by, wishes).unwrap();
    second(world, by, proposal);
    world.run_for(2 * SECOND_MS);
    others.iter().for_each(|peer| approve(world, *peer, proposal));
    world.run_for(3 * SECOND_MS);
    proposal
}

fn version(world: &World, peer: usize) -> u64 {
    world.peers[peer].node.charter().version()
}

pub(super) fn view(world: &mut World, peer: usize) -> FederationView {
    let token = world.ask(peer, Request::Federation);
    match world.closing(peer, token) {
        Some(Event::Federation(view)) => (**view).clone(),
        other => panic!("{other:?}"),
    }
}

fn status(world: &mut World, peer: usize) -> Status {
    let token = world.ask(peer, Request::Status);
    match world.closing(peer, token) {
        Some(Event::Status(status)) => (**status).clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn read_only(world: &mut World, peer: usize) -> Option<ReadOnly> {
    status(world, peer).read_only
}

fn centre(world: &World, peer: usize) -> CentreCode {
    world.peers[peer].centre.clone()
}

fn new_centre(world: &mut World, code: &str) -> (CentreKeys, CentreCard) {
    let keys = CentreKeys::random(&mut world.rng);
    let card = CentreCard::new(CentreCode::new(code).unwrap(), "新中心".to_owned(), vec!["/ip4/127.0.0.1/tcp/7900".to_owned()], &keys);
    (keys, card)
}

#[test]
fn a_quorum_changes_the_charter_and_everybody_follows() {
    let mut world = federation(901, 5);
    let witnesses = (0..3).map(|peer| centre(&world, peer)).collect::<Vec<_>>();
    let wishes = vec![Wish::SetWitnesses { centres: witnesses.clone(), settled: None }];
    let proposal = propose(&mut world, 0, wishes).unwrap();
    second(&mut world, 0, proposal);
    world.run_for(2 * SECOND_MS);
    approve(&mut world, 1, proposal);
    approve(&mut world, 2, proposal);
    world.run_for(3 * SECOND_MS);
    assert!((0..5).all(|peer| version(&world, peer) == 1), "three of five are no quorum of four");
    let shown = view(&mut world, 4);
    assert_eq!((shown.proposals.len(), shown.proposals[0].approved, shown.proposals[0].quorum), (1, 3, 4));
    approve(&mut world, 3, proposal);
    world.run_for(3 * SECOND_MS);
    for peer in 0..5 {
        let charter = world.peers[peer].node.charter();
        assert_eq!((charter.version(), charter.digest()), (2, proposal), "peer {peer}");
        assert_eq!((charter.witnesses(), charter.settled()), (&witnesses[..], 2));
        assert_eq!(world.peers[peer].shelf.charter_links(1, 9).unwrap().len(), 1);
    }
    world.run_for(MINUTE_MS);
    world.assert_converged();
    assert!((0..5).all(|peer| world.faults(peer).is_empty()));
    // What was adopted is what a restart finds.
    world.set_up(3, false);
    world.set_up(3, true);
    assert_eq!(world.peers[3].node.charter().digest(), proposal);
}

#[test]
fn one_person_alone_says_nothing_for_a_centre_and_no_two_without_the_security_administrator() {
    let mut world = federation(902, 3);
    let proposal = propose(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }]).unwrap();
    world.run_for(2 * SECOND_MS);
    for _ in 0..3 {
        assert!(matches!(say(&mut world, 1, "security", proposal, true), Event::Answered { complete: false, .. }));
    }
    assert_eq!(view(&mut world, 1).proposals[0].approved, 0);
    assert!(matches!(say(&mut world, 2, "auditor", proposal, true), Event::Answered { complete: false, .. }));
    assert_eq!(code(&say(&mut world, 2, "reviewer", proposal, true)), RefusalCode::RoleMissing);
    assert_eq!(code(&say(&mut world, 2, "teller", proposal, true)), RefusalCode::RoleMissing);
    assert!(matches!(say(&mut world, 2, "security", proposal, true), Event::Answered { complete: true, .. }));
    assert_eq!(view(&mut world, 2).proposals[0].approved, 1);
    world.run_for(2 * SECOND_MS);
    // One that approves and one that rejects are not two that agree.
    assert!(matches!(say(&mut world, 1, "auditor", proposal, false), Event::Answered { complete: false, .. }));
    assert_eq!(view(&mut world, 1).proposals[0].said.len(), 1, "nobody but the third centre has said anything");
}

#[test]
fn what_would_lock_everybody_out_or_breaks_a_rule_is_not_proposed() {
    let mut world = federation(903, 3);
    let (me, stranger) = (centre(&world, 0), CentreCode::new("C99999").unwrap());
    let (_, card) = new_centre(&mut world, me.as_str());
    let bad = [
        Wish::SetQuorum { quorum: Some(4) },
        Wish::SetQuorum { quorum: Some(1) },
        Wish::Remove { centre: stranger.clone(), rows: None },
        Wish::Add { card: Box::new(card), observer: false },
        Wish::SetWitnesses { centres: vec![stranger], settled: None },
        Wish::SetWitnesses { centres: vec![me.clone()], settled: Some(2) },
        Wish::Restore { centre: me.clone() },
    ];
    for wish in bad {
        assert_eq!(propose(&mut world, 0, vec![wish.clone()]), Err(RefusalCode::ProposalInvalid), "{wish:?}");
    }
    // With a quorum of two, the removal of one of three leaves two, who may still change everything; that of two leaves one.
    let both = [1, 2].map(|peer| Wish::Remove { centre: centre(&world, peer), rows: None });
    assert_eq!(propose(&mut world, 0, both.to_vec()), Err(RefusalCode::ProposalInvalid));
    let own = vec![Wish::Remove { centre: me, rows: None }];
    assert_eq!(propose(&mut world, 0, own), Err(RefusalCode::ProposalInvalid), "another proposes that a centre goes");
    let too_far = vec![Wish::Remove { centre: centre(&world, 1), rows: Some(1 << 40) }];
    assert_eq!(propose(&mut world, 0, too_far), Err(RefusalCode::RequestInvalid));
    assert!(!view(&mut world, 0).proposals.iter().any(|_| true), "nothing was written");
}

#[test]
fn a_new_epoch_is_everybodys_and_what_was_under_way_under_the_old_one_still_opens() {
    let mut world = federation(904, 4);
    let before = world.secrets();
    change(&mut world, 0, vec![Wish::RotateEpoch { pepper: true }], &[1, 2]);
    for peer in 0..4 {
        let secrets = world.peers[peer].node.secrets.clone().unwrap();
        assert_eq!((secrets.number, secrets.peppers().len()), (2, 2), "peer {peer}");
        assert_eq!(secrets.gossip.expose(), world.secrets().gossip.expose());
        assert_ne!(secrets.gossip.expose(), before.gossip.expose());
        assert_eq!(secrets.peppers()[0].key.expose(), before.pepper().unwrap().key.expose());
    }
    let opened = |world: &World| world.peers[1].node.epochs().map(|secrets| secrets.number).collect::<Vec<_>>();
    assert_eq!(opened(&world), [2, 1]);
    world.run_for(crate::node::membership::EPOCH_OVERLAP_MS + SECOND_MS);
    assert_eq!(opened(&world), [2], "an old message is nobody's business any more");
    // A restart finds the new one.
    world.set_up(2, false);
    world.set_up(2, true);
    assert_eq!(world.peers[2].node.secrets.as_ref().map(|secrets| secrets.number), Some(2));
}

#[test]
fn a_removed_member_is_disconnected_and_opens_nothing_that_is_sealed_later() {
    let mut world = federation(905, 4);
    let leaving = centre(&world, 3);
    let rows = world.size(0, 3);
    change(&mut world, 0, vec![Wish::Remove { centre: leaving.clone(), rows: None }], &[1, 2]);
    for peer in 0..3 {
        let charter = world.peers[peer].node.charter();
        assert_eq!((charter.version(), charter.members().len(), charter.former()[0].since), (2, 3, 2));
        assert!(!world.peers[peer].admitted.contains(&world.station(3)));
        assert_eq!(world.peers[peer].node.secrets.as_ref().map(|secrets| secrets.number), Some(2));
    }
    let old = world.peers[3].node.secrets.clone().unwrap();
    let held = world.peers[0].node.secrets.clone().unwrap();
    assert_eq!(old.number, 1);
    assert_ne!(old.pepper().unwrap().key.expose(), held.pepper().unwrap().key.expose());
    world.peers[0].sent_announcements.clear();
    world.run_for(20 * MINUTE_MS);
    let after: Vec<_> = world.peers[0].sent_announcements.clone();
    let (founding, station) = (world.charter.founding(), world.station(0));
    for bytes in &after {
        assert!(crate::node::announce::open(founding, [&old], &station, bytes).is_err());
    }
    // Its copy of the new epoch does not exist.
    let rows_of_proposer = world.peers[0].shelf.entries(&centre(&world, 0), 0, 4096, usize::MAX).unwrap();
    let sealed = rows_of_proposer.iter().filter_map(|entry| SealedCopies::parse(entry.body()?).ok()).collect::<Vec<_>>();
    assert_eq!(sealed.len(), 1);
    assert!(sealed[0].copies.iter().all(|copy| copy.centre != leaving));
    // What it said before is still what it said.
    assert!(world.size(0, 3) >= rows);
    let author = world.peers[0].node.charter().author(&leaving).unwrap();
    let head = world.peers[0].shelf.journal(&leaving).unwrap().head.unwrap();
    assert!(author.verify(&head.note).is_ok() || head.size > rows);
    // And what it says now reaches nobody.
    assert_eq!(read_only(&mut world, 3), Some(ReadOnly::Removed), "it has heard of it, and says no more");
    let said = world.size(3, 3);
    world.run_for(5 * MINUTE_MS);
    assert_eq!(world.size(3, 3), said);
}

#[test]
fn a_member_that_comes_back_after_its_removal_is_not_let_in_with_its_old_keys() {
    let mut world = federation(906, 4);
    let leaving = centre(&world, 3);
    world.part(&[&[0, 1, 2]]);
    change(&mut world, 0, vec![Wish::Remove { centre: leaving, rows: None }], &[1, 2]);
    assert_eq!((version(&world, 0), version(&world, 3)), (2, 1));
    world.heal();
    let body = Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"later").unwrap();
    world.append(3, vec![body]);
    world.run_for(2 * MINUTE_MS);
    assert!((0..3).all(|peer| world.size(peer, 3) < world.size(3, 3)));
    // A connection that was there before somebody heard of the removal is of no use either.
    let (station, under) = (world.station(3), Under { version: 1, digest: world.charter.digest() });
    for question in [Question::Heads(Vec::new()), Question::Pull { centre: centre(&world, 0), from: 0, rows: None }] {
        let bytes = Ask { federation: world.charter.founding(), question, under }.to_bytes();
        let effects = world.feed_raw(0, Input::Asked { from: station, token: 77, bytes });
        let answer = effects.into_iter().find_map(|effect| if let Effect::Answer { bytes, .. } = effect { Some(bytes) } else { None });
        assert_eq!(Answer::decode(&answer.unwrap()).unwrap(), Answer::Declined(Decline::NotHeld));
    }
}

#[test]
fn a_member_that_was_away_for_several_versions_follows_link_by_link_and_has_the_newest_epoch() {
    let mut world = federation(907, 5);
    world.set_up(4, false);
    change(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }], &[1, 2, 3]);
    let first = centre(&world, 0);
    change(&mut world, 1, vec![Wish::SetWitnesses { centres: vec![first], settled: None }], &[0, 2, 3]);
    change(&mut world, 2, vec![Wish::RotateEpoch { pepper: true }], &[0, 1, 3]);
    change(&mut world, 3, vec![Wish::SetQuorum { quorum: Some(3) }], &[0, 1, 2]);
    assert_eq!((version(&world, 0), version(&world, 4)), (5, 1));
    world.set_up(4, true);
    world.run_for(30 * SECOND_MS);
    assert_eq!(world.peers[4].node.charter().digest(), world.peers[0].node.charter().digest());
    assert_eq!(world.peers[4].node.secrets.as_ref().map(|secrets| secrets.number), Some(3));
    world.run_for(MINUTE_MS);
    world.assert_converged();
}

#[test]
fn a_suspended_centre_reads_and_does_not_write_until_it_is_restored() {
    let mut world = federation(908, 4);
    let who = centre(&world, 3);
    change(&mut world, 0, vec![Wish::Suspend { centre: who.clone(), rows: None }], &[1, 2]);
    assert_eq!(version(&world, 3), 2, "it still follows");
    assert_eq!(read_only(&mut world, 3), Some(ReadOnly::Suspended));
    assert_eq!(propose(&mut world, 3, vec![Wish::RotateEpoch { pepper: false }]), Err(RefusalCode::NotAVoter));
    let body = Statement::build(&mut world.rng, Kind::AuditRecorded, world.now, None, b"read by all").unwrap();
    world.append(0, vec![body]);
    world.run_for(MINUTE_MS);
    assert_eq!(world.size(3, 0), world.size(0, 0), "it reads");
    change(&mut world, 0, vec![Wish::Restore { centre: who }], &[1, 2]);
    world.run_for(MINUTE_MS);
    assert_eq!(read_only(&mut world, 3), None);
    assert!(propose(&mut world, 3, vec![Wish::RotateEpoch { pepper: false }]).is_ok());
}

#[test]
fn a_split_vote_comes_to_an_end_in_the_next_round() {
    let mut world = federation(909, 4);
    world.part(&[&[0, 1], &[2, 3]]);
    let one = propose(&mut world, 0, vec![Wish::SetQuorum { quorum: Some(3) }]).unwrap();
    let other = propose(&mut world, 2, vec![Wish::SetQuorum { quorum: Some(4) }]).unwrap();
    second(&mut world, 0, one);
    second(&mut world, 2, other);
    world.run_for(5 * SECOND_MS);
    approve(&mut world, 1, one);
    approve(&mut world, 3, other);
    world.heal();
    world.run_for(MINUTE_MS);
    assert!((0..4).all(|peer| version(&world, peer) == 1), "two and two are no quorum");
    assert_eq!(code(&say(&mut world, 0, "security", other, true)), RefusalCode::VoteBound, "a round has one approval of each");
    let opened = ask(&mut world, 1, "security", &act(FederationAct::NextRound { proposal: one }));
    assert!(matches!(opened, Event::RoundOpened { round: 1 }));
    world.run_for(10 * SECOND_MS);
    // Those who approved it before repeat that by themselves; another has to be asked.
    let shown = view(&mut world, 3).proposals.into_iter().find(|proposal| proposal.proposal == one).unwrap();
    assert_eq!((shown.round, shown.approved), (1, 2));
    approve(&mut world, 3, one);
    world.run_for(10 * SECOND_MS);
    assert!((0..4).all(|peer| world.peers[peer].node.charter().digest() == one));
}

#[test]
fn rounds_cannot_be_used_up_by_somebody_who_opens_one_after_the_other() {
    let mut world = federation(910, 4);
    let proposal = propose(&mut world, 0, vec![Wish::SetQuorum { quorum: Some(3) }]).unwrap();
    world.run_for(2 * SECOND_MS);
    let next = act(FederationAct::NextRound { proposal });
    assert!(matches!(ask(&mut world, 1, "security", &next), Event::RoundOpened { round: 1 }));
    assert_eq!(code(&ask(&mut world, 1, "security", &next)), RefusalCode::TooManyRequests);
    world.run_for(2 * SECOND_MS);
    // Another one that keeps to nothing promises at once, and the others take their time.
    let vote = Said::Promised(crate::charter::vote::Promised { suite: SUITE.to_owned(), version: 2, round: 2, last: None });
    let (kind, body) = vote.to_body();
    let entry = Statement::build(&mut world.rng, kind, world.now, None, &body).unwrap();
    world.append(3, vec![entry]);
    world.run_for(10 * SECOND_MS);
    let promised = |world: &World, round| {
        let node = &world.peers[0].node;
        let mut rng: rand::rngs::StdRng = rand::SeedableRng::seed_from_u64(0);
        let env = crate::node::Env { now: world.now, rng: &mut rng, shelf: &world.peers[0].shelf };
        node.vote(&env, node.charter()).unwrap().who_promised(round).count()
    };
    assert_eq!(promised(&world, 2), 1);
    world.run_for(HOUR_MS);
    assert!(promised(&world, 2) >= 3, "an hour later they follow");
}

#[test]
fn a_candidate_learns_of_the_charter_and_of_nothing_else_and_becomes_a_member_when_it_is_named() {
    let mut world = federation(911, 4);
    let (keys, card) = new_centre(&mut world, "C46090");
    let station = keys.station_key();
    let asked = |world: &mut World, question: Question| {
        let bytes = Ask::under(&world.charter, question).to_bytes();
        let effects = world.feed_raw(0, Input::Asked { from: station, token: 5, bytes });
        let answer = effects.into_iter().find_map(|effect| if let Effect::Answer { bytes, .. } = effect { Some(bytes) } else { None });
        Answer::decode(&answer.unwrap()).unwrap()
    };
    assert_eq!(asked(&mut world, Question::Charter { after: 1 }), Answer::Declined(Decline::NotHeld), "nobody has invited it");
    let invite = act(FederationAct::Invite { card: Box::new(card.clone()), valid_ms: HOUR_MS });
    assert!(matches!(ask(&mut world, 0, "security", &invite), Event::Invited { .. }));
    assert!(world.peers[0].admitted.contains(&station));
    let Answer::Charter(report) = asked(&mut world, Question::Charter { after: 1 }) else { panic!("not told") };
    assert_eq!((report.links.len(), report.under.version, report.copy.is_none()), (0, 1, true));
    let pull = Question::Pull { centre: centre(&world, 0), from: 0, rows: None };
    let payloads = Question::Payloads { centre: centre(&world, 0), indexes: vec![0] };
    for question in [Question::Heads(Vec::new()), pull, payloads, Question::Push(Vec::new().into()), Question::Inquire(Vec::new().into())] {
        assert_eq!(asked(&mut world, question), Answer::Declined(Decline::NotHeld));
    }
    change(&mut world, 1, vec![Wish::Add { card: Box::new(card), observer: false }], &[0, 2, 3]);
    assert_eq!(version(&world, 0), 2);
    let Answer::Charter(report) = asked(&mut world, Question::Charter { after: 1 }) else { panic!("not told") };
    let link = Link::decode(&report.links[0]).unwrap();
    let charter = world.charter.follow(&link).unwrap();
    assert!(charter.open_epoch(&CentreCode::new("C46090").unwrap(), &keys.hybrid, &report.copy.unwrap()).is_ok());
    assert!((0..4).all(|peer| world.peers[peer].admitted.contains(&station)), "everybody lets it connect now");
    world.run_for(MINUTE_MS);
    assert!(world.peers[0].shelf.invites().unwrap().is_empty(), "what it was invited for has come about");
}

#[test]
fn an_invitation_ends() {
    let mut world = federation(912, 2);
    let (keys, card) = new_centre(&mut world, "C46090");
    let invite = |card: &CentreCard, valid_ms| act(FederationAct::Invite { card: Box::new(card.clone()), valid_ms });
    assert_eq!(code(&ask(&mut world, 0, "security", &invite(&card, 0))), RefusalCode::RequestInvalid);
    assert_eq!(code(&ask(&mut world, 0, "teller", &invite(&card, HOUR_MS))), RefusalCode::RoleMissing);
    let Event::Invited { invitation, .. } = ask(&mut world, 0, "security", &invite(&card, HOUR_MS)) else { panic!("not invited") };
    let id = invitation.id;
    // It outlives a restart, and not its end.
    world.set_up(0, false);
    world.set_up(0, true);
    assert!(world.peers[0].admitted.contains(&keys.station_key()));
    world.run_for(HOUR_MS + SECOND_MS);
    assert!(!world.peers[0].admitted.contains(&keys.station_key()));
    assert_eq!(code(&ask(&mut world, 0, "security", &act(FederationAct::Uninvite { id }))), RefusalCode::InvitationUnknown);
    let Event::Invited { invitation, .. } = ask(&mut world, 0, "security", &invite(&card, HOUR_MS)) else { panic!("not invited") };
    let id = invitation.id;
    assert!(matches!(ask(&mut world, 0, "security", &act(FederationAct::Uninvite { id })), Event::Done));
    assert!(!world.peers[0].admitted.contains(&keys.station_key()));
    let member = world.file.verify().unwrap().members()[1].clone();
    let (_, taken) = new_centre(&mut world, member.centre.as_str());
    assert_eq!(code(&ask(&mut world, 0, "security", &invite(&taken, HOUR_MS))), RefusalCode::ProposalInvalid, "a member needs none");
}

#[test]
fn nobody_approves_an_epoch_that_does_not_open_to_what_is_proposed() {
    let mut world = federation(913, 4);
    let proposal = propose(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }]).unwrap();
    world.run_for(2 * SECOND_MS);
    assert_eq!(view(&mut world, 1).proposals[0].epoch_opens, Some(true));
    // The same proposal again by somebody who seals other secrets to the others than the charter commits to.
    let me = centre(&world, 1);
    let mut world = federation(914, 4);
    let honest = world.secrets();
    let (next, other) = (honest.next(&mut world.rng, false), honest.next(&mut world.rng, false));
    let commitment = next.commitment(world.charter.federation());
    let members = world.charter.members().to_vec();
    let copies = members.iter().map(|member| crate::charter::vote::CopyFor {
        centre: member.centre.clone(),
        copy: other.copy_for(&mut world.rng, world.charter.federation(), member).unwrap(),
    });
    let body = SealedCopies { suite: SUITE.to_owned(), epoch: 2, copies: copies.collect() }.to_bytes();
    let sealed = Statement::build(&mut world.rng, Kind::EpochSealed, world.now, None, &body).unwrap();
    let from = world.append(1, vec![sealed]);
    let changes = vec![crate::charter::Change::Epoch { pepper: false }];
    let proposed = Proposed {
        suite: SUITE.to_owned(),
        version: 2,
        previous: world.charter.digest(),
        round: 0,
        commitment: Some(commitment),
        copies: Some(crate::charter::vote::Copies { centre: me, from, rows: 1 }),
        promises: Vec::new(),
        reason: String::new(),
        changes: changes.clone(),
    };
    let (kind, body) = Said::Proposed(Box::new(proposed)).to_body();
    let entry = Statement::build(&mut world.rng, kind, world.now, None, &body).unwrap();
    world.append(1, vec![entry]);
    world.run_for(2 * SECOND_MS);
    let bad = world.charter.draft(&changes, Some(commitment)).unwrap().digest();
    assert_ne!(bad, proposal);
    assert_eq!(view(&mut world, 2).proposals[0].epoch_opens, Some(false));
    assert_eq!(code(&say(&mut world, 2, "security", bad, true)), RefusalCode::EpochUnopened);
}

#[test]
fn two_valid_successors_freeze_the_membership_and_raise_the_alarm() {
    let mut world = federation(915, 3);
    let proposal = change(&mut world, 0, vec![Wish::SetQuorum { quorum: Some(2) }], &[1, 2]);
    assert_eq!(version(&world, 2), 2);
    // All three sign another successor of the first version as well, which none of our peers does.
    let changes = vec![crate::charter::Change::Quorum { quorum: Some(3) }];
    let draft = world.charter.draft(&changes, None).unwrap();
    let mut approvals: Vec<_> = world.peers.iter().map(|peer| draft.approve(peer.centre.clone(), 3, &peer.keys.signing)).collect();
    approvals.sort_by(|a, b| a.centre.cmp(&b.centre));
    let link = Link { suite: SUITE.to_owned(), version: 2, changes: changes.clone(), commitment: None, round: 3, approvals };
    assert!(world.charter.follow(&link).is_ok() && draft.digest() != proposal);
    for peer in 0..3 {
        let body = crate::charter::vote::Approved {
            suite: SUITE.to_owned(),
            version: 2,
            round: 3,
            digest: draft.digest(),
            signature: link.approvals[peer].signature,
        };
        let entry = Statement::build(&mut world.rng, Kind::CharterApproved, world.now, None, &body.to_bytes()).unwrap();
        world.append(peer, vec![entry]);
    }
    world.run_for(5 * SECOND_MS);
    assert!(view(&mut world, 0).frozen.is_none(), "nobody has proposed it: its changes are not known");
    let proposed = Proposed {
        suite: SUITE.to_owned(),
        version: 2,
        previous: world.charter.digest(),
        round: 3,
        changes,
        commitment: None,
        copies: None,
        promises: vec![crate::charter::vote::Place { centre: centre(&world, 0), index: 0 }],
        reason: String::new(),
    };
    let entry = Statement::build(&mut world.rng, Kind::CharterProposed, world.now, None, &proposed.to_bytes()).unwrap();
    world.append(1, vec![entry]);
    world.run_for(5 * SECOND_MS);
    for peer in 0..3 {
        assert_eq!(view(&mut world, peer).frozen, Some(2), "peer {peer}");
        assert_eq!(status(&mut world, peer).alarms(), [Alarm::Frozen(2)], "on every desk");
        assert_eq!(version(&world, peer), 2, "what was adopted stays");
    }
    world.set_up(0, false);
    world.set_up(0, true);
    assert_eq!(view(&mut world, 0).frozen, Some(2), "a restart forgets no alarm");
    assert_eq!(propose(&mut world, 0, vec![Wish::RotateEpoch { pepper: false }]), Err(RefusalCode::CharterFrozen));
}

#[test]
fn a_chain_that_does_not_follow_is_refused_and_its_sender_blamed() {
    let mut world = federation(916, 3);
    let station = world.station(1);
    let changes = vec![crate::charter::Change::Quorum { quorum: Some(2) }];
    let draft = world.charter.draft(&changes, None).unwrap();
    let approvals = vec![draft.approve(centre(&world, 1), 0, &world.peers[1].keys.signing)];
    let link = Link { suite: SUITE.to_owned(), version: 2, changes, commitment: None, round: 0, approvals };
    let under = Under { version: 2, digest: draft.digest() };
    let bytes = Ask { federation: world.charter.founding(), question: Question::Heads(Vec::new()), under }.to_bytes();
    let effects = world.feed_raw(0, Input::Asked { from: station, token: 9, bytes });
    let call = effects.iter().find_map(|effect| match effect {
        Effect::Call { call, bytes, .. } => matches!(Ask::decode(bytes).unwrap().question, Question::Charter { after: 1 }).then_some(*call),
        _ => None,
    });
    let report = crate::node::message::ChainReport { links: vec![link.to_bytes().into()], under, copy: None };
    let answer = crate::node::message::SoundAnswer::read(&Answer::Charter(report).to_bytes());
    world.feed(0, Input::Answered { from: station, call: call.unwrap(), answer });
    assert_eq!(version(&world, 0), 1);
    assert_eq!(world.faults(0), [FaultCode::OtherCharter]);
}
