//! The citizens' door: HTTPS for holders' apps, and a small client of it for `anju holder`.
//!
//! Nothing is decided here. A request is carried to the core as it came (method, path, one header, body) and its reply carried back; what
//! stands here is what HTTP and TLS need: certificates, sizes, times, how many at once. What must never be here: a check of a signature, a
//! body or a key in the log, a second port without TLS.

pub mod client;
mod door;
mod router;
#[cfg(test)]
mod tests;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

pub use client::{Client, ClientError};
pub use door::Door;

use anju_core::names::CentreCode;

/// The contract of the routes, as it is served.
pub const OPENAPI: &str = include_str!("../../schemas/window.openapi.json");

/// Where the door is to be and what it shows.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Address and port.
    pub listen: SocketAddr,
    /// Certificate chain and key as PEM files; a self-signed certificate is made when there are none.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where the made certificate is left for clients on this machine.
    pub made_certificate: PathBuf,
    /// Whose window it is.
    pub centre: CentreCode,
}

/// Why a window does not open.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// The address is in use or is not this machine's.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file holds no certificate or no key.
    #[error("{path}: no {what} in it", path = path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// Certificate and key do not go together, or TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// Everybody on this machine may read the key.
    #[error("{path}: others may read this key; chmod o= {path}", path = path.display())]
    KeyOpen {
        /// Which.
        path: PathBuf,
    },
    /// Without files only this machine may be listened at.
    #[error("a window on {0} needs a certificate")]
    NotLoopback(SocketAddr),
}
