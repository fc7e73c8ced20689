//! The peer and an operator's open key, as the screen asks for them: each is what a command does for one request.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anju_core::desk::{Act, Event, Request, Stage};
use anju_core::listing::catalogue::Catalogue;
use anju_core::operator::OperatorName;
use anju_core::time::Time;
use anju_tui::door::{Outcome, Secret, Trouble, TroubleKind, Who, Work};
use anju_tui::watch::Watch;
use anju_tui::{Door, Hand};

use super::work;
use crate::cli::acting::Acting;
use crate::cli::blacklist;
use crate::cli::common::{self, DataArgs};
use crate::cli::failure::{Code, Failure};
use crate::cli::out::Ctx;
use crate::cli::peer::Peer;
use crate::words::Lang;

/// How much longer than the peer is waited for the end of a synchronisation.
const GRACE: Duration = Duration::from_secs(10);

/// The way to the peer of this machine.
#[derive(Debug, Clone)]
pub struct LocalDoor {
    peer: Peer,
    data: Option<DataArgs>,
    /// In JSON nothing is ever said on standard error: the screen is there.
    ctx: Ctx,
}

impl LocalDoor {
    /// To the peer of a data folder; words that jobs write into files are in `lang`.
    ///
    /// # Errors
    /// When the folder or its configuration cannot be read.
    pub fn of(folder: &Path, lang: Lang) -> Result<Self, Trouble> {
        let data = DataArgs { data: folder.to_owned() };
        let peer = Peer::of(&data).map_err(trouble)?;
        Ok(Self::new(peer, Some(data), lang))
    }

    /// To the peer behind a socket. What needs the data folder (imports) is refused.
    ///
    /// # Errors
    /// When no socket can have such a path.
    pub fn at(socket: &Path, lang: Lang) -> Result<Self, Trouble> {
        Ok(Self::new(Peer::at(socket).map_err(trouble)?, None, lang))
    }

    pub(super) const fn new(peer: Peer, data: Option<DataArgs>, lang: Lang) -> Self {
        Self { peer, data, ctx: Ctx { lang, json: true } }
    }
}

impl Door for LocalDoor {
    fn now(&self) -> Time {
        common::now()
    }

    fn log_in(&self, name: &OperatorName, passphrase: &Secret) -> Result<Arc<dyn Hand>, Trouble> {
        let open = || Acting::unlock(self.peer.clone(), Acting::sealed(&self.peer, name)?, passphrase.expose());
        let acting = open().map_err(trouble)?;
        Ok(Arc::new(LocalHand { acting, data: self.data.clone(), ctx: self.ctx }))
    }

    fn ask(&self, request: &Request, stage: &mut dyn FnMut(Stage)) -> Result<Event, Trouble> {
        self.peer.ask(request, patience(request), stage).map_err(trouble)
    }
}

/// An operator whose key is open.
struct LocalHand {
    acting: Acting,
    data: Option<DataArgs>,
    ctx: Ctx,
}

impl Hand for LocalHand {
    fn who(&self) -> Who {
        let info = self.acting.info();
        Who {
            name: info.operator.name.clone(),
            display: info.operator.display.clone(),
            role: info.operator.role,
            centre: info.centre.clone(),
            federation: info.federation.clone(),
        }
    }

    /// The centre's own catalogue, as its peer reads it. Behind a bare socket there is no folder to read it from.
    fn catalogue(&self) -> Catalogue {
        self.data.as_ref().and_then(|data| blacklist::catalogue_of(data).ok()).unwrap_or_default()
    }

    fn act(&self, act: &Act, stage: &mut dyn FnMut(Stage)) -> Result<Event, Trouble> {
        let long = matches!(
            act,
            Act::CertificateIssue { .. }
                | Act::Export { .. }
                | Act::Screen { .. }
                | Act::ImportBegin { .. }
                | Act::ImportRows { .. }
                | Act::ImportFinish { .. }
                | Act::ImportApprove { .. }
                | Act::Backup
                | Act::Dossier(_)
        );
        let patience = if long { common::LONG_PATIENCE } else { common::PATIENCE };
        self.acting.ask(act, patience, stage).map_err(trouble)
    }

    fn work(&self, work: Work, watch: &Watch) -> Result<Outcome, Trouble> {
        let desk = work::Desk { ctx: self.ctx, acting: &self.acting, data: self.data.as_ref() };
        desk.carry_out(work, watch).map_err(trouble)
    }
}

/// How long an answer is waited for.
const fn patience(request: &Request) -> Duration {
    match request {
        Request::Sync { timeout_ms } => Duration::from_millis(*timeout_ms).saturating_add(GRACE),
        Request::Status
        | Request::Trends
        | Request::Logs { .. }
        | Request::System
        | Request::CertificateList { .. }
        | Request::CertificateShow { .. }
        | Request::CertificateFile { .. }
        | Request::Operators
        | Request::OperatorKey { .. }
        | Request::Matters { .. }
        | Request::Matter { .. }
        | Request::Federation
        | Request::FederationHistory { .. }
        | Request::CharterLinks { .. }
        | Request::Catalogues
        | Request::Catalogue { .. }
        | Request::GrantRevoke { .. }
        | Request::Act(_) => common::PATIENCE,
    }
}

/// A command's failure, for the screen to find words for.
fn trouble(failure: Failure) -> Trouble {
    if failure.is(Code::Interrupted) {
        return Watch::stopped();
    }
    let (refused, code, values) = failure.parts();
    let kind = if refused { TroubleKind::Refused } else { TroubleKind::Failed };
    Trouble { kind, code: code.to_owned(), values: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}
