//! Forged, stale and foreign tokens, against every service of the manifest.

use std::collections::{BTreeMap, BTreeSet};

use jwt_simple::prelude::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Operation, TestApp, manifest_routes, operations, root};

use crate::forgery::{Signer, decoded, forged, insane, with};

/// Nothing there is for some callers only.
const UNGUARDED: [&str; 2] = ["docs", "gateway"];

/// An app that signs by keys of its own and shows the internal routes, too: they are to be guarded by themselves.
async fn exposed(algorithm: &str) -> Option<TestApp> {
    if std::env::var("JANGTEO_URL").is_ok() {
        eprintln!("not tried: this story needs an embedded app of its own");
        return None;
    }
    let text = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    let mut text = text.replace("source = \"target/", &format!("source = \"{}/target/", root().display()));
    for service in services() {
        text +=
            &format!("\n[[trigger.http]]\nroute = \"{}\"\ncomponent = \"{service}\"\n", internal(&service));
    }
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml");
    std::fs::write(&manifest, text).unwrap();
    Some(TestApp::embedded(manifest, &[("jwt_algorithm", algorithm), ("jwt_secret", "")]).await)
}

/// All components with internal routes.
fn services() -> BTreeSet<String> {
    let all = manifest_routes().into_iter().map(|(_, component)| component);
    all.filter(|name| !UNGUARDED.contains(&name.as_str())).collect()
}

fn internal(service: &str) -> String {
    format!("/internal/{service}/health")
}

/// A route of each service that needs a token, found by asking without one.
async fn guarded(app: &TestApp) -> BTreeMap<String, (Method, String)> {
    let mut found = BTreeMap::new();
    for Operation { method, path, component, .. } in operations() {
        let path = path.replace(['{', '}'], "");
        let answer = app.stranger().send(method.clone(), &path, &[], Some(json!({}))).await;
        if answer.status == 401 && !path.ends_with("/login") {
            found.entry(component.clone()).or_insert((method.clone(), path));
        }
    }
    for (_, component) in manifest_routes() {
        assert!(found.contains_key(&component) || UNGUARDED.contains(&component.as_str()), "{component}");
    }
    found
}

/// The claims and header of a genuine access token of the admin, and those of a service token.
async fn genuine(app: &TestApp) -> [(Value, Value); 2] {
    let token = app.admin().await.token.unwrap();
    let (header, claims) = (decoded(&token, 0), decoded(&token, 1));
    let service = with(&with(&claims, "sub", json!("orders")), "permissions", json!([]));
    [(header.clone(), claims), (with(&header, "typ", json!("svc+jwt")), service)]
}

/// A key of the other algorithm beside the deployment's own.
fn insert_unused(app: &TestApp, algorithm: &str) -> Signer {
    let sql = "INSERT INTO identity_keys VALUES (?1, 1, ?2, 0)";
    crate::forgery::database(app).execute(sql, (algorithm, [9u8; 32])).unwrap();
    Signer::new(algorithm, &[9; 32])
}

async fn refused_everywhere(app: &TestApp, routes: &[(Method, String)], what: &str, token: &str, code: &str) {
    let stranger = app.stranger().with_token(token);
    for (method, path) in routes {
        let answer = stranger.send(method.clone(), path, &[], Some(json!({}))).await;
        assert_eq!(answer.status, 401, "{what} at {path}");
        assert_eq!(answer.json()["code"], code, "{what} at {path}");
        let answer = answer.assert_problem(401, code);
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
}

async fn every_service_refuses_forged_tokens(algorithm: &str, other: &str) {
    let Some(app) = exposed(algorithm).await else { return };
    let public: Vec<_> = guarded(&app).await.into_values().collect();
    let internal: Vec<_> = services().iter().map(|service| (Method::GET, internal(service))).collect();
    let [access, service] = genuine(&app).await;
    let (own, unused) = (Signer::of(&app, algorithm, 1), insert_unused(&app, other));
    let good = own.sign(&access.0, &access.1);
    let good_service = own.sign(&service.0, &service.1);
    for (routes, (header, claims), theirs, typ) in
        [(&public, &access, &good_service, "svc+jwt"), (&internal, &service, &good, "at+jwt")]
    {
        for (what, token) in forged(&own, &unused, header, claims, typ) {
            refused_everywhere(&app, routes, &what, &token, "unauthenticated").await;
        }
        // Many, for the one plug-in that all services have: so of one service.
        for (what, token) in insane(&own, header, claims) {
            refused_everywhere(&app, routes.get(..1).unwrap(), &what, &token, "unauthenticated").await;
        }
        refused_everywhere(&app, routes, "a token of the other kind", theirs, "unauthenticated").await;
        let now = Clock::now_since_epoch().as_secs();
        let past = with(&with(claims, "iat", json!(now - 600)), "nbf", json!(now - 600));
        let expired = own.sign(header, &with(&past, "exp", json!(now - 300)));
        refused_everywhere(&app, routes, "expired", &expired, "token_expired").await;
    }
    // The same hand signs tokens that are good, so the refusals above are for what they name.
    for (method, path) in &public {
        let answer = app.stranger().with_token(&good).send(method.clone(), path, &[], Some(json!({}))).await;
        assert_ne!(answer.status, 401, "{path}");
    }
    for (_, path) in &internal {
        app.stranger().with_token(&good_service).get(path).await.assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused_by_every_service_under_hs256() {
    every_service_refuses_forged_tokens("HS256", "EdDSA").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused_by_every_service_under_eddsa() {
    every_service_refuses_forged_tokens("EdDSA", "HS256").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_signed_by_another_deployment_is_refused() {
    let other = [("jwt_secret", "the secret of quite another deployment")];
    let Some(theirs) = TestApp::with_variables(&other).await else { return };
    let ours = TestApp::start().await;
    let stranger = theirs.buyer("alice").await;
    let token = stranger.token.clone().unwrap();
    ours.stranger().with_token(&token).get("/api/auth/me").await.assert_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_secret_given_one_is_made_and_kept() {
    let Some(app) = TestApp::with_variables(&[("jwt_secret", "")]).await else { return };
    let alice = app.buyer("alice").await;
    for path in ["/api/auth/me", "/api/orders", "/api/payments"] {
        alice.get(path).await.assert_status(200);
    }
}
