//! One HTTP exchange that ends in time: for calls between services, and of a plug-in to its provider.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, join, select};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use spin_sdk::http::body::IncomingBodyExt;

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

/// Why there is no answer. The other side may have got the request all the same.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The limit was reached; the exchange was given up.
    #[error("no answer in time")]
    Late,
    /// It was refused, or broke off.
    #[error("{0}")]
    Broken(String),
}

/// Send `request` and read the answer, all within `limit`.
///
/// # Errors
/// When there is no whole answer in time; any status is an answer.
pub async fn exchange(request: Request<Full<Bytes>>, limit: Duration) -> Result<Reply, Error> {
    let alarm = Box::pin(spin_sdk::time::sleep(limit));
    match select(Box::pin(send(request)), alarm).await {
        Either::Left((reply, _)) => reply,
        Either::Right(_) => Err(Error::Late),
    }
}

async fn send(request: Request<Full<Bytes>>) -> Result<Reply, Error> {
    let (response, ()) = join(spin_sdk::http::send(request), poll_spawned()).await;
    let response = response.map_err(|error| Error::Broken(logline::words(&error)))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().bytes().await;
    Ok(Reply { status, headers, body: body.map_err(|error| Error::Broken(logline::words(&error)))? })
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
