//! Starts and stops everything around the loop: peers, desk, ticks, the source.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anju_core::charter::{CentreKeys, Charter};
use anju_core::desk::{Event, Request};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::facts::AccountFacts;
use anju_core::names::StationKey;
use anju_core::node::message::SoundAnswer;
use anju_core::node::{HouseAsk, Input, Verdict};
use anju_core::window::{Asked, Reply};
use anju_peers::{Link, Member, PeerCommand, PeerEvent, PeersConfig, PeersError, PeersHandle};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::derive::{Derivation, Lanes, Memory, derive, lanes};
use super::engine::{Engine, Out, Recipe, machine_clock};
use super::house::{self, Ask, House, keep_house};
use super::log::LogRing;
use super::meter::{self, Meter};
use crate::desk::door::{Door, DoorError};
use crate::store::Store;
use crate::window::{self, WindowError};

/// Inputs that may wait for the loop; a sender that finds it full waits, except for ticks, which are dropped.
const INPUTS_MAX: usize = 1024;
/// Requests and events that may wait between loop and desk.
const DESK_MAX: usize = 1024;
/// Requests and replies that may wait between loop and window; beyond that citizens are told to come again.
const WINDOW_MAX: usize = 256;
/// Commands that may wait for the peers; beyond that announcements and calls are dropped, for anti-entropy makes up for them.
const COMMANDS_MAX: usize = 1024;
/// How often the core is told that time passed.
const TICK: Duration = Duration::from_millis(250);
/// Exports read at once.
const READERS_MAX: usize = 2;
/// Looks at the machine that may wait; a backup always finds a place, for there is one at a time and looks are short.
const CHORES_MAX: usize = 64;

/// Reads one account of the source; runs on a blocking thread.
pub type SourceReader = Arc<dyn Fn(&str) -> Result<Box<AccountFacts>, Refusal> + Send + Sync>;

/// Everything a peer needs to run.
pub struct Serving {
    /// Who it is.
    pub recipe: Recipe,
    /// Its store, open.
    pub store: Store,
    /// Where its head is kept.
    pub kept_head: PathBuf,
    /// Where it listens.
    pub listen: Vec<String>,
    /// Path of the local door.
    pub socket: PathBuf,
    /// Its source.
    pub source: SourceReader,
    /// Where its own things are.
    pub house: House,
    /// Its window for citizens, if it has one.
    pub window: Option<window::Opening>,
    /// Its keys to come.
    pub keys: KeyFiles,
}

/// The keys that were made to follow the present ones: read when a charter names them, and put in their place when they are taken.
#[derive(Clone)]
pub struct KeyFiles {
    /// Reads them, if there are any; says so in the log if there are none although the charter names them.
    pub next: Arc<dyn Fn(bool) -> Option<CentreKeys> + Send + Sync>,
    /// Puts them in the place of the present ones.
    pub take: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyFiles(..)")
    }
}

impl KeyFiles {
    /// None, and nothing to be done: for peers whose keys lie in no file.
    #[must_use]
    pub fn none() -> Self {
        Self { next: Arc::new(|_| None), take: Arc::new(|| ()) }
    }
}

/// Why a peer does not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The network could not be set up.
    #[error(transparent)]
    Peers(#[from] PeersError),
    /// The local door could not be opened.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// The window could not be opened.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The operating system gave no randomness or no thread.
    #[error("{0}")]
    System(String),
}

/// A peer that runs. Dropping it without [`Running::stop`] leaves its tasks to the runtime's end.
#[derive(Debug)]
pub struct Running {
    listening: Vec<String>,
    window: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    moved: watch::Receiver<bool>,
    engine: std::thread::JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
    peers: PeersHandle,
}

