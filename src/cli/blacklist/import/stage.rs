//! Rows go to the peer in pages; what it holds back goes to the reject file. While the peer has one page the next is read, checked and
//! signed here; there are never more than these two.

use std::ops::ControlFlow;
use std::path::Path;
use std::thread::{Scope, ScopedJoinHandle};

use anju_core::desk::{Act, ImportView};
use anju_core::listing::import::{ImportCounts, ImportState, MAX_IMPORT_PAGE, RowReason};
use anju_core::names::Digest;

use super::super::files::{Fill, Rejects};
use super::super::table_failure;
use super::{ask, view_of};
use crate::cli::acting::Acting;
use crate::cli::common;
use crate::cli::failure::{Code, Failure};
use crate::cli::onlooker::{Onlooker, Phase, Progress, Rejected};
use crate::cli::out::Ctx;
use crate::source::SourceError;
use crate::source::blacklist::{Accepted, BlacklistFile, BlacklistRow, RejectedRow, Tally};

/// Why not all rows were taken.
pub(super) enum Broken {
    Ours(Failure),
    Table(SourceError),
}

impl Broken {
    pub(super) fn failure(self, path: &Path) -> Failure {
        match self {
            Self::Ours(failure) => failure,
            Self::Table(error) => table_failure(path, error),
        }
    }
}

/// Reasons that only the peer can know: the row counts as read, and is held back.
const fn is_held(reason: RowReason) -> bool {
    match reason {
        RowReason::Contradiction | RowReason::DecisionReused | RowReason::EndedBefore | RowReason::InProcess | RowReason::Impersonation => {
            true
        }
        RowReason::Subject
        | RowReason::Document
        | RowReason::Name
        | RowReason::Conduct
        | RowReason::Level
        | RowReason::Measure
        | RowReason::DecisionNo
        | RowReason::LegalBasis
        | RowReason::Date
        | RowReason::DecisionInFuture
        | RowReason::DatesContradict
        | RowReason::Remark => false,
    }
}

/// Who waits for the peer's answer to a page.
type Put<'scope> = ScopedJoinHandle<'scope, Result<Box<ImportView>, Failure>>;

/// The page that the peer has.
struct Flight<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    page: Option<(Vec<Accepted>, Put<'scope>)>,
}

/// Sends rows, page after page.
pub(super) struct Stager<'a> {
    ctx: Ctx,
    file: Digest,
    headers: Vec<String>,
    acting: Option<&'a Acting>,
    rejects: Rejects,
    watch: &'a dyn Onlooker,
    dry_run: bool,
    /// Rows up to this one are staged already: they are only judged again, so that the reject file is complete.
    staged_to: u64,
    page: Vec<Accepted>,
    page_is_dry: bool,
    fill: Fill,
    dry_counts: ImportCounts,
    /// What the peer said of the last page.
    last: Option<Box<ImportView>>,
}

impl<'a> Stager<'a> {
    pub(super) fn new(
        ctx: Ctx,
        file: Digest,
        headers: Vec<String>,
        acting: Option<&'a Acting>,
        rejects: Rejects,
        watch: &'a dyn Onlooker,
        dry_run: bool,
    ) -> Result<Self, Failure> {
        let mut staged_to = 0;
        if let Some(acting) = acting.filter(|_| !dry_run) {
            let view = ask(acting, &Act::ImportBegin { file })?;
            staged_to = match view.state {
                ImportState::Staging => view.last_row,
                ImportState::Staged | ImportState::Approved | ImportState::Done => u64::MAX,
            };
            if staged_to > 0 {
                ctx.note(&ctx.fill("import.goes-on", &[("row", &view.last_row.to_string())]));
            }
        }
        let (page, fill, dry_counts) = (Vec::new(), Fill::default(), ImportCounts::default());
        Ok(Self { ctx, file, headers, acting, rejects, watch, dry_run, staged_to, page, page_is_dry: false, fill, dry_counts, last: None })
    }

    /// Every row of the file.
    pub(super) fn take_all(&mut self, file: &BlacklistFile<'_>) -> Result<Tally, Broken> {
        // A page that is under way when something breaks is waited for: nothing else is asked of the peer meanwhile.
        std::thread::scope(|scope| self.take_rows(file, &mut Flight { scope, page: None }))
    }

