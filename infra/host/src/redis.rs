//! `spin:redis@3.0.0`, outbound. As in Spin each `open` is a connection and nothing has a timeout.

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands as _, AsyncConnectionConfig, Client, ErrorKind, ParsingError, RedisError, Value};
use wasmtime::component::{HasSelf, Resource};

use crate::bindings::spin::redis::redis::{
    Error, Host, HostConnection, HostConnectionWithStore, RedisParameter, RedisResult,
};
use crate::state::{Access, State, resource};

type Handle = Resource<Connection>;

/// A connection a guest has opened.
#[derive(Clone)]
pub struct Connection(MultiplexedConnection);

fn other(error: RedisError) -> Error {
    Error::Other(error.to_string())
}

async fn connect(address: &str) -> Result<Connection, Error> {
    let client = Client::open(address).map_err(|_| Error::InvalidAddress)?;
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    client.get_multiplexed_async_connection_with_config(&config).await.map(Connection).map_err(other)
}

/// The connection behind a guest's handle; clones share its socket.
fn connection<T>(accessor: Access<'_, T>, handle: &Handle) -> Result<MultiplexedConnection, Error> {
    let unknown = || Error::Other("could not find connection for resource".to_owned());
    resource(accessor, handle).map(|c| c.0).ok_or_else(unknown)
}

/// What `execute` answers: nested values are flattened.
struct Flat(Vec<RedisResult>);

impl redis::FromRedisValue for Flat {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let mut flat = Vec::new();
        flatten(value, &mut flat)?;
        Ok(Self(flat))
    }
}

fn flatten(value: Value, flat: &mut Vec<RedisResult>) -> Result<(), ParsingError> {
    flat.push(match value {
        Value::Nil => RedisResult::Nil,
        Value::Int(i) => RedisResult::Int64(i),
        Value::BulkString(bytes) => RedisResult::Binary(bytes),
        Value::SimpleString(text) => RedisResult::Status(text),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        Value::Array(values) | Value::Set(values) => {
            return values.into_iter().try_for_each(|value| flatten(value, flat));
        }
        other => return Err(format!("cannot convert {other:?}").into()),
    });
    Ok(())
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostConnection for State {
    async fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSelf<State> {
    async fn open(accessor: Access<'_, T>, address: String) -> Result<Handle, Error> {
        let guest = accessor.with(|mut access| access.get().guest.clone());
        if !guest.allowed_hosts.allows(&address, "redis") {
            return Err(Error::InvalidAddress);
        }
        let connection = connect(&address).await?;
        let handle = accessor.with(|mut access| access.get().table.push(connection));
        handle.map_err(|_| Error::TooManyConnections)
    }

    async fn publish(a: Access<'_, T>, this: Handle, channel: String, payload: Vec<u8>) -> Result<(), Error> {
        connection(a, &this)?.publish(channel, payload).await.map_err(other)
    }

    async fn get(a: Access<'_, T>, this: Handle, key: String) -> Result<Option<Vec<u8>>, Error> {
        connection(a, &this)?.get(key).await.map_err(other)
    }

    async fn set(a: Access<'_, T>, this: Handle, key: String, value: Vec<u8>) -> Result<(), Error> {
        connection(a, &this)?.set(key, value).await.map_err(other)
    }

    async fn incr(a: Access<'_, T>, this: Handle, key: String) -> Result<i64, Error> {
        connection(a, &this)?.incr(key, 1).await.map_err(other)
    }

    async fn del(a: Access<'_, T>, this: Handle, keys: Vec<String>) -> Result<u32, Error> {
        connection(a, &this)?.del(keys).await.map_err(other)
    }

    async fn sadd(a: Access<'_, T>, this: Handle, key: String, values: Vec<String>) -> Result<u32, Error> {
        connection(a, &this)?.sadd(key, values).await.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedReturnType => Error::TypeError,
            _ => other(error),
        })
    }

    async fn smembers(a: Access<'_, T>, this: Handle, key: String) -> Result<Vec<String>, Error> {
        connection(a, &this)?.smembers(key).await.map_err(other)
    }

    async fn srem(a: Access<'_, T>, this: Handle, key: String, values: Vec<String>) -> Result<u32, Error> {
        connection(a, &this)?.srem(key, values).await.map_err(other)
    }

    async fn execute(
        a: Access<'_, T>,
        this: Handle,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Result<Vec<RedisResult>, Error> {
        let mut cmd = redis::cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(i) => cmd.arg(i),
                RedisParameter::Binary(bytes) => cmd.arg(bytes),
            };
        }
        let flat: Flat = cmd.query_async(&mut connection(a, &this)?).await.map_err(other)?;
        Ok(flat.0)
    }
}
