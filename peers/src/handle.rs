//! The caller's end: where commands go in.

use std::collections::BTreeMap;
use std::sync::Arc;

use anju_core::names::StationKey;
use tokio::sync::{Semaphore, mpsc};

use crate::{
    links::{Link, Links},
    message::PeerCommand,
    outbox::{CALLS_MAX, Place},
};

/// Commands that may wait to be carried out. The loop always takes them, so this is only slack.
const COMMANDS_MAX: usize = 64;

/// Why a command was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too many calls are under way, or too many of their results were not taken. This call is not made and no event will follow.
    #[error("too many calls are under way")]
    Busy,
    /// The room has shut down.
    #[error("the peers have shut down")]
    Gone,
}

/// A command, and for a call the place of its result.
pub(crate) type Ordered = (PeerCommand, Option<Place>);

/// Sends commands. When the last clone is dropped, the room shuts down.
#[derive(Debug, Clone)]
pub struct PeersHandle {
    commands: mpsc::Sender<Ordered>,
    places: Arc<Semaphore>,
    station: StationKey,
    listening: Arc<[String]>,
    links: Links,
}

impl PeersHandle {
    pub(crate) fn new(station: StationKey, listening: Vec<String>, links: Links) -> (Self, mpsc::Receiver<Ordered>) {
        let (commands, orders) = mpsc::channel(COMMANDS_MAX);
        let places = Arc::new(Semaphore::new(CALLS_MAX));
        (Self { commands, places, station, listening: listening.into(), links }, orders)
    }

    /// Hands a command over. Waits only while the loop is busy, never for the consumer of the events, so the consumer may call this.
    ///
    /// # Errors
    /// [`SendError`] when a call finds no place, or the room has shut down.
    pub async fn send(&self, command: PeerCommand) -> Result<(), SendError> {
        let place = match &command {
            PeerCommand::Call { .. } => Some(self.places.clone().try_acquire_owned().map_err(|_| SendError::Busy)?),
            PeerCommand::Publish(_)
            | PeerCommand::Answer { .. }
            | PeerCommand::Drop { .. }
            | PeerCommand::Judge { .. }
            | PeerCommand::SetMembers(_)
            | PeerCommand::Shutdown => None,
        };
        self.commands.send((command, place)).await.map_err(|_| SendError::Gone)
    }

    /// The public key of this station.
    #[must_use]
    pub const fn station(&self) -> StationKey {
        self.station
    }

    /// The addresses this station listens on, with their real ports.
    #[must_use]
    pub fn listening(&self) -> &[String] {
        &self.listening
    }

    /// The way to each member that was connected since the start. Never waits.
    #[must_use]
    pub fn links(&self) -> BTreeMap<StationKey, Link> {
        self.links.snapshot()
    }
}
