//! From HTTP to the core and back.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anju_core::error::{Refusal, RefusalCode};
use anju_core::names::CentreCode;
use anju_core::time::Time;
use anju_core::window::{Asked, Health, Limiter, MAX_AUTHORIZATION_BYTES, MAX_BODY_BYTES, MAX_TARGET_BYTES, Passed, Rate, Reply, Route};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::OPENAPI;

/// How often one address may ask or connect: some at once, then five a second.
pub const ADDRESS_RATE: Rate = Rate { burst: 100, every_ms: 200 };
/// Most addresses that are remembered at once.
pub const MAX_ADDRESSES: usize = 65_536;
/// How long a body may take to come.
pub const BODY_TIME: Duration = Duration::from_secs(10);
/// How long an answer of the core is waited for.
pub const REPLY_TIME: Duration = Duration::from_secs(15);

/// What all connections share.
pub(super) struct Shared {
    requests: mpsc::Sender<(u64, Asked)>,
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<Reply>>>,
    next: AtomicU64,
    addresses: Mutex<Limiter<IpAddr>>,
    clock: fn() -> Time,
    health: Reply,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in these can be left half changed by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A provider gives a customer at least this much of IPv6: more than one address of it is not more than one customer.
fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

impl Shared {
    pub(super) fn new(requests: mpsc::Sender<(u64, Asked)>, centre: CentreCode, clock: fn() -> Time) -> Self {
        let health = Reply::json(200, &Health { version: env!("CARGO_PKG_VERSION").to_owned(), centre });
        let addresses = Mutex::new(Limiter::new(ADDRESS_RATE, MAX_ADDRESSES));
        Self { requests, waiting: Mutex::default(), next: AtomicU64::new(0), addresses, clock, health }
    }

    /// Whether an address may connect or ask once more.
    pub(super) fn admits(&self, address: IpAddr) -> Passed {
        lock(&self.addresses).take((self.clock)(), customer(address))
    }

    /// Gives a reply to whoever waits for it.
    pub(super) fn route(&self, token: u64, reply: Reply) {
        if let Some(waiting) = lock(&self.waiting).remove(&token) {
            let _ = waiting.send(reply);
        }
    }

    /// Nobody gets an answer any more.
    pub(super) fn close(&self) {
        lock(&self.waiting).clear();
    }

    async fn ask(&self, asked: Asked) -> Reply {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        lock(&self.waiting).insert(token, tell);
        let reply = if self.requests.try_send((token, asked)).is_ok() { timeout(REPLY_TIME, told).await.ok() } else { None };
        lock(&self.waiting).remove(&token);
        reply.and_then(Result::ok).unwrap_or_else(|| Reply::refused(&RefusalCode::WindowBusy.into()))
    }
}

/// Every route of the contract, and a problem for everything else.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let add = |router: Router<Arc<Shared>>, route: Route| {
        let method = if route.method() == "POST" { MethodFilter::POST } else { MethodFilter::GET };
        let handler = match route {
            Route::Health => MethodRouter::new().on(method, |State(shared): State<Arc<Shared>>| async move { response(&shared.health) }),
            Route::OpenApi => {
                MethodRouter::new().on(method, || async { response(&Reply { status: 200, body: OPENAPI.to_owned(), retry_after_s: None }) })
            }
            Route::Certificates | Route::Grants | Route::Revocations | Route::Accesses => MethodRouter::new().on(method, signed),
        };
        router.route(route.path(), handler)
    };
    let router = Route::ALL.into_iter().fold(Router::new(), add);
    let other = |status| move || async move { response(&invalid(status, "path")) };
    router.fallback(other(404)).method_not_allowed_fallback(other(405)).with_state(shared)
}

fn invalid(status: u16, what: &str) -> Reply {
    Reply::problem(status, &Refusal::about(RefusalCode::RequestInvalid, what))
}

async fn signed(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let reply = match read(request).await {
        Ok(asked) => shared.ask(asked).await,
        Err(reply) => reply,
    };
    response(&reply)
}

/// The request as the core wants it.
async fn read(request: Request) -> Result<Asked, Reply> {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map(|target| target.as_str().to_owned()).unwrap_or_default();
    if target.len() > MAX_TARGET_BYTES {
        return Err(invalid(414, "path"));
    }
    // Two headers are as good as none: which of them was meant is not for us to say.
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).into_iter();
    let one = headers.next().filter(|value| headers.next().is_none() && value.len() <= MAX_AUTHORIZATION_BYTES);
    let authorization = one.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = match timeout(BODY_TIME, to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(body)) => body.to_vec(),
        Ok(Err(_)) => return Err(invalid(413, "body")),
        Err(_) => return Err(invalid(408, "body")),
    };
    Ok(Asked { method: parts.method.as_str().to_owned(), target, authorization, body })
}

/// A reply as HTTP. Nothing of it may be kept on the way.
pub(super) fn response(reply: &Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body.clone()));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = reply.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
