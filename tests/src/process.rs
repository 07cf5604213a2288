//! The host as a process of its own, for stories in which it is killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{TestApp, app::SECRET, root};

/// A running `host up`, killed when dropped.
pub struct HostProcess {
    child: Child,
    base: String,
}

impl HostProcess {
    /// Start the host with `state_dir` (which may hold an earlier life's state) and wait until it serves.
    pub fn start(state_dir: &Path) -> Self {
        Self::start_with(state_dir, &[])
    }

    /// As [`start`](Self::start), with other variables.
    pub fn start_with(state_dir: &Path, variables: &[(&str, &str)]) -> Self {
        // Of two values for a name the host takes the last.
        let given =
            variables.iter().flat_map(|(name, value)| ["--variable".to_owned(), format!("{name}={value}")]);
        let mut child = Command::new(binary())
            .args(["up", "--listen", "127.0.0.1:0", "-f"])
            .arg(root().join("spin.toml"))
            .arg("--state-dir")
            .arg(state_dir)
            .args(["--variable", &format!("jwt_secret={SECRET}")])
            .args(["--variable", "bootstrap_admin_email=admin@jangteo.test"])
            .args(["--variable", "bootstrap_admin_password=correct horse battery staple"])
            .args(given)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the host binary (cargo build -p host)");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let base = loop {
            let line = lines.next().expect("the host says where it serves").expect("text");
            if let Some(at) = line.find("http://127.0.0.1:") {
                break line[at..].split_whitespace().next().expect("an address").to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }

    /// The app that this process serves.
    pub fn app(&self) -> TestApp {
        TestApp::at(&self.base)
    }

    /// SIGKILL: no chance to finish anything.
    pub fn kill(mut self) {
        self.child.kill().expect("the process was alive");
        self.child.wait().expect("the process ended");
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// `target/<profile>/host`, beside which the test binaries lie in `deps/`.
fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("the test binary's path");
    own.parent().and_then(Path::parent).expect("target/<profile>").join("host")
}
