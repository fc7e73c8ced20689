//! The story, step by step. Each step is a function that does its part, checks it, and can be sabotaged.
//!
//! `ground` and `people` are what everything stands on; `certificate` and `reading` are the story of the certificate; `asking` what its
//! issuer alone can answer and who looked, and `loan` the loan that follows from it; `listing`, `ending` and `jobs` that of the list, which
//! needs nothing of the certificate's.

mod asking;
mod certificate;
mod ending;
mod ground;
mod jobs;
mod listing;
mod loan;
mod people;
mod reading;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::samples::CENTRES;
use super::stage::{Answer, Problem, Stage, check};

/// How long the story waits for peers to find each other and for rows to travel.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a step whose sabotage is waited for.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);
/// The matter at the counter.
const MATTER: &str = "cross-region-loan";
/// What the holder lets Sanya see. Everything else in the certificate stays sealed.
const FIELDS: [&str; 7] =
    ["name", "document_no", "account_status", "monthly_deposit", "continuous_months", "loan_count", "loan_outstanding"];

/// What is to be told of a step: names and values for its words.
type Values = Vec<(&'static str, String)>;

/// Which story a step belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All stories.
    Ground,
    /// The certificate comes into being.
    Certificate,
    /// It is read.
    Reading,
    /// It is asked about, and a loan goes its way.
    Loan,
    List,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A step of the story.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Step { $($(#[$doc])* $variant),+ }

        impl Step {
            /// Every step, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The step's name, as `--break` takes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

steps! {
    /// Three centres make their keys and found a federation.
    Found = "found",
    /// Three peers start and find each other.
    Serve = "serve",
    /// Haikou's exports are read; the derived facts are right for every account.
    Source = "source",
    /// The centres' security administrators make accounts for their people.
    People = "people",
    /// The citizen's app makes keys and an enrolment card.
    Enrol = "enrol",
    /// Haikou issues a cross-region loan certificate for Sanya.
    Issue = "issue",
    /// The citizen's app checks and keeps it.
    Receive = "receive",
    /// Every peer holds it.
    Replicate = "replicate",
    /// Nobody but Haikou can see what it says.
    Noise = "noise",
    /// The citizen grants Sanya some fields.
    Grant = "grant",
    /// Haikou's process stops.
    Dark = "dark",
    /// Sanya reads and verifies from its own copy.
    Read = "read",
    /// The same grant is refused the second time.
    Again = "again",
    /// The same grant is refused at Chongqing.
    Elsewhere = "elsewhere",
    /// Haikou comes back and learns who looked.
    Return = "return",
    /// Sanya publishes what a loan asks for and by which rule it is judged.
    Matter = "matter",
    /// Sanya states values; Haikou says whether they are right, and shows none.
    Check = "check",
    /// Haikou judges Sanya's rule over its own books; only the verdict comes back.
    Evaluate = "evaluate",
    /// The citizen takes a grant back at Chongqing; what was left of it is refused.
    Revoke = "revoke",
    /// The citizen sees who looked, and who tried.
    Accesses = "accesses",
    /// Sanya grants the loan; Haikou's peer marks the account by itself.
    Reply = "reply",
    /// Haikou's ledger of cross-region loans has it.
    Ledger = "ledger",
    /// The account moves to Chongqing, which marks it again.
    Transfer = "transfer",
    /// The loan is paid off, and the mark is lifted by who keeps the account.
    Settle = "settle",
    /// A file of earlier decisions is read at Haikou; what is wrong in it goes to the reject file.
    Import = "import",
    /// Who handed it in cannot approve it; a second person can.
    Approve = "approve",
    /// One person proposes a listing, another decides; never the same.
    Review = "review",
    /// The subject was told; now it is listed.
    List = "list",
    /// Sanya looks an applicant up before it decides, and is told to look closer.
    Hit = "hit",
    /// Somebody who is not listed, and how fresh that answer is for each centre.
    Clear = "clear",
    /// Nobody's name or number lies in the clear at any peer.
    Sealed = "sealed",
    /// An objection at Sanya is seen everywhere.
    Object = "object",
    /// Haikou withdraws the listing while Chongqing's process is stopped.
    Withdraw = "withdraw",
    /// Chongqing comes back: its first answer is right already, or says that nothing is known.
    Wake = "wake",
    /// Many applicants at once.
    Screen = "screen",
    /// A script waits until every list is current.
    Current = "current",
    /// The log of who did what is what was committed to, refusals included.
    Audit = "audit",
    /// Which centres have acknowledged the ending.
    Proof = "proof",
    /// Everything stops cleanly.
    Stop = "stop",
}

impl Step {
    /// The steps that are played, in order. A sabotage of the list's story leaves the certificate's out, one of the loan's leaves out that
    /// the certificate is read, and one of the end leaves out everything: it proves nothing about it.
    #[must_use]
    pub fn played(broken: Option<Self>) -> Vec<Self> {
        let wanted = |part: Part| match broken.map(|step| (step, step.part())) {
            None => true,
            Some((_, Part::List)) => matches!(part, Part::Ground | Part::List),
            Some((_, Part::Loan)) => part != Part::Reading,
            Some((Self::Stop, _)) => part == Part::Ground,
            Some((_, Part::Ground | Part::Certificate | Part::Reading)) => true,
        };
        Self::ALL.iter().copied().filter(|step| wanted(step.part())).collect()
    }

    const fn part(self) -> Part {
        match self {
            Self::Found | Self::Serve | Self::Source | Self::People | Self::Stop => Part::Ground,
            Self::Enrol | Self::Issue | Self::Receive | Self::Replicate => Part::Certificate,
            Self::Noise | Self::Grant | Self::Dark | Self::Read | Self::Again | Self::Elsewhere | Self::Return => Part::Reading,
            Self::Matter
            | Self::Check
            | Self::Evaluate
            | Self::Revoke
            | Self::Accesses
            | Self::Reply
            | Self::Ledger
            | Self::Transfer
            | Self::Settle => Part::Loan,
            Self::Import
            | Self::Approve
            | Self::Review
            | Self::List
            | Self::Sealed
            | Self::Hit
            | Self::Clear
            | Self::Object
            | Self::Withdraw
            | Self::Wake
            | Self::Screen
            | Self::Current
            | Self::Proof
            | Self::Audit => Part::List,
        }
    }
}

impl std::str::FromStr for Step {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
        Self::ALL.iter().copied().find(|s| s.as_str() == text).ok_or_else(names)
    }
}

/// Plays one step; `broken` sabotages it, after which it must fail.
pub(super) fn play(stage: &mut Stage, step: Step, broken: bool) -> Result<Values, Problem> {
    match step {
        Step::Found => ground::found(stage, broken),
        Step::Serve => ground::serve(stage, broken),
        Step::Source => ground::source(stage, broken),
        Step::People => people::people(stage, broken),
        Step::Enrol => certificate::enrol(stage, broken),
        Step::Issue => certificate::issue(stage, broken),
        Step::Receive => certificate::receive(stage, broken),
        Step::Replicate => certificate::replicate(stage, broken),
        Step::Noise => certificate::noise(stage, broken),
        Step::Grant => certificate::grant(stage, broken),
        Step::Dark => reading::dark(stage, broken),
        Step::Read => reading::read(stage, broken),
        Step::Again => reading::again(stage, broken),
        Step::Elsewhere => reading::elsewhere(stage, broken),
        Step::Return => reading::come_back(stage, broken),
        Step::Matter => asking::matter(stage, broken),
        Step::Check => asking::check_values(stage, broken),
        Step::Evaluate => asking::evaluate(stage, broken),
        Step::Revoke => asking::revoke(stage, broken),
        Step::Accesses => asking::accesses(stage, broken),
        Step::Reply => loan::reply(stage, broken),
        Step::Ledger => loan::ledger(stage, broken),
        Step::Transfer => loan::transfer(stage, broken),
        Step::Settle => loan::settle(stage, broken),
        Step::Import => listing::import(stage, broken),
        Step::Approve => listing::approve(stage, broken),
        Step::Review => listing::review(stage, broken),
        Step::List => listing::list(stage, broken),
        Step::Sealed => listing::sealed(stage, broken),
        Step::Hit => listing::hit(stage, broken),
        Step::Clear => listing::clear(stage, broken),
        Step::Object => ending::object(stage, broken),
        Step::Withdraw => ending::withdraw(stage, broken),
        Step::Wake => ending::wake(stage, broken),
        Step::Screen => jobs::screen(stage, broken),
        Step::Current => jobs::current(stage, broken),
        Step::Proof => ending::proof(stage, broken),
        Step::Audit => jobs::audit(stage, broken),
        Step::Stop => ground::stop(stage, broken),
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// How many others a status says are connected.
fn connected(status: &Value) -> usize {
    status["stations"].as_array().map_or(0, |stations| stations.iter().filter(|s| s["connected"] == Value::Bool(true)).count())
}

/// How many rows of the journal of `of` a status tells of.
fn rows(status: &Value, of: usize) -> u64 {
    let journals = status["journals"].as_array();
    let journal = journals.and_then(|journals| journals.iter().find(|j| j["centre"] == CENTRES[of].code));
    journal.and_then(|journal| journal["applied"].as_u64()).unwrap_or(0)
}

/// Checks that an answer is this refusal.
fn refused(answer: &Answer, code: &str) -> Result<Values, Problem> {
    let got = answer.error_code().unwrap_or_default();
    check(answer.code != 0 && got == code, format!("expected the refusal {code}, got exit {} {got}", answer.code))?;
    Ok(vec![("code", got), ("exit", answer.code.to_string())])
}

/// Looks for personal data in the data folders of all centres, after finding it where it is known to be (`canary`); with `planted` it
/// is put into one of the folders first. How many files were looked at, and how often the canary was seen.
fn unseen(stage: &Stage, personal: &[&str], canary: &Path, planted: Option<usize>) -> Result<Values, Problem> {
    let needles: Vec<Vec<u8>> = personal.iter().map(|p| p.as_bytes().to_vec()).collect();
    let seen = Stage::find(canary, &needles)?;
    check(needles.iter().enumerate().all(|(i, _)| seen.iter().any(|(_, n)| *n == i)), "the search does not find what is there")?;
    if let (Some(centre), Some(needle)) = (planted, needles.first()) {
        std::fs::write(stage.data(centre).join("notes.txt"), needle)?;
    }
    let mut files = 0;
    for (i, _) in Stage::centres() {
        let found = Stage::find(&stage.data(i), &needles)?;
        check(found.is_empty(), format!("{:?} holds personal data in the clear", found.first().map(|(path, _)| path)))?;
        files += std::fs::read_dir(stage.data(i))?.count();
    }
    Ok(vec![("files", files.to_string()), ("canary", seen.len().to_string())])
}
