//! The host's hooks into `wasi:http`: the allow-list, calls to other components in memory, and the network.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::allowed_hosts::chaining_target;
use crate::state::Guest;

/// The host name that stands for the application itself, as no host does.
const SELF_HOST: &str = "self.alt";

type IoResult = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, IoResult), Error>;

/// The inbound side: guests see every header of a request, as on Spin 4.1; newer wasmtime would hide some.
pub struct Inbound;

impl WasiHttpHooks for Inbound {
    fn is_forbidden_header(&mut self, _: &HeaderName) -> bool {
        false
    }
}

/// The outbound side of one guest.
pub struct Outbound {
    guest: Arc<Guest>,
    /// How many header names of a response that has just come are to be let through, see `is_forbidden_header`.
    incoming: Arc<AtomicUsize>,
}

impl Outbound {
    pub fn new(guest: Arc<Guest>) -> Self {
        Self { guest, incoming: Arc::default() }
    }
}

impl WasiHttpHooks for Outbound {
    // A guest may see any header of a response, as on Spin 4.1, but not set any. wasmtime 48 asks this one question
    // for both: right after `send_request` is done, once for each name that came, and whenever the guest sets one.
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        let left = self.incoming.load(Ordering::Relaxed);
        self.incoming.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0 && DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: IoResult,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (guest, incoming) = (self.guest.clone(), self.incoming.clone());
        incoming.store(0, Ordering::Relaxed);
        Box::new(async move {
            let sent = send(&guest, request, options).await?;
            incoming.store(sent.0.headers().keys_len(), Ordering::Relaxed);
            Ok(sent)
        })
    }
}

async fn send(guest: &Guest, mut request: Request<WasiBody>, options: Option<RequestOptions>) -> Sent {
    let dispatcher = guest.dispatcher.get().and_then(Weak::upgrade);
    let uri = request.uri();
    let host = uri.host().unwrap_or_default().to_owned();
    let to_self = host.is_empty() || host == SELF_HOST;
    let hosts = &guest.allowed_hosts;
    if !(if to_self { hosts.allows_self() } else { hosts.allows(&uri.to_string(), "https") }) {
        logline::log!("{}: a request to {uri} was denied: it is not in allowed_outbound_hosts", guest.id);
        return Err(Error::HttpRequestDenied);
    }
    if to_self {
        let own = dispatcher.and_then(|d| d.address()).ok_or(Error::HttpRequestUriInvalid)?;
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        *request.uri_mut() =
            format!("http://{own}{path}").parse().map_err(|_| Error::HttpRequestUriInvalid)?;
        let own = HeaderValue::try_from(own.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?;
        request.headers_mut().insert(HOST, own);
    } else if let Some(component) = chaining_target(&host) {
        request.headers_mut().remove(HOST);
        let response = dispatcher.ok_or(Error::DestinationNotFound)?.chain(component, request).await?;
        return Ok((response, Box::new(std::future::ready(Ok(())))));
    }
    let (response, io) = wasmtime_wasi_http::default_send_request(request, options).await?;
    Ok((response.map(BodyExt::boxed_unsync), Box::new(io)))
}
