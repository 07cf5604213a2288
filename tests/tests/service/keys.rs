//! Signing keys: published, rotated, given by a setting, verified by an independent library.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{HostProcess, SECRET, TestApp, operations, python, root};
use uuid::Uuid;

use crate::forgery::{Signer, database, decoded};

/// For how long a key verifies after its successor signs, in seconds, and one more.
const OVERLAP: i64 = 331;

/// How old an instance's copy of the keys may be, and a little more.
const COPIES_LIVE: Duration = Duration::from_secs(6);

/// What PyJWT says of a token: its claims, or why it is refused.
fn pyjwt(algorithm: &str, key: &str, token: &str) -> Result<Value, String> {
    let mut child = Command::new(python())
        .arg(root().join("tests/python/verify_token.py"))
        .args([algorithm, key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python");
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pyjwt_verifies_tokens_of_both_algorithms() {
    for (algorithm, secret) in [("HS256", SECRET), ("EdDSA", SECRET), ("EdDSA", "")] {
        let variables = [("jwt_algorithm", algorithm), ("jwt_secret", secret)];
        let Some(app) = TestApp::with_variables(&variables).await else { return };
        let alice = app.buyer("alice").await;
        let token = alice.token.clone().unwrap();
        let key_set = format!("{}/.well-known/jwks.json", app.base());
        let key = if algorithm == "HS256" { SECRET } else { &key_set };
        assert_eq!(pyjwt(algorithm, key, &token).unwrap()["sub"], alice.id, "{algorithm}");
        let header = decoded(&token, 0);
        assert_eq!((&header["alg"], &header["typ"]), (&json!(algorithm), &json!("at+jwt")));
        let forged = Signer::new(algorithm, &[7; 32]).sign(&header, &decoded(&token, 1));
        assert!(pyjwt(algorithm, key, &forged).unwrap_err().contains("InvalidSignature"), "{algorithm}");
    }
}

async fn published(app: &TestApp) -> Vec<String> {
    let answer = app.stranger().get("/.well-known/jwks.json").await.assert_status(200);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    for key in &keys {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"], "nothing secret is published");
    }
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// As if the second key had been made earlier.
fn signs_since(app: &TestApp, algorithm: &str, seconds: i64) {
    let sql =
        "UPDATE identity_keys SET signs_from = unixepoch() - ?2 WHERE algorithm = ?1 AND generation = 2";
    assert_eq!(database(app).execute(sql, (algorithm, seconds)).unwrap(), 1);
}

async fn a_rotation_overlaps(algorithm: &str) {
    let variables = [("jwt_algorithm", algorithm), ("jwt_secret", "")];
    let Some(app) = TestApp::with_variables(&variables).await else { return };
    let (admin, alice) = (app.admin().await, app.buyer("alice").await);
    let (refresh_path, refresh) = ("/api/auth/refresh", json!({ "refreshToken": alice.refresh }));
    let old_token = alice.token.clone().unwrap();
    let (header, claims) = (decoded(&old_token, 0), decoded(&old_token, 1));
    let old = header["kid"].as_str().unwrap().to_owned();
    // One that no instance remembers, for each question.
    let by_old_key = |id: &str| {
        let mut claims = claims.clone();
        claims["jti"] = json!(id);
        Signer::of(&app, algorithm, 1).sign(&header, &claims)
    };

    // Announced: published, not signing; the same one however often and at how many places it is asked for.
    let rotations =
        futures::future::join_all((0..8).map(|_| admin.post("/api/auth/keys/rotate", json!({})))).await;
    let new = rotations[0].text("kid");
    assert_ne!(new, old);
    for rotation in rotations {
        let rotation = rotation.assert_status(200);
        assert_eq!((rotation.text("kid"), rotation.text("algorithm")), (new.clone(), algorithm.to_owned()));
    }
    let is_public = algorithm == "EdDSA";
    let expected =
        |kids: &[&String]| kids.iter().filter(|_| is_public).map(|kid| kid.to_string()).collect::<Vec<_>>();
    app.eventually("the new key is published", || async {
        (published(&app).await == expected(&[&new, &old])).then_some(())
    })
    .await;
    let token = app.buyer("bob").await.token.unwrap();
    assert_eq!(decoded(&token, 0)["kid"], old, "the new key signs before its time");

    let path = "/api/v1/audit/events?type=jangteo.key.rotated.v1";
    let told = app
        .eventually("the rotation is in the audit log", || async {
            let events = admin.get(path).await.assert_status(200).json();
            let items = events["items"].as_array().unwrap();
            (!items.is_empty()).then(|| items.iter().map(|event| event["data"].clone()).collect::<Vec<_>>())
        })
        .await;
    assert_eq!(told, [json!({ "kid": new })], "once, and nothing but the kid");

    // Signing: the old one still verifies, and a session from before goes on.
    signs_since(&app, algorithm, 0);
    let token = app
        .eventually("the new key signs", || async {
            let token = app.log_in(alice.email.as_deref().unwrap()).await.token.unwrap();
            (decoded(&token, 0)["kid"] == *new).then_some(token)
        })
        .await;
    for token in [token, by_old_key("overlap")] {
        alice.with_token(&token).get("/api/orders").await.assert_status(200);
    }
    app.stranger().post(refresh_path, refresh).await.assert_status(200);

    // Dead: when the last token of the old one has expired.
    signs_since(&app, algorithm, OVERLAP);
    app.eventually("the old key is dead", || async {
        let token = by_old_key(&Uuid::now_v7().to_string());
        (alice.with_token(&token).get("/api/payments").await.status == 401).then_some(())
    })
    .await;
    app.eventually("the old key is not published", || async {
        (published(&app).await == expected(&[&new])).then_some(())
    })
    .await;
    // No key really dies from one moment to the next; another instance may know the keys of 5 s ago for so long.
    tokio::time::sleep(COPIES_LIVE).await;
    let admin = app.admin().await;
    let rotate = || admin.post_keyed("/api/auth/keys/rotate", "k", json!({}));
    let (first, again) = (rotate().await.assert_status(200), rotate().await.assert_status(200));
    assert_eq!((again.json(), again.header("idempotent-replayed")), (first.json(), Some("true")));
    let count = "SELECT min(generation), max(generation) FROM identity_keys";
    let kept: (i64, i64) = database(&app).query_row(count, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(kept, (2, 3), "a dead key is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hs256_key_is_rotated_with_overlap() {
    a_rotation_overlaps("HS256").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eddsa_key_is_rotated_with_overlap() {
    a_rotation_overlaps("EdDSA").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_a_setting_is_rotated_there_and_sessions_go_on() {
    let state = tempfile::tempdir().unwrap();
    let host = HostProcess::start(state.path());
    let app = host.app();
    let alice = app.buyer("alice").await;
    let answer = app.admin().await.post("/api/auth/keys/rotate", json!({})).await;
    assert!(answer.assert_problem(409, "conflict").text("detail").contains("jwt_secret"));
    host.kill();
    let host = HostProcess::with_variables(
        state.path(),
        &[("jwt_secret", "another secret that only these tests know")],
    );
    let app = host.app();
    let (token, email) = (alice.token.clone().unwrap(), alice.email.clone().unwrap());
    app.stranger().with_token(&token).get("/api/orders").await.assert_problem(401, "unauthenticated");
    let refresh = json!({ "refreshToken": alice.refresh });
    app.stranger().post("/api/auth/refresh", refresh).await.assert_status(200);
    app.log_in(&email).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_be_used_stops_every_route_and_health_says_why() {
    for (name, value, why) in [
        ("jwt_secret", "0123456789012345678901234567890", "jwt_secret is shorter than 32 bytes"),
        ("jwt_algorithm", "RS256-or-so", "jwt_algorithm is neither HS256 nor EdDSA"),
    ] {
        let Some(app) = TestApp::with_variables(&[(name, value)]).await else { return };
        // The page of the description reads no setting.
        let all = operations().iter().filter(|operation| operation.component != "docs");
        for path in all.map(|operation| operation.path.replace(['{', '}'], "")) {
            let answer = app.stranger().get(&path).await.assert_problem(503, "misconfigured");
            assert_eq!(answer.text("detail"), why, "{path}");
            assert!(!String::from_utf8_lossy(&answer.body).contains(value), "{path} shows the setting");
        }
        let logs = std::fs::read_dir(app.state_dir().unwrap().join("logs")).unwrap();
        let logs: String = logs.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        assert!(logs.contains(why) && !logs.contains(value), "{logs}");
    }
}
