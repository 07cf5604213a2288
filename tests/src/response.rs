//! An answer and what stories expect of it.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::openapi;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) async fn read(what: String, answer: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Self { what, status, headers, body: answer.bytes().await?.to_vec() })
    }

    /// Panic, showing the answer, unless it is what the API's description declares for this request.
    pub(crate) fn assert_as_described(&self, method: &Method, path: &str) {
        if let Some(fault) = openapi::fault(method, path, self) {
            let body = String::from_utf8_lossy(&self.body);
            panic!("{}: {} is not as openapi.json has it: {fault}\n{body}", self.what, self.status);
        }
    }

    /// Panic, showing the answer, unless it has this status.
    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.what, String::from_utf8_lossy(&self.body));
        self
    }

    /// Panic unless it is a complete problem+json with this status and code.
    #[track_caller]
    pub fn assert_problem(self, status: u16, code: &str) -> Self {
        let this = self.assert_status(status);
        assert_eq!(this.header("content-type"), Some("application/problem+json"), "{}", this.what);
        let body = this.json();
        assert_eq!(body["code"], code, "{}\n{body}", this.what);
        assert_eq!(body["status"], status, "{}\n{body}", this.what);
        for member in ["type", "title", "detail", "instance", "requestId"] {
            assert!(body[member].is_string(), "{}: no {member} in {body}", this.what);
        }
        assert_eq!(this.header("x-request-id"), body["requestId"].as_str(), "{}", this.what);
        this
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{}: {e}\n{}", self.what, String::from_utf8_lossy(&self.body)))
    }

    /// A text member of the body.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        let body = self.json();
        body[member].as_str().unwrap_or_else(|| panic!("{}: no {member} in {body}", self.what)).to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
