//! Charters, their chain, and what members say about the next one.

use anju_core::charter::vote::{Approved, Copies, CopyFor, Last, Place, Promised, Proposed, Rejected, SealedCopies};
use anju_core::charter::{Change, Charter, Extent, Link, Role, Station};
use anju_core::exhibit::Exhibit;
use anju_core::node::message::{Answer, ChainReport, Under};
use anju_core::seal::{Purpose, SUITE, hybrid};
use anju_core::wire;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::made::Made;

type Examples = Vec<(&'static str, Vec<u8>)>;

pub(super) fn charters(made: &mut Made, out: &mut Examples) {
    let file: Value = serde_json::from_str(&made.charter_file.to_text()).unwrap();
    let content = STANDARD.decode(file["charter"].as_str().unwrap()).unwrap();
    let copy = made.charter_file.copy_of(&made.issuer.code).unwrap();
    let plain = hybrid::open(&made.issuer.keys.hybrid, Purpose::Epoch, b"hainan/1/C46010", &copy).unwrap();
    let card = wire::encode(&made.issuer.card);
    out.extend([("charter", content), ("hybrid-sealed", wire::encode(&copy)), ("epoch-secrets", plain.to_vec()), ("centre-card", card)]);
    for (changes, renews) in versions(made) {
        said(made, &changes, renews, out);
    }
    exhibits(out);
}

/// Evidence files are made by a room's own generator, and committed.
fn exhibits(out: &mut Examples) {
    for text in [
        include_str!("../../vectors/exhibit/holds.json"),
        include_str!("../../vectors/exhibit/holds_in_the_next_term.json"),
        include_str!("../../vectors/exhibit/holds_before_a_term_begins.json"),
    ] {
        let vector: Value = serde_json::from_str(text).unwrap();
        let bytes = hex::decode(vector["bytes"].as_str().unwrap()).unwrap();
        let exhibit = Exhibit::decode(&bytes).unwrap();
        out.extend([
            ("charter-chain", wire::encode(&exhibit.charter)),
            ("exhibit-part", wire::encode(&exhibit.parts[0])),
            ("exhibit", bytes),
        ]);
    }
}

/// Versions that could follow, between them with every change there is.
fn versions(made: &mut Made) -> Vec<(Vec<Change>, bool)> {
    let (issuer, lender, third) = (made.issuer.code.clone(), made.lender.code.clone(), made.third.code.clone());
    let counts = Extent { size: 70_000, root: made.charter.digest() };
    let another = made.another_centre("C46030");
    let rotated = made.another_centre(issuer.as_str());
    let writer = made.charter.member(&lender).unwrap().stations[0].clone();
    let second = Station { key: another.keys.station_key(), addresses: vec!["/ip4/192.0.2.1/tcp/1".to_owned()], writer: false };
    vec![
        (
            vec![
                Change::Add { card: Box::new(another.card.clone()), role: Role::Observer },
                Change::Rotate { card: Box::new(rotated.card), counts },
                Change::Suspend { centre: third.clone(), counts },
                Change::Restore { centre: third.clone() },
                Change::Epoch { pepper: true },
            ],
            true,
        ),
        (
            vec![
                Change::Stations { centre: lender.clone(), stations: vec![writer, second] },
                Change::Quorum { quorum: Some(2) },
                Change::Quorum { quorum: None },
                Change::Witnesses { centres: vec![issuer.clone(), lender], settled: Some(2) },
                Change::Witnesses { centres: vec![issuer], settled: None },
            ],
            false,
        ),
        (vec![Change::Remove { centre: third, counts }, Change::Epoch { pepper: false }], true),
    ]
}

fn said(made: &mut Made, changes: &[Change], renews: bool, out: &mut Examples) {
    let secrets = made.secrets().next(&mut made.rng, true);
    let commitment = renews.then(|| secrets.commitment(made.charter.federation()));
    let draft = made.charter.draft(changes, commitment).unwrap();
    let (issuer, place) = (made.issuer.code.clone(), Place { centre: made.issuer.code.clone(), index: 70_000 });
    let mut proposed = Proposed {
        suite: SUITE.to_owned(),
        version: 2,
        previous: made.charter.digest(),
        round: 0,
        changes: changes.to_vec(),
        commitment,
        copies: renews.then(|| Copies { centre: issuer.clone(), from: 69_999, rows: 1 }),
        promises: Vec::new(),
        reason: "加入".to_owned(),
    };
    out.push(("charter-proposed", proposed.to_bytes()));
    (proposed.round, proposed.promises) = (1, vec![place]);
    out.push(("charter-proposed", proposed.to_bytes()));
    let centres = [&made.third, &made.issuer, &made.lender];
    let approvals: Vec<_> = centres.iter().map(|centre| draft.approve(centre.code.clone(), 1, &centre.keys.signing)).collect();
    let (suite, signature, digest) = (SUITE.to_owned(), approvals[0].signature, draft.digest());
    out.push(("charter-approved", Approved { suite: suite.clone(), version: 2, round: 1, digest, signature }.to_bytes()));
    out.push(("charter-rejected", Rejected { suite: suite.clone(), version: 2, round: 1, digest, reason: "不同意".to_owned() }.to_bytes()));
    for last in [None, Some(Last { round: 0, digest })] {
        out.push(("charter-promised", Promised { suite: suite.clone(), version: 2, round: 1, last }.to_bytes()));
    }
    let link = Link { suite: suite.clone(), version: 2, changes: changes.to_vec(), commitment, round: 1, approvals };
    let next: Charter = made.charter.follow(&link).unwrap();
    out.push(("charter-link", link.to_bytes()));
    let member = next.members().iter().find(|member| member.centre == made.lender.code).unwrap();
    let copy = secrets.copy_for(&mut made.rng, next.federation(), member).unwrap();
    let report = ChainReport { links: vec![link.to_bytes().into()], under: Under::of(&next), copy: Some(copy.clone()) };
    out.push(("answer", Answer::Charter(report.clone()).to_bytes()));
    out.push(("answer", Answer::Charter(ChainReport { copy: None, ..report }).to_bytes()));
    let copies = vec![CopyFor { centre: made.lender.code.clone(), copy }];
    out.push(("epoch-sealed", SealedCopies { suite, epoch: 2, copies }.to_bytes()));
}
