//! The embedded host: serves a Spin v2 manifest, unchanged, as Spin 4.1 would, for development and tests.
//!
//! `load` reads manifest → variables → compositions → compiled components; `serve` starts the triggers.
//! A request walks `server` → `router` → `headers` → `instance` (re-used guest instances); what the guest asks of
//! the host goes to `sqlite`, `key_value`, `redis`, `variables` and `outbound` (which chains back into `server`).
//!
//! It implements what the project's manifests use and refuses, by name, what it does not know.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let app = host::App::load(host::Options::new("spin.toml")).await?;
//! let running = app.serve().await?;
//! println!("{}", running.base_url());
//! running.shutdown().await
//! # }
//! ```

mod allowed_hosts;
mod app;
mod bindings;
mod build;
mod capabilities;
mod compose;
mod engine;
mod headers;
mod instance;
mod key_value;
mod logs;
mod manifest;
mod outbound;
mod private;
mod redis;
mod redis_trigger;
mod router;
mod runtime_config;
mod server;
mod sqlite;
mod state;
mod variables;

pub use app::{App, Options};
pub use server::Running;
pub use sqlite::on_statement;
