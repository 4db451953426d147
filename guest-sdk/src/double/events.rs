//! `events` in memory: what is published is kept for the test to look at.

use super::{MAX_PAGE, enter, with};
use crate::{Error, ErrorKind, Result};

pub use crate::bindings::imports::provost::plugin::events::{
    Address, BatchCompleted, ContentArchived, ContentCopied, ContentDeleted, CopyKind, CopySettled, CourseArchived,
    CourseCopied, CourseCopyFailed, Custom, DeletionCause, Event, GroupArchived, GroupCopied, GroupDeleted, Happening,
    Phase, Reregistration, StateChange, Timestamp,
};

const INTERFACE: &str = "events";

/// An event that the plugin published.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Its id.
    pub id: String,
    /// Of `publish-once`.
    pub key: Option<String>,
    /// Where it happened.
    pub source: String,
    /// When.
    pub time: i64,
    /// What.
    pub what: Happening,
}

fn is_foreign(id: &str) -> bool {
    id.split_once(':').is_some_and(|(site, id)| !site.is_empty() && !id.is_empty())
}

/// Whether a plugin may say this: of other sites, or something of its own.
fn check(what: &Happening) -> Result<()> {
    let things: Vec<&str> = match what {
        Happening::Other(custom) => {
            serde_json::from_str::<serde::de::IgnoredAny>(&custom.data)?;
            return Ok(());
        }
        Happening::ContentCopied(c) => vec![&c.origin.course, &c.origin.content, &c.copy.course, &c.copy.content],
        Happening::ContentDeleted(c) => vec![&c.content.course, &c.content.content],
        Happening::ContentExported(c) | Happening::ContentImported(c) => vec![&c.content.course, &c.content.content],
        Happening::CourseCopied(c) => vec![&c.origin, &c.copy],
        Happening::CourseCopySettled(c) => vec![&c.origin, &c.copy],
        Happening::CourseCopyFailed(c) => vec![&c.origin],
        Happening::CourseDeleted(course) => vec![course],
        Happening::CourseExported(c) | Happening::CourseImported(c) => vec![&c.course],
        Happening::GroupCopied(g) => vec![&g.origin_course, &g.origin_group, &g.course, &g.group],
        Happening::GroupExported(g) | Happening::GroupImported(g) => vec![&g.course, &g.group],
        Happening::GroupDeleted(g) => vec![&g.course, &g.group],
        Happening::BatchCompleted(b) => vec![&b.course],
        Happening::TargetState(_)
        | Happening::TargetRemoved
        | Happening::TargetReregister(_)
        | Happening::TargetPing => vec![""],
    };
    match things.into_iter().find(|id| !is_foreign(id)) {
        Some(id) => Err(Error::new(ErrorKind::Denied, INTERFACE, format!("{id:?} is no thing of another site"))),
        None => Ok(()),
    }
}

fn publish_event(key: Option<&str>, source: &str, time: i64, what: &Happening) -> Result<String> {
    enter(INTERFACE)?;
    check(what)?;
    with(|host| {
        let same = |p: &&Published| key.is_some() && p.key.as_deref() == key;
        if let Some(same) = host.kept.published.iter().find(same) {
            return Ok(same.id.clone());
        }
        let id = format!("00000000-0000-7000-8000-{:012x}", host.kept.published.len() + 1);
        let key = key.map(str::to_owned);
        let what = what.clone();
        host.kept.published.push(Published { id: id.clone(), key, source: source.to_owned(), time, what });
        Ok(id)
    })
}

/// See `events.publish`.
pub fn publish(source: &str, time: i64, what: &Happening) -> Result<String> {
    publish_event(None, source, time, what)
}

/// See `events.publish-once`.
pub fn publish_once(key: &str, source: &str, time: i64, what: &Happening) -> Result<String> {
    publish_event(Some(key), source, time, what)
}

/// See `events.copied-contents`.
pub fn copied_contents(course: &str, after: u64, limit: u32) -> Result<Vec<(Address, Address)>> {
    enter(INTERFACE)?;
    Ok(with(|host| {
        let from = host.kept.descent.get(&(course.to_owned(), String::new())).map(|from| from.course.clone());
        let mut pairs: Vec<(u64, Address, Address)> = Vec::new();
        for ((of, content), origin) in &host.kept.descent {
            if let Ok(number) = content.parse::<u64>()
                && of == course
                && Some(&origin.course) == from.as_ref()
                && number > after
            {
                let new = Address { course: of.clone(), content: content.clone() };
                pairs.push((number, origin.clone(), new));
            }
        }
        pairs.sort_by_key(|(number, ..)| *number);
        let most = limit.clamp(1, host.page_limit.min(MAX_PAGE)) as usize;
        pairs.into_iter().take(most).map(|(_, old, new)| (old, new)).collect()
    }))
}
