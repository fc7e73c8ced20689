//! What screens want done becomes effects, jobs and dialogs.

use super::jobs::{Owner, Weight, weight_of, weight_of_request};
use super::{App, Asker, Now};
use crate::dialog::Dialog;
use crate::door::Work;
use crate::event::{Effect, Task};
use crate::screen::{Action, ScreenId, Tag};
use crate::theme::Tone;

impl App {
    pub(super) fn act(&mut self, screen: ScreenId, actions: Vec<Action>, now: Now, out: &mut Vec<Effect>) {
        for action in actions {
            match action {
                Action::Ask(tag, request) => self.begin(screen, tag, weight_of_request(&request), Task::Ask(request), now, out),
                Action::Act(tag, act) => self.begin(screen, tag, weight_of(&act), Task::Act(act), now, out),
                Action::Work(tag, work) => {
                    let weight = match work {
                        Work::Import { dry_run: false, .. } | Work::ImportApprove { .. } | Work::Backup => Weight::Changes,
                        Work::Import { dry_run: true, .. }
                        | Work::Screen { .. }
                        | Work::ExportLists { .. }
                        | Work::WriteRows { .. }
                        | Work::WriteText { .. }
                        | Work::Evidence { .. } => Weight::Writes,
                        Work::Hash { .. } | Work::ReadText { .. } => Weight::Reads,
                    };
                    self.begin(screen, tag, weight, Task::Work(work), now, out);
                }
                Action::Cancel(tag) => {
                    if let Some(job) = self.jobs.of(Owner::Screen(screen, tag)).map(|job| job.id) {
                        self.jobs.end(job, super::JobState::Cancelled);
                        out.push(Effect::Cancel(job));
                    }
                }
                Action::Go(to, target) => self.go(to, target, now, out),
                Action::Back => self.leave(super::Leaving::Back, now, out),
                Action::Confirm(tag, danger) => self.open(Asker::Screen(screen, tag), Dialog::danger(*danger)),
                Action::Reason(tag, reason) => self.open(Asker::Screen(screen, tag), Dialog::reason(*reason)),
                Action::Toast(tone, text) => self.toast(tone, text, now.at),
                Action::Trouble(trouble) => self.show_trouble(trouble),
                Action::Copy(text) => out.push(Effect::Clipboard(text.to_string())),
            }
        }
    }

    fn open(&mut self, asker: Asker, dialog: Dialog) {
        if self.dialog.is_none() && !self.at_gate() {
            self.dialog = Some((asker, dialog));
        }
    }

    fn begin(&mut self, screen: ScreenId, tag: Tag, weight: Weight, task: Task, now: Now, out: &mut Vec<Effect>) {
        let owner = Owner::Screen(screen, tag);
        if let Some((job, running)) = self.jobs.of(owner).map(|job| (job.id, job.weight)) {
            if running != Weight::Reads || weight != Weight::Reads {
                let text = self.words.say("frame.still-running");
                return self.toast(Tone::Warn, text, now.at);
            }
            self.jobs.end(job, super::JobState::Cancelled);
            out.push(Effect::Cancel(job));
        }
        let (title, long) = match &task {
            Task::Work(work) => (self.words.code("work", work.code()), weight != Weight::Reads || matches!(work, Work::Hash { .. })),
            Task::Ask(_) | Task::Act(_) | Task::LogIn(..) => {
                let entry = self.entries.iter().find(|entry| entry.id == screen);
                (entry.map(|entry| self.words.say(entry.word)).unwrap_or_default(), false)
            }
        };
        let id = self.jobs.begin(owner, weight, title, long, now.at);
        out.push(Effect::Run(id, task));
    }
}
