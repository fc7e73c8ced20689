//! Certificates: the configured ones, a made one for this machine, and whom a client trusts.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use zeroize::Zeroizing;

use super::{Opening, WindowError};
use crate::config::atomic;

/// Largest PEM file that is read, in bytes.
const PEM_MAX_BYTES: u64 = 256 * 1024;
const PROTOCOL: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn failed(error: impl std::fmt::Display) -> WindowError {
    WindowError::Tls(error.to_string())
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, WindowError> {
    atomic::read_capped(path, PEM_MAX_BYTES).map(Zeroizing::new).map_err(|error| WindowError::File { path: path.to_owned(), error })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, WindowError> {
    let missing = || WindowError::Pem { path: path.to_owned(), what: "certificate" };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<_, _>>().map_err(|_| missing())?;
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}

/// What the server shows: the configured certificate, or one for this machine alone that is made anew.
pub(super) fn server(opening: &Opening) -> Result<ServerConfig, WindowError> {
    let (chain, key) = match &opening.tls {
        Some((certificate, key)) => {
            let missing = |_| WindowError::Pem { path: key.clone(), what: "key" };
            refuse_open(key)?;
            (certificates(certificate)?, PrivateKeyDer::from_pem_slice(&read(key)?).map_err(missing)?)
        }
        None if opening.listen.ip().is_loopback() => made(opening.listen.ip(), &opening.made_certificate)?,
        None => return Err(WindowError::NotLoopback(opening.listen)),
    };
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(failed)?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, key).map_err(failed)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// A group may share the key, as where certificates are renewed by another account; everybody may not.
fn refuse_open(key: &Path) -> Result<(), WindowError> {
    let file = |error| WindowError::File { path: key.to_owned(), error };
    let mode = std::fs::metadata(key).map_err(file)?.permissions().mode();
    if mode & 0o007 == 0 { Ok(()) } else { Err(WindowError::KeyOpen { path: key.to_owned() }) }
}

/// A certificate for `localhost` and `ip`; its public half is left at `path`, its key nowhere.
fn made(ip: IpAddr, path: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), WindowError> {
    let names = vec!["localhost".to_owned(), ip.to_string()];
    let rcgen::CertifiedKey { cert, key_pair } = rcgen::generate_simple_self_signed(names).map_err(failed)?;
    atomic::replace(path, cert.pem().as_bytes(), atomic::PUBLIC).map_err(|error| WindowError::File { path: path.to_owned(), error })?;
    Ok((vec![cert.der().clone()], PrivatePkcs8KeyDer::from(key_pair.serialize_der()).into()))
}

/// Whom the client trusts: the certificates of this file and nobody else, or those that the machine trusts.
pub(super) fn client(trusted: Option<&Path>) -> Result<ClientConfig, WindowError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = trusted {
        certificates(path)?.into_iter().try_for_each(|certificate| roots.add(certificate)).map_err(failed)?;
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(failed)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}
