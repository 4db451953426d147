//! Errors of the store.

/// Result of a store call.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a store call did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such thing: `kind` is what was looked for (`course`, `job`, `blob`, …), `key` which one.
    #[error("no {kind} {key}")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// Which one.
        key: String,
    },
    /// A unique name or key is taken.
    #[error("{kind} {key:?} is taken")]
    Conflict {
        /// What is taken: `shortname`, `username`, `part`, `file`, …
        kind: &'static str,
        /// Its value.
        key: String,
    },
    /// A unique name is kept for something that is being made and not yet to be seen.
    #[error("{kind} {key:?} is reserved by {by}")]
    Reserved {
        /// What is reserved: `shortname`, `username`.
        kind: &'static str,
        /// Its value.
        key: String,
        /// Who has it, and when it becomes free at the latest.
        by: String,
    },
    /// The job's lease is lost, or the job was cancelled: nothing more may be written for it.
    #[error("the lease of job {job} is lost or the job was cancelled")]
    LeaseLost {
        /// The job.
        job: String,
    },
    /// Something is larger than it may be.
    #[error("{what}: {bytes} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// What somebody keeps would take more than they may.
    #[error("{what} would take more than {limit} bytes")]
    QuotaReached {
        /// Whose.
        what: String,
        /// How much it may take.
        limit: u64,
    },
    /// The input does not fit the model.
    #[error("{0}")]
    Invalid(String),
    /// The data found is not what was written.
    #[error("{0}")]
    Corrupt(String),
    /// The database was locked for too long; the same call may work later.
    #[error("the database is busy")]
    Busy,
    /// The database failed.
    #[error("database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Blob storage failed.
    #[error("blob storage: {0}")]
    Blob(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk is full, or as full as the operator lets it become.
    #[error("{what}: {reason}")]
    NoSpace {
        /// What was being done, with the path.
        what: String,
        /// How much room there is.
        reason: String,
    },
    /// A file of the store could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl StoreError {
    /// An error of a file operation, with a full disk told apart.
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let what = what.into();
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::NoSpace { what, reason: source.to_string() },
            _ => Self::Io { what, source },
        }
    }
}

impl From<provost_space::NoSpace> for StoreError {
    fn from(error: provost_space::NoSpace) -> Self {
        Self::NoSpace { what: "store".into(), reason: error.to_string() }
    }
}

impl From<StoreError> for std::io::Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::NoSpace { .. } => std::io::ErrorKind::StorageFull,
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
