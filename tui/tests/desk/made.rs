//! Made-up answers of a peer.

#[path = "papers.rs"]
pub mod papers;

use anju_core::desk::{
    Act, Backup, CaseLine, DossierAct, Event as DeskEvent, Evidence, FaultCount, JournalStatus, KeyAge, KeyRole, LogLine, LogPage, Request,
    StationStatus, Status, Storage, SystemView, Trend, Trends,
};
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
        backing: None,
        cosigned_age_ms: None,
    }
}

fn station(byte: u8, centre: &str, link: Option<(bool, &str)>, round_trip_ms: Option<u64>) -> StationStatus {
    StationStatus {
        station: StationKey([byte; 32]),
        centre: CentreCode::new(centre).unwrap(),
        connected: link.is_some_and(|(connected, _)| connected),
        address: link.map(|(_, address)| address.to_owned()),
        round_trip_ms,
        bytes_in: u64::from(byte) * 1_700_000,
        bytes_out: u64::from(byte) * 12_345,
    }
}

pub fn trends() -> Trends {
    let traffic = (0..60).map(|i: u64| i * i % 37 * 900 + if i == 41 { 260_000 } else { 0 }).collect();
    let lag = (0..60).map(|i: u64| (i / 2) % 23 + i % 5 * 4).collect();
    let trend = |code: &str, traffic, lag| Trend { centre: CentreCode::new(code).unwrap(), traffic, lag };
    let centres = vec![
        trend("C46010", vec![0; 60], vec![0; 60]),
        trend("C46020", traffic, lag),
        trend("C46030", vec![812, 700, 911], vec![0, 0, 0]),
        trend("C46040", vec![], vec![]),
    ];
    Trends { step_ms: 10_000, centres }
}

pub fn log() -> LogPage {
    let line = |seq: u64, level: &str, source: &str, text: &str| {
        let (level, source, text) = (level.to_owned(), source.to_owned(), text.to_owned());
        LogLine { seq, at: NOW.plus_ms(seq.cast_signed() * 7_000 - 600_000), level, source, text }
    };
    let mut lines = vec![
        line(1, "info", "anju_peers::engine", "members set members=4"),
        line(2, "info", "anju::daemon::wiring", "listening address=/ip4/10.46.1.7/udp/7401/quic-v1"),
        line(3, "info", "anju::daemon::wiring", "connected station=0202020202020202020202020202020202020202020202020202020202020202"),
        line(4, "warn", "anju::daemon::wiring", "the desk is overwhelmed; an answer was dropped"),
        line(
            5,
            "error",
            "anju::daemon::engine",
            "nothing was written; the requests that waited are answered as failed code=\"store-full\"",
        ),
    ];
    lines.extend((6..60).map(|seq| line(seq, "info", "anju::daemon::wiring", "disconnected station=03030303")));
    LogPage { lines, lost: 0 }
}

pub fn system() -> SystemView {
    let key = |key, name: &str, since: Option<i64>, by| KeyAge {
        key,
        name: name.to_owned(),
        since: since.map(|days| NOW.plus_ms(-days * DAY_MS)),
        by: since.map(|_| by),
    };
    let rows = [("C46010", 1_204), ("C46020", 880), ("C46030", 17)];
    SystemView {
        version: "0.1.0".to_owned(),
        protocol: "/anju/sync/1".to_owned(),
        charter_version: 1,
        storage: Some(Storage {
            database_bytes: 3_400_000_000,
            log_bytes: 41_000_000,
            free_bytes: Some(2_900_000_000),
            rows: rows.into_iter().map(|(code, rows)| (CentreCode::new(code).unwrap(), rows)).collect(),
            erased: 312,
            damaged: 1,
            withheld: 0,
            audit_rows: 40_113,
            cases: 88,
            schema: 2,
        }),
        backup: Some(Backup {
            at: NOW.plus_ms(-10 * DAY_MS),
            bytes: 3_100_000_000,
            file: "/srv/anju/backups/anju-C46010-20261111020000.db".to_owned(),
        }),
        backing_up: true,
        backups: "/srv/anju/backups".to_owned(),
        keys: vec![
            key(KeyRole::Station, "", Some(220), Evidence::File),
            key(KeyRole::Signing, "1", Some(219), Evidence::Journal),
            key(KeyRole::Heartbeat, "", Some(220), Evidence::File),
            key(KeyRole::Sealing, "", Some(220), Evidence::File),
            key(KeyRole::Pepper, "2", None, Evidence::File),
            key(KeyRole::Operator, "li.si", Some(200), Evidence::Account),
            key(KeyRole::Operator, "zhang.san", Some(14), Evidence::Account),
        ],
    }
}

