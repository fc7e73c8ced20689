//! Acting as an operator: the passphrase opens the operator's key here, in the client's memory, and what the operator asks for is signed
//! with it. The peer sees signatures only; the passphrase and the key never leave this process.

use std::path::PathBuf;
use std::time::Duration;

use anju_core::desk::{Act, Event, OperatorKey, Request, Stage};
use anju_core::operator::{OperatorName, SignedAct};
use anju_core::sign::SecretKey;

use super::common::{self, DataArgs};
use super::failure::{Code, Failure};
use super::out::Ctx;
use super::peer::Peer;

/// Who asks, and where their passphrase is.
#[derive(Debug, clap::Args)]
pub(super) struct OperatorArgs {
    #[arg(long, value_name = "OPERATOR", env = "ANJU_OPERATOR")]
    pub(super) operator: OperatorName,
    #[arg(long, value_name = "FILE", env = "ANJU_OPERATOR_PASSPHRASE_FILE")]
    pub(super) operator_passphrase_file: Option<PathBuf>,
}

/// An operator whose key is open. The key is wiped when this goes.
pub(super) struct Acting {
    peer: Peer,
    info: OperatorKey,
    key: SecretKey,
}

impl Acting {
    /// Asks the peer for the operator's sealed key and opens it here: about a tenth of a second.
    ///
    /// # Errors
    /// What keeps the peer from answering; [`Code::OperatorPassphraseWrong`] when the passphrase does not open the key.
    pub(super) fn open(ctx: Ctx, data: &DataArgs, args: &OperatorArgs) -> Result<Self, Failure> {
        let peer = Peer::of(data)?;
        let info = Self::sealed(&peer, &args.operator)?;
        // Asked of the peer first: who misspells a name need not type a passphrase to learn it.
        let ask = ctx.fill("prompt.operator-passphrase", &[("operator", args.operator.as_str())]);
        let passphrase = common::passphrase(ctx, args.operator_passphrase_file.as_deref(), &ask, None)?;
        Self::unlock(peer, info, passphrase.expose())
    }

    /// What the peer has of an operator.
    ///
    /// # Errors
    /// What keeps the peer from answering, or its refusal.
    pub(super) fn sealed(peer: &Peer, name: &OperatorName) -> Result<OperatorKey, Failure> {
        let request = Request::OperatorKey { name: name.clone() };
        match peer.ask(&request, common::PATIENCE, |_| {})? {
            Event::OperatorKey(info) if info.operator.name == *name => Ok(*info),
            _ => Err(common::unexpected()),
        }
    }

    /// Opens the key. The passphrase goes no further.
    ///
    /// # Errors
    /// [`Code::OperatorPassphraseWrong`].
    pub(super) fn unlock(peer: Peer, info: OperatorKey, passphrase: &[u8]) -> Result<Self, Failure> {
        let name = &info.operator.name;
        let opened = info.sealed.open(name, passphrase);
        let key = opened.map_err(|_| Failure::new(Code::OperatorPassphraseWrong).with("operator", name))?;
        Ok(Self { peer, info, key })
    }

    /// What the peer says of the operator.
    pub(super) const fn info(&self) -> &OperatorKey {
        &self.info
    }

    /// The open key, to be sealed under another passphrase.
    pub(super) const fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Signs `act` under a fresh request id and has the peer carry it out.
    ///
    /// # Errors
    /// The peer's refusal, or what keeps it from answering.
    pub(super) fn ask(&self, act: &Act, patience: Duration, progress: impl FnMut(Stage)) -> Result<Event, Failure> {
        self.put(&self.signed(act)?, patience, progress)
    }

    /// Signs `act` under a fresh request id.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(super) fn signed(&self, act: &Act) -> Result<Request, Failure> {
        let OperatorKey { operator, centre, federation, .. } = &self.info;
        let request = common::request_id(None)?;
        Ok(Request::Act(SignedAct::sign(&self.key, &operator.name, centre, federation, common::now(), request, act)))
    }

    /// Has the peer carry out what [`Self::signed`] signed.
    ///
    /// # Errors
    /// The peer's refusal, or what keeps it from answering.
    pub(super) fn put(&self, signed: &Request, patience: Duration, progress: impl FnMut(Stage)) -> Result<Event, Failure> {
        self.peer.ask(signed, patience, progress)
    }
}
