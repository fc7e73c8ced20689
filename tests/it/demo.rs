//! The demo as its reader runs it: it passes, it notices every sabotage at the step that was sabotaged, and what it leaves up works.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anju::demo::Step;
use serde_json::Value;

use crate::cli::{Room, err, out};

/// Demos at once. Each has three peers.
const AT_ONCE: usize = 3;
/// How long the peers that a demo left up may take to end.
const STOP_TIME: Duration = Duration::from_secs(15);

/// The steps that a demo told of: name, and whether it was as it should be.
fn steps(demo: &Value) -> Vec<(&str, bool)> {
    let steps = demo["steps"].as_array().unwrap();
    steps.iter().map(|step| (step["step"].as_str().unwrap(), step["ok"].as_bool().unwrap())).collect()
}

#[test]
fn the_demo_passes_and_tells_of_every_step_in_one_json_object() {
    let answer = Room::new().json("demo", 0);
    let demo = &answer["demo"];
    assert_eq!(demo["ok"], true, "{demo}");
    let all: Vec<(&str, bool)> = Step::ALL.iter().map(|step| (step.as_str(), true)).collect();
    assert_eq!(steps(demo), all);
    for step in demo["steps"].as_array().unwrap() {
        assert!(step["problem"].is_null() && step["ms"].is_u64(), "{step}");
    }
}

#[test]
fn every_sabotage_is_noticed_at_the_step_that_was_sabotaged() {
    let room = Room::new();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(step) = Step::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let output = room.run(&format!("demo --json --break {}", step.as_str()));
                    let demo: Value = serde_json::from_str(&out(&output)).unwrap_or_default();
                    let told = demo["demo"]["steps"].as_array().map_or_else(Vec::new, |_| steps(&demo["demo"]));
                    let played = Step::played(Some(*step));
                    let broken = played.iter().position(|s| s == step).unwrap();
                    let right: Vec<_> = played[..=broken].iter().map(|s| (s.as_str(), s != step)).collect();
                    if output.status.code() != Some(70) || told != right || demo["demo"]["ok"] != false {
                        let what = format!("{}: {:?} {}{}", step.as_str(), output.status.code(), out(&output), err(&output));
                        found.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_sabotage_leaves_out_only_what_has_nothing_to_do_with_it() {
    assert_eq!(Step::played(None), Step::ALL);
    for step in Step::ALL.iter().copied() {
        let played = Step::played(Some(step));
        let others =
            |from: Step, to: Step| Step::ALL.iter().copied().filter(move |s| (from..=to).contains(s) && (from..=to).contains(&step));
        let same_story =
            others(Step::Enrol, Step::Return).chain(others(Step::Matter, Step::Settle)).chain(others(Step::Import, Step::Proof));
        // Nothing is asked about and nothing lent on a certificate that is not there.
        let before = [Step::Enrol, Step::Issue, Step::Receive, Step::Replicate];
        let before = before.into_iter().filter(|_| (Step::Matter..=Step::Settle).contains(&step));
        for needed in same_story.chain(before).chain([Step::Found, Step::Serve, Step::Source, Step::People, step, Step::Stop]) {
            assert!(played.contains(&needed), "{step:?} without {needed:?}");
        }
        assert!(played.is_sorted());
    }
}

#[test]
fn an_unknown_step_is_a_usage_error_that_names_the_steps() {
    let error = &Room::new().json("demo --break nothing", 64)["error"];
    assert_eq!(error["code"], "usage-value");
    assert!(error["message"].as_str().unwrap().contains("found, serve"), "{error}");
}

/// The processes of this program that serve a folder below `folder`.
fn serving(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command: Vec<_> = command.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        let ours = command.iter().any(|word| word == "serve") && command.iter().any(|word| Path::new(word.as_ref()).starts_with(folder));
        if ours {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

/// Stops what a demo left up, whatever the test found.
struct LeftUp<'a>(&'a Path);

impl LeftUp<'_> {
    fn stop(&self, signal: &str) {
        for process in serving(self.0) {
            let _ = Command::new("kill").args([signal, &process]).status();
        }
    }
}

impl Drop for LeftUp<'_> {
    fn drop(&mut self) {
        self.stop("-KILL");
    }
}

#[test]
fn what_the_demo_leaves_up_answers_until_it_is_told_to_stop() {
    let room = Room::new();
    let folder = room.path("stage");
    let left_up = LeftUp(&folder);
    let answer = room.json("demo --stay --folder @stage", 0);
    let named: Vec<(&str, &str)> = answer["demo"]["left_up"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| (left["name"].as_str().unwrap(), left["path"].as_str().unwrap()))
        .collect();
    assert_eq!(named.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["C46010", "C46020", "C50010", "wallet", "passphrase", "teller"]);
    assert!(!steps(&answer["demo"]).contains(&("stop", true)), "a demo that stays does not stop");
    for (name, path) in &named[..3] {
        let status = room.json(&format!("status --data {path}"), 0);
        assert_eq!(status["status"]["centre"], *name);
    }
    let (wallet, passphrase) = (named[3].1, named[4].1);
    let held = room.json(&format!("holder list --wallet {wallet} --passphrase-file {passphrase}"), 0);
    assert_eq!(held["certificates"].as_array().map(Vec::len), Some(1));

    assert_eq!(serving(&folder).len(), 3);
    left_up.stop("-TERM");
    let start = Instant::now();
    while !serving(&folder).is_empty() {
        assert!(start.elapsed() < STOP_TIME, "still up: {:?}", serving(&folder));
        std::thread::sleep(Duration::from_millis(50));
    }
    for (_, path) in &named[..3] {
        assert_eq!(room.json(&format!("status --data {path}"), 69)["error"]["code"], "peer-not-running");
    }
}
