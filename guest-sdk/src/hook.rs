//! Web hooks: what other servers send to `hooks/PLUGIN/…`.

use crate::Result;
use crate::bindings::hook::exports::provost::plugin::web_hook as wire;

pub use wire::{Request, Response};

/// Implemented by a plugin that other servers call.
pub trait WebHook {
    /// Answers a request. Who may make it is the plugin's to check: no person stands behind it, and everybody can send one. Errors
    /// become statuses: `denied` 403, `not-found` 404, `invalid` 400, `limit` 413, `retry-later` 503, others 500.
    fn receive(request: Request) -> Result<Response>;
}

impl Request {
    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

impl Response {
    /// An answer with a body of this content type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type".into(), content_type.into())], body: body.into() }
    }
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }
    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// The export `receive`.
#[doc(hidden)]
pub fn receive<P: WebHook>(request: Request) -> Result<Response> {
    P::receive(request)
}
