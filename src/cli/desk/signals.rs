//! Signals that ask the process to end (SIGTERM, SIGHUP, SIGINT, SIGQUIT): the desk leaves as if its operator had left, so that the
//! terminal is given back and no job leaves half a file.

use std::io;

use anju_tui::run::Stop;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code of a process that a second signal ended: 128 and the number of SIGTERM.
const ENDED: i32 = 143;

/// Watches in a thread of its own, which sleeps until there is one. Without that thread signals end the process as they always do.
pub(super) fn watch(stop: Stop) {
    let spawned = std::thread::Builder::new().name("desk-signals".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        if let Ok(runtime) = runtime {
            let _ = runtime.block_on(wait(&stop));
        }
    });
    drop(spawned);
}

async fn wait(stop: &Stop) -> io::Result<()> {
    let mut end = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut first = true;
    loop {
        tokio::select! {
            _ = end.recv() => {}
            _ = hang_up.recv() => {}
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
        }
        if !std::mem::replace(&mut first, false) {
            // It was asked politely once, and the desk hangs.
            std::process::exit(ENDED);
        }
        let stop = stop.clone();
        // Not here: while the desk is busy this waits, and a second signal must be heard.
        let _ = std::thread::Builder::new().name("desk-stop".to_owned()).spawn(move || stop.now());
    }
}
