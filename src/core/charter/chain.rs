//! The charter as evidence carries it: the founding version and who signed it, and every link to the newest version. No copy of an
//! epoch: whoever is shown evidence opens nothing, and what nobody signs would be bytes that no check covers.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::content::MAX_VERSIONS;
use super::file::founded;
use super::link::{Approval, Link};
use super::{Charter, CharterError, CharterFile, MAX_MEMBERS};

/// A charter's chain: not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Chain {
    /// The founding version's deterministic CBOR.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub founding: Vec<u8>,
    /// Every founder's signature over its digest, in order of their codes.
    #[n(1)]
    pub signatures: Vec<Approval>,
    /// The versions behind it, oldest first, each a link's bytes.
    #[n(2)]
    pub links: Vec<ByteVec>,
}

impl Chain {
    /// The chain of a charter file.
    ///
    /// # Errors
    /// [`CharterError`] when a part of the file is not what it should be. Nothing is verified.
    pub fn of(file: &CharterFile) -> Result<Self, CharterError> {
        let (founding, signatures) = file.founding_parts()?;
        let links = file.links().map(|link| Ok(link?.to_bytes().into())).collect::<Result<_, CharterError>>()?;
        let signatures = signatures.into_iter().map(|(centre, signature)| Approval { centre, signature }).collect();
        Ok(Self { founding, signatures, links })
    }

    /// Whether it keeps to its caps.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.signatures.len() <= MAX_MEMBERS && (self.links.len() as u64) < MAX_VERSIONS
    }

    /// Verifies that every founder has signed the founding version, and that nothing else stands beside their signatures.
    ///
    /// # Errors
    /// [`CharterError`] naming who has not signed, or whose signature does not verify.
    pub fn verify_founding(&self) -> Result<Charter, CharterError> {
        if !self.signatures.windows(2).all(|pair| pair[0].centre < pair[1].centre) {
            return Err(CharterError::Rule("the signatures are not in order"));
        }
        let signatures: BTreeMap<_, _> = self.signatures.iter().map(|by| (by.centre.clone(), by.signature)).collect();
        founded(&self.founding, &signatures)
    }

    /// The links behind the founding version. Nothing is verified.
    pub fn links(&self) -> impl Iterator<Item = Result<Link, CharterError>> {
        self.links.iter().map(|bytes| Link::decode(bytes))
    }
}
