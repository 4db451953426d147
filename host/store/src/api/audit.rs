//! The audit log: what was done, by whom, how it ended.

use super::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A row to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAuditRow {
    /// By which way it came: `service`, `login`, `upload`, `command`.
    pub origin: &'static str,
    /// Who did it; none where nobody is known.
    pub person: Option<u64>,
    /// Their name, or the name that was tried.
    pub username: String,
    /// From where; empty for commands.
    pub address: String,
    /// What: a function's name, a command.
    pub action: String,
    /// With which parameters: JSON, without secrets, cut off where it is long.
    pub detail: String,
    /// `ok`, or the code of the error.
    pub outcome: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct AuditRow {
    pub id: u64,
    pub time: i64,
    pub origin: String,
    pub person: Option<u64>,
    pub username: String,
    pub address: String,
    pub action: String,
    pub detail: String,
    pub outcome: String,
}

/// Which rows are wanted; what is none takes all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Older than this row.
    pub before: Option<u64>,
    /// From this time on.
    pub since: Option<i64>,
    /// Of this person.
    pub person: Option<u64>,
    /// Of actions that begin so.
    pub action: Option<String>,
    /// Only what failed.
    pub failed: bool,
}

/// The log.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Adds a row.
    async fn note(&self, row: NewAuditRow) -> Result<()>;
    /// Newest first.
    async fn audit(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditRow>>;
    /// Removes rows older than that time; how many.
    async fn trim_audit(&self, before: i64) -> Result<u64>;
}
