//! What the deployment may set.

use edge::FieldError;
use variables::{Checks, Found, Rule, Unfit, Variable, read};

use crate::domain::account::{Draft, Policy, check_email};

/// The highest limit of signups: nobody means to limit them then.
const MOST_SIGNUPS: i64 = 1_000_000;

/// What passwords of this deployment may be.
static PASSWORD_POLICY: Variable<Policy> = Variable::new("password_policy", "standard", |text| {
    read::choice(text, &[("standard", Policy::Standard), ("strict", Policy::Strict)])
});
/// Accounts that one address may make per hour: an office behind one address, not a script. 0 for no limit.
static SIGNUP_LIMIT: Variable<i64> =
    Variable::new("signup_limit", "500", |text| read::integer(text, 0..=MOST_SIGNUPS));
static ADMIN_EMAIL: Variable<String> =
    Variable::new("bootstrap_admin_email", "", |text| Ok(text.trim().to_owned()));
/// Space in it counts.
static ADMIN_PASSWORD: Variable<String> =
    Variable::new("bootstrap_admin_password", "", |text| Ok(text.to_owned()));

/// Who mails tokens for new passwords. What stands in `allowed_outbound_hosts` must have no path.
static MAILER_URL: Variable<Option<String>> =
    Variable::new("mailer_url", "", |text| read::optional(text, |text| read::server(text, &read::HTTP)));

/// What the first ADMIN is called until they say otherwise.
const ADMIN_NAME: &str = "Administrator";

/// All of them.
pub static CHECKS: Checks = &[&MAILER_URL, &PASSWORD_POLICY, &SIGNUP_LIMIT, &Rule(first_admin)];

/// What passwords of this deployment may be.
pub async fn password_policy() -> Result<Policy, Unfit> {
    PASSWORD_POLICY.get().await.copied()
}

/// Accounts that one address may make per hour; 0 for no limit.
pub async fn signup_limit() -> Result<i64, Unfit> {
    SIGNUP_LIMIT.get().await.copied()
}

/// Who mails tokens for new passwords, if anyone does.
pub async fn mailer_url() -> Result<Option<&'static str>, Unfit> {
    Ok(MAILER_URL.get().await?.as_deref())
}

/// The account data of the first ADMIN; `None` when none is to be made.
pub async fn admin() -> Result<Option<Draft>, Vec<Unfit>> {
    let one = |unfit| vec![unfit];
    let unfit = |error: FieldError| Unfit(format!("bootstrap_admin_{} {}", error.field, error.detail));
    let email = ADMIN_EMAIL.get().await.map_err(one)?;
    let password = ADMIN_PASSWORD.get().await.map_err(one)?;
    // One that is unfit is named by its own check.
    let policy = password_policy().await.unwrap_or(Policy::Standard);
    if email.is_empty() && password.is_empty() {
        return Ok(None);
    }
    if email.is_empty() {
        return Err(one(Unfit("bootstrap_admin_email is not set, and the password is".to_owned())));
    }
    if password.is_empty() {
        let no_password = Unfit("bootstrap_admin_password is not set, and the e-mail is".to_owned());
        return Err(check_email(email).err().map(unfit).into_iter().chain([no_password]).collect());
    }
    let draft = Draft::parse(email, ADMIN_NAME, password.clone(), policy);
    draft.map(Some).map_err(|errors| errors.into_iter().map(unfit).collect())
}

fn first_admin() -> Found<'static> {
    Box::pin(async { admin().await.err().unwrap_or_default() })
}
