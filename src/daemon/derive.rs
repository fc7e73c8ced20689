//! Secrets of subjects are derived away from the loop, in two lanes: whoever is asked for at a counter does not wait for a page of a
//! screening. (Argon2id takes tens of milliseconds and 19 MiB for each person.)

use std::sync::{Arc, Mutex, PoisonError};

use anju_core::listing::{Document, Pepper, SubjectSecret};
use anju_core::node::Input;
use anju_core::seal::stretch::Scratch;
use tokio::sync::{mpsc, watch};

use super::wiring::until_stopped;

/// Derivation jobs that may wait in each lane; the core has fewer under way.
const DERIVATIONS_MAX: usize = 128;
/// Jobs of no more than this many derivations take the short lane: somebody at a counter must not wait for a page of a screening.
const SHORT_JOB_MAX: usize = 4;

/// A job's number and its work.
pub(super) type Derivation = (u64, Vec<(Pepper, Document)>);

/// Two of a kind: for short jobs and for long ones.
pub(super) struct Lanes<T> {
    pub(super) short: T,
    pub(super) long: T,
}

pub(super) fn lanes() -> (Lanes<mpsc::Sender<Derivation>>, Lanes<mpsc::Receiver<Derivation>>) {
    let ((short, from_short), (long, from_long)) = (mpsc::channel(DERIVATIONS_MAX), mpsc::channel(DERIVATIONS_MAX));
    (Lanes { short, long }, Lanes { short: from_short, long: from_long })
}

impl Lanes<mpsc::Sender<Derivation>> {
    /// The lane for a job of so many derivations.
    pub(super) fn of(&self, derivations: usize) -> &mpsc::Sender<Derivation> {
        if derivations <= SHORT_JOB_MAX { &self.short } else { &self.long }
    }
}

/// Memory for derivations, one piece for each that is under way. It is kept, for a thread that takes and gives back 19 MiB for each
/// derivation leaves as much with its allocator, and there are many such threads.
pub(super) type Memory = Arc<Mutex<Vec<Scratch>>>;

/// Derivations of one lane, one job after the other; a long one on every processor.
pub(super) async fn derive(
    mut to_derive: mpsc::Receiver<Derivation>,
    memory: Memory,
    inputs: mpsc::Sender<Input>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let next = tokio::select! {
            () = until_stopped(&mut stopped) => return,
            next = to_derive.recv() => next,
        };
        let Some((job, work)) = next else { return };
        let (asked, memory) = (work.len(), Arc::clone(&memory));
        let secrets = tokio::task::spawn_blocking(move || derive_all(&work, &memory)).await.unwrap_or_else(|_| vec![None; asked]);
        if inputs.send(Input::Derived { job, secrets }).await.is_err() {
            return;
        }
    }
}

fn derive_all(work: &[(Pepper, Document)], memory: &Memory) -> Vec<Option<SubjectSecret>> {
    let slow = work.iter().filter(|(_, document)| !document.kind().is_public()).count();
    if slow == 0 {
        // Nothing of it works in the memory, which need not be wiped then either: that takes longer than all of this.
        return derive_in(&mut Scratch::default(), work);
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(slow);
    if threads < 2 {
        return derive_share(work, memory);
    }
    let share = work.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let parts: Vec<_> = work.chunks(share).map(|part| (part.len(), scope.spawn(move || derive_share(part, memory)))).collect();
        parts.into_iter().flat_map(|(len, part)| part.join().unwrap_or_else(|_| vec![None; len])).collect()
    })
}

fn derive_share(work: &[(Pepper, Document)], memory: &Memory) -> Vec<Option<SubjectSecret>> {
    let pieces = || memory.lock().unwrap_or_else(PoisonError::into_inner);
    let mut scratch = pieces().pop().unwrap_or_default();
    let secrets = derive_in(&mut scratch, work);
    scratch.wipe();
    pieces().push(scratch);
    secrets
}

fn derive_in(scratch: &mut Scratch, work: &[(Pepper, Document)]) -> Vec<Option<SubjectSecret>> {
    work.iter().map(|(pepper, document)| SubjectSecret::derive_in(scratch, pepper, document).ok()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use anju_core::listing::DocumentType;
    use anju_core::seal::Key;

    use super::*;

    pub(in crate::daemon) fn job(people: usize) -> Vec<(Pepper, Document)> {
        let pepper = Pepper { version: 1, key: Key::from_bytes([7; 32]) };
        let today = jiff::civil::date(2026, 11, 21);
        let passport = |i| Document::new(DocumentType::Passport, &format!("E{i:08}"), today).unwrap();
        (0..people).map(|i| (pepper.clone(), passport(i))).collect()
    }

    #[test]
    fn the_memory_of_derivations_is_kept_once_for_each_thread_and_not_taken_for_what_needs_none() {
        let (memory, threads) = (Memory::default(), std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        let kept = || memory.lock().unwrap().len();
        let employer = Document::new(DocumentType::CreditCode, "91350100M000100Y43", jiff::civil::date(2026, 11, 21)).unwrap();
        let public = vec![(job(1).remove(0).0, employer)];
        assert!(derive_all(&public, &memory)[0].is_some());
        assert_eq!(kept(), 0);
        let first = derive_all(&job(threads + 1), &memory);
        let again = derive_all(&job(threads + 1), &memory);
        let tokens = |secrets: &[Option<SubjectSecret>]| secrets.iter().map(|s| s.as_ref().unwrap().token()).collect::<Vec<_>>();
        assert_eq!(tokens(&first), tokens(&again));
        assert!((1..=threads).contains(&kept()), "{}", kept());
    }
}
