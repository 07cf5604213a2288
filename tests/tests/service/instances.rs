//! How long an instance lives is the deployment's choice.

use tests::{TestApp, root};

#[tokio::test]
async fn an_instance_takes_as_many_requests_as_it_is_told() {
    let state = tempfile::tempdir().unwrap();
    let mut options = host::Options::new(root().join("infra/hello/spin.toml"));
    options.state_dir = state.path().to_owned();
    options.listen = "127.0.0.1:0".parse().unwrap();
    options.max_instance_reuse_count = 2;
    let running = host::App::load(options).await.unwrap().serve().await.unwrap();
    let app = TestApp::at(&running.base_url());
    let mut counts = Vec::new();
    for _ in 0..5 {
        counts.push(app.stranger().get("/hello/count").await.assert_status(200).body.clone());
    }
    assert_eq!(counts, [b"1", b"2", b"1", b"2", b"1"]);
}
