//! The running peer, as whoever asks it sees it: a socket, one request, one closing event.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anju_core::desk::{Event, Request, Stage};

use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use crate::config::SOCKET_PATH_MAX_BYTES;
use crate::desk::client::{self, ClientError};

/// Where a peer listens, and how that is called in a message.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    socket: PathBuf,
    folder: String,
}

impl Peer {
    /// The peer of a data folder.
    ///
    /// # Errors
    /// When the folder or its configuration cannot be read.
    pub(super) fn of(data: &DataArgs) -> Result<Self, Failure> {
        let (folder, config) = data.open()?;
        let socket = config.socket(&folder).map_err(|e| common::config_failure(&folder.config(), e))?;
        Ok(Self { socket, folder: common::shown(&data.data) })
    }

    /// The peer behind a socket, whatever its folder is.
    ///
    /// # Errors
    /// [`Code::SocketPath`] when no socket can have such a path.
    pub(super) fn at(socket: &Path) -> Result<Self, Failure> {
        let bytes = socket.as_os_str().len();
        if bytes > SOCKET_PATH_MAX_BYTES {
            return Err(Failure::new(Code::SocketPath).with("path", common::shown(socket)).with("bytes", bytes));
        }
        Ok(Self { socket: socket.to_owned(), folder: "DIR".to_owned() })
    }

    /// Asks; `progress` sees what comes before the closing event, which is returned unless it says no.
    ///
    /// # Errors
    /// The peer's refusal, or what kept it from answering.
    pub(super) fn ask(&self, request: &Request, patience: Duration, mut progress: impl FnMut(Stage)) -> Result<Event, Failure> {
        let failed = |e| self.failure(e);
        for event in client::ask(&self.socket, request, patience).map_err(failed)? {
            match event.map_err(failed)? {
                Event::Progress { stage } => progress(stage),
                Event::Refused { refusal, about } => {
                    let failure = Failure::from(refusal);
                    return Err(match about {
                        Some(about) => {
                            failure.with("certificate", about.certificate).with("grant", about.grant).with("recorded", about.recorded)
                        }
                        None => failure,
                    });
                }
                Event::Failed { code, detail } => {
                    return Err(Failure::new(Code::PeerFailed).with("peer_code", code).with("detail", detail));
                }
                answer => return Ok(answer),
            }
        }
        Err(failed(ClientError::ClosedEarly))
    }

    fn failure(&self, error: ClientError) -> Failure {
        let code = match &error {
            ClientError::NotRunning => Code::PeerNotRunning,
            ClientError::NotAllowed => Code::PeerOtherUser,
            ClientError::PathTooLong => Code::SocketPath,
            ClientError::TooLong => Code::RequestTooLong,
            ClientError::TimedOut => Code::PeerTimeout,
            ClientError::ClosedEarly => Code::PeerClosed,
            ClientError::Garbled => Code::PeerGarbled,
            ClientError::Io(_) => Code::OutputFailed,
        };
        Failure::new(code).with("path", &self.folder).with("detail", error)
    }
}
