//! Guest output: `<state-dir>/logs/<component>_stdout.txt` and `_stderr.txt`; the latter also goes to the console.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// The two logs of a component.
pub struct Logs {
    pub stdout: Log,
    pub stderr: Log,
}

impl Logs {
    /// Opens the logs of `component` for appending.
    pub fn open(state_dir: &Path, component: &str) -> Result<Self> {
        let dir = state_dir.join("logs");
        std::fs::create_dir_all(&dir)?;
        let open = |name| {
            let path = dir.join(format!("{component}_{name}.txt"));
            OpenOptions::new().create(true).append(true).open(path).map(Arc::new)
        };
        Ok(Self {
            stdout: Log { file: open("stdout")?, echo: false },
            stderr: Log { file: open("stderr")?, echo: true },
        })
    }
}

/// An output stream that goes to a file and perhaps to the console.
#[derive(Clone)]
pub struct Log {
    file: Arc<File>,
    echo: bool,
}

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Log {
    // A write to a local file is short: it is done in place.
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if self.echo {
            // A closed console must not fail the guest.
            let _ = std::io::stderr().write_all(bytes);
        }
        Poll::Ready((&*self.file).write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}