    fn take_rows<'scope>(&mut self, file: &BlacklistFile<'_>, flight: &mut Flight<'scope, '_>) -> Result<Tally, Broken>
    where
        'a: 'scope,
    {
        let mut broken = None;
        let mut done = 0;
        let of = Some(file.right());
        let read = file.rows(&mut |row| {
            done += 1;
            self.watch.progress(Progress { phase: Phase::Staging, done, of, rejected: self.rejects.count });
            match self.watch.go_on().and_then(|()| self.take(row, flight)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => {
                    broken = Some(failure);
                    ControlFlow::Break(())
                }
            }
        });
        match (broken, read) {
            (Some(failure), _) => Err(Broken::Ours(failure)),
            (None, Err(error)) => Err(Broken::Table(error)),
            (None, Ok(tally)) => self.flush(flight).and_then(|()| self.land(flight)).map(|()| tally).map_err(Broken::Ours),
        }
    }

    fn take<'scope>(&mut self, row: BlacklistRow, flight: &mut Flight<'scope, '_>) -> Result<(), Failure>
    where
        'a: 'scope,
    {
        let row = match row {
            BlacklistRow::Rejected(row) => return self.reject(&row),
            BlacklistRow::Duplicate(_) => return Ok(()),
            BlacklistRow::Row(row) => *row,
        };
        if self.acting.is_none() {
            return Ok(());
        }
        let dry = self.dry_run || row.import.row <= self.staged_to;
        if self.page.len() >= MAX_IMPORT_PAGE || dry != self.page_is_dry || !self.fill.takes(&row.import) {
            self.flush(flight)?;
            self.fill.takes(&row.import);
        }
        self.page_is_dry = dry;
        self.page.push(row);
        Ok(())
    }

    /// Sends the page, once the one before has its answer: pages are taken in order.
    fn flush<'scope>(&mut self, flight: &mut Flight<'scope, '_>) -> Result<(), Failure>
    where
        'a: 'scope,
    {
        let page = std::mem::take(&mut self.page);
        self.fill = Fill::default();
        let Some(acting) = self.acting.filter(|_| !page.is_empty()) else { return Ok(()) };
        let rows = page.iter().map(|row| row.import.clone()).collect();
        let signed = acting.signed(&Act::ImportRows { file: self.file, rows, dry_run: self.page_is_dry })?;
        self.land(flight)?;
        let put = move || view_of(acting.put(&signed, common::LONG_PATIENCE, |_| {})?);
        flight.page = Some((page, flight.scope.spawn(put)));
        Ok(())
    }

    /// What the peer said of the page that is under way.
    fn land(&mut self, flight: &mut Flight<'_, '_>) -> Result<(), Failure> {
        let Some((page, put)) = flight.page.take() else { return Ok(()) };
        let view = put.join().unwrap_or_else(|_| Err(common::unexpected()))?;
        if self.dry_run {
            add(&mut self.dry_counts, &view.counts);
        }
        self.hold_back(page, &view)?;
        self.last = Some(view);
        Ok(())
    }

    fn reject(&mut self, row: &RejectedRow) -> Result<(), Failure> {
        self.rejects.add(self.ctx, &self.headers, row)?;
        let column = row.column.map(str::to_owned);
        self.watch.rejected(Rejected { row: row.row, column, code: row.why.code().to_owned() });
        Ok(())
    }

    fn hold_back(&mut self, page: Vec<Accepted>, view: &ImportView) -> Result<(), Failure> {
        let mut rejected = view.rejected.iter().peekable();
        for row in page {
            let Some((_, field, code)) = rejected.next_if(|(number, _, _)| *number == row.import.row) else { continue };
            let reason = RowReason::ALL.iter().copied().find(|reason| reason.code() == code).ok_or_else(common::unexpected)?;
            if !is_held(reason) {
                // The same checks passed here: the peer was started with another catalogue.
                return Err(Failure::new(Code::CatalogueDiffers).with("row", row.import.row).with("reason", reason.code()));
            }
            self.reject(&row.rejected(field, reason))?;
        }
        if rejected.next().is_some() { Err(common::unexpected()) } else { Ok(()) }
    }

    /// Says that this was all. Returns what the rows came to, how the peer says it stands, and the reject file.
    #[expect(clippy::type_complexity, reason = "three things that the caller takes apart at once")]
    pub(super) fn finish(self, tally: &Tally) -> Result<(Option<ImportCounts>, Option<Box<ImportView>>, Rejects), Failure> {
        let Some(acting) = self.acting else { return Ok((None, None, self.rejects)) };
        self.watch.go_on()?;
        if self.dry_run {
            let view = self.last.map(|view| Box::new(ImportView { counts: self.dry_counts, rejected: Vec::new(), ..*view }));
            return Ok((Some(self.dry_counts), view, self.rejects));
        }
        let act = Act::ImportFinish { file: self.file, rows: tally.accepted, digest: tally.digest.0 };
        let view = ask(acting, &act)?;
        Ok((Some(view.counts), Some(view), self.rejects))
    }
}

fn add(sum: &mut ImportCounts, counts: &ImportCounts) {
    let ImportCounts { new, changed, same, over, held } = counts;
    sum.new += new;
    sum.changed += changed;
    sum.same += same;
    sum.over += over;
    sum.held += held;
}
