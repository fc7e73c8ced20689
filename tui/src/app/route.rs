//! Where a command goes: to the gate, a dialog, what lies over the screen, the screen itself, or the frame.

use super::jobs::{JobState, Owner, Weight};
use super::over::{Over, Picked};
use super::palette::{Item, Palette, Pick};
use super::{App, Asker, Leaving, Now, Saving};
use crate::cmd::{Cmd, Command, FRAME_COMMANDS, frame_command};
use crate::dialog::{Closed, Dialog};
use crate::door::{Trouble, Work};
use crate::event::{Effect, JobId, Task};
use crate::screen::{Reaction, Sheet, Target, Told};
use crate::theme::Tone;

impl App {
    pub(super) fn command(&mut self, cmd: &Cmd, now: Now, out: &mut Vec<Effect>) {
        if *cmd == Cmd::Interrupt {
            return self.interrupt(now, out);
        }
        if let Some((asker, mut dialog)) = self.dialog.take() {
            match dialog.on(cmd) {
                Closed::No => self.dialog = Some((asker, dialog)),
                closed => self.answered(asker, closed, now, out),
            }
            return;
        }
        if self.at_gate() {
            return match cmd {
                Cmd::Quit => self.ask_to_quit(),
                _ => self.at_the_gate(cmd, now, out),
            };
        }
        if let Some(mut over) = self.over.take() {
            match over.on(cmd, self.jobs.shown().len(), self.body()) {
                Picked::Stay => self.over = Some(over),
                Picked::Close => {}
                Picked::Take(pick) => self.take(pick, now, out),
            }
            return;
        }
        self.hand_to_screen(cmd, now, out);
    }

    fn hand_to_screen(&mut self, cmd: &Cmd, now: Now, out: &mut Vec<Effect>) {
        if let Some(id) = self.here_id() {
            let reaction = self.with_screen(id, now, |screen, cx| screen.on(cx, cmd));
            if let Some(Reaction::Do(actions)) = reaction {
                return self.act(id, actions, now, out);
            }
        }
        self.hand_to_frame(cmd, now, out);
    }

    fn hand_to_frame(&mut self, cmd: &Cmd, now: Now, out: &mut Vec<Effect>) {
        match cmd {
            Cmd::Back => self.try_leave(Leaving::Back, now, out),
            Cmd::Help => self.over = Some(Over::Help(0)),
            Cmd::Jobs => self.over = Some(Over::Jobs(0)),
            Cmd::Palette => self.over = Some(Over::Palette(Palette::new(self.items(), false))),
            Cmd::Line => self.over = Some(Over::Palette(Palette::new(self.items(), true))),
            Cmd::View(number) => {
                let view = self.allowed().find(|entry| entry.number == *number).map(|entry| entry.id);
                if let Some(view) = view.filter(|view| self.here_id() != Some(view)) {
                    self.try_leave(Leaving::To(view), now, out);
                }
            }
            Cmd::Lock => self.lock(out),
            Cmd::Quit => self.ask_to_quit(),
            Cmd::Copy => self.copy(now, out),
            Cmd::Export => self.export(now),
            Cmd::Evidence => self.evidence(now),
            Cmd::Reveal | Cmd::Reload | Cmd::Filter | Cmd::FilterNot => {
                let text = self.words.say("frame.not-here");
                self.toast(Tone::Dim, text, now.at);
            }
            Cmd::Move(_) | Cmd::Next | Cmd::Previous | Cmd::Open | Cmd::Submit | Cmd::Own(_) | Cmd::Edit(_) | Cmd::Click { .. } => {}
            Cmd::Interrupt => self.interrupt(now, out),
        }
    }

    fn copy(&mut self, now: Now, out: &mut Vec<Effect>) {
        let text = self.cx(now).and_then(|cx| self.here().and_then(|screen| screen.copy(&cx)));
        let word = if text.is_some() { "frame.copied" } else { "frame.nothing-to-copy" };
        out.extend(text.map(|text| Effect::Clipboard(text.to_string())));
        let text = self.words.find(word).unwrap_or_default();
        self.toast(Tone::Dim, text, now.at);
    }

    fn export(&mut self, now: Now) {
        let sheet = self.cx(now).and_then(|cx| self.here().and_then(|screen| screen.sheet(&cx)));
        let Some(sheet) = sheet else {
            let text = self.words.say("frame.nothing-to-export");
            return self.toast(Tone::Dim, text, now.at);
        };
        let name = format!("{}-{}.csv", self.here_id().unwrap_or("desk"), now.time.legal_day());
        self.saving = Some(Saving::Sheet(sheet));
        self.dialog = Some((Asker::Export, Dialog::path(self.words.say("frame.export-title"), &name)));
    }

    fn evidence(&mut self, now: Now) {
        let about = self.cx(now).and_then(|cx| self.here().and_then(|screen| screen.evidence(&cx)));
        let Some(about) = about else {
            let text = self.words.say("frame.no-evidence");
            return self.toast(Tone::Dim, text, now.at);
        };
        let name = about.to_string();
        let title = self.words.fill("frame.evidence-title", &[("about", &name)]);
        self.saving = Some(Saving::Evidence(about));
        self.dialog = Some((Asker::Export, Dialog::path(title, &format!("{name}.evidence"))));
    }

