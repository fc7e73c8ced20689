//! The asking side of the local door: one connection, one request, a stream of events until one of them closes it.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anju_core::desk::{Event, MAX_EVENT_BYTES, MAX_REQUEST_BYTES, Request};

use crate::config::SOCKET_PATH_MAX_BYTES;

/// Bytes read from the socket at a time.
const READ_BYTES: usize = 16 * 1024;

/// A request that got no answer. Whether it had an effect is not known unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens; nothing was asked.
    #[error("the peer is not running")]
    NotRunning,
    /// The socket belongs to another user; nothing was asked.
    #[error("the peer runs as another user")]
    NotAllowed,
    /// The socket's path cannot be an address; nothing was asked.
    #[error("the socket's path has more than {SOCKET_PATH_MAX_BYTES} bytes")]
    PathTooLong,
    /// The request is longer than a request may be; nothing was asked.
    #[error("the request has more than {MAX_REQUEST_BYTES} bytes")]
    TooLong,
    /// No closing event came in time.
    #[error("no answer came in time")]
    TimedOut,
    /// The connection ended before the closing event.
    #[error("the peer closed the connection before it had answered")]
    ClosedEarly,
    /// The peer said something that is not an event, or too much of it.
    #[error("the peer said something that is not an event")]
    Garbled,
    /// The socket failed.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::NotRunning,
            io::ErrorKind::PermissionDenied => Self::NotAllowed,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::TimedOut,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::ClosedEarly,
            _ => Self::Io(error),
        }
    }
}

/// The events that answer one request, ending with the one that closes it.
#[derive(Debug)]
pub struct Answers {
    stream: UnixStream,
    deadline: Instant,
    buffer: Vec<u8>,
    over: bool,
}

/// Asks the peer behind the socket at `path`; all of its answer must have come within `patience`.
///
/// # Errors
/// [`ClientError`] when the request could not be handed over.
pub fn ask(path: &Path, request: &Request, patience: Duration) -> Result<Answers, ClientError> {
    if path.as_os_str().len() > SOCKET_PATH_MAX_BYTES {
        return Err(ClientError::PathTooLong);
    }
    let mut line = serde_json::to_vec(request).map_err(|e| ClientError::Io(e.into()))?;
    line.push(b'\n');
    if line.len() > MAX_REQUEST_BYTES {
        return Err(ClientError::TooLong);
    }
    let mut stream = UnixStream::connect(path)?;
    stream.set_write_timeout(Some(patience))?;
    // A door without a free place answers and closes before it reads: a write that fails does not mean that there is no answer.
    let written = stream.write_all(&line);
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(error.into());
    }
    Ok(Answers { stream, deadline: Instant::now() + patience, buffer: Vec::new(), over: false })
}

impl Iterator for Answers {
    type Item = Result<Event, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let event = self.read_event();
        self.over = event.as_ref().map_or(true, Event::closes);
        Some(event)
    }
}

impl Answers {
    fn read_event(&mut self) -> Result<Event, ClientError> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.buffer[searched..].iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=searched + end).collect();
                return serde_json::from_slice(&line).map_err(|_| ClientError::Garbled);
            }
            searched = self.buffer.len();
            if searched > MAX_EVENT_BYTES {
                return Err(ClientError::Garbled);
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Result<(), ClientError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ClientError::TimedOut);
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut bytes = [0; READ_BYTES];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ClientError::ClosedEarly),
            Ok(len) => {
                self.buffer.extend_from_slice(&bytes[..len]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
