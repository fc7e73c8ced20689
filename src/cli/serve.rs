//! `anju serve`: this centre's peer, until it is told to stop.
//!
//! One line goes to standard output when it is ready (with `--json` an object), so that whoever started it knows when to go on. The log
//! goes to standard error.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anju_core::charter::{CentreCard, Charter, CharterError, CharterFile, Door, InvitationError, InvitationFile, MAX_CHARTER_BYTES, Seat};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::names::CentreCode;
use anju_core::node::Settings;
use anju_core::node::membership::{self, SeatError};
use anju_peers::PeersError;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::common::{self, DataArgs, PassphraseArgs};
use super::exit::Exit;
use super::failure::{Code, Failure};
use super::federation::{charter_failure, invitation_failure, read_charter};
use super::out::{self, Ctx, Done};
use super::store::{self, Opened};
use crate::config::folder::DataFolder;
use crate::config::{Config, Level};
use crate::daemon::candidate::{self, Candidate, CandidateError};
use crate::daemon::engine::Recipe;
use crate::daemon::{self, DaemonError, House, KeyFiles, LogRing, Serving};
use crate::desk::door::DoorError;
use crate::keys::Secrets;
use crate::keys::passphrase::Passphrase;
use crate::source;
use crate::store::{Mode, Store};
use crate::window::WindowError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

pub(super) fn run(ctx: Ctx, args: &Args) -> Result<Done, Failure> {
    let (folder, config) = args.data.open()?;
    let socket = config.socket(&folder).map_err(|e| common::config_failure(&folder.config(), e))?;
    if !folder.charter().is_file() {
        return Err(Failure::new(Code::CharterMissing).with("path", common::shown(folder.root())));
    }
    let file = read_charter(&folder.charter())?;
    file.verify_founding().map_err(charter_failure)?;
    let logs = log_to_stderr(config.log.level, ctx.json);
    // Before the passphrase is asked for: who has to correct a table need not type one.
    let settings = settings(&config, &folder)?;
    let Opened { folder, config, mut secrets, mut store, lock, passphrase } = store::open(ctx, &args.data, &args.passphrase, Mode::Create)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let newest = membership::charter(&file, &store).map_err(seat_failure)?;
    let mut waited = None;
    if newest.member(&config.centre.code).is_none() && folder.invitation().is_file() {
        let doors = doors(&folder, &newest)?;
        let (centre, keys, file) = (config.centre.code.clone(), secrets.centre.clone(), file.clone());
        let candidate = Candidate { centre, keys, file, doors, listen: config.peer.listen.clone() };
        match runtime.block_on(wait_for_charter(ctx, &candidate, &mut store))? {
            Some(seat) => waited = Some(seat),
            None => return Ok(Done { json: Value::Null, text: String::new(), exit: Exit::Ok }),
        }
    }
    let mut waits = 0;
    loop {
        let seat = match waited.take() {
            Some(seat) => seat,
            None => seat_with(&folder, &passphrase, &file, &store, (&config.centre.code, &mut secrets))?,
        };
        let recipe = Recipe { centre: config.centre.code.clone(), keys: secrets.centre, seat, settings: settings.clone() };
        let serving = serving((&folder, &config), recipe, store, (&socket, logs.clone(), passphrase.clone()));
        match runtime.block_on(serve(ctx, config.centre.code.as_str(), serving, waits))? {
            Ended::Stopped => {
                drop(lock);
                return Ok(Done { json: Value::Null, text: String::new(), exit: Exit::Ok });
            }
            // What is connected under the former key is of no use any more.
            Ended::Moved => {
                ctx.note(&ctx.say("serve.moved"));
                waits = LET_GO_TRIES;
            }
            Ended::NotLetGo => {
                waits -= 1;
                std::thread::sleep(LET_GO);
            }
        }
        secrets = Secrets::load(&folder.keys(), &passphrase).map_err(|e| common::vault_failure(&folder.keys(), e))?;
        store = Store::open(&folder.database(), &secrets.store, Mode::Existing).map_err(store::store_failure)?;
    }
}

/// Everything that the peer of a folder needs to run.
fn serving(
    (folder, config): (&DataFolder, &Config),
    recipe: Recipe,
    store: Store,
    (socket, logs, passphrase): (&Path, LogRing, Passphrase),
) -> Serving {
    Serving {
        recipe,
        store,
        kept_head: config.kept_head(folder),
        listen: config.peer.listen.clone(),
        socket: socket.to_owned(),
        source: reader(config, folder),
        house: House {
            database: folder.database(),
            charter: folder.charter(),
            keys: folder.keys(),
            backups: config.backups(folder),
            backup_note: folder.backup_note(),
            logs,
        },
        window: config.window_opening(folder),
        keys: key_files(folder, passphrase),
    }
}