    fn answered(&mut self, asker: Asker, closed: Closed, now: Now, out: &mut Vec<Effect>) {
        match asker {
            Asker::Nobody => {}
            Asker::Quit => {
                if closed == Closed::Yes {
                    out.push(Effect::Quit);
                }
            }
            Asker::Leave(to) => {
                if closed == Closed::Yes {
                    if let Some(id) = self.here_id() {
                        // What was typed is given up with the screen that held it.
                        self.screens.remove(id);
                    }
                    self.leave(to, now, out);
                }
            }
            Asker::Export => {
                if let (Closed::Text(path), Some(saving)) = (closed, self.saving.take()) {
                    let work = match saving {
                        Saving::Sheet(Sheet { head, rows }) => Work::WriteRows { out: path.into(), head, rows },
                        Saving::Evidence(about) => Work::Evidence { about, out: path.into() },
                    };
                    let title = self.words.code("work", work.code());
                    let id = self.jobs.begin(Owner::Export, Weight::Writes, title, true, now.at);
                    out.push(Effect::Run(id, Task::Work(work)));
                }
            }
            Asker::Screen(screen, tag) => {
                let told = match closed {
                    Closed::Yes => Told::Confirmed,
                    Closed::Text(text) => Told::Reason(text),
                    Closed::Dismissed | Closed::No => Told::Dismissed,
                };
                self.tell(Owner::Screen(screen, tag), told, now, out);
            }
        }
    }

    fn take(&mut self, pick: Pick, now: Now, out: &mut Vec<Effect>) {
        match pick {
            Pick::View(view) => self.try_leave(Leaving::To(view), now, out),
            Pick::Open(target) => {
                let view = if matches!(target, Target::Certificate(_)) { "certificates" } else { "blacklist" };
                self.go(view, Some(target), now, out);
            }
            Pick::Command(id) => {
                let own = self.entry().and_then(|entry| entry.commands.iter().find(|command| command.id == id));
                let cmd = own.map(|command| Cmd::Own(command.id)).or_else(|| frame_command(id));
                if let Some(cmd) = cmd {
                    self.command(&cmd, now, out);
                }
            }
        }
    }

    /// What the palette finds: every view, what this screen does now, and what the frame does everywhere.
    fn items(&self) -> Vec<Item> {
        let key = |id: &str| self.settings.keys.first(id).unwrap_or_default();
        let views =
            self.allowed().map(|entry| Item::new(Pick::View(entry.id), self.words, entry.word, crate::shown::Shown::of(entry.number)));
        let own = self.entry().map_or(&[][..], |entry| entry.commands).iter();
        let everywhere = FRAME_COMMANDS.iter().filter(|command| is_for_palette(command));
        let commands = own.chain(everywhere).map(|command| Item::new(Pick::Command(command.id), self.words, command.word, key(command.id)));
        views.chain(commands).collect()
    }

    /// First a running job is cancelled: the newest of this view, else the newest of all. Without one it is asked whether to leave.
    fn interrupt(&mut self, now: Now, out: &mut Vec<Effect>) {
        let picked = match &self.over {
            Some(Over::Jobs(place)) => self.jobs.shown().get(*place).filter(|job| job.state == JobState::Running).map(|job| job.id),
            Some(Over::Help(_) | Over::Palette(_)) | None => None,
        };
        let here = || self.jobs.wanted().rev().find(|job| self.is_here(job.owner)).map(|job| job.id);
        let any = || self.jobs.wanted().next_back().map(|job| job.id);
        match picked.or_else(here).or_else(any) {
            Some(job) => self.cancel(job, now, out),
            None if matches!(self.dialog, Some((Asker::Quit, _))) => self.dialog = None,
            None => self.ask_to_quit(),
        }
    }

    fn cancel(&mut self, id: JobId, now: Now, out: &mut Vec<Effect>) {
        let Some((owner, weight)) = self.jobs.get(id).filter(|job| job.state == JobState::Running).map(|job| (job.owner, job.weight))
        else {
            return;
        };
        out.push(Effect::Cancel(id));
        self.jobs.end(id, JobState::Cancelled);
        // What was handed to the peer may be done although nobody waits for the answer.
        let code = if weight == Weight::Changes { "cancelled-unknown" } else { "cancelled" };
        let text = self.words.say("frame.cancelled");
        self.toast(Tone::Warn, text, now.at);
        if owner == Owner::Gate {
            out.push(Effect::Forget);
        }
        self.tell(owner, Told::Trouble(Trouble::failed(code)), now, out);
    }

    pub(super) fn told(&mut self, id: JobId, told: Told, now: Now, out: &mut Vec<Effect>) {
        let Some(owner) = self.jobs.get(id).filter(|job| job.state == JobState::Running).map(|job| job.owner) else { return };
        match &told {
            Told::Stage(_) => {}
            Told::Sign(sign) => self.jobs.sign(id, sign),
            Told::Trouble(trouble) => self.jobs.end(id, JobState::Failed(trouble.clone())),
            Told::Answer(_) | Told::Outcome(_) | Told::Confirmed | Told::Reason(_) | Told::Dismissed => self.jobs.end(id, JobState::Done),
        }
        self.tell(owner, told, now, out);
    }
}

/// Steps and keys of fields are not things to look for.
fn is_for_palette(command: &Command) -> bool {
    let Some(cmd) = frame_command(command.id) else { return false };
    matches!(
        cmd,
        Cmd::Reload
            | Cmd::Copy
            | Cmd::Export
            | Cmd::Evidence
            | Cmd::Filter
            | Cmd::FilterNot
            | Cmd::Reveal
            | Cmd::Jobs
            | Cmd::Lock
            | Cmd::Help
            | Cmd::Quit
    )
}
