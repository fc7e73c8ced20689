//! What an operator asks for, signed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Operator, OperatorName};
use crate::desk::Act;
use crate::error::RefusalCode;
use crate::names::{CentreCode, FederationName, RequestId};
use crate::sign::{Context, SecretKey, Signature};
use crate::time::{CLOCK_TOLERANCE_MS, Time};

/// Longest act, in bytes of JSON.
pub const ACT_MAX_BYTES: usize = 512 * 1024;

/// An act as it travels to the peer: exactly the bytes that were signed, and by whom.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAct {
    /// Who asks.
    pub operator: OperatorName,
    /// When, by the client's clock; at most [`CLOCK_TOLERANCE_MS`] from the peer's.
    pub at: Time,
    /// The same id is carried out once.
    pub request: RequestId,
    /// The act as JSON: the bytes that are signed.
    pub act: String,
    /// Ed25519 over centre, federation, operator, time, request and act.
    #[serde(with = "signature_hex")]
    pub signature: Signature,
}

impl std::fmt::Debug for SignedAct {
    /// What is asked for may name a person: it is not printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignedAct({}, {}, ..)", self.operator, self.request)
    }
}

impl SignedAct {
    /// Signs `act` for the peer of `centre` in `federation`.
    #[must_use]
    pub fn sign(
        key: &SecretKey,
        operator: &OperatorName,
        centre: &CentreCode,
        federation: &FederationName,
        at: Time,
        request: RequestId,
        act: &Act,
    ) -> Self {
        let act = serde_json::to_string(act).unwrap_or_default();
        let mut signed = Self { operator: operator.clone(), at, request, act, signature: Signature([0; 64]) };
        signed.signature = key.sign(Context::OperatorAct, &signed.message(centre, federation));
        signed
    }

    /// Checks that `operator` signed this for this peer, now, and reads what it asks for. Whether the role allows it, and whether the
    /// request was made before, is asked afterwards.
    ///
    /// # Errors
    /// `operator-unknown` when the account is disabled or another's, `operator-unproven` when the signature is not theirs or the time
    /// is off, `request-invalid` when the act is none.
    pub fn prove(&self, operator: Operator, centre: &CentreCode, federation: &FederationName, now: Time) -> Result<ProvenAct, RefusalCode> {
        if operator.name != self.operator || operator.disabled.is_some() {
            return Err(RefusalCode::OperatorUnknown);
        }
        let in_time = now.since(self.at).abs() <= CLOCK_TOLERANCE_MS;
        let signed = operator.key.verify(Context::OperatorAct, &self.message(centre, federation), &self.signature).is_ok();
        if !in_time || !signed {
            return Err(RefusalCode::OperatorUnproven);
        }
        if self.act.len() > ACT_MAX_BYTES {
            return Err(RefusalCode::RequestInvalid);
        }
        let act = serde_json::from_str(&self.act).map_err(|_| RefusalCode::RequestInvalid)?;
        Ok(ProvenAct(Arc::new(Proven { operator, act, signed: self.clone() })))
    }

    fn message(&self, centre: &CentreCode, federation: &FederationName) -> Vec<u8> {
        let (at, request) = (self.at.0.to_be_bytes(), self.request.0);
        let parts: [&[u8]; 6] = [
            federation.as_str().as_bytes(),
            centre.as_str().as_bytes(),
            self.operator.as_str().as_bytes(),
            &at,
            &request,
            self.act.as_bytes(),
        ];
        let mut out = Vec::with_capacity(self.act.len() + 160);
        for part in parts {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }
}

/// An act whose operator is proven. Only [`SignedAct::prove`] makes one. A copy is the same one: a page of an import is not read twice.
#[derive(Clone)]
pub struct ProvenAct(Arc<Proven>);

struct Proven {
    operator: Operator,
    act: Act,
    signed: SignedAct,
}

impl std::fmt::Debug for ProvenAct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.signed.fmt(f)
    }
}

impl ProvenAct {
    /// Who asks.
    #[must_use]
    pub fn operator(&self) -> &Operator {
        &self.0.operator
    }

    /// For what.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.0.act
    }

    /// The signed bytes, to be kept as evidence.
    #[must_use]
    pub fn signed(&self) -> &SignedAct {
        &self.0.signed
    }
}

mod signature_hex {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::sign::Signature;

    pub fn serialize<S: Serializer>(signature: &Signature, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(signature.0))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Signature, D::Error> {
        let mut bytes = [0; 64];
        hex::decode_to_slice(String::deserialize(d)?, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Signature(bytes))
    }
}
