//! Pages of rows come in, are judged, derived and staged, until who sends them says that this was all.

use super::super::super::{Effect, Env, Node, Stop};
use super::super::{Job, MAX_DERIVING};
use super::judge::{Judge, Judged, Marks};
use super::{ABANDONED_MS, IDLE_MS, MAX_OPEN_IMPORTS, evidence};
use crate::audit::AuditRow;
use crate::desk::{Event, ImportView, Stage};
use crate::error::{Refusal, RefusalCode, ShelfError};
use crate::listing::case::{Case, Origin, Subject};
use crate::listing::finding::Place;
use crate::listing::import::{
    CheckedRow, ImportCounts, ImportRecord, ImportRow, ImportState, MAX_IMPORT_PAGE, MAX_IMPORT_ROW, RowsDigest, StagedAs, StagedRow,
    authority,
};
use crate::listing::{Basis, Day, DecidedBody, Pepper, SubjectSecret};
use crate::names::Digest;
use crate::operator::ProvenAct;
use crate::seal::SUITE;
use crate::shelf::{ListWrite, Write};

/// People whose secrets are derived in one go: while a page is derived, a lookup at the counter waits no longer than this takes.
pub const DERIVED_AT_ONCE: usize = 32;

/// A page that waits for its derivations. Personal; it is never printed.
pub(in crate::node::list) struct Waiting {
    token: u64,
    act: ProvenAct,
    page: Page,
    secrets: Vec<Option<SubjectSecret>>,
    /// What the secrets are derived with.
    pepper: Pepper,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Waiting({}, ..)", self.page.file)
    }
}

/// A page whose rows are judged.
struct Page {
    file: Digest,
    /// How far the import was when the page came: nothing else may have been staged when the page is.
    after: u64,
    /// Rows that are staged.
    rows: Vec<Judgement>,
    /// Rows that passed the checks of a row.
    passed: u64,
    last_row: u64,
    digest: RowsDigest,
    counts: ImportCounts,
    rejected: Vec<(u64, String, String)>,
}

struct Judgement {
    row: CheckedRow,
    marks: Marks,
    becomes: StagedAs,
}

impl Judgement {
    /// Whether its subject has to be derived.
    const fn is_listed(&self) -> bool {
        match self.becomes {
            StagedAs::New | StagedAs::Changed(_) => true,
            StagedAs::Same | StagedAs::Over => false,
        }
    }
}

impl Node {
    /// Begins a file, or says how far it is. Another teller may go on with it once who began it has been idle for [`IDLE_MS`]; until then
    /// they get `import-running`.
    pub(super) fn import_begin(&mut self, env: &mut Env<'_>, act: &ProvenAct, file: &Digest, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        self.may_write()?;
        let by = (act.operator().name.clone(), env.now);
        let mut forgotten = None;
        let record = match env.shelf.import(file)? {
            Some(record) if record.state != ImportState::Staging || record.by.0 == by.0 => return self.import_as_it_stands(env, &record),
            Some(record) if env.now.since(record.by.1) < IDLE_MS => return Err(RefusalCode::ImportRunning.into()),
            Some(record) => ImportRecord { by, evidence: evidence(act)?, ..record },
            None => {
                forgotten = in_the_way(env, act)?;
                ImportRecord {
                    file: *file,
                    serial: env.shelf.imports_made()? + 1,
                    salt: AuditRow::salt(env.rng),
                    state: ImportState::Staging,
                    staged: 0,
                    last_row: 0,
                    digest: RowsDigest::default(),
                    counts: ImportCounts::default(),
                    listed_row: 0,
                    listed: 0,
                    by,
                    evidence: evidence(act)?,
                    approved: None,
                    approval: None,
                }
            }
        };
        out.push(Effect::Write(Write::List(ListWrite::Import(Box::new(record.clone())))));
        // Afterwards, for serials go on from the newest import there is.
        out.extend(forgotten.map(|import| Effect::Write(Write::List(ListWrite::Forget { import }))));
        self.import_told(env, act, file, "begun", out)?;
        self.import_view(env, &record, false)
    }

