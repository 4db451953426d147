//! What the outbox speaks of (`wit/events.wit`; proxy-tool-events.md 1 and 10).

use serde::{Deserialize, Serialize};

/// How much may travel from an old thing to its copy (proxy-tool-events.md 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyKind {
    /// All of it.
    Exact,
    /// Description and configuration alone.
    Shallow,
}

/// Why a content went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum DeletionCause {
    Move,
    Recycle,
    Delete,
}

/// A content in a course. Ids are decimal for this site, `SITE:ID` for others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Address {
    pub course: String,
    pub content: String,
}

/// What happened: the cases of `wit/events.wit`, which says more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[allow(missing_docs)]
pub enum Happening {
    ContentCopied { kind: CopyKind, origin: Address, external_id: String, copy: Address },
    ContentDeleted { content: Address, external_id: String, cause: DeletionCause },
    ContentExported { kind: CopyKind, content: Address, external_id: String, backup: String },
    ContentImported { kind: CopyKind, content: Address, external_id: String, backup: String },
    CourseCopied { kind: CopyKind, origin: String, copy: String, job: String },
    CourseCopyFailed { origin: String, job: String, reason: String },
    CourseCopySettled { origin: String, copy: String, job: String, contents: u64 },
    CourseDeleted { course: String },
    CourseExported { kind: CopyKind, course: String, backup: String, job: String },
    CourseImported { kind: CopyKind, course: String, backup: String, job: String },
    GroupCopied { kind: CopyKind, origin_course: String, origin_group: String, course: String, group: String },
    GroupExported { kind: CopyKind, course: String, group: String, archived_group: String, backup: String },
    GroupImported { kind: CopyKind, course: String, group: String, archived_group: String, backup: String },
    GroupDeleted { course: String, group: String },
    BatchCompleted { operation: String, course: String, succeeded: u64, failed: u64 },
    TargetState { before: String, after: String },
    TargetRemoved,
    TargetReregister { password: String, profile_url: String },
    TargetPing,
    Other { r#type: String, subject: String, courses: Vec<String>, data: String },
}

/// An event as it lies in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// UUIDv7, hyphenated, the same at every attempt.
    pub id: String,
    /// Where it happened: a site's address.
    pub source: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// Place in the order of all events; 0 before it is published.
    pub sequence: u64,
    /// What happened.
    pub what: Happening,
    /// Point in the history of plugin data at which a copy was made; 0 for events that are no copies.
    pub storage_sequence: u64,
    /// How many events led to it, each caused by a handler of the one before, also by a job that it queued; 0 for what no handler
    /// caused. At most [`MAX_HOPS`].
    #[serde(default)]
    pub hops: u32,
}

/// So many events may come of one, each published by a handler of the one before.
pub const MAX_HOPS: u32 = 8;

/// What becomes of an event whose target gives no answer or cannot be called (proxy-tool-events.md 1.1): a property of the kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// It is queued and tried again.
    Durable,
    /// It is tried once; where the target is not available it counts as done.
    BestEffort,
    /// It is sent whatever the target's state, and a refusal stops what it announces.
    Gate,
    /// It is sent whatever the target's state; the answer changes nothing.
    Notice,
    /// It is asked for one person's request alone.
    Probe,
}

/// Names of the kinds of [`EventClass::BestEffort`].
pub const BEST_EFFORT: [&str; 4] = ["content-exported", "course-exported", "group-exported", "course-deleted"];

impl Happening {
    /// Its class.
    pub fn class(&self) -> EventClass {
        match self {
            Self::TargetState { after, .. } if after == "available" => EventClass::Gate,
            Self::TargetReregister { .. } => EventClass::Gate,
            Self::TargetState { .. } | Self::TargetRemoved => EventClass::Notice,
            Self::TargetPing => EventClass::Probe,
            what if BEST_EFFORT.contains(&what.name()) => EventClass::BestEffort,
            _ => EventClass::Durable,
        }
    }

    /// The case's name as subscriptions write it, for example `content-copied`; the type of an event of a plugin's own.
    pub fn name(&self) -> &str {
        match self {
            Self::ContentCopied { .. } => "content-copied",
            Self::ContentDeleted { .. } => "content-deleted",
            Self::ContentExported { .. } => "content-exported",
            Self::ContentImported { .. } => "content-imported",
            Self::CourseCopied { .. } => "course-copied",
            Self::CourseCopyFailed { .. } => "course-copy-failed",
            Self::CourseCopySettled { .. } => "course-copy-settled",
            Self::CourseDeleted { .. } => "course-deleted",
            Self::CourseExported { .. } => "course-exported",
            Self::CourseImported { .. } => "course-imported",
            Self::GroupCopied { .. } => "group-copied",
            Self::GroupExported { .. } => "group-exported",
            Self::GroupImported { .. } => "group-imported",
            Self::GroupDeleted { .. } => "group-deleted",
            Self::BatchCompleted { .. } => "batch-completed",
            Self::TargetState { .. } => "target-state",
            Self::TargetRemoved => "target-removed",
            Self::TargetReregister { .. } => "target-reregister",
            Self::TargetPing => "target-ping",
            Self::Other { r#type, .. } => r#type,
        }
    }

    /// Whether a target's data of one thing goes to another.
    pub fn is_copy(&self) -> bool {
        matches!(self, Self::ContentCopied { .. } | Self::CourseCopied { .. } | Self::GroupCopied { .. })
    }

    /// The courses whose order it keeps: none, one, or both ends of a copy (proxy-tool-events.md 11.2).
    pub fn courses(&self) -> Vec<&str> {
        let mut of: Vec<&str> = match self {
            Self::ContentCopied { origin, copy, .. } => vec![&origin.course, &copy.course],
            Self::ContentDeleted { content, .. }
            | Self::ContentExported { content, .. }
            | Self::ContentImported { content, .. } => vec![&content.course],
            Self::CourseCopied { origin, copy, .. } | Self::CourseCopySettled { origin, copy, .. } => {
                vec![origin, copy]
            }
            Self::CourseCopyFailed { origin, .. } => vec![origin],
            Self::GroupCopied { origin_course, course, .. } => vec![origin_course, course],
            Self::CourseDeleted { course }
            | Self::CourseExported { course, .. }
            | Self::CourseImported { course, .. }
            | Self::GroupExported { course, .. }
            | Self::GroupImported { course, .. }
            | Self::GroupDeleted { course, .. }
            | Self::BatchCompleted { course, .. } => vec![course],
            Self::Other { courses, .. } => courses.iter().map(String::as_str).take(2).collect(),
            Self::TargetState { .. } | Self::TargetRemoved | Self::TargetReregister { .. } | Self::TargetPing => {
                Vec::new()
            }
        };
        of.dedup();
        of
    }
}
