//! `anju blacklist screen`: many applicants at once, from a file; one output row for each input row, in the same order.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anju_core::desk::{Act, Applicant, CentreAnswer, Event, MAX_SCREEN_PAGE, ScreenAnswer, Verdict};
use anju_core::error::RefusalCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::files::{Fill, Format, Sheet, Sink, reason};
use super::lookup::{LEGAL_BASIS, doubt_row, verdict};
use super::{Who, table_failure};
use crate::cli::acting::Acting;
use crate::cli::common;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::meter::Meter;
use crate::cli::onlooker::{Looking, Onlooker, Phase, Progress};
use crate::cli::out::{Ctx, Done, table};
use crate::source::SourceError;
use crate::source::blacklist::Applicants;

/// Most rows that wait for their page, those that need no answer included.
const WAITING_MAX: usize = 1_024;
/// The columns of the CSV form.
const HEAD: [&str; 7] = ["row", "document", "verdict", "meaning", "listings", "problem", "reason"];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    who: Who,
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "MATTER")]
    matter: String,
    #[arg(long, value_name = "CODE", default_value = LEGAL_BASIS)]
    legal_basis: String,
    #[arg(long, value_name = "NUMBER")]
    business_no: Option<String>,
    #[arg(long = "map", value_name = "MAP")]
    maps: Vec<String>,
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    from_row: u64,
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "jsonl"])]
    format: Option<String>,
}

/// One row of the output.
#[derive(Debug, Serialize)]
struct Line {
    row: u64,
    document: String,
    verdict: Option<Verdict>,
    listings: Vec<String>,
    problem: Option<String>,
}

/// A row that waits: who is asked for, or why nobody is.
enum Waiting {
    Asked(Applicant, String),
    Problem(u64, &'static str),
}

/// Why no more rows are taken.
enum Stop {
    Failed(Failure),
    /// The quota is used up from this row on.
    Quota(u64),
    /// Who read the output wants no more.
    Closed,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Failed(error.into()) }
    }
}

/// Applicants to be looked up.
pub(in crate::cli) struct Screening<'a> {
    pub(in crate::cli) ctx: Ctx,
    pub(in crate::cli) path: &'a Path,
    pub(in crate::cli) maps: &'a [String],
    pub(in crate::cli) matter: &'a str,
    pub(in crate::cli) legal_basis: &'a str,
    /// Of rows that have none of their own.
    pub(in crate::cli) business_no: Option<&'a str>,
    pub(in crate::cli) from_row: u64,
    /// Where the answers go; standard output when absent.
    pub(in crate::cli) out: Option<&'a Path>,
    pub(in crate::cli) format: Format,
}

/// What a screening came to.
pub(in crate::cli) struct Screened {
    /// Rows that are listed, disputed, not listed, unknown.
    pub(in crate::cli) counts: [u64; 4],
    pub(in crate::cli) problems: u64,
    doubtful: Vec<CentreAnswer>,
    pub(in crate::cli) alarm: bool,
    pub(in crate::cli) quota_left: Option<u64>,
    /// The quota ended before this row.
    pub(in crate::cli) stopped_before: Option<u64>,
}

impl Screening<'_> {
    /// Looks everybody up. `acting` is asked for once the file is known to be one. `None` when the reader of the output wanted no more.
    pub(in crate::cli) fn run<A: Borrow<Acting>>(
        &self,
        acting: impl FnOnce() -> Result<A, Failure>,
        watch: &dyn Onlooker,
    ) -> Result<Option<Screened>, Failure> {
        let map = super::column_map(self.maps)?;
        let failed = |e| table_failure(self.path, e);
        let mut seen = |bytes: u64| watch.read(bytes);
        let business_no = self.business_no.map(str::to_owned);
        let file = Applicants::open(self.path, map, super::today(), business_no, &mut seen).map_err(failed)?;
        let acting = acting()?;
        let sheet = Sheet::new(Sink::open(self.out)?, self.format, &HEAD)?;
        let mut job = Job::new(self, acting.borrow(), sheet);
        let mut stop = None;
        let read = file.rows(&mut |number, row| {
            if number < self.from_row {
                return ControlFlow::Continue(());
            }
            watch.progress(Progress { phase: Phase::Screening, done: number, of: None, rejected: job.problems });
            let row =
                row.map_or_else(|rejected| Waiting::Problem(number, rejected.why.code()), |(who, masked)| Waiting::Asked(who, masked));
            match watch.go_on().map_err(Stop::Failed).and_then(|()| job.take(row)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => {
                    stop = Some(why);
                    ControlFlow::Break(())
                }
            }
        });
        match read {
            Ok(_) => stop = watch.go_on().map_err(Stop::Failed).and_then(|()| job.flush()).err(),
            Err(SourceError::Stopped) => {}
            Err(error) => return Err(failed(error)),
        }
        match stop {
            Some(Stop::Failed(failure)) => Err(failure),
            Some(Stop::Closed) => Ok(None),
            Some(Stop::Quota(row)) => job.done(Some(row)).map(Some),
            None => job.done(None).map(Some),
        }
    }
}

