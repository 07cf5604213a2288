//! A person reads `/docs` in a browser, logs in there and tries operations.

use std::process::Command;

use tests::{TestApp, root, typescript};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_every_operation_and_tries_some() {
    let app = TestApp::start().await;
    app.seller("kim").await.sells("5.00", 3).await;
    let alice = app.buyer("alice").await;
    let mut node = Command::new("node");
    node.arg(root().join("tests/typescript/docs.cjs"))
        .env("NODE_PATH", typescript().join("node_modules"))
        .env("API", app.base())
        .env("TOKEN", alice.token.as_deref().unwrap());
    let output = tokio::task::block_in_place(|| node.output()).expect("node");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", said(&output.stdout), said(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_the_page_are_those_of_the_package() {
    let app = TestApp::start().await;
    let package = typescript().join("node_modules/swagger-ui-dist");
    for name in
        ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"]
    {
        let served = app.stranger().get(&format!("/docs/{name}")).await.assert_status(200).body;
        assert!(served == std::fs::read(package.join(name)).unwrap(), "{name}: components/docs/assets/make");
    }
}
