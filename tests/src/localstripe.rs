//! localstripe: a server that answers as Stripe's API does.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::python;

/// Serves on loopback only, keeps nothing on disk, and says its address.
const SCRIPT: &str = r#"
import socket, sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
print("http://127.0.0.1:%d" % sock.getsockname()[1], flush=True)
web.run_app(server.app, sock=sock, print=None, access_log=None)
"#;

/// A running localstripe, killed when dropped.
pub struct LocalStripe {
    child: Child,
    /// Such as `http://127.0.0.1:4000`.
    pub url: String,
}

impl LocalStripe {
    /// Start one with nothing in it.
    pub fn start() -> Self {
        let child = Command::new(python()).args(["-c", SCRIPT]).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("localstripe starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let url = lines.next().expect("localstripe says where it serves").expect("text");
        Self { child, url }
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
