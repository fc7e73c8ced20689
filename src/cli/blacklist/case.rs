//! How a case, a listing and a finding look on a screen.

use anju_core::desk::{CaseLine, CaseView, Event, ExportRow};
use anju_core::listing::Finding;
use anju_core::listing::case::{CaseState, Move};
use anju_core::listing::finding::{Coded, Refund};
use anju_core::listing::status::Standing;
use serde_json::json;

use crate::cli::common;
use crate::cli::failure::Failure;
use crate::cli::out::{Ctx, Done, table};
use crate::cli::text::clean;

/// What the peer answered to a step.
pub(super) fn done(ctx: Ctx, event: Event) -> Result<Done, Failure> {
    if let Event::Case(view) = &event {
        return Ok(Done::new(json!({ "case": view }), case(ctx, view)));
    }
    if let Event::Listing(row) = &event {
        return Ok(Done::new(json!({ "listing": row }), listing(ctx, row)));
    }
    if event == Event::Done { Ok(Done::new(json!({ "done": true }), ctx.say("blacklist.done"))) } else { Err(common::unexpected()) }
}

/// Where a case stands.
pub(super) fn state(ctx: Ctx, state: CaseState) -> String {
    ctx.say(&format!("case-state.{}", state.code()))
}

/// How a listing stands.
pub(super) fn standing(ctx: Ctx, standing: Standing) -> String {
    ctx.say(&format!("standing.{}", standing.code()))
}

/// One line of a queue.
pub(super) fn row(ctx: Ctx, line: &CaseLine) -> Vec<String> {
    let waits = line.waits_for.map_or_else(|| ctx.say("blacklist.waits-for-time"), |role| ctx.say(&format!("role.{}", role.code())));
    vec![
        line.case.to_string(),
        line.listing.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        state(ctx, line.state),
        waits,
        line.until.map_or_else(|| "-".to_owned(), |at| at.legal_text()),
        clean(&line.decision_no),
        clean(&line.conduct),
    ]
}

fn coded(coded: &Coded) -> String {
    clean(&coded.label)
}

/// What was decided, a line for each thing.
pub(super) fn finding(ctx: Ctx, finding: &Finding) -> Vec<Vec<String>> {
    let line = |key: &str, value: String| vec![format!("  {}", ctx.say(&format!("finding.{key}"))), value];
    let day = |day: Option<anju_core::listing::Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let version = finding.legal_basis_version.as_deref().map_or_else(String::new, |version| format!(" ({})", clean(version)));
    let mut lines = vec![
        line("conduct", coded(&finding.conduct)),
        line("level", coded(&finding.level)),
        line("decision", format!("{}  {}", clean(&finding.decision_no), finding.decision_day)),
        line("legal-basis", format!("{}{version}", clean(&finding.legal_basis))),
        line("measures", finding.measures.iter().map(coded).collect::<Vec<_>>().join("、")),
        line("restriction-until", finding.restriction_until.to_string()),
        line("publication-until", finding.publication_until.to_string()),
        line("notified", day(finding.notified)),
    ];
    if let Some(until) = finding.objection_until {
        lines.push(line("objection-until", until.to_string()));
    }
    if let Some(sha256) = &finding.decision_sha256 {
        lines.push(line("decision-sha256", sha256.to_string()));
    }
    match finding.refund {
        Refund::None => {}
        Refund::Outstanding => lines.push(line("refund", ctx.say("refund.outstanding"))),
        Refund::Repaid => lines.push(line("refund", ctx.say("refund.repaid"))),
    }
    lines
}

/// What who asked may do next, and whether it is somebody else's because of who they are.
fn may(ctx: Ctx, view: &CaseView) -> String {
    let deeds: Vec<String> = view.may.iter().map(|deed| ctx.say(&format!("deed.{}", deed.code()))).collect();
    let mut out = if view.second { ctx.say("blacklist.case-second") } else { String::new() };
    if !deeds.is_empty() {
        out.push_str(&ctx.fill("blacklist.case-may", &[("what", &deeds.join(&ctx.say("blacklist.case-may-join")))]));
    }
    out
}