    /// One page. `None` while its subjects are derived.
    pub(super) fn import_rows(
        &mut self,
        env: &mut Env<'_>,
        token: u64,
        act: &ProvenAct,
        (file, rows, dry_run): (&Digest, &[ImportRow], bool),
        out: &mut Vec<Effect>,
    ) -> Result<Option<Event>, Stop> {
        if rows.is_empty() || rows.len() > MAX_IMPORT_PAGE || rows.iter().any(|row| row.row > MAX_IMPORT_ROW) {
            return Err(Refusal::about(RefusalCode::RequestInvalid, "rows").into());
        }
        if dry_run {
            let page = self.judge_page(env, (file, rows), None)?;
            self.import_told(env, act, file, "dry-run", out)?;
            return Ok(Some(page.dry_view(act)));
        }
        let record = self.import_staged_by(env, act, file)?;
        if self.import_in_flight(file) || self.list.jobs.len() >= MAX_DERIVING {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let page = self.judge_page(env, (file, rows), Some(&record))?;
        let pepper = self.pepper()?;
        let waiting = Waiting { token, act: act.clone(), page, secrets: Vec::new(), pepper };
        if !waiting.page.rows.iter().any(Judgement::is_listed) {
            return self.stage_page(env, waiting, out).map(Some);
        }
        out.push(Effect::Reply { token, event: Box::new(Event::Progress { stage: Stage::Deriving }) });
        self.derive_more(waiting, out);
        Ok(None)
    }

    /// The import of `file` that this operator is staging.
    fn import_staged_by(&self, env: &Env<'_>, act: &ProvenAct, file: &Digest) -> Result<ImportRecord, Stop> {
        let record = env.shelf.import(file)?.ok_or(RefusalCode::ImportUnknown)?;
        if record.state != ImportState::Staging {
            return Err(Refusal::about(RefusalCode::StepNotAllowed, record.state.code()).into());
        }
        if record.by.0 == act.operator().name { Ok(record) } else { Err(RefusalCode::ImportRunning.into()) }
    }

    fn import_in_flight(&self, file: &Digest) -> bool {
        self.list.jobs.values().any(|job| match job {
            Job::Import(waiting) => waiting.page.file == *file,
            Job::Lookup(_) | Job::Publish(_) | Job::Again(_) => false,
        })
    }

    fn judge_page(&self, env: &Env<'_>, (file, rows): (&Digest, &[ImportRow]), record: Option<&ImportRecord>) -> Result<Page, Stop> {
        let after = record.map_or(0, |record| record.last_row);
        let in_order = rows[0].row > after && rows.is_sorted_by(|a, b| a.row < b.row);
        if !in_order {
            return Err(Refusal::about(RefusalCode::ImportDiffers, "rows").into());
        }
        let mut judge = Judge::new(self, env, record.map(|record| record.serial))?;
        let (digest, counts) = record.map(|record| (record.digest, record.counts)).unwrap_or_default();
        let mut page = Page { file: *file, after, rows: Vec::new(), passed: 0, last_row: after, digest, counts, rejected: Vec::new() };
        let today = Day::of(env.now);
        for row in rows {
            match row.check(&self.settings.blacklist.catalogue, today) {
                Ok(checked) => {
                    let (marks, judged) = judge.judge(&checked)?;
                    page.take(checked, marks, judged);
                }
                Err((field, reason)) => page.rejected.push((row.row, field.to_owned(), reason.code().to_owned())),
            }
        }
        Ok(page)
    }

    /// Asks for the next secrets of the page.
    fn derive_more(&mut self, waiting: Waiting, out: &mut Vec<Effect>) {
        let (pepper, mut slow) = (waiting.pepper.clone(), 0);
        let left = waiting.page.rows.iter().filter(|row| row.is_listed()).skip(waiting.secrets.len());
        let now = left.take_while(|row| {
            slow += usize::from(!row.row.document.kind().is_public());
            slow <= DERIVED_AT_ONCE
        });
        let work = now.map(|row| (pepper.clone(), row.row.document.clone())).collect();
        self.list.next_job += 1;
        let job = self.list.next_job;
        self.list.jobs.insert(job, Job::Import(waiting));
        out.push(Effect::Derive { job, work });
    }

    /// Secrets for a page were derived.
    pub(in crate::node::list) fn import_derived(
        &mut self,
        env: &mut Env<'_>,
        mut waiting: Waiting,
        secrets: &[Option<SubjectSecret>],
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        waiting.secrets.extend_from_slice(secrets);
        let asked = waiting.page.rows.iter().filter(|row| row.is_listed()).count();
        if waiting.secrets.len() < asked && !secrets.is_empty() && secrets.iter().all(Option::is_some) {
            self.derive_more(waiting, out);
            return Ok(());
        }
        let (token, act, file) = (waiting.token, waiting.act.clone(), waiting.page.file);
        let event = match self.stage_page(env, waiting, out) {
            Ok(event) => event,
            Err(Stop::Refused(refusal)) => {
                self.import_told(env, &act, &file, &AuditRow::refused(refusal.code), out)?;
                Event::Refused { refusal, about: None }
            }
            Err(Stop::Shelf(error)) => return Err(error),
        };
        out.push(Effect::Reply { token, event: Box::new(event) });
        Ok(())
    }

    /// Writes a page: all of it or nothing.
    fn stage_page(&self, env: &mut Env<'_>, waiting: Waiting, out: &mut Vec<Effect>) -> Result<Event, Stop> {
        let Waiting { act, page, secrets, pepper, .. } = waiting;
        let record = self.import_staged_by(env, &act, &page.file)?;
        if record.last_row != page.after {
            return Err(Refusal::about(RefusalCode::ImportDiffers, "rows").into());
        }
        let (pepper, mut secrets, mut staged) = (pepper.version, secrets.into_iter(), Vec::with_capacity(page.rows.len()));
        for row in &page.rows {
            // The memory for a derivation could not be had: the page is to come again.
            let secret = if row.is_listed() { Some(secrets.next().flatten().ok_or(RefusalCode::TooManyRequests)?) } else { None };
            staged.push(self.staged_row(env, &record, row, secret.as_ref(), pepper)?);
        }
        let record = ImportRecord {
            staged: record.staged + page.passed,
            last_row: page.last_row,
            digest: page.digest,
            counts: page.counts,
            by: (record.by.0, env.now),
            ..record
        };
        out.push(Effect::Write(Write::List(ListWrite::Stage(staged))));
        out.push(Effect::Write(Write::List(ListWrite::Import(Box::new(record.clone())))));
        self.import_told(env, &act, &page.file, "staged", out)?;
        let event = self.import_view(env, &record, false)?;
        Ok(if let Event::Import(view) = event { Event::Import(Box::new(ImportView { rejected: page.rejected, ..*view })) } else { event })
    }

    fn staged_row(
        &self,
        env: &mut Env<'_>,
        record: &ImportRecord,
        judgement: &Judgement,
        secret: Option<&SubjectSecret>,
        pepper: u64,
    ) -> Result<StagedRow, Stop> {
        let Judgement { row, marks, becomes } = judgement;
        let finding = &row.finding;
        let mut staged = StagedRow {
            import: record.serial,
            row: row.row,
            listing: marks.listing,
            becomes: *becomes,
            body: Vec::new(),
            drop_after: finding.restriction_until.max(finding.publication_until).end(),
            case: Vec::new(),
            content: marks.content,
            decision: marks.decision,
            said: marks.said,
            subject: marks.subject,
        };
        let Some(secret) = secret else { return Ok(staged) };
        let place = Place { federation: self.charter.federation(), centre: &self.centre, listing: &marks.listing, pepper };
        let body = DecidedBody {
            suite: SUITE.to_owned(),
            listing: marks.listing,
            pepper,
            token: secret.token(),
            restriction_until: finding.restriction_until,
            publication_until: finding.publication_until,
            basis: Basis::Imported,
            authority: authority(&record.salt, &record.file),
            sealed: finding.seal(env.rng, secret, &place).map_err(|_| RefusalCode::RequestInvalid)?,
        };
        staged.drop_after = body.drop_after();
        staged.body = body.to_bytes();
        let (name, document_type, document_no) = (row.name.clone(), row.document.kind(), row.document.expose().to_owned());
        let case = Case {
            listing: marks.listing,
            subject: Subject { name, document_type, document_no },
            finding: finding.clone(),
            origin: Origin::Imported { file: record.file, row: row.row },
            replaced: None,
            remark: row.remark.clone(),
            salt: AuditRow::salt(env.rng),
            steps: Vec::new(),
        };
        staged.case = serde_json::to_vec(&case).map_err(|_| ShelfError::Failed("a case that cannot be written".to_owned()))?;
        Ok(staged)
    }

    /// Who staged the file says that this was all of it. When that is not what came here, everything staged is dropped, so that the file
    /// can be staged anew.
    pub(super) fn import_finish(
        &mut self,
        env: &mut Env<'_>,
        act: &ProvenAct,
        (file, rows, digest): (&Digest, u64, Digest),
        out: &mut Vec<Effect>,
    ) -> Result<Event, Stop> {
        let record = env.shelf.import(file)?.ok_or(RefusalCode::ImportUnknown)?;
        let agrees = record.staged == rows && record.digest.0 == digest;
        match record.state {
            ImportState::Staged | ImportState::Approved | ImportState::Done if agrees => return self.import_as_it_stands(env, &record),
            ImportState::Staged | ImportState::Approved | ImportState::Done => return Err(RefusalCode::ImportDiffers.into()),
            ImportState::Staging => {}
        }
        if record.by.0 != act.operator().name {
            return Err(RefusalCode::ImportRunning.into());
        }
        if self.import_in_flight(file) {
            return Err(RefusalCode::TooManyRequests.into());
        }
        if !agrees {
            out.push(Effect::Write(Write::List(ListWrite::Forget { import: record.serial })));
            return Err(RefusalCode::ImportDiffers.into());
        }
        let record = ImportRecord { state: ImportState::Staged, by: (record.by.0, env.now), evidence: evidence(act)?, ..record };
        out.push(Effect::Write(Write::List(ListWrite::Import(Box::new(record.clone())))));
        self.import_told(env, act, file, "finished", out)?;
        self.import_view(env, &record, true)
    }
}

impl Page {
    /// A row that passed its own checks comes to this.
    fn take(&mut self, row: CheckedRow, marks: Marks, judged: Judged) {
        self.passed += 1;
        self.last_row = row.row;
        self.digest = self.digest.after(&row);
        let becomes = match judged {
            Judged::Staged(becomes) => Some(becomes),
            Judged::HeldWithCase(..) => Some(StagedAs::Same),
            Judged::Twice | Judged::OverButListed | Judged::Held(..) => None,
        };
        *match judged {
            Judged::Staged(StagedAs::New) => &mut self.counts.new,
            Judged::Staged(StagedAs::Changed(_)) => &mut self.counts.changed,
            Judged::Staged(StagedAs::Same) | Judged::Twice => &mut self.counts.same,
            Judged::Staged(StagedAs::Over) | Judged::OverButListed => &mut self.counts.over,
            Judged::Held(field, reason) | Judged::HeldWithCase(field, reason) => {
                self.rejected.push((row.row, field.to_owned(), reason.code().to_owned()));
                &mut self.counts.held
            }
        } += 1;
        if let Some(becomes) = becomes {
            self.rows.push(Judgement { row, marks, becomes });
        }
    }

