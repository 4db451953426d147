//! Events as CloudEvents 1.0 in JSON (proxy-tool-events.md 10).

#[cfg(test)]
mod tests;

use crate::events::{
    Address, ContentArchived, ContentCopied, ContentDeleted, CopyKind, CourseArchived, CourseCopied, Custom,
    DeletionCause, Event, GroupArchived, GroupCopied, GroupDeleted, Happening, Phase,
};
use crate::legacy::{Incoming, foreign, kind_text};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The type of such a body.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

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
    let (subject, lane, data) = parts(event, target);
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
    if !lane.is_empty() {
        set("partitionkey", lane.into());
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

/// Subject, lane and data.
fn parts(event: &Event, target: &str) -> (String, String, Value) {
    match &event.what {
        Happening::ContentCopied(e) => (
            address(&e.copy),
            e.copy.course.clone(),
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
            e.content.course.clone(),
            json!({
                "course": e.content.course,
                "content": e.content.content,
                "externalid": e.external_id,
                "cause": cause_text(e.cause),
            }),
        ),
        Happening::ContentExported(e) | Happening::ContentImported(e) => (
            address(&e.content),
            e.content.course.clone(),
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
            e.copy.clone(),
            json!({
                "copy": kind_text(e.kind),
                "from": { "course": e.origin },
                "to": { "course": e.copy },
                "job": e.job,
                "storageseq": event.storage_sequence,
            }),
        ),
        Happening::CourseCopyFailed(e) => (
            e.origin.clone(),
            e.origin.clone(),
            json!({ "from": { "course": e.origin }, "job": e.job, "reason": e.reason }),
        ),
        Happening::CourseCopySettled(e) => (
            e.copy.clone(),
            e.copy.clone(),
            json!({
                "from": { "course": e.origin },
                "to": { "course": e.copy },
                "job": e.job,
                "contents": e.contents,
            }),
        ),
        Happening::CourseDeleted(course) => (course.clone(), course.clone(), json!({ "course": course })),
        Happening::CourseExported(e) | Happening::CourseImported(e) => (
            e.course.clone(),
            e.course.clone(),
            json!({ "course": e.course, "backup": e.backup, "copy": kind_text(e.kind), "job": e.job }),
        ),
        Happening::GroupCopied(e) => (
            format!("{}/{}", e.course, e.group),
            e.course.clone(),
            json!({
                "copy": kind_text(e.kind),
                "from": { "course": e.origin_course, "group": e.origin_group },
                "to": { "course": e.course, "group": e.group },
            }),
        ),
        Happening::GroupExported(e) | Happening::GroupImported(e) => (
            format!("{}/{}", e.course, e.group),
            e.course.clone(),
            json!({
                "course": e.course,
                "group": e.group,
                "archivedgroup": e.archived_group,
                "backup": e.backup,
                "copy": kind_text(e.kind),
            }),
        ),
        Happening::GroupDeleted(e) => {
            (format!("{}/{}", e.course, e.group), e.course.clone(), json!({ "course": e.course, "group": e.group }))
        }
        Happening::BatchCompleted(e) => (
            e.course.clone(),
            e.course.clone(),
            json!({
                "operation": e.operation,
                "course": e.course,
                "succeeded": e.succeeded,
                "failed": e.failed,
            }),
        ),
        Happening::TargetState(change) => {
            (target.to_owned(), String::new(), json!({ "from": change.before, "to": change.after }))
        }
        Happening::TargetReregister(e) => {
            (target.to_owned(), String::new(), json!({ "password": e.password, "profileurl": e.profile_url }))
        }
        Happening::TargetRemoved | Happening::TargetPing => (target.to_owned(), String::new(), json!({})),
        Happening::Other(own) => {
            let data = serde_json::from_str(&own.data).unwrap_or_else(|_| Value::String(own.data.clone()));
            (own.subject.clone(), own.courses.first().cloned().unwrap_or_default(), data)
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

/// An envelope that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Its id at its source.
    pub id: String,
    /// Seconds since 1970; none where it says nothing.
    pub time: Option<i64>,
    /// What it tells.
    pub what: Incoming,
}

/// Why a body is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEnvelope {
    /// No JSON, or members that are missing or of another type.
    #[error("no CloudEvent: {0}")]
    Json(String),
    /// A version of CloudEvents that is not known.
    #[error("no CloudEvent of version 1.0")]
    Version,
    /// An attribute cannot be.
    #[error("the attribute {0} is wrong")]
    Attribute(&'static str),
    /// A type of this contract that it does not have, or not for others to send.
    #[error("no event {0:?}")]
    Unknown(String),
}

#[derive(Deserialize)]
struct Sent {
    specversion: String,
    id: String,
    source: String,
    r#type: String,
    #[serde(default)]
    subject: String,
    time: Option<String>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Exact,
    Shallow,
}

impl From<Kind> for CopyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Exact => Self::Exact,
            Kind::Shallow => Self::Shallow,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cause {
    Move,
    Recycle,
    Delete,
}

/// A thing that data names: a course, or something in one.
#[derive(Deserialize)]
struct Thing {
    course: Id,
    #[serde(default)]
    content: Option<Id>,
    #[serde(default)]
    group: Option<Id>,
    #[serde(default)]
    externalid: String,
}

/// An id: text, or a number as some would write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

#[derive(Deserialize)]
struct Copied {
    copy: Kind,
    from: Thing,
    to: Thing,
    #[serde(default)]
    job: String,
}

#[derive(Deserialize)]
struct Archived {
    copy: Kind,
    #[serde(flatten)]
    thing: Thing,
    #[serde(default)]
    archivedgroup: Option<Id>,
    backup: String,
    #[serde(default)]
    job: String,
}

#[derive(Deserialize)]
struct Deleted {
    #[serde(flatten)]
    thing: Thing,
    #[serde(default)]
    cause: Option<Cause>,
}

const MAX_ID: usize = 255;

/// Reads what a site sent. Its things are named `SITE:ID` from here on.
///
/// # Errors
/// [`NoEnvelope`].
pub fn read(body: &[u8], site: &str) -> Result<Read, NoEnvelope> {
    let sent: Sent = serde_json::from_slice(body).map_err(|e| NoEnvelope::Json(e.to_string()))?;
    if sent.specversion != "1.0" {
        return Err(NoEnvelope::Version);
    }
    let time = match &sent.time {
        Some(text) => Some(text.parse::<jiff::Timestamp>().map_err(|_| NoEnvelope::Attribute("time"))?.as_second()),
        None => None,
    };
    if sent.id.is_empty() || sent.id.len() > MAX_ID || sent.source.is_empty() {
        return Err(NoEnvelope::Attribute(if sent.source.is_empty() { "source" } else { "id" }));
    }
    let words = sent.r#type.strip_prefix(PREFIX).map(|words| words.strip_suffix(VERSION));
    let what = match words {
        Some(Some(words)) => happened(words, &sent, site)?,
        Some(None) => return Err(NoEnvelope::Unknown(sent.r#type)),
        None => Incoming::Happened(Happening::Other(Custom {
            courses: Vec::new(),
            data: sent.data.to_string(),
            subject: sent.subject.clone(),
            type_: sent.r#type.clone(),
        })),
    };
    Ok(Read { id: sent.id, time, what })
}

fn happened(words: &str, sent: &Sent, site: &str) -> Result<Incoming, NoEnvelope> {
    fn data<T: serde::de::DeserializeOwned>(sent: &Sent) -> Result<T, NoEnvelope> {
        serde_json::from_value(sent.data.clone()).map_err(|e| NoEnvelope::Json(format!("data: {e}")))
    }
    let id = |id: &Id| {
        let id = match id {
            Id::Text(text) => text.clone(),
            Id::Number(number) => number.to_string(),
        };
        let fits = !id.is_empty() && id.len() <= MAX_ID && !id.contains(char::is_control);
        if fits { Ok(foreign(site, &id)) } else { Err(NoEnvelope::Json("data: an id is empty or too long".into())) }
    };
    let inner = |part: &Option<Id>, name: &str| match part {
        Some(part) => id(part),
        None => Err(NoEnvelope::Json(format!("data: missing field `{name}`"))),
    };
    let content =
        |thing: &Thing| Ok(Address { course: id(&thing.course)?, content: inner(&thing.content, "content")? });
    Ok(Incoming::Happened(match words {
        "content.copied" => {
            let e: Copied = data(sent)?;
            Happening::ContentCopied(ContentCopied {
                kind: e.copy.into(),
                origin: content(&e.from)?,
                external_id: e.from.externalid,
                copy: content(&e.to)?,
            })
        }
        "content.deleted" => {
            let e: Deleted = data(sent)?;
            Happening::ContentDeleted(ContentDeleted {
                content: content(&e.thing)?,
                external_id: e.thing.externalid,
                cause: match e.cause {
                    Some(Cause::Move) => DeletionCause::Move,
                    Some(Cause::Recycle) => DeletionCause::Recycle,
                    Some(Cause::Delete) | None => DeletionCause::Delete,
                },
            })
        }
        "content.exported" | "content.imported" => {
            let e: Archived = data(sent)?;
            let archived = ContentArchived {
                kind: e.copy.into(),
                content: content(&e.thing)?,
                external_id: e.thing.externalid,
                backup: e.backup,
            };
            match words {
                "content.exported" => Happening::ContentExported(archived),
                _ => Happening::ContentImported(archived),
            }
        }
        "course.copied" => {
            let e: Copied = data(sent)?;
            Happening::CourseCopied(CourseCopied {
                kind: e.copy.into(),
                origin: id(&e.from.course)?,
                copy: id(&e.to.course)?,
                job: e.job,
            })
        }
        "course.exported" | "course.imported" => {
            let e: Archived = data(sent)?;
            let archived =
                CourseArchived { kind: e.copy.into(), course: id(&e.thing.course)?, backup: e.backup, job: e.job };
            match words {
                "course.exported" => Happening::CourseExported(archived),
                _ => Happening::CourseImported(archived),
            }
        }
        "course.deleted" => Happening::CourseDeleted(id(&data::<Deleted>(sent)?.thing.course)?),
        "group.copied" => {
            let e: Copied = data(sent)?;
            Happening::GroupCopied(GroupCopied {
                kind: e.copy.into(),
                origin_course: id(&e.from.course)?,
                origin_group: inner(&e.from.group, "group")?,
                course: id(&e.to.course)?,
                group: inner(&e.to.group, "group")?,
            })
        }
        "group.exported" | "group.imported" => {
            let e: Archived = data(sent)?;
            let group = inner(&e.thing.group, "group")?;
            let archived = GroupArchived {
                kind: e.copy.into(),
                course: id(&e.thing.course)?,
                archived_group: e.archivedgroup.as_ref().map_or_else(|| Ok(group.clone()), &id)?,
                group,
                backup: e.backup,
            };
            match words {
                "group.exported" => Happening::GroupExported(archived),
                _ => Happening::GroupImported(archived),
            }
        }
        "group.deleted" => {
            let e: Deleted = data(sent)?;
            Happening::GroupDeleted(GroupDeleted {
                course: id(&e.thing.course)?,
                group: inner(&e.thing.group, "group")?,
            })
        }
        "target.state" => {
            let to = sent.data.get("to").and_then(Value::as_str).unwrap_or_default();
            return Ok(Incoming::State(to.chars().take(32).collect()));
        }
        "target.removed" => return Ok(Incoming::Removed),
        "target.reregister" => {
            let text = |name: &str| sent.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            return Ok(Incoming::Reregister { password: text("password"), profile_url: text("profileurl") });
        }
        "target.ping" => return Ok(Incoming::Ping),
        _ => return Err(NoEnvelope::Unknown(sent.r#type.clone())),
    }))
}
