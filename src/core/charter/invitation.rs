//! An invitation: what a candidate needs to find the federation that may name it, signed by the member that invites.
//!
//! It lets nobody in. It says under which founding charter, at which stations, until when the candidate may ask for the charter, and
//! for which card: whoever has another card can do nothing with it.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::card::parse_signature;
use super::{CentreCard, Charter, CharterFile};
use crate::names::{CentreCode, Digest, RequestId, StationKey};
use crate::seal::SUITE;
use crate::sign::{Context, SecretKey};
use crate::time::Time;
use crate::wire;

const FILE_FORMAT: &str = "anju-invitation-1";

/// Why an invitation is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Not an invitation file.
    #[error("not an invitation: {0}")]
    Shape(String),
    /// Not signed by a member of the charter that came with it, or altered.
    #[error("the signature of {0} on the invitation does not verify")]
    Signature(CentreCode),
    /// For another card than this centre's.
    #[error("the invitation is for the card with fingerprint {0}")]
    OtherCard(Digest),
    /// Its time is over.
    #[error("the invitation ended at {}", .0.legal_text())]
    Expired(Time),
}

/// What the inviting member signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Invitation {
    /// [`SUITE`].
    #[n(0)]
    pub suite: String,
    /// Its id.
    #[n(1)]
    pub id: RequestId,
    /// Digest of the founding charter.
    #[n(2)]
    pub federation: Digest,
    /// Who invites.
    #[n(3)]
    pub inviter: CentreCode,
    /// Who is invited.
    #[n(4)]
    pub candidate: CentreCode,
    /// Fingerprint of the candidate's card.
    #[n(5)]
    pub card: Digest,
    /// Until when.
    #[n(6)]
    pub until: Time,
    /// The inviting centre's stations.
    #[n(7)]
    pub stations: Vec<Door>,
}

/// A station that a candidate may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
#[cbor(map)]
pub struct Door {
    /// Its key.
    #[n(0)]
    pub station: StationKey,
    /// Where it is reached.
    #[n(1)]
    pub addresses: Vec<String>,
}

/// An invitation with its signature, and the charter file that it is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationFile {
    format: String,
    invitation: Invitation,
    /// By the inviter's signing key, in hex.
    signature: String,
    charter: CharterFile,
}

impl Invitation {
    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> String {
        hex::encode(key.sign(Context::Invitation, &wire::encode(self)).0)
    }
}

impl InvitationFile {
    /// Puts a file together.
    #[must_use]
    pub fn new(invitation: Invitation, signature: String, charter: CharterFile) -> Self {
        Self { format: FILE_FORMAT.to_owned(), invitation, signature, charter }
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a file. Nothing is verified yet.
    ///
    /// # Errors
    /// [`InvitationError::Shape`].
    pub fn parse(text: &str) -> Result<Self, InvitationError> {
        let file: Self = serde_json::from_str(text).map_err(|e| InvitationError::Shape(e.to_string()))?;
        if file.format != FILE_FORMAT || file.invitation.suite != SUITE {
            return Err(InvitationError::Shape(format!("format is not {FILE_FORMAT}")));
        }
        Ok(file)
    }

    /// The charter file that came with it.
    #[must_use]
    pub const fn charter(&self) -> &CharterFile {
        &self.charter
    }

    /// Checks that a member of `charter` invited exactly this card, and that its time is not over. `charter` is what the file's charter
    /// verified as.
    ///
    /// # Errors
    /// [`InvitationError`] with what is wrong.
    pub fn verify(&self, charter: &Charter, card: &CentreCard, now: Time) -> Result<&Invitation, InvitationError> {
        let invitation = &self.invitation;
        let bad = || InvitationError::Signature(invitation.inviter.clone());
        let member = charter.member(&invitation.inviter).filter(|_| invitation.federation == charter.founding()).ok_or_else(bad)?;
        let signature = parse_signature(&self.signature).ok_or_else(bad)?;
        member.signing.verify(Context::Invitation, &wire::encode(invitation), &signature).map_err(|_| bad())?;
        if invitation.card != card.fingerprint() || invitation.candidate != card.centre {
            return Err(InvitationError::OtherCard(invitation.card));
        }
        if invitation.until <= now {
            return Err(InvitationError::Expired(invitation.until));
        }
        Ok(invitation)
    }
}
