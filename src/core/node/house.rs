//! What a system administrator looks at and has done: the peer itself. The core says who may and what is recorded; the machine, its disk
//! and its log are the shell's.

use super::audit::Told;
use super::{Effect, Env, HouseAsk, Node, Stop};
use crate::audit::AuditAction;
use crate::desk::{Backup, Event, Evidence, KeyAge, KeyRole, MAX_LOG_PAGE, MAX_PAGE, SystemView};
use crate::error::{RefusalCode, ShelfError};
use crate::journal::Header;
use crate::names::CentreCode;
use crate::operator::ProvenAct;
use crate::time::Time;

/// Bytes of the own journal that are read for its first statement.
const FIRST_ROW_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The backup that is being made: for which request, by whom, under which name. It goes on when a write failed.
    backup: Option<(u64, ProvenAct, String)>,
}

impl Node {
    /// The newest lines of the log.
    pub(super) fn logs(token: u64, after: Option<u64>, limit: usize, out: &mut Vec<Effect>) -> Result<(), Stop> {
        if limit == 0 || limit > MAX_LOG_PAGE {
            return Err(RefusalCode::RequestInvalid.into());
        }
        out.push(Effect::House { token, ask: HouseAsk::Logs { after, limit } });
        Ok(())
    }

    /// The peer as its administrator looks at it; the shell adds what it knows.
    pub(super) fn system(&self, env: &Env<'_>, token: u64, out: &mut Vec<Effect>) -> Result<(), Stop> {
        let view = SystemView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: String::new(),
            charter_version: self.charter.version(),
            storage: None,
            backup: None,
            backing_up: self.house.backup.is_some(),
            backups: String::new(),
            keys: self.key_ages(env)?,
        };
        out.push(Effect::House { token, ask: HouseAsk::System(Box::new(view)) });
        Ok(())
    }

    /// Since when each key is in use, by what the journal and the accounts tell.
    fn key_ages(&self, env: &Env<'_>) -> Result<Vec<KeyAge>, ShelfError> {
        let age = |key, name: String, since: Option<Time>, by| KeyAge { key, name, since, by: since.map(|_| by) };
        let term = self.charter.member(&self.centre).map_or(0, |member| member.term);
        // The first statement was signed in the first term; it says nothing of the key of a later one.
        let first = if term == 1 { first_statement(env, &self.centre)? } else { None };
        let mut keys = vec![
            age(KeyRole::Station, String::new(), None, Evidence::File),
            age(KeyRole::Signing, term.to_string(), first, Evidence::Journal),
            age(KeyRole::Heartbeat, String::new(), None, Evidence::File),
            age(KeyRole::Sealing, String::new(), None, Evidence::File),
            age(KeyRole::Pepper, self.charter.epoch().pepper.to_string(), None, Evidence::File),
        ];
        let operators = env.shelf.operators()?;
        let current = operators.iter().filter(|operator| operator.disabled.is_none()).take(MAX_PAGE);
        keys.extend(current.map(|o| age(KeyRole::Operator, o.name.to_string(), Some(o.created), Evidence::Account)));
        Ok(keys)
    }

    /// [`crate::desk::Act::Backup`]: one at a time. Who asked for it is recorded before it begins, what came of it afterwards.
    pub(super) fn backup(&mut self, env: &mut Env<'_>, token: u64, act: &ProvenAct, out: &mut Vec<Effect>) -> Result<(), Stop> {
        if self.house.backup.is_some() {
            return Err(RefusalCode::TooManyRequests.into());
        }
        let digits: String = env.now.legal_text().chars().filter(char::is_ascii_digit).collect();
        let name = format!("anju-{}-{digits}.db", self.centre);
        self.tell(env, Some(act), vec![Told::new(AuditAction::Backup, name.clone(), "begun")], out)?;
        self.house.backup = Some((token, act.clone(), name.clone()));
        out.push(Effect::House { token, ask: HouseAsk::Backup { name } });
        Ok(())
    }

    /// [`super::Input::BackedUp`]: what came of it.
    pub(super) fn backed_up(
        &mut self,
        env: &mut Env<'_>,
        outcome: Result<Backup, (String, String)>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        let Some((token, act, name)) = self.house.backup.clone() else { return Ok(()) };
        let (word, event) = match outcome {
            Ok(backup) => ("done".to_owned(), Event::Backup(Box::new(backup))),
            Err((code, detail)) => (code.clone(), Event::Failed { code, detail }),
        };
        self.tell(env, Some(&act), vec![Told::new(AuditAction::Backup, name, word)], out)?;
        self.house.backup = None;
        out.push(Effect::Reply { token, event: Box::new(event) });
        Ok(())
    }
}

/// The time of the first row of a journal that is held here, by its author's clock.
pub(super) fn first_statement(env: &Env<'_>, centre: &CentreCode) -> Result<Option<Time>, ShelfError> {
    let first = env.shelf.entries(centre, 0, 1, FIRST_ROW_BYTES)?;
    Ok(first.first().and_then(|entry| Header::parse(&entry.header).ok()).map(|header| header.at()))
}
