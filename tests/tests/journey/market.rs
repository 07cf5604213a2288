//! Many people want the same few things, pay, cancel, change their minds or do nothing, all at random and at once; then
//! the books are checked. Once on a host that lives, once on one that is killed at random moments.
//!
//! A run prints its seed; `JANGTEO_RACE_SEED` repeats its choices. `JANGTEO_RACE_SECONDS` says how long it races.

mod books;
mod crowd;

use std::path::Path;
use std::time::{Duration, Instant};

use tests::{HostProcess, TestApp};

use crowd::Crowd;

/// Unpaid orders expire after so many seconds: some while others are still at it.
const EXPIRY: (&str, &str) = ("order_expiry_seconds", "2");
/// How long a race lasts unless the environment says otherwise.
const SECONDS: u64 = 30;
/// Lives of the host that is killed; each is at most [`LIFE`] long.
const LIVES: usize = 5;
const LIFE: Duration = Duration::from_millis(2500);
/// How long all chores may take: holds whose order never came about are given 15 s, as it may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn seed() -> u64 {
    let seed = number("JANGTEO_RACE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("JANGTEO_RACE_SEED={seed}");
    seed
}

/// Do the chores until the books are closed and right.
async fn close(app: &TestApp, database: &Path, crowd: &Crowd) {
    println!("{}", crowd.summary());
    let (admin, start) = (app.admin().await, Instant::now());
    loop {
        let swept = admin.post("/api/admin/sweep", serde_json::json!({})).await;
        let faults = books::faults(database, crowd.products());
        if faults.is_empty() {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{faults:#?}\n{}", String::from_utf8_lossy(&swept.body));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("closed in {:?}", start.elapsed());
    books::assert_replayed(database);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_they_race_every_unit_is_sold_once_or_still_there() {
    let Some(app) = TestApp::with_variables(&[EXPIRY]).await else { return };
    let database = app.state_dir().expect("an embedded app").join("sqlite_db.db");
    let mut crowd = Crowd::gather(&app, seed()).await;
    let end = Duration::from_secs(number("JANGTEO_RACE_SECONDS").unwrap_or(SECONDS));
    crowd.race(&app, end).await;
    crowd.assert_lively();
    close(&app, &database, &crowd).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_are_right_after_being_killed_at_random_moments() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let (state, seed) = (tempfile::tempdir().unwrap(), seed());
    let mut random = fastrand::Rng::with_seed(seed);
    let host = HostProcess::with_variables(state.path(), &[EXPIRY]);
    let mut crowd = Crowd::gather(&host.app(), seed).await;
    host.kill();
    for _ in 0..LIVES {
        let host = HostProcess::with_variables(state.path(), &[EXPIRY]);
        let (app, life) = (host.app(), random.u64(200..LIFE.as_millis() as u64));
        let death = async {
            tokio::time::sleep(Duration::from_millis(life)).await;
            host.kill();
        };
        tokio::join!(crowd.race(&app, LIFE), death);
    }
    let host = HostProcess::with_variables(state.path(), &[EXPIRY]);
    close(&host.app(), &state.path().join("sqlite_db.db"), &crowd).await;
}
