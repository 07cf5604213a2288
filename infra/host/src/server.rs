//! The HTTP trigger: connections, routing, the way to guest instances, and an orderly end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::headers;
use crate::instance::{Busy, Handler};
use crate::manifest::StaticResponse;
use crate::router::{Match, Router};

/// Paths under this prefix are the host's own.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// The client address a chained request carries.
const CHAINED_CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
/// How long requests in flight, and then what follows their responses, may take once the host is told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// How often it is checked whether all instances are idle.
const DRAIN_POLL: Duration = Duration::from_millis(10);
/// The pause after a failed `accept`, as when no file descriptors are left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a client may take for a request's head, and keep a connection without one: those on slow networks take a
/// second. Spin waits for ever; a client that never ends its head would cost a connection each.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How often an HTTP/2 client has to show that it is there.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Connections at once. A process may mostly have 1,024 files open (`ulimit -n`): this leaves some for databases.
const MAX_CONNECTIONS: usize = 900;
/// What a client is told that comes beyond, so that it comes again.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What a route leads to.
pub enum Target {
    /// The component of this id.
    Component(String),
    /// A response the host gives.
    Static(Box<StaticResponse>),
}

/// The way from a request to whoever answers it; shared by the server and by guests that chain.
pub struct Dispatcher {
    router: Router<Target>,
    handlers: HashMap<String, (Target, ProxyHandler<Handler>)>,
    info: Bytes,
    busy: Busy,
    address: OnceLock<SocketAddr>,
}

impl Dispatcher {
    /// A dispatcher over compiled components. `info` is what `/.well-known/spin/info` answers.
    pub fn new(router: Router<Target>, handlers: Vec<(String, Handler)>, info: Bytes, busy: Busy) -> Self {
        let entry =
            |(id, handler): (String, _)| (id.clone(), (Target::Component(id), ProxyHandler::new(handler)));
        let handlers = handlers.into_iter().map(entry).collect();
        Self { router, handlers, info, busy, address: OnceLock::new() }
    }

    /// Where the server listens, once it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    /// A request of one component to another.
    pub async fn chain(&self, id: &str, request: Request<WasiBody>) -> Result<Response<WasiBody>, Error> {
        // Spin traps the caller here.
        let (target, _) = self.handlers.get(id).ok_or(Error::DestinationNotFound)?;
        let path = request.uri().path().to_owned();
        let answer = self.answer(request, Match::chained(target, &path), CHAINED_CLIENT).await;
        answer.map_err(|error| Error::InternalError(Some(error.to_string())))
    }

    /// A request from outside. An error closes the connection, as in Spin.
    async fn handle(&self, mut request: Request<WasiBody>, client: SocketAddr) -> Result<Response<WasiBody>> {
        headers::strip_forbidden(request.headers_mut());
        let path = request.uri().path().to_owned();
        match (path.strip_prefix(WELL_KNOWN), self.router.route(&path)) {
            (Some("health"), _) => Ok(plain(StatusCode::OK, Bytes::from_static(b"OK"))),
            (Some("info"), _) => {
                let mut response = plain(StatusCode::OK, self.info.clone());
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Ok(response)
            }
            (None, Some(matched)) => self.answer(request, matched, client).await,
            _ => Ok(plain(StatusCode::NOT_FOUND, Bytes::new())),
        }
    }

