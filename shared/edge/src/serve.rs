//! The way of a request through a service's router and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Router, body::Body};
use http::{HeaderValue, Method, header};
use tower_service::Service;
use variables::{Checks, Unfit};

use crate::client::SERVICE_URL;
use crate::client_address::TRUSTED_PROXIES;
use crate::rate_limit::{CREDENTIALS, READS, WRITES};
use crate::{Code, Context, Problem, Refusal, identity, json, refusal};

/// What is read here of the deployment's variables.
static OWN: Checks = &[&SERVICE_URL, &TRUSTED_PROXIES, &CREDENTIALS, &WRITES, &READS];

/// How many characters of a path are repeated in problems, logs and events: enough to recognise it.
const MAX_PATH: usize = 200;

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
    let context = Context::of(request.headers());
    let path = shown(request.uri().path());
    let mut request = request.map(Body::new);
    if json::says_too_large(request.headers()) {
        let problem = json::too_large(request.into_body()).await;
        return finish(problem.into_response(), &context, &path);
    }
    if let Err(problem) = ready(checks).await {
        return finish(problem.into_response(), &context, &path);
    }
    let context = context.located(request.headers()).await;
    request.extensions_mut().insert(context.clone());
    finish(routed(router, request).await, &context, &path)
}

/// As [`serve`], where there are no settings, callers and bodies: it asks neither variables nor the identity plug-in.
pub async fn serve_static(router: &Router, request: spin_sdk::http::Request) -> http::Response<Body> {
    let context = Context::of(request.headers());
    let path = shown(request.uri().path());
    finish(routed(router, request.map(Body::new)).await, &context, &path)
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

fn finish(response: http::Response<Body>, context: &Context, path: &str) -> http::Response<Body> {
    let mut response = match response.extensions().get::<Arc<Problem>>().cloned() {
        Some(problem) => {
            record_refusal(&problem, context, response.extensions().get(), path);
            with_headers_of(problem.render(context, path), &response)
        }
        None => response,
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Answers depend on the caller: a shared cache must not keep them unless a handler says otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
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
