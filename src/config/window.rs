//! `[window]`: where the citizens' door is.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[window]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Address and port, such as `0.0.0.0:8443`.
    pub listen: SocketAddr,
    /// The certificate with its chain, as PEM. May be absent on a loopback address only: then one is made at each start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The certificate's key, as PEM; absent with the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

impl Window {
    /// Keys and whether their values are allowed.
    pub(super) fn rules(&self) -> [(&'static str, bool); 2] {
        let (certificate, key) = (self.certificate.is_some(), self.key.is_some());
        [("window.certificate", certificate || (!key && self.listen.ip().is_loopback())), ("window.key", key || !certificate)]
    }
}
