//! Jobs: queued, leased to one worker at a time, taken up again when a worker dies (architecture.md 2.4 and 5).

use super::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A worker's right to a job. Every write for the job checks that the epoch is still the job's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Lease {
    pub job: String,
    pub epoch: u64,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum JobState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// A job row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Job {
    pub id: String,
    pub plugin: String,
    pub kind: String,
    pub state: JobState,
    pub progress: f64,
    pub payload: String,
    pub outcome: String,
    pub reason: String,
    pub warnings: Vec<String>,
    pub attempts: u32,
    pub person: u64,
    pub course: Option<u64>,
    /// Whether other plugins may see it.
    pub shared: bool,
    /// [`super::Event::hops`] of what it publishes and makes: one more than of the event whose handler queued it; 0 where none did.
    #[serde(skip)]
    pub hops: u32,
    pub created: i64,
    pub started: i64,
    pub finished: i64,
}

/// A job to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewJob {
    pub plugin: String,
    pub kind: String,
    pub payload: String,
    pub person: u64,
    pub course: Option<u64>,
    /// Whether other plugins may see it.
    pub shared: bool,
    /// Idempotency key within the plugin; empty for none.
    pub key: String,
}

/// How a run of a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// With this result (JSON).
    Succeeded(String),
    /// For good, with this reason.
    Failed(String),
    /// It shall be tried again after so many seconds, if attempts are left; otherwise it has failed. With the reason.
    Retry(String, u64),
    /// It was asked to stop and did.
    Cancelled,
    /// The host stops: the job goes back to the queue, and the attempt does not count.
    Interrupted,
}

/// A job taken by a worker.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct ClaimedJob {
    pub job: Job,
    pub lease: Lease,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct JobFilter {
    pub course: Option<u64>,
    pub state: Option<JobState>,
    pub limit: u32,
}

/// The queue.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Queues a job and returns its id: 32 random lowercase hexadecimal digits, or that of the job with the same key.
    async fn enqueue(&self, job: NewJob) -> Result<String>;
    /// As `enqueue`, and reserves a course's short name for the job until it ends: only drafts under its lease may take it.
    /// Errors: `Conflict` or `Reserved` (shortname); nothing is queued then.
    async fn enqueue_reserving(&self, job: NewJob, shortname: &str) -> Result<String>;
    /// One job. Errors: `NotFound` (job).
    async fn job(&self, id: &str) -> Result<Job>;
    /// Newest first.
    async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>>;
    /// Takes the oldest job that is due, or `only` that one: a queued one, or a running one whose lease has lapsed
    /// (its attempts permitting: else it is marked failed and not returned). The lease lasts `seconds`.
    async fn claim(
        &self,
        worker: &str,
        only: Option<&str>,
        seconds: u64,
        max_attempts: u32,
    ) -> Result<Option<ClaimedJob>>;
    /// Renews the lease. Errors: `LeaseLost` also when the job was asked to stop.
    async fn heartbeat(&self, lease: &Lease, seconds: u64) -> Result<()>;
    /// Stores progress (what is lower is ignored). Errors: as `heartbeat`.
    async fn set_progress(&self, lease: &Lease, fraction: f64) -> Result<()>;
    /// Adds a warning. Errors: as `heartbeat`.
    async fn add_warning(&self, lease: &Lease, message: &str) -> Result<()>;
    /// Ends the run. What the job's runs made visible (courses published, files put under its lease) stays only when it
    /// succeeded; otherwise, and when a dead run's job is claimed again, it is undone. Errors: `LeaseLost` when another worker has it.
    async fn end(&self, lease: &Lease, end: JobEnd, max_attempts: u32) -> Result<()>;
    /// Asks to stop: a queued job is cancelled at once. False when it had ended.
    async fn cancel(&self, id: &str) -> Result<bool>;
}
