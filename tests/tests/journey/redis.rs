//! Redis dies, hangs and comes back, the host is killed twice: no event is lost, none comes twice into the audit
//! log, and a subscriber that catches up has them all.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use contract::SERVICES;
use rusqlite::Connection;
use serde_json::Value;
use tests::{APPROVED_CARD, Actor, HostProcess, Redis, Subscriber, TestApp, order_for, pay, root};

/// How long there is load; `REDIS_JOURNEY_SECONDS` changes it.
fn load_seconds() -> f64 {
    std::env::var("REDIS_JOURNEY_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60.0)
}

/// Orders and payments until the host dies or time is over.
async fn load(alice: &Actor<'_>, product: &str, until: Instant) {
    while Instant::now() < until {
        let Ok(order) = alice.try_post("/api/orders", order_for(product, 1)).await else { return };
        let order = order.assert_status(201).json();
        let Ok(_) = alice.try_post("/api/payments", pay(&order, APPROVED_CARD)).await else { return };
    }
}

async fn wait(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

/// A third of the story: what happens to Redis meanwhile, and whether the host is killed at the end.
async fn life(host: HostProcess, redis: &mut Redis, number: usize, seconds: f64) -> Option<HostProcess> {
    let app = host.app();
    let (alice, bob) = (app.buyer(&format!("alice{number}")).await, app.buyer(&format!("bob{number}")).await);
    let product = app.seller(&format!("kim{number}")).await.sells("5.00", 1_000_000).await;
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let disturbance = async {
        match number {
            0 => {
                wait(seconds * 0.2).await;
                redis.pause();
                wait(seconds * 0.3).await;
                redis.go_on();
                wait(seconds * 0.2).await;
                redis.kill();
            }
            1 => {
                wait(seconds * 0.3).await;
                redis.restart();
                wait(seconds * 0.4).await;
                redis.pause();
            }
            _ => {
                redis.go_on();
                wait(seconds * 0.3).await;
                redis.restart();
            }
        }
        wait((until - Instant::now()).as_secs_f64()).await;
        if number < 2 {
            host.kill();
            return None;
        }
        Some(host)
    };
    tokio::join!(load(&alice, &product, until), load(&bob, &product, until), disturbance).2
}

fn ids(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The audit log has each source's events once, in the source's order.
async fn audit_is_complete(app: &TestApp, state: &Path) -> HashSet<String> {
    let db = Connection::open(state.join("sqlite_db.db")).unwrap();
    app.eventually("each source's events are in the audit log, in its order", || async {
        app.stranger().get("/health").await;
        let mut all = HashSet::new();
        for service in SERVICES {
            let logged = ids(&db, &format!("SELECT id FROM {service}_events ORDER BY seq"));
            let recorded = ids(
                &db,
                &format!("SELECT id FROM audit_log WHERE source = '/jangteo/{service}' ORDER BY seq"),
            );
            if logged != recorded {
                return None;
            }
            all.extend(logged);
        }
        Some(all)
    })
    .await
}

async fn redis_has_been_told_all(app: &TestApp) {
    let admin = app.admin().await;
    app.eventually("nothing waits for Redis", || async {
        let lags = app.lags(&admin).await?;
        lags.iter().all(|lag| lag["target"] != "redis" || lag["pending"] == 0).then_some(())
    })
    .await;
}

/// All pages of the feed.
async fn caught_up(admin: &Actor<'_>) -> HashSet<String> {
    let (mut all, mut after) = (HashSet::new(), 0);
    loop {
        let page =
            admin.get(&format!("/api/v1/events?limit=100&after={after}")).await.assert_status(200).json();
        let items = page["items"].as_array().unwrap();
        let Some(last) = items.last() else { return all };
        after = last["sequence"].as_i64().unwrap();
        all.extend(items.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
    }
}

/// What is heard for the first time is later in its source's log than all before it.
fn assert_in_order(heard: &[Value]) {
    let (mut seen, mut last) = (HashSet::new(), HashMap::new());
    for event in heard {
        if seen.insert(event["id"].as_str().unwrap()) {
            let sequence: i64 = event["sequence"].as_str().unwrap().parse().unwrap();
            let before = last.insert(event["source"].as_str().unwrap(), sequence).unwrap_or(0);
            assert!(before < sequence, "{event} came after {before}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_and_the_host_die_and_hang_and_every_event_is_told_once_and_in_order() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut redis = Redis::start();
    let subscriber = Subscriber::listen(redis.url());
    let url = redis.url();
    let mut host = None;
    for number in 0..3 {
        let fresh = HostProcess::with_variables(state.path(), &[("redis_url", &url)]);
        host = life(fresh, &mut redis, number, load_seconds() / 3.0).await;
    }
    let host = host.expect("the last life goes on");
    let app = host.app();
    redis_has_been_told_all(&app).await;
    let admin = app.admin().await;
    audit_is_complete(&app, state.path()).await;
    redis_has_been_told_all(&app).await;
    let recorded = audit_is_complete(&app, state.path()).await;
    let verified = admin.get("/api/v1/audit/verify").await.assert_status(200).json();
    assert_eq!(verified["valid"], true, "{verified}");

    let heard = subscriber.ids();
    assert!(heard.is_subset(&recorded));
    assert!(heard.len() > recorded.len() / 2, "{} of {} were heard", heard.len(), recorded.len());
    assert_in_order(&subscriber.heard());
    let all: HashSet<_> = caught_up(&admin).await.union(&heard).cloned().collect();
    assert_eq!(all, recorded);
    println!("{} events, {} heard by the subscriber", recorded.len(), heard.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_slows_no_request() {
    let redis = Redis::start();
    redis.answers().await;
    let Some(app) = TestApp::with_variables(&[("redis_url", &redis.url())]).await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let product = kim.sells("5.00", 1_000).await;
    let median = async || {
        let mut times = Vec::new();
        for _ in 0..40 {
            let start = Instant::now();
            alice.orders(&product, 1).await.assert_status(201);
            times.push(start.elapsed());
        }
        times.sort();
        times[times.len() / 2]
    };
    let running = median().await;
    redis.pause();
    let hanging = median().await;
    println!("an order took {running:?}, and {hanging:?} while Redis hung");
    // A few ms, and some for a machine that does other things, too.
    assert!(hanging < running * 2 + Duration::from_millis(10), "{running:?} and {hanging:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridge_brings_events_to_the_audit_log_of_another_deployment() {
    let redis = Redis::start();
    let Some(shop) = TestApp::with_variables(&[("redis_url", &redis.url())]).await else { return };
    let Some(auditor) = TestApp::own().await else { return };
    let manifest = root().join("infra/redis-bridge/spin.toml");
    let variables = [("redis_url", redis.url()), ("audit_url", auditor.base().to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    redis.answers().await;
    let _bridge = TestApp::embedded(manifest, &variables).await;
    redis.is_heard("jangteo.products").await;
    let product = shop.seller("kim").await.sells("5.00", 1).await;
    let admin = auditor.admin().await;
    let found = auditor
        .eventually("the event is in the other deployment's audit log", || async {
            let found = admin.get(&format!("/api/v1/audit/events?subject={product}")).await.json();
            found["items"].get(0).cloned()
        })
        .await;
    assert_eq!(found["type"], "jangteo.product.created.v1");
    assert_eq!(found["source"], "/jangteo/products");
}
