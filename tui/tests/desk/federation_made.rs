//! A made-up federation: its charter, a proposal under vote, a fork, and the versions before.

use std::sync::{Arc, Mutex};

use anju_core::desk::{
    Act, ChangeView, Event as DeskEvent, FederationAct, FederationView, FirstView, ForkView, MemberView, ProposalView, Request, SaidView,
    StationView, TermView, VersionLine,
};
use anju_core::names::{CentreCode, Digest, StationKey};
use anju_core::operator::OperatorName;
use anju_core::time::DAY_MS;
use anju_tui::door::{Trouble, Who};
use anju_tui::fake::{Asked, FakeDoor, NOW};

use crate::made;

pub fn centre(code: &str) -> CentreCode {
    CentreCode::new(code).unwrap()
}

fn member(code: &str, name: &str, role: &str, witness: bool, term: u64) -> MemberView {
    let number: u8 = code[4..].parse::<u16>().map(|n| u8::try_from(n / 10).unwrap()).unwrap();
    let station = StationView {
        station: StationKey([number; 32]),
        addresses: vec![format!("/ip4/10.46.{number}.7/udp/7401/quic-v1")],
        writer: true,
        connected: code != "C46040",
    };
    MemberView {
        centre: centre(code),
        name: name.to_owned(),
        role: role.to_owned(),
        witness,
        term,
        ended: (1..term).map(|term| TermView { term, rows: 412 * term }).collect(),
        key: format!("{number:02x}").repeat(8),
        begun: (role != "former").then(|| NOW.plus_ms(-400 * DAY_MS)),
        stations: if role == "former" { Vec::new() } else { vec![station] },
    }
}

pub fn change(change: &str, code: Option<&str>) -> ChangeView {
    ChangeView {
        change: change.to_owned(),
        centre: code.map(centre),
        name: None,
        fingerprint: None,
        rows: None,
        agrees: None,
        detail: None,
    }
}

/// Rotates the keys of C46020; C46020 has approved, C46030 rejected.
pub fn proposal() -> ProposalView {
    let rotate = ChangeView {
        name: Some("三亚市住房公积金管理局".to_owned()),
        fingerprint: Some(Digest([0xab; 32])),
        rows: Some(880),
        agrees: Some(true),
        detail: Some("/ip4/10.46.2.7/udp/7401/quic-v1".to_owned()),
        ..change("rotate-keys", Some("C46020"))
    };
    let said = |code: &str, approved, reason: Option<&str>| SaidView { centre: centre(code), approved, reason: reason.map(str::to_owned) };
    ProposalView {
        proposal: Digest([0x5c; 32]),
        version: 4,
        round: 0,
        by: centre("C46020"),
        at: NOW.plus_ms(-DAY_MS / 8),
        reason: "密钥满一年，按制度轮换".to_owned(),
        changes: vec![rotate],
        voters: 4,
        said: vec![said("C46020", true, None), said("C46030", false, Some("请改到月底之后"))],
        approved: 1,
        quorum: 3,
        epoch_opens: Some(true),
        ours: None,
        firsts: Vec::new(),
        barred: None,
    }
}

pub fn fork() -> ForkView {
    ForkView {
        centre: centre("C46030"),
        term: 1,
        since: NOW.plus_ms(-DAY_MS / 12),
        rows: [17, 19],
        roots: [Digest([0x17; 32]), Digest([0x19; 32])],
        ours: Some(0),
        reported_by: vec![centre("C46020"), centre("C46040")],
        ended_beside: 2,
    }
}

/// Version 3, quiet: nothing proposed, nobody forked.
pub fn view() -> FederationView {
    FederationView {
        federation: "demo".to_owned(),
        founding: Digest([1; 32]),
        version: 3,
        digest: Digest([9; 32]),
        voters: 4,
        quorum: 3,
        quorum_chosen: false,
        settled: 2,
        epoch: 3,
        pepper: 2,
        epoch_held: true,
        frozen: None,
        members: vec![
            member("C46010", "海口住房公积金管理局", "member", true, 1),
            member("C46020", "三亚市住房公积金管理局", "member", true, 1),
            member("C46030", "儋州市住房公积金管理局", "member", true, 1),
            member("C46040", "三沙市住房公积金管理局", "member", false, 2),
            member("C46050", "琼海市住房公积金管理局", "suspended", false, 1),
            member("C46060", "海南省住房和城乡建设厅", "observer", false, 1),
            member("C46070", "文昌市住房公积金管理局", "former", false, 1),
        ],
        round: None,
        proposals: Vec::new(),
        invited: Vec::new(),
        forks: Vec::new(),
        conflict: None,
    }
}

