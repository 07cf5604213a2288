//! The way of a request through a service's router and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Router, body::Body};
use http::{HeaderMap, HeaderValue, Method, header};
use tower_service::Service;
use variables::{Checks, Unfit};

use crate::access_log::{Access, LOG_LEVEL, Level};
use crate::client::SERVICE_URL;
use crate::client_address::TRUSTED_PROXIES;
use crate::cors::{CORS_ORIGINS, Cors};
use crate::rate_limit::{CREDENTIALS, READS, WRITES};
use crate::{Code, Context, Problem, Refusal, identity, json, refusal};

/// What is read here of the deployment's variables.
static OWN: Checks =
    &[&SERVICE_URL, &TRUSTED_PROXIES, &CORS_ORIGINS, &LOG_LEVEL, &CREDENTIALS, &WRITES, &READS];

/// How many characters of a path are repeated in problems, logs and events: enough to recognise it.
const MAX_PATH: usize = 200;

/// The most headers of a request: a browser sends some twenty, a chain of proxies as many again.
const MAX_HEADERS: usize = 100;
/// The most bytes of its headers together: an access token of twenty roles has some 3 KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// The policy of what is not to be shown as a page.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// A service's routes with the contract's answers to unknown paths and methods.
pub fn router(routes: Router) -> Router {
    routes
        .route_layer(from_fn(with_route))
        .fallback(async || Problem::not_found("route"))
        .method_not_allowed_fallback(async || Problem::new(Code::METHOD_NOT_ALLOWED, "See the Allow header"))
}

/// A route: its method, and its path's pattern.
#[derive(Clone)]
struct Route(Method, MatchedPath);

/// The response with its route, for whoever looks at it later.
async fn with_route(path: MatchedPath, request: Request, next: Next) -> Response {
    let route = Route(request.method().clone(), path);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(route);
    response
}

/// Answer `request` with `router`. Gives every response its `X-Request-Id` and every problem its body. Nothing is
/// answered while a setting cannot be used: those of `checks`, of this crate and of the identity plug-in.
pub async fn serve(
    router: &Router,
    checks: &[Checks],
    request: spin_sdk::http::Request,
) -> http::Response<Body> {
    let level = LOG_LEVEL.get().await.map_or(Level::Error, |level| *level);
    let way = Way::of(&request, level);
    let cors = Cors::of(request.headers()).await;
    let response = answer(router, checks, request.map(Body::new), &way, &cors).await;
    let mut response = way.finish(response);
    cors.allow(response.headers_mut());
    response
}

async fn answer(
    router: &Router,
    checks: &[Checks],
    mut request: Request,
    way: &Way,
    cors: &Cors,
) -> http::Response<Body> {
    if let Some(preflight) = cors.preflight(request.method(), request.headers()) {
        return preflight;
    }
    if json::says_too_large(request.headers()) {
        return json::too_large(request.into_body()).await.into_response();
    }
    if let Err(problem) = fits(request.headers()) {
        return problem.into_response();
    }
    if let Err(problem) = ready(checks).await {
        return problem.into_response();
    }
    let context = way.context.clone().located(request.headers()).await;
    request.extensions_mut().insert(context);
    if let Some(caller) = way.access.caller() {
        request.extensions_mut().insert(caller);
    }
    routed(router, request).await
}

/// As [`serve`], where there are no settings, callers and bodies: it asks neither variables nor the identity plug-in.
pub async fn serve_static(router: &Router, request: spin_sdk::http::Request) -> http::Response<Body> {
    let way = Way::of(&request, Level::Error);
    way.finish(routed(router, request.map(Body::new)).await)
}

async fn routed(router: &Router, request: Request) -> http::Response<Body> {
    match router.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn shown(path: &str) -> String {
    path.chars().take(MAX_PATH).collect()
}

/// 503 that names every setting that cannot be used. Once all are found fit, the instance does not ask again: variables
/// do not change while the app runs.
async fn ready(checks: &[Checks]) -> Result<(), Problem> {
    static READY: AtomicBool = AtomicBool::new(false);
    if READY.load(Ordering::Relaxed) {
        return Ok(());
    }
    let lines = |unfit: Vec<Unfit>| unfit.into_iter().map(|unfit| unfit.to_string());
    let all = std::iter::once(OWN).chain(checks.iter().copied());
    let mut unfit: Vec<_> = lines(variables::unfit(all, false).await).collect();
    unfit.extend(identity::unfit().await?);
    if unfit.is_empty() {
        unfit.extend(lines(variables::unfit(checks.iter().copied(), true).await));
    }
    if unfit.is_empty() {
        READY.store(true, Ordering::Relaxed);
        return Ok(());
    }
    logline::log!("every request is refused: {}", unfit.join("; "));
    Err(Problem::misconfigured(unfit))
}

/// What is kept of a request until it is answered.
struct Way {
    context: Context,
    path: String,
    access: Access,
}

impl Way {
    fn of<T>(request: &http::Request<T>, level: Level) -> Self {
        Self {
            context: Context::of(request.headers()),
            path: shown(request.uri().path()),
            access: Access::begin(request.method(), level),
        }
    }

    /// The response with what all have.
    fn finish(&self, response: http::Response<Body>) -> http::Response<Body> {
        let route = response.extensions().get::<Route>().cloned();
        let mut response = match response.extensions().get::<Arc<Problem>>().cloned() {
            Some(problem) => {
                record_refusal(&problem, &self.context, route.as_ref(), &self.path);
                with_headers_of(problem.render(&self.context, &self.path), &response)
            }
            None => response,
        };
        self.add_headers(response.headers_mut());
        let template = route.as_ref().map_or("", |Route(_, path)| path.as_str());
        self.access.end(&self.context, template, &self.path, response.status());
        response
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.context.request_id) {
            headers.insert("x-request-id", id);
        }
        if let Ok(timing) = HeaderValue::from_str(&format!("app;dur={}", self.access.milliseconds())) {
            headers.insert("server-timing", timing);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        // Nothing of an answer is a page, unless a handler says what that may load.
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NO_PAGE);
        // Answers depend on the caller: a shared cache must not keep them unless a handler says otherwise.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
}

/// 431 for more headers, or longer ones together, than a client of ours has a use for.
fn fits(headers: &HeaderMap) -> Result<(), Problem> {
    let bytes = || headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
    if headers.len() <= MAX_HEADERS && bytes().fold(0, usize::saturating_add) <= MAX_HEADER_BYTES {
        return Ok(());
    }
    let limit = format!("Send at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together");
    Err(Problem::new(Code::HEADERS_TOO_LARGE, limit))
}

fn record_refusal(problem: &Problem, context: &Context, route: Option<&Route>, path: &str) {
    if let Some((actor, permission)) = problem.refused() {
        refusal::tell(Refusal {
            actor,
            permission,
            route: route
                .map_or_else(String::new, |Route(method, path)| format!("{method} {}", path.as_str())),
            path: path.to_owned(),
            request_id: context.request_id.clone(),
            traceparent: context.traceparent.clone(),
        });
    }
}

/// The rendered problem with the headers (`Allow`, `WWW-Authenticate`, `Retry-After`) of the bare response.
fn with_headers_of(mut rendered: http::Response<Body>, bare: &http::Response<Body>) -> http::Response<Body> {
    for (name, value) in bare.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}
