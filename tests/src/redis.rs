//! A real Redis for stories in which it is killed, paused and started again.

use std::collections::HashSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;

/// A `redis-server` on a port of its own, killed when dropped.
pub struct Redis {
    port: u16,
    child: Option<Child>,
}

impl Redis {
    /// Start it; it keeps nothing on disk.
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let mut this = Self { port, child: None };
        this.restart();
        this
    }

    /// Start it again, empty, on the same port.
    pub fn restart(&mut self) {
        self.kill();
        let child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is missing: apt-get install redis-server");
        self.child = Some(child);
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("Redis was alive");
            child.wait().expect("Redis ended");
        }
    }

    /// SIGSTOP: it is there, and does not answer.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("Redis runs").id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(sent.success(), "kill {signal}");
    }

    /// Wait until it answers.
    pub async fn answers(&self) {
        self.until("it answers", |_| true).await;
    }

    /// Wait until someone listens to `channel`.
    pub async fn is_heard(&self, channel: &str) {
        self.until("someone listens", |channels| channels.iter().any(|name| name == channel)).await;
    }

    async fn until(&self, what: &str, holds: impl Fn(&[String]) -> bool) {
        let client = redis::Client::open(self.url()).expect("an address");
        for _ in 0..200 {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                && let Ok(channels) =
                    redis::cmd("PUBSUB").arg("CHANNELS").query_async::<Vec<String>>(&mut connection).await
                && holds(&channels)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("Redis: still not so: {what}");
    }

    /// `redis://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Someone outside who hears all channels, and comes back when Redis was away.
#[derive(Clone, Default)]
pub struct Subscriber {
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Subscriber {
    /// Listen until the test ends.
    pub fn listen(url: String) -> Self {
        let this = Self::default();
        let heard = this.heard.clone();
        tokio::spawn(async move {
            loop {
                // An error is what these stories are about.
                _ = hear(&url, &heard).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        this
    }

    /// The CloudEvents it has heard, in their order.
    pub fn heard(&self) -> Vec<Value> {
        self.heard.lock().expect("nobody panicked").clone()
    }

    /// The ids of what it has heard.
    pub fn ids(&self) -> HashSet<String> {
        self.heard().iter().filter_map(|event| Some(event["id"].as_str()?.to_owned())).collect()
    }
}

async fn hear(url: &str, heard: &Mutex<Vec<Value>>) -> redis::RedisResult<()> {
    let mut connection = redis::Client::open(url)?.get_async_pubsub().await?;
    connection.psubscribe("jangteo.*").await?;
    let mut messages = connection.on_message();
    while let Some(message) = messages.next().await {
        let event = serde_json::from_slice(message.get_payload_bytes()).expect("a CloudEvent");
        heard.lock().expect("nobody panicked").push(event);
    }
    Ok(())
}