pub fn voting() -> FederationView {
    FederationView { round: Some(0), proposals: vec![proposal()], ..view() }
}

/// Newest first.
pub fn versions() -> Vec<VersionLine> {
    let line = |version: u64, days: i64, changes: Vec<ChangeView>, epoch, approved: &[&str]| VersionLine {
        version,
        digest: Digest([u8::try_from(version).unwrap() * 3; 32]),
        at: NOW.plus_ms(-days * DAY_MS),
        changes,
        epoch,
        approved: approved.iter().map(|code| centre(code)).collect(),
        conflict: None,
    };
    let rotate = ChangeView { rows: Some(412), ..change("rotate-keys", Some("C46040")) };
    let founders = ["C46010", "C46020", "C46030"];
    vec![
        line(3, 12, vec![change("suspend", Some("C46050")), rotate], true, &founders),
        line(2, 90, vec![change("add", Some("C46050")), change("remove", Some("C46070"))], true, &["C46010", "C46030", "C46070"]),
    ]
}

pub fn answer(request: &Request, view: &FederationView) -> Result<DeskEvent, Trouble> {
    match request {
        Request::Federation => Ok(DeskEvent::Federation(Box::new(view.clone()))),
        Request::FederationHistory { before: None, .. } => Ok(DeskEvent::Versions { versions: versions()[..1].to_vec(), more: true }),
        Request::FederationHistory { .. } => Ok(DeskEvent::Versions { versions: versions()[1..].to_vec(), more: false }),
        _ => Err(Trouble::failed("peer-garbled")),
    }
}

/// A peer that is asked by its people: who answers second has said it for the centre.
#[derive(Clone)]
pub struct House(pub Arc<Mutex<FederationView>>);

impl House {
    pub fn new(view: FederationView) -> Self {
        Self(Arc::new(Mutex::new(view)))
    }

    pub fn door(&self, who: Who) -> FakeDoor {
        let (view, name) = (Arc::clone(&self.0), who.name.clone());
        FakeDoor::new(who, move |asked| {
            let mut view = view.lock().unwrap();
            match asked {
                Asked::Request(request @ (Request::Federation | Request::FederationHistory { .. })) => answer(request, &view),
                Asked::Request(Request::Status) => {
                    let mut status = made::status();
                    status.frozen = view.frozen;
                    for journal in &mut status.journals {
                        journal.forked = view.forks.iter().any(|fork| fork.centre == journal.centre);
                    }
                    Ok(DeskEvent::Status(Box::new(status)))
                }
                Asked::Act(Act::Federation(act)) => answered(&mut view, &name, act),
                asked => made::answer(asked),
            }
        })
    }
}

fn answered(view: &mut FederationView, name: &OperatorName, act: &FederationAct) -> Result<DeskEvent, Trouble> {
    match act {
        FederationAct::Answer { proposal, approve, reason } => {
            let shown = &mut view.proposals[0];
            assert_eq!(shown.proposal, *proposal);
            let complete = shown.firsts.iter().any(|first| first.operator != *name && first.approve == *approve);
            if complete {
                shown.firsts.clear();
                let reason = (!approve).then(|| reason.clone());
                shown.said.push(SaidView { centre: centre("C46010"), approved: *approve, reason });
                shown.approved += u64::from(*approve);
            } else {
                let security = name.as_str() == "zhao.liu";
                shown.firsts.push(FirstView { operator: name.clone(), approve: *approve, security });
            }
            Ok(DeskEvent::Answered { proposal: *proposal, approve: *approve, complete })
        }
        FederationAct::NextRound { .. } => Ok(DeskEvent::RoundOpened { round: 1 }),
        FederationAct::Propose { .. } | FederationAct::Invite { .. } | FederationAct::Uninvite { .. } => {
            Err(Trouble::failed("not-in-this-test"))
        }
    }
}
