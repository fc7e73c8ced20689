//! Long jobs of the screen. What they do stands in the commands that do the same; here are only the ways in and out.

use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anju_core::desk::{Act, Event, EvidenceAbout, Stage};
use anju_tui::door::{ImportReport, Outcome, Phase, Progress, Rejected, Rows, ScreenReport, Work};
use anju_tui::watch::Watch;

use crate::cli::acting::Acting;
use crate::cli::blacklist::export::{Exported, export};
use crate::cli::blacklist::files::{Format, Sink};
use crate::cli::blacklist::import::approve::Approval;
use crate::cli::blacklist::import::{Import, Imported};
use crate::cli::blacklist::screen::Screening;
use crate::cli::blacklist::table_failure;
use crate::cli::common::{self, DataArgs};
use crate::cli::evidence;
use crate::cli::failure::{Code, Failure};
use crate::cli::onlooker::Onlooker;
use crate::cli::out::Ctx;
use crate::config::atomic;
use crate::source::blacklist::{SafeCsv, sha256_of};

impl Onlooker for Watch {
    fn progress(&self, progress: Progress) {
        Self::progress(self, progress);
    }

    fn rejected(&self, row: Rejected) {
        Self::rejected(self, row);
    }

    fn is_cancelled(&self) -> bool {
        Self::is_cancelled(self)
    }
}

/// Whose job it is, and where.
pub(super) struct Desk<'a> {
    pub(super) ctx: Ctx,
    pub(super) acting: &'a Acting,
    pub(super) data: Option<&'a DataArgs>,
}