pub fn status() -> Status {
    Status {
        version: "0.1.0".to_owned(),
        centre: CentreCode::new("C46010").unwrap(),
        federation: FederationName::new("demo").unwrap(),
        charter: Digest([9; 32]),
        now: NOW,
        read_only: None,
        frozen: None,
        journals: vec![
            journal("C46010", "海口住房公积金管理局", 1_204, 1_204, Some(4_000)),
            journal("C46020", "三亚市住房公积金管理局", 880, 913, Some(42_000)),
            journal("C46030", "儋州市住房公积金管理局", 17, 17, Some(61_000)),
            journal("C46040", "三沙市住房公积金管理局", 0, 0, None),
        ],
        stations: vec![
            station(2, "C46020", Some((true, "/ip4/10.46.2.7/udp/7401/quic-v1")), Some(38)),
            station(3, "C46030", Some((true, "/dns4/anju.danzhou.example/tcp/7401")), Some(0)),
            station(4, "C46040", None, None),
        ],
        faults: vec![FaultCount { station: StationKey([3; 32]), code: FaultCode::Malformed, count: 3 }],
        old_pepper: Vec::new(),
        warnings: vec!["clock-jumped-back".to_owned()],
    }
}

pub fn answer(asked: &Asked) -> Result<DeskEvent, Trouble> {
    match asked {
        Asked::Request(Request::Status) => Ok(DeskEvent::Status(Box::new(status()))),
        Asked::Request(Request::Trends) => Ok(DeskEvent::Trends(Box::new(trends()))),
        Asked::Request(Request::Logs { after, .. }) => {
            let mut page = log();
            page.lines.retain(|line| after.is_none_or(|after| line.seq > after));
            Ok(DeskEvent::Logs(Box::new(page)))
        }
        Asked::Request(Request::System) => Ok(DeskEvent::System(Box::new(system()))),
        Asked::Request(request @ (Request::Federation | Request::FederationHistory { .. })) => {
            crate::federation_made::answer(request, &crate::federation_made::view())
        }
        Asked::Act(
            Act::AccountShow { .. }
            | Act::Reveal { .. }
            | Act::Lookup { .. }
            | Act::CertificateIssue { .. }
            | Act::CertificateShow { .. }
            | Act::CertificateCancel { .. }
            | Act::Query { .. }
            | Act::Ask { .. }
            | Act::PickUp { .. },
        )
        | Asked::Request(_)
        | Asked::Work(_) => papers::answer(asked),
        Asked::Act(Act::Accesses { number, .. }) => Ok(DeskEvent::Accesses { accesses: papers::accesses(number), next: None }),
        Asked::Act(Act::Outbox(act)) => papers::outbox(act),
        Asked::Act(Act::Dossier(act)) => crate::loans_made::answer(act),
        Asked::Act(act) => crate::list_made::answer(act),
    }
}

pub fn full() -> FakeDoor {
    FakeDoor::with_work(reviewer(), answer, crate::list_made::work)
}

/// What a peer answers that has nothing.
pub fn empty_of(asked: &Asked) -> Result<DeskEvent, Trouble> {
    match asked {
        Asked::Request(Request::Status) => {
            let status = Status { journals: vec![], stations: vec![], faults: vec![], warnings: vec![], ..status() };
            Ok(DeskEvent::Status(Box::new(status)))
        }
        Asked::Request(Request::Logs { .. }) => Ok(DeskEvent::Logs(Box::default())),
        Asked::Request(Request::System) => {
            let view = SystemView { storage: None, backup: None, backing_up: false, keys: vec![], ..system() };
            Ok(DeskEvent::System(Box::new(view)))
        }
        Asked::Act(Act::Dossier(act)) => Ok(match **act {
            DossierAct::List { .. } => DeskEvent::Dossiers { dossiers: vec![], more: false },
            _ => DeskEvent::Loans { loans: vec![], next: None },
        }),
        Asked::Request(_) | Asked::Act(_) | Asked::Work(_) => Ok(DeskEvent::Cases { cases: vec![], more: false }),
    }
}

pub fn empty() -> FakeDoor {
    FakeDoor::new(reviewer(), empty_of)
}

pub fn broken() -> FakeDoor {
    FakeDoor::new(reviewer(), |_| Err(Trouble::failed("peer-not-running").with("path", "/srv/anju")))
}
