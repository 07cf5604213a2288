//! The history of an order, live.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{APPROVED_CARD, Actor, TestApp, path_of, pay};

/// A stream of events that is being read.
struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(app: &TestApp, who: &Actor<'_>, path: &str, last: Option<&str>) -> Self {
        let url = format!("{}{path}/events", app.base());
        let mut request = reqwest::Client::new()
            .get(url)
            .bearer_auth(who.token.as_deref().unwrap())
            .header("accept", "text/event-stream")
            .timeout(Duration::from_secs(60));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, text: String::new() }
    }

    /// The next event: its id, its type and its data; `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                match (field("id: "), field("event: "), field("data: ")) {
                    (Some(id), Some(kind), Some(data)) => {
                        return Some((id, kind, serde_json::from_str(&data).unwrap()));
                    }
                    _ => continue,
                }
            }
            let chunk = self.answer.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_streams_live_and_goes_on_where_it_was_left() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 9).await;
    let order = alice.orders(&tea, 1).await.assert_status(201).json();
    let path = path_of(&order);
    let mut live = Stream::open(&app, &alice, &path, None).await;
    let (id, kind, entry) = live.next().await.unwrap();
    assert_eq!((id.as_str(), kind.as_str(), &entry["sequence"]), ("1", "order.placed", &json!(1)));
    assert_eq!(entry["data"]["total"].to_string(), "5.00");
    alice.post("/api/payments", pay(&order, APPROVED_CARD)).await.assert_status(201);
    assert_eq!(live.next().await.unwrap().1, "order.paid");
    drop(live);
    kim.post(&format!("{path}/ship"), json!({})).await.assert_status(200);
    let mut live = Stream::open(&app, &alice, &path, Some("2")).await;
    let (id, kind, entry) = live.next().await.unwrap();
    assert_eq!((id.as_str(), kind.as_str(), &entry["actor"]), ("3", "order.shipped", &json!(kim.id)));
    let eve = app.buyer("eve").await;
    let headers = [("accept", "text/event-stream")];
    let other = eve.send(reqwest::Method::GET, &format!("{path}/events"), &headers, None).await;
    other.assert_problem(404, "not_found");
    let headers = [("accept", "text/event-stream"), ("last-event-id", "x")];
    let wrong = alice.send(reqwest::Method::GET, &format!("{path}/events"), &headers, None).await;
    wrong.assert_problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_streams_end_by_themselves_and_keep_nobody_waiting() {
    let app = TestApp::start().await;
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let tea = kim.sells("5.00", 9).await;
    let path = path_of(&alice.orders(&tea, 1).await.assert_status(201).json());
    let start = Instant::now();
    let all = (0..40).map(|_| async {
        let mut live = Stream::open(&app, &alice, &path, None).await;
        assert_eq!(live.next().await.unwrap().1, "order.placed");
        live
    });
    let mut streams = futures::future::join_all(all).await;
    let asked = Instant::now();
    alice.get(&path).await.assert_status(200);
    assert!(asked.elapsed() < Duration::from_secs(2), "streams keep others waiting: {:?}", asked.elapsed());
    let mut last = streams.pop().unwrap();
    drop(streams);
    assert!(last.next().await.is_none());
    assert!(start.elapsed() < Duration::from_secs(30), "it lives for {:?}", start.elapsed());
}
