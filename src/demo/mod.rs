//! Two stories between real processes on loopback: three centres, one citizen and one certificate; then the list that all of them share.
//!
//! Every command of the story is run as a user would run it: this program, started again with arguments, its answers read as JSON.
//! `stage` is the folder and the processes, `steps` the story, `samples` the exports it starts from. Each step checks what it
//! claims, and each can be sabotaged (`--break STEP`): a demo that cannot fail shows nothing. What must never be here: a word for the
//! screen (see `locales/`), or an answer that no process gave.

mod samples;
mod stage;
mod steps;

use std::path::PathBuf;
use std::time::Instant;

pub use stage::StageError;
pub use steps::Step;

use stage::Stage;

/// How the story is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Sabotage this step.
    pub broken: Option<Step>,
    /// Leave the federation up when the story is over.
    pub stay: bool,
    /// Where its folder goes; a temporary one when absent.
    pub folder: Option<PathBuf>,
}

/// What one step did.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which step.
    pub step: Step,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The commands it ran, as one would type them.
    pub commands: Vec<String>,
    /// What is to be told of it: names and values for its words. Nothing in it is personal but the sample citizen's own data.
    pub values: Vec<(&'static str, String)>,
    /// Why it is not as it should be, if it is not.
    pub problem: Option<String>,
}

/// How the story ended.
#[derive(Debug)]
pub struct Ending {
    /// Whether every step was as it should be.
    pub ok: bool,
    /// Milliseconds from first to last step.
    pub ms: u64,
    /// With `stay`: the data folder of each centre and the wallet's, still in use.
    pub left_up: Vec<(String, PathBuf)>,
    /// With `stay`: the processes that were left up.
    pub processes: Vec<u32>,
}

/// Tells the story; `told` hears of each step as it ends. Stops at the first step that is not as it should be.
///
/// # Errors
/// [`StageError`] when the stage cannot be set up.
pub fn run(options: &Options, mut told: impl FnMut(&Report)) -> Result<Ending, StageError> {
    let began = Instant::now();
    let mut stage = Stage::new(options.folder.as_deref())?;
    let mut ok = true;
    for step in Step::played(options.broken).into_iter().filter(|step| !(options.stay && *step == Step::Stop)) {
        let start = Instant::now();
        let outcome = steps::play(&mut stage, step, options.broken == Some(step));
        let (values, problem) = match outcome {
            Ok(values) => (values, None),
            Err(problem) => (Vec::new(), Some(problem.to_string())),
        };
        ok &= problem.is_none();
        let commands = stage.take_commands();
        told(&Report { step, ms: millis(start), commands, values, problem });
        if !ok {
            break;
        }
    }
    let (left_up, processes) = if ok && options.stay { stage.leave_up() } else { (Vec::new(), Vec::new()) };
    Ok(Ending { ok, ms: millis(began), left_up, processes })
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
