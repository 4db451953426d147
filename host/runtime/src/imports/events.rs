//! `events`: passing on what happened elsewhere, and what a plugin has to say itself.

use super::event_types::{address_out, happening_in};
use super::{Answer, MAX_PAGE, attempt};
use crate::bindings::provost::plugin::events as wit;
use crate::bindings::provost::plugin::types::{Error, ErrorKind};
use crate::state::{CallState, error};
use provost_store::api::{self, Happening, MAX_HOPS};
use uuid::Uuid;

const INTERFACE: &str = "events";
/// Bytes of an event's JSON (proxy-tool-events.md 10).
const MAX_EVENT: usize = 64 << 10;
/// Bytes of an id, a type, a subject, a source or a key.
const MAX_NAME: usize = 255;

/// Whether this names a thing of another site: `SITE:ID`.
fn is_foreign(id: &str) -> bool {
    let Some((site, id)) = id.split_once(':') else { return false };
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !site.is_empty() && !id.is_empty() && site.bytes().all(letter)
}

/// The things that an event is about; none for one that only the host tells.
fn things(what: &Happening) -> Option<Vec<&str>> {
    Some(match what {
        Happening::ContentCopied { origin, copy, .. } => {
            vec![&origin.course, &origin.content, &copy.course, &copy.content]
        }
        Happening::ContentDeleted { content, .. }
        | Happening::ContentExported { content, .. }
        | Happening::ContentImported { content, .. } => vec![&content.course, &content.content],
        Happening::CourseCopied { origin, copy, .. } | Happening::CourseCopySettled { origin, copy, .. } => {
            vec![origin, copy]
        }
        Happening::CourseCopyFailed { origin, .. } => vec![origin],
        Happening::CourseDeleted { course }
        | Happening::CourseExported { course, .. }
        | Happening::CourseImported { course, .. }
        | Happening::BatchCompleted { course, .. } => vec![course],
        Happening::GroupCopied { origin_course, origin_group, course, group, .. } => {
            vec![origin_course, origin_group, course, group]
        }
        Happening::GroupExported { course, group, .. }
        | Happening::GroupImported { course, group, .. }
        | Happening::GroupDeleted { course, group } => vec![course, group],
        Happening::TargetState { .. }
        | Happening::TargetRemoved
        | Happening::TargetReregister { .. }
        | Happening::TargetPing
        | Happening::Other { .. } => return None,
    })
}

fn invalid(message: String) -> Error {
    error(ErrorKind::Invalid, "event", message)
}

/// Whether a plugin may say this.
fn check(what: &Happening) -> Result<(), Error> {
    if let Happening::Other { r#type, subject, courses, data } = what {
        let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        if r#type.len() > MAX_NAME || !r#type.contains('.') || !r#type.bytes().all(letter) {
            return Err(invalid(format!("the type {type:?} is not in reverse domain order")));
        }
        if r#type.starts_with("org.provost.") {
            let message = format!("the type {type:?} is the host's own");
            return Err(error(ErrorKind::Denied, INTERFACE, message));
        }
        if subject.len() > MAX_NAME || courses.len() > 2 || courses.iter().any(|course| course.len() > MAX_NAME) {
            return Err(invalid(format!("at most two courses, and names of {MAX_NAME} bytes")));
        }
        serde_json::from_str::<serde::de::IgnoredAny>(data).map_err(|e| invalid(format!("data: {e}")))?;
        return Ok(());
    }
    let Some(things) = things(what) else {
        return Err(error(ErrorKind::Denied, INTERFACE, "this is the host's to tell".into()));
    };
    for id in things {
        if id.len() > MAX_NAME {
            return Err(invalid(format!("an id has at most {MAX_NAME} bytes")));
        }
        if !is_foreign(id) {
            let message =
                format!("{id:?} is no thing of another site (SITE:ID); what happens here the host tells itself");
            return Err(error(ErrorKind::Denied, INTERFACE, message));
        }
    }
    Ok(())
}

/// So many events away from what no handler caused. Errors: `refused` (code `hops`) for more than there may be.
pub(super) fn bounded(hops: u32) -> Result<u32, Error> {
    if hops <= MAX_HOPS {
        return Ok(hops);
    }
    let message = format!("{MAX_HOPS} events led to this one, each caused by a handler of the one before");
    Err(error(ErrorKind::Refused, "hops", message))
}

