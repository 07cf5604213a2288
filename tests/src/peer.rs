//! A server of a test's own, for what the app talks to: it answers as the test says and keeps what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request that a [`Peer`] got.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Such as `POST /v1/payments`.
    pub line: String,
    /// The headers, each as `name: value` with the name in lower case.
    pub headers: Vec<String>,
    pub body: String,
}

/// What a [`Peer`] does with a request.
pub enum Said {
    /// A status and a body.
    Answer(u16, String),
    /// Nothing, for so long; then the connection is closed.
    Nothing(Duration),
}

type Script = dyn Fn(&Asked) -> Said + Send + Sync;

/// A server on a free port, until it is dropped.
pub struct Peer {
    /// Such as `http://127.0.0.1:4000`.
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Peer {
    /// Start a server that does what `script` says.
    pub async fn start(script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (asked, script): (_, Arc<Script>) = (Arc::new(Mutex::new(Vec::new())), Arc::new(script));
        let all = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), all.clone()));
            }
        });
        Self { url, asked, task }
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic in the server").clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request per connection.
async fn serve(mut stream: TcpStream, script: Arc<Script>, all: Arc<Mutex<Vec<Asked>>>) {
    let Some(asked) = read(&mut stream).await else { return };
    all.lock().expect("no panic in the server").push(asked.clone());
    match script(&asked) {
        Said::Nothing(time) => tokio::time::sleep(time).await,
        Said::Answer(status, body) => {
            let head =
                format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let line = lines.next()?.rsplit_once(' ')?.0.to_owned();
    let lower =
        |line: &str| line.split_once(':').map(|(name, value)| format!("{}:{value}", name.to_lowercase()));
    let headers: Vec<String> = lines.filter_map(lower).collect();
    let chunked = headers.iter().any(|header| header == "transfer-encoding: chunked");
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok());
    let mut body = bytes.split_off(head + 4);
    while match length {
        Some(length) => body.len() < length,
        None => chunked && !body.ends_with(b"0\r\n\r\n"),
    } {
        (stream.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    Some(Asked { line, headers, body: if chunked { joined(&body)? } else { String::from_utf8(body).ok()? } })
}

/// The chunks of a chunked body as one.
fn joined(body: &[u8]) -> Option<String> {
    let (mut rest, mut whole) = (body, Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return String::from_utf8(whole).ok();
        }
        whole.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}
