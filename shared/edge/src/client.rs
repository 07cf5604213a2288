//! Calls to other services' internal routes, with a service token, a timeout and the request's identity.

use std::future::poll_fn;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::{Either, join, select};
use http::{Method, StatusCode, header};
use http_body_util::Full;
use serde::{Serialize, de::DeserializeOwned};
use spin_sdk::http::body::IncomingBodyExt;

use crate::{Code, Context, Problem, identity};

/// How long another service may take to answer. Well above SQLite's 5 s busy timeout would only pile
/// requests up; a caller that gives up earlier retries or compensates.
const TIMEOUT: Duration = Duration::from_secs(6);

/// A service token is renewed this long before it expires.
const RENEW_BEFORE: Duration = Duration::from_secs(20);

/// The calls of one service to the others.
pub struct Client {
    service: &'static str,
    token: Mutex<Option<(String, Instant)>>,
}

/// Another service's answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body as `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(Problem::internal)
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
        self.send(context, Method::GET, service, path, Bytes::new()).await
    }

    /// POST `body` as JSON to `path` of `service`. Errors as for [`get`](Self::get).
    pub async fn post(
        &self,
        context: &Context,
        service: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Problem> {
        self.send_json(context, Method::POST, service, path, body).await
    }

    /// PUT `body` as JSON to `path` of `service`. Errors as for [`get`](Self::get).
    pub async fn put(
        &self,
        context: &Context,
        service: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Problem> {
        self.send_json(context, Method::PUT, service, path, body).await
    }

    async fn send_json(
        &self,
        context: &Context,
        method: Method,
        service: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        self.send(context, method, service, path, body.into()).await
    }

    async fn send(
        &self,
        context: &Context,
        method: Method,
        service: &str,
        path: &str,
        body: Bytes,
    ) -> Result<Reply, Problem> {
        let base = service_url().await.replace("{service}", service);
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
        let exchange = Box::pin(exchange(request));
        let alarm = Box::pin(spin_sdk::time::sleep(TIMEOUT));
        match select(exchange, alarm).await {
            Either::Left((Ok(reply), _)) => Ok(reply),
            Either::Left((Err(error), _)) => Err(away(service, &error)),
            Either::Right(_) => Err(away(service, "no answer in time")),
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

async fn exchange(request: http::Request<Full<Bytes>>) -> Result<Reply, String> {
    let (response, ()) = join(spin_sdk::http::send(request), poll_spawned()).await;
    let response = response.map_err(|error| format!("{error:?}"))?;
    let status = response.status();
    let body = response.into_body().bytes().await.map_err(|error| format!("{error:?}"))?;
    Ok(Reply { status, body })
}

/// Get what was just spawned polled: here, the writer of the request's body.
///
/// wit-bindgen 0.57 polls a new future only at the task's next event; while another spawned future sleeps (as a
/// relay does), none comes, and the request would wait for that sleep to end. Waking ourselves once is an event.
fn poll_spawned() -> impl Future<Output = ()> {
    let mut woken = false;
    poll_fn(move |context| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

fn away(service: &str, why: &str) -> Problem {
    eprintln!("call to {service}: {why}");
    Problem::new(Code::UNAVAILABLE, format!("{service} does not answer; try again"))
}

/// Where services answer: the variable `service_url`, in which `{service}` stands for the name.
async fn service_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    if let Some(url) = URL.get() {
        return url;
    }
    let url = spin_sdk::variables::get("service_url").await;
    URL.get_or_init(|| url.unwrap_or_else(|_| "http://{service}.spin.internal".to_owned()))
}
