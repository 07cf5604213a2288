//! Someone who uses the app, with or without an account.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Response, TestApp};

/// Someone who uses the app.
pub struct Actor<'a> {
    app: &'a TestApp,
    /// The account's id; empty for a stranger.
    pub id: String,
    /// The access token; a story may exchange it for a forged one.
    pub token: Option<String>,
    /// The refresh token.
    pub refresh: Option<String>,
    /// The account's e-mail.
    pub email: Option<String>,
}

impl<'a> Actor<'a> {
    pub(crate) fn new(app: &'a TestApp, id: String, tokens: Value, email: Option<String>) -> Self {
        let text = |name: &str| tokens.get(name).and_then(Value::as_str).map(str::to_owned);
        Self { app, id, token: text("accessToken"), refresh: text("refreshToken"), email }
    }

    /// This person with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        let (id, refresh, email) = (self.id.clone(), self.refresh.clone(), self.email.clone());
        Self { app: self.app, id, token: Some(token.to_owned()), refresh, email }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Response {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// DELETE one's own account, for which one knows the password.
    pub async fn erases_themselves(&self, password: &str) -> Response {
        let body = json!({ "currentPassword": password });
        self.send(Method::DELETE, &format!("/api/users/{}", self.id), &[], Some(body)).await
    }

    /// POST with an `Idempotency-Key`.
    pub async fn post_keyed(&self, path: &str, key: &str, body: Value) -> Response {
        self.send(Method::POST, path, &[("idempotency-key", key)], Some(body)).await
    }

    /// Any request, with more headers and a JSON body.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Response {
        let mut all: Vec<(&str, String)> = headers.iter().map(|(k, v)| (*k, v.to_string())).collect();
        if body.is_some() {
            all.push(("content-type", "application/json".to_owned()));
        }
        self.raw(method, path, all, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Any request with any bytes.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        mut headers: Vec<(&str, String)>,
        body: Option<Vec<u8>>,
    ) -> Response {
        if let Some(token) = &self.token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        let answer = self.app.send(method.clone(), path, &headers, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// A POST that is not sent yet, for one that nobody waits for.
    pub fn request(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let token = self.token.as_deref().unwrap_or_default();
        self.app.post(path).bearer_auth(token).json(body)
    }

    /// GET an answer that may break off.
    pub async fn try_get(&self, path: &str) -> reqwest::Result<Response> {
        let token = self.token.as_deref().unwrap_or_default();
        self.app.send(Method::GET, path, &[("authorization", format!("Bearer {token}"))], None).await
    }

    /// POST to an app that may die meanwhile.
    pub async fn try_post(&self, path: &str, body: Value) -> reqwest::Result<Response> {
        self.try_send(Method::POST, path, Some(body)).await
    }

    /// Any request to an app that may die meanwhile.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let token = self.token.as_deref().unwrap_or_default();
        let headers =
            [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
        self.app.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }
}
