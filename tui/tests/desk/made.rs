//! Made-up answers of a peer.

#[path = "papers.rs"]
pub mod papers;

use anju_core::desk::{Act, CaseLine, Event as DeskEvent, FaultCount, JournalStatus, Request, StationStatus, Status};
use anju_core::error::FaultCode;
use anju_core::listing::case::CaseState;
use anju_core::names::{CentreCode, Digest, FederationName, StationKey};
use anju_core::operator::Role;
use anju_core::time::DAY_MS;
use anju_tui::door::{Trouble, Who};
use anju_tui::fake::{Asked, FakeDoor, NOW, somebody};

pub fn reviewer() -> Who {
    somebody("li.si", "李四", Role::Reviewer).unwrap()
}

pub fn line(serial: u64, state: CaseState, waits_for: Option<Role>, days: Option<i64>) -> CaseLine {
    CaseLine {
        case: format!("C46010-A{serial}").parse().unwrap(),
        listing: None,
        state,
        decision_no: format!("琼公积金认〔2026〕{serial}号"),
        conduct: "以欺骗手段提取住房公积金".to_owned(),
        waits_for,
        until: days.map(|days| NOW.plus_ms(days * DAY_MS)),
    }
}

pub fn queue() -> Vec<CaseLine> {
    vec![
        line(3, CaseState::Drafted, Some(Role::Reviewer), Some(5)),
        line(7, CaseState::Objected, Some(Role::Reviewer), Some(-2)),
        line(9, CaseState::Notified, None, Some(8)),
        line(12, CaseState::Reviewed, Some(Role::Teller), Some(1)),
        line(15, CaseState::Disputed, Some(Role::Reviewer), Some(-1)),
        line(16, CaseState::Returned, Some(Role::Teller), None),
    ]
}

fn journal(code: &str, name: &str, size: u64, announced: u64, age_ms: Option<i64>) -> JournalStatus {
    JournalStatus {
        centre: CentreCode::new(code).unwrap(),
        name: name.to_owned(),
        size,
        announced,
        applied: size,
        root: Some(Digest([7; 32])),
        heartbeat: age_ms.map(|ms| NOW.plus_ms(-ms)),
        age_ms,
        stale: age_ms.is_none_or(|ms| ms > 3_600_000),
        forked: false,
    }
}

pub fn status() -> Status {
    let station = |byte: u8| StationKey([byte; 32]);
    let mut forked = journal("C46030", "儋州市住房公积金管理局", 17, 17, Some(61_000));
    forked.forked = true;
    Status {
        version: "0.1.0".to_owned(),
        centre: CentreCode::new("C46010").unwrap(),
        federation: FederationName::new("demo").unwrap(),
        charter: Digest([9; 32]),
        now: NOW,
        read_only: None,
        journals: vec![
            journal("C46010", "海口住房公积金管理局", 1_204, 1_204, Some(4_000)),
            journal("C46020", "三亚市住房公积金管理局", 880, 913, Some(42_000)),
            forked,
            journal("C46040", "三沙市住房公积金管理局", 0, 0, None),
        ],
        stations: vec![
            StationStatus { station: station(2), centre: CentreCode::new("C46020").unwrap(), connected: true },
            StationStatus { station: station(3), centre: CentreCode::new("C46030").unwrap(), connected: true },
            StationStatus { station: station(4), centre: CentreCode::new("C46040").unwrap(), connected: false },
        ],
        faults: vec![FaultCount { station: station(3), code: FaultCode::Malformed, count: 3 }],
        warnings: vec!["clock-jumped-back".to_owned()],
    }
}

pub fn answer(asked: &Asked) -> Result<DeskEvent, Trouble> {
    match asked {
        Asked::Request(Request::Status) => Ok(DeskEvent::Status(Box::new(status()))),
        Asked::Act(
            Act::AccountShow { .. }
            | Act::Reveal { .. }
            | Act::Lookup { .. }
            | Act::CertificateIssue { .. }
            | Act::CertificateShow { .. }
            | Act::CertificateCancel { .. }
            | Act::Query { .. },
        )
        | Asked::Request(_)
        | Asked::Work(_) => papers::answer(asked),
        Asked::Act(act) => crate::list_made::answer(act),
    }
}

pub fn full() -> FakeDoor {
    FakeDoor::with_work(reviewer(), answer, crate::list_made::work)
}

pub fn empty() -> FakeDoor {
    FakeDoor::new(reviewer(), |asked| match asked {
        Asked::Request(Request::Status) => {
            let status = Status { journals: vec![], stations: vec![], faults: vec![], warnings: vec![], ..status() };
            Ok(DeskEvent::Status(Box::new(status)))
        }
        Asked::Request(_) | Asked::Act(_) | Asked::Work(_) => Ok(DeskEvent::Cases { cases: vec![], more: false }),
    })
}

pub fn broken() -> FakeDoor {
    FakeDoor::new(reviewer(), |_| Err(Trouble::failed("peer-not-running").with("path", "/srv/anju")))
}
