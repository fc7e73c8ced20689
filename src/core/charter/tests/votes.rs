//! The rules of votes against a model: members that see each other's journals late and in any order, some of whom keep to nothing but
//! their own journal. Whatever they do, no two versions are agreed on; and when they can see each other again, one is.

#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "a seed that fails is printed")]

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::vote::{Approved, Last, Place, Promised, Proposed, Repeat, Said, Vote, VoteRow};
use super::*;
use crate::time::Time;

/// What can be proposed: so many witnesses, each another version.
const CHOICES: u64 = 3;

struct Voter {
    centre: CentreCode,
    keys: CentreKeys,
    cheats: bool,
    /// What it has said, in order.
    journal: Vec<VoteRow>,
    /// How much of everybody's journal it has seen.
    seen: Vec<usize>,
}

struct Federation {
    charter: Charter,
    voters: Vec<Voter>,
    rng: StdRng,
}

impl Federation {
    fn new(seed: u64, members: usize, quorum: Option<u64>, cheats: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let some = |i: usize, rng: &mut StdRng| {
            let (keys, centre) = (CentreKeys::random(rng), CentreCode::new(&format!("C{:05}", 46010 + i)).unwrap());
            let card = CentreCard::new(centre.clone(), format!("中心{i}"), vec![format!("/ip4/127.0.0.1/tcp/{}", 7000 + i)], &keys);
            (centre, keys, card)
        };
        let founders: Vec<_> = (0..members).map(|i| some(i, &mut rng)).collect();
        let cards: Vec<_> = founders.iter().map(|founder| founder.2.clone()).collect();
        let choice = Founding { quorum, witnesses: Some(Vec::new()) };
        let mut file = CharterFile::found(&mut rng, FederationName::new("model").unwrap(), &cards, &choice).unwrap();
        for (centre, keys, _) in &founders {
            file.sign(centre, keys).unwrap();
        }
        let charter = file.verify().unwrap();
        let voter = |(i, (centre, keys, _)): (usize, (CentreCode, CentreKeys, CentreCard))| Voter {
            centre,
            keys,
            cheats: i < cheats,
            journal: Vec::new(),
            seen: vec![0; members],
        };
        let voters = founders.into_iter().enumerate().map(voter).collect();
        Self { charter, voters, rng }
    }

    fn changes(&self, choice: u64) -> Vec<Change> {
        let count = usize::try_from(choice).unwrap() + 1;
        let centres = self.voters.iter().take(count).map(|voter| voter.centre.clone()).collect();
        vec![Change::Witnesses { centres, settled: None }]
    }

    /// What `voter` has seen of everybody; of itself it knows all.
    fn rows_seen_by(&self, voter: usize) -> Vec<VoteRow> {
        let seen = |i: usize| if i == voter { self.voters[i].journal.len() } else { self.voters[voter].seen[i] };
        (0..self.voters.len()).flat_map(|i| self.voters[i].journal[..seen(i)].to_vec()).collect()
    }

    fn view(&self, voter: usize) -> Vote {
        Vote::read(&self.charter, &self.rows_seen_by(voter))
    }

    fn say(&mut self, voter: usize, said: Said) {
        let voter = &mut self.voters[voter];
        let place = Place { centre: voter.centre.clone(), index: voter.journal.len() as u64 };
        voter.journal.push(VoteRow { place, at: Time(0), said });
    }

    fn propose(&mut self, voter: usize, round: u64, changes: Vec<Change>, promises: Vec<Place>) {
        let proposed = Proposed {
            suite: crate::seal::SUITE.to_owned(),
            version: 2,
            previous: self.charter.digest(),
            round,
            changes,
            commitment: None,
            copies: None,
            promises,
            reason: String::new(),
        };
        self.say(voter, Said::Proposed(Box::new(proposed)));
    }

    fn approve(&mut self, voter: usize, round: u64, digest: Digest) {
        let approvers = &self.voters[voter];
        let message = ballot(2, round, digest);
        let signature = approvers.keys.signing.sign(crate::sign::Context::CharterApproval, &message);
        let body = Approved { suite: crate::seal::SUITE.to_owned(), version: 2, round, digest, signature };
        self.say(voter, Said::Approved(body));
    }

