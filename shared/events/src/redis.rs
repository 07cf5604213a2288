//! Redis as a target: every event is published to `jangteo.<source>`, for subscribers outside of the deployment.
//!
//! Redis keeps nothing that it publishes: a subscriber that was away catches up by `GET /api/v1/events?after=`. Spin
//! opens a TCP connection per `open` and knows no timeout, so one is kept per instance, raced against a timer, and
//! dropped when anything is wrong with it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures::future::{Either, select};
use spin_sdk::redis::Connection;
use variables::{Checks, Found, Rule, Unfit, Variable, read};

use crate::Target;

/// The target as cursors and the lag name it. It wants all events, and no private part.
pub(crate) const REDIS: Target = Target { service: "redis", kinds: &[], private: &[] };

/// Where Redis is; empty for none. It is also what the manifest allows as an outbound host, where it must be bare.
static URL: Variable<Option<String>> = Variable::new("redis_url", "", |text| {
    read::optional(text, |text| read::server(text, &["redis", "rediss"]))
});
/// Its password, if it wants one.
static PASSWORD: Variable<Option<String>> = Variable::new("redis_password", "", |text| read::secret(text, 1));
/// What a service with a log and a relay reads of the deployment's variables; for `edge::serve`.
pub static SETTINGS: Checks = &[&URL, &PASSWORD, &Rule(password_of_nothing), &store::SYNCHRONOUS];

/// A password without a server: its address was forgotten or misspelt, and nothing would be published.
fn password_of_nothing() -> Found<'static> {
    Box::pin(async {
        match (URL.get().await, PASSWORD.get().await) {
            (Ok(None), Ok(Some(_))) => vec![Unfit("redis_password is set, and redis_url is not".to_owned())],
            _ => Vec::new(),
        }
    })
}

/// How long a batch may take, connecting included: well under the relay's lease.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The instance's way to Redis.
pub(crate) struct Redis {
    /// Where it is, once asked; `None` when there is none.
    address: OnceLock<Option<String>>,
    connection: Mutex<Option<Arc<Connection>>>,
}

impl Redis {
    pub const fn new() -> Self {
        Self { address: OnceLock::new(), connection: Mutex::new(None) }
    }

    /// Whether this instance knows that there is none.
    pub fn is_off(&self) -> bool {
        matches!(self.address.get(), Some(None))
    }

    /// Where it is: the variables `redis_url` and `redis_password`.
    pub async fn address(&self) -> Option<&str> {
        if self.address.get().is_none() {
            let (url, password) = (URL.get().await.ok()?, PASSWORD.get().await.ok()?);
            _ = self.address.set(url.as_ref().map(|url| with_password(url, password.as_deref())));
        }
        self.address.get()?.as_deref()
    }

    /// Publish `messages`, in their order; some may have been published when this fails.
    pub async fn publish(&self, channel: &str, messages: &[String]) -> Result<(), String> {
        let sending = Box::pin(self.send(channel, messages));
        let alarm = Box::pin(spin_sdk::time::sleep(TIMEOUT));
        let outcome = match select(sending, alarm).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err("no answer in time".to_owned()),
        };
        if outcome.is_err() {
            *self.slot() = None;
        }
        outcome
    }

    async fn send(&self, channel: &str, messages: &[String]) -> Result<(), String> {
        let connection = self.connection().await?;
        for message in messages {
            connection.publish(channel, message).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    async fn connection(&self) -> Result<Arc<Connection>, String> {
        if let Some(open) = self.slot().clone() {
            return Ok(open);
        }
        let address = self.address().await.ok_or("there is none")?;
        let fresh = Arc::new(Connection::open(address).await.map_err(|error| error.to_string())?);
        *self.slot() = Some(fresh.clone());
        Ok(fresh)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Connection>>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Percent-encoded, since it may hold any character.
fn with_password(url: &str, password: Option<&str>) -> String {
    match (url.split_once("://"), password) {
        (Some((scheme, host)), Some(password)) => {
            let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("{scheme}://:{encoded}@{host}")
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_password;

    #[test]
    fn a_password_goes_into_the_address() {
        assert_eq!(with_password("redis://h:1", None), "redis://h:1");
        assert_eq!(with_password("redis://h:1", Some("p@")), "redis://:%70%40@h:1");
    }
}
