//! What a key means. Keys are looked up in the [`KeyMap`](crate::keys::KeyMap) and become a [`Cmd`]; screens know commands, not keys.

/// What the operator wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cmd {
    /// Move within a list or a text that scrolls.
    Move(Move),
    /// To the next field, pane or part.
    Next,
    /// To the one before.
    Previous,
    /// Open what is selected; confirm; a new line in a field of several lines.
    Open,
    /// Send the form.
    Submit,
    /// One step back.
    Back,
    /// Keep rows that contain a text.
    Filter,
    /// Keep rows that do not.
    FilterNot,
    /// Ask again.
    Reload,
    /// To the clipboard.
    Copy,
    /// Rows to a file.
    Export,
    /// What proves the thing that is shown, to a file.
    Evidence,
    /// Show what is masked, for a reason.
    Reveal,
    /// Something that only this screen does, by the id of its [`Command`].
    Own(&'static str),
    /// Text is typed. Only while [`Screen::typing`](crate::screen::Screen::typing) says so.
    Edit(Edit),
    /// The mouse was pressed on a cell of the terminal.
    Click {
        /// Column, from 0.
        column: u16,
        /// Row, from 0.
        row: u16,
    },
    /// All keys of this view.
    Help,
    /// The palette.
    Palette,
    /// The command line.
    Line,
    /// The list of jobs.
    Jobs,
    /// To a view by its number.
    View(u8),
    /// Cancel the running job; without one, ask whether to leave.
    Interrupt,
    /// Lock the screen.
    Lock,
    /// Leave.
    Quit,
}

/// A step within something that scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// One up.
    Up,
    /// One down.
    Down,
    /// One left.
    Left,
    /// One right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
}

/// A change to a text that is being typed.
#[derive(Clone, PartialEq, Eq)]
pub enum Edit {
    /// A character.
    Insert(char),
    /// What was pasted, as it came: the field cleans it.
    Paste(String),
    /// The character before the cursor goes.
    Backspace,
    /// The character after the cursor goes.
    Delete,
    /// The word before the cursor goes.
    DeleteWord,
    /// Everything goes.
    Clear,
    /// The cursor goes.
    Cursor(Move),
}

impl std::fmt::Debug for Edit {
    /// What is typed may be a passphrase or a person's number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edit(..)")
    }
}

/// A command that has a name: in the key map, the palette, the help and the bottom bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// Its name in a key file; stable.
    pub id: &'static str,
    /// Key of its words.
    pub word: &'static str,
    /// Its keys unless a key file says otherwise.
    pub keys: &'static [&'static str],
}

macro_rules! frame_commands {
    ($($id:literal, $word:literal, $keys:expr => $cmd:expr;)+) => {
        /// The commands of the frame, which mean the same in every view.
        pub const FRAME_COMMANDS: &[Command] = &[$(Command { id: $id, word: $word, keys: &$keys }),+];

        /// What the frame's command with this id does.
        #[must_use]
        pub fn frame_command(id: &str) -> Option<Cmd> {
            match id { $($id => Some($cmd),)+ _ => None }
        }
    };
}

frame_commands! {
    "help", "cmd.help", ["?", "f1"] => Cmd::Help;
    "open", "cmd.open", ["enter"] => Cmd::Open;
    "back", "cmd.back", ["esc"] => Cmd::Back;
    "up", "cmd.up", ["up", "k"] => Cmd::Move(Move::Up);
    "down", "cmd.down", ["down", "j"] => Cmd::Move(Move::Down);
    "left", "cmd.left", ["left", "h"] => Cmd::Move(Move::Left);
    "right", "cmd.right", ["right", "l"] => Cmd::Move(Move::Right);
    "page-up", "cmd.page-up", ["pgup", "ctrl-b"] => Cmd::Move(Move::PageUp);
    "page-down", "cmd.page-down", ["pgdn", "ctrl-f"] => Cmd::Move(Move::PageDown);
    "top", "cmd.top", ["g", "home"] => Cmd::Move(Move::Top);
    "bottom", "cmd.bottom", ["G", "end"] => Cmd::Move(Move::Bottom);
    "next", "cmd.next", ["tab"] => Cmd::Next;
    "previous", "cmd.previous", ["backtab"] => Cmd::Previous;
    "submit", "cmd.submit", ["ctrl-s", "f10"] => Cmd::Submit;
    "filter", "cmd.filter", ["/"] => Cmd::Filter;
    "filter-not", "cmd.filter-not", ["!"] => Cmd::FilterNot;
    "reload", "cmd.reload", ["r", "f5"] => Cmd::Reload;
    "copy", "cmd.copy", ["y"] => Cmd::Copy;
    "export", "cmd.export", ["e"] => Cmd::Export;
    "evidence", "cmd.evidence", ["E"] => Cmd::Evidence;
    "reveal", "cmd.reveal", ["v"] => Cmd::Reveal;
    "line", "cmd.line", [":"] => Cmd::Line;
    "palette", "cmd.palette", ["ctrl-p"] => Cmd::Palette;
    "jobs", "cmd.jobs", ["f2", "ctrl-j"] => Cmd::Jobs;
    "interrupt", "cmd.interrupt", ["ctrl-c"] => Cmd::Interrupt;
    "lock", "cmd.lock", ["ctrl-l"] => Cmd::Lock;
    "quit", "cmd.quit", ["q", "ctrl-q"] => Cmd::Quit;
}
