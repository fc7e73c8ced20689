//! `anju sync`: waits until every journal is as new as its author's newest checkpoint, for scripts that must not act on old lists.

use std::time::Duration;

use anju_core::desk::{Event, Request, SyncLine};
use serde_json::json;

use super::common::{self, DataArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::out::{Ctx, Done, table};
use super::text::clean;

/// How much longer than the peer the command waits for its answer.
const GRACE: Duration = Duration::from_secs(10);
/// Longest wait that may be asked for.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
    #[arg(long, required = true)]
    until_current: bool,
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    timeout: Duration,
}

/// `90`, `90s`, `5m` or `2h`, at most [`TIMEOUT_MAX`].
fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("s, m, h".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "s, m, h".to_owned())?;
    let asked = Duration::from_secs(count.saturating_mul(seconds));
    if asked.is_zero() || asked > TIMEOUT_MAX { Err("1s .. 24h".to_owned()) } else { Ok(asked) }
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let request = Request::Sync { timeout_ms: u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX) };
    let Event::Sync(view) = common::ask(&args.data, &request, args.timeout + GRACE, |_| {})? else {
        return Err(common::unexpected());
    };
    let exit = if view.complete { Exit::Ok } else { Exit::TryLater };
    let mut text = ctx.say(if view.complete { "sync.current" } else { "sync.not-current" });
    let stale: Vec<Vec<String>> = view.journals.iter().filter(|line| !line.current).map(|line| row(ctx, line)).collect();
    text.push_str(&table(&stale));
    Ok(Done { json: json!({ "sync": view }), text, exit })
}

fn row(ctx: Ctx, line: &SyncLine) -> Vec<String> {
    let as_of = line.as_of.map_or_else(|| ctx.say("age.never"), |at| at.legal_text());
    let rows = format!("{}/{}", line.size, line.announced);
    vec![format!("  {}", line.centre), clean(&line.name), rows, as_of, common::age(ctx, line.age_ms)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_unit_and_never_guessed() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for bad in ["", "s", "0s", "5d", "25h", "-1", "1.5s", "99999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
