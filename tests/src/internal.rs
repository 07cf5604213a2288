//! The services' internal routes, as another service calls them.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use contract::SERVICES;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use crate::{Actor, SECRET, TestApp, root};

impl TestApp {
    /// An app of its own that serves `/internal/…` too, which no deployment does; `None` when the tests run against
    /// `JANGTEO_URL`.
    pub async fn with_internal_routes(variables: &[(&str, &str)]) -> Option<Self> {
        if std::env::var("JANGTEO_URL").is_ok() {
            eprintln!("not tried: this story needs an embedded app with internal routes");
            return None;
        }
        Some(Self::embedded(manifest(), variables).await)
    }

    /// The service `name` of an app with internal routes, with a token of its own.
    pub async fn service(&self, name: &str) -> Actor<'_> {
        let admin = self.admin().await;
        let header = admin.token.as_deref().and_then(|token| token.split('.').next());
        let header = BASE64.decode(header.expect("a token has a header")).expect("base64");
        let mut header: Value = serde_json::from_slice(&header).expect("JSON");
        header["typ"] = json!("svc+jwt");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        let claims = json!({
            "iss": "jangteo", "aud": "jangteo", "sub": name, "jti": name, "iat": now, "nbf": now, "exp": now + 3600,
        });
        let content = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(content.as_bytes());
        admin.with_token(&format!("{content}.{}", BASE64.encode(mac.finalize().into_bytes())))
    }
}

/// The app's manifest with routes to the internal ones.
fn manifest() -> PathBuf {
    let root = root();
    let main = std::fs::read_to_string(root.join("spin.toml")).expect("spin.toml");
    let mut text = main.replace("source = \"target/", &format!("source = \"{}/target/", root.display()));
    for service in SERVICES {
        text +=
            &format!("\n[[trigger.http]]\nroute = \"/internal/{service}/...\"\ncomponent = \"{service}\"\n");
    }
    let path = root.join(format!("target/with-internal-{}.toml", std::process::id()));
    std::fs::write(&path, text).expect("the target folder is writable");
    path
}