impl CallState {
    /// How far what is published here is from what no handler caused: one more than the event that is handled, or whose handler queued
    /// the job that runs.
    fn next_hops(&self) -> u32 {
        match (&self.handling, &self.job) {
            (Some(handling), _) => handling.hops + 1,
            (None, Some(job)) => job.hops,
            (None, None) => 0,
        }
    }

    async fn publish_event(
        &mut self,
        key: Option<String>,
        source: String,
        time: i64,
        what: wit::Happening,
    ) -> Result<String, Error> {
        self.enter(INTERFACE)?;
        let what = happening_in(what);
        check(&what)?;
        if source.len() > MAX_NAME || key.as_ref().is_some_and(|key| key.is_empty() || key.len() > MAX_NAME) {
            return Err(invalid(format!("source and key have at most {MAX_NAME} bytes, a key at least one")));
        }
        let size = serde_json::to_string(&what).map_or(usize::MAX, |json| json.len());
        if size > MAX_EVENT {
            return Err(error(ErrorKind::Limit, "event", "an event may have 64 KiB".into()));
        }
        if let Some(key) = &key {
            let buffered = self.handling.as_ref().and_then(|handling| handling.buffer.published(key));
            if let Some(id) = buffered {
                return Ok(id.to_owned());
            }
            if let Some(id) = self.host.store.published_once(&self.facts.id, key).await? {
                return Ok(id);
            }
        }
        let hops = bounded(self.next_hops())?;
        let id = Uuid::now_v7().to_string();
        let effect = api::Effect::Publish { id: id.clone(), key: key.clone(), source, time, what, hops };
        match &mut self.handling {
            Some(handling) => handling.keep(effect).map(|_| id),
            None => {
                self.host.store.carry_out(&self.facts.id, std::slice::from_ref(&effect)).await?;
                // Another call may have taken the key meanwhile: then it is that one's event.
                match key {
                    Some(key) => Ok(self.host.store.published_once(&self.facts.id, &key).await?.unwrap_or(id)),
                    None => Ok(id),
                }
            }
        }
    }
}

impl wit::Host for CallState {
    async fn publish(&mut self, source: String, time: i64, what: wit::Happening) -> Answer<String> {
        Ok(self.publish_event(None, source, time, what).await)
    }

    async fn publish_once(&mut self, key: String, source: String, time: i64, what: wit::Happening) -> Answer<String> {
        Ok(self.publish_event(Some(key), source, time, what).await)
    }

    async fn copied_contents(
        &mut self,
        course: String,
        after: u64,
        limit: u32,
    ) -> Answer<Vec<(wit::Address, wit::Address)>> {
        attempt!(self.enter(INTERFACE));
        attempt!(self.visible_course(&course));
        let pairs = attempt!(self.host.store.copied_contents(&course, after, limit.clamp(1, MAX_PAGE)).await);
        Ok(Ok(pairs.into_iter().map(|(old, new)| (address_out(old), address_out(new))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_foreign_things_are_passed_on() {
        assert!(is_foreign("learn.example-1_x:_3_1") && is_foreign("a:b:c"));
        assert!(["7", ":7", "a:", "a b:7", ""].iter().all(|id| !is_foreign(id)));
        let gone = |course: &str| Happening::CourseDeleted { course: course.into() };
        assert_eq!(check(&gone("b:_3_1")), Ok(()));
        assert_eq!(check(&gone("3")).map_err(|e| e.kind), Err(ErrorKind::Denied));
        assert_eq!(check(&Happening::TargetPing).map_err(|e| e.kind), Err(ErrorKind::Denied));
    }

    #[test]
    fn own_events_have_a_type_of_their_own() {
        let other = |r#type: &str, data: &str| Happening::Other {
            r#type: r#type.into(),
            subject: String::new(),
            courses: vec!["3".into()],
            data: data.into(),
        };
        assert_eq!(check(&other("edu.example.grades.v1", "{}")), Ok(()));
        assert_eq!(check(&other("edu.example.grades.v1", "{")).map_err(|e| e.kind), Err(ErrorKind::Invalid));
        assert_eq!(check(&other("content-copied", "{}")).map_err(|e| e.kind), Err(ErrorKind::Invalid));
        let ours = check(&other("org.provost.content.copied.v1", "{}"));
        assert_eq!(ours.map_err(|e| e.kind), Err(ErrorKind::Denied));
    }
}
