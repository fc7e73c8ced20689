//! Making a grant: the holder's side, given the holder's key and the certificate's content key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRng;

use super::agent::Agent;
use super::claims::{Claims, ClaimsError, GRANT_TYPE, GrantKeys, KEY_BINDING_TYPE, KeyBinding, MAX_GRANT_BYTES, Mode};
use crate::certificate::identity::thumbprint_text;
use crate::certificate::issue::digest_text;
use crate::certificate::jws::{self, Header, Jwk};
use crate::certificate::{Certificate, Reliance, Verified, body, centre_identifier, thumbprint};
use crate::error::{Refusal, RefusalCode};
use crate::names::{CentreCode, FederationName, GrantId};
use crate::seal::hpke::{self, SealingKey};
use crate::seal::{Key, Purpose, SUITE};
use crate::sign::SecretKey;
use crate::time::Time;
use crate::wire;

/// What is to be granted.
pub struct Granting<'a> {
    /// The certificate, verified, with exactly the granted fields opened.
    pub certificate: &'a Verified<Certificate>,
    /// The key that everything in it is sealed under.
    pub content_key: &'a Key,
    /// The federation, which the audience's identifier names.
    pub federation: &'a FederationName,
    /// The one centre it is for.
    pub audience: &'a CentreCode,
    /// That centre's sealing key, from the charter.
    pub audience_key: &'a SealingKey,
    /// Code of the matter.
    pub matter: &'a str,
    /// What the audience may do.
    pub mode: Mode,
    /// First moment of its validity.
    pub not_before: Time,
    /// Last moment of its validity.
    pub expires: Time,
    /// How often it may be used.
    pub uses: u32,
    /// Who presents it in the holder's place, if somebody does.
    pub agent: Option<&'a Agent>,
}

impl Granting<'_> {
    /// Whom the certificate would have to be addressed to.
    #[must_use]
    pub const fn reliance(&self) -> Reliance<'_> {
        Reliance::Centre(self.audience)
    }
}

/// Signs a grant. Returns its text and its id.
///
/// # Errors
/// `ceiling-exceeded` about uses, duration or size; `wrong-addressee`; `holder-mismatch` when `holder` is not the key of the certificate;
/// `wrong-centre` when nothing can be sealed to the audience's key; `request-invalid` for any other claim that no grant may have.
pub fn make(rng: &mut dyn CryptoRng, now: Time, granting: &Granting<'_>, holder: &SecretKey) -> Result<(String, GrantId), Refusal> {
    let certificate = granting.certificate.get();
    if certificate.holder_key != holder.public() {
        return Err(RefusalCode::HolderMismatch.into());
    }
    if let Some(addressee) = certificate.addressee.as_ref().filter(|a| *a != granting.audience) {
        return Err(Refusal::about(RefusalCode::WrongAddressee, addressee.as_str()));
    }
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    let mut claims = claims(granting, GrantId(id));
    if granting.mode == Mode::Details {
        let keys = keys(now, granting, &claims, holder);
        let sealed = hpke::seal(rng, granting.audience_key, Purpose::GrantKeys, &claims.bound(), &keys.to_bytes())
            .map_err(|_| Refusal::about(RefusalCode::WrongCentre, granting.audience.as_str()))?;
        claims.keys = URL_SAFE_NO_PAD.encode(wire::encode(&sealed));
    }
    claims.check().map_err(refusal)?;
    let header = Header { jwk: Some(Jwk::new(&holder.public())), ..Header::new(GRANT_TYPE) };
    let text = jws::sign(&header, &claims, holder);
    if text.len() > MAX_GRANT_BYTES {
        return Err(Refusal::about(RefusalCode::CeilingExceeded, "size"));
    }
    Ok((text, GrantId(id)))
}

fn refusal(error: ClaimsError) -> Refusal {
    match error {
        ClaimsError::Suite | ClaimsError::Form => RefusalCode::RequestInvalid.into(),
        ClaimsError::Ceiling(which) => Refusal::about(RefusalCode::CeilingExceeded, which),
    }
}

fn claims(granting: &Granting<'_>, id: GrantId) -> Claims {
    let certificate = granting.certificate.get();
    Claims {
        suite: SUITE.to_owned(),
        sub: thumbprint_text(&thumbprint(&certificate.holder_key)),
        aud: granting.audience.clone(),
        number: certificate.number.clone(),
        matter: granting.matter.to_owned(),
        mode: granting.mode,
        fields: certificate.fields().names(),
        nbf: granting.not_before.seconds(),
        exp: granting.expires.seconds(),
        uses: granting.uses,
        jti: id.to_string(),
        agent: granting.agent.cloned(),
        keys: String::new(),
    }
}

fn keys(now: Time, granting: &Granting<'_>, claims: &Claims, holder: &SecretKey) -> GrantKeys {
    let certificate = granting.certificate.get();
    let binding = KeyBinding {
        // A grant made ahead of its time is bound as of its first moment: before that nobody may present it.
        iat: now.seconds().max(claims.nbf),
        aud: centre_identifier(granting.federation, granting.audience),
        nonce: claims.jti.clone(),
        sd_hash: digest_text(certificate.presentation()),
    };
    let key_binding = jws::sign(&Header::new(KEY_BINDING_TYPE), &binding, holder);
    let content = granting.content_key;
    let fields: Vec<Key> = claims.fields.iter().map(|name| body::field_key(content, &certificate.number, name)).collect();
    GrantKeys::new(&body::jwt_key(content, &certificate.number), &fields, key_binding)
}
