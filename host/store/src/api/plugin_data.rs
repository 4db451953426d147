//! Plugins' own data and the effects of event handlers (`wit/plugin-data.wit`; proxy-tool-events.md 4 to 6 and 8.3).

use super::Result;
use super::events::{Address, CopyKind, Happening};
use super::jobs::NewJob;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataPlace {
    /// Of no course.
    Site,
    /// With a course.
    Course(String),
    /// With a content.
    Content(Address),
    /// Saved with an archive: the backup's id and a name of the plugin's choice.
    Backup(String, String),
}

/// What kind of data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Namespace {
    /// Description and configuration.
    Definition,
    /// What is recorded of people.
    UserData,
}

/// Under which condition a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// In any case.
    Always,
    /// If there is none.
    Absent,
    /// If it has this version.
    Unchanged(u64),
}

/// Something that a handler wants done; kept in its call's buffer and done when, and only when, the handler succeeds.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// See `plugin-data.put`.
    Put {
        /// Where.
        place: DataPlace,
        /// Of which kind.
        namespace: Namespace,
        /// Its key.
        key: String,
        /// Its bytes.
        value: Vec<u8>,
        /// Checked when it is done.
        condition: Condition,
    },
    /// See `plugin-data.delete`.
    Delete {
        /// Where.
        place: DataPlace,
        /// Of which kind.
        namespace: Namespace,
        /// Its key.
        key: String,
    },
    /// See `plugin-data.erase`.
    Erase(DataPlace),
    /// See `plugin-data.copy`.
    Copy {
        /// Where from.
        from: DataPlace,
        /// Where to.
        to: DataPlace,
        /// What takes part.
        kind: CopyKind,
        /// Only where nothing is kept.
        if_absent: bool,
    },
    /// See `contents.set-external-id`; done after the change is visible.
    SetExternalId {
        /// The plugin's target; empty for itself.
        target: String,
        /// The content.
        content: Address,
        /// Its new external id.
        external_id: String,
        /// Only if it is this one.
        expected: Option<String>,
    },
    /// See `events.publish`.
    Publish {
        /// The event's id, chosen when the handler published it.
        id: String,
        /// Of `publish-once`.
        key: Option<String>,
        /// Where it happened.
        source: String,
        /// When.
        time: i64,
        /// What.
        what: Happening,
        /// See [`super::Event::hops`].
        hops: u32,
    },
    /// See `jobs.enqueue`. The id was told to the handler already.
    Enqueue {
        /// The job's id.
        id: String,
        /// The job.
        job: NewJob,
        /// See [`super::Job::hops`].
        hops: u32,
    },
}

/// A value as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataValue {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Grows with every change of the key.
    pub version: u64,
}

/// Whose copy a place is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataOrigin {
    /// Where from.
    pub place: DataPlace,
    /// What took part.
    pub kind: CopyKind,
    /// As of when.
    pub storage_sequence: u64,
    /// Whether something was written here since.
    pub edited: bool,
}

/// Plugins' own data, with copies that share what was not changed, and what the host keeps of contents for them.
///
/// Every change of data has a place in one order, the *storage sequence*. Reads take the sequence `at` as of which they are; 0 is
/// now. What was removed since by a sweep cannot be read as of then: only copies that were made keep it.
#[async_trait]
pub trait PluginData: Send + Sync {
    /// The sequence of the last change.
    async fn storage_sequence(&self) -> Result<u64>;

    /// See `plugin-data.get`.
    async fn data(
        &self,
        plugin: &str,
        place: &DataPlace,
        namespace: Namespace,
        key: &str,
        at: u64,
    ) -> Result<Option<DataValue>>;
    /// See `plugin-data.put`. Errors: `Conflict` (version), `TooLarge`, `QuotaReached`.
    async fn put_data(
        &self,
        plugin: &str,
        place: &DataPlace,
        namespace: Namespace,
        key: &str,
        value: Vec<u8>,
        condition: Condition,
    ) -> Result<u64>;
    /// See `plugin-data.delete`.
    async fn delete_data(&self, plugin: &str, place: &DataPlace, namespace: Namespace, key: &str) -> Result<bool>;
    /// See `plugin-data.keys`.
    async fn data_keys(
        &self,
        plugin: &str,
        place: &DataPlace,
        namespace: Namespace,
        after: &str,
        limit: u32,
        at: u64,
    ) -> Result<Vec<String>>;
    /// See `plugin-data.erase`.
    async fn erase_data(&self, plugin: &str, place: &DataPlace) -> Result<()>;
    /// See `plugin-data.copy`.
    async fn copy_data(
        &self,
        plugin: &str,
        from: &DataPlace,
        to: &DataPlace,
        kind: CopyKind,
        if_absent: bool,
    ) -> Result<bool>;
    /// See `plugin-data.get-origin`.
    async fn data_origin(&self, plugin: &str, place: &DataPlace) -> Result<Option<DataOrigin>>;
    /// See `plugin-data.places`.
    async fn data_places(&self, plugin: &str, after: Option<&DataPlace>, limit: u32) -> Result<Vec<DataPlace>>;
    /// Bytes that a plugin's data takes, older versions that copies share included.
    async fn data_bytes(&self, plugin: &str) -> Result<u64>;

    /// See `contents.external-id`; empty also for a content that is not there.
    async fn external_id(&self, plugin: &str, target: &str, content: &Address, at: u64) -> Result<String>;
    /// External ids of many, each a target's with a content as of a storage sequence (0: now); in their order, empty as above.
    async fn external_ids_as_of(&self, plugin: &str, of: &[(&str, &Address, u64)]) -> Result<Vec<String>>;
    /// See `contents.set-external-id`. Errors: `NotFound` (content) for one of this site that is not there.
    async fn set_external_id(
        &self,
        plugin: &str,
        target: &str,
        content: &Address,
        external_id: &str,
        expected: Option<&str>,
    ) -> Result<bool>;
    /// See `contents.external-ids`.
    async fn external_ids(
        &self,
        plugin: &str,
        target: &str,
        course: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, String)>>;
    /// Errors: `NotFound` (content) for a content of this site that is not there. Those of other sites are taken to be.
    async fn require_content(&self, content: &Address) -> Result<()>;
    /// See `contents.history`.
    async fn content_history(&self, content: &Address) -> Result<Vec<Address>>;
    /// See `contents.course-history`.
    async fn course_history(&self, course: &str) -> Result<Vec<String>>;
    /// See `events.copied-contents`.
    async fn copied_contents(&self, course: &str, after: u64, limit: u32) -> Result<Vec<(Address, Address)>>;

    /// Does what a plugin wants done, all of it or nothing, outside of any handler.
    async fn carry_out(&self, plugin: &str, effects: &[Effect]) -> Result<()>;
    /// The event that a plugin published under this key within the last 14 days.
    async fn published_once(&self, plugin: &str, key: &str) -> Result<Option<String>>;
}
