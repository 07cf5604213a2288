//! What the deployment may set.

use url::Url;
use variables::{Checks, Rule, Unfit, Variable, read};

use crate::domain::target::{self, Upstreams};

/// The servers that registered instances may be on. Spin's `allowed_outbound_hosts` takes a variable for one host, not
/// for a list.
static UPSTREAMS: [Variable<Option<Url>>; 8] = [
    upstream("upstream_1"),
    upstream("upstream_2"),
    upstream("upstream_3"),
    upstream("upstream_4"),
    upstream("upstream_5"),
    upstream("upstream_6"),
    upstream("upstream_7"),
    upstream("upstream_8"),
];

/// All of them.
pub static CHECKS: Checks = &[&Rule(|| Box::pin(async { unfit().await }))];

const fn upstream(name: &'static str) -> Variable<Option<Url>> {
    Variable::new(name, "", |text| read::optional(text, target::server))
}

async fn unfit() -> Vec<Unfit> {
    let mut all = Vec::new();
    for variable in &UPSTREAMS {
        all.extend(variable.get().await.err());
    }
    all
}

/// The servers that are set.
pub async fn upstreams() -> Result<Upstreams, Unfit> {
    let mut all = Upstreams::default();
    for variable in &UPSTREAMS {
        all.0.extend(variable.get().await?.clone());
    }
    Ok(all)
}
