//! Why a call got no answer.

use std::error::Error;
use std::fmt;
use std::io;

/// The sort of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The server may not be called.
    Denied,
    /// The request cannot be sent.
    Invalid,
    /// The name has no address.
    Dns,
    /// Nobody took the connection.
    Connect,
    /// No TLS, or a certificate that does not hold.
    Tls,
    /// Out of time.
    Timeout,
    /// The connection ended before the answer did.
    Reset,
    /// The answer is no HTTP.
    Protocol,
}

/// Why a call got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Failure {
    /// Its sort.
    pub kind: FailureKind,
    /// For people.
    pub message: String,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
        })
    }
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Denied, message)
    }
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, message)
    }
    pub(crate) fn timeout(what: &str) -> Self {
        Self::new(FailureKind::Timeout, format!("{what} took too long"))
    }
}

/// What broke off an exchange that had begun.
impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        let kind = if error.is_parse() || malformed(&error) { FailureKind::Protocol } else { FailureKind::Reset };
        Self::new(kind, described(&error))
    }
}

/// Whether an error of the connection says that what came is not what should have come, such as a chunk without a length.
fn malformed(error: &hyper::Error) -> bool {
    let inner = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    inner.is_some_and(|inner| matches!(inner.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}

/// An error with what caused it.
pub(crate) fn described(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}