/// Starts a peer. When this returns it listens and its desk is open.
///
/// # Errors
/// [`DaemonError`]; then nothing runs.
pub async fn start(serving: Serving) -> Result<Running, DaemonError> {
    let Serving { recipe, store, kept_head, listen, socket, source, house, window, keys } = serving;
    let door = Door::open(&socket)?;
    let window = match &window {
        Some(opening) => Some(window::Door::open(opening, machine_clock).await?),
        None => None,
    };
    let (peers, peer_events) = anju_peers::start(peers_config(&recipe, listen)).await?;
    let listening = peers.listening().to_vec();
    let rng = StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(|e| DaemonError::System(e.to_string()))?;
    let engine = Engine::new(recipe, store, kept_head, Box::new(rng), machine_clock);

    let (stop, stopped) = watch::channel(false);
    let (inputs, inbox) = mpsc::channel(INPUTS_MAX);
    let (commands, orders) = mpsc::channel(COMMANDS_MAX);
    let (events_out, events) = mpsc::channel(DESK_MAX);
    let (requests_in, requests) = mpsc::channel(DESK_MAX);
    let (readings, to_read) = mpsc::channel(DESK_MAX);
    let (derivations, lanes) = lanes();
    let memory = Memory::default();

    let thread = std::thread::Builder::new().name("anju-engine".to_owned());
    let links = {
        let peers = peers.clone();
        Box::new(move || peers.links())
    };
    let (chores, to_do) = mpsc::channel(CHORES_MAX);
    let (window_replies, replies) = mpsc::channel(WINDOW_MAX);
    let (admitted, to_admit) = watch::channel(Vec::new());
    let (key_chores, keys_to_do) = mpsc::channel(CHORES_MAX);
    let (moves, moved) = watch::channel(false);
    let ways = Ways {
        commands,
        events: events_out.clone(),
        readings,
        derivations,
        chores,
        meter: Arc::default(),
        logs: house.logs.clone(),
        links,
        window: window_replies,
        admitted,
        keys: key_chores,
    };
    let engine = thread.spawn(move || engine.run(inbox, |out| ways.let_out(out))).map_err(|e| DaemonError::System(e.to_string()))?;
    let at_window = window.as_ref().map(window::Door::address);
    let mut tasks = Vec::new();
    if let Some(window) = window {
        let (asked_in, asked) = mpsc::channel(WINDOW_MAX);
        tasks.push(tokio::spawn(hear_window(asked, inputs.clone(), stopped.clone())));
        tasks.push(tokio::spawn(window.serve(asked_in, replies)));
    }
    tasks.extend([
        tokio::spawn(tick(inputs.clone(), stopped.clone())),
        tokio::spawn(sample(inputs.clone(), stopped.clone())),
        tokio::spawn(hear_peers(peer_events, inputs.clone(), stopped.clone())),
        tokio::spawn(order_peers(orders, peers.clone())),
        tokio::spawn(admit(to_admit, peers.clone())),
        tokio::spawn(keep_keys(keys_to_do, (keys, moves), inputs.clone(), stopped.clone())),
        tokio::spawn(read_source(to_read, source, inputs.clone(), stopped.clone())),
        tokio::spawn(derive(lanes.short, Arc::clone(&memory), inputs.clone(), stopped.clone())),
        tokio::spawn(derive(lanes.long, memory, inputs.clone(), stopped.clone())),
        tokio::spawn(keep_house(to_do, Arc::new(house), events_out, inputs.clone(), stopped.clone())),
        tokio::spawn(hear_desk(requests, inputs, stopped)),
        tokio::spawn(door.serve(requests_in, events)),
    ]);
    Ok(Running { listening, window: at_window, stop, moved, engine, tasks, peers })
}

impl Running {
    /// Where it listens, with real ports.
    #[must_use]
    pub fn listening(&self) -> &[String] {
        &self.listening
    }

    /// Where its window is, with the real port.
    #[must_use]
    pub const fn window(&self) -> Option<SocketAddr> {
        self.window
    }

