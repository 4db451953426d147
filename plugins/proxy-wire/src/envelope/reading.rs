//! Envelopes of other sites.

use super::{LANES, MAX_BYTES, PREFIX, VERSION};
use crate::events::{
    Address, ContentArchived, ContentCopied, ContentDeleted, CopyKind, CourseArchived, CourseCopied, Custom,
    DeletionCause, GroupArchived, GroupCopied, GroupDeleted, Happening,
};
use crate::legacy::{Incoming, foreign};
use serde::Deserialize;
use serde_json::Value;

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
    /// More than anybody may send.
    #[error("an envelope may have {MAX_BYTES} bytes")]
    TooLarge,
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
    partitionkey: Option<String>,
    #[serde(default)]
    partitionkey2: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    data_base64: Option<serde::de::IgnoredAny>,
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
    if body.len() > MAX_BYTES {
        return Err(NoEnvelope::TooLarge);
    }
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
        // Passed on as it is, which bytes cannot be.
        None if sent.data_base64.is_some() => return Err(NoEnvelope::Attribute("data_base64")),
        None => Incoming::Happened(Happening::Other(Custom {
            courses: courses(&sent, site)?,
            data: sent.data.to_string(),
            subject: sent.subject.clone(),
            type_: sent.r#type.clone(),
        })),
    };
    Ok(Read { id: sent.id, time, what })
}

/// The courses in whose order the sender keeps an event of its own.
fn courses(sent: &Sent, site: &str) -> Result<Vec<String>, NoEnvelope> {
    let mut courses = Vec::new();
    for (name, lane) in LANES.into_iter().zip([&sent.partitionkey, &sent.partitionkey2]) {
        match lane.as_deref() {
            None | Some("") => {}
            Some(lane) if is_id(lane) => courses.push(foreign(site, lane)),
            Some(_) => return Err(NoEnvelope::Attribute(name)),
        }
    }
    courses.dedup();
    Ok(courses)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID && !text.contains(char::is_control)
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
        if is_id(&id) {
            Ok(foreign(site, &id))
        } else {
            Err(NoEnvelope::Json("data: an id is empty or too long".into()))
        }
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
            let to = sent.data.get("to").and_then(Value::as_str);
            let to = to.filter(|to| matches!(*to, "available" | "inactive" | "unavailable" | "quarantined"));
            let to = to.ok_or_else(|| NoEnvelope::Json("data: `to` is no state".into()))?;
            return Ok(Incoming::State(to.to_owned()));
        }
        "target.removed" => return Ok(Incoming::Removed),
        "target.reregister" => {
            let text = |name: &str| {
                let text = sent.data.get(name).and_then(Value::as_str).filter(|text| is_id(text));
                text.map(str::to_owned)
                    .ok_or_else(|| NoEnvelope::Json(format!("data: `{name}` is missing or cannot be")))
            };
            return Ok(Incoming::Reregister { password: text("password")?, profile_url: text("profileurl")? });
        }
        "target.ping" => return Ok(Incoming::Ping),
        _ => return Err(NoEnvelope::Unknown(sent.r#type.clone())),
    }))
}
