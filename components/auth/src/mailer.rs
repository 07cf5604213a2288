//! Mail with tokens for new passwords: `mailer_url` is asked by HTTP, after the response, until it takes them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edge::vault::{self, Item};
use http::{Method, header};
use http_body_util::Full;
use serde_json::json;
use store::Timestamp;

use crate::error::Error;
use crate::handlers::resets::{LIFETIME_SECONDS, token_of};
use crate::settings;
use crate::store::{DB, resets};

/// How long the mailer may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Mail what waits, after the response.
pub fn kick() {
    static RUNNING: AtomicBool = AtomicBool::new(false);
    if RUNNING.swap(true, Ordering::AcqRel) {
        return;
    }
    spin_sdk::wasip3::spawn(async {
        if let Err(error) = drain().await {
            logline::log!("mailer: {error}");
        }
        RUNNING.store(false, Ordering::Release);
    });
}

/// Mail what an earlier instance left, once per instance.
pub fn kick_once() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, Ordering::Relaxed) {
        kick();
    }
}

async fn drain() -> Result<(), Error> {
    let Some(url) = settings::mailer_url().await? else { return Ok(()) };
    while let Some(mail) = resets::next_mail(Timestamp::now()).await? {
        let [email] = vault::decrypt([Item::new(vault::EMAIL, &mail.account_id, mail.email.as_str())]).await?;
        let token = token_of(&mail.reset).await?;
        let body = json!({ "type": "password_reset", "email": email, "token": token, "expiresIn": LIFETIME_SECONDS });
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("{url}/"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body.to_string().into()))
            .map_err(edge::Problem::internal)?;
        match outbound::exchange(request, TIMEOUT).await {
            Ok(reply) if reply.status.is_success() => _ = DB.append(resets::mailed(&mail)).await?,
            // It is taken up again when its lease is over.
            Ok(reply) => logline::log!("mailer answered {}", reply.status),
            Err(error) => logline::log!("mailer: {error}"),
        }
    }
    Ok(())
}
