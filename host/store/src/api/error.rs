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
    /// The job's lease is lost, or the job was cancelled: nothing more may be written for it.
    #[error("the lease of job {job} is lost or the job was cancelled")]
    LeaseLost {
        /// The job.
        job: String,
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
    /// A file of the store could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done, with the path.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}
