//! The body of an `access.recorded` statement: who used which grant for what, refused uses included.
//!
//! Sealed once under a random key; that key is sealed to the author, then the issuer, then the holder, without saying to whom. Readers
//! know their place by who they are. Where the certificate is unknown there is only the author. That `author` is the centre whose
//! journal it stands in is for the reader to check.

use minicbor::{Decode, Encode};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::claims::{MAX_MATTER_BYTES, is_code};
use crate::certificate::padding;
use crate::certificate::schema::MAX_FIELDS;
use crate::error::RefusalCode;
use crate::names::{CentreCode, CertificateNumber, Digest, GrantId, RequestId};
use crate::seal::hpke::{self, OpeningKey, Sealed, SealingKey};
use crate::seal::{Key, Purpose, SUITE, Unopened, aead};
use crate::time::Time;
use crate::wire::{self, WireError};

/// Most bytes of a sealed access record.
pub const MAX_ACCESS_BYTES: usize = 4 * 1024;
/// Longest business number, in bytes of UTF-8.
pub const MAX_BUSINESS_NO_BYTES: usize = 64;
/// Longest code of a legal basis, in bytes.
pub const MAX_LEGAL_BASIS_BYTES: usize = 64;
/// The record is padded to a multiple of this many bytes, so that its length does not tell a refusal from a release of a few fields.
pub const PADDING_BLOCK_BYTES: usize = 512;
/// Place of the author among the recipients.
pub const SLOT_AUTHOR: usize = 0;
/// Place of the certificate's issuer.
pub const SLOT_ISSUER: usize = 1;
/// Place of the certificate's holder.
pub const SLOT_HOLDER: usize = 2;
const MAX_SLOTS: usize = 3;

/// One use of a grant. The business number is personal; so is the whole, to the holder.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Access {
    /// The centre in whose journal it stands: the one that looked, or the issuer where it alone could answer.
    #[n(0)]
    pub author: CentreCode,
    /// The issuer of the certificate, by its number.
    #[n(1)]
    pub issuer: CentreCode,
    /// The asker's id of the request.
    #[n(2)]
    pub request: RequestId,
    /// Digest over what was asked.
    #[n(3)]
    pub asked: Digest,
    /// Id of the grant.
    #[n(4)]
    pub grant: GrantId,
    /// The certificate.
    #[n(5)]
    pub number: CertificateNumber,
    /// Code of the matter.
    #[n(6)]
    pub matter: String,
    /// The asker's business number.
    #[n(7)]
    pub business_no: String,
    /// Code of the legal basis.
    #[n(8)]
    pub legal_basis: String,
    /// Fields released, in certificate order; none when refused.
    #[n(9)]
    pub fields: Vec<String>,
    /// Why it was refused, if it was.
    #[cbor(n(10), with = "refusal_code")]
    pub refused: Option<RefusalCode>,
    /// When.
    #[n(11)]
    pub at: Time,
    /// The centre that looked, where the author answered it; the author itself when absent.
    #[n(12)]
    pub asker: Option<CentreCode>,
    /// Code of what was done; `details` when absent.
    #[n(13)]
    pub mode: Option<String>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({}, {})", self.author, self.number)
    }
}

