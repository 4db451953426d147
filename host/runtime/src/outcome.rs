//! How a call ended: classified once, here (proxy-tool-events.md 8.1).

use crate::bindings::provost::plugin::types as wit;
use std::fmt;

/// How a call of a plugin ended. Jobs, events and web services all act on this type.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<T> {
    /// It answered.
    Ok(T),
    /// It decided to refuse: final.
    Error(PluginError),
    /// It asked for another try later.
    RetryLater(PluginError),
    /// It trapped: a panic, an access out of bounds. With the message of the panic where there was one.
    Trap(String),
    /// Its wall-clock limit passed.
    Timeout,
    /// It ran into a limit.
    Limit(LimitKind),
    /// Its answer violates the contract.
    Protocol(String),
    /// It could not be called: not loaded, not linked, no free instance in time.
    Unavailable(String),
    /// The host stopped, or the job lost its lease, during the call.
    Interrupted,
}

/// The limits a call can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// CPU budget spent. Deterministic for the poison rule.
    Cpu,
    /// Memory or tables.
    Memory,
    /// Size of the answer.
    Output,
}

/// An error that a plugin answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginError {
    /// Its sort.
    pub kind: PluginErrorKind,
    /// Stable code; may be empty.
    pub code: String,
    /// For people.
    pub message: String,
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message.is_empty(), self.code.is_empty()) {
            (false, true) => f.write_str(&self.message),
            (false, false) => write!(f, "{} ({})", self.message, self.code),
            (true, _) => write!(f, "{:?} {}", self.kind, self.code),
        }
    }
}

/// The contract's `error-kind`.
pub type PluginErrorKind = wit::ErrorKind;

impl<T> Outcome<T> {
    /// The reason code of proxy-tool-events.md 8.1, none for success.
    pub fn reason_code(&self) -> Option<&'static str> {
        Some(match self {
            Outcome::Ok(_) => return None,
            Outcome::Error(_) => "plugin-error",
            Outcome::RetryLater(_) => "soft-retry",
            Outcome::Trap(_) => "trap",
            Outcome::Timeout => "timeout",
            Outcome::Limit(LimitKind::Cpu) => "limit-fuel",
            Outcome::Limit(LimitKind::Memory) => "limit-memory",
            Outcome::Limit(LimitKind::Output) => "limit-output",
            Outcome::Protocol(_) => "protocol",
            Outcome::Unavailable(_) => "instantiate",
            Outcome::Interrupted => "interrupted",
        })
    }

    /// For people; empty for success.
    pub fn describe(&self) -> String {
        match self {
            Outcome::Ok(_) => String::new(),
            Outcome::Error(error) | Outcome::RetryLater(error) => error.to_string(),
            Outcome::Trap(message) => format!("the plugin crashed: {message}"),
            Outcome::Timeout => "the plugin took longer than its time limit".into(),
            Outcome::Limit(LimitKind::Cpu) => "the plugin spent its CPU budget".into(),
            Outcome::Limit(LimitKind::Memory) => "the plugin reached its memory limit".into(),
            Outcome::Limit(LimitKind::Output) => "the plugin's answer is larger than its limit".into(),
            Outcome::Protocol(message) => format!("the plugin broke the contract: {message}"),
            Outcome::Unavailable(message) => format!("the plugin is not available: {message}"),
            Outcome::Interrupted => "interrupted".into(),
        }
    }

    /// Maps the answer.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Ok(value) => Outcome::Ok(f(value)),
            Outcome::Error(e) => Outcome::Error(e),
            Outcome::RetryLater(e) => Outcome::RetryLater(e),
            Outcome::Trap(m) => Outcome::Trap(m),
            Outcome::Timeout => Outcome::Timeout,
            Outcome::Limit(l) => Outcome::Limit(l),
            Outcome::Protocol(m) => Outcome::Protocol(m),
            Outcome::Unavailable(m) => Outcome::Unavailable(m),
            Outcome::Interrupted => Outcome::Interrupted,
        }
    }
}

impl From<wit::Error> for PluginError {
    fn from(error: wit::Error) -> Self {
        Self { kind: error.kind, code: error.code, message: error.message }
    }
}

/// An answer of the contract as an outcome.
pub(crate) fn from_answer<T>(answer: Result<T, wit::Error>) -> Outcome<T> {
    match answer {
        Ok(value) => Outcome::Ok(value),
        Err(error) if matches!(error.kind, wit::ErrorKind::RetryLater | wit::ErrorKind::NotVisibleYet) => {
            Outcome::RetryLater(error.into())
        }
        Err(error) => Outcome::Error(error.into()),
    }
}
