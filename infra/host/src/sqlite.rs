//! `spin:sqlite@3.1.0` over local files. A statement makes one hop to a blocking thread and back, a short SELECT none.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Statement, StatementStatus, ToSql, params_from_iter};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Destination, FutureReader, HasSelf, Resource, StreamProducer, StreamReader, StreamResult, VecBuffer,
};

use crate::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use crate::private;
use crate::state::{Access, State, resource};

/// Rows Spin queues for a guest that does not read yet.
const SPIN_QUEUE: usize = 4;
/// Spin's limit on what the host buffers for a guest.
const MAX_BUFFERED_BYTES: usize = 128 << 20;
/// How long a SELECT may keep a thread that serves everyone: many times what a small one takes, and no more than what
/// a request costs anyway.
const INLINE_LIMIT: Duration = Duration::from_micros(500);
/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS_PER_LOOK: i32 = 1000;
/// SELECTs over the limit that run at once: all others shall have the other half of the machine's cores, at least.
static LONG_READS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new(cores.div_ceil(2))
});

thread_local! {
    /// When the SELECT that this thread runs for a guest has to make room; taken once it had to.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Is told of a statement that ran: its database, its text, and how many steps of SQLite's machine it took.
pub type Listener = fn(&Path, &str, i32);

/// Who is told of statements; nobody, but in tests.
static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Have `listener` told of each statement that a component runs. What stands in a transaction is left out: components
/// use one to migrate, when they read all they have.
pub fn on_statement(listener: Listener) {
    _ = LISTENER.set(listener);
}

/// Costs a look at [`LISTENER`] where nobody listens.
fn tell(connection: &rusqlite::Connection, sql: &str, statement: &Statement<'_>) {
    let Some(listener) = LISTENER.get() else { return };
    if connection.is_autocommit()
        && let Some(path) = connection.path()
    {
        listener(Path::new(path), sql, statement.reset_status(StatementStatus::VmStep));
    }
}

type Handle = Resource<Connection>;
type Outcome = Result<(), Error>;
type Streams = (Vec<String>, StreamReader<RowResult>, FutureReader<Outcome>);

/// The path of a database file; neither it nor its folder need exist.
pub type Database = Arc<PathBuf>;

/// An open connection: each `open` of a guest makes a new one. The file is opened by the first statement.
#[derive(Clone)]
pub struct Connection {
    database: Database,
    inner: Arc<Mutex<Option<rusqlite::Connection>>>,
}

impl Connection {
    /// Runs `sql`: a SELECT right here, for it waits for no lock and is mostly shorter than the way to another thread
    /// and back (measured: a quarter of the rate of a small read); anything else on a blocking thread, and there once
    /// more from its beginning a SELECT that takes long.
    async fn query(self, sql: String, values: Vec<Value>) -> Result<(Answer, Outcome), Error> {
        let _turn = match self.read_here(&sql, &values) {
            Read::Done(answer, outcome) => return Ok((answer, outcome)),
            Read::Long => LONG_READS.acquire().await.ok(),
            Read::Elsewhere => None,
        };
        self.run(move |connection| query(connection, &sql, &values)).await
    }

    fn read_here(&self, sql: &str, values: &[Value]) -> Read {
        let is_select = sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"));
        let inner = self.inner.try_lock().ok().filter(|_| is_select);
        let Some(connection) = inner.as_ref().and_then(|inner| inner.as_ref()) else {
            return Read::Elsewhere;
        };
        let statement = connection.prepare_cached(sql).ok().filter(|statement| statement.readonly());
        let Some(mut statement) = statement else { return Read::Elsewhere };
        let mut answer = Answer::default();
        DEADLINE.set(Instant::now().checked_add(INLINE_LIMIT));
        let outcome = step_all(&mut statement, values, &mut answer);
        match DEADLINE.take() {
            Some(_) => {
                tell(connection, sql, &statement);
                Read::Done(answer, outcome)
            }
            None => {
                // It runs anew: its steps count from there.
                statement.reset_status(StatementStatus::VmStep);
                Read::Long
            }
        }
    }

    /// Does `work` on the connection, on a blocking thread.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let task = spawn_blocking(move || {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            match &*inner {
                Some(connection) => Ok(work(connection)),
                None => Ok(work(inner.insert(open(&self.database)?))),
            }
        });
        task.await.unwrap_or_else(|error| Err(Error::Io(error.to_string())))
    }
}

