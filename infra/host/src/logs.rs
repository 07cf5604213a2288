//! Guest output: `<state-dir>/logs/<component>_stdout.txt` and `_stderr.txt`; the latter also goes to the console.
//!
//! Whatever a guest writes at once is one write to the file, opened for appending, and one to the console: lines of
//! instances that log at the same time do not mix.

use std::fs::File;
use std::io::{Result, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::private;

/// The two logs of a component.
pub struct Logs {
    pub stdout: Log,
    pub stderr: Log,
}

impl Logs {
    /// Opens the logs of `component` for appending.
    pub fn open(state_dir: &Path, component: &str) -> Result<Self> {
        let dir = state_dir.join("logs");
        private::create_folder(&dir)?;
        let open = |name| private::append(&dir.join(format!("{component}_{name}.txt"))).map(Arc::new);
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
    /// A write to a local file is short: it is done in place. A full disk or a closed console must not fail the guest.
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if self.echo {
            let _ = std::io::stderr().write_all(bytes);
        }
        let _ = (&*self.file).write_all(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn open(dir: &Path) -> Pin<Box<dyn AsyncWrite + Send + Sync>> {
        Logs::open(dir, "shop").unwrap().stdout.async_stream().into()
    }

    #[tokio::test]
    async fn lines_of_parallel_guests_do_not_mix() {
        let dir = tempfile::tempdir().unwrap();
        let write = |letter: char, dir: std::path::PathBuf| async move {
            let line = format!("{}\n", letter.to_string().repeat(3000));
            let mut log = open(&dir);
            for _ in 0..200 {
                log.write_all(line.as_bytes()).await.unwrap();
            }
        };
        let tasks = ['a', 'b', 'c', 'd'].map(|letter| tokio::spawn(write(letter, dir.path().to_owned())));
        futures::future::join_all(tasks).await;
        let text = std::fs::read_to_string(dir.path().join("logs/shop_stdout.txt")).unwrap();
        assert_eq!(text.lines().count(), 800);
        for line in text.lines() {
            let first = line.chars().next().unwrap();
            assert!(line.len() == 3000 && line.chars().all(|letter| letter == first), "{line}");
        }
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_written_does_not_fail_the_guest() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        std::os::unix::fs::symlink("/dev/full", dir.path().join("logs/shop_stdout.txt")).unwrap();
        open(dir.path()).write_all(b"lost\n").await.unwrap();
    }
}
