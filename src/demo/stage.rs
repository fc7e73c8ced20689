//! The folder and the processes of the story.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::samples::{CENTRES, Centre, SANYA, TELLER};
use crate::words::Lang;

/// How long a peer may take to stop before it is killed.
const STOP_TIME: Duration = Duration::from_secs(15);
/// How often a condition is looked at while the story waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Largest answer of a command that is read, in bytes.
const ANSWER_MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Why the stage cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A file, folder or process could not be made.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// No randomness for the passphrase.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Something in the story is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// A file or process failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The stage could not be used.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A command ended otherwise than it should have.
    #[error("`{command}` ended with {code}: {answer}")]
    Command {
        /// What was typed.
        command: String,
        /// Its exit code.
        code: i32,
        /// What it said.
        answer: String,
    },
    /// A check of the story did not hold.
    #[error("{0}")]
    Check(String),
}

/// Says that a check did not hold.
pub(super) fn check(holds: bool, what: impl Into<String>) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::Check(what.into())) }
}

/// What a command answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Result<Value, Problem> {
        serde_json::from_str(&self.text).map_err(|e| Problem::Check(format!("not JSON ({e}): {}", self.text)))
    }

    /// The refusal or error code, if it is one.
    pub(super) fn error_code(&self) -> Option<String> {
        Some(self.json().ok()?.get("error")?.get("code")?.as_str()?.to_owned())
    }
}

/// Where the story plays.
#[derive(Debug)]
pub(super) struct Stage {
    folder: PathBuf,
    /// Removes the folder when the story is over.
    temporary: Option<tempfile::TempDir>,
    program: PathBuf,
    peers: [Option<Child>; CENTRES.len()],
    pub(super) ports: [u16; CENTRES.len()],
    commands: Vec<String>,
    /// What one step hands to a later one.
    pub(super) citizen: Value,
    pub(super) number: String,
    pub(super) notes: ListNotes,
    /// The uses of grants so far, refused ones included.
    pub(super) looks: Vec<Look>,
    /// The loan's dossier.
    pub(super) loan: String,
}

/// A use of a grant, as its holder is told of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Look {
    pub(super) business_no: String,
    pub(super) centre: String,
    pub(super) mode: String,
    /// The code of its refusal; empty when it was allowed.
    pub(super) refused: String,
}

/// What the steps of the list hand to each other.
#[derive(Debug, Default)]
pub(super) struct ListNotes {
    /// The case that goes its way, and its listing once published.
    pub(super) case: String,
    pub(super) listing: String,
    /// When it was listed, in milliseconds of this machine's clock.
    pub(super) listed_at: i64,
    /// A listing that came by the file; nothing happens to it.
    pub(super) imported: String,
}

/// How a command is run, besides its arguments.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct How<'a> {
    /// The file with the passphrase of the operator who acts.
    pub(super) passphrase: Option<&'a Path>,
    /// What is typed in.
    pub(super) input: Option<&'a str>,
    /// The language of the answer; JSON without one.
    pub(super) words: Option<Lang>,
}

impl Stage {
    pub(super) fn new(folder: Option<&Path>) -> Result<Self, StageError> {
        let temporary = if folder.is_none() { Some(tempfile::Builder::new().prefix("anju-demo-").tempdir()?) } else { None };
        let folder = match (folder, &temporary) {
            (Some(folder), _) => {
                fs::create_dir_all(folder)?;
                folder.to_owned()
            }
            (None, Some(temporary)) => temporary.path().to_owned(),
            (None, None) => return Err(io::Error::from(io::ErrorKind::NotFound).into()),
        };
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let mut rng = randomness()?;
        write_passphrase(&mut rng, &folder.join("passphrase"))?;
        let ports = free_ports(&mut rng)?;
        let (program, citizen) = (std::env::current_exe()?, Value::Null);
        let (peers, notes, looks) = ([None, None, None], ListNotes::default(), Vec::new());
        let (commands, number, loan) = (Vec::new(), String::new(), String::new());
        Ok(Self { folder, temporary, program, peers, ports, commands, citizen, number, notes, looks, loan })
    }

    /// Somebody used a grant.
    pub(super) fn looked(&mut self, business_no: &str, centre: usize, mode: &str, refused: &str) {
        let [business_no, centre, mode, refused] = [business_no, CENTRES[centre].code, mode, refused].map(str::to_owned);
        self.looks.push(Look { business_no, centre, mode, refused });
    }

