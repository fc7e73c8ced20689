//! `anju query`: the asking side. Hands a holder's grant to the peer, as an operator's signed act, and shows the three answers and the
//! released fields.
//!
//! On screen, identity and account numbers are masked; `--json` has them whole, for the centre's own business system.

use std::path::PathBuf;
use std::time::Instant;

use anju_core::certificate::{CertificateKind, Field, schema::Group};
use anju_core::desk::{Act, Answer, Currency, Current, Event, Live, ReleasedField};
use anju_core::error::RefusalCode;
use anju_core::grant::Presented;
use anju_core::grant::bundle::{self, MAX_BUNDLE_BYTES};
use anju_core::names::RequestId;
use serde_json::{Value, json};

use super::acting::{Acting, OperatorArgs};
use super::certificate::summary;
use super::common::{self, DataArgs};
use super::exit::Exit;
use super::failure::Failure;
use super::inquiry;
use super::matter;
use super::out::{Ctx, Done, table};
use super::text::{clean, mask};

/// Fields whose value tells who somebody is in every system: masked on a screen.
const MASKED: [&str; 2] = ["document_no", "account_no"];

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["grant", "code"]))]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) data: DataArgs,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
    #[arg(long, value_name = "FILE")]
    pub(super) grant: Vec<PathBuf>,
    #[arg(long, value_name = "CODE", requires = "last_four")]
    pub(super) code: Option<String>,
    #[arg(long, value_name = "FOUR", requires = "code")]
    pub(super) last_four: Option<String>,
    #[arg(long, value_name = "FOUR")]
    pub(super) agent_last_four: Vec<String>,
    #[arg(long, value_name = "NUMBER")]
    pub(super) business_no: String,
    #[arg(long, value_name = "MATTER")]
    pub(super) matter: Option<String>,
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Mode::Details)]
    pub(super) mode: Mode,
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    #[arg(long, value_name = "RULE")]
    pub(super) rule: Option<String>,
    #[arg(long)]
    pub(super) leave: bool,
    #[arg(long, value_name = "ID")]
    pub(super) request: Option<RequestId>,
}

/// What is done with a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Mode {
    Details,
    Check,
    Evaluate,
}

impl From<Mode> for anju_core::grant::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Details => Self::Details,
            Mode::Check => Self::Check,
            Mode::Evaluate => Self::Evaluate,
        }
    }
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let wanted = inquiry::wanted(args)?;
    let mut grants = Vec::new();
    for path in &args.grant {
        grants.extend(bundle::split(&common::read_text_of(path, MAX_BUNDLE_BYTES as u64)?)?);
    }
    let first = common::request_id(args.request)?;
    let acting = Acting::open(ctx, &args.data, &args.operator)?;
    if args.grant.is_empty() {
        grants.push(picked_up(&acting, args)?);
    }
    let one = |grant: &str, request| match agent(ctx, &acting, args, grant).map(|()| &wanted)? {
        None => details(ctx, &acting, args, grant, request),
        Some(wanted) => inquiry::ask(ctx, &acting, args, (grant, request), wanted.clone()),
    };
    match grants.as_slice() {
        [grant] => one(grant, first),
        several => Ok(together(ctx, several.iter().zip(0..).map(|(grant, at)| one(grant, nth(first, at))))),
    }
}

/// Says who presents a grant in its holder's place, and has it recorded that their document was looked at.
fn agent(ctx: Ctx, acting: &Acting, args: &Args, grant: &str) -> Result<(), Failure> {
    let Some(agent) = Presented::parse(grant).ok().and_then(|presented| presented.claims().agent.clone()) else { return Ok(()) };
    let kind = ctx.lang.find(&format!("table.document_type.{}", agent.document_type)).unwrap_or_default();
    let values = [("name", clean(&agent.name)), ("kind", kind), ("type", clean(&agent.document_type)), ("end", clean(&agent.last_four))];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ctx.note(&ctx.fill("query.agent", &values));
    // Typed for one of several, it is for whom it fits.
    let typed = args.agent_last_four.iter().find(|typed| agent.fits(typed)).or_else(|| args.agent_last_four.first());
    match typed {
        None => Err(anju_core::error::Refusal::new(RefusalCode::AgentUnchecked).into()),
        Some(last_four) => {
            let act = Act::AgentCheck { grant: grant.to_owned(), last_four: last_four.clone() };
            acting.ask(&act, common::PATIENCE, |_| {}).map(|_| ())
        }
    }
}

