//! Events as CloudEvents 1.0 in JSON (proxy-tool-events.md 10).

mod reading;
#[cfg(test)]
mod tests;

pub use reading::{NoEnvelope, Read, read};

use crate::events::{Address, DeletionCause, Event, Happening, Phase};
use crate::legacy::kind_text;
use serde_json::{Map, Value, json};

/// The type of such a body.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The most that an envelope may have, bytes (proxy-tool-events.md 10).
pub const MAX_BYTES: usize = 64 << 10;

/// The attributes that name the courses whose order an event keeps. CloudEvents knows the first; a copy has both.
const LANES: [&str; 2] = ["partitionkey", "partitionkey2"];

/// What types of this contract begin with.
const PREFIX: &str = "org.provost.";
const VERSION: &str = ".v1";

/// The type of an event.
#[must_use]
pub fn type_of(what: &Happening) -> String {
    let words = match what {
        Happening::ContentCopied(_) => "content.copied",
        Happening::ContentDeleted(_) => "content.deleted",
        Happening::ContentExported(_) => "content.exported",
        Happening::ContentImported(_) => "content.imported",
        Happening::CourseCopied(_) => "course.copied",
        Happening::CourseCopyFailed(_) => "course.copy-failed",
        Happening::CourseCopySettled(_) => "course.copy-settled",
        Happening::CourseDeleted(_) => "course.deleted",
        Happening::CourseExported(_) => "course.exported",
        Happening::CourseImported(_) => "course.imported",
        Happening::GroupCopied(_) => "group.copied",
        Happening::GroupExported(_) => "group.exported",
        Happening::GroupImported(_) => "group.imported",
        Happening::GroupDeleted(_) => "group.deleted",
        Happening::BatchCompleted(_) => "batch.completed",
        Happening::TargetState(_) => "target.state",
        Happening::TargetRemoved => "target.removed",
        Happening::TargetReregister(_) => "target.reregister",
        Happening::TargetPing => "target.ping",
        Happening::Other(own) => return own.type_.clone(),
    };
    format!("{PREFIX}{words}{VERSION}")
}

/// An event as it is sent to `target`.
#[must_use]
pub fn print(event: &Event, target: &str) -> Value {
    let (subject, data) = parts(event, target);
    let mut envelope = Map::new();
    let mut set = |name: &str, value: Value| envelope.insert(name.to_owned(), value);
    set("specversion", "1.0".into());
    set("id", event.id.clone().into());
    set("source", event.source.clone().into());
    set("type", type_of(&event.what).into());
    if !subject.is_empty() {
        set("subject", subject.into());
    }
    if let Ok(time) = jiff::Timestamp::from_second(event.time) {
        set("time", time.to_string().into());
    }
    set("datacontenttype", "application/json".into());
    // Compared as text.
    set("sequence", format!("{:020}", event.sequence).into());
    for (name, lane) in LANES.into_iter().zip(lanes(&event.what)) {
        if let Some(lane) = lane {
            set(name, lane.into());
        }
    }
    if let Some(recorded) = recorded(event) {
        set("recordedtime", recorded.to_string().into());
    }
    set("attempt", event.attempt.into());
    set("deferred", event.deferred.into());
    set(
        "phase",
        match event.phase {
            Phase::InTransaction => "intx",
            Phase::PostCommit => "postcommit",
        }
        .into(),
    );
    set("replay", event.replay.into());
    if let Some(gap) = &event.gap_after {
        set("gapafter", gap.clone().into());
    }
    set("data", data);
    Value::Object(envelope)
}

fn address(address: &Address) -> String {
    format!("{}/{}", address.course, address.content)
}

/// The courses whose order an event keeps: one, or for a copy both, the new one first (proxy-tool-events.md 11.2).
fn lanes(what: &Happening) -> [Option<&str>; 2] {
    let (first, second): (&str, &str) = match what {
        Happening::ContentCopied(e) => (&e.copy.course, &e.origin.course),
        Happening::CourseCopied(e) => (&e.copy, &e.origin),
        Happening::CourseCopySettled(e) => (&e.copy, &e.origin),
        Happening::GroupCopied(e) => (&e.course, &e.origin_course),
        Happening::ContentDeleted(e) => (&e.content.course, ""),
        Happening::ContentExported(e) | Happening::ContentImported(e) => (&e.content.course, ""),
        Happening::CourseCopyFailed(e) => (&e.origin, ""),
        Happening::CourseDeleted(course) => (course, ""),
        Happening::CourseExported(e) | Happening::CourseImported(e) => (&e.course, ""),
        Happening::GroupExported(e) | Happening::GroupImported(e) => (&e.course, ""),
        Happening::GroupDeleted(e) => (&e.course, ""),
        Happening::BatchCompleted(e) => (&e.course, ""),
        Happening::Other(own) => {
            let course = |index| own.courses.get(index).map_or("", String::as_str);
            (course(0), course(1))
        }
        Happening::TargetState(_)
        | Happening::TargetRemoved
        | Happening::TargetReregister(_)
        | Happening::TargetPing => ("", ""),
    };
    [Some(first).filter(|lane| !lane.is_empty()), Some(second).filter(|lane| !lane.is_empty() && *lane != first)]
}