    fn promise(&mut self, voter: usize, round: u64, last: Option<Last>) {
        self.say(voter, Said::Promised(Promised { suite: crate::seal::SUITE.to_owned(), version: 2, round, last }));
    }

    /// Sees more of somebody's journal.
    fn look(&mut self, voter: usize) {
        let of = self.rng.random_range(0..self.voters.len());
        let (seen, all) = (self.voters[voter].seen[of], self.voters[of].journal.len());
        if seen < all {
            self.voters[voter].seen[of] = self.rng.random_range(seen + 1..=all);
        }
    }

    fn everybody_sees_everything(&mut self) {
        let sizes: Vec<usize> = self.voters.iter().map(|voter| voter.journal.len()).collect();
        self.voters.iter_mut().for_each(|voter| voter.seen.clone_from(&sizes));
    }

    /// One thing that a member that keeps the rules may do.
    fn act(&mut self, voter: usize) {
        let (view, own) = (self.view(voter), self.voters[voter].centre.clone());
        let round = view.round();
        match self.rng.random_range(0..10) {
            0 if view.proposals().all(|proposal| proposal.place.centre != own) && round == 0 => {
                let choice = self.rng.random_range(0..CHOICES);
                let changes = self.changes(choice);
                self.propose(voter, 0, changes, Vec::new());
            }
            1..=4 => {
                let open: Vec<_> = view.proposals().map(|proposal| (proposal.body.round, proposal.draft.digest())).collect();
                let allowed: Vec<_> = open.into_iter().filter(|(round, digest)| view.may_approve(&own, *round, *digest).is_ok()).collect();
                if !allowed.is_empty() {
                    let (round, digest) = allowed[self.rng.random_range(0..allowed.len())];
                    self.approve(voter, round, digest);
                }
            }
            5 if round < 4 => self.promise(voter, round + 1, view.last(&own)),
            6 | 7 if round > 0 && view.who_promised(round).all(|centre| *centre != own) => self.promise(voter, round, view.last(&own)),
            8 | 9 if round > 0 => self.put_forward(voter, &view, round),
            _ => {}
        }
    }

    fn put_forward(&mut self, voter: usize, view: &Vote, round: u64) {
        let Some((promises, repeat)) = view.promised(round) else { return };
        let changes = match repeat {
            Repeat::Free => {
                let choice = self.rng.random_range(0..CHOICES);
                self.changes(choice)
            }
            Repeat::Only(digest) => {
                view.proposals().find(|proposal| proposal.draft.digest() == digest).map(|proposal| proposal.body.changes.clone()).unwrap()
            }
            Repeat::Undecided => return,
        };
        self.propose(voter, round, changes, promises);
    }

    /// One thing that a member does who keeps to no rule.
    fn cheat(&mut self, voter: usize) {
        let rows = self.rows_seen_by(voter);
        let (choice, round) = (self.rng.random_range(0..CHOICES), self.rng.random_range(0..4));
        let digest = self.charter.draft(&self.changes(choice), None).unwrap().digest();
        match self.rng.random_range(0..3) {
            0 => {
                // Promises that never were, or that say something else.
                let mut places: Vec<Place> = rows.iter().map(|row| row.place.clone()).collect();
                places.sort();
                places.dedup_by(|a, b| a.centre == b.centre);
                let promises = if round == 0 { Vec::new() } else { places };
                let changes = self.changes(choice);
                self.propose(voter, round, changes, promises);
            }
            1 => self.approve(voter, round, digest),
            _ => self.promise(voter, round + 1, (round > 0).then(|| Last { round: round - 1, digest })),
        }
    }

    /// What has a quorum in some round, counted without any of the code that is tested: of each member the first approval of a round.
    fn agreed_by_count(&self) -> BTreeSet<Digest> {
        let mut counts: BTreeMap<(u64, Digest), BTreeSet<&CentreCode>> = BTreeMap::new();
        for voter in &self.voters {
            let (mut floor, mut last) = (0, None);
            let mut approved = BTreeSet::new();
            for row in &voter.journal {
                match &row.said {
                    Said::Approved(body) if body.round >= floor && approved.insert(body.round) => {
                        floor = body.round;
                        last = Some(Last { round: body.round, digest: body.digest });
                        counts.entry((body.round, body.digest)).or_default().insert(&voter.centre);
                    }
                    // A promise that contradicts its own journal binds nobody, and nothing rests on it.
                    Said::Promised(body) if body.last == last => floor = floor.max(body.round),
                    Said::Promised(_) | Said::Approved(_) | Said::Proposed(_) | Said::Rejected(_) => {}
                }
            }
        }
        let quorum = usize::try_from(self.charter.quorum()).unwrap();
        counts.into_iter().filter(|(_, who)| who.len() >= quorum).map(|((_, digest), _)| digest).collect()
    }

