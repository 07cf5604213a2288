//! The snapshot of the registry that the instances of the gateway share in the key-value store. It may vanish.

use std::sync::{Arc, Mutex, PoisonError};

use clock::Timestamp;
use contract::InstanceId;
use serde::{Deserialize, Serialize};
use spin_sdk::key_value::{self, Store};

/// The snapshot's key. Other components may use the same store.
const KEY: &str = "gateway/instances";
/// How old a snapshot may be, in milliseconds: a read of the database a second is none.
const FRESH_MS: i64 = 1000;

/// What there was a moment ago.
#[derive(Serialize, Deserialize)]
pub struct Snapshot {
    /// Before the database was read.
    pub at: Timestamp,
    pub instances: Vec<Entry>,
}

/// An instance, live or not.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    pub id: InstanceId,
    pub name: String,
    pub url: String,
    pub weight: i64,
    pub up: bool,
}

impl Snapshot {
    /// One from the future is of a machine with another clock: nobody knows how old it is.
    fn is_fresh(&self) -> bool {
        (0..=FRESH_MS).contains(&Timestamp::now().0.saturating_sub(self.at.0))
    }
}

/// This instance's copy.
static COPY: Mutex<Option<Arc<Snapshot>>> = Mutex::new(None);

fn copy() -> std::sync::MutexGuard<'static, Option<Arc<Snapshot>>> {
    COPY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The snapshot is made anew when it is wanted next.
pub async fn forget() {
    *copy() = None;
    told(async { Store::open_default().await?.delete(KEY).await }.await);
}

/// A snapshot that is fresh, if there is one.
pub async fn find() -> Option<Arc<Snapshot>> {
    if let Some(kept) = copy().clone().filter(|kept| kept.is_fresh()) {
        return Some(kept);
    }
    let shared = told(async { Store::open_default().await?.get(KEY).await }.await).flatten();
    let shared = shared.and_then(|bytes| serde_json::from_slice::<Snapshot>(&bytes).ok());
    let shared = Arc::new(shared.filter(Snapshot::is_fresh)?);
    *copy() = Some(shared.clone());
    Some(shared)
}

/// From now on this is the snapshot.
pub async fn keep(snapshot: Snapshot) -> Arc<Snapshot> {
    let bytes = serde_json::to_vec(&snapshot).unwrap_or_default();
    told(async { Store::open_default().await?.set(KEY, bytes).await }.await);
    let snapshot = Arc::new(snapshot);
    *copy() = Some(snapshot.clone());
    snapshot
}

/// Without the key-value store all works, only slower.
fn told<T>(answer: Result<T, key_value::Error>) -> Option<T> {
    answer.inspect_err(|error| logline::log!("the key-value store: {error:?}")).ok()
}