    /// What this page alone would come to.
    fn dry_view(self, act: &ProvenAct) -> Event {
        Event::Import(Box::new(ImportView {
            file: self.file,
            state: ImportState::Staging,
            staged: self.passed,
            last_row: self.last_row,
            counts: self.counts,
            listed: 0,
            by: act.operator().name.clone(),
            approved_by: None,
            gone: Vec::new(),
            gone_count: 0,
            rejected: self.rejected,
        }))
    }
}

/// The import that has to make room for another, if one has to: the oldest that was abandoned, which is one that its teller left, or that
/// nobody approved, for [`ABANDONED_MS`], or one that this teller left for this new one.
fn in_the_way(env: &Env<'_>, act: &ProvenAct) -> Result<Option<u64>, Stop> {
    let open = env.shelf.imports_open(MAX_OPEN_IMPORTS)?;
    if open.len() < MAX_OPEN_IMPORTS {
        return Ok(None);
    }
    let abandoned = |import: &&ImportRecord| {
        let untouched = env.now.since(import.by.1) >= ABANDONED_MS;
        match import.state {
            ImportState::Staging => untouched || import.by.0 == act.operator().name,
            ImportState::Staged => untouched,
            ImportState::Approved | ImportState::Done => false,
        }
    };
    Ok(Some(open.iter().find(abandoned).ok_or(RefusalCode::TooManyRequests)?.serial))
}
