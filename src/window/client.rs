//! A client of a window: one request a connection, over TLS, and nothing larger than a cap.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{WindowError, tls};

/// Largest answer that is read, in bytes: a page of evidence.
pub const ANSWER_MAX_BYTES: usize = 2 * 1024 * 1024;
/// How long a request may take, all in all.
pub const PATIENCE: Duration = Duration::from_secs(30);
const HTTPS_PORT: u16 = 443;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not `https://` with a host and perhaps a port.
    #[error("not an address of https:// with a host and perhaps a port")]
    Address,
    /// The certificates to trust cannot be had.
    #[error(transparent)]
    Trust(#[from] WindowError),
    /// Nobody there, not the one who is trusted, or gone before the answer was.
    #[error("{0}")]
    Unreachable(String),
}

/// One window.
pub struct Client {
    host: String,
    port: u16,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({}:{})", self.host, self.port)
    }
}

fn unreachable(error: impl std::fmt::Display) -> ClientError {
    ClientError::Unreachable(error.to_string())
}

impl Client {
    /// The window at `url`, trusted by the certificates in the file `trusted` alone, or by what the machine trusts.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(url: &str, trusted: Option<&Path>) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|_| ClientError::Address)?;
        let bare = uri.path_and_query().is_none_or(|target| target.as_str() == "/");
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.filter(|_| bare && uri.scheme_str() == Some("https")).ok_or(ClientError::Address)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| ClientError::Address)?;
        let tls = TlsConnector::from(Arc::new(tls::client(trusted)?));
        Ok(Self { port: authority.port_u16().unwrap_or(HTTPS_PORT), host, name, tls })
    }

    /// Sends one request; waits for it on this thread. The status and the body come back.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn send(&self, method: &str, target: &str, authorization: Option<&str>, body: &[u8]) -> Result<(u16, Vec<u8>), ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unreachable)?;
        runtime.block_on(async {
            timeout(PATIENCE, self.exchange(method, target, authorization, body)).await.map_err(|_| unreachable("no answer in time"))?
        })
    }

    async fn exchange(&self, method: &str, target: &str, authorization: Option<&str>, body: &[u8]) -> Result<(u16, Vec<u8>), ClientError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(unreachable)?;
        let stream = self.tls.connect(self.name.clone(), stream).await.map_err(unreachable)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        let connection = tokio::spawn(connection);
        let host = if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) };
        let mut request = Request::builder().method(method).uri(target).header(HOST, host);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).map_err(unreachable)?;
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect().await.map_err(unreachable)?;
        drop(sender);
        connection.abort();
        Ok((status, body.to_bytes().to_vec()))
    }
}