/// When an event was put into the outbox: its id, a UUID of version 7, was made then (proxy-tool-events.md 11.3). One that never was in
/// there was made when it happened.
fn recorded(event: &Event) -> Option<jiff::Timestamp> {
    let made = uuid::Uuid::parse_str(&event.id).ok().and_then(|id| id.get_timestamp()).map(|made| made.to_unix());
    let (seconds, nanoseconds) = match made {
        Some((seconds, nanoseconds)) => (i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?),
        None => (event.time, 0),
    };
    jiff::Timestamp::new(seconds, nanoseconds).ok()
}

/// Subject and data.
fn parts(event: &Event, target: &str) -> (String, Value) {
    match &event.what {
        Happening::ContentCopied(e) => (
            address(&e.copy),
            json!({
                "copy": kind_text(e.kind),
                "from": { "course": e.origin.course, "content": e.origin.content, "externalid": e.external_id },
                "to": { "course": e.copy.course, "content": e.copy.content },
                // What the tool keeps the tool has to copy.
                "snapshot": "self",
                "storageseq": event.storage_sequence,
            }),
        ),
        Happening::ContentDeleted(e) => (
            address(&e.content),
            json!({
                "course": e.content.course,
                "content": e.content.content,
                "externalid": e.external_id,
                "cause": cause_text(e.cause),
            }),
        ),
        Happening::ContentExported(e) | Happening::ContentImported(e) => (
            address(&e.content),
            json!({
                "course": e.content.course,
                "content": e.content.content,
                "externalid": e.external_id,
                "backup": e.backup,
                "copy": kind_text(e.kind),
            }),
        ),
        Happening::CourseCopied(e) => (
            e.copy.clone(),
            json!({
                "copy": kind_text(e.kind),
                "from": { "course": e.origin },
                "to": { "course": e.copy },
                "job": e.job,
                "storageseq": event.storage_sequence,
            }),
        ),
        Happening::CourseCopyFailed(e) => {
            (e.origin.clone(), json!({ "from": { "course": e.origin }, "job": e.job, "reason": e.reason }))
        }
        Happening::CourseCopySettled(e) => (
            e.copy.clone(),
            json!({
                "from": { "course": e.origin },
                "to": { "course": e.copy },
                "job": e.job,
                "contents": e.contents,
            }),
        ),
        Happening::CourseDeleted(course) => (course.clone(), json!({ "course": course })),
        Happening::CourseExported(e) | Happening::CourseImported(e) => (
            e.course.clone(),
            json!({ "course": e.course, "backup": e.backup, "copy": kind_text(e.kind), "job": e.job }),
        ),
        Happening::GroupCopied(e) => (
            format!("{}/{}", e.course, e.group),
            json!({
                "copy": kind_text(e.kind),
                "from": { "course": e.origin_course, "group": e.origin_group },
                "to": { "course": e.course, "group": e.group },
            }),
        ),
        Happening::GroupExported(e) | Happening::GroupImported(e) => (
            format!("{}/{}", e.course, e.group),
            json!({
                "course": e.course,
                "group": e.group,
                "archivedgroup": e.archived_group,
                "backup": e.backup,
                "copy": kind_text(e.kind),
            }),
        ),
        Happening::GroupDeleted(e) => {
            (format!("{}/{}", e.course, e.group), json!({ "course": e.course, "group": e.group }))
        }
        Happening::BatchCompleted(e) => (
            e.course.clone(),
            json!({
                "operation": e.operation,
                "course": e.course,
                "succeeded": e.succeeded,
                "failed": e.failed,
            }),
        ),
        Happening::TargetState(change) => (target.to_owned(), json!({ "from": change.before, "to": change.after })),
        Happening::TargetReregister(e) => {
            (target.to_owned(), json!({ "password": e.password, "profileurl": e.profile_url }))
        }
        Happening::TargetRemoved | Happening::TargetPing => (target.to_owned(), json!({})),
        Happening::Other(own) => {
            let data = serde_json::from_str(&own.data).unwrap_or_else(|_| Value::String(own.data.clone()));
            (own.subject.clone(), data)
        }
    }
}

fn cause_text(cause: DeletionCause) -> &'static str {
    match cause {
        DeletionCause::Move => "move",
        DeletionCause::Recycle => "recycle",
        DeletionCause::Delete => "delete",
    }
}
