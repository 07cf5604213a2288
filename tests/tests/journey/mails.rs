//! A mail that was asked for reaches the mailer, whatever dies in between.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{HostProcess, Peer, Said};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_outlives_the_process() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    // It takes requests, and never answers.
    let hanging = Peer::start(|_| Said::Nothing(Duration::from_secs(60))).await;
    let host = HostProcess::with_variables(state.path(), &[("mailer_url", &hanging.url)]);
    let app = host.app();
    let email = app.buyer("alice").await.email.unwrap();
    let forgot = json!({ "email": email });
    app.stranger().post("/api/auth/password/forgot", forgot).await.assert_status(202);
    let token = |peer: &Peer| {
        let body: Value = serde_json::from_str(&peer.asked().first()?.body).ok()?;
        body["token"].as_str().map(str::to_owned)
    };
    let first = app.eventually("it is tried", || async { token(&hanging) }).await;
    host.kill();

    let mailer = Peer::start(|_| Said::Answer(200, String::new())).await;
    let host = HostProcess::with_variables(state.path(), &[("mailer_url", &mailer.url)]);
    let app = host.app();
    let admin = app.admin().await;
    // Where nobody asks for anything, the sweep does it. For some seconds it is still whose who died.
    let mailed = app
        .eventually("the next process mails it", || async {
            admin.post("/api/admin/sweep", json!({})).await.assert_status(200);
            token(&mailer)
        })
        .await;
    assert_eq!(mailed, first);
    let body = json!({ "token": mailed, "newPassword": "a better password" });
    app.stranger().post("/api/auth/password/reset", body).await.assert_status(204);
    let body = json!({ "email": email, "password": "a better password" });
    app.stranger().post("/api/auth/login", body).await.assert_status(200);
}
