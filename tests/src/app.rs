//! A running app: embedded with fresh state, or whatever `JANGTEO_URL` points at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Actor, Response, plans, seen};

/// The admin of embedded apps.
const ADMIN: (&str, &str) = ("admin@jangteo.test", "correct horse battery staple");
/// The signing secret of embedded apps: tests forge tokens with it and with others.
pub const SECRET: &str = "a secret that only the tests of jangteo know";
/// Every account of a test has this password.
pub(crate) const PASSWORD: &str = "password123";
/// How long something that happens after a response may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An app under test.
pub struct TestApp {
    base: String,
    client: reqwest::Client,
    admin: (String, String),
    /// Makes names unique, so that stories can run against an instance that is in use.
    tag: String,
    /// Whether all stories are told to it, so that they are one caller.
    is_shared: bool,
    embedded: Option<Embedded>,
}

struct Embedded {
    _running: host::Running,
    state: TempDir,
}

impl Embedded {
    fn database(&self) -> PathBuf {
        self.state.path().join("sqlite_db.db")
    }
}

/// What stories made happen is kept for scripts/test, which asks whether every kind of event was seen; and no statement
/// that they had components say may read a whole table that grows.
impl Drop for Embedded {
    fn drop(&mut self) {
        // A story that failed has other worries.
        _ = seen::remember(&self.database());
        let faults = plans::faults(&self.database());
        if !std::thread::panicking() {
            let faults = faults.expect("the plans of what was said");
            assert!(faults.is_empty(), "statements that scan:\n{}", faults.join("\n"));
        }
    }
}

/// The workspace's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

/// The public routes of `spin.toml` and their components.
pub fn manifest_routes() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml");
    let manifest: toml::Value = toml::from_str(&text).expect("spin.toml is TOML");
    let triggers = manifest["trigger"]["http"].as_array().expect("http triggers").clone();
    let route =
        |t: &toml::Value| Some((t["route"].as_str()?.to_owned(), t["component"].as_str()?.to_owned()));
    triggers.iter().filter_map(route).collect()
}