struct Job<'a> {
    screening: &'a Screening<'a>,
    acting: &'a Acting,
    sheet: Sheet,
    waiting: Vec<Waiting>,
    fill: Fill,
    asked: usize,
    /// How many rows came to what: codes of verdicts and problems.
    counts: BTreeMap<&'static str, u64>,
    problems: u64,
    doubtful: Vec<CentreAnswer>,
    alarm: bool,
    quota_left: Option<u64>,
}

pub(in crate::cli) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let format = match args.format.as_deref() {
        Some("jsonl") => Format::Jsonl,
        None if ctx.json && args.out.is_none() => Format::Jsonl,
        Some(_) | None => Format::Csv,
    };
    let screening = Screening {
        ctx,
        path: &args.file,
        maps: &args.maps,
        matter: &args.matter,
        legal_basis: &args.legal_basis,
        business_no: args.business_no.as_deref(),
        from_row: args.from_row,
        out: args.out.as_deref(),
        format,
    };
    let watch = Looking::new(Meter::beside_output(ctx), |progress| match progress.phase {
        Phase::Reading => ctx.fill("blacklist.hashing", &[("mib", &(progress.done >> 20).to_string())]),
        Phase::Staging | Phase::Listing | Phase::Screening | Phase::Writing | Phase::Copying => {
            ctx.fill("screen.progress", &[("rows", &progress.done.to_string())])
        }
    });
    let screened = screening.run(|| args.who.acting(ctx), &watch)?;
    drop(watch);
    Ok(screened.map_or_else(|| Done::new(Value::Null, String::new()), |screened| done(ctx, &screened, args.out.is_none())))
}

impl<'a> Job<'a> {
    fn new(screening: &'a Screening<'a>, acting: &'a Acting, sheet: Sheet) -> Self {
        Self {
            screening,
            acting,
            sheet,
            waiting: Vec::new(),
            fill: Fill::default(),
            asked: 0,
            counts: BTreeMap::new(),
            problems: 0,
            doubtful: Vec::new(),
            alarm: false,
            quota_left: None,
        }
    }

    fn take(&mut self, row: Waiting) -> Result<(), Stop> {
        if let Waiting::Asked(applicant, _) = &row {
            let full = self.asked >= MAX_SCREEN_PAGE || !self.fill.takes(applicant);
            if full {
                self.flush()?;
                self.fill.takes(applicant);
            }
            self.asked += 1;
        } else if self.waiting.len() >= WAITING_MAX {
            self.flush()?;
        }
        self.waiting.push(row);
        Ok(())
    }

    /// Asks for everybody who waits and writes their rows.
    fn flush(&mut self) -> Result<(), Stop> {
        let waiting = std::mem::take(&mut self.waiting);
        (self.asked, self.fill) = (0, Fill::default());
        let applicants: Vec<Applicant> =
            waiting.iter().filter_map(|row| if let Waiting::Asked(who, _) = row { Some(who.clone()) } else { None }).collect();
        let mut answers = if applicants.is_empty() { Vec::new() } else { self.ask(applicants)? }.into_iter();
        for row in waiting {
            let line = match row {
                Waiting::Problem(row, problem) => {
                    Line { row, document: String::new(), verdict: None, listings: Vec::new(), problem: Some(problem.to_owned()) }
                }
                Waiting::Asked(who, document) => {
                    let Some(answer) = answers.next().filter(|answer| answer.row == who.row) else {
                        return Err(Stop::Failed(common::unexpected()));
                    };
                    if answer.problem.as_deref() == Some(RefusalCode::QuotaExceeded.as_str()) {
                        return Err(Stop::Quota(answer.row));
                    }
                    Line {
                        row: answer.row,
                        document,
                        verdict: answer.verdict,
                        listings: answer.listings.iter().map(ToString::to_string).collect(),
                        problem: answer.problem,
                    }
                }
            };
            self.write(&line)?;
        }
        Ok(())
    }

