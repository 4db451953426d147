//! What a store does. Every trait is object safe; [`Store`] is all of them together.
//!
//! Times are Unix seconds, ids are positive. Whoever reads sees published rows only.

mod audit;
mod courses;
mod enrolments;
mod error;
mod events;
mod files;
mod health;
mod jobs;
mod outbox;
mod people;
mod plugin_data;
mod plugins;
mod settings;
mod tokens;

pub use audit::*;
pub use courses::*;
pub use enrolments::*;
pub use error::*;
pub use events::*;
pub use files::*;
pub use health::*;
pub use jobs::*;
pub use outbox::*;
pub use people::*;
pub use plugin_data::*;
pub use plugins::*;
pub use settings::*;
pub use tokens::*;

/// Everything a host needs of its database.
pub trait Store:
    Courses + People + Enrolments + Jobs + Files + Tokens + Plugins + Settings + Audit + Outbox + Upkeep + PluginData
{
}

impl<T> Store for T where
    T: Courses
        + People
        + Enrolments
        + Jobs
        + Files
        + Tokens
        + Plugins
        + Settings
        + Audit
        + Outbox
        + Upkeep
        + PluginData
{
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Rows of dropped drafts and deleted courses.
    pub rows: u64,
    /// Documents that no part refers to.
    pub documents: u64,
    /// Blobs that no file, document or lease refers to.
    pub blobs: u64,
    /// Bytes of those blobs.
    pub blob_bytes: u64,
}

/// Cleaning up, and looking whether all is well.
#[async_trait::async_trait]
pub trait Upkeep: Send + Sync {
    /// Removes what is dropped or no longer referred to, and uploads of more than four days ago, all of it older than `older_than_seconds`, in short slices.
    /// What is young, leased or referred to again is spared.
    async fn sweep(&self, older_than_seconds: u64) -> Result<Swept>;

    /// Checks integrity and lists what is wrong or noteworthy (foreign keys, missing blobs, old snapshots, drafts
    /// without a live lease). Empty when all is well.
    async fn check(&self) -> Result<Vec<String>>;
}
