//! `http`: calls of other servers.

use crate::bindings::provost::plugin::http as wit;
use crate::state::CallState;
use provost_outbound::{Allowed, Failure, FailureKind, Request};
use std::time::Duration;

const INTERFACE: &str = "http";
/// Limits where the plugin names none (`wit/http.wit`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(15);
const MAX_RESPONSE: usize = 4 << 10;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

fn failure(kind: wit::FailureKind, message: String) -> wit::Failure {
    wit::Failure { kind, message }
}

fn failure_out(failed: Failure) -> wit::Failure {
    let kind = match failed.kind {
        FailureKind::Denied => wit::FailureKind::Denied,
        FailureKind::Invalid => wit::FailureKind::Invalid,
        FailureKind::Dns => wit::FailureKind::Dns,
        FailureKind::Connect => wit::FailureKind::Connect,
        FailureKind::Tls => wit::FailureKind::Tls,
        FailureKind::Timeout => wit::FailureKind::Timeout,
        FailureKind::Reset => wit::FailureKind::Reset,
        FailureKind::Protocol => wit::FailureKind::Protocol,
    };
    failure(kind, failed.message)
}

/// The contract's milliseconds, 0 for `otherwise`.
fn time(milliseconds: u32, otherwise: Duration) -> Duration {
    if milliseconds == 0 { otherwise } else { Duration::from_millis(milliseconds.into()) }
}

/// Header values are bytes of ISO 8859-1, as far as HTTP says anything of them; nearly all are ASCII.
fn text(value: &[u8]) -> String {
    String::from_utf8(value.to_vec()).unwrap_or_else(|_| value.iter().copied().map(char::from).collect())
}

impl CallState {
    /// The idempotency key of the call that comes next, in a handler (proxy-tool-events.md 8.3).
    fn next_key(&mut self) -> Result<Option<String>, wit::Failure> {
        let Some(handling) = &mut self.handling else { return Ok(None) };
        if handling.in_transaction() {
            handling.refused_outside = true;
            let message = "no calls before the change is published: the plugin is called again then".to_owned();
            return Err(failure(wit::FailureKind::Denied, message));
        }
        let key = format!("{}/{}", handling.event, handling.calls);
        handling.calls += 1;
        Ok(Some(key))
    }
}

impl wit::Host for CallState {
    async fn send(&mut self, request: wit::Request) -> wasmtime::Result<Result<wit::Response, wit::Failure>> {
        if let Err(refused) = self.enter(INTERFACE) {
            return Ok(Err(failure(wit::FailureKind::Denied, refused.message)));
        }
        let key = match self.next_key() {
            Ok(key) => key,
            Err(refused) => return Ok(Err(refused)),
        };
        let mut headers: Vec<(String, Vec<u8>)> =
            request.headers.into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
        if let Some(key) = key
            && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(IDEMPOTENCY_KEY))
        {
            headers.push((IDEMPOTENCY_KEY.to_owned(), key.into_bytes()));
        }
        let max_response = if request.max_response == 0 { MAX_RESPONSE } else { request.max_response as usize };
        let request = Request {
            method: request.method,
            url: request.url,
            headers,
            body: request.body,
            connect_timeout: time(request.connect_timeout, CONNECT_TIMEOUT),
            timeout: time(request.timeout, TIMEOUT),
            max_response,
        };
        let outbound = &self.host.outbound;
        let none = Allowed::default();
        let allowed = outbound.allowed.get(&self.facts.id).unwrap_or(&none);
        match outbound.client.send(request, allowed).await {
            Ok(answer) => Ok(Ok(wit::Response {
                status: answer.status,
                headers: answer.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
                body: answer.body,
                truncated: answer.truncated,
            })),
            Err(failed) => {
                tracing::debug!(plugin = self.facts.id, "a call of another server: {failed}");
                Ok(Err(failure_out(failed)))
            }
        }
    }
}