    async fn answer(
        &self,
        mut request: Request<WasiBody>,
        matched: Match<'_, Target>,
        client: SocketAddr,
    ) -> Result<Response<WasiBody>> {
        headers::absolutize(&mut request)?;
        let id = match matched.target {
            Target::Static(response) => return static_response(response),
            Target::Component(id) => id,
        };
        let (_, handler) = self.handlers.get(id).with_context(|| format!("unknown component {id:?}"))?;
        let answer = match headers::append_spin(&mut request, &matched, client) {
            Ok(()) => handler.handle((), request).await.map_err(anyhow::Error::from),
            Err(error) => Err(error),
        };
        Ok(answer.unwrap_or_else(|error| {
            logline::log!("{id}: the request failed: {error:#}");
            plain(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
        }))
    }
}

fn plain(status: StatusCode, body: Bytes) -> Response<WasiBody> {
    let mut response = Response::new(Full::new(body).map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn static_response(given: &StaticResponse) -> Result<Response<WasiBody>> {
    let mut response =
        plain(StatusCode::from_u16(given.status_code.unwrap_or(200))?, given.body.clone().into());
    for (name, value) in &given.headers {
        response.headers_mut().append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(response)
}

/// A served application.
pub struct Running {
    /// Where HTTP is served; none if the manifest has no HTTP trigger.
    pub addr: Option<SocketAddr>,
    routes: Vec<String>,
    stop: watch::Sender<bool>,
    http: Option<JoinHandle<()>>,
    redis: JoinHandle<Result<()>>,
}

impl Running {
    /// Binds `listen` and serves. `redis` ends only by failure, and never if there is nothing for it to do.
    pub(crate) async fn start(
        dispatcher: Option<Arc<Dispatcher>>,
        listen: SocketAddr,
        redis: JoinHandle<Result<()>>,
    ) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut running = Self { addr: None, routes: Vec::new(), stop, http: None, redis };
        let Some(dispatcher) = dispatcher else {
            return Ok(running);
        };
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let addr = listener.local_addr()?;
        dispatcher.address.get_or_init(|| addr);
        running.addr = Some(addr);
        running.routes =
            dispatcher.router.iter().map(|(route, target)| describe(route, target, addr)).collect();
        running.http = Some(tokio::spawn(accept(listener, dispatcher, stopped)));
        Ok(running)
    }

    /// `http://host:port`, or nothing if HTTP is not served.
    pub fn base_url(&self) -> String {
        self.addr.map(|addr| format!("http://{addr}")).unwrap_or_default()
    }

    /// What `spin up` prints: the address and the routes.
    pub fn banner(&self) -> String {
        match self.addr {
            Some(addr) => format!("\nServing http://{addr}\nAvailable Routes:\n{}", self.routes.join("\n")),
            None => String::new(),
        }
    }

    /// Waits until a trigger fails; HTTP never does.
    pub async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.redis).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => std::future::pending().await,
            Err(error) => error.into(),
        }
    }

    /// Stops accepting, waits for what is in flight (not for ever), and ends.
    pub async fn shutdown(self) -> Result<()> {
        self.redis.abort();
        // Nobody listens where no HTTP is served.
        let _ = self.stop.send(true);
        if let Some(http) = self.http {
            http.await?;
        }
        Ok(())
    }
}

fn describe(route: &str, target: &Target, addr: SocketAddr) -> String {
    let name = match target {
        Target::Component(id) => id,
        Target::Static(_) => "(static response)",
    };
    let path = route.strip_suffix("/...").map(|prefix| format!("{prefix} (wildcard)"));
    format!("  {name}: http://{addr}{}", path.as_deref().unwrap_or(route))
}

async fn accept(listener: TcpListener, dispatcher: Arc<Dispatcher>, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => match places.clone().try_acquire_owned() {
                    Ok(place) => serve_connection(stream, client, place, dispatcher.clone(), &graceful),
                    Err(_) => drop(tokio::spawn(turn_away(stream))),
                },
                Err(error) => {
                    logline::log!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            // An error means that `Running` was dropped: that stops the server too.
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let idle = async {
        graceful.shutdown().await;
        while !dispatcher.busy.none() {
            tokio::time::sleep(DRAIN_POLL).await;
        }
    };
    if tokio::time::timeout(DRAIN_LIMIT, idle).await.is_err() {
        logline::log!("Some requests were cut off: they took longer than {DRAIN_LIMIT:?}.");
    }
}

/// Tells a client that it is one too many. What it sends is read for a moment, or else it might not get to read that.
async fn turn_away(mut stream: TcpStream) {
    let told = async {
        stream.write_all(TOO_MANY).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // Whether it listens is its affair.
    let _ = tokio::time::timeout(Duration::from_secs(1), told).await;
}

fn serve_connection(
    stream: TcpStream,
    client: SocketAddr,
    place: OwnedSemaphorePermit,
    dispatcher: Arc<Dispatcher>,
    graceful: &GracefulShutdown,
) {
    // Without it, a response written in two packets may wait 40 ms for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(false));
    let has_asked = asked.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        let dispatcher = dispatcher.clone();
        let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
        async move { dispatcher.handle(request, client).await }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PING_EVERY);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        let mut connection = std::pin::pin!(connection);
        // A broken connection is the client's affair. Before the first head hyper has no limit: it does not know the
        // version of HTTP yet.
        if tokio::time::timeout(HEAD_LIMIT, &mut connection).await.is_err()
            && has_asked.load(Ordering::Relaxed)
        {
            drop(connection.await);
        }
    });
}
