//! The Redis trigger: one message at a time per server, at most once, in a fresh instance. It fails when Redis is away.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use futures::StreamExt as _;
use futures::future::{join_all, select_all};
use redis::Client;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::CapabilitiesPre;
use crate::manifest::Manifest;
use crate::state::{Guest, State};
use crate::variables::Variables;

/// A component that handles messages.
pub struct Subscriber {
    guest: Arc<Guest>,
    pre: CapabilitiesPre<State>,
}

impl Subscriber {
    /// Fails for a component that does not export `spin:redis/inbound-redis`.
    pub fn new(guest: Arc<Guest>, pre: InstancePre<State>) -> Result<Self> {
        Ok(Self { guest, pre: CapabilitiesPre::new(pre)? })
    }

    async fn handle(&self, payload: Vec<u8>) -> Result<()> {
        let mut store = Store::new(self.pre.engine(), State::new(self.guest.clone()));
        let instance = self.pre.instantiate_async(&mut store).await?;
        let handler = instance.spin_redis_inbound_redis();
        let call =
            store.run_concurrent(async |accessor| handler.call_handle_message(accessor, payload).await);
        call.await??.map_err(|error| anyhow!("the handler answered {error:?}"))
    }
}

/// Components by channel by server.
pub type Subscriptions = BTreeMap<String, Channels>;
type Channels = BTreeMap<String, Vec<Subscriber>>;

/// Resolves the manifest's Redis triggers to subscriptions.
pub fn subscriptions(
    manifest: &Manifest,
    variables: &Variables,
    subscriber: impl Fn(&String) -> Result<Subscriber>,
) -> Result<Subscriptions> {
    let mut subscriptions = Subscriptions::new();
    for trigger in &manifest.trigger.redis {
        let default = manifest.application.trigger.redis.as_ref().map(|r| &r.address);
        let address = trigger.address.as_ref().or(default);
        let address =
            address.context("trigger.redis: no address, and no [application.trigger.redis] either")?;
        let channels = subscriptions.entry(variables.expand(address)?).or_default();
        let channel = channels.entry(variables.expand(&trigger.channel)?).or_default();
        channel.push(subscriber(&trigger.component)?);
    }
    Ok(subscriptions)
}

/// Serves all subscriptions until one fails; without any it waits for ever.
pub async fn run(subscriptions: Subscriptions) -> Result<()> {
    if subscriptions.is_empty() {
        return std::future::pending().await;
    }
    select_all(subscriptions.iter().map(|(address, channels)| Box::pin(listen(address, channels)))).await.0
}

#[expect(clippy::print_stdout, reason = "Spin says this, too")]
async fn listen(address: &str, channels: &Channels) -> Result<()> {
    let client = Client::open(address).with_context(|| format!("invalid Redis address {address:?}"))?;
    let server = client.get_connection_info().addr().to_string();
    let connection = client.get_async_pubsub().await;
    let mut connection = connection.with_context(|| format!("cannot connect to Redis at {server}"))?;
    println!("Active Channels on {server}:");
    for (channel, subscribers) in channels {
        let subscribed = connection.subscribe(channel).await;
        subscribed.with_context(|| format!("cannot subscribe to {channel:?} at {server}"))?;
        let ids: Vec<_> = subscribers.iter().map(|s| s.guest.id.as_str()).collect();
        println!("\t{server}/{channel}: [{}]", ids.join(","));
    }
    let mut messages = connection.on_message();
    while let Some(message) = messages.next().await {
        let calls = channels.get(message.get_channel_name()).into_iter().flatten().map(|subscriber| async {
            if let Err(error) = subscriber.handle(message.get_payload_bytes().to_vec()).await {
                logline::log!("{}: a message failed: {error:#}", subscriber.guest.id);
            }
        });
        join_all(calls).await;
    }
    bail!("disconnected from Redis at {server}")
}