/// What became of a statement on a thread that serves everyone.
enum Read {
    /// It is through.
    Done(Answer, Outcome),
    /// It is a SELECT that takes long, and was given up.
    Long,
    /// It is not for such a thread.
    Elsewhere,
}

/// Asked by SQLite every [`STEPS_PER_LOOK`]; true interrupts the statement. Where nothing is to make room there is no
/// deadline.
fn must_make_room() -> bool {
    let late = DEADLINE.get().is_some_and(|deadline| Instant::now() >= deadline);
    if late {
        DEADLINE.set(None);
    }
    late
}

fn open(path: &PathBuf) -> Result<rusqlite::Connection, Error> {
    let cannot = |error| Error::Io(format!("cannot create {}: {error}", path.display()));
    private::prepare_database(path).map_err(cannot)?;
    // rusqlite's defaults are Spin's: busy timeout 5 s, 16 cached statements, foreign keys on.
    let connection = rusqlite::Connection::open(path).map_err(io_error)?;
    let authorizer = |context: AuthContext<'_>| match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => Authorization::Deny,
        _ => Authorization::Allow,
    };
    connection.authorizer(Some(authorizer));
    connection.progress_handler(STEPS_PER_LOOK, Some(must_make_room));
    Ok(connection)
}

fn io_error(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(i) => ValueRef::Integer(*i),
            Self::Real(r) => ValueRef::Real(*r),
            Self::Text(t) => ValueRef::Text(t.as_bytes()),
            Self::Blob(b) => ValueRef::Blob(b),
            Self::Null => ValueRef::Null,
        }))
    }
}

fn from_column(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(b) => Value::Blob(b.to_vec()),
    })
}

fn size(row: &RowResult) -> usize {
    let beyond = |value: &Value| match value {
        Value::Text(t) => t.len(),
        Value::Blob(b) => b.len(),
        _ => 0,
    };
    row.values.iter().map(|v| size_of::<Value>().saturating_add(beyond(v))).sum()
}

/// What a query gave, up to its end or its failure.
#[derive(Default)]
struct Answer {
    columns: Vec<String>,
    rows: Vec<RowResult>,
}

/// Spin runs the first statement of a string and ignores the rest, and so does rusqlite. A statement that cannot be
/// prepared is not tried again: Spin does not either.
fn query(connection: &rusqlite::Connection, sql: &str, parameters: &[Value]) -> (Answer, Outcome) {
    let mut answer = Answer::default();
    let outcome = connection.prepare_cached(sql).map_err(io_error).and_then(|mut statement| {
        let _turn = turn(connection, &statement);
        let outcome = step_all(&mut statement, parameters, &mut answer);
        tell(connection, sql, &statement);
        outcome
    });
    (answer, outcome)
}

