//! A served application without components: routing, well-known paths, static responses, refusals and an orderly end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use host::{App, Options, Running};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const STATIC: &str = r#"
[[trigger.http]]
route = "/teapot"
static_response = { status_code = 418, headers = { x = "y" }, body = "tea" }
[[trigger.http]]
route = "/below/..."
static_response = {}
"#;

/// A manifest in a folder of its own.
fn options(name: &str, manifest: &str) -> Options {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    let head = "spin_manifest_version = 2\n[application]\nname = \"test\"\nversion = \"1.2.3\"\n";
    std::fs::write(dir.join("spin.toml"), format!("{head}{manifest}")).unwrap();
    let mut options = Options::new(dir.join("spin.toml"));
    options.listen = "127.0.0.1:0".parse().unwrap();
    options
}

async fn serve(name: &str) -> Running {
    App::load(options(name, STATIC)).await.unwrap().serve().await.unwrap()
}

/// The status line and all that follows, for a request that closes its connection.
async fn get(running: &Running, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(running.addr.unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    (response[9..12].parse().unwrap(), response)
}

#[tokio::test]
async fn static_responses_are_served_where_their_routes_say() {
    let running = serve("static").await;
    let (status, response) = get(&running, "/teapot").await;
    assert_eq!(status, 418);
    assert!(response.contains("\r\nx: y\r\n") && response.ends_with("\r\n\r\ntea"), "{response}");
    assert_eq!(get(&running, "/below/a/b").await.0, 200);
    let (status, response) = get(&running, "/elsewhere").await;
    assert!(status == 404 && response.ends_with("\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn well_known_paths_are_the_hosts_own() {
    let running = serve("well-known").await;
    assert!(get(&running, "/.well-known/spin/health").await.1.ends_with("\r\n\r\nOK"));
    let (_, info) = get(&running, "/.well-known/spin/info").await;
    assert!(info.contains("\"name\": \"test\"") && info.contains("\"version\": \"1.2.3\""), "{info}");
    assert_eq!(get(&running, "/.well-known/spin/other").await.0, 404);
}

#[tokio::test]
async fn the_banner_shows_the_real_address_and_the_routes() {
    let running = serve("banner").await;
    let (banner, url) = (running.banner(), running.base_url());
    assert!(!url.ends_with(":0") && banner.contains(&format!("Serving {url}")), "{banner}");
    assert!(banner.contains(&format!("{url}/below (wildcard)")), "{banner}");
}

/// It takes the host's 10 s.
#[tokio::test]
async fn a_client_that_never_ends_its_head_is_cut_off_and_others_are_not() {
    let running = serve("half-heads").await;
    let mut waiting = Vec::new();
    for half in ["", "G", "GET /teapot HTTP/1.1\r\n", "GET /teapot HTTP/1.1\r\nHost: test\r\nx-a: b"] {
        let mut stream = TcpStream::connect(running.addr.unwrap()).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    assert_eq!(get(&running, "/teapot").await.0, 418);
    for mut stream in waiting {
        let mut rest = Vec::new();
        let closed = stream.read_to_end(&mut rest);
        let closed = tokio::time::timeout(std::time::Duration::from_secs(15), closed).await;
        assert!(closed.is_ok(), "a connection stays open");
    }
    assert_eq!(get(&running, "/teapot").await.0, 418);
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_frees_the_port() {
    let running = serve("shutdown").await;
    let addr = running.addr.unwrap();
    let mut idle = TcpStream::connect(addr).await.unwrap();
    idle.write_all(b"GET /teapot HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    assert_ne!(idle.read(&mut [0; 1024]).await.unwrap(), 0);
    running.shutdown().await.unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_by_name() {
    let component =
        "[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n[component.c]\nsource = \"missing.wasm\"\n";
    for (name, more, part) in [
        ("no-source", "", "missing.wasm"),
        ("no-label", "sqlite_databases = [\"other\"]", "\"other\""),
        ("bad-host", "allowed_outbound_hosts = [\"nonsense\"]", "\"nonsense\""),
        ("no-variable", "variables = { v = \"{{ gone }}\" }", "\"gone\""),
    ] {
        let error = App::load(options(name, &format!("{component}{more}"))).await.err().unwrap();
        let error = format!("{error:#}");
        assert!(error.contains("component.c") && error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_component_that_serves_no_http_is_refused() {
    let options = options(
        "no-http",
        "[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n[component.c]\nsource = \"empty.wasm\"",
    );
    std::fs::write(options.manifest.with_file_name("empty.wasm"), wat::parse_str("(component)").unwrap())
        .unwrap();
    let error = format!("{:#}", App::load(options).await.err().unwrap());
    assert!(error.contains("component.c") && error.contains("wasi:http/handler"), "{error}");
}
