//! What one guest instance has in its store, and what all instances of a component share.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, Weak};

use wasmtime::component::{Accessor, HasSelf, Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::allowed_hosts::AllowedHosts;
use crate::key_value::Backend;
use crate::logs::Logs;
use crate::outbound::{Inbound, Outbound};
use crate::server::Dispatcher;
use crate::sqlite::Database;

/// A component's configuration: what its instances are granted.
pub struct Guest {
    pub id: String,
    pub environment: BTreeMap<String, String>,
    pub variables: BTreeMap<String, String>,
    /// By label.
    pub databases: HashMap<String, Database>,
    /// By label.
    pub stores: HashMap<String, Backend>,
    pub allowed_hosts: AllowedHosts,
    pub logs: Logs,
    /// The way to other components; empty until all are compiled.
    pub dispatcher: OnceLock<Weak<Dispatcher>>,
}

/// The data of one instance's store.
pub struct State {
    pub guest: Arc<Guest>,
    /// Host resources the guest holds handles of.
    pub table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    inbound: Inbound,
    outbound: Outbound,
}

/// How a concurrent host function reaches the state.
pub type Access<'a, T> = &'a Accessor<T, HasSelf<State>>;

/// The host resource behind a guest's handle.
pub fn resource<T, R: Clone + Send + 'static>(accessor: Access<'_, T>, handle: &Resource<R>) -> Option<R> {
    accessor.with(|mut access| access.get().table.get(handle).cloned().ok())
}

impl State {
    /// A fresh state for a new instance of `guest`.
    pub fn new(guest: Arc<Guest>) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(guest.logs.stdout.clone()).stderr(guest.logs.stderr.clone());
        for (name, value) in &guest.environment {
            wasi.env(name, value);
        }
        Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            inbound: Inbound,
            outbound: Outbound::new(guest.clone()),
            guest,
        }
    }

    /// The view through which requests come in and responses leave.
    pub fn incoming_view(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.inbound, table: &mut self.table, ctx: &mut self.http }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.http }
    }
}
