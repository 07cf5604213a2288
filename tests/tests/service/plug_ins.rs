//! Payment plug-ins: what the interface promises authors, and what a plug-in cannot do.

use tests::{APPROVED_CARD, Actor, Peer, Said, TestApp, pay, with_provider};

/// Alice pays with `card` for something of Kim's.
async fn pays(app: &TestApp, card: &str) -> (u16, serde_json::Value) {
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let (_, answer) = pays_again(&kim, &alice, card).await;
    answer
}

async fn pays_again(kim: &Actor<'_>, alice: &Actor<'_>, card: &str) -> (String, (u16, serde_json::Value)) {
    let product = kim.sells("29.99", 1).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let answer = alice.post("/api/payments", pay(&order, card)).await;
    (order["id"].as_str().unwrap().to_owned(), (answer.status, answer.json()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_authors_guide_takes_a_payment() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let variables = [("payment_providers", "toss"), ("toss_secret_key", "any")];
    let app = TestApp::embedded(with_provider("example-provider", ""), &variables).await;
    let (status, payment) = pays(&app, APPROVED_CARD).await;
    assert_eq!((status, payment["status"].as_str()), (201, Some("CAPTURED")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_reaches_its_provider_and_nobody_else() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    let listen = || Peer::start(|_| Said::Answer(200, String::new()));
    let (provider, elsewhere) = (listen().await, listen().await);
    let variables =
        [("payment_providers", "toss"), ("toss_url", &*provider.url), ("toss_secret_key", &*elsewhere.url)];
    let manifest = with_provider("rogue-provider", "\"allowed_outbound_hosts\"");
    let app = TestApp::embedded(manifest, &variables).await;
    let (status, payment) = pays(&app, APPROVED_CARD).await;
    assert_eq!(status, 202);
    let reached = payment["actionUrl"].as_str().unwrap();
    assert_eq!(reached, format!("urn:reached:{}:environment:0", provider.url));
    assert_eq!((provider.asked().len(), elsewhere.asked().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_can_call_a_plug_in() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for gate in ["pay-sandbox", "pay-stripe", "pay-toss"] {
        let path = format!("/internal/{gate}/charge");
        admin.post(&path, serde_json::json!([])).await.assert_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_wants_the_database_or_the_network_unasked_does_not_load() {
    if std::env::var("JANGTEO_URL").is_ok() {
        return;
    }
    for (plugin, inherit, missing) in [
        ("provider-sandbox", "\"allowed_outbound_hosts\"", "sqlite_databases"),
        ("rogue-provider", "", "allowed_outbound_hosts"),
    ] {
        let error = host::App::load(host::Options::new(with_provider(plugin, inherit))).await.err().unwrap();
        let error = format!("{error:#}");
        assert!(error.contains("jangteo:payments") && error.contains(missing), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_opens_for_a_provider_that_fails_and_closes_when_it_is_well() {
    let lost = "4000000000000226";
    let Some(app) = TestApp::own().await else { return };
    let (kim, alice) = (app.seller("kim").await, app.buyer("alice").await);
    let breaker = async || {
        let health = app.stranger().get("/health/payments").await.assert_status(200).json();
        health["providers"][0]["breaker"].as_str().map(str::to_owned)
    };
    for _ in 0..8 {
        assert_eq!(pays_again(&kim, &alice, lost).await.1.0, 202);
    }
    assert_eq!(breaker().await.as_deref(), Some("open"));
    let product = kim.sells("29.99", 1).await;
    let order = alice.orders(&product, 1).await.assert_status(201).json();
    let refused = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
    let refused = refused.assert_problem(503, "upstream_unavailable");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds), "{seconds}");
    // One call at a time tries the provider then; another one may be faster than we are.
    app.eventually("the provider is tried again", || async {
        let paid = alice.post("/api/payments", pay(&order, APPROVED_CARD)).await;
        (paid.status == 201).then_some(())
    })
    .await;
    assert_eq!(breaker().await.as_deref(), Some("closed"));
}
