//! Guest instances and their re-use: how many requests one takes, and when it ends.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::{GuestTaskId, InstancePre};
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::state::{Guest, State};

/// Requests one instance takes in its life; Spin's default.
pub const MAX_REQUESTS: usize = 128;
/// Requests one instance takes at once; Spin's default.
const MAX_CONCURRENT: usize = 16;
/// How long an instance waits for another request; Spin's default.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Makes the instances of one HTTP component.
pub struct Handler {
    guest: Arc<Guest>,
    service: ServicePre<State>,
    busy: Busy,
    max_requests: usize,
}

impl Handler {
    /// A handler for a component that exports `wasi:http/handler`. Each instance takes `max_requests` in its life.
    pub fn new(
        guest: Arc<Guest>,
        pre: InstancePre<State>,
        busy: Busy,
        max_requests: usize,
    ) -> anyhow::Result<Self> {
        Ok(Self { guest, service: ServicePre::new(pre)?, busy, max_requests })
    }
}

impl HandlerState for Handler {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut store = Store::new(self.service.engine(), State::new(self.guest.clone()));
        let service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: State::incoming_view,
            expiration: Expiration {
                sleep: Box::pin(tokio::time::sleep(IDLE_TIMEOUT)),
                busy: self.busy.clone(),
                counted: false,
            },
            state: Worker { guest: self.guest.clone(), max_requests: self.max_requests },
        })
    }
}

/// How many instances are at work, be it on a request or on what follows its response.
#[derive(Clone, Default)]
pub struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// Whether no instance is at work.
    pub fn none(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

/// Ends an instance that is idle for too long.
pub struct Expiration {
    sleep: Pin<Box<Sleep>>,
    busy: Busy,
    counted: bool,
}

impl Expiration {
    fn count(&mut self, at_work: bool) {
        if at_work && !self.counted {
            self.busy.0.fetch_add(1, Ordering::AcqRel);
        } else if !at_work && self.counted {
            self.busy.0.fetch_sub(1, Ordering::AcqRel);
        }
        self.counted = at_work;
    }
}

impl Drop for Expiration {
    fn drop(&mut self) {
        self.count(false);
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        self.count(status != WorkerStatus::Idle);
        if self.counted {
            return Poll::Pending;
        }
        let deadline = tokio::time::Instant::from_std(start).checked_add(IDLE_TIMEOUT);
        if let Some(deadline) = deadline.filter(|d| *d != self.sleep.deadline()) {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// Limits the requests of an instance and reports its failure.
pub struct Worker {
    guest: Arc<Guest>,
    max_requests: usize,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.max_requests {
            ShouldAccept::Never
        } else if concurrent >= MAX_CONCURRENT {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    // Spin sets no time limit on a request.
    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, store: Store<State>, result: Result<(), wasmtime::Error>) {
        // wasmtime takes an instance that goes away with the runtime for one that panicked.
        let ended =
            |error: &wasmtime::Error| !std::thread::panicking() && error.to_string() == "worker panicked";
        if let Err(error) = result
            && !ended(&error)
        {
            logline::log!("{}: the instance failed: {error:#}", self.guest.id);
        }
        drop(store);
    }
}