    /// A path on the stage.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The data folder of a centre.
    pub(super) fn data(&self, centre: usize) -> PathBuf {
        self.path(CENTRES[centre].code)
    }

    /// The exports of a centre.
    pub(super) fn exports(&self, centre: usize) -> PathBuf {
        self.path(&format!("exports-{}", CENTRES[centre].code))
    }

    /// The file with the passphrase of one of a centre's people.
    pub(super) fn operator_file(&self, centre: usize, who: &str) -> PathBuf {
        self.path(&format!("{}-{who}.passphrase", CENTRES[centre].code))
    }

    pub(super) fn centres() -> impl Iterator<Item = (usize, &'static Centre)> {
        CENTRES.iter().enumerate()
    }

    /// Makes a new passphrase into a file of the stage.
    pub(super) fn new_passphrase(&self, path: &Path) -> Result<(), StageError> {
        write_passphrase(&mut randomness()?, path)
    }

    /// Runs this program with `args` and `--json`, whatever it answers.
    pub(super) fn ask(&mut self, args: &[&str]) -> Result<Answer, Problem> {
        self.ask_as(args, How::default())
    }

    /// Runs this program with `args`, whatever it answers. A command that is only run again is told once.
    pub(super) fn ask_as(&mut self, args: &[&str], how: How<'_>) -> Result<Answer, Problem> {
        let typed = self.typed(args);
        if self.commands.last() != Some(&typed) {
            self.commands.push(typed);
        }
        let mut command = self.command(args);
        match how.words {
            Some(Lang::Chinese) => command.args(["--lang", "zh"]),
            Some(Lang::English) => command.args(["--lang", "en"]),
            None => command.arg("--json"),
        };
        if let Some(file) = how.passphrase {
            command.env("ANJU_OPERATOR_PASSPHRASE_FILE", file);
        }
        let stdin = if how.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        if let (Some(input), Some(mut stdin)) = (how.input, child.stdin.take()) {
            // A command that refuses before it reads has closed its end.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Answer { code: output.status.code().unwrap_or(-1), text })
    }

    /// Runs this program with `args` and expects it to succeed.
    pub(super) fn run(&mut self, args: &[&str]) -> Result<Answer, Problem> {
        let answer = self.ask(args)?;
        self.expect(args, answer, 0)
    }

    /// The answer, if the command ended with this code.
    pub(super) fn expect(&self, args: &[&str], answer: Answer, code: i32) -> Result<Answer, Problem> {
        if answer.code == code {
            return Ok(answer);
        }
        Err(Problem::Command { command: self.typed(args), code: answer.code, answer: answer.text.chars().take(600).collect() })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env("ANJU_PASSPHRASE_FILE", self.path("passphrase"));
        for name in ["ANJU_DATA", "ANJU_WALLET", "ANJU_OPERATOR", "ANJU_OPERATOR_PASSPHRASE_FILE"] {
            command.env_remove(name);
        }
        command
    }

    fn typed(&self, args: &[&str]) -> String {
        let base = format!("{}/", self.folder.display());
        let quoted = |a: &&str| if a.contains(' ') { format!("'{a}'") } else { (*a).to_owned() };
        format!("anju {}", args.iter().map(|a| quoted(a).replace(&base, "")).collect::<Vec<_>>().join(" "))
    }

    /// Starts a centre's peer; what it logs goes into a file beside its folder.
    pub(super) fn start_peer(&mut self, centre: usize) -> Result<(), Problem> {
        let data = self.data(centre);
        let args = ["serve", "--data", &data.display().to_string()].map(str::to_owned);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.commands.push(format!("{} &", self.typed(&args)));
        let log = File::options().create(true).append(true).open(self.path(&format!("{}.log", CENTRES[centre].code)))?;
        let child = self.command(&args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        self.peers[centre] = Some(child);
        Ok(())
    }

    /// Stops a centre's peer with SIGTERM and waits; says whether it ended by itself and without an error.
    pub(super) fn stop_peer(&mut self, centre: usize) -> Result<bool, Problem> {
        let Some(mut child) = self.peers[centre].take() else { return Ok(false) };
        self.commands.push(format!("kill -TERM {}   # {}", child.id(), CENTRES[centre].code));
        let told = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status()?.success();
        let deadline = Instant::now() + STOP_TIME;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                return Ok(told && status.success());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        child.kill()?;
        child.wait()?;
        Ok(false)
    }

    /// Kills a centre's peer without a word of warning.
    pub(super) fn kill_peer(&mut self, centre: usize) -> Result<(), Problem> {
        if let Some(mut child) = self.peers[centre].take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// A centre's status, while its peer answers.
    pub(super) fn status(&self, centre: usize) -> Option<Value> {
        let data = self.data(centre).display().to_string();
        let output = self.command(&["status", "--data", &data, "--json"]).stdin(Stdio::null()).output().ok()?;
        let status: Value = serde_json::from_slice(&output.stdout).ok()?;
        status.get("status").cloned()
    }

    /// Waits until `condition` holds of a centre's status.
    pub(super) fn wait_for(
        &self,
        centre: usize,
        patience: Duration,
        what: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Result<Value, Problem> {
        let deadline = Instant::now() + patience;
        let mut last = Value::Null;
        while Instant::now() < deadline {
            if let Some(status) = self.status(centre) {
                if condition(&status) {
                    return Ok(status);
                }
                last = status;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let log = self.path(&format!("{}.log", CENTRES[centre].code));
        let tail = fs::read_to_string(log).unwrap_or_default();
        let tail: Vec<&str> = tail.lines().rev().take(3).collect();
        Err(Problem::Check(format!("{}: {what}; last status {last}; log: {tail:?}", CENTRES[centre].code)))
    }

    /// Every file below `folder` in which one of `needles` occurs, with the needle's position in the list.
    pub(super) fn find(folder: &Path, needles: &[Vec<u8>]) -> Result<Vec<(PathBuf, usize)>, Problem> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let mut bytes = Vec::new();
                    File::open(entry.path())?.take(ANSWER_MAX_BYTES * 8).read_to_end(&mut bytes)?;
                    let within = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
                    found.extend(needles.iter().enumerate().filter(|(_, n)| within(n)).map(|(i, _)| (entry.path(), i)));
                }
            }
        }
        Ok(found)
    }

    pub(super) fn take_commands(&mut self) -> Vec<String> {
        std::mem::take(&mut self.commands)
    }

    /// Leaves peers and folder as they are, and says where everything is.
    pub(super) fn leave_up(mut self) -> (Vec<(String, PathBuf)>, Vec<u32>) {
        let processes = self.peers.iter().flatten().map(Child::id).collect();
        let mut left: Vec<_> = Self::centres().map(|(i, centre)| (centre.code.to_owned(), self.data(i))).collect();
        left.push(("wallet".to_owned(), self.path("wallet")));
        left.push(("passphrase".to_owned(), self.path("passphrase")));
        left.push(("teller".to_owned(), self.operator_file(SANYA, TELLER)));
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.keep();
        }
        // A child that is only forgotten goes on; its end is the user's.
        self.peers = [None, None, None];
        (left, processes)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in self.peers.iter_mut().filter_map(Option::as_mut) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn randomness() -> Result<StdRng, StageError> {
    StdRng::try_from_rng(&mut rand::rngs::SysRng).map_err(|_| StageError::NoRandomness)
}

fn write_passphrase(rng: &mut StdRng, path: &Path) -> Result<(), StageError> {
    let passphrase: String = (0..32).map(|_| char::from(b'a' + rng.random_range(0..26_u8))).collect();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(writeln!(file, "{passphrase}")?)
}

/// Where ports are looked for: below those that the system hands out by itself, so that no other program is given one in between.
const PORTS: std::ops::Range<u16> = 30_000..32_700;
/// How many ports are tried before giving up.
const PORT_TRIES: u16 = 200;

/// Three ports that nobody has just now, for a peer over UDP and its window over TCP. Demos that start together look in different places
/// first.
fn free_ports(rng: &mut StdRng) -> io::Result<[u16; CENTRES.len()]> {
    let mut held = Vec::new();
    let places = u32::from(PORTS.end - PORTS.start) / 3;
    let own = PORTS.start + 3 * u16::try_from(std::process::id() % places).unwrap_or_default();
    for turn in 0..PORT_TRIES {
        let port = if turn < 3 { own + turn } else { rng.random_range(PORTS) };
        let both = UdpSocket::bind(("127.0.0.1", port)).and_then(|udp| Ok((port, udp, TcpListener::bind(("127.0.0.1", port))?)));
        held.extend(both);
        if let [(one, ..), (two, ..), (three, ..)] = held.as_slice() {
            return Ok([*one, *two, *three]);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
