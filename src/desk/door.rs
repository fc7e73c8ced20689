//! The peer's side of the local door.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anju_core::desk::{Event, MAX_EVENT_BYTES, MAX_REQUEST_BYTES, Request};
use anju_core::error::{Refusal, RefusalCode};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{CLIENTS_MAX, EVENTS_WAITING_MAX, FIRST_LINE_TIME, REQUEST_TIME, WRITE_TIME};

/// How long clients may take to read what is left when the peer stops.
const FAREWELL_TIME: Duration = Duration::from_secs(2);
/// Rest after an accept that failed, for instance because there are no file handles left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// A door that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// A living process answers there.
    #[error("a peer answers at this socket already")]
    AlreadyRunning,
    /// There is something at the path, and it is no socket.
    #[error("there is a file at the socket's path that is no socket")]
    NotASocket,
    /// The file system or the network failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

type Waiting = Arc<Mutex<BTreeMap<u64, mpsc::Sender<Event>>>>;

/// An open door. Its socket file is removed when it is dropped.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    owner: u32,
    _file: SocketFile,
}

impl Door {
    /// Opens the door at `path`: removes the socket of a dead process, never that of a living one, and lets in only this user (0600).
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`DoorError`].
    pub fn open(path: &Path) -> Result<Self, DoorError> {
        remove_stale(path)?;
        let listener = UnixListener::bind(path)?;
        // Between these two lines the mode is the umask's. Whoever connected then is still turned away by `is_ours`.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        let metadata = fs::symlink_metadata(path)?;
        let file = SocketFile { path: path.to_owned(), identity: (metadata.dev(), metadata.ino()) };
        Ok(Self { listener, owner: metadata.uid(), _file: file })
    }

    /// Lets clients in, hands their requests to `requests` under a token, and routes `events` back by token. Ends when the sender
    /// of `events` is dropped: clients get what is left and are let go.
    pub async fn serve(self, requests: mpsc::Sender<(u64, Request)>, mut events: mpsc::Receiver<(u64, Event)>) {
        let waiting = Waiting::default();
        let places = Arc::new(Semaphore::new(CLIENTS_MAX));
        let mut clients = JoinSet::new();
        let mut token = 0;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some((token, event)) => route(&waiting, token, event),
                    None => break,
                },
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                            turn_away(&stream);
                            continue;
                        };
                        token += 1;
                        let client = Client { token, owner: self.owner, requests: requests.clone(), waiting: Arc::clone(&waiting) };
                        clients.spawn(async move {
                            client.run(stream).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the desk could not accept a client");
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
                Some(_) = clients.join_next() => {}
            }
        }
        lock(&waiting).clear();
        let farewell = async { while clients.join_next().await.is_some() {} };
        let _ = timeout(FAREWELL_TIME, farewell).await;
    }
}

/// Removes its file when dropped, unless another one stands there by now.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.identity);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), DoorError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    if !metadata.file_type().is_socket() {
        return Err(DoorError::NotASocket);
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(DoorError::AlreadyRunning),
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Err(e) => Err(e.into()),
    }
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, BTreeMap<u64, mpsc::Sender<Event>>> {
    // Nothing in these maps can be left half changed by a panic.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn route(waiting: &Waiting, token: u64, event: Event) {
    let mut waiting = lock(waiting);
    // The peer never waits for a client: one whose queue is full is let go, and sees its connection end without a closing event.
    if waiting.get(&token).is_some_and(|client| client.try_send(event).is_err()) {
        waiting.remove(&token);
    }
}

fn refused(code: RefusalCode, detail: Option<String>) -> Event {
    Event::Refused { refusal: Refusal { code, detail }, about: None }
}

fn line(event: &Event) -> Vec<u8> {
    let mut line = serde_json::to_vec(event).unwrap_or_default();
    if line.is_empty() || line.len() >= MAX_EVENT_BYTES {
        let failed = Event::Failed { code: "answer-too-large".to_owned(), detail: format!("{} bytes", line.len()) };
        line = serde_json::to_vec(&failed).unwrap_or_default();
    }
    line.push(b'\n');
    line
}

/// There is no place: say so if it can be said without waiting.
fn turn_away(stream: &UnixStream) {
    let _ = stream.try_write(&line(&refused(RefusalCode::TooManyRequests, None)));
}

struct Client {
    token: u64,
    owner: u32,
    requests: mpsc::Sender<(u64, Request)>,
    waiting: Waiting,
}

/// Forgets a client however its task ends.
struct Registered<'a>(&'a Client);

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        lock(&self.0.waiting).remove(&self.0.token);
    }
}

impl Client {
    async fn run(self, mut stream: UnixStream) {
        if !self.is_ours(&stream) {
            tracing::warn!("a process of another user was turned away from the desk");
            return;
        }
        let request = match timeout(FIRST_LINE_TIME, read_request(&mut stream)).await {
            Ok(Ok(Some(request))) => request,
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                let _ = send(&mut stream, &refused(RefusalCode::RequestInvalid, Some("no request came in time".to_owned()))).await;
                return;
            }
        };
        let outcome = match request {
            Ok(request) => self.answer(&mut stream, request).await,
            Err(refusal) => send(&mut stream, &Event::Refused { refusal, about: None }).await,
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "a client of the desk left early");
        }
    }

    /// Whether the other end runs as the socket's owner or as root.
    fn is_ours(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.owner || peer.uid() == 0)
    }

    async fn answer(&self, stream: &mut UnixStream, request: Request) -> io::Result<()> {
        let (sender, mut events) = mpsc::channel(EVENTS_WAITING_MAX);
        lock(&self.waiting).insert(self.token, sender);
        let _registered = Registered(self);
        match self.requests.try_send((self.token, request)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return send(stream, &refused(RefusalCode::TooManyRequests, None)).await,
            Err(mpsc::error::TrySendError::Closed(_)) => return send(stream, &stopping()).await,
        }
        let all = async {
            while let Some(event) = events.recv().await {
                send(stream, &event).await?;
                if event.closes() {
                    return Ok(());
                }
            }
            Err(io::ErrorKind::BrokenPipe.into())
        };
        timeout(REQUEST_TIME, all).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

fn stopping() -> Event {
    Event::Failed { code: "stopping".to_owned(), detail: "the peer is stopping".to_owned() }
}

async fn send(stream: &mut UnixStream, event: &Event) -> io::Result<()> {
    timeout(WRITE_TIME, stream.write_all(&line(event))).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// `Ok(None)` when the client left without a word. A refusal names a place in the line, never what stands there: it may be personal.
async fn read_request(stream: &mut UnixStream) -> io::Result<Option<Result<Request, Refusal>>> {
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_REQUEST_BYTES as u64 + 1)).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > MAX_REQUEST_BYTES {
        let detail = format!("more than {MAX_REQUEST_BYTES} bytes");
        return Ok(Some(Err(Refusal::about(RefusalCode::RequestInvalid, detail))));
    }
    let parsed = serde_json::from_slice(&line);
    Ok(Some(parsed.map_err(|e| Refusal::about(RefusalCode::RequestInvalid, format!("column {}", e.column())))))
}