/// Why an access record cannot be sealed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A text is longer than allowed or not of its form.
    #[error("{0} is not of its form")]
    Form(&'static str),
    /// Not an access record.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It does not open with this key in this place, or cannot be sealed to a recipient's key.
    #[error(transparent)]
    Unopened(#[from] Unopened),
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Envelope {
    #[n(0)]
    suite: String,
    #[n(1)]
    recipients: Vec<Sealed>,
    #[cbor(n(2), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

impl Access {
    fn check(&self) -> Result<(), AccessError> {
        let business_no = self.business_no.len() <= MAX_BUSINESS_NO_BYTES && !self.business_no.chars().any(char::is_control);
        let checks = [
            (is_code(&self.matter, MAX_MATTER_BYTES), "matter"),
            (business_no && !self.business_no.is_empty(), "business number"),
            (is_code(&self.legal_basis, MAX_LEGAL_BASIS_BYTES), "legal basis"),
            (self.fields.len() <= MAX_FIELDS && self.fields.iter().all(|name| is_code(name, 32)), "fields"),
            (self.issuer == self.number.centre(), "issuer"),
            (self.mode.as_ref().is_none_or(|mode| is_code(mode, 16)), "mode"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(AccessError::Form(what)))
    }
}

/// Seals a record to its author, and to the issuer and the holder where they are known.
///
/// # Errors
/// [`AccessError`] when a text is not of its form or a recipient's key is one nothing may be sealed to.
pub fn seal(
    rng: &mut dyn CryptoRng,
    access: &Access,
    author: &SealingKey,
    others: Option<(&SealingKey, &SealingKey)>,
) -> Result<Vec<u8>, AccessError> {
    access.check()?;
    let key = Key::random(rng);
    let plain = Zeroizing::new(wire::encode(access));
    let sealed = aead::seal(rng, &key, Purpose::Access, &[SUITE.as_bytes()], &padding::pad(&plain, PADDING_BLOCK_BYTES));
    let mut recipients = Vec::with_capacity(MAX_SLOTS);
    let keys = std::iter::once(author).chain(others.into_iter().flat_map(|(issuer, holder)| [issuer, holder]));
    for (slot, to) in keys.enumerate() {
        recipients.push(hpke::seal(rng, to, Purpose::Access, &bound(slot, &sealed), key.expose())?);
    }
    Ok(wire::encode(&Envelope { suite: SUITE.to_owned(), recipients, sealed }))
}

/// Opens a record as the recipient in place `slot` ([`SLOT_AUTHOR`], [`SLOT_ISSUER`] or [`SLOT_HOLDER`]).
///
/// # Errors
/// [`AccessError`] when it is not a record, or not for this key in this place.
pub fn open(key: &OpeningKey, slot: usize, bytes: &[u8]) -> Result<Access, AccessError> {
    let envelope: Envelope = wire::decode(bytes, MAX_ACCESS_BYTES)?;
    let places = envelope.recipients.len();
    if envelope.suite != SUITE || (places != 1 && places != MAX_SLOTS) {
        return Err(AccessError::Form("envelope"));
    }
    let recipient = envelope.recipients.get(slot).ok_or(Unopened)?;
    let content = hpke::open(key, Purpose::Access, &bound(slot, &envelope.sealed), recipient)?;
    let content = Key::from_bytes(content.as_slice().try_into().map_err(|_| Unopened)?);
    let padded = aead::open(&content, Purpose::Access, &[SUITE.as_bytes()], &envelope.sealed)?;
    let plain = padding::unpad(&padded, PADDING_BLOCK_BYTES).ok_or(Unopened)?;
    let access: Access = wire::decode(plain, MAX_ACCESS_BYTES)?;
    access.check()?;
    Ok(access)
}

/// A recipient's key is bound to its place and to the sealed record, so that neither can be exchanged.
fn bound(slot: usize, sealed: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::try_from(slot).unwrap_or(u8::MAX)];
    out.extend_from_slice(&Sha256::digest(sealed));
    out
}

mod refusal_code {
    use minicbor::decode::Error;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use crate::error::RefusalCode;

    pub fn encode<C, W: Write>(code: &Option<RefusalCode>, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        match code {
            Some(code) => e.str(code.as_str())?,
            None => e.null()?,
        };
        Ok(())
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Option<RefusalCode>, Error> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        d.str()?.parse().map(Some).map_err(|_| Error::message("refusal code"))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn access() -> Access {
        Access {
            author: CentreCode::new("C46020").unwrap(),
            issuer: CentreCode::new("C46010").unwrap(),
            request: RequestId([1; 16]),
            asked: Digest([2; 32]),
            grant: GrantId([3; 16]),
            number: CertificateNumber::new("C46010-YDDKJCZM-2026-000001").unwrap(),
            matter: "cross-region-loan".to_owned(),
            business_no: "三亚贷2026-0042".to_owned(),
            legal_basis: "holder-consent".to_owned(),
            fields: vec!["name".to_owned(), "balance".to_owned()],
            refused: None,
            at: Time(1_795_000_000_000),
            asker: None,
            mode: None,
        }
    }

    #[test]
    fn author_issuer_and_holder_each_read_the_record_in_their_place_and_nobody_else() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(5);
        let keys: Vec<OpeningKey> = (0..4).map(|_| OpeningKey::random(&mut rng)).collect();
        let others = (&keys[1].public(), &keys[2].public());
        let bytes = seal(&mut rng, &access(), &keys[0].public(), Some(others)).unwrap();
        for (slot, key) in keys[..3].iter().enumerate() {
            assert!(open(key, slot, &bytes).unwrap() == access());
            assert!(open(key, (slot + 1) % 3, &bytes).is_err());
        }
        assert!((0..4).all(|slot| open(&keys[3], slot, &bytes).is_err()));
        assert!(bytes.len() < 1024);
    }

    #[test]
    fn a_recipients_key_opens_in_its_own_place_only() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(9);
        let keys: Vec<OpeningKey> = (0..3).map(|_| OpeningKey::random(&mut rng)).collect();
        let bytes = seal(&mut rng, &access(), &keys[0].public(), Some((&keys[1].public(), &keys[2].public()))).unwrap();
        let mut envelope: Envelope = wire::decode(&bytes, MAX_ACCESS_BYTES).unwrap();
        envelope.recipients.swap(SLOT_ISSUER, SLOT_HOLDER);
        let moved = wire::encode(&envelope);
        assert!(open(&keys[0], SLOT_AUTHOR, &moved).is_ok(), "the others' keys are not the author's business");
        for (key, slot) in [(&keys[1], SLOT_HOLDER), (&keys[2], SLOT_ISSUER)] {
            assert!(open(key, slot, &moved).is_err());
        }
    }

    #[test]
    fn a_refused_use_of_an_unknown_certificate_is_for_the_author_alone() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(6);
        let author = OpeningKey::random(&mut rng);
        let refused = Access { refused: Some(RefusalCode::CertificateUnknown), fields: Vec::new(), ..access() };
        let bytes = seal(&mut rng, &refused, &author.public(), None).unwrap();
        assert!(open(&author, SLOT_AUTHOR, &bytes).unwrap() == refused);
        assert!(open(&author, SLOT_ISSUER, &bytes).is_err());
    }

    #[test]
    fn an_altered_record_does_not_open_and_its_length_does_not_tell_the_outcome() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        let author = OpeningKey::random(&mut rng);
        let bytes = seal(&mut rng, &access(), &author.public(), None).unwrap();
        for i in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[i] ^= 1;
            assert!(open(&author, SLOT_AUTHOR, &altered).is_err(), "byte {i}");
        }
        let refused = Access { refused: Some(RefusalCode::GrantUsedUp), fields: Vec::new(), ..access() };
        assert_eq!(seal(&mut rng, &refused, &author.public(), None).unwrap().len(), bytes.len());
    }

    #[test]
    fn texts_longer_than_allowed_are_not_sealed() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(8);
        let key = OpeningKey::random(&mut rng).public();
        let long = |n: usize| "x".repeat(n);
        for bad in [
            Access { matter: long(65), ..access() },
            Access { business_no: long(65), ..access() },
            Access { business_no: String::new(), ..access() },
            Access { legal_basis: long(65), ..access() },
            Access { fields: vec!["name".to_owned(); 33], ..access() },
            Access { issuer: CentreCode::new("C50010").unwrap(), ..access() },
        ] {
            assert!(matches!(seal(&mut rng, &bad, &key, None), Err(AccessError::Form(_))));
        }
    }
}
