//! Plugins' own data and the effects of event handlers (`wit/plugin-data.wit`; proxy-tool-events.md 4 to 6 and 8.3).

use super::events::{Address, CopyKind, Happening};
use super::jobs::NewJob;
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
    },
    /// See `jobs.enqueue`. The id was told to the handler already.
    Enqueue {
        /// The job's id.
        id: String,
        /// The job.
        job: NewJob,
    },
}