/// A writer's turn. SQLite's waiting for the write lock sleeps in steps of up to 100 ms; among the host's own
/// connections a queue does the same without the sleep. Who is in a transaction has the lock already, and must not
/// queue behind those who wait for it.
fn turn(connection: &rusqlite::Connection, statement: &Statement<'_>) -> Option<MutexGuard<'static, ()>> {
    static WRITERS: Mutex<()> = Mutex::new(());
    let writes = connection.is_autocommit() && !statement.readonly();
    writes.then(|| WRITERS.lock().unwrap_or_else(PoisonError::into_inner))
}

fn step_all(statement: &mut Statement<'_>, parameters: &[Value], answer: &mut Answer) -> Outcome {
    answer.columns = statement.column_names().into_iter().map(str::to_owned).collect();
    let width = answer.columns.len();
    let mut rows = statement.query(params_from_iter(parameters)).map_err(io_error)?;
    let mut bytes = 0_usize;
    while let Some(row) = rows.next().map_err(io_error)? {
        let values = (0..width).map(|column| row.get_ref(column).and_then(from_column));
        let row = RowResult { values: values.collect::<Result<_, _>>().map_err(io_error)? };
        bytes = bytes.saturating_add(size(&row));
        if bytes > MAX_BUFFERED_BYTES {
            return Err(Error::Io(format!("query result exceeds limit of {MAX_BUFFERED_BYTES} bytes")));
        }
        answer.rows.push(row);
    }
    Ok(())
}

/// The rows of a query for the guest.
///
/// Spin learns the outcome only when all but a few rows are read. A guest that waits for it first hangs there, so
/// it must hang here too: the outcome of a longer result is held back until the guest reads.
struct Rows {
    rows: Vec<RowResult>,
    held_back: Option<(oneshot::Sender<Outcome>, Outcome)>,
}

impl Rows {
    fn new(rows: Vec<RowResult>, outcome: Outcome) -> (Self, oneshot::Receiver<Outcome>) {
        let (tx, rx) = oneshot::channel();
        let mut this = Self { held_back: Some((tx, outcome)), rows };
        if this.rows.len() <= SPIN_QUEUE {
            this.release();
        }
        (this, rx)
    }

    fn release(&mut self) {
        if let Some((tx, outcome)) = self.held_back.take() {
            // A guest that no longer asks does not care.
            let _ = tx.send(outcome);
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some((_, outcome)) = &mut self.held_back {
            *outcome = Err(Error::Io("row send error".to_owned()));
        }
        self.release();
    }
}

impl<D> StreamProducer<D> for Rows {
    type Item = RowResult;
    type Buffer = VecBuffer<RowResult>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, RowResult, VecBuffer<RowResult>>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        self.release();
        destination.set_buffer(std::mem::take(&mut self.rows).into());
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl State {
    fn open_database(&mut self, label: &str) -> Result<Handle, Error> {
        let database = self.guest.databases.get(label).ok_or(Error::AccessDenied)?.clone();
        let connection = Connection { database, inner: Arc::default() };
        self.table.push(connection).map_err(|error| Error::Io(error.to_string()))
    }

    fn database_connection(&self, handle: &Handle) -> Result<Connection, Error> {
        self.table.get(handle).cloned().map_err(|_| Error::InvalidConnection)
    }
}

impl Host for State {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl HostConnection for State {
    async fn open(&mut self, database: String) -> Result<Handle, Error> {
        self.open_database(&database)
    }

    async fn execute(
        &mut self,
        handle: Handle,
        sql: String,
        values: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let connection = self.database_connection(&handle)?;
        let (Answer { columns, rows }, outcome) = connection.query(sql, values).await?;
        outcome.map(|()| QueryResult { columns, rows })
    }

    async fn changes(&mut self, handle: Handle) -> wasmtime::Result<u64> {
        Ok(self.database_connection(&handle)?.run(rusqlite::Connection::changes).await?)
    }

    async fn last_insert_rowid(&mut self, handle: Handle) -> wasmtime::Result<i64> {
        Ok(self.database_connection(&handle)?.run(rusqlite::Connection::last_insert_rowid).await?)
    }

    async fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSelf<State> {
    async fn open_async(accessor: Access<'_, T>, database: String) -> Result<Handle, Error> {
        accessor.with(|mut access| access.get().open_database(&database))
    }

    async fn execute_async(
        accessor: Access<'_, T>,
        handle: Handle,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Streams, Error> {
        let connection = resource(accessor, &handle).ok_or(Error::InvalidConnection)?;
        let (answer, outcome) = connection.query(sql, values).await?;
        let (rows, outcome) = Rows::new(answer.rows, outcome);
        let readers = accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            wasmtime::error::Ok((rows, FutureReader::new(&mut access, outcome)?))
        });
        let (rows, outcome) = readers.map_err(|error| Error::Io(error.to_string()))?;
        Ok((answer.columns, rows, outcome))
    }

    async fn changes_async(accessor: Access<'_, T>, handle: Handle) -> wasmtime::Result<u64> {
        let connection = resource(accessor, &handle).ok_or(Error::InvalidConnection)?;
        Ok(connection.run(rusqlite::Connection::changes).await?)
    }

    async fn last_insert_rowid_async(accessor: Access<'_, T>, handle: Handle) -> wasmtime::Result<i64> {
        let connection = resource(accessor, &handle).ok_or(Error::InvalidConnection)?;
        Ok(connection.run(rusqlite::Connection::last_insert_rowid).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database in a folder that is made on the way, and the folder above it, which goes with the guard.
    fn database() -> (rusqlite::Connection, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (open(&dir.path().join("new/sqlite.db")).unwrap(), dir)
    }

    fn ask(connection: &rusqlite::Connection, sql: &str) -> String {
        let (answer, outcome) = query(connection, sql, &[]);
        let values = answer.rows.into_iter().flat_map(|row| row.values).collect::<Vec<_>>();
        outcome.map_or_else(|error| error.to_string(), |()| format!("{values:?}"))
    }

    #[test]
    fn only_the_first_statement_of_a_string_runs() {
        let (connection, _dir) = database();
        ask(&connection, "CREATE TABLE t(a)");
        for rest in ["INSERT INTO t VALUES(2)", "nonsense", "-- nothing", ""] {
            assert_eq!(ask(&connection, &format!("INSERT INTO t VALUES(1); {rest}")), "[]", "{rest}");
        }
        assert_eq!(
            ask(&connection, "SELECT count(*), sum(a) FROM t"),
            "[Value::Integer(4), Value::Integer(4)]"
        );
    }

    #[test]
    fn databases_are_as_spin_opens_them() {
        let (connection, _dir) = database();
        for (pragma, value) in
            [("foreign_keys", "Integer(1)"), ("busy_timeout", "Integer(5000)"), ("synchronous", "Integer(2)")]
        {
            assert_eq!(ask(&connection, &format!("PRAGMA {pragma}")), format!("[Value::{value}]"));
        }
        assert!(ask(&connection, "ATTACH 'other.db' AS o").contains("not authorized"));
        assert!(ask(&connection, "CREATE VIRTUAL TABLE f USING fts5(x)").contains("[]"));
    }

    fn counting(to: u64) -> String {
        format!(
            "SELECT (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {to}) \
             SELECT sum(i) FROM n)"
        )
    }

    #[tokio::test]
    async fn a_long_read_makes_room_and_answers_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let connection = Connection { database: dir.path().join("a.db").into(), inner: Arc::default() };
        assert!(matches!(connection.read_here("SELECT 1", &[]), Read::Elsewhere), "not open yet");
        drop(connection.clone().query("CREATE TABLE t(a)".to_owned(), Vec::new()).await.unwrap());
        let read = |sql: &str| connection.read_here(sql, &[]);
        assert!(
            matches!(read("SELECT count(*) FROM t"), Read::Done(answer, Ok(())) if answer.rows.len() == 1)
        );
        assert!(matches!(read("INSERT INTO t VALUES(1)"), Read::Elsewhere));
        let start = Instant::now();
        assert!(matches!(read(&counting(3_000_000)), Read::Long));
        assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
        let (answer, outcome) = connection.query(counting(3_000_000), Vec::new()).await.unwrap();
        assert!(outcome.is_ok());
        assert!(matches!(answer.rows[0].values[..], [Value::Integer(4_500_001_500_000)]));
    }

    #[test]
    fn the_outcome_of_a_long_result_waits_for_a_reader() {
        let rows = |count: usize| (0..count).map(|_| RowResult { values: vec![Value::Null] }).collect();
        assert!(matches!(Rows::new(rows(4), Ok(())).1.try_recv(), Ok(Ok(()))));
        let (unread, mut outcome) = Rows::new(rows(5), Ok(()));
        assert!(outcome.try_recv().is_err());
        drop(unread);
        assert!(matches!(outcome.try_recv(), Ok(Err(Error::Io(text))) if text == "row send error"));
    }
}
