//! The bodies of `matter.published` and `catalogue.published`: what every member reads, and judges as its author's own peer did.

use minicbor::{Decode, Encode};

use super::{DataCatalogue, Matter};
use crate::error::{Fault, FaultCode};
use crate::seal::SUITE;
use crate::wire;

/// Most bytes of either body.
pub const MAX_MATTER_BODY_BYTES: usize = 48 * 1024;

/// That a centre's matter is, from a day on, this.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MatterBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The matter.
    #[n(1)]
    pub matter: Matter,
}

/// That a centre's catalogue is this.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CatalogueBody {
    /// The suite.
    #[n(0)]
    pub suite: String,
    /// The catalogue.
    #[n(1)]
    pub catalogue: DataCatalogue,
}

impl MatterBody {
    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(matter: &Matter) -> Vec<u8> {
        wire::encode(&Self { suite: SUITE.to_owned(), matter: matter.clone() })
    }

    /// Reads a body and judges what is in it.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(bytes: &[u8]) -> Result<Matter, Fault> {
        let body: Self = wire::decode(bytes, MAX_MATTER_BODY_BYTES)?;
        let sound = body.suite == SUITE && body.matter.check().is_ok();
        if sound { Ok(body.matter) } else { Err(Fault::new(FaultCode::BadStatement, "matter.published")) }
    }
}

impl CatalogueBody {
    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(catalogue: &DataCatalogue) -> Vec<u8> {
        wire::encode(&Self { suite: SUITE.to_owned(), catalogue: catalogue.clone() })
    }

    /// Reads a body and judges what is in it.
    ///
    /// # Errors
    /// [`Fault`] with `oversized`, `malformed` or `bad-statement`.
    pub fn parse(bytes: &[u8]) -> Result<DataCatalogue, Fault> {
        let body: Self = wire::decode(bytes, MAX_MATTER_BODY_BYTES)?;
        let sound = body.suite == SUITE && body.catalogue.check().is_ok();
        if sound { Ok(body.catalogue) } else { Err(Fault::new(FaultCode::BadStatement, "catalogue.published")) }
    }
}
