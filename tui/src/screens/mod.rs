//! The views: one file each, and one line here. Nothing else of the desk knows them by name.

pub mod audit;
pub mod blacklist;
pub mod certificates;
pub mod dossiers;
pub mod federation;
pub mod loans;
pub(crate) mod login;
pub mod query;
mod queue;
pub mod system;
pub mod workbench;

use anju_core::operator::Role;

use crate::screen::Entry;

/// Everybody.
pub const ANYBODY: &[Role] = &Role::ALL;
/// Who handles business: tellers and reviewers.
pub const COUNTER: &[Role] = &[Role::Teller, Role::Reviewer];

/// Who may look at cases, loans and dossiers.
pub const CASES: &[Role] = &[Role::Teller, Role::Reviewer, Role::Auditor];

/// Every view, in the order of its tabs.
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
    Entry { id: "blacklist", word: "screen.blacklist", number: 4, roles: CASES, commands: blacklist::COMMANDS, make: blacklist::make },
    Entry { id: "loans", word: "screen.loans", number: 5, roles: CASES, commands: loans::COMMANDS, make: loans::make },
    Entry {
        id: "federation",
        word: "screen.federation",
        number: 6,
        roles: ANYBODY,
        commands: federation::COMMANDS,
        make: federation::make,
    },
    Entry { id: "audit", word: "screen.audit", number: 7, roles: &[Role::Auditor], commands: audit::COMMANDS, make: audit::make },
    Entry { id: "system", word: "screen.system", number: 8, roles: ANYBODY, commands: system::COMMANDS, make: system::make },
    Entry { id: "dossiers", word: "screen.dossiers", number: 9, roles: CASES, commands: dossiers::COMMANDS, make: dossiers::make },
];
