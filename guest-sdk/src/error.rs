//! Making errors of the contract.

use crate::{Error, ErrorKind};

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into() }
    }
    /// Refused by a rule, with the stable code a client acts on.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, code, message)
    }
    /// No such thing; `what` names the kind of thing.
    pub fn not_found(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, what, message)
    }
    /// The caller's input does not fit.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, "", message)
    }
    /// An archive or document is damaged.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, "", message)
    }
    /// Something went wrong that is not the caller's fault.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, "", message)
    }
    /// Puts `context` and a colon before the message.
    #[must_use]
    pub fn context(mut self, context: impl std::fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid(error.to_string())
    }
}
