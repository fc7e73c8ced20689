//! What a peer's administrator asks of the machine: how much lies there, how old the keys are, and a backup. All of it is done away from
//! the loop, over connections that only read.

use std::fs::DirBuilder;
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anju_core::desk::{Backup, Event, Evidence, KeyRole, Stage, Storage, SystemView};
use anju_core::node::Input;
use anju_core::time::Time;
use tokio::sync::{mpsc, watch};

use super::engine::machine_clock;
use super::log::LogRing;
use crate::config::backup as note;
use crate::store::backup::{self, Copied};
use crate::store::{StoreError, figures};

/// Between two words of how far a backup is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Where the peer's own things are.
#[derive(Debug, Clone)]
pub struct House {
    /// The database.
    pub database: PathBuf,
    /// The adopted charter.
    pub charter: PathBuf,
    /// The file with the centre's secrets; only its date is looked at.
    pub keys: PathBuf,
    /// Where backups for operators go.
    pub backups: PathBuf,
    /// The note that tells of the newest backup.
    pub backup_note: PathBuf,
    /// The newest lines of the log.
    pub logs: LogRing,
}

/// Something to be looked up or done, and for which request.
pub(super) type Task = (u64, Ask);

/// See [`anju_core::node::HouseAsk`].
#[derive(Debug)]
pub(super) enum Ask {
    System(Box<SystemView>),
    Backup(String),
}

/// Carries tasks out, each in a thread of its own; the core lets no second backup begin.
pub(super) async fn keep_house(
    mut tasks: mpsc::Receiver<Task>,
    house: Arc<House>,
    events: mpsc::Sender<(u64, Event)>,
    inputs: mpsc::Sender<Input>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let next = tokio::select! {
            () = super::wiring::until_stopped(&mut stopped) => return,
            next = tasks.recv() => next,
        };
        let Some((token, ask)) = next else { return };
        let (house, events) = (Arc::clone(&house), events.clone());
        match ask {
            Ask::System(view) => drop(tokio::task::spawn_blocking(move || {
                let _ = events.try_send((token, Event::System(Box::new(house.complete(*view)))));
            })),
            Ask::Backup(name) => {
                let (inputs, stopped) = (inputs.clone(), stopped.clone());
                tokio::spawn(async move {
                    let told = move |at: Copied| {
                        // Whoever does not read it misses a number and nothing else.
                        let _ = events.try_send((token, Event::Progress { stage: Stage::Copying { done: at.done, of: at.of } }));
                    };
                    let made = tokio::task::spawn_blocking(move || house.back_up(&name, &stopped, told)).await;
                    let outcome = made.unwrap_or_else(|_| Err(("backup-failed".to_owned(), "the copying ended early".to_owned())));
                    let _ = inputs.send(Input::BackedUp { outcome }).await;
                });
            }
        }
    }
}

impl House {
    /// Adds what the machine knows.
    fn complete(&self, mut view: SystemView) -> SystemView {
        view.protocol = anju_peers::PROTOCOL.to_owned();
        view.storage = self.storage().inspect_err(|error| tracing::warn!(%error, "the store's figures cannot be read")).ok();
        view.backup = note::last(&self.backup_note);
        view.backups = self.backups.display().to_string();
        let (keys, charter) = (date_of(&self.keys), date_of(&self.charter));
        for age in view.keys.iter_mut().filter(|age| age.since.is_none()) {
            age.since = match age.key {
                KeyRole::Station | KeyRole::Signing | KeyRole::Heartbeat | KeyRole::Sealing => keys,
                // A later charter may have the same pepper as the one before it: its date would say too little.
                KeyRole::Pepper if view.charter_version == 1 => charter,
                KeyRole::Pepper | KeyRole::Operator => None,
            };
            age.by = age.since.map(|_| Evidence::File);
        }
        view
    }

    fn storage(&self) -> Result<Storage, StoreError> {
        let mut log = self.database.clone().into_os_string();
        log.push("-wal");
        Ok(Storage {
            database_bytes: bytes_of(&self.database),
            log_bytes: bytes_of(Path::new(&log)),
            free_bytes: note::free_bytes(&self.database),
            ..figures::read(&self.database)?
        })
    }

    /// Makes a backup under `name` and leaves the note of it.
    fn back_up(&self, name: &str, stopped: &watch::Receiver<bool>, told: impl Fn(Copied)) -> Result<Backup, (String, String)> {
        let failed = |error: StoreError| (code(&error).to_owned(), error.to_string());
        let mut folder = DirBuilder::new();
        folder.recursive(true).mode(0o700);
        folder.create(&self.backups).map_err(|e| ("backup-failed".to_owned(), e.to_string()))?;
        let target = self.backups.join(name);
        let mut last = None;
        let mut told = |at: Copied| {
            if at.done >= at.of || last.is_none_or(|last: Instant| last.elapsed() >= TELL_EVERY) {
                last = Some(Instant::now());
                told(at);
            }
            if *stopped.borrow() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        backup::copy(&self.database, &target, &mut told).map_err(failed)?;
        let backup = Backup { at: machine_clock(), bytes: bytes_of(&target), file: target.display().to_string() };
        if let Err(error) = note::note(&self.backup_note, &backup) {
            tracing::warn!(%error, "the note of the backup was not left");
        }
        tracing::info!(file = name, bytes = backup.bytes, "a backup was made");
        Ok(backup)
    }
}

const fn code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full => "store-full",
        StoreError::Exists(_) => "backup-exists",
        StoreError::Stopped => "stopping",
        StoreError::Missing(_)
        | StoreError::NotOurs
        | StoreError::Newer { .. }
        | StoreError::Older { .. }
        | StoreError::WrongKey
        | StoreError::InUse
        | StoreError::Misfit(_)
        | StoreError::Transaction(_)
        | StoreError::Damaged(_)
        | StoreError::DamagedRow { .. }
        | StoreError::NoRandomness
        | StoreError::File { .. }
        | StoreError::Engine(_) => "backup-failed",
    }
}

fn bytes_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len())
}

/// The date of a file's content.
fn date_of(path: &Path) -> Option<Time> {
    let since = path.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Time)
}
