//! The operators' desk on a terminal. It draws what the core's [`desk`](anju_core::desk) types say and sends what they allow; it decides
//! nothing. What must never be here: a business rule, a socket, a file, a database, a clock.
//!
//! ```text
//!  terminal ──keys──▶ ┌─────────┐ Event ┌────────┐ Cmd  ┌────────┐
//!                     │ channel ├──────▶│  App   ├─────▶│ Screen │  one file each, on / told / draw(&self)
//!  workers ──Told───▶ │ bounded │       │        │◀─────┤        │
//!      ▲              └─────────┘       └───┬────┘Action└────────┘
//!      └── Runner ◀─────────Effect──────────┘        (only the runner calls the Door; the shell implements it)
//! ```
//!
//! * [`run`](fn@run) is the loop: one bounded channel, one [`event::Event`], then one drawing. It sleeps until something happens or a
//!   deadline is due; nothing ticks while nothing moves.
//! * [`app::App`] is the state. [`app::App::handle`] takes an event and the time and returns effects; [`app::App::draw`] takes `&self`.
//! * [`runner::Runner`] carries effects out in worker threads through the [`door::Door`] and [`door::Hand`] that the shell implements.
//! * [`screen::Screen`] is the contract of a view; [`screens::SCREENS`] registers it with one line.
//! * [`shown::Shown`] is the only text that can be drawn, and cleaning is the only way to make one; [`canvas::Canvas`] takes nothing else.
//! * [`words::Words`] has every word, from `tui/locales/` and the house's `locales/`.
//! * [`settings::Settings`] are theme and keys, from a TOML text that the shell hands in.
//! * [`widgets`] are tables, forms, details, progress, and the states in which there is nothing to show.
//!
//! # How to write a screen
//!
//! 1. A file `tui/src/screens/NAME.rs` with a struct, `pub fn make() -> Box<dyn Screen>` and `impl Screen`; a line in
//!    [`screens::SCREENS`] (id, name key, number key, roles, own commands, maker); two files of words, `tui/locales/NAME.zh-CN.yml` and
//!    `NAME.en.yml`, with the same keys.
//! 2. State changes in `open`, `on`, `told` and `tick`. `on` gets a [`cmd::Cmd`], never a key; return [`screen::Reaction::Pass`] for what
//!    is not yours, so that Esc goes back and `?` helps everywhere. Hand the command to your widgets first.
//! 3. Ask by returning [`screen::Action::ask`] or [`screen::Action::act`] under a tag of yours; the closing event, the refusal or the
//!    failure comes back as [`screen::Told`] under that tag, and never as a refusal in an answer. A reading ask under a tag that still
//!    runs replaces it; something that changes the peer is refused while the earlier one runs.
//! 4. Keep what was asked in a [`widgets::state::Load`]: its `draw` shows waiting, failure with what next, and an old value with a
//!    warning. Use [`widgets::state::empty`] where there is nothing.
//! 5. Text from the peer or a file becomes [`shown::Shown::new`] where it is drawn; numbers of persons [`shown::Shown::masked`].
//!    Revealing: [`screen::Action::Reason`], then the act with the reason, then a [`screen::Veil`] whose fall is your deadline and at
//!    whose fall, and in `hide`, you drop the plain value.
//! 6. What cannot be taken back asks with [`screen::Action::Confirm`]: object, effect on other centres, the number typed for a listing.
//! 7. Ids of own commands begin with the screen's id (`blacklist.review`); their keys must not be the frame's. `offers` names what makes
//!    sense now, the likeliest first.
//! 8. Test with [`fake`]: a desk without a terminal whose [`fake::FakeDoor`] answers from a script; snapshots in `tui/tests/snapshots`.

pub mod app;
pub mod canvas;
pub mod cmd;
pub mod dialog;
pub mod door;
pub mod event;
pub mod fake;
pub mod keys;
pub mod run;
pub mod runner;
pub mod screen;
pub mod screens;
pub mod secret;
pub mod settings;
pub mod shown;
pub mod theme;
pub mod watch;
pub mod widgets;
pub mod words;

pub use door::{Door, Hand};
pub use ratatui::layout::Rect;
pub use run::{Options, Stop, run};
pub use settings::{Settings, SettingsError};
pub use words::Words;
