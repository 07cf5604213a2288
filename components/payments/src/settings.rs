//! What the deployment may set.

use std::time::Duration;

use edge::{Code, Context, Problem};
use http::StatusCode;
use variables::{Checks, Found, Last, Unfit, Variable, read};

use crate::CLIENT;

/// The longest name of a provider, in characters: it is a part of a component's name.
const LONGEST_NAME: usize = 40;
/// How long the component in front of a plug-in may take to say that it is there. Nothing is asked of the provider.
const READY_TIMEOUT: Duration = Duration::from_secs(3);

/// The providers of this deployment; the first takes new payments.
static PROVIDERS: Variable<Vec<String>> = Variable::new("payment_providers", "sandbox", |text| {
    let names = read::list(text, name)?;
    if names.is_empty() { Err("must name a provider".to_owned()) } else { Ok(names) }
});

/// Where a payer comes back to after confirming at a provider.
static RETURN_URL: Variable<Option<String>> =
    Variable::new("payment_return_url", "", |text| read::optional(text, read::address));
/// Where providers are. Judged here too, for their gates are asked only when payments go through them.
static STRIPE_URL: Variable<Option<String>> = Variable::new("stripe_url", "", url);
static TOSS_URL: Variable<Option<String>> = Variable::new("toss_url", "", url);

/// Where payments can stall (`record::faults`).
const FAULTS: [&str; 9] = [
    "paying.started",
    "paying.charged",
    "paying.told",
    "paying.authorized",
    "paying.recorded",
    "refunding.requested",
    "refunding.provided",
    "refunding.recorded",
    "refunding.told",
];

/// For tests: where payments stall.
static FAULT_POINTS: Variable<Vec<String>> = Variable::new("fault_points", "", |text| {
    read::list(text, |point| read::choice(point, &FAULTS.map(|known| (known, known))).map(str::to_owned))
});

/// The time in which tries are counted, in seconds: an hour.
pub const TRIES_WITHIN: i64 = 60 * 60;

/// How many cards a buyer may try in vain within [`TRIES_WITHIN`], 0 for no limit: more than a person owns, too few to
/// test stolen ones.
static DECLINES: Variable<i64> =
    Variable::new("declines_limit", "20", |text| read::integer(text, 0..=1_000_000));

/// All of them.
pub static CHECKS: Checks =
    &[&DECLINES, &FAULT_POINTS, &PROVIDERS, &RETURN_URL, &STRIPE_URL, &TOSS_URL, &Last(providers_are_set_up)];

/// The providers of this deployment; the first takes new payments.
pub async fn providers() -> Result<&'static [String], Problem> {
    Ok(PROVIDERS.get().await?.as_slice())
}

/// How many cards a buyer may try in vain; 0 for no limit.
pub async fn declines_limit() -> Result<i64, Problem> {
    Ok(*DECLINES.get().await?)
}

/// Where payments stall.
pub async fn fault_points() -> &'static [String] {
    FAULT_POINTS.get().await.map_or(&[], Vec::as_slice)
}

fn url(text: &str) -> Result<Option<String>, String> {
    read::optional(text, |text| read::server(text, &read::HTTP))
}

fn name(text: &str) -> Result<String, String> {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=LONGEST_NAME).contains(&text.len()) && text.chars().all(fit) {
        Ok(text.to_owned())
    } else {
        Err("must be a list of names of a-z, 0-9 and -".to_owned())
    }
}

/// Each provider has its component, and that has what it needs. Asked once per instance.
fn providers_are_set_up() -> Found<'static> {
    Box::pin(async {
        let mut unfit = Vec::new();
        for name in PROVIDERS.get().await.map_or(&[][..], Vec::as_slice) {
            unfit.extend(set_up(name).await.err());
        }
        unfit
    })
}

async fn set_up(name: &str) -> Result<(), Unfit> {
    let gate = format!("pay-{name}");
    let unfit = |what: &str| Unfit(format!("payment_providers names {name}, {what}"));
    let reply = CLIENT.post_within(&Context::background(), &gate, "ready", &(), READY_TIMEOUT).await;
    match reply {
        Ok(reply) if reply.status == StatusCode::NO_CONTENT => Ok(()),
        Ok(reply) => Err(unfit(&of_this_deployment(name, &reply.problem()))),
        Err(problem) if problem.code() == Code::UNAVAILABLE => {
            Err(unfit(&format!("but there is no component {gate} that answers")))
        }
        Err(problem) => Err(unfit(&format!("which cannot be asked now ({})", problem.code().name))),
    }
}

/// What the component in front of a provider lacks, by the names that the deployment has for it.
fn of_this_deployment(name: &str, problem: &Problem) -> String {
    let names = [
        ("provider_key", format!("{name}_secret_key")),
        ("provider_return_url", "payment_return_url".to_owned()),
        ("provider_", format!("{name}_")),
    ];
    let told =
        names.iter().fold(problem.detail().to_owned(), |told, (own, theirs)| told.replace(own, theirs));
    format!("but {told}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_gate_lacks_is_named_as_the_deployment_names_it() {
        let told = "provider_key is not set; provider_return_url must be x; provider_url must be y";
        let problem = Problem::new(Code::MISCONFIGURED, told);
        let named = "but stripe_secret_key is not set; payment_return_url must be x; stripe_url must be y";
        assert_eq!(of_this_deployment("stripe", &problem), named);
    }
}
