//! Connections: TLS, one request after the other, and an end to each of them.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anju_core::error::{Refusal, RefusalCode};
use anju_core::names::CentreCode;
use anju_core::time::Time;
use anju_core::window::{Asked, Passed, Reply};
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::router::{Shared, response, router};
use super::{Opening, WindowError, tls};

/// Most connections at once; who comes later is let go before TLS.
pub const CONNECTIONS_MAX: usize = 512;
/// How long TLS may take to begin.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// How long the head of a request may take to come, and how long a connection may be idle.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a connection may last.
pub const CONNECTION_TIME: Duration = Duration::from_mins(2);
/// Most headers of a request.
pub const HEADERS_MAX: usize = 32;
/// Most bytes of a request's head.
pub const HEAD_MAX_BYTES: usize = 16 * 1024;
/// How long requests in hand may take when the window closes.
const FAREWELL_TIME: Duration = Duration::from_secs(2);
/// Rest after an accept that failed, for instance because there are no file handles left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// An open window.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: TlsAcceptor,
    centre: CentreCode,
    clock: fn() -> Time,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({})", self.address)
    }
}

impl Door {
    /// Opens the window. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`WindowError`].
    pub async fn open(opening: &Opening, clock: fn() -> Time) -> Result<Self, WindowError> {
        let unheard = |error| WindowError::Listen { address: opening.listen, error };
        let tls = TlsAcceptor::from(Arc::new(tls::server(opening)?));
        let listener = TcpListener::bind(opening.listen).await.map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        Ok(Self { listener, address, tls, centre: opening.centre.clone(), clock })
    }

    /// Where it is, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets clients in, hands their requests to `requests` under a token, and routes `replies` back by token. Ends when the sender of
    /// `replies` is dropped: requests in hand get a moment.
    pub async fn serve(self, requests: mpsc::Sender<(u64, Asked)>, mut replies: mpsc::Receiver<(u64, Reply)>) {
        let shared = Arc::new(Shared::new(requests, self.centre, self.clock));
        let router = router(Arc::clone(&shared));
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (close, closing) = watch::channel(());
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                reply = replies.recv() => match reply {
                    Some((token, reply)) => shared.route(token, reply),
                    None => break,
                },
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                        if shared.admits(from.ip()) != Passed::Yes {
                            continue;
                        }
                        let connection = Connection {
                            from: from.ip(), tls: self.tls.clone(), shared: Arc::clone(&shared), router: router.clone(), closing: closing.clone(),
                        };
                        connections.spawn(async move {
                            connection.run(stream).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the window could not accept a client");
                        sleep(ACCEPT_REST).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        shared.close();
        drop(close);
        let farewell = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(FAREWELL_TIME, farewell).await;
    }
}

struct Connection {
    from: IpAddr,
    tls: TlsAcceptor,
    shared: Arc<Shared>,
    router: Router,
    closing: watch::Receiver<()>,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        let Self { from, tls, shared, router, mut closing } = self;
        let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME, tls.accept(stream)).await else { return };
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (shared, inner) = (Arc::clone(&shared), TowerToHyperService::new(router.clone()));
            async move {
                match shared.admits(from) {
                    Passed::Yes => inner.call(request).await,
                    Passed::Wait(ms) => Ok(response(&Reply::refused(&Refusal::about(RefusalCode::TooManyRequests, ms.to_string())))),
                    Passed::Full => Ok(response(&Reply::refused(&RefusalCode::WindowBusy.into()))),
                }
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_headers(HEADERS_MAX).max_buf_size(HEAD_MAX_BYTES);
        let mut served = pin!(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = served.as_mut() => return,
            _ = closing.changed() => {}
            () = sleep(CONNECTION_TIME) => {}
        }
        served.as_mut().graceful_shutdown();
        let _ = timeout(FAREWELL_TIME, served).await;
    }
}