impl Desk<'_> {
    /// Carries a job out.
    pub(super) fn carry_out(&self, work: Work, watch: &Watch) -> Result<Outcome, Failure> {
        let watch: &dyn Onlooker = watch;
        match work {
            Work::Import { file, maps, rejects, dry_run } => self.import(&at(file), &maps, rejects.map(at), dry_run, watch),
            Work::ImportApprove { file, maps } => self.approve(&at(file), &maps, watch),
            Work::Screen { file, maps, out, matter, legal_basis, business_no, from_row } => {
                let (path, out) = (at(file), at(out));
                let screening = Screening {
                    ctx: self.ctx,
                    path: &path,
                    maps: &maps,
                    matter: &matter,
                    legal_basis: &legal_basis,
                    business_no: business_no.as_deref(),
                    from_row,
                    out: Some(&out),
                    format: Format::Csv,
                };
                self.screen(&screening, &out, watch)
            }
            Work::ExportLists { out, since } => {
                let exported = export(self.acting, Some(&at(out)), Format::Csv, since, watch)?;
                let Exported { rows, own, cursor } = exported.ok_or(Code::Internal)?;
                Ok(Outcome::Exported { rows, own, cursor })
            }
            Work::WriteRows { out, head, rows } => write_rows(at(out), &head, rows, watch),
            Work::WriteText { out, text } => {
                let path = at(out);
                common::write_out(&path, text.as_bytes(), atomic::PRIVATE)?;
                Ok(Outcome::Written { path, rows: 0 })
            }
            Work::Evidence { about, out } => self.evidence(&about, at(out)),
            Work::Backup => self.back_up(watch),
            Work::Hash { file } => hash(&at(file), watch),
            Work::ReadText { file, max_bytes } => Ok(Outcome::Text(common::read_file(&at(file), max_bytes)?)),
        }
    }

    /// As the command without further contents.
    fn evidence(&self, about: &EvidenceAbout, path: PathBuf) -> Result<Outcome, Failure> {
        let proven = evidence::write(self.acting, self.folder()?, about, false, &path)?;
        let rows = proven.parts().iter().map(|part| part.rows().len() as u64).sum();
        Ok(Outcome::Written { path, rows })
    }

    /// The peer copies, and tells how far it is.
    fn back_up(&self, watch: &dyn Onlooker) -> Result<Outcome, Failure> {
        let tell = |stage| {
            if let Stage::Copying { done, of } = stage {
                watch.progress(Progress { phase: Phase::Copying, done, of: Some(of), rejected: 0 });
            }
        };
        match self.acting.ask(&Act::Backup, common::LONG_PATIENCE, tell)? {
            Event::Backup(backup) => Ok(Outcome::Written { path: PathBuf::from(backup.file), rows: 0 }),
            _ => Err(common::unexpected()),
        }
    }

    /// The catalogue and the scratch space of an import are in the data folder.
    fn folder(&self) -> Result<&DataArgs, Failure> {
        self.data.ok_or_else(|| Code::DeskNoFolder.into())
    }

    fn import(
        &self,
        path: &Path,
        maps: &[String],
        rejects: Option<PathBuf>,
        dry_run: bool,
        watch: &dyn Onlooker,
    ) -> Result<Outcome, Failure> {
        let import = Import { ctx: self.ctx, data: self.folder()?, path, maps, rejects: rejects.as_deref(), dry_run };
        let Imported { file, tally, view, rejected, rejects, .. } = import.run(|| Ok(Some(self.acting)), watch)?;
        let (rows, accepted, duplicates) = (tally.rows, tally.accepted, tally.duplicates);
        Ok(Outcome::Import(Box::new(ImportReport { file, rows, accepted, duplicates, rejected, rejects, view })))
    }

    fn approve(&self, path: &Path, maps: &[String], watch: &dyn Onlooker) -> Result<Outcome, Failure> {
        let approval = Approval { data: self.folder()?, path, maps, wait: true };
        let approved = approval.run(|| Ok(self.acting), watch)?;
        let tally = approved.tally;
        Ok(Outcome::Import(Box::new(ImportReport {
            file: approved.view.file,
            rows: tally.rows,
            accepted: tally.accepted,
            duplicates: tally.duplicates,
            rejected: tally.rejected,
            rejects: None,
            view: Some(approved.view),
        })))
    }

    fn screen(&self, screening: &Screening<'_>, out: &Path, watch: &dyn Onlooker) -> Result<Outcome, Failure> {
        let screened = screening.run(|| Ok(self.acting), watch)?.ok_or(Code::Internal)?;
        Ok(Outcome::Screened(Box::new(ScreenReport {
            counts: screened.counts,
            problems: screened.problems,
            quota_left: screened.quota_left,
            alarm: screened.alarm,
            stopped_before: screened.stopped_before,
            out: out.to_owned(),
        })))
    }
}

/// Where a path that was typed leads: no shell has looked at it, so `~/` is put in here.
fn at(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        (Ok(_) | Err(_), _) => path,
    }
}

fn write_rows(path: PathBuf, head: &[String], rows: Rows, watch: &dyn Onlooker) -> Result<Outcome, Failure> {
    let fail = |e: io::Error| common::write_failure(&path, &e);
    let mut csv = SafeCsv::new(BufWriter::new(Sink::open(Some(&path))?)).map_err(fail)?;
    csv.row(head).map_err(fail)?;
    let mut done = 0;
    for row in rows {
        watch.go_on()?;
        csv.row(row).map_err(fail)?;
        done += 1;
        watch.progress(Progress { phase: Phase::Writing, done, ..Progress::default() });
    }
    let sink = csv.finish().map_err(fail)?.into_inner().map_err(|e| fail(e.into_error()))?;
    // Who cancelled meanwhile wants no file.
    watch.go_on()?;
    sink.commit(false)?;
    Ok(Outcome::Written { path, rows: done })
}

fn hash(path: &Path, watch: &dyn Onlooker) -> Result<Outcome, Failure> {
    let mut bytes = 0;
    let mut seen = |done: u64| -> ControlFlow<()> {
        bytes = done;
        watch.read(done)
    };
    let digest = sha256_of(path, &mut seen).map_err(|e| table_failure(path, e))?;
    Ok(Outcome::Hash { digest, bytes })
}
