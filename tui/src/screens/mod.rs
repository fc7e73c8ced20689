//! The views: one file each, and one line here. Nothing else of the desk knows them by name.

pub mod certificates;
pub mod federation;
pub(crate) mod login;
pub mod query;
pub mod system;
pub mod workbench;

use anju_core::operator::Role;

use crate::screen::Entry;

/// Everybody.
pub const ANYBODY: &[Role] = &Role::ALL;
/// Who handles business: tellers and reviewers.
pub const COUNTER: &[Role] = &[Role::Teller, Role::Reviewer];

/// Every view, in the order of its tabs. Ids and numbers are kept for the views that are not here yet, because others open them by their
/// ids: `query` 2, `certificates` 3, `blacklist` 4, `dossiers` 5, `audit` 7.
pub const SCREENS: &[Entry] = &[
    Entry { id: "workbench", word: "screen.workbench", number: 1, roles: ANYBODY, commands: &[], make: workbench::make },
    Entry { id: "query", word: "screen.query", number: 2, roles: COUNTER, commands: query::COMMANDS, make: query::make },
    Entry {
        id: "certificates",
        word: "screen.certificates",
        number: 3,
        roles: COUNTER,
        commands: certificates::COMMANDS,
        make: certificates::make,
    },
    Entry { id: "federation", word: "screen.federation", number: 6, roles: ANYBODY, commands: &[], make: federation::make },
    Entry { id: "system", word: "screen.system", number: 8, roles: ANYBODY, commands: &[], make: system::make },
];
