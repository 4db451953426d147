//! From the contract's error (`wit/types.wit`) to the wire's.

use super::WireError;

/// The contract's `error-kind`: how a plugin sorts its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Not granted, or a capability is missing, which the code names.
    Denied,
    /// No such thing; the code names the kind of thing.
    NotFound,
    /// The caller's input does not fit.
    Invalid,
    /// Taken already.
    Conflict,
    /// Refused by a rule; the code is what a client acts on.
    Refused,
    /// An archive or document is damaged.
    Corrupt,
    /// A limit was reached.
    Limit,
    /// The job was cancelled.
    Cancelled,
    /// The same call may work later.
    RetryLater,
    /// The host could not do it.
    Failed,
}

impl WireError {
    /// What a client is told of an error a plugin ended with. `label` finds the name for people of a capability
    /// (`moodle/course:create` gives "Create courses"); one without a name is printed as it is.
    ///
    /// The text of [`ErrorKind::Failed`] speaks of the host's inside (disk, database), so it becomes debug information.
    pub fn from_plugin(
        kind: ErrorKind,
        code: &str,
        message: &str,
        label: impl FnOnce(&str) -> Option<String>,
    ) -> WireError {
        let code_or = |fallback: &str| if code.is_empty() { fallback.to_owned() } else { code.to_owned() };
        let error = match kind {
            ErrorKind::Denied if code.is_empty() => WireError::no_permissions(message),
            ErrorKind::Denied => {
                let label = label(code).unwrap_or_else(|| code.to_owned());
                WireError::no_permissions(&label).with_debuginfo(message)
            }
            ErrorKind::NotFound => WireError::record_not_found(code).with_debuginfo(message),
            ErrorKind::Invalid => WireError::invalid_parameter(message),
            ErrorKind::Conflict => WireError::coded(code_or("conflict"), message),
            ErrorKind::Refused => WireError::coded(code_or("refused"), message),
            ErrorKind::Corrupt => WireError::coded(code_or("corrupt"), message),
            ErrorKind::Limit => WireError::coded(code_or("limitreached"), message),
            ErrorKind::Cancelled => WireError::coded(code_or("cancelled"), message),
            ErrorKind::RetryLater => WireError::coded(code_or("retrylater"), message),
            ErrorKind::Failed => WireError::coded(code_or("failed"), "").with_debuginfo(message),
        };
        WireError { kind: Some(kind), ..error }
    }
}
