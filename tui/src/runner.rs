//! The only room that calls the [`Door`]. Each job runs in a thread of its own, at most [`RUNNING_MAX`] at a time; what comes of it goes
//! into the one channel. What must never be here: a decision, a screen.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use crate::door::{Door, Hand, Trouble};
use crate::event::{Event, JobId, LoggedIn, Task};
use crate::screen::Told;
use crate::watch::{Sign, Watch};

/// Jobs that run at the same time.
pub const RUNNING_MAX: usize = 6;
/// Jobs that wait for their turn; more are refused.
pub const WAITING_MAX: usize = 64;
/// Name of a worker's thread: the terminal guard leaves the screen alone when one panics, which is caught here.
pub(crate) const THREAD_NAME: &str = "desk-job";

/// Runs jobs. See the module.
pub struct Runner {
    door: Arc<dyn Door>,
    tell: SyncSender<Event>,
    hand: Option<Arc<dyn Hand>>,
    running: BTreeMap<JobId, (Arc<AtomicBool>, bool)>,
    waiting: VecDeque<(JobId, Task)>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runner({} running, {} waiting)", self.running.len(), self.waiting.len())
    }
}

impl Runner {
    /// A runner that asks `door` and tells `tell`.
    #[must_use]
    pub fn new(door: Arc<dyn Door>, tell: SyncSender<Event>) -> Self {
        Self { door, tell, hand: None, running: BTreeMap::new(), waiting: VecDeque::new() }
    }

    /// Begins a job, or lets it wait. When too many wait, it is refused at once: the event to be handled is returned.
    pub fn run(&mut self, job: JobId, task: Task) -> Option<Event> {
        if self.running.len() < RUNNING_MAX {
            return self.start(job, task);
        }
        if self.waiting.len() >= WAITING_MAX {
            return Some(Event::Job(job, Told::Trouble(Trouble::failed("too-many-jobs"))));
        }
        self.waiting.push_back((job, task));
        None
    }

    /// Gives a job up. One that waits never begins; of one that runs nothing more is told, but what the peer was asked it may still do.
    /// Says whether it waited: then no event of it ever comes.
    pub fn cancel(&mut self, job: JobId) -> bool {
        let waiting = self.waiting.len();
        self.waiting.retain(|(waiting, _)| *waiting != job);
        if let Some((flag, _)) = self.running.get(&job) {
            flag.store(true, Ordering::Relaxed);
        }
        self.waiting.len() < waiting
    }

    /// Everything is given up; for jobs that write files it waits at most `patience`, so that they leave no half of one behind.
    pub fn leave(&mut self, events: &Receiver<Event>, patience: Duration) {
        self.waiting.clear();
        self.running.values().for_each(|(flag, _)| flag.store(true, Ordering::Relaxed));
        let until = Instant::now() + patience;
        while self.running.values().any(|(_, is_work)| *is_work) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(mut event) = events.recv_timeout(left) else { return };
            let _ = self.see(&mut event);
        }
    }

    /// Wipes the open key. Jobs that run with it end with it.
    pub fn forget(&mut self) {
        self.hand = None;
    }

    /// Must see every event before the desk does: takes the key of a log-in, and begins the next job when one has ended. Returns what
    /// could not be begun.
    pub fn see(&mut self, event: &mut Event) -> Option<Event> {
        let ended = match event {
            Event::LoggedIn(job, result) => {
                let given_up = self.running.get(job).is_some_and(|(flag, _)| flag.load(Ordering::Relaxed));
                if let Ok(logged_in) = result
                    && let Some(hand) = logged_in.hand.take()
                    && !given_up
                {
                    self.hand = Some(hand);
                }
                *job
            }
            Event::Job(_, Told::Stage(_) | Told::Sign(_)) => return None,
            Event::Job(job, _) => *job,
            Event::Key(_) | Event::Mouse(_) | Event::Paste(_) | Event::Resize(..) | Event::Tick | Event::Gone => return None,
        };
        self.running.remove(&ended);
        let (job, task) = self.waiting.pop_front()?;
        self.start(job, task)
    }

    fn start(&mut self, job: JobId, task: Task) -> Option<Event> {
        let refused = |trouble| Some(Event::Job(job, Told::Trouble(trouble)));
        let hand = match (&task, &self.hand) {
            (Task::Act(_) | Task::Work(_), None) => return refused(Trouble::failed("not-logged-in")),
            (Task::LogIn(..) | Task::Ask(_) | Task::Act(_) | Task::Work(_), hand) => hand.clone(),
        };
        let is_work = matches!(task, Task::Work(_));
        let flag = Arc::new(AtomicBool::new(false));
        let (door, tell, cancelled) = (Arc::clone(&self.door), self.tell.clone(), Arc::clone(&flag));
        let work = move || {
            let run = AssertUnwindSafe(|| carry_out(job, task, &*door, hand, &cancelled, &tell));
            let event = catch_unwind(run).unwrap_or_else(|_| Event::Job(job, Told::Trouble(Trouble::failed("internal"))));
            // Nobody listens any more only when the desk is closing.
            let _ = tell.send(event);
        };
        match std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(work) {
            Ok(_) => {
                self.running.insert(job, (flag, is_work));
                None
            }
            Err(_) => refused(Trouble::failed("too-many-jobs")),
        }
    }
}

fn carry_out(
    job: JobId,
    task: Task,
    door: &dyn Door,
    hand: Option<Arc<dyn Hand>>,
    cancelled: &Arc<AtomicBool>,
    tell: &SyncSender<Event>,
) -> Event {
    let mut stage = |stage| {
        let _ = tell.send(Event::Job(job, Told::Stage(stage)));
    };
    let answer = |result: Result<_, Trouble>| result.map_or_else(Told::Trouble, |event| Told::Answer(Box::new(event)));
    let none = || Told::Trouble(Trouble::failed("not-logged-in"));
    let told = match task {
        Task::LogIn(name, secret) => {
            let result = door.log_in(&name, &secret);
            return Event::LoggedIn(job, result.map(|hand| LoggedIn { who: hand.who(), catalogue: hand.catalogue(), hand: Some(hand) }));
        }
        Task::Ask(request) => answer(door.ask(&request, &mut stage)),
        Task::Act(act) => hand.map_or_else(none, |hand| answer(hand.act(&act, &mut stage))),
        Task::Work(work) => hand.map_or_else(none, |hand| {
            let signs = tell.clone();
            let watch = Watch::new(Arc::clone(cancelled), move |sign: Sign| {
                let _ = signs.send(Event::Job(job, Told::Sign(sign)));
            });
            hand.work(work, &watch).map_or_else(Told::Trouble, |outcome| Told::Outcome(Box::new(outcome)))
        }),
    };
    Event::Job(job, told)
}