    fn ask(&mut self, applicants: Vec<Applicant>) -> Result<Vec<ScreenAnswer>, Stop> {
        let first = applicants.first().map_or(0, |who| who.row);
        let Screening { matter, legal_basis, .. } = self.screening;
        let act = Act::Screen { applicants, matter: (*matter).to_owned(), legal_basis: (*legal_basis).to_owned() };
        match self.acting.ask(&act, common::LONG_PATIENCE, |_| {}) {
            Ok(Event::Screen(page)) => {
                self.alarm |= page.alarm;
                self.quota_left = Some(page.quota_left);
                self.doubtful = page.doubtful;
                Ok(page.answers)
            }
            Ok(_) => Err(Stop::Failed(common::unexpected())),
            Err(failure) if failure.is_refusal(RefusalCode::QuotaExceeded) => {
                (self.alarm, self.quota_left) = (true, Some(0));
                Err(Stop::Quota(first))
            }
            Err(failure) => Err(Stop::Failed(failure)),
        }
    }

    fn write(&mut self, line: &Line) -> Result<(), Stop> {
        match line.verdict {
            Some(verdict) => *self.counts.entry(verdict.code()).or_default() += 1,
            None => self.problems += 1,
        }
        let ctx = self.screening.ctx;
        let cells = || {
            let meaning = line.verdict.map_or_else(String::new, |said| verdict(ctx, said));
            let problem = line.problem.clone().unwrap_or_default();
            let words = if problem.is_empty() { String::new() } else { reason(ctx, &problem) };
            let code = line.verdict.map_or("", Verdict::code).to_owned();
            vec![line.row.to_string(), line.document.clone(), code, meaning, line.listings.join(" "), problem, words]
        };
        Ok(self.sheet.row(cells, line)?)
    }

    fn done(self, stopped_before: Option<u64>) -> Result<Screened, Failure> {
        self.sheet.finish()?;
        let count = |verdict: Verdict| self.counts.get(verdict.code()).copied().unwrap_or_default();
        let counts = [Verdict::Listed, Verdict::Disputed, Verdict::NotListed, Verdict::Unknown].map(count);
        let Self { problems, doubtful, alarm, quota_left, .. } = self;
        Ok(Screened { counts, problems, doubtful, alarm, quota_left, stopped_before })
    }
}

fn done(ctx: Ctx, screened: &Screened, on_stdout: bool) -> Done {
    let Screened { counts, problems, doubtful, alarm, quota_left, stopped_before } = screened;
    let [listed, disputed, not_listed, unknown] = counts;
    let mut text = ctx.fill(
        "screen.done",
        &[
            ("listed", &listed.to_string()),
            ("disputed", &disputed.to_string()),
            ("not_listed", &not_listed.to_string()),
            ("unknown", &unknown.to_string()),
            ("problems", &problems.to_string()),
            ("left", &quota_left.map_or_else(|| "-".to_owned(), |left| left.to_string())),
        ],
    );
    if !doubtful.is_empty() {
        text.push_str(&ctx.say("lookup.doubtful"));
        text.push_str(&table(&doubtful.iter().map(|centre| doubt_row(ctx, centre)).collect::<Vec<_>>()));
    }
    if *alarm {
        text.push_str(&ctx.say("screen.alarm"));
    }
    if let Some(row) = stopped_before {
        text.push_str(&ctx.fill("screen.quota", &[("row", &row.to_string())]));
    }
    let json = json!({ "screen": {
        "listed": listed, "disputed": disputed, "not_listed": not_listed, "unknown": unknown, "problems": problems,
        "quota_alarm": alarm, "quota_left": quota_left, "stopped_before_row": stopped_before, "doubtful": doubtful,
    } });
    let exit = match (stopped_before, problems) {
        (Some(_), _) => Exit::TryLater,
        (None, 0) => Exit::Ok,
        (None, _) => Exit::SomeRejected,
    };
    if on_stdout {
        ctx.note(text.trim_end());
        return Done { json: if ctx.json { json } else { Value::Null }, text: String::new(), exit };
    }
    Done { json, text, exit }
}
