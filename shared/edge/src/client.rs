//! Calls to other services' internal routes, with a service token, a timeout and the request's identity.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::Full;
use serde::{Serialize, de::DeserializeOwned};
use variables::{Variable, read};

use crate::{Code, Context, Problem, identity};

/// How long another service may take to answer. A limit well above SQLite's busy timeout of 5 s would only pile
/// requests up; a caller that gives up retries or compensates.
const TIMEOUT: Duration = Duration::from_secs(6);

/// A service token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_secs(20);

/// Where services answer; `{service}` stands for the name.
pub(crate) static SERVICE_URL: Variable<String> =
    Variable::new("service_url", "http://{service}.spin.internal", |text| {
        read::address(&text.replace("{service}", "service"))?;
        Ok(text.trim().trim_end_matches('/').to_owned())
    });

/// The calls of one service to the others.
pub struct Client {
    service: &'static str,
    token: Mutex<Option<(String, Instant)>>,
}

/// Another service's answer.
#[derive(Debug, Default)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body as `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(Problem::internal)
    }

    /// The problem that the other service answered with, to be passed on to the client as one's own.
    pub fn problem(&self) -> Problem {
        Problem::passed_on(&self.body, &self.headers)
    }
}

impl Client {
    /// Calls made in the name of `service`.
    pub const fn new(service: &'static str) -> Self {
        Self { service, token: Mutex::new(None) }
    }

    /// GET `path` (from `/internal/<service>/` on) of `service`.
    ///
    /// # Errors
    /// 503 when it does not answer in time; any status is an answer.
    pub async fn get(&self, context: &Context, service: &str, path: &str) -> Result<Reply, Problem> {
        self.send(context, Method::GET, service, path, Bytes::new(), TIMEOUT).await
    }

    /// POST `body` as JSON to `path` of `service`. Errors as for [`get`](Self::get).
    pub async fn post(
        &self,
        context: &Context,
        service: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Problem> {
        self.send_json(context, Method::POST, service, path, body, TIMEOUT).await
    }

    /// As [`post`](Self::post), to a service that may take longer, or must not take as long.
    pub async fn post_within(
        &self,
        context: &Context,
        service: &str,
        path: &str,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<Reply, Problem> {
        self.send_json(context, Method::POST, service, path, body, limit).await
    }

    /// PUT `body` as JSON to `path` of `service`. Errors as for [`get`](Self::get).
    pub async fn put(
        &self,
        context: &Context,
        service: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Problem> {
        self.send_json(context, Method::PUT, service, path, body, TIMEOUT).await
    }

    async fn send_json(
        &self,
        context: &Context,
        method: Method,
        service: &str,
        path: &str,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<Reply, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        self.send(context, method, service, path, body.into(), limit).await
    }

    async fn send(
        &self,
        context: &Context,
        method: Method,
        service: &str,
        path: &str,
        body: Bytes,
        limit: Duration,
    ) -> Result<Reply, Problem> {
        let base = SERVICE_URL.get().await?.replace("{service}", service);
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{base}/internal/{service}/{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token().await?))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-request-id", &context.request_id);
        if let Some(traceparent) = &context.traceparent {
            request = request.header("traceparent", traceparent);
        }
        let request = request.body(Full::new(body)).map_err(Problem::internal)?;
        match outbound::exchange(request, limit).await {
            Ok(reply) => Ok(Reply { status: reply.status, headers: reply.headers, body: reply.body }),
            Err(error) => Err(away(service, &error.to_string())),
        }
    }

    async fn token(&self) -> Result<String, Problem> {
        let slot = || self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = slot().as_ref()
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let issued = identity::issue_service(self.service).await?;
        let lifetime = Duration::from_secs(u64::from(issued.expires_in)).saturating_sub(RENEW_BEFORE);
        *slot() = Some((issued.token.clone(), Instant::now() + lifetime));
        Ok(issued.token)
    }
}

fn away(service: &str, why: &str) -> Problem {
    logline::log!("call to {service}: {why}");
    Problem::new(Code::UNAVAILABLE, format!("{service} does not answer; try again"))
}