/// Why a peer no longer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It was told to stop.
    Stopped,
    /// Its station has another key.
    Moved,
    /// The addresses that it left a moment ago are not free yet.
    NotLetGo,
}

/// The network lets go of addresses in tasks of its own: how often, and how long each time, that is waited for.
const LET_GO_TRIES: u32 = 40;
const LET_GO: Duration = Duration::from_millis(250);

fn seat_failure(error: SeatError) -> Failure {
    match error {
        SeatError::Charter(e) => charter_failure(e),
        SeatError::Shelf(e) => Failure::new(Code::ServeFailed).with("detail", e),
    }
}

/// The centre's seat with its keys, or with those that were to follow them if the charter names these: then they are put in place first.
fn seat_with(
    folder: &DataFolder,
    passphrase: &Passphrase,
    file: &CharterFile,
    store: &Store,
    (centre, secrets): (&CentreCode, &mut Secrets),
) -> Result<Seat, Failure> {
    match membership::seat(file, store, centre, &secrets.centre) {
        Err(SeatError::Charter(CharterError::OtherKeys(_))) if folder.next_keys().is_file() => {
            let next = Secrets::load(&folder.next_keys(), passphrase).map_err(|e| common::vault_failure(&folder.next_keys(), e))?;
            let seat = membership::seat(file, store, centre, &next.centre).map_err(seat_failure)?;
            folder.take_next_keys().map_err(|e| common::write_failure(&folder.keys(), &e))?;
            *secrets = next;
            Ok(seat)
        }
        other => {
            let seat = other.map_err(seat_failure)?;
            // Members who know a newer version than this peer already seal to the keys to come.
            if folder.next_keys().is_file() {
                match Secrets::load(&folder.next_keys(), passphrase) {
                    Ok(next) => secrets.centre.opens_also(&next.centre),
                    Err(error) => tracing::warn!(%error, "the keys to come cannot be read"),
                }
            }
            Ok(seat)
        }
    }
}

/// How the running peer comes to the keys that follow its own. They are sealed with the same passphrase.
fn key_files(folder: &DataFolder, passphrase: Passphrase) -> KeyFiles {
    let (reading, taking) = (folder.clone(), folder.clone());
    let next = move |named: bool| {
        let next = reading.next_keys();
        if !next.is_file() {
            if named {
                tracing::warn!("the charter names other keys for this centre, and there are none to follow the present ones");
            }
            return None;
        }
        let read = Secrets::load(&next, &passphrase);
        read.inspect_err(|error| tracing::warn!(%error, "the keys to come cannot be read")).ok().map(|secrets| secrets.centre)
    };
    let take = move || {
        if let Err(error) = taking.take_next_keys() {
            tracing::warn!(%error, "the new keys work and are not in their place yet; the next start puts them there");
        }
    };
    KeyFiles { next: Arc::new(next), take: Arc::new(take) }
}

/// The stations that the invitation names, if it still holds.
fn doors(folder: &DataFolder, charter: &Charter) -> Result<Vec<Door>, Failure> {
    let path = folder.invitation();
    let about = |e: InvitationError| invitation_failure(e).with("path", common::shown(&path));
    let file = InvitationFile::parse(&common::read_text_of(&path, MAX_CHARTER_BYTES as u64)?).map_err(about)?;
    let card = CentreCard::parse(&common::read_text(&folder.card())?).map_err(common::card_failure)?;
    Ok(file.verify(charter, &card, common::now()).map_err(about)?.stations.clone())
}

/// Waits until a charter names the centre. Nothing when somebody stops the waiting.
async fn wait_for_charter(ctx: Ctx, candidate: &Candidate, store: &mut Store) -> Result<Option<Seat>, Failure> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let version = candidate.file.verify().map_err(charter_failure)?.version().to_string();
    let inviter = candidate.doors.first().and_then(|door| door.addresses.first()).map(|address| super::text::clean(address));
    if ctx.json {
        let _ = out::print(&format!("{}\n", json!({ "candidate": candidate.centre, "version": version })), Exit::Ok);
    }
    ctx.note(&ctx.fill("serve.candidate", &[("version", &version), ("inviter", &inviter.unwrap_or_default())]));
    let told = |charter: &Charter| {
        let named = charter.member(&candidate.centre).is_some();
        let key = if named { "serve.candidate-named" } else { "serve.candidate-version" };
        ctx.note(&ctx.fill(key, &[("version", &charter.version().to_string())]));
    };
    tokio::select! {
        seat = candidate::wait(candidate, store, told) => seat.map(Some).map_err(candidate_failure),
        _ = terminated.recv() => Ok(None),
        _ = interrupted.recv() => Ok(None),
    }
}