fn case(ctx: Ctx, view: &CaseView) -> String {
    let line = &view.line;
    let listing = line.listing.as_ref().map_or_else(|| ctx.say("blacklist.not-published"), ToString::to_string);
    let mut out =
        ctx.fill("blacklist.case-head", &[("case", &line.case.to_string()), ("listing", &listing), ("state", &state(ctx, line.state))]);
    if line.waits_for.is_some() || line.until.is_some() {
        let cells = row(ctx, line);
        out.push_str(&ctx.fill("blacklist.case-waits", &[("role", &cells[3]), ("until", &cells[4])]));
    }
    if view.impersonated {
        out.push_str(&ctx.say("blacklist.case-impersonated"));
    }
    out.push_str(&may(ctx, view));
    let kind = ctx.say(&format!("subject-kind.{}", view.subject_kind.code()));
    let subject = |key: &str, value: String| vec![format!("  {}", ctx.say(&format!("finding.{key}"))), value];
    let mut rows = vec![
        subject("subject", format!("{kind}  {}", clean(&view.name))),
        subject("document", format!("{}  {}", clean(&view.document_type), clean(&view.document_no))),
    ];
    rows.extend(finding(ctx, &view.finding));
    out.push_str(&table(&rows));
    out.push_str(&ctx.say("blacklist.case-steps"));
    let steps: Vec<Vec<String>> = view
        .steps
        .iter()
        .map(|step| {
            let by = step.by.as_ref().map_or_else(|| ctx.say("blacklist.step-by-clock"), ToString::to_string);
            let (what, more) = step_words(ctx, &step.what);
            vec![format!("  {}", step.at.legal_text()), by, what, more]
        })
        .collect();
    out.push_str(&table(&steps));
    out
}

fn step_words(ctx: Ctx, step: &Move) -> (String, String) {
    let named = |key: &str| ctx.say(&format!("step.{key}"));
    match step {
        Move::Propose => (named("propose"), String::new()),
        Move::Review { approve: true, reason } => (named("approve"), clean(reason)),
        Move::Review { approve: false, reason } => (named("return"), clean(reason)),
        Move::Notify { day, how, objection_until, waiver } => {
            let key = if waiver.is_some() { "step.notify-waived-more" } else { "step.notify-more" };
            let more = ctx.fill(key, &[("day", &day.to_string()), ("how", &clean(how)), ("until", &objection_until.to_string())]);
            (named("notify"), more)
        }
        Move::Object { ground, text, answer_until, .. } => {
            let ground = ctx.say(&format!("ground.{}", ground.code()));
            let more = ctx.fill("step.object-more", &[("ground", &ground), ("text", &clean(text)), ("until", &answer_until.to_string())]);
            (named("object"), more)
        }
        Move::Answer { uphold: true, reason } => (named("uphold"), clean(reason)),
        Move::Answer { uphold: false, reason } => (named("answer-withdraw"), clean(reason)),
        Move::List { index } => (named("list"), ctx.fill("step.list-more", &[("index", &index.to_string())])),
        Move::Withdraw { reason, impersonated } => (named(if *impersonated { "withdraw-impersonated" } else { "withdraw" }), clean(reason)),
        Move::Repair { decision, reason } => (named("repair"), format!("{}  {}", clean(decision), clean(reason))),
    }
}

fn listing(ctx: Ctx, row: &ExportRow) -> String {
    let mut out = ctx.fill(
        "blacklist.listing",
        &[
            ("listing", &row.listing.to_string()),
            ("standing", &standing(ctx, row.standing)),
            ("restriction", &clean(&row.restriction_until)),
            ("publication", &clean(&row.publication_until)),
            ("objections", &row.open_objections.to_string()),
        ],
    );
    if let Some(own) = &row.own {
        out.push_str(&table(&finding(ctx, &own.finding)));
    }
    out
}
