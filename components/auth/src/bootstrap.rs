//! The first ADMIN, from the variables `bootstrap_admin_email` and `bootstrap_admin_password`.

use std::sync::atomic::{AtomicBool, Ordering};

use edge::Context;

use crate::domain::role;
use crate::error::Error;
use crate::personal::{email_hash, new_account};
use crate::record::accounts;
use crate::store::authority;
use crate::{record, settings, store as auth};

/// Make the ADMIN's account, unless this was done before, or the e-mail has an account. It costs one look per instance,
/// and comes before any signup, so that nobody can take the e-mail first. A failure is logged, and the next request
/// tries again.
pub async fn ensure(context: &Context) {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.load(Ordering::Relaxed) {
        return;
    }
    match admin(context).await {
        Ok(()) => DONE.store(true, Ordering::Relaxed),
        Err(error) => logline::log!("request {} bootstrap admin: {error}", context.request_id),
    }
}

async fn admin(context: &Context) -> Result<(), Error> {
    // What is not fit was named, and no request comes here then.
    let Ok(Some(draft)) = settings::admin().await else { return Ok(()) };
    // This does not depend on what happened to that account: it may have another e-mail, be disabled or erased.
    if authority::is_bootstrapped().await?
        || auth::credentials(&email_hash(&draft.email).await?).await?.is_some()
    {
        return Ok(());
    }
    let account = new_account(&draft, vec![role::ADMIN.to_owned()]).await?;
    let event = record::bootstrapping(accounts::registered(&account, "service:auth"));
    match record::registered(context, event).await {
        Err(Error::EmailTaken) => Ok(()),
        Err(Error::Database(error)) if authority::is_made(&error) => Ok(()),
        other => other,
    }
}
