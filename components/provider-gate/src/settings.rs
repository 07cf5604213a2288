//! What the deployment says of this component's provider.
//!
//! The names are those of this component; in the deployment they begin with the provider's: `stripe_secret_key` is the
//! `provider_key` of `pay-stripe`. A sandbox has none of them.

use variables::{Checks, Found, Rule, Unfit, Variable, read};

use crate::bindings::jangteo::payments::provider::Account;

/// The shortest secret that webhooks may be signed by, in bytes: a shorter one can be guessed from one signature.
const SHORTEST_SECRET: usize = 8;

static URL: Variable<Option<String>> =
    Variable::new("provider_url", "", |text| read::optional(text, |text| read::server(text, &read::HTTP)));
static KEY: Variable<Option<String>> = Variable::new("provider_key", "", |text| {
    // It goes into a header.
    if text.trim().chars().all(|c| c.is_ascii_graphic()) {
        read::secret(text, 1)
    } else {
        Err("must have printable ASCII characters only".to_owned())
    }
});
static WEBHOOK_SECRET: Variable<Option<String>> =
    Variable::new("provider_webhook_secret", "", |text| read::secret(text, SHORTEST_SECRET));
static RETURN_URL: Variable<Option<String>> =
    Variable::new("provider_return_url", "", |text| read::optional(text, read::address));

/// All of them.
pub static CHECKS: Checks = &[&URL, &WEBHOOK_SECRET, &RETURN_URL, &Rule(key_of_a_provider)];

/// What a plug-in is told of the account.
pub async fn account() -> Result<Account, Unfit> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok(Account {
        url: text(URL.get().await?),
        key: text(KEY.get().await?),
        webhook_secret: text(WEBHOOK_SECRET.get().await?),
        return_url: text(RETURN_URL.get().await?),
    })
}

/// A provider that is somewhere knows its customers by a key.
fn key_of_a_provider() -> Found<'static> {
    Box::pin(async {
        match (URL.get().await, KEY.get().await) {
            (Ok(Some(_)), Ok(None)) => vec![Unfit("provider_key is not set".to_owned())],
            (_, Err(unfit)) => vec![unfit],
            _ => Vec::new(),
        }
    })
}
