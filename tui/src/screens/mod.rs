//! The views: one file each, and one line here. Nothing else of the desk knows them by name.

pub mod federation;
pub(crate) mod login;
pub mod system;
pub mod workbench;

use anju_core::operator::Role;

use crate::screen::Entry;

/// Everybody.
pub const ANYBODY: &[Role] = &Role::ALL;
/// Who handles business: tellers and reviewers.
pub const COUNTER: &[Role] = &[Role::Teller, Role::Reviewer];

/// Every view, in the order of its tabs.
pub const SCREENS: &[Entry] = &[
    Entry { id: "workbench", word: "screen.workbench", number: 1, roles: ANYBODY, commands: &[], make: workbench::make },
    Entry { id: "federation", word: "screen.federation", number: 6, roles: ANYBODY, commands: &[], make: federation::make },
    Entry { id: "system", word: "screen.system", number: 8, roles: ANYBODY, commands: &[], make: system::make },
];
