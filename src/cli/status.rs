//! `anju status`: how the peer is, whose journals it holds, and what is stale.

use anju_core::desk::{Event, JournalStatus, ReadOnly, Request, StationStatus, Status};
use anju_tui::widgets::plot::bytes;
use serde_json::json;

use super::common::{self, DataArgs};
use super::failure::Failure;
use super::out::{Ctx, Done, table};
use super::text::clean;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let Event::Status(status) = common::ask(&args.data, &Request::Status, common::PATIENCE, |_| ())? else {
        return Err(common::unexpected());
    };
    Ok(Done::new(json!({ "status": status }), text(ctx, &status)))
}

fn text(ctx: Ctx, status: &Status) -> String {
    let charter = status.charter.to_string();
    let connected = status.stations.iter().filter(|s| s.connected).count();
    let mut out = ctx.fill(
        "status.head",
        &[
            ("centre", status.centre.as_str()),
            ("federation", &clean(status.federation.as_str())),
            ("charter", &charter),
            ("version", &clean(&status.version)),
            ("connected", &connected.to_string()),
            ("stations", &status.stations.len().to_string()),
        ],
    );
    if let Some(reason) = &status.read_only {
        out.push_str(&read_only(ctx, reason));
    }
    if let Some(version) = status.frozen {
        out.push_str(&ctx.fill("federation.frozen", &[("version", &version.to_string())]));
    }
    let mut rows = vec![ctx.say("status.journal-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(status.journals.iter().map(|journal| journal_row(ctx, journal)));
    out.push_str(&table(&rows));
    let mut rows = vec![ctx.say("status.station-columns").split('|').map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(status.stations.iter().map(|station| station_row(ctx, station)));
    out.push_str(&table(&rows));
    for station in status.stations.iter().filter(|s| !s.connected) {
        out.push_str(&ctx.fill("status.not-connected", &[("centre", station.centre.as_str()), ("station", &station.station.to_string())]));
    }
    for fault in &status.faults {
        let words = ctx.say(&format!("fault.{}.what", fault.code));
        let count = fault.count.to_string();
        out.push_str(&ctx.fill("status.fault", &[("station", &fault.station.to_string()), ("fault", &words), ("count", &count)]));
    }
    for old in &status.old_pepper {
        let key = if old.centre == status.centre { "status.old-pepper-own" } else { "status.old-pepper" };
        out.push_str(&ctx.fill(key, &[("centre", old.centre.as_str()), ("count", &old.listings.to_string())]));
    }
    for warning in &status.warnings {
        let words = ctx.lang.find(&format!("status-warning.{warning}")).unwrap_or_else(|| clean(warning));
        out.push_str(&ctx.fill("status.warning", &[("warning", &words)]));
    }
    out
}

fn read_only(ctx: Ctx, reason: &ReadOnly) -> String {
    match reason {
        ReadOnly::Restored { reported, needed } => {
            ctx.fill("status.read-only-restored", &[("reported", &reported.to_string()), ("needed", &needed.to_string())])
        }
        ReadOnly::NotTheWriter => ctx.say("status.read-only-not-the-writer"),
        ReadOnly::Suspended => ctx.say("status.read-only-suspended"),
        ReadOnly::Observer => ctx.say("status.read-only-observer"),
        ReadOnly::Removed => ctx.say("status.read-only-removed"),
        ReadOnly::OtherKeys => ctx.say("status.read-only-other-keys"),
    }
}

fn journal_row(ctx: Ctx, journal: &JournalStatus) -> Vec<String> {
    let state = if journal.forked {
        "status.forked"
    } else if journal.stale {
        "status.stale"
    } else if journal.size < journal.announced || journal.applied < journal.size {
        "status.behind"
    } else {
        "status.fresh"
    };
    vec![
        journal.centre.to_string(),
        clean(&journal.name),
        format!("{}/{}", journal.size, journal.announced),
        journal.applied.to_string(),
        common::age(ctx, journal.age_ms),
        witnesses(ctx, journal),
        ctx.say(state),
    ]
}

/// How many witnesses stand behind the newest row, of how many, and since when.
fn witnesses(ctx: Ctx, journal: &JournalStatus) -> String {
    let Some(backing) = journal.backing.as_ref().filter(|backing| backing.of > 0) else { return "-".to_owned() };
    let counted = format!("{}/{}", backing.witnesses.len(), backing.of);
    if backing.witnesses.is_empty() { counted } else { format!("{counted}, {}", common::age(ctx, journal.cosigned_age_ms)) }
}

fn station_row(ctx: Ctx, station: &StationStatus) -> Vec<String> {
    let dash = || "-".to_owned();
    let trip = match station.round_trip_ms {
        None => dash(),
        Some(0) => ctx.fill("status.round-trip", &[("ms", "<1")]),
        Some(ms) => ctx.fill("status.round-trip", &[("ms", &ms.to_string())]),
    };
    vec![
        station.centre.to_string(),
        ctx.say(if station.connected { "status.connected" } else { "status.disconnected" }),
        trip,
        bytes(station.bytes_in),
        bytes(station.bytes_out),
        station.address.as_deref().map_or_else(dash, clean),
    ]
}
