//! `spin:key-value@3.0.0` over one SQLite file, in Spin's layout, or over Redis.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use redis::aio::ConnectionManager;
use redis::{AsyncCommands as _, Client};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::OnceCell;
use wasmtime::component::{FutureReader, HasSelf, Resource, StreamReader};

use crate::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::private;
use crate::state::{Access, State, resource};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value \
    (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";
const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) \
    ON CONFLICT(store, key) DO UPDATE SET value = ?3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1";

type Handle = Resource<Store>;
type KeyStreams = (StreamReader<String>, FutureReader<Result<(), Error>>);

/// What is behind a store's label: opened at first use, shared by all guests.
#[derive(Clone)]
pub enum Backend {
    /// A file with any number of stores.
    Sqlite(Arc<SqliteFile>),
    /// A server. As in Spin, labels do not separate keys there.
    Redis(Arc<RedisServer>),
}

pub struct SqliteFile {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

pub struct RedisServer {
    client: Client,
    connection: OnceCell<ConnectionManager>,
}

impl Backend {
    /// Stores in the file at `path`.
    pub fn sqlite(path: PathBuf) -> Self {
        Self::Sqlite(Arc::new(SqliteFile { path, connection: Mutex::default() }))
    }

    /// The store on the server at `url`.
    pub fn redis(url: &str) -> anyhow::Result<Self> {
        let client = Client::open(url).context("invalid Redis URL")?;
        Ok(Self::Redis(Arc::new(RedisServer { client, connection: OnceCell::new() })))
    }
}

fn other(error: impl std::fmt::Debug) -> Error {
    Error::Other(format!("{error:?}"))
}

impl SqliteFile {
    async fn run<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let task = tokio::task::spawn_blocking(move || {
            let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            match &*connection {
                Some(connection) => work(connection).map_err(other),
                None => work(connection.insert(self.open()?)).map_err(other),
            }
        });
        task.await.map_err(other)?
    }

    fn open(&self) -> Result<Connection, Error> {
        private::prepare_database(&self.path).map_err(other)?;
        let connection = Connection::open(&self.path).map_err(other)?;
        connection.execute(CREATE, []).map_err(other)?;
        Ok(connection)
    }
}

impl RedisServer {
    async fn connect(&self) -> Result<ConnectionManager, Error> {
        let connection = self.connection.get_or_try_init(|| self.client.get_connection_manager()).await;
        connection.cloned().map_err(other)
    }
}

/// A store a guest has opened.
#[derive(Clone)]
pub struct Store {
    label: String,
    backend: Backend,
}

impl Store {
    async fn get(self, key: String) -> Result<Option<Vec<u8>>, Error> {
        let at = [self.label, key.clone()];
        match self.backend {
            Backend::Sqlite(file) => {
                file.run(move |c| c.prepare_cached(GET)?.query_row(at, |row| row.get(0)).optional()).await
            }
            Backend::Redis(server) => server.connect().await?.get(key).await.map_err(other),
        }
    }

    async fn set(self, key: String, value: Vec<u8>) -> Result<(), Error> {
        let label = self.label;
        match self.backend {
            Backend::Sqlite(file) => {
                file.run(move |c| c.prepare_cached(SET)?.execute(params![label, key, value]).map(drop)).await
            }
            Backend::Redis(server) => server.connect().await?.set(key, value).await.map_err(other),
        }
    }

    async fn delete(self, key: String) -> Result<(), Error> {
        let at = [self.label, key.clone()];
        match self.backend {
            Backend::Sqlite(file) => file.run(move |c| c.prepare_cached(DELETE)?.execute(at).map(drop)).await,
            Backend::Redis(server) => server.connect().await?.del(key).await.map_err(other),
        }
    }

    async fn keys(self) -> Result<Vec<String>, Error> {
        let label = [self.label];
        match self.backend {
            Backend::Sqlite(file) => {
                file.run(move |c| c.prepare_cached(KEYS)?.query_map(label, |row| row.get(0))?.collect()).await
            }
            Backend::Redis(server) => server.connect().await?.keys("*").await.map_err(other),
        }
    }
}

fn store<T>(accessor: Access<'_, T>, handle: &Handle) -> Result<Store, Error> {
    resource(accessor, handle).ok_or(Error::NoSuchStore)
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostStore for State {
    async fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl<T: Send> HostStoreWithStore<T> for HasSelf<State> {
    async fn open(accessor: Access<'_, T>, label: String) -> Result<Handle, Error> {
        accessor.with(|mut access| {
            let state = access.get();
            let backend = state.guest.stores.get(&label).ok_or(Error::AccessDenied)?.clone();
            state.table.push(Store { label, backend }).map_err(other)
        })
    }

    async fn get(accessor: Access<'_, T>, handle: Handle, key: String) -> Result<Option<Vec<u8>>, Error> {
        store(accessor, &handle)?.get(key).await
    }

    async fn set(accessor: Access<'_, T>, handle: Handle, key: String, value: Vec<u8>) -> Result<(), Error> {
        store(accessor, &handle)?.set(key, value).await
    }

    async fn delete(accessor: Access<'_, T>, handle: Handle, key: String) -> Result<(), Error> {
        store(accessor, &handle)?.delete(key).await
    }

    async fn exists(accessor: Access<'_, T>, handle: Handle, key: String) -> Result<bool, Error> {
        Ok(store(accessor, &handle)?.get(key).await?.is_some())
    }

    async fn get_keys(accessor: Access<'_, T>, handle: Handle) -> wasmtime::Result<KeyStreams> {
        let (keys, outcome) = match store(accessor, &handle)?.keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            let outcome = std::future::ready(wasmtime::error::Ok(outcome));
            let keys = StreamReader::new(&mut access, keys)?;
            Ok((keys, FutureReader::new(&mut access, outcome)?))
        })
    }
}