    fn agreed_as_seen_by(&self, voter: usize) -> BTreeSet<Digest> {
        let links = self.view(voter).agreed(&self.charter);
        links.iter().map(|link| self.charter.follow(link).unwrap().digest()).collect()
    }

    /// Members that keep the rules and see everything come to an end, whatever was said before.
    fn settle(&mut self) -> Digest {
        for _ in 0..8 {
            self.everybody_sees_everything();
            if let Some(digest) = self.agreed_as_seen_by(0).first() {
                return *digest;
            }
            let honest: Vec<usize> = (0..self.voters.len()).filter(|i| !self.voters[*i].cheats).collect();
            if !self.view(honest[0]).is_open() {
                let changes = self.changes(0);
                self.propose(honest[0], 0, changes, Vec::new());
            }
            let round = self.view(honest[0]).round() + 1;
            for voter in &honest {
                let last = self.view(*voter).last(&self.voters[*voter].centre);
                self.promise(*voter, round, last);
            }
            self.everybody_sees_everything();
            let view = self.view(honest[0]);
            self.put_forward(honest[0], &view, round);
            self.everybody_sees_everything();
            for voter in honest {
                let view = self.view(voter);
                let own = self.voters[voter].centre.clone();
                let open = view.proposals().find(|proposal| view.may_approve(&own, proposal.body.round, proposal.draft.digest()).is_ok());
                if let Some((round, digest)) = open.map(|proposal| (proposal.body.round, proposal.draft.digest())) {
                    self.approve(voter, round, digest);
                }
            }
        }
        panic!("no end in eight rounds");
    }
}

/// Shapes of federations: members, quorum, how many cheat.
const SHAPES: &[(usize, Option<u64>, usize)] = &[
    (3, None, 0),
    (3, Some(2), 0),
    (4, None, 1),
    (5, None, 0),
    (5, Some(3), 0),
    (5, Some(3), 2),
    (5, None, 1),
    (6, Some(4), 1),
    (7, None, 2),
];
const SEEDS: u64 = 40;
const STEPS: usize = 60;

#[test]
fn no_two_versions_are_agreed_on_however_late_members_see_each_other() {
    let mut agreed_at_once = 0;
    for (members, quorum, cheats) in SHAPES.iter().copied() {
        for seed in 0..SEEDS {
            println!("members {members} quorum {quorum:?} cheats {cheats} seed {seed}");
            let mut federation = Federation::new(seed, members, quorum, cheats);
            for _ in 0..STEPS {
                let voter = federation.rng.random_range(0..members);
                federation.look(voter);
                if federation.voters[voter].cheats { federation.cheat(voter) } else { federation.act(voter) }
            }
            let counted = federation.agreed_by_count();
            assert!(counted.len() <= 1, "two versions have a quorum");
            for voter in 0..members {
                assert!(federation.agreed_as_seen_by(voter).is_subset(&counted), "somebody sees a quorum that is none");
            }
            agreed_at_once += counted.len();
            // Rounds beyond what cheats used up are left: see that an end is reached, and the one that was reached before. With a quorum of
            // two thirds or less, members that are silent can keep the others from knowing what was agreed on.
            let quorum = usize::try_from(federation.charter.quorum()).unwrap();
            if members - cheats >= quorum && (cheats == 0 || 3 * quorum > 2 * members) {
                let end = federation.settle();
                assert!(counted.is_empty() || counted.contains(&end), "what was agreed on is another now");
                assert_eq!(federation.agreed_by_count().len(), 1);
            }
        }
    }
    assert!(agreed_at_once > 20, "the steps lead to agreement now and then, or the test tests little: {agreed_at_once}");
}