/// The request of the grant in this place: whoever repeats the command with the first one repeats each.
const fn nth(first: RequestId, at: u128) -> RequestId {
    RequestId(u128::from_be_bytes(first.0).wrapping_add(at).to_be_bytes())
}

/// Several grants, each answered alone: the whole holds only if every one does.
fn together(ctx: Ctx, answers: impl Iterator<Item = Result<Done, Failure>>) -> Done {
    let (mut text, mut parts, mut exit, mut held) = (String::new(), Vec::new(), Exit::Ok, 0_usize);
    for answer in answers {
        match answer {
            Ok(done) => {
                held += usize::from(done.exit == Exit::Ok);
                if exit == Exit::Ok {
                    exit = done.exit;
                }
                text.push_str(&done.text);
                parts.push(done.json);
            }
            Err(failure) => {
                // What was refused weighs more than what is not known.
                if matches!(exit, Exit::Ok | Exit::TryLater) {
                    exit = failure.exit();
                }
                text.push_str(&failure.text(ctx.lang));
                parts.push(failure.json(ctx.lang));
            }
        }
        text.push('\n');
    }
    let (of, count) = (parts.len().to_string(), held.to_string());
    let key = if held == parts.len() { "query.together" } else { "query.not-together" };
    text.push_str(&ctx.fill(key, &[("held", &count), ("of", &of)]));
    Done { json: json!({ "all": held == parts.len(), "parts": parts }), text, exit }
}

fn details(ctx: Ctx, acting: &Acting, args: &Args, grant: &str, request_id: RequestId) -> Result<Done, Failure> {
    let start = Instant::now();
    let act =
        Act::Query { grant: grant.to_owned(), business_no: args.business_no.clone(), matter: args.matter.clone(), request: request_id };
    let progress = |stage| ctx.note(&common::stage(ctx, stage));
    let answer = acting.ask(&act, common::PATIENCE, progress).map_err(|e| e.with("request", request_id))?;
    let elapsed_ms = start.elapsed().as_millis();
    let Event::Answer(answer) = answer else {
        return Err(common::unexpected());
    };
    let mut text = shown(ctx, &answer);
    text.push_str(&ctx.fill("query.foot", &[("elapsed", &elapsed_ms.to_string()), ("request", &request_id.to_string())]));
    let elapsed_ms = u64::try_from(elapsed_ms).unwrap_or(u64::MAX);
    let json = json!({ "answer": answer, "request": request_id, "elapsed_ms": elapsed_ms });
    // Fields were released, but whether the certificate stands is not known: a script must not take that for a yes.
    let exit = match answer.current.state {
        Currency::Standing | Currency::StandingAsOf => Exit::Ok,
        Currency::Unknown => Exit::TryLater,
    };
    Ok(Done { json, text, exit })
}

fn picked_up(acting: &Acting, args: &Args) -> Result<String, Failure> {
    let (code, last_four) = (args.code.clone().unwrap_or_default(), args.last_four.clone().unwrap_or_default());
    match acting.ask(&Act::PickUp { code, last_four }, common::PATIENCE, |_| {})? {
        Event::PickedUp { grant, .. } => Ok(grant),
        _ => Err(common::unexpected()),
    }
}

