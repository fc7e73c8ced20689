//! `anju federation invite`, `uninvite` and `join`: a centre comes in.

use std::path::PathBuf;

use anju_core::charter::{CentreCard, InvitationError, InvitationFile, MAX_CHARTER_BYTES};
use anju_core::desk::{Event, FederationAct};
use anju_core::names::RequestId;
use anju_core::time::{HOUR_MS, Time};
use serde_json::json;

use super::propose::read_card;
use super::{Who, show};
use crate::cli::common::{self, DataArgs};
use crate::cli::failure::{Code, Failure};
use crate::cli::out::{Ctx, Done};
use crate::cli::text::clean;
use crate::config::atomic;

/// How long an invitation holds unless it is said, in hours: two weeks.
const VALID_HOURS: u32 = 14 * 24;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Invite {
    #[arg(long, value_name = "FILE")]
    card: PathBuf,
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[arg(long, value_name = "HOURS", default_value_t = VALID_HOURS)]
    valid_hours: u32,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Uninvite {
    #[arg(value_name = "ID")]
    id: RequestId,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Join {
    #[arg(value_name = "FILE")]
    invitation: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

pub(super) fn invite(ctx: Ctx, args: &Invite) -> Result<Done, Failure> {
    let card = read_card(&args.card, args.fingerprint.as_deref())?;
    let (centre, fingerprint) = (card.centre.clone(), card.fingerprint().to_string());
    let charter = show::whole_charter(&args.who.data)?;
    let asked = FederationAct::Invite { card: Box::new(card), valid_ms: i64::from(args.valid_hours) * HOUR_MS };
    let Event::Invited { invitation, signature } = args.who.ask(ctx, asked)? else { return Err(common::unexpected()) };
    let (id, until) = (invitation.id, invitation.until);
    common::write_out(&args.out, InvitationFile::new(*invitation, signature, charter).to_text().as_bytes(), atomic::PUBLIC)?;
    let out = common::shown(&args.out);
    let values = [
        ("centre", centre.as_str()),
        ("fingerprint", &fingerprint),
        ("out", &out),
        ("until", &until.legal_text()),
        ("id", &id.to_string()),
    ];
    Ok(Done::new(
        json!({ "id": id, "centre": centre, "fingerprint": fingerprint, "until": until, "file": out }),
        ctx.fill("federation.invited", &values),
    ))
}

pub(super) fn uninvite(ctx: Ctx, args: &Uninvite) -> Result<Done, Failure> {
    match args.who.ask(ctx, FederationAct::Uninvite { id: args.id })? {
        Event::Done => Ok(Done::new(json!({ "id": args.id }), ctx.say("federation.uninvited"))),
        _ => Err(common::unexpected()),
    }
}

pub(super) fn join(ctx: Ctx, args: &Join) -> Result<Done, Failure> {
    let (folder, config) = args.data.open()?;
    let text = common::read_text_of(&args.invitation, MAX_CHARTER_BYTES as u64)?;
    let path = common::shown(&args.invitation);
    let failure = |e: InvitationError| invitation_failure(e).with("path", &path);
    let file = InvitationFile::parse(&text).map_err(failure)?;
    let charter = file.charter().verify().map_err(super::charter_failure)?;
    let card = CentreCard::parse(&common::read_text(&folder.card())?).map_err(common::card_failure)?;
    let invitation = file.verify(&charter, &card, common::now()).map_err(failure)?.clone();
    let _lock = folder.lock().map_err(|e| common::folder_failure(folder.root(), e))?;
    if folder.charter().symlink_metadata().is_ok() {
        let before = super::read_charter(&folder.charter())?.verify_founding().map_err(super::charter_failure)?;
        // An invitation that came late, or once more, to the same federation may be taken; another federation is another centre's.
        if before.founding() != charter.founding() || charter.member(&config.centre.code).is_some() {
            return Err(Failure::new(Code::CharterOther).with("path", common::shown(&folder.charter())).with("digest", before.digest()));
        }
    }
    let write =
        |path: PathBuf, text: String| atomic::replace(&path, text.as_bytes(), atomic::PUBLIC).map_err(|e| common::write_failure(&path, &e));
    write(folder.charter(), file.charter().to_text())?;
    write(folder.invitation(), text)?;
    let values = [
        ("name", clean(charter.federation().as_str())),
        ("digest", charter.founding().to_string()),
        ("version", charter.version().to_string()),
        ("members", charter.members().len().to_string()),
        ("inviter", invitation.inviter.to_string()),
        ("fingerprint", card.fingerprint().to_string()),
        ("until", invitation.until.legal_text()),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let json = json!({
        "federation": charter.federation(), "founding": charter.founding(), "version": charter.version(),
        "inviter": invitation.inviter, "until": invitation.until, "fingerprint": card.fingerprint(),
    });
    Ok(Done::new(json, ctx.fill("federation.joined", &values)))
}

/// Words for what is wrong with an invitation.
pub(in crate::cli) fn invitation_failure(error: InvitationError) -> Failure {
    let text = |at: Time| at.legal_text();
    match error {
        InvitationError::Shape(detail) => Failure::new(Code::InvitationShape).with("detail", detail),
        InvitationError::Signature(centre) => Failure::new(Code::InvitationSignature).with("centre", centre),
        InvitationError::OtherCard(card) => Failure::new(Code::InvitationOtherCard).with("fingerprint", card),
        InvitationError::Expired(at) => Failure::new(Code::InvitationExpired).with("until", text(at)),
    }
}