fn candidate_failure(error: CandidateError) -> Failure {
    match error {
        CandidateError::Peers(e) => daemon_failure(DaemonError::Peers(e)),
        CandidateError::Seat(e) => seat_failure(e),
        CandidateError::Store(_) | CandidateError::Ended => Failure::new(Code::ServeFailed).with("detail", error),
    }
}

async fn serve(ctx: Ctx, centre: &str, serving: Serving, waits: u32) -> Result<Ended, Failure> {
    // Asked for before the peer starts, so that a signal that comes early is not lost.
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let running = match daemon::start(serving).await {
        Ok(running) => running,
        Err(DaemonError::Peers(PeersError::AddressInUse { .. })) if waits > 0 => return Ok(Ended::NotLetGo),
        Err(error) => return Err(daemon_failure(error)),
    };
    let mut listening = running.listening().to_vec();
    let window = running.window().map(|address| format!("https://{address}"));
    let ready = if ctx.json {
        format!("{}\n", json!({ "ready": centre, "listening": listening, "window": window }))
    } else {
        listening.extend(window);
        ctx.fill("serve.listening", &[("centre", centre), ("addresses", &listening.join(" "))]) + "\n"
    };
    // A reader that is gone is no reason to stop: the peer serves others.
    let _ = out::print(&ready, Exit::Ok);
    let ended = tokio::select! {
        _ = terminated.recv() => Ended::Stopped,
        _ = interrupted.recv() => Ended::Stopped,
        () = running.moved() => Ended::Moved,
    };
    if ended == Ended::Stopped {
        ctx.note(&ctx.say("serve.stopping"));
    }
    running.stop().await;
    Ok(ended)
}

fn settings(config: &Config, folder: &DataFolder) -> Result<Settings, Failure> {
    let blacklist = config.blacklist.settings(folder).map_err(|e| common::config_failure(&folder.config(), e))?;
    let (valid_days, phone) = (config.certificate.valid_days, config.centre.phone.clone());
    Ok(Settings { valid_days, phone, blacklist, dossiers: config.loan.settings(), ..Settings::default() })
}

fn reader(config: &Config, folder: &DataFolder) -> daemon::wiring::SourceReader {
    let source = config.source_in(folder);
    Arc::new(move |account_no| {
        let source = source.as_ref().ok_or_else(|| Refusal::about(RefusalCode::SourceUnavailable, "not configured"))?;
        let unavailable = |e: source::SourceError| {
            common::refusal_of(&e).unwrap_or_else(|| {
                tracing::warn!(error = %e, "the source cannot be read");
                Refusal::new(RefusalCode::SourceUnavailable)
            })
        };
        source::facts_of(source, account_no).map(Box::new).map_err(unavailable)
    })
}

fn daemon_failure(error: DaemonError) -> Failure {
    match error {
        DaemonError::Peers(PeersError::AddressInUse { addr }) => Failure::new(Code::PortInUse).with("detail", addr),
        DaemonError::Door(DoorError::AlreadyRunning) => Failure::new(Code::FolderLocked).with("path", "desk.sock"),
        DaemonError::Window(WindowError::Listen { address, .. }) => Failure::new(Code::PortInUse).with("detail", address),
        DaemonError::Window(_) | DaemonError::Peers(_) | DaemonError::Door(_) | DaemonError::System(_) => {
            Failure::new(Code::ServeFailed).with("detail", error)
        }
    }
}

/// The log on standard error, and its newest lines for the desk, from the configured level on; `RUST_LOG` overrides it. What others' libraries say counts from `warn`.
fn log_to_stderr(level: Level, json: bool) -> LogRing {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        let level = level.as_str();
        EnvFilter::new(format!("warn,anju={level},anju_core={level},anju_peers={level}"))
    });
    let ring = LogRing::default();
    let all = tracing_subscriber::registry().with(filter).with(ring.clone());
    let lines = fmt::layer().with_writer(std::io::stderr);
    // Somebody else's subscriber in this process is as good as ours.
    let _ = if json { all.with(lines.json()).try_init() } else { all.with(lines.with_ansi(out::colours())).try_init() };
    ring
}