fn shown(ctx: Ctx, answer: &Answer) -> String {
    let mut out = summary(ctx, &answer.certificate);
    let authentic = &answer.authentic;
    let all = authentic.signature && authentic.holder_binding && authentic.inclusion;
    let key = if all { "query.authentic" } else { "query.not-authentic" };
    out.push_str(&ctx.fill(key, &[("size", &authentic.checkpoint_size.to_string())]));
    if let Some(backing) = &authentic.backing {
        out.push_str(&ctx.fill("query.backing", &[("level", &common::backing(ctx, backing))]));
    }
    let authorised = &answer.authorised;
    out.push_str(&ctx.fill(
        "query.authorised",
        &[
            ("matter", &clean(&authorised.matter)),
            ("expires", &authorised.expires.legal_text()),
            ("use", &authorised.use_no.to_string()),
            ("uses", &authorised.uses.to_string()),
        ],
    ));
    out.push_str(&current(ctx, &answer.current));
    out.push_str(&fields(ctx, &answer.certificate.kind, &answer.fields));
    out.push_str(&matter::rule_verdicts(ctx, &answer.verdicts));
    out
}

fn current(ctx: Ctx, current: &Current) -> String {
    let as_of = current.as_of.map_or_else(|| ctx.say("query.never"), |at| at.legal_text());
    let values = [("as_of", as_of.as_str()), ("age", &common::age(ctx, current.age_ms))];
    let key = match current.state {
        Currency::Standing => "query.standing",
        Currency::StandingAsOf => "query.standing-as-of",
        Currency::Unknown => "query.unknown",
    };
    let mut out = ctx.fill(key, &values);
    if current.behind {
        out.push_str(&ctx.say("query.behind"));
    }
    let key = match &current.live {
        None => "query.own-copy",
        Some(Live { changed: Some(true), .. }) => "query.live-changed",
        Some(Live { changed: Some(false), .. }) => "query.live",
        Some(Live { changed: None, .. }) => "query.live-stands",
    };
    let at = current.live.as_ref().map(|live| live.at.legal_text()).unwrap_or_default();
    out.push_str(&ctx.fill(key, &[("at", at.as_str()), ("age", &common::age(ctx, current.age_ms))]));
    out
}

fn fields(ctx: Ctx, kind: &str, fields: &[ReleasedField]) -> String {
    let kind = CertificateKind::ALL.into_iter().find(|k| k.code() == kind);
    let known = |name: &str| kind.and_then(|kind| Field::named(kind, name)).map(|(_, field)| field);
    let mut out = String::new();
    let mut group: Option<&str> = None;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for released in fields {
        let field = known(&released.name);
        let next = field.map_or("other", |f| group_name(f.group));
        if group != Some(next) {
            out.push_str(&table(&std::mem::take(&mut rows)));
            out.push_str(&ctx.say(&format!("group.{next}")));
            out.push('\n');
            group = Some(next);
        }
        let label = field.map_or_else(|| clean(&released.name), |f| common::label(ctx, f));
        rows.push(vec![format!("  {label}"), value(ctx, &released.name, &released.value)]);
    }
    out.push_str(&table(&rows));
    if fields.iter().any(|f| MASKED.contains(&f.name.as_str())) {
        out.push_str(&ctx.say("query.masked"));
    }
    out
}

const fn group_name(group: Group) -> &'static str {
    match group {
        Group::Person => "person",
        Group::Account => "account",
        Group::Deposit => "deposit",
        Group::Loan => "loan",
        Group::Office => "office",
    }
}

/// A field's value as a person reads it: codes with their meaning, numbers of persons masked.
pub(super) fn value(ctx: Ctx, name: &str, value: &Value) -> String {
    if MASKED.contains(&name) {
        return mask(value.as_str().unwrap_or_default());
    }
    plain_value(ctx, name, value)
}

/// The same with nothing masked: for the holder's own screen.
pub(super) fn plain_value(ctx: Ctx, name: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => ctx.say("value-yes"),
        Value::Bool(false) => ctx.say("value-no"),
        Value::Null => "-".to_owned(),
        Value::String(text) => match ctx.lang.find(&format!("table.{name}.{text}")) {
            Some(meaning) => format!("{text} {meaning}"),
            None => clean(text),
        },
        Value::Number(_) | Value::Array(_) | Value::Object(_) => clean(&value.to_string()),
    }
}