    /// Waits until the station has another key: then this peer is to be stopped, and started with what lies in its folder.
    pub async fn moved(&self) {
        let mut moved = self.moved.clone();
        if moved.wait_for(|moved| *moved).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Stops: takes nothing new, finishes what is in hand, folds the log in, and says good-bye to the peers.
    pub async fn stop(self) {
        let Self { stop, engine, tasks, peers, .. } = self;
        let _ = stop.send(true);
        // The loop ends when the last sender of inputs is gone, which the tasks drop on `stop`.
        let _ = tokio::task::spawn_blocking(move || engine.join()).await;
        let _ = peers.send(PeerCommand::Shutdown).await;
        drop(peers);
        for task in tasks {
            let _ = tokio::time::timeout(Duration::from_secs(5), task).await;
        }
    }
}

fn peers_config(recipe: &Recipe, listen: Vec<String>) -> PeersConfig {
    let charter: &Charter = &recipe.seat.charter;
    let own = recipe.keys.station_key();
    let stations = charter.members().iter().flat_map(|member| &member.stations).filter(|station| station.key != own);
    PeersConfig {
        station_secret: recipe.keys.station.expose().clone(),
        listen,
        members: stations.map(|s| Member { station: s.key, addresses: s.addresses.clone() }).collect(),
        topic: format!("anju.{}", charter.federation()),
        protocol_suffix: charter.founding().to_string(),
    }
}

/// Where what leaves the loop goes. Nothing of it ever blocks: the loop must not wait for the network or for a slow client.
struct Ways {
    commands: mpsc::Sender<PeerCommand>,
    events: mpsc::Sender<(u64, Event)>,
    readings: mpsc::Sender<(u64, String)>,
    derivations: Lanes<mpsc::Sender<Derivation>>,
    chores: mpsc::Sender<house::Task>,
    meter: Arc<Meter>,
    logs: LogRing,
    /// What is known of the way to each station.
    links: Box<dyn Fn() -> BTreeMap<StationKey, Link> + Send>,
    window: mpsc::Sender<(u64, Reply)>,
    /// Who may connect. Never dropped: only the newest counts.
    admitted: watch::Sender<Vec<Member>>,
    keys: mpsc::Sender<KeyChore>,
}

/// What is to be done about the keys to come.
#[derive(Debug, Clone, Copy)]
enum KeyChore {
    Read(bool),
    /// Whether the station's is among them.
    Take(bool),
}

impl Ways {
    fn let_out(&self, out: Out) {
        let command = match out {
            Out::Reply(token, event) => return self.reply(token, *event),
            Out::WindowReply(token, reply) => {
                if self.window.try_send((token, reply)).is_err() {
                    tracing::warn!("the window is overwhelmed; an answer was dropped");
                }
                return;
            }
            Out::House(token, ask) => return self.house(token, ask),
            Out::NextKeys(named) => return self.key_chore(KeyChore::Read(named)),
            Out::KeysTaken(moved) => return self.key_chore(KeyChore::Take(moved)),
            Out::Admit(stations) => {
                let members = stations.into_iter().map(|a| Member { station: a.station, addresses: a.addresses });
                self.admitted.send_replace(members.collect());
                return;
            }
            Out::ReadSource(reading, account_no) => {
                if self.readings.try_send((reading, account_no)).is_err() {
                    tracing::warn!("too many accounts are being read; one was dropped");
                }
                return;
            }
            Out::Derive(job, work) => {
                if self.derivations.of(work.len()).try_send((job, work)).is_err() {
                    tracing::warn!("too many subjects are being derived; some were dropped");
                }
                return;
            }
            Out::Announce(body) => PeerCommand::Publish(body),
            Out::Judge(source, verdict) => PeerCommand::Judge { source, verdict: judged(verdict) },
            Out::Call(to, call, body) => PeerCommand::Call { to, call, body },
            Out::Answer(token, body) => PeerCommand::Answer { token, body },
        };
        if self.commands.try_send(command).is_err() {
            tracing::debug!("the peers are busy; a message was dropped");
        }
    }

    fn reply(&self, token: u64, mut event: Event) {
        if let Event::Status(status) = &mut event {
            meter::add_links(status, &(self.links)());
            if token == meter::SAMPLER {
                self.meter.sample(status);
            }
        }
        if token != meter::SAMPLER && self.events.try_send((token, event)).is_err() {
            tracing::warn!("the desk is overwhelmed; an answer was dropped");
        }
    }