fn declared_variables(manifest: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(manifest).expect("the manifest");
    let manifest: toml::Table = toml::from_str(&text).expect("the manifest is TOML");
    let declared = manifest.get("variables").and_then(toml::Value::as_table);
    declared.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

impl TestApp {
    /// An app with fresh state, or the one at `JANGTEO_URL`.
    pub async fn start() -> Self {
        match std::env::var("JANGTEO_URL") {
            Ok(url) => Self::given(&url),
            Err(_) => Self::embedded(root().join("spin.toml"), &[]).await,
        }
    }

    /// An app that nobody else uses, for stories that change what all share, such as roles; `None` when the tests
    /// run against `JANGTEO_URL`.
    pub async fn own() -> Option<Self> {
        Self::with_variables(&[]).await
    }

    /// An embedded app with its own variables; `None` when the tests run against `JANGTEO_URL`.
    pub async fn with_variables(variables: &[(&str, &str)]) -> Option<Self> {
        match std::env::var("JANGTEO_URL") {
            Ok(url) => {
                eprintln!("not tried at {url}: this story needs an embedded app of its own");
                None
            }
            Err(_) => Some(Self::embedded(root().join("spin.toml"), variables).await),
        }
    }

    /// Somebody's app that answers at `url`.
    fn given(url: &str) -> Self {
        let admin = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let admin = (admin("JANGTEO_ADMIN_EMAIL", ADMIN.0), admin("JANGTEO_ADMIN_PASSWORD", ADMIN.1));
        Self { admin, is_shared: true, ..Self::at(url) }
    }

    /// The app of ours that answers at `url`.
    pub fn at(url: &str) -> Self {
        Self {
            base: url.trim_end_matches('/').to_owned(),
            client: client(),
            admin: (ADMIN.0.to_owned(), ADMIN.1.to_owned()),
            tag: Uuid::now_v7().simple().to_string(),
            is_shared: false,
            embedded: None,
        }
    }

    /// An embedded app of another manifest.
    pub async fn embedded(manifest: PathBuf, variables: &[(&str, &str)]) -> Self {
        plans::listen();
        let state = tempfile::tempdir().expect("a temporary folder");
        let mut options = host::Options::new(manifest);
        options.state_dir = state.path().to_owned();
        options.listen = "127.0.0.1:0".parse().expect("an address");
        let ours = [
            ("bootstrap_admin_email", ADMIN.0),
            ("bootstrap_admin_password", ADMIN.1),
            ("jwt_secret", SECRET),
        ];
        let declared = declared_variables(&options.manifest);
        let ours = ours.iter().filter(|(name, _)| declared.iter().any(|known| known == name));
        options.variables = ours.map(|(name, value)| (name.to_string(), value.to_string())).collect();
        options.variables.extend(variables.iter().map(|(k, v)| (k.to_string(), v.to_string())));
        let app = host::App::load(options).await.expect("the manifest loads (build the components first)");
        let running = app.serve().await.expect("the app serves");
        let mut this = Self::at(&running.base_url());
        this.embedded = Some(Embedded { _running: running, state });
        this
    }

    /// The folder with the databases and logs of an embedded app.
    pub fn state_dir(&self) -> Option<&Path> {
        self.embedded.as_ref().map(|embedded| embedded.state.path())
    }

    /// The longest statement of an embedded app since this was asked before, and how many steps of SQLite's machine it
    /// took: a measure of work that is the same on every machine. (What FTS5 does within a step is not in it.)
    pub fn longest_statement(&self) -> (String, i32) {
        self.embedded.as_ref().map(|embedded| plans::longest(&embedded.database())).unwrap_or_default()
    }

    /// The app's address, such as `http://127.0.0.1:3000`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Someone without an account.
    pub fn stranger(&self) -> Actor<'_> {
        Actor::new(self, String::new(), Value::Null, None)
    }

    /// A new account that buys.
    pub async fn buyer(&self, name: &str) -> Actor<'_> {
        self.signed_up(name, "BUYER").await
    }

    /// A new account that sells.
    pub async fn seller(&self, name: &str) -> Actor<'_> {
        self.signed_up(name, "SELLER").await
    }

    /// The app's administrator.
    pub async fn admin(&self) -> Actor<'_> {
        self.logged_in(&self.admin.0, &self.admin.1).await
    }

    /// An e-mail address that no other story uses.
    pub fn email(&self, name: &str) -> String {
        format!("{name}-{}@example.com", self.tag)
    }

    /// The owner of an account that an earlier story made.
    pub async fn log_in(&self, email: &str) -> Actor<'_> {
        self.logged_in(email, PASSWORD).await
    }

    async fn signed_up(&self, name: &str, role: &str) -> Actor<'_> {
        let email = self.email(name);
        let body = json!({ "email": email, "password": PASSWORD, "name": name, "role": role });
        self.stranger().post("/api/auth/signup", body).await.assert_status(201);
        self.logged_in(&email, PASSWORD).await
    }

    async fn logged_in(&self, email: &str, password: &str) -> Actor<'_> {
        let body = json!({ "email": email, "password": password });
        let tokens = self.stranger().post("/api/auth/login", body).await.assert_status(200).json();
        let guest = Actor::new(self, String::new(), tokens.clone(), Some(email.to_owned()));
        let id = guest.get("/api/auth/me").await.assert_status(200).text("id");
        Actor::new(self, id, tokens, Some(email.to_owned()))
    }

    /// Send a request; an error when the app does not answer, as when it is being killed.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Response> {
        loop {
            let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            if let Some(body) = &body {
                request = request.body(body.clone());
            }
            let answer = Response::read(format!("{method} {path}"), request.send().await?).await?;
            answer.assert_as_described(&method, path);
            let Some(wait) = self.wait_after(&answer) else { return Ok(answer) };
            tokio::time::sleep(wait).await;
        }
    }

    /// How long to wait when somebody else's instance takes all stories together for one caller who asks too much.
    fn wait_after(&self, answer: &Response) -> Option<Duration> {
        let is_limited = answer.status == 429 && answer.header("ratelimit-policy").is_some();
        let seconds = answer.header("retry-after").filter(|_| is_limited && self.is_shared)?;
        seconds.parse().ok().map(Duration::from_secs)
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.base))
    }

    /// How far each target of each service is behind, told to an ADMIN; `None` while a service is down. Asking has them
    /// deliver.
    pub async fn lags(&self, admin: &Actor<'_>) -> Option<Vec<serde_json::Value>> {
        let left = admin.post("/api/v1/events/relay", serde_json::json!({})).await.assert_status(200).json();
        let relays: Option<Vec<_>> =
            left.as_object()?.values().map(|service| service["relay"].as_array()).collect();
        Some(relays?.into_iter().flatten().cloned().collect())
    }

    /// Wait until nothing more is to come into the audit log.
    pub async fn settled(&self) {
        let admin = self.admin().await;
        self.eventually("all services' events have arrived", || async {
            let lags = self.lags(&admin).await?;
            lags.iter().all(|lag| lag["target"] != "audit" || lag["pending"] == 0).then_some(())
        })
        .await;
    }

    /// Ask `question` until it answers, for what happens after a response; panics after some seconds.
    pub async fn eventually<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        question: impl Fn() -> F,
    ) -> T {
        let start = std::time::Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(answer) = question().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still not so after {PATIENCE:?}: {what}");
    }
}

fn client() -> reqwest::Client {
    let answers_only = reqwest::redirect::Policy::none();
    reqwest::Client::builder()
        .redirect(answers_only)
        .timeout(Duration::from_secs(30))
        .build()
        .expect("an HTTP client")
}
