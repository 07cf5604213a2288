//! Forged, stale and foreign access tokens, against every service.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jwt_simple::prelude::*;
use serde_json::{Value, json};
use tests::{SECRET, TestApp};

/// A route of each service that needs a token.
const GUARDED: [&str; 5] =
    ["/api/auth/me", "/api/users/me", "/api/orders", "/api/payments", "/api/v1/audit/events"];

fn part(json: &Value) -> String {
    BASE64.encode(json.to_string())
}

fn decoded(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// HS256 by hand, so that any header and claims can be signed.
fn signed(secret: &str, header: &Value, claims: &Value) -> String {
    use hmac::{Hmac, Mac};
    let content = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(content.as_bytes());
    format!("{content}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_tokens_are_refused_by_every_service() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    let token = admin.token.clone().unwrap();
    let (header, claims) = (decoded(&token, 0), decoded(&token, 1));
    let with = |value: &Value, name: &str, new: Value| {
        let mut changed = value.clone();
        changed[name] = new;
        changed
    };
    let now = Clock::now_since_epoch().as_secs();
    let ed25519 = Ed25519KeyPair::generate().with_key_id(header["kid"].as_str().unwrap());
    let eddsa = ed25519.sign(Claims::create(Duration::from_secs(300)).with_subject(&admin.id)).unwrap();
    let none = with(&header, "alg", json!("none"));
    let parts: Vec<_> = token.split('.').collect();
    let forged = [
        ("no algorithm", format!("{}.{}.", part(&none), part(&claims))),
        ("no algorithm, old signature", format!("{}.{}.{}", part(&none), parts[1], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("another key", signed("another secret of more than 32 bytes!", &header, &claims)),
        ("another algorithm", eddsa),
        ("another kid", signed(SECRET, &with(&header, "kid", json!("other")), &claims)),
        ("another type", signed(SECRET, &with(&header, "typ", json!("JWT")), &claims)),
        ("a service's type, publicly", signed(SECRET, &with(&header, "typ", json!("svc+jwt")), &claims)),
        ("another issuer", signed(SECRET, &header, &with(&claims, "iss", json!("them")))),
        ("another audience", signed(SECRET, &header, &with(&claims, "aud", json!("them")))),
        ("not yet valid", signed(SECRET, &header, &with(&claims, "nbf", json!(now + 600)))),
        (
            "another's claims",
            format!("{}.{}.{}", parts[0], part(&with(&claims, "sub", json!("x"))), parts[2]),
        ),
        ("nonsense", "nonsense".to_owned()),
        ("empty", String::new()),
    ];
    for path in GUARDED {
        for (what, token) in &forged {
            let answer = admin.with_token(token).get(path).await;
            assert_eq!(answer.status, 401, "{what} at {path}");
            let answer = answer.assert_problem(401, "unauthenticated");
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
        }
    }
    // The same hand signs a token that is good, so the refusals above are for what they name.
    let good = signed(SECRET, &header, &claims);
    admin.with_token(&good).get("/api/auth/me").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_tokens_are_refused_by_every_service() {
    let Some(app) = TestApp::own().await else { return };
    let admin = app.admin().await;
    let token = admin.token.clone().unwrap();
    let (header, mut claims) = (decoded(&token, 0), decoded(&token, 1));
    let now = Clock::now_since_epoch().as_secs();
    (claims["iat"], claims["nbf"], claims["exp"]) = (json!(now - 600), json!(now - 600), json!(now - 300));
    let expired = admin.with_token(&signed(SECRET, &header, &claims));
    for path in GUARDED {
        let answer = expired.get(path).await.assert_problem(401, "token_expired");
        assert!(answer.header("www-authenticate").unwrap().contains("expired"));
    }
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