    fn key_chore(&self, chore: KeyChore) {
        if self.keys.try_send(chore).is_err() {
            tracing::warn!("the keys to come were not looked at; a restart does it");
        }
    }

    fn house(&self, token: u64, ask: HouseAsk) {
        let chore = match ask {
            HouseAsk::Trends => return self.reply(token, Event::Trends(Box::new(self.meter.trends()))),
            HouseAsk::Logs { after, limit } => return self.reply(token, Event::Logs(Box::new(self.logs.page(after, limit)))),
            HouseAsk::System(view) => Ask::System(view),
            HouseAsk::Backup { name } => Ask::Backup(name),
        };
        if self.chores.try_send((token, chore)).is_err() {
            tracing::warn!("too much is being looked up; one request was dropped");
            let detail = "too much is being looked up".to_owned();
            self.reply(token, Event::Failed { code: "busy".to_owned(), detail });
        }
    }
}

const fn judged(verdict: Verdict) -> anju_peers::Verdict {
    match verdict {
        Verdict::Accept => anju_peers::Verdict::Accept,
        Verdict::Ignore => anju_peers::Verdict::Ignore,
        Verdict::Reject => anju_peers::Verdict::Reject,
    }
}

pub(super) async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Reads the keys to come and puts them in their place, away from the loop: opening the file takes a while.
async fn keep_keys(
    mut chores: mpsc::Receiver<KeyChore>,
    (files, moves): (KeyFiles, watch::Sender<bool>),
    inputs: mpsc::Sender<Input>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let chore = tokio::select! {
            () = until_stopped(&mut stopped) => return,
            chore = chores.recv() => chore,
        };
        let files = files.clone();
        match chore {
            None => return,
            Some(KeyChore::Take(moved)) => {
                let _ = tokio::task::spawn_blocking(move || (files.take)()).await;
                if moved {
                    moves.send_replace(true);
                }
            }
            Some(KeyChore::Read(named)) => {
                if let Ok(Some(keys)) = tokio::task::spawn_blocking(move || (files.next)(named)).await
                    && inputs.send(Input::Keys(Box::new(keys))).await.is_err()
                {
                    return;
                }
            }
        }
    }
}

/// Tells the peers who may connect, whenever that changes; ends with the loop, which tells it.
async fn admit(mut admitted: watch::Receiver<Vec<Member>>, peers: PeersHandle) {
    while admitted.changed().await.is_ok() {
        let members = admitted.borrow_and_update().clone();
        if peers.send(PeerCommand::SetMembers(members)).await.is_err() {
            return;
        }
    }
}

async fn tick(inputs: mpsc::Sender<Input>, mut stopped: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = interval.tick() => { let _ = inputs.try_send(Input::Tick); }
        }
    }
}

/// Has the core tell how it is every so often, for the plots.
async fn sample(inputs: mpsc::Sender<Input>, mut stopped: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(Duration::from_millis(meter::SAMPLE_EVERY_MS));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            _ = interval.tick() => { let _ = inputs.try_send(Input::Desk { token: meter::SAMPLER, request: Request::Status }); }
        }
    }
}

async fn hear_peers(mut events: mpsc::Receiver<PeerEvent>, inputs: mpsc::Sender<Input>, mut stopped: watch::Receiver<bool>) {
    loop {
        let event = tokio::select! {
            () = until_stopped(&mut stopped) => return,
            event = events.recv() => event,
        };
        let Some(event) = event else { return };
        let input = match event {
            PeerEvent::Connected(station) => {
                tracing::info!(%station, "connected");
                Input::Connected(station)
            }
            PeerEvent::Disconnected(station) => {
                tracing::info!(%station, "disconnected");
                Input::Disconnected(station)
            }
            PeerEvent::Announcement { from, source, body } => Input::Announcement { from, source, bytes: body },
            PeerEvent::Asked { from, token, body } => Input::Asked { from, token, bytes: body },
            // Here and not in the loop: this is where the bytes of rows are hashed.
            PeerEvent::Answered { from, call, body } => Input::Answered { from, call, answer: SoundAnswer::read(&body) },
            PeerEvent::CallFailed { call, to, reason } => {
                tracing::debug!(%to, ?reason, "a call came to nothing");
                Input::CallFailed { call }
            }
            PeerEvent::Listening(address) => {
                tracing::info!(%address, "listening");
                continue;
            }
            PeerEvent::RoundTrip { station, ms } => {
                tracing::trace!(%station, ms, "round trip");
                continue;
            }
            PeerEvent::Refused { reason, count } => {
                tracing::debug!(?reason, count, "refused");
                continue;
            }
        };
        if inputs.send(input).await.is_err() {
            return;
        }
    }
}

