//! `contents` in memory. Every content is taken to be there; a test says which are not.

use super::{MAX_PAGE, enter, with};
use crate::bindings::imports::provost::plugin::events::Address;
use crate::{Error, ErrorKind, Result};

pub use crate::bindings::imports::provost::plugin::contents::{CourseId, ItemId};

const INTERFACE: &str = "contents";
const MAX_EXTERNAL_ID: usize = 1024;
const ANCESTORS: usize = 50;

fn enter_content(content: &Address) -> Result<()> {
    enter(INTERFACE)?;
    if with(|host| host.handling.as_ref().is_some_and(|handling| handling.makes(content))) {
        let message = format!("content {} cannot be looked at before the change is published", content.content);
        return Err(Error::new(ErrorKind::NotVisibleYet, "content", message));
    }
    Ok(())
}

fn id_key(target: &str, content: &Address) -> (String, String, String) {
    (target.to_owned(), content.course.clone(), content.content.clone())
}

/// See `contents.external-id`.
pub fn external_id(target: &str, content: &Address) -> Result<String> {
    enter_content(content)?;
    Ok(with(|host| host.kept.external_ids.get(&id_key(target, content)).cloned().unwrap_or_default()))
}

/// See `contents.set-external-id`.
pub fn set_external_id(target: &str, content: &Address, external_id: &str, expected: Option<&str>) -> Result<bool> {
    enter_content(content)?;
    if external_id.len() > MAX_EXTERNAL_ID {
        return Err(Error::new(ErrorKind::Limit, "external-id", "an external id may have 1024 bytes"));
    }
    with(|host| {
        if let Some(error) = host.external_id_fault.clone() {
            return Err(error);
        }
        let current = host.kept.external_ids.entry(id_key(target, content)).or_default();
        let is_expected = expected.is_none_or(|expected| *current == *expected);
        if is_expected {
            external_id.clone_into(current);
        }
        Ok(is_expected)
    })
}

/// See `contents.external-ids`.
pub fn external_ids(target: &str, course: CourseId, after: ItemId, limit: u32) -> Result<Vec<(ItemId, String)>> {
    enter(INTERFACE)?;
    let course = course.to_string();
    let mut found: Vec<(ItemId, String)> = with(|host| {
        let of_course =
            host.kept.external_ids.iter().filter(|((t, c, _), id)| t == target && *c == course && !id.is_empty());
        of_course.filter_map(|((_, _, content), id)| Some((content.parse().ok()?, id.clone()))).collect()
    });
    found.sort();
    found.retain(|(id, _)| *id > after);
    found.truncate(limit.clamp(1, with(|host| host.page_limit).min(MAX_PAGE)) as usize);
    Ok(found)
}

fn ancestors(course: &str, content: &str) -> Vec<Address> {
    with(|host| {
        let mut line: Vec<Address> = Vec::new();
        let mut of = (course.to_owned(), content.to_owned());
        while let Some(from) = host.kept.descent.get(&of)
            && line.len() < ANCESTORS
            && !line.contains(from)
        {
            of = (from.course.clone(), from.content.clone());
            line.push(from.clone());
        }
        line
    })
}

/// See `contents.history`.
pub fn history(content: &Address) -> Result<Vec<Address>> {
    enter_content(content)?;
    Ok(ancestors(&content.course, &content.content))
}

/// See `contents.course-history`.
pub fn course_history(course: &str) -> Result<Vec<String>> {
    enter(INTERFACE)?;
    Ok(ancestors(course, "").into_iter().map(|address| address.course).collect())
}
