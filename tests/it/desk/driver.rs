//! A terminal for a test: a tmux of its own, in which the real program draws and reads keys.
//!
//! The pane runs a script that notes the terminal's settings before and after the program, so that a test sees whether it was given back.
//! What must never be here: what a test asserts of a screen.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::cli::{PASSPHRASE, Room};

/// How long a screen may take to show something, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the screen is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// With the value 1, what would be skipped fails.
const REQUIRE_ALL: &str = "ANJU_REQUIRE_ALL";

/// Whether there is a tmux. Without one the test says that it was skipped.
///
/// # Panics
/// When there is none although everything must be tested.
pub(crate) fn has_tmux() -> bool {
    let found = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
    if !found {
        assert!(std::env::var(REQUIRE_ALL).as_deref() != Ok("1"), "tmux is not installed, and {REQUIRE_ALL}=1");
        println!("skipped: tmux is not installed");
    }
    found
}

/// One program on one terminal.
pub(crate) struct Screen {
    socket: PathBuf,
    folder: PathBuf,
}

impl Screen {
    /// Runs a line of the program in a terminal of so many columns and rows. `name` tells several screens of one room apart. A word that
    /// begins with `@` is a file of the room.
    pub(crate) fn open(room: &Room, name: &str, line: &str, (columns, rows): (u16, u16)) -> Self {
        let folder = room.path(&format!("screen-{name}"));
        std::fs::create_dir(&folder).unwrap();
        let command = room.command(line);
        let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"));
        let program: Vec<String> = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect();
        let unset: Vec<&str> = command.get_envs().filter(|(_, value)| value.is_none()).filter_map(|(name, _)| name.to_str()).collect();
        let at = folder.display();
        let script = format!(
            "unset {}\nexport LC_ALL=C.UTF-8\nstty -g > {at}/before\nsh -c 'echo $$ > {at}/pid; exec \"$@\"' - {} 2> {at}/errors\n\
             echo $? > {at}/code\nstty -g > {at}/after.part\nmv {at}/after.part {at}/after\nexec sleep 1000\n",
            unset.join(" "),
            program.join(" "),
        );
        std::fs::write(folder.join("script"), script).unwrap();
        let screen = Self { socket: folder.join("tmux"), folder };
        let size = [("-x", columns.to_string()), ("-y", rows.to_string())];
        let mut start = screen.tmux();
        start.args(["-f", "/dev/null", "new-session", "-d"]);
        size.iter().for_each(|(flag, value)| {
            start.args([*flag, value.as_str()]);
        });
        start.arg("sh").arg(screen.folder.join("script"));
        let output = start.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        screen
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX").arg("-u").arg("-S").arg(&self.socket);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        let output = self.tmux().args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Types a text as it is.
    pub(crate) fn type_text(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
    }

    /// Presses keys by tmux's names for them, separated by blanks: `Enter`, `Tab`, `Escape`, `C-c`, `Up`, `q`.
    pub(crate) fn keys(&self, names: &str) {
        let mut args = vec!["send-keys"];
        args.extend(names.split_whitespace());
        self.run(&args);
    }

    /// Pastes a text in one piece, as a terminal does it that tells pasting from typing.
    pub(crate) fn paste(&self, text: &str) {
        let file = self.folder.join("pasted");
        std::fs::write(&file, text).unwrap();
        self.run(&["load-buffer", file.to_str().unwrap()]);
        self.run(&["paste-buffer", "-p"]);
    }

    /// Fills in a form from the field that has the cursor: each text in its field, and after each to the next. A text of one digit
    /// chooses, where there is something to choose.
    pub(crate) fn fill(&self, texts: &[&str]) {
        for text in texts {
            self.type_text(text);
            self.keys("Tab");
        }
    }

    /// What is on the terminal now, a line for each row.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8(self.run(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// Waits until `text` is on the terminal, and returns what is there then.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait(&format!("{text:?}"), |screen| screen.contains(text))
    }

    /// Waits until `text` is not on the terminal any more.
    pub(crate) fn wait_without(&self, text: &str) -> String {
        self.wait(&format!("no {text:?}"), |screen| !screen.contains(text))
    }

    /// Waits until the screen is as `condition` wants it.
    pub(crate) fn wait(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            // A screen may be looked at while it is drawn: what counts is one that stays.
            if condition(&screen) {
                std::thread::sleep(LOOK_EVERY);
                if self.screen() == screen {
                    return screen;
                }
            }
            assert!(start.elapsed() < PATIENCE, "never {what} on:\n{screen}\n{}", self.read("errors"));
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Logs an operator in whose passphrase is that of the room, and waits until the gate is gone.
    pub(crate) fn log_in(&self, name: &str) -> String {
        self.log_in_by(name, PASSPHRASE.trim_end())
    }

    /// The same for somebody who has a passphrase of their own.
    pub(crate) fn log_in_by(&self, name: &str, passphrase: &str) -> String {
        self.wait_for("操作员");
        self.type_text(name);
        self.keys("Tab");
        self.type_text(passphrase);
        self.keys("Enter");
        self.wait("open", |screen| screen.contains("ctrl-p") && !screen.contains("正在打开密钥"))
    }

    /// Another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.wait("begun", |_| self.folder.join("pid").exists());
        let start = Instant::now();
        loop {
            if let Ok(pid) = self.read("pid").trim().parse() {
                return pid;
            }
            assert!(start.elapsed() < PATIENCE, "no process");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// A signal for the program, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits until the program has ended. Its exit code, what it said on standard error, and what it did not give back of the terminal.
    pub(crate) fn ended(&self) -> Ended {
        self.wait("ended", |_| self.folder.join("after").exists());
        let flag =
            |name: &str| String::from_utf8(self.run(&["display-message", "-p", &format!("#{{{name}}}")]).stdout).unwrap().trim() == "1";
        let mut kept = Vec::new();
        if self.read("before") != self.read("after") {
            kept.push("settings");
        }
        let flags = [("alternate_on", true, "alternate screen"), ("cursor_flag", false, "cursor"), ("mouse_any_flag", true, "mouse")];
        kept.extend(flags.into_iter().filter(|(name, bad, _)| flag(name) == *bad).map(|(_, _, what)| what));
        Ended { code: self.read("code").trim().parse().unwrap(), errors: self.read("errors"), kept }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}

/// How a program left its terminal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) errors: String,
    /// What is not as it was before.
    pub(crate) kept: Vec<&'static str>,
}