async fn order_peers(mut orders: mpsc::Receiver<PeerCommand>, peers: PeersHandle) {
    while let Some(command) = orders.recv().await {
        if let Err(error) = peers.send(command).await {
            tracing::debug!(%error, "a message was not sent");
        }
    }
}

async fn hear_desk(mut requests: mpsc::Receiver<(u64, Request)>, inputs: mpsc::Sender<Input>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            request = requests.recv() => match request {
                Some((token, request)) => if inputs.send(Input::Desk { token, request }).await.is_err() { return },
                None => return,
            }
        }
    }
}

async fn hear_window(mut asked: mpsc::Receiver<(u64, Asked)>, inputs: mpsc::Sender<Input>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = until_stopped(&mut stopped) => return,
            next = asked.recv() => match next {
                Some((token, asked)) => if inputs.send(Input::Window { token, asked }).await.is_err() { return },
                None => return,
            }
        }
    }
}

async fn read_source(
    mut to_read: mpsc::Receiver<(u64, String)>,
    source: SourceReader,
    inputs: mpsc::Sender<Input>,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(READERS_MAX));
    loop {
        let next = tokio::select! {
            () = until_stopped(&mut stopped) => return,
            next = to_read.recv() => next,
        };
        let Some((reading, account_no)) = next else { return };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (source, inputs) = (Arc::clone(&source), inputs.clone());
        tokio::spawn(async move {
            let facts = tokio::task::spawn_blocking(move || source(&account_no)).await;
            drop(place);
            let facts = facts.unwrap_or_else(|_| Err(RefusalCode::SourceUnavailable.into()));
            let _ = inputs.send(Input::Source { reading, facts }).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::derive::tests::job;
    use super::*;

    #[tokio::test]
    async fn one_at_the_counter_does_not_wait_for_a_page_of_a_screening() {
        let (derivations, lanes) = lanes();
        let (inputs, mut derived) = mpsc::channel(8);
        let (_stop, stopped) = watch::channel(false);
        let ((none, mut no_commands), (events, mut no_events), (readings, mut no_readings)) =
            (mpsc::channel(1), mpsc::channel(1), mpsc::channel(1));
        let (chores, logs) = (mpsc::channel(1).0, LogRing::default());
        let (links, window) = (Box::new(BTreeMap::new), mpsc::channel(1).0);
        let (admitted, keys) = (watch::channel(Vec::new()).0, mpsc::channel(1).0);
        let ways =
            Ways { commands: none, events, readings, derivations, chores, meter: Arc::default(), logs, links, window, admitted, keys };
        for (number, people) in [(1, 48), (2, 48), (3, 1)] {
            ways.let_out(Out::Derive(number, job(people)));
        }
        let tasks = [lanes.short, lanes.long].map(|lane| tokio::spawn(derive(lane, Memory::default(), inputs.clone(), stopped.clone())));
        let mut order = Vec::new();
        while order.len() < 3 {
            let Some(Input::Derived { job, secrets }) = derived.recv().await else { panic!("a derivation") };
            assert!(secrets.iter().all(Option::is_some));
            order.push(job);
        }
        // On a machine with many processors the page before it may be done first; the page that waited may not.
        let place = |job: u64| order.iter().position(|done| *done == job);
        assert!(place(3) < place(2), "{order:?}");
        assert!(no_commands.try_recv().is_err() && no_events.try_recv().is_err() && no_readings.try_recv().is_err());
        drop((ways, tasks));
    }
}
