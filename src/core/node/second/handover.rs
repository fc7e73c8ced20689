//! What only the centre's keys open, from the writer to the centre's other stations.
//!
//! The copy of the epoch is sealed to the asking station's own key, in the form that members get theirs, so that it is kept, opened and
//! checked against the charter's commitment as any copy is. The accounts come as they are kept: public keys, and secret ones under
//! their owners' passphrases. Who was disabled at the writer is so at the others with the next handover, a minute later at the most
//! while the two are connected.

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::super::message::{Answer, Ask, Decline, Handed, Question};
use super::super::replicate::About;
use super::super::{Effect, Env, Node, fault};
use crate::error::{FaultCode, ShelfError};
use crate::journal::hash;
use crate::names::{Digest, StationKey};
use crate::operator::{MAX_OPERATORS, Operator, OperatorName, Role, SealedKey};
use crate::seal::Purpose;
use crate::seal::hybrid::{self, HybridKey};
use crate::shelf::{CharterWrite, HouseWrite, Write};
use crate::sign::PublicKey;
use crate::time::{MINUTE_MS, SECOND_MS, Time};
use crate::wire;

/// How often a second station asks the writer for what only it can open, in milliseconds.
pub const HANDOVER_EVERY_MS: i64 = MINUTE_MS;
/// How often it does so while the epoch's secrets are missing.
const HURRIED_EVERY_MS: i64 = 2 * SECOND_MS;
/// Largest list of accounts, in bytes.
const MAX_ACCOUNTS_BYTES: usize = MAX_OPERATORS * 1_024;

#[derive(Debug, Default)]
pub(super) struct State {
    asked: Option<Time>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Account {
    #[n(0)]
    name: String,
    #[n(1)]
    display: String,
    #[n(2)]
    staff_no: String,
    #[n(3)]
    role: String,
    #[n(4)]
    key: PublicKey,
    #[n(5)]
    sealed: SealedKey,
    #[n(6)]
    created: Time,
    #[n(7)]
    disabled: Option<Time>,
}

impl From<Operator> for Account {
    fn from(of: Operator) -> Self {
        let (name, role) = (of.name.as_str().to_owned(), of.role.code().to_owned());
        let Operator { display, staff_no, key, sealed, created, disabled, .. } = of;
        Self { name, display, staff_no, role, key, sealed, created, disabled }
    }
}

impl Account {
    fn operator(self) -> Option<Operator> {
        let (name, role) = (OperatorName::new(&self.name).ok()?, Role::from_code(&self.role)?);
        let Self { display, staff_no, key, sealed, created, disabled, .. } = self;
        Some(Operator { name, display, staff_no, role, key, sealed, created, disabled })
    }
}

/// The accounts as they are handed over, in order of their names.
fn accounts(env: &Env<'_>) -> Result<Zeroizing<Vec<u8>>, ShelfError> {
    let accounts: Vec<Account> = env.shelf.operators()?.into_iter().map(Account::from).collect();
    Ok(Zeroizing::new(wire::encode(&accounts)))
}

impl Node {
    /// What accounts are sealed together with: they open for that station of this centre only.
    fn handed_to(&self, station: &StationKey) -> Vec<u8> {
        [self.charter.founding().0.as_slice(), self.centre.as_str().as_bytes(), &station.0].concat()
    }

    /// Asks the writer, every minute and more often while something is missing.
    pub(in crate::node) fn handover_tick(&mut self, env: &mut Env<'_>, out: &mut Vec<Effect>) -> Result<(), ShelfError> {
        let every = if self.has_epoch() { HANDOVER_EVERY_MS } else { HURRIED_EVERY_MS };
        let waits = self.second.handover.asked.is_some_and(|last| env.now.since(last).abs() < every);
        let Some(to) = self.writer_at_hand().filter(|_| !waits) else { return Ok(()) };
        self.second.handover.asked = Some(env.now);
        let question = Question::Handover { hybrid: self.keys.hybrid.public(), accounts: hash::sha256(&accounts(env)?) };
        let bytes = Ask::under(&self.charter, question).to_bytes();
        self.call_about(env, to, About::Handover, bytes, out);
        Ok(())
    }

    /// [`Question::Handover`], at the writer.
    pub(in crate::node) fn hand_over(
        &self,
        env: &mut Env<'_>,
        from: StationKey,
        hybrid: &HybridKey,
        known: Digest,
    ) -> Result<Answer, ShelfError> {
        let secrets = self.secrets.as_ref().filter(|_| self.is_our_second(&from) && self.may_write().is_ok());
        let copy = secrets.and_then(|secrets| secrets.copy_for_station(env.rng, self.charter.federation(), &self.centre, hybrid).ok());
        let Some(copy) = copy else { return Ok(Answer::Declined(Decline::NotHeld)) };
        let plain = accounts(env)?;
        let accounts = if hash::sha256(&plain) == known {
            None
        } else {
            let sealed = hybrid::seal(env.rng, hybrid, Purpose::Handover, &self.handed_to(&from), &plain);
            Some(sealed.map_err(|_| ShelfError::Failed("the accounts cannot be sealed".to_owned()))?)
        };
        Ok(Answer::Handed(Box::new(Handed { copy, accounts })))
    }

    /// What the writer handed over.
    pub(in crate::node) fn handed(
        &mut self,
        env: &Env<'_>,
        from: StationKey,
        handed: &Handed,
        out: &mut Vec<Effect>,
    ) -> Result<(), ShelfError> {
        if self.writer_at_hand() != Some(from) {
            return Ok(()); // It was the writer when it was asked.
        }
        if !self.has_epoch() {
            let charter = self.charter.clone();
            self.take_epoch(env.now, &charter, Some(&handed.copy));
            if self.has_epoch() {
                let (epoch, copy) = (charter.epoch().number, wire::encode(&handed.copy));
                out.push(Effect::Write(Write::Charter(CharterWrite::Copy { epoch, copy })));
            }
        }
        let Some(sealed) = &handed.accounts else { return Ok(()) };
        let bound = self.handed_to(&self.keys.station_key());
        let opened = hybrid::open(&self.keys.hybrid, Purpose::Handover, &bound, sealed).ok();
        let read = opened.and_then(|plain| wire::decode::<Vec<Account>>(&plain, MAX_ACCOUNTS_BYTES).ok());
        let Some(read) = read.filter(|read| read.len() <= MAX_OPERATORS) else {
            fault(out, from, FaultCode::Malformed);
            return Ok(());
        };
        for operator in read.into_iter().filter_map(Account::operator) {
            if env.shelf.operator(&operator.name)?.as_ref() != Some(&operator) {
                out.push(Effect::Write(Write::House(HouseWrite::Operator(operator))));
            }
        }
        Ok(())
    }
}
