//! A peer that is none: it opens the door and answers every request with a script, or with what a test makes of it. For tests of
//! whatever talks to a desk.

use std::io;
use std::path::Path;
use std::sync::mpsc as channel;
use std::thread::JoinHandle;

use anju_core::desk::{Event, Request};
use tokio::sync::{mpsc, oneshot};

use super::door::Door;

/// A running fake. Stops when it is dropped.
#[derive(Debug)]
pub struct Fake {
    asked: channel::Receiver<Request>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Opens the door at `path` and answers each request with `script`, event by event.
    ///
    /// # Errors
    /// Whatever kept the door from opening.
    pub fn start(path: &Path, script: Vec<Event>) -> io::Result<Self> {
        Self::answering(path, move |_| script.clone())
    }

    /// Opens the door at `path` and answers each request with the events that `answer` makes of it.
    ///
    /// # Errors
    /// Whatever kept the door from opening.
    pub fn answering(path: &Path, answer: impl FnMut(&Request) -> Vec<Event> + Send + 'static) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let door = {
            let _inside = runtime.enter();
            Door::open(path).map_err(io::Error::other)?
        };
        let (told, asked) = channel::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || runtime.block_on(play(door, answer, told, stopped)));
        Ok(Self { asked, stop: Some(stop), thread: Some(thread) })
    }

    /// The next request that came, if one came.
    #[must_use]
    pub fn asked(&self) -> Option<Request> {
        self.asked.try_recv().ok()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn play(
    door: Door,
    mut answer: impl FnMut(&Request) -> Vec<Event>,
    told: channel::Sender<Request>,
    mut stopped: oneshot::Receiver<()>,
) {
    let (requests, mut inbox) = mpsc::channel(8);
    let (events, outbox) = mpsc::channel(8);
    let served = tokio::spawn(door.serve(requests, outbox));
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            request = inbox.recv() => {
                let Some((token, request)) = request else { break };
                let script = answer(&request);
                let _ = told.send(request);
                for event in script {
                    let _ = events.send((token, event)).await;
                }
            }
        }
    }
    drop(events);
    let _ = served.await;
}
