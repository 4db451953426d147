//! `http`: other servers as a test plays them.

use super::{enter, with};

pub use crate::bindings::imports::provost::plugin::http::{Failure, FailureKind, Request, Response};

/// Plays the other servers.
pub(crate) type Answering = Box<dyn FnMut(&Request) -> Result<Response, Failure>>;

/// See `http.send` in the contract. Answered by what the test said with `TestHost::answer_http`; until then nobody takes the
/// connection.
pub fn send(request: &Request) -> Result<Response, Failure> {
    enter("http").map_err(|error| Failure { kind: FailureKind::Denied, message: error.message })?;
    // Taken out, so that the one who answers may look at the host.
    let answering = with(|host| {
        host.http_sent.push(request.clone());
        host.http_answers.take()
    });
    let Some(mut answering) = answering else {
        return Err(Failure { kind: FailureKind::Connect, message: "connection refused".into() });
    };
    let answer = answering(request);
    with(|host| {
        host.http_answers.get_or_insert(answering);
    });
    answer
}
