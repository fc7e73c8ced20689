//! Who signs and who is meant: stable identifiers of centres, and thumbprints of keys.
//!
//! A centre's identifier is a URN made of the federation and the centre's code. It names no host, because a centre is found through the
//! charter and never through a web server; verifiers that know nothing of anju accept any non-empty `iss` string once they are
//! given the key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::jws::Jwk;
use crate::names::{CentreCode, FederationName, Thumbprint};
use crate::sign::PublicKey;

/// The issuer that a certificate must come from, as the charter knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerIdentity {
    /// The federation whose charter names the key.
    pub federation: FederationName,
    /// The issuing centre.
    pub centre: CentreCode,
    /// Its signing key.
    pub key: PublicKey,
}

impl IssuerIdentity {
    /// The `iss` its certificates must carry.
    #[must_use]
    pub fn iss(&self) -> String {
        centre_identifier(&self.federation, &self.centre)
    }
}

/// `urn:anju:<federation>:<centre>` (RFC 8141 form; other bytes than letters, digits, `-`, `.`, `_` and `~` percent-encoded): the `iss`
/// of its certificates and the `aud` of key bindings made for it.
#[must_use]
pub fn centre_identifier(federation: &FederationName, centre: &CentreCode) -> String {
    let mut out = String::from("urn:anju:");
    for byte in federation.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out.push(':');
    out.push_str(centre.as_str());
    out
}

/// The origin line of a centre's journal, `anju.<federation>/<centre>` (C2SP tlog-checkpoint): where the state of a certificate stands.
#[must_use]
pub fn journal_origin(federation: &FederationName, centre: &CentreCode) -> String {
    format!("anju.{federation}/{centre}")
}

/// SHA-256 JWK thumbprint of an Ed25519 key (RFC 7638; members of an OKP key as in RFC 8037, appendix A.3).
#[must_use]
pub fn thumbprint(key: &PublicKey) -> Thumbprint {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, Jwk::new(key).x);
    Thumbprint(Sha256::digest(canonical.as_bytes()).into())
}

/// A thumbprint as it stands in JSON: base64url without padding.
#[must_use]
pub fn thumbprint_text(thumbprint: &Thumbprint) -> String {
    URL_SAFE_NO_PAD.encode(thumbprint.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037() {
        let mut key = [0; 32];
        hex::decode_to_slice("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", &mut key).unwrap();
        assert_eq!(thumbprint_text(&thumbprint(&PublicKey(key))), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn an_identifier_is_ascii_and_cannot_be_confused_across_federations() {
        let centre = CentreCode::new("C46010").unwrap();
        let id = |name: &str| centre_identifier(&FederationName::new(name).unwrap(), &centre);
        assert_eq!(id("hainan"), "urn:anju:hainan:C46010");
        assert_eq!(id("海"), "urn:anju:%E6%B5%B7:C46010");
        assert_ne!(id("a:b"), id("a%3Ab"));
    }
}
